/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one event, one line of JSON, whatever a stranger sends.
 */
#include "base/log.h"

#include "../test.h"
#include "base/clock.h"
#include "base/json.h"

#include <string.h>

static char captured[10'000];
static int lines;

static void keep_line(const char *line, void *)
{
    lines++;
    (void)snprintf(captured, sizeof captured, "%s", line);
}

static void drop_line(const char *, void *)
{
}

static void begin(void)
{
    lines = 0;
    captured[0] = 0;
    log_capture(keep_line, NULL);
}

/* The captured line as JSON; an empty object when it is not. */
static struct json_value line(void)
{
    struct json_value root = { .kind = JSON_IS_OBJECT };
    log_capture(drop_line, NULL);
    CHECK_NUM(lines, 1);
    CHECK(!strpbrk(captured, "\r\n\x1b"));
    CHECK_OK(json_read(test_arena(), mem_text(captured), &root, NULL));
    return root;
}

TEST(log_writes_fields)
{
    begin();
    clock_freeze(1'795'237'381'123);
    log_set_request("req_1", "0af7");
    LOG(LOG_WARN, "http.request", LOG_TEXT("route", "/login"), LOG_NUM("status", -200),
        LOG_TEXT("absent", NULL));
    log_set_request(NULL, NULL);
    struct json_value root = line();
    CHECK_TEXT(json_find_text(&root, "time"), "2026-11-21T05:03:01.123Z");
    CHECK_TEXT(json_find_text(&root, "level"), "warn");
    CHECK_TEXT(json_find_text(&root, "event"), "http.request");
    CHECK_TEXT(json_find_text(&root, "request_id"), "req_1");
    CHECK_TEXT(json_find_text(&root, "trace_id"), "0af7");
    CHECK_TEXT(json_find_text(&root, "route"), "/login");
    CHECK_NUM(json_find(&root, "status")->num, -200);
    CHECK(!json_find(&root, "absent"));
}

TEST(log_time_is_right_in_every_month)
{
    static const char *const days[] = { "2026-01-31", "2026-02-28", "2026-03-01", "2026-04-30",
                                        "2026-05-15", "2026-06-01", "2026-07-04", "2026-08-31",
                                        "2026-09-09", "2026-10-10", "2026-11-30", "2026-12-31" };
    for (size_t i = 0; i < COUNT(days); i++) {
        const char *text = text_format(test_arena(), "%sT23:59:59.007Z", days[i]);
        int64_t at = 0;
        CHECK(clock_parse(text, &at));
        clock_freeze(at);
        begin();
        LOG(LOG_ERROR, "x");
        struct json_value root = line();
        CHECK_TEXT(json_find_text(&root, "time"), text);
    }
}

TEST(LOG_01_client_text_cannot_forge_a_line)
{
    static const char *const texts[] = {
        "a\r\n{\"level\":\"error\"}",
        "\x1b[2J\x1b[31m",
        "\"},{\"x\":\"",
        "\\",
        "\\\"",
        "\x7f\x01",
        ("\xc2\x9b"
         "31m"),
        "\xff\xfe",
        "\xe2\x80\xa8\xe2\x80\xae",
        "",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        begin();
        LOG(LOG_ERROR, "http.request", LOG_TEXT("agent", texts[i]), LOG_TEXT("last", "here"));
        struct json_value root = line();
        CHECK_TEXT(json_find_text(&root, "last"), "here");
        for (const char *p = captured; *p; p++)
            CHECK(*p >= 0x20 && *p < 0x7f);
    }
}

static char *filled(char c, size_t n)
{
    char *text = arena_alloc(test_arena(), n + 1);
    memset(text, c, n);
    return text;
}

TEST(LOG_01_long_text_is_cut)
{
    begin();
    LOG(LOG_ERROR, "x", LOG_TEXT("agent", filled('a', 8192)), LOG_TEXT("last", "here"));
    struct json_value root = line();
    CHECK_NUM(strlen(json_find_text(&root, "agent")), 1024);
    CHECK_TEXT(json_find_text(&root, "last"), "here");
}

TEST(LOG_01_a_full_line_is_still_well_formed)
{
    for (size_t n = 0; n < 1100; n += 7) {
        begin();
        const char *worst = filled('\x01', 1024), *rest = filled('a', n);
        LOG(LOG_ERROR, "x", LOG_TEXT("one", worst), LOG_TEXT("two", rest), LOG_TEXT("three", rest),
            LOG_TEXT("four", worst), LOG_TEXT("five", worst), LOG_TEXT("six", worst),
            LOG_NUM("seven", INT64_MIN), LOG_ADDRESS("eight", "ann@example.org"));
        struct json_value root = line();
        if (root.count == 0)
            return test_fail(__FILE__, __LINE__, "at %zu: ...%s", n,
                             captured + strlen(captured) - 60);
        arena_reset(test_arena());
    }
}

TEST(log_masks_addresses)
{
    static const char *const cases[][2] = {
        { "ann@example.org", "a***@example.org" },
        { "nobody", "***" },
        { "", "***" },
        { "a@b@c", "a***@c" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        begin();
        LOG(LOG_ERROR, "x", LOG_ADDRESS("to", cases[i][0]));
        struct json_value root = line();
        CHECK_TEXT(json_find_text(&root, "to"), cases[i][1]);
    }
    begin();
    LOG(LOG_ERROR, "x", LOG_ADDRESS("to", filled('a', 3000)),
        LOG_ADDRESS("long", text_format(test_arena(), "b@%s", filled('c', 3000))));
    struct json_value root = line();
    CHECK(!strstr(captured, "aa") && json_find_text(&root, "long"));
}

TEST(log_level_is_a_threshold)
{
    begin();
    LOG(LOG_DEBUG, "quiet");
    CHECK_NUM(lines, 0);
    CHECK(log_set_level("debug"));
    LOG(LOG_DEBUG, "loud");
    CHECK_NUM(lines, 1);
    CHECK(log_set_level("error"));
    LOG(LOG_WARN, "quiet");
    CHECK_NUM(lines, 1);
    CHECK(!log_set_level("loud") && !log_set_level("") && !log_set_level("DEBUG"));
    CHECK(log_set_level("info"));
    log_capture(drop_line, NULL);
}

TEST(log_fault_tells_where_it_began)
{
    begin();
    CHECK_ERR(fault("no %s left", "room"), E_FAULT);
    struct json_value root = line();
    CHECK_TEXT(json_find_text(&root, "event"), "fault");
    CHECK_TEXT(json_find_text(&root, "what"), "no room left");
    CHECK(strstr(json_find_text(&root, "file"), "test_log.c"));
}

TEST(err_names_are_all_there)
{
    CHECK_TEXT(err_name(OK), "OK");
    CHECK_TEXT(err_name(E_FAULT), "E_FAULT");
    for (int e = OK; e <= E_REFUSED; e++)
        CHECK(!text_equal(err_name((enum err)e), "?"));
    CHECK_TEXT(err_name((enum err)99), "?");
}
