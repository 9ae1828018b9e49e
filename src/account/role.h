/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roles, as bits of account.roles. A higher bit is a higher rank.
 */
#pragma once

#include "base/arena.h"
#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>

enum role { ROLE_USER = 1, ROLE_SUPPORT = 2, ROLE_BILLING_ADMIN = 4, ROLE_ADMIN = 8 };

/* "USER", "ADMIN" ... into its bit; false for any other text. */
bool role_parse(const char *name, int64_t *ret_role);

/* "USER,ADMIN" into bits; false when a name is unknown or there is none. */
bool role_parse_list(struct arena *arena, const char *names, int64_t *ret_roles);

/* Writes ["USER","ADMIN"] as member key. */
void role_put(struct json_writer *j, const char *key, int64_t roles);

/* The highest of the roles: who ranks above whom. */
int64_t role_rank(int64_t roles);

/* "USER, ADMIN" for tables and pages. */
char *role_format(struct arena *arena, int64_t roles);
