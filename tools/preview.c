/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Renders every page and mail with sample values into files, so that people and a browser can look
 * at them without a running server: `tools/preview` builds and runs it. Values are hostile here and
 * there on purpose: long names, markup, right-to-left text.
 *
 *     preview <ui folder or ""> <output folder> <language> [empty|error]
 */
#include "base/asset.h"
#include "base/log.h"
#include "base/text.h"
#include "service/template_parse.h"

#include <stdio.h>
#include <string.h>

static const char *mode = "";

static void add_languages(struct vars *v, const char *tag)
{
    for (size_t i = 0; i < locale_count(); i++) {
        struct vars *item = vars_item(v, "locales");
        vars_text(item, "tag", locale_tag(locale_nth(i)));
        vars_text(item, "name", locale_name(locale_nth(i)));
        vars_flag(item, "current", text_equal(locale_tag(locale_nth(i)), tag));
    }
}

static void add_sessions(struct vars *v)
{
    static const char *const devices[][2] = {
        { "Firefox · Linux", "192.0.2.18" },
        { "Safari · iPhone", "2001:db8:4c1f:9a00:1834:5f2b:cafe:1" },
        { "<b>curl</b> & \"friends\"", "203.0.113.250" },
    };
    for (size_t i = 0; i < COUNT(devices); i++) {
        struct vars *item = vars_item(v, "sessions");
        vars_text(item, "id", "ses_01jd8x0000000000000000000");
        vars_text(item, "device", devices[i][0]);
        vars_text(item, "ip", devices[i][1]);
        vars_text(item, "user_agent", "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Firefox/132.0");
        vars_text(item, "created_at", "2026-11-03T09:12:44.120Z");
        vars_text(item, "last_seen_at", "2026-11-21T05:03:01.123Z");
        vars_flag(item, "current", i == 0);
    }
    vars_flag(v, "has_others", true);
}

static void add_mails(struct vars *v)
{
    static const char *const kinds[] = { "verify_email", "reset_password", "password_changed" };
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct vars *item = vars_item(v, "mails");
        vars_text(item, "id", "mai_01jd8x0000000000000000000");
        vars_text(item, "to", "ann.example@example.org");
        vars_text(item, "subject", "Confirm your address for Cardea");
        vars_text(item, "kind", kinds[i]);
        vars_text(item, "created_at", "2026-11-21T05:03:01.123Z");
    }
}

static void add_fields(struct vars *route)
{
    struct vars *field = vars_item(route, "fields");
    vars_text(field, "name", "email");
    vars_text(field, "type", "e-mail address");
    vars_flag(field, "required", true);
    vars_text(field, "limits", "3 to 254 bytes");
    field = vars_item(route, "fields");
    vars_text(field, "name", "current_password");
    vars_text(field, "type", "text");
    vars_text(field, "limits", "1 to 1024 bytes");
    vars_text(field, "help", "taken exactly as typed");
}

static void add_route(struct vars *group, const char *method, const char *path)
{
    struct vars *route = vars_item(group, "routes");
    vars_text(route, "method", method);
    vars_text(route, "path", path);
    vars_text(route, "help", "Signs in with address and password and answers tokens.");
    vars_text(route, "access", "anybody");
    vars_text(route, "limits", "5 a minute per IP, 5 a minute per account");
    if (text_equal(method, "POST"))
        add_fields(route);
    struct vars *answer = vars_item(route, "answers");
    vars_text(answer, "status", "200");
    vars_text(answer, "what", "tokens and the user");
    answer = vars_item(route, "answers");
    vars_text(answer, "status", "401");
    vars_text(answer, "what", "invalid_credentials");
}

static void add_reference(struct vars *v)
{
    static const char *const codes[] = { "bad_request", "unknown_field", "rate_limited" };
    for (size_t i = 0; i < COUNT(codes); i++) {
        struct vars *problem = vars_item(v, "problems");
        vars_text(problem, "code", codes[i]);
        vars_text(problem, "status", "400");
        vars_text(problem, "what", "We did not understand that");
    }
    static const char *const names[] = { "Sign-in", "Account" };
    for (size_t i = 0; i < COUNT(names); i++) {
        struct vars *group = vars_item(v, "groups");
        vars_text(group, "name", names[i]);
        vars_text(group, "id", i ? "group-1" : "group-0");
        add_route(group, "POST", i ? "/v1/account/email" : "/v1/auth/login");
        add_route(group, "GET", i ? "/v1/account/profile" : "/v1/auth/me");
        add_route(group, "DELETE", i ? "/v1/account/sessions/{id}" : "/v1/auth/passkeys/{id}");
    }
}

static void add_texts(struct vars *v)
{
    static const char *const texts[][2] = {
        { "service_name", "Cardea" },
        { "support_address", "help@example.org" },
        { "csrf", "c5rf" },
        { "path", "/login" },
        { "email", "ann.example@example.org" },
        { "value_email", "ann.example@example.org" },
        { "name", "Ann" },
        { "requested_at", "2026-11-21T05:03:01.123Z" },
        { "requested_ip", "192.0.2.18" },
        { "requested_agent", "Firefox · Linux" },
        { "signed_in_at", "2026-11-21T05:03:01.123Z" },
        { "at", "2026-11-21T05:03:01.123Z" },
        { "ip", "192.0.2.18" },
        { "agent", "Firefox · Linux" },
        { "hours", "24" },
        { "password_min", "12" },
        { "minutes", "30" },
        { "link", "https://login.example.org/verify-email?token=ver_01jd8x0000000000000000000ab"
                  "cdefghijklmnopqrstuvwxyz0123456789" },
        { "login_link", "https://login.example.org/login" },
        { "reset_link", "https://login.example.org/forgot-password" },
        { "again_path", "/forgot-password" },
        { "kind", "reset" },
        { "session_count", "3" },
        { "last_sign_in_at", "2026-11-20T18:40:00.000Z" },
        { "password_changed_at", "2026-10-02T10:00:00.000Z" },
        { "created_at", "2025-12-24T18:00:00.000Z" },
        { "status", "404" },
        { "request_id", "req_01jd8x0000000000000000000" },
        { "id", "mai_01jd8x0000000000000000000" },
        { "to", "ann.example@example.org" },
        { "subject", "Confirm your address for Cardea" },
    };
    for (size_t i = 0; i < COUNT(texts); i++)
        vars_text(v, texts[i][0], texts[i][1]);
}

/* --- what a page asks for and nobody above has set, by its name --- */

static const struct mem *source_of(struct arena *arena, const char *folder, const char *name)
{
    const char *path = text_format(arena, "ui/%s/%s.html", folder, name);
    for (size_t i = 0; i < asset_count; i++)
        if (text_equal(asset_list[i].path, path))
            return &asset_list[i].plain;
    return NULL;
}

static const char *guess(const char *name)
{
    static const struct {
        const char *ending, *value;
    } guesses[] = {
        { "_at", "2026-11-21T05:03:01.123Z" },
        { "day", "2026-11-21" },
        { "until", "2026-12-21T05:03:01.123Z" },
        { "email", "ann.example@example.org" },
        { "address", "ann.example@example.org" },
        { "ip", "2001:db8:4c1f:9a00:1834:5f2b:cafe:1" },
        { "device", "Safari · iPhone" },
        { "agent", "Safari · iPhone" },
        { "_svg",
          "<svg viewBox=\"0 0 9 9\"><path d=\"M1 1h3v3h-3zM5 1h3v3h-3zM1 5h3v3h-3zM6 6h1v1h-1z\"/>"
          "</svg>" },
        { "code_first", "482" },
        { "code_last", "915" },
        { "secret_groups", "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP" },
        { "code", "7h2kq-9fmzt-4vb8x-n3wpr-c6jde" },
        { "left", "3" },
        { "unread", "2" },
        { "count", "3" },
        { "days", "30" },
        { "hours", "24" },
        { "minutes", "10" },
        { "seconds", "45" },
        { "link", "https://login.example.org/x?token=ver_01jd8x0000000000000000000abcdef" },
        { "path", "/settings" },
        { "id", "usr_01jd8x0000000000000000000" },
    };
    for (size_t i = 0; i < COUNT(guesses); i++)
        if (text_ends(name, guesses[i].ending))
            return guesses[i].value;
    return NULL;
}

static void set_guess(struct arena *arena, struct vars *v, const char *name, bool section)
{
    static const char *const begins[] = { "is_", "has_", "can_" };
    if (section && text_ends(name, "s") && !guess(name)) {
        for (size_t i = 0; i < 3; i++)
            vars_text(vars_item(v, name), "text", "Sign-in from a new device");
        return;
    }
    for (size_t i = 0; i < COUNT(begins); i++)
        if (section && text_starts(name, begins[i])) {
            vars_flag(v, name, true);
            return;
        }
    char *words = text_copy(arena, mem_text(name));
    for (char *p = words; *p; p++)
        *p = *p == '_' ? ' ' : *p;
    vars_text(v, name, guess(name) ? guess(name) : words);
}

static void set_error(struct vars *v, const struct locale *locale, const char *name)
{
    static const char *const errors[][2] = {
        { "error_email", "error.email_invalid" },
        { "error_password", "error.password_too_weak" },
        { "error_current_password", "error.password_wrong" },
        { "error_code", "error.code_wrong" },
    };
    const char *key = "error.field_required";
    for (size_t i = 0; i < COUNT(errors); i++)
        if (text_equal(errors[i][0], name))
            key = errors[i][1];
    if (text_equal(mode, "error"))
        vars_text(v, name, locale_text(locale, key));
}

static bool is_set_elsewhere(const char *name)
{
    static const char *const names[] = { "error",       "notice",         "token", "account",
                                         "development", "tried_password", "else" };
    for (size_t i = 0; i < COUNT(names); i++)
        if (text_equal(names[i], name))
            return true;
    return text_starts(name, "account_") || text_starts(name, "value_");
}

static size_t name_length(const char *p)
{
    return strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789_");
}

/* The placeholders of a text. */
static void guess_in_text(struct arena *arena, struct vars *v, const char *text)
{
    while ((text = strchr(text, '{'))) {
        size_t n = name_length(++text);
        char *name = text_copy(arena, MEM(text, n));
        if (n && !is_set_elsewhere(name) && !vars_find(v, name, n))
            set_guess(arena, v, name, false);
    }
}

struct guessing {
    struct arena *arena;
    struct vars *vars;
    const struct locale *locale;
    const char *folder;
};

static void guess_all(const struct guessing *g, const char *page);

/* p is behind the braces of a tag. */
static void guess_tag(const struct guessing *g, const char *p)
{
    char kind = *p;
    p += strspn(p, "#^/>! {");
    char *name = text_copy(g->arena, MEM(p, name_length(p)));
    const char *behind = p + strlen(name);
    bool date = text_equal(name, "date") && *behind == ' ';
    if (text_equal(name, "t") && *behind == ' ')
        guess_in_text(
            g->arena, g->vars,
            locale_text(g->locale, text_copy(g->arena, MEM(p + 2, strcspn(p + 2, " }")))));
    if (date)
        name = text_copy(g->arena, MEM(p + 5, name_length(p + 5)));
    if (kind == '>' && !text_starts(name, "layout_") && !text_equal(name, "problems"))
        guess_all(g, name);
    if (strchr(">!/", kind) || !*name || (!date && *behind != '}') || is_set_elsewhere(name))
        return;
    if (text_starts(name, "error_"))
        set_error(g->vars, g->locale, name);
    else if (!vars_find(g->vars, name, strlen(name)))
        set_guess(g->arena, g->vars, name, kind == '#' || kind == '^');
}

/* Every tag of the page and of its parts; layouts are filled above. */
static void guess_all(const struct guessing *g, const char *page)
{
    const struct mem *source = source_of(g->arena, g->folder, page);
    const char *p = source ? source->p : "", *end = p + (source ? source->n : 0);
    while ((p = memmem(p, (size_t)(end - p), "{{", 2))) {
        p += 2;
        guess_tag(g, p);
    }
}

static bool contains(const struct mem *source, const char *text)
{
    return source && memmem(source->p, source->n, text, strlen(text));
}

/* Parts and mails have none. */
static const char *title(struct arena *arena, const struct locale *locale, const char *page,
                         const struct vars *v)
{
    const char *key = text_format(arena, "%s.title", page);
    bool has_title = !text_equal(locale_text(locale, key), key);
    return has_title ? template_format(arena, locale, key, v) : page;
}

static struct vars *sample(struct arena *arena, const struct locale *locale, const char *folder,
                           const char *page)
{
    struct vars *v = vars_new(arena);
    add_texts(v);
    vars_text(
        v, "text",
        !text_equal(page, "dev_mail_show")
            ? "Sign-in from a new device"
            : "Hello,\n\nthis is a mail.\n\n  https://login.example.org/verify-email?token=x\n");
    vars_text(v, "lang", locale_tag(locale));
    vars_text(v, "dir", locale_is_rtl(locale) || getenv("PREVIEW_RTL") ? "rtl" : "ltr");
    vars_text(v, "headline", locale_text(locale, "error.not_found.title"));
    vars_text(v, "detail", locale_text(locale, "error.not_found"));
    add_languages(v, locale_tag(locale));
    if (text_equal(mode, "error")) {
        vars_text(v, "error", locale_text(locale, "error.fields_invalid"));
        vars_text(v, "value_email", "ann@example");
        vars_flag(v, "development", true);
    }
    const struct mem *source = source_of(arena, folder, page);
    if (contains(source, "name=\"token\"")) /* a link's page: no choice of languages */
        vars_text(v, "token", "ver_01jd8x0000000000000000000abcdef");
    if (contains(source, "{{t nav.account}}") || contains(source, "{{> tabs}}")) {
        vars_flag(v, "account", true);
        vars_text(v, "account_name", "Ann Example");
        vars_text(v, "account_email", "ann.example@example.org");
        vars_text(v, "value_name", "Ann Example");
    }
    vars_flag(v, "email_verified", !*mode);
    if (text_equal(mode, "error") && text_equal(page, "settings")) {
        vars_text(v, "error", NULL);
        vars_text(v, "notice", locale_text(locale, "notice.saved"));
    }
    if (!text_equal(mode, "empty")) {
        add_sessions(v);
        add_mails(v);
        add_reference(v);
        guess_all(&(struct guessing){ arena, v, locale, folder }, page);
    }
    vars_text(v, "title", title(arena, locale, page, v));
    return v;
}

static int write_one(struct arena *arena, const char *name, const struct locale *locale,
                     const char *folder)
{
    const char *page = strrchr(name, '/') + 1;
    page = text_copy(arena, MEM(page, strcspn(page, ".")));
    struct buf out;
    buf_init(&out, arena, 1 << 20);
    if (template_render(
            name, locale,
            sample(arena, locale, text_starts(name, "mails/") ? "mails" : "pages", page),
            &out) != OK)
        return 1;
    const char *path = text_format(arena, "%s/%s-%s%s%s", folder, name, locale_tag(locale),
                                   *mode ? "-" : "", mode);
    path = text_format(arena, "%s.%s", path, text_ends(name, ".txt") ? "txt" : "html");
    FILE *file = fopen(path, "wbe");
    if (!file || fwrite(out.p, 1, out.n, file) != out.n || fclose(file) != 0) {
        perror(path);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    int failed = 0;
    struct arena arena;
    if (argc < 4)
        return 2;
    mode = argc > 4 ? argv[4] : "";
    log_set_level("error");
    if (locale_open(argv[1]) != OK || template_open(argv[1]) != OK)
        return 1;
    const struct locale *locale = locale_choose(argv[3], NULL, "en");
    arena_init(&arena, 64 << 20);
    for (size_t i = 0; i < asset_count; i++) {
        const char *path = asset_list[i].path;
        if (text_starts(path, "ui/") && template_exists(path + 3))
            failed |= write_one(&arena, path + 3, locale, argv[2]);
        arena_reset(&arena);
    }
    arena_done(&arena);
    template_close();
    locale_close();
    return failed;
}
