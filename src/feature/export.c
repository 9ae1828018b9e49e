/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy of everything we hold about somebody (GDPR 15 and 20), as JSON. A task makes it from the
 * list of personal tables, it is kept sealed for a few days, and only its owner, signed in and
 * proved afresh, can fetch it: a stolen session is not enough to walk off with a whole life.
 * Secrets (hashes, seeds) are in no table's export, see account/personal.h (MFA-06).
 */
#include "feature/features.h"

#include "account/account.h"
#include "account/notice.h"
#include "base/id.h"
#include "base/text.h"
#include "service/audit.h"
#include "service/job.h"
#include "service/keyring.h"
#include "service/setting.h"
#include "web/req.h"

/* A request's memory holds a copy twice: sealed and open. */
enum { COPY_MAX = 7 << 19, KEPT = 3 };

/* A copy that could not be made by then is forgotten, so that its owner asks again. */
static const int64_t WAIT_MAX = DAY;

struct copy {
    const char *id, *account_id;
    int64_t created_at, ready_at, expires_at;
};

/* --- asking --- */

/* The newest few are kept: a copy is large. */
static enum err make_room(struct req *rq)
{
    return db_run(&rq->tx,
                  "DELETE FROM export WHERE account_id = $1 AND id NOT IN"
                  " (SELECT id FROM export WHERE account_id = $1 ORDER BY created_at DESC, id DESC"
                  "   LIMIT $2)",
                  V(text(rq->session.account_id), num(KEPT - 1)));
}

static enum err add_task(struct req *rq, const char *id)
{
    struct buf task;
    struct json_writer j;
    buf_init(&task, rq->arena, 4000);
    json_write(&j, &task);
    json_begin_object(&j, NULL);
    json_put_text(&j, "id", id);
    json_put_text(&j, "ip", rq->from.ip);
    json_put_text(&j, "user_agent", rq->from.user_agent);
    json_end(&j);
    rq->wakes_jobs = true;
    return job_add(&rq->tx, "export.make", text_copy(rq->arena, buf_mem(&task)));
}

static enum err ask(struct req *rq, const char **ret_id)
{
    const char *account_id = rq->session.account_id;
    *ret_id = id_new(rq->arena, "exp");
    TRY(account_hold(&rq->tx, account_id));
    TRY(make_room(rq));
    TRY(db_run(&rq->tx,
               "INSERT INTO export (id, account_id, created_at, expires_at)"
               "     VALUES ($1, $2, $3, $4)",
               V(text(*ret_id), text(account_id), num(rq->now), num(rq->now + WAIT_MAX))));
    TRY(add_task(rq, *ret_id));
    return audit_add(&rq->tx, &rq->by, AUDIT_EXPORT_ASKED, account_id,
                     text_format(rq->arena, "{\"export\":\"%s\"}", *ret_id));
}

static enum err ask_api(struct req *rq)
{
    const char *id;
    TRY(ask(rq, &id));
    struct json_writer *j = answer(rq, 202);
    json_put_text(j, "id", id);
    json_put_text(j, "status", "pending");
    return OK;
}

static enum err ask_page(struct req *rq)
{
    const char *id;
    TRY(ask(rq, &id));
    return see_other(rq, "/settings/export?done=export_asked");
}

/* --- making --- */

static void put_state(struct json_writer *j, const struct copy *of)
{
    json_put_text(j, "id", of->id);
    json_put_text(j, "status", of->ready_at ? "ready" : "pending");
    json_put_time(j, "created_at", of->created_at);
    json_put_time(j, "expires_at", of->expires_at);
}

/* The answer as it will be given, whole. */
static enum err write_copy(struct job *job, const struct copy *of, struct mem *ret)
{
    struct buf out;
    struct json_writer j;
    buf_init(&out, job->arena, COPY_MAX);
    json_write(&j, &out);
    json_begin_object(&j, NULL);
    put_state(&j, of);
    json_begin_object(&j, "data");
    TRY(personal_write(job->tx, of->account_id, &j));
    json_end(&j);
    json_end(&j);
    *ret = buf_mem(&out);
    return out.overflow ? E_FAULT : OK;
}

static enum err tell_owner(struct job *job, const struct copy *of, const struct json_value *asked)
{
    struct account who;
    int64_t days = (of->expires_at - job->now) / DAY;
    TRY(account_find(job->tx, of->account_id, &who));
    return notice_tell(
        job->tx, &(struct notice){
                     .kind = "export_ready",
                     .account = &who,
                     .ip = json_find_text(asked, "ip"),
                     .user_agent = json_find_text(asked, "user_agent"),
                     .vars = VARS({ "link", text_format(job->arena, "%s/settings/export?id=%s",
                                                        setting_public_origin(), of->id) },
                                  { "days", text_format(job->arena, "%lld", (long long)days) }),
                 });
}

static enum err keep(struct job *job, const struct copy *of, struct mem copy)
{
    struct mem sealed =
        seal(keyring_seals(), job->arena, (struct seal_place){ "export", "data", of->id }, copy);
    return db_run(job->tx,
                  "UPDATE export SET ready_at = $2, expires_at = $3, data = $4 WHERE id = $1",
                  V(text(of->id), num(of->ready_at), num(of->expires_at), blob(sealed)));
}

static enum err make(struct job *job)
{
    struct json_value asked;
    struct mem copy;
    TRY(json_read(job->arena, mem_text(job->arg), &asked, NULL));
    struct copy of = { .id = json_find_text(&asked, "id") };
    enum err e = db_one(
        job->tx, "SELECT account_id, created_at FROM export WHERE id = $1 AND ready_at IS NULL",
        V(text(of.id)), INTO(to_text(&of.account_id), to_num(&of.created_at)));
    if (e == E_NOT_FOUND)
        return OK; /* gave way to a newer one, or went with its account */
    TRY(e);
    of.ready_at = job->now;
    of.expires_at = job->now + setting_span(SETTING_EXPORT_TTL);
    TRY(write_copy(job, &of, &copy));
    TRY(keep(job, &of, copy));
    return tell_owner(job, &of, &asked);
}

/* --- fetching --- */

/* One's own and not over; another's is not there (IDOR-03). */
static enum err find(struct req *rq, const char *id, struct copy *ret, struct mem *ret_sealed)
{
    if (!id_is(id, "exp"))
        return E_NOT_FOUND;
    *ret = (struct copy){ .id = id, .account_id = rq->session.account_id };
    return db_one(&rq->tx,
                  "SELECT created_at, ready_at, expires_at, data FROM export"
                  " WHERE id = $1 AND account_id = $2 AND expires_at > $3",
                  V(text(id), text(ret->account_id), num(rq->now)),
                  INTO(to_num(&ret->created_at), to_num(&ret->ready_at), to_num(&ret->expires_at),
                       to_blob(ret_sealed)));
}

static enum err give(struct req *rq, const struct copy *of, struct mem sealed)
{
    struct mem copy;
    enum err e = seal_open(keyring_seals(), rq->arena,
                           (struct seal_place){ "export", "data", of->id }, sealed, &copy);
    if (e == E_INVALID)
        return E_NOT_FOUND; /* the key that sealed it was withdrawn */
    TRY(e);
    TRY(audit_add(&rq->tx, &rq->by, AUDIT_EXPORT_FETCHED, of->account_id,
                  text_format(rq->arena, "{\"export\":\"%s\"}", of->id)));
    return answer_document(rq, "application/json", copy);
}

/* Fetching leaves a mark, although it is a GET: a copy is all there is to steal. */
static void begin_to_write(struct req *rq)
{
    db_begin(&rq->tx, rq->tx.db, DB_WRITE, rq->arena);
}

static enum err fetch_api(struct req *rq)
{
    struct copy of;
    struct mem sealed;
    begin_to_write(rq);
    TRY(find(rq, param(rq, "id"), &of, &sealed));
    if (of.ready_at)
        return give(rq, &of, sealed);
    put_state(answer(rq, 200), &of);
    return OK;
}

static enum err download(struct req *rq)
{
    struct copy of;
    struct mem sealed;
    begin_to_write(rq);
    TRY(find(rq, param(rq, "id"), &of, &sealed));
    if (!of.ready_at)
        return E_NOT_FOUND;
    http_header_add(&rq->x->response, "Content-Disposition",
                    text_format(rq->arena, "attachment; filename=\"my-data-%.10s.json\"",
                                clock_format(rq->arena, of.ready_at)));
    return give(rq, &of, sealed);
}

/* --- the page --- */

static enum err show(struct req *rq)
{
    struct db_rows rows;
    TRY(db_each(&rq->tx,
                "SELECT id, created_at, ready_at, expires_at FROM export"
                " WHERE account_id = $1 AND expires_at > $2 ORDER BY created_at DESC, id DESC"
                " LIMIT 10",
                V(text(rq->session.account_id), num(rq->now)), &rows));
    for (size_t i = 0; i < rows.count; i++) {
        struct vars *item = vars_item(rq->vars, "exports");
        vars_text(item, "id", db_at(&rows, i, 0)->text);
        vars_text(item, "created_at", clock_format(rq->arena, db_at(&rows, i, 1)->num));
        vars_flag(item, "is_ready", db_at(&rows, i, 2)->num != 0);
        vars_text(item, "expires_at", clock_format(rq->arena, db_at(&rows, i, 3)->num));
    }
    if (text_equal(field(rq, "done"), "export_asked"))
        vars_text(rq->vars, "notice", locale_text(rq->locale, "notice.export_asked"));
    return page(rq, "settings_export");
}

/* --- upkeep --- */

static enum err purge(struct job *job)
{
    return db_run(job->tx, "DELETE FROM export WHERE expires_at <= $1", V(num(job->now)));
}

static enum err write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    return personal_write_rows(tx, "id created_at ready_at expires_at",
                               "SELECT id, created_at, ready_at, expires_at FROM export"
                               " WHERE account_id = $1 ORDER BY id",
                               V(text(account_id)), j);
}

const struct personal_table export_personal[] = {
    { "export", write, NULL, .mend = "DELETE FROM export WHERE created_at > $1" },
    { 0 },
};

#define EXPORT_LIMITS                    \
    {                                    \
        {                                \
            BY_ACCOUNT, 3, DAY, "export" \
        }                                \
    }

const struct route export_routes[] = {
    ROUTE(POST, "/v1/account/export", SIGNED_IN, ask_api, .proof = PROOF_FRESH,
          .limits = EXPORT_LIMITS, .gives = { { 202, "{\"id\",\"status\":\"pending\"}" } },
          .help = "Asks for a copy of all data about me; a mail says when it is ready."),
    ROUTE(GET, "/v1/account/export/{id}", SIGNED_IN, fetch_api, .proof = PROOF_FRESH,
          .gives = { { 200, "{\"id\",\"status\":\"pending|ready\",\"created_at\","
                            "\"expires_at\",\"data\"?:{...}}" } },
          .help = "The copy, once it is ready; before that only its status, \"pending\"."),
    ROUTE(GET, "/settings/export", SIGNED_IN, show,
          .fields = { { "id", FIELD_TOKEN, .optional = true },
                      { "done", FIELD_TEXT, .optional = true, .max = 40 } },
          .help = "My copies, to download."),
    ROUTE(POST, "/settings/export", SIGNED_IN, ask_page, .proof = PROOF_FRESH,
          .limits = EXPORT_LIMITS, .back = "/settings/export",
          .help = "Asks for a copy of all data about me by form."),
    ROUTE(GET, "/settings/export/{id}/download", SIGNED_IN, download, .proof = PROOF_FRESH,
          .gives = { { 200, "a JSON file" } }, .help = "A copy as a file."),
    ROUTES_END,
};

const struct job_kind export_jobs[] = {
    { "export.make", make, 0, "makes a copy of all data about somebody" },
    { "export.purge", purge, HOUR, "removes copies that are over", .removes = true },
    { 0 },
};
