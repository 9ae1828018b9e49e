/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to Redis: see redis_parts.h. libhiredis is opened at run time, so that a server
 * without Redis neither needs the package nor pays for it. Whatever comes back that is not exactly
 * what was asked for ends the connection: a wrong count is worse than none.
 */
#include "kv/redis_parts.h"

#include "base/clock.h"
#include "base/text.h"

#include <dlfcn.h>
#include <hiredis/hiredis.h>
#include <netdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* clang-format off */
#define FUNCTIONS(X)                                                                      \
    X(redisConnectWithTimeout) X(redisSetTimeout) X(redisFree) X(redisAppendCommandArgv)   \
    X(redisAppendFormattedCommand) X(redisBufferWrite) X(redisBufferRead)                  \
    X(redisGetReplyFromReader) X(freeReplyObject)
/* clang-format on */

static struct {
#define X(name) __typeof__(&name) name;
    FUNCTIONS(X)
#undef X
} hi;

static pthread_once_t loaded = PTHREAD_ONCE_INIT;
static enum err outcome;

#define TEXT_OF(x) #x
#define SONAME(version) "libhiredis.so." TEXT_OF(version)

static void load(void)
{
    void *library = dlopen(SONAME(HIREDIS_SONAME), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        outcome = fault("Redis needs %s (Debian 12: apt install libhiredis0.14): %s",
                        SONAME(HIREDIS_SONAME), dlerror());
        return;
    }
#define X(name)                                                       \
    *(void **)&hi.name = dlsym(library, #name);                       \
    if (!hi.name) {                                                   \
        outcome = fault("this libhiredis has no function %s", #name); \
        return;                                                       \
    }
    FUNCTIONS(X)
#undef X
}

enum err redis_load(void)
{
    pthread_once(&loaded, load);
    return outcome;
}

/* --- a connection --- */

struct redis_link {
    redisContext context; /* what libhiredis made; only its address is used */
};

static redisContext *context_of(struct redis_link *link)
{
    return &link->context;
}

/* A whole answer is a few hundred bytes; whoever sends more is no Redis. */
enum { ANSWER_MAX = 64 * 1024, ANSWER_TIME_MS = 100 };

static bool fail(char why[REDIS_WHY], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(char why[REDIS_WHY], const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, REDIS_WHY, format, args);
    va_end(args);
    return false;
}

/* The first word of an error ("NOAUTH", "LOADING", "READONLY", "OOM"): what follows may repeat what
   was sent. */
static bool fail_with_error(char why[REDIS_WHY], const redisReply *reply)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    int n = reply->str ? (int)strspn(reply->str, letters) : 0;
    return fail(why, "it refuses: %.*s", n < 20 ? n : 20, n ? reply->str : "");
}

static bool send_all(redisContext *c, char why[REDIS_WHY])
{
    int is_done = 0;
    while (!is_done)
        if (hi.redisBufferWrite(c, &is_done) != REDIS_OK)
            return fail(why, "the connection broke");
    return true;
}

/* libhiredis makes room for as many elements as an array announces. Ours has a few hundred. */
static bool is_modest(const redisReader *r)
{
    size_t n = r->len - r->pos;
    const char *p = n ? memchr(r->buf + r->pos, '*', n) : NULL;
    for (; p; p = memchr(p + 1, '*', n - (size_t)(p + 1 - (r->buf + r->pos)))) {
        size_t digits = 1;
        while (p + digits < r->buf + r->len && p[digits] >= '0' && p[digits] <= '9')
            digits++;
        if (digits > 4)
            return false;
    }
    return true;
}

/* The next reply, the caller's to free; NULL, and why, when none comes in time. */
static redisReply *read_reply(redisContext *c, int64_t deadline_ns, char why[REDIS_WHY])
{
    void *reply = NULL;
    for (;;) {
        if (!is_modest(c->reader) || hi.redisGetReplyFromReader(c, &reply) != REDIS_OK) {
            (void)fail(why, "it does not speak Redis's protocol");
            return NULL;
        }
        if (reply)
            return reply;
        if (clock_monotonic_ns() > deadline_ns || c->reader->len > ANSWER_MAX) {
            (void)fail(why, "it does not answer in time");
            return NULL;
        }
        if (hi.redisBufferRead(c) != REDIS_OK) {
            (void)fail(why, c->err == REDIS_ERR_EOF ? "the connection was closed"
                                                    : "it does not answer in time");
            return NULL;
        }
    }
}

static int64_t deadline(int64_t ms)
{
    return clock_monotonic_ns() + ms * 1'000'000;
}

/* A reply that must be a status such as OK or QUEUED. */
static bool expect_status(redisContext *c, int64_t until, char why[REDIS_WHY])
{
    redisReply *reply = read_reply(c, until, why);
    if (!reply)
        return false;
    bool is_good = reply->type == REDIS_REPLY_STATUS;
    if (reply->type == REDIS_REPLY_ERROR)
        (void)fail_with_error(why, reply);
    else if (!is_good)
        (void)fail(why, "it answers something else");
    hi.freeReplyObject(reply);
    return is_good;
}

static bool command(redisContext *c, int count, const char **words, char why[REDIS_WHY])
{
    return (hi.redisAppendCommandArgv(c, count, words, NULL) == REDIS_OK ||
            fail(why, "no memory")) &&
           send_all(c, why) && expect_status(c, deadline(ANSWER_TIME_MS), why);
}

static bool sign_in(redisContext *c, const struct redis_url *url, char why[REDIS_WHY])
{
    char number[16];
    const char *with_user[] = { "AUTH", url->user, url->password };
    const char *without[] = { "AUTH", url->password };
    const char *database[] = { "SELECT", number };
    (void)snprintf(number, sizeof number, "%d", url->database);
    if (*url->password &&
        !(*url->user ? command(c, 3, with_user, why) : command(c, 2, without, why)))
        return false;
    return !url->database || command(c, 2, database, why);
}

struct redis_link *redis_connect(const struct redis_url *url, const char *host, int timeout_ms,
                                 char why[REDIS_WHY])
{
    struct timeval timeout = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };
    struct timeval answer = { 0, ANSWER_TIME_MS * 1000 };
    redisContext *c = hi.redisConnectWithTimeout(host, url->port, timeout);
    struct redis_link *link = (struct redis_link *)c;
    if (!c || c->err)
        (void)fail(why, "no connection: %.70s", c ? c->errstr : "no memory");
    else if (hi.redisSetTimeout(c, answer) == REDIS_OK && sign_in(c, url, why))
        return link;
    redis_disconnect(link);
    return NULL;
}

void redis_disconnect(struct redis_link *link)
{
    if (link)
        hi.redisFree(context_of(link));
}

void redis_address(const struct redis_link *link, char ret[REDIS_ADDRESS])
{
    struct sockaddr_storage peer;
    socklen_t n = sizeof peer;
    if (getpeername((int)link->context.fd, (struct sockaddr *)&peer, &n) ||
        getnameinfo((struct sockaddr *)&peer, n, ret, REDIS_ADDRESS, NULL, 0, NI_NUMERICHOST))
        ret[0] = 0;
}

/* --- counting --- */

/* Commands are written here by hand, since a request's are sent as one. */
struct script {
    char text[TALLIES_MAX * 192 + 64];
    size_t n;
};

static void put(struct script *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct script *s, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(s->text + s->n, sizeof s->text - s->n, format, args);
    va_end(args);
    s->n += (size_t)n < sizeof s->text - s->n ? (size_t)n : 0;
}

/* "cardea:l:" and 64 bits of base64url: 20 characters. */
static void write_key(const struct tally *t, char out[21])
{
    static const char prefix[] = "cardea:l:";
    memcpy(out, prefix, sizeof prefix);
    base64url_format(MEM(&t->key, sizeof t->key), out + sizeof prefix - 1);
}

static void put_tally(struct script *s, const struct tally *t, enum redis_move move)
{
    char key[21], span[24];
    write_key(t, key);
    int n = snprintf(span, sizeof span, "%lld", (long long)t->span);
    put(s, "*6\r\n$3\r\nSET\r\n$20\r\n%s\r\n$1\r\n0\r\n$2\r\nPX\r\n$%d\r\n%s\r\n$2\r\nNX\r\n", key,
        n, span);
    put(s, "*2\r\n$4\r\n%s\r\n$20\r\n%s\r\n", move == REDIS_TAKE ? "INCR" : "DECR", key);
    put(s, "*2\r\n$4\r\nPTTL\r\n$20\r\n%s\r\n", key);
}

/* Three answers a tally: that of SET (a status, or nil when the key was there), the count, and what
   is left of the window. */
static bool read_counts(const redisReply *all, struct tally *tallies, size_t n, char why[REDIS_WHY])
{
    if (all->type == REDIS_REPLY_ERROR)
        return fail_with_error(why, all);
    if (all->type != REDIS_REPLY_ARRAY || all->elements != 3 * n)
        return fail(why, "it answers something else");
    for (size_t i = 0; i < all->elements; i++) {
        const redisReply *one = all->element[i];
        if (one->type == REDIS_REPLY_ERROR)
            return fail_with_error(why, one);
        if (i % 3 && one->type != REDIS_REPLY_INTEGER)
            return fail(why, "it answers something else");
    }
    for (size_t i = 0; i < n; i++) {
        int64_t left = all->element[3 * i + 2]->integer;
        tallies[i].used = all->element[3 * i + 1]->integer;
        tallies[i].resets_in = left >= 0 && left <= tallies[i].span ? left : tallies[i].span;
    }
    return true;
}

bool redis_count(struct redis_link *link, struct tally *tallies, size_t n, enum redis_move move,
                 char why[REDIS_WHY])
{
    redisContext *c = context_of(link);
    struct script s;
    s.n = 0;
    if (n > TALLIES_MAX)
        return fail(why, "too many tallies");
    put(&s, "*1\r\n$5\r\nMULTI\r\n");
    for (size_t i = 0; i < n; i++)
        put_tally(&s, &tallies[i], move);
    put(&s, "*1\r\n$4\r\nEXEC\r\n");
    if (hi.redisAppendFormattedCommand(c, s.text, s.n) != REDIS_OK)
        return fail(why, "no memory");
    int64_t until = deadline(ANSWER_TIME_MS);
    if (!send_all(c, why))
        return false;
    for (size_t i = 0; i < 1 + 3 * n; i++)
        if (!expect_status(c, until, why))
            return false;
    redisReply *all = read_reply(c, until, why);
    bool is_good = all && read_counts(all, tallies, n, why);
    if (all)
        hi.freeReplyObject(all);
    return is_good;
}
