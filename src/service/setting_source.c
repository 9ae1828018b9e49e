/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where settings come from: the environment, then the file, then the default. The file is KEY =
 * value lines; # begins a comment line; quotes around a whole value are taken off. NAME_FILE names
 * a file that holds a secret. A name that nobody knows is an error: a misspelt LIMIT must not mean
 * "no limit".
 */
#include "base/log.h"
#include "base/text.h"
#include "service/setting_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_MAX = 256 * 1024 };

extern char **environ;

/* A key of the file or a variable, taken apart. */
struct key {
    enum setting setting; /* SETTING_COUNT: unknown */
    bool is_file;         /* NAME_FILE */
};

enum setting setting_find(const char *name, size_t n)
{
    for (enum setting s = 0; s < SETTING_COUNT; s++)
        if (strlen(setting_specs[s].name) == n && strncmp(setting_specs[s].name, name, n) == 0)
            return s;
    return SETTING_COUNT;
}

const char *setting_nearest(const char *name)
{
    const char *best = NULL;
    size_t least = strlen(name) / 2 + 1;
    for (enum setting s = 0; s < SETTING_COUNT; s++) {
        size_t d = text_distance(name, setting_specs[s].name);
        if (d < least) {
            least = d;
            best = setting_specs[s].name;
        }
    }
    return best;
}

static struct key look_up(const char *name)
{
    size_t n = strlen(name);
    enum setting s = setting_find(name, n);
    if (s != SETTING_COUNT || !text_ends(name, "_FILE"))
        return (struct key){ s, false };
    s = setting_find(name, n - 5);
    bool secret = s != SETTING_COUNT && setting_specs[s].flags & SETTING_IS_SECRET;
    return (struct key){ secret ? s : SETTING_COUNT, true };
}

static void refuse_unknown(struct setting_problems *problems, const char *where, const char *name)
{
    const char *near = setting_nearest(text_starts(name, "CARDEA_") ? name + 7 : name);
    setting_problem(problems, "%s: no setting is called %.64s%s%s%s", where, name,
                    near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

/* The whole file as text; NULL with errno set when it cannot be read (EFBIG: too large; EILSEQ:
 * not UTF-8 or NUL inside). Room is taken by its size, not by the limit: settings live as long as
 * the process. */
static char *read_file(struct arena *arena, const char *path, mode_t *ret_mode)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return NULL;
    bool is_plain = S_ISREG(info.st_mode) && info.st_size < FILE_MAX;
    size_t room = is_plain ? (size_t)info.st_size : FILE_MAX;
    char *text = arena_alloc(arena, room + 2);
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    size_t n = fread(text, 1, room + 1, file);
    int failure = ferror(file) || fstat(fileno(file), &info) != 0 ? EIO : 0;
    (void)fclose(file);
    if (n > room)
        failure = EFBIG;
    else if (!failure && !text_is_utf8(MEM(text, n)))
        failure = EILSEQ;
    errno = failure;
    *ret_mode = info.st_mode;
    return failure ? NULL : text;
}

/* A secret from a file of its own; one newline at its end is not part of it. */
static void take_secret(struct arena *arena, const char *path, struct setting_given *given,
                        struct setting_problems *problems)
{
    mode_t mode;
    char *text = read_file(arena, path, &mode);
    if (!text) {
        setting_problem(problems, "%s: cannot read %s: %s", given->where, path, strerror(errno));
        return;
    }
    if (mode & (S_IRWXG | S_IRWXO))
        LOG(LOG_WARN, "setting.secret_readable", LOG_TEXT("path", path),
            LOG_TEXT("what", "others may read this file: chmod 600"));
    size_t n = strlen(text);
    if (n && text[n - 1] == '\n')
        text[--n] = 0;
    if (n && text[n - 1] == '\r')
        text[--n] = 0;
    given->text = text;
}

static void take(struct arena *arena, struct key key, const char *text, struct setting_given *given,
                 struct setting_problems *problems)
{
    given->text = text;
    if (!key.is_file)
        return;
    given->text = "";
    take_secret(arena, text, given, problems);
}

static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t n = strlen(text);
    while (n && strchr(" \t\r", text[n - 1]))
        text[--n] = 0;
    return text;
}

static char *unquote(char *text)
{
    size_t n = strlen(text);
    if (n < 2 || text[0] != '"' || strchr(text + 1, '"') != text + n - 1)
        return text;
    text[n - 1] = 0;
    return text + 1;
}

static void take_line(struct arena *arena, char *line, const char *where,
                      struct setting_given *given, struct setting_problems *problems)
{
    char *name = trim(line), *equals = strchr(name, '=');
    if (!*name || *name == '#')
        return;
    if (!equals) {
        setting_problem(problems, "%s: not of the form NAME = value", where);
        return;
    }
    *equals = 0;
    name = trim(name);
    struct key key = look_up(name);
    if (key.setting == SETTING_COUNT) {
        refuse_unknown(problems, where, name);
        return;
    }
    struct setting_given *g = &given[key.setting];
    if (g->source == SETTING_FROM_FILE)
        setting_problem(problems, "%s: %s is given twice, first at %s", where, name, g->where);
    g->source = SETTING_FROM_FILE;
    g->where = where;
    take(arena, key, unquote(trim(equals + 1)), g, problems);
}

static void gather_file(struct arena *arena, const char *path, struct setting_given *given,
                        struct setting_problems *problems)
{
    bool required = path != NULL;
    mode_t mode;
    if (!path)
        path = "cardea.conf";
    char *rest = read_file(arena, path, &mode);
    if (!rest && (required || errno != ENOENT))
        setting_problem(problems, "%s: cannot be read: %s", path, strerror(errno));
    for (int number = 1; rest; number++) {
        char *line = strsep(&rest, "\n");
        take_line(arena, line, text_format(arena, "%s line %d", path, number), given, problems);
    }
}

static void gather_variable(struct arena *arena, const char *name, bool is_file,
                            struct setting_given *given, struct setting_problems *problems)
{
    const char *text = getenv(name);
    if (!text || !*text)
        return; /* composed environments pass empty variables for what is not given */
    if (given->source == SETTING_FROM_ENVIRONMENT)
        setting_problem(problems, "environment: %s is given twice, once as a file", name);
    given->source = SETTING_FROM_ENVIRONMENT;
    given->where = "environment";
    take(arena, (struct key){ .is_file = is_file }, text, given, problems);
}

/* Kubernetes tells every container about the services around it, by variables of its own. */
static bool is_from_kubernetes(const char *name)
{
    return strstr(name, "_SERVICE_HOST") || strstr(name, "_SERVICE_PORT") ||
           strstr(name, "_PORT_") || text_ends(name, "_PORT");
}

static void refuse_prefixed(const char *variable, struct setting_problems *problems)
{
    const char *name = variable + strlen("CARDEA_");
    if (text_equal(name, "CONFIG") || is_from_kubernetes(variable))
        return;
    if (text_starts(name, "CONF"))
        setting_problem(problems, "environment: %.64s is not known; did you mean CARDEA_CONFIG?",
                        variable);
    else if (look_up(name).setting != SETTING_COUNT)
        setting_problem(problems, "environment: names have no prefix: %s is called %s", variable,
                        name);
    else if (setting_nearest(name))
        refuse_unknown(problems, "environment", variable);
}

/* One or two letters from a name of ours, or more letters behind it: "SMTP_PORTT", "SMTP_PASSWORD".
   Lengths are looked at first: this runs over the whole environment at every start. */
static bool is_slip(const char *name, size_t n, const char *known)
{
    size_t m = strlen(known), more = n > m ? n - m : m - n;
    if (m >= 8 && n > m && text_starts(name, known))
        return !strchr(name + m, '_');
    return n >= 8 && more <= 2 && *name == *known && text_distance(name, known) <= 2;
}

/* Not an error: it may mean another program. */
static void warn_of_slip(const char *name)
{
    for (enum setting s = 0; s < SETTING_COUNT; s++)
        if (is_slip(name, strlen(name), setting_specs[s].name)) {
            LOG(LOG_WARN, "setting.misspelt", LOG_TEXT("name", name),
                LOG_TEXT("meant", setting_specs[s].name));
            return;
        }
}

/* The environment is full of strangers, but who writes CARDEA_... means us. */
static void refuse_misspelt(struct arena *arena, struct setting_problems *problems)
{
    for (char **variable = environ; *variable; variable++) {
        const char *name = text_copy(arena, MEM(*variable, strcspn(*variable, "=")));
        if (text_starts(name, "CARDEA_"))
            refuse_prefixed(name, problems);
        else if (look_up(name).setting == SETTING_COUNT && !is_from_kubernetes(name))
            warn_of_slip(name);
    }
}

void setting_gather(struct arena *arena, const char *path, struct setting_given *given,
                    struct setting_problems *problems)
{
    for (enum setting s = 0; s < SETTING_COUNT; s++)
        given[s] = (struct setting_given){ "", SETTING_FROM_DEFAULT, "default" };
    const char *named = getenv("CARDEA_CONFIG");
    if (!path && !text_is_empty(named))
        path = named;
    gather_file(arena, path, given, problems);
    for (enum setting s = 0; s < SETTING_COUNT; s++) {
        const char *name = setting_specs[s].name;
        gather_variable(arena, name, false, &given[s], problems);
        if (setting_specs[s].flags & SETTING_IS_SECRET)
            gather_variable(arena, text_format(arena, "%s_FILE", name), true, &given[s], problems);
    }
    refuse_misspelt(arena, problems);
}
