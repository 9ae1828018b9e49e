/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Argon2's compression with SSE2, which every 64-bit x86 has: one permutation at a time, two words
 * in a register.
 */
#include "crypto/argon2_core.h"

#ifdef __x86_64__
#include <emmintrin.h>

#define INLINE static inline __attribute__((always_inline))

/* Two registers hold four words: one line of the permutation's 4 x 4 matrix. */
struct line {
    __m128i lo, hi;
};

INLINE __m128i add(__m128i a, __m128i b)
{
    __m128i product = _mm_mul_epu32(a, b);
    return _mm_add_epi64(_mm_add_epi64(a, b), _mm_add_epi64(product, product));
}

INLINE __m128i rotate32(__m128i x)
{
    return _mm_shuffle_epi32(x, 0xb1);
}

INLINE __m128i rotate24(__m128i x)
{
    return _mm_or_si128(_mm_srli_epi64(x, 24), _mm_slli_epi64(x, 40));
}

INLINE __m128i rotate16(__m128i x)
{
    return _mm_shufflehi_epi16(_mm_shufflelo_epi16(x, 0x39), 0x39);
}

INLINE __m128i rotate63(__m128i x)
{
    return _mm_or_si128(_mm_srli_epi64(x, 63), _mm_add_epi64(x, x));
}

/* The upper word of a, then the lower word of b. */
INLINE __m128i join(__m128i a, __m128i b)
{
    return _mm_castpd_si128(_mm_shuffle_pd(_mm_castsi128_pd(a), _mm_castsi128_pd(b), 1));
}

/* The first half of G with rotations by 32 and 24, on four columns; the second with 16 and 63. */
INLINE void mix_first(struct line v[4])
{
    v[0].lo = add(v[0].lo, v[1].lo);
    v[0].hi = add(v[0].hi, v[1].hi);
    v[3].lo = rotate32(_mm_xor_si128(v[3].lo, v[0].lo));
    v[3].hi = rotate32(_mm_xor_si128(v[3].hi, v[0].hi));
    v[2].lo = add(v[2].lo, v[3].lo);
    v[2].hi = add(v[2].hi, v[3].hi);
    v[1].lo = rotate24(_mm_xor_si128(v[1].lo, v[2].lo));
    v[1].hi = rotate24(_mm_xor_si128(v[1].hi, v[2].hi));
}

INLINE void mix_second(struct line v[4])
{
    v[0].lo = add(v[0].lo, v[1].lo);
    v[0].hi = add(v[0].hi, v[1].hi);
    v[3].lo = rotate16(_mm_xor_si128(v[3].lo, v[0].lo));
    v[3].hi = rotate16(_mm_xor_si128(v[3].hi, v[0].hi));
    v[2].lo = add(v[2].lo, v[3].lo);
    v[2].hi = add(v[2].hi, v[3].hi);
    v[1].lo = rotate63(_mm_xor_si128(v[1].lo, v[2].lo));
    v[1].hi = rotate63(_mm_xor_si128(v[1].hi, v[2].hi));
}

/* Line i moves left by i words, so that diagonals become columns; and back. */
INLINE void turn(struct line v[4])
{
    v[1] = (struct line){ join(v[1].lo, v[1].hi), join(v[1].hi, v[1].lo) };
    v[2] = (struct line){ v[2].hi, v[2].lo };
    v[3] = (struct line){ join(v[3].hi, v[3].lo), join(v[3].lo, v[3].hi) };
}

INLINE void turn_back(struct line v[4])
{
    v[1] = (struct line){ join(v[1].hi, v[1].lo), join(v[1].lo, v[1].hi) };
    v[2] = (struct line){ v[2].hi, v[2].lo };
    v[3] = (struct line){ join(v[3].lo, v[3].hi), join(v[3].hi, v[3].lo) };
}

INLINE void permute(struct line v[4])
{
    mix_first(v);
    mix_second(v);
    turn(v);
    mix_first(v);
    mix_second(v);
    turn_back(v);
}

/* Lines are step registers apart, the second half of a line far registers from its first. Without a
 * loop over v, which would put v into memory. */
INLINE void permute_at(__m128i *z, unsigned step, unsigned far)
{
    __m128i *y = z + step, *x = y + step, *w = x + step;
    struct line v[4] = { { z[0], z[far] }, { y[0], y[far] }, { x[0], x[far] }, { w[0], w[far] } };
    permute(v);
    z[0] = v[0].lo;
    z[far] = v[0].hi;
    y[0] = v[1].lo;
    y[far] = v[1].hi;
    x[0] = v[2].lo;
    x[far] = v[2].hi;
    w[0] = v[3].lo;
    w[far] = v[3].hi;
}

/* Where rows and columns begin and how their lines lie: see argon2_core.h. */
static void permute_row(__m128i *z, unsigned row)
{
    permute_at(z + row / 2 * 16 + row % 2 * 2, 4, 1);
}

static void permute_column(__m128i *z, unsigned column)
{
    permute_at(z + column / 2 * 4 + column % 2, 16, 2);
}

static uint64_t begin(struct argon2_block *state, const struct argon2_block *prev,
                      const struct argon2_block *ref, struct argon2_block *out, bool is_added)
{
    const __m128i *x = (const __m128i *)prev, *y = (const __m128i *)ref;
    __m128i *z = (__m128i *)state, *o = (__m128i *)out;
    for (unsigned i = 0; i < 64; i++) {
        z[i] = _mm_xor_si128(x[i], y[i]);
        o[i] = is_added ? _mm_xor_si128(o[i], z[i]) : z[i];
    }
    for (unsigned row = 0; row < 8; row++)
        permute_row(z, row);
    permute_column(z, 0);
    return out->w[0] ^ state->w[0];
}

static void finish(struct argon2_block *state, struct argon2_block *out)
{
    __m128i *z = (__m128i *)state, *o = (__m128i *)out;
    for (unsigned column = 1; column < 8; column++)
        permute_column(z, column);
    for (unsigned i = 0; i < 64; i++)
        o[i] = _mm_xor_si128(o[i], z[i]);
}

static bool is_here(void)
{
    return true;
}

const struct argon2_core argon2_core_sse2 = { "sse2", is_here, begin, finish };
#endif
