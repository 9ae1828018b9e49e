/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real server on a loopback port and a client that says exactly what it is told, for the tests of
 * the server.
 */
#pragma once

#include "../test.h"

#include "http/http.h"

struct live {
    struct http_server *server;
    int port;
};

struct live_response {
    int status; /* 0: the connection ended instead */
    const char *head;
    struct mem body;
};

/* Starts with the handler below unless one is given; listens on 127.0.0.1:0 unless told. Paths:
   /hello, /echo (the body), /later (answered by another thread), /big (3 MB), /page (6 KB that may
   be compressed), /none (204), /full (fills the arena), /close. */
bool live_start(struct live *live, struct http_server_options options);
void live_stop(struct live *live);

int live_connect(const struct live *live);                    /* reading gives up after 5 seconds */
int live_connect_narrow(const struct live *live, int window); /* takes few bytes at a time */
void live_send(int fd, const char *text);
struct live_response live_read(int fd);                     /* one response */
struct live_response live_read_head(int fd);                /* of a HEAD request */
struct live_response live_ask(int fd, const char *request); /* send and read one response */
bool live_is_closed(int fd);                                /* nothing more comes */
int live_wait_closed_ms(int fd);
