/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outbox against a real mail server that signs in, refuses, delays and drops.
 */
#include "service/outbox.h"

#include "../net/smtp_fixture.h"
#include "../store.h"
#include "../test.h"
#include "base/clock.h"
#include "mail_world.h"
#include "service/setting.h"

#include <string.h>

static int deliver(struct db *db)
{
    int handled = -1;
    CHECK_OK(outbox_deliver(db, test_arena(), &handled));
    return handled;
}

struct post {
    struct db *db;
    struct smtp_fixture server;
};

static bool post_open(struct post *post, const char *tls, const char *auth)
{
    *post = (struct post){ .db = test_store_ready("sqlite") };
    if (!post->db || !mail_world_open(post->db))
        return false;
    post->server = smtp_fixture_start(tls, auth, "localhost");
    const struct smtp_server *server = &post->server.server;
    const char *port = text_format(test_arena(), "%d", server->port);
    bool with_tls = !text_equal(tls, "none");
    return post->server.pid && setting_override(SETTING_SMTP_HOST, "localhost") == OK &&
           setting_override(SETTING_SMTP_PORT, port) == OK &&
           setting_override(SETTING_SMTP_USE_TLS, with_tls ? "true" : "false") == OK &&
           setting_override(SETTING_SMTP_CA_FILE, with_tls ? server->ca_file : "") == OK &&
           setting_override(SETTING_SMTP_USER, server->user ? server->user : "") == OK &&
           setting_override(SETTING_SMTP_PASS, server->pass ? server->pass : "") == OK;
}

static void post_close(struct post *post)
{
    smtp_fixture_stop(&post->server);
    mail_world_close();
    test_store_close(post->db);
}

TEST(outbox_to_a_mail_server_with_starttls_and_sign_in)
{
    struct post post;
    REQUIRE(post_open(&post, "starttls", "cardea:secret"));
    const char *id = mail_world_owe(post.db, "ann@example.org", "Änne");
    CHECK_NUM(deliver(post.db), 1);
    CHECK(mail_world_num(post.db, id, "sent_at") > 0);
    const char *mail = smtp_fixture_mail(&post.server, 1);
    CHECK(strstr(mail, "X-Envelope-To: ann@example.org\r\n") != NULL);
    CHECK(strstr(mail, "Subject: =?UTF-8?B?") != NULL);
    CHECK(strstr(mail, "Hello =C3=84nne\r\n") != NULL);
    post_close(&post);
}

TEST(MAIL_05_variables_never_reach_a_header_line)
{
    struct post post;
    REQUIRE(post_open(&post, "none", ""));
    const char *id =
        mail_world_owe(post.db, "ann@example.org",
                       "x\r\nBcc: eve@example.com\r\n\r\n.\r\nRCPT TO:<eve@example.com>");
    CHECK_NUM(deliver(post.db), 1);
    CHECK(mail_world_num(post.db, id, "sent_at") > 0);
    CHECK_NUM(smtp_fixture_count(&post.server), 1);
    const char *mail = smtp_fixture_mail(&post.server, 1);
    CHECK(text_starts(mail, "X-Envelope-From: cardea@example.org\r\n"
                            "X-Envelope-To: ann@example.org\r\nDate: "));
    const char *body = strstr(mail, "\r\n\r\n");
    const char *trick = strstr(mail, "\r\nBcc:");
    CHECK(!trick || trick > body);
    post_close(&post);
}

TEST(outbox_greylisting_delays)
{
    struct post post;
    REQUIRE(post_open(&post, "none", ""));
    smtp_fixture_set_fault(&post.server, "greylist");
    const char *id = mail_world_owe(post.db, "ann@example.org", "Ann");
    CHECK_NUM(deliver(post.db), 1);
    CHECK_TEXT(mail_world_text(post.db, id, "last_error"),
               "recipient: 450 4.2.0 greylisted, come back later");
    clock_shift(20 * SECOND);
    CHECK_NUM(deliver(post.db), 1);
    CHECK(mail_world_num(post.db, id, "sent_at") > 0);
    CHECK_NUM(smtp_fixture_count(&post.server), 1);
    post_close(&post);
}

TEST(outbox_an_unknown_recipient_is_dead_at_once)
{
    struct post post;
    REQUIRE(post_open(&post, "none", ""));
    smtp_fixture_set_fault(&post.server, "rcpt-550");
    const char *id = mail_world_owe(post.db, "ann@example.org", "Ann");
    CHECK_NUM(deliver(post.db), 1);
    CHECK(mail_world_num(post.db, id, "dead_at") > 0);
    CHECK_TEXT(mail_world_text(post.db, id, "last_error"), "recipient: 550 5.1.1 no such mailbox");
    post_close(&post);
}

/* The connection breaks after the message and before the reply: nobody knows who has it. */
TEST(F09_dropped_after_the_message_is_sent_again_with_the_same_message_id)
{
    struct post post;
    REQUIRE(post_open(&post, "none", ""));
    smtp_fixture_set_fault(&post.server, "drop-once");
    const char *id = mail_world_owe(post.db, "ann@example.org", "Ann");
    CHECK_NUM(deliver(post.db), 1);
    CHECK_NUM(mail_world_num(post.db, id, "sent_at"), 0);
    clock_shift(20 * SECOND);
    CHECK_NUM(deliver(post.db), 1);
    CHECK(mail_world_num(post.db, id, "sent_at") > 0);
    const char *line = text_format(test_arena(), "\r\nMessage-ID: <%s@localhost>\r\n", id);
    CHECK_NUM(smtp_fixture_count(&post.server), 2);
    CHECK(strstr(smtp_fixture_mail(&post.server, 1), line) != NULL);
    CHECK(strstr(smtp_fixture_mail(&post.server, 2), line) != NULL);
    post_close(&post);
}

TEST(outbox_a_server_out_of_reach_is_left_alone_for_a_moment)
{
    struct post post;
    REQUIRE(post_open(&post, "none", ""));
    clock_freeze(INT64_C(1'800'000'000'000));
    smtp_fixture_set_fault(&post.server, "421");
    const char *first = mail_world_owe(post.db, "ann@example.org", "Ann");
    clock_shift(1);
    const char *second = mail_world_owe(post.db, "ben@example.org", "Ben");
    CHECK_NUM(deliver(post.db), 1);
    CHECK_NUM(mail_world_num(post.db, first, "attempts"), 1);
    CHECK_NUM(mail_world_num(post.db, second, "attempts"), 0);
    CHECK_NUM(deliver(post.db), 0);
    smtp_fixture_set_fault(&post.server, "");
    clock_shift(20 * SECOND);
    CHECK_NUM(deliver(post.db), 2);
    CHECK_NUM(smtp_fixture_count(&post.server), 2);
    post_close(&post);
}
