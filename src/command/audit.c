/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cardea audit {tail,verify}: what happened, and whether somebody changed the record of it.
 */
#include "command/command.h"

#include "base/clock.h"
#include "base/text.h"
#include "service/audit.h"

static void print_json(struct console *c, const struct audit_row *row)
{
    struct buf out;
    struct json_writer j;
    buf_init(&out, &c->arena, 64 << 10);
    json_write(&j, &out);
    json_begin_object(&j, NULL);
    json_put_text(&j, "id", row->id);
    json_put_time(&j, "at", row->at);
    json_put_text(&j, "event", row->event);
    json_put_text(&j, "account_id", row->account_id);
    json_put_text(&j, "actor", row->actor);
    json_put_text(&j, "ip", row->ip);
    json_put_text(&j, "user_agent", row->user_agent);
    json_put_text(&j, "request_id", row->request_id);
    json_put_raw(&j, "detail", mem_text(row->detail));
    json_end(&j);
    buf_char(&out, '\n');
    console_write(&out);
}

static int tail(struct console *c)
{
    struct tx tx;
    struct audit_row *rows;
    size_t count;
    int64_t limit = 20;
    const char *wanted = console_option(c, "limit");
    if (wanted && !text_parse_int(wanted, 1, 10'000, &limit))
        return console_fail("--limit takes a number from 1 to 10000");
    db_begin(&tx, c->db, DB_READ, &c->arena);
    enum err e = audit_tail(&tx, console_option(c, "account"), NULL, limit, &rows, &count);
    db_rollback(&tx);
    if (e)
        return console_fail("cannot read the audit log");
    for (size_t i = count; i-- > 0;) {
        if (c->json)
            print_json(c, &rows[i]);
        else
            console_print("%s  %-26s %-30s by %-30s from %-15s %s\n",
                          clock_format(&c->arena, rows[i].at), rows[i].event,
                          rows[i].account_id ? rows[i].account_id : "-", rows[i].actor,
                          rows[i].ip ? rows[i].ip : "-", rows[i].detail);
    }
    return EXIT_DONE;
}

static int verify(struct console *c)
{
    struct audit_verdict v;
    if (audit_verify(c->db, &c->arena, &v))
        return console_fail("cannot read the audit log");
    if (!v.is_good)
        return console_fail("the audit log is broken at chain %lld, sequence number %lld: %s",
                            (long long)v.bad_chain, (long long)v.bad_seq, v.what);
    console_print("%lld events, every chain is whole\n", (long long)v.rows);
    return EXIT_DONE;
}

int command_audit(struct console *c)
{
    const char *verb = console_word(c, 1);
    if (!text_equal(verb, "tail") && !text_equal(verb, "verify"))
        return console_usage("audit {tail,verify} [--limit N] [--account ID] [--json]");
    int code = console_open(c, false);
    if (code)
        return code;
    return text_equal(verb, "tail") ? tail(c) : verify(c);
}
