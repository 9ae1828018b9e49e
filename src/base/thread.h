/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads with a name and a small stack. Locks and conditions are plain pthread ones.
 */
#pragma once

#include "base/err.h"

#include <pthread.h>

enum { THREAD_STACK = 256 * 1024 };

/* Starts run(arg) on a thread called name (15 characters at most), all signals blocked. E_FAULT
   when the system has no thread to give. */
enum err thread_start(pthread_t *ret, const char *name, void *(*run)(void *), void *arg);

/* How many processors this process may use; at least 1. */
int thread_processors(void);
