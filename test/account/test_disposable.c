/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Throw-away mailboxes: the lists, and finding a domain in sorted text.
 */
#include "../test.h"
#include "account/disposable.h"
#include "base/text.h"
#include "service/setting.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *sorted(const char *lines, enum err *ret)
{
    size_t n = strlen(lines);
    char *copy = arena_alloc(test_arena(), n + 2);
    memcpy(copy, lines, n + 1);
    *ret = disposable_sort(copy, n, &n);
    return *ret ? "" : text_copy(test_arena(), MEM(copy, n));
}

TEST(lines_are_put_in_order)
{
    static const struct {
        const char *from, *to;
    } cases[] = {
        { "", "" },
        { "b.org\na.org\n", "a.org\nb.org\n" },
        { "b.org\r\n\r\n A.Org # mine\n#\n", "a.org\nb.org\n" },
        { "one.org", "one.org\n" },
        { "z.org\n!a.org\nm.z.org", "!a.org\nm.z.org\nz.org\n" },
        { "ab.org\na.org\na.org.uk", "a.org\na.org.uk\nab.org\n" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum err e;
        CHECK_TEXT(sorted(cases[i].from, &e), cases[i].to);
        CHECK_OK(e);
    }
}

TEST(what_is_no_domain_is_refused)
{
    static const char *const cases[] = {
        "localhost", "a@b.org",          "!",       ".org",   "a.org.",
        "a..b@x",    "b\303\274cher.de", "!!a.org", "*.a.org"
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum err e;
        (void)sorted(cases[i], &e);
        CHECK_ERR(e, E_INVALID);
    }
}

TEST(each_line_is_found_and_nothing_else)
{
    static const char text[] = "a.org\nab.org\nb.org\nc.b.org\nz.org\n";
    struct mem all = MEM(text, sizeof text - 1);
    static const char *const there[] = { "a.org", "ab.org", "b.org", "c.b.org", "z.org" };
    static const char *const absent[] = { "",    "a",      "a.or", "a.org\n", "aa.org",
                                          "org", "zz.org", "b.or", "!a.org" };
    for (size_t i = 0; i < COUNT(there); i++)
        CHECK(disposable_find(all, there[i]));
    for (size_t i = 0; i < COUNT(absent); i++)
        CHECK(!disposable_find(all, absent[i]));
    CHECK(!disposable_find(MEM("", 0), "a.org"));
}

TEST(what_is_built_in_is_sorted_and_found)
{
    struct mem all = disposable_builtin();
    enum err e;
    const char *text = text_copy(test_arena(), all);
    CHECK_TEXT(sorted(text, &e), text);
    CHECK(all.n > 2000);
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        CHECK(disposable_find(all, text_copy(test_arena(), MEM(line, strcspn(line, "\n")))));
}

TEST(a_file_adds_and_allows)
{
    char path[] = "/tmp/cardea-disposable-XXXXXX";
    int fd = mkstemp(path);
    REQUIRE(fd >= 0);
    FILE *file = fdopen(fd, "w");
    REQUIRE(file);
    CHECK(fputs("Throw.example\n!mailinator.com\n!good.throw.example\n", file) >= 0);
    CHECK(fclose(file) == 0);
    CHECK(disposable_is("x@mailinator.com") && !disposable_is("x@throw.example"));
    CHECK_OK(setting_override(SETTING_DISPOSABLE_DOMAINS, path));
    CHECK_OK(disposable_configure());
    CHECK(!disposable_is("x@mailinator.com") && !disposable_is("x@a.mailinator.com"));
    CHECK(disposable_is("x@throw.example") && disposable_is("x@a.b.throw.example"));
    CHECK(!disposable_is("x@good.throw.example") && !disposable_is("x@nothrow.example"));
    CHECK(disposable_is("x@yopmail.com") && !disposable_is("x@example.org"));
    file = fopen(path, "we");
    REQUIRE(file);
    CHECK(fputs("# one\na.example\n\nnot a domain at all\nb.example\n", file) >= 0);
    CHECK(fclose(file) == 0);
    CHECK(text_starts(disposable_check(test_arena(), path), "line 4 of /tmp/"));
    CHECK(strstr(disposable_check(test_arena(), "/nowhere/at/all"), "cannot be read"));
    CHECK(disposable_check(test_arena(), "/dev/null") == NULL);
    CHECK_ERR(disposable_configure(), E_INVALID);
    CHECK(disposable_is("x@throw.example")); /* the earlier one stays */
    CHECK_OK(setting_override(SETTING_DISPOSABLE_DOMAINS, ""));
    CHECK_OK(disposable_configure());
    CHECK(!disposable_is("x@throw.example"));
    unlink(path);
}
