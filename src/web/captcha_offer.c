/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a captcha is offered as: a proof of work or a provider's widget, to programs in JSON and to
 * people in a form, where a waiting ticket stands beside it for browsers without script. Nothing is
 * stored when a challenge is made, so asking for a million costs us a million hashes and no row.
 */
#include "web/captcha.h"
#include "web/captcha_parts.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "service/captcha_provider.h"
#include "service/keyring.h"
#include "service/pressure.h"
#include "web/headers.h"

/*
 * Zero bits: the hardest takes a slow phone three seconds on average, and one time in twenty nine.
 * People without script wait at most two units: harder on neighbours of a bot than on the bot,
 * which limits stop in any case.
 */
enum { BITS_STEPS = 3, STEP = 15, UNITS_MAX = 2, CALM = 50 };
static int bits_min = CAPTCHA_BITS;

void captcha_set_easiest(int bits)
{
    bits_min = bits;
}

/* From 0 while a range is not much worse than what a captcha is asked for, to 3. */
static int severity(const struct req *rq)
{
    int above = pressure_of(rq->client) - CALM;
    int steps = above > 0 ? above / STEP : 0;
    return steps < BITS_STEPS ? steps : BITS_STEPS;
}

int captcha_bits(const struct req *rq)
{
    return bits_min + severity(rq);
}

static int units_wanted(const struct req *rq)
{
    int units = 1 + severity(rq);
    return units < UNITS_MAX ? units : UNITS_MAX;
}

const char *captcha_provider(const struct req *rq)
{
    return captcha_provider_is_set() && !rq->captcha.stands_in ? captcha_provider_name() : NULL;
}

/* --- making --- */

struct ip captcha_network(const struct req *rq)
{
    return ip_network(rq->client, 24, 64);
}

struct mem captcha_about(struct req *rq, const char *action)
{
    struct ip network = captcha_network(rq);
    uint8_t *digest = arena_alloc(rq->arena, SHA256_BYTES);
    sha256_pieces((const struct mem[]){ MEM(&network, sizeof network), mem_text(action) }, 2,
                  digest);
    return MEM(digest, SHA256_BYTES);
}

static enum err make(struct req *rq, const char *action, enum challenge_kind kind,
                     struct challenge *ret)
{
    uint8_t key[32];
    int cost = kind == CHALLENGE_WORK ? captcha_bits(rq) : units_wanted(rq);
    *ret = (struct challenge){ .kind = kind, .cost = (uint8_t)cost, .issued_at = rq->now };
    ret->flags = rq->captcha.stands_in ? CAPTCHA_STANDS_IN : 0;
    TRY(keyring_derive(NULL, CAPTCHA_KEY, key));
    challenge_make(MEM(key, sizeof key), captcha_about(rq, action), ret);
    mem_wipe(key, sizeof key);
    return OK;
}

/* --- for programs --- */

static enum err put_work(struct req *rq, const char *action, struct json_writer *j)
{
    struct challenge c;
    TRY(make(rq, action, CHALLENGE_WORK, &c));
    json_put_text(j, "algorithm", "SHA-256");
    json_put_text(j, "challenge", text_copy(rq->arena, mem_text(c.text)));
    json_put_num(j, "difficulty", c.cost);
    json_put_num(j, "expires_in", CAPTCHA_LIFETIME / SECOND);
    return OK;
}

enum err captcha_put(struct req *rq, const char *action, struct json_writer *j)
{
    const char *provider = captcha_provider(rq);
    json_put_text(j, "provider", provider ? provider : "proof_of_work");
    json_put_text(j, "action", action);
    if (!provider)
        return put_work(rq, action, j);
    json_put_text(j, "site_key", captcha_provider_site_key());
    return OK;
}

/* --- for people --- */

/* The ticket that came too early, else a new one. */
static enum err set_ticket(struct req *rq, const char *action, struct vars *item)
{
    struct challenge c;
    const char *ticket = text_equal(action, rq->captcha.action) ? rq->captcha.ticket : NULL;
    int64_t left = rq->captcha.ticket_at - rq->now;
    if (!ticket) {
        TRY(make(rq, action, CHALLENGE_TICKET, &c));
        ticket = text_copy(rq->arena, mem_text(c.text));
        left = c.cost * CAPTCHA_UNIT;
    }
    vars_text(item, "captcha_ticket", ticket);
    /* In whole tens: the style sheet has as many clocks. */
    vars_num(item, "captcha_wait",
             (left + CAPTCHA_UNIT - 1) / CAPTCHA_UNIT * (CAPTCHA_UNIT / SECOND));
    return OK;
}

static enum err set_work(struct req *rq, const char *action, struct vars *item)
{
    struct challenge c;
    TRY(make(rq, action, CHALLENGE_WORK, &c));
    vars_text(item, "captcha_challenge", text_copy(rq->arena, mem_text(c.text)));
    vars_num(item, "captcha_difficulty", c.cost);
    vars_num(item, "captcha_seconds", CAPTCHA_LIFETIME / SECOND);
    return OK;
}

/* Only a page that shows the widget may load what it needs. */
static void widen_policy(struct req *rq)
{
    const char *from = captcha_provider_sources();
    headers_set_policy(&rq->x->response,
                       text_format(rq->arena,
                                   "default-src 'none'; style-src 'self' %s; script-src 'self' %s; "
                                   "img-src 'self' data: %s; connect-src 'self' %s; "
                                   "frame-src %s; font-src 'self'; worker-src 'self'; "
                                   "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
                                   from, from, from, from, from));
}

/* No provider's answer lives longer (hCaptcha's and reCAPTCHA's two minutes). */
enum { ANSWER_SECONDS = 120 };

static void set_widget(struct req *rq, const char *action, struct vars *item)
{
    vars_text(item, "captcha_provider", captcha_provider_name());
    vars_text(item, "captcha_site_key", captcha_provider_site_key());
    vars_text(item, "captcha_script", captcha_provider_script(rq->arena));
    vars_text(item, "captcha_provider_action", captcha_provider_action(rq->arena, action));
    vars_flag(item, "captcha_is_invisible", captcha_provider_is_invisible());
    vars_num(item, "captcha_seconds", ANSWER_SECONDS);
    widen_policy(rq);
}

static enum err set_form(struct req *rq, const char *action)
{
    struct vars *item = vars_item(rq->vars, text_format(rq->arena, "captcha_%s", action));
    vars_text(item, "captcha_action", action);
    TRY(set_ticket(rq, action, item));
    if (!captcha_provider(rq))
        return set_work(rq, action, item);
    set_widget(rq, action, item);
    return OK;
}

enum err captcha_set_vars(struct req *rq)
{
    if (!rq->route)
        return OK;
    for (int i = 0; i < ROUTE_CAPTCHAS && rq->route->captcha[i]; i++) {
        const char *action = rq->route->captcha[i];
        bool is_asked = rq->captcha.is_asked && text_equal(action, rq->captcha.action);
        if (is_asked || captcha_is_due(rq, 0))
            TRY(set_form(rq, action));
    }
    return OK;
}
