/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stored passwords: every byte counts, strings of others (libargon2) are read, and nothing but the
 * one canonical spelling below the ceiling is (PW-01, PW-06).
 */
#include "base/random.h"
#include "crypto/password.h"
#include "test.h"

#include <argon2.h>
#include <stdio.h>
#include <string.h>

static const struct password_policy quick = { .cost = { 64, 1, 2 } };

static const char *hash(struct mem password)
{
    struct argon2_memory memory = { 0 };
    const char *phc = "";
    CHECK_OK(password_hash(&memory, test_arena(), &quick, password, &phc));
    argon2_memory_release(&memory);
    return phc;
}

static bool matches(const char *phc, struct mem password)
{
    struct argon2_memory memory = { 0 };
    struct password_verdict verdict = { false, false };
    CHECK_OK(password_verify(&memory, &quick, phc, password, &verdict));
    argon2_memory_release(&memory);
    return verdict.matches;
}

/* n bytes of x and a last one. */
static struct mem long_password(size_t n, char last)
{
    char *p = arena_alloc(test_arena(), n + 2);
    memset(p, 'x', n);
    p[n] = last;
    return MEM(p, n + 1);
}

TEST(PW_01_every_byte_of_a_password_counts)
{
    const struct {
        struct mem right, wrong;
    } rows[] = {
        { long_password(72, 'a'), long_password(72, 'b') },
        { long_password(127, 'a'), long_password(127, 'b') },
        { long_password(1023, 'a'), long_password(1023, 'b') },
        { MEM("a\0b", 3), MEM("a\0c", 3) },
        { MEM("a\0b", 3), MEM("a", 1) },
        { MEM("a", 1), MEM("a\0", 2) },
        { mem_text(" pass word "), mem_text("pass word") },
        { mem_text("Password"), mem_text("password") },
        { mem_text("caf\xc3\xa9"), mem_text("cafe\xcc\x81") },
        { MEM_NONE, MEM("\0", 1) },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *phc = hash(rows[i].right);
        if (!matches(phc, rows[i].right) || matches(phc, rows[i].wrong))
            test_fail(__FILE__, __LINE__, "row %zu", i);
    }
}

TEST(a_password_is_stored_in_phc_form_with_a_fresh_salt)
{
    const char *one = hash(mem_text("same")), *two = hash(mem_text("same"));
    CHECK(text_starts(one, "$argon2id$v=19$m=64,t=1,p=2$"));
    CHECK_NUM(strlen(one), strlen("$argon2id$v=19$m=64,t=1,p=2$") + 22 + 1 + 43);
    CHECK(!text_equal(one, two));
    CHECK_NUM(argon2id_verify(one, "same", 4), ARGON2_OK);
    CHECK_NUM(argon2id_verify(one, "sane", 4), ARGON2_VERIFY_MISMATCH);
}

TEST(a_string_made_by_libargon2_is_read)
{
    for (uint32_t i = 0; i < 20; i++) {
        char phc[PASSWORD_PHC_MAX];
        uint8_t salt[64];
        random_bytes(salt, sizeof salt);
        REQUIRE(argon2id_hash_encoded(1 + i % 3, 64 + i, 1 + i % 4, "secret", 6, salt, 8 + i,
                                      16 + i, phc, sizeof phc) == ARGON2_OK);
        CHECK(matches(phc, mem_text("secret")));
        CHECK(!matches(phc, mem_text("Secret")));
    }
}

static bool outdated(const struct password_policy *policy, const char *phc)
{
    struct argon2_memory memory = { 0 };
    struct password_verdict verdict = { false, false };
    CHECK_OK(password_verify(&memory, policy, phc, mem_text("x"), &verdict));
    argon2_memory_release(&memory);
    CHECK(verdict.matches);
    return verdict.outdated;
}

TEST(a_string_of_another_cost_is_outdated)
{
    const char *phc = hash(mem_text("x"));
    CHECK(!outdated(&quick, phc));
    CHECK(outdated(&(struct password_policy){ .cost = { 65, 1, 2 } }, phc));
    CHECK(outdated(&(struct password_policy){ .cost = { 64, 2, 2 } }, phc));
    CHECK(outdated(&(struct password_policy){ .cost = { 64, 1, 1 } }, phc));
    CHECK(outdated(&(struct password_policy){ .cost = quick.cost,
                                              .pepper = mem_text("pepper"),
                                              .pepper_id = "k1" },
                   phc));
}

TEST(a_pepper_is_named_in_the_string_and_needed)
{
    struct password_policy peppered = { .cost = quick.cost,
                                        .pepper = mem_text("0123456789abcdef"),
                                        .pepper_id = "k_1-A" };
    struct argon2_memory memory = { 0 };
    const char *phc;
    struct password_verdict verdict = { false, true };
    REQUIRE(password_hash(&memory, test_arena(), &peppered, mem_text("x"), &phc) == OK);
    CHECK(text_starts(phc, "$argon2id$v=19$m=64,t=1,p=2,keyid=k_1-A$"));
    CHECK_OK(password_verify(&memory, &peppered, phc, mem_text("x"), &verdict));
    CHECK(verdict.matches && !verdict.outdated);

    CHECK_ERR(password_verify(&memory, &quick, phc, mem_text("x"), &verdict), E_INVALID);
    struct password_policy other = peppered;
    other.pepper_id = "k2";
    CHECK_ERR(password_verify(&memory, &other, phc, mem_text("x"), &verdict), E_INVALID);
    other = peppered;
    other.pepper = mem_text("another pepper");
    CHECK_OK(password_verify(&memory, &other, phc, mem_text("x"), &verdict));
    CHECK(!verdict.matches);
    argon2_memory_release(&memory);
}

TEST(a_decoy_has_the_cost_of_the_policy_and_matches_nobody)
{
    const char *decoy = password_decoy(test_arena(), &quick);
    struct argon2_cost cost;
    CHECK(strlen(decoy) < PASSWORD_PHC_MAX);
    REQUIRE(password_cost(decoy, &cost) == OK);
    CHECK_NUM(cost.memory_kib, 64);
    CHECK_NUM(cost.passes, 1);
    CHECK_NUM(cost.lanes, 2);
    CHECK(!matches(decoy, MEM_NONE));
    CHECK(!text_equal(decoy, password_decoy(test_arena(), &quick)));
}

#define SALT "c2l4dGVlbiBieXRlcy4uLg"
#define TAG "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define HEAD "$argon2id$v=19$"

TEST(PW_06_a_tampered_string_is_refused_before_any_allocation)
{
    static const char *const rows[] = {
        /* cost */
        HEAD "m=4294967295,t=1,p=1$" SALT "$" TAG,
        HEAD "m=4294967296,t=1,p=1$" SALT "$" TAG,
        HEAD "m=18446744073709551680,t=1,p=1$" SALT "$" TAG,
        HEAD "m=1048577,t=1,p=1$" SALT "$" TAG,
        HEAD "m=64,t=0,p=1$" SALT "$" TAG,
        HEAD "m=64,t=17,p=1$" SALT "$" TAG,
        HEAD "m=64,t=4294967295,p=1$" SALT "$" TAG,
        HEAD "m=64,t=1,p=0$" SALT "$" TAG,
        HEAD "m=136,t=1,p=17$" SALT "$" TAG,
        HEAD "m=7,t=1,p=1$" SALT "$" TAG,
        HEAD "m=15,t=1,p=2$" SALT "$" TAG,
        HEAD "m=0,t=1,p=1$" SALT "$" TAG,
        HEAD "m=64,t=1,p=536870912$" SALT "$" TAG,
        /* spelling of numbers */
        HEAD "m=064,t=1,p=1$" SALT "$" TAG,
        HEAD "m=+64,t=1,p=1$" SALT "$" TAG,
        HEAD "m=-64,t=1,p=1$" SALT "$" TAG,
        HEAD "m= 64,t=1,p=1$" SALT "$" TAG,
        HEAD "m=0x40,t=1,p=1$" SALT "$" TAG,
        HEAD "m=,t=1,p=1$" SALT "$" TAG,
        HEAD "m=64,t=01,p=1$" SALT "$" TAG,
        HEAD "m=64,t=1,p=00$" SALT "$" TAG,
        /* members */
        HEAD "t=1,m=64,p=1$" SALT "$" TAG,
        HEAD "m=64,t=1$" SALT "$" TAG,
        HEAD "m=64,t=1,p=1,p=1$" SALT "$" TAG,
        HEAD "m=64,t=1,p=1,data=AAAA$" SALT "$" TAG,
        HEAD "m=64,t=1,p=1,keyid=$" SALT "$" TAG,
        HEAD "m=64,t=1,p=1,keyid=k1$" SALT "$" TAG,
        HEAD "m=64,t=1,p=1,keyid=k 1$" SALT "$" TAG,
        HEAD "m=64,t=1,p=1,keyid=aaaaaaaaaaaaaaaaa$" SALT "$" TAG,
        /* variant and version */
        "$argon2i$v=19$m=64,t=1,p=1$" SALT "$" TAG,
        "$argon2d$v=19$m=64,t=1,p=1$" SALT "$" TAG,
        "$argon2x$v=19$m=64,t=1,p=1$" SALT "$" TAG,
        "$Argon2id$v=19$m=64,t=1,p=1$" SALT "$" TAG,
        "$argon2id$v=16$m=64,t=1,p=1$" SALT "$" TAG,
        "$argon2id$m=64,t=1,p=1$" SALT "$" TAG,
        "$2b$12$abcdefghijklmnopqrstuu5LoVCrhvUI2Qn2ocMRqgHUQ8NQ9pNsG",
        "$pbkdf2-sha256$i=1$" SALT "$" TAG,
        /* salt and tag */
        HEAD "m=64,t=1,p=1$$" TAG,
        HEAD "m=64,t=1,p=1$AAAAAAAA$" TAG,
        HEAD "m=64,t=1,p=1$" TAG TAG "AAAA$" TAG,
        HEAD "m=64,t=1,p=1$c2l4dGVlbiBieXRlcy4uLh$" TAG,
        HEAD "m=64,t=1,p=1$c2l4dGVlbiBieXRlcy4uLg==$" TAG,
        HEAD "m=64,t=1,p=1$c2l4dGVlbiBieXRlcy4u_g$" TAG,
        HEAD "m=64,t=1,p=1$c2l4dGVlbiBieXRlcy4uLgAAA$" TAG,
        HEAD "m=64,t=1,p=1$" SALT "$",
        HEAD "m=64,t=1,p=1$" SALT "$AAAAAAAA",
        HEAD "m=64,t=1,p=1$" SALT "$" TAG TAG "AAAA",
        HEAD "m=64,t=1,p=1$" SALT,
        HEAD "m=64,t=1,p=1$" SALT "$" TAG "$",
        HEAD "m=64,t=1,p=1$" SALT "$" TAG " ",
        HEAD "m=64,t=1,p=1$" SALT "$" TAG "=",
        " " HEAD "m=64,t=1,p=1$" SALT "$" TAG,
        "",
        "$",
        "password",
        "$argon2id$",
        HEAD,
    };
    struct argon2_memory memory = { 0 };
    struct password_verdict verdict;
    CHECK_OK(
        password_verify(&memory, &quick, HEAD "m=64,t=1,p=1$" SALT "$" TAG, MEM_NONE, &verdict));
    argon2_memory_release(&memory);
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (password_verify(&memory, &quick, rows[i], MEM_NONE, &verdict) != E_INVALID)
            test_fail(__FILE__, __LINE__, "accepted: %s", rows[i]);
        CHECK(!memory.p);
        argon2_memory_release(&memory);
    }
}

TEST(PW_06_the_cost_of_an_unsound_string_is_not_told)
{
    struct argon2_cost cost = { 1, 2, 3 };
    CHECK_ERR(password_cost(HEAD "m=64,t=0,p=1$" SALT "$" TAG, &cost), E_INVALID);
    CHECK_ERR(password_cost(HEAD "m=15,t=1,p=2$" SALT "$" TAG, &cost), E_INVALID);
    CHECK_NUM(cost.memory_kib, 1);
    CHECK_OK(password_cost(HEAD "m=4294967295,t=1,p=2$" SALT "$" TAG, &cost));
    CHECK_NUM(cost.memory_kib, UINT32_MAX);
}

TEST(PW_06_a_huge_salt_is_refused)
{
    struct argon2_memory memory = { 0 };
    size_t n = 1 << 20;
    char *phc = arena_alloc(test_arena(), n + 100);
    size_t head = (size_t)snprintf(phc, 100, HEAD "m=64,t=1,p=1$");
    struct password_verdict verdict;
    memset(phc + head, 'A', n);
    (void)snprintf(phc + head + n, 60, "$" TAG);
    CHECK_ERR(password_verify(&memory, &quick, phc, MEM_NONE, &verdict), E_INVALID);
    CHECK(!memory.p);
}

TEST(PW_06_the_ceiling_of_a_policy_is_obeyed)
{
    struct password_policy low = { .cost = { 64, 1, 1 }, .ceiling = { 128, 2, 1 } };
    static const struct {
        const char *phc;
        enum err want;
    } rows[] = {
        { HEAD "m=128,t=2,p=1$" SALT "$" TAG, OK },
        { HEAD "m=129,t=2,p=1$" SALT "$" TAG, E_INVALID },
        { HEAD "m=128,t=3,p=1$" SALT "$" TAG, E_INVALID },
        { HEAD "m=128,t=2,p=2$" SALT "$" TAG, E_INVALID },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct argon2_memory memory = { 0 };
        struct password_verdict verdict;
        CHECK_ERR(password_verify(&memory, &low, rows[i].phc, MEM_NONE, &verdict), rows[i].want);
        argon2_memory_release(&memory);
    }
}

TEST(a_cost_setting_has_one_spelling)
{
    static const struct {
        const char *text;
        enum err want;
    } rows[] = {
        { "m=65536,t=3,p=2", OK },
        { "m=8,t=1,p=1", OK },
        { "m=1048576,t=16,p=16", OK },
        { "m=1048577,t=3,p=2", E_INVALID },
        { "m=65536,t=17,p=2", E_INVALID },
        { "m=65536,t=3,p=17", E_INVALID },
        { "m=15,t=3,p=2", E_INVALID },
        { "m=65536,t=0,p=2", E_INVALID },
        { "m=65536,t=3,p=0", E_INVALID },
        { "m=65536,t=3,p=2 ", E_INVALID },
        { "m=65536, t=3,p=2", E_INVALID },
        { "t=3,m=65536,p=2", E_INVALID },
        { "m=065536,t=3,p=2", E_INVALID },
        { "m=65536,t=3", E_INVALID },
        { "", E_INVALID },
        { "m=65536,t=3,p=2,keyid=a", E_INVALID },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct argon2_cost cost;
        if (!CHECK_ERR(password_cost_parse(rows[i].text, &cost), rows[i].want))
            test_fail(__FILE__, __LINE__, "setting: %s", rows[i].text);
    }
}
