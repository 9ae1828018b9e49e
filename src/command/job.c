/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cardea job {list,run}: periodic work.
 */
#include "command/command.h"

#include "base/clock.h"
#include "base/text.h"
#include "service/job.h"

static int list(struct console *c)
{
    struct job_entry *jobs;
    size_t count;
    if (job_list(c->db, &c->arena, &jobs, &count))
        return console_fail("cannot read the jobs");
    for (size_t i = 0; i < count; i++)
        console_print("%-22s last %-25s next %-25s %s\n", jobs[i].name,
                      jobs[i].last_run_at ? clock_format(&c->arena, jobs[i].last_run_at) : "never",
                      jobs[i].next_run_at ? clock_format(&c->arena, jobs[i].next_run_at) : "-",
                      text_is_empty(jobs[i].last_error) ? jobs[i].help : jobs[i].last_error);
    return EXIT_DONE;
}

static int run(struct console *c, const char *name)
{
    enum err e = job_run(c->db, &c->arena, name);
    if (e == E_NOT_FOUND)
        return console_fail("there is no job %s; `cardea job list` shows them", name);
    if (e == E_BUSY)
        return console_fail("%s is running at the moment", name);
    if (e)
        return console_fail("%s failed, see above", name);
    console_print("%s done\n", name);
    return EXIT_DONE;
}

int command_job(struct console *c)
{
    const char *verb = console_word(c, 1), *name = console_word(c, 2);
    bool lists = text_equal(verb, "list");
    if (!lists && (!text_equal(verb, "run") || !name))
        return console_usage("job {list,run NAME}");
    int code = console_open(c, false);
    if (code)
        return code;
    return lists ? list(c) : run(c, name);
}
