/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which settings make no sense together, though each is right by itself (setting_check.c): half of
 * a pair, two captcha providers, a protection that is off where strangers come. Said at start and
 * at SIGHUP, with all other problems at once.
 */
#include "base/clock.h"
#include "base/text.h"
#include "service/setting_parts.h"

#include <string.h>

static const struct {
    enum setting a, b;
} pairs[] = {
    { SETTING_TLS_CERT_FILE, SETTING_TLS_KEY_FILE },
    { SETTING_ADMIN_EMAIL, SETTING_ADMIN_PASSWORD },
    { SETTING_SMTP_USER, SETTING_SMTP_PASS },
    { SETTING_TURNSTILE_SITE_KEY, SETTING_TURNSTILE_SECRET_KEY },
    { SETTING_HCAPTCHA_SITE_KEY, SETTING_HCAPTCHA_SECRET_KEY },
    { SETTING_RECAPTCHA_SITE_KEY, SETTING_RECAPTCHA_SECRET_KEY },
};

/* Two would leave it to chance which of them a page shows. */
static void check_captcha(const struct setting_value *values, struct setting_problems *problems)
{
    static const enum setting keys[] = { SETTING_TURNSTILE_SITE_KEY, SETTING_HCAPTCHA_SITE_KEY,
                                         SETTING_RECAPTCHA_SITE_KEY };
    int set = 0;
    for (size_t i = 0; i < COUNT(keys); i++)
        set += *values[keys[i]].text != 0;
    if (set > 1)
        setting_problem(problems, "TURNSTILE_SITE_KEY, HCAPTCHA_SITE_KEY and RECAPTCHA_SITE_KEY: "
                                  "give one of them at most");
    if (!set && *values[SETTING_CAPTCHA_VERIFY_URL].text)
        setting_problem(problems, "CAPTCHA_VERIFY_URL: no captcha provider is set");
}

/* Nobody's account goes without a warning that leaves them time. */
static void check_inactivity(const struct setting_value *values, struct setting_problems *problems)
{
    int64_t warn = values[SETTING_INACTIVE_WARN_AFTER].num;
    int64_t close = values[SETTING_INACTIVE_CLOSE_AFTER].num;
    if (!warn != !close)
        setting_problem(problems,
                        "INACTIVE_WARN_AFTER and INACTIVE_CLOSE_AFTER: give both or neither");
    else if (warn && (warn < 30 * DAY || close < warn + 7 * DAY))
        setting_problem(problems, "INACTIVE_CLOSE_AFTER: must be at least 7d longer than "
                                  "INACTIVE_WARN_AFTER, and that at least 30d");
}

void setting_check_together(const struct setting_value *values, struct setting_problems *problems)
{
    for (size_t i = 0; i < COUNT(pairs); i++)
        if (!*values[pairs[i].a].text != !*values[pairs[i].b].text)
            setting_problem(problems, "%s and %s: give both or neither",
                            setting_specs[pairs[i].a].name, setting_specs[pairs[i].b].name);
    if (text_equal(values[SETTING_RATE_LIMITS].text, "off") &&
        !values[SETTING_PUBLIC_URL].is_loopback)
        setting_problem(problems, "RATE_LIMITS: off is only accepted while PUBLIC_URL is a "
                                  "loopback address");
    check_captcha(values, problems);
    if (text_equal(values[SETTING_CAPTCHA].text, "off") && !values[SETTING_PUBLIC_URL].is_loopback)
        setting_problem(problems, "CAPTCHA: off is only accepted while PUBLIC_URL is a loopback "
                                  "address");
    check_inactivity(values, problems);
    if (text_equal(values[SETTING_PROXY_PROTOCOL].text, "required") &&
        !*values[SETTING_TRUSTED_PROXIES].text && !strstr(values[SETTING_LISTEN].text, "unix:"))
        setting_problem(problems, "PROXY_PROTOCOL: required needs TRUSTED_PROXIES, or a unix "
                                  "socket in LISTEN");
    setting_check_fixture(values, problems);
    if (values[SETTING_SESSION_IDLE].num > values[SETTING_SESSION_ABSOLUTE].num)
        setting_problem(problems, "SESSION_IDLE: must not be longer than SESSION_ABSOLUTE");
}
