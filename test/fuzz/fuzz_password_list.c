/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of breached passwords, as bytes. The checksum would turn every change away, so the fuzzer
 * puts the right one in: what is behind it must hold for any content. Oracles: no read outside, and
 * looking up gives an answer or an error.
 */
#include "account/password_list.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { SUM_AT = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct password_list list;
    bool is_listed;
    uint8_t *bytes = malloc(n + 1); /* of the very size, so that a read behind it is seen */
    memcpy(bytes, p, n);
    list = (struct password_list){ .fd = -1, .copy = bytes, .bytes = n };
    if (n >= PASSWORD_LIST_HEADER && password_list_sum(&list, bytes + SUM_AT))
        abort();
    if (password_list_read(MEM(bytes, n), &list) == OK)
        for (uint64_t i = 0; i < 64; i++) {
            enum err e = password_list_find(&list, i * 0x9E3779B97F4A7C15, &is_listed);
            if (e != OK && e != E_FAULT)
                abort();
        }
    free(bytes);
    return 0;
}
