/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The captcha: see captcha.h and docs/decisions/0045.
 *
 * Nothing is stored when a challenge is made, so asking for a million costs us a million hashes and
 * no row; a row is written only for a captcha that was good. A waiting ticket is remembered by its
 * network: whoever uses one makes all others void that the network got before, so that collecting
 * tickets gains nothing.
 */
#include "web/captcha.h"

#include "base/text.h"
#include "crypto/challenge.h"
#include "crypto/digest.h"
#include "service/keyring.h"
#include "service/metric.h"
#include "service/pressure.h"
#include "service/setting.h"
#include "web/decision.h"

#include <assert.h>
#include <string.h>

/* Zero bits: the easiest takes a phone a third of a second, the hardest ten seconds on average. A
   challenge fetched before the pressure rose still counts when it is not much too easy. */
enum { BITS_MIN = CAPTCHA_BITS, BITS_STEPS = 5, BITS_SLACK = 3 };
static int bits_min = BITS_MIN;
/* Tickets: units of ten seconds, one when it is calm and six under the worst pressure. */
enum { WAIT_UNIT = 10 * SECOND, WAIT_MAX = 6 };
enum { DUE_PRESSURE = 50, DUE_FAILURES = 3, PRESSURE_OF_WRONG = 2 };

#define LIFETIME (10 * MINUTE)
#define CLOCK_SKEW MINUTE /* between nodes */
#define KEPT (6 * HOUR)   /* longer than needed: the clock may be set back */
#define PURPOSE "captcha"

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

void captcha_set_easiest(int bits)
{
    bits_min = bits;
}

/* --- when, and how much --- */

static bool is_due(const struct req *rq, int64_t failures)
{
    const char *setting = setting_text(SETTING_CAPTCHA);
    if (text_equal(setting, "off"))
        return false;
    return text_equal(setting, "always") || failures >= DUE_FAILURES ||
           pressure_of(rq->client) >= DUE_PRESSURE;
}

/* From 0 while a range is not worse than what a captcha is asked for, to 5. */
static int severity(const struct req *rq)
{
    int above = pressure_of(rq->client) - DUE_PRESSURE;
    return above > 0 ? above / 10 : 0;
}

static int bits_wanted(const struct req *rq)
{
    int steps = severity(rq);
    return bits_min + (steps < BITS_STEPS ? steps : BITS_STEPS);
}

static int units_wanted(const struct req *rq)
{
    int units = 1 + severity(rq);
    return units < WAIT_MAX ? units : WAIT_MAX;
}

/* --- making --- */

static struct ip network_of(const struct req *rq)
{
    return ip_network(rq->client, 24, 64);
}

/* What a challenge is bound to: the network's 16 bytes, then the action. */
static struct mem about(struct req *rq, const char *action)
{
    struct ip network = network_of(rq);
    size_t n = strlen(action);
    char *bytes = arena_alloc(rq->arena, sizeof network + n);
    memcpy(bytes, &network, sizeof network);
    memcpy(bytes + sizeof network, action, n);
    return MEM(bytes, sizeof network + n);
}

static bool make(struct req *rq, const char *action, enum challenge_kind kind,
                 struct challenge *ret)
{
    uint8_t key[32];
    int cost = kind == CHALLENGE_WORK ? bits_wanted(rq) : units_wanted(rq);
    *ret = (struct challenge){ .kind = kind, .cost = (uint8_t)cost, .issued_at = rq->now };
    if (keyring_derive(NULL, PURPOSE, key))
        return false;
    challenge_make(MEM(key, sizeof key), about(rq, action), ret);
    mem_wipe(key, sizeof key);
    return true;
}

void captcha_put(struct req *rq, const char *action, struct json_writer *j)
{
    struct challenge c;
    if (!make(rq, action, CHALLENGE_WORK, &c))
        return;
    json_put_text(j, "provider", "proof_of_work");
    json_put_text(j, "action", action);
    json_put_text(j, "algorithm", "SHA-256");
    json_put_text(j, "challenge", text_copy(rq->arena, mem_text(c.text)));
    json_put_num(j, "difficulty", c.cost);
    json_put_num(j, "expires_in", LIFETIME / SECOND);
}

/* --- judging --- */

struct answer {
    const char *action;
    struct challenge c;
    uint8_t spent[SHA256_BYTES]; /* what is remembered of it */
    size_t spent_bytes;
};

enum verdict { GOOD, MISSING, OLD, EASY, EARLY, WRONG, UNSOLVED, USED };

/* For developers and figures; nobody can act upon it but who made the answer. */
static const char *const verdict_words[] = {
    [GOOD] = "passed",         [MISSING] = "missing",
    [OLD] = "expired",         [EASY] = "too easy by now",
    [EARLY] = "too early",     [WRONG] = "malformed, not ours, or for another action or network",
    [UNSOLVED] = "not solved", [USED] = "used before",
};

static const char *const verdict_labels[] = {
    [GOOD] = "passed", [MISSING] = "missing", [OLD] = "expired",       [EASY] = "too_easy",
    [EARLY] = "early", [WRONG] = "wrong",     [UNSOLVED] = "unsolved", [USED] = "used",
};

/* A proof of work is remembered by itself, a ticket by the network that waited. */
static void name_spent(struct req *rq, struct mem key, struct answer *a)
{
    struct ip network = network_of(rq);
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
        TRY(keyring_derive(ring->keys[i].id, PURPOSE, key));
        e = challenge_read(MEM(key, sizeof key), about(rq, ret->action), text, &ret->c);
        if (e == OK)
            name_spent(rq, MEM(key, sizeof key), ret);
        mem_wipe(key, sizeof key);
    }
    return e;
}

static enum verdict judge_ticket(const struct req *rq, const struct challenge *c)
{
    return rq->now < c->issued_at + c->cost * WAIT_UNIT ? EARLY : GOOD;
}

static enum verdict judge_work(const struct req *rq, const struct challenge *c, const char *text)
{
    if (challenge_zero_bits(text) < c->cost)
        return UNSOLVED;
    return c->cost + BITS_SLACK < bits_wanted(rq) ? EASY : GOOD;
}

static enum verdict judge(struct req *rq, const char *text, struct answer *a)
{
    if (!text)
        return MISSING;
    if (read(rq, text, a))
        return WRONG;
    if (a->c.issued_at > rq->now + CLOCK_SKEW || rq->now >= a->c.issued_at + LIFETIME)
        return OLD;
    return a->c.kind == CHALLENGE_TICKET ? judge_ticket(rq, &a->c) : judge_work(rq, &a->c, text);
}

/* --- once --- */

/* One statement decides who is first. A proof of work is never taken again; of a network's tickets
   only one made after the last use. */
static enum err insert(struct req *rq, const struct answer *a, bool *ret_is_first)
{
    int64_t rows = 0, now = clock_now();
    bool is_ticket = a->c.kind == CHALLENGE_TICKET;
    TRY(db_change(&rq->tx,
                  "INSERT INTO captcha_spent (id, spent_at, expires_at) VALUES ($1, $2, $3)"
                  " ON CONFLICT (id) DO UPDATE"
                  "        SET spent_at = excluded.spent_at, expires_at = excluded.expires_at"
                  "      WHERE captcha_spent.spent_at < $4",
                  V(blob(MEM(a->spent, a->spent_bytes)), num(now), num(now + KEPT),
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
    assert(!tx.state);
    db_begin(&rq->tx, tx.db, DB_WRITE, rq->arena);
    enum err e = insert(rq, a, ret_is_first);
    if (e == OK)
        e = db_commit(&rq->tx);
    if (e)
        db_rollback(&rq->tx);
    rq->tx = tx;
    return e == E_CONFLICT ? E_BUSY : e;
}

/* --- refusing --- */

static void put_more(struct req *rq, struct json_writer *j)
{
    json_begin_object(j, "captcha");
    captcha_put(rq, rq->captcha.action, j);
    json_end(j);
}

static const char *network_text(struct req *rq)
{
    return text_format(rq->arena, "%s/%d", ip_format(rq->arena, network_of(rq)),
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
        rq->problem_detail = text_format(rq->arena, "The captcha is %s", verdict_words[verdict]);
    rq->captcha.is_asked = true;
    rq->put_more = put_more;
    return refuse_by_rule(rq, is_wrong ? PROBLEM_CAPTCHA_WRONG : PROBLEM_CAPTCHA_REQUIRED, &why);
}

enum err captcha_ask(struct req *rq, const char *action, int64_t failures)
{
    struct answer a = { .action = action };
    assert(captcha_is_action(action));
    rq->captcha.action = action;
    rq->captcha.is_asked = is_due(rq, failures + 1); /* should the form be shown again */
    if (!is_due(rq, failures))
        return OK;
    enum verdict verdict = judge(rq, field(rq, "captcha"), &a);
    if (verdict == GOOD) {
        bool is_first = false;
        TRY(spend(rq, &a, &is_first));
        verdict = is_first ? GOOD : USED;
    }
    metric_count(METRIC_CAPTCHAS, action, verdict_labels[verdict]);
    if (verdict == EARLY) {
        rq->captcha.ticket = field(rq, "captcha"); /* goes on counting */
        rq->captcha.ticket_at = a.c.issued_at + a.c.cost * WAIT_UNIT;
    }
    return verdict == GOOD ? OK : refuse_for(rq, verdict, failures);
}

/* --- forms --- */

/* The ticket of a form without script: the one that came too early, else a new one. */
static void set_ticket(struct req *rq, const char *action, struct vars *item)
{
    struct challenge c;
    int64_t left = 0;
    if (rq->captcha.ticket && text_equal(action, rq->captcha.action)) {
        vars_text(item, "captcha_ticket", rq->captcha.ticket);
        left = rq->captcha.ticket_at - rq->now;
    } else if (make(rq, action, CHALLENGE_TICKET, &c)) {
        vars_text(item, "captcha_ticket", text_copy(rq->arena, mem_text(c.text)));
        left = c.cost * WAIT_UNIT;
    }
    /* In whole tens: the style sheet has as many clocks. */
    vars_num(item, "captcha_wait", (left + WAIT_UNIT - 1) / WAIT_UNIT * (WAIT_UNIT / SECOND));
}

static void set_form(struct req *rq, const char *action)
{
    struct challenge c;
    struct vars *item = vars_item(rq->vars, text_format(rq->arena, "captcha_%s", action));
    if (!make(rq, action, CHALLENGE_WORK, &c))
        return;
    vars_text(item, "captcha_action", action);
    vars_text(item, "captcha_challenge", text_copy(rq->arena, mem_text(c.text)));
    vars_num(item, "captcha_difficulty", c.cost);
    vars_num(item, "captcha_seconds", LIFETIME / SECOND);
    set_ticket(rq, action, item);
}

void captcha_set_vars(struct req *rq)
{
    if (!rq->route)
        return;
    for (int i = 0; i < ROUTE_CAPTCHAS && rq->route->captcha[i]; i++) {
        const char *action = rq->route->captcha[i];
        bool is_asked = rq->captcha.is_asked && text_equal(action, rq->captcha.action);
        if (is_asked || is_due(rq, 0))
            set_form(rq, action);
    }
}

enum err captcha_purge(struct tx *tx, int64_t now, bool *ret_more)
{
    return db_purge(tx,
                    "DELETE FROM captcha_spent WHERE id IN"
                    " (SELECT id FROM captcha_spent WHERE expires_at < $1 LIMIT 500)",
                    V(num(now)), ret_more);
}
