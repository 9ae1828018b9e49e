/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who keeps a passkey: the common password managers and systems by the AAGUID that they write into
 * its authenticator data. Nobody vouches for it, so it gives a new passkey a name that its owner
 * recognises, and decides nothing.
 */
#pragma once

#include <stdint.h>

/* "Bitwarden", ...; NULL when it is not one of those known here, or does not say. */
const char *passkey_maker(const uint8_t aaguid[16]);
