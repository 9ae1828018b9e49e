/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The route table: one entry says everything about a door. Routing, validation, access, CSRF,
 * limits, OpenAPI, reference docs and the test matrix all come from it. Policy is deny by default:
 * ROUTE needs an access rule to compile.
 */
#pragma once

#include "base/clock.h"
#include "base/err.h"
#include "http/http.h"

#include <stdbool.h>
#include <stdint.h>

struct req;

enum access {
    ACCESS_UNSET,
    ANYONE,    /* no session is looked for */
    VISITOR,   /* everybody; whoever is signed in is known */
    SIGNED_IN, /* a live session */
    SUPPORT,   /* and this role or a higher one */
    BILLING,
    ADMIN,
    PROBE,       /* everybody, on every listener, whatever the Host: load balancers ask */
    OPERATIONS,  /* the same, but only on the operations listener when one is configured */
    DEVELOPMENT, /* everybody, only in development mode; does not exist otherwise */
    FIXTURE,     /* everybody, only in the test fixture; does not exist otherwise */
};

enum route_lane {
    LANE_STORE,  /* uses the database: runs on a worker */
    LANE_INLINE, /* neither waits nor computes long: runs on the thread that read the request */
    LANE_HASH,   /* hashes a password: runs on one of few threads, behind a bounded queue */
};

enum field_kind {
    FIELD_UNUSED,
    FIELD_TEXT,     /* any text; min and max in bytes */
    FIELD_EMAIL,    /* one address; the value is what was typed, checked by account/email */
    FIELD_PASSWORD, /* exactly as typed; only the 1024-byte cap is checked here */
    FIELD_TOKEN,    /* an opaque text of visible ASCII */
    FIELD_NAME,     /* a display name */
    FIELD_LOCALE,   /* a language that exists here */
    FIELD_FLAG,     /* JSON true or false; in forms "1", "true" or "on" */
    FIELD_NUM,      /* an integer; min and max are its range */
    FIELD_JSON,     /* any JSON value; only in JSON bodies */
};

struct field {
    const char *name;
    enum field_kind kind;
    bool optional;
    bool may_clear;   /* JSON null or an empty text says: none; the value is "" */
    bool is_new;      /* of a password: it is to be the one from now on (see outside.h) */
    int64_t min, max; /* 0, 0: the kind's own bounds */
    const char *help;
};

/* How well and how lately whoever is signed in must have been proved (RFC 9470). */
enum proof_wanted {
    PROOF_ANY,
    PROOF_LEVEL, /* with a second step, if the account asks for one: no trusted device will do */
    PROOF_FRESH, /* and not longer ago than SETTING_FRESH_PROOF */
};

/* Several windows of one door are several rules. BY_FAILURES: by address too, but only what
   limits_take_failure hears of, on each node for itself. */
enum limit_by { BY_IP = 1, BY_ACCOUNT, BY_SESSION, BY_EMAIL_FIELD, BY_REFRESH_FIELD, BY_FAILURES };

struct limit_rule {
    enum limit_by by;
    int64_t count, span;
    const char *shared; /* the door: routes with the same one share the counter and must say the
                           same of it; SETTING_LIMITS names it. NULL: the route's path */
};

struct gives {
    int status;
    const char *what; /* a line of JSON shape for the reference, or words */
};

enum { ROUTE_FIELDS = 12, ROUTE_LIMITS = 4, ROUTE_GIVES = 4, ROUTE_CAPTCHAS = 2 };

struct route {
    enum http_method method;
    const char *path; /* "/v1/account/sessions/{id}" */
    enum access access;
    enum err (*run)(struct req *rq);
    enum route_lane lane;
    enum proof_wanted proof;
    struct field fields[ROUTE_FIELDS];
    struct limit_rule limits[ROUTE_LIMITS];
    struct gives gives[ROUTE_GIVES];
    const char *page; /* HTML routes: shown by a GET without run, and again by a POST whose fields
                         were refused */
    const char *captcha[ROUTE_CAPTCHAS]; /* the actions of the forms on it that may ask for one,
                                            see captcha.h */
    const char *back; /* pages that post: where who must sign in or be proved first comes back to */
    bool has_token;   /* it handles a token: no Referer, no caching; a dead one is said by a page of
                         its own */
    const char *again; /* where that page sends people for a new one; NULL: nowhere */
    const char *csp;   /* instead of the usual Content-Security-Policy */
    const char *help;
};

/* Method, path, access and handler are not optional; the rest is named. */
#define ROUTE(method_, path_, access_, run_, ...)                                                  \
    {                                                                                              \
        .method = HTTP_##method_, .path = (path_), .access = (access_), .run = (run_), __VA_ARGS__ \
    }
#define ROUTES_END   \
    {                \
        .path = NULL \
    }

/* "/v1/..." answers JSON; everything else HTML or a document. */
bool route_is_api(const struct route *route);
/* GET or HEAD. */
bool route_is_safe(const struct route *route);
/* Whoever is signed in is looked for. */
bool route_asks_for_session(const struct route *route);
/* It is there in the mode this process runs in. */
bool route_exists(const struct route *route);
/* "anyone", "signed in", ... */
const char *route_access_name(enum access access);

/* The router: takes lists ended by ROUTES_END, themselves ended by NULL. Asserts that every entry
   is sound (access set, no two alike). */
void router_open(const struct route *const *lists);
size_t router_count(void);
const struct route *router_nth(size_t i);
int router_index(const struct route *route);

enum { ROUTE_PARAMS = 2 };
struct match {
    const struct route *route;
    size_t index;                    /* the route is router_nth(index) */
    const char *names[ROUTE_PARAMS]; /* of path parameters, as in the table */
    const char *values[ROUTE_PARAMS];
    char allow[64]; /* for 405: "GET, HEAD, POST" */
};

/* OK; E_NOT_FOUND; or E_DENIED for a path that exists with other methods (allow is filled in). HEAD
 * finds GET. */
enum err router_match(enum http_method method, const char *path, struct arena *arena,
                      struct match *ret);
