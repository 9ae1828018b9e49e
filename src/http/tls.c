/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS by OpenSSL: see tls.h. Renegotiation and compression are off (both were ways in); cipher
 * order is the server's; buffers are given back while a connection is idle.
 */
#include "http/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct tls_context {
    pthread_mutex_t lock; /* over ctx */
    SSL_CTX *ctx;
    char *cert_file, *key_file;
};

static enum err blame(const char *what, const char *file)
{
    char why[160];
    ERR_error_string_n(ERR_peek_error(), why, sizeof why);
    ERR_clear_error();
    return fault("tls: %s %s: %s", what, file, why);
}

/* RFC 7301: http/1.1 or nothing; a client that offers only others is refused, not misunderstood. */
static int choose_protocol(SSL *, const unsigned char **out, unsigned char *out_n,
                           const unsigned char *in, unsigned in_n, void *)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *choice;
    if (SSL_select_next_proto(&choice, out_n, ours, sizeof ours - 1, in, in_n) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = choice;
    return SSL_TLSEXT_ERR_OK;
}

static enum err configure(SSL_CTX *ctx, const char *cert_file, const char *key_file)
{
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); /* tickets need no memory here */
    SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
    if (SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
        return blame("ciphers", "");
    if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1)
        return blame("certificate", cert_file);
    if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1)
        return blame("key", key_file);
    if (SSL_CTX_check_private_key(ctx) != 1)
        return blame("key does not fit", cert_file);
    return OK;
}

static enum err load(SSL_CTX **ret, const char *cert_file, const char *key_file)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx)
        return blame("context", cert_file);
    enum err e = configure(ctx, cert_file, key_file);
    if (e)
        SSL_CTX_free(ctx);
    else
        *ret = ctx;
    return e;
}

enum err tls_open(struct tls_context **ret, const char *cert_file, const char *key_file)
{
    SSL_CTX *ctx = NULL;
    TRY(load(&ctx, cert_file, key_file));
    struct tls_context *tls = calloc(1, sizeof *tls);
    if (!tls)
        abort();
    pthread_mutex_init(&tls->lock, NULL);
    tls->ctx = ctx;
    tls->cert_file = strdup(cert_file);
    tls->key_file = strdup(key_file);
    /* The library writes with write(), which raises SIGPIPE when the client has gone. */
    (void)signal(SIGPIPE, SIG_IGN);
    *ret = tls;
    return OK;
}

enum err tls_reload(struct tls_context *tls)
{
    SSL_CTX *fresh = NULL;
    TRY(load(&fresh, tls->cert_file, tls->key_file));
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *old = tls->ctx;
    tls->ctx = fresh;
    pthread_mutex_unlock(&tls->lock);
    SSL_CTX_free(old); /* running sessions hold it too */
    return OK;
}

void tls_close(struct tls_context *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->ctx);
    pthread_mutex_destroy(&tls->lock);
    free(tls->cert_file);
    free(tls->key_file);
    free(tls);
}

struct tls_session *tls_accept(struct tls_context *tls, int fd)
{
    pthread_mutex_lock(&tls->lock);
    SSL *ssl = SSL_new(tls->ctx);
    pthread_mutex_unlock(&tls->lock);
    if (!ssl)
        return NULL;
    SSL_set_accept_state(ssl);
    if (SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    return (struct tls_session *)ssl;
}

void tls_end(struct tls_session *session)
{
    SSL_free((SSL *)session);
}

void tls_say_goodbye(struct tls_session *session)
{
    ERR_clear_error();
    if (SSL_is_init_finished((SSL *)session))
        (void)SSL_shutdown((SSL *)session);
}

/* Turns the library's answer into that of read and write. */
static ssize_t translate(SSL *ssl, int result)
{
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_NONE: return result;
    case SSL_ERROR_ZERO_RETURN: return 0;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: errno = EAGAIN; return -1;
    default: errno = ECONNRESET; return -1;
    }
}

int tls_handshake(struct tls_session *session)
{
    ERR_clear_error();
    return (int)translate((SSL *)session, SSL_do_handshake((SSL *)session));
}

ssize_t tls_read(struct tls_session *session, void *p, size_t n)
{
    ERR_clear_error();
    return translate((SSL *)session, SSL_read((SSL *)session, p, n > 1 << 20 ? 1 << 20 : (int)n));
}

ssize_t tls_write(struct tls_session *session, const void *p, size_t n)
{
    ERR_clear_error();
    return translate((SSL *)session, SSL_write((SSL *)session, p, n > 1 << 20 ? 1 << 20 : (int)n));
}
