/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters, once: METRIC(symbol, "name", "first label", "second label", "help"). An empty label is
 * none.
 */
METRIC(AUTH_ATTEMPTS, "auth_attempts_total", "method", "result", "sign-in attempts")
METRIC(EMAILS_SENT, "emails_sent_total", "", "", "mails handed to the mail server")
METRIC(EMAILS_FAILED, "emails_failed_total", "", "", "mails given up")
METRIC(TOKEN_REFRESHES, "token_refreshes_total", "result", "", "refresh token rotations")
METRIC(SESSIONS_CREATED, "sessions_created_total", "", "", "sessions started")
METRIC(SESSIONS_REVOKED, "sessions_revoked_total", "reason", "", "sessions ended before their time")
METRIC(POLICY_REFUSALS, "policy_refusals_total", "rule", "",
       "requests refused by a rule, by its kind; each answer carries a decision_id")
METRIC(LIMITS_ALONE, "limits_alone_total", "", "",
       "requests that this node let pass on its own count, without Redis; what its own count "
       "refuses is never asked of Redis")
METRIC(ADDRESS_BLOCKS, "address_blocks_total", "result", "",
       "ranges that went on misbehaving: made, or spared because of rules, users or their number")
METRIC(RATE_LIMIT_HITS, "rate_limit_hits_total", "rule", "", "requests refused by a limit")
METRIC(OUTBOUND_REQUESTS, "outbound_requests_total", "purpose", "result",
       "requests to servers of others")
METRIC(CAPTCHA_PROVIDER, "captcha_provider_answers_total", "provider", "result",
       "captcha answers shown to the provider")
METRIC(CAPTCHAS, "captchas_total", "action", "result", "captchas that were due, by how it went")
METRIC(PASSWORD_RANGE, "password_lookups_total", "result", "",
       "new passwords looked up in the list of PASSWORD_RANGE_URL")
