/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BLAKE2b: see blake2b.h. Written from RFC 7693 section 3. Scalar: Argon2 spends less than a
 * thousandth of its time here.
 */
#include "crypto/blake2b.h"

#include <assert.h>
#include <string.h>

/* RFC 7693 2.6: the same constants as SHA-512's. */
static const uint64_t initial[8] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

/* RFC 7693 2.7. Rounds 10 and 11 use rows 0 and 1 again. */
static const uint8_t sigma[10][16] = {
    { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
    { 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3 },
    { 11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4 },
    { 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8 },
    { 9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13 },
    { 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9 },
    { 12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11 },
    { 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10 },
    { 6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5 },
    { 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0 },
};

static uint64_t rotate(uint64_t x, int by)
{
    return x >> by | x << (64 - by);
}

static uint64_t read64(const uint8_t *p)
{
    uint64_t x = 0;
    for (int i = 7; i >= 0; i--)
        x = x << 8 | p[i];
    return x;
}

/* RFC 7693 3.1: the mixing function G on four words of v. */
static void mix(uint64_t *v, const uint8_t at[4], uint64_t x, uint64_t y)
{
    uint64_t a = v[at[0]], b = v[at[1]], c = v[at[2]], d = v[at[3]];
    a += b + x;
    d = rotate(d ^ a, 32);
    c += d;
    b = rotate(b ^ c, 24);
    a += b + y;
    d = rotate(d ^ a, 16);
    c += d;
    b = rotate(b ^ c, 63);
    v[at[0]] = a;
    v[at[1]] = b;
    v[at[2]] = c;
    v[at[3]] = d;
}

/* RFC 7693 3.2: the compression function F. */
static void compress(struct blake2b *b, bool is_last)
{
    static const uint8_t places[8][4] = {
        { 0, 4, 8, 12 },  { 1, 5, 9, 13 },  { 2, 6, 10, 14 }, { 3, 7, 11, 15 },
        { 0, 5, 10, 15 }, { 1, 6, 11, 12 }, { 2, 7, 8, 13 },  { 3, 4, 9, 14 },
    };
    uint64_t v[16], m[16];
    for (int i = 0; i < 8; i++) {
        v[i] = b->h[i];
        v[i + 8] = initial[i];
    }
    v[12] ^= b->counter;
    if (is_last)
        v[14] = ~v[14];
    for (int i = 0; i < 16; i++)
        m[i] = read64(b->block + 8 * i);
    for (int round = 0; round < 12; round++)
        for (int i = 0; i < 8; i++)
            mix(v, places[i], m[sigma[round % 10][2 * i]], m[sigma[round % 10][2 * i + 1]]);
    for (int i = 0; i < 8; i++)
        b->h[i] ^= v[i] ^ v[i + 8];
    mem_wipe(v, sizeof v);
    mem_wipe(m, sizeof m);
}

void blake2b_init(struct blake2b *b, size_t out_n)
{
    assert(out_n >= 1 && out_n <= BLAKE2B_BYTES_MAX);
    *b = (struct blake2b){ .out_n = out_n };
    memcpy(b->h, initial, sizeof initial);
    b->h[0] ^= 0x01010000 ^ out_n; /* RFC 7693 2.5: no key, fanout and depth 1 */
}

void blake2b_add(struct blake2b *b, struct mem bytes)
{
    const uint8_t *p = bytes.p;
    size_t left = bytes.n;
    while (left) {
        /* A full block waits until more comes: the last one is compressed differently. */
        if (b->used == BLAKE2B_BLOCK) {
            b->counter += BLAKE2B_BLOCK;
            compress(b, false);
            b->used = 0;
        }
        size_t n = BLAKE2B_BLOCK - b->used < left ? BLAKE2B_BLOCK - b->used : left;
        memcpy(b->block + b->used, p, n);
        b->used += n;
        p += n;
        left -= n;
    }
}

void blake2b_add_num(struct blake2b *b, uint32_t number)
{
    const uint8_t bytes[4] = { (uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16),
                               (uint8_t)(number >> 24) };
    blake2b_add(b, MEM(bytes, sizeof bytes));
}

void blake2b_done(struct blake2b *b, uint8_t *out)
{
    memset(b->block + b->used, 0, BLAKE2B_BLOCK - b->used);
    b->counter += b->used;
    compress(b, true);
    for (size_t i = 0; i < b->out_n; i++)
        out[i] = (uint8_t)(b->h[i / 8] >> 8 * (i % 8));
    mem_wipe(b, sizeof *b);
}
