/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where "next" may lead: only to a page of ours.
 */
#include "../test.h"
#include "app.h"
#include "web/next.h"

#include <string.h>

static void check_next(const char *next, bool is_safe)
{
    const char *got = safe_next(next, "/fallback");
    if (!test_check_text(__FILE__, __LINE__, next ? next : "nothing", got,
                         is_safe ? next : "/fallback"))
        return;
}

TEST(REDIR_01_next_leads_to_pages_of_ours)
{
    static const char *const good[] = { "/",
                                        "/settings",
                                        "/account/security",
                                        "/settings?done=saved",
                                        "/login?next=x&y=z",
                                        "/settings?x=a%2Bb&y=%C3%BC",
                                        "/settings?x=1+1%25" };
    app_register();
    for (size_t i = 0; i < COUNT(good); i++)
        check_next(good[i], true);
}

TEST(REDIR_01_next_leads_nowhere_else)
{
    static const char *const bad[] = {
        NULL,
        "",
        "settings",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/settings\n",
        "/settings\r\nX: y",
        "https://evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "/path/..//evil.example",
        "/settings/../x",
        "/%09/evil.example",
        "/%2f%2fevil.example",
        "/settings#x",
        "/settings@evil",
        "/settings ",
        " /settings",
        "/v1/auth/me",
        "/logout",
        "/nothing",
        "/settings/",
        "/sett\xc3\xadngs",
        "/settings?x=//evil.example",
        "/settings?\"><script>",
        "/settings?x=%",
        "/settings?x=%4",
        "/settings?x=%zz",
        "/settings?x=%0d%0aSet-Cookie",
        "/settings?x=%7F",
        "/settings%3Fx",
        "/sett%69ngs",
    };
    static char longest[10'001];
    app_register();
    for (size_t i = 0; i < COUNT(bad); i++)
        check_next(bad[i], false);
    memset(longest, 'a', sizeof longest - 1);
    memcpy(longest, "/settings?", 10);
    check_next(longest, false);
    longest[500] = 0;
    check_next(longest, true);
    longest[500] = 'a', longest[501] = 0;
    check_next(longest, false);
}

/* What leaves escaped comes back as it was, whatever stands in it. */
TEST(a_path_travels_whole)
{
    static const struct {
        const char *next, *link;
    } cases[] = {
        { NULL, "/login" },
        { "/", "/login" },
        { "/settings", "/login?next=/settings" },
        { "/settings?a=1&b=2", "/login?next=/settings%3Fa%3D1%26b%3D2" },
        { "/settings?a=1+1", "/login?next=/settings%3Fa%3D1%2B1" },
        { "/settings?a=%C3%BC&b=%25", "/login?next=/settings%3Fa%3D%25C3%25BC%26b%3D%2525" },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_TEXT(with_next(test_arena(), "/login", cases[i].next), cases[i].link);
}
