/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping out whoever goes on misbehaving, without shutting a crowd out for one of them. A range is
 * spared when a rule of the settings or of staff's says anything about it, when it is one of
 * TRUSTED_PROXIES or no public address (then everybody may be behind it), and when somebody has
 * been signed in from its network for an hour: a company, a school or a phone network behind one
 * address is not blocked because of one bot in it; captchas and limits go on there. See
 * docs/decisions/0044-address-rules.md.
 */
#pragma once

#include "service/job.h"

/* For a poller: blocks the ranges that crossed the line since the last time. */
enum err address_block_due(struct job *job);
