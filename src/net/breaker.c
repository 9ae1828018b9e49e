/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Circuit breakers: see breaker.h.
 */
#include "net/breaker.h"

#include "base/text.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

struct place {
    char name[261];
    int inside;   /* how many are there now */
    int failures; /* in a row; from BREAKER_FAILURES on it rests */
    int64_t rests_from;
    uint64_t used; /* the higher, the later */
};

static struct place places[BREAKER_PLACES];
static uint64_t uses;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct place *find(const char *name)
{
    for (int i = 0; i < BREAKER_PLACES; i++)
        if (text_equal(places[i].name, name))
            return &places[i];
    return NULL;
}

/* The one used longest ago where nobody is; NULL when somebody is everywhere. */
static struct place *make(const char *name)
{
    struct place *oldest = NULL;
    for (int i = 0; i < BREAKER_PLACES; i++)
        if (!places[i].inside && (!oldest || places[i].used < oldest->used))
            oldest = &places[i];
    if (!oldest)
        return NULL;
    *oldest = (struct place){ 0 };
    memcpy(oldest->name, name, strlen(name) + 1);
    return oldest;
}

/* A clock that was set back must not make the rest longer. */
static bool is_resting(const struct place *place)
{
    int64_t since = clock_now() - place->rests_from;
    return place->failures >= BREAKER_FAILURES && since >= 0 && since < BREAKER_REST;
}

static bool is_open(const struct place *place, int at_once)
{
    if (place->failures >= BREAKER_FAILURES)
        return !is_resting(place) && place->inside == 0; /* one looks */
    return place->inside < at_once;
}

enum err breaker_enter(const char *name, int at_once)
{
    assert(strlen(name) < sizeof places[0].name);
    pthread_mutex_lock(&lock);
    struct place *place = find(name);
    if (!place)
        place = make(name);
    bool may_go = place && is_open(place, at_once ? at_once : BREAKER_AT_ONCE);
    if (may_go)
        place->inside++;
    if (place)
        place->used = ++uses;
    pthread_mutex_unlock(&lock);
    return may_go ? OK : E_BUSY;
}

void breaker_leave(const char *name, bool went_well)
{
    pthread_mutex_lock(&lock);
    struct place *place = find(name);
    if (place && place->inside) { /* not so only after a reset */
        place->inside--;
        place->failures = went_well                            ? 0
                          : place->failures < BREAKER_FAILURES ? place->failures + 1
                                                               : BREAKER_FAILURES;
        if (place->failures >= BREAKER_FAILURES)
            place->rests_from = clock_now();
    }
    pthread_mutex_unlock(&lock);
}

void breaker_reset(void)
{
    pthread_mutex_lock(&lock);
    memset(places, 0, sizeof places);
    pthread_mutex_unlock(&lock);
}
