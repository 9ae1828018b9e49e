/* SPDX-License-Identifier: Apache-2.0 */
/*
 * E-mail addresses as identities, through the door that takes them: one address, one spelling, one
 * mailbox, and nothing of the sender's in a header.
 */
#include "attack.h"
#include "sample.h"

#include <string.h>

static struct reply *sign_up(struct world *w, const char *email)
{
    return post(client(w), "/v1/auth/register", json("email", email, "password", PASSWORD, NULL));
}

static void check_refused(struct world *w, const char *email)
{
    struct reply *r = sign_up(w, email);
    if (r->status != 422 && r->status != 400)
        test_fail(__FILE__, __LINE__, "%.80s gives %d", email, r->status);
    struct reply *asked = post(client(w), "/v1/auth/password/forgot", json("email", email, NULL));
    CHECK(asked->status == 422 || asked->status == 400);
}

static void check_nothing_happened(struct world *w)
{
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account"), 0);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM task"), 0);
    CHECK_NUM(mail_count(w, NULL, NULL), 0);
}

TEST_IN_WORLD(MAIL_01_one_address_only)
{
    static const char *const many[] = {
        "ann@example.org,eve@evil.example",
        "ann@example.org;eve@evil.example",
        "ann@example.org eve@evil.example",
        "ann@example.org\teve@evil.example",
        "ann@example.org,",
        ",ann@example.org",
        "ann@example.org@evil.example",
        "ann@evil.example@example.org",
        "Ann <ann@example.org>",
        "<ann@example.org>",
        "mailto:ann@example.org",
        "ann@example.org?cc=eve@evil.example",
    };
    for (size_t i = 0; i < COUNT(many); i++)
        check_refused(w, many[i]);
    check_problem(post(client(w), "/v1/auth/password/forgot",
                       "{\"email\":[\"ann@example.org\",\"eve@evil.example\"]}"),
                  422, "fields_invalid");
    check_problem(post(client(w), "/v1/auth/password/forgot",
                       "{\"email\":{\"address\":\"ann@example.org\"}}"),
                  422, "fields_invalid");
    check_nothing_happened(w);
}

TEST_IN_WORLD(MAIL_02_case_is_no_difference_and_mail_goes_where_it_was_stored)
{
    CHECK_NUM(sign_up(w, "Ann@Example.ORG")->status, 202);
    CHECK_NUM(verify(client(w), mailed_token(w, "Ann@example.org", "verify_email"))->status, 200);
    CHECK_NUM(login(client(w), "aNN@eXAMPLE.org", PASSWORD)->status, 200);
    CHECK_NUM(sign_up(w, "ANN@example.org")->status, 202);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account"), 1);
    CHECK_NUM(
        post(client(w), "/v1/auth/password/forgot", json("email", "ANN@EXAMPLE.ORG", NULL))->status,
        202);
    CHECK(mailed(w, "Ann@example.org", "reset_password") != NULL); /* never where it was typed */
    CHECK_NUM(mail_count(w, "ANN@EXAMPLE.ORG", NULL), 0);
    CHECK_NUM(mail_count(w, "ANN@example.org", NULL), 0);
}

/* Letters that some fold into others: a takeover at services that compare folded and mail typed. */
TEST_IN_WORLD(MAIL_02_confusable_letters_are_other_people)
{
    static const char *const twins[] = {
        "m\xC4\xB1ke@example.org", /* dotless i */
        "mi\xE2\x84\xAA"
        "e@example.org", /* Kelvin sign */
        "mik\xC3\xA9@example.org",
        "mike@ex\xC3\xA0mple.org",
        "mike@example.\xD0\xBErg",     /* Cyrillic o */
        "mike@\xE2\x93\x94xample.org", /* circled e */
        "mike@exa\xEF\xBD\x8Dple.org", /* full-width m */
        "mike@example\xE3\x80\x82org", /* ideographic full stop */
        "mike@stra\xC3\x9F"
        "e.example.org",
    };
    person(w, "mike@example.org", PASSWORD);
    int before = mail_count(w, "mike@example.org", NULL);
    for (size_t i = 0; i < COUNT(twins); i++) {
        int status =
            post(client(w), "/v1/auth/password/forgot", json("email", twins[i], NULL))->status;
        CHECK(status == 202 || status == 422);
        CHECK(login(client(w), twins[i], PASSWORD)->status != 200);
        (void)sign_up(w, twins[i]);
    }
    CHECK_NUM(mail_count(w, "mike@example.org", NULL), before);
}

TEST_IN_WORLD(MAIL_03_look_alike_punctuation_and_the_invisible)
{
    static const char *const odd[] = {
        "ann\xEF\xBC\xA0"
        "example.org",                 /* full-width @ */
        "ann@example\xE2\x80\xA4org",  /* one dot leader */
        "ann\xE2\x80\x8B@example.org", /* zero width space */
        "\xE2\x80\xAE"
        "gro.elpmaxe@nna",         /* right to left */
        "a\xCC\x81nn@example.org", /* combining accent */
        "ann@exam\xC2\xADple.org", /* soft hyphen */
        "\xEF\xBB\xBF"
        "ann@example.org", /* byte order mark */
        "ann@example.org\xE2\x80\x8F",
    };
    for (size_t i = 0; i < COUNT(odd); i++) {
        struct reply *r = sign_up(w, odd[i]);
        CHECK(r->status == 422 || r->status == 202);
    }
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account WHERE email_key = 'ann@example.org'"), 0);
    CHECK_NUM(mail_count(w, "ann@example.org", NULL), 0);
}

TEST_IN_WORLD(MAIL_04_no_odd_grammar)
{
    static const char *const odd[] = {
        "\"ann\"@example.org",
        "\"e@attacker\"@example.org",
        "ann(comment)@example.org",
        "ann@example.org(comment)",
        "ann%00@example.org",
        "@relay:ann@example.org",
        "@a,@b:ann@example.org",
        "ann%evil.example@example.org",
        "evil!ann@example.org",
        "ann@[192.0.2.1]",
        "ann@[IPv6:::1]",
        "ann@192.0.2.1",
        "ann@localhost",
        "ann@",
        "@example.org",
        "ann",
        "ann.@example.org",
        ".ann@example.org",
        "a..b@example.org",
        "ann@-example.org",
        "ann@example-.org",
        "ann@example..org",
        "ann@example.org.",
        "ann@.example.org",
        "ann@exa_mple.org",
        "ann@exa mple.org",
        "<>",
        "ann@example.org>",
        "ann\\@example.org",
        "ann@example.org/x",
        "ann@example.org#x",
        "ann:x@example.org",
        "ann@example.org:25",
        " ann@example.org",
        "ann@example.org ",
        "ann@xn--a.org",
    };
    for (size_t i = 0; i < COUNT(odd); i++)
        check_refused(w, odd[i]);
    check_nothing_happened(w);
}

TEST_IN_WORLD(MAIL_05_no_line_break_reaches_a_header)
{
    static const char *const broken[] = {
        "ann@example.org\r\nBcc: eve@evil.example",
        "ann@example.org\nBcc: eve@evil.example",
        "ann@example.org\rBcc: eve@evil.example",
        "ann\r\n@example.org",
        ("ann@example.org\x0b"
         "eve@evil.example"),
        "ann@example.org\x01",
    };
    for (size_t i = 0; i < COUNT(broken); i++)
        check_refused(w, broken[i]);
    check_problem(post(client(w), "/v1/auth/password/forgot",
                       "{\"email\":\"ann@example.org\\u0000@evil.example\"}"),
                  400, "malformed_json");
    check_nothing_happened(w);
}

TEST_IN_WORLD(MAIL_05_nor_through_a_name_or_a_program)
{
    static const char *const names[] = { "Ann\r\nBcc: eve@evil.example",
                                         "Ann\nx",
                                         "Ann\x0bx",
                                         "Ann\xC2\x85x",
                                         "Ann\xE2\x80\xA8x",
                                         "\x1b[31mAnn",
                                         "Ann\xE2\x80\xAEnnA" };
    for (size_t i = 0; i < COUNT(names); i++) {
        struct reply *r = post(client(w), "/v1/auth/register",
                               json("email", ANN, "password", PASSWORD, "name", names[i], NULL));
        CHECK_NUM(r->status, 422);
    }
    check_nothing_happened(w);
    struct client *c = client(w);
    c->user_agent = "Mozilla/5.0 (X11; Linux) .\t.\tBcc: eve@evil.example";
    CHECK_NUM(post(c, "/v1/auth/register", json("email", ANN, "password", PASSWORD, NULL))->status,
              202);
    const struct mail *mail = mailed(w, ANN, "verify_email");
    REQUIRE(mail != NULL);
    CHECK(!strpbrk(mail->subject, "\r\n") && !strpbrk(mail->to, "\r\n"));
    CHECK(!strstr(mail->subject, "Bcc"));
}

/* Aliases are their own identities, and share what limits count. */
TEST_IN_WORLD(MAIL_06_aliases_are_not_merged)
{
    person(w, ANN, PASSWORD);
    CHECK_NUM(login(client(w), "ann+x@example.org", PASSWORD)->status, 401);
    CHECK_NUM(sign_up(w, "ann+x@example.org")->status, 202);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account"), 2);
}

static const char *address(size_t local, size_t domain)
{
    char *out = arena_alloc(test_arena(), local + domain + 2);
    memset(out, 'a', local);
    out[local] = '@';
    for (size_t i = 0; i < domain; i++)
        out[local + 1 + i] = i % 50 == 49 && i + 1 < domain ? '.' : 'b';
    return out;
}

TEST_IN_WORLD(MAIL_07_lengths_are_those_of_smtp)
{
    CHECK_NUM(sign_up(w, address(64, 189))->status, 202); /* 254 octets in all */
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account"), 1);
    CHECK_NUM(sign_up(w, address(65, 60))->status, 422);
    CHECK_NUM(sign_up(w, address(64, 190))->status, 422);
    CHECK_NUM(sign_up(w, address(1, 10'000))->status, 422);
    CHECK_NUM(sign_up(w, address(10'000, 20))->status, 422);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM account"), 1);
}
