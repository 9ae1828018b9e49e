/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cookies in and out.
 */
#include "../test.h"

#include "http/cookie.h"

TEST(cookie_is_found)
{
    static const char *const headers[] = {
        "s=v",      "a=b; s=v",  "s=v;a=b",  " s=v ; a",       "a; =; ;s=v",
        "S=x; s=v", "ss=x; s=v", "xs=y;s=v", "a=\"s=x\"; s=v",
    };
    for (size_t i = 0; i < COUNT(headers); i++) {
        const char *value = NULL;
        CHECK_OK(cookie_find(test_arena(), headers[i], "s", &value));
        CHECK_TEXT(value, "v");
    }
}

TEST(cookie_that_is_absent_or_malformed_is_not_found)
{
    static const char *const headers[] = {
        NULL, "", ";", "s", "a=s", "S=v", "s =v", "as=v", "s=a b", "s=a,b", "s=\"v\"", "s=a\\b",
    };
    const char *value;
    for (size_t i = 0; i < COUNT(headers); i++)
        CHECK_ERR(cookie_find(test_arena(), headers[i], "s", &value), E_NOT_FOUND);
}

TEST(SESS_a_planted_second_cookie_is_refused)
{
    const char *value;
    CHECK_ERR(cookie_find(test_arena(), "s=a; s=b", "s", &value), E_INVALID);
    CHECK_ERR(cookie_find(test_arena(), "s=a; x=y; s=a", "s", &value), E_INVALID);
    CHECK_ERR(cookie_find(test_arena(), "s=; s=a", "s", &value), E_INVALID);
}

TEST(cookie_is_formatted)
{
    CHECK_TEXT(cookie_format(test_arena(), "__Host-s", "v", 60, true),
               "__Host-s=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure");
    CHECK_TEXT(cookie_format(test_arena(), "s", "v", 0, false),
               "s=v; Path=/; HttpOnly; SameSite=Lax");
    CHECK_TEXT(cookie_format(test_arena(), "s", "", -1, false),
               "s=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
}
