/* SPDX-License-Identifier: Apache-2.0 */
/*
 * application/x-www-form-urlencoded (WHATWG URL 5.1), for bodies and query strings.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

struct form_field {
    const char *name, *value; /* decoded; valid UTF-8 without NUL */
};

struct form {
    struct form_field *fields;
    size_t count;
};

enum { FORM_FIELDS_MAX = 100 };

/* Parses; E_INVALID for a bad escape, invalid UTF-8, NUL, a repeated name, or too many fields. */
enum err form_parse(struct arena *arena, struct mem bytes, struct form *ret);

/* A value by name, NULL when absent. */
const char *form_find(const struct form *form, const char *name);
