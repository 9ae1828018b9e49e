/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the files of the outbox only.
 */
#pragma once

#include "service/outbox.h"

#include <stdbool.h>

/* False when no way to send is configured, or the mail server was out of reach a moment ago: mails
 * wait, untried. */
bool outbox_can_send(void);

/* Hands a mail over. OK, E_BUSY or E_INVALID; *ret_why (in the arena) is for an operator. */
enum err outbox_hand_over(struct arena *arena, const struct outbox_message *message,
                          const char **ret_why);

/* Nothing more to send for now: lets go of what is kept between two mails. */
void outbox_rest(void);

/* Puts a mail into the list of development mode. */
void outbox_dev_add(const struct outbox_message *message);

/* Fills in subject, text, html and message_id from templates. vars is the JSON object of
 * outbox_add. */
enum err outbox_render(struct arena *arena, struct mem vars, const char *locale,
                       struct outbox_message *message);

/* Our host in envelopes and Message-IDs: that of PUBLIC_URL, "localhost" for a bare IPv6 address.
 */
const char *outbox_host(void);
