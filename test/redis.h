/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A redis-server of the tests' own, from the system's package, on a free port of 127.0.0.1. It ends
 * with the process. With TEST_REDIS=1 every feature test counts its limits there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Starts it (again) and waits until it listens; more is options, ended by NULL, or NULL. False, and
 * the test failed, when there is none. */
bool test_redis_start(const char *const *more);
void test_redis_signal(int signal_number);
/* Ends it at once, as a crash would. */
void test_redis_kill(void);

/* "redis://127.0.0.1:PORT" */
const char *test_redis_url(void);
int test_redis_port(void);

/* Says one line ("FLUSHALL") and gives the first line of the answer; "" when there is none. */
const char *test_redis_say(const char *line);

/* Windows there end so much sooner, as if the time had passed. */
void test_redis_forward(int64_t ms);

/* Waits until cardea's side sees it (or sees it gone); false after three seconds. */
bool test_redis_settles(bool is_up);

/* TEST_REDIS=1 was given. */
bool test_redis_is_wanted(void);
