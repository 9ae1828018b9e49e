-- People who wait to be let in.

-- owner: account/waitlist.c
-- People who wait to be let in.
CREATE TABLE waitlist (
    id TEXT PRIMARY KEY,                         -- wtl_..., the first part of the mailed handle
    secret_hash BLOB NOT NULL,                   -- hash of the handle's secret
    email TEXT NOT NULL,                         -- as typed
    email_key TEXT NOT NULL UNIQUE,              -- its lower-case form
    person_key TEXT NOT NULL,                    -- without +tag and the like: one person counts once for a referral
    name TEXT,                                   -- as given, NULL: not given
    locale TEXT NOT NULL,                        -- language of mails
    status TEXT NOT NULL,                        -- unconfirmed, waiting, approved, rejected; the row goes once they have an account
    place BIGINT NOT NULL,                       -- who is next: joined_at, a day earlier for each of the first ten referrals
    referral_code TEXT NOT NULL UNIQUE,          -- what friends join with
    referred_by TEXT,                            -- whose code it was, who may be gone since; NULL: none
    referred BIGINT NOT NULL,                    -- how many confirmed people came by the own code
    invite_id TEXT,                              -- the invitation that approval mailed
    ip TEXT NOT NULL,                            -- who asked
    mailed_at BIGINT NOT NULL,                   -- the latest mail to this address
    created_at BIGINT NOT NULL,                  -- when they asked
    joined_at BIGINT,                            -- when they proved the mailbox
    decided_at BIGINT                            -- when they were approved or rejected
);
CREATE INDEX waitlist_turn ON waitlist (status, place, id);
CREATE INDEX waitlist_person ON waitlist (person_key);
CREATE INDEX waitlist_created ON waitlist (created_at);

-- owner: account/waitlist.c
-- One row: whoever approves holds it, so that "the next ten" are ten, and each is approved once.
CREATE TABLE waitlist_gate (
    slot BIGINT PRIMARY KEY,                     -- always 1
    approved_at BIGINT NOT NULL                  -- the latest approval
);
