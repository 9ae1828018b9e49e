/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON schemas from the lines in the route table that say what a door gives:
 *
 *     {"data":[{"id","expires_at","status":"open|used"}],"next_cursor"}
 *
 * People read the line as it is; programs get a schema for the client they generate. A member is
 * there always, unless a ? follows its name. What it holds stands behind it, or else in
 * member_list.h under its name; "..." is any text, {...} any object; ", or " parts two shapes; "as
 * login" is the shape of another door. Other words are no JSON.
 */
#pragma once

#include "base/json.h"

/* Writes the schema of what a door gives as a member of j; nothing, and false, when the words tell
   of no JSON. */
bool shape_write(struct json_writer *j, const char *key, const char *what);
