/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decision records: see decision.h. The plain text is a head of fixed size, four short texts with
 * their lengths, and zeros up to a whole block, so that a longer number or name does not show.
 */
#include "web/decision.h"

#include "base/text.h"
#include "service/keyring.h"
#include "service/metric.h"
#include "service/setting.h"

#include <string.h>

enum { VERSION = 1, BLOCK = 32, PLAIN_MAX = 512, SEALED_MAX = 1024, TEXT_MAX = 80 };

static const char prefix[] = "dec_";
static const struct seal_place place = { "decision", "id", "" };

/* What refuses: the labels of the metric, and the catalogue's "decision.<kind>". */
static const char *const kinds[] = { "limit",   "lockout", "captcha", "address",
                                     "sign_up", "cap",     "other" };

static const char *kind_of(const char *rule)
{
    size_t n = strcspn(rule, " ");
    if (text_starts(rule, "sign-up"))
        return "sign_up";
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (strlen(kinds[i]) == n && strncmp(kinds[i], rule, n) == 0)
            return kinds[i];
    return "other";
}

/* --- making --- */

static void put_number(struct buf *out, int64_t number)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)number >> (56 - 8 * i));
    buf_add(out, bytes, sizeof bytes);
}

static void put_text(struct buf *out, const char *text)
{
    size_t n = text ? strlen(text) : 0;
    if (n > TEXT_MAX)
        n = TEXT_MAX;
    buf_char(out, (char)n);
    buf_add(out, text ? text : "", n);
}

static struct mem write_plain(struct req *rq, const struct decision *why)
{
    static const char zeros[BLOCK];
    struct buf out;
    struct ip network = ip_network(rq->client, 24, 64);
    buf_init(&out, rq->arena, PLAIN_MAX);
    buf_char(&out, VERSION);
    buf_char(&out, (char)rq->x->request.method);
    put_number(&out, rq->now);
    put_number(&out, why->until);
    put_number(&out, why->value);
    put_number(&out, why->threshold);
    buf_add(&out, network.bytes, sizeof network.bytes);
    put_text(&out, why->rule);
    put_text(&out, why->counter);
    put_text(&out, rq->route ? rq->route->path : "");
    put_text(&out, rq->request_id);
    buf_add(&out, zeros, (BLOCK - out.n % BLOCK) % BLOCK);
    return buf_mem(&out);
}

static const char *make_id(struct req *rq, const struct decision *why)
{
    struct mem sealed = seal(keyring_seals(), rq->arena, place, write_plain(rq, why));
    char *id = arena_alloc(rq->arena, strlen(prefix) + base64url_size(sealed.n) + 1);
    memcpy(id, prefix, strlen(prefix));
    base64url_format(sealed, id + strlen(prefix));
    return id;
}

enum err refuse_by_rule(struct req *rq, enum problem problem, const struct decision *why)
{
    enum err e = refuse(rq, problem);
    rq->decision_id = make_id(rq, why);
    metric_count(METRIC_POLICY_REFUSALS, kind_of(why->rule), "");
    return e;
}

enum err refuse_by_rule_and_keep(struct req *rq, enum problem problem, const struct decision *why)
{
    rq->is_kept = true;
    return refuse_by_rule(rq, problem, why);
}

/* --- reading --- */

struct reader {
    struct arena *arena;
    const uint8_t *p;
    size_t left;
    bool is_short; /* sealed by us, so it never is; but a later version might write another form */
};

static const uint8_t *take(struct reader *r, size_t n)
{
    static const uint8_t nothing[16];
    r->is_short = r->is_short || n > r->left;
    if (r->is_short)
        return nothing;
    const uint8_t *at = r->p;
    r->p += n;
    r->left -= n;
    return at;
}

static int64_t take_number(struct reader *r)
{
    const uint8_t *bytes = take(r, 8);
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | bytes[i];
    return (int64_t)number;
}

static const char *take_text(struct reader *r)
{
    size_t n = *take(r, 1);
    const uint8_t *bytes = take(r, n);
    return r->is_short ? "" : text_copy(r->arena, MEM(bytes, n));
}

static const char *network_text(struct arena *arena, struct ip network)
{
    return text_format(arena, "%s/%d", ip_format(arena, network), ip_is_v4(network) ? 24 : 64);
}

static enum err read_plain(struct arena *arena, struct mem plain, struct decision_record *ret)
{
    struct reader r = { .arena = arena, .p = plain.p, .left = plain.n };
    struct ip network;
    uint8_t version = *take(&r, 1), method = *take(&r, 1);
    if (version != VERSION || method >= HTTP_METHODS)
        return E_NOT_FOUND;
    ret->method = http_method_name((enum http_method)method);
    ret->at = take_number(&r);
    ret->what.until = take_number(&r);
    ret->what.value = take_number(&r);
    ret->what.threshold = take_number(&r);
    memcpy(network.bytes, take(&r, sizeof network.bytes), sizeof network.bytes);
    ret->network = network_text(arena, network);
    ret->what.rule = take_text(&r);
    ret->what.counter = take_text(&r);
    ret->path = take_text(&r);
    ret->request_id = take_text(&r);
    ret->explanation = text_format(arena, "decision.%s", kind_of(ret->what.rule));
    if (!*ret->what.counter)
        ret->what.counter = NULL;
    return r.is_short ? E_NOT_FOUND : OK;
}

enum err decision_open(struct arena *arena, const char *id, int64_t now,
                       struct decision_record *ret)
{
    uint8_t bytes[SEALED_MAX];
    struct mem plain;
    size_t n;
    *ret = (struct decision_record){ 0 };
    if (!text_starts(id, prefix))
        return E_NOT_FOUND;
    const char *sealed = id + strlen(prefix);
    if (strlen(sealed) > SEALED_MAX || !base64url_parse(sealed, strlen(sealed), bytes, &n))
        return E_NOT_FOUND;
    if (seal_open(keyring_seals(), arena, place, MEM(bytes, n), &plain))
        return E_NOT_FOUND;
    TRY(read_plain(arena, plain, ret));
    return now - ret->at > setting_span(SETTING_DECISION_KEEP) ? E_GONE : OK;
}
