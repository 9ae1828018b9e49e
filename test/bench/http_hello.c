/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server with a handler that does nothing but answer 207 bytes of JSON: what is measured
 * against `nginx return 200`. Usage: http_hello PORT [THREADS].
 */
#include "base/text.h"
#include "http/http.h"

#include <signal.h>
#include <stdio.h>

static const char body[] =
    "{\"id\":\"usr_01jd0000000000000000000000\",\"email\":\"somebody@example.org\","
    "\"name\":\"Some Body\",\"verified\":true,\"roles\":[\"user\"],\"plan\":\"free\","
    "\"created_at\":\"2026-11-21T05:03:01.123Z\",\"level\":\"one\"}";

static enum http_turn hello(struct http_exchange *x, void *)
{
    x->response = (struct http_response){
        .status = 200, .content_type = "application/json", .body = mem_text(body), .is_static = true
    };
    return HTTP_ANSWERED;
}

int main(int argc, char **argv)
{
    char listen[64];
    int64_t threads = 0;
    struct http_server *server;
    sigset_t signals;
    int which;
    if (argc < 2 || (argc > 2 && !text_parse_int(argv[2], 1, 64, &threads)))
        return 2;
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%s", argv[1]);
    struct http_server_options options = { .listen = listen,
                                           .threads = (int)threads,
                                           .handler = hello };
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (http_server_open(&server, &options) || http_server_start(server))
        return 1;
    sigwait(&signals, &which);
    http_server_stop(server);
    http_server_close(server);
    return 0;
}
