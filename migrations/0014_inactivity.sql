-- owner: account/inactivity.c
-- Accounts that nobody used for long and whose owner was warned. A row goes when they come back.
CREATE TABLE inactivity (
    account_id TEXT PRIMARY KEY REFERENCES account ON DELETE CASCADE, -- whose
    warned_at BIGINT,            -- when the warning was mailed, NULL: the account was to be closed, and was kept
    counts_from BIGINT NOT NULL  -- no use before it is held against the account: warned, or to be closed, then
);
CREATE INDEX inactivity_warned ON inactivity (warned_at) WHERE warned_at IS NOT NULL;
