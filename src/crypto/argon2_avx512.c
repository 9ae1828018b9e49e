/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Argon2's compression with AVX-512F: a register holds one line of two permutations, rows and
 * columns alike, the whole block fits into the registers, and rotations are one instruction.
 */
#include "crypto/argon2_core.h"

#ifdef __x86_64__
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f")))
#define INLINE static inline __attribute__((always_inline, target("avx512f")))

/* The 4 x 4 matrices of two permutations, line by line. */
struct pair {
    __m512i a, b, c, d;
};

INLINE __m512i add(__m512i a, __m512i b)
{
    __m512i product = _mm512_mul_epu32(a, b);
    return _mm512_add_epi64(_mm512_add_epi64(a, b), _mm512_add_epi64(product, product));
}

INLINE struct pair mix(struct pair v)
{
    v.a = add(v.a, v.b);
    v.d = _mm512_ror_epi64(_mm512_xor_si512(v.d, v.a), 32);
    v.c = add(v.c, v.d);
    v.b = _mm512_ror_epi64(_mm512_xor_si512(v.b, v.c), 24);
    v.a = add(v.a, v.b);
    v.d = _mm512_ror_epi64(_mm512_xor_si512(v.d, v.a), 16);
    v.c = add(v.c, v.d);
    v.b = _mm512_ror_epi64(_mm512_xor_si512(v.b, v.c), 63);
    return v;
}

/* Rows: a line is one half of the register. Line i turns left by i words, and back. */
INLINE struct pair permute_rows(struct pair v)
{
    v = mix(v);
    v.b = _mm512_permutex_epi64(v.b, 0x39);
    v.c = _mm512_permutex_epi64(v.c, 0x4e);
    v.d = _mm512_permutex_epi64(v.d, 0x93);
    v = mix(v);
    v.b = _mm512_permutex_epi64(v.b, 0x93);
    v.c = _mm512_permutex_epi64(v.c, 0x4e);
    v.d = _mm512_permutex_epi64(v.d, 0x39);
    return v;
}

/* Columns: a line is every second quarter of the register. */
INLINE struct pair permute_columns(struct pair v)
{
    const __m512i left = _mm512_setr_epi64(1, 4, 3, 6, 5, 0, 7, 2);
    const __m512i right = _mm512_setr_epi64(5, 0, 7, 2, 1, 4, 3, 6);
    v = mix(v);
    v.b = _mm512_permutexvar_epi64(left, v.b);
    v.c = _mm512_shuffle_i64x2(v.c, v.c, 0x4e);
    v.d = _mm512_permutexvar_epi64(right, v.d);
    v = mix(v);
    v.b = _mm512_permutexvar_epi64(right, v.b);
    v.c = _mm512_shuffle_i64x2(v.c, v.c, 0x4e);
    v.d = _mm512_permutexvar_epi64(left, v.d);
    return v;
}

/* prev ^ ref, which goes into out too. */
INLINE __m512i take(const __m512i *x, const __m512i *y, __m512i *out, bool is_added)
{
    __m512i v = _mm512_xor_si512(*x, *y);
    *out = is_added ? _mm512_xor_si512(*out, v) : v;
    return v;
}

INLINE struct pair take_rows(const __m512i *x, const __m512i *y, __m512i *out, bool is_added)
{
    return permute_rows((struct pair){
        take(x, y, out, is_added), take(x + 1, y + 1, out + 1, is_added),
        take(x + 2, y + 2, out + 2, is_added), take(x + 3, y + 3, out + 3, is_added) });
}

INLINE void add_columns(struct pair v, __m512i *out)
{
    v = permute_columns(v);
    out[0] = _mm512_xor_si512(out[0], v.a);
    out[4] = _mm512_xor_si512(out[4], v.b);
    out[8] = _mm512_xor_si512(out[8], v.c);
    out[12] = _mm512_xor_si512(out[12], v.d);
}

INLINE void begin_as(struct argon2_block *state, const struct argon2_block *prev,
                     const struct argon2_block *ref, struct argon2_block *out, bool is_added)
{
    const __m512i *x = (const __m512i *)prev, *y = (const __m512i *)ref;
    __m512i *o = (__m512i *)out;
    struct pair *z = (struct pair *)state;
    struct pair r0 = take_rows(x, y, o, is_added);
    struct pair r1 = take_rows(x + 4, y + 4, o + 4, is_added);
    struct pair r2 = take_rows(x + 8, y + 8, o + 8, is_added);
    struct pair r3 = take_rows(x + 12, y + 12, o + 12, is_added);
    z[1] = (struct pair){ r0.b, r1.b, r2.b, r3.b };
    z[2] = (struct pair){ r0.c, r1.c, r2.c, r3.c };
    z[3] = (struct pair){ r0.d, r1.d, r2.d, r3.d };
    add_columns((struct pair){ r0.a, r1.a, r2.a, r3.a }, o);
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
    const struct pair *z = (const struct pair *)state;
    __m512i *o = (__m512i *)out;
    add_columns(z[1], o + 1);
    add_columns(z[2], o + 2);
    add_columns(z[3], o + 3);
}

static bool is_here(void)
{
    return __builtin_cpu_supports("avx512f");
}

const struct argon2_core argon2_core_avx512 = { "avx512", is_here, begin, finish };
#endif
