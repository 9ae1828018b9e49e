-- owner: web/captcha.c
-- Captchas that were used, so that none is used twice. A row says nothing about whose it was.
CREATE TABLE captcha_spent (
    id BLOB PRIMARY KEY,        -- of a proof of work, or a keyed hash of the network whose waiting ticket was used
    spent_at BIGINT NOT NULL,   -- when, unix ms: tickets of that network made before it are void
    expires_at BIGINT NOT NULL  -- what is older is refused by its age: the row may go
);
CREATE INDEX captcha_spent_expires ON captcha_spent (expires_at);
