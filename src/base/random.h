/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random bytes from the kernel, unbuffered, so that no state is shared across a fork. When the
 * kernel cannot give them the process ends: there is no second source.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Fills n bytes. Does not return on failure. */
void random_bytes(void *out, size_t n);

/* A uniformly distributed number below bound (bound > 0). */
uint32_t random_below(uint32_t bound);
