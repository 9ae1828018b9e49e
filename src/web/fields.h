/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns the body or the query into the route's declared fields, and refuses everything else.
 */
#pragma once

#include "web/req.h"

/* Fills in rq->values and rq->nums. Refuses malformed bodies and unknown members (400), other
   content types (415), and values that do not fit (422, one error for each). */
enum err fields_read(struct req *rq);

/* The default bounds of a kind, in bytes (numbers: the range), and its name for docs. */
void fields_bounds(const struct field *f, int64_t *ret_min, int64_t *ret_max);
const char *fields_kind_name(enum field_kind kind);
