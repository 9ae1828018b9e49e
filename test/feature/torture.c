/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Torture (F07): every test in a world again, with one thing failing somewhere inside: the n-th
 * call of the store, or the n-th chunk of memory. What the test then checks is moot; it is left as
 * soon as the house has met its fault, and the house itself is looked over instead:
 *
 *   it answered something; no success for what was not kept, and no failure for what was;
 *   the audit chains hold, every reference leads somewhere;
 *   nothing is left open or locked: the next request, the next job and the next writer get through;
 *   nothing was leaked (the leak checker does not look at what the abandoned test had taken).
 *
 * A dry run counts, and says at which turn of the house each count is reached. TORTURE_MS bounds
 * how long each kind of fault is tried for each test and engine, spread evenly over all n;
 * TORTURE_MINUTES is what all tests share; without either it is short, and only some tests go to
 * PostgreSQL too.
 */
#include "sample.h"

#include "base/clock.h"
#include "base/random.h"
#include "db/fault.h"
#include "service/audit.h"
#include "service/setting.h"

#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define HAS_LEAK_CHECK 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_LEAK_CHECK 1
#endif
#endif

#ifdef HAS_LEAK_CHECK
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>
#else
#define __lsan_disable() ((void)0)
#define __lsan_enable() ((void)0)
#define __lsan_do_recoverable_leak_check() 0
#define __sanitizer_set_death_callback(f) ((void)(f))
#endif

enum { TURNS_MAX = 8192, SHORT_MS = 50, SLOW_MS = 1000 };

enum kind { STORE, MEMORY };
enum mode { OFF, DRY, ARMED };
static const char *const kind_names[] = { "store call", "chunk" };

/* One time that the house works: what was counted up to its end. */
struct turn {
    long counted[2];
    bool writes;
};

static struct turn turns[TURNS_MAX];
static int turn_count, turn;

/* What runs now. */
static const struct world_test *tests;
static size_t tests_count;
static struct world_test test;
static const char *engine;
static enum mode mode;
static enum kind kind;
static long nth, chunks;
static const char *before;
static pthread_t driver;
static jmp_buf leave;
static int complaints;
static bool is_exact; /* looks for leaks after each fault, not only after each test: it costs more
                         than the rest */

static void complain(const char *what, const char *detail)
{
    complaints++;
    (void)printf("  %s/%s, %s %ld: %s%s\n", test.name, engine, kind_names[kind], nth, what, detail);
    (void)fflush(stdout);
}

/* A crash says where it was. */
static void say_last_words(void)
{
    char line[300];
    int n = snprintf(line, sizeof line, "torture: %s/%s, %s %ld\n", test.name, engine,
                     kind_names[kind], nth);
    if (n > 0)
        (void)!write(STDERR_FILENO, line, (size_t)n);
}

static void on_abort(int)
{
    say_last_words();
}

/* --- looking the house over --- */

static void check_rows(struct world *w)
{
    struct audit_verdict verdict;
    struct arena arena;
    struct tx tx;
    struct db_rows rows;
    arena_init(&arena, 64 << 20);
    if (audit_verify(w->real_db, &arena, &verdict) || !verdict.is_good)
        complain("the audit chains are broken", "");
    db_begin(&tx, w->real_db, DB_PEEK, &arena);
    if (text_equal(db_engine_name(w->real_db), "sqlite") &&
        (db_each(&tx, "PRAGMA foreign_key_check", V_NONE, &rows) || rows.count))
        complain("a reference leads nowhere", "");
    db_rollback(&tx);
    arena_done(&arena);
}

/* Nothing is open, locked or bent: everybody else goes on. */
static void check_next(struct world *w)
{
    struct client *c = client(w);
    const char *email = "next@example.com";
    (void)setting_override(SETTING_PUBLIC_URL, "http://localhost:8080");
    (void)setting_override(SETTING_RATE_LIMITS, "off");
    (void)setting_override(SETTING_SIGN_UP, "open");
    c->ip = "198.51.100.77";
    struct reply *r =
        post(c, "/v1/auth/register", json("email", email, "password", PASSWORD, NULL));
    if (r->status != 202)
        complain("the next request gets ", r->body);
    wait_for(6 * HOUR);
    const char *token = mailed_token(w, email, "verify_email");
    r = post(c, "/v1/auth/verify-email", json("token", token, NULL));
    if (r->status != 200)
        complain("the next link gets ", r->body);
    if (login(c, email, PASSWORD)->status != 200 || get(c, "/v1/auth/me")->status != 200)
        complain("the next person is not let in", "");
}

static void check_answer(const char *what, const struct reply *r, bool was_kept)
{
    if (r->status < 200 || r->status > 599)
        complain("no answer to ", what);
    if (r->status < 400 && turns[turn].writes && !was_kept)
        complain("success, and nothing kept, for ", what);
    if (r->status >= 500 && was_kept)
        complain("failure, and something kept, for ", what);
}

static void switch_off(struct world *w)
{
    mode = OFF;
    db_fault_after(w->db, 0);
    (void)arena_fail_after(0);
    test_mute(NULL);
}

static void on_failed_check(void)
{
    if (pthread_equal(pthread_self(), driver))
        longjmp(leave, 1);
}

/* --- the hooks --- */

static bool is_watching(void)
{
    return mode != OFF && pthread_equal(pthread_self(), driver);
}

static void begin(struct world *w)
{
    if (!is_watching())
        return;
    bool is_target = mode == ARMED && turn < turn_count && turns[turn].counted[kind] >= nth;
    before = mode == DRY || is_target ? store_print(w) : NULL;
    __lsan_enable();
    if (kind == MEMORY)
        (void)arena_fail_after(chunks);
}

static bool has_fired(struct world *w)
{
    return kind == STORE ? db_fault_count(w->db) >= nth : chunks == 0;
}

static void end(struct world *w, const char *what, const struct reply *r)
{
    if (!is_watching())
        return;
    if (kind == MEMORY)
        chunks = arena_fail_after(0);
    __lsan_disable();
    if (mode == DRY && turn_count < TURNS_MAX) {
        bool writes = !text_equal(before, store_print(w));
        turns[turn_count++] = (struct turn){ { db_fault_count(w->db), LONG_MAX - chunks }, writes };
    }
    if (mode == ARMED && has_fired(w)) {
        switch_off(w);
        if (r && before && turn < turn_count)
            check_answer(what, r, !text_equal(before, store_print(w)));
        longjmp(leave, 1);
    }
    turn++;
}

/* Instead of the test: the test, left where it meets the fault. */
static void run(struct world *w, test_in_world *body)
{
    turn = 0;
    chunks = mode == ARMED ? nth : LONG_MAX;
    db_fault_after(w->db, mode == ARMED && kind == STORE ? nth : 0);
    test_mute(mode == ARMED ? on_failed_check : NULL);
    __lsan_disable();
    if (!setjmp(leave))
        body(w);
    bool is_armed = mode == ARMED;
    switch_off(w);
    if (is_armed) {
        check_rows(w);
        check_next(w);
    }
    __lsan_enable();
}

/* --- one test after another --- */

static void run_once(void)
{
    world_run(engine, test.run);
}

static void check_leaks(void)
{
    if (__lsan_do_recoverable_leak_check())
        complain("something was leaked", "");
}

static void try_one(enum kind of, long n)
{
    mode = ARMED;
    kind = of;
    nth = n;
    complaints += test_run(run_once);
    if (is_exact)
        check_leaks();
}

/* Evenly spread, and at other places for other tests. */
static void try_some(enum kind of, long total, long most)
{
    long count = total < most ? total : most;
    size_t seed = strlen(test.name);
    for (long i = 0; i < count; i++) {
        long low = i * total / count, high = (i + 1) * total / count;
        try_one(of, low + 1 + (long)(seed % (size_t)(high - low)));
    }
}

/* The last call of a turn that writes is its commit: those are never left to chance alone. */
static void try_commits(long most)
{
    for (int i = 0; i < turn_count && most > 0; i++) {
        if (!turns[i].writes)
            continue;
        try_one(STORE, turns[i].counted[STORE]);
        most--;
    }
}

static long ms_since(int64_t ns)
{
    return (long)((clock_monotonic_ns() - ns) / 1'000'000);
}

/* Looking the house over costs more than many a test. */
static long cost_of_one(long calls)
{
    int64_t started_ns = clock_monotonic_ns();
    try_one(STORE, (calls + 1) / 2);
    return ms_since(started_ns);
}

static bool torture_one(long budget_ms)
{
    int64_t started_ns = clock_monotonic_ns();
    complaints = 0;
    mode = DRY;
    kind = MEMORY;
    turn_count = 0;
    nth = 0;
    int failures = test_run(run_once);
    if (failures) {
        (void)printf("left out, fails without a fault: %s/%s\n", test.name, engine);
        return true; /* the unit tests count that; times are no matter for a loaded machine */
    }
    if (!turn_count)
        return true;
    long ms = ms_since(started_ns);
    if (ms > SLOW_MS && budget_ms == SHORT_MS) {
        (void)printf("left to the long run: %s/%s\n", test.name, engine);
        return true;
    }
    const struct turn *last = &turns[turn_count - 1];
    long calls = last->counted[STORE], allocations = last->counted[MEMORY];
    if (is_exact && calls)
        ms = cost_of_one(calls);
    long most = 1 + budget_ms / (ms + 1);
    try_commits(most);
    try_some(STORE, calls, most);
    try_some(MEMORY, allocations, most);
    check_leaks();
    return complaints == 0;
}

static bool is_wanted(const char *name, char **words)
{
    for (char **word = words; *word; word++)
        if (strstr(name, *word))
            return true;
    return !*words;
}

struct tally {
    int passed, failed;
    long left;
};

/* All tests meet SQLite; in a short run every fifth meets PostgreSQL too. */
static bool is_due(size_t i, const char *on, char **words)
{
    return is_wanted(tests[i].name, words) && (is_exact || text_equal(on, "sqlite") || i % 5 == 0);
}

static long count_due(char **words)
{
    long count = 0;
    for (size_t i = 0; i < tests_count; i++)
        for (const char *const *e = test_store_engines(); *e; e++)
            count += is_due(i, *e, words);
    return count;
}

/* What one kind of fault gets of the time: the minutes that are left are shared evenly, and who
   needs less leaves it to those behind. Negative: they are over. */
static long budget(long left_to_do)
{
    static int64_t started_ns;
    const char *each = getenv("TORTURE_MS"), *all = getenv("TORTURE_MINUTES");
    if (!all)
        return each ? strtol(each, NULL, 10) : SHORT_MS;
    if (!started_ns)
        started_ns = clock_monotonic_ns();
    long left_ms = strtol(all, NULL, 10) * 60'000 - ms_since(started_ns);
    return left_ms < 0 ? -1 : left_ms / left_to_do / 3;
}

/* One test on its engines; false when the time is over. */
static bool torture_next(size_t i, char **words, struct tally *t)
{
    for (const char *const *e = test_store_engines(); *e; e++) {
        if (!is_due(i, *e, words))
            continue;
        long ms = budget(t->left);
        if (ms < 0)
            return false;
        test = tests[i];
        engine = *e;
        t->left--;
        if (torture_one(ms))
            t->passed++;
        else
            t->failed++;
    }
    return true;
}

int torture(char **words)
{
    static const struct world_hooks hooks = { begin, end, run };
    tests_count = world_tests(&tests);
    is_exact = getenv("TORTURE_MS") || getenv("TORTURE_MINUTES") || *words;
    driver = pthread_self();
    (void)signal(SIGABRT, on_abort);
    __sanitizer_set_death_callback(say_last_words);
    world_hook(&hooks);
    struct tally t = { .left = count_due(words) };
    /* Minutes that end too soon leave out others each time. */
    size_t first = getenv("TORTURE_MINUTES") ? random_below((uint32_t)tests_count) : 0;
    for (size_t i = 0; i < tests_count; i++)
        if (!torture_next((first + i) % tests_count, words, &t))
            break;
    if (t.left)
        (void)printf("left out, the minutes are over: %ld\n", t.left);
    (void)printf("%d passed, %d failed\n", t.passed, t.failed);
    return t.failed != 0;
}
