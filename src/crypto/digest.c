/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256, HMAC and HKDF: see digest.h. HMAC is two digests over one context; the library's own
 * would need a second context and an algorithm looked up by name for each key.
 */
#include "crypto/digest.h"

#include "crypto/evp.h"

#include <assert.h>
#include <string.h>

enum { BLOCK = 64 };

static EVP_MD_CTX *begin(void)
{
    EVP_MD_CTX *context = evp_contexts()->digest;
    evp_must(EVP_DigestInit_ex2(context, evp_algorithms()->sha256, NULL) == 1, "SHA-256");
    return context;
}

static void add(EVP_MD_CTX *context, const void *p, size_t n)
{
    evp_must(EVP_DigestUpdate(context, p, n) == 1, "SHA-256");
}

static void end(EVP_MD_CTX *context, uint8_t out[SHA256_BYTES])
{
    evp_must(EVP_DigestFinal_ex(context, out, NULL) == 1, "SHA-256");
}

void sha256(struct mem bytes, uint8_t out[SHA256_BYTES])
{
    EVP_MD_CTX *context = begin();
    add(context, bytes.p, bytes.n);
    end(context, out);
}

void sha256_pieces(const struct mem *pieces, size_t count, uint8_t out[SHA256_BYTES])
{
    EVP_MD_CTX *context = begin();
    for (size_t i = 0; i < count; i++) {
        uint8_t length[8];
        for (int byte = 0; byte < 8; byte++)
            length[byte] = (uint8_t)((uint64_t)pieces[i].n >> (56 - 8 * byte));
        add(context, length, sizeof length);
        add(context, pieces[i].p, pieces[i].n);
    }
    end(context, out);
}

/* H(pad(key) || first || second): one half of RFC 2104 2. */
static void keyed_half(const uint8_t pad[BLOCK], struct mem first, struct mem second,
                       uint8_t out[SHA256_BYTES])
{
    EVP_MD_CTX *context = begin();
    add(context, pad, BLOCK);
    add(context, first.p, first.n);
    add(context, second.p, second.n);
    end(context, out);
}

static void hmac(struct mem key, struct mem first, struct mem second, uint8_t out[SHA256_BYTES])
{
    uint8_t inner_pad[BLOCK], outer_pad[BLOCK], block[BLOCK] = { 0 }, inner[SHA256_BYTES];
    if (key.n > BLOCK)
        sha256(key, block);
    else if (key.n)
        memcpy(block, key.p, key.n);
    for (int i = 0; i < BLOCK; i++) {
        inner_pad[i] = block[i] ^ 0x36;
        outer_pad[i] = block[i] ^ 0x5c;
    }
    keyed_half(inner_pad, first, second, inner);
    keyed_half(outer_pad, MEM(inner, sizeof inner), MEM_NONE, out);
    mem_wipe(block, sizeof block);
    mem_wipe(inner_pad, sizeof inner_pad);
    mem_wipe(outer_pad, sizeof outer_pad);
    mem_wipe(inner, sizeof inner);
}

void hmac_sha256(struct mem key, struct mem bytes, uint8_t out[SHA256_BYTES])
{
    hmac(key, bytes, MEM_NONE, out);
}

/* RFC 5869 2.2 and 2.3. T(i) = HMAC(PRK, T(i-1) || info || i): info and the counter are gathered
 * in front, so that HMAC takes two pieces. */
void hkdf_sha256(struct mem key, const char *label, uint8_t *out, size_t n)
{
    uint8_t extracted[SHA256_BYTES], step[SHA256_BYTES], tail[256];
    struct mem previous = MEM_NONE, info = mem_text(label);
    assert(n <= 255 * SHA256_BYTES && info.n < sizeof tail);
    memcpy(tail, info.p, info.n);
    hmac(MEM_NONE, key, MEM_NONE, extracted);
    for (uint8_t i = 1; n; i++) {
        tail[info.n] = i;
        hmac(MEM(extracted, sizeof extracted), previous, MEM(tail, info.n + 1), step);
        previous = MEM(step, sizeof step);
        size_t part = n < sizeof step ? n : sizeof step;
        memcpy(out, step, part);
        out += part;
        n -= part;
    }
    mem_wipe(extracted, sizeof extracted);
    mem_wipe(step, sizeof step);
}
