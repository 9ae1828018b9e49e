/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking passwords up elsewhere: see password_range.h. What was found is kept for an hour under a
 * hash with a key of this process, so that memory holds nothing a password can be guessed by.
 */
#include "service/password_range.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "service/metric.h"
#include "service/outbound.h"
#include "service/setting.h"

#include <pthread.h>
#include <string.h>
#include <strings.h>

enum { PREFIX = 5, DIGITS = 2 * SHA1_BYTES, FOUND_MAX = 512 };
#define LOOK_UP_TIMEOUT (2 * SECOND)

static struct found {
    uint64_t key;
    int64_t at; /* 0: empty */
    bool is_listed;
} found[FOUND_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

bool password_range_is_set(void)
{
    return !text_is_empty(setting_text(SETTING_PASSWORD_RANGE_URL));
}

/* --- what was found --- */

static uint64_t key_of(const char *password)
{
    return hash_keyed(mem_text(password));
}

/* One place for each: nobody can aim for another's, since the hash is keyed. */
static bool find(uint64_t key, bool *ret_is_listed)
{
    pthread_mutex_lock(&lock);
    const struct found *place = &found[key % FOUND_MAX];
    int64_t age = clock_now() - place->at;
    bool is_known = place->at && place->key == key && age >= 0 && age < HOUR;
    *ret_is_listed = is_known && place->is_listed;
    pthread_mutex_unlock(&lock);
    return is_known;
}

static void keep(uint64_t key, bool is_listed)
{
    pthread_mutex_lock(&lock);
    found[key % FOUND_MAX] = (struct found){ key, clock_now(), is_listed };
    pthread_mutex_unlock(&lock);
}

void password_range_forget(void)
{
    pthread_mutex_lock(&lock);
    memset(found, 0, sizeof found);
    pthread_mutex_unlock(&lock);
}

/* --- asking --- */

/* A line "SUFFIX:COUNT". Padding has the count 0. */
static bool read_line(const char *line, size_t n, const char *suffix, bool *ret_is_listed)
{
    const size_t digits = DIGITS - PREFIX;
    if (n < digits + 2 || line[digits] != ':' || strspn(line, "0123456789ABCDEFabcdef") != digits ||
        strspn(line + digits + 1, "0123456789") != n - digits - 1)
        return false;
    bool is_padding = strspn(line + digits + 1, "0") == n - digits - 1;
    if (!is_padding && strncasecmp(line, suffix, digits) == 0)
        *ret_is_listed = true;
    return true;
}

/* False when the answer is no range: a single line that is none spoils all. */
static bool read_range(const char *body, const char *suffix, bool *ret_is_listed)
{
    *ret_is_listed = false;
    for (const char *line = body; *line;) {
        size_t n = strcspn(line, "\r\n");
        if (n && !read_line(line, n, suffix, ret_is_listed))
            return false;
        line += n;
        line += strspn(line, "\r\n");
    }
    return *body != 0;
}

static enum err ask(struct arena *arena, const char *digits, struct fetched *ret)
{
    struct address_policy policy;
    const char *url = setting_text(SETTING_PASSWORD_RANGE_URL);
    outbound_policy(true, &policy);
    return outbound_fetch("password_range",
                          &(struct fetch){ .url = text_format(arena, "%s%.*s", url, PREFIX, digits),
                                           .policy = &policy,
                                           .headers = { "Add-Padding: true", "Accept: text/plain" },
                                           .timeout = LOOK_UP_TIMEOUT },
                          arena, ret);
}

/* Published lists write upper-case digits. */
static char *digits_of(struct arena *arena, const char *password)
{
    uint8_t hash[SHA1_BYTES];
    sha1(mem_text(password), hash);
    char *digits = hex_format(arena, MEM(hash, sizeof hash));
    for (char *p = digits; *p; p++)
        if (*p >= 'a')
            *p = (char)(*p - 'a' + 'A');
    return digits;
}

bool password_range_look_up(struct arena *arena, const char *password)
{
    struct fetched got;
    bool is_listed;
    uint64_t key = key_of(password);
    if (find(key, &is_listed))
        return is_listed;
    const char *digits = digits_of(arena, password);
    enum err e = ask(arena, digits, &got);
    bool is_good = e == OK && got.status == 200 &&
                   read_range(text_copy(arena, got.body), digits + PREFIX, &is_listed);
    if (is_good)
        keep(key, is_listed);
    if (e == OK && !is_good)
        LOG(LOG_WARN, "password_range.senseless", LOG_NUM("status", got.status));
    metric_count(METRIC_PASSWORD_RANGE,
                 !is_good    ? "unknown"
                 : is_listed ? "listed"
                             : "not_listed",
                 "");
    return is_good && is_listed;
}
