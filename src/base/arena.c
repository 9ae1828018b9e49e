/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bump allocator over a list of chunks: see arena.h for what failure does.
 */
#include "base/arena.h"

#include "base/err.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CHUNK = 6144 - 64, ALIGNMENT = _Alignof(max_align_t) };

struct arena_chunk {
    struct arena_chunk *older;
    size_t size;
    size_t used;
    _Alignas(max_align_t) unsigned char data[];
};

static atomic_long failing_countdown;

long arena_fail_after(long n)
{
    long left = atomic_exchange(&failing_countdown, n);
    return left > 0 ? left : 0;
}

void arena_init(struct arena *arena, size_t max)
{
    *arena = (struct arena){ .max = max };
}

static void free_chunk(struct arena_chunk *chunk)
{
    mem_wipe(chunk->data, chunk->used);
    free(chunk);
}

void arena_reset(struct arena *arena)
{
    struct arena_chunk *keep = NULL;
    while (arena->chunk) {
        struct arena_chunk *chunk = arena->chunk;
        arena->chunk = chunk->older;
        if (chunk->size == FIRST_CHUNK && !keep)
            keep = chunk;
        else
            free_chunk(chunk);
    }
    if (keep) {
        mem_wipe(keep->data, keep->used);
        keep->used = 0;
        keep->older = NULL;
    }
    arena->chunk = keep;
    arena->used = 0;
    arena->trap = NULL;
}

void arena_done(struct arena *arena)
{
    arena_reset(arena);
    free(arena->chunk);
    arena->chunk = NULL;
}

_Noreturn void arena_give_up(struct arena *arena)
{
    if (arena->trap)
        longjmp(*arena->trap, 1);
    abort();
}

_Noreturn static void fail(struct arena *arena, size_t n)
{
    (void)fault("arena: no room for %zu bytes beside %zu of %zu", n, arena->used, arena->max);
    arena_give_up(arena);
}

static bool is_failing(void)
{
    return failing_countdown > 0 && atomic_fetch_sub(&failing_countdown, 1) == 1;
}

static struct arena_chunk *add_chunk(struct arena *arena, size_t n)
{
    size_t size = arena->chunk ? arena->chunk->size * 2 : FIRST_CHUNK;
    if (size > 256 * 1024)
        size = 256 * 1024;
    if (size < n)
        size = n;
    struct arena_chunk *chunk = arena->trap && is_failing() ? NULL : malloc(sizeof *chunk + size);
    if (!chunk)
        fail(arena, n);
    *chunk = (struct arena_chunk){ .older = arena->chunk, .size = size };
    arena->chunk = chunk;
    return chunk;
}

void *arena_alloc(struct arena *arena, size_t n)
{
    if (n > SIZE_MAX / 2 || arena->used + n > arena->max)
        fail(arena, n);
    size_t rounded = (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct arena_chunk *chunk = arena->chunk;
    if (!chunk || chunk->size - chunk->used < rounded)
        chunk = add_chunk(arena, rounded);
    void *p = chunk->data + chunk->used;
    chunk->used += rounded;
    arena->used += rounded;
    return memset(p, 0, n);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t n;
    if (__builtin_mul_overflow(count, size, &n))
        fail(arena, SIZE_MAX);
    return arena_alloc(arena, n);
}

struct mem arena_copy(struct arena *arena, struct mem bytes)
{
    char *p = arena_alloc(arena, bytes.n + 1);
    if (bytes.n)
        memcpy(p, bytes.p, bytes.n);
    return MEM(p, bytes.n);
}
