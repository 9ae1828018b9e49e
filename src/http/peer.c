/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chained hash table under one lock, touched only when a connection comes or goes: see peer.h.
 */
#include "http/peer.h"

#include "base/hash.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum { BUCKETS = 1024 };

struct peer {
    struct peer *next;
    struct ip network;
    int count;
};

struct peer_table {
    pthread_mutex_t lock;
    struct peer *buckets[BUCKETS];
};

struct peer_table *peer_table_new(void)
{
    struct peer_table *table = calloc(1, sizeof *table);
    if (!table)
        abort();
    pthread_mutex_init(&table->lock, NULL);
    return table;
}

void peer_table_free(struct peer_table *table)
{
    for (int i = 0; table && i < BUCKETS; i++) {
        while (table->buckets[i]) {
            struct peer *peer = table->buckets[i];
            table->buckets[i] = peer->next;
            free(peer);
        }
    }
    if (table)
        pthread_mutex_destroy(&table->lock);
    free(table);
}

static struct peer **find(struct peer_table *table, struct ip network)
{
    uint64_t hash = hash_keyed(MEM(network.bytes, sizeof network.bytes));
    struct peer **at = &table->buckets[hash % BUCKETS];
    while (*at && !ip_equal((*at)->network, network))
        at = &(*at)->next;
    return at;
}

static struct peer *make(struct ip network)
{
    struct peer *peer = calloc(1, sizeof *peer);
    if (!peer)
        abort();
    peer->network = network;
    return peer;
}

bool peer_add(struct peer_table *table, struct ip ip, int max)
{
    struct ip network = ip_network(ip, 32, 64);
    pthread_mutex_lock(&table->lock);
    struct peer **at = find(table, network);
    if (!*at)
        *at = make(network);
    bool fits = (*at)->count < max;
    (*at)->count += fits;
    pthread_mutex_unlock(&table->lock);
    return fits;
}

void peer_remove(struct peer_table *table, struct ip ip)
{
    pthread_mutex_lock(&table->lock);
    struct peer **at = find(table, ip_network(ip, 32, 64)), *peer = *at;
    assert(peer && peer->count > 0);
    if (--peer->count == 0) {
        *at = peer->next;
        free(peer);
    }
    pthread_mutex_unlock(&table->lock);
}
