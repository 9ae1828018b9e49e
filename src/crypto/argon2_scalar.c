/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Argon2's compression in plain C: for processors without vectors, and the yardstick of the others.
 */
#include "crypto/argon2_core.h"

static uint64_t rotate(uint64_t x, int by)
{
    return x >> by | x << (64 - by);
}

/* RFC 9106 3.6: addition with a multiplication, which a chip cannot shorten. */
static uint64_t add(uint64_t a, uint64_t b)
{
    return a + b + 2 * (uint64_t)(uint32_t)a * (uint32_t)b;
}

static void mix(uint64_t *a, uint64_t *b, uint64_t *c, uint64_t *d)
{
    *a = add(*a, *b);
    *d = rotate(*d ^ *a, 32);
    *c = add(*c, *d);
    *b = rotate(*b ^ *c, 24);
    *a = add(*a, *b);
    *d = rotate(*d ^ *a, 16);
    *c = add(*c, *d);
    *b = rotate(*b ^ *c, 63);
}

/* RFC 9106 3.6: the permutation P. Word i of v is at base + i / group * step + i % group, places
 * being the specification's. */
static void permute(uint64_t *w, unsigned base, unsigned group, unsigned step)
{
    uint64_t v[16];
    for (unsigned i = 0; i < 16; i++)
        v[i] = w[argon2_place(base + i / group * step + i % group)];
    for (unsigned i = 0; i < 4; i++)
        mix(&v[i], &v[4 + i], &v[8 + i], &v[12 + i]);
    for (unsigned i = 0; i < 4; i++)
        mix(&v[i], &v[4 + (i + 1) % 4], &v[8 + (i + 2) % 4], &v[12 + (i + 3) % 4]);
    for (unsigned i = 0; i < 16; i++)
        w[argon2_place(base + i / group * step + i % group)] = v[i];
}

static uint64_t begin(struct argon2_block *state, const struct argon2_block *prev,
                      const struct argon2_block *ref, struct argon2_block *out, bool is_added)
{
    for (unsigned i = 0; i < ARGON2_WORDS; i++) {
        state->w[i] = prev->w[i] ^ ref->w[i];
        out->w[i] = is_added ? out->w[i] ^ state->w[i] : state->w[i];
    }
    for (unsigned row = 0; row < 8; row++)
        permute(state->w, 16 * row, 16, 0);
    permute(state->w, 0, 2, 16);
    return out->w[0] ^ state->w[0];
}

static void finish(struct argon2_block *state, struct argon2_block *out)
{
    for (unsigned column = 1; column < 8; column++)
        permute(state->w, 2 * column, 2, 16);
    for (unsigned i = 0; i < ARGON2_WORDS; i++)
        out->w[i] ^= state->w[i];
}

static bool is_here(void)
{
    return true;
}

const struct argon2_core argon2_core_scalar = { "scalar", is_here, begin, finish };
