/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What limits cost a request that has the most of them: a sign-in from an IPv6 address, counted for
 * three ranges and for the e-mail address, each time another of a thousand callers. In memory, on
 * one thread.
 *
 *     limits [MILLISECONDS]
 *
 * Prints the nanoseconds of processor time each.
 */
#include "web/limits.h"
#include "app.h"
#include "base/clock.h"
#include "base/text.h"
#include "service/limit.h"
#include "service/setting.h"
#include "web/meter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CALLERS = 1000, ARENA_MAX = 1 << 20, BATCH = 20'000 };

static const char figures[] = "login ip 1000000/1d; login email 1000000/1d";

static size_t find_login(void)
{
    for (size_t i = 0; i < router_count(); i++)
        if (text_equal(router_nth(i)->path, "/v1/auth/login"))
            return i;
    abort();
}

static char emails[CALLERS][32];
static struct ip addresses[CALLERS];
static struct http_exchange exchange; /* without headers */

static void invite(void)
{
    for (uint32_t i = 0; i < CALLERS; i++) {
        (void)ip_parse("2001:db8::1", &addresses[i]);
        memcpy(addresses[i].bytes + 4, &i, sizeof i);
        (void)snprintf(emails[i], sizeof emails[i], "u%u@example.org", (unsigned)i);
    }
}

static void count_one(struct arena *arena, size_t route, uint32_t n, bool has_limits)
{
    struct req *rq = arena_alloc(arena, sizeof *rq);
    uint32_t caller = n * UINT32_C(2'654'435'761) % CALLERS;
    rq->arena = arena;
    rq->x = &exchange;
    rq->route = router_nth(route);
    rq->match.index = route;
    rq->client = addresses[caller];
    rq->values[0] = emails[caller];
    if (has_limits && limits_take_early(rq))
        abort();
}

/* The processor time of a batch of requests, in nanoseconds. */
static int64_t time_of(struct arena *arena, size_t route, bool has_limits)
{
    clock_t begun = clock();
    for (uint32_t n = 0; n < BATCH; n++) {
        count_one(arena, route, n, has_limits);
        arena_reset(arena);
    }
    return (int64_t)(clock() - begun) * (1'000'000'000 / CLOCKS_PER_SEC);
}

int main(int argc, char **argv)
{
    struct arena arena;
    int64_t until =
        clock_monotonic_ns() + (argc > 1 ? strtoll(argv[1], NULL, 10) : 1000) * 1'000'000;
    app_register();
    if (setting_override(SETTING_LIMITS, figures))
        abort();
    meters_configure();
    invite();
    arena_init(&arena, ARENA_MAX);
    size_t route = find_login();
    int64_t ns = 0, n = 0;
    for (; clock_monotonic_ns() < until; n += BATCH)
        ns += time_of(&arena, route, true) - time_of(&arena, route, false);
    printf("%lld\n", (long long)(ns / n));
    arena_done(&arena);
    return 0;
}
