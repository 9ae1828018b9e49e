/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that nobody calls here: each has a safer neighbour. The Makefile includes this file in
 * front of every source, so using one is a compile error.
 */
#pragma once

/* Their own headers first: poisoning would break the declarations. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok gmtime localtime \
    ctime asctime
#pragma GCC poison atoi atol atoll atof srand system popen tmpnam mktemp

/* Not poisoned, because OpenSSL's headers have parameters of this name. */
int rand(void) __attribute__((deprecated("use base/random.h")));
