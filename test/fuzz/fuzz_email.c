/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses: what is accepted is plain ASCII, within the limits, with one '@', and a fixed point of
 * the parser; its limit key is stable too.
 */
#include "account/email.h"

#include "base/text.h"
#include "net/smtp.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct email once, twice;
    arena_init(&arena, 1 << 20);
    if (size < 20'000 && text_is_utf8(MEM(data, size))) {
        const char *input = text_copy(&arena, MEM(data, size));
        if (email_parse(&arena, input, &once) == OK) {
            must(smtp_is_address(once.address));
            must(strlen(once.address) <= EMAIL_MAX);
            must(text_equal_ascii_case(once.address, once.key));
            must(email_parse(&arena, once.address, &twice) == OK);
            must(text_equal(once.address, twice.address) && text_equal(once.key, twice.key));
            const char *merged = email_limit_key(&arena, once.key);
            must(text_equal(email_limit_key(&arena, merged), merged) || strchr(merged, '+'));
        }
    }
    arena_done(&arena);
    return 0;
}
