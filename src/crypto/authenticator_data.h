/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authenticator data (WebAuthn level 3, 6.1): the bytes that an authenticator signs. Read to the
 * last byte: a length that does not fit, or a byte too many, and none of it counts.
 */
#pragma once

#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

enum authenticator_flag {
    AUTHENTICATOR_USER_PRESENT = 1 << 0,
    AUTHENTICATOR_USER_VERIFIED = 1 << 2,
    AUTHENTICATOR_BACKUP_ELIGIBLE = 1 << 3,
    AUTHENTICATOR_BACKED_UP = 1 << 4,
    AUTHENTICATOR_HAS_CREDENTIAL = 1 << 6,
    AUTHENTICATOR_HAS_EXTENSIONS = 1 << 7,
};

enum { AUTHENTICATOR_AAGUID_BYTES = 16 };

/* Slices of the bytes it was read from. */
struct authenticator_data {
    struct mem rp_id_hash; /* 32 bytes */
    uint8_t flags;         /* enum authenticator_flag; the reserved bits may be set */
    uint32_t sign_count;
    struct mem aaguid;                    /* 16 bytes with HAS_CREDENTIAL, else none; likewise: */
    struct mem credential_id, public_key; /* any id; one CBOR map, see cose.h for more */
    struct mem extensions;                /* one CBOR map with HAS_EXTENSIONS, else none */
};

/* False when the bytes are not exactly one authenticator data. */
bool authenticator_data_parse(struct mem bytes, struct authenticator_data *ret);
