/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SMTP through libcurl, which knows STARTTLS, the kinds of AUTH, SIZE and dot-stuffing. Its debug
 * hook tells us which command a reply belongs to; libcurl's own result codes do not tell a refused
 * recipient (this mail is dead) from a refused sender or sign-in (the configuration is wrong, all
 * mail waits).
 */
#include "net/smtp.h"

#include "base/clock.h"
#include "net/curl.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* One handle, and with it one connection, kept between two mails; NULL while in use. */
static _Atomic(CURL *) kept;

struct exchange {
    const struct curl_functions *curl;
    CURL *handle;
    struct smtp_reply *reply;
    struct mem rest; /* of the data */
    char error[CURL_ERROR_SIZE];
    bool (*is_stopping)(void);
    int64_t stop_at_ns; /* monotonic; 0 while nobody wants us to stop */
    bool failed;        /* an option was refused */
    bool parted;        /* QUIT was sent: what follows says nothing about the mail */
};

bool smtp_is_address(const char *address)
{
    const char *at = strchr(address, '@');
    if (!at || at == address || !at[1] || strchr(at + 1, '@') || strlen(address) > 254)
        return false;
    for (const char *p = address; *p; p++)
        if (*p <= ' ' || *p > '~' || strchr("<>()[]\\,;:\"", *p))
            return false;
    return true;
}

/* RFC 5321 2.3.8: CR and LF only ever together. */
static bool has_only_crlf(struct mem data)
{
    const char *p = data.p;
    for (size_t i = 0; i < data.n; i++) {
        if (p[i] == '\n' && (i == 0 || p[i - 1] != '\r'))
            return false;
        if (p[i] == '\r' && (i + 1 == data.n || p[i + 1] != '\n'))
            return false;
    }
    return data.n >= 2 && p[data.n - 1] == '\n';
}

static size_t give(char *out, size_t size, size_t count, void *arg)
{
    struct exchange *x = arg;
    size_t n = size * count < x->rest.n ? size * count : x->rest.n;
    if (n)
        memcpy(out, x->rest.p, n);
    x->rest = MEM((const char *)x->rest.p + n, x->rest.n - n);
    return n;
}

static void note_command(struct exchange *x, const char *p, size_t n)
{
    static const struct {
        const char *verb;
        enum smtp_stage stage;
    } verbs[] = { { "MAIL FROM", SMTP_AT_FROM },
                  { "RCPT TO", SMTP_AT_TO },
                  { "DATA", SMTP_AT_DATA } };
    if (n >= 4 && strncasecmp(p, "QUIT", 4) == 0)
        x->parted = true;
    if (x->parted)
        return;
    enum smtp_stage stage = SMTP_AT_HELLO;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (n >= strlen(verbs[i].verb) && strncasecmp(p, verbs[i].verb, strlen(verbs[i].verb)) == 0)
            stage = verbs[i].stage;
    x->reply->stage = stage;
    x->reply->text[0] = 0;
}

static void note_text(struct smtp_reply *reply, const char *p, size_t n)
{
    size_t used = 0;
    for (size_t i = 0; i < n && used < sizeof reply->text - 1; i++)
        if (p[i] >= ' ' && p[i] <= '~')
            reply->text[used++] = p[i];
    reply->text[used] = 0;
}

/* Sees each line of the session. Commands are only recognised, never kept: AUTH carries secrets. */
static int watch(CURL *, curl_infotype type, char *p, size_t n, void *arg)
{
    struct exchange *x = arg;
    if (!x)
        return 0;
    if (type == CURLINFO_HEADER_OUT)
        note_command(x, p, n);
    if (type == CURLINFO_HEADER_IN && !x->parted)
        note_text(x->reply, p, n);
    return 0;
}

/* libcurl asks at least once a second; anything but 0 ends the exchange. */
static int is_enough(void *arg, curl_off_t, curl_off_t, curl_off_t, curl_off_t)
{
    struct exchange *x = arg;
    if (!x->is_stopping || !x->is_stopping())
        return 0;
    int64_t now = clock_monotonic_ns();
    if (!x->stop_at_ns)
        x->stop_at_ns = now + (x->reply->stage == SMTP_AT_DATA ? INT64_C(8'000'000'000) : 0);
    return now >= x->stop_at_ns;
}

static void put_num(struct exchange *x, CURLoption option, long value)
{
    x->failed |= x->curl->easy_setopt(x->handle, option, value) != CURLE_OK;
}

static void put_text(struct exchange *x, CURLoption option, const char *value)
{
    x->failed |= x->curl->easy_setopt(x->handle, option, value) != CURLE_OK;
}

/* Nothing in a host name may end the host in the URL. */
static bool is_host(const char *host)
{
    for (const char *p = host; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr(".-_:", *p))
            return false;
    return *host != 0;
}

static void put_server(struct exchange *x, const struct smtp_server *server)
{
    char url[600];
    bool is_v6 = strchr(server->host, ':') != NULL;
    x->failed |= !is_host(server->host) || (server->helo && !is_host(server->helo));
    int n =
        snprintf(url, sizeof url, "%s://%s%s%s:%d/%s",
                 server->security == SMTP_TLS ? "smtps" : "smtp", is_v6 ? "[" : "", server->host,
                 is_v6 ? "]" : "", server->port, server->helo ? server->helo : "");
    x->failed |= n < 0 || (size_t)n >= sizeof url;
    put_text(x, CURLOPT_URL, url);
    put_text(x, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    put_text(x, CURLOPT_PROXY, ""); /* no surprise from the environment */
    put_num(x, CURLOPT_NOSIGNAL, 1);
    int64_t timeout = server->timeout ? server->timeout : 30 * SECOND;
    put_num(x, CURLOPT_TIMEOUT_MS, (long)timeout);
    put_num(x, CURLOPT_CONNECTTIMEOUT_MS, (long)(timeout < 10 * SECOND ? timeout : 10 * SECOND));
    /* Also bounds the wait for the answer to QUIT, which the others don't. */
    put_num(x, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)((timeout + SECOND - 1) / SECOND));
    if (server->user && *server->user) {
        put_text(x, CURLOPT_USERNAME, server->user);
        put_text(x, CURLOPT_PASSWORD, server->pass ? server->pass : "");
    }
    if (server->security == SMTP_PLAIN)
        return;
    put_num(x, CURLOPT_USE_SSL, CURLUSESSL_ALL);
    put_num(x, CURLOPT_SSL_VERIFYPEER, 1);
    put_num(x, CURLOPT_SSL_VERIFYHOST, 2);
    put_num(x, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    if (server->ca_file && *server->ca_file) {
        put_text(x, CURLOPT_CAINFO, server->ca_file);
        put_text(x, CURLOPT_CAPATH, NULL);
    }
}

static void put_hooks(struct exchange *x)
{
    put_num(x, CURLOPT_UPLOAD, 1);
    x->failed |= x->curl->easy_setopt(x->handle, CURLOPT_READFUNCTION, give) != CURLE_OK;
    x->failed |= x->curl->easy_setopt(x->handle, CURLOPT_READDATA, x) != CURLE_OK;
    x->failed |= x->curl->easy_setopt(x->handle, CURLOPT_INFILESIZE_LARGE, (curl_off_t)x->rest.n) !=
                 CURLE_OK;
    x->failed |= x->curl->easy_setopt(x->handle, CURLOPT_DEBUGFUNCTION, watch) != CURLE_OK;
    x->failed |= x->curl->easy_setopt(x->handle, CURLOPT_DEBUGDATA, x) != CURLE_OK;
    x->failed |= x->curl->easy_setopt(x->handle, CURLOPT_XFERINFOFUNCTION, is_enough) != CURLE_OK;
    x->failed |= x->curl->easy_setopt(x->handle, CURLOPT_XFERINFODATA, x) != CURLE_OK;
    put_num(x, CURLOPT_NOPROGRESS, 0);
    x->failed |= x->curl->easy_setopt(x->handle, CURLOPT_ERRORBUFFER, x->error) != CURLE_OK;
    put_num(x, CURLOPT_VERBOSE, 1);
}

/* 530 and 535 ask for a sign-in at any stage: the configuration's matter, not the mail's. */
static enum err judge(const struct smtp_reply *reply)
{
    bool is_final = reply->code >= 500 && reply->code < 600 && reply->code != 530 &&
                    reply->code != 535 && reply->code != 521;
    return is_final && reply->stage >= SMTP_AT_TO ? E_INVALID : E_BUSY;
}

static enum err perform(struct exchange *x, const struct smtp_mail *mail)
{
    char from[260], to[260];
    (void)snprintf(from, sizeof from, "<%s>", mail->from);
    (void)snprintf(to, sizeof to, "<%s>", mail->to);
    struct curl_slist *recipients = x->curl->slist_append(NULL, to);
    put_text(x, CURLOPT_MAIL_FROM, from);
    x->failed |=
        !recipients || x->curl->easy_setopt(x->handle, CURLOPT_MAIL_RCPT, recipients) != CURLE_OK;
    CURLcode result = x->failed ? CURLE_FAILED_INIT : x->curl->easy_perform(x->handle);
    long code = 0;
    (void)x->curl->easy_getinfo(x->handle, CURLINFO_RESPONSE_CODE, &code);
    x->reply->code = (int)code;
    x->curl->easy_reset(x->handle); /* the handle outlives what its options point to */
    x->curl->slist_free_all(recipients);
    if (result == CURLE_OK)
        return OK;
    const char *why = x->error[0] ? x->error : x->curl->easy_strerror(result);
    if (!x->reply->text[0] || code < 400)
        note_text(x->reply, why, strlen(why));
    return judge(x->reply);
}

static enum err refuse(struct smtp_reply *reply, enum err answer, const char *why)
{
    note_text(reply, why, strlen(why));
    return answer;
}

static void close_handle(const struct curl_functions *curl, CURL *handle)
{
    /* QUIT is still sent, but nobody waits for the answer, which may take half a minute. */
    curl_socket_t place = CURL_SOCKET_BAD;
    if (curl->easy_getinfo(handle, CURLINFO_ACTIVESOCKET, &place) == CURLE_OK &&
        place != CURL_SOCKET_BAD)
        (void)shutdown(place, SHUT_RD);
    curl->easy_cleanup(handle);
}

enum err smtp_send(const struct smtp_server *server, const struct smtp_mail *mail,
                   struct smtp_reply *ret)
{
    *ret = (struct smtp_reply){ 0 };
    if (!smtp_is_address(mail->from))
        return refuse(ret, E_BUSY, "the sender address is malformed");
    if (!smtp_is_address(mail->to))
        return refuse(ret, E_INVALID, "the address is malformed");
    if (!has_only_crlf(mail->data))
        return refuse(ret, E_INVALID, "the message has a bare CR or LF");

    struct exchange x = { .reply = ret, .rest = mail->data, .is_stopping = server->is_stopping };
    if (curl_open(&x.curl))
        return refuse(ret, E_BUSY, "libcurl cannot be loaded");
    x.handle = atomic_exchange(&kept, NULL);
    if (!x.handle)
        x.handle = x.curl->easy_init();
    if (!x.handle)
        return refuse(ret, E_BUSY, "libcurl has no handle to give");
    put_server(&x, server);
    put_hooks(&x);
    enum err result = perform(&x, mail);

    CURL *surplus = x.handle;
    if (result == OK)
        surplus = atomic_exchange(&kept, x.handle);
    if (surplus)
        close_handle(x.curl, surplus);
    return result;
}

void smtp_rest(void)
{
    CURL *handle = atomic_exchange(&kept, NULL);
    const struct curl_functions *curl;
    if (handle && curl_open(&curl) == OK)
        close_handle(curl, handle);
}
