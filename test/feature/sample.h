/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests made from the route table, so that a new route is attacked by every case without being
 * named in any: a sound body for a route, the same with one field replaced, and a print of the
 * store that shows whether anything changed.
 */
#pragma once

#include "web/route.h"
#include "world.h"

/* The path of a route, each {parameter} replaced by value. */
const char *sample_path(const struct route *route, const char *value);

/* A body that the route takes, JSON or a form as it wants; the named field (NULL: none) has value
 * instead. NULL when the route has no fields and is no form. csrf goes into forms unless it is
 * NULL. */
const char *sample_body(const struct route *route, const char *csrf, const char *name,
                        const char *value);

/* The body with one member more. */
const char *sample_body_and(const struct route *route, const char *csrf, const char *name,
                            const char *value);

/* Percent-encodes bytes for a form or a query. */
const char *form_text(const char *value);

/* A text that differs when anything in the store does. */
const char *store_print(struct world *w);

/* Runs SQL as an operator would: never for what a test is about. */
void run_sql(struct world *w, const char *sql);

/* A body is sound problem+json: RFC 9457 members, the status, a code, no internals. */
void check_problem(const struct reply *r, int status, const char *code);
