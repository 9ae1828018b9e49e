-- owner: service/outbox.c
-- Mail that is owed: one row a mail, written by the transaction that owes it. Times are milliseconds.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,         -- out_..., also the left part of the Message-ID
    kind TEXT NOT NULL,          -- names the templates: mails/<kind>.html and .txt
    to_address TEXT NOT NULL,    -- the recipient
    locale TEXT NOT NULL,        -- the language tag asked for, '' for the default
    account_id TEXT,             -- whom it is about, when there is an account
    vars BLOB,                   -- sealed JSON object of the templates' variables, gone once sent
    created_at BIGINT NOT NULL,  -- when it was owed
    give_up_at BIGINT NOT NULL,  -- not sent after this: what it says has expired
    due_at BIGINT,               -- next attempt; while taken, the end of the lease; NULL: sent or dead
    taken_by TEXT,               -- run_..., the attempt that has it now
    attempts BIGINT NOT NULL,    -- how often it was taken; tells an outdated worker that it is outdated
    last_error TEXT,             -- why the last attempt failed
    sent_at BIGINT,              -- when the mail server took it
    dead_at BIGINT,              -- when it was given up
    purge_at BIGINT              -- when a sent or dead row is removed
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_dead ON outbox (dead_at) WHERE dead_at IS NOT NULL;
CREATE INDEX outbox_purge ON outbox (purge_at) WHERE purge_at IS NOT NULL;
