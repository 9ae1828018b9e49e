-- The rest of an account's life: what its owner says about themselves, another address, and the end.
ALTER TABLE account ADD COLUMN deletion_due_at BIGINT; -- removed from then on, NULL: nobody asked for that
ALTER TABLE account ADD COLUMN time_zone TEXT;         -- IANA name, NULL: not said
ALTER TABLE account ADD COLUMN picture_url TEXT;       -- https://..., NULL: none
ALTER TABLE account ADD COLUMN metadata TEXT;          -- a JSON object that applications keep here, NULL: none
ALTER TABLE account ADD COLUMN email_changed_at BIGINT; -- links mailed before are void, NULL: still the first address
CREATE INDEX account_deletion ON account (deletion_due_at) WHERE deletion_due_at IS NOT NULL;

-- owner: account/deletion.c
-- Who asked that an account be removed, and the mailed link that cancels it. The time is in the account's row.
CREATE TABLE deletion (
    id TEXT PRIMARY KEY,                         -- del_..., the first part of the mailed token
    account_id TEXT NOT NULL UNIQUE REFERENCES account ON DELETE CASCADE, -- asking again replaces
    secret_hash BLOB NOT NULL,                   -- hash of the token's secret
    ip TEXT,                                     -- from where it was asked, NULL: by the system
    user_agent TEXT,                             -- likewise
    created_at BIGINT NOT NULL                   -- when
);

-- owner: account/email_change.c
-- Another address for an account: waits for its link, then stays for a week, in which the old mailbox can take
-- it back. Both links of a row begin with its id.
CREATE TABLE email_change (
    id TEXT PRIMARY KEY,                         -- emc_..., the first part of the mailed tokens
    account_id TEXT NOT NULL REFERENCES account ON DELETE CASCADE, -- whose address
    confirm_hash BLOB,                           -- of the link at the new address; NULL: used, or void
    revoke_hash BLOB NOT NULL,                   -- of the link at the old address that was mailed at once
    undo_hash BLOB,                              -- of the one that was mailed there when the change came true
    old_email TEXT NOT NULL,                     -- goes back to this when it is taken back
    old_key TEXT NOT NULL,                       -- its lower-case form
    new_email TEXT NOT NULL,                     -- as typed
    new_key TEXT NOT NULL,                       -- its lower-case form
    ip TEXT NOT NULL,                            -- who asked
    user_agent TEXT NOT NULL,                    -- likewise
    created_at BIGINT NOT NULL,                  -- when
    expires_at BIGINT NOT NULL,                  -- the confirming link is worth nothing from then on
    confirmed_at BIGINT,                         -- when the change came true, NULL: not yet, or never
    revoke_until BIGINT NOT NULL                 -- the links at the old address work until then
);
CREATE INDEX email_change_account ON email_change (account_id, created_at);
CREATE INDEX email_change_revoke ON email_change (revoke_until);
