/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mail composition: whatever the texts, the header keeps its lines, all lines are clean, and the
 * parts decode to the texts that went in (line ends as CRLF).
 */
#include "net/mime.h"

#include "base/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_lines(const char *mail)
{
    size_t column = 0, headers = 0;
    bool in_header = true;
    for (const char *p = mail; *p; p++) {
        must(*p != '\n' || (p > mail && p[-1] == '\r'));
        must(*p != '\r' || p[1] == '\n');
        must((unsigned char)*p < 0x7F);
        if (column == 0 && in_header) {
            in_header = *p != '\r';
            headers += in_header && *p != ' ';
        }
        must(column > 0 || *p != '.');
        column = *p == '\n' ? 0 : column + 1;
        must(column <= 79);
    }
    must(headers == 9);
}

static int hex(char c)
{
    return c <= '9' ? c - '0' : c - 'A' + 10;
}

/* One part's text, decoded; *p moves behind it. */
static const char *decode_part(struct arena *arena, const char **p)
{
    struct buf out;
    bool is_base64 = text_starts(strstr(*p, "Encoding: ") + 10, "base64");
    const char *body = strstr(*p, "\r\n\r\n") + 4;
    const char *end = strstr(body, "\r\n--=_cardea_alternative");
    must(end != NULL);
    *p = end + 2 + strlen("--=_cardea_alternative");
    buf_init(&out, arena, 1 << 20);
    for (const char *c = body; c < end; c++) {
        if (is_base64 ? *c == '\r' || *c == '\n' : c[0] == '=' && c[1] == '\r') {
            c += is_base64 ? 0 : 2;
        } else if (!is_base64 && *c == '=') {
            buf_char(&out, (char)(hex(c[1]) << 4 | hex(c[2])));
            c += 2;
        } else {
            buf_char(&out, *c);
        }
    }
    if (!is_base64)
        return out.p;
    size_t n;
    uint8_t *plain = arena_alloc(arena, out.n + 1);
    must(base64_parse(out.p, out.n, plain, &n));
    return text_copy(arena, MEM(plain, n));
}

/* CRLF everywhere, and at the end of what is not empty: that is what a part says. */
static const char *normal(struct arena *arena, const char *text)
{
    struct buf out;
    buf_init(&out, arena, 1 << 20);
    for (; *text; text++) {
        bool is_end = *text == '\r' || *text == '\n';
        text += text[0] == '\r' && text[1] == '\n';
        if (is_end)
            buf_text(&out, "\r\n");
        else
            buf_char(&out, *text);
    }
    return out.p;
}

static bool same(const char *got, const char *want)
{
    size_t n = strlen(want);
    return strncmp(got, want, n) == 0 && (!got[n] || text_equal(got + n, "\r\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct buf out;
    const char *name, *address;
    arena_init(&arena, 64 << 20);
    if (size < 20'000 && text_is_utf8(MEM(data, size))) {
        const char *text = text_copy(&arena, MEM(data, size));
        struct mime_message message = { "a@example.org", text, "b@example.org", text, text, text,
                                        "<x@y.z>",       0 };
        buf_init(&out, &arena, 1 << 20);
        must(mime_write(&message, &out) == OK);
        check_lines(out.p);
        const char *p = strstr(out.p, "\r\n\r\n") + 4;
        const char *want = normal(&arena, text);
        must(same(decode_part(&arena, &p), want));
        must(same(decode_part(&arena, &p), want));
        if (mime_parse_sender(&arena, text, &name, &address) == OK)
            must(!strpbrk(name, "\r\n") && !strpbrk(address, "\r\n<> "));
    }
    arena_done(&arena);
    return 0;
}
