-- owner: account/scrub.c
-- What was removed and must not be left in the store's files either: owed until it was seen to.
CREATE TABLE scrub (
    id TEXT PRIMARY KEY,        -- scr_...
    texts BLOB NOT NULL,        -- the texts, sealed: each ends with a line feed
    created_at BIGINT NOT NULL  -- when they were removed
);
