/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request through libcurl: see fetch.h. What libcurl gets is not the URL that somebody gave but
 * one put together from its checked pieces; and it opens no socket itself: it asks open_checked()
 * with the very address that connect() will get, so that no resolver, no redirect and no reading of
 * a URL other than ours leads anywhere else (SSRF-02).
 */
#include "net/fetch.h"

#include "base/clock.h"
#include "base/text.h"
#include "net/breaker.h"
#include "net/curl.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Handles between two requests. Nothing of a request is kept in them but the certificates that are
   trusted: reading them anew costs as much as a password hash. */
enum { KEPT_MAX = 4 };
static _Atomic(CURL *) kept[KEPT_MAX];

struct exchange {
    const struct curl_functions *curl;
    CURL *handle;
    const struct fetch *what;
    struct curl_slist *headers, *resolve;
    char *body; /* of the answer: room for max */
    size_t n, max, header_bytes;
    char error[CURL_ERROR_SIZE];
    bool failed;     /* an option was refused */
    bool was_denied; /* an address was */
    bool was_opened; /* a socket was */
    bool is_large;
};

/* --- what libcurl calls --- */

static curl_socket_t open_checked(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct exchange *x = arg;
    if (purpose != CURLSOCKTYPE_IPCXN || !address_policy_admits(x->what->policy, &to->addr)) {
        x->was_denied = true;
        return CURL_SOCKET_BAD;
    }
    int fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    x->was_opened |= fd >= 0;
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct exchange *x = arg;
    size_t n = size * count;
    if (n > x->max - x->n) {
        x->is_large = true;
        return 0;
    }
    memcpy(x->body + x->n, bytes, n);
    x->n += n;
    return n;
}

/* Nobody reads them; they are only counted. */
static size_t count_header(char *, size_t size, size_t count, void *arg)
{
    struct exchange *x = arg;
    x->header_bytes += size * count;
    x->is_large |= x->header_bytes > FETCH_BYTES_MAX;
    return x->is_large ? 0 : size * count;
}

/* --- what libcurl is told --- */

static void put_num(struct exchange *x, CURLoption option, long value)
{
    x->failed |= x->curl->easy_setopt(x->handle, option, value) != CURLE_OK;
}

static void put_text(struct exchange *x, CURLoption option, const char *value)
{
    x->failed |= x->curl->easy_setopt(x->handle, option, value) != CURLE_OK;
}

static void put_place(struct exchange *x, const char *url, bool is_secure)
{
    put_text(x, CURLOPT_URL, url);
    put_text(x, CURLOPT_PROTOCOLS_STR, is_secure ? "https" : "http");
    put_num(x, CURLOPT_PATH_AS_IS, 1);
    put_num(x, CURLOPT_FOLLOWLOCATION, 0);
    put_text(x, CURLOPT_PROXY, ""); /* and none of the environment */
    put_text(x, CURLOPT_NOPROXY, "*");
    put_num(x, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    put_num(x, CURLOPT_FRESH_CONNECT, 1);
    put_num(x, CURLOPT_FORBID_REUSE, 1);
    put_num(x, CURLOPT_DNS_CACHE_TIMEOUT, 0);
    put_num(x, CURLOPT_SSL_VERIFYPEER, 1);
    put_num(x, CURLOPT_SSL_VERIFYHOST, 2);
    put_num(x, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    put_num(x, CURLOPT_SSL_SESSIONID_CACHE, 0);
    put_text(x, CURLOPT_CAPATH, NULL); /* one file can be kept, a folder is read anew */
    if (!text_is_empty(x->what->ca_file))
        put_text(x, CURLOPT_CAINFO, x->what->ca_file);
    x->failed |= x->curl->easy_setopt(x->handle, CURLOPT_RESOLVE, x->resolve) != CURLE_OK;
}

static void put_bounds(struct exchange *x)
{
    int64_t timeout = x->what->timeout ? x->what->timeout : FETCH_TIMEOUT;
    put_num(x, CURLOPT_TIMEOUT_MS, (long)timeout);
    put_num(x, CURLOPT_CONNECTTIMEOUT_MS, (long)timeout);
    put_num(x, CURLOPT_LOW_SPEED_LIMIT, 16);
    put_num(x, CURLOPT_LOW_SPEED_TIME, 5);
    put_num(x, CURLOPT_NOSIGNAL, 1);
    /* Or the end of a request would wait for a resolver that does not answer. Since 7.87. */
    (void)x->curl->easy_setopt(x->handle, CURLOPT_QUICK_EXIT, 1L);
}

static void put_content(struct exchange *x)
{
    put_text(x, CURLOPT_USERAGENT, "Cardea");
    x->failed |= x->curl->easy_setopt(x->handle, CURLOPT_HTTPHEADER, x->headers) != CURLE_OK;
    if (!x->what->type)
        return;
    put_num(x, CURLOPT_POST, 1);
    x->failed |= x->curl->easy_setopt(x->handle, CURLOPT_POSTFIELDSIZE_LARGE,
                                      (curl_off_t)x->what->body.n) != CURLE_OK;
    x->failed |= x->curl->easy_setopt(x->handle, CURLOPT_POSTFIELDS,
                                      x->what->body.n ? x->what->body.p : "") != CURLE_OK;
}

static void put_hooks(struct exchange *x)
{
    const struct curl_functions *curl = x->curl;
    CURL *h = x->handle;
    x->failed |= curl->easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, open_checked) != CURLE_OK ||
                 curl->easy_setopt(h, CURLOPT_OPENSOCKETDATA, x) != CURLE_OK ||
                 curl->easy_setopt(h, CURLOPT_WRITEFUNCTION, take_body) != CURLE_OK ||
                 curl->easy_setopt(h, CURLOPT_WRITEDATA, x) != CURLE_OK ||
                 curl->easy_setopt(h, CURLOPT_HEADERFUNCTION, count_header) != CURLE_OK ||
                 curl->easy_setopt(h, CURLOPT_HEADERDATA, x) != CURLE_OK ||
                 curl->easy_setopt(h, CURLOPT_ERRORBUFFER, x->error) != CURLE_OK;
}

static void add(struct exchange *x, struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = x->curl->slist_append(*list, line);
    x->failed |= longer == NULL;
    *list = longer ? longer : *list;
}

/* No header that holds a line end: it would be two. */
static void gather(struct exchange *x, const char *type)
{
    if (type)
        add(x, &x->headers, type);
    add(x, &x->headers, "Expect:");
    for (int i = 0; i < FETCH_HEADERS_MAX && x->what->headers[i]; i++) {
        x->failed |= strpbrk(x->what->headers[i], "\r\n") != NULL;
        add(x, &x->headers, x->what->headers[i]);
    }
    if (x->what->resolve)
        add(x, &x->resolve, x->what->resolve);
}

/* --- handles --- */

static CURL *take_handle(const struct curl_functions *curl)
{
    for (int i = 0; i < KEPT_MAX; i++) {
        CURL *handle = atomic_exchange(&kept[i], NULL);
        if (handle)
            return handle;
    }
    return curl->easy_init();
}

/* What a test's resolver said would stay in it. */
static void give_handle(const struct exchange *x)
{
    x->curl->easy_reset(x->handle); /* it outlives what its options point to */
    for (int i = 0; i < KEPT_MAX && !x->what->resolve; i++) {
        CURL *none = NULL;
        if (atomic_compare_exchange_strong(&kept[i], &none, x->handle))
            return;
    }
    x->curl->easy_cleanup(x->handle);
}

void fetch_rest(void)
{
    const struct curl_functions *curl;
    for (int i = 0; i < KEPT_MAX; i++) {
        CURL *handle = atomic_exchange(&kept[i], NULL);
        if (handle && curl_open(&curl) == OK)
            curl->easy_cleanup(handle);
    }
}

/* --- the request --- */

static enum err judge(const struct exchange *x, CURLcode code)
{
    if (code == CURLE_OK)
        return OK;
    if (x->is_large)
        return E_TOO_LARGE;
    return x->was_denied && !x->was_opened ? E_DENIED : E_BUSY;
}

/* Nothing here allocates from an arena: a jump would lose the handle. */
static enum err perform(struct exchange *x, const char *url, const char *type, int *ret_status)
{
    long status = 0;
    x->handle = take_handle(x->curl);
    if (!x->handle)
        return E_BUSY;
    gather(x, type);
    put_place(x, url, text_starts(url, "https:"));
    put_bounds(x);
    put_content(x);
    put_hooks(x);
    CURLcode code = x->failed ? CURLE_FAILED_INIT : x->curl->easy_perform(x->handle);
    (void)x->curl->easy_getinfo(x->handle, CURLINFO_RESPONSE_CODE, &status);
    if (code && !x->error[0])
        (void)snprintf(x->error, sizeof x->error, "%s", x->curl->easy_strerror(code));
    give_handle(x);
    x->curl->slist_free_all(x->headers);
    x->curl->slist_free_all(x->resolve);
    *ret_status = (int)status;
    return judge(x, code);
}

static const char *say(const struct exchange *x, enum err e)
{
    if (e == E_DENIED)
        return "no address behind the name is public";
    return e == E_TOO_LARGE ? "the answer is too large" : x->error;
}

enum err fetch(const struct fetch *what, struct arena *arena, struct fetched *ret)
{
    struct outbound_url url;
    struct exchange x = { .what = what, .max = what->max ? what->max : FETCH_BYTES_MAX };
    *ret = (struct fetched){ 0 };
    TRY(outbound_url_parse(arena, what->policy, what->url, &url, &ret->why));
    const char *place = text_format(arena, url.is_v6 ? "[%s]:%d" : "%s:%d", url.host, url.port);
    const char *whole =
        text_format(arena, "%s://%s%s", url.is_secure ? "https" : "http", place, url.target);
    const char *type = what->type ? text_format(arena, "Content-Type: %s", what->type) : NULL;
    x.body = arena_alloc(arena, x.max + 1);
    TRY(curl_open(&x.curl));

    ret->why = "this place failed lately, or too many ask it at once";
    TRY(breaker_enter(place, what->at_once));
    ret->was_asked = true;
    enum err e = perform(&x, whole, type, &ret->status);
    breaker_leave(place, e == E_DENIED || (e == OK && ret->status < 500));
    ret->why = e ? text_format(arena, "%s", say(&x, e)) : NULL;
    ret->body = MEM(x.body, e ? 0 : x.n);
    return e;
}
