/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The captcha: see captcha.h and docs/decisions/0045.
 *
 * A row is written only for a captcha that was good. A waiting ticket is remembered by its
 * network: whoever uses one makes all others void that the network got before, so that collecting
 * tickets gains nothing.
 */
#include "web/captcha.h"
#include "web/captcha_parts.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "service/keyring.h"
#include "service/metric.h"
#include "service/pressure.h"
#include "service/setting.h"
#include "web/decision.h"
#include "web/outside.h"

#include <assert.h>
#include <string.h>

enum { DUE_PRESSURE = 50, DUE_FAILURES = 3, PRESSURE_OF_WRONG = 2 };
/* A challenge fetched before the pressure rose still counts when it is not much too easy. */
enum { BITS_SLACK = 2 };

#define CLOCK_SKEW MINUTE /* between nodes */
#define KEPT (6 * HOUR)   /* longer than needed: the clock may be set back */

static const char *const actions[] = { "login",      "register",   "forgot_password",
                                       "email_code", "magic_link", "resend_verification",
                                       "two_factor", "recovery",   "waitlist" };

bool captcha_is_action(const char *action)
{
    for (size_t i = 0; i < COUNT(actions); i++)
        if (text_equal(action, actions[i]))
            return true;
    return false;
}

bool captcha_is_due(const struct req *rq, int64_t failures)
{
    const char *setting = setting_text(SETTING_CAPTCHA);
    if (text_equal(setting, "off"))
        return false;
    return text_equal(setting, "always") || failures >= DUE_FAILURES ||
           pressure_of(rq->client) >= DUE_PRESSURE;
}

/* --- judging --- */

struct answer {
    const char *action;
    struct challenge c;
    uint8_t spent[SHA256_BYTES]; /* what is remembered of it */
    size_t spent_bytes;
};

enum verdict { GOOD, MISSING, OLD, EASY, EARLY, DOWN, WRONG, UNSOLVED, USED, REFUSED };

/* For figures, and for developers: nobody else can act upon it. */
static const struct {
    const char *label, *words;
} verdicts[] = {
    [GOOD] = { "passed", "good" },
    [MISSING] = { "missing", "missing" },
    [OLD] = { "expired", "expired" },
    [EASY] = { "too_easy", "too easy by now" },
    [EARLY] = { "early", "too early" },
    [DOWN] = { "down", "for a provider that cannot be asked just now" },
    [WRONG] = { "wrong", "malformed, not ours, or for another action or network" },
    [UNSOLVED] = { "unsolved", "not solved" },
    [USED] = { "used", "used before" },
    [REFUSED] = { "refused", "not good, says the provider" },
};

/* A proof of work is remembered by itself, a ticket by the network that waited. */
static void name_spent(struct req *rq, struct mem key, struct answer *a)
{
    struct ip network = captcha_network(rq);
    a->spent_bytes = sizeof a->c.id;
    if (a->c.kind == CHALLENGE_WORK)
        memcpy(a->spent, a->c.id, sizeof a->c.id);
    else
        hmac_sha256(key, MEM(&network, sizeof network), a->spent);
}

/* Under whichever of our keys it was made. */
static enum err read(struct req *rq, const char *text, struct answer *ret)
{
    const struct seal_ring *ring = keyring_seals();
    enum err e = E_INVALID;
    for (size_t i = 0; i < ring->count && e == E_INVALID; i++) {
        uint8_t key[32];
        TRY(keyring_derive(ring->keys[i].id, CAPTCHA_KEY, key));
        e = challenge_read(MEM(key, sizeof key), captcha_about(rq, ret->action), text, &ret->c);
        if (e == OK)
            name_spent(rq, MEM(key, sizeof key), ret);
        mem_wipe(key, sizeof key);
    }
    return e;
}

static enum verdict judge_ticket(const struct req *rq, const struct challenge *c)
{
    return rq->now < c->issued_at + c->cost * CAPTCHA_UNIT ? EARLY : GOOD;
}

/* Where a provider is set, only while it cannot be asked: bots would choose what is easier. */
static enum verdict judge_work(const struct req *rq, const struct challenge *c, const char *text)
{
    if (captcha_provider(rq) && !(c->flags & CAPTCHA_STANDS_IN))
        return WRONG;
    if (challenge_zero_bits(text) < c->cost)
        return UNSOLVED;
    return c->cost + BITS_SLACK < captcha_bits(rq) ? EASY : GOOD;
}

static enum verdict judge_embedded(struct req *rq, const char *text, struct answer *a)
{
    if (read(rq, text, a))
        return WRONG;
    if (a->c.issued_at > rq->now + CLOCK_SKEW || rq->now >= a->c.issued_at + CAPTCHA_LIFETIME)
        return OLD;
    return a->c.kind == CHALLENGE_TICKET ? judge_ticket(rq, &a->c) : judge_work(rq, &a->c, text);
}

/* The provider was asked before the handler ran, and sees to it that an answer counts once. */
static enum verdict judge_provided(struct req *rq, const char *action)
{
    enum err e = outside_captcha(rq, action);
    rq->captcha.stands_in = e && e != E_DENIED; /* nobody knows */
    return rq->captcha.stands_in ? DOWN : e ? REFUSED : GOOD;
}

/* --- once --- */

/* One statement decides who is first. A proof of work is never taken again; of a network's tickets
   only one that was not made before the last use: the answer to that may hold the next one. */
static enum err insert(struct req *rq, const struct answer *a, bool *ret_is_first)
{
    int64_t rows = 0;
    bool is_ticket = a->c.kind == CHALLENGE_TICKET;
    TRY(db_change(&rq->tx,
                  "INSERT INTO captcha_spent (id, spent_at, expires_at) VALUES ($1, $2, $3)"
                  " ON CONFLICT (id) DO UPDATE"
                  "        SET spent_at = excluded.spent_at, expires_at = excluded.expires_at"
                  "      WHERE captcha_spent.spent_at <= $4",
                  V(blob(MEM(a->spent, a->spent_bytes)), num(rq->now), num(rq->now + KEPT),
                    num(is_ticket ? a->c.issued_at : 0)),
                  &rows));
    *ret_is_first = rows > 0;
    return OK;
}

/* In a transaction of its own, in the place of the handler's, which has not begun: so it is rolled
   back by whoever rolls that back. */
static enum err spend(struct req *rq, const struct answer *a, bool *ret_is_first)
{
    struct tx tx = rq->tx;
    db_begin(&rq->tx, tx.db, DB_WRITE, rq->arena);
    enum err e = insert(rq, a, ret_is_first);
    if (e == OK)
        e = db_commit(&rq->tx);
    if (e)
        db_rollback(&rq->tx);
    rq->tx = tx;
    return e == E_CONFLICT ? E_BUSY : e;
}

static enum err judge(struct req *rq, const char *text, struct answer *a, enum verdict *ret)
{
    bool is_first = false;
    *ret = MISSING;
    if (!text)
        return OK;
    *ret = outside_has_captcha(rq) ? judge_provided(rq, a->action) : judge_embedded(rq, text, a);
    if (*ret != GOOD || outside_has_captcha(rq))
        return OK;
    TRY(spend(rq, a, &is_first));
    *ret = is_first ? GOOD : USED;
    return OK;
}

/* --- refusing --- */

static void put_more(struct req *rq, struct json_writer *j)
{
    json_begin_object(j, "captcha");
    (void)!captcha_put(rq, rq->captcha.action, j);
    json_end(j);
}

static const char *network_text(struct req *rq)
{
    return text_format(rq->arena, "%s/%d", ip_format(rq->arena, captcha_network(rq)),
                       ip_is_v4(rq->client) ? 24 : 64);
}

static struct decision explain(struct req *rq, const char *action, int64_t failures)
{
    const char *rule = text_format(rq->arena, "captcha %s", action);
    if (text_equal(setting_text(SETTING_CAPTCHA), "always"))
        return (struct decision){ .rule = rule };
    if (failures >= DUE_FAILURES)
        return (struct decision){ rule, "failures", failures, DUE_FAILURES, 0 };
    return (struct decision){ rule, network_text(rq), pressure_of(rq->client), DUE_PRESSURE, 0 };
}

static enum err refuse_for(struct req *rq, enum verdict verdict, int64_t failures)
{
    const struct decision why = explain(rq, rq->captcha.action, failures);
    bool is_wrong = verdict >= WRONG;
    if (is_wrong)
        pressure_note(rq->client, PRESSURE_OF_WRONG);
    if (verdict != MISSING)
        rq->problem_detail = text_format(rq->arena, "The captcha is %s", verdicts[verdict].words);
    rq->captcha.is_asked = true;
    rq->put_more = put_more;
    return refuse_by_rule(rq, is_wrong ? PROBLEM_CAPTCHA_WRONG : PROBLEM_CAPTCHA_REQUIRED, &why);
}

enum err captcha_ask(struct req *rq, const char *action, int64_t failures)
{
    struct answer a = { .action = action };
    assert(captcha_is_action(action) && !rq->tx.state);
    rq->captcha.action = action;
    rq->captcha.is_asked = captcha_is_due(rq, failures + 1); /* should the form be shown again */
    if (!captcha_is_due(rq, failures))
        return OK;
    enum verdict verdict;
    TRY(judge(rq, field(rq, "captcha"), &a, &verdict));
    metric_count(METRIC_CAPTCHAS, action, verdicts[verdict].label);
    if (verdict == EARLY) {
        rq->captcha.ticket = field(rq, "captcha"); /* goes on counting */
        rq->captcha.ticket_at = a.c.issued_at + a.c.cost * CAPTCHA_UNIT;
        rq->retry_after = (rq->captcha.ticket_at - rq->now + SECOND - 1) / SECOND;
    }
    return verdict == GOOD ? OK : refuse_for(rq, verdict, failures);
}

enum err captcha_purge(struct tx *tx, int64_t now, bool *ret_more)
{
    return db_purge(tx,
                    "DELETE FROM captcha_spent WHERE id IN"
                    " (SELECT id FROM captcha_spent WHERE expires_at < $1 LIMIT 500)",
                    V(num(now)), ret_more);
}
