/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaving: asking that the account be removed, keeping it after all, and the job that removes it.
 *
 * A mailed link keeps the account also for who is signed out, as long as they read the mailbox. The
 * job works on one account a transaction, so that one that cannot go holds up no other; it may run
 * twice, on two nodes, or beside the owner's change of mind.
 */
#include "feature/features.h"

#include "account/account.h"
#include "account/deletion.h"
#include "account/scrub.h"
#include "account/session_cache.h"
#include "base/id.h"
#include "base/log.h"
#include "base/text.h"
#include "service/job.h"
#include "service/setting.h"
#include "web/req.h"

#include <stdio.h>

enum { PURGE_ARENA = 64 << 20 };

/* --- asking --- */

static enum err ask(struct req *rq, int64_t *ret_due_at)
{
    struct account who;
    struct deletion_wish wish = { .by = &rq->by,
                                  .reason = "asked",
                                  .grace = setting_span(SETTING_DELETION_GRACE) };
    TRY(account_find(&rq->tx, rq->session.account_id, &who));
    enum err e = deletion_start(&rq->tx, &who, &wish, ret_due_at);
    if (e == E_DENIED)
        return refuse(rq, PROBLEM_LAST_ADMIN);
    TRY(e);
    touch_account(rq, who.id);
    rq->wakes_jobs = true;
    return OK;
}

static enum err ask_api(struct req *rq)
{
    int64_t due_at = 0;
    TRY(ask(rq, &due_at));
    struct json_writer *j = answer(rq, 202);
    json_put_text(j, "status", "deletion_scheduled");
    json_put_time(j, "due_at", due_at);
    return OK;
}

static enum err show_api(struct req *rq)
{
    struct account who;
    TRY(account_find(&rq->tx, rq->session.account_id, &who));
    struct json_writer *j = answer(rq, 200);
    json_put_text(j, "status", who.deletion_due_at ? "deletion_scheduled" : "active");
    json_put_time(j, "due_at", who.deletion_due_at);
    return OK;
}

/* --- keeping it after all --- */

static enum err keep(struct req *rq, const char *account_id)
{
    TRY(deletion_cancel(&rq->tx, account_id, &rq->by));
    touch_account(rq, account_id);
    rq->wakes_jobs = true;
    return OK;
}

static enum err keep_api(struct req *rq)
{
    enum err e = keep(rq, rq->session.account_id);
    if (e == E_GONE)
        return refuse(rq, PROBLEM_NOT_FOUND);
    TRY(e);
    return answer_status(rq, 200, "deletion_cancelled");
}

/* --- pages --- */

static enum err show_link(struct req *rq)
{
    struct deletion d;
    TRY(deletion_look(&rq->tx, field(rq, "token"), &d));
    vars_text(rq->vars, "token", field(rq, "token"));
    vars_text(rq->vars, "email", d.email);
    vars_text(rq->vars, "due_at", clock_format(rq->arena, d.due_at));
    vars_text(rq->vars, "requested_at", clock_format(rq->arena, d.asked_at));
    vars_text(rq->vars, "requested_ip", d.ip);
    vars_text(rq->vars, "requested_agent",
              d.user_agent ? session_device(rq->arena, d.user_agent) : NULL);
    return page(rq, "deletion_keep");
}

static enum err show(struct req *rq)
{
    if (field(rq, "token"))
        return show_link(rq);
    if (!rq->is_signed_in)
        return refuse(rq, PROBLEM_UNAUTHENTICATED);
    vars_num(rq->vars, "grace_days", setting_span(SETTING_DELETION_GRACE) / DAY);
    return page(rq, "deletion");
}

static enum err ask_page(struct req *rq)
{
    int64_t due_at;
    vars_num(rq->vars, "grace_days", setting_span(SETTING_DELETION_GRACE) / DAY);
    TRY(ask(rq, &due_at));
    return see_other(rq, "/settings/deletion");
}

static enum err keep_by_link(struct req *rq)
{
    struct deletion d;
    enum err e = deletion_look(&rq->peek, field(rq, "token"), &d);
    if (e == OK)
        e = keep(rq, d.account_id);
    TRY(e);
    if (text_equal(d.account_id, rq->session.account_id))
        rq->session.deletion_due_at = 0; /* the page says no more that it ends */
    return page(rq, "deletion_kept");
}

static enum err keep_page(struct req *rq)
{
    if (field(rq, "token"))
        return keep_by_link(rq);
    if (!rq->is_signed_in)
        return refuse(rq, PROBLEM_UNAUTHENTICATED);
    enum err e = keep(rq, rq->session.account_id);
    if (e != E_GONE) /* it stays already: that is what was wished */
        TRY(e);
    return see_other(rq, "/settings?done=deletion_cancelled");
}

/* --- the end --- */

enum { ROUND = 50 };

/* One step in a transaction and an arena of its own. */
struct purge {
    struct db *db;
    struct arena arena;
    struct tx tx;
    int64_t now;
    char ids[ROUND][ID_MAX + 1];
    size_t count;
    const char *id; /* the one to remove */
    bool owes_more; /* to the files */
};

static enum err guard(enum err (*step)(struct purge *p), struct purge *p)
{
    jmp_buf jump;
    arena_init(&p->arena, PURGE_ARENA);
    enum err e = ARENA_TRAP(&p->arena, &jump) ? E_FAULT : step(p);
    p->arena.trap = NULL;
    db_rollback(&p->tx);
    arena_done(&p->arena);
    return e;
}

static enum err list_due(struct purge *p)
{
    struct db_rows rows;
    db_begin(&p->tx, p->db, DB_PEEK, &p->arena);
    TRY(account_list_due(&p->tx, p->now, p->count ? p->ids[p->count - 1] : "", ROUND, &rows));
    p->count = rows.count;
    for (size_t i = 0; i < rows.count; i++)
        (void)snprintf(p->ids[i], sizeof p->ids[i], "%s", db_at(&rows, i, 0)->text);
    return OK;
}

static enum err finish(struct purge *p)
{
    bool is_gone;
    db_begin(&p->tx, p->db, DB_WRITE, &p->arena);
    TRY(deletion_finish(&p->tx, p->id, &is_gone));
    TRY(db_commit(&p->tx));
    if (is_gone)
        session_cache_expire(p->id);
    return OK;
}

/* The last administrator stays until there is another one. */
static enum err purge_one(struct purge *p)
{
    enum err e = guard(finish, p);
    if (e)
        LOG(e == E_DENIED ? LOG_WARN : LOG_ERROR, "account.not_removed", LOG_TEXT("account", p->id),
            LOG_TEXT("error", e == E_DENIED ? "the last administrator" : err_name(e)));
    return e == E_DENIED ? OK : e;
}

static enum err pay(struct purge *p)
{
    return scrub_pay(p->db, &p->tx, &p->arena, &p->owes_more);
}

/* What cannot be done beside a reader of an old state, or in a command beside the server, stays
   owed until deletion.scrub runs in the server. */
static enum err scrub(struct purge *p)
{
    enum err e = OK;
    do {
        p->owes_more = false;
        e = guard(pay, p);
    } while (!e && p->owes_more && !job_is_stopping());
    return e == E_BUSY ? OK : e;
}

/* What failed is tried again at the next run; the others go now. */
static enum err purge_round(struct purge *p)
{
    enum err result = guard(list_due, p);
    if (result)
        p->count = 0; /* ends the rounds */
    for (size_t i = 0; i < p->count && !job_is_stopping(); i++) {
        p->id = p->ids[i];
        enum err e = purge_one(p);
        result = e ? e : result;
    }
    enum err e = scrub(p);
    return result ? result : e;
}

static enum err purge(struct job *job)
{
    struct purge *p = arena_alloc(job->arena, sizeof *p);
    enum err result = OK;
    *p = (struct purge){ .db = job->db, .now = job->now };
    do {
        enum err e = purge_round(p);
        result = e ? e : result;
    } while (p->count == ROUND && !job_is_stopping());
    return result;
}

static enum err pay_debts(struct job *job)
{
    struct purge *p = arena_alloc(job->arena, sizeof *p);
    *p = (struct purge){ .db = job->db };
    return scrub(p);
}

#define LINK_FIELD                                                                 \
    {                                                                              \
        {                                                                          \
            "token", FIELD_TOKEN, .optional = true, .help = "from the mailed link" \
        }                                                                          \
    }

const struct route deletion_routes[] = {
    ROUTE(GET, "/v1/account/deletion", SIGNED_IN, show_api,
          .gives = { { 200, "{\"status\":\"active|deletion_scheduled\",\"due_at\"}" } },
          .help = "Whether and when my account ends."),
    ROUTE(POST, "/v1/account/deletion", SIGNED_IN, ask_api, .proof = PROOF_FRESH,
          .limits = { { BY_ACCOUNT, 3, DAY, "deletion" } },
          .gives = { { 202, "{\"status\":\"deletion_scheduled\",\"due_at\"}" },
                     { 403, "last_admin" } },
          .help = "My account ends after a time of grace; a link that keeps it is mailed."),
    ROUTE(DELETE, "/v1/account/deletion", SIGNED_IN, keep_api,
          .limits = { { BY_ACCOUNT, 10, DAY, "keep" } },
          .gives = { { 200, "{\"status\":\"deletion_cancelled\"}" },
                     { 404, "it was not going to end" } },
          .help = "My account stays after all."),
    ROUTE(GET, "/settings/deletion", VISITOR, show, .fields = LINK_FIELD, .has_token = true,
          .help = "Leaving: the form, when the account ends, or what a mailed link would cancel."),
    ROUTE(POST, "/settings/deletion", SIGNED_IN, ask_page, .proof = PROOF_FRESH,
          .back = "/settings/deletion", .page = "deletion",
          .limits = { { BY_ACCOUNT, 3, DAY, "deletion" } },
          .help = "Asks by form that my account be removed."),
    ROUTE(POST, "/settings/deletion/cancel", VISITOR, keep_page, .fields = LINK_FIELD,
          .has_token = true, .back = "/settings/deletion",
          .limits = { { BY_IP, 30, HOUR, "keep by link" } },
          .help = "Keeps the account, by link or for whoever is signed in."),
    ROUTES_END,
};

const struct job_kind deletion_jobs[] = {
    { "deletion.purge", purge, HOUR, "removes accounts whose time of grace is over",
      .removes = true },
    { "deletion.scrub", pay_debts, 5 * MINUTE,
      "clears what removed accounts left in the files of a SQLite database" },
    { 0 },
};
