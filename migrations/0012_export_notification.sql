-- What a person is told in the app, what is mailed besides, and what they take with them.

-- owner: account/notification.c
-- Notices in the app, each written together with the mail that says the same.
CREATE TABLE notification (
    id TEXT PRIMARY KEY,                         -- ntf_..., time-ordered
    account_id TEXT NOT NULL REFERENCES account ON DELETE CASCADE, -- who is told
    kind TEXT NOT NULL,                          -- of the mail: "password_changed"
    detail TEXT NOT NULL,                        -- a JSON object: ip and user_agent of who did it
    at BIGINT NOT NULL,                          -- when it happened
    read_at BIGINT                               -- when the owner has seen it, NULL: not yet
);
CREATE INDEX notification_account ON notification (account_id, id);
CREATE INDEX notification_unread ON notification (account_id) WHERE read_at IS NULL;
CREATE INDEX notification_at ON notification (at);
CREATE INDEX notification_read ON notification (read_at) WHERE read_at IS NOT NULL;

-- What somebody does not want mailed; no row: it is mailed.
CREATE TABLE notification_mute (
    account_id TEXT NOT NULL REFERENCES account ON DELETE CASCADE, -- whose wish
    kind TEXT NOT NULL,                          -- only in the app, not by mail
    created_at BIGINT NOT NULL,                  -- since when
    PRIMARY KEY (account_id, kind)
);

-- owner: feature/export.c
-- Copies of all data about a person, made by a task, fetched by its owner, gone after EXPORT_TTL.
CREATE TABLE export (
    id TEXT PRIMARY KEY,                         -- exp_...
    account_id TEXT NOT NULL REFERENCES account ON DELETE CASCADE, -- who asked, and whom it is about
    created_at BIGINT NOT NULL,                  -- when it was asked for
    ready_at BIGINT,                             -- when the copy was made, NULL: not yet
    expires_at BIGINT NOT NULL,                  -- cannot be fetched from then on
    data BLOB                                    -- sealed JSON object
);
CREATE INDEX export_account ON export (account_id, created_at);
CREATE INDEX export_expires ON export (expires_at);
