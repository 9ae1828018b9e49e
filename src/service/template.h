/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates for pages and mails, a small strict dialect of Mustache, parsed once:
 *   {{name}}            a value, escaped for HTML (in .txt templates: as it is)
 *   {{{name}}}          a value as it is: only for markup made by our own code
 *   {{#name}}..{{/name}}  once per item of a list, or once when a text is present or a flag is set
 *   {{^name}}..{{/name}}  when absent, empty or unset
 *   {{> part}}          another template of the same folder
 *   {{t key}}           a translated text; its {placeholders} are values, escaped likewise
 *   {{date name}}       a time (RFC 3339, UTC) as people of that language write it, by the clocks
 * of the zone that the value time_zone names; in HTML as a <time> element, which static/dates.js
 * turns into the browser's time zone; of "2026-11-21" only the day
 *   {{! comment}}
 * Names are looked up in the innermost scope first. An unknown name renders nothing. A tag that
 * puts out nothing itself takes its line with it when it is alone there.
 *
 * Escaping & < > " ' is right only in text and in quoted attributes, so a value anywhere else in an
 * HTML template (script, style, event handler, bare attribute, tag name) is an error; at the start
 * of a URL attribute a value whose scheme is not http, https or mailto renders as "#".
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "service/locale.h"

#include <stdbool.h>

/* --- values --- */
struct vars;
struct vars *vars_new(struct arena *arena);
void vars_text(struct vars *vars, const char *name,
               const char *value); /* NULL: absent. Not copied. Setting again replaces. */
void vars_num(struct vars *vars, const char *name, int64_t value);
void vars_flag(struct vars *vars, const char *name, bool value);
struct vars *vars_item(struct vars *vars, const char *list); /* a new scope at the end of a list */
const char *vars_get(const struct vars *vars, const char *name); /* a text, NULL when absent */

/* --- templates --- */
/* Takes the embedded templates ("pages/login.html", "mails/reset.txt" ...), overridden by files in
 * dir. When there are any, all templates are parsed at once: E_INVALID, logged with file and line.
 */
enum err template_open(const char *dir);
/* Parses now what has not been needed yet: for tests. */
enum err template_prepare_all(void);
void template_close(void);

bool template_exists(const char *name);

/* Renders by name ("pages/login.html"). E_NOT_FOUND when there is no such template; E_FAULT when
 * out overflowed. */
enum err template_render(const char *name, const struct locale *locale, const struct vars *vars,
                         struct buf *out);

/* A catalogue text with its placeholders filled from vars, not escaped: mail subjects, JSON
 * details. */
char *template_format(struct arena *arena, const struct locale *locale, const char *key,
                      const struct vars *vars);
