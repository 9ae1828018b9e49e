/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one result type. An answer (positive) belongs to a function's contract and is handled by its
 * caller or passed to the dispatcher, which knows how to say it. A fault (negative) means that the
 * machine failed: it is logged where it began, by fault(), and passed on unchanged.
 */
#pragma once

enum [[nodiscard]] err{
    OK = 0,

    E_INVALID,         /* input breaks a rule that the caller can mend */
    E_NOT_FOUND,       /* no such thing, or not yours */
    E_CONFLICT,        /* state moved on, or a unique key is taken */
    E_DENIED,          /* known, but not allowed */
    E_UNAUTHENTICATED, /* nobody is signed in, or the credential is not valid */
    E_LIMITED,         /* too often */
    E_GONE,            /* used up or expired */
    E_TOO_LARGE,       /* over a size limit */
    E_BUSY,            /* no capacity now, try again */
    E_REFUSED,         /* web/ only: refuse() has already filled in the problem */

    E_FAULT = -1,
};

/* Passes any answer or fault on to the caller. The only macro that changes control flow. */
#define TRY(call)               \
    do {                        \
        enum err try_ = (call); \
        if (try_)               \
            return try_;        \
    } while (0)

/* Logs a fault at its origin (event "fault", with file and line) and returns E_FAULT. Never pass
 * secrets. */
#define fault(...) fault_at(__FILE__, __LINE__, __VA_ARGS__)
enum err fault_at(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The name of an err, for logs and tests: "OK", "E_NOT_FOUND", ... Never NULL. */
const char *err_name(enum err e);
