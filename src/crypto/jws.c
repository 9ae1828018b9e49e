/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compact JWS: see jws.h. What may stand in a header is a list of three names; anything else, known
 * or not, is refused, so no later extension can change what a signature means (RFC 8725 3.1, 3.10).
 */
#include "crypto/jws.h"

#include "base/buf.h"
#include "base/text.h"
#include "crypto/jws_key.h"

#include <assert.h>
#include <string.h>

enum { COMPACT_MAX = 8192, SIGNATURE_CHARS = 86 };

/* The three parts of a compact JWS, still encoded. */
struct compact {
    struct mem header, payload, signature;
    struct mem input; /* what is signed: header, dot, payload */
};

static void add_encoded(struct buf *out, struct mem bytes)
{
    char *encoded = arena_alloc(out->arena, base64url_size(bytes.n) + 1);
    base64url_format(bytes, encoded);
    buf_add(out, encoded, base64url_size(bytes.n));
}

static void add_header(struct buf *out, const char *typ, const char *kid)
{
    struct buf header;
    struct json_writer j;
    buf_init(&header, out->arena, 512);
    json_write(&j, &header);
    json_begin_object(&j, NULL);
    json_put_text(&j, "alg", "ES256");
    json_put_text(&j, "typ", typ);
    json_put_text(&j, "kid", kid);
    json_end(&j);
    add_encoded(out, buf_mem(&header));
}

const char *jws_sign(const struct jws_key *key, struct arena *arena, const char *typ,
                     struct mem claims)
{
    struct buf out;
    uint8_t digest[SHA256_BYTES], signature[JWS_SIGNATURE_BYTES];
    buf_init(&out, arena, 1024 + base64url_size(claims.n));
    add_header(&out, typ, jws_key_id(key));
    buf_char(&out, '.');
    add_encoded(&out, claims);
    sha256(buf_mem(&out), digest);
    jws_key_sign(key, digest, signature);
    buf_char(&out, '.');
    add_encoded(&out, MEM(signature, sizeof signature));
    assert(!out.overflow);
    return out.p;
}

/* RFC 7515 7.1: exactly two dots. */
static bool split(const char *text, struct compact *ret)
{
    size_t n = text ? strnlen(text, COMPACT_MAX + 1) : 0;
    const char *first = n && n <= COMPACT_MAX ? memchr(text, '.', n) : NULL;
    const char *second = first ? strchr(first + 1, '.') : NULL;
    if (!second || strchr(second + 1, '.'))
        return false;
    ret->header = MEM(text, (size_t)(first - text));
    ret->payload = MEM(first + 1, (size_t)(second - first - 1));
    ret->signature = MEM(second + 1, (size_t)(text + n - second - 1));
    ret->input = MEM(text, (size_t)(second - text));
    return true;
}

static bool decode_object(struct arena *arena, struct mem part, struct json_value *ret)
{
    uint8_t *bytes = arena_alloc(arena, part.n + 1);
    size_t n = 0;
    return base64url_parse(part.p, part.n, bytes, &n) &&
           json_read(arena, MEM(bytes, n), ret, NULL) == OK && ret->kind == JSON_IS_OBJECT;
}

/* The kid of an acceptable header, else NULL. Exactly alg, typ and kid, each once: the reader
 * refuses duplicates. */
static const char *accept_header(const struct json_value *header, const char *typ)
{
    if (header->count != 3 || !text_equal(json_find_text(header, "alg"), "ES256") ||
        !text_equal(json_find_text(header, "typ"), typ))
        return NULL;
    return json_find_text(header, "kid");
}

static bool is_signed(const struct jws_key *key, const struct compact *compact)
{
    uint8_t digest[SHA256_BYTES], signature[SIGNATURE_CHARS];
    size_t n = 0;
    if (compact->signature.n != SIGNATURE_CHARS ||
        !base64url_parse(compact->signature.p, SIGNATURE_CHARS, signature, &n) ||
        n != JWS_SIGNATURE_BYTES)
        return false;
    sha256(compact->input, digest);
    return jws_key_verify(key, digest, signature);
}

enum err jws_verify(struct arena *arena, const char *text, const char *typ,
                    const struct jws_key *(*find)(void *arg, const char *kid), void *arg,
                    struct json_value *ret_claims)
{
    struct compact compact;
    struct json_value header, claims;
    if (!split(text, &compact) || !decode_object(arena, compact.header, &header))
        return E_UNAUTHENTICATED;
    const char *kid = accept_header(&header, typ);
    const struct jws_key *key = kid ? find(arg, kid) : NULL;
    if (!key || !is_signed(key, &compact))
        return E_UNAUTHENTICATED;
    if (!decode_object(arena, compact.payload, &claims))
        return E_UNAUTHENTICATED;
    *ret_claims = claims;
    return OK;
}
