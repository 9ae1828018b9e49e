-- Addresses that accounts left lately are kept for them: asked at each registration.
CREATE INDEX email_change_kept ON email_change (old_key) WHERE confirmed_at IS NOT NULL;
