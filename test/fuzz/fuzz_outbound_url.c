/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs that somebody gives us to call. Oracle: what we take for host, port and path of a URL that
 * passes is what libcurl reads in the one put together from them, and no such host is an address
 * that is not public.
 */
#include "net/address_policy.h"

#include "base/text.h"
#include "net/curl.h"

#include <assert.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static typeof(curl_url) *make;
static typeof(curl_url_set) *set;
static typeof(curl_url_get) *get;
static typeof(curl_url_cleanup) *drop;
static typeof(curl_free) *release;

static void load(void)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    assert(library);
    void *found[] = { dlsym(library, "curl_url"), dlsym(library, "curl_url_set"),
                      dlsym(library, "curl_url_get"), dlsym(library, "curl_url_cleanup"),
                      dlsym(library, "curl_free") };
    for (size_t i = 0; i < COUNT(found); i++)
        assert(found[i]);
    memcpy(&make, &found[0], sizeof make);
    memcpy(&set, &found[1], sizeof set);
    memcpy(&get, &found[2], sizeof get);
    memcpy(&drop, &found[3], sizeof drop);
    memcpy(&release, &found[4], sizeof release);
}

static void check_part(CURLU *theirs, CURLUPart part, const char *ours)
{
    char *text = NULL;
    CURLUcode code = get(theirs, part, &text, CURLU_DEFAULT_PORT);
    assert(code == CURLUE_OK && text_equal(text, ours));
    release(text);
}

static void check_none(CURLU *theirs, CURLUPart part)
{
    char *text = NULL;
    assert(get(theirs, part, &text, 0) != CURLUE_OK);
}

static void compare(struct arena *arena, const struct outbound_url *url)
{
    const char *host = url->is_v6 ? text_format(arena, "[%s]", url->host) : url->host;
    const char *scheme = url->is_secure ? "https" : "http";
    size_t path = strcspn(url->target, "?");
    CURLU *theirs = make();
    assert(theirs);
    CURLUcode code = set(theirs, CURLUPART_URL,
                         text_format(arena, "%s://%s:%d%s", scheme, host, url->port, url->target),
                         CURLU_PATH_AS_IS);
    assert(code == CURLUE_OK);
    check_part(theirs, CURLUPART_SCHEME, scheme);
    check_part(theirs, CURLUPART_PORT, text_format(arena, "%d", url->port));
    check_part(theirs, CURLUPART_PATH, text_copy(arena, MEM(url->target, path)));
    if (!url->is_v6) /* an IPv6 address has several spellings; libcurl chooses its own */
        check_part(theirs, CURLUPART_HOST, host);
    check_none(theirs, CURLUPART_USER);
    check_none(theirs, CURLUPART_PASSWORD);
    check_none(theirs, CURLUPART_FRAGMENT);
    drop(theirs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct outbound_url url;
    struct address_policy policy = { .any_port = size & 1 };
    const char *why;
    struct ip ip;
    if (size > 4096 || memchr(data, 0, size))
        return 0;
    if (!make)
        load();
    arena_init(&arena, 1 << 20);
    const char *text = text_copy(&arena, MEM(data, size));
    enum err e = outbound_url_parse(&arena, &policy, text, &url, &why);
    assert((e == OK) == (why == NULL));
    if (e == OK) {
        assert(url.is_secure && (policy.any_port || url.port == HTTPS_PORT));
        assert(url.target[0] == '/' && !strpbrk(url.target, "# \r\n\t\\"));
        assert(!ip_parse(url.host, &ip) || address_is_public(ip));
        compare(&arena, &url);
    }
    arena_done(&arena);
    return 0;
}
