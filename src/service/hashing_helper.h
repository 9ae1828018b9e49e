/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A helper: the thread that does the long part of a hash for one other thread, in the scheduling
 * class that gives way to everybody. So a login storm takes the processors only while nobody else
 * wants them, and a session check beside it waits for no time slice.
 *
 * Giving way must not become starving: when the helper gets hardly any processor time, the thread
 * it works for takes the hash over where it is and ends it with its own priority.
 */
#pragma once

#include "crypto/argon2.h"

#include <pthread.h>
#include <stdatomic.h>

struct hashing_helper {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t asked, answered;
    struct argon2_work *work; /* what there is to do */
    bool is_finished;         /* of the last work: done, not stopped */
    bool is_running, is_closing;
    atomic_bool stop;
};

/* Starts it and lets it fill memory from now on. Without a thread to have, nothing changes. */
void hashing_helper_start(struct hashing_helper *helper, struct argon2_memory *memory);

/* Ends it. Harmless when it never started. */
void hashing_helper_end(struct hashing_helper *helper, struct argon2_memory *memory);
