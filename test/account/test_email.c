/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses as identifiers: the MAIL cases.
 */
#include "account/email.h"

#include "../test.h"
#include "base/buf.h"

#include <string.h>

static void accept(const char *input, const char *address, const char *key)
{
    struct email email = { 0 };
    if (!CHECK_OK(email_parse(test_arena(), input, &email))) {
        test_fail(__FILE__, __LINE__, "for %s", input);
        return;
    }
    CHECK_TEXT(email.address, address);
    CHECK_TEXT(email.key, key);
}

static void refuse(const char *input)
{
    struct email email = { 0 };
    if (!CHECK_ERR(email_parse(test_arena(), input, &email), E_INVALID))
        test_fail(__FILE__, __LINE__, "for \"%s\"", input);
}

#define REFUSE_ALL(...)                                      \
    do {                                                     \
        static const char *const inputs[] = { __VA_ARGS__ }; \
        for (size_t i_ = 0; i_ < COUNT(inputs); i_++)        \
            refuse(inputs[i_]);                              \
    } while (0)

TEST(email_ordinary_addresses_are_taken)
{
    accept("ann@example.org", "ann@example.org", "ann@example.org");
    accept("Ann.O'Brien+tag@Example.ORG", "Ann.O'Brien+tag@example.org",
           "ann.o'brien+tag@example.org");
    accept("a@b.co", "a@b.co", "a@b.co");
    accept("_=?^{|}~#$&*/`-@x-y.z9.example", "_=?^{|}~#$&*/`-@x-y.z9.example",
           "_=?^{|}~#$&*/`-@x-y.z9.example");
    accept("1@1.example", "1@1.example", "1@1.example");
}

TEST(MAIL_01_one_address_only)
{
    REFUSE_ALL("a@x.org,b@y.org", "a@x.org;b@y.org", "a@x.org b@y.org", "a@x.org,", "a,b@y.org",
               "[\"a@x.org\",\"b@y.org\"]", "<a@x.org>", "Ann <a@x.org>", "a@x.org\tb@y.org",
               " a@x.org", "a@x.org ", "a@b@x.org", "");
}

TEST(MAIL_02_non_ascii_local_parts_are_refused)
{
    REFUSE_ALL("m\u0131ke@example.org", "mi\u212Ae@example.org", "stra\u00DFe@example.org",
               "\u0430nn@example.org" /* Cyrillic a */, "jos\u00E9@example.org",
               "jose\u0301@example.org");
}

TEST(MAIL_02_case_differences_are_one_key)
{
    struct email small = { 0 }, large = { 0 };
    REQUIRE(email_parse(test_arena(), "mike@example.org", &small) == OK);
    REQUIRE(email_parse(test_arena(), "MIKE@EXAMPLE.ORG", &large) == OK);
    CHECK_TEXT(large.key, small.key);
    CHECK_TEXT(large.address, "MIKE@example.org");
}

TEST(MAIL_02_domains_become_a_labels)
{
    accept("ann@m\u00FCller.example", "ann@xn--mller-kva.example", "ann@xn--mller-kva.example");
    accept("ann@xn--mller-kva.example", "ann@xn--mller-kva.example", "ann@xn--mller-kva.example");
    accept("ann@XN--MLLER-KVA.example", "ann@xn--mller-kva.example", "ann@xn--mller-kva.example");
    accept("ann@mu\u0308ller.example", "ann@xn--mller-kva.example", "ann@xn--mller-kva.example");
    accept("ann@stra\u00DFe.example", "ann@xn--strae-oqa.example", "ann@xn--strae-oqa.example");
    accept("ann@\u4F8B\u3048.example", "ann@xn--r8jz45g.example", "ann@xn--r8jz45g.example");
    /* A look-alike is another domain, and is stored and shown as what it is. */
    accept("ann@\u0430pple.example", "ann@xn--pple-43d.example", "ann@xn--pple-43d.example");
}

TEST(MAIL_02_letters_that_fold_into_ascii_are_refused)
{
    REFUSE_ALL("ann@\u212Aelvin.example" /* Kelvin sign */, "ann@\uFF45xample.org" /* fullwidth */,
               "ann@ex\u00AAmple.org" /* feminine ordinal */, "ann@\u2460.example",
               "ann@M\u00DCLLER.example" /* capital: not mapped */);
}

TEST(MAIL_03_tricks_of_unicode_are_refused)
{
    REFUSE_ALL("ann\uFF20example.org", "ann@example\u2024org", "ann@example\u3002org",
               "ann@example\uFF0Eorg", "ann\u200B@example.org", "ann@exam\u200Bple.org",
               "ann@exam\u200Dple.org", "ann@exam\u00ADple.org", "\u202Eann@example.org",
               "ann@\u202Eexample.org", "ann@example.org\u202C", "ann@example.org\uFEFF",
               "ann@\u0301example.org", "ann@example.\u0660", "ann@exam\u2066ple.org",
               "ann@sub.exam\uFE0Fple.org");
}

TEST(MAIL_03_fake_punycode_is_refused)
{
    REFUSE_ALL("ann@xn--.example", "ann@xn--a.example", "ann@xn--example-.org",
               "ann@ab--cd.example", "ann@xn--k-6bb.xn--", "ann@xn--pple-43d..example",
               "ann@xn--ASCII-.example");
}

TEST(MAIL_04_other_forms_are_refused)
{
    REFUSE_ALL("\"ann\"@example.org", "\"e@attacker.example\"@victim.example",
               "ann(comment)@example.org", "ann@example.org(comment)", "ann%00@example.org",
               "ann%example.org@relay.example", "host!ann@example.org",
               "@relay.example:ann@example.org", "ann@[127.0.0.1]", "ann@[IPv6:::1]",
               "ann@127.0.0.1", "ann@1.2.3.4", "<>", "@", "ann@", "@example.org", "ann",
               "ann\\@example.org", "postmaster", "ann@example.org.");
}

TEST(MAIL_04_domains_are_host_names)
{
    REFUSE_ALL("ann@localhost", "ann@org", "ann@.org", "ann@example..org", "ann@-example.org",
               "ann@example-.org", "ann@exa_mple.org", "ann@exa mple.org", "ann@example.123",
               "ann@example.org:25", "ann@example.org/x", "ann@example.org?x", "ann@ex%61mple.org");
}

TEST(MAIL_04_dots_stand_between_atoms)
{
    REFUSE_ALL(".ann@example.org", "ann.@example.org", "a..nn@example.org", ".@example.org");
}

TEST(MAIL_05_line_ends_and_controls_are_refused)
{
    REFUSE_ALL("ann@example.org\r\nBcc: eve@example.net", "ann\r\n@example.org",
               "ann@example.org\n", "ann@exam\rple.org", "\nann@example.org", "ann\x7F@example.org",
               "ann\x01@example.org", "ann@example.org\x0B");
}

TEST(MAIL_06_aliases_share_a_limit_but_not_an_identity)
{
    static const struct {
        const char *key, *merged;
    } cases[] = {
        { "ann@example.org", "ann@example.org" },     { "ann+shop@example.org", "ann@example.org" },
        { "ann+a+b@example.org", "ann@example.org" }, { "a.n.n@example.org", "a.n.n@example.org" },
        { "a.n.n+x@gmail.com", "ann@gmail.com" },     { "a.nn@googlemail.com", "ann@gmail.com" },
        { "+x@example.org", "+x@example.org" },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_TEXT(email_limit_key(test_arena(), cases[i].key), cases[i].merged);
    struct email tagged = { 0 };
    REQUIRE(email_parse(test_arena(), "ann+shop@example.org", &tagged) == OK);
    CHECK_TEXT(tagged.key, "ann+shop@example.org");
}

static char *repeat(char c, size_t n)
{
    char *text = arena_alloc(test_arena(), n + 1);
    memset(text, c, n);
    return text;
}

TEST(MAIL_07_octet_limits)
{
    struct arena *arena = test_arena();
    accept(text_format(arena, "%s@example.org", repeat('a', 64)),
           text_format(arena, "%s@example.org", repeat('a', 64)),
           text_format(arena, "%s@example.org", repeat('a', 64)));
    refuse(text_format(arena, "%s@example.org", repeat('a', 65)));
    refuse(text_format(arena, "ann@%s.org", repeat('a', 64)));

    const char *label = repeat('b', 61);
    const char *longest =
        text_format(arena, "%s@%s.%s.%s.org", repeat('a', 64), label, label, repeat('c', 61));
    CHECK_NUM(strlen(longest), 254);
    accept(longest, longest, longest);
    refuse(text_format(arena, "%s@%s.%s.%s.org", repeat('a', 64), label, label, repeat('c', 62)));
    refuse(repeat('a', 10'000));
    refuse(text_format(arena, "a@%s", repeat('b', 10'000)));
    refuse(text_format(arena, "%s@%s", repeat('@', 5000), repeat('.', 5000)));
    struct buf many;
    buf_init(&many, arena, 20'000);
    for (int i = 0; i < 400; i++)
        buf_text(&many, "\u00FC.");
    refuse(text_format(arena, "a@%sexample", many.p));
}

TEST(MAIL_07_parsing_twice_changes_nothing)
{
    static const char *const inputs[] = { "Ann@M\u00FCller.example", "Ann@m\u00FCller.example",
                                          "x+y@xn--r8jz45g.example", "A.B@C.DE" };
    for (size_t i = 0; i < COUNT(inputs); i++) {
        struct email once, twice;
        if (email_parse(test_arena(), inputs[i], &once) != OK)
            continue;
        REQUIRE(email_parse(test_arena(), once.address, &twice) == OK);
        CHECK_TEXT(twice.address, once.address);
        CHECK_TEXT(twice.key, once.key);
    }
}
