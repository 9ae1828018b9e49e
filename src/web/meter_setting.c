/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SETTING_LIMITS, read: entries separated by semicolons, each a door, whom it counts by and one to
 * four figures. An entry that makes no sense refuses the whole setting: a limit that somebody
 * believes to be set and is not would be worse than none.
 */
#include "web/meter_parts.h"

#include "base/text.h"
#include "service/setting.h"

#include <string.h>

#define SPAN_MAX (31 * DAY)
#define COUNT_MAX 1'000'000

/* One entry of the setting as it is read. */
struct entry {
    struct meter *meter;
    struct meter_figure figures[METER_WINDOWS];
};

/* "10/1m" */
static bool read_figure(struct arena *arena, const char *word, struct meter_figure *ret)
{
    const char *slash = strchr(word, '/');
    return slash &&
           text_parse_int(text_copy(arena, MEM(word, (size_t)(slash - word))), 1, COUNT_MAX,
                          &ret->count) &&
           clock_parse_span(slash + 1, &ret->span) && ret->span >= SECOND && ret->span <= SPAN_MAX;
}

static const char *nearest_door(const char *door)
{
    size_t best = 3;
    const char *found = NULL;
    for (size_t i = 0; i < meters_count(); i++)
        if (text_distance(meter_door(meters_nth(i)), door) < best) {
            best = text_distance(meter_door(meters_nth(i)), door);
            found = meter_door(meters_nth(i));
        }
    return found;
}

/* A door's meter by the last word of "second step ip". */
static const char *find_named(struct arena *arena, char *name, struct meter **ret)
{
    char *space = strrchr(name, ' ');
    const char *by = space ? space + 1 : "", *counted = "";
    if (space)
        *space = 0;
    bool is_door = false;
    for (size_t i = 0; i < meters_count(); i++) {
        if (!text_equal(meter_door(meters_nth(i)), name))
            continue;
        is_door = true;
        if (text_equal(meter_by_name(meters_nth(i)), by)) {
            *ret = meters_nth(i);
            return NULL;
        }
        counted = text_format(arena, "%s%s%s", counted, *counted ? " and " : "",
                              meter_by_name(meters_nth(i)));
    }
    if (is_door)
        return text_format(arena, "\"%s\" is counted by %s, not by \"%s\"", name, counted, by);
    const char *near = nearest_door(name);
    return near ? text_format(arena, "there is no door \"%s\"; did you mean \"%s\"?", name, near)
                : text_format(arena, "there is no door \"%s\"; docs/reference/limits.md names them",
                              name);
}

/* "login ip 10/1m 100/1h": figures stand at the end, what is before them is the name. */
static const char *read_entry(struct arena *arena, char *text, struct entry *ret)
{
    struct meter_figure found[METER_WINDOWS];
    size_t n = 0;
    char *space;
    while ((space = strrchr(text, ' ')) && space[1] >= '0' && space[1] <= '9') {
        if (n == METER_WINDOWS)
            return text_format(arena, "\"%s\": at most %d windows", text, METER_WINDOWS);
        if (!read_figure(arena, space + 1, &found[n++]))
            return text_format(arena,
                               "\"%s\" is no figure such as 10/1m: 1 to 1000000 uses, a "
                               "span from 1s to 31d",
                               space + 1);
        *space = 0;
    }
    if (!n)
        return text_format(arena, "\"%s\": must end in figures such as 10/1m", text);
    for (size_t i = 0; i < n; i++)
        ret->figures[i] = found[n - 1 - i];
    return find_named(arena, text, &ret->meter);
}

/* The words of an entry with one space between them. */
static char *tidy(char *text)
{
    char *to = text, *from = text;
    for (; *from; from++)
        if (*from != ' ' || (to > text && to[-1] != ' '))
            *to++ = *from;
    if (to > text && to[-1] == ' ')
        to--;
    *to = 0;
    return text;
}

static const char *read_all(struct arena *arena, const char *text, struct entry *entries,
                            size_t *ret_count)
{
    char *rest = text_copy(arena, mem_text(text)), *one;
    size_t n = 0;
    while ((one = strsep(&rest, ";"))) {
        struct entry entry = { 0 };
        if (!*tidy(one))
            continue;
        const char *why = read_entry(arena, one, &entry);
        if (why)
            return why;
        for (size_t i = 0; i < n; i++)
            if (entries[i].meter == entry.meter)
                return text_format(arena, "\"%s %s\" is given twice", meter_door(entry.meter),
                                   meter_by_name(entry.meter));
        entries[n++] = entry;
    }
    *ret_count = n;
    return NULL;
}

const char *meters_check(struct arena *arena, const char *text)
{
    size_t count;
    return read_all(arena, text, arena_array(arena, METERS_MAX, sizeof(struct entry)), &count);
}

void meters_configure(void)
{
    struct arena arena;
    size_t count = 0;
    arena_init(&arena, 1 << 20);
    struct entry *entries = arena_array(&arena, METERS_MAX, sizeof *entries);
    bool is_good = !read_all(&arena, setting_text(SETTING_LIMITS), entries, &count);
    for (size_t i = 0; i < meters_count(); i++) {
        const struct meter_figure *figures = meter_initial(meters_nth(i));
        for (size_t k = 0; is_good && k < count; k++)
            if (entries[k].meter == meters_nth(i))
                figures = entries[k].figures;
        meter_set(meters_nth(i), figures);
    }
    arena_done(&arena);
}
