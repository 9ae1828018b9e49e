/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedded message catalogues, made from ui/locales by tools/catalogues: constant tables that
 * only locale.c reads. Texts are found by offset, so nothing is relocated or copied when the server
 * starts, and the pages of a language that nobody reads never get into memory.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* All keys of all languages, sorted. */
struct catalogue_keys {
    const char *pool;
    const uint32_t *at; /* where in pool the key of each number begins */
    size_t count;
};

struct catalogue {
    const char *tag; /* "de" */
    const char *pool;
    const uint32_t *at; /* where in pool the text of each key begins; 0: this language has none */
};

extern const struct catalogue_keys catalogue_keys;
extern const struct catalogue catalogue_list[]; /* by tag */
extern const size_t catalogue_count;
