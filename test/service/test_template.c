/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates: the language, what the parser refuses, escaping by place, and the embedded pages.
 */
#include "service/template.h"

#include "base/asset.h"
#include "service/template_parse.h"
#include "test.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void open_all(void)
{
    CHECK_OK(locale_open(NULL));
    CHECK_OK(template_open(NULL));
}

static void close_all(void)
{
    template_close();
    locale_close();
}

/* Renders a source of its own, without parts. */
static const char *render_in(const char *tag, const char *name, const char *source,
                             const struct vars *vars)
{
    static struct template t;
    struct buf out;
    struct template_error error;
    buf_init(&out, test_arena(), 1 << 20);
    t = (struct template){ .name = name, .source = mem_text(source) };
    enum err e = template_parse(test_arena(), &t, &error);
    if (e)
        return text_format(test_arena(), "%d: %s", error.line, error.why);
    template_write(&t, locale_find(tag), vars, &out);
    return out.p;
}

static const char *render(const char *name, const char *source, const struct vars *vars)
{
    return render_in("en", name, source, vars);
}

static struct vars *some(void)
{
    struct vars *v = vars_new(test_arena());
    vars_text(v, "name", "Ann");
    vars_text(v, "empty", "");
    vars_text(v, "absent", NULL);
    vars_text(v, "evil", "<b class=\"x\">'&'</b>");
    vars_num(v, "n", -42);
    vars_flag(v, "yes", true);
    vars_flag(v, "no", false);
    for (int i = 0; i < 3; i++) {
        struct vars *item = vars_item(v, "list");
        vars_num(item, "i", i);
        if (i == 1)
            vars_text(item, "name", "Bob");
        if (i == 2)
            vars_text(item, "name", NULL);
    }
    return v;
}

TEST(template_language)
{
    static const char *const cases[][2] = {
        { "plain", "plain" },
        { "Hello {{name}}, {{ n }}!", "Hello Ann, -42!" },
        { "[{{unknown}}{{absent}}{{empty}}{{list}}{{yes}}]", "[]" },
        { "{{evil}}", "&lt;b class=&#34;x&#34;&gt;&#39;&amp;&#39;&lt;/b&gt;" },
        { "{{{evil}}}", "<b class=\"x\">'&'</b>" },
        { "{{#yes}}a{{/yes}}{{#no}}b{{/no}}{{#name}}c{{/name}}{{#empty}}d{{/empty}}", "ac" },
        { "{{^yes}}a{{/yes}}{{^no}}b{{/no}}{{^absent}}c{{/absent}}{{^empty}}d{{/empty}}", "bcd" },
        { "{{#unknown}}a{{/unknown}}{{^unknown}}b{{/unknown}}", "b" },
        { "{{#list}}{{i}}{{name}} {{/list}}", "0Ann 1Bob 2 " },
        { "{{^list}}none{{/list}}", "" },
        { "{{#list}}{{#yes}}{{i}}{{/yes}}{{/list}}", "012" },
        { "a{{! a {comment} }}b", "ab" },
        { "a\n  {{#yes}}  \nb\n{{/yes}}\nc", "a\nb\nc" },
        { "a\n{{#yes}}b{{/yes}}\nc", "a\nb\nc" },
        { "a {{#yes}}\nb{{/yes}}", "a \nb" },
        { "{{! alone }}\na", "a" },
        { "}} { } {x}", "}} { } {x}" },
        { "{{t language.name}}", "English" },
        { "{{t no.such_key}}", "no.such_key" },
        { "{{date name}}{{date unknown}}", "Ann" },
    };
    open_all();
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_TEXT(render("pages/x.html", cases[i][0], some()), cases[i][1]);
    CHECK_TEXT(render("mails/x.txt", "{{evil}} <", some()), "<b class=\"x\">'&'</b> <");
    close_all();
}

TEST(template_errors_name_their_line)
{
    static const char *const cases[][2] = {
        { "a\nb {{#yes}}", "2: this section is not closed" },
        { "{{/yes}}", "1: {{/...}} without an open section" },
        { "{{#yes}}\n{{/no}}", "2: {{/...}} does not name the innermost open section" },
        { "{{#a}}{{#b}}{{/a}}{{/b}}", "1: {{/...}} does not name the innermost open section" },
        { "\n\n{{name", "3: '{{' without '}}'" },
        { "{{{name}}", "1: '{{' without '}}'" },
        { "{{}}", "1: not a tag: a name is a-z, then also 0-9 and _" },
        { "{{&name}}", "1: not a tag: a name is a-z, then also 0-9 and _" },
        { "{{a b}}", "1: not a tag: a name is a-z, then also 0-9 and _" },
        { "{{Name}}", "1: not a tag: a name is a-z, then also 0-9 and _" },
        { "{{a.b}}", "1: not a tag: a name is a-z, then also 0-9 and _" },
        { "{{t a..b}}", "1: not a tag: a name is a-z, then also 0-9 and _" },
        { "{{#=x}}", "1: not a tag: a name is a-z, then also 0-9 and _" },
        { "\xff", "1: not UTF-8" },
        { "{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#a}}{{#"
          "a}}"
          "{{#a}}{{#a}}",
          "1: sections too deep" },
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_TEXT(render("pages/x.html", cases[i][0], some()), cases[i][1]);
    CHECK_TEXT(render("mails/x.txt", "{{{name}}}", some()),
               "1: {{{...}}} is only for the text of HTML");
}

static bool is_refused(const char *source)
{
    struct template t;
    struct template_error error;
    t = (struct template){ .name = "pages/x.html", .source = mem_text(source) };
    return template_parse(test_arena(), &t, &error) == E_INVALID;
}

TEST(XSS_01_values_stand_only_where_escaping_protects)
{
    static const char *const refused[] = {
        "<script>var x = '{{name}}';</script>",
        "<STYLE>a { color: {{name}} }</STYLE>",
        "<p onclick=\"f('{{name}}')\">",
        "<p ONCLICK='{{name}}'>",
        "<p style=\"color:{{name}}\">",
        "<iframe srcdoc=\"{{name}}\">",
        "<p class={{name}}>",
        "<p class=x{{name}}>",
        "<p {{name}}>",
        "<{{name}}>",
        "<p{{name}}>",
        "</{{name}}>",
        "<!-- {{name}} -->",
        "<!doctype {{name}}>",
        "<p class=\"{{{name}}}\">",
        "<p class=\"{{date name}}\">",
        "<a href=\"{{t language.name}}\">",
        "<p class=\"{{> part}}\">",
        "<p class=\"{{#yes}}\">{{/yes}}\"",
        "<p {{#yes}}title=\"a{{/yes}}\">",
        "<script{{#yes}}>{{/yes}}",
        "<scr{{#yes}}ipt{{/yes}}>",
        "{{#yes}}<script>{{/yes}}",
        "{{#yes}}<p title=\"{{/yes}}x\">",
        "a < b",
        "<p",
        "<!--",
        "<script>",
        "<script>{{name}}",
        "<p title=\"x",
    };
    static const char *const accepted[] = {
        "<p>{{name}}</p>",
        "<p class=\"a {{name}}\" title='{{name}}'>",
        "<option value=\"{{n}}\"{{#yes}} selected{{/yes}}>x</option>",
        "<p class=\"a{{#yes}} b{{/yes}}\">",
        "<a href=\"/x/{{name}}\">x</a>",
        "<script type=\"module\" src=\"/x.js\"></script>{{name}}",
        "<script>if (a < b && '</p>') {}</script>{{name}}",
        "<style>p { color: red }</style>{{name}}",
        "<!-- a < b -- --->{{name}}",
        "<title>{{name}}</title>",
    };
    for (size_t i = 0; i < COUNT(refused); i++)
        if (!is_refused(refused[i]))
            test_fail(__FILE__, __LINE__, "accepted: %s", refused[i]);
    for (size_t i = 0; i < COUNT(accepted); i++)
        if (is_refused(accepted[i]))
            test_fail(__FILE__, __LINE__, "refused: %s", accepted[i]);
}

TEST(XSS_01_a_url_cannot_become_a_script)
{
    static const char *const cases[][2] = {
        { "/login?next=%2F", "<a href=\"/login?next=%2F\">" },
        { "https://example.org/?a=1&b=2", "<a href=\"https://example.org/?a=1&amp;b=2\">" },
        { "mailto:help@example.org", "<a href=\"mailto:help@example.org\">" },
        { "#top", "<a href=\"#top\">" },
        { "a/b:c", "<a href=\"a/b:c\">" },
        { "javascript:alert(1)", "<a href=\"#\">" },
        { "JavaScript:alert(1)", "<a href=\"#\">" },
        { " javascript:alert(1)", "<a href=\"#\">" },
        { "\x01javascript:alert(1)", "<a href=\"#\">" },
        { "java\tscript:alert(1)", "<a href=\"#\">" },
        { "data:text/html,x", "<a href=\"#\">" },
        { "vbscript:x", "<a href=\"#\">" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct vars *v = vars_new(test_arena());
        vars_text(v, "url", cases[i][0]);
        CHECK_TEXT(render("pages/x.html", "<a href=\"{{url}}\">", v), cases[i][1]);
    }
}

TEST(XSS_01_translated_texts_and_their_values_are_escaped)
{
    const char *folder = test_folder();
    REQUIRE(mkdir(text_format(test_arena(), "%s/locales", folder), 0700) == 0);
    FILE *file = fopen(text_format(test_arena(), "%s/locales/en.json", folder), "w");
    REQUIRE(file);
    (void)fputs("{\"test.x\":\"<i>{evil}</i> {unknown} {} {a b} {\"}", file);
    (void)fclose(file);
    CHECK_OK(locale_open(folder));
    CHECK_TEXT(render("pages/x.html", "{{t test.x}}", some()),
               "&lt;i&gt;&lt;b class=&#34;x&#34;&gt;&#39;&amp;&#39;&lt;/b&gt;&lt;/i&gt;  {} {a b} "
               "{");
    CHECK_TEXT(template_format(test_arena(), locale_find("en"), "test.x", some()),
               "<i><b class=\"x\">'&'</b></i>  {} {a b} {");
    locale_close();
}

/* They are parsed when first needed: no visitor may be the first to find a mistake. */
TEST(every_embedded_template_is_sound)
{
    open_all();
    CHECK_OK(template_prepare_all());
    close_all();
}

static void *render_login(void *)
{
    struct arena arena;
    struct buf out;
    arena_init(&arena, 1 << 20);
    buf_init(&out, &arena, 1 << 18);
    enum err e = template_render("pages/login.html", locale_find("en"), vars_new(&arena), &out);
    bool is_whole = e == OK && strstr(out.p, "<form") && strstr(out.p, "</html>");
    arena_done(&arena);
    return (void *)(uintptr_t)is_whole;
}

TEST(a_template_may_be_needed_first_by_many_at_once)
{
    enum { THREADS = 8 };
    for (int round = 0; round < 5; round++) {
        pthread_t threads[THREADS];
        open_all();
        for (int i = 0; i < THREADS; i++)
            REQUIRE(pthread_create(&threads[i], NULL, render_login, NULL) == 0);
        for (int i = 0; i < THREADS; i++) {
            void *is_whole;
            (void)pthread_join(threads[i], &is_whole);
            CHECK(is_whole);
        }
        close_all();
    }
}

/* No memory to parse it is the misfortune of that request alone. */
TEST(a_template_without_memory_is_parsed_next_time)
{
    int failures = 0;
    open_all();
    for (long n = 1; n < 50; n++) {
        struct buf out;
        buf_init(&out, test_arena(), 1 << 18);
        template_close();
        CHECK_OK(template_open(NULL));
        (void)arena_fail_after(n);
        enum err e = template_render("pages/login.html", locale_find("en"), some(), &out);
        if (arena_fail_after(0))
            break;
        failures++;
        CHECK_ERR(e, E_FAULT);
        CHECK_OK(template_render("pages/login.html", locale_find("en"), some(), &out));
    }
    CHECK(failures > 0);
    close_all();
}

/* Every page and mail, all values hostile: nothing of them becomes markup. */
TEST(XSS_01_no_page_or_mail_lets_markup_through)
{
    static const char *const names[] = { "account_name",
                                         "account_email",
                                         "email",
                                         "value_email",
                                         "value_name",
                                         "error",
                                         "error_email",
                                         "error_name",
                                         "notice",
                                         "next",
                                         "title",
                                         "headline",
                                         "detail",
                                         "request_id",
                                         "token",
                                         "device",
                                         "requested_ip",
                                         "requested_agent",
                                         "requested_at",
                                         "changed_at",
                                         "agent",
                                         "ip",
                                         "link",
                                         "login_link",
                                         "reset_link",
                                         "again_path",
                                         "text",
                                         "subject",
                                         "to",
                                         "service_name",
                                         "support_link",
                                         "path",
                                         "csrf",
                                         "lang",
                                         "support_address" };
    open_all();
    struct vars *v = vars_new(test_arena());
    for (size_t i = 0; i < COUNT(names); i++)
        vars_text(v, names[i], "\"q1'q2<q3>q4");
    vars_flag(v, "account", true);
    for (size_t i = 0; i < asset_count; i++) {
        const char *name = asset_list[i].path + strlen("ui/");
        struct buf out;
        buf_init(&out, test_arena(), 1 << 20);
        if (!text_starts(asset_list[i].path, "ui/") || !text_ends(name, ".html"))
            continue;
        CHECK_OK(template_render(name, locale_find("de"), v, &out));
        static const char *const raw[] = { "\"q1", "'q2", "<q3", ">q4" };
        for (size_t k = 0; k < COUNT(raw); k++)
            if (strstr(out.p, raw[k]))
                test_fail(__FILE__, __LINE__, "%s lets %s through", name, raw[k]);
    }
    close_all();
}

/* Raw values are a named exception; who adds one adds it here and says why it is safe.
 * two_factor_setup: the QR code, markup made by service/qr.c of numbers and an escaped title. */
TEST(templates_use_one_raw_value)
{
    int count = 0;
    for (size_t i = 0; i < asset_count; i++)
        if (text_starts(asset_list[i].path, "ui/pages/") ||
            text_starts(asset_list[i].path, "ui/mails/"))
            count += strstr(asset_list[i].plain.p, "{{{") != NULL;
    CHECK_NUM(count, 1);
}

/* Form-action, csrf, no inline style or script: what the policy of the pages asks of them. */
TEST(pages_keep_the_content_security_policy)
{
    for (size_t i = 0; i < asset_count; i++) {
        const char *path = asset_list[i].path, *page = asset_list[i].plain.p;
        if (!text_starts(path, "ui/pages/"))
            continue;
        static const char *const banned[] = { " style=", "<style",   " onclick=", " onload=",
                                              "http://", "https://", "<script>",  "<iframe" };
        for (size_t k = 0; k < COUNT(banned); k++)
            if (strstr(page, banned[k]))
                test_fail(__FILE__, __LINE__, "%s has %s", path, banned[k]);
        for (const char *form = strstr(page, "<form"); form; form = strstr(form + 1, "<form")) {
            const char *end = strstr(form, "</form>"), *csrf = strstr(form, "name=\"csrf\"");
            bool has_csrf = end && csrf && csrf < end;
            /* What only reads must not carry it: it would stand in the address. */
            if (text_starts(form, "<form method=\"get\""))
                has_csrf = !has_csrf;
            if (!end || !has_csrf)
                test_fail(__FILE__, __LINE__, "%s has a form without csrf, or asks with it", path);
        }
    }
}

TEST(pages_are_small)
{
    size_t always = 0;
    for (size_t i = 0; i < asset_count; i++)
        if (text_starts(asset_list[i].path, "ui/static/"))
            always += asset_list[i].gzip.n ? asset_list[i].gzip.n : asset_list[i].plain.n;
    CHECK(always < 20 * 1024);
    for (size_t i = 0; i < asset_count; i++)
        if (text_starts(asset_list[i].path, "ui/pages/"))
            CHECK(asset_list[i].plain.n < 12 * 1024);
}

TEST(template_dates_follow_the_language)
{
    open_all();
    struct vars *v = vars_new(test_arena());
    vars_text(v, "at", "2026-03-01T05:07:01.123Z");
    vars_text(v, "odd", "2026-03-01T05:07:01+02:00");
    CHECK_TEXT(render("pages/x.html", "{{date at}}", v),
               "<time datetime=\"2026-03-01T05:07:01.123Z\">1 Mar 2026, 05:07 UTC</time>");
    static const char *const dates[][2] = {
        { "ar", "1 مارس 2026، 05:07 UTC" },       { "de", "1. März 2026, 05:07 UTC" },
        { "en", "1 Mar 2026, 05:07 UTC" },        { "es", "1 mar 2026, 05:07 UTC" },
        { "fr", "1 mars 2026, 05:07 UTC" },       { "ja", "2026年3月1日 05:07 UTC" },
        { "pt", "1 de mar. de 2026, 05:07 UTC" }, { "zh", "2026年3月1日 05:07 UTC" },
    };
    for (size_t i = 0; i < COUNT(dates); i++)
        CHECK_TEXT(render_in(dates[i][0], "mails/x.txt", "{{date at}}", v), dates[i][1]);
    CHECK_TEXT(render("mails/x.txt", "{{date odd}}", v), "2026-03-01T05:07:01+02:00");
    close_all();
}

static void put_catalogue(const char *tag, const char *texts)
{
    const char *folder = text_format(test_arena(), "%s/locales", test_folder());
    (void)mkdir(folder, 0700);
    FILE *file = fopen(text_format(test_arena(), "%s/%s.json", folder, tag), "w");
    REQUIRE(file);
    (void)fputs(texts, file);
    (void)fclose(file);
}

TEST(template_numbers_bend_their_words)
{
    static const struct {
        const char *tag, *text, *n, *want;
    } cases[] = {
        { "en", "{n|# hour|# hours}!", "1", "1 hour!" },
        { "en", "{n|# hour|# hours}!", "24", "24 hours!" },
        { "en", "{n|an hour|# hours}", "1", "an hour" },
        { "en", "{n|#-#|}", "1", "1-1" },
        { "en", "[{n|a|}]", "2", "[]" },
        { "en", "{n|only}", "2", "only" },
        { "en", "{none|# hour|# hours}", "1", " hours" },
        { "en", "{n|# <b>|# <i>}", "2", "2 &lt;i&gt;" },
        { "en", "{n|a|{n}} {n|open", "1", "{n|a|1} {n|open" },
        { "ar", "{n|0|1|2|3|4|5}", "7", "3" },
        { "ja", "{n|#時間}", "1", "1時間" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *texts = text_format(test_arena(), "{\"my.text\":\"%s\"}", cases[i].text);
        put_catalogue(cases[i].tag, texts);
        CHECK_OK(locale_open(test_folder()));
        struct vars *v = vars_new(test_arena());
        vars_text(v, "n", cases[i].n);
        CHECK_TEXT(render_in(cases[i].tag, "pages/x.html", "{{t my.text}}", v), cases[i].want);
        locale_close();
    }
}

TEST(template_values_are_replaced_and_scoped)
{
    struct vars *v = vars_new(test_arena());
    vars_text(v, "x", "1");
    vars_text(v, "x", "2");
    CHECK_TEXT(vars_get(v, "x"), "2");
    vars_flag(v, "x", true);
    CHECK_TEXT(vars_get(v, "x"), NULL);
    struct vars *item = vars_item(v, "x");
    vars_text(v, "outer", "o");
    CHECK_TEXT(vars_get(item, "outer"), "o");
    vars_text(item, "outer", NULL);
    CHECK_TEXT(vars_get(item, "outer"), NULL);
    CHECK_TEXT(vars_get(v, "inner"), NULL);
    vars_text(v, "x", "3");
    CHECK_TEXT(vars_get(v, "x"), "3");
}

static void put_file(const char *folder, const char *name, const char *content)
{
    FILE *file = fopen(text_format(test_arena(), "%s/%s", folder, name), "w");
    REQUIRE(file);
    (void)fputs(content, file);
    (void)fclose(file);
}

TEST(template_folder_overrides_embedded_ones)
{
    const char *folder = test_folder();
    struct buf out;
    buf_init(&out, test_arena(), 4096);
    REQUIRE(mkdir(text_format(test_arena(), "%s/pages", folder), 0700) == 0);
    put_file(folder, "pages/login.html", "mine {{> part}}");
    put_file(folder, "pages/part.html", "{{name}}");
    put_file(folder, "pages/.login.html.swp", "{{");
    CHECK_OK(locale_open(NULL));
    CHECK_OK(template_open(folder));
    CHECK(template_exists("pages/part.html") && template_exists("mails/verify_email.txt"));
    CHECK_OK(template_render("pages/login.html", locale_find("en"), some(), &out));
    CHECK_TEXT(out.p, "mine Ann");
    CHECK_ERR(template_render("pages/none.html", locale_find("en"), some(), &out), E_NOT_FOUND);
    static const char *const bad[] = { "{{> none}}", "{{> part}}", "{{#a}}", "<p" };
    for (size_t i = 0; i < COUNT(bad); i++) {
        put_file(folder, "pages/part.html", bad[i]);
        CHECK_ERR(template_open(folder), E_INVALID);
        CHECK(!template_exists("pages/login.html"));
    }
    locale_close();
}

TEST(template_that_does_not_fit_is_a_fault)
{
    struct buf out;
    buf_init(&out, test_arena(), 100);
    open_all();
    CHECK_ERR(template_render("pages/login.html", locale_find("en"), some(), &out), E_FAULT);
    close_all();
}
