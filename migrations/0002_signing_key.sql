-- owner: service/keyring.c
-- Keys that sign access tokens. A key's life: next, active, retiring, retired.
CREATE TABLE signing_key (
    kid TEXT PRIMARY KEY,        -- RFC 7638 thumbprint of the public key
    state TEXT NOT NULL,         -- 'next', 'active', 'retiring' or 'retired'
    private_jwk BLOB,            -- sealed; deleted when the key retires
    created_at BIGINT NOT NULL,  -- made, and published as next
    active_at BIGINT,            -- began to sign
    retiring_at BIGINT,          -- ceased to sign, verifies on
    retired_at BIGINT            -- ceased to verify
);

-- One key signs and one waits, also when several nodes start or rotate at once.
CREATE UNIQUE INDEX signing_key_active ON signing_key (state) WHERE state = 'active';
CREATE UNIQUE INDEX signing_key_next ON signing_key (state) WHERE state = 'next';
