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

static inline void mix(uint64_t *a, uint64_t *b, uint64_t *c, uint64_t *d)
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

/* RFC 9106 3.6: the permutation P. Its lines of four words are step words apart; the second half of
 * a line is far words from its first. Spelled out, so that all words stay in registers. */
static inline void permute(uint64_t *w, unsigned step, unsigned far)
{
    uint64_t *x = w + step, *y = x + step, *z = y + step;
    uint64_t a0 = w[0], a1 = w[1], a2 = w[far], a3 = w[far + 1];
    uint64_t b0 = x[0], b1 = x[1], b2 = x[far], b3 = x[far + 1];
    uint64_t c0 = y[0], c1 = y[1], c2 = y[far], c3 = y[far + 1];
    uint64_t d0 = z[0], d1 = z[1], d2 = z[far], d3 = z[far + 1];
    mix(&a0, &b0, &c0, &d0);
    mix(&a1, &b1, &c1, &d1);
    mix(&a2, &b2, &c2, &d2);
    mix(&a3, &b3, &c3, &d3);
    mix(&a0, &b1, &c2, &d3);
    mix(&a1, &b2, &c3, &d0);
    mix(&a2, &b3, &c0, &d1);
    mix(&a3, &b0, &c1, &d2);
    w[0] = a0, w[1] = a1, w[far] = a2, w[far + 1] = a3;
    x[0] = b0, x[1] = b1, x[far] = b2, x[far + 1] = b3;
    y[0] = c0, y[1] = c1, y[far] = c2, y[far + 1] = c3;
    z[0] = d0, z[1] = d1, z[far] = d2, z[far + 1] = d3;
}

/* Where rows and columns begin and how their lines lie: see argon2_core.h. */
static void permute_row(uint64_t *w, unsigned row)
{
    permute(w + row / 2 * 32 + row % 2 * 4, 8, 2);
}

static void permute_column(uint64_t *w, unsigned column)
{
    permute(w + column / 2 * 8 + column % 2 * 2, 32, 4);
}

static uint64_t begin(struct argon2_block *state, const struct argon2_block *prev,
                      const struct argon2_block *ref, struct argon2_block *out, bool is_added)
{
    for (unsigned i = 0; i < ARGON2_WORDS; i++) {
        state->w[i] = prev->w[i] ^ ref->w[i];
        out->w[i] = is_added ? out->w[i] ^ state->w[i] : state->w[i];
    }
    for (unsigned row = 0; row < 8; row++)
        permute_row(state->w, row);
    permute_column(state->w, 0);
    return out->w[0] ^ state->w[0];
}

static void finish(struct argon2_block *state, struct argon2_block *out)
{
    for (unsigned column = 1; column < 8; column++)
        permute_column(state->w, column);
    for (unsigned i = 0; i < ARGON2_WORDS; i++)
        out->w[i] ^= state->w[i];
}

static bool is_here(void)
{
    return true;
}

const struct argon2_core argon2_core_scalar = { "scalar", is_here, begin, finish };
