/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domain names as the wire has them: lower-case A-labels. IDNA2008 (RFC 5891) without any mapping,
 * so fullwidth letters, dots that are not dots, zero-width characters and capitals that would fold
 * into ASCII are refused instead of being turned into somebody else's domain (MAIL-02, MAIL-03).
 * libidn2 is opened only when a name has more than plain ASCII labels.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

/* "Example.ORG" gives "example.org", "müller.example" gives "xn--mller-kva.example". At least two
   labels of 1 to 63 octets, 253 in all, the last one not all digits. E_INVALID. */
enum err idna_domain(struct arena *arena, const char *domain, const char **ret);
