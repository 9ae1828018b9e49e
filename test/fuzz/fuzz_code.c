/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codes that people type: of an authenticator app, of the recovery list, and keys in base32. What
 * is accepted is the same as its plain spelling, found here by other means.
 */
#include "base/base32.h"
#include "base/text.h"
#include "crypto/recovery_code.h"
#include "crypto/totp.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void try_app(const char *text)
{
    char code[TOTP_DIGITS_MAX + 1], again[TOTP_DIGITS_MAX + 1];
    for (int digits = 6; digits <= TOTP_DIGITS_MAX; digits++) {
        if (!totp_read(text, digits, code))
            continue;
        must(strlen(code) == (size_t)digits && strspn(code, "0123456789") == (size_t)digits);
        must(totp_read(code, digits, again) && strcmp(code, again) == 0);
    }
}

/* The plain spelling: spaces out, lower case, letters that look like digits are digits. */
static const char *plain(struct arena *arena, const char *text)
{
    char *copy = text_copy(arena, mem_text(text)), *out = copy;
    for (; *text; text++) {
        char c = (char)tolower((unsigned char)*text);
        if (!strchr(" -\t\r\n", c))
            *out++ = c == 'o' ? '0' : c == 'i' || c == 'l' ? '1' : c;
    }
    *out = 0;
    return copy;
}

static void try_recovery(struct arena *arena, const char *text)
{
    uint8_t hash[SHA256_BYTES], again[SHA256_BYTES];
    const char *spelling = plain(arena, text);
    bool good = recovery_code_hash(text, "usr_a", hash);
    bool looks_good = strlen(spelling) == RECOVERY_CODE_CHARS &&
                      strspn(spelling, "0123456789abcdefghjkmnpqrstvwxyz") == RECOVERY_CODE_CHARS;
    must(good == looks_good);
    if (good)
        must(recovery_code_hash(spelling, "usr_a", again) && memcmp(hash, again, sizeof hash) == 0);
}

static void try_base32(struct arena *arena, const char *text)
{
    uint8_t bytes[64];
    size_t n = 0;
    if (!base32_parse(text, bytes, sizeof bytes, &n))
        return;
    must(text_equal_ascii_case(base32_format(arena, MEM(bytes, n)), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    if (size < 4096) {
        const char *text = text_copy(&arena, MEM(data, size));
        try_app(text);
        try_recovery(&arena, text);
        try_base32(&arena, text);
    }
    arena_done(&arena);
    return 0;
}
