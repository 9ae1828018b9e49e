/* SPDX-License-Identifier: Apache-2.0 */
#include "account/level.h"

#include "test.h"

TEST(a_level_rises_with_a_second_kind_only)
{
    static const struct {
        const char *amr, *method, *all, *level;
    } cases[] = {
        { "", "pwd", "pwd", "aal1" },
        { "pwd", "pwd", "pwd", "aal1" },
        { "pwd", "email", "pwd email", "aal1" }, /* MFA-08: a mailbox is no second factor */
        { "email", "pwd", "email pwd", "aal1" },
        { "pwd", "otp", "pwd otp mfa", "aal2" },
        { "email", "otp", "email otp mfa", "aal2" },
        { "email", "swk", "email swk mfa", "aal2" },
        { "otp", "hwk", "otp hwk", "aal1" }, /* two things held */
        { "swk mfa", "pwd", "swk mfa pwd", "aal2" },
        { "pwd otp mfa", "otp", "pwd otp mfa", "aal2" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *all = level_add(test_arena(), cases[i].amr, cases[i].method);
        CHECK_TEXT(all, cases[i].all);
        CHECK_TEXT(level_name(all), cases[i].level);
    }
}

TEST(a_method_is_a_whole_word)
{
    CHECK(level_has("pwd otp", "otp") && level_has("otp", "otp"));
    CHECK(!level_has("pwd totp", "otp") && !level_has("pwdotp", "pwd") && !level_has("", "pwd"));
    CHECK(!level_is_mfa("mfas") && level_is_mfa("swk mfa"));
}
