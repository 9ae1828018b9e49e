/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kind of notice an owner gets, once: NOTICE("kind", is_always). The kind names the mail; one
 * that is always mailed cannot be switched off, because whoever takes an account over would do that
 * first. Optional are only those that tell of nothing that could be taken back.
 */
NOTICE("password_changed", true)
NOTICE("new_device", true)
NOTICE("account_locked", true)
NOTICE("two_factor_on", true)
NOTICE("two_factor_off", true)
NOTICE("recovery_codes_renewed", true)
NOTICE("recovery_code_used", true)
NOTICE("code_reused", true)
NOTICE("passkey_added", true)
NOTICE("passkey_removed", true)
NOTICE("passkey_suspect", true)
NOTICE("deletion_asked", true)
NOTICE("deletion_cancelled", true)
NOTICE("email_change_asked", true)
NOTICE("email_changed", true)
NOTICE("email_change_revoked", true)
NOTICE("session_moved", false)
NOTICE("export_ready", false)
NOTICE("inactive_warning", true)
NOTICE("inactive_closing", true)
