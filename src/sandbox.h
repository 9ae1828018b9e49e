/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this process may still ask of the kernel once it serves strangers. Whoever takes it over
 * finds no program to start, no other process to look into, and no file to write outside the
 * folders named here.
 */
#pragma once

#include <stddef.h>

enum { SANDBOX_FOLDERS_MAX = 8 };

struct sandbox {
    const char *writable[SANDBOX_FOLDERS_MAX]; /* folders; NULL and missing ones are passed over */
};

/*
 * Enters the sandbox, for this thread and all that it starts from then on: call it before the first
 * thread. No new privileges; seccomp refuses (EPERM) starting programs, tracing, namespaces, kernel
 * modules, io_uring and their like; landlock allows reading everywhere and writing in the named
 * folders only. What the kernel does not have is left out, and the log says what holds (event
 * "sandbox.entered").
 */
void sandbox_enter(const struct sandbox *sandbox);
