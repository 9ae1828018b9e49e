/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that the parser takes and, above all, those that it must refuse: HTTP-01 to HTTP-12 and
 * the sizes of DOS-04. Bytes are given with their length, because some hold a NUL.
 */
#include "../test.h"

#include "base/buf.h"
#include "http/http.h"

#include <stdlib.h>
#include <string.h>

#define HOST "Host: a.example\r\n"
#define GET "GET / HTTP/1.1\r\n" HOST
#define POST "POST / HTTP/1.1\r\n" HOST
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define ROW(bytes, status)                   \
    {                                        \
        (bytes), sizeof(bytes) - 1, (status) \
    }

struct row {
    const char *bytes;
    size_t n;
    int status; /* 0: taken whole */
};

/* Parses from memory of exactly that size, so that reading beyond it is seen. */
static int parse(struct mem bytes, struct http_exchange *x, size_t *used)
{
    char *exact = malloc(bytes.n ? bytes.n : 1);
    memcpy(exact, bytes.p, bytes.n);
    int status = http_parse_request(MEM(exact, bytes.n), NULL, x, used);
    free(exact);
    return status;
}

static void check_status(struct mem bytes, int want)
{
    struct http_exchange x;
    size_t used;
    int status = parse(bytes, &x, &used);
    if (status != want)
        test_fail(__FILE__, __LINE__, "%d, not %d: %.200s", status, want, (const char *)bytes.p);
    if (!status)
        CHECK_NUM(used, bytes.n);
    arena_done(&x.arena);
}

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_status(MEM(rows[i].bytes, rows[i].n), rows[i].status);
}

static void check_targets(const char *const *targets, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_status(
            mem_text(text_format(test_arena(), "GET %s HTTP/1.1\r\n" HOST "\r\n", targets[i])),
            400);
}

TEST(http_a_plain_request_is_taken_apart)
{
    static const char text[] = "POST /v1/%C3%A9?a=%20b HTTP/1.1\r\nHost: a.example:8080\r\n"
                               "X-List: a\r\nContent-Length: 5\r\nX-LIST:\t b \r\nx-list:\r\n\r\n"
                               "helloGET";
    struct http_exchange x;
    size_t used;
    REQUIRE(CHECK_NUM(parse(mem_text(text), &x, &used), 0));
    CHECK_NUM(used, sizeof text - 4);
    CHECK_NUM(x.request.method, HTTP_POST);
    CHECK_TEXT(x.request.target, "/v1/%C3%A9?a=%20b");
    CHECK_TEXT(x.request.path, "/v1/é");
    CHECK_TEXT(x.request.query, "a=%20b");
    CHECK_TEXT(x.request.host, "a.example:8080");
    CHECK_TEXT(http_header_find(&x.request, "x-list"), "a, b");
    CHECK_TEXT(http_header_find(&x.request, "x-none"), NULL);
    CHECK_NUM(x.request.header_count, 3);
    CHECK(mem_equal(x.request.body, mem_text("hello")));
    arena_done(&x.arena);
}

TEST(http_good_requests_are_taken)
{
    static const struct row rows[] = {
        ROW(GET "\r\n", 0),
        ROW("GET / HTTP/1.0\r\n\r\n", 0),
        ROW("OPTIONS /a HTTP/1.1\r\n" HOST "\r\n", 0),
        ROW("GET /a/ HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 0),
        ROW("GET http://a.example/x?y HTTP/1.1\r\n" HOST "\r\n", 0),
        ROW("GET HTTPS://A.example HTTP/1.1\r\n" HOST "\r\n", 0),
        ROW("GET http://a.example?y HTTP/1.1\r\n" HOST "\r\n", 0),
        ROW(GET "X-Empty:\r\nX-Name: caf\xC3\xA9\r\n\r\n", 0),
        ROW(POST "Content-Length: 0\r\n\r\n", 0),
        ROW(POST "\r\n", 0),
        ROW(CHUNKED "5\r\nhello\r\n0\r\n\r\n", 0),
        ROW(CHUNKED "00000001;a=b\r\nx\r\nA\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n", 0),
        ROW(CHUNKED "0\r\n\r\n", 0),
    };
    check_rows(rows, COUNT(rows));
}

TEST(http_every_incomplete_request_is_refused)
{
    static const char text[] = CHUNKED "5\r\nhello\r\n0\r\nX: y\r\n\r\n";
    for (size_t n = 0; n < sizeof text - 1; n++)
        check_status(MEM(text, n), 400);
}

TEST(HTTP_01_both_content_length_and_transfer_encoding)
{
    static const struct row rows[] = {
        ROW(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ROW(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
        ROW(POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n", 400),
    };
    check_rows(rows, COUNT(rows));
}

TEST(HTTP_02_content_length_malformed_or_twice)
{
    static const struct row rows[] = {
        ROW(POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
        ROW(POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
        ROW(POST "Content-Length: +5\r\n\r\nhello", 400),
        ROW(POST "Content-Length: -5\r\n\r\nhello", 400),
        ROW(POST "Content-Length: -0\r\n\r\n", 400),
        ROW(POST "Content-Length: 0x5\r\n\r\nhello", 400),
        ROW(POST "Content-Length: 5,5\r\n\r\nhello", 400),
        ROW(POST "Content-Length: 5, 5\r\n\r\nhello", 400),
        ROW(POST "Content-Length: 5 5\r\n\r\nhello", 400),
        ROW(POST "Content-Length: 05\r\n\r\nhello", 400),
        ROW(POST "Content-Length: 5.0\r\n\r\nhello", 400),
        ROW(POST "Content-Length:\r\n\r\nhello", 400),
        ROW(POST "Content-Length: \v5\r\n\r\nhello", 400),
        ROW(POST "Content-Length: 18446744073709551621\r\n\r\nhello", 400),
        ROW(POST "Content-Length: 9223372036854775813\r\n\r\nhello", 400),
    };
    check_rows(rows, COUNT(rows));
}

TEST(HTTP_03_transfer_encoding_but_exactly_chunked)
{
    static const struct row rows[] = {
        ROW(POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
        ROW(POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501),
        ROW(POST "Transfer-Encoding: identity\r\n\r\n", 501),
        ROW(POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        ROW(POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 501),
        ROW(POST "Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", 501),
        ROW(POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", 501),
        ROW(POST "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", 501),
        ROW(POST "Transfer-Encoding:\r\n\r\n0\r\n\r\n", 501),
        ROW(POST "Transfer-Encoding: \x0b\x63hunked\r\n\r\n0\r\n\r\n", 400),
        ROW(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ROW(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n", 400),
        ROW(POST "Transfer_Encoding: chunked\r\nContent-Length: 0\r\n\r\n", 0),
        ROW("POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    };
    check_rows(rows, COUNT(rows));
}

TEST(HTTP_04_chunks_malformed)
{
    static const struct row rows[] = {
        ROW(CHUNKED "5\nhello\r\n0\r\n\r\n", 400),
        ROW(CHUNKED "5\r\nhello\n0\r\n\r\n", 400),
        ROW(CHUNKED "5\r\nhello0\r\n\r\n", 400),
        ROW(CHUNKED "5\r\nhelloX\n0\r\n\r\n", 400),
        ROW(CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", 400),
        ROW(CHUNKED "5 \r\nhello\r\n0\r\n\r\n", 400),
        ROW(CHUNKED " 5\r\nhello\r\n0\r\n\r\n", 400),
        ROW(CHUNKED "+5\r\nhello\r\n0\r\n\r\n", 400),
        ROW(CHUNKED "-5\r\nhello\r\n0\r\n\r\n", 400),
        ROW(CHUNKED "g\r\nhello\r\n0\r\n\r\n", 400),
        ROW(CHUNKED "\r\n0\r\n\r\n", 400),
        ROW(CHUNKED ";a=b\r\n\r\n0\r\n\r\n", 400),
        ROW(CHUNKED "5\0\r\nhello\r\n0\r\n\r\n", 400),
        ROW(CHUNKED "5;\n\r\nhello\r\n0\r\n\r\n", 400),
        ROW(CHUNKED "5\r\r\nhello\r\n0\r\n\r\n", 400),
        ROW(CHUNKED "FFFFFFFFFFFFFFFF0\r\nhello\r\n0\r\n\r\n", 413),
        ROW(CHUNKED "000000005\r\nhello\r\n0\r\n\r\n", 400),
        ROW(CHUNKED "FFFFFFFF\r\nhello\r\n0\r\n\r\n", 413),
        ROW(CHUNKED "0\r\n\n", 400),
        ROW(CHUNKED "0\r\n\rX", 400),
        ROW(CHUNKED "0\r\nX : y\r\n\r\n", 400),
        ROW(CHUNKED "0\r\n X: y\r\n\r\n", 400),
        ROW(CHUNKED "0\r\nX\r\n\r\n", 400),
        ROW(CHUNKED "0\r\nX: y\n\r\n", 400),
        ROW(CHUNKED "0\r\nX: \0\r\n\r\n", 400),
        ROW(CHUNKED "0\r\nX: y\r\n z\r\n\r\n", 400),
    };
    check_rows(rows, COUNT(rows));
}

static struct mem repeat(const char *before, char c, size_t n, const char *after)
{
    char *p = arena_alloc(test_arena(), strlen(before) + n + strlen(after) + 1);
    memcpy(p, before, strlen(before));
    memset(p + strlen(before), c, n);
    memcpy(p + strlen(before) + n, after, strlen(after));
    return MEM(p, strlen(before) + n + strlen(after));
}

TEST(HTTP_04_extensions_and_trailers_are_bounded)
{
    check_status(repeat(CHUNKED "1;", 'x', 256, "\r\na\r\n0\r\n\r\n"), 0);
    check_status(repeat(CHUNKED "1;", 'x', 257, "\r\na\r\n0\r\n\r\n"), 400);
    check_status(repeat(CHUNKED "1;", 'x', 10'240, "\r\na\r\n0\r\n\r\n"), 400);
    check_status(repeat(CHUNKED "0\r\nX: ", 'x', 4000, "\r\n\r\n"), 0);
    check_status(repeat(CHUNKED "0\r\nX: ", 'x', 5000, "\r\n\r\n"), 400);
}

TEST(HTTP_04_trailers_are_thrown_away)
{
    struct http_exchange x;
    size_t used;
    static const char text[] = CHUNKED "2\r\nhi\r\n0\r\nAuthorization: Bearer a\r\n"
                                       "X-Forwarded-For: 1.2.3.4\r\nHost: b\r\n\r\n";
    REQUIRE(CHECK_NUM(parse(mem_text(text), &x, &used), 0));
    CHECK_TEXT(http_header_find(&x.request, "authorization"), NULL);
    CHECK_TEXT(http_header_find(&x.request, "x-forwarded-for"), NULL);
    CHECK_TEXT(x.request.host, "a.example");
    CHECK(mem_equal(x.request.body, mem_text("hi")));
    arena_done(&x.arena);
}

TEST(HTTP_05_malformed_header_lines)
{
    static const struct row rows[] = {
        ROW(GET "X : y\r\n\r\n", 400),
        ROW(GET "X\t: y\r\n\r\n", 400),
        ROW(GET "X: y\r\n z\r\n\r\n", 400),
        ROW(GET "X: y\r\n\tz\r\n\r\n", 400),
        ROW("GET / HTTP/1.1\r\n X: y\r\n" HOST "\r\n", 400),
        ROW("GET / HTTP/1.1\nHost: a\n\n", 400),
        ROW(GET "X: y\n\r\n", 400),
        ROW(GET "X: y\n\n", 400),
        ROW(GET "X: a\rb\r\n\r\n", 400),
        ROW(GET "X: a\r\r\n\r\n", 400),
        ROW(GET "\r\r\n\r\n", 400),
        ROW(GET "X: a\0b\r\n\r\n", 400),
        ROW(GET "X\0: b\r\n\r\n", 400),
        ROW(GET "X\xC3\xA9: b\r\n\r\n", 400),
        ROW(GET "\x80: b\r\n\r\n", 400),
        ROW(GET ": b\r\n\r\n", 400),
        ROW(GET "b\r\n\r\n", 400),
        ROW(GET "(x): b\r\n\r\n", 400),
        ROW(GET "X: \x01\r\n\r\n", 400),
        ROW(GET "X: \x7F\r\n\r\n", 400),
        ROW(GET "X: \xFF\r\n\r\n", 400),
        ROW("\r\n" GET "\r\n", 400),
        ROW(" " GET "\r\n", 400),
        ROW("\x16\x03\x01\x02", 400),
    };
    check_rows(rows, COUNT(rows));
}

TEST(HTTP_05_malformed_request_lines)
{
    static const struct row rows[] = {
        ROW("GET  / HTTP/1.1\r\n" HOST "\r\n", 400),
        ROW("GET /  HTTP/1.1\r\n" HOST "\r\n", 400),
        ROW("GET / HTTP/1.1 \r\n" HOST "\r\n", 400),
        ROW("GET\t/\tHTTP/1.1\r\n" HOST "\r\n", 400),
        ROW("GET /\r\n\r\n", 400),
        ROW("GET\r\n\r\n", 400),
        ROW("GET / HTTP/1.1\r\r\n" HOST "\r\n", 400),
        ROW("GET /\0 HTTP/1.1\r\n" HOST "\r\n", 400),
        ROW("GET / HTTP/1.1\0\r\n" HOST "\r\n", 400),
        ROW("GET / http/1.1\r\n" HOST "\r\n", 400),
        ROW("GET / HTTP/1.10\r\n" HOST "\r\n", 400),
        ROW("GET / HTTP/1\r\n" HOST "\r\n", 400),
        ROW("GET / HTTP/2.0\r\n" HOST "\r\n", 505),
        ROW("GET / HTTP/1.2\r\n" HOST "\r\n", 505),
        ROW("GET / HTTP/0.9\r\n\r\n", 505),
    };
    check_rows(rows, COUNT(rows));
}

TEST(HTTP_06_repeated_singletons)
{
    static const struct row rows[] = {
        ROW(GET HOST "\r\n", 400),
        ROW(GET "HOST: b\r\n\r\n", 400),
        ROW(GET "Authorization: a\r\nauthorization: a\r\n\r\n", 400),
        ROW(GET "Cookie: a=1\r\nCookie: b=2\r\n\r\n", 400),
        ROW(GET "Content-Type: a\r\nContent-Type: b\r\n\r\n", 400),
        ROW(GET "Origin: a\r\nOrigin: a\r\n\r\n", 400),
        ROW(GET "Referer: a\r\nReferer: a\r\n\r\n", 400),
    };
    check_rows(rows, COUNT(rows));
}

TEST(HTTP_06_malformed_or_missing_host)
{
    static const struct row rows[] = {
        ROW("GET / HTTP/1.1\r\n\r\n", 400),
        ROW("GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
        ROW("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ROW("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        ROW("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
        ROW("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
        ROW("GET / HTTP/1.1\r\nHost: a:\r\n\r\n", 400),
        ROW("GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400),
        ROW("GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400),
        ROW("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
        ROW("GET / HTTP/1.1\r\nHost: []\r\n\r\n", 400),
        ROW("GET / HTTP/1.1\r\nHost: a\"b\r\n\r\n", 400),
    };
    check_rows(rows, COUNT(rows));
}

TEST(HTTP_08_malformed_targets)
{
    static const char *const targets[] = {
        "http://[",
        "http://[::1]",
        "//",
        "*",
        "%",
        "/%",
        "/%z",
        "/%zz",
        "/%0",
        "/%00",
        "/a%00b",
        "/%c0%af",
        "/%e0%80%af",
        "/%ff",
        "/%ed%a0%80",
        "a",
        "a.example:80",
        "http://",
        "http:///x",
        "http://b.example/",
        "ftp://a.example/",
        "http://u@a.example/",
        "http://a.example:80/",
        "http:/a.example/",
        "/#a",
        "/a?b#c",
        "/\xC3\xA9",
        "/a?\xC3\xA9",
        "/a|b",
        "/\"",
        "/<",
        "/a?<",
        "/%0a",
        "/%0d%0a",
        "/%7f",
        "/%1f",
        "/{a}",
        "/^",
        "/`",
        "?a",
    };
    check_targets(targets, COUNT(targets));
    check_status(mem_text("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), 400);
}

TEST(HTTP_09_paths_that_could_be_another)
{
    static const char *const targets[] = {
        "/..",    "/../",     "/a/../b",    "/.",      "/a/.", "/./a",    "/..;/",
        "/.;x/a", "/%2e%2e/", "/%2e%2e%2f", "/.%2e/a", "/%2E", "/a%2fb",  "/a%2Fb",
        "/a%5cb", "/a\\b",    "//a",        "/a//b",   "/a//", "/..%3b/",
    };
    check_targets(targets, COUNT(targets));
}

TEST(HTTP_09_paths_are_decoded_exactly_once)
{
    static const char *const rows[][2] = {
        { "/%252f", "/%2f" },
        { "/%252e%252e/", "/%2e%2e/" },
        { "/a.", "/a." },
        { "/A", "/A" },
        { "/...", "/..." },
        { "/a;b", "/a;b" },
        { "/.well-known/x", "/.well-known/x" },
        { "/a%20b", "/a b" },
        { "/%3F", "/?" },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *text = text_format(test_arena(), "GET %s HTTP/1.1\r\n" HOST "\r\n", rows[i][0]);
        struct http_exchange x;
        size_t used;
        if (CHECK_NUM(parse(mem_text(text), &x, &used), 0))
            CHECK_TEXT(x.request.path, rows[i][1]);
        arena_done(&x.arena);
    }
}

TEST(HTTP_10_expectations_and_upgrades)
{
    static const struct row rows[] = {
        ROW(POST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\na", 0),
        ROW(POST "Expect: 200-ok\r\nContent-Length: 1\r\n\r\na", 417),
        ROW(POST "Expect: 100-continue, x\r\nContent-Length: 1\r\n\r\na", 417),
        ROW(POST "Expect: 100-continue\r\nContent-Length: 65537\r\n\r\n", 413),
        ROW(GET "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n", 0),
        ROW("CONNECT a.example:443 HTTP/1.1\r\n" HOST "\r\n", 501),
        ROW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 501),
    };
    check_rows(rows, COUNT(rows));
}

TEST(HTTP_12_methods_we_do_not_have)
{
    static const struct row rows[] = {
        ROW("TRACE / HTTP/1.1\r\n" HOST "\r\n", 501), ROW("TRACK / HTTP/1.1\r\n" HOST "\r\n", 501),
        ROW("get / HTTP/1.1\r\n" HOST "\r\n", 501),   ROW("GETX / HTTP/1.1\r\n" HOST "\r\n", 501),
        ROW("GE / HTTP/1.1\r\n" HOST "\r\n", 501),    ROW("G(T / HTTP/1.1\r\n" HOST "\r\n", 400),
    };
    check_rows(rows, COUNT(rows));
}

TEST(DOS_04_sizes)
{
    check_status(repeat(GET "X: ", 'x', 16'000, "\r\n\r\n"), 0);
    check_status(repeat(GET "X: ", 'x', 16'384, "\r\n\r\n"), 431);
    check_status(repeat(GET "X: ", 'x', 50'000, ""), 431);
    check_status(repeat("GET /", 'x', 8191, " HTTP/1.1\r\n" HOST "\r\n"), 0);
    check_status(repeat("GET /", 'x', 8192, " HTTP/1.1\r\n" HOST "\r\n"), 414);
    check_status(repeat("GET /", 'x', 20'000, " HTTP/1.1\r\n" HOST "\r\n"), 414);
    check_status(repeat("GET /", 'x', 9000, ""), 414);
    check_status(repeat(POST "Content-Length: 65536\r\n\r\n", 'x', 65'536, ""), 0);
    check_status(repeat(POST "Content-Length: 65537\r\n\r\n", 'x', 65'537, ""), 413);
    check_status(repeat(POST "Content-Length: 999999999999999999\r\n\r\n", 'x', 1, ""), 413);
    check_status(repeat(CHUNKED "10000\r\n", 'x', 65'536, "\r\n0\r\n\r\n"), 0);
    check_status(repeat(CHUNKED "10000\r\n", 'x', 65'536, "\r\n1\r\nx\r\n0\r\n\r\n"), 413);
}

TEST(DOS_04_number_of_headers)
{
    struct buf b;
    buf_init(&b, test_arena(), 10'000);
    buf_text(&b, GET);
    for (int i = 0; i < 99; i++)
        buf_format(&b, "X-%d: y\r\n", i);
    char *head = text_copy(test_arena(), buf_mem(&b));
    check_status(mem_text(text_format(test_arena(), "%s\r\n", head)), 0);
    check_status(mem_text(text_format(test_arena(), "%sX: y\r\n\r\n", head)), 431);
}

TEST(DOS_05_compressed_requests_are_refused)
{
    static const struct row rows[] = {
        ROW(POST "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\na", 415),
        ROW(POST "Content-Encoding: identity\r\nContent-Length: 1\r\n\r\na", 0),
        ROW(POST "Content-Encoding: br\r\n\r\n", 415),
    };
    check_rows(rows, COUNT(rows));
}
