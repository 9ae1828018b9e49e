/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving back: see trim.h. Only segments that can be run and not written: the system reads these
 * from their files again, as they were.
 */
#include "base/trim.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static void let_go(uintptr_t begin, size_t n, uintptr_t page)
{
    uintptr_t first = begin / page * page, end = (begin + n + page - 1) / page * page;
    (void)madvise((void *)first, end - first, MADV_DONTNEED); /* kept, when it cannot be */
}

static int let_go_of_code(struct dl_phdr_info *object, size_t size, void *page)
{
    (void)size;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD && segment->p_flags & PF_X && !(segment->p_flags & PF_W))
            let_go(object->dlpi_addr + segment->p_vaddr, segment->p_memsz, *(uintptr_t *)page);
    }
    return 0;
}

void trim_after_start(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)malloc_trim(0);
    (void)dl_iterate_phdr(let_go_of_code, &page);
}
