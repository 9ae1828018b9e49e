/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that leave the house, by this installation's settings: net/fetch with the policy of
 * OUTBOUND_ALLOW and PUBLIC_URL, counted and logged. What is sent is never logged.
 */
#pragma once

#include "base/buf.h"
#include "net/fetch.h"

/* What may be called: public addresses and those of OUTBOUND_ALLOW, never our own name. any_port
   for URLs that the operator wrote; those of users get port 443. */
void outbound_policy(bool any_port, struct address_policy *ret);

/* fetch() under a policy; purpose is a literal, the label of the metric. */
enum err outbound_fetch(const char *purpose, const struct fetch *what, struct arena *arena,
                        struct fetched *ret);

/* Appends name=value to a form (application/x-www-form-urlencoded), with '&' between. */
void outbound_put_field(struct buf *form, const char *name, const char *value);
#define OUTBOUND_FORM "application/x-www-form-urlencoded"
