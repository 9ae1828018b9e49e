/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-2-4 against its authors' vectors; ids.
 */
#include "base/hash.h"

#include "../test.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/random.h"

#include <string.h>

/* The reference implementation's vectors_sip64: key 00 01 .. 0f, input 00 01 .. n-1. */
TEST(hash_siphash_vectors)
{
    static const struct {
        size_t n;
        uint64_t hash;
    } vectors[] = {
        { 0, 0x726fdb47dd0e0e31 }, { 1, 0x74f839c593dc67fd },  { 7, 0xab0200f58b01d137 },
        { 8, 0x93f5f5799a932462 }, { 15, 0xa129ca6149be45e5 }, { 63, 0x958a324ceb064572 },
    };
    uint8_t key[16], input[64];
    for (uint8_t i = 0; i < sizeof input; i++)
        input[i] = i;
    memcpy(key, input, sizeof key);
    for (size_t i = 0; i < COUNT(vectors); i++)
        CHECK(hash_siphash(key, MEM(input, vectors[i].n)) == vectors[i].hash);
}

TEST(hash_keyed_is_stable_in_a_process)
{
    CHECK(hash_keyed(mem_text("a")) == hash_keyed(mem_text("a")));
    CHECK(hash_keyed(mem_text("a")) != hash_keyed(mem_text("b")));
    CHECK(hash_keyed(MEM_NONE) == hash_keyed(MEM(NULL, 0)));
}

TEST(id_encodes_and_decodes)
{
    unsigned char bytes[16], back[16];
    char text[ID_CHARS + 1];
    memset(bytes, 0, sizeof bytes);
    id_encode(bytes, text);
    CHECK_TEXT(text, "00000000000000000000000000");
    memset(bytes, 0xff, sizeof bytes);
    id_encode(bytes, text);
    CHECK_TEXT(text, "7zzzzzzzzzzzzzzzzzzzzzzzzz");
    for (int i = 0; i < 100; i++) {
        random_bytes(bytes, sizeof bytes);
        id_encode(bytes, text);
        CHECK(id_decode(text, back) && memcmp(bytes, back, sizeof back) == 0);
    }
    CHECK(!id_decode("80000000000000000000000000", back));
    CHECK(!id_decode("0000000000000000000000000", back));
    CHECK(!id_decode("000000000000000000000000000", back));
    CHECK(!id_decode("0000000000000000000000000A", back)); /* upper case */
    CHECK(!id_decode("0000000000000000000000000l", back)); /* looks like 1 */
    CHECK(!id_decode("", back));
}

TEST(id_order_is_time_order)
{
    clock_freeze(1'800'000'000'000);
    const char *earlier = id_new(test_arena(), "usr");
    clock_shift(1);
    const char *later = id_new(test_arena(), "usr");
    CHECK(strcmp(earlier, later) < 0);
    CHECK(id_is(earlier, "usr") && !id_is(earlier, "ses") && !id_is(earlier, "us"));
    CHECK(!id_is("usr_", "usr") && !id_is("usr", "usr") && !id_is("", "usr"));
    /* RFC 9562 5.7: version 7, variant 10. */
    unsigned char bytes[16];
    CHECK(id_decode(earlier + 4, bytes));
    CHECK_NUM(bytes[6] >> 4, 7);
    CHECK_NUM(bytes[8] >> 6, 2);
}

TEST(random_numbers_stay_below_their_bound)
{
    int seen[5] = { 0 };
    for (int i = 0; i < 2000; i++) {
        uint32_t value = random_below(5);
        CHECK(value < 5);
        seen[value]++;
    }
    for (int i = 0; i < 5; i++)
        CHECK(seen[i] > 250);
    CHECK_NUM(random_below(1), 0);
}
