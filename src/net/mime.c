/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mail composition: see mime.h. Bodies are quoted-printable when mostly ASCII, so that they stay
 * readable and small, else base64. Header texts that are not plain ASCII become encoded words.
 */
#include "net/mime.h"

#include "base/clock.h"
#include "base/text.h"
#include "net/smtp.h"

#include <string.h>

/* "=_" occurs neither in quoted-printable nor in base64 (RFC 2045 6.7). */
#define BOUNDARY "=_cardea_alternative"

enum {
    LINE_MAX_CHARS = 76, /* RFC 2045 6.7, without CRLF */
    WORD_MAX_BYTES = 39, /* in an encoded word, whose line then holds 76 with "Subject: " */
};

static bool is_plain(const char *text)
{
    for (const char *p = text; *p; p++)
        if (*p < ' ' || *p > '~')
            return false;
    return true;
}

/* The longest piece of at most max bytes that ends between two characters. */
static size_t whole_characters(const char *p, size_t max)
{
    size_t n = strnlen(p, max);
    if (p[n] == 0)
        return n;
    while (n > 0 && ((unsigned char)p[n] & 0xC0) == 0x80)
        n--;
    return n;
}

/* RFC 2047 2: each word at most 75 characters, no character torn apart. */
static void add_words(struct buf *out, const char *text)
{
    for (bool first = true; *text; first = false) {
        size_t n = whole_characters(text, WORD_MAX_BYTES);
        if (n == 0)
            return; /* not UTF-8: the edge never lets it in */
        if (!first)
            buf_text(out, "\r\n ");
        buf_text(out, "=?UTF-8?B?");
        buf_text(out, base64_format(out->arena, MEM(text, n)));
        buf_text(out, "?=");
        text += n;
    }
}

/* A copy in which every control character is a space: no header ends early. */
static char *one_line(struct arena *arena, const char *text)
{
    char *copy = text_copy(arena, mem_text(text));
    for (char *p = copy; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = ' ';
    return copy;
}

static void add_subject(struct buf *out, const char *subject)
{
    const char *line = one_line(out->arena, subject);
    buf_text(out, "Subject: ");
    if (is_plain(line) && strlen(line) < LINE_MAX_CHARS - 10 && !strstr(line, "=?"))
        buf_text(out, line);
    else
        add_words(out, line);
    buf_text(out, "\r\n");
}

static void add_sender(struct buf *out, const struct mime_message *message)
{
    const char *name = one_line(out->arena, message->from_name ? message->from_name : "");
    buf_text(out, "From: ");
    bool is_simple = *name && is_plain(name) && !strpbrk(name, "\"\\") && !strstr(name, "=?");
    if (is_simple && strlen(name) < LINE_MAX_CHARS - 10)
        buf_format(out, "\"%s\"", name);
    else
        add_words(out, name);
    if (*name)
        buf_text(out, "\r\n ");
    buf_format(out, "<%s>\r\n", message->from);
}

static void add_hex(struct buf *out, char c)
{
    static const char digits[] = "0123456789ABCDEF";
    buf_char(out, '=');
    buf_char(out, digits[(unsigned char)c >> 4]);
    buf_char(out, digits[c & 15]);
}

/* Any of CRLF, LF and CR is one line end; gives its length, 0 where there is none. */
static size_t line_end(const char *p)
{
    if (*p == '\r')
        return p[1] == '\n' ? 2 : 1;
    return *p == '\n';
}

static bool must_encode(const char *p, size_t column)
{
    if (*p == ' ' || *p == '\t')
        return !p[1] || line_end(p + 1); /* trailing white space gets lost on the way */
    if (*p == '.' || *p == 'F')
        return column == 0; /* no dot-stuffing, no ">From" */
    return *p < '!' || *p > '~' || *p == '=';
}

/* RFC 2045 6.7. */
static void add_quoted_printable(struct buf *out, const char *text)
{
    size_t column = 0;
    for (const char *p = text; *p;) {
        size_t end = line_end(p);
        if (end) {
            buf_text(out, "\r\n");
            column = 0;
            p += end;
            continue;
        }
        bool encode = must_encode(p, column);
        if (column + (encode ? 3 : 1) > LINE_MAX_CHARS - 1) {
            buf_text(out, "=\r\n");
            column = 0;
            encode = must_encode(p, column);
        }
        if (encode)
            add_hex(out, *p);
        else
            buf_char(out, *p);
        column += encode ? 3 : 1;
        p++;
    }
    if (column)
        buf_text(out, "\r\n");
}

/* Inside base64, too, a text's line ends are CRLF (RFC 2046 4.1.1). */
static const char *with_crlf(struct arena *arena, const char *text)
{
    struct buf lines;
    buf_init(&lines, arena, strlen(text) * 2);
    while (*text) {
        size_t end = line_end(text);
        if (end)
            buf_text(&lines, "\r\n");
        else
            buf_char(&lines, *text);
        text += end ? end : 1;
    }
    return lines.p;
}

static void add_base64(struct buf *out, const char *text)
{
    const char *lines = with_crlf(out->arena, text);
    const char *encoded = base64_format(out->arena, mem_text(lines));
    for (size_t rest = strlen(encoded); rest;) {
        size_t n = rest < LINE_MAX_CHARS ? rest : LINE_MAX_CHARS;
        buf_add(out, encoded, n);
        buf_text(out, "\r\n");
        encoded += n;
        rest -= n;
    }
}

static void add_part(struct buf *out, const char *type, const char *text)
{
    size_t n = strlen(text);
    size_t foreign = 0;
    for (const char *p = text; *p; p++)
        foreign += (unsigned char)*p >= 0x80;
    bool mostly_ascii = foreign <= n / 6;
    buf_format(out, "--" BOUNDARY "\r\nContent-Type: %s; charset=utf-8\r\n", type);
    buf_format(out, "Content-Transfer-Encoding: %s\r\n\r\n",
               mostly_ascii ? "quoted-printable" : "base64");
    if (mostly_ascii)
        add_quoted_printable(out, text);
    else
        add_base64(out, text);
    buf_text(out, "\r\n");
}

static bool is_message_id(const char *id)
{
    size_t n = strlen(id);
    if (n < 5 || n > 200 || id[0] != '<' || id[n - 1] != '>')
        return false;
    char inner[201] = { 0 };
    memcpy(inner, id + 1, n - 2);
    return smtp_is_address(inner);
}

enum err mime_write(const struct mime_message *message, struct buf *out)
{
    if (!smtp_is_address(message->from) || !smtp_is_address(message->to) ||
        !is_message_id(message->message_id))
        return E_INVALID;
    char date[30];
    clock_format_http(message->date, date);
    buf_format(out, "Date: %.25s +0000\r\n", date); /* RFC 5322 3.3 wants the offset in digits */
    add_sender(out, message);
    buf_format(out, "To: <%s>\r\n", message->to);
    add_subject(out, message->subject);
    buf_format(out, "Message-ID: %s\r\n", message->message_id);
    buf_text(out, "Auto-Submitted: auto-generated\r\n" /* RFC 3834 5: no vacation answers */
                  "X-Auto-Response-Suppress: All\r\n"
                  "MIME-Version: 1.0\r\n"
                  "Content-Type: multipart/alternative; boundary=\"" BOUNDARY "\"\r\n\r\n");
    add_part(out, "text/plain", message->text);
    add_part(out, "text/html", message->html);
    buf_text(out, "--" BOUNDARY "--\r\n");
    return out->overflow ? fault("mime: the message is too large") : OK;
}

/* The text between optional quotes and spaces. */
static const char *trim_name(struct arena *arena, const char *p, size_t n)
{
    while (n && (p[n - 1] == ' ' || p[n - 1] == '\t'))
        n--;
    while (n && *p == ' ') {
        p++;
        n--;
    }
    if (n >= 2 && p[0] == '"' && p[n - 1] == '"') {
        p++;
        n -= 2;
    }
    return one_line(arena, text_copy(arena, MEM(p, n)));
}

enum err mime_parse_sender(struct arena *arena, const char *sender, const char **ret_name,
                           const char **ret_address)
{
    const char *open = strrchr(sender, '<');
    size_t n = strlen(sender);
    const char *name = "", *address = sender;
    if (open && sender[n - 1] == '>') {
        name = trim_name(arena, sender, (size_t)(open - sender));
        address = text_copy(arena, MEM(open + 1, (size_t)(sender + n - open) - 2));
    }
    if (!smtp_is_address(address))
        return E_INVALID;
    *ret_name = name;
    *ret_address = text_copy(arena, mem_text(address));
    return OK;
}
