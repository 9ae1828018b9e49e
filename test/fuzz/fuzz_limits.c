/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What operators write about limits: SETTING_LIMITS and SETTING_REDIS_URL. Oracles: figures that
 * are accepted are within their bounds, twice the same text is refused unless it says nothing, more
 * space changes nothing; a URL's parts, written anew, give the same parts.
 */
#include "app.h"
#include "base/clock.h"
#include "base/text.h"
#include "kv/redis.h"
#include "service/setting.h"
#include "web/meter.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void check_windows(void)
{
    for (size_t r = 0; r < router_count(); r++) {
        size_t count;
        const struct meter *const *meters = meters_of(r, &count);
        for (size_t i = 0; i < count; i++) {
            int64_t uses, span;
            size_t k = 0;
            for (; meter_window(meters[i], k, &uses, &span); k++)
                require(uses <= 1'000'000 && span >= SECOND && span <= 31 * DAY);
            require(k > 0);
        }
    }
}

static void check_limits(struct arena *arena, const char *text)
{
    if (meters_check(arena, text) || setting_override(SETTING_LIMITS, text))
        return;
    meters_configure();
    check_windows();
    bool says_nothing = strspn(text, " ;") == strlen(text);
    require(says_nothing == !meters_check(arena, text_format(arena, "%s;%s", text, text)));
    require(!meters_check(arena, text_format(arena, " %s ;; ", text)));
}

static const char *encode(struct arena *arena, const char *text)
{
    const char *out = "";
    for (; *text; text++)
        out = text_format(arena, "%s%%%02X", out, (unsigned)(unsigned char)*text);
    return out;
}

static void check_url(struct arena *arena, const char *text)
{
    struct redis_url url, again;
    if (redis_url_parse(text, &url))
        return;
    require(*url.host && url.port >= 1 && url.port <= 65'535 && url.database >= 0);
    require(!*url.user || *url.password);
    const char *secret = *url.password ? text_format(arena, "%s:%s@", encode(arena, url.user),
                                                     encode(arena, url.password))
                                       : "";
    bool is_v6 = strchr(url.host, ':') != NULL;
    const char *written = text_format(arena, "redis://%s%s%s%s:%d/%d", secret, is_v6 ? "[" : "",
                                      url.host, is_v6 ? "]" : "", url.port, url.database);
    require(!redis_url_parse(written, &again));
    require(text_equal(url.host, again.host) && text_equal(url.user, again.user) &&
            text_equal(url.password, again.password));
    require(url.port == again.port && url.database == again.database);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static bool is_open;
    struct arena arena;
    if (!is_open)
        app_register();
    is_open = true;
    if (n > 2000)
        return 0;
    arena_init(&arena, 64 << 20);
    const char *text = text_copy(&arena, MEM(p, strnlen((const char *)p, n)));
    check_limits(&arena, text);
    check_url(&arena, text);
    check_url(&arena, text_format(&arena, "redis://%s", text));
    arena_done(&arena);
    return 0;
}
