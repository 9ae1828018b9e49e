/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arrival of a request: see arrive.h.
 */
#include "web/arrive.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/text.h"
#include "http/forwarded.h"
#include "service/house_time.h"
#include "service/setting.h"
#include "web/address_gate.h"
#include "web/csrf.h"
#include "web/door.h"
#include "web/fields.h"
#include "web/limits.h"
#include "web/page.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { REQUEST_ID_MAX = 128 };

/* Whom to believe about addresses. A reload publishes a new list; readers may still walk the old
   one, so that stays too. */
struct proxies {
    const struct proxies *before;
    struct forwarded_trust trust;
    struct ip_range list[TRUSTED_PROXIES_MAX];
};
static const struct proxies nobody;
static _Atomic(const struct proxies *) proxies = &nobody;

/* A counter under a keyed hash: as unlike as random ones, and nobody can count by them; it protects
 * nothing, so the kernel is not asked each time. */
const char *arrive_new_id(struct arena *arena)
{
    static _Atomic uint64_t last;
    const uint64_t number = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed);
    const uint64_t input[2][2] = { { number, 0 }, { number, 1 } };
    uint64_t half[2];
    char *id = arena_alloc(arena, ID_CHARS + 1);
    for (int i = 0; i < 2; i++)
        half[i] = hash_keyed(MEM(input[i], sizeof input[i]));
    id_encode((const unsigned char *)half, id);
    return id;
}

/* Taken over when well-formed, else made: UUIDs, base64, numbers, "Root=1-67891233-abcdef" of load
   balancers; nothing that means something to a log, a page or a shell. */
const char *arrive_request_id(struct http_exchange *x)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-_.:/+=~@";
    const char *given = http_header_find(&x->request, "x-request-id");
    size_t n = given ? strlen(given) : 0;
    bool is_good = n >= 1 && n <= REQUEST_ID_MAX && strspn(given, allowed) == n;
    return is_good ? given : arrive_new_id(&x->arena);
}

/* n lower-case hexadecimal digits, and then this character. */
static bool is_hex(const char *p, size_t n, char then)
{
    return strspn(p, "0123456789abcdef") == n && p[n] == then;
}

static bool is_zero(const char *p, size_t n)
{
    return strspn(p, "0") >= n;
}

/* The trace id of a W3C traceparent, "00-<32 hex>-<16 hex>-<2 hex>"; NULL when there is none. Later
   versions may say more behind it; ff is none, and ids of zeros alone are not ids (section 3.2). */
static const char *read_trace_id(struct http_exchange *x)
{
    const char *p = http_header_find(&x->request, "traceparent");
    if (!p || !is_hex(p, 2, '-') || text_starts(p, "ff") || !is_hex(p + 3, 32, '-') ||
        !is_hex(p + 36, 16, '-') || is_zero(p + 3, 32) || is_zero(p + 36, 16))
        return NULL;
    bool is_later = !text_starts(p, "00");
    if (!is_hex(p + 53, 2, 0) && !(is_later && is_hex(p + 53, 2, '-')))
        return NULL;
    return text_copy(&x->arena, MEM(p + 3, 32));
}

struct req *arrive(struct http_exchange *x, struct db *db)
{
    struct req *rq = arena_alloc(&x->arena, sizeof *rq);
    rq->x = x;
    rq->arena = &x->arena;
    x->user = rq;
    rq->now = clock_now();
    rq->request_id = arrive_request_id(x);
    rq->trace_id = read_trace_id(x);
    const struct proxies *trusted = proxies;
    rq->client = forwarded_client(&x->request, &trusted->trust);
    rq->has_claims = forwarded_claims(&x->request, &trusted->trust, rq->claims);
    rq->from = session_origin(rq->arena, rq->client, http_header_find(&x->request, "user-agent"));
    rq->by = (struct audit_by){ "anonymous", rq->from.ip, rq->from.user_agent, rq->request_id };
    rq->vars = vars_new(rq->arena);
    db_begin(&rq->peek, db, DB_PEEK, rq->arena);
    db_begin(&rq->tx, db, DB_READ, rq->arena);
    page_choose_locale(rq);
    return rq;
}

/* The name in a Host header, without its port. */
static bool is_host(const char *host, const char *name)
{
    size_t n = strlen(name);
    return strncasecmp(host, name, n) == 0 && (host[n] == 0 || host[n] == ':');
}

static bool is_for_machines(const struct req *rq)
{
    return rq->route && (rq->route->access == OPERATIONS || rq->route->access == PROBE);
}

/* Links never depend on Host, and a strange one is refused (RST-02). Health checks come by address.
 */
static enum err check_host(struct req *rq)
{
    const char *host = rq->x->request.host;
    if (is_for_machines(rq) || is_host(host, setting_public_host()))
        return OK;
    bool is_local =
        is_host(host, "localhost") || is_host(host, "127.0.0.1") || is_host(host, "[::1]");
    return setting_is_loopback() && is_local ? OK : refuse(rq, PROBLEM_MISDIRECTED);
}

static enum err match(struct req *rq, bool is_operations)
{
    const struct http_request *request = &rq->x->request;
    enum err e = router_match(request->method, request->path, rq->arena, &rq->match);
    rq->route = rq->match.route;
    if (house_time_is_behind() && !is_for_machines(rq))
        return E_BUSY; /* until its clock is right, this server tells who is signed in to nobody */
    if (!is_operations)
        TRY(address_gate_check(rq));
    TRY(check_host(rq));
    if (e == E_DENIED)
        return refuse(rq, PROBLEM_METHOD_NOT_ALLOWED);
    bool is_apart = !text_is_empty(setting_text(SETTING_OPS_LISTEN));
    if (!e && is_apart && rq->route->access != PROBE &&
        (rq->route->access == OPERATIONS) != is_operations)
        return refuse(rq, PROBLEM_NOT_FOUND);
    return e ? refuse(rq, PROBLEM_NOT_FOUND) : OK;
}

enum err arrive_check(struct req *rq, bool is_operations)
{
    TRY(match(rq, is_operations));
    rq->tx.mode = route_is_safe(rq->route) ? DB_READ : DB_WRITE;
    TRY(door_read_credentials(rq));
    if (!route_is_safe(rq->route))
        TRY(csrf_check_source(rq));
    enum err e = fields_read(rq);
    if (!e)
        TRY(limits_take_early(rq));
    return route_asks_for_session(rq->route) && e == E_REFUSED ? OK : e;
}

/* --- whom to believe --- */

static enum forwarded_header header_in_use(void)
{
    const char *name = setting_text(SETTING_FORWARDED_HEADER);
    if (text_equal(name, "either"))
        return FORWARDED_EITHER;
    return text_equal(name, "forwarded") ? FORWARDED_STANDARD : FORWARDED_PLAIN;
}

void arrive_configure(void)
{
    struct proxies found = { .before = proxies, .trust.header = header_in_use() };
    found.trust.count =
        ip_ranges_parse(setting_text(SETTING_TRUSTED_PROXIES), found.list, TRUSTED_PROXIES_MAX);
    if (found.trust.count == found.before->trust.count &&
        found.trust.header == found.before->trust.header &&
        mem_equal(MEM(found.list, sizeof found.list), MEM(found.before->list, sizeof found.list)))
        return;
    struct proxies *next = malloc(sizeof *next);
    if (!next)
        abort();
    *next = found;
    next->trust.list = next->list;
    proxies = next;
}

bool arrive_trusts(struct ip peer)
{
    const struct proxies *trusted = proxies;
    for (size_t i = 0; i < trusted->trust.count; i++)
        if (ip_in_range(peer, &trusted->list[i]))
            return true;
    return false;
}
