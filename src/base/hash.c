/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-2-4: see hash.h.
 */
#include "base/hash.h"

#include "base/random.h"

#include <pthread.h>
#include <string.h>

static uint8_t process_key[16];
static pthread_once_t key_once = PTHREAD_ONCE_INIT;

static inline uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

/* Inlined by order: it is called so often in a row that the compiler would rather not. */
static inline __attribute__((always_inline)) void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static inline __attribute__((always_inline)) void absorb(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    sip_round(v);
    v[0] ^= word;
}

uint64_t hash_siphash(const uint8_t key[16], struct mem bytes)
{
    uint64_t k[2];
    memcpy(k, key, 16);
    uint64_t v[4] = { k[0] ^ 0x736f6d6570736575, k[1] ^ 0x646f72616e646f6d,
                      k[0] ^ 0x6c7967656e657261, k[1] ^ 0x7465646279746573 };
    const uint8_t *p = bytes.p;
    size_t whole = bytes.n / 8;
    for (size_t i = 0; i < whole; i++) {
        uint64_t word;
        memcpy(&word, p + 8 * i, 8);
        absorb(v, word);
    }
    uint64_t last = (uint64_t)bytes.n << 56;
    for (size_t i = 8 * whole; i < bytes.n; i++)
        last |= (uint64_t)p[i] << (8 * (i - 8 * whole));
    absorb(v, last);
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void draw_key(void)
{
    random_bytes(process_key, sizeof process_key);
}

uint64_t hash_keyed(struct mem bytes)
{
    pthread_once(&key_once, draw_key);
    return hash_siphash(process_key, bytes);
}
