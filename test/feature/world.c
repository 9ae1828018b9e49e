/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole house in one process: see world.h.
 */
#include "attack.h"

#include "conform.h"

#include "account/access_token.h"
#include "account/session_cache.h"
#include "app.h"
#include "base/clock.h"
#include "base/log.h"
#include "db/fault.h"
#include "db/migrate.h"
#include "http/http.h"
#include "service/job.h"
#include "service/limit.h"
#include "service/outbox.h"
#include "service/pressure.h"
#include "service/setting.h"
#include "web/captcha.h"
#include "web/web.h"

#include "../redis.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAILS = 4096, TESTS = 4096, REQUEST_MAX = 1 << 20 };

/* 2026-11-21 05:00:00 UTC */
#define START INT64_C(1795237200000)

static struct mail mails[MAILS];
static int mails_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* mails */
static struct world_test tests[TESTS];
static size_t tests_count;
static const struct world_hooks *hooks;

void world_hook(const struct world_hooks *h)
{
    hooks = h;
}

void world_add(const char *name, test_in_world *run)
{
    if (tests_count == TESTS)
        abort(); /* or the torture run would silently leave some out */
    tests[tests_count++] = (struct world_test){ name, run };
}

size_t world_tests(const struct world_test **ret)
{
    *ret = tests;
    return tests_count;
}

static char *keep(const char *text)
{
    return text ? text_copy(test_arena(), mem_text(text)) : NULL;
}

enum err world_capture(const struct outbox_message *m, void *)
{
    struct mail mail = { keep(m->kind), keep(m->to), keep(m->subject), keep(m->text),
                         keep(m->html) };
    pthread_mutex_lock(&lock);
    if (mails_count < MAILS)
        mails[mails_count++] = mail;
    pthread_mutex_unlock(&lock);
    return OK;
}

static enum err set_all(void)
{
    TRY(setting_override(SETTING_PUBLIC_URL, "http://localhost:8080"));
    TRY(setting_override(SETTING_KEY_FILE, text_format(test_arena(), "%s/keys", test_folder())));
    TRY(setting_override(SETTING_PASSWORD_HASH, "m=64,t=1,p=1"));
    TRY(setting_override(SETTING_CAPTCHA, "off"));
    if (test_redis_is_wanted())
        TRY(setting_override(SETTING_REDIS_URL, test_redis_url()));
    return setting_override(SETTING_RATE_LIMITS, "off");
}

struct world *world_open(struct db *db)
{
    const char *why = "";
    struct world *w = calloc(1, sizeof *w);
    arena_init(&w->arena, 256 << 20);
    w->real_db = db;
    w->db = db_fault_wrap(db);
    clock_freeze(START);
    setting_set_ephemeral(false);
    app_register();
    limit_reset();
    pressure_reset();
    captcha_set_easiest(8);
    if (test_redis_is_wanted() && !text_equal(test_redis_say("PING"), "+PONG"))
        (void)test_redis_start(NULL);
    if (test_redis_is_wanted())
        CHECK_TEXT(test_redis_say("FLUSHALL"), "+OK");
    session_cache_clear();
    access_token_forget();
    mails_count = 0;
    if (setting_open(NULL, true, &w->arena, &why) || set_all() ||
        migrate_up(w->real_db, &w->arena) || app_open_services(w->db, &w->arena, true)) {
        test_fail(__FILE__, __LINE__, "the world does not open: %s", why);
        return NULL;
    }
    outbox_set_sender(world_capture, NULL);
    if (test_redis_is_wanted())
        CHECK(test_redis_settles(true));
    return w;
}

void world_close(struct world *w)
{
    outbox_set_sender(NULL, NULL);
    app_close_services();
    db_fault_unwrap(w->db);
    arena_done(&w->arena);
    free(w);
}

static test_in_world *current;

static void run_in(struct db *db)
{
    struct world *w = world_open(db);
    if (!w)
        return;
    if (hooks)
        hooks->run(w, current);
    else
        current(w);
    world_close(w);
}

void world_run(const char *engine, test_in_world *run)
{
    current = run;
    test_store_run_ready(engine, run_in);
}

/* --- requests --- */

struct client *client(struct world *w)
{
    struct client *c = arena_alloc(test_arena(), sizeof *c);
    c->w = w;
    c->ip = "192.0.2.1";
    c->user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0";
    return c;
}

void with_header(struct client *c, const char *line)
{
    for (int i = 0; i < CLIENT_HEADERS; i++) {
        if (line && c->extra[i])
            continue;
        c->extra[i] = line;
        if (line)
            return;
    }
}

const char *cookie_of(const struct client *c, const char *name)
{
    for (int i = 0; i < CLIENT_COOKIES; i++)
        if (c->cookie_names[i] && strcmp(c->cookie_names[i], name) == 0)
            return c->cookie_values[i];
    return NULL;
}

/* "name=value; attributes": kept, or forgotten when it is deleted. */
static void take_cookie(struct client *c, const char *header)
{
    char name[64] = "";
    size_t n = strcspn(header, "=");
    if (n >= sizeof name)
        return;
    memcpy(name, header, n);
    const char *value = header + n + 1;
    int at = -1;
    for (int i = CLIENT_COOKIES - 1; i >= 0; i--)
        if (!c->cookie_names[i] || strcmp(c->cookie_names[i], name) == 0)
            at = at >= 0 && c->cookie_names[at] ? at : i;
    if (at < 0)
        return;
    char *copy = keep(value);
    copy[strcspn(copy, ";")] = 0;
    c->cookie_names[at] = *copy ? keep(name) : NULL;
    c->cookie_values[at] = copy;
}

static void write_headers(struct client *c, struct buf *out, const char *body)
{
    buf_text(out, "Host: localhost:8080\r\n");
    buf_format(out, "User-Agent: %s\r\n", c->user_agent);
    if (c->bearer)
        buf_format(out, "Authorization: Bearer %s\r\n", c->bearer);
    bool first = true;
    for (int i = 0; i < CLIENT_COOKIES; i++) {
        if (!c->cookie_names[i])
            continue;
        buf_format(out, "%s%s=%s", first ? "Cookie: " : "; ", c->cookie_names[i],
                   c->cookie_values[i]);
        first = false;
    }
    buf_text(out, first ? "" : "\r\n");
    for (int i = 0; i < CLIENT_HEADERS && c->extra[i]; i++)
        buf_format(out, "%s\r\n", c->extra[i]);
    if (!body)
        return;
    bool is_json = *body == '{' || *body == '[';
    buf_format(out, "Content-Type: %s\r\nContent-Length: %zu\r\n",
               is_json ? "application/json" : "application/x-www-form-urlencoded", strlen(body));
}

static void take_reply(struct client *c, struct http_exchange *x, struct reply *r)
{
    struct arena scratch;
    struct buf headers;
    arena_init(&scratch, 1 << 20);
    buf_init(&headers, &scratch, 1 << 18);
    for (size_t i = 0; i < x->response.header_count; i++) {
        const struct http_header *h = &x->response.headers[i];
        buf_format(&headers, "%s: %s\n", text_lower_ascii(&scratch, h->name), h->value);
        if (text_equal_ascii_case(h->name, "Set-Cookie"))
            take_cookie(c, h->value);
    }
    r->status = x->response.status;
    r->arena_bytes = x->arena.used;
    r->headers = keep(headers.p);
    r->body = text_copy(test_arena(), x->response.body);
    if (x->response.content_type && strstr(x->response.content_type, "json") &&
        json_read(test_arena(), x->response.body, &r->json, NULL))
        r->json = (struct json_value){ 0 };
    arena_done(&scratch);
    const char *csrf = strstr(r->body, "name=\"csrf\" value=\"");
    if (csrf) {
        char *token = keep(csrf + strlen("name=\"csrf\" value=\""));
        token[strcspn(token, "\"")] = 0;
        c->csrf = token;
    }
}

static const char *first_line(const char *bytes)
{
    return text_copy(test_arena(), MEM(bytes, strcspn(bytes, "\r")));
}

struct reply *call_raw(struct client *c, const char *bytes)
{
    struct http_exchange *x = calloc(1, sizeof *x);
    struct http_limits limits = { 0 };
    size_t used;
    struct reply *r = arena_alloc(test_arena(), sizeof *r);
    int status = http_parse_request(mem_text(bytes), &limits, x, &used);
    if (status) {
        web_refuse(&x->response, &x->arena, status, "test", NULL);
    } else {
        x->request.received_ns = clock_monotonic_ns();
        if (!ip_parse(c->ip, &x->request.peer))
            abort();
        if (hooks)
            hooks->begin(c->w);
        if (web_handle(x, NULL) != HTTP_ANSWERED)
            abort();
    }
    take_reply(c, x, r);
    arena_done(&x->arena);
    free(x);
    if (hooks && !status)
        hooks->end(c->w, first_line(bytes), r);
    return r;
}

struct reply *call(struct client *c, const char *method, const char *path, const char *body)
{
    struct arena scratch;
    struct buf out;
    arena_init(&scratch, 4 * REQUEST_MAX);
    buf_init(&out, &scratch, REQUEST_MAX);
    buf_format(&out, "%s %s HTTP/1.1\r\n", method, path);
    write_headers(c, &out, body);
    buf_text(&out, "\r\n");
    if (body)
        buf_text(&out, body);
    struct reply *r = call_raw(c, out.p);
    arena_done(&scratch);
    conform_check(method, path, r);
    return r;
}

struct reply *get(struct client *c, const char *path)
{
    return call(c, "GET", path, NULL);
}

struct reply *post(struct client *c, const char *path, const char *body)
{
    return call(c, "POST", path, body);
}

struct reply *post_form(struct client *c, const char *path, const char *form)
{
    char with_token[REQUEST_MAX / 16];
    (void)snprintf(with_token, sizeof with_token, "csrf=%s%s%s", c->csrf ? c->csrf : "",
                   *form ? "&" : "", form);
    return call(c, "POST", path, with_token);
}

/* --- looking at replies --- */

const char *header_of(const struct reply *r, const char *name)
{
    size_t n = strlen(name);
    for (const char *line = r->headers; *line; line += strcspn(line, "\n") + 1) {
        if (strncmp(line, name, n) != 0 || line[n] != ':')
            continue;
        char *value = keep(line + n + 2);
        value[strcspn(value, "\n")] = 0;
        return value;
    }
    return NULL;
}

/* A member of an object, or an item of an array by its number. */
static const struct json_value *child(const struct json_value *of, const char *name)
{
    int64_t i;
    if (of->kind != JSON_IS_ARRAY)
        return json_find(of, name);
    return text_parse_int(name, 0, (int64_t)of->count - 1, &i) ? &of->items[i] : NULL;
}

static const struct json_value *member(const struct reply *r, const char *path)
{
    const struct json_value *value = &r->json;
    char name[64];
    while (value && *path) {
        size_t n = strcspn(path, ".");
        if (n >= sizeof name)
            return NULL;
        memcpy(name, path, n);
        name[n] = 0;
        value = child(value, name);
        path += n + (path[n] == '.');
    }
    return value;
}

const char *text_of(const struct reply *r, const char *path)
{
    const struct json_value *value = member(r, path);
    return value && value->kind == JSON_IS_TEXT ? value->text : NULL;
}

int64_t num_of(const struct reply *r, const char *path)
{
    const struct json_value *value = member(r, path);
    return value && value->kind == JSON_IS_INT ? value->num : -1;
}

/* --- mail --- */

void run_jobs(struct world *w)
{
    struct arena arena;
    arena_init(&arena, 64 << 20);
    if (hooks)
        hooks->begin(w);
    enum err e = job_run_due(w->db, &arena);
    arena_done(&arena);
    if (hooks)
        hooks->end(w, "the jobs", NULL);
    CHECK_OK(e);
}

const struct mail *mailed(struct world *w, const char *to, const char *kind)
{
    run_jobs(w);
    for (int i = mails_count - 1; i >= 0; i--)
        if (text_equal(mails[i].to, to) && text_equal(mails[i].kind, kind))
            return &mails[i];
    return NULL;
}

const char *mailed_token(struct world *w, const char *to, const char *kind)
{
    const struct mail *mail = mailed(w, to, kind);
    const char *at = mail ? strstr(mail->text, "token=") : NULL;
    if (!at)
        return "";
    char *token = keep(at + strlen("token="));
    token[strcspn(token, " \r\n<>\"")] = 0;
    return token;
}

int mail_count(struct world *w, const char *to, const char *kind)
{
    int count = 0;
    run_jobs(w);
    for (int i = 0; i < mails_count; i++)
        count += (!to || text_equal(mails[i].to, to)) && (!kind || text_equal(mails[i].kind, kind));
    return count;
}

/* --- shortcuts --- */

const char *json(const char *key, ...)
{
    struct buf out;
    struct json_writer j;
    va_list args;
    buf_init(&out, test_arena(), REQUEST_MAX);
    json_write(&j, &out);
    json_begin_object(&j, NULL);
    va_start(args, key);
    for (; key; key = va_arg(args, const char *))
        json_put_text(&j, key, va_arg(args, const char *));
    va_end(args);
    json_end(&j);
    return out.p;
}

void person(struct world *w, const char *email, const char *password)
{
    struct client *c = client(w);
    CHECK_NUM(
        post(c, "/v1/auth/register", json("email", email, "password", password, NULL))->status,
        202);
    const char *token = mailed_token(w, email, "verify_email");
    CHECK_NUM(post(c, "/v1/auth/verify-email", json("token", token, NULL))->status, 200);
}

struct reply *login(struct client *c, const char *email, const char *password)
{
    struct reply *r = post(c, "/v1/auth/login", json("email", email, "password", password, NULL));
    if (r->status != 200)
        return r;
    c->bearer = text_of(r, "access_token");
    c->refresh = text_of(r, "refresh_token");
    c->session_id = text_of(r, "session_id");
    return r;
}

struct client *signed_in(struct world *w, const char *email)
{
    struct client *c = client(w);
    person(w, email, PASSWORD);
    CHECK_NUM(login(c, email, PASSWORD)->status, 200);
    return c;
}

/* Percent-encodes what a form needs encoded. */
static const char *form_value(struct arena *arena, const char *value)
{
    struct buf out;
    buf_init(&out, arena, REQUEST_MAX);
    for (const char *p = value; *p; p++) {
        bool plain = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~",
                            *p) != NULL;
        if (plain)
            buf_char(&out, *p);
        else
            buf_format(&out, "%%%02X", (unsigned char)*p);
    }
    return out.p;
}

struct reply *login_page(struct client *c, const char *email, const char *password)
{
    char form[4096];
    struct arena scratch;
    arena_init(&scratch, 1 << 16);
    (void)get(c, "/login");
    (void)snprintf(form, sizeof form, "email=%s&password=%s", form_value(&scratch, email),
                   form_value(&scratch, password));
    arena_done(&scratch);
    return post_form(c, "/login", form);
}

int64_t count_of(struct world *w, const char *sql)
{
    struct tx tx;
    struct arena arena;
    int64_t n = -1;
    arena_init(&arena, 1 << 20);
    db_begin(&tx, w->real_db, DB_PEEK, &arena);
    if (db_one(&tx, sql, V_NONE, INTO(to_num(&n))))
        n = -1;
    db_rollback(&tx);
    arena_done(&arena);
    return n;
}

bool has_audit(struct world *w, const char *event)
{
    struct tx tx;
    struct arena arena;
    int64_t n = 0;
    arena_init(&arena, 1 << 20);
    db_begin(&tx, w->real_db, DB_PEEK, &arena);
    enum err e = db_one(&tx, "SELECT count(*) FROM audit WHERE event = $1", V(text(event)),
                        INTO(to_num(&n)));
    db_rollback(&tx);
    arena_done(&arena);
    return e == OK && n > 0;
}

void wait_for(int64_t span)
{
    clock_shift(span);
    if (test_redis_is_wanted())
        test_redis_forward(span);
}
