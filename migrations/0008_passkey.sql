-- Passkeys (WebAuthn level 3): the keys that accounts registered, and the challenges that wait for an answer.

-- owner: account/passkey.c
-- One public key an authenticator made for one account. The private part never leaves the authenticator.
CREATE TABLE passkey (
    id TEXT PRIMARY KEY,                         -- pky_..., as the API names it
    account_id TEXT NOT NULL REFERENCES account ON DELETE CASCADE, -- whose
    credential_id BLOB NOT NULL UNIQUE,          -- the authenticator's name for it, 1 to 1023 bytes; one row whoever registers it
    public_key BLOB NOT NULL,                    -- the COSE_Key as it came
    algorithm BIGINT NOT NULL,                   -- COSE: -7, -8 or -257
    sign_count BIGINT NOT NULL,                  -- the latest one seen; has to rise unless it stays 0
    user_verified BIGINT NOT NULL,               -- 1: it verified its user (PIN, face, ...) at registration, so it may open the account alone
    discoverable BIGINT NOT NULL,                -- 1: offered without a user name; 0: the browser said that it is not
    backup_eligible BIGINT NOT NULL,             -- 1: may be synchronised; never changes
    backed_up BIGINT NOT NULL,                   -- 1: is synchronised, as of the latest use
    transports TEXT NOT NULL,                    -- words of WebAuthn 5.8.4, separated by spaces: hints for the browser
    name TEXT NOT NULL,                          -- the owner's, to tell several apart
    created_at BIGINT NOT NULL,                  -- when it was registered
    last_used_at BIGINT,                         -- latest sign-in or proof, NULL: none yet
    suspect_at BIGINT                            -- the counter did not rise then: perhaps a copy exists; NULL: never
);
CREATE INDEX passkey_account ON passkey (account_id);

-- owner: account/ceremony.c
-- Challenges given to browsers. Each works once, whatever comes of it, for ten minutes, where it was asked for.
CREATE TABLE ceremony (
    id TEXT PRIMARY KEY,                         -- wac_..., the first part of the challenge
    secret_hash BLOB NOT NULL,                   -- hash of the challenge's secret
    purpose TEXT NOT NULL,                       -- "register", "sign_in", "second_step" or "reauth"
    account_id TEXT REFERENCES account ON DELETE CASCADE, -- who has to answer, NULL: whoever signs in
    bound_to TEXT NOT NULL,                      -- the session, the pending sign-in, or the program (User-Agent without versions)
    name TEXT,                                   -- the new passkey's, when its owner chose one at the beginning
    created_at BIGINT NOT NULL,                  -- when it was given out
    expires_at BIGINT NOT NULL                   -- ten minutes later
);
CREATE INDEX ceremony_account ON ceremony (account_id);
CREATE INDEX ceremony_expires ON ceremony (expires_at);
