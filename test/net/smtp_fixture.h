/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A running test/e2e/smtp_server.py and a look at what it got.
 */
#pragma once

#include "net/smtp.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct smtp_fixture {
    pid_t pid; /* 0 when it could not be started: the test has failed then */
    const char *folder;
    struct smtp_server server; /* how to reach it: localhost, its port, its certificate */
};

/* Starts it with security "starttls", "implicit" or "none"; auth "user:password" or ""; the
   certificate is for name. */
struct smtp_fixture smtp_fixture_start(const char *tls, const char *auth, const char *name);
void smtp_fixture_stop(struct smtp_fixture *fixture);

/* What goes wrong from now on; "" for nothing. */
void smtp_fixture_set_fault(const struct smtp_fixture *fixture, const char *fault);
/* How many mails it took, and the n-th of them (from 1), "" when there is none. */
size_t smtp_fixture_count(const struct smtp_fixture *fixture);
const char *smtp_fixture_mail(const struct smtp_fixture *fixture, size_t n);
/* One line per command: "plain EHLO x", "tls MAIL". */
const char *smtp_fixture_log(const struct smtp_fixture *fixture);
