/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only PostgreSQL has: connections that break (F12), deadlocks, a server that is not there.
 */
#include "../store.h"
#include "base/log.h"
#include "base/thread.h"
#include "db/db.h"
#include "db/pool.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_postgres(struct db *db)
{
    return text_equal(db_engine_name(db), "postgresql");
}

static int64_t backend_of(struct tx *tx)
{
    int64_t pid = 0;
    CHECK_OK(db_one(tx, "SELECT pg_backend_pid()", V_NONE, INTO(to_num(&pid))));
    return pid;
}

/* Ends the connection of another store; waits until it is gone. */
static void terminate(struct db *other, int64_t pid)
{
    struct tx tx;
    int64_t left = 1;
    db_begin(&tx, other, DB_PEEK, test_arena());
    CHECK_OK(db_run(&tx, "SELECT pg_terminate_backend(CAST($1 AS INTEGER))", V(num(pid))));
    for (int i = 0; i < 200 && left; i++)
        CHECK_OK(db_one(&tx, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1", V(num(pid)),
                        INTO(to_num(&left))));
    CHECK_NUM(left, 0);
}

TEST_ON_STORES(F12_a_connection_lost_while_idle_is_not_noticed)
{
    static const enum db_mode modes[] = { DB_WRITE, DB_READ, DB_PEEK };
    struct db *other;
    if (!is_postgres(db))
        return;
    CHECK_OK(db_open(&other, test_store_url(), NULL));
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct tx tx;
        db_begin(&tx, db, modes[i], test_arena());
        int64_t pid = backend_of(&tx);
        CHECK_OK(db_commit(&tx));
        terminate(other, pid);
        db_begin(&tx, db, modes[i], test_arena());
        CHECK(backend_of(&tx) != pid);
        CHECK_OK(db_commit(&tx));
    }
    db_close(other);
}

TEST_ON_STORES(F12_a_connection_lost_in_a_tx_is_a_fault_of_this_tx_only)
{
    struct db *other;
    struct tx tx;
    int64_t n = 0;
    if (!is_postgres(db))
        return;
    CHECK_OK(db_open(&other, test_store_url(), NULL));
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(db_run(&tx, "CREATE TABLE a (id TEXT PRIMARY KEY)", V_NONE));
    CHECK_OK(db_commit(&tx));
    for (int at_commit = 0; at_commit < 2; at_commit++) {
        db_begin(&tx, db, DB_WRITE, test_arena());
        CHECK_OK(db_run(&tx, "INSERT INTO a (id) VALUES ($1)", V(text("x"))));
        terminate(other, backend_of(&tx));
        if (!at_commit)
            CHECK_ERR(db_run(&tx, "INSERT INTO a (id) VALUES ($1)", V(text("y"))), E_FAULT);
        CHECK_ERR(db_commit(&tx), E_FAULT);
        db_rollback(&tx);
    }
    db_begin(&tx, db, DB_PEEK, test_arena());
    CHECK_OK(db_one(&tx, "SELECT count(*) FROM a", V_NONE, INTO(to_num(&n))));
    CHECK_NUM(n, 0);
    CHECK_OK(db_ping(db, test_arena()));
    db_close(other);
}

struct half {
    struct db *db;
    const char *first, *second;
    pthread_barrier_t *both;
    enum err result;
    pthread_t thread;
};

static void *lock_two(void *arg)
{
    struct half *h = arg;
    struct arena arena;
    struct tx tx;
    arena_init(&arena, 1 << 16);
    db_begin(&tx, h->db, DB_WRITE, &arena);
    enum err e = db_run(&tx, "UPDATE a SET n = n + 1 WHERE id = $1", V(text(h->first)));
    pthread_barrier_wait(h->both);
    if (e == OK)
        e = db_run(&tx, "UPDATE a SET n = n + 1 WHERE id = $1", V(text(h->second)));
    h->result = e == OK ? db_commit(&tx) : e;
    db_rollback(&tx);
    arena_done(&arena);
    return NULL;
}

TEST_ON_STORES(a_deadlock_is_a_conflict)
{
    struct tx tx;
    pthread_barrier_t both;
    struct half half[2] = { { db, "x", "y", &both, OK, 0 }, { db, "y", "x", &both, OK, 0 } };
    if (!is_postgres(db))
        return; /* one writer cannot deadlock */
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(db_run(&tx, "CREATE TABLE a (id TEXT PRIMARY KEY, n BIGINT)", V_NONE));
    CHECK_OK(db_run(&tx, "INSERT INTO a (id, n) VALUES ('x', 0), ('y', 0)", V_NONE));
    CHECK_OK(db_commit(&tx));
    pthread_barrier_init(&both, NULL, 2);
    for (int i = 0; i < 2; i++)
        REQUIRE(thread_start(&half[i].thread, "half", lock_two, &half[i]) == OK);
    for (int i = 0; i < 2; i++)
        pthread_join(half[i].thread, NULL);
    pthread_barrier_destroy(&both);
    CHECK((half[0].result == OK && half[1].result == E_CONFLICT) ||
          (half[1].result == OK && half[0].result == E_CONFLICT));
}

/* --- a reply that is lost --- */

/* Stands between store and server; passes the first COMMIT on, and loses what follows it. */
struct proxy {
    int listener, server_port;
    pthread_t thread;
};

static int connect_to(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        abort();
    return fd;
}

/* Moves what is there; gives how much, 0 at the end. */
static ssize_t move(int from, int to, char bytes[8192])
{
    ssize_t n = read(from, bytes, 8192);
    if (n > 0 && write(to, bytes, (size_t)n) != n)
        abort();
    return n > 0 ? n : 0;
}

static void *run_proxy(void *arg)
{
    struct proxy *proxy = arg;
    char bytes[8192];
    int client = accept(proxy->listener, NULL, NULL), server = connect_to(proxy->server_port);
    bool is_lost = false;
    struct pollfd ends[2] = { { client, POLLIN, 0 }, { server, POLLIN, 0 } };
    while (!is_lost && poll(ends, 2, 10'000) > 0) {
        if (ends[0].revents) {
            ssize_t n = move(client, server, bytes);
            is_lost = n == 0 || memmem(bytes, (size_t)n, "COMMIT", 7);
        }
        if (!is_lost && ends[1].revents)
            is_lost = move(server, client, bytes) == 0;
    }
    (void)read(server, bytes, sizeof bytes); /* the server has committed */
    close(client);
    close(server);
    return NULL;
}

static int listen_somewhere(int *ret_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t n = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, n) != 0 || listen(fd, 1) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &n) != 0)
        abort();
    *ret_port = ntohs(address.sin_port);
    return fd;
}

static atomic_int unknown_commits;

static void drop_line(const char *, void *)
{
}

static void count_unknown(const char *line, void *)
{
    unknown_commits += strstr(line, "db.commit_unknown") != NULL;
}

/* The store's URL with another port; NULL when the server is not named by its port. */
static const char *url_through(int port, int *ret_server_port)
{
    const char *url = test_store_url(), *at = strstr(url, "127.0.0.1:");
    if (!at)
        return NULL;
    at += strlen("127.0.0.1:");
    *ret_server_port = (int)strtol(at, NULL, 10);
    return text_format(test_arena(), "%.*s%d%s", (int)(at - url), url, port,
                       at + strspn(at, "0123456789"));
}

TEST_ON_STORES(F12_a_lost_reply_to_commit_is_a_fault)
{
    struct proxy proxy;
    struct db *through;
    struct tx tx;
    int64_t n = 0;
    int port;
    proxy.listener = listen_somewhere(&port);
    const char *url = is_postgres(db) ? url_through(port, &proxy.server_port) : NULL;
    if (!url) {
        close(proxy.listener);
        return;
    }
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(db_run(&tx, "CREATE TABLE a (id TEXT PRIMARY KEY)", V_NONE));
    CHECK_OK(db_commit(&tx));
    REQUIRE(thread_start(&proxy.thread, "proxy", run_proxy, &proxy) == OK);
    CHECK_OK(db_open(&through, url, NULL));
    db_begin(&tx, through, DB_WRITE, test_arena());
    CHECK_OK(db_run(&tx, "INSERT INTO a (id) VALUES ($1)", V(text("x"))));
    unknown_commits = 0;
    log_capture(count_unknown, NULL);
    CHECK_ERR(db_commit(&tx), E_FAULT);
    log_capture(drop_line, NULL);
    CHECK_NUM(unknown_commits, 1);
    pthread_join(proxy.thread, NULL);
    close(proxy.listener);
    db_close(through);
    db_begin(&tx, db, DB_PEEK, test_arena());
    CHECK_OK(db_one(&tx, "SELECT count(*) FROM a", V_NONE, INTO(to_num(&n))));
    CHECK_NUM(n, 1); /* it was done, and nobody was told so */
}

TEST(F12_a_server_that_is_not_there_is_a_fault)
{
    struct db *db = NULL;
    if (!getenv("TEST_POSTGRES_URL"))
        return; /* libpq need not be installed */
    CHECK_ERR(db_open(&db, "postgresql://nobody@127.0.0.1:1/none", NULL), E_FAULT);
    CHECK(db == NULL);
}

/* --- the pool --- */

TEST(the_pool_is_bounded_and_gives_the_warmest)
{
    struct pool pool;
    void *got;
    int one, two;
    pool_init(&pool, 2);
    CHECK_OK(pool_take(&pool, 0, &got));
    CHECK(got == NULL);
    CHECK_OK(pool_take(&pool, 0, &got));
    CHECK_ERR(pool_take(&pool, 0, &got), E_BUSY);
    pool_put(&pool, &one);
    pool_put(&pool, &two);
    CHECK_OK(pool_take(&pool, 0, &got));
    CHECK(got == &two);
    pool_drop(&pool);
    CHECK(pool_drain(&pool) == &one);
    CHECK(pool_drain(&pool) == NULL);
    pool_done(&pool);
}
