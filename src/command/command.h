/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs of the command line. Each takes a parsed console and gives the exit code.
 */
#pragma once

#include "command/console.h"

int command_version(struct console *c);
int command_config(struct console *c);
int command_migrate(struct console *c);
int command_user(struct console *c);
int command_key(struct console *c);
int command_audit(struct console *c);
int command_job(struct console *c);
int command_clock(struct console *c);
int command_password_list(struct console *c);
int command_routes(struct console *c);
int command_openapi(struct console *c);
int command_reference(struct console *c);
