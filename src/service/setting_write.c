/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings as operators see them: the commented example, what is in force now (secrets masked), and
 * the reference. All come from the one list.
 */
#include "base/json.h"
#include "base/text.h"
#include "service/setting_parts.h"

#include <string.h>

enum { WIDTH = 96 };

static const char *const kind_names[] = { "text", "number", "true or false", "span", "URL" };
static const char *const source_names[] = { "default", "file", "environment" };

/* A paragraph as comment lines of at most WIDTH characters. */
static void put_comment(struct buf *out, const char *text)
{
    size_t column = 0;
    while (*text) {
        size_t n = strcspn(text, " ");
        if (column && column + 1 + n > WIDTH) {
            buf_char(out, '\n');
            column = 0;
        }
        buf_text(out, column ? " " : "# ");
        buf_add(out, text, n);
        column += n + (column ? 1 : 2);
        text += n + strspn(text + n, " ");
    }
    buf_char(out, '\n');
}

void setting_write_example(struct buf *out)
{
    put_comment(out, "Settings of Cardea. Lines that begin with # show the defaults: take the # "
                     "away to change one. Variables of the environment with the same names go "
                     "first. `cardea config check` tells whether all is well.");
    for (enum setting s = 0; s < SETTING_COUNT; s++) {
        const struct setting_spec *spec = &setting_specs[s];
        buf_char(out, '\n');
        put_comment(out, spec->help);
        if (spec->flags & SETTING_IS_SECRET)
            buf_format(out, "# (secret: better give %s_FILE, the name of a file that holds it)\n",
                       spec->name);
        buf_format(out, "# %s =%s%s\n", spec->name, *spec->initial ? " " : "", spec->initial);
    }
}

/* What may be shown: no secret, and no password inside a URL. */
static const char *masked(struct arena *arena, enum setting s)
{
    const char *text = setting_text(s);
    if (setting_specs[s].flags & SETTING_IS_SECRET)
        return *text ? "********" : "";
    const char *user = strstr(text, "://"), *at = user ? strrchr(user, '@') : NULL;
    const char *colon = at ? memchr(user + 3, ':', (size_t)(at - user - 3)) : NULL;
    const char *query = strstr(text, "password=");
    if (query)
        return text_format(arena, "%.*s********", (int)(query + 9 - text), text);
    if (!colon)
        return text;
    return text_format(arena, "%.*s********%s", (int)(colon + 1 - text), text, at);
}

static void write_json(struct buf *out)
{
    struct json_writer j;
    json_write(&j, out);
    json_begin_object(&j, NULL);
    for (enum setting s = 0; s < SETTING_COUNT; s++) {
        json_begin_object(&j, setting_specs[s].name);
        json_put_text(&j, "value", masked(out->arena, s));
        json_put_text(&j, "source", source_names[setting_value(s)->source]);
        json_end(&j);
    }
    json_end(&j);
    buf_char(out, '\n');
}

void setting_write_current(struct buf *out, bool json)
{
    if (json) {
        write_json(out);
        return;
    }
    for (enum setting s = 0; s < SETTING_COUNT; s++)
        buf_format(out, "%s%s = %s\n", setting_value(s)->source ? "" : "# ", setting_specs[s].name,
                   masked(out->arena, s));
}

void setting_write_reference(struct buf *out)
{
    buf_text(out, "# Settings\n\nWritten by `make docs` from `src/service/setting_list.h`. "
                  "Environment first, then `cardea.conf`, then the default. *Live* ones are "
                  "re-read on SIGHUP. Secrets may be given as `NAME_FILE`, the name of a file.\n\n"
                  "| name | kind | default | | meaning |\n|---|---|---|---|---|\n");
    for (enum setting s = 0; s < SETTING_COUNT; s++) {
        const struct setting_spec *spec = &setting_specs[s];
        bool secret = spec->flags & SETTING_IS_SECRET, live = spec->flags & SETTING_IS_LIVE;
        const char *tick = *spec->initial ? "`" : "";
        buf_format(out, "| `%s` | %s | %s%s%s | %s%s%s | %s |\n", spec->name,
                   kind_names[spec->kind], tick, spec->initial, tick, secret ? "secret" : "",
                   secret && live ? ", " : "", live ? "live" : "", spec->help);
    }
}
