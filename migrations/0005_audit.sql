-- owner: service/audit.c
-- What happened, append-only. Rows of one chain are linked by hash; seq has no gaps.
CREATE TABLE audit (
    chain BIGINT NOT NULL,      -- 0 to 15; several, so that writers on several nodes do not queue up
    seq BIGINT NOT NULL,        -- 1, 2, 3 ... within the chain
    id TEXT NOT NULL,           -- aud_..., time-ordered over all chains
    at BIGINT NOT NULL,         -- when
    event TEXT NOT NULL,        -- "session.started", see docs/reference/audit.md
    account_id TEXT,            -- whom it is about
    actor TEXT NOT NULL,        -- who did it: an account id, "anonymous", "system", "operator"
    ip TEXT,                    -- from where
    user_agent TEXT,            -- with what
    request_id TEXT,            -- finds the log lines
    detail TEXT NOT NULL,       -- a JSON object without secrets
    hash BLOB NOT NULL,         -- SHA-256 over the previous row's hash and every column before this one
    PRIMARY KEY (chain, seq)
);
CREATE INDEX audit_account ON audit (account_id, id);
CREATE INDEX audit_id ON audit (id);

-- The end of each chain: the next row continues from here.
CREATE TABLE audit_head (
    chain BIGINT PRIMARY KEY,
    seq BIGINT NOT NULL,      -- of the last row
    hash BLOB NOT NULL,       -- of the last row
    first_seq BIGINT NOT NULL, -- rows before it were removed by retention
    first_link BLOB NOT NULL  -- hash of the row before it, from which its own follows; empty for 1
);
