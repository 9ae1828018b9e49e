/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compact JWS. The input is tried twice: as a token; and, where it holds a newline, as header and
 * payload that the right key signs, so that the fuzzer gets past the signature. What is accepted
 * has exactly the header that we write, spelt canonically.
 */
#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/jws.h"
#include "crypto/jws_key.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct jws_key *key;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static const struct jws_key *find(void *, const char *kid)
{
    return text_equal(kid, jws_key_id(key)) ? key : NULL;
}

static const char *encoded(struct arena *arena, struct mem bytes)
{
    char *out = arena_alloc(arena, base64url_size(bytes.n) + 1);
    base64url_format(bytes, out);
    return out;
}

static void check_header(struct arena *arena, const char *token)
{
    struct json_value header;
    size_t n = strcspn(token, "."), written = 0;
    uint8_t *bytes = arena_alloc(arena, n + 1);
    must(base64url_parse(token, n, bytes, &written));
    must(strlen(encoded(arena, MEM(bytes, written))) == n);
    must(json_read(arena, MEM(bytes, written), &header, NULL) == OK && header.count == 3);
    must(text_equal(json_find_text(&header, "alg"), "ES256"));
    must(text_equal(json_find_text(&header, "typ"), "at+jwt"));
    must(text_equal(json_find_text(&header, "kid"), jws_key_id(key)));
}

static bool verify(struct arena *arena, const char *token)
{
    struct json_value claims = { 0 };
    enum err e = jws_verify(arena, token, "at+jwt", find, NULL, &claims);
    must(e == OK || e == E_UNAUTHENTICATED);
    if (e)
        return false;
    must(claims.kind == JSON_IS_OBJECT && strlen(token) <= 8192);
    check_header(arena, token);
    return true;
}

/* The same claims under another type or with a changed signature are refused. */
static void spoil(struct arena *arena, const char *token)
{
    struct json_value claims;
    char *changed = text_copy(arena, mem_text(token));
    char *last = strrchr(changed, '.') + 10;
    must(jws_verify(arena, token, "rt+jwt", find, NULL, &claims) == E_UNAUTHENTICATED);
    *last = *last == 'A' ? 'B' : 'A';
    must(!verify(arena, changed));
}

static void sign_and_verify(struct arena *arena, const uint8_t *data, size_t size)
{
    const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
    uint8_t digest[SHA256_BYTES], signature[JWS_SIGNATURE_BYTES];
    if (!line)
        return;
    size_t n = (size_t)(line - data);
    const char *input = text_format(arena, "%s.%s", encoded(arena, MEM(data, n)),
                                    encoded(arena, MEM(line + 1, size - n - 1)));
    sha256(mem_text(input), digest);
    jws_key_sign(key, digest, signature);
    const char *token =
        text_format(arena, "%s.%s", input, encoded(arena, MEM(signature, sizeof signature)));
    if (verify(arena, token))
        spoil(arena, token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    /* RFC 7515 A.3. */
    static const char jwk[] = "{\"kty\":\"EC\",\"crv\":\"P-256\","
                              "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                              "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\","
                              "\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\"}";
    if (!key)
        must(jws_key_import(mem_text(jwk), &key) == OK);
    arena_init(&arena, 4 << 20);
    if (size < 20'000) {
        (void)verify(&arena, text_copy(&arena, MEM(data, size)));
        sign_and_verify(&arena, data, size);
    }
    arena_done(&arena);
    return 0;
}
