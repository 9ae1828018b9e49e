/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests, HMAC and HKDF: see digest.h. HMAC is two digests over one context; the library's own
 * would need a second context and an algorithm looked up by name for each key.
 */
#include "crypto/digest.h"

#include "crypto/evp.h"

#include <assert.h>
#include <string.h>

enum { BLOCK_MAX = 128 };

/* What HMAC needs to know of a digest. */
struct kind {
    const EVP_MD *md;
    size_t block, n;
};

static struct kind kind_of(enum digest digest)
{
    const struct evp_algorithms *a = evp_algorithms();
    switch (digest) {
    case DIGEST_SHA1: return (struct kind){ a->sha1, 64, 20 };
    case DIGEST_SHA512: return (struct kind){ a->sha512, 128, 64 };
    default: return (struct kind){ a->sha256, 64, SHA256_BYTES };
    }
}

static EVP_MD_CTX *begin(const EVP_MD *md)
{
    EVP_MD_CTX *context = evp_contexts()->digest;
    evp_must(EVP_DigestInit_ex2(context, md, NULL) == 1, "a digest");
    return context;
}

static void add(EVP_MD_CTX *context, const void *p, size_t n)
{
    evp_must(EVP_DigestUpdate(context, p, n) == 1, "a digest");
}

static void end(EVP_MD_CTX *context, uint8_t *out)
{
    evp_must(EVP_DigestFinal_ex(context, out, NULL) == 1, "a digest");
}

void sha256(struct mem bytes, uint8_t out[SHA256_BYTES])
{
    EVP_MD_CTX *context = begin(evp_algorithms()->sha256);
    add(context, bytes.p, bytes.n);
    end(context, out);
}

void sha1(struct mem bytes, uint8_t out[SHA1_BYTES])
{
    EVP_MD_CTX *context = begin(evp_algorithms()->sha1);
    add(context, bytes.p, bytes.n);
    end(context, out);
}

void sha256_pieces(const struct mem *pieces, size_t count, uint8_t out[SHA256_BYTES])
{
    EVP_MD_CTX *context = begin(evp_algorithms()->sha256);
    for (size_t i = 0; i < count; i++) {
        uint8_t length[8];
        for (int byte = 0; byte < 8; byte++)
            length[byte] = (uint8_t)((uint64_t)pieces[i].n >> (56 - 8 * byte));
        add(context, length, sizeof length);
        add(context, pieces[i].p, pieces[i].n);
    }
    end(context, out);
}

/* What is authenticated, in two pieces: they save HKDF a copy. */
struct message {
    struct mem first, second;
};

/* H(pad || first || second): one half of RFC 2104 2. */
static void keyed_half(const struct kind *kind, const uint8_t *pad, struct message message,
                       uint8_t *out)
{
    EVP_MD_CTX *context = begin(kind->md);
    add(context, pad, kind->block);
    add(context, message.first.p, message.first.n);
    add(context, message.second.p, message.second.n);
    end(context, out);
}

/* A key longer than a block is replaced by its digest. */
static void fill_block(const struct kind *kind, struct mem key, uint8_t block[BLOCK_MAX])
{
    memset(block, 0, BLOCK_MAX);
    if (key.n <= kind->block) {
        if (key.n)
            memcpy(block, key.p, key.n);
        return;
    }
    EVP_MD_CTX *context = begin(kind->md);
    add(context, key.p, key.n);
    end(context, block);
}

static void authenticate(const struct kind *kind, struct mem key, struct message message,
                         uint8_t *out)
{
    uint8_t inner_pad[BLOCK_MAX], outer_pad[BLOCK_MAX], block[BLOCK_MAX], inner[DIGEST_BYTES_MAX];
    fill_block(kind, key, block);
    for (size_t i = 0; i < kind->block; i++) {
        inner_pad[i] = block[i] ^ 0x36;
        outer_pad[i] = block[i] ^ 0x5c;
    }
    keyed_half(kind, inner_pad, message, inner);
    keyed_half(kind, outer_pad, (struct message){ MEM(inner, kind->n), MEM_NONE }, out);
    mem_wipe(block, sizeof block);
    mem_wipe(inner_pad, sizeof inner_pad);
    mem_wipe(outer_pad, sizeof outer_pad);
    mem_wipe(inner, sizeof inner);
}

size_t hmac(enum digest digest, struct mem key, struct mem bytes, uint8_t out[DIGEST_BYTES_MAX])
{
    struct kind kind = kind_of(digest);
    authenticate(&kind, key, (struct message){ bytes, MEM_NONE }, out);
    return kind.n;
}

void hmac_sha256(struct mem key, struct mem bytes, uint8_t out[SHA256_BYTES])
{
    struct kind kind = kind_of(DIGEST_SHA256);
    authenticate(&kind, key, (struct message){ bytes, MEM_NONE }, out);
}

/* RFC 5869 2.2 and 2.3. T(i) = HMAC(PRK, T(i-1) || info || i): info and the counter are gathered
 * in front, so that HMAC takes two pieces. */
void hkdf_sha256(struct mem key, const char *label, uint8_t *out, size_t n)
{
    struct kind kind = kind_of(DIGEST_SHA256);
    uint8_t extracted[SHA256_BYTES], step[SHA256_BYTES], tail[256];
    struct mem previous = MEM_NONE, info = mem_text(label);
    assert(n <= 255 * SHA256_BYTES && info.n < sizeof tail);
    memcpy(tail, info.p, info.n);
    authenticate(&kind, MEM_NONE, (struct message){ key, MEM_NONE }, extracted);
    for (uint8_t i = 1; n; i++) {
        tail[info.n] = i;
        authenticate(&kind, MEM(extracted, sizeof extracted),
                     (struct message){ previous, MEM(tail, info.n + 1) }, step);
        previous = MEM(step, sizeof step);
        size_t part = n < sizeof step ? n : sizeof step;
        memcpy(out, step, part);
        out += part;
        n -= part;
    }
    mem_wipe(extracted, sizeof extracted);
    mem_wipe(step, sizeof step);
}
