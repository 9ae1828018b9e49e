/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody else's web server: see web_fixture.h. A thread for each connection.
 */
#include "web_fixture.h"

#include "../test.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 256 };

struct web_fixture_inside {
    int listener;
    SSL_CTX *tls;
    pthread_t acceptor, threads[CONNECTIONS];
    int fds[CONNECTIONS];
    atomic_int connections, requests;
    _Atomic(const char *) body;
    atomic_int status;
    char last[8192];
    atomic_bool is_ending;
};

struct visit {
    struct web_fixture_inside *inside;
    int fd;
    SSL *tls;
    char request[8192];
    size_t n;
};

static bool put(struct visit *v, const char *bytes, size_t n)
{
    if (v->tls)
        return SSL_write(v->tls, bytes, (int)n) == (int)n;
    return send(v->fd, bytes, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static bool say(struct visit *v, const char *text)
{
    return put(v, text, strlen(text));
}

static long get(struct visit *v, char *to, size_t n)
{
    return v->tls ? SSL_read(v->tls, to, (int)n) : read(v->fd, to, n);
}

/* The head, and the body that its Content-Length promises. */
static bool read_request(struct visit *v)
{
    for (;;) {
        const char *end = strstr(v->request, "\r\n\r\n");
        const char *length = strstr(v->request, "Content-Length: ");
        size_t wanted = length ? strtoul(length + 16, NULL, 10) : 0;
        if (end && v->n >= (size_t)(end + 4 - v->request) + wanted)
            return true;
        long got = get(v, v->request + v->n, sizeof v->request - 1 - v->n);
        if (got <= 0)
            return false;
        v->n += (size_t)got;
    }
}

static void echo(struct visit *v)
{
    char head[100];
    (void)snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", v->n);
    (void)(say(v, head) && put(v, v->request, v->n));
}

static void repeat(struct visit *v, const char *head, const char *piece, int pause_us)
{
    bool more = say(v, head);
    while (more && !v->inside->is_ending) {
        more = say(v, piece);
        if (pause_us)
            usleep((useconds_t)pause_us);
    }
}

static void wait_for_end(struct visit *v)
{
    char byte;
    while (!v->inside->is_ending && get(v, &byte, 1) > 0) {
    }
}

static void redirect(struct visit *v)
{
    static const char *const places[] = { "/echo", "http://127.0.0.1/", "file:///etc/passwd",
                                          "https://10.0.0.1/" };
    char head[200];
    (void)snprintf(head, sizeof head,
                   "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                   places[(unsigned)v->inside->requests % COUNT(places)]);
    (void)say(v, head);
}

static void say_told(struct visit *v)
{
    char head[100];
    const char *body = v->inside->body;
    (void)snprintf(head, sizeof head, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n",
                   v->inside->status, strlen(body));
    (void)(say(v, head) && say(v, body));
}

static void answer(struct visit *v)
{
    char piece[16'000];
    const char *path = strchr(v->request, '/');
    memset(piece, 'x', sizeof piece - 1);
    piece[sizeof piece - 1] = 0;
    if (text_starts(path, "/echo"))
        echo(v);
    else if (text_starts(path, "/redirect"))
        redirect(v);
    else if (text_starts(path, "/giant"))
        repeat(v, "HTTP/1.1 200 OK\r\n\r\n", piece, 0);
    else if (text_starts(path, "/headers"))
        repeat(v, "HTTP/1.1 200 OK\r\nX: ", "x\r\nX: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0);
    else if (text_starts(path, "/never"))
        wait_for_end(v);
    else if (text_starts(path, "/drip"))
        repeat(v, "HTTP/1.1 200 OK\r\n\r\n", "x", 100'000);
    else if (text_starts(path, "/garbage"))
        (void)say(v, "\x01\x02 what is this\r\n\r\n\r\n");
    else if (text_starts(path, "/cut"))
        (void)say(v, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    else if (text_starts(path, "/cookie"))
        (void)say(v, "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n");
    else if (text_starts(path, "/gzip"))
        (void)say(v, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nbomb");
    else if (path[1] >= '1' && path[1] <= '9') {
        (void)say(v, "HTTP/1.1 ");
        (void)put(v, path + 1, 3);
        (void)say(v, " X\r\nContent-Length: 4\r\n\r\nbody");
    } else
        say_told(v);
}

static void *serve(void *arg)
{
    struct visit *v = arg;
    bool is_good = true;
    if (v->inside->tls) {
        v->tls = SSL_new(v->inside->tls);
        SSL_set_fd(v->tls, v->fd);
        is_good = SSL_accept(v->tls) == 1;
    }
    if (is_good && read_request(v)) {
        memcpy(v->inside->last, v->request, sizeof v->request);
        atomic_fetch_add(&v->inside->requests, 1);
        answer(v);
    }
    if (v->tls)
        SSL_free(v->tls);
    shutdown(v->fd, SHUT_RDWR); /* closed by web_fixture_stop, so that its number stays ours */
    free(v);
    return NULL;
}

static void *accept_all(void *arg)
{
    struct web_fixture_inside *in = arg;
    for (;;) {
        int fd = accept(in->listener, NULL, NULL), n = in->connections;
        if (fd < 0 || n == CONNECTIONS)
            return NULL;
        struct visit *v = calloc(1, sizeof *v);
        *v = (struct visit){ .inside = in, .fd = fd };
        in->fds[n] = fd;
        in->connections = n + 1; /* before anybody is answered, who then counts them */
        pthread_create(&in->threads[n], NULL, serve, v);
    }
}

/* A certificate for the name, signed by itself: trusted where its file is. */
static SSL_CTX *make_tls(const char *name, const char *ca_file)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    char *names = text_format(test_arena(), "DNS:%s", name);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
    X509_set_pubkey(cert, key);
    X509_sign(cert, key, EVP_sha256());
    FILE *file = fopen(ca_file, "w");
    PEM_write_X509(file, cert);
    (void)fclose(file);
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(ctx, cert);
    SSL_CTX_use_PrivateKey(ctx, key);
    X509_free(cert);
    EVP_PKEY_free(key);
    return ctx;
}

struct web_fixture web_fixture_start(const char *name)
{
    static int serial;
    struct arena *arena = test_arena();
    struct web_fixture fixture = { .inside = calloc(1, sizeof *fixture.inside) };
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof at;
    (void)signal(SIGPIPE, SIG_IGN);
    web_fixture_answer(&fixture, 200, "");
    fixture.inside->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fixture.inside->listener, (struct sockaddr *)&at, size) ||
        listen(fixture.inside->listener, 64) ||
        getsockname(fixture.inside->listener, (struct sockaddr *)&at, &size))
        test_fail(__FILE__, __LINE__, "the web server did not start");
    fixture.port = ntohs(at.sin_port);
    if (name) {
        fixture.ca_file = text_format(arena, "%s/ca%d.pem", test_folder(), ++serial);
        fixture.inside->tls = make_tls(name, fixture.ca_file);
    }
    fixture.origin = text_format(arena, "%s://%s:%d", name ? "https" : "http",
                                 name ? name : "127.0.0.1", fixture.port);
    fixture.resolve = name ? text_format(arena, "%s:%d:127.0.0.1", name, fixture.port) : NULL;
    pthread_create(&fixture.inside->acceptor, NULL, accept_all, fixture.inside);
    return fixture;
}

void web_fixture_stop(struct web_fixture *fixture)
{
    struct web_fixture_inside *in = fixture->inside;
    in->is_ending = true;
    shutdown(in->listener, SHUT_RDWR);
    pthread_join(in->acceptor, NULL);
    for (int i = 0; i < in->connections; i++)
        shutdown(in->fds[i], SHUT_RDWR);
    for (int i = 0; i < in->connections; i++) {
        pthread_join(in->threads[i], NULL);
        close(in->fds[i]);
    }
    close(in->listener);
    SSL_CTX_free(in->tls);
    free(in);
    fixture->inside = NULL;
}

int web_fixture_connections(const struct web_fixture *fixture)
{
    return fixture->inside->connections;
}

int web_fixture_requests(const struct web_fixture *fixture)
{
    return fixture->inside->requests;
}

const char *web_fixture_last(const struct web_fixture *fixture)
{
    return fixture->inside->last;
}

void web_fixture_answer(struct web_fixture *fixture, int status, const char *body)
{
    fixture->inside->status = status;
    fixture->inside->body = body;
}
