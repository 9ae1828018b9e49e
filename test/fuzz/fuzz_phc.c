/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stored password strings and cost settings: what is accepted obeys the ceiling, is spelled in the
 * one canonical way, and costs no more than it says. Whatever libargon2 reads differently would be
 * found by test_password; here the string itself is the oracle.
 */
#include "base/text.h"
#include "crypto/password.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* The head of an accepted string, written anew from its cost, is what it began with. */
static void check_head(const char *text, const char *prefix, struct argon2_cost cost)
{
    char head[128];
    (void)snprintf(head, sizeof head, "%sm=%u,t=%u,p=%u", prefix, cost.memory_kib, cost.passes,
                   cost.lanes);
    require(text_starts(text, head));
    require(cost.passes >= 1 && cost.lanes >= 1 && cost.memory_kib / 8 >= cost.lanes);
}

static void check_verify(const char *text, struct argon2_cost cost)
{
    static const struct password_policy policy = { .cost = { 64, 1, 1 }, .ceiling = { 256, 2, 4 } };
    struct argon2_memory memory = { 0 };
    struct password_verdict ignored;
    enum err e = password_verify(&memory, &policy, text, MEM("x", 1), &ignored);
    bool is_within = cost.memory_kib <= 256 && cost.passes <= 2 && cost.lanes <= 4;
    bool has_pepper = strstr(text, ",keyid=") != NULL;
    require(e == (is_within && !has_pepper ? OK : E_INVALID));
    require(memory.bytes <= 256 * 1024);
    require(e == OK || !memory.p);
    argon2_memory_release(&memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct argon2_cost cost;
    char *text = malloc(n + 1);
    require(text != NULL);
    memcpy(text, p, n);
    text[n] = 0;
    if (password_cost_parse(text, &cost) == OK) {
        check_head(text, "", cost);
        require(cost.memory_kib <= 1024 * 1024 && cost.passes <= 16 && cost.lanes <= 16);
    }
    if (password_cost(text, &cost) == OK) {
        check_head(text, "$argon2id$v=19$", cost);
        check_verify(text, cost);
    }
    free(text);
    return 0;
}
