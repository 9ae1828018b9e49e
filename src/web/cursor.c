/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cursors: see cursor.h. The text is base64url of the MAC and the place. The key is derived from
 * the first sealing key: cursors do not outlive its rotation, a list is simply begun anew.
 */
#include "web/cursor.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "service/keyring.h"

#include <assert.h>
#include <string.h>

enum { MAC_BYTES = SHA256_BYTES, PLACE_MAX = 100, TEXT_MAX = (MAC_BYTES + PLACE_MAX) * 4 / 3 + 1 };

/* Over the digest of the pieces, each with its length: no two lists of them are alike. */
static enum err sign(struct req *rq, const char *list, struct mem place, uint8_t out[MAC_BYTES])
{
    uint8_t key[32], digest[SHA256_BYTES];
    const struct mem pieces[] = { mem_text(list), mem_text(rq->session.account_id), place };
    TRY(keyring_derive(NULL, "list-cursor", key));
    sha256_pieces(pieces, COUNT(pieces), digest);
    hmac_sha256(MEM(key, sizeof key), MEM(digest, sizeof digest), out);
    mem_wipe(key, sizeof key);
    return OK;
}

enum err cursor_make(struct req *rq, const char *list, const char *place, const char **ret)
{
    uint8_t all[MAC_BYTES + PLACE_MAX];
    const struct mem bytes = mem_text(place);
    assert(bytes.n && bytes.n <= PLACE_MAX);
    TRY(sign(rq, list, bytes, all));
    memcpy(all + MAC_BYTES, bytes.p, bytes.n);
    char *text = arena_alloc(rq->arena, base64url_size(MAC_BYTES + bytes.n) + 1);
    base64url_format(MEM(all, MAC_BYTES + bytes.n), text);
    *ret = text;
    return OK;
}

enum err cursor_read(struct req *rq, const char *list, const char *cursor, const char **ret)
{
    uint8_t all[TEXT_MAX], mac[MAC_BYTES];
    size_t length = strlen(cursor), n;
    if (length > TEXT_MAX || !base64url_parse(cursor, length, all, &n) || n <= MAC_BYTES)
        return E_INVALID;
    struct mem place = MEM(all + MAC_BYTES, n - MAC_BYTES);
    TRY(sign(rq, list, place, mac));
    if (!mem_equal(MEM(all, MAC_BYTES), MEM(mac, MAC_BYTES)))
        return E_INVALID;
    *ret = text_copy(rq->arena, place);
    return OK;
}

enum err list_page(struct req *rq, const char *list, struct list_page *ret)
{
    const char *cursor = field(rq, "cursor");
    int64_t limit = field_num(rq, "limit");
    *ret = (struct list_page){ .list = list, .limit = limit ? limit : LIST_LIMIT };
    if (!cursor)
        return OK;
    enum err e = cursor_read(rq, list, cursor, &ret->after);
    return e == E_INVALID ? refuse(rq, PROBLEM_CURSOR_INVALID) : e;
}

bool list_has_more(const struct list_page *p, size_t *count)
{
    if ((int64_t)*count <= p->limit)
        return false;
    *count = (size_t)p->limit;
    return true;
}

static const char *id_of(const struct list_rows *rows, size_t i)
{
    const char *id;
    memcpy(&id, (const char *)rows->rows + i * rows->row_size, sizeof id);
    return id;
}

enum err list_part(struct req *rq, const char *list, const struct list_rows *rows,
                   struct list_part *ret)
{
    *ret = (struct list_part){ 0 };
    TRY(list_page(rq, list, &ret->page));
    const char *after = ret->page.after;
    while (after && ret->from < rows->count && !text_equal(id_of(rows, ret->from), after))
        ret->from++;
    if (after && ret->from++ == rows->count)
        return refuse(rq, PROBLEM_CURSOR_INVALID);
    size_t left = rows->count - ret->from, limit = (size_t)ret->page.limit;
    ret->to = ret->from + (left > limit ? limit : left);
    ret->last = left > limit ? id_of(rows, ret->to - 1) : NULL;
    return OK;
}

enum err put_next_cursor(struct req *rq, const struct list_page *p, const char *place)
{
    const char *next = NULL;
    if (place)
        TRY(cursor_make(rq, p->list, place, &next));
    json_put_text(&rq->json, "next_cursor", next);
    return OK;
}
