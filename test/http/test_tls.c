/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS ended by the server itself, with a certificate made here.
 */
#include "live.h"

#include "http/http.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char get[] = "GET /hello HTTP/1.1\r\nHost: a.example\r\n\r\n";

static void write_pair(const char *cert_file, const char *key_file, long serial)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_sign(cert, key, EVP_sha256());
    FILE *file = fopen(cert_file, "w");
    PEM_write_X509(file, cert);
    (void)fclose(file);
    file = fopen(key_file, "w");
    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    (void)fclose(file);
    X509_free(cert);
    EVP_PKEY_free(key);
}

struct client {
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
};

static bool shake(struct client *c, const struct live *live, int max_version)
{
    c->fd = live_connect(live);
    c->ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(c->ctx, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(c->ctx, max_version);
    SSL_CTX_set_security_level(c->ctx, 0);
    c->ssl = SSL_new(c->ctx);
    SSL_set_fd(c->ssl, c->fd);
    return SSL_connect(c->ssl) == 1;
}

static void hang_up(struct client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    close(c->fd);
}

/* Sends a request and reads until n bytes of body have come; true when they have. */
static bool ask(struct client *c, const char *request, size_t n)
{
    static char answer[4 << 20];
    size_t got = 0;
    (void)SSL_write(c->ssl, request, (int)strlen(request));
    for (;;) {
        int more = SSL_read(c->ssl, answer + got, (int)(sizeof answer - got - 1));
        if (more <= 0)
            return false;
        got += (size_t)more;
        answer[got] = 0;
        const char *body = strstr(answer, "\r\n\r\n");
        if (body && got - (size_t)(body + 4 - answer) == n)
            return text_starts(answer, "HTTP/1.1 200");
    }
}

static long serial(const struct client *c)
{
    X509 *cert = SSL_get1_peer_certificate(c->ssl);
    long number = cert ? ASN1_INTEGER_get(X509_get0_serialNumber(cert)) : 0;
    X509_free(cert);
    return number;
}

static struct http_server_options with_tls(const char **ret_cert, const char **ret_key)
{
    *ret_cert = text_format(test_arena(), "%s/cert.pem", test_folder());
    *ret_key = text_format(test_arena(), "%s/key.pem", test_folder());
    write_pair(*ret_cert, *ret_key, 1);
    return (struct http_server_options){ .tls_cert_file = *ret_cert, .tls_key_file = *ret_key };
}

TEST(tls_requests_of_every_kind)
{
    struct live live;
    struct client c;
    const char *cert, *key;
    REQUIRE(live_start(&live, with_tls(&cert, &key)));
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        CHECK(shake(&c, &live, version));
        CHECK(ask(&c, get, 5));
        CHECK(ask(&c, "GET /later HTTP/1.1\r\nHost: a.example\r\n\r\n", 6));
        CHECK(ask(&c, "GET /big HTTP/1.1\r\nHost: a.example\r\n\r\n", 3 << 20));
        CHECK(ask(&c, get, 5));
        hang_up(&c);
    }
    live_stop(&live);
}

TEST(tls_old_versions_and_foreign_protocols_are_refused)
{
    struct live live;
    struct client c;
    const char *cert, *key;
    REQUIRE(live_start(&live, with_tls(&cert, &key)));
    CHECK(!shake(&c, &live, TLS1_1_VERSION));
    hang_up(&c);
    int fd = live_connect(&live);
    live_send(fd, get);
    CHECK_NUM(live_read(fd).status, 0); /* plain HTTP on a TLS port */
    close(fd);
    live_stop(&live);
}

TEST(DOS_03_tls_handshakes_have_a_deadline)
{
    struct live live;
    const char *cert, *key;
    struct http_server_options options = with_tls(&cert, &key);
    options.limits.header_time = 100;
    REQUIRE(live_start(&live, options));
    int fd = live_connect(&live);
    CHECK(live_is_closed(fd));
    close(fd);
    live_stop(&live);
}

TEST(tls_certificate_is_reloaded_or_kept)
{
    struct live live;
    struct client before, after, kept;
    const char *cert, *key;
    REQUIRE(live_start(&live, with_tls(&cert, &key)));
    CHECK(shake(&before, &live, TLS1_3_VERSION));
    CHECK_NUM(serial(&before), 1);
    write_pair(cert, key, 2);
    CHECK_OK(http_server_reload_tls(live.server));
    CHECK(shake(&after, &live, TLS1_3_VERSION));
    CHECK_NUM(serial(&after), 2);
    CHECK(ask(&before, get, 5));
    (void)unlink(key);
    CHECK_ERR(http_server_reload_tls(live.server), E_FAULT);
    CHECK(shake(&kept, &live, TLS1_3_VERSION));
    CHECK_NUM(serial(&kept), 2);
    hang_up(&before);
    hang_up(&after);
    hang_up(&kept);
    live_stop(&live);
}

TEST(tls_bad_files_show_at_start)
{
    struct http_server *server;
    const char *cert, *key;
    struct http_server_options options = with_tls(&cert, &key);
    options.listen = "127.0.0.1:0";
    options.tls_cert_file = key;
    CHECK_ERR(http_server_open(&server, &options), E_FAULT);
    options.tls_cert_file = NULL;
    CHECK_ERR(http_server_open(&server, &options), E_INVALID);
}
