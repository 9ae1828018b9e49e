/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lane: a bounded queue and the threads that work it off. One lane serves what uses the store,
 * another what hashes passwords, so that a login storm fills its own queue and nobody else's.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct lane;

struct lane_options {
    const char *name;
    int threads, queue;
    int64_t wait;                          /* longest time in the queue, in ms; 0: any */
    void (*run)(void *item, bool is_late); /* is_late: it waited too long, or for nobody, and should
                                              be refused */
    bool (*is_left)(void *item);           /* nobody waits for it any more; may be NULL */
    void (*begin)(void);                   /* a thread has started; may be NULL */
    void (*rest)(void);                    /* a thread was idle for 30 s; may be NULL */
};

enum err lane_open(struct lane **ret, const struct lane_options *options);

/* Hands an item over. E_BUSY when the queue is full, or so long that by what items took lately this
 * one would be late: the item stays the caller's. */
enum err lane_add(struct lane *lane, void *item);

/* Items waiting now. */
int lane_depth(struct lane *lane);

/* Works off what is queued, ends the threads and frees the lane. NULL is allowed. */
void lane_close(struct lane *lane);
