/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base32 against RFC 4648 10, and what is not base32.
 */
#include "base/base32.h"

#include "../test.h"

TEST(base32_vectors)
{
    const struct {
        const char *plain, *coded;
    } cases[] = {
        { "", "" },
        { "f", "MY" },
        { "fo", "MZXQ" },
        { "foo", "MZXW6" },
        { "foob", "MZXW6YQ" },
        { "fooba", "MZXW6YTB" },
        { "foobar", "MZXW6YTBOI" },
        { "12345678901234567890", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t back[20];
        size_t n = 99;
        CHECK_TEXT(base32_format(test_arena(), mem_text(cases[i].plain)), cases[i].coded);
        CHECK(base32_parse(cases[i].coded, back, sizeof back, &n));
        CHECK(mem_equal(MEM(back, n), mem_text(cases[i].plain)));
        CHECK(base32_parse(text_lower_ascii(test_arena(), cases[i].coded), back, sizeof back, &n));
    }
}

TEST(base32_every_byte_comes_back)
{
    for (int byte = 0; byte < 256; byte++) {
        uint8_t in[3] = { (uint8_t)byte, (uint8_t)~byte, (uint8_t)byte }, out[3];
        size_t n = 0;
        CHECK(base32_parse(base32_format(test_arena(), MEM(in, 3)), out, 3, &n));
        CHECK(mem_equal(MEM(in, 3), MEM(out, n)));
    }
}

TEST(base32_refuses)
{
    static const char *const bad[] = { "M",        "MZX",       "MZXW6Y", "MZ",   "MZXR",
                                       "MY======", "M Y",       "M1",     "M0",   "M8",
                                       "MZXW6YT",  "M\xC3\xA9", "MY\n",   "MZX-Q" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint8_t out[20];
        size_t n;
        if (base32_parse(bad[i], out, sizeof out, &n))
            test_fail(__FILE__, __LINE__, "\"%s\" was taken for base32", bad[i]);
    }
    uint8_t small[2];
    size_t n;
    CHECK(!base32_parse("MZXW6", small, sizeof small, &n));
    CHECK(base32_parse("MZXQ", small, sizeof small, &n));
}
