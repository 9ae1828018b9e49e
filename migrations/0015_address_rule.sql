-- owner: service/address_rule.c
-- Which networks are let in and which are kept out: by staff, or for a while by the service itself.
CREATE TABLE address_rule (
    id TEXT PRIMARY KEY,         -- adr_...
    network BLOB NOT NULL,       -- 16 bytes, IPv4 in its mapped form, bits beyond the prefix zero
    bits BIGINT NOT NULL,        -- length of the prefix, 0 to 128, counted in the mapped form
    action TEXT NOT NULL,        -- allow or deny
    scope TEXT NOT NULL,         -- all, or admin: only the doors of staff
    source TEXT NOT NULL,        -- staff or automatic
    note TEXT,                   -- why, in words of whoever made it, NULL: not said
    strikes BIGINT NOT NULL,     -- automatic: how often in a row it was made, 0: by staff
    created_at BIGINT NOT NULL,  -- when it was made, or made again
    expires_at BIGINT,           -- from then on it counts for nothing, NULL: never
    revoked_at BIGINT            -- automatic: when staff took it back, NULL: nobody did
);
CREATE UNIQUE INDEX address_rule_range ON address_rule (network, bits, scope, source);
CREATE INDEX address_rule_end ON address_rule (expires_at) WHERE expires_at IS NOT NULL;

-- owner: service/address_rule.c
-- Counts the changes of all rules in its one row, so that each node sees in one read whether there was one.
CREATE TABLE address_rule_version (
    id BIGINT PRIMARY KEY,       -- 1
    version BIGINT NOT NULL      -- one more with each change
);

-- Who signs in from a network that misbehaves: a crowd behind one address is not shut out for one of them.
CREATE INDEX session_network ON session (network);
