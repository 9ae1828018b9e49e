/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the members of answers are, by name: a name means the same in every answer, so the route
 * table only has to name them (see shape.h). A new name comes here once.
 */
#pragma once

/* clang-format off */
#define WORD_MEMBERS(X) /* a text that is always there */                                          \
    X(access_token) X(acr) X(action) X(algorithm) X(by) X(challenge) X(client_network)             \
    X(csrf_token) X(detail) X(email) X(event) X(explanation) X(id) X(kind) X(method)               \
    X(otpauth_uri) X(pending_token) X(provider) X(qr_svg) X(range) X(referral_code)                \
    X(referral_link) X(refresh_token) X(request_id) X(role) X(route) X(rule) X(scope) X(secret)    \
    X(session_id) X(site_key) X(source) X(status) X(text) X(token_type)
#define TEXT_MEMBERS(X) /* a text, or null */                                                      \
    X(counter) X(created_by) X(invite_id) X(ip) X(link) X(locale) X(name) X(next_cursor) X(note)   \
    X(pending_email) X(picture_url) X(time_zone) X(token) X(user_agent)
#define TIME_MEMBERS(X) /* RFC 3339, UTC */                                                        \
    X(at) X(auth_time) X(created_at) X(last_seen_at) X(requested_at)
#define TIME_OR_NULL_MEMBERS(X)                                                                    \
    X(decided_at) X(deletion_due_at) X(due_at) X(expires_at) X(joined_at) X(last_used_at)          \
    X(read_at) X(suspect_at) X(trusted_until) X(until)
#define NUMBER_MEMBERS(X)                                                                          \
    X(approved) X(difficulty) X(expires_in) X(referred) X(score) X(threshold) X(unread) X(used)    \
    X(uses) X(value)
#define NUMBER_OR_NULL_MEMBERS(X) X(position)
#define FLAG_MEMBERS(X)                                                                            \
    X(accepted) X(always) X(backed_up) X(backup_eligible) X(current) X(email_verified) X(mail)     \
    X(mfa_enabled) X(mfa_required) X(signs_in)
#define WORDS_MEMBERS(X) /* an array of texts */                                                   \
    X(amr) X(methods) X(reasons) X(recovery_codes) X(roles) X(transports)
#define OBJECT_MEMBERS(X) X(metadata)
/* clang-format on */
