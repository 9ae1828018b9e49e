/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing in by a mailed link, as its tests do it: by API and by page.
 */
#pragma once

#include "attack.h"

/* Asks for a link; opens one and presses its button by API. */
struct reply *ask_link(struct client *c, const char *email);
struct reply *enter_link(struct client *c, const char *token);

/* Asks from c and gives the token that was mailed. */
const char *link_for(struct client *c, const char *email);

/* By page: the form, and the page behind the link. */
struct reply *ask_link_page(struct client *c, const char *email);
struct reply *open_link(struct client *c, const char *token);
