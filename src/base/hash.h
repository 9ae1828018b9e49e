/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-2-4 under a key drawn at process start, for hash tables whose keys a stranger chooses:
 * nobody can aim for collisions (Aumasson and Bernstein, "SipHash: a fast short-input PRF"). Not
 * for stored values.
 */
#pragma once

#include "base/mem.h"

#include <stdint.h>

/* The table hash of bytes under this process's key. Thread safe. */
uint64_t hash_keyed(struct mem bytes);

/* SipHash-2-4 itself, for test vectors. */
uint64_t hash_siphash(const uint8_t key[16], struct mem bytes);
