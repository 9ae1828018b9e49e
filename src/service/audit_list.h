/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every audit event, once: AUDIT(symbol, "name", "what it means"). docs/reference/audit.md is made
 * from it.
 */
AUDIT(ACCOUNT_REGISTERED, "account.registered", "somebody asked for an account")
AUDIT(ACCOUNT_REGISTERED_AGAIN, "account.registered_again",
      "somebody registered an address that has an account; its owner was told by mail")
AUDIT(ACCOUNT_VERIFIED, "account.verified", "the mailbox was proved by its link")
AUDIT(ACCOUNT_CREATED, "account.created", "an operator or the set-up link made an account")
AUDIT(ACCOUNT_CHANGED, "account.changed", "the owner changed name or language")
AUDIT(ACCOUNT_LOCKED, "account.locked", "staff or an operator locked an account")
AUDIT(ACCOUNT_UNLOCKED, "account.unlocked", "staff or an operator unlocked an account")
AUDIT(DELETION_ASKED, "account.deletion_asked",
      "the account ends after a time of grace; detail.reason says why")
AUDIT(DELETION_CANCELLED, "account.deletion_cancelled", "the account stays after all")
AUDIT(ACCOUNT_REMOVED, "account.removed",
      "the account and all that was about its owner were removed; their events lost the person")
AUDIT(EMAIL_CHANGE_ASKED, "email_change.asked", "another address was asked for; both were told")
AUDIT(EMAIL_CHANGE_CANCELLED, "email_change.cancelled", "the owner dropped a change of address")
AUDIT(EMAIL_CHANGED, "email_change.confirmed", "the account has another address from now on")
AUDIT(EMAIL_CHANGE_REVOKED, "email_change.revoked",
      "the old mailbox took a change of address back: sessions and password are void")
AUDIT(LOGIN_PENDING, "login.pending",
      "the first step of a sign-in succeeded, the second is asked for")
AUDIT(PROOF_REFUSED, "proof.refused",
      "a proof of identity was wrong; detail.authenticator says which")
AUDIT(CODE_REUSED, "code.reused",
      "a code was right but had been used before; detail.authenticator says which")
AUDIT(AUTHENTICATOR_LOCKED, "authenticator.locked",
      "too many wrong attempts; detail.authenticator says at what")
AUDIT(REAUTH, "session.proved_again", "the owner of a session was proved anew")
AUDIT(TWO_FACTOR_ON, "two_factor.on",
      "an authenticator app was bound: a second step is asked for from now on")
AUDIT(TWO_FACTOR_OFF, "two_factor.off", "the authenticator app and all recovery codes were removed")
AUDIT(RECOVERY_CODE_USED, "recovery_code.used",
      "a recovery code finished a sign-in; detail.left says how many there are still")
AUDIT(RECOVERY_CODES_RENEWED, "recovery_codes.renewed",
      "new recovery codes were made; the old ones are void")
AUDIT(DEVICE_NEW, "device.new", "a sign-in came from a device not seen before; its owner was told")
AUDIT(INACTIVE_WARNED, "account.inactive_warned",
      "the owner was told that the account is closed unless it is used")
AUDIT(DEVICE_TRUSTED, "device.trusted", "a device may skip the second step for a while")
AUDIT(DEVICE_FORGOTTEN, "device.forgotten", "the owner forgot a device, or took back its trust")
AUDIT(SIGN_IN_DISAVOWED, "session.disavowed", "the owner said that a sign-in was not theirs")
AUDIT(LOGIN_FAILED, "login.failed", "a sign-in was refused; detail.reason says why")
AUDIT(SESSION_STARTED, "session.started", "a sign-in succeeded")
AUDIT(SESSION_REFRESHED, "session.refreshed", "a refresh token was rotated")
AUDIT(SESSION_REUSED, "session.refresh_reuse",
      "a rotated refresh token came back: the whole session was ended")
AUDIT(SESSION_MOVED, "session.moved",
      "a session appeared from another network or program: it was ended")
AUDIT(SESSION_ENDED, "session.ended", "a session was ended; detail.reason says why")
AUDIT(PASSWORD_RESET_ASKED, "password.reset_asked", "a reset link was mailed")
AUDIT(PASSWORD_RESET, "password.reset", "a password was chosen by a reset link")
AUDIT(PASSWORD_CHANGED, "password.changed", "the owner changed the password")
AUDIT(PASSWORD_REHASHED, "password.rehashed", "the hash was renewed with the current cost")
AUDIT(PASSWORD_REFUSED, "password.refused", "the current password was wrong where it is needed")
AUDIT(PASSKEY_ADDED, "passkey.added", "the owner registered a passkey")
AUDIT(PASSKEY_RENAMED, "passkey.renamed", "the owner gave a passkey another name")
AUDIT(PASSKEY_REMOVED, "passkey.removed", "the owner removed a passkey")
AUDIT(PASSKEY_REFUSED, "passkey.refused",
      "a passkey could not be registered; detail.reason says why")
AUDIT(PASSKEY_SUSPECT, "passkey.suspect",
      "a passkey's counter did not rise: perhaps a copy exists; it was refused")
AUDIT(VERIFICATION_SENT, "verification.sent", "the verification link was mailed again")
AUDIT(MAGIC_LINK_SENT, "magic_link.sent", "a sign-in link was mailed, with a code if detail.code")
AUDIT(EMAIL_CODE_SENT, "email_code.sent", "a sign-in code was mailed")
AUDIT(INVITE_MADE, "invite.made", "staff invited somebody; detail.role says as what")
AUDIT(INVITE_SENT, "invite.sent", "staff had an invitation mailed again; the earlier link is void")
AUDIT(INVITE_REVOKED, "invite.revoked", "staff took an invitation back")
AUDIT(INVITE_USED, "invite.used", "the account came by an invitation; detail.role says as what")
AUDIT(WAITLIST_APPROVED, "waitlist.approved", "staff let somebody in from the waiting list")
AUDIT(WAITLIST_REJECTED, "waitlist.rejected", "staff turned somebody on the waiting list away")
AUDIT(SETUP_LINK_MADE, "setup.link_made", "a link for the first administrator was shown")
AUDIT(ADDRESS_RULE_ADDED, "address_rule.added", "staff made an address rule; detail says which")
AUDIT(ADDRESS_RULE_REMOVED, "address_rule.removed",
      "staff took an address rule back; detail says which")
AUDIT(ADDRESS_BLOCKED, "address_rule.blocked",
      "a range that went on misbehaving is kept out for a while; detail says which")
AUDIT(CLOCK_ACCEPTED, "clock.accepted",
      "the operator said that the clock is right now, and what was dated after it was ended")
AUDIT(KEY_ROTATED, "key.rotated", "the next signing key became the active one")
AUDIT(NOTIFICATIONS_CHANGED, "notifications.changed", "the owner changed which notices are mailed")
AUDIT(EXPORT_ASKED, "export.asked", "the owner asked for a copy of all data about them")
AUDIT(EXPORT_FETCHED, "export.fetched", "the owner fetched such a copy")
