-- Signing in by a mailed link or a mailed code, and how often an address was tried.

-- owner: account/magic_link.c
-- A sign-in link that waits in a mailbox; one an account: asking again replaces it.
CREATE TABLE magic_link (
    id TEXT PRIMARY KEY,                         -- lnk_..., the first part of the mailed token
    account_id TEXT NOT NULL UNIQUE REFERENCES account ON DELETE CASCADE, -- whom it signs in
    secret_hash BLOB NOT NULL,                   -- hash of the token's secret
    browser_hash BLOB NOT NULL,                  -- hash of the cookie in the browser that asked
    email_key TEXT NOT NULL,                     -- the account's then: void once it differs
    password_changed_at BIGINT NOT NULL,         -- likewise
    next_path TEXT,                              -- where the browser goes on, NULL: to the start page
    ip TEXT NOT NULL,                            -- who asked, shown where another browser opens the link
    user_agent TEXT NOT NULL,                    -- likewise
    created_at BIGINT NOT NULL,                  -- when
    expires_at BIGINT NOT NULL                   -- the link is worth nothing from then on
);
CREATE INDEX magic_link_expires ON magic_link (expires_at);

-- owner: account/email_code.c
-- A sign-in code that waits in a mailbox; one an account: asking again replaces it.
CREATE TABLE email_code (
    account_id TEXT PRIMARY KEY REFERENCES account ON DELETE CASCADE, -- whom it signs in
    id TEXT NOT NULL,                            -- cod_..., part of what is hashed: no two codes hash alike
    code_hash BLOB NOT NULL,                     -- HMAC of the code under a key that is not in the store
    key_id TEXT NOT NULL,                        -- the sealing key which that key derives from
    email_key TEXT NOT NULL,                     -- the account's then: void once it differs
    password_changed_at BIGINT NOT NULL,         -- likewise
    ip TEXT NOT NULL,                            -- who asked
    user_agent TEXT NOT NULL,                    -- likewise
    created_at BIGINT NOT NULL,                  -- when
    expires_at BIGINT NOT NULL                   -- the code is worth nothing from then on
);
CREATE INDEX email_code_expires ON email_code (expires_at);

-- owner: account/lockout.c
-- Failures in a row of attempts that name an address, whether or not it has an account.
CREATE TABLE lockout_address (
    address TEXT NOT NULL,                       -- adr_..., an HMAC: addresses of strangers are not kept
    authenticator TEXT NOT NULL,                 -- "email_code"
    failures BIGINT NOT NULL,                    -- in a row; from 100 on it must be bound anew
    failed_at BIGINT NOT NULL,                   -- the latest
    locked_until BIGINT,                         -- no attempt is judged before, NULL: not locked
    PRIMARY KEY (address, authenticator)
);
CREATE INDEX lockout_address_failed ON lockout_address (failed_at);
