/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads: see thread.h.
 */
#include "base/thread.h"

#include <sched.h>
#include <signal.h>
#include <string.h>

enum err thread_start(pthread_t *ret, const char *name, void *(*run)(void *), void *arg)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, THREAD_STACK);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = pthread_create(ret, &attributes, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (failure)
        return fault("thread %s: %s", name, strerrordesc_np(failure));
    pthread_setname_np(*ret, name);
    return OK;
}

int thread_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? count : 1;
}
