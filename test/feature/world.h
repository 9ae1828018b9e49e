/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole house in one process: the real parser, router, handlers and store, a captured mailbox, a
 * frozen clock. No socket, no thread of its own: a call runs to its end on the test's thread (many
 * threads may call at once).
 *
 *     TEST_IN_WORLD(a_link_works_once)
 *     {
 *         struct client *ann = client(w);
 *         CHECK_NUM(post(ann, "/v1/auth/register", "{...}")->status, 202);
 *         const char *token = mailed_token(w, "ann@example.org", "verify_email");
 *     }
 *
 * registers the test for each engine, and keeps what it is given: a world w.
 */
#pragma once

#include "../store.h"
#include "../test.h"
#include "base/json.h"
#include "db/db.h"

#define PASSWORD "a brand new walnut desk"
#define ANN "ann@example.org"
#define BEN "ben@example.org"

struct reply;

struct world {
    struct db *db;      /* the store, behind the fault injector */
    struct db *real_db; /* without it */
    struct arena arena; /* for world's own reading */
};

typedef void test_in_world(struct world *w);
void world_run(const char *engine, test_in_world *run);

#define TEST_IN_WORLD(name_)                                                 \
    static void name_(struct world *w);                                      \
    static void name_##_on_sqlite(void)                                      \
    {                                                                        \
        world_run("sqlite", name_);                                          \
    }                                                                        \
    static void name_##_on_postgresql(void)                                  \
    {                                                                        \
        world_run("postgresql", name_);                                      \
    }                                                                        \
    __attribute__((constructor)) static void name_##_add(void)               \
    {                                                                        \
        void (*run[2])(void) = { name_##_on_sqlite, name_##_on_postgresql }; \
        test_store_add(#name_, __FILE__, run);                               \
        world_add(#name_, name_);                                            \
    }                                                                        \
    static void name_([[maybe_unused]] struct world *w)

/* For the torture run: called when the house begins and ends to work, on the thread that calls it
 * (r is NULL for jobs), and instead of a test. */
struct world_hooks {
    void (*begin)(struct world *w);
    void (*end)(struct world *w, const char *what, const struct reply *r);
    void (*run)(struct world *w, test_in_world *run);
};
void world_hook(const struct world_hooks *hooks);

/* Every test in a world, for the torture run. */
struct world_test {
    const char *name;
    test_in_world *run;
};
void world_add(const char *name, test_in_world *run);
size_t world_tests(const struct world_test **ret);

/* Opens and closes by hand: tests that need a second house on the same store. NULL, with the test
 * failed. */
struct world *world_open(struct db *db);
void world_close(struct world *w);

/* --- somebody with a browser or a program --- */

enum { CLIENT_HEADERS = 12, CLIENT_COOKIES = 8 };

struct client {
    struct world *w;
    const char *ip;         /* "192.0.2.1"; settable */
    const char *user_agent; /* settable */
    const char *bearer;     /* an access token, or NULL */
    const char *refresh;    /* the latest refresh token */
    const char *session_id;
    const char *cookie_names[CLIENT_COOKIES], *cookie_values[CLIENT_COOKIES];
    const char *extra[CLIENT_HEADERS]; /* header lines to send, "Origin: https://evil.example" */
    const char *csrf;                  /* the token on the page fetched last */
};

struct reply {
    int status;
    const char *body;
    struct json_value json; /* when the body is JSON */
    const char *headers;    /* "name: value\n" each, in order, names in lower case */
    size_t arena_bytes;     /* what the request took from its arena */
};

struct client *client(struct world *w);

/* One request. body NULL sends none; one that begins with '{' or '[' is JSON, any other a form.
 * Never NULL. */
struct reply *call(struct client *c, const char *method, const char *path, const char *body);
struct reply *get(struct client *c, const char *path);
struct reply *post(struct client *c, const char *path, const char *body);

/* A form by POST with the CSRF token of the page fetched last. */
struct reply *post_form(struct client *c, const char *path, const char *form);

/* Adds a header line to the following requests; NULL takes all off. */
void with_header(struct client *c, const char *line);

/* Bytes as they are; the reply's status is that of a refused parse too. */
struct reply *call_raw(struct client *c, const char *bytes);

/* A header, a text member ("data.0.id" goes deeper), NULL when absent; a number, -1 when absent. */
const char *header_of(const struct reply *r, const char *lower_case_name);
const char *text_of(const struct reply *r, const char *member);
int64_t num_of(const struct reply *r, const char *member);
const char *cookie_of(const struct client *c, const char *name);

/* --- the mailbox --- */

/* Runs due jobs, then gives the newest mail of a kind to an address; NULL when there is none. */
struct mail {
    const char *kind, *to, *subject, *text, *html;
};
const struct mail *mailed(struct world *w, const char *to, const char *kind);
/* The token of the link in it, "" when there is no such mail. */
const char *mailed_token(struct world *w, const char *to, const char *kind);
/* How many mails were sent, all kinds when kind is NULL. */
int mail_count(struct world *w, const char *to, const char *kind);
void run_jobs(struct world *w);

/* --- shortcuts --- */

/* Registers and verifies somebody. */
void person(struct world *w, const char *email, const char *password);
/* Signs in by API; the client keeps the tokens. Gives the reply. */
struct reply *login(struct client *c, const char *email, const char *password);
/* person + login. */
struct client *signed_in(struct world *w, const char *email);
/* Opens a page and posts the login form; the client keeps the cookie. */
struct reply *login_page(struct client *c, const char *email, const char *password);
/* A JSON object text from pairs of texts, ended by NULL: json("email", ANN, NULL). */
const char *json(const char *key, ...) __attribute__((sentinel));

/* One number from SQL without parameters, -1 on failure. */
int64_t count_of(struct world *w, const char *sql);
/* The newest audit event of an account's address ("" any). */
bool has_audit(struct world *w, const char *event);
/* Moves the frozen clock. */
void wait_for(int64_t span);
