/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cardea clock {show,accept}: the way out when a clock was wrong (service/house_time.h). A server
 * does not start behind the latest time the store has seen; when that time was the wrong one, the
 * operator says so here, and what it has dated is mended in the same transaction.
 */
#include "command/command.h"

#include "account/personal.h"
#include "base/text.h"
#include "service/audit.h"
#include "service/house_time.h"
#include "service/job.h"
#include "service/keyring.h"
#include "service/outbox.h"

struct clock_state {
    struct house_time seen;
    int64_t now;
    bool is_behind, is_settled;
};

static enum err read_state(struct console *c, struct clock_state *ret)
{
    struct tx tx;
    db_begin(&tx, c->db, DB_READ, &c->arena);
    ret->now = clock_machine();
    enum err e = house_time_read(&tx, &ret->seen);
    if (e == OK)
        e = house_time_is_settled(&tx, &ret->is_settled);
    db_rollback(&tx);
    ret->is_behind = ret->now < ret->seen.seen_at - HOUSE_TIME_BEHIND;
    return e;
}

static const char *status_of(const struct clock_state *s)
{
    return s->is_behind ? "behind" : s->is_settled ? "ok" : "leapt";
}

static void print_json(struct console *c, const struct clock_state *s)
{
    struct buf out;
    struct json_writer j;
    buf_init(&out, &c->arena, 4096);
    json_write(&j, &out);
    json_begin_object(&j, NULL);
    json_put_text(&j, "status", status_of(s));
    json_put_time(&j, "clock", s->now);
    json_put_time(&j, "last_seen", s->seen.seen_at);
    json_put_time(&j, "removes_from", s->is_settled ? 0 : s->seen.settles_at);
    json_end(&j);
    buf_char(&out, '\n');
    console_write(&out);
}

static int show(struct console *c, const struct clock_state *s)
{
    if (c->json) {
        print_json(c, s);
        return EXIT_DONE;
    }
    console_print("the clock of this machine  %s\n", clock_format(&c->arena, s->now));
    console_print("the latest that was seen   %s\n",
                  s->seen.seen_at ? clock_format(&c->arena, s->seen.seen_at) : "-");
    if (s->is_behind)
        console_print("Servers do not start: this clock is behind. Set it right; if it is right "
                      "and was wrong\nbefore, stop all servers and run: cardea clock accept\n");
    else if (!s->is_settled)
        console_print("The clock has leapt ahead by more than a day: nothing is removed for a day."
                      "\nIf it is right, `cardea clock accept` ends that at once.\n");
    return EXIT_DONE;
}

/* --- accept --- */

static enum err mend(struct tx *tx, int64_t now)
{
    TRY(personal_mend(tx, now));
    TRY(job_mend(tx, now));
    TRY(outbox_mend(tx, now));
    return keyring_mend(tx, now);
}

static enum err accept(struct tx *tx, void *arg)
{
    const struct clock_state *s = arg;
    const char *detail =
        text_format(tx->arena, "{\"last_seen\":\"%s\"}", clock_format(tx->arena, s->seen.seen_at));
    if (s->is_behind)
        TRY(mend(tx, s->now));
    TRY(house_time_accept(tx));
    return audit_add(tx, &audit_by_operator, AUDIT_CLOCK_ACCEPTED, NULL, detail);
}

static int run_accept(struct console *c, struct clock_state *s)
{
    if (!s->is_behind && s->is_settled) {
        if (!c->json)
            console_print("there is nothing to accept: the clock agrees with what was seen\n");
        return EXIT_DONE;
    }
    if (console_write_tx(c, accept, s))
        return EXIT_FAILED;
    if (!c->json)
        console_print(
            "accepted: it is %s\n%s", clock_format(&c->arena, s->now),
            s->is_behind ? "what was dated after that has ended; start the servers again\n" : "");
    return EXIT_DONE;
}

int command_clock(struct console *c)
{
    const char *verb = console_word(c, 1);
    bool accepts = text_equal(verb, "accept");
    struct clock_state state;
    if ((verb && !accepts && !text_equal(verb, "show")) || console_word(c, 2))
        return console_usage("clock [show] [--json]\n       cardea clock accept");
    int code = console_open(c, false);
    if (code)
        return code;
    if (read_state(c, &state))
        return console_fail("cannot read what time was seen");
    return accepts ? run_accept(c, &state) : show(c, &state);
}
