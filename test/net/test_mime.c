/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mail composition: what a text may not do to the headers, and that the texts come out whole.
 */
#include "net/mime.h"

#include "../test.h"
#include "base/clock.h"

#include <string.h>

static const struct mime_message plain = {
    .from = "cardea@example.org",
    .from_name = "Cardea",
    .to = "ann@example.net",
    .subject = "Hello",
    .text = "Good day.\n",
    .html = "<p>Good day.</p>\n",
    .message_id = "<out_1@example.org>",
    .date = INT64_C(1'795'237'381'000),
};

static const char *write_message(struct mime_message message)
{
    struct buf out;
    buf_init(&out, test_arena(), 1 << 20);
    return mime_write(&message, &out) == OK ? out.p : "";
}

/* The lines of the header, with folds undone. */
static size_t count_headers(const char *message)
{
    size_t count = 0;
    const char *end = strstr(message, "\r\n\r\n");
    for (const char *p = message; p && p < end + 2; p = strstr(p, "\r\n") + 2)
        count += *p != ' ';
    return count;
}

enum { HEADERS = 9 };

static bool has_clean_lines(const char *message)
{
    size_t column = 0;
    for (const char *p = message; *p; p++) {
        if (*p == '\n' && (p == message || p[-1] != '\r'))
            return false;
        if (*p == '\r' && p[1] != '\n')
            return false;
        column = *p == '\n' ? 0 : column + 1;
        if (column > 79 || (column == 1 && *p == '.'))
            return false;
    }
    return true;
}

TEST(mime_a_plain_mail)
{
    const char *got = write_message(plain);
    CHECK_TEXT(got, "Date: Sat, 21 Nov 2026 05:03:01 +0000\r\n"
                    "From: \"Cardea\"\r\n <cardea@example.org>\r\n"
                    "To: <ann@example.net>\r\n"
                    "Subject: Hello\r\n"
                    "Message-ID: <out_1@example.org>\r\n"
                    "Auto-Submitted: auto-generated\r\n"
                    "X-Auto-Response-Suppress: All\r\n"
                    "MIME-Version: 1.0\r\n"
                    "Content-Type: multipart/alternative; boundary=\"=_cardea_alternative\"\r\n"
                    "\r\n"
                    "--=_cardea_alternative\r\n"
                    "Content-Type: text/plain; charset=utf-8\r\n"
                    "Content-Transfer-Encoding: quoted-printable\r\n"
                    "\r\n"
                    "Good day.\r\n"
                    "\r\n"
                    "--=_cardea_alternative\r\n"
                    "Content-Type: text/html; charset=utf-8\r\n"
                    "Content-Transfer-Encoding: quoted-printable\r\n"
                    "\r\n"
                    "<p>Good day.</p>\r\n"
                    "\r\n"
                    "--=_cardea_alternative--\r\n");
    CHECK_NUM(count_headers(got), HEADERS);
}

TEST(MAIL_05_no_text_reaches_a_header_line)
{
    static const char *const tricks[] = {
        "Hello\r\nBcc: eve@example.com",
        "Hello\nBcc: eve@example.com",
        "Hello\rBcc: eve@example.com",
        "\r\n\r\n<script>",
        "a\"\r\nBcc: b",
        "\\\"",
        "=?UTF-8?B?DQpCY2M6?=",
        "\x7F\x01\x0B\x0C",
        "\u2028Bcc: x\xC2\x85",
    };
    for (size_t i = 0; i < COUNT(tricks); i++) {
        struct mime_message message = plain;
        message.subject = message.from_name = message.text = message.html = tricks[i];
        const char *got = write_message(message);
        CHECK_NUM(count_headers(got), HEADERS);
        CHECK(has_clean_lines(got));
        CHECK(!strstr(got, "\r\nBcc: eve@example.com\r\nMessage-ID"));
    }
}

TEST(MAIL_05_addresses_with_line_ends_are_refused)
{
    static const char *const bad[] = {
        "a@b.org\r\nBcc: c@d.org",
        "a@b.org\n",
        "<a@b.org>",
        "a@b.org>",
        "a b@c.org",
        "a@b@c",
        "a@b,c@d",
        "",
        "a",
        "@b",
        "a@",
        "\"a\"@b.org",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct mime_message message = plain;
        struct buf out;
        buf_init(&out, test_arena(), 1 << 16);
        message.to = bad[i];
        CHECK_ERR(mime_write(&message, &out), E_INVALID);
        message = plain;
        message.from = bad[i];
        CHECK_ERR(mime_write(&message, &out), E_INVALID);
        message = plain;
        message.message_id = text_format(test_arena(), "<%s>", bad[i]);
        CHECK_ERR(mime_write(&message, &out), E_INVALID);
    }
}

TEST(MAIL_05_no_line_begins_with_a_dot)
{
    struct mime_message message = plain;
    message.text = ".\n..\n.\r\n.hidden\nFrom me\n";
    const char *got = write_message(message);
    CHECK(strstr(got, "=2E\r\n=2E.\r\n=2E\r\n=2Ehidden\r\n=46rom me\r\n") != NULL);
    CHECK(has_clean_lines(got));
}

TEST(mime_headers_beyond_ascii_are_encoded_words)
{
    struct mime_message message = plain;
    message.subject = "Bestätige deine Adresse";
    message.from_name = "Müller & Söhne";
    const char *got = write_message(message);
    CHECK(strstr(got, "Subject: =?UTF-8?B?QmVzdMOkdGlnZSBkZWluZSBBZHJlc3Nl?=\r\n") != NULL);
    CHECK(strstr(got, "From: =?UTF-8?B?TcO8bGxlciAmIFPDtmhuZQ==?=\r\n <cardea@example.org>\r\n") !=
          NULL);
}

TEST(mime_long_subjects_are_folded_between_characters)
{
    struct mime_message message = plain;
    struct buf subject;
    buf_init(&subject, test_arena(), 2000);
    for (int i = 0; i < 100; i++)
        buf_text(&subject, "確a");
    message.subject = subject.p;
    const char *got = write_message(message);
    CHECK(has_clean_lines(got));
    CHECK_NUM(count_headers(got), HEADERS);
    for (const char *word = strstr(got, "=?UTF-8?B?"); word;
         word = strstr(word + 1, "=?UTF-8?B?")) {
        uint8_t bytes[64];
        size_t n;
        const char *end = strstr(word, "?=");
        REQUIRE(base64_parse(word + 10, (size_t)(end - word) - 10, bytes, &n));
        CHECK(text_is_utf8(MEM(bytes, n)));
        CHECK(end + 2 - word <= 75);
    }
}

TEST(mime_long_lines_break_softly_and_trailing_space_survives)
{
    struct mime_message message = plain;
    struct buf text;
    buf_init(&text, test_arena(), 4000);
    for (int i = 0; i < 60; i++)
        buf_text(&text, "http://example.org/?a=b&c=");
    buf_text(&text, "end \nnext\t\n");
    message.text = text.p;
    const char *got = write_message(message);
    CHECK(has_clean_lines(got));
    CHECK(strstr(got, "end=20\r\nnext=09\r\n") != NULL);
}

TEST(mime_other_scripts_are_base64)
{
    struct mime_message message = plain;
    message.text = "こんにちは\nさようなら\n";
    const char *got = write_message(message);
    const char *body = strstr(got, "Content-Transfer-Encoding: base64\r\n\r\n");
    REQUIRE(body != NULL);
    uint8_t bytes[200];
    size_t n;
    body += strlen("Content-Transfer-Encoding: base64\r\n\r\n");
    REQUIRE(base64_parse(body, strcspn(body, "\r"), bytes, &n));
    CHECK_TEXT(text_copy(test_arena(), MEM(bytes, n)), "こんにちは\r\nさようなら\r\n");
}

TEST(mime_too_large_is_a_fault)
{
    struct buf out;
    buf_init(&out, test_arena(), 300);
    CHECK_ERR(mime_write(&plain, &out), E_FAULT);
}

TEST(mime_senders)
{
    static const struct {
        const char *setting, *name, *address;
    } cases[] = {
        { "a@b.org", "", "a@b.org" },
        { "<a@b.org>", "", "a@b.org" },
        { "Ann <a@b.org>", "Ann", "a@b.org" },
        { "\"Ann, of B\"  <a@b.org>", "Ann, of B", "a@b.org" },
        { "Müller <a@b.org>", "Müller", "a@b.org" },
        { "a@b.org\r\nBcc: c@d.org", NULL, NULL },
        { "Ann <a@b.org> x", NULL, NULL },
        { "Ann <>", NULL, NULL },
        { "Ann", NULL, NULL },
        { "", NULL, NULL },
        { "<", NULL, NULL },
        { ">", NULL, NULL },
        { "><", NULL, NULL },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *name = NULL, *address = NULL;
        enum err want = cases[i].address ? OK : E_INVALID;
        CHECK_ERR(mime_parse_sender(test_arena(), cases[i].setting, &name, &address), want);
        CHECK_TEXT(name, cases[i].name);
        CHECK_TEXT(address, cases[i].address);
    }
}
