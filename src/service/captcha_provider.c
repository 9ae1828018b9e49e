/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captchas of others: see captcha_provider.h. What differs between them stands in one table.
 */
#include "service/captcha_provider.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "service/metric.h"
#include "service/outbound.h"
#include "service/setting.h"

#include <pthread.h>
#include <string.h>

enum { ANSWER_BYTES_MAX = 16 * 1024, CAPTCHA_PROVIDER_AT_ONCE = 8 };
#define CAPTCHA_PROVIDER_TIMEOUT (3 * SECOND)

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

/* A reload may take the one away that a page has just been told of. */
static const struct provider nobody = {
    "", SETTING_TURNSTILE_SITE_KEY, SETTING_TURNSTILE_SECRET_KEY, "", "", ""
};

static const struct provider *find(void)
{
    for (size_t i = 0; i < COUNT(providers); i++)
        if (!text_is_empty(setting_text(providers[i].site_key)))
            return &providers[i];
    return &nobody;
}

bool captcha_provider_is_set(void)
{
    return find() != &nobody;
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

/* --- answers that were seen --- */

/* Longer than any provider's answer lives (Turnstile 5 minutes, the others 2). When many come, the
   oldest make room: then the provider alone holds that an answer counts once. */
enum { SEEN_MAX = 4096, SEEN_MINUTES = 10 };

static struct seen {
    uint8_t hash[SHA256_BYTES];
    int64_t at;
} seen[SEEN_MAX];
static size_t next_seen;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct seen *find_seen(const uint8_t *hash)
{
    int64_t now = clock_now();
    for (size_t i = 0; i < SEEN_MAX; i++)
        if (seen[i].at && now - seen[i].at < SEEN_MINUTES * MINUTE &&
            mem_equal(MEM(seen[i].hash, SHA256_BYTES), MEM(hash, SHA256_BYTES)))
            return &seen[i];
    return NULL;
}

/* Before the provider is asked, so that of two at the same moment one is refused. */
static bool take(const uint8_t *hash)
{
    pthread_mutex_lock(&lock);
    bool is_new = !find_seen(hash);
    if (is_new) {
        struct seen *place = &seen[next_seen++ % SEEN_MAX];
        memcpy(place->hash, hash, SHA256_BYTES);
        place->at = clock_now();
    }
    pthread_mutex_unlock(&lock);
    return is_new;
}

static void give_back(const uint8_t *hash)
{
    pthread_mutex_lock(&lock);
    struct seen *place = find_seen(hash);
    if (place)
        place->at = 0;
    pthread_mutex_unlock(&lock);
}

void captcha_provider_forget(void)
{
    pthread_mutex_lock(&lock);
    memset(seen, 0, sizeof seen);
    pthread_mutex_unlock(&lock);
}

/* --- what the provider says --- */

/* The installation's fault or the provider's, not the answer's. What is not listed is no. */
static bool is_our_fault(const char *code)
{
    static const char *const codes[] = { "missing-input-secret", "invalid-input-secret",
                                         "internal-error",       "not-using-dummy-secret",
                                         "missing-remoteip",     "invalid-remoteip",
                                         "invalid-keys" };
    for (size_t i = 0; i < COUNT(codes); i++)
        if (text_equal(code, codes[i]))
            return true;
    return false;
}

static const char *first_code(const struct json_value *said)
{
    const struct json_value *codes = json_find(said, "error-codes");
    for (size_t i = 0; codes && codes->kind == JSON_IS_ARRAY && i < codes->count; i++)
        if (codes->items[i].kind == JSON_IS_TEXT)
            return codes->items[i].text;
    return "none";
}

static bool scores_enough(const struct json_value *said)
{
    const struct json_value *score = json_find(said, "score");
    const char *least = setting_text(SETTING_RECAPTCHA_MIN_SCORE); /* "0.5" */
    if (!score || (score->kind != JSON_IS_REAL && score->kind != JSON_IS_INT))
        return false;
    double value = score->kind == JSON_IS_REAL ? score->real : (double)score->num;
    return value * 10 + 0.001 >= (least[0] - '0') * 10 + (least[2] - '0');
}

/* hCaptcha leaves the host out when it is under heavy load ("not-provided"). */
static bool is_our_host(const struct provider *p, const struct json_value *said)
{
    const char *host = json_find_text(said, "hostname");
    if (text_equal_ascii_case(host, setting_public_host()))
        return true;
    return p->site_key == SETTING_HCAPTCHA_SITE_KEY && text_equal(host, "not-provided");
}

/* Why a success is none for us; NULL: it is one. */
static const char *object(const struct provider *p, const struct json_value *said)
{
    if (!is_our_host(p, said))
        return "made on another host";
    if (captcha_provider_is_invisible() && !scores_enough(said))
        return "the score is too low";
    return NULL;
}

/* What the answer was made for; "" when it should say and does not; NULL: this one never does. */
static const char *action_of(const struct provider *p, const struct json_value *said)
{
    const char *action = json_find_text(said, "action");
    if (p->site_key != SETTING_TURNSTILE_SITE_KEY && !captcha_provider_is_invisible())
        return NULL;
    return action ? action : "";
}

/* *ret_why stays NULL for a yes. */
static enum err judge(const struct provider *p, const struct json_value *said, const char **ret_why)
{
    const struct json_value *success = json_find(said, "success");
    if (!success || (success->kind != JSON_IS_TRUE && success->kind != JSON_IS_FALSE)) {
        *ret_why = "the provider makes no sense";
        return E_BUSY;
    }
    bool is_yes = success->kind == JSON_IS_TRUE;
    *ret_why = is_yes ? object(p, said) : first_code(said);
    if (!*ret_why)
        return OK;
    return !is_yes && is_our_fault(*ret_why) ? E_BUSY : E_DENIED;
}

/* --- asking --- */

/* The letters of JSON web tokens and base64, of which all three make theirs. */
static bool is_shaped(const char *answer)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+/=:";
    size_t n = strlen(answer);
    return n > 0 && n <= CAPTCHA_ANSWER_MAX && strspn(answer, letters) == n;
}

static struct mem write_form(struct arena *arena, const struct provider *p, const char *answer,
                             struct ip client)
{
    static const struct ip unknown;
    struct buf form;
    buf_init(&form, arena, 4 * CAPTCHA_ANSWER_MAX);
    outbound_put_field(&form, "secret", setting_text(p->secret_key));
    outbound_put_field(&form, "response", answer);
    if (!ip_equal(client, unknown))
        outbound_put_field(&form, "remoteip", ip_format(arena, client));
    if (p->site_key == SETTING_HCAPTCHA_SITE_KEY)
        outbound_put_field(&form, "sitekey", setting_text(p->site_key));
    return buf_mem(&form);
}

static enum err ask(struct arena *arena, const struct provider *p, struct mem form,
                    struct json_value *ret_said, const char **ret_why)
{
    struct address_policy policy;
    struct fetched got;
    const char *url = setting_text(SETTING_CAPTCHA_VERIFY_URL);
    outbound_policy(true, &policy);
    enum err e = outbound_fetch("captcha",
                                &(struct fetch){ .url = *url ? url : p->verify_url,
                                                 .policy = &policy,
                                                 .type = OUTBOUND_FORM,
                                                 .body = form,
                                                 .max = ANSWER_BYTES_MAX,
                                                 .timeout = CAPTCHA_PROVIDER_TIMEOUT,
                                                 .at_once = CAPTCHA_PROVIDER_AT_ONCE },
                                arena, &got);
    *ret_why = got.why ? got.why : "the provider makes no sense";
    if (e || got.status >= 500 || json_read(arena, got.body, ret_said, NULL))
        return E_BUSY;
    return judge(p, ret_said, ret_why);
}

static enum err note(const struct provider *p, enum err e, const char *why)
{
    const char *result = e == OK ? "human" : e == E_DENIED ? "refused" : "unavailable";
    metric_count(METRIC_CAPTCHA_PROVIDER, p->name, result);
    bool is_ours = e == E_BUSY && is_our_fault(why) && !text_equal(why, "internal-error");
    if (e)
        LOG(is_ours       ? LOG_ERROR
            : e == E_BUSY ? LOG_WARN
                          : LOG_INFO,
            "captcha_provider.answered", LOG_TEXT("provider", p->name), LOG_TEXT("result", result),
            LOG_TEXT("why", why));
    return e;
}

enum err captcha_provider_ask(struct arena *arena, const char *answer, struct ip client,
                              const char **ret_action)
{
    const struct provider *p = find();
    uint8_t hash[SHA256_BYTES];
    struct json_value said = { 0 };
    const char *why = NULL;
    *ret_action = NULL;
    if (p == &nobody)
        return E_BUSY;
    if (!is_shaped(answer))
        return note(p, E_DENIED, "no answer of this provider");
    struct mem form = write_form(arena, p, answer, client);
    sha256(mem_text(answer), hash);
    if (!take(hash))
        return note(p, E_DENIED, "seen before");
    enum err e = ask(arena, p, form, &said, &why);
    if (e == E_BUSY)
        give_back(hash);
    *ret_action = action_of(p, &said);
    return note(p, e, why);
}

bool captcha_provider_is_for(struct arena *arena, const char *made_for, const char *action)
{
    return !made_for || text_equal(made_for, captcha_provider_action(arena, action));
}
