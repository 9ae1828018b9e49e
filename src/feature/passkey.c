/* SPDX-License-Identifier: Apache-2.0 */
/*
 * My passkeys: registering them (WebAuthn level 3, 7.1), their names, removing them.
 *
 * No attestation is asked for and none is believed: which make of authenticator somebody uses is
 * theirs to choose. Registering begins with a fresh proof of identity and ends in the session it
 * began in; only a verified account has one, so nothing can be planted before the mailbox is proved
 * (PRE-03).
 */
#include "feature/features.h"

#include "account/account.h"
#include "account/credential.h"
#include "account/passkey.h"
#include "account/passkey_maker.h"
#include "base/id.h"
#include "base/text.h"
#include "service/setting.h"
#include "web/cursor.h"
#include "web/passkey_ask.h"
#include "web/req.h"
#include "web/step_up.h"

/* --- registering: the options --- */

static void put_algorithms(struct json_writer *j)
{
    json_begin_array(j, "pubKeyCredParams");
    for (int i = 0; i < WEBAUTHN_ALGORITHMS; i++) {
        json_begin_object(j, NULL);
        json_put_text(j, "type", "public-key");
        json_put_num(j, "alg", webauthn_algorithms[i]);
        json_end(j);
    }
    json_end(j);
}

static void put_user(struct req *rq, struct json_writer *j, const struct account *who)
{
    json_begin_object(j, "rp");
    json_put_text(j, "id", passkey_rp_id());
    json_put_text(j, "name", setting_text(SETTING_SERVICE_NAME));
    json_end(j);
    json_begin_object(j, "user");
    json_put_text(j, "id", passkey_text(rq->arena, passkey_user_handle(rq->arena, who->id)));
    json_put_text(j, "name", who->email);
    json_put_text(j, "displayName", account_label(who));
    json_end(j);
}

/* Preferred, not required: a plain security key may still become a second step. */
static void put_wishes(struct json_writer *j)
{
    json_begin_object(j, "authenticatorSelection");
    json_put_text(j, "residentKey", "preferred");
    json_put_bool(j, "requireResidentKey", false);
    json_put_text(j, "userVerification", "preferred");
    json_end(j);
    json_put_text(j, "attestation", "none");
    json_begin_array(j, "hints"); /* the browser knows better which authenticators are at hand */
    json_end(j);
    json_begin_object(j, "extensions");
    json_put_bool(j, "credProps", true);
    json_end(j);
}

static enum err begin(struct req *rq)
{
    struct account who;
    struct passkey *own;
    size_t count;
    const char *challenge;
    struct ceremony ceremony = { .purpose = CEREMONY_REGISTER,
                                 .account_id = rq->session.account_id,
                                 .bound_to = rq->session.id,
                                 .name = field(rq, "name") };
    TRY(account_find(&rq->tx, ceremony.account_id, &who));
    TRY(passkey_list(&rq->tx, who.id, &own, &count));
    if (count >= PASSKEYS_MAX)
        return refuse(rq, PROBLEM_PASSKEYS_TOO_MANY);
    TRY(ceremony_start(&rq->tx, &ceremony, &challenge));
    struct json_writer *j = answer(rq, 200);
    put_user(rq, j, &who);
    passkey_put_challenge(rq, j, challenge);
    put_algorithms(j);
    passkey_put_list(rq, j, "excludeCredentials", (struct passkeys){ own, count });
    put_wishes(j);
    return OK;
}

/* --- registering: the answer --- */

/* "false" only when the browser says so (WebAuthn 10.1.3); it is not signed, and only used to tell
   its owner what to expect. */
static bool is_discoverable(struct req *rq)
{
    const struct json_value *props =
        json_find(field_json(rq, "clientExtensionResults"), "credProps");
    const struct json_value *rk = json_find(props, "rk");
    return !rk || rk->kind != JSON_IS_FALSE;
}

static const char *choose_name(struct req *rq, const struct ceremony *ceremony,
                               const struct webauthn_registered *proof)
{
    const char *chosen = field(rq, "name") ? field(rq, "name") : ceremony->name;
    const char *maker = passkey_maker(webauthn_credential(proof)->aaguid);
    if (chosen || maker)
        return chosen ? chosen : maker;
    return session_device(rq->arena, rq->from.user_agent);
}

static enum err verify(struct req *rq, const struct passkey_answer *answer,
                       const struct webauthn_registered **ret, const char **ret_why)
{
    struct webauthn_attestation attestation;
    enum webauthn_refusal why;
    struct webauthn_ceremony asked = passkey_ceremony(rq, answer);
    const struct ceremony *c = &answer->ceremony;
    *ret = NULL;
    *ret_why = "another_ceremony";
    if (c->purpose != CEREMONY_REGISTER || !text_equal(c->bound_to, rq->session.id) ||
        !text_equal(c->account_id, rq->session.account_id))
        return E_INVALID;
    *ret_why = "unreadable";
    TRY(webauthn_read_attestation(rq->arena, &answer->json, &attestation));
    enum err e = webauthn_register(rq->arena, &asked, &attestation, ret, &why);
    *ret_why = webauthn_refusal_name(why);
    return e;
}

static enum err refuse_registration(struct req *rq, const char *why, enum problem problem)
{
    TRY(audit_add(&rq->tx, &rq->by, AUDIT_PASSKEY_REFUSED, rq->session.account_id,
                  text_format(rq->arena, "{\"reason\":\"%s\"}", why)));
    return refuse_and_keep(rq, problem);
}

static enum err store(struct req *rq, const struct passkey_answer *answer,
                      const struct webauthn_registered *proof, struct passkey *ret)
{
    int64_t count;
    const char *account_id = rq->session.account_id;
    struct passkey_traits traits = { choose_name(rq, &answer->ceremony, proof),
                                     is_discoverable(rq) };
    TRY(passkey_count(&rq->tx, account_id, &count));
    if (count >= PASSKEYS_MAX)
        return refuse_registration(rq, "too_many", PROBLEM_PASSKEYS_TOO_MANY);
    enum err e = passkey_add(&rq->tx, account_id, &traits, proof, ret);
    return e == E_CONFLICT ? refuse_registration(rq, "known", PROBLEM_PASSKEY_KNOWN) : e;
}

/* Verified before the transaction opens; that the challenge was still alive is a condition of its
   use. */
static enum err finish(struct req *rq, struct passkey *ret)
{
    struct passkey_answer answer;
    struct account who;
    const struct webauthn_registered *proof;
    const char *why;
    TRY(passkey_read_answer(rq, &answer));
    enum err verdict = verify(rq, &answer, &proof, &why);
    TRY(account_hold(&rq->tx, rq->session.account_id));
    enum err e = ceremony_take(&rq->tx, &answer.ceremony);
    if (e == E_GONE)
        return refuse(rq, PROBLEM_CHALLENGE_EXPIRED);
    TRY(e);
    if (verdict)
        return refuse_registration(rq, why, PROBLEM_PASSKEY_UNUSABLE);
    TRY(store(rq, &answer, proof, ret));
    TRY(step_up_renew(rq)); /* behind every refusal that keeps what was written */
    TRY(account_find(&rq->tx, rq->session.account_id, &who));
    rq->wakes_jobs = true;
    return credential_add_passkey(&rq->tx,
                                  &(struct credential_passkey){ .account = &who,
                                                                .id = ret->id,
                                                                .name = ret->name,
                                                                .session_id = rq->session.id,
                                                                .created_at = ret->created_at,
                                                                .by = &rq->by });
}

/* --- the list --- */

static void put_passkey(struct json_writer *j, const struct passkey *p)
{
    json_put_text(j, "id", p->id);
    json_put_text(j, "name", p->name);
    json_put_time(j, "created_at", p->created_at);
    json_put_time(j, "last_used_at", p->last_used_at);
    json_put_bool(j, "signs_in", p->is_user_verified && p->is_discoverable);
    json_put_bool(j, "backup_eligible", p->is_backup_eligible);
    json_put_bool(j, "backed_up", p->is_backed_up);
    json_put_words(j, "transports", p->transports);
    json_put_time(j, "suspect_at", p->suspect_at);
}

static enum err finish_api(struct req *rq)
{
    struct passkey added;
    TRY(finish(rq, &added));
    put_passkey(answer(rq, 201), &added);
    return OK;
}

static enum err list(struct req *rq)
{
    struct passkey *own;
    size_t count;
    TRY(passkey_list(&rq->tx, rq->session.account_id, &own, &count));
    struct list_part part;
    TRY(list_part(rq, "passkeys", &(struct list_rows){ own, sizeof *own, count }, &part));
    struct json_writer *j = answer(rq, 200);
    json_begin_array(j, "data");
    for (size_t i = part.from; i < part.to; i++) {
        json_begin_object(j, NULL);
        put_passkey(j, &own[i]);
        json_end(j);
    }
    json_end(j);
    return put_next_cursor(rq, &part.page, part.last);
}

/* --- names, and removing --- */

static enum err find(struct req *rq, struct tx *tx, const char *id, struct passkey *ret)
{
    return id_is(id, "pky") ? passkey_find_own(tx, rq->session.account_id, id, ret) : E_NOT_FOUND;
}

static enum err rename_it(struct req *rq, const char *id, struct passkey *ret)
{
    TRY(find(rq, &rq->tx, id, ret));
    ret->name = field(rq, "name");
    TRY(passkey_rename(&rq->tx, ret->account_id, ret->id, ret->name));
    return audit_add(&rq->tx, &rq->by, AUDIT_PASSKEY_RENAMED, ret->account_id,
                     text_format(rq->arena, "{\"passkey\":\"%s\"}", ret->id));
}

static enum err remove_it(struct req *rq, const char *id)
{
    struct account who;
    struct passkey passkey;
    TRY(account_hold(&rq->tx, rq->session.account_id));
    TRY(find(rq, &rq->tx, id, &passkey));
    TRY(account_find(&rq->tx, passkey.account_id, &who));
    TRY(step_up_renew(rq));
    TRY(passkey_remove(&rq->tx, who.id, passkey.id));
    rq->wakes_jobs = true;
    return credential_remove_passkey(&rq->tx,
                                     &(struct credential_passkey){ .account = &who,
                                                                   .id = passkey.id,
                                                                   .name = passkey.name,
                                                                   .session_id = rq->session.id,
                                                                   .by = &rq->by });
}

static enum err show_api(struct req *rq)
{
    struct passkey passkey;
    TRY(find(rq, &rq->tx, param(rq, "id"), &passkey));
    put_passkey(answer(rq, 200), &passkey);
    return OK;
}

static enum err rename_api(struct req *rq)
{
    struct passkey passkey;
    TRY(rename_it(rq, param(rq, "id"), &passkey));
    put_passkey(answer(rq, 200), &passkey);
    return OK;
}

static enum err remove_api(struct req *rq)
{
    TRY(remove_it(rq, param(rq, "id")));
    return answer_empty(rq, 204);
}

/* --- pages --- */

static enum err show_one(struct req *rq)
{
    struct passkey p;
    TRY(find(rq, &rq->tx, param(rq, "id"), &p));
    vars_text(rq->vars, "id", p.id);
    vars_text(rq->vars, "name", p.name);
    vars_text(rq->vars, "created_at", clock_format(rq->arena, p.created_at));
    vars_text(rq->vars, "last_used_at",
              p.last_used_at ? clock_format(rq->arena, p.last_used_at) : NULL);
    vars_text(rq->vars, "suspect_at", p.suspect_at ? clock_format(rq->arena, p.suspect_at) : NULL);
    vars_flag(rq->vars, "synced", p.is_backed_up);
    vars_flag(rq->vars, "can_sync", p.is_backup_eligible);
    vars_flag(rq->vars, "second_only", !p.is_user_verified || !p.is_discoverable);
    vars_text(rq->vars, "value_name", p.name);
    return page(rq, "passkey");
}

static enum err rename_page(struct req *rq)
{
    struct passkey passkey;
    TRY(rename_it(rq, field(rq, "id"), &passkey));
    return see_other(rq, "/account/security?done=passkey_renamed");
}

static enum err remove_page(struct req *rq)
{
    enum err e = remove_it(rq, field(rq, "id"));
    if (e != E_NOT_FOUND)
        TRY(e);
    return see_other(rq, "/account/security?done=passkey_removed");
}

/* https://www.w3.org/TR/passkey-endpoints/ */
static enum err endpoints(struct req *rq)
{
    struct json_writer *j = answer(rq, 200);
    const char *origin = setting_public_origin();
    json_put_text(j, "enroll", text_format(rq->arena, "%s/account/passkeys/new", origin));
    json_put_text(j, "manage", text_format(rq->arena, "%s/account/security", origin));
    return OK;
}

static enum err purge(struct job *job)
{
    return ceremony_purge(job->tx, job->now, &job->more);
}

#define PASSKEY_GIVES                                                                    \
    "{\"id\",\"name\",\"created_at\",\"last_used_at\",\"signs_in\",\"backup_eligible\"," \
    "\"backed_up\",\"transports\",\"suspect_at\"}"
#define NAME_FIELD                                                            \
    {                                                                         \
        "name", FIELD_NAME, .optional = true, .help = "to tell several apart" \
    }

const struct route passkey_routes[] = {
    ROUTE(POST, "/v1/auth/passkeys/register/begin", SIGNED_IN, begin, .proof = PROOF_FRESH,
          .fields = { NAME_FIELD }, .limits = { { BY_ACCOUNT, 10, MINUTE, "passkey register" } },
          .gives = { { 200, "options for PublicKeyCredential.parseCreationOptionsFromJSON()" },
                     { 401, "insufficient_user_authentication" },
                     { 409, "too_many_passkeys" } },
          .help = "Begins to register a passkey."),
    ROUTE(POST, "/v1/auth/passkeys/register/finish", SIGNED_IN, finish_api, .proof = PROOF_LEVEL,
          .fields = { PASSKEY_ANSWER_FIELDS, NAME_FIELD },
          .limits = { { BY_ACCOUNT, 10, MINUTE, "passkey answer" } },
          .gives = { { 201, PASSKEY_GIVES },
                     { 409, "passkey_known: somebody has registered it" },
                     { 410, "challenge_expired" },
                     { 422, "passkey_unusable" } },
          .help = "Registers a passkey with the browser's answer."),
    ROUTE(GET, "/v1/auth/passkeys", SIGNED_IN, list, .fields = { LIST_FIELDS },
          .gives = { { 200, "{\"data\":[" PASSKEY_GIVES "],\"next_cursor\"}" } },
          .help = "My passkeys."),
    ROUTE(GET, "/v1/auth/passkeys/{id}", SIGNED_IN, show_api, .gives = { { 200, PASSKEY_GIVES } },
          .help = "One of my passkeys."),
    ROUTE(PATCH, "/v1/auth/passkeys/{id}", SIGNED_IN, rename_api, .proof = PROOF_LEVEL,
          .fields = { { "name", FIELD_NAME } }, .gives = { { 200, PASSKEY_GIVES } },
          .help = "Gives a passkey another name."),
    ROUTE(DELETE, "/v1/auth/passkeys/{id}", SIGNED_IN, remove_api, .proof = PROOF_FRESH,
          .gives = { { 204, "removed" }, { 401, "insufficient_user_authentication" } },
          .help = "Removes a passkey; all other sessions end."),
    ROUTE(GET, "/account/passkeys/new", SIGNED_IN, NULL, .proof = PROOF_FRESH,
          .page = "passkey_new", .help = "The page that makes a passkey."),
    ROUTE(GET, "/account/passkey/{id}", SIGNED_IN, show_one, .help = "One passkey."),
    ROUTE(POST, "/account/passkeys/rename", SIGNED_IN, rename_page, .proof = PROOF_LEVEL,
          .fields = { { "id", FIELD_TOKEN }, { "name", FIELD_NAME } }, .page = "passkey",
          .back = "/account/security", .help = "Gives a passkey another name by form."),
    ROUTE(POST, "/account/passkeys/remove", SIGNED_IN, remove_page, .proof = PROOF_FRESH,
          .fields = { { "id", FIELD_TOKEN } }, .back = "/account/security",
          .help = "Removes a passkey by form."),
    ROUTE(GET, "/.well-known/passkey-endpoints", ANYONE, endpoints, .lane = LANE_INLINE,
          .gives = { { 200, "{\"enroll\",\"manage\"}" } },
          .help = "Where passkeys are made and managed, for password managers."),
    ROUTES_END,
};

const struct job_kind passkey_jobs[] = {
    { "passkey.purge", purge, HOUR, "removes passkey challenges that have expired",
      .removes = true },
    { 0 },
};
