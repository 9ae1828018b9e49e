/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tally: how often something was used within a window. A window begins with its first use and
 * ends after its span. Tallies are known by a keyed hash and nothing else: neither memory nor Redis
 * holds an address or a name. A request has several, and all of them are taken or none, so that a
 * refused request uses up nothing.
 */
#pragma once

#include <stdint.h>

struct tally {
    uint64_t key;            /* the keyed hash of what is counted, for whom, in which window */
    int64_t limit, span;     /* so many uses in so many milliseconds */
    int64_t used, resets_in; /* filled in: uses so far with this one; when the window ends */
};

enum { TALLIES_MAX = 96 }; /* of one request */
