-- Links that were mailed before an account was locked do not come back with it.

ALTER TABLE account ADD COLUMN unlocked_at BIGINT; -- when staff last opened it again: reset links asked for before are void; NULL: never
