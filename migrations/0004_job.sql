-- owner: service/job_periodic.c
-- Periodic work, one row a kind. Whoever holds the lease runs it. Times are milliseconds.
CREATE TABLE job (
    name TEXT PRIMARY KEY,       -- "audit.retain"
    next_run_at BIGINT NOT NULL, -- due from then on
    leased_until BIGINT,         -- somebody runs it; a lease that has passed belongs to a dead node
    leased_by TEXT,              -- run_..., one run of one node
    last_run_at BIGINT,          -- when a run last began
    last_success_at BIGINT,      -- when a run last committed
    last_error TEXT              -- why the last run failed, NULL when it did not
);

-- owner: service/job.c
-- Work queued by a transaction, done once after it commits; done rows are deleted.
CREATE TABLE task (
    id TEXT PRIMARY KEY,        -- tsk_...
    kind TEXT NOT NULL,         -- "reset.send"
    arg BLOB NOT NULL,          -- sealed: it may name a person
    created_at BIGINT NOT NULL, -- when it was queued
    run_at BIGINT,              -- next attempt; while taken, the end of the lease; NULL: dead
    taken_by TEXT,              -- run_..., the attempt that has it now
    attempts BIGINT NOT NULL,   -- how often it was taken; tells an outdated worker that it is outdated
    last_error TEXT,            -- why the last attempt failed
    dead_at BIGINT              -- when it was given up
);
CREATE INDEX task_run ON task (run_at) WHERE run_at IS NOT NULL;
