/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authenticator data: see authenticator_data.h.
 */
#include "crypto/authenticator_data.h"

#include "crypto/cbor.h"
#include "crypto/digest.h"

static bool take_slice(struct mem *in, size_t n, struct mem *ret)
{
    if (n > in->n)
        return false;
    *ret = MEM(in->p, n);
    *in = MEM((const uint8_t *)in->p + n, in->n - n);
    return true;
}

static bool take_number(struct mem *in, size_t n, uint32_t *ret)
{
    struct mem digits;
    *ret = 0;
    if (!take_slice(in, n, &digits))
        return false;
    for (size_t i = 0; i < n; i++)
        *ret = *ret << 8 | ((const uint8_t *)digits.p)[i];
    return true;
}

static bool take_map(struct mem *in, struct mem *ret)
{
    struct mem start = *in;
    struct cbor_item map;
    if (!cbor_take(in, &map) || map.kind != CBOR_MAP)
        return false;
    *ret = MEM(start.p, start.n - in->n);
    return true;
}

/* WebAuthn 6.5.2: nothing tells the key's length but the key. */
static bool take_credential(struct mem *in, struct authenticator_data *ret)
{
    uint32_t id_bytes;
    return take_slice(in, AUTHENTICATOR_AAGUID_BYTES, &ret->aaguid) &&
           take_number(in, 2, &id_bytes) && take_slice(in, id_bytes, &ret->credential_id) &&
           take_map(in, &ret->public_key);
}

bool authenticator_data_parse(struct mem bytes, struct authenticator_data *ret)
{
    uint32_t flags;
    *ret = (struct authenticator_data){ .aaguid = MEM_NONE,
                                        .credential_id = MEM_NONE,
                                        .public_key = MEM_NONE,
                                        .extensions = MEM_NONE };
    if (!take_slice(&bytes, SHA256_BYTES, &ret->rp_id_hash) || !take_number(&bytes, 1, &flags) ||
        !take_number(&bytes, 4, &ret->sign_count))
        return false;
    ret->flags = (uint8_t)flags;
    if (flags & AUTHENTICATOR_HAS_CREDENTIAL && !take_credential(&bytes, ret))
        return false;
    if (flags & AUTHENTICATOR_HAS_EXTENSIONS && !take_map(&bytes, &ret->extensions))
        return false;
    return bytes.n == 0;
}
