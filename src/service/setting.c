/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings: see setting.h. A value, once published, is never changed or freed: readers hold no
 * lock, and a reload only swaps pointers. The same text is kept once, so that reloading an
 * unchanged file takes no memory.
 */
#include "service/setting.h"

#include "base/log.h"
#include "base/text.h"
#include "service/setting_parts.h"

#include <assert.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { NONE = 0, SECRET = SETTING_IS_SECRET, LIVE = SETTING_IS_LIVE };

const struct setting_spec setting_specs[SETTING_COUNT] = {
#define SETTING(name, kind, initial, flags, help) \
    { #name, SETTING_IS_##kind, initial, flags, help },
#include "service/setting_list.h"
#undef SETTING
};

/* Everything ever published: what readers may still hold. */
struct kept {
    struct setting_value value;
    enum setting setting;
    struct kept *next;
};

static struct kept *kept_first;
static _Atomic(const struct setting_value *) published[SETTING_COUNT];
static pthread_mutex_t publishing = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t defaults_once = PTHREAD_ONCE_INIT;
static bool development;
static char *config_path;

void setting_problem(struct setting_problems *problems, const char *format, ...)
{
    char line[512];
    va_list args;
    if (++problems->count > SETTING_PROBLEMS_MAX)
        return;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    buf_format(&problems->text, "%s%s", problems->count > 1 ? "\n" : "", line);
}

static char *keep_text(const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        abort();
    return copy;
}

/* The lasting copy of a value. */
static const struct setting_value *keep(enum setting s, const struct setting_value *value)
{
    for (struct kept *k = kept_first; k; k = k->next)
        if (k->setting == s && k->value.source == value->source &&
            text_equal(k->value.text, value->text))
            return &k->value;
    struct kept *k = malloc(sizeof *k);
    if (!k)
        abort();
    *k = (struct kept){ *value, s, kept_first };
    k->value.text = keep_text(value->text);
    k->value.origin = keep_text(value->origin);
    k->value.host = keep_text(value->host);
    kept_first = k;
    return &k->value;
}

static void publish(enum setting s, const struct setting_value *value)
{
    pthread_mutex_lock(&publishing);
    atomic_store(&published[s], keep(s, value));
    pthread_mutex_unlock(&publishing);
}

/* Before setting_open (in tests, in tools) every setting has its default. */
static void publish_defaults(void)
{
    struct arena arena;
    const char *why;
    arena_init(&arena, 1 << 20);
    for (enum setting s = 0; s < SETTING_COUNT; s++) {
        struct setting_value value;
        bool good = setting_parse(&arena, s, setting_specs[s].initial, &value, &why);
        assert(good);
        if (good && !atomic_load(&published[s]))
            publish(s, &value);
    }
    arena_done(&arena);
}

const struct setting_value *setting_value(enum setting s)
{
    assert(s < SETTING_COUNT);
    const struct setting_value *value = atomic_load(&published[s]);
    if (value)
        return value;
    pthread_once(&defaults_once, publish_defaults);
    return atomic_load(&published[s]);
}

/* Who only moves LISTEN to another port of this machine means that port: with the default's, links
   would lead elsewhere and every form would come from a strange origin. */
static void follow_listen(struct arena *arena, struct setting_given *given)
{
    static const char *const ours[] = { "localhost:", "127.0.0.1:", "[::1]:",
                                        ":",          "0.0.0.0:",   "[::]:" };
    const char *listen = given[SETTING_LISTEN].text;
    bool is_tls = *given[SETTING_TLS_CERT_FILE].text;
    if (*given[SETTING_PUBLIC_URL].text)
        return;
    for (size_t i = 0; i < COUNT(ours); i++) {
        const char *port = listen + strlen(ours[i]);
        size_t n = text_starts(listen, ours[i]) ? strspn(port, "0123456789") : 0;
        if (!n || *port == '0' || !strchr(", ", port[n]))
            continue;
        given[SETTING_PUBLIC_URL].text =
            text_format(arena, "%s://localhost:%.*s", is_tls ? "https" : "http", (int)n, port);
        given[SETTING_PUBLIC_URL].where = "by LISTEN";
    }
}

/* Reads and checks everything into values[SETTING_COUNT]. */
static enum err read_all(struct arena *arena, struct setting_value *values, const char **ret_why)
{
    struct setting_given given[SETTING_COUNT];
    struct setting_problems problems = { 0 };
    const char *why;
    buf_init(&problems.text, arena, SETTING_PROBLEMS_MAX * 600);
    setting_gather(arena, config_path, given, &problems);
    if (setting_is_ephemeral())
        setting_pin_fixture(given);
    follow_listen(arena, given);
    for (enum setting s = 0; s < SETTING_COUNT; s++) {
        const char *text = *given[s].text ? given[s].text : setting_specs[s].initial;
        bool good = setting_parse(arena, s, text, &values[s], &why);
        values[s].source = given[s].source;
        if (!good)
            setting_problem(&problems, "%s (%s): %s", setting_specs[s].name, given[s].where, why);
    }
    if (!problems.count)
        setting_check_together(values, &problems);
    if (problems.count > SETTING_PROBLEMS_MAX)
        buf_format(&problems.text, "\nand %d more", problems.count - SETTING_PROBLEMS_MAX);
    *ret_why = problems.text.p;
    return problems.count ? E_INVALID : OK;
}

enum err setting_open(const char *path, bool is_development, struct arena *arena,
                      const char **ret_why)
{
    struct setting_value values[SETTING_COUNT];
    development = is_development;
    free(config_path);
    config_path = keep_text(path);
    TRY(read_all(arena, values, ret_why));
    for (enum setting s = 0; s < SETTING_COUNT; s++)
        publish(s, &values[s]);
    return OK;
}

enum err setting_reload(struct arena *arena, const char **ret_why)
{
    struct setting_value values[SETTING_COUNT];
    TRY(read_all(arena, values, ret_why));
    for (enum setting s = 0; s < SETTING_COUNT; s++) {
        if (text_equal(values[s].text, setting_value(s)->text))
            continue;
        bool live = setting_specs[s].flags & SETTING_IS_LIVE;
        LOG(live ? LOG_INFO : LOG_WARN, live ? "setting.changed" : "setting.needs_restart",
            LOG_TEXT("name", setting_specs[s].name));
        if (live)
            publish(s, &values[s]);
    }
    return OK;
}

enum err setting_override(enum setting s, const char *text)
{
    struct arena arena;
    struct setting_value value;
    const char *why;
    arena_init(&arena, 1 << 20);
    bool good = setting_parse(&arena, s, text ? text : setting_specs[s].initial, &value, &why);
    if (good) {
        value.source = text ? SETTING_FROM_ENVIRONMENT : SETTING_FROM_DEFAULT;
        publish(s, &value);
    }
    arena_done(&arena);
    return good ? OK : E_INVALID;
}

const char *setting_text(enum setting s)
{
    return setting_value(s)->text;
}

int64_t setting_num(enum setting s)
{
    assert(setting_specs[s].kind == SETTING_IS_NUM);
    return setting_value(s)->num;
}

int64_t setting_span(enum setting s)
{
    assert(setting_specs[s].kind == SETTING_IS_SPAN);
    return setting_value(s)->num;
}

bool setting_flag(enum setting s)
{
    assert(setting_specs[s].kind == SETTING_IS_FLAG);
    return setting_value(s)->num;
}

bool setting_is_development(void)
{
    return development;
}

bool setting_is_loopback(void)
{
    return setting_value(SETTING_PUBLIC_URL)->is_loopback;
}

bool setting_is_secure(void)
{
    return setting_value(SETTING_PUBLIC_URL)->is_secure;
}

const char *setting_public_host(void)
{
    return setting_value(SETTING_PUBLIC_URL)->host;
}

const char *setting_public_origin(void)
{
    return setting_value(SETTING_PUBLIC_URL)->origin;
}
