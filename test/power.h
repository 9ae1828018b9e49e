/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that loses power (F03). While a folder is watched, all that this process does to its files
 * is noted: writes, truncations, syncs, names made and removed. Afterwards images of the folder are
 * made as a disk could hold them had the power gone at some moment: what a sync of the file
 * promised is there, what it did not is there, missing, torn into sectors of 512 bytes, or garbage.
 * A name is promised by a sync of its folder only, which is less than most file systems do and all
 * that POSIX says.
 *
 * It stands in front of the C library's functions for the whole test binary, so that SQLite and our
 * own files go through the same disk. Nothing of it is in the server.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Notes from now on what happens in a folder; stop ends it, and done forgets it all. */
void power_watch(const char *folder);
void power_stop(void);
void power_done(void);

/* How much was noted so far: moments are 0 to this. */
size_t power_moment(void);
/* Whether what was noted next after a moment is a sync: the last moment at which it is unsure what
   the disk holds. */
bool power_syncs_at(size_t moment);

/* A disk that says "synced" and did nothing, for files whose name ends so; NULL is honest. */
void power_lie(const char *suffix);

/* Goes to a moment, never back; restart goes to the beginning. */
void power_restart(void);
void power_go_to(size_t moment);

enum power_fate {
    POWER_LOST, /* nothing that was not promised */
    POWER_KEPT, /* everything */
    POWER_TORN, /* by chance */
};
/* Writes the files as they are found after a loss of power at this moment into an empty folder. */
void power_image(const char *folder, enum power_fate fate, uint64_t seed);

/* The n-th sync from now fails with EIO; 0: none. */
extern atomic_long power_syncs_until_failure;
