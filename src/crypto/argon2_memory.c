/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The working memory of Argon2: mapped, asked to be of huge pages, faulted in once. A fresh mapping
 * for each hash costs a fifth of the hash's time in page faults (docs/decisions/0001).
 */
#include "crypto/argon2_core.h"

#include <errno.h>
#include <sys/mman.h>

enum { PAGE = 4096, HUGE_PAGE = 2 * 1024 * 1024 };

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

/* Maps bytes at a multiple of unit, which is at least a page. */
static void *map_aligned(size_t bytes, size_t unit)
{
    uint8_t *p =
        mmap(NULL, bytes + unit, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    size_t before = round_up((uintptr_t)p, unit) - (uintptr_t)p;
    if (before)
        (void)munmap(p, before);
    if (unit - before)
        (void)munmap(p + before + bytes, unit - before);
    return p + before;
}

enum err argon2_memory_reserve(struct argon2_memory *memory, struct argon2_cost cost)
{
    size_t wanted = (size_t)cost.memory_kib * ARGON2_BLOCK;
    if (wanted <= memory->bytes)
        return OK;
    argon2_memory_release(memory);

    size_t unit = wanted >= HUGE_PAGE ? HUGE_PAGE : PAGE;
    size_t bytes = round_up(wanted, unit);
    uint8_t *p = map_aligned(bytes, unit);
    if (!p)
        return fault("argon2: the system has no %zu bytes (errno %d)", bytes, errno);
    bool is_huge = unit == HUGE_PAGE && madvise(p, bytes, MADV_HUGEPAGE) == 0;
    /* What passwords leave behind is no business of a core dump. */
    (void)madvise(p, bytes, MADV_DONTDUMP);
    for (size_t i = 0; i < bytes; i += PAGE)
        ((volatile uint8_t *)p)[i] = 0;
    memory->p = p;
    memory->bytes = bytes;
    memory->huge = is_huge;
    return OK;
}

void argon2_memory_release(struct argon2_memory *memory)
{
    if (memory->p)
        (void)munmap(memory->p, memory->bytes);
    memory->p = NULL;
    memory->bytes = 0;
    memory->huge = false;
}
