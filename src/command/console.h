/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every command of the command line leans on: its words and options, the open house, and ways
 * to print. Exit codes: 0 done, 1 it could not be done (said why), 2 the words are off, 3 the
 * settings are.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "db/db.h"

#include <stdbool.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_SETTINGS = 3 };

enum { WORDS_MAX = 8, OPTIONS_MAX = 16 };

struct console {
    struct arena arena;
    const char *words[WORDS_MAX]; /* "user", "create", "ann@example.org" */
    int word_count;
    const char *names[OPTIONS_MAX];  /* "role" */
    const char *values[OPTIONS_MAX]; /* "ADMIN"; "" for an option without a value */
    int option_count;
    bool json;
    struct db *db; /* console_open */
};

/* Takes arguments apart. Options: --name VALUE, or --name=VALUE; --json, --dev, --ephemeral,
 * --help and --yes take no value. False: said why. */
bool console_parse(struct console *c, int argc, char **argv);

/* The n-th word, NULL when there are fewer. An option's value, NULL when it was not given; the i-th
 * of a repeated one. */
const char *console_word(const struct console *c, int n);
const char *console_option(const struct console *c, const char *name);
const char *console_option_nth(const struct console *c, const char *name, int i);

/* Reads the settings; gives EXIT_DONE, or EXIT_SETTINGS or EXIT_USAGE after saying why. */
int console_read_settings(struct console *c);

/* Settings, store, and unless raw its migrations checked, keys, hashing. For work beside a running
 * server. */
int console_open(struct console *c, bool raw);
void console_close(struct console *c);

/* Prints to standard output; complains to standard error with "cardea: " in front and gives
 * EXIT_FAILED. */
void console_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
int console_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
int console_usage(const char *usage);
void console_write(const struct buf *b);

/* A line from standard input, without its end: a password. Asks with a prompt and without echo on a
 * terminal. NULL at the end. */
const char *console_read_secret(struct console *c, const char *prompt);

/* Runs work in one write transaction; said why when it fails. Its answer is passed on. */
enum err console_write_tx(struct console *c, enum err (*work)(struct tx *tx, void *arg), void *arg);
