/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the listen setting to listening sockets.
 */
#pragma once

#include "base/err.h"

#include <stddef.h>

enum { LISTENERS_MAX = 16 };

struct listener {
    int fd;
    int port;        /* 0 for a unix socket */
    char *unix_path; /* NULL for TCP; removed when closed */
};

/* Opens every address of the setting (see http_server_options). E_INVALID when it is malformed,
   E_FAULT when the system refuses; both logged, nothing stays open. listeners holds LISTENERS_MAX.
 */
enum err listen_open(const char *setting, struct listener *listeners, size_t *ret_count);
void listen_close(struct listener *listeners, size_t count);
