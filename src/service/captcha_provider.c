/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captchas of others: see captcha_provider.h. What differs between them stands in one table.
 */
#include "service/captcha_provider.h"

#include "base/text.h"
#include "service/setting.h"

#include <string.h>

struct provider {
    const char *name;
    enum setting site_key, secret_key;
    const char *script, *sources, *verify_url;
};

static const struct provider providers[] = {
    { "turnstile", SETTING_TURNSTILE_SITE_KEY, SETTING_TURNSTILE_SECRET_KEY,
      "https://challenges.cloudflare.com/turnstile/v0/api.js?render=explicit",
      "https://challenges.cloudflare.com",
      "https://challenges.cloudflare.com/turnstile/v0/siteverify" },
    { "hcaptcha", SETTING_HCAPTCHA_SITE_KEY, SETTING_HCAPTCHA_SECRET_KEY,
      "https://js.hcaptcha.com/1/api.js?render=explicit",
      "https://hcaptcha.com https://*.hcaptcha.com", "https://api.hcaptcha.com/siteverify" },
    { "recaptcha", SETTING_RECAPTCHA_SITE_KEY, SETTING_RECAPTCHA_SECRET_KEY,
      "https://www.google.com/recaptcha/api.js?render=explicit",
      "https://www.google.com/recaptcha/ https://www.gstatic.com/recaptcha/",
      "https://www.google.com/recaptcha/api/siteverify" },
};

static const struct provider *find(void)
{
    for (size_t i = 0; i < COUNT(providers); i++)
        if (!text_is_empty(setting_text(providers[i].site_key)))
            return &providers[i];
    return NULL;
}

bool captcha_provider_is_set(void)
{
    return find() != NULL;
}

const char *captcha_provider_name(void)
{
    return find()->name;
}

const char *captcha_provider_site_key(void)
{
    return setting_text(find()->site_key);
}

bool captcha_provider_is_invisible(void)
{
    return find()->site_key == SETTING_RECAPTCHA_SITE_KEY &&
           !text_is_empty(setting_text(SETTING_RECAPTCHA_MIN_SCORE));
}

const char *captcha_provider_script(struct arena *arena)
{
    if (captcha_provider_is_invisible())
        return text_format(arena, "https://www.google.com/recaptcha/api.js?render=%s",
                           captcha_provider_site_key());
    return find()->script;
}

const char *captcha_provider_sources(void)
{
    return find()->sources;
}

const char *captcha_provider_action(struct arena *arena, const char *action)
{
    char *plain = text_copy(arena, mem_text(action));
    for (char *p = plain; *p; p++)
        if (*p == '-')
            *p = '_';
    return plain;
}

/* Until there is a way out of the house, nobody can be asked. */
enum err captcha_provider_verify(struct arena *, const char *, const char *, struct ip,
                                 bool *ret_is_human)
{
    *ret_is_human = false;
    return E_BUSY;
}
