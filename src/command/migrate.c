/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cardea migrate {plan,up,status}: the shape of the store. The server does `up` itself when it
 * starts.
 */
#include "command/command.h"

#include "base/clock.h"
#include "base/text.h"
#include "db/migrate.h"

static int read_status(struct console *c, struct migrations *ret)
{
    int code = console_open(c, true);
    if (code)
        return code;
    return migrate_status(c->db, &c->arena, ret)
               ? console_fail("this database does not fit, see above")
               : EXIT_DONE;
}

static void print_plan(const struct migrations *m)
{
    if (!m->pending)
        console_print("nothing is pending\n");
    for (size_t i = 0; i < m->count; i++)
        if (!m->list[i].applied_at)
            console_print("-- %s\n%s\n", m->list[i].name, m->list[i].sql);
}

static void print_status(struct console *c, const struct migrations *m)
{
    for (size_t i = 0; i < m->count; i++)
        console_print("%-24s %s\n", m->list[i].name,
                      m->list[i].applied_at ? clock_format(&c->arena, m->list[i].applied_at)
                                            : "pending");
}

int command_migrate(struct console *c)
{
    struct migrations m;
    const char *verb = console_word(c, 1);
    bool goes_up = text_equal(verb, "up");
    if (!goes_up && !text_equal(verb, "plan") && !text_equal(verb, "status"))
        return console_usage("migrate {plan,up,status}");
    int code = read_status(c, &m);
    if (code)
        return code;
    if (goes_up && migrate_up(c->db, &c->arena))
        return console_fail("a migration failed, see above; it was rolled back");
    if (goes_up)
        console_print("%zu migrations applied\n", m.pending);
    else if (text_equal(verb, "plan"))
        print_plan(&m);
    else
        print_status(c, &m);
    return EXIT_DONE;
}
