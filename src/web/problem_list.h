/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every problem an answer may carry, once: PROBLEM(symbol, status, "code", "title"). The code is
 * stable; the title is for developers; people see the catalogue's "error.<code>".
 * docs/reference/errors.md is made from it.
 */
PROBLEM(BAD_REQUEST, 400, "bad_request", "The request is malformed")
PROBLEM(UNKNOWN_FIELD, 400, "unknown_field",
        "The request has a member that this route does not know")
PROBLEM(MALFORMED_JSON, 400, "malformed_json", "The body is not the JSON that this route takes")
PROBLEM(CURSOR_INVALID, 400, "cursor_invalid",
        "The cursor does not belong to this list; begin at the first page")
PROBLEM(DUPLICATE_COOKIE, 400, "duplicate_cookie", "The session cookie was sent twice")
PROBLEM(UNAUTHENTICATED, 401, "unauthenticated",
        "Nobody is signed in, or the credential is not valid any more")
PROBLEM(INVALID_CREDENTIALS, 401, "invalid_credentials", "The address or the password is wrong")
PROBLEM(REFRESH_INVALID, 401, "refresh_token_invalid", "The refresh token is not valid")
PROBLEM(SESSION_MOVED, 401, "session_moved",
        "The session was used from another network or program and was ended")
PROBLEM(REAUTH_REQUIRED, 401, "insufficient_user_authentication",
        "A fresh or stronger proof of identity is needed")
PROBLEM(SIGN_IN_EXPIRED, 401, "sign_in_expired",
        "The sign-in took too long or is finished; begin again")
PROBLEM(CODE_WRONG, 401, "code_wrong", "The code is wrong or was used")
PROBLEM(CODE_USED, 401, "code_used", "The code is right but was used already; wait for the next")
PROBLEM(PASSKEY_REFUSED, 401, "passkey_refused", "The passkey was not accepted")
PROBLEM(FORBIDDEN, 403, "forbidden", "This is not allowed")
PROBLEM(ADDRESS_DENIED, 403, "address_denied", "This network is kept out by an address rule")
PROBLEM(CSRF_FAILED, 403, "csrf_failed", "The request does not come from our own pages")
PROBLEM(CAPTCHA_REQUIRED, 403, "captcha_required",
        "A captcha has to be solved first; captcha says which")
PROBLEM(CAPTCHA_WRONG, 403, "captcha_wrong",
        "The captcha is wrong or was used; captcha has a new one")
PROBLEM(PASSWORD_WRONG, 403, "password_wrong", "The current password is wrong")
PROBLEM(SIGN_UP_CLOSED, 403, "sign_up_closed", "Nobody can register at the moment")
PROBLEM(INVITE_REQUIRED, 403, "invite_required", "Registering takes an invitation at the moment")
PROBLEM(LAST_ADMIN, 403, "last_admin", "One administrator must remain")
PROBLEM(NOT_FOUND, 404, "not_found", "There is no such thing")
PROBLEM(METHOD_NOT_ALLOWED, 405, "method_not_allowed", "The method is not allowed here")
PROBLEM(REQUEST_TIMEOUT, 408, "request_timeout", "The request took too long to arrive")
PROBLEM(CONFLICT, 409, "conflict", "The state changed meanwhile")
PROBLEM(RULE_KNOWN, 409, "rule_known", "There is a rule for this range and scope; remove it first")
PROBLEM(RULES_TOO_MANY, 409, "too_many_rules", "There is no room for more address rules")
PROBLEM(SELF_LOCKOUT, 409, "would_lock_out_self",
        "This would keep yourself out; send it again with confirm if it is meant so")
PROBLEM(WAITLIST_CLOSED, 409, "waitlist_closed", "There is no waiting list at the moment")
PROBLEM(TWO_FACTOR_OFF, 409, "two_factor_off", "Two-step sign-in is not on for this account")
PROBLEM(SETUP_EXPIRED, 410, "setup_expired",
        "There is no set-up to finish: it took too long, or began in another session")
PROBLEM(PASSKEY_KNOWN, 409, "passkey_known", "This passkey is registered already")
PROBLEM(PASSKEYS_TOO_MANY, 409, "too_many_passkeys", "An account has no room for more passkeys")
PROBLEM(GONE, 410, "gone", "The link was used or has expired")
PROBLEM(INVITE_GONE, 410, "invite_gone", "The invitation was used or taken back meanwhile")
PROBLEM(CHALLENGE_EXPIRED, 410, "challenge_expired",
        "The passkey challenge was answered already or has expired; begin again")
PROBLEM(TOO_LARGE, 413, "payload_too_large", "The body is too large")
PROBLEM(TARGET_TOO_LONG, 414, "target_too_long", "The request target is too long")
PROBLEM(UNSUPPORTED_MEDIA_TYPE, 415, "unsupported_media_type",
        "The content type is not the one this route takes")
PROBLEM(EXPECTATION_FAILED, 417, "expectation_failed", "The expectation cannot be met")
PROBLEM(MISDIRECTED, 421, "misdirected_request", "This host name is not served here")
PROBLEM(FIELDS_INVALID, 422, "fields_invalid", "Some fields are not valid; errors says which")
PROBLEM(FIELD_REQUIRED, 422, "field_required", "The field is required")
PROBLEM(FIELD_TYPE, 422, "field_type", "The field has another type")
PROBLEM(FIELD_TOO_SHORT, 422, "field_too_short", "The value is too short")
PROBLEM(FIELD_TOO_LONG, 422, "field_too_long", "The value is too long")
PROBLEM(FIELD_RANGE, 422, "field_out_of_range", "The number is out of range")
PROBLEM(EMAIL_INVALID, 422, "email_invalid", "This is not an e-mail address")
PROBLEM(EMAIL_DISPOSABLE, 422, "email_disposable",
        "Addresses of throw-away mailboxes are not accepted")
PROBLEM(INVITE_INVALID, 422, "invite_invalid",
        "The invitation is not valid, was used, has expired, or is for another address")
PROBLEM(ROLE_UNKNOWN, 422, "role_unknown", "There is no such role")
PROBLEM(EMAIL_UNCHANGED, 422, "email_unchanged", "This is the account's address already")
PROBLEM(NAME_INVALID, 422, "name_invalid", "The name holds control characters or nothing visible")
PROBLEM(LOCALE_UNKNOWN, 422, "locale_unknown", "There is no such language here")
PROBLEM(TIME_ZONE_UNKNOWN, 422, "time_zone_unknown", "There is no such time zone")
PROBLEM(ALWAYS_MAILED, 422, "always_mailed",
        "This notice is about the safety of the account and is always mailed")
PROBLEM(NOTICE_UNKNOWN, 422, "notice_unknown", "There is no notice of this kind")
PROBLEM(PICTURE_INVALID, 422, "picture_invalid", "This is not an https address")
PROBLEM(ID_INVALID, 422, "id_invalid", "This is not an id")
PROBLEM(ACTION_UNKNOWN, 422, "action_unknown", "There is no such action")
PROBLEM(RANGE_INVALID, 422, "range_invalid",
        "This is not an address, nor a CIDR range without host bits")
PROBLEM(CHOICE_UNKNOWN, 422, "choice_unknown", "This is none of the choices")
PROBLEM(TIME_INVALID, 422, "time_invalid", "This is not a time to come, as RFC 3339 has it")
PROBLEM(PASSWORD_TOO_SHORT, 422, "password_too_short", "The password is too short")
PROBLEM(PASSWORD_TOO_LONG, 422, "password_too_long", "The password is too long")
PROBLEM(PASSWORD_TOO_WEAK, 422, "password_too_weak", "The password is too easy to guess")
PROBLEM(PASSWORD_COMPROMISED, 422, "password_compromised",
        "The password is on a list of common ones, or is your address")
PROBLEM(PASSKEY_UNUSABLE, 422, "passkey_unusable", "This passkey cannot be registered")
PROBLEM(LOCKED, 423, "locked", "Too many wrong attempts; retry_after says when to try again")
PROBLEM(LOCKED_FOREVER, 423, "authenticator_disabled",
        "Too many wrong attempts; this authenticator has to be set up anew")
PROBLEM(RATE_LIMITED, 429, "rate_limited", "Too many requests; retry_after says when to try again")
PROBLEM(HEADERS_TOO_LARGE, 431, "headers_too_large", "The header is too large")
PROBLEM(INTERNAL, 500, "internal", "Something went wrong on our side")
PROBLEM(NOT_IMPLEMENTED, 501, "not_implemented", "The method or transfer coding is not known")
PROBLEM(BUSY, 503, "busy", "Too much to do at the moment; try again shortly")
PROBLEM(VERSION_NOT_SUPPORTED, 505, "version_not_supported",
        "Only HTTP/1.0 and HTTP/1.1 are spoken here")
