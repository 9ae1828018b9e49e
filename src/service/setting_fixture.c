/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of the test fixture, `cardea serve --dev --ephemeral`. What would let it touch
 * anything outside its own memory is pinned, whatever the environment of a build machine says:
 * there DATABASE_URL or SMTP_HOST often belong to the product under test. Its key is known to
 * everybody, so nothing else accepts that key, and the fixture serves loopback addresses only.
 */
#include "service/setting_parts.h"

#include "base/log.h"
#include "base/text.h"

#include <string.h>

/* "Cardea test fixture: no secret!!" */
#define FIXTURE_KEY "Q2FyZGVhIHRlc3QgZml4dHVyZTogbm8gc2VjcmV0ISE="

static bool is_ephemeral;

void setting_set_ephemeral(bool wanted)
{
    is_ephemeral = wanted;
}

bool setting_is_ephemeral(void)
{
    return is_ephemeral;
}

static const struct pin {
    enum setting setting;
    const char *text;
    bool is_default; /* only when nobody asks for something else */
} pins[] = {
    { SETTING_DATABASE_URL, "sqlite::memory:", false },
    { SETTING_ENCRYPTION_KEYS, "fixture:" FIXTURE_KEY, false },
    { SETTING_KEY_FILE, "", false },
    { SETTING_MAIL_DIR, "", false },
    { SETTING_SMTP_HOST, "", false },
    { SETTING_SMTP_USER, "", false },
    { SETTING_SMTP_PASS, "", false },
    { SETTING_RATE_LIMITS, "off", true },
    { SETTING_CAPTCHA, "off", true },
    { SETTING_PASSWORD_HASH, "m=64,t=1,p=1", true },
};

void setting_pin_fixture(struct setting_given *given)
{
    for (size_t i = 0; i < COUNT(pins); i++) {
        struct setting_given *g = &given[pins[i].setting];
        bool is_given = g->source != SETTING_FROM_DEFAULT;
        if (is_given && pins[i].is_default)
            continue;
        if (is_given)
            LOG(LOG_WARN, "setting.passed_over",
                LOG_TEXT("name", setting_specs[pins[i].setting].name),
                LOG_TEXT("why", "a test fixture touches nothing outside its own memory"));
        *g = (struct setting_given){ pins[i].text, SETTING_FROM_DEFAULT, "test fixture" };
    }
}

void setting_check_fixture(const struct setting_value *values, struct setting_problems *problems)
{
    if (is_ephemeral && !values[SETTING_PUBLIC_URL].is_loopback)
        setting_problem(problems, "PUBLIC_URL: a test fixture is served at a loopback address "
                                  "only: its keys are known to everybody");
    if (!is_ephemeral && strstr(values[SETTING_ENCRYPTION_KEYS].text, FIXTURE_KEY))
        setting_problem(problems, "ENCRYPTION_KEYS: this is the key of the test fixture, which "
                                  "everybody knows");
}
