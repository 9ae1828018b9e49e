/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Argon2id on every core that runs here: RFC 9106's vector, and Debian's libargon2 as the oracle
 * over random parameters and lengths. BLAKE2b against RFC 7693.
 */
#include "base/random.h"
#include "crypto/argon2.h"
#include "crypto/argon2_core.h"
#include "crypto/blake2b.h"
#include "test.h"

#include <argon2.h>
#include <string.h>

static const char *const core_names[] = { "scalar", "sse2", "avx2", "avx512" };

/* Runs a check on each core and chooses the best one again. */
static void on_each_core(void (*check)(const char *core))
{
    const char *best = argon2_core();
    for (size_t i = 0; i < COUNT(core_names); i++)
        if (argon2_use(core_names[i]))
            check(core_names[i]);
    CHECK(argon2_use(best));
}

static void check_vector(const char *core)
{
    struct argon2_memory memory = { 0 };
    uint8_t password[32], salt[16], secret[8], ad[12], tag[32];
    memset(password, 1, sizeof password);
    memset(salt, 2, sizeof salt);
    memset(secret, 3, sizeof secret);
    memset(ad, 4, sizeof ad);
    CHECK_OK(
        argon2id(&memory, (struct argon2_cost){ 32, 3, 4 },
                 &(struct argon2_input){ MEM(password, sizeof password), MEM(salt, sizeof salt),
                                         MEM(secret, sizeof secret), MEM(ad, sizeof ad) },
                 tag, sizeof tag));
    argon2_memory_release(&memory);
    if (!CHECK_TEXT(hex_format(test_arena(), MEM(tag, sizeof tag)),
                    "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"))
        test_fail(__FILE__, __LINE__, "core %s", core);
}

TEST(argon2id_gives_the_tag_of_rfc_9106_5_3_on_each_core)
{
    on_each_core(check_vector);
}

/* Random bytes of a random length in the arena. */
static struct mem draw(size_t min, size_t max)
{
    size_t n = min + random_below((uint32_t)(max - min + 1));
    uint8_t *p = arena_alloc(test_arena(), n + 1);
    random_bytes(p, n);
    return MEM(p, n);
}

static struct argon2_cost draw_cost(void)
{
    struct argon2_cost cost;
    cost.lanes = 1 + random_below(random_below(4) ? 4 : 12);
    cost.passes = 1 + random_below(4);
    /* Up to 2 MiB, so that segments are longer than one block of addresses. */
    uint32_t room = random_below(4) ? 256 : 2048;
    cost.memory_kib = 8 * cost.lanes + random_below(room);
    return cost;
}

static bool ask_oracle(struct argon2_cost cost, const struct mem in[4], uint8_t *out, size_t out_n)
{
    argon2_context context = {
        .out = out,
        .outlen = (uint32_t)out_n,
        .pwd = (uint8_t *)in[0].p,
        .pwdlen = (uint32_t)in[0].n,
        .salt = (uint8_t *)in[1].p,
        .saltlen = (uint32_t)in[1].n,
        .secret = (uint8_t *)in[2].p,
        .secretlen = (uint32_t)in[2].n,
        .ad = (uint8_t *)in[3].p,
        .adlen = (uint32_t)in[3].n,
        .t_cost = cost.passes,
        .m_cost = cost.memory_kib,
        .lanes = cost.lanes,
        .threads = 1,
        .version = ARGON2_VERSION_13,
    };
    return argon2id_ctx(&context) == ARGON2_OK;
}

static void check_against_oracle(const char *core)
{
    struct argon2_memory memory = { 0 };
    for (int i = 0; i < 60; i++) {
        struct argon2_cost cost = draw_cost();
        struct mem in[4] = { draw(0, 300), draw(8, 64), draw(0, 40), draw(0, 200) };
        size_t out_n = 4 + random_below(i % 2 ? 1021 : 80);
        uint8_t got[1024] = { 0 }, want[1024] = { 0 };
        CHECK_OK(argon2id(&memory, cost, &(struct argon2_input){ in[0], in[1], in[2], in[3] }, got,
                          out_n));
        REQUIRE(ask_oracle(cost, in, want, out_n));
        if (!mem_equal(MEM(got, sizeof got), MEM(want, sizeof want)))
            test_fail(__FILE__, __LINE__, "core %s differs at m=%u,t=%u,p=%u, %zu bytes", core,
                      cost.memory_kib, cost.passes, cost.lanes, out_n);
    }
    argon2_memory_release(&memory);
}

TEST(argon2id_agrees_with_libargon2_on_each_core)
{
    on_each_core(check_against_oracle);
}

TEST(argon2id_refuses_what_rfc_9106_3_1_refuses)
{
    static const struct {
        struct argon2_cost cost;
        size_t salt_n, out_n;
    } rows[] = {
        { { 7, 1, 1 }, 16, 32 },   { { 15, 1, 2 }, 16, 32 },       { { 0, 1, 1 }, 16, 32 },
        { { 8, 0, 1 }, 16, 32 },   { { 8, 1, 0 }, 16, 32 },        { { 4096, 1, 256 }, 16, 32 },
        { { 8, 1, 1 }, 7, 32 },    { { 8, 1, 1 }, 65, 32 },        { { 8, 1, 1 }, 16, 3 },
        { { 8, 1, 1 }, 16, 1025 }, { { 8, 1, 1u << 29 }, 16, 32 },
    };
    uint8_t salt[80] = { 0 }, out[2048];
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct argon2_memory memory = { 0 };
        CHECK_ERR(argon2id(&memory, rows[i].cost,
                           &(struct argon2_input){ .password = mem_text("password"),
                                                   .salt = MEM(salt, rows[i].salt_n) },
                           out, rows[i].out_n),
                  E_INVALID);
        CHECK(!memory.p);
    }
}

static bool never(void *)
{
    return false;
}

/* Stops as often as it can. */
static void fill_in_pieces(struct argon2_work *work, void *arg)
{
    for (int *pieces = arg; !argon2_fill(work, never, NULL);)
        ++*pieces;
}

TEST(argon2_a_hash_goes_on_where_it_was_stopped)
{
    static const struct argon2_cost costs[] = {
        { 1024, 1, 1 }, { 4096, 3, 2 }, { 4096, 2, 4 }, { 8000, 2, 7 }
    };
    static const uint8_t salt[16] = "sixteen bytes...";
    const struct argon2_input input = { .password = mem_text("password"),
                                        .salt = MEM(salt, sizeof salt) };
    for (size_t i = 0; i < COUNT(costs); i++) {
        int pieces = 0;
        uint8_t whole[32], pieced[32];
        struct argon2_memory memory = { 0 };
        CHECK_OK(argon2id(&memory, costs[i], &input, whole, sizeof whole));
        memory.fill = fill_in_pieces;
        memory.arg = &pieces;
        CHECK_OK(argon2id(&memory, costs[i], &input, pieced, sizeof pieced));
        CHECK(pieces > 3);
        CHECK(mem_equal(MEM(whole, sizeof whole), MEM(pieced, sizeof pieced)));
        argon2_memory_release(&memory);
    }
}

TEST(argon2_memory_is_kept_while_large_enough)
{
    struct argon2_memory memory = { 0 };
    REQUIRE(argon2_memory_reserve(&memory, (struct argon2_cost){ 4096, 1, 1 }) == OK);
    const void *p = memory.p;
    CHECK_NUM(memory.bytes, 4096 * 1024);
    CHECK_NUM((uintptr_t)p % (2 << 20), 0);
    CHECK_OK(argon2_memory_reserve(&memory, (struct argon2_cost){ 64, 1, 1 }));
    CHECK(memory.p == p);
    CHECK_OK(argon2_memory_reserve(&memory, (struct argon2_cost){ 4097, 1, 1 }));
    CHECK_NUM(memory.bytes, 6 << 20);
    argon2_memory_release(&memory);
    argon2_memory_release(&memory);
    CHECK(!memory.p && memory.bytes == 0);
}

TEST(argon2_memory_that_the_system_has_not_got_is_a_fault)
{
    struct argon2_memory memory = { 0 };
    /* 4 TiB; and a small one works afterwards. */
    CHECK_ERR(argon2_memory_reserve(&memory, (struct argon2_cost){ UINT32_MAX, 1, 1 }), E_FAULT);
    CHECK(!memory.p);
    CHECK_OK(argon2_memory_reserve(&memory, (struct argon2_cost){ 8, 1, 1 }));
    argon2_memory_release(&memory);
}

TEST(argon2_use_refuses_unknown_cores)
{
    const char *before = argon2_core();
    CHECK(!argon2_use("mmx"));
    CHECK(!argon2_use(""));
    CHECK_TEXT(argon2_core(), before);
}

TEST(argon2_place_is_a_permutation_that_fixes_word_0)
{
    bool is_taken[ARGON2_WORDS] = { false };
    for (unsigned i = 0; i < ARGON2_WORDS; i++) {
        REQUIRE(argon2_place(i) < ARGON2_WORDS && !is_taken[argon2_place(i)]);
        is_taken[argon2_place(i)] = true;
    }
    CHECK_NUM(argon2_place(0), 0);
}

static const char *blake2b_hex(struct mem bytes, size_t out_n)
{
    struct blake2b b;
    uint8_t out[BLAKE2B_BYTES_MAX];
    blake2b_init(&b, out_n);
    /* In uneven pieces, across block borders. */
    const uint8_t *p = bytes.p;
    for (size_t at = 0, n = 1; at < bytes.n; at += n, n = n * 2 + 1)
        blake2b_add(&b, MEM(p + at, n < bytes.n - at ? n : bytes.n - at));
    blake2b_done(&b, out);
    return hex_format(test_arena(), MEM(out, out_n));
}

TEST(blake2b_gives_the_hashes_of_rfc_7693)
{
    CHECK_TEXT(blake2b_hex(mem_text("abc"), 64),
               "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
               "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
    CHECK_TEXT(blake2b_hex(MEM_NONE, 64),
               "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419"
               "d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce");
    CHECK_TEXT(blake2b_hex(mem_text("The quick brown fox jumps over the lazy dog"), 64),
               "a8add4bdddfd93e4877d2746e62817b116364a1fa7bc148d95090bc7333b3673"
               "f82401cf7aa2e4cb1ecd90296e3f14cb5413f8ed77be73045b13914cdcd6a918");
}

/* The inputs of RFC 7693 appendix E. */
static void write_sequence(uint8_t *out, size_t n)
{
    uint32_t a = 0xdead4bad * (uint32_t)n, b = 1;
    for (size_t i = 0; i < n; i++) {
        uint32_t t = a + b;
        a = b;
        b = t;
        out[i] = (uint8_t)(t >> 24);
    }
}

/* RFC 7693 appendix E without its keyed half, which is not here; the expected hash of hashes is
 * from Python's hashlib. */
TEST(blake2b_agrees_with_another_implementation_over_lengths)
{
    static const size_t out_sizes[] = { 20, 32, 48, 64 };
    static const size_t in_sizes[] = { 0, 3, 128, 129, 255, 1024 };
    struct blake2b all, one;
    uint8_t in[1024], out[64];
    blake2b_init(&all, 32);
    for (size_t o = 0; o < COUNT(out_sizes); o++)
        for (size_t i = 0; i < COUNT(in_sizes); i++) {
            write_sequence(in, in_sizes[i]);
            blake2b_init(&one, out_sizes[o]);
            blake2b_add(&one, MEM(in, in_sizes[i]));
            blake2b_done(&one, out);
            blake2b_add(&all, MEM(out, out_sizes[o]));
        }
    blake2b_done(&all, out);
    CHECK_TEXT(hex_format(test_arena(), MEM(out, 32)),
               "681f345ad53c6360214ea500fd259edddbca775f605fad81b9b189d6d88e15c6");
}
