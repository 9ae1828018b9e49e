/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client data: what is accepted is within its bounds, is UTF-8 after at most one byte order mark,
 * and means the same when its JSON is written anew; a challenge that is found has one spelling.
 */
#include "base/json.h"
#include "base/text.h"
#include "crypto/client_data.h"
#include "crypto/webauthn_answer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static struct mem rewritten(struct arena *arena, struct mem json)
{
    struct json_value root;
    struct json_writer j;
    struct buf out;
    must(json_read(arena, json, &root, NULL) == OK);
    buf_init(&out, arena, 1 << 20);
    json_write(&j, &out);
    json_put_copy(&j, NULL, &root);
    return buf_mem(&out);
}

static void check(struct arena *arena, struct mem bytes, const struct client_data *data)
{
    struct client_data again;
    bool marked = bytes.n >= 3 && memcmp(bytes.p, "\xEF\xBB\xBF", 3) == 0;
    struct mem json = marked ? MEM((const char *)bytes.p + 3, bytes.n - 3) : bytes;
    must(bytes.n <= WEBAUTHN_CLIENT_DATA_MAX && text_is_utf8(json));
    struct mem other = rewritten(arena, json);
    if (other.n > WEBAUTHN_CLIENT_DATA_MAX)
        return;
    must(client_data_read(arena, other, &again) == OK);
    must(text_equal(again.type, data->type) && text_equal(again.origin, data->origin));
    must(text_equal(again.challenge, data->challenge));
    must(again.is_cross_origin == data->is_cross_origin);
    must(again.has_top_origin == data->has_top_origin);
}

static void check_challenge(struct arena *arena, const char *spelled, const char *challenge)
{
    char *again = arena_alloc(arena, base64url_size(strlen(challenge)) + 1);
    base64url_format(mem_text(challenge), again);
    must(text_equal(again, spelled));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct client_data parsed;
    const char *challenge = NULL;
    arena_init(&arena, 16 << 20);
    enum err e = client_data_read(&arena, MEM(data, size), &parsed);
    enum err found = webauthn_client_challenge(&arena, MEM(data, size), &challenge);
    must((e == OK || e == E_INVALID) && (found == OK || found == E_INVALID));
    must(e == OK || found == E_INVALID);
    if (e == OK)
        check(&arena, MEM(data, size), &parsed);
    if (found == OK)
        check_challenge(&arena, parsed.challenge, challenge);
    arena_done(&arena);
    return 0;
}
