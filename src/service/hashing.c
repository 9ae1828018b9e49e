/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Password hashing slots: see hashing.h. A stranger must not learn from the time of a refusal
 * whether an account exists, has a password, or has an old one (ENUM-02): each refusal costs one
 * hash at the current cost. Hashing has no pepper; a hash is worth stealing only by its own cost.
 */
#include "service/hashing.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "crypto/password.h"
#include "service/hashing_helper.h"
#include "service/setting.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

/* What hashing_configure sets; everyone works on a copy, so a reload disturbs no hash. */
struct plan {
    struct password_policy policy;
    char decoy[PASSWORD_PHC_MAX];
};

static pthread_mutex_t plan_lock = PTHREAD_MUTEX_INITIALIZER;
static struct plan current;

static pthread_key_t slot_key;
static pthread_once_t slot_once = PTHREAD_ONCE_INIT;
static _Thread_local struct slot {
    struct argon2_memory memory;
    struct hashing_helper helper;
    bool is_known; /* to slot_key */
} slot;

static _Atomic int64_t figure_count, figure_ns;

static void release_slot(void *arg)
{
    struct slot *ending = arg;
    hashing_helper_end(&ending->helper, &ending->memory);
    argon2_memory_release(&ending->memory);
}

static void make_slot_key(void)
{
    if (pthread_key_create(&slot_key, release_slot) != 0)
        abort();
}

/* This thread's memory; given back when the thread ends. */
static struct argon2_memory *take_slot(void)
{
    (void)pthread_once(&slot_once, make_slot_key);
    if (!slot.is_known)
        slot.is_known = pthread_setspecific(slot_key, &slot) == 0;
    return &slot.memory;
}

void hashing_use_helper(void)
{
    struct argon2_memory *memory = take_slot();
    if (slot.is_known)
        hashing_helper_start(&slot.helper, memory);
}

static struct plan take_plan(void)
{
    pthread_mutex_lock(&plan_lock);
    struct plan plan = current;
    pthread_mutex_unlock(&plan_lock);
    assert(plan.policy.cost.lanes > 0); /* hashing_configure comes first */
    return plan;
}

enum err hashing_configure(void)
{
    struct plan plan = { 0 };
    struct arena arena;
    TRY(password_cost_parse(setting_text(SETTING_PASSWORD_HASH), &plan.policy.cost));
    arena_init(&arena, 64 * 1024);
    struct mem decoy = mem_text(password_decoy(&arena, &plan.policy));
    assert(decoy.n < sizeof plan.decoy);
    memcpy(plan.decoy, decoy.p, decoy.n);
    arena_done(&arena);

    pthread_mutex_lock(&plan_lock);
    current = plan;
    pthread_mutex_unlock(&plan_lock);
    return OK;
}

static void count(int64_t started_ns)
{
    figure_count++;
    figure_ns += clock_monotonic_ns() - started_ns;
}

enum err hashing_hash(struct arena *arena, struct mem password, const char **ret_phc)
{
    struct plan plan = take_plan();
    int64_t started_ns = clock_monotonic_ns();
    TRY(password_hash(take_slot(), arena, &plan.policy, password, ret_phc));
    count(started_ns);
    return OK;
}

/* Spends what a hash at the current cost takes longer than one at spent. Time goes with memory
 * times passes. A stored string that is costlier than the current cost cannot be hidden; the next
 * sign-in makes it anew. */
static enum err pad(const struct plan *plan, struct argon2_cost spent, struct mem password)
{
    struct argon2_cost cost = plan->policy.cost;
    uint64_t whole = (uint64_t)cost.memory_kib * cost.passes;
    uint64_t done = (uint64_t)spent.memory_kib * spent.passes;
    if (done >= whole)
        return OK;
    cost.memory_kib = (uint32_t)((whole - done) / cost.passes);
    if (cost.memory_kib < 8 * cost.lanes)
        return OK;
    uint8_t tag[PASSWORD_TAG_BYTES];
    static const uint8_t salt[PASSWORD_SALT_BYTES];
    const struct argon2_input input = { .password = password, .salt = MEM(salt, sizeof salt) };
    TRY(argon2id(take_slot(), cost, &input, tag, sizeof tag));
    mem_wipe(tag, sizeof tag);
    return OK;
}

/* As long as a refusal takes, without an account. */
static enum err refuse(const struct plan *plan, struct mem password)
{
    struct password_verdict ignored;
    return password_verify(take_slot(), &plan->policy, plan->decoy, password, &ignored);
}

static enum err verify(const struct plan *plan, const char *phc, struct mem password,
                       struct password_verdict *ret)
{
    if (!phc)
        return refuse(plan, password);
    enum err e = password_verify(take_slot(), &plan->policy, phc, password, ret);
    if (e == E_INVALID) {
        LOG(LOG_ERROR, "password.unusable",
            LOG_TEXT("why", "a stored hash is malformed or above the ceiling"));
        return refuse(plan, password);
    }
    TRY(e);
    struct argon2_cost spent;
    TRY(password_cost(phc, &spent));
    /* One row that asks for more memory than the setting must not keep it. */
    if (spent.memory_kib > plan->policy.cost.memory_kib)
        hashing_rest();
    return ret->matches ? OK : pad(plan, spent, password);
}

enum err hashing_verify(const char *phc, struct mem password, bool *ret_matches, bool *ret_outdated)
{
    struct plan plan = take_plan();
    struct password_verdict verdict = { false, false };
    int64_t started_ns = clock_monotonic_ns();
    *ret_matches = false; /* also when the machine fails and a caller does not look */
    TRY(verify(&plan, phc, password, &verdict));
    count(started_ns);
    *ret_matches = verdict.matches;
    if (ret_outdated)
        *ret_outdated = verdict.outdated;
    return OK;
}

void hashing_rest(void)
{
    argon2_memory_release(&slot.memory);
}

void hashing_figures(int64_t *ret_count, int64_t *ret_ns)
{
    *ret_count = figure_count;
    *ret_ns = figure_ns;
}
