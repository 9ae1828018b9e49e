-- Who may register: invitations.

-- owner: account/invite.c
-- An invitation. Its use is counted when the newcomer's mailbox is proved, not before.
CREATE TABLE invite (
    id TEXT PRIMARY KEY,                         -- inv_..., the first part of the token
    secret_hash BLOB NOT NULL,                   -- hash of the token's secret
    email TEXT,                                  -- only this address may use it, NULL: whoever has the token
    email_key TEXT,                              -- its lower-case form
    role BIGINT NOT NULL,                        -- what the newcomer becomes, a bit of account.roles
    uses BIGINT NOT NULL,                        -- how many may come by it
    used BIGINT NOT NULL,                        -- how many have
    locale TEXT NOT NULL,                        -- language of its mail
    created_by TEXT REFERENCES account ON DELETE SET NULL, -- the staff member; roles above USER end with theirs
    created_at BIGINT NOT NULL,                  -- when
    expires_at BIGINT NOT NULL,                  -- nobody can begin to register with it from then on
    revoked_at BIGINT                            -- staff took it back then, NULL: no
);
CREATE INDEX invite_email ON invite (email_key) WHERE email_key IS NOT NULL;
CREATE INDEX invite_expires ON invite (expires_at);
CREATE INDEX invite_created_by ON invite (created_by);

-- No foreign key: a registration whose invitation was removed must not count as one that needed none.
ALTER TABLE registration ADD COLUMN invite_id TEXT; -- the invitation it came by, NULL: none was needed then
