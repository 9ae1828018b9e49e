-- owner: account/totp_factor.c
-- An authenticator app in use, one an account. Nothing is here before its first code was shown.
CREATE TABLE totp (
    account_id TEXT PRIMARY KEY REFERENCES account ON DELETE CASCADE, -- whose
    id TEXT NOT NULL,                -- otp_..., new whenever an app is bound: the place the secret is sealed for
    secret BLOB NOT NULL,            -- sealed, 20 bytes inside
    last_step BIGINT NOT NULL,       -- the latest 30-second step whose code was used: none up to it counts any more
    confirmed_at BIGINT NOT NULL     -- when the app was bound
);

-- owner: account/totp_factor.c
-- An app that is being set up: worth nothing until its first code is shown. Beginning again replaces it.
CREATE TABLE totp_setup (
    account_id TEXT PRIMARY KEY REFERENCES account ON DELETE CASCADE, -- whose
    id TEXT NOT NULL,                -- otp_...
    session_id TEXT NOT NULL,        -- the session that began it: no other may see or finish it
    secret BLOB NOT NULL,            -- sealed; shown until then
    attempts BIGINT NOT NULL,        -- codes tried so far: after ten it is worth nothing
    expires_at BIGINT NOT NULL       -- half an hour later
);
CREATE INDEX totp_setup_expires ON totp_setup (expires_at);

-- owner: account/recovery.c
-- Recovery codes that were not used yet. Using one removes it.
CREATE TABLE recovery_code (
    account_id TEXT NOT NULL REFERENCES account ON DELETE CASCADE, -- whose
    code_hash BLOB NOT NULL,         -- SHA-256 of purpose, account and code
    created_at BIGINT NOT NULL,      -- when the ten were made
    PRIMARY KEY (account_id, code_hash)
);
