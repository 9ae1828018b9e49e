/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Password rules: length in code points, nothing that names the account, nothing common, and a time
 * that the longest password cannot stretch.
 */
#include "account/password_rule.h"

#include "account/password_pattern.h"

#include "../test.h"
#include "base/clock.h"
#include "service/setting.h"

#include <string.h>
#include <time.h>

static enum password_judgement judge(const char *password)
{
    return password_judge(test_arena(), password, "ann.walnut@example.org", "Ann Walnut");
}

static void begin(const char *least)
{
    CHECK_OK(setting_override(SETTING_PASSWORD_MIN_LENGTH, least));
    CHECK_OK(setting_override(SETTING_SERVICE_NAME, "Cardea"));
}

TEST(PW_01_length_is_counted_in_code_points_and_capped_in_bytes)
{
    static char longest[1026];
    begin("15");
    CHECK_NUM(judge("qz7 mfw2 xk1 v"), PASSWORD_IS_SHORT);
    CHECK_NUM(judge("qz7 mfw2 xk1 vb"), PASSWORD_IS_GOOD);
    CHECK_NUM(judge("😀😁😂🤣😃😄😅😆😉😊😋😎😍😘"), PASSWORD_IS_SHORT);
    for (size_t i = 0; i < 1025; i++)
        longest[i] = "qz7 mfw2 xk1 vb"[i % 15];
    CHECK_NUM(judge(longest), PASSWORD_IS_LONG);
    longest[1024] = 0;
    CHECK_NUM(judge(longest), PASSWORD_IS_GOOD);
}

TEST(PW_04_names_and_common_passwords_are_refused)
{
    begin("8");
    CHECK_NUM(judge("ann.walnut@example.org"), PASSWORD_IS_COMMON);
    CHECK_NUM(judge("ANN.WALNUT"), PASSWORD_IS_COMMON);
    CHECK_NUM(judge("Ann Walnut"), PASSWORD_IS_COMMON);
    CHECK_NUM(judge("password"), PASSWORD_IS_COMMON);
    CHECK_NUM(judge("aaaaaaaaaaaa"), PASSWORD_IS_WEAK);
    CHECK_NUM(judge("password1"), PASSWORD_IS_COMMON);
    CHECK_NUM(judge("a brand new walnut desk"), PASSWORD_IS_GOOD);
}

TEST(PW_04_patterns_that_the_estimate_takes_for_good_are_refused)
{
    static const char *const made_up[] = {
        "1q2w3e4r5t6y",       "1qaz2wsx3edc4rfv", "Zaq12wsxcde3",     "iloveyou1234",
        "Welcome2024!",       "qwertyuiop123",    "passwordpassword", "P@ssw0rd12345",
        "AdminPassword2023",  "letmein-123456",   "sunshine_1999",    "correcthorsebatterystaple",
        "MonkeyMonkeyMonkey", "ichliebedich123",  "thisisapassword",  "FOOTBALLSUPERMAN1",
    };
    static const char *const own[] = { "a brand new walnut desk", "passwords are no fun at all",
                                       "kqvxmzplrtcwnbyh", "summer rain in 1987 ended", "" };
    begin("12");
    for (size_t i = 0; i < COUNT(made_up); i++) {
        enum password_judgement judgement = judge(made_up[i]);
        if (judgement != PASSWORD_IS_COMMON && judgement != PASSWORD_IS_WEAK)
            test_fail(__FILE__, __LINE__, "%s is accepted", made_up[i]);
    }
    CHECK(password_is_pattern(test_arena(), "1q2w3e4r5t6y"));
    CHECK(password_is_pattern(test_arena(), "Welcome-2024!"));
    for (size_t i = 0; i < COUNT(own); i++)
        CHECK(!password_is_pattern(test_arena(), own[i]));
}

TEST(PW_04_a_verdict_says_why)
{
    static const struct {
        const char *password, *reason;
    } cases[] = {
        { "ann.walnut@example.org", "email" },
        { "ANN.WALNUT", "email" },
        { "ann walnut", "name" },
        { "(the service)", "service" },
        { "password", "common" },
        { "aaaaaaaaaaaa", "repeat" },
        { "abcdefghijkl", "sequence" },
        { "12.12.1987", "date" },
        { "ann.walnut1", "personal" },
        { "a brand new walnut desk", NULL },
        { "short", NULL },
    };
    begin("8");
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_OK(setting_override(SETTING_SERVICE_NAME, i == 3 ? "Cardea house" : "Cardea"));
        struct password_verdict verdict =
            password_weigh(test_arena(), i == 3 ? "cardea HOUSE" : cases[i].password,
                           "ann.walnut@example.org", "Ann Walnut");
        test_check_text(__FILE__, __LINE__, cases[i].password, verdict.reason, cases[i].reason);
        CHECK_NUM(verdict.judgement == PASSWORD_IS_GOOD, verdict.score >= PASSWORD_SCORE_GOOD);
    }
}

/* By this thread. */
static int64_t spent_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1'000'000'000) + t.tv_nsec;
}

/* The estimate must not be a way to keep a thread busy. */
TEST(DOS_01_no_password_takes_long_to_judge)
{
    static const char *const pieces[] = { "a",  "ab",         "password",  "12",     "32",
                                          "01", "1234567890", "p4ssw0rd!", "qwertz", "sa" };
    static char text[1025];
    begin("15");
    for (size_t p = 0; p < COUNT(pieces); p++) {
        size_t n = strlen(pieces[p]);
        for (size_t i = 0; i < 1024; i++)
            text[i] = pieces[p][i % n];
        int64_t before = spent_ns();
        judge(text);
        int64_t ms = (spent_ns() - before) / 1'000'000;
        if (ms > 300)
            test_fail(__FILE__, __LINE__, "%s...: %lld ms", pieces[p], (long long)ms);
    }
}

/* No more than thirty-two digits in a row are looked at; those may be enough. */
TEST(DOS_01_what_is_left_out_makes_nothing_stronger_or_weaker)
{
    begin("15");
    CHECK_NUM(judge("121212121212121212121212121212121212121212121212"), PASSWORD_IS_WEAK);
    CHECK_NUM(judge("58201947362094817365582019473620948173655820194736"), PASSWORD_IS_GOOD);
    CHECK_NUM(judge("121212121212121212121212121212121212121212 walnut desk 7 quiet"),
              PASSWORD_IS_GOOD);
    CHECK_NUM(judge("a quiet walnut desk by the open window, and a lamp"), PASSWORD_IS_GOOD);
}
