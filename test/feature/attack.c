/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helpers of the attack cases: see attack.h.
 */
#include "attack.h"

#include "base/clock.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DUMP_MAX = 64 << 20 };

/* --- many at once --- */

struct runner {
    pthread_t thread;
    pthread_barrier_t *start;
    void (*one)(void *arg, int i);
    void *arg;
    int i;
};

static void *run_one(void *arg)
{
    struct runner *r = arg;
    pthread_barrier_wait(r->start);
    r->one(r->arg, r->i);
    return NULL;
}

void crowd(int count, void (*one)(void *arg, int i), void *arg)
{
    pthread_barrier_t start;
    struct runner *runners = calloc((size_t)count, sizeof *runners);
    pthread_barrier_init(&start, NULL, (unsigned)count);
    for (int i = 0; i < count; i++) {
        runners[i] = (struct runner){ .start = &start, .one = one, .arg = arg, .i = i };
        if (pthread_create(&runners[i].thread, NULL, run_one, &runners[i]))
            abort();
    }
    for (int i = 0; i < count; i++)
        pthread_join(runners[i].thread, NULL);
    pthread_barrier_destroy(&start);
    free(runners);
}

/* --- somebody with SQL --- */

void tamper(struct world *w, const char *sql, struct db_values values)
{
    struct tx tx;
    db_begin(&tx, w->real_db, DB_WRITE, test_arena());
    CHECK_OK(db_run(&tx, sql, values));
    CHECK_OK(db_commit(&tx));
}

const char *text_from(struct world *w, const char *sql, struct db_values values)
{
    struct tx tx;
    const char *found = NULL;
    db_begin(&tx, w->real_db, DB_PEEK, test_arena());
    enum err e = db_one(&tx, sql, values, INTO(to_text(&found)));
    db_rollback(&tx);
    return e ? NULL : found;
}

const char *account_id_of(struct world *w, const char *email)
{
    return text_from(w, "SELECT id FROM account WHERE email_key = $1", V(text(email)));
}

const char *password_of(struct world *w, const char *email)
{
    return text_from(w, "SELECT password FROM account WHERE email_key = $1", V(text(email)));
}

/* --- telling replies apart --- */

/* "name: value" lines; of Set-Cookie only the cookie's name. */
static char *shape_of(const char *headers)
{
    char *out = text_copy(test_arena(), mem_text(headers)), *to = out;
    for (const char *line = headers; *line;) {
        size_t n = strcspn(line, "\n");
        bool is_cookie = strncmp(line, "set-cookie:", 11) == 0;
        size_t take = is_cookie ? strcspn(line, "=") : n;
        memcpy(to, line, take);
        to += take;
        *to++ = '\n';
        line += n + (line[n] == '\n');
    }
    *to = 0;
    return out;
}

/* A sealed id is another one each time; its length tells as much as the rest. */
static const char *without_decision(const char *body)
{
    char *out = text_copy(test_arena(), mem_text(body));
    for (char *p = out; (p = strstr(p, "dec_"));)
        for (p += 4; *p && (isalnum((unsigned char)*p) || *p == '-' || *p == '_'); p++)
            *p = 'x';
    return out;
}

void check_alike(const char *what, const struct reply *a, const struct reply *b)
{
    if (a->status != b->status)
        test_fail(__FILE__, __LINE__, "%s: status %d, not %d", what, b->status, a->status);
    if (!text_equal(without_decision(a->body), without_decision(b->body)))
        test_fail(__FILE__, __LINE__, "%s: body\n%s\nnot\n%s", what, b->body, a->body);
    const char *wanted = shape_of(a->headers), *got = shape_of(b->headers);
    if (!text_equal(got, wanted))
        test_fail(__FILE__, __LINE__, "%s: headers\n%s\nnot\n%s", what, got, wanted);
}

struct reply *post_from(struct world *w, const char *path, const char *body, const char *ip)
{
    struct client *c = client(w);
    c->ip = ip;
    return post(c, path, body);
}

const char *nth_address(int i)
{
    return text_format(test_arena(), "198.51.%d.%d", 1 + i / 250, 1 + i % 250);
}

struct client *plain_client(struct world *w)
{
    struct client *c = client(w);
    with_header(c, "X-Request-Id: the-same-each-time");
    return c;
}

/* --- shortcuts --- */

struct reply *verify(struct client *c, const char *token)
{
    return post(c, "/v1/auth/verify-email", json("token", token, NULL));
}

struct reply *reset(struct client *c, const char *token, const char *password)
{
    return post(c, "/v1/auth/password/reset", json("token", token, "password", password, NULL));
}

struct reply *refresh(struct client *c, const char *token)
{
    return post(c, "/v1/auth/refresh", json("refresh_token", token, NULL));
}

const char *reset_token(struct world *w, const char *email)
{
    CHECK_NUM(post(client(w), "/v1/auth/password/forgot", json("email", email, NULL))->status, 202);
    return mailed_token(w, email, "reset_password");
}

/* --- somebody with the files --- */

static void add_file(struct buf *out, const char *path)
{
    FILE *file = fopen(path, "r");
    char piece[65536];
    size_t n;
    while (file && (n = fread(piece, 1, sizeof piece, file)) > 0)
        buf_add(out, piece, n);
    if (file)
        (void)fclose(file);
}

static bool is_sqlite(const struct world *w)
{
    return text_equal(db_engine_name(w->real_db), "sqlite");
}

static void add_rows(struct world *w, struct buf *out)
{
    struct tx tx;
    const char *xml = "";
    db_begin(&tx, w->real_db, DB_WRITE, test_arena());
    CHECK_OK(db_run(&tx, "SET LOCAL xmlbinary = 'hex'", V_NONE));
    CHECK_OK(db_one(&tx, "SELECT CAST(schema_to_xml(current_schema(), true, false, '') AS TEXT)",
                    V_NONE, INTO(to_text(&xml))));
    db_rollback(&tx);
    buf_text(out, xml);
}

struct mem dump_of(struct world *w)
{
    struct buf out;
    buf_init(&out, test_arena(), DUMP_MAX);
    if (is_sqlite(w)) {
        const char *path = test_store_url() + strlen("sqlite:");
        add_file(&out, path);
        add_file(&out, text_format(test_arena(), "%s-wal", path));
    } else {
        add_rows(w, &out);
    }
    CHECK(!out.overflow);
    return buf_mem(&out);
}

/* In a dump of rows, columns of bytes stand in hexadecimal. */
bool dump_has(struct world *w, struct mem dump, struct mem bytes)
{
    const uint8_t *p = bytes.p;
    if (memmem(dump.p, dump.n, bytes.p, bytes.n))
        return true;
    if (is_sqlite(w))
        return false;
    struct buf hex;
    buf_init(&hex, test_arena(), 2 * bytes.n + 1);
    for (size_t i = 0; i < bytes.n; i++)
        buf_format(&hex, "%02X", p[i]);
    return memmem(dump.p, dump.n, hex.p, hex.n) ||
           memmem(dump.p, dump.n, text_lower_ascii(test_arena(), hex.p), hex.n);
}
