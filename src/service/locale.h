/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Message catalogues: ui/locales/<tag>.json, flat objects of key to text; {name} in a text is a
 * placeholder, {name|# hour|# hours} the form that goes with a number (plural.h). English is
 * complete by definition; a key missing elsewhere falls back to it (and fails `make check`).
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct locale;

/* Reads the embedded catalogues, overridden by those in dir/locales (dir NULL or "": none).
 * E_INVALID, logged. */
enum err locale_open(const char *dir);
void locale_close(void);

size_t locale_count(void);
const struct locale *locale_nth(size_t i);
/* By tag ("de"; "de-AT" finds "de"); NULL when there is none. */
const struct locale *locale_find(const char *tag);
/* The first that fits: an account's or cookie's tag, Accept-Language by its weights (RFC
 * 9110 12.5.4), then fallback. Never NULL. */
const struct locale *locale_choose(const char *tag, const char *accept_language,
                                   const char *fallback);

const char *locale_tag(const struct locale *locale);  /* "de" */
const char *locale_name(const struct locale *locale); /* "Deutsch", key "language.name" */
bool locale_is_rtl(const struct locale *locale);

/* The text for a key; the key itself when no catalogue has it (logged once). */
const char *locale_text(const struct locale *locale, const char *key);
