/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Message catalogues: see locale.h. The embedded ones are tables of the binary (catalogue.h), so
 * opening them costs nothing; what an operator's folder says stands beside them, in sorted arrays.
 * Nothing changes afterwards, so any number of threads may look texts up.
 */
#include "service/locale.h"

#include "base/hash.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "service/catalogue.h"
#include "service/folder.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOCALES_MAX = 64,
    TAG_MAX = 35, /* RFC 5646 4.4.1 */
    CATALOGUE_MAX = 256 * 1024,
    ALL_MAX = 64 << 20,
    RANGES_MAX = 32, /* of Accept-Language */
    REPORTS_MAX = 64
};

struct entry {
    const char *key, *text;
};

struct locale {
    const char *tag;
    const struct catalogue *embedded; /* NULL for a language of the folder only */
    struct entry *entries;            /* of the folder, sorted by key */
    size_t count;
};

static struct arena arena;
static struct locale list[LOCALES_MAX];
static size_t count;
static const struct locale *english;

/* Keys reported as missing, so that each is reported once. */
static pthread_mutex_t report_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t reported[REPORTS_MAX];
static size_t report_count;

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->key, ((const struct entry *)b)->key);
}

static int compare_key(const void *key, const void *at)
{
    return strcmp(key, catalogue_keys.pool + *(const uint32_t *)at);
}

static const char *find_embedded(const struct catalogue *catalogue, const char *key)
{
    const struct catalogue_keys *keys = &catalogue_keys;
    const uint32_t *at = bsearch(key, keys->at, keys->count, sizeof *at, compare_key);
    uint32_t text = at ? catalogue->at[at - keys->at] : 0;
    return text ? catalogue->pool + text : NULL;
}

static const char *find_text(const struct locale *locale, const char *key)
{
    const struct entry wanted = { key, NULL };
    const struct entry *entry =
        locale && locale->count
            ? bsearch(&wanted, locale->entries, locale->count, sizeof wanted, compare)
            : NULL;
    if (entry)
        return entry->text;
    return locale && locale->embedded ? find_embedded(locale->embedded, key) : NULL;
}

static enum err refuse(const char *file, const char *why)
{
    LOG(LOG_ERROR, "locale.invalid", LOG_TEXT("file", file), LOG_TEXT("why", why));
    return E_INVALID;
}

/* Texts of a file replace those of the embedded catalogue, key by key. */
static enum err take(struct locale *locale, const char *file, const struct json_value *texts)
{
    struct entry *entries = arena_array(&arena, texts->count, sizeof *entries);
    if (locale->entries)
        return refuse(file, "another file is of the same language");
    for (size_t i = 0; i < texts->count; i++) {
        const struct json_value *text = &texts->items[i];
        if (text->kind != JSON_IS_TEXT)
            return refuse(file, text_format(&arena, "%s is not a text", text->key));
        entries[i] = (struct entry){ text_copy(&arena, mem_text(text->key)),
                                     text_copy(&arena, mem_text(text->text)) };
    }
    if (texts->count)
        qsort(entries, texts->count, sizeof *entries, compare);
    locale->entries = entries;
    locale->count = texts->count;
    return OK;
}

static struct locale *find_exact(const char *tag)
{
    for (size_t i = 0; i < count; i++)
        if (text_equal_ascii_case(list[i].tag, tag))
            return &list[i];
    return NULL;
}

static bool is_tag(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(i && ((c >= '0' && c <= '9') || c == '-')))
            return false;
    }
    return n >= 2 && n <= TAG_MAX;
}

/* The language with a tag, new when there is none yet. */
static enum err find_or_add(const char *file, const char *tag, struct locale **ret)
{
    *ret = find_exact(tag);
    if (*ret)
        return OK;
    if (count == LOCALES_MAX)
        return refuse(file, "too many languages");
    *ret = &list[count++];
    **ret = (struct locale){ .tag = tag };
    return OK;
}

static enum err read_texts(struct arena *scratch, const char *file, const char *tag,
                           struct mem content)
{
    const char *why = NULL;
    struct json_value texts;
    struct locale *locale;
    if (json_read(scratch, content, &texts, &why) != OK)
        return refuse(file, why);
    if (texts.kind != JSON_IS_OBJECT)
        return refuse(file, "not an object");
    TRY(find_or_add(file, tag, &locale));
    return take(locale, file, &texts);
}

/* file is "locales/de.json". What the reader needs on the way is given back. */
static enum err add(const char *file, struct mem content, void *)
{
    struct arena scratch;
    const char *name = file + strlen("locales/");
    if (!text_ends(file, ".json"))
        return OK;
    size_t n = strlen(name) - strlen(".json");
    if (!is_tag(name, n))
        return refuse(file, "the name is not a language tag");
    arena_init(&scratch, ALL_MAX);
    enum err e = read_texts(&scratch, file, text_copy(&arena, MEM(name, n)), content);
    arena_done(&scratch);
    return e;
}

static enum err open_all(const char *dir)
{
    const struct folder_use use = { add, NULL };
    for (size_t i = 0; i < catalogue_count && count < LOCALES_MAX; i++)
        list[count++] =
            (struct locale){ .tag = catalogue_list[i].tag, .embedded = &catalogue_list[i] };
    if (!text_is_empty(dir))
        TRY(folder_each(&arena, dir, "locales", CATALOGUE_MAX, &use));
    english = find_exact("en");
    return english ? OK : refuse("locales/en.json", "there must be an English catalogue");
}

enum err locale_open(const char *dir)
{
    locale_close();
    arena_init(&arena, ALL_MAX);
    enum err e = open_all(dir);
    if (e)
        locale_close();
    return e;
}

void locale_close(void)
{
    arena_done(&arena);
    count = 0;
    report_count = 0;
    english = NULL;
}

size_t locale_count(void)
{
    return count;
}

const struct locale *locale_nth(size_t i)
{
    return i < count ? &list[i] : NULL;
}

/* RFC 4647 3.4: subtags are taken off from the end until something fits. */
const struct locale *locale_find(const char *tag)
{
    char rest[TAG_MAX + 1];
    size_t n = tag ? strlen(tag) : 0;
    if (!n || n > TAG_MAX)
        return NULL;
    memcpy(rest, tag, n + 1);
    for (;;) {
        const struct locale *locale = find_exact(rest);
        char *dash = strrchr(rest, '-');
        if (locale || !dash)
            return locale;
        *dash = 0;
    }
}

/* "0.8" in thousandths, 1000 when there is none, 0 when malformed (RFC 9110 12.4.2). */
static int weight(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    if (p == end)
        return 1000;
    if (end - p < 3 || (*p != 'q' && *p != 'Q') || p[1] != '=' || (p[2] != '0' && p[2] != '1'))
        return 0;
    int value = (p[2] - '0') * 1000, unit = 100;
    p += 3;
    if (p < end && *p++ != '.')
        return 0;
    for (; p < end && *p >= '0' && *p <= '9'; p++, unit /= 10)
        value += (*p - '0') * unit;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p < end || value > 1000 ? 0 : value;
}

/* One element of Accept-Language: its language when we speak it, and how much it is wanted. */
static const struct locale *read_range(const char *p, const char *end, int *ret_weight)
{
    char tag[TAG_MAX + 1];
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    const char *semicolon = p;
    while (semicolon < end && *semicolon != ';')
        semicolon++;
    const char *stop = semicolon;
    while (stop > p && (stop[-1] == ' ' || stop[-1] == '\t'))
        stop--;
    size_t n = (size_t)(stop - p);
    if (!is_tag(p, n))
        return NULL;
    memcpy(tag, p, n);
    tag[n] = 0;
    *ret_weight = weight(semicolon < end ? semicolon + 1 : end, end);
    return locale_find(tag);
}

static const struct locale *accept(const char *header)
{
    const struct locale *best = NULL;
    int best_weight = 0;
    for (int i = 0; header && *header && i < RANGES_MAX; i++) {
        const char *end = strchrnul(header, ',');
        int wanted = 0;
        const struct locale *locale = read_range(header, end, &wanted);
        if (locale && wanted > best_weight) {
            best = locale;
            best_weight = wanted;
        }
        header = *end ? end + 1 : end;
    }
    return best;
}

const struct locale *locale_choose(const char *tag, const char *accept_language,
                                   const char *fallback)
{
    const struct locale *locale = locale_find(tag);
    if (!locale)
        locale = accept(accept_language);
    if (!locale)
        locale = locale_find(fallback);
    return locale ? locale : english;
}

const char *locale_tag(const struct locale *locale)
{
    return locale->tag;
}

const char *locale_name(const struct locale *locale)
{
    assert(locale);
    const char *name = find_text(locale, "language.name");
    return name ? name : locale->tag;
}

bool locale_is_rtl(const struct locale *locale)
{
    return text_equal(find_text(locale, "language.direction"), "rtl");
}

static bool is_new_report(const char *key)
{
    uint64_t hash = hash_keyed(mem_text(key));
    bool known = false;
    pthread_mutex_lock(&report_lock);
    for (size_t i = 0; i < report_count && !known; i++)
        known = reported[i] == hash;
    if (!known && report_count < REPORTS_MAX)
        reported[report_count++] = hash;
    else
        known = true;
    pthread_mutex_unlock(&report_lock);
    return !known;
}

const char *locale_text(const struct locale *locale, const char *key)
{
    const char *text = find_text(locale, key);
    if (!text && locale != english)
        text = find_text(english, key);
    if (!text && is_new_report(key))
        LOG(LOG_WARN, "locale.missing", LOG_TEXT("key", key));
    return text ? text : key;
}
