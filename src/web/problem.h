/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Problems: what an answer says when it is not the wished one (RFC 9457).
 */
#pragma once

#include "base/err.h"

#include <stddef.h>

enum problem {
    PROBLEM_NONE,
#define PROBLEM(symbol, status, code, title) PROBLEM_##symbol,
#include "web/problem_list.h"
#undef PROBLEM
    PROBLEM_COUNT,
};

int problem_status(enum problem p);
const char *problem_code(enum problem p);
const char *problem_title(enum problem p);

/* What the dispatcher says for an answer or fault that a handler passed on. */
enum problem problem_of_err(enum err e);

/* The first problem with a status: for errors below the router. */
enum problem problem_of_status(int status);
