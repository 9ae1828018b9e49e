/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bare password hash, as the yardstick of sign-in throughput: hashes a second of libsodium,
 * libargon2 and the core of this project, on one thread and on all processors. The libraries are
 * opened at run time, so nothing needs their headers; a missing one is left out.
 *
 *     hash_bare [memory_kib passes lanes [milliseconds of each measurement [name...]]]
 *
 * With names, only those rows and only on all processors. libsodium has p=1 only; its row says so.
 * Every thread of ours keeps its memory, as in the server. Link it with the objects of the release
 * build, or with src/crypto/argon2*.c, blake2b.c, src/base.
 */
#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"
#include "crypto/argon2.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS_MAX = 256, SODIUM_ALG_ID13 = 2 };

static int (*sodium_pwhash)(unsigned char *, unsigned long long, const char *, unsigned long long,
                            const unsigned char *, unsigned long long, size_t, int);
static int (*library_hash)(uint32_t, uint32_t, uint32_t, const void *, size_t, const void *, size_t,
                           void *, size_t);

static struct argon2_cost cost = { 65536, 3, 1 };
static int64_t span_ms = 2000;
static atomic_bool is_over;
static char **wanted;
static int wanted_count;

static const char password[] = "correct horse battery staple";
static const uint8_t salt[16] = "sixteen bytes...";

static bool hash_sodium(struct argon2_memory *)
{
    unsigned char out[32];
    return sodium_pwhash(out, sizeof out, password, sizeof password - 1, salt, cost.passes,
                         (size_t)cost.memory_kib * 1024, SODIUM_ALG_ID13) == 0;
}

static bool hash_library(struct argon2_memory *)
{
    uint8_t out[32];
    return library_hash(cost.passes, cost.memory_kib, cost.lanes, password, sizeof password - 1,
                        salt, sizeof salt, out, sizeof out) == 0;
}

static bool hash_own(struct argon2_memory *memory)
{
    uint8_t out[32];
    const struct argon2_input input = { .password = MEM(password, sizeof password - 1),
                                        .salt = MEM(salt, sizeof salt) };
    return argon2id(memory, cost, &input, out, sizeof out) == OK;
}

struct worker {
    pthread_t thread;
    bool (*hash)(struct argon2_memory *);
    int64_t count;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    struct argon2_memory memory = { 0 };
    while (!is_over && w->hash(&memory))
        w->count++;
    argon2_memory_release(&memory);
    return NULL;
}

/* Hashes a second on some threads. The first, which faults memory in, is not counted apart: neither
 * is it for the libraries, which do it each time. */
static double measure(bool (*hash)(struct argon2_memory *), int threads)
{
    struct worker workers[THREADS_MAX] = { 0 };
    int64_t start = clock_monotonic_ns(), total = 0;
    is_over = false;
    for (int i = 0; i < threads; i++) {
        workers[i].hash = hash;
        if (thread_start(&workers[i].thread, "bench", work, &workers[i]) != OK)
            abort();
    }
    struct timespec rest = { span_ms / 1000, span_ms % 1000 * 1'000'000 };
    (void)nanosleep(&rest, NULL);
    is_over = true;
    for (int i = 0; i < threads; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        total += workers[i].count;
    }
    return (double)total * 1e9 / (double)(clock_monotonic_ns() - start);
}

static bool is_wanted(const char *name)
{
    for (int i = 0; i < wanted_count; i++)
        if (text_starts(name, wanted[i]))
            return true;
    return wanted_count == 0;
}

static void report(const char *name, bool (*hash)(struct argon2_memory *))
{
    int processors = thread_processors() < THREADS_MAX ? thread_processors() : THREADS_MAX;
    if (!is_wanted(name))
        return;
    double one = wanted_count ? 0 : measure(hash, 1);
    (void)printf("%-18s %8.2f %8.2f\n", name, one, measure(hash, processors));
    (void)fflush(stdout);
}

static void open_libraries(void)
{
    void *sodium = dlopen("libsodium.so.23", RTLD_NOW);
    void *library = dlopen("libargon2.so.1", RTLD_NOW);
    int (*init)(void) = NULL;
    if (sodium) {
        *(void **)&init = dlsym(sodium, "sodium_init");
        *(void **)&sodium_pwhash = dlsym(sodium, "crypto_pwhash");
    }
    if (!init || init() < 0)
        sodium_pwhash = NULL;
    if (library)
        *(void **)&library_hash = dlsym(library, "argon2id_hash_raw");
}

static void take_arguments(int argc, char **argv)
{
    if (argc >= 4)
        cost = (struct argon2_cost){ (uint32_t)strtoul(argv[1], NULL, 10),
                                     (uint32_t)strtoul(argv[2], NULL, 10),
                                     (uint32_t)strtoul(argv[3], NULL, 10) };
    if (argc >= 5)
        span_ms = strtol(argv[4], NULL, 10);
    wanted = argv + 5;
    wanted_count = argc > 5 ? argc - 5 : 0;
}

int main(int argc, char **argv)
{
    take_arguments(argc, argv);
    open_libraries();
    (void)printf("m=%u,t=%u,p=%u; hashes a second on 1 thread, on %d\n", cost.memory_kib,
                 cost.passes, cost.lanes, thread_processors());
    if (sodium_pwhash)
        report(cost.lanes == 1 ? "libsodium" : "libsodium (p=1)", hash_sodium);
    if (library_hash)
        report("libargon2", hash_library);

    static const char *const names[] = { "scalar", "sse2", "avx2", "avx512" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (argon2_use(names[i]))
            report(names[i], hash_own);
    return 0;
}
