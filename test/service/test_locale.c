/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Catalogues: choice of a language, fallbacks, overrides.
 */
#include "service/locale.h"

#include "test.h"

#include <stdio.h>
#include <sys/stat.h>

static const char *choose(const char *tag, const char *accept, const char *fallback)
{
    return locale_tag(locale_choose(tag, accept, fallback));
}

TEST(locale_is_chosen_by_tag_then_header_then_fallback)
{
    static const struct {
        const char *tag, *accept, *fallback, *want;
    } cases[] = {
        { "de", "en", "en", "de" },
        { "de-AT", NULL, "en", "de" },
        { "DE", NULL, "en", "de" },
        { "xx", "de", "en", "de" },
        { NULL, "de-CH-1901, en;q=0.9", "en", "de" },
        { NULL, "en;q=0.8, de;q=0.9", "en", "de" },
        { NULL, "de;q=0, en", "de", "en" },
        { NULL, "de;q=0", "en", "en" },
        { NULL, "nl, de;q=0.1", "en", "de" },
        { NULL, "fr-CA,fr;q=0.9,en;q=0.8", "en", "fr" },
        { NULL, "es-419,es;q=0.9", "en", "es" },
        { NULL, "pt-PT", "en", "pt" },
        { NULL, "pt-BR,pt;q=0.9", "en", "pt" },
        { NULL, "zh-CN,zh;q=0.9,en;q=0.8", "en", "zh" },
        { NULL, "zh-Hans-CN", "en", "zh" },
        { NULL, "zh-Hant-TW, en;q=0.5", "en", "zh" },
        { NULL, "ja-JP", "en", "ja" },
        { NULL, "ar-EG-u-nu-arab", "en", "ar" },
        { NULL, "ar;q=0.4, ja;q=0.7, en;q=0.5", "en", "ja" },
        { "pt-BR", "ja", "en", "pt" },
        { "zh_CN", "ja", "en", "ja" },
        { NULL, "en,de", "de", "en" },
        { NULL, "*", "de", "de" },
        { NULL, " de\t; q=1.000 ", "en", "de" },
        { NULL, "de;q=1.001", "en", "en" },
        { NULL, "de;q=2", "en", "en" },
        { NULL, "de;q=", "en", "en" },
        { NULL, "de;x=1", "en", "en" },
        { NULL, ",,;q=1,de", "en", "de" },
        { NULL, "", "de", "de" },
        { NULL, NULL, "xx", "en" },
        { NULL, NULL, NULL, "en" },
        { "", "", "", "en" },
        { "../../etc/passwd", "de/../x", "en", "en" },
        { "ddddddddddddddddddddddddddddddddddddddddddddddddddddddd", NULL, "de", "de" },
    };
    REQUIRE(locale_open(NULL) == OK);
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_TEXT(choose(cases[i].tag, cases[i].accept, cases[i].fallback), cases[i].want);
    locale_close();
}

/* A header of 33 and more elements is read to a bound. */
TEST(DOS_04_accept_language_is_bounded)
{
    REQUIRE(locale_open(NULL) == OK);
    char header[4096];
    size_t n = 0;
    for (int i = 0; i < 32; i++)
        n += (size_t)snprintf(header + n, sizeof header - n, "nl,");
    (void)snprintf(header + n, sizeof header - n, "de");
    CHECK_TEXT(choose(NULL, header, "en"), "en");
    locale_close();
}

static void put_catalogue(const char *name, const char *content)
{
    const char *folder = text_format(test_arena(), "%s/locales", test_folder());
    (void)mkdir(folder, 0700);
    FILE *file = fopen(text_format(test_arena(), "%s/%s", folder, name), "w");
    REQUIRE(file);
    (void)fputs(content, file);
    (void)fclose(file);
}

/* What every page's menu offers, each by its own name, and only Arabic from right to left. */
TEST(locale_speaks_eight_languages)
{
    static const char *const languages[][2] = {
        { "ar", "العربية" },  { "de", "Deutsch" }, { "en", "English" },   { "es", "Español" },
        { "fr", "Français" }, { "ja", "日本語" },  { "pt", "Português" }, { "zh", "简体中文" },
    };
    REQUIRE(locale_open(NULL) == OK);
    CHECK_NUM(locale_count(), COUNT(languages));
    for (size_t i = 0; i < COUNT(languages); i++) {
        const struct locale *locale = locale_find(languages[i][0]);
        REQUIRE(locale);
        CHECK_TEXT(locale_name(locale), languages[i][1]);
        CHECK_TEXT(locale_text(locale, "language.tag"), languages[i][0]);
        CHECK_NUM(locale_is_rtl(locale), text_equal(languages[i][0], "ar"));
    }
    locale_close();
}

TEST(locale_folder_overrides_key_by_key_and_adds_languages)
{
    put_catalogue("de.json", "{\"login.heading\":\"Servus\",\"my.key\":\"Meins\"}");
    put_catalogue("he.json", "{\"language.name\":\"עברית\",\"language.direction\":\"rtl\"}");
    REQUIRE(locale_open(NULL) == OK);
    size_t own = locale_count();
    REQUIRE(locale_open(test_folder()) == OK);
    const struct locale *de = locale_find("de"), *he = locale_find("he-IL");
    REQUIRE(de && he);
    CHECK_TEXT(locale_text(de, "login.heading"), "Servus");
    CHECK_TEXT(locale_text(de, "my.key"), "Meins");
    CHECK_TEXT(locale_text(de, "field.password"), "Passwort");
    CHECK_TEXT(locale_text(he, "login.heading"), "Sign in");
    CHECK_TEXT(locale_text(he, "no.key"), "no.key");
    CHECK_TEXT(locale_name(he), "עברית");
    CHECK(locale_is_rtl(he) && !locale_is_rtl(de));
    CHECK_NUM(locale_count(), own + 1);
    CHECK(locale_nth(own + 1) == NULL);
    locale_close();
    CHECK_NUM(locale_count(), 0);
}

TEST(locale_refuses_broken_catalogues)
{
    static const char *const cases[][2] = {
        { "de.json", "{\"a\":1}" }, { "de.json", "[]" }, { "de.json", "{\"a\":\"x\",\"a\":\"y\"}" },
        { "de.json", "{" },         { "d.json", "{}" },  { "de_DE.json", "{}" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        put_catalogue("de.json", "{}");
        put_catalogue(cases[i][0], cases[i][1]);
        CHECK_ERR(locale_open(test_folder()), E_INVALID);
        CHECK_NUM(locale_count(), 0);
    }
}
