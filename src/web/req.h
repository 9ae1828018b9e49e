/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request as features see it: fields that were checked, who is signed in, a transaction, and ways
 * to answer. A handler runs straight down, returns OK after answering, or passes on what went
 * wrong. It never sees raw input, never frees, never sends before the commit.
 */
#pragma once

#include "account/role.h"
#include "account/session.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/json.h"
#include "db/db.h"
#include "http/http.h"
#include "service/audit.h"
#include "service/limit.h"
#include "service/locale.h"
#include "service/template.h"
#include "web/outside.h"
#include "web/problem.h"
#include "web/route.h"

#include <setjmp.h>
#include <stdbool.h>

enum { FIELD_ERRORS = 12, TOUCHED = 2 };

struct field_error {
    const char *field;
    enum problem problem;
    const char *reason; /* why, more closely: a text of the catalogue, "password_reason.<this>" */
};

struct req {
    struct http_exchange *x;
    struct arena *arena;
    struct match match;
    const struct route *route; /* NULL when there was no match */
    int64_t now;
    const char *request_id, *trace_id;

    /* Who asks, from where. */
    struct ip client, claims[2]; /* claims: whom two headers name that do not agree */
    struct origin from;
    struct audit_by by;
    bool is_signed_in, has_claims;
    struct session session;
    bool is_source_proved; /* the browser says that the request comes from our own pages */
    bool came_by_cookie;   /* the session was named by the cookie, not by a bearer token */

    /* What they ask. */
    const char *values[ROUTE_FIELDS]; /* by the route's order; NULL when absent */
    int64_t nums[ROUTE_FIELDS];
    bool is_given[ROUTE_FIELDS]; /* the number or flag came along */
    const struct json_value *jsons[ROUTE_FIELDS];

    struct outside outside; /* what servers outside said */

    /* The store: peek for reads before slow work, tx for what belongs together. */
    struct tx peek, tx;

    /* The answer. */
    const struct locale *locale;
    struct vars *vars;
    struct buf body;
    struct json_writer json;
    enum problem problem;
    const char *problem_detail;
    const char *decision_id;  /* of a refusal by rule, NULL: another kind; see decision.h */
    int64_t retry_after;      /* seconds */
    struct limit_state limit; /* the tightest that was counted; none when its limit is 0 */
    struct field_error errors[FIELD_ERRORS];
    size_t error_count;
    struct limits_paid *paid; /* what web/limits.c counted of it; NULL: nothing */
    void (*put_more)(struct req *rq,
                     struct json_writer *j); /* more members of a problem, or NULL */
    struct {
        const char *action, *ticket; /* a ticket that came too early */
        int64_t ticket_at;           /* when it will count */
        bool is_asked, stands_in;    /* of the next try too; the provider could not be asked */
    } captcha;                       /* captcha.h's */
    bool is_kept;                 /* refused, but what was written stays (failures are counted) */
    int64_t unread;               /* notices, for the header of pages */
    const char *touched[TOUCHED]; /* accounts whose cached sessions the commit makes stale */
    bool wakes_jobs;

    /* The dispatcher's. */
    const char *cookie;    /* the session cookie's value, NULL when none came */
    const char *form_csrf; /* the token of a posted form */
    int stage;
    jmp_buf trap;
};

/* --- what was asked --- */

/* A field's value, NULL when it is absent (asserts that the route has it). */
const char *field(struct req *rq, const char *name);
/* A FIELD_FLAG or FIELD_NUM; 0 when absent. */
int64_t field_num(struct req *rq, const char *name);
/* A FIELD_JSON, NULL when absent. */
const struct json_value *field_json(struct req *rq, const char *name);
/* A path parameter. */
const char *param(struct req *rq, const char *name);

/* --- answering: JSON --- */

/* Begins an object with a status; members are put into the writer, its end is written later. */
struct json_writer *answer(struct req *rq, int status);
/* {"status":"..."} */
enum err answer_status(struct req *rq, int status, const char *word);
/* No content. */
enum err answer_empty(struct req *rq, int status);
/* A document of another type; body in the arena or static. The second with an ETag. */
enum err answer_document(struct req *rq, const char *content_type, struct mem body);
enum err answer_unless_known(struct req *rq, const char *content_type, struct mem body);

/* --- answering: pages --- */

/* Renders pages/NAME.html with rq->vars and the standard values. Status 200 unless set before. */
enum err page(struct req *rq, const char *name);
enum err page_with_status(struct req *rq, const char *name, int status);
/* 303 to a path of ours. */
enum err see_other(struct req *rq, const char *path);

/* --- refusing --- */

/* Refuses: everything written is rolled back. */
enum err refuse(struct req *rq, enum problem problem);
/* Refuses, but commits what was written. */
enum err refuse_and_keep(struct req *rq, enum problem problem);
enum err refuse_field(struct req *rq, const char *name, enum problem problem);
/* Refuses the new password with one of password_rule.h's reasons (NULL: none closer). */
enum err refuse_password(struct req *rq, enum problem problem, const char *reason);

/* This request changes an account or its sessions: what is cached of them is stale once the commit
   is through. At most TOUCHED accounts a request. */
void touch_account(struct req *rq, const char *id);

/* --- cookies --- */

void set_session_cookie(struct req *rq, const char *value);
void drop_session_cookie(struct req *rq);
/* "__Host-cardea", or "cardea" over plain http on a loopback address. */
const char *session_cookie_name(void);
/* The value of a cookie of this request, NULL when there is none, or two. */
const char *find_cookie(struct req *rq, const char *name);
/* Adds a cookie with our attributes. max_age in milliseconds, negative deletes. */
void set_cookie(struct req *rq, const char *name, const char *value, int64_t max_age);
