/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plural forms by language and number.
 */
#include "service/plural.h"

#include "test.h"

TEST(plural_forms_follow_the_language)
{
    static const struct {
        const char *tag, *digits;
        size_t want;
    } cases[] = {
        { "en", "0", 1 },       { "en", "1", 0 },
        { "en", "2", 1 },       { "en", "11", 1 },
        { "en-GB", "1", 0 },    { "de", "1", 0 },
        { "de", "01", 1 },      { "fr", "0", 0 },
        { "fr", "1", 0 },       { "fr-CA", "2", 1 },
        { "pt-BR", "0", 0 },    { "es", "0", 1 },
        { "ja", "1", 0 },       { "zh-Hans", "7", 0 },
        { "ar", "0", 0 },       { "ar", "1", 1 },
        { "ar", "2", 2 },       { "ar", "3", 3 },
        { "ar", "10", 3 },      { "ar", "11", 4 },
        { "ar", "99", 4 },      { "ar", "100", 5 },
        { "ar", "102", 5 },     { "ar", "103", 3 },
        { "ar-EG", "24", 4 },   { "ar", "30", 4 },
        { "ar", "1000000", 5 }, { "ar", "", 5 },
        { "en", "many", 1 },    { "en", "-1", 1 },
        { "ja", "", 0 },        { "xx", "1", 0 },
        { "", "1", 0 },         { "en", "99999999999999999999999999", 1 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t form = plural_form(cases[i].tag, cases[i].digits);
        if (form != cases[i].want)
            test_fail(__FILE__, __LINE__, "%s %s: form %zu, not %zu", cases[i].tag, cases[i].digits,
                      form, cases[i].want);
        CHECK(form < plural_forms(cases[i].tag));
    }
}
