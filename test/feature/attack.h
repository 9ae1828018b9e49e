/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests of attack cases share: many at once, somebody who can read or write the store, and the
 * question whether two replies can be told apart.
 */
#pragma once

#include "world.h"

/* Where a world's mail goes: for a test that puts a sender of its own before it. */
struct outbox_message;
enum err world_capture(const struct outbox_message *m, void *);

/* Calls one(arg, i) for each i below count, each on a thread of its own, all set off together. */
void crowd(int count, void (*one)(void *arg, int i), void *arg);

/* Changes rows behind the house's back. sql is a literal. */
void tamper(struct world *w, const char *sql, struct db_values values);

/* One text from the store, NULL when there is none; and an account's column. */
const char *text_from(struct world *w, const char *sql, struct db_values values);
const char *account_id_of(struct world *w, const char *email);
const char *password_of(struct world *w, const char *email);

/* Fails the test, naming it, when two replies differ in status, body, or any header (of Set-Cookie
 * the value may differ). Their requests carried the same X-Request-Id. */
void check_alike(const char *what, const struct reply *a, const struct reply *b);

/* A client whose requests all carry the same X-Request-Id. */
struct client *plain_client(struct world *w);

/* Sent by somebody new at an address; the address of the i-th of many. */
struct reply *post_from(struct world *w, const char *path, const char *body, const char *ip);
const char *nth_address(int i);

/* A link's token used by API. */
struct reply *verify(struct client *c, const char *token);
struct reply *reset(struct client *c, const char *token, const char *password);
struct reply *refresh(struct client *c, const char *token);
/* Asks for a reset link and gives its token. */
const char *reset_token(struct world *w, const char *email);

/* All that somebody finds who stole the store's files (SQLite) or its dump (PostgreSQL). */
struct mem dump_of(struct world *w);
bool dump_has(struct world *w, struct mem dump, struct mem bytes);
