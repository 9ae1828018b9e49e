/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only the start needed, given back. A library looks at half its code while it sets itself up
 * (libcrypto alone at 3 MB) and at little of it afterwards.
 */
#pragma once

/*
 * Gives free pages of the heap back to the system, and lets go of every mapped page of code: what
 * is still needed comes back from the page cache when it is next run, a fault of a microsecond for
 * 64 kB. Pages that were written to (data, relocations) are not touched. For the end of the start;
 * safe beside running threads.
 */
void trim_after_start(void);
