/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON: the reader refuses what two readers could understand differently; the writer is always well
 * formed.
 */
#include "base/json.h"

#include "../test.h"

#include <string.h>

static enum err reads(struct mem bytes)
{
    struct json_value value;
    const char *why = NULL;
    enum err e = json_read(test_arena(), bytes, &value, &why);
    CHECK((e == OK) == (why == NULL));
    return e;
}

TEST(json_refuses_what_is_not_strict)
{
    static const char *const wrong[] = {
        "",
        " ",
        "{",
        "}",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "[1 2]",
        "01",
        "+1",
        "1.",
        ".5",
        "1e",
        "0x1",
        "NaN",
        "Infinity",
        "-",
        "tru",
        "True",
        "nul",
        "\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\t\"",
        "\"\n\"",
        "\"\x01\"",
        "{}x",
        "{} {}",
        "1 1",
        "/**/1",
        "[1]//",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "\"\\u0000\"",
        "{\"a\\u0000b\":1}",
        "\"\\ud800\"",
        "\"\\udc00\\ud800\"",
        "\"\\ud800x\"",
        "\"\xff\"",
        "\"\xc0\xaf\"",
        "\"\xed\xa0\x80\"",
        "{\"\xff\":1}",
        "1e999",
        "-1e999",
        "9223372036854775808",
        "-9223372036854775809",
        "\xef\xbb\xbf{}",
        "{\"a\"}",
        "{\"a\":}",
        "{:1}",
        "[,]",
        "{1:1}",
    };
    for (size_t i = 0; i < COUNT(wrong); i++)
        if (reads(mem_text(wrong[i])) != E_INVALID)
            test_fail(__FILE__, __LINE__, "accepted: %s", wrong[i]);
    CHECK_ERR(reads(MEM("{}\0", 3)), E_INVALID);
    CHECK_ERR(reads(MEM("1\0", 2)), E_INVALID);
    CHECK_ERR(reads(MEM("[1\0,2]", 6)), E_INVALID);
    CHECK_ERR(reads(MEM("{\0}", 3)), E_INVALID);
    CHECK_ERR(reads(MEM("\"a\0b\"", 5)), E_INVALID);
}

TEST(json_reads_every_kind)
{
    struct json_value root;
    REQUIRE(json_read(test_arena(),
                      mem_text(" {\"n\":null,\"f\":false,\"t\":true,\"i\":-9223372036854775808,"
                               "\"r\":1.5,\"s\":\"\\u00e9\\ud83d\\ude00\\/\\\"\",\"a\":[1,[2]],"
                               "\"o\":{}} "),
                      &root, NULL) == OK);
    CHECK_NUM(root.count, 8);
    CHECK_NUM(json_find(&root, "n")->kind, JSON_IS_NULL);
    CHECK_NUM(json_find(&root, "f")->kind, JSON_IS_FALSE);
    CHECK_NUM(json_find(&root, "t")->kind, JSON_IS_TRUE);
    CHECK_NUM(json_find(&root, "i")->num, INT64_MIN);
    CHECK(json_find(&root, "r")->real == 1.5);
    CHECK_TEXT(json_find_text(&root, "s"), "\xc3\xa9\xf0\x9f\x98\x80/\"");
    CHECK_NUM(json_find(&root, "a")->count, 2);
    CHECK_NUM(json_find(&root, "a")->items[1].items[0].num, 2);
    CHECK(!json_find(&root, "x") && !json_find(NULL, "x") && !json_find_text(&root, "i"));
    CHECK(!json_find(json_find(&root, "a"), "0"));
}

static struct mem nested(const char *open, const char *close, int depth)
{
    struct buf b;
    buf_init(&b, test_arena(), 1 << 20);
    for (int i = 0; i < depth; i++)
        buf_text(&b, open);
    buf_char(&b, '1');
    for (int i = 0; i < depth; i++)
        buf_text(&b, close);
    return buf_mem(&b);
}

TEST(json_depth_is_bounded)
{
    CHECK_OK(reads(nested("[", "]", JSON_DEPTH_MAX)));
    CHECK_ERR(reads(nested("[", "]", JSON_DEPTH_MAX + 1)), E_INVALID);
    CHECK_OK(reads(nested("{\"a\":", "}", JSON_DEPTH_MAX)));
    CHECK_ERR(reads(nested("{\"a\":", "}", JSON_DEPTH_MAX + 1)), E_INVALID);
    CHECK_ERR(reads(nested("[", "]", 100'000)), E_INVALID);
    CHECK_OK(reads(mem_text("\"[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[[[[[[\"")));
}

TEST(json_values_are_bounded)
{
    struct buf b;
    buf_init(&b, test_arena(), 1 << 20);
    buf_text(&b, "[0");
    for (int i = 1; i < JSON_VALUES_MAX - 1; i++)
        buf_text(&b, ",0");
    CHECK_OK(reads(MEM(text_format(test_arena(), "%s]", b.p), b.n + 1)));
    CHECK_ERR(reads(MEM(text_format(test_arena(), "%s,0]", b.p), b.n + 3)), E_INVALID);

    buf_init(&b, test_arena(), 1 << 20);
    buf_text(&b, "{\"m0\":0");
    for (int i = 1; i < JSON_MEMBERS_MAX; i++)
        buf_format(&b, ",\"m%d\":0", i);
    CHECK_OK(reads(mem_text(text_format(test_arena(), "%s}", b.p))));
    CHECK_ERR(reads(mem_text(text_format(test_arena(), "%s,\"x\":0}", b.p))), E_INVALID);
}

static const char *copied(const char *text)
{
    struct buf b;
    struct json_writer j;
    struct json_value value;
    if (json_read(test_arena(), mem_text(text), &value, NULL) != OK)
        return "unreadable";
    buf_init(&b, test_arena(), 1 << 16);
    json_write(&j, &b);
    json_put_copy(&j, NULL, &value);
    return b.p;
}

TEST(json_writer_gives_back_what_was_read)
{
    static const char *const texts[] = {
        "null",
        "true",
        "-7",
        "1.5",
        "\"\"",
        "[]",
        "{}",
        "[[],{},[[1,2],{\"a\":[{}]}],null]",
        "{\"a\":{\"b\":{\"c\":[]}},\"d\":\"\\\"\\\\\\u0001\\u001f\"}",
        "\"\xc3\xa9</script>\x7f\"",
    };
    for (size_t i = 0; i < COUNT(texts); i++)
        CHECK_TEXT(copied(texts[i]), texts[i]);
    CHECK_TEXT(copied("1.0"), "1.0"); /* a real stays one */
    CHECK_TEXT(copied("-0.0"), "-0.0");
}

TEST(json_writer_writes_every_kind)
{
    struct buf b;
    struct json_writer j;
    buf_init(&b, test_arena(), 1 << 16);
    json_write(&j, &b);
    json_begin_object(&j, NULL);
    json_put_text(&j, "text\n", "a\"b\\c\x01\x1f\xc3\xa9");
    json_put_text(&j, "none", NULL);
    json_put_num(&j, "num", INT64_MIN);
    json_put_bool(&j, "yes", true);
    json_put_null(&j, "null");
    json_put_time(&j, "time", 1);
    json_put_time(&j, "never", 0);
    json_put_raw(&j, "raw", mem_text("[1]"));
    json_put_words(&j, "words", "  pwd otp ");
    json_begin_array(&j, "list");
    json_put_num(&j, NULL, 1);
    json_begin_object(&j, NULL);
    json_end(&j);
    json_end(&j);
    json_end(&j);
    CHECK_TEXT(b.p, "{\"text\\u000a\":\"a\\\"b\\\\c\\u0001\\u001f\xc3\xa9\",\"none\":null,"
                    "\"num\":-9223372036854775808,\"yes\":true,\"null\":null,"
                    "\"time\":\"1970-01-01T00:00:00.001Z\",\"never\":null,\"raw\":[1],"
                    "\"words\":[\"pwd\",\"otp\"],\"list\":[1,{}]}");
    CHECK_OK(reads(buf_mem(&b)));
}
