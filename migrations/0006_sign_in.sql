-- Signing in by more than one step: what an account asks for, and what it remembers of attempts and devices.
ALTER TABLE account ADD COLUMN mfa_at BIGINT; -- a second step is asked for since then, NULL: it is not

-- owner: account/pending.c
-- Sign-ins that have passed their first step and wait for the second. No session: opens no other door.
CREATE TABLE pending (
    id TEXT PRIMARY KEY,                          -- pnd_..., the first part of the handle
    account_id TEXT NOT NULL REFERENCES account ON DELETE CASCADE, -- who has shown a first factor
    secret_hash BLOB NOT NULL,                    -- hash of the handle's secret
    amr TEXT NOT NULL,                            -- what was shown: "pwd" or "email"
    network TEXT NOT NULL,                        -- the handle is worth nothing elsewhere, as with sessions
    agent_key TEXT NOT NULL,                      -- likewise
    password_changed_at BIGINT NOT NULL,          -- the account's then: void once it differs
    created_at BIGINT NOT NULL,                   -- when the first step was passed
    expires_at BIGINT NOT NULL                    -- ten minutes later
);
CREATE INDEX pending_account ON pending (account_id);
CREATE INDEX pending_expires ON pending (expires_at);

-- owner: account/lockout.c
-- Failures in a row, one row an account and authenticator; gone with the first success.
CREATE TABLE lockout (
    account_id TEXT NOT NULL REFERENCES account ON DELETE CASCADE, -- whose
    authenticator TEXT NOT NULL,                 -- "password", "totp", "recovery_code", "email_code"
    failures BIGINT NOT NULL,                    -- in a row; from 100 on it must be bound anew
    failed_at BIGINT NOT NULL,                   -- the latest
    locked_until BIGINT,                         -- no attempt is judged before, NULL: not locked
    PRIMARY KEY (account_id, authenticator)
);

-- owner: account/device.c
-- Browsers that an account was signed in with. One cookie may serve several accounts of a household.
CREATE TABLE device (
    account_id TEXT NOT NULL REFERENCES account ON DELETE CASCADE, -- who signed in
    id TEXT NOT NULL,                            -- dev_..., the first part of the cookie
    secret_hash BLOB NOT NULL,                   -- hash of the cookie's secret
    agent_key TEXT NOT NULL,                     -- its program without version numbers: a copied cookie is told by it
    network TEXT NOT NULL,                       -- /24 or /48 of the latest sign-in
    user_agent TEXT NOT NULL,                    -- as sent, cut at 512 bytes
    ip TEXT NOT NULL,                            -- of the latest sign-in
    created_at BIGINT NOT NULL,                  -- first sign-in
    last_seen_at BIGINT NOT NULL,                -- latest sign-in
    trusted_until BIGINT,                        -- skips the second step until then, NULL: it does not
    PRIMARY KEY (account_id, id)
);
CREATE INDEX device_id ON device (id);
CREATE INDEX device_seen ON device (last_seen_at);

-- owner: account/disavowal.c
-- "This wasn't me": the link in a new-device mail. Ends one session and its device, then mails a reset link.
CREATE TABLE disavowal (
    id TEXT PRIMARY KEY,                         -- dis_..., the first part of the mailed token
    account_id TEXT NOT NULL REFERENCES account ON DELETE CASCADE, -- who was told
    secret_hash BLOB NOT NULL,                   -- hash of the token's secret
    session_id TEXT NOT NULL,                    -- ended by the link; may have ended before
    device_id TEXT,                              -- forgotten by the link, NULL: a program without cookies
    created_at BIGINT NOT NULL,                  -- when the mail was owed
    expires_at BIGINT NOT NULL                   -- a week later
);
CREATE INDEX disavowal_account ON disavowal (account_id);
CREATE INDEX disavowal_expires ON disavowal (expires_at);
