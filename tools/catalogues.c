/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the message catalogues as a C file of tables that are ready to use, for
 * src/service/catalogue.h: nothing is parsed, sorted or copied when the server starts, and a
 * language nobody reads is never read from disk either. Keys stand once, for all languages. A
 * catalogue that is malformed ends the build.
 *
 *     catalogues ui/locales/de.json ui/locales/en.json >catalogues.c
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LANGUAGES_MAX = 64, KEYS_MAX = 16384, TAG_MAX = 35 };

struct language {
    char tag[TAG_MAX + 1];
    json_t *texts;
};

static struct language languages[LANGUAGES_MAX];
static const char *keys[KEYS_MAX];
static size_t key_count;

_Noreturn static void refuse(const char *path, const char *why)
{
    (void)fprintf(stderr, "%s: %s\n", path, why);
    exit(1);
}

/* "de" of "ui/locales/de.json". */
static void read_tag(const char *path, char *ret)
{
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    const char *dot = strstr(name, ".json");
    size_t n = dot ? (size_t)(dot - name) : 0;
    if (n < 2 || n > TAG_MAX)
        refuse(path, "the name is not a language tag");
    memcpy(ret, name, n);
    ret[n] = 0;
}

static void read_language(const char *path, struct language *ret)
{
    json_error_t error;
    const char *key;
    json_t *text;
    read_tag(path, ret->tag);
    ret->texts = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!ret->texts)
        refuse(path, error.text);
    if (!json_is_object(ret->texts))
        refuse(path, "not an object");
    json_object_foreach (ret->texts, key, text) {
        if (!json_is_string(text))
            refuse(path, key);
        if (key_count == KEYS_MAX)
            refuse(path, "too many keys");
        keys[key_count++] = key;
    }
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_keys(void)
{
    size_t n = 0;
    qsort(keys, key_count, sizeof *keys, compare);
    for (size_t i = 0; i < key_count; i++)
        if (!n || strcmp(keys[n - 1], keys[i]) != 0)
            keys[n++] = keys[i];
    key_count = n;
}

/* A C string literal with its NUL; octal, because three digits end an escape and hex never does. */
static void print_literal(const char *text)
{
    (void)putchar('"');
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p < 0x20 || *p > 0x7e || strchr("\"\\?", *p))
            printf("\\%03o", *p);
        else
            (void)putchar(*p);
    }
    printf("\\0\"\n");
}

/* Texts one behind the other, and where each begins; 0, where a NUL stands, is "not there". */
static void print_texts(const char *name, const char *const *texts, size_t count)
{
    size_t at = 1;
    printf("static const char %s_pool[] = \"\\0\"\n", name);
    for (size_t i = 0; i < count; i++)
        if (texts[i])
            print_literal(texts[i]);
    printf(";\nstatic const uint32_t %s_at[] = {", name);
    for (size_t i = 0; i < count; i++) {
        printf("%s%zu,", i % 16 ? "" : "\n", texts[i] ? at : 0);
        at += texts[i] ? strlen(texts[i]) + 1 : 0;
    }
    printf("0};\n\n");
}

int main(int argc, char **argv)
{
    static const char *texts[KEYS_MAX];
    size_t count = (size_t)argc - 1;
    if (count > LANGUAGES_MAX)
        refuse(argv[0], "too many languages");
    for (size_t i = 0; i < count; i++)
        read_language(argv[i + 1], &languages[i]);
    sort_keys();
    printf("/* Made by tools/catalogues from ui/locales. */\n#include \"service/catalogue.h\"\n\n");
    print_texts("key", keys, key_count);
    for (size_t i = 0; i < count; i++) {
        char name[32];
        for (size_t k = 0; k < key_count; k++)
            texts[k] = json_string_value(json_object_get(languages[i].texts, keys[k]));
        (void)snprintf(name, sizeof name, "language_%zu", i);
        print_texts(name, texts, key_count);
    }
    printf("const struct catalogue_keys catalogue_keys = { key_pool, key_at, %zu };\n", key_count);
    printf("const struct catalogue catalogue_list[] = {\n");
    for (size_t i = 0; i < count; i++)
        printf("{ \"%s\", language_%zu_pool, language_%zu_at },\n", languages[i].tag, i, i);
    printf("};\nconst size_t catalogue_count = %zu;\n", count);
    return 0;
}
