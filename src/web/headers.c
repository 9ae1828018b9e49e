/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers of every answer: see headers.h.
 */
#include "web/headers.h"

#include "base/text.h"
#include "service/setting.h"
#include "web/csrf.h"
#include "web/req.h"

#define POLICY "Content-Security-Policy"
#define CSP_PAGES                                                                     \
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; " \
    "connect-src 'self'; font-src 'self'; worker-src 'self'; form-action 'self'; "    \
    "base-uri 'none'; frame-ancestors 'none'"

static void add(struct http_response *response, const char *name, const char *value)
{
    http_header_add(response, name, value);
}

static bool has(const struct http_response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (text_equal(response->headers[i].name, name))
            return true;
    return false;
}

void headers_set_policy(struct http_response *response, const char *policy)
{
    if (!has(response, POLICY))
        add(response, POLICY, policy);
}

void headers_add_security(struct http_response *response, const struct route *route)
{
    bool is_api = route && route_is_api(route);
    if (setting_is_secure())
        add(response, "Strict-Transport-Security", "max-age=63072000; includeSubDomains");
    if (!has(response, POLICY))
        add(response, POLICY,
            route && route->csp ? route->csp
            : is_api            ? "default-src 'none'; frame-ancestors 'none'"
                                : CSP_PAGES);
    add(response, "X-Content-Type-Options", "nosniff");
    add(response, "X-Frame-Options", "DENY");
    add(response, "Referrer-Policy", route && route->has_token ? "no-referrer" : "same-origin");
    add(response, "Permissions-Policy",
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=(), "
        "publickey-credentials-get=(self), publickey-credentials-create=(self)");
    add(response, "Cross-Origin-Opener-Policy", "same-origin");
    add(response, "Cross-Origin-Resource-Policy", "same-origin");
    if (!has(response, "Cache-Control"))
        add(response, "Cache-Control", "no-store");
}

/* Keys and descriptions for programs: also for those that run in a browser. */
static bool is_document(const char *path)
{
    return text_starts(path, "/.well-known/") || text_equal(path, "/openapi.json");
}

/* By the path: also a door that is not there says so to who may listen. */
void headers_add_cors(struct req *rq)
{
    const char *path = rq->x->request.path;
    const char *origin = http_header_find(&rq->x->request, "origin");
    bool is_cached = is_document(path); /* by caches between us, for one origin and the next */
    if (!is_cached && !text_starts(path, "/v1/"))
        return;
    bool is_allowed = origin && csrf_is_allowed_origin(origin);
    if (is_allowed || is_cached)
        add(&rq->x->response, "Vary", "Origin");
    if (!is_allowed)
        return;
    add(&rq->x->response, "Access-Control-Allow-Origin", origin);
    add(&rq->x->response, "Access-Control-Expose-Headers",
        "ETag, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, "
        "WWW-Authenticate, X-Request-Id");
}

bool headers_answer_preflight(struct req *rq)
{
    const struct http_request *request = &rq->x->request;
    const char *origin = http_header_find(request, "origin");
    const char *method = http_header_find(request, "access-control-request-method");
    if (request->method != HTTP_OPTIONS || !origin || !method || !csrf_is_allowed_origin(origin))
        return false;
    rq->x->response.status = 204;
    add(&rq->x->response, "Access-Control-Allow-Origin", origin);
    add(&rq->x->response, "Vary", "Origin");
    add(&rq->x->response, "Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE");
    add(&rq->x->response, "Access-Control-Allow-Headers",
        "authorization, content-type, idempotency-key, x-request-id, traceparent");
    add(&rq->x->response, "Access-Control-Max-Age", "600");
    return true;
}
