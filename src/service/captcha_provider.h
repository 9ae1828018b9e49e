/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captchas of others: Cloudflare Turnstile, hCaptcha, Google reCAPTCHA. At most one is set; the
 * embedded proof of work needs none of them and takes over while the one that is set cannot be
 * asked. An answer counts once, on our own host, for the action it was made for; whatever the
 * provider says that is not plainly yes is no (RATE-12). docs/decisions/0046-outbound-requests.md.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"

#include <stdbool.h>

enum { CAPTCHA_ANSWER_MAX = 4096 };

bool captcha_provider_is_set(void);

/* The rest only while one is set. */

/* "turnstile", "hcaptcha" or "recaptcha". */
const char *captcha_provider_name(void);
const char *captcha_provider_site_key(void);
/* The script a page loads; nothing is drawn until the page asks for it (render=explicit; reCAPTCHA
   v3, which draws nothing: render=SITE_KEY). */
const char *captcha_provider_script(struct arena *arena);
/* Sources with spaces between, for script-src, frame-src, connect-src and style-src. */
const char *captcha_provider_sources(void);
/* reCAPTCHA v3: the page calls grecaptcha.execute(site_key, {action}) instead of render(). */
bool captcha_provider_is_invisible(void);
/* The action as the provider's script takes it: "magic-link" becomes "magic_link". */
const char *captcha_provider_action(struct arena *arena, const char *action);

/*
 * Asks the provider whether this answer is a human's, within 3 seconds: on a thread that may wait,
 * see web/outside.h. OK: it is, and *ret_action says for what it was made (see
 * captcha_provider_is_for). E_DENIED: it is not, or it was seen before. E_BUSY: the provider cannot
 * be asked or makes no sense, or our own keys are wrong (logged): nobody passes, ask for the
 * embedded proof of work.
 */
enum err captcha_provider_ask(struct arena *arena, const char *answer, struct ip client,
                              const char **ret_action);

/* Whether what was made for the one counts for the other; made_for NULL: this provider does not
   tell actions apart. */
bool captcha_provider_is_for(struct arena *arena, const char *made_for, const char *action);

/* Forgets the answers that were seen (tests). */
void captcha_provider_forget(void);
