-- owner: service/house_time.c
-- What the store remembers of time, so that a clock that was set back is noticed, also after a
-- restart and by another node. Times are milliseconds.
CREATE TABLE house_time (
    id TEXT PRIMARY KEY,       -- 'house': there is one row
    seen_at BIGINT NOT NULL,   -- the latest time that any node saw, noted once a minute
    settles_at BIGINT NOT NULL -- nothing is removed before: the clock had leapt, or 0
);
