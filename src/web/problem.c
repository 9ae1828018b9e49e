/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Problems: see problem.h.
 */
#include "web/problem.h"

static const struct {
    int status;
    const char *code, *title;
} problems[PROBLEM_COUNT] = {
    [PROBLEM_NONE] = { 500, "internal", "" },
#define PROBLEM(symbol, status, code, title) [PROBLEM_##symbol] = { status, code, title },
#include "web/problem_list.h"
#undef PROBLEM
};

int problem_status(enum problem p)
{
    return problems[p].status;
}

const char *problem_code(enum problem p)
{
    return problems[p].code;
}

const char *problem_title(enum problem p)
{
    return problems[p].title;
}

enum problem problem_of_err(enum err e)
{
    switch (e) {
    case E_INVALID: return PROBLEM_BAD_REQUEST;
    case E_NOT_FOUND: return PROBLEM_NOT_FOUND;
    case E_CONFLICT: return PROBLEM_CONFLICT;
    case E_DENIED: return PROBLEM_FORBIDDEN;
    case E_UNAUTHENTICATED: return PROBLEM_UNAUTHENTICATED;
    case E_LIMITED: return PROBLEM_RATE_LIMITED;
    case E_GONE: return PROBLEM_GONE;
    case E_TOO_LARGE: return PROBLEM_TOO_LARGE;
    case E_BUSY: return PROBLEM_BUSY;
    case OK:
    case E_REFUSED:
    case E_FAULT: break;
    }
    return PROBLEM_INTERNAL;
}

enum problem problem_of_status(int status)
{
    for (int p = PROBLEM_NONE + 1; p < PROBLEM_COUNT; p++)
        if (problems[p].status == status)
            return (enum problem)p;
    return PROBLEM_INTERNAL;
}
