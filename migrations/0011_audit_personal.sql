-- Audit events can lose the person and keep their place in the chain: the chain covers a commitment to the
-- personal columns (ip, user_agent, request_id) instead of the columns. Rows from before have none of both.
ALTER TABLE audit ADD COLUMN salt BLOB;       -- 16 random bytes of the commitment; NULL: an old row, or erased
ALTER TABLE audit ADD COLUMN commitment BLOB; -- SHA-256 over salt and personal columns; NULL: an old row
CREATE INDEX audit_actor ON audit (actor) WHERE actor <> account_id AND actor >= 'usr'; -- staff, at others' accounts
CREATE INDEX audit_removed ON audit (account_id) WHERE event = 'account.removed'; -- asked for each erased row
