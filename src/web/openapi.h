/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptions made from the route table: OpenAPI 3.1, the /docs page, docs/reference/.
 */
#pragma once

#include "base/buf.h"
#include "service/template.h"

/* The OpenAPI document of all JSON routes. */
void openapi_write(struct buf *out);

/* The values of pages/docs.html. */
void openapi_set_vars(struct arena *arena, struct vars *vars);

/* Markdown for docs/reference: all routes; all problems. */
void reference_write_routes(struct buf *out);
void reference_write_errors(struct buf *out);

/* Plain lines for `cardea routes`. */
void reference_write_lines(struct buf *out);
