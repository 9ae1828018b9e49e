/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mails of development mode: a ring in memory, each in one block that is wiped when it leaves.
 */
#include "service/outbox_parts.h"

#include "base/text.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 200, TEXTS = 7 };

struct kept {
    size_t bytes;
    int64_t created_at;
    char texts[]; /* TEXTS of them, each ended by NUL */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct kept *ring[KEPT];
static size_t added;

static void gather(const struct outbox_message *m, const char *ret[TEXTS])
{
    const char *all[TEXTS] = { m->id, m->kind, m->to, m->subject, m->text, m->html, m->message_id };
    memcpy(ret, all, sizeof all);
}

void outbox_dev_add(const struct outbox_message *message)
{
    const char *texts[TEXTS];
    size_t bytes = 0;
    gather(message, texts);
    for (size_t i = 0; i < TEXTS; i++)
        bytes += strlen(texts[i]) + 1;
    struct kept *one = malloc(sizeof *one + bytes);
    if (!one)
        abort();
    *one = (struct kept){ .bytes = bytes, .created_at = message->created_at };
    char *p = one->texts;
    for (size_t i = 0; i < TEXTS; i++)
        p = stpcpy(p, texts[i]) + 1;

    pthread_mutex_lock(&lock);
    struct kept *oldest = ring[added % KEPT];
    ring[added++ % KEPT] = one;
    pthread_mutex_unlock(&lock);
    if (oldest)
        mem_wipe(oldest, sizeof *oldest + oldest->bytes);
    free(oldest);
}

static size_t count_bytes(void)
{
    size_t bytes = 0;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < KEPT && ring[i]; i++)
        bytes += ring[i]->bytes;
    pthread_mutex_unlock(&lock);
    return bytes;
}

static struct outbox_message unpack(const struct kept *one, char *to)
{
    const char *texts[TEXTS];
    memcpy(to, one->texts, one->bytes);
    for (size_t i = 0; i < TEXTS; i++) {
        texts[i] = to;
        to += strlen(to) + 1;
    }
    return (struct outbox_message){ texts[0], texts[1], texts[2], texts[3],
                                    texts[4], texts[5], texts[6], one->created_at };
}

size_t outbox_dev_list(struct arena *arena, struct outbox_message **ret)
{
    /* No allocation under the lock: it may jump away. What arrives meanwhile waits for next time.
     */
    size_t room = count_bytes(), count = 0;
    char *p = arena_alloc(arena, room + 1);
    *ret = arena_array(arena, KEPT, sizeof **ret);
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < KEPT && i < added; i++) {
        const struct kept *one = ring[(added - 1 - i) % KEPT];
        if (one->bytes > room)
            break;
        (*ret)[count++] = unpack(one, p);
        p += one->bytes;
        room -= one->bytes;
    }
    pthread_mutex_unlock(&lock);
    return count;
}
