/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SMTP against a real server, with everything a network does to it.
 */
#include "net/smtp.h"

#include "../test.h"
#include "base/clock.h"
#include "smtp_fixture.h"

#include <string.h>
#include <unistd.h>

static const char message[] = "From: <cardea@example.org>\r\n"
                              "To: <ann@example.net>\r\n"
                              "Message-ID: <out_1@example.org>\r\n"
                              "\r\n"
                              "Hello\r\n"
                              "=2E\r\n"
                              ".dot\r\n";

static const struct smtp_mail mail = {
    .from = "cardea@example.org",
    .to = "ann@example.net",
    .data = { message, sizeof message - 1 },
};

static void check_sent(const char *tls, const char *auth)
{
    struct smtp_fixture fixture = smtp_fixture_start(tls, auth, "localhost");
    struct smtp_reply reply;
    if (CHECK_OK(smtp_send(&fixture.server, &mail, &reply)))
        CHECK_NUM(smtp_fixture_count(&fixture), 1);
    else
        test_fail(__FILE__, __LINE__, "%d %s", reply.code, reply.text);
    const char *got = smtp_fixture_mail(&fixture, 1);
    CHECK(text_starts(got, "X-Envelope-From: cardea@example.org\r\n"
                           "X-Envelope-To: ann@example.net\r\nFrom: "));
    CHECK(text_ends(got, "\r\n\r\nHello\r\n=2E\r\n.dot\r\n"));
    smtp_fixture_stop(&fixture);
}

TEST(smtp_plain_to_a_local_relay)
{
    check_sent("none", "");
}

TEST(smtp_starttls_with_sign_in)
{
    check_sent("starttls", "cardea:a secret");
}

TEST(smtp_tls_from_the_first_byte)
{
    check_sent("implicit", "");
}

TEST(smtp_a_connection_serves_several_mails)
{
    struct smtp_fixture fixture = smtp_fixture_start("starttls", "u:p", "localhost");
    struct smtp_reply reply;
    for (int i = 0; i < 3; i++)
        CHECK_OK(smtp_send(&fixture.server, &mail, &reply));
    CHECK_NUM(smtp_fixture_count(&fixture), 3);
    CHECK(text_equal(smtp_fixture_log(&fixture), "plain EHLO cardea.example\n"
                                                 "plain STARTTLS\n"
                                                 "tls EHLO cardea.example\n"
                                                 "tls AUTH\n"
                                                 "tls MAIL\ntls RCPT\ntls DATA\n"
                                                 "tls MAIL\ntls RCPT\ntls DATA\n"
                                                 "tls MAIL\ntls RCPT\ntls DATA\n"));
    smtp_fixture_stop(&fixture);
}

TEST(smtp_replies_tell_later_from_never)
{
    static const struct {
        const char *fault;
        enum err answer;
        enum smtp_stage stage;
        int code;
    } cases[] = {
        { "421", E_BUSY, SMTP_AT_HELLO, 421 },        { "greylist", E_BUSY, SMTP_AT_TO, 450 },
        { "rcpt-550", E_INVALID, SMTP_AT_TO, 550 },   { "from-550", E_BUSY, SMTP_AT_FROM, 550 },
        { "data-554", E_INVALID, SMTP_AT_DATA, 554 }, { "data-451", E_BUSY, SMTP_AT_DATA, 451 },
    };
    struct smtp_fixture fixture = smtp_fixture_start("none", "", "localhost");
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct smtp_reply reply;
        smtp_fixture_set_fault(&fixture, cases[i].fault);
        CHECK_ERR(smtp_send(&fixture.server, &mail, &reply), cases[i].answer);
        CHECK_NUM(reply.stage, cases[i].stage);
        CHECK_NUM(reply.code, cases[i].code);
        CHECK(reply.text[0] != 0);
    }
    CHECK_NUM(smtp_fixture_count(&fixture), 0);
    smtp_fixture_set_fault(&fixture, "");
    struct smtp_reply reply;
    CHECK_OK(smtp_send(&fixture.server, &mail, &reply));
    smtp_fixture_stop(&fixture);
}

TEST(smtp_nobody_listens)
{
    struct smtp_fixture fixture = smtp_fixture_start("none", "", "localhost");
    smtp_fixture_stop(&fixture);
    struct smtp_reply reply;
    CHECK_ERR(smtp_send(&fixture.server, &mail, &reply), E_BUSY);
    CHECK_NUM(reply.stage, SMTP_AT_CONNECT);
    CHECK_NUM(reply.code, 0);
}

TEST(smtp_dropped_after_the_message_means_later)
{
    struct smtp_fixture fixture = smtp_fixture_start("none", "", "localhost");
    smtp_fixture_set_fault(&fixture, "drop");
    struct smtp_reply reply;
    CHECK_ERR(smtp_send(&fixture.server, &mail, &reply), E_BUSY);
    CHECK_NUM(reply.stage, SMTP_AT_DATA);
    CHECK_NUM(smtp_fixture_count(&fixture), 1); /* sent once, not again behind our back */
    smtp_fixture_stop(&fixture);
}

TEST(smtp_slow_servers_are_left)
{
    struct smtp_fixture fixture = smtp_fixture_start("none", "", "localhost");
    smtp_fixture_set_fault(&fixture, "slow");
    fixture.server.timeout = 300;
    struct smtp_reply reply;
    CHECK_ERR(smtp_send(&fixture.server, &mail, &reply), E_BUSY);
    smtp_fixture_stop(&fixture);
}

static bool always(void)
{
    return true;
}

TEST(F15_a_hanging_exchange_ends_when_the_process_does)
{
    struct smtp_fixture fixture = smtp_fixture_start("none", "", "localhost");
    struct smtp_reply reply;
    fixture.server.is_stopping = always;
    fixture.server.timeout = 30'000;
    smtp_fixture_set_fault(&fixture, "mute-ehlo");
    int64_t start = clock_monotonic_ns();
    CHECK_ERR(smtp_send(&fixture.server, &mail, &reply), E_BUSY);
    CHECK(clock_monotonic_ns() - start < INT64_C(4'000'000'000));
    smtp_fixture_stop(&fixture);
}

TEST(F09_a_huge_reply_costs_nothing_but_time)
{
    struct smtp_fixture fixture = smtp_fixture_start("none", "", "localhost");
    struct smtp_reply reply;
    smtp_fixture_set_fault(&fixture, "babble");
    enum err e = smtp_send(&fixture.server, &mail, &reply);
    CHECK(e == OK || e == E_BUSY);
    smtp_fixture_set_fault(&fixture, "");
    CHECK_OK(smtp_send(&fixture.server, &mail, &reply));
    smtp_fixture_stop(&fixture);
}

/* Stopping the server must not wait for a mail server that does not say goodbye. */
TEST(smtp_a_mute_farewell_holds_up_nobody)
{
    struct smtp_fixture fixture = smtp_fixture_start("none", "", "localhost");
    struct smtp_reply reply;
    CHECK_OK(smtp_send(&fixture.server, &mail, &reply));
    smtp_fixture_set_fault(&fixture, "mute");
    int64_t start = clock_monotonic_ns();
    smtp_rest();
    usleep(20'000);
    CHECK(strstr(smtp_fixture_log(&fixture), "plain QUIT") != NULL);
    int64_t ms = (clock_monotonic_ns() - start) / 1000000;
    if (ms > 1500)
        test_fail(__FILE__, __LINE__, "it took %lld ms", (long long)ms);
    smtp_fixture_stop(&fixture);
}

/* F09: somebody on the path removes STARTTLS from the greeting. */
TEST(F09_stripped_starttls_sends_nothing_in_plain_text)
{
    struct smtp_fixture fixture = smtp_fixture_start("none", "user:secret", "localhost");
    fixture.server.security = SMTP_STARTTLS;
    fixture.server.ca_file = NULL;
    struct smtp_reply reply;
    CHECK_ERR(smtp_send(&fixture.server, &mail, &reply), E_BUSY);
    CHECK(!strstr(smtp_fixture_log(&fixture), "AUTH"));
    CHECK(!strstr(smtp_fixture_log(&fixture), "MAIL"));
    smtp_fixture_stop(&fixture);
}

TEST(F09_failing_starttls_sends_nothing_in_plain_text)
{
    struct smtp_fixture fixture = smtp_fixture_start("starttls", "user:secret", "localhost");
    smtp_fixture_set_fault(&fixture, "starttls-454");
    struct smtp_reply reply;
    CHECK_ERR(smtp_send(&fixture.server, &mail, &reply), E_BUSY);
    CHECK(!strstr(smtp_fixture_log(&fixture), "AUTH"));
    CHECK(!strstr(smtp_fixture_log(&fixture), "MAIL"));
    smtp_fixture_stop(&fixture);
}

static void check_certificate_refused(const char *tls, const char *name, bool trusted)
{
    struct smtp_fixture fixture = smtp_fixture_start(tls, "user:secret", name);
    if (!trusted)
        fixture.server.ca_file = NULL;
    struct smtp_reply reply;
    CHECK_ERR(smtp_send(&fixture.server, &mail, &reply), E_BUSY);
    CHECK(!strstr(smtp_fixture_log(&fixture), "AUTH"));
    CHECK(!strstr(smtp_fixture_log(&fixture), "MAIL"));
    smtp_fixture_stop(&fixture);
}

TEST(F09_unknown_certificates_are_refused)
{
    check_certificate_refused("starttls", "localhost", false);
    check_certificate_refused("implicit", "localhost", false);
}

TEST(F09_certificates_for_another_host_are_refused)
{
    check_certificate_refused("starttls", "mail.example", true);
    check_certificate_refused("implicit", "mail.example", true);
}

TEST(smtp_wrong_password_waits)
{
    struct smtp_fixture fixture = smtp_fixture_start("starttls", "user:secret", "localhost");
    fixture.server.pass = "wrong";
    struct smtp_reply reply;
    CHECK_ERR(smtp_send(&fixture.server, &mail, &reply), E_BUSY);
    CHECK_NUM(reply.stage, SMTP_AT_HELLO);
    CHECK_NUM(reply.code, 535);
    CHECK(!strstr(reply.text, "wrong"));
    smtp_fixture_stop(&fixture);
}

TEST(MAIL_05_bare_line_ends_are_never_sent)
{
    static const char *const bad[] = { "a\n",      "a\r",          "a\r\n.\n", "a\n.\r\n",
                                       "a\r.\r\n", "a\r\n\nb\r\n", "no end",   "" };
    struct smtp_server nowhere = { .host = "127.0.0.1", .port = 9 };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct smtp_mail one = mail;
        struct smtp_reply reply;
        one.data = mem_text(bad[i]);
        CHECK_ERR(smtp_send(&nowhere, &one, &reply), E_INVALID);
    }
}

TEST(MAIL_05_envelopes_hold_one_bare_address)
{
    static const char *const bad[] = { "a@b.org>\r\nRCPT TO:<c@d.org", "a@b.org c@d.org",
                                       "a@b.org\n", "<a@b.org>", "@r.org:a@b.org" };
    struct smtp_server nowhere = { .host = "127.0.0.1", .port = 9 };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct smtp_mail one = mail;
        struct smtp_reply reply;
        one.to = bad[i];
        CHECK_ERR(smtp_send(&nowhere, &one, &reply), E_INVALID);
        one = mail;
        one.from = bad[i];
        CHECK_ERR(smtp_send(&nowhere, &one, &reply), E_BUSY);
    }
}
