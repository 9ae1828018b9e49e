/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authenticator data: what is accepted, put together again from its parts, is the input; its flags
 * say what is there.
 */
#include "base/buf.h"
#include "crypto/authenticator_data.h"
#include "crypto/cbor.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void add(struct buf *out, struct mem bytes)
{
    buf_add(out, bytes.p, bytes.n);
}

static void check(const struct authenticator_data *a, struct mem bytes)
{
    struct arena arena;
    struct buf out;
    struct cbor_item map;
    bool has_credential = a->flags & AUTHENTICATOR_HAS_CREDENTIAL;
    bool has_extensions = a->flags & AUTHENTICATOR_HAS_EXTENSIONS;
    arena_init(&arena, 4 << 20);
    buf_init(&out, &arena, bytes.n + 16);
    add(&out, a->rp_id_hash);
    buf_char(&out, (char)a->flags);
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_char(&out, (char)(a->sign_count >> shift));
    add(&out, a->aaguid);
    if (has_credential)
        buf_add(&out,
                (uint8_t[]){ (uint8_t)(a->credential_id.n >> 8), (uint8_t)a->credential_id.n }, 2);
    add(&out, a->credential_id);
    add(&out, a->public_key);
    add(&out, a->extensions);
    must(mem_equal(buf_mem(&out), bytes));
    must(a->aaguid.n == (has_credential ? 16 : 0));
    must(has_credential ? cbor_read(a->public_key, &map) && map.kind == CBOR_MAP
                        : a->credential_id.n + a->public_key.n == 0);
    must(has_extensions ? cbor_read(a->extensions, &map) && map.kind == CBOR_MAP
                        : a->extensions.n == 0);
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct authenticator_data parsed;
    if (authenticator_data_parse(MEM(data, size), &parsed))
        check(&parsed, MEM(data, size));
    return 0;
}
