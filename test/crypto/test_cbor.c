/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CBOR: what an authenticator writes is read; what it never writes is refused, whatever it claims.
 */
#include "crypto/cbor.h"

#include "../soft_authenticator.h"
#include "../test.h"
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

/* The bytes of a text in hex. */
static struct mem hex(const char *digits)
{
    size_t n = strlen(digits) / 2;
    uint8_t *bytes = arena_alloc(test_arena(), n + 1);
    CHECK(hex_parse(digits, bytes, n));
    return MEM(bytes, n);
}

static bool reads(const char *digits)
{
    struct cbor_item item;
    return cbor_read(hex(digits), &item);
}

/* RFC 8949 appendix A, as far as authenticators go. */
TEST(cbor_reads_numbers)
{
    static const struct {
        const char *hex;
        int64_t num;
    } cases[] = {
        { "00", 0 },
        { "01", 1 },
        { "0a", 10 },
        { "17", 23 },
        { "1818", 24 },
        { "1819", 25 },
        { "1864", 100 },
        { "18ff", 255 },
        { "190100", 256 },
        { "1903e8", 1000 },
        { "19ffff", 65535 },
        { "1a00010000", 65536 },
        { "1a000f4240", 1000000 },
        { "1affffffff", 0xFFFFFFFF },
        { "1b0000000100000000", 0x100000000 },
        { "1b000000e8d4a51000", 1000000000000 },
        { "1b7fffffffffffffff", INT64_MAX },
        { "20", -1 },
        { "29", -10 },
        { "3863", -100 },
        { "3903e7", -1000 },
        { "3b7fffffffffffffff", INT64_MIN },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cbor_item item = { 0 };
        CHECK(cbor_read(hex(cases[i].hex), &item));
        CHECK_NUM(item.kind, CBOR_INT);
        CHECK_NUM(item.num, cases[i].num);
    }
}

TEST(cbor_reads_all_kinds)
{
    struct cbor_item item;
    REQUIRE(cbor_read(hex("4401020304"), &item) && item.kind == CBOR_BYTES);
    CHECK(mem_equal(item.bytes, MEM("\1\2\3\4", 4)));
    REQUIRE(cbor_read(hex("62c3bc"), &item) && item.kind == CBOR_TEXT);
    CHECK(mem_equal(item.bytes, mem_text("ü")));
    REQUIRE(cbor_read(hex("83010203"), &item) && item.kind == CBOR_ARRAY);
    CHECK_NUM(item.num, 3);
    CHECK_NUM(item.bytes.n, 3);
    REQUIRE(cbor_read(hex("a201020304"), &item) && item.kind == CBOR_MAP);
    CHECK_NUM(item.num, 2);
    REQUIRE(cbor_read(hex("f4"), &item) && item.kind == CBOR_BOOL);
    CHECK_NUM(item.num, 0);
    REQUIRE(cbor_read(hex("f5"), &item) && item.kind == CBOR_BOOL);
    CHECK_NUM(item.num, 1);
    REQUIRE(cbor_read(hex("f6"), &item) && item.kind == CBOR_NULL);
    CHECK(reads("40") && reads("60") && reads("80") && reads("a0"));
}

TEST(cbor_finds_by_text)
{
    struct cbor_item map, item;
    REQUIRE(cbor_read(hex("a3616101616282020301636163"
                          "20"),
                      &map));
    CHECK(cbor_find(&map, "a", &item) && item.num == 1);
    CHECK(cbor_find(&map, "b", &item) && item.kind == CBOR_ARRAY && item.num == 2);
    CHECK(!cbor_find(&map, "c", &item));
    CHECK(!cbor_find(&map, "", &item) && !cbor_find(&map, "ab", &item));
    REQUIRE(cbor_read(hex("8161610a") /* not one item */, &item) == false);
    REQUIRE(cbor_read(hex("8261610a"), &map));
    CHECK(!cbor_find(&map, "a", &item));
}

TEST(cbor_takes_one_after_the_other)
{
    struct mem in = hex("0141ff20");
    struct mem bytes;
    CHECK(!cbor_take_num(&in, 2) && !cbor_take_bytes(&in, &bytes));
    CHECK_NUM(in.n, 4);
    CHECK(cbor_take_num(&in, 1));
    CHECK(!cbor_take_num(&in, 1));
    CHECK(cbor_take_bytes(&in, &bytes) && mem_equal(bytes, MEM("\xFF", 1)));
    CHECK(cbor_take_num(&in, -1));
    CHECK_NUM(in.n, 0);
    CHECK(!cbor_take_num(&in, -1) && !cbor_take_bytes(&in, &bytes));
}

/* What an authenticator never writes. */
static const struct {
    const char *what, *hex;
} refused[] = {
    { "nothing", "" },
    { "a byte too many", "0000" },
    { "number not shortest", "1800" },
    { "number not shortest", "1817" },
    { "number not shortest", "190017" },
    { "number not shortest", "1900ff" },
    { "number not shortest", "1a0000ffff" },
    { "number not shortest", "1b00000000ffffffff" },
    { "length not shortest", "580100" },
    { "length not shortest", "59000100" },
    { "length not shortest", "980100" },
    { "length not shortest", "b8010000" },
    { "negative not shortest", "3817" },
    { "number beyond int64", "1b8000000000000000" },
    { "number beyond int64", "1bffffffffffffffff" },
    { "negative beyond int64", "3b8000000000000000" },
    { "negative beyond int64", "3bffffffffffffffff" },
    { "number cut off", "18" },
    { "number cut off", "1901" },
    { "number cut off", "1a010203" },
    { "number cut off", "1b01020304050607" },
    { "reserved argument", "1c" },
    { "reserved argument", "1d" },
    { "reserved argument", "1e" },
    { "reserved argument", "5c" },
    { "reserved argument", "fc" },
    { "indefinite number", "1f" },
    { "indefinite bytes", "5f4101ff" },
    { "indefinite text", "7f6161ff" },
    { "indefinite array", "9f01ff" },
    { "indefinite map", "bf0102ff" },
    { "break", "ff" },
    { "break inside", "81ff" },
    { "tag", "c000" },
    { "tag", "d81800" },
    { "tagged text", "c074323031332d30332d32315432303a30343a30305a" },
    { "bignum", "c249010000000000000000" },
    { "self-described", "d9d9f7a0" },
    { "half float", "f90000" },
    { "half float as true", "f90014" },
    { "float", "fa47c35000" },
    { "double", "fb3ff199999999999a" },
    { "NaN", "f97e00" },
    { "undefined", "f7" },
    { "unassigned", "e0" },
    { "unassigned", "f3" },
    { "simple 20 in two bytes", "f814" },
    { "simple 32", "f820" },
    { "simple 255", "f8ff" },
    { "bytes cut off", "4401" },
    { "bytes of 2^16", "5a00010000" },
    { "bytes of 2^32-1", "5affffffff" },
    { "bytes of 2^64-1", "5bffffffffffffffff" },
    { "text of 2^32-1", "7affffffff61" },
    { "text of 2^63", "7b800000000000000061" },
    { "array of 1 in 0", "81" },
    { "array of 2^16", "9a0001000000" },
    { "array of 2^32-1", "9affffffff00" },
    { "array of 2^64-1", "9bffffffffffffffff00" },
    { "map of 1 in 0", "a1" },
    { "map with a key only", "a100" },
    { "map of 2^32-1", "baffffffff0000" },
    { "map of 2^63", "bb80000000000000000000" },
    { "map of 2^64-1", "bbffffffffffffffff0000" },
    { "duplicate key", "a201020103" },
    { "duplicate text key", "a2616101616102" },
    { "duplicate key inside", "81a2200020f5" },
    { "duplicate key, far", "a40100020003000100" },
    { "key of bytes", "a1410100" },
    { "key of array", "a1810000" },
    { "key of map", "a1a000" },
    { "key of bool", "a1f500" },
    { "key of null", "a1f600" },
    { "text of bad UTF-8", "61ff" },
    { "text of bad UTF-8", "62c328" },
    { "text of a surrogate", "63eda080" },
    { "text with NUL", "6100" },
    { "key of bad UTF-8", "a161ff00" },
    { "inner item bad", "8301021800" },
    { "value bad", "a161611801" },
};

TEST(WA_12_other_cbor_is_refused)
{
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct mem before = hex(refused[i].hex), in = before;
        struct cbor_item item;
        if (reads(refused[i].hex))
            test_fail(__FILE__, __LINE__, "%s: %s", refused[i].what, refused[i].hex);
        bool taken = cbor_take(&in, &item);
        CHECK_NUM(taken, text_equal(refused[i].what, "a byte too many"));
        CHECK(taken || (in.p == before.p && in.n == before.n));
    }
    CHECK(reads("a2010261610a")); /* 1 and "a" differ */
    CHECK(reads("a2010220f5"));   /* 1 and -1 differ */
}

static struct mem nested(int major, size_t depth)
{
    struct buf out;
    buf_init(&out, test_arena(), 4 * depth + 1);
    for (size_t i = 0; i < depth; i++) {
        soft_cbor_head(&out, major, 1);
        if (major == 5)
            soft_cbor_num(&out, 0);
    }
    soft_cbor_num(&out, 7);
    return buf_mem(&out);
}

TEST(WA_12_nesting_is_bounded)
{
    struct cbor_item item;
    static const int majors[] = { 4, 5 };
    for (size_t i = 0; i < COUNT(majors); i++) {
        CHECK(cbor_read(nested(majors[i], CBOR_DEPTH_MAX), &item));
        CHECK(!cbor_read(nested(majors[i], CBOR_DEPTH_MAX + 1), &item));
        CHECK(!cbor_read(nested(majors[i], 10'000), &item));
        CHECK(!cbor_read(nested(majors[i], 1'000'000), &item));
    }
}

static struct mem map_of(int pairs, struct mem value)
{
    struct buf out;
    buf_init(&out, test_arena(), 1 << 22);
    soft_cbor_head(&out, 5, (uint64_t)pairs);
    for (int i = 0; i < pairs; i++) {
        soft_cbor_num(&out, i);
        buf_add(&out, i ? "\0" : value.p, i ? 1 : value.n);
    }
    return buf_mem(&out);
}

/* Work stays in proportion to the input: full maps inside full maps are read once, not once for
 * each key behind them. */
TEST(WA_12_maps_are_bounded)
{
    struct cbor_item item;
    struct mem map = MEM("\0", 1);
    CHECK(cbor_read(map_of(CBOR_PAIRS_MAX, map), &item));
    struct mem larger = map_of(CBOR_PAIRS_MAX + 1, map);
    CHECK(!cbor_read(larger, &item) && !cbor_take(&larger, &item));
    for (int i = 0; i < CBOR_DEPTH_MAX; i++)
        map = map_of(CBOR_PAIRS_MAX, map);
    CHECK(cbor_read(map, &item));
    CHECK_NUM(item.num, CBOR_PAIRS_MAX);
}

/* Reads a copy that ends where its memory ends, so that the sanitizer sees a byte too many. */
static bool reads_copy(struct mem bytes)
{
    struct cbor_item item;
    void *copy = malloc(bytes.n);
    if (!copy)
        abort();
    memcpy(copy, bytes.p, bytes.n);
    bool good = cbor_read(MEM(copy, bytes.n), &item);
    free(copy);
    return good;
}

/* Each head claims each length over each rest that is really there. */
TEST(WA_12_claimed_lengths_are_not_believed)
{
    static const uint64_t claims[] = { 0,       1,           2,         23,
                                       24,      255,         256,       65535,
                                       65536,   0x7FFFFFFF,  1U << 31,  0xFFFFFFFF,
                                       1 << 20, 0x100000000, INT64_MAX, UINT64_MAX };
    for (int major = 2; major <= 5; major++)
        for (size_t i = 0; i < COUNT(claims); i++)
            for (size_t rest = 0; rest < 4; rest++) {
                struct buf out;
                buf_init(&out, test_arena(), 64);
                soft_cbor_head(&out, major, claims[i]);
                buf_add(&out, "\x01\x02\x03\x04", rest);
                uint64_t needed = major == 5 ? claims[i] * 2 : claims[i];
                bool fits = claims[i] < 4 && needed == rest;
                CHECK_NUM(reads_copy(buf_mem(&out)), fits);
            }
}
