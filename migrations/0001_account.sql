-- owner: account/account.c
-- A person. Exists from the first registration on; can sign in once the address is verified.
CREATE TABLE account (
    id TEXT PRIMARY KEY,             -- usr_...
    email TEXT NOT NULL,             -- as typed, domain in ASCII; mail goes here
    email_key TEXT NOT NULL UNIQUE,  -- lower-case form: what makes two addresses the same
    email_verified_at BIGINT,        -- when the mailbox was proved
    name TEXT,                       -- display name
    locale TEXT NOT NULL,            -- language tag of pages and mails
    roles BIGINT NOT NULL,           -- bits: 1 USER, 2 SUPPORT, 4 BILLING_ADMIN, 8 ADMIN
    password TEXT,                   -- PHC string; none until verified, or for accounts without a password
    password_changed_at BIGINT,      -- when it was chosen
    locked_at BIGINT,                -- closed by staff: no sign-in, no session
    last_sign_in_at BIGINT,          -- the latest successful sign-in
    created_at BIGINT NOT NULL,      -- first registration
    updated_at BIGINT NOT NULL       -- last change of this row that its owner made
);
CREATE INDEX account_roles ON account (roles);

-- owner: account/registration.c
-- A registration that waits for its mailed link. It carries its own password, so a link opens the account
-- with the password that was chosen together with it, never with one that somebody else planted.
CREATE TABLE registration (
    id TEXT PRIMARY KEY,                          -- vrf_..., the first part of the mailed token
    account_id TEXT NOT NULL REFERENCES account,  -- whom it would verify
    secret_hash BLOB NOT NULL,                    -- hash of the token's secret
    password TEXT NOT NULL,                       -- PHC string, becomes the account's
    name TEXT,                                    -- display name, becomes the account's
    ip TEXT NOT NULL,                             -- who asked, shown on the confirmation page
    user_agent TEXT NOT NULL,                     -- likewise
    created_at BIGINT NOT NULL,                   -- when
    expires_at BIGINT NOT NULL                    -- the link is worth nothing from then on
);
CREATE INDEX registration_account ON registration (account_id, created_at);
CREATE INDEX registration_expires ON registration (expires_at);

-- owner: account/session.c
-- Somebody who is signed in, by cookie or by tokens. Ended sessions are deleted.
CREATE TABLE session (
    id TEXT PRIMARY KEY,                          -- ses_..., also the first part of cookie and refresh token
    account_id TEXT NOT NULL REFERENCES account,  -- who
    secret_hash BLOB NOT NULL,                    -- hash of the cookie's secret
    generation BIGINT NOT NULL,                   -- of the refresh token that is valid now; 0 was the first
    rotated_at BIGINT NOT NULL,                   -- when that generation began
    key_id TEXT NOT NULL,                         -- the sealing key its refresh tokens derive from
    created_at BIGINT NOT NULL,                   -- sign-in
    last_seen_at BIGINT NOT NULL,                 -- latest use, to the minute
    expires_at BIGINT NOT NULL,                   -- ends then in any case
    auth_at BIGINT NOT NULL,                      -- latest proof of identity
    amr TEXT NOT NULL,                            -- methods (RFC 8176), separated by spaces: "pwd"
    ip TEXT NOT NULL,                             -- where the sign-in came from
    network TEXT NOT NULL,                        -- its /24 or /48: the session is bound to it
    user_agent TEXT NOT NULL,                     -- as sent, cut at 512 bytes
    agent_key TEXT NOT NULL                       -- the same without version numbers: likewise
);
CREATE INDEX session_account ON session (account_id, last_seen_at);
CREATE INDEX session_expires ON session (expires_at);

-- owner: feature/reset.c
-- One pending password reset per account: asking again replaces it.
CREATE TABLE reset (
    id TEXT PRIMARY KEY,                                 -- rst_..., the first part of the mailed token
    account_id TEXT NOT NULL UNIQUE REFERENCES account,  -- whose password
    secret_hash BLOB NOT NULL,                           -- hash of the token's secret
    ip TEXT NOT NULL,                                    -- who asked
    user_agent TEXT NOT NULL,                            -- likewise
    created_at BIGINT NOT NULL,                          -- when
    expires_at BIGINT NOT NULL,                          -- the link is worth nothing from then on
    password_changed_at BIGINT NOT NULL                  -- the account's then: void once it differs
);

-- owner: feature/setup.c
-- The one-time link for the first administrator; there is at most one row.
CREATE TABLE setup (
    id TEXT PRIMARY KEY,         -- stp_..., the first part of the token
    slot BIGINT NOT NULL UNIQUE, -- always 1: starting again replaces the link
    secret_hash BLOB NOT NULL,   -- hash of the token's secret
    expires_at BIGINT NOT NULL   -- minutes after it was shown
);
