/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cardea job {list,run}: periodic work, as the store knows it. Running one by hand takes its lease,
 * so it is as safe beside a running server as a second server is.
 */
#include "command/command.h"

#include "base/clock.h"
#include "base/text.h"
#include "service/job.h"
#include "service/locale.h"
#include "service/setting.h"
#include "service/template.h"

/* --- list --- */

static bool is_running(const struct job_entry *job)
{
    return job->leased_until > clock_now();
}

static void put_job(struct json_writer *j, const struct job_entry *job)
{
    json_begin_object(j, NULL);
    json_put_text(j, "name", job->name);
    json_put_text(j, "help", job->help);
    json_put_num(j, "every_seconds", job->every / SECOND);
    json_put_bool(j, "running", is_running(job));
    json_put_time(j, "last_run_at", job->last_run_at);
    json_put_time(j, "last_success_at", job->last_success_at);
    json_put_time(j, "next_run_at", job->next_run_at);
    json_put_text(j, "last_error", job->last_error);
    json_end(j);
}

static void print_json(struct console *c, const struct job_entry *jobs, size_t count)
{
    struct buf out;
    struct json_writer j;
    buf_init(&out, &c->arena, 1 << 20);
    json_write(&j, &out);
    json_begin_array(&j, NULL);
    for (size_t i = 0; i < count; i++)
        put_job(&j, &jobs[i]);
    json_end(&j);
    buf_char(&out, '\n');
    console_write(&out);
}

/* To the second: the table is wide enough. */
static const char *short_time(struct console *c, int64_t at, const char *none)
{
    return at ? text_format(&c->arena, "%.19sZ", clock_format(&c->arena, at)) : none;
}

static void print_job(struct console *c, const struct job_entry *job)
{
    console_print(
        "%-24s %-20s  %-20s  %-20s  %s\n", job->name, short_time(c, job->last_run_at, "never"),
        short_time(c, job->last_success_at, "never"),
        is_running(job) ? "running" : short_time(c, job->next_run_at, "at start"), job->help);
    if (!text_is_empty(job->last_error))
        console_print("%-24s the last run failed: %s\n", "", job->last_error);
}

static int list(struct console *c)
{
    struct job_entry *jobs;
    size_t count;
    if (job_list(c->db, &c->arena, &jobs, &count))
        return console_fail("cannot read the jobs");
    if (c->json) {
        print_json(c, jobs, count);
        return EXIT_DONE;
    }
    console_print("%-24s %-20s  %-20s  %-20s  %s\n", "name", "last run", "last success", "next run",
                  "what it does");
    for (size_t i = 0; i < count; i++)
        print_job(c, &jobs[i]);
    return EXIT_DONE;
}

/* --- run --- */

static int refuse_unknown(const char *name)
{
    const char *near = job_nearest(name);
    (void)console_fail("there is no job %.64s%s%s%s", name, near ? "; did you mean " : "",
                       near ? near : "; `cardea job list` shows them", near ? "?" : "");
    return EXIT_USAGE;
}

static void say(struct console *c, const char *name, const char *status, enum err why)
{
    struct buf out;
    struct json_writer j;
    if (!c->json)
        return;
    buf_init(&out, &c->arena, 4096);
    json_write(&j, &out);
    json_begin_object(&j, NULL);
    json_put_text(&j, "name", name);
    json_put_text(&j, "status", status);
    json_put_text(&j, "error", why ? err_name(why) : NULL);
    json_end(&j);
    buf_char(&out, '\n');
    console_write(&out);
}

/* Some jobs write mails. */
static enum err open_texts(void)
{
    const char *folder = setting_text(SETTING_UI_DIR);
    TRY(locale_open(folder));
    return template_open(folder);
}

static int run(struct console *c, const char *name)
{
    enum err e = open_texts();
    if (!e)
        e = job_run(c->db, &c->arena, name);
    template_close();
    locale_close();
    if (e == E_NOT_FOUND)
        return refuse_unknown(name);
    say(c, name, e == E_BUSY ? "busy" : e ? "failed" : "done", e);
    if (e == E_DENIED)
        return console_fail("%s waits, because the clock has leapt: see cardea clock", name);
    if (e == E_BUSY)
        return console_fail("%s is running at the moment", name);
    if (e)
        return console_fail("%s failed: %s, see above", name, err_name(e));
    if (!c->json)
        console_print("%s done\n", name);
    return EXIT_DONE;
}

int command_job(struct console *c)
{
    const char *verb = console_word(c, 1), *name = console_word(c, 2);
    bool lists = text_equal(verb, "list") && !name;
    if (!lists && (!text_equal(verb, "run") || !name || console_word(c, 3)))
        return console_usage("job list [--json]\n       cardea job run NAME [--json]");
    int code = console_open(c, false);
    if (code)
        return code;
    return lists ? list(c) : run(c, name);
}
