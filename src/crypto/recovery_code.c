/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recovery codes: see recovery_code.h.
 */
#include "crypto/recovery_code.h"

#include "base/random.h"

#include <ctype.h>
#include <string.h>

static const char purpose[] = "recovery-code";

/* One of 32 characters, none of which is read as another: Crockford's alphabet. */
static char digit_of(unsigned value)
{
    static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
    return alphabet[value & 31];
}

const char *recovery_code_new(struct arena *arena)
{
    uint8_t bytes[RECOVERY_CODE_CHARS]; /* five bits of each are used: no remainder, no bias */
    char *text = arena_alloc(arena, RECOVERY_CODE_CHARS + RECOVERY_CODE_CHARS / 5 + 1), *out = text;
    random_bytes(bytes, sizeof bytes);
    for (int i = 0; i < RECOVERY_CODE_CHARS; i++) {
        if (i && i % RECOVERY_CODE_GROUP == 0)
            *out++ = '-';
        *out++ = digit_of(bytes[i]);
    }
    *out = 0;
    mem_wipe(bytes, sizeof bytes);
    return text;
}

/* The character as it is in the alphabet, 0 when it is none. */
static char canonical(char c)
{
    char lower = (char)tolower((unsigned char)c);
    if (lower == 'o')
        return '0';
    if (lower == 'i' || lower == 'l')
        return '1';
    bool is_one = isdigit((unsigned char)lower) || (lower >= 'a' && lower <= 'z' && lower != 'u');
    return is_one ? lower : 0;
}

bool recovery_code_hash(const char *typed, const char *account_id, uint8_t ret[SHA256_BYTES])
{
    char code[RECOVERY_CODE_CHARS];
    size_t n = 0;
    for (; typed && *typed; typed++) {
        if (strchr(" -\t\r\n", *typed))
            continue;
        if (n == RECOVERY_CODE_CHARS || !canonical(*typed))
            return false;
        code[n++] = canonical(*typed);
    }
    if (n != RECOVERY_CODE_CHARS)
        return false;
    sha256_pieces(
        (const struct mem[]){ mem_text(purpose), mem_text(account_id), MEM(code, sizeof code) }, 3,
        ret);
    mem_wipe(code, sizeof code);
    return true;
}
