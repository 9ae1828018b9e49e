/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed secrets: see seal.h. The associated data begins with the blob's own head, so version and
 * key id are under the tag too, and gives each name of the place its length, so that no two places
 * look alike.
 */
#include "crypto/seal.h"

#include "base/random.h"
#include "base/text.h"
#include "crypto/evp.h"

#include <assert.h>
#include <string.h>

enum { VERSION = 1, NONCE = 12, TAG = 16, OVERHEAD = NONCE + TAG };

/* A sealed blob taken apart. */
struct parts {
    struct mem head; /* version, length, key id */
    char key_id[SEAL_KEY_ID_MAX + 1];
    const uint8_t *nonce, *cipher, *tag;
    size_t n; /* bytes of ciphertext */
};

/* --- the ring --- */

static bool is_key_id(const char *id, size_t n)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return n > 0 && n <= SEAL_KEY_ID_MAX && strspn(id, allowed) >= n;
}

static const struct seal_key *find_key(const struct seal_ring *ring, const char *id)
{
    for (size_t i = 0; i < ring->count; i++)
        if (strcmp(ring->keys[i].id, id) == 0)
            return &ring->keys[i];
    return NULL;
}

/* Either base64 alphabet, padded or not: people make keys with many tools. */
static bool parse_key(const char *text, size_t n, uint8_t ret[SEAL_KEY_BYTES])
{
    uint8_t bytes[SEAL_KEY_BYTES + 1];
    size_t written = 0;
    bool good = (n == 44 && base64_parse(text, n, bytes, &written)) ||
                (n == 43 && base64url_parse(text, n, bytes, &written));
    good = good && written == SEAL_KEY_BYTES;
    if (good)
        memcpy(ret, bytes, SEAL_KEY_BYTES);
    mem_wipe(bytes, sizeof bytes);
    return good;
}

static enum err parse_pair(const char *pair, size_t n, struct seal_ring *ring)
{
    const char *colon = memchr(pair, ':', n);
    if (!colon || ring->count == SEAL_KEYS_MAX || !is_key_id(pair, (size_t)(colon - pair)))
        return E_INVALID;
    size_t id_n = (size_t)(colon - pair);
    struct seal_key key = { 0 };
    memcpy(key.id, pair, id_n);
    bool good = !find_key(ring, key.id) && parse_key(colon + 1, n - id_n - 1, key.key);
    if (good)
        ring->keys[ring->count++] = key;
    mem_wipe(&key, sizeof key);
    return good ? OK : E_INVALID;
}

enum err seal_ring_parse(const char *setting, struct seal_ring *ret)
{
    struct seal_ring ring = { 0 };
    enum err e = OK;
    for (const char *p = setting; !e; p++) {
        size_t n = strcspn(p, ",");
        e = parse_pair(p, n, &ring);
        p += n;
        if (!*p)
            break;
    }
    if (!e)
        *ret = ring;
    mem_wipe(&ring, sizeof ring);
    return e;
}

/* --- sealing --- */

static void authenticate(EVP_CIPHER_CTX *context, const void *p, size_t n)
{
    int written;
    uint8_t length[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };
    assert(n <= INT32_MAX);
    evp_must(EVP_CipherUpdate(context, NULL, &written, length, sizeof length) == 1, "AES-GCM");
    evp_must(!n || EVP_CipherUpdate(context, NULL, &written, p, (int)n) == 1, "AES-GCM");
}

/* A context ready for data: key, nonce and associated data are in. */
static EVP_CIPHER_CTX *begin(const struct seal_key *key, const struct parts *parts,
                             struct seal_place place, int encrypt)
{
    EVP_CIPHER_CTX *context = evp_contexts()->cipher;
    evp_must(EVP_CipherInit_ex2(context, evp_algorithms()->aes_256_gcm, key->key, parts->nonce,
                                encrypt, NULL) == 1,
             "AES-GCM");
    authenticate(context, parts->head.p, parts->head.n);
    authenticate(context, place.table, strlen(place.table));
    authenticate(context, place.column, strlen(place.column));
    authenticate(context, place.row, strlen(place.row));
    return context;
}

/* The context must not keep the key schedule until the thread seals again. */
static void end(EVP_CIPHER_CTX *context)
{
    evp_must(EVP_CIPHER_CTX_reset(context) == 1, "AES-GCM");
}

struct mem seal(const struct seal_ring *ring, struct arena *arena, struct seal_place place,
                struct mem plain)
{
    const struct seal_key *key = &ring->keys[0];
    assert(ring->count > 0 && plain.n <= INT32_MAX);
    size_t id_n = strlen(key->id), head_n = 2 + id_n;
    uint8_t *out = arena_alloc(arena, head_n + OVERHEAD + plain.n);
    uint8_t *nonce = out + head_n, *cipher = nonce + NONCE, *tag = cipher + plain.n;
    out[0] = VERSION;
    out[1] = (uint8_t)id_n;
    memcpy(out + 2, key->id, id_n);
    random_bytes(nonce, NONCE);

    int written = 0, rest = 0;
    struct parts parts = { .head = MEM(out, head_n), .nonce = nonce };
    EVP_CIPHER_CTX *context = begin(key, &parts, place, 1);
    evp_must(!plain.n || EVP_CipherUpdate(context, cipher, &written, plain.p, (int)plain.n) == 1,
             "AES-GCM");
    evp_must(EVP_CipherFinal_ex(context, cipher + written, &rest) == 1, "AES-GCM");
    evp_must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG, tag) == 1, "AES-GCM");
    end(context);
    return MEM(out, head_n + OVERHEAD + plain.n);
}

static bool take_apart(struct mem sealed, struct parts *ret)
{
    const uint8_t *p = sealed.p;
    if (sealed.n < 3 || p[0] != VERSION || p[1] > SEAL_KEY_ID_MAX)
        return false;
    size_t id_n = p[1], head_n = 2 + id_n;
    if (sealed.n < head_n + OVERHEAD || sealed.n > INT32_MAX)
        return false;
    *ret = (struct parts){ .head = MEM(p, head_n),
                           .nonce = p + head_n,
                           .cipher = p + head_n + NONCE,
                           .tag = p + sealed.n - TAG,
                           .n = sealed.n - head_n - OVERHEAD };
    memcpy(ret->key_id, p + 2, id_n);
    return is_key_id(ret->key_id, id_n) && strlen(ret->key_id) == id_n;
}

enum err seal_open(const struct seal_ring *ring, struct arena *arena, struct seal_place place,
                   struct mem sealed, struct mem *ret)
{
    struct parts parts;
    uint8_t tag[TAG];
    int written = 0, rest = 0;
    if (!take_apart(sealed, &parts))
        return E_INVALID;
    const struct seal_key *key = find_key(ring, parts.key_id);
    if (!key)
        return E_INVALID;
    uint8_t *plain = arena_alloc(arena, parts.n + 1);
    memcpy(tag, parts.tag, TAG);
    EVP_CIPHER_CTX *context = begin(key, &parts, place, 0);
    bool good =
        (!parts.n || EVP_CipherUpdate(context, plain, &written, parts.cipher, (int)parts.n) == 1) &&
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 &&
        EVP_CipherFinal_ex(context, plain + written, &rest) == 1;
    end(context);
    if (!good) {
        evp_forget_errors();
        mem_wipe(plain, parts.n); /* what was decrypted before the tag was known to be wrong */
        return E_INVALID;
    }
    *ret = MEM(plain, parts.n);
    return OK;
}

const char *seal_key_id(struct arena *arena, struct mem sealed)
{
    struct parts parts;
    return take_apart(sealed, &parts) ? text_copy(arena, mem_text(parts.key_id)) : NULL;
}

void seal_range(const struct seal_ring *ring, struct arena *arena, struct mem *ret_from,
                struct mem *ret_below)
{
    size_t id_n = strlen(ring->keys[0].id), n = id_n + 2;
    uint8_t *from = arena_alloc(arena, n), *below = arena_alloc(arena, n);
    from[0] = VERSION;
    from[1] = (uint8_t)id_n;
    memcpy(from + 2, ring->keys[0].id, id_n);
    memcpy(below, from, n);
    below[n - 1]++; /* ASCII: never 255 */
    *ret_from = MEM(from, n);
    *ret_below = MEM(below, n);
}
