/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An arena: everything that one request or job touches, freed together and wiped when it ends, so
 * that passwords and tokens do not linger. Nobody frees single pieces.
 *
 * An arena has a cap. Inputs are bounded before they reach it, so hitting the cap, like running out
 * of memory, is a fault of this one request: arena_alloc does not return then, it jumps to the
 * arena's trap (ARENA_TRAP), whose owner rolls back and answers 500. Without a trap the process
 * ends. Between taking a lock or a foreign resource and releasing it, allocate only where the
 * trap's owner knows how to release it.
 */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunk; /* newest first */
    size_t used;               /* bytes handed out, all chunks */
    size_t max;                /* cap in bytes */
    jmp_buf *trap;             /* where a failed allocation goes; NULL ends the process */
};

/* Makes an empty arena with a cap of max bytes; allocates nothing yet. */
void arena_init(struct arena *arena, size_t max);

/* Wipes all that was handed out; keeps one small chunk for the next user. The trap is taken off. */
void arena_reset(struct arena *arena);

/* Wipes and frees everything. The arena may be used again afterwards. */
void arena_done(struct arena *arena);

/* n zeroed bytes, aligned for any type; never NULL (see above for failure). Owned by the arena. */
void *arena_alloc(struct arena *arena, size_t n) __attribute__((returns_nonnull, alloc_size(2)));

/* count * size zeroed bytes; an overflow of the product is treated like a full arena. */
void *arena_array(struct arena *arena, size_t count, size_t size) __attribute__((returns_nonnull));

/* A copy of bytes; the copy is followed by a NUL that is not counted. */
struct mem arena_copy(struct arena *arena, struct mem bytes);

/* True when an allocation failed since the trap was set: `if (ARENA_TRAP(a, &jump)) { roll back;
 * answer 500 }`. */
#define ARENA_TRAP(arena_, jump_) ((arena_)->trap = (jump_), setjmp(*(jump_)) != 0)

/* Goes to the trap, or ends the process, as a failed allocation does: for whoever put a trap of its
   own in between to release a foreign resource, and passes the failure on. Does not return. */
_Noreturn void arena_give_up(struct arena *arena);

/* For tests: the n-th chunk allocation from now on by an arena with a trap fails once; 0 switches
 * it off. Process wide. Gives what was left of the count before: 0 when that allocation has failed.
 */
long arena_fail_after(long n);
