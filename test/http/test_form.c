/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forms and query strings.
 */
#include "../test.h"

#include "base/buf.h"
#include "http/form.h"

TEST(form_fields_are_decoded)
{
    struct form form;
    CHECK_OK(form_parse(test_arena(), mem_text("a=1&b=+x%20%C3%a9&c&=d&&e=f=g&"), &form));
    CHECK_NUM(form.count, 5);
    CHECK_TEXT(form_find(&form, "a"), "1");
    CHECK_TEXT(form_find(&form, "b"), " x é");
    CHECK_TEXT(form_find(&form, "c"), "");
    CHECK_TEXT(form_find(&form, ""), "d");
    CHECK_TEXT(form_find(&form, "e"), "f=g");
    CHECK_TEXT(form_find(&form, "z"), NULL);
    CHECK_OK(form_parse(test_arena(), MEM_NONE, &form));
    CHECK_NUM(form.count, 0);
}

TEST(form_malformed_input_is_refused)
{
    static const char *const bad[] = {
        "a=%",      "a=%z",   "a=%zz",   "a=%4",      "%=a",         "a=%00", "a=%ff",
        "a=%c0%af", "a=\xFF", "a=1&a=2", "a=1&%61=2", "a=1&b=2&a=1", "a&a",
    };
    struct form form;
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_ERR(form_parse(test_arena(), mem_text(bad[i]), &form), E_INVALID);
    CHECK_ERR(form_parse(test_arena(), MEM("a=\0", 3), &form), E_INVALID);
    CHECK_ERR(form_parse(test_arena(), MEM("a=%4f", 4), &form), E_INVALID);
}

TEST(DOS_04_form_fields_are_bounded)
{
    struct buf b;
    struct form form;
    buf_init(&b, test_arena(), 10'000);
    for (int i = 0; i < FORM_FIELDS_MAX; i++)
        buf_format(&b, "f%d=x&", i);
    CHECK_OK(form_parse(test_arena(), buf_mem(&b), &form));
    CHECK_NUM(form.count, FORM_FIELDS_MAX);
    buf_text(&b, "g");
    CHECK_ERR(form_parse(test_arena(), buf_mem(&b), &form), E_INVALID);
}
