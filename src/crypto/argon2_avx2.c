/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Argon2's compression with AVX2: two permutations at a time, so that one's multiplications fill
 * the other's waits. A row's lines are one register each; a pair of columns has two registers a
 * line, 128-bit halves apart.
 */
#include "crypto/argon2_core.h"

#ifdef __x86_64__
#include <immintrin.h>

#define TARGET __attribute__((target("avx2")))
#define INLINE static inline __attribute__((always_inline, target("avx2")))

/* One line of the 4 x 4 matrix, of two permutations. */
struct line {
    __m256i lo, hi;
};

INLINE __m256i add(__m256i a, __m256i b)
{
    __m256i product = _mm256_mul_epu32(a, b);
    return _mm256_add_epi64(_mm256_add_epi64(a, b), _mm256_add_epi64(product, product));
}

INLINE __m256i rotate32(__m256i x)
{
    return _mm256_shuffle_epi32(x, 0xb1);
}

INLINE __m256i rotate24(__m256i x)
{
    return _mm256_shuffle_epi8(x, _mm256_setr_epi8(3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9,
                                                   10, 3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15,
                                                   8, 9, 10));
}

INLINE __m256i rotate16(__m256i x)
{
    return _mm256_shuffle_epi8(x, _mm256_setr_epi8(2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15,
                                                   8, 9, 2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14,
                                                   15, 8, 9));
}

INLINE __m256i rotate63(__m256i x)
{
    return _mm256_xor_si256(_mm256_srli_epi64(x, 63), _mm256_add_epi64(x, x));
}

/* The first half of G with rotations by 32 and 24; the second with 16 and 63. */
INLINE void mix_first(struct line v[4])
{
    v[0].lo = add(v[0].lo, v[1].lo);
    v[0].hi = add(v[0].hi, v[1].hi);
    v[3].lo = rotate32(_mm256_xor_si256(v[3].lo, v[0].lo));
    v[3].hi = rotate32(_mm256_xor_si256(v[3].hi, v[0].hi));
    v[2].lo = add(v[2].lo, v[3].lo);
    v[2].hi = add(v[2].hi, v[3].hi);
    v[1].lo = rotate24(_mm256_xor_si256(v[1].lo, v[2].lo));
    v[1].hi = rotate24(_mm256_xor_si256(v[1].hi, v[2].hi));
}

INLINE void mix_second(struct line v[4])
{
    v[0].lo = add(v[0].lo, v[1].lo);
    v[0].hi = add(v[0].hi, v[1].hi);
    v[3].lo = rotate16(_mm256_xor_si256(v[3].lo, v[0].lo));
    v[3].hi = rotate16(_mm256_xor_si256(v[3].hi, v[0].hi));
    v[2].lo = add(v[2].lo, v[3].lo);
    v[2].hi = add(v[2].hi, v[3].hi);
    v[1].lo = rotate63(_mm256_xor_si256(v[1].lo, v[2].lo));
    v[1].hi = rotate63(_mm256_xor_si256(v[1].hi, v[2].hi));
}

/* Turns every line i left by i words, so that diagonals become columns, and back: for rows within
 * the register. */
#define TURN_ROW(line_, order)                                   \
    ((struct line){ _mm256_permute4x64_epi64((line_).lo, order), \
                    _mm256_permute4x64_epi64((line_).hi, order) })

INLINE void permute_rows(struct line v[4])
{
    mix_first(v);
    mix_second(v);
    v[1] = TURN_ROW(v[1], 0x39);
    v[2] = TURN_ROW(v[2], 0x4e);
    v[3] = TURN_ROW(v[3], 0x93);
    mix_first(v);
    mix_second(v);
    v[1] = TURN_ROW(v[1], 0x93);
    v[2] = TURN_ROW(v[2], 0x4e);
    v[3] = TURN_ROW(v[3], 0x39);
}

/* For columns across two registers: the upper word of a, then the lower word of b, in each half. */
INLINE __m256i join(__m256i a, __m256i b)
{
    return _mm256_alignr_epi8(b, a, 8);
}

INLINE void permute_columns(struct line v[4])
{
    mix_first(v);
    mix_second(v);
    v[1] = (struct line){ join(v[1].lo, v[1].hi), join(v[1].hi, v[1].lo) };
    v[2] = (struct line){ v[2].hi, v[2].lo };
    v[3] = (struct line){ join(v[3].hi, v[3].lo), join(v[3].lo, v[3].hi) };
    mix_first(v);
    mix_second(v);
    v[1] = (struct line){ join(v[1].hi, v[1].lo), join(v[1].lo, v[1].hi) };
    v[2] = (struct line){ v[2].hi, v[2].lo };
    v[3] = (struct line){ join(v[3].lo, v[3].hi), join(v[3].hi, v[3].lo) };
}

/* prev ^ ref, one line of two neighbouring rows; it goes into out too. */
INLINE struct line take(const __m256i *x, const __m256i *y, __m256i *out, bool is_added)
{
    struct line v = { _mm256_xor_si256(x[0], y[0]), _mm256_xor_si256(x[1], y[1]) };
    out[0] = is_added ? _mm256_xor_si256(out[0], v.lo) : v.lo;
    out[1] = is_added ? _mm256_xor_si256(out[1], v.hi) : v.hi;
    return v;
}

INLINE void put(__m256i *z, struct line v)
{
    z[0] = v.lo;
    z[1] = v.hi;
}

INLINE void add_to(__m256i *out, struct line v)
{
    out[0] = _mm256_xor_si256(out[0], v.lo);
    out[1] = _mm256_xor_si256(out[1], v.hi);
}

/* Columns 2 pair and 2 pair + 1, added into out. No loop over v, here and below: it would put v
 * into memory. */
INLINE void add_columns(const __m256i *z, __m256i *out, unsigned pair)
{
    z += 2 * pair;
    out += 2 * pair;
    struct line v[4] = { { z[0], z[1] }, { z[8], z[9] }, { z[16], z[17] }, { z[24], z[25] } };
    permute_columns(v);
    add_to(out, v[0]);
    add_to(out + 8, v[1]);
    add_to(out + 16, v[2]);
    add_to(out + 24, v[3]);
}

INLINE void begin_as(struct argon2_block *state, const struct argon2_block *prev,
                     const struct argon2_block *ref, struct argon2_block *out, bool is_added)
{
    const __m256i *x = (const __m256i *)prev, *y = (const __m256i *)ref;
    __m256i *z = (__m256i *)state, *o = (__m256i *)out;
    for (unsigned i = 0; i < 32; i += 8) {
        struct line v[4] = { take(x + i, y + i, o + i, is_added),
                             take(x + i + 2, y + i + 2, o + i + 2, is_added),
                             take(x + i + 4, y + i + 4, o + i + 4, is_added),
                             take(x + i + 6, y + i + 6, o + i + 6, is_added) };
        permute_rows(v);
        put(z + i, v[0]);
        put(z + i + 2, v[1]);
        put(z + i + 4, v[2]);
        put(z + i + 6, v[3]);
    }
    add_columns(z, o, 0);
}

TARGET static uint64_t begin(struct argon2_block *state, const struct argon2_block *prev,
                             const struct argon2_block *ref, struct argon2_block *out,
                             bool is_added)
{
    if (is_added)
        begin_as(state, prev, ref, out, true);
    else
        begin_as(state, prev, ref, out, false);
    return out->w[0];
}

TARGET static void finish(struct argon2_block *state, struct argon2_block *out)
{
    for (unsigned pair = 1; pair < 4; pair++)
        add_columns((const __m256i *)state, (__m256i *)out, pair);
}

static bool is_here(void)
{
    return __builtin_cpu_supports("avx2");
}

const struct argon2_core argon2_core_avx2 = { "avx2", is_here, begin, finish };
#endif
