/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client data (WebAuthn level 3, 5.8.1): what the browser says that it was asked, by whom. JSON
 * read strictly: a leading byte order mark is dropped as the specification has it, unknown members
 * are ignored, and duplicate ones, U+0000 and bad UTF-8 refuse the whole (WA-13).
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>

struct client_data {
    const char *type, *challenge, *origin; /* never NULL; the challenge still in base64url */
    bool is_cross_origin;
    bool has_top_origin;
};

/* E_INVALID when it cannot be read, is over WEBAUTHN_CLIENT_DATA_MAX, or a member that has a
 * meaning is missing or of another kind. */
enum err client_data_read(struct arena *arena, struct mem bytes, struct client_data *ret);
