/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work is lent to connections that have a request in hand and wiped when it comes back, since it
 * held passwords and tokens. A small pool for each loop; what is beyond it goes back to the system,
 * so that ten thousand idle connections cost almost nothing.
 */
#include "http/connection.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum { POOL_MAX = 32, CROWD = 1000, TRIM_SECONDS = 10 };

static struct work *make(void)
{
    struct work *w = calloc(1, sizeof *w);
    if (!w)
        abort();
    w->in = w->first;
    w->in_capacity = sizeof w->first;
    arena_init(&w->exchange.arena, HTTP_ARENA_MAX);
    return w;
}

struct work *work_take(struct connection *c)
{
    struct loop *loop = c->loop;
    pthread_mutex_lock(&loop->lock);
    struct work *w = loop->pool;
    loop->lent++;
    if (w) {
        loop->pool = w->next;
        loop->pool_count--;
    }
    pthread_mutex_unlock(&loop->lock);
    if (!w)
        w = make();
    w->connection = c;
    c->work = w;
    return w;
}

void work_next(struct work *w)
{
    http_output_done(&w->out);
    arena_reset(&w->exchange.arena);
    w->exchange.request = (struct http_request){ 0 };
    w->exchange.response = (struct http_response){ 0 };
    w->exchange.user = NULL;
    w->scanned = 0;
    if (w->in_at == w->in_n) {
        mem_wipe(w->in, w->in_n);
        w->in_at = w->in_n = 0;
    }
}

static void discard(struct work *w)
{
    arena_done(&w->exchange.arena);
    free(w);
}

void work_give(struct connection *c)
{
    struct work *w = c->work;
    struct loop *loop = c->loop;
    c->work = NULL;
    if (!w)
        return;
    w->in_at = w->in_n;
    work_next(w);
    if (w->in != w->first)
        free(w->in);
    w->in = w->first;
    w->in_capacity = sizeof w->first;
    pthread_mutex_lock(&loop->lock);
    bool keep = loop->pool_count < POOL_MAX;
    loop->lent--;
    loop->discarded += !keep;
    if (keep) {
        w->next = loop->pool;
        loop->pool = w;
        loop->pool_count++;
    }
    pthread_mutex_unlock(&loop->lock);
    if (!keep)
        discard(w);
}

static void grow(struct work *w, size_t most)
{
    size_t capacity = w->in_capacity * 2 < most ? w->in_capacity * 2 : most;
    char *in = malloc(capacity);
    if (!in)
        abort();
    memcpy(in, w->in, w->in_n);
    mem_wipe(w->in, w->in_n);
    if (w->in != w->first)
        free(w->in);
    w->in = in;
    w->in_capacity = capacity;
}

void work_make_room(struct work *w, size_t most)
{
    if (w->in_n < w->in_capacity)
        return;
    if (w->in_at > 0) {
        memmove(w->in, w->in + w->in_at, w->in_n - w->in_at);
        w->in_n -= w->in_at;
        w->in_at = 0;
    } else if (w->in_capacity < most) {
        grow(w, most);
    }
}

bool work_is_worth_trimming(const struct loop *loop)
{
    return atomic_load_explicit(&loop->discarded, memory_order_relaxed) > CROWD;
}

void work_trim(struct loop *loop)
{
    if (!work_is_worth_trimming(loop))
        return;
    pthread_mutex_lock(&loop->lock);
    bool crowd_left = loop->lent < POOL_MAX &&
                      loop->now_ns - loop->trimmed_ns > TRIM_SECONDS * INT64_C(1'000'000'000);
    if (crowd_left)
        loop->discarded = 0;
    pthread_mutex_unlock(&loop->lock);
    if (!crowd_left)
        return;
    loop->trimmed_ns = loop->now_ns;
    (void)malloc_trim(0);
}

void work_free_pool(struct loop *loop)
{
    while (loop->pool) {
        struct work *w = loop->pool;
        loop->pool = w->next;
        discard(w);
    }
}
