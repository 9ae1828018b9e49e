/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS on a non-blocking socket. The only file of this layer that sees OpenSSL; nothing of the
 * library runs unless a certificate is configured.
 */
#pragma once

#include "base/err.h"

#include <stddef.h>
#include <sys/types.h>

struct tls_context;
struct tls_session;

/* Loads a PEM chain and its key: TLS 1.2 and 1.3, ALPN http/1.1. Reloading keeps the old ones on
   failure; sessions that run keep what they began with. */
enum err tls_open(struct tls_context **ret, const char *cert_file, const char *key_file);
enum err tls_reload(struct tls_context *tls);
void tls_close(struct tls_context *tls); /* NULL is allowed */

struct tls_session *tls_accept(struct tls_context *tls, int fd); /* NULL: no memory */
void tls_end(struct tls_session *session);                       /* NULL is allowed */
void tls_say_goodbye(struct tls_session *session);               /* close_notify */

/* As read and write on a non-blocking socket: bytes, 0 at the end, -1 with errno EAGAIN when it
   would block, -1 with another errno when the connection is dead. Shaking hands gives 1 when done.
 */
int tls_handshake(struct tls_session *session);
ssize_t tls_read(struct tls_session *session, void *p, size_t n);
ssize_t tls_write(struct tls_session *session, const void *p, size_t n);
