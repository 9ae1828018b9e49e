/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NOTE-01: every event that touches a credential is told exactly once, by mail to whom it concerns
 * and in the app, with a way to take the account back. One line of the table an event.
 */
#include "account/notification.h"
#include "passkeys.h"
#include "sample.h"
#include "service/setting.h"
#include "two_step.h"

#include <string.h>

#define OTHER_PASSWORD "another walnut chair"

/* An event's own account, signed in and proved just now. */
struct stage {
    struct world *w;
    const char *email;
    struct client *owner;
    struct app app; /* when the event wants a second step to be set up before */
    struct soft_credential *key;
};

struct event {
    const char *kind;
    bool has_app;
    void (*prepare)(struct stage *s); /* what leads to it and is told too; NULL: nothing */
    void (*happen)(struct stage *s);
    int more;   /* mails of other kinds to the owner */
    int others; /* mails to another address: of a change of address, which both hear of */
};

static void change_password(struct stage *s)
{
    struct reply *r = post(s->owner, "/v1/auth/password/change",
                           json("current_password", PASSWORD, "password", OTHER_PASSWORD, NULL));
    CHECK_NUM(r->status, 200);
}

static void ask_for_reset(struct stage *s)
{
    s->owner->csrf = reset_token(s->w, s->email);
}

static void reset_password(struct stage *s)
{
    CHECK_NUM(reset(client(s->w), s->owner->csrf, OTHER_PASSWORD)->status, 200);
}

static void turn_on(struct stage *s)
{
    CHECK_NUM(set_up(s->owner, &s->app)->status, 200);
}

static void turn_off(struct stage *s)
{
    CHECK_NUM(
        post(s->owner, "/v1/auth/2fa/disable", json("code", code_at(&s->app, 0), NULL))->status,
        200);
}

static void renew_codes(struct stage *s)
{
    CHECK_NUM(post(s->owner, "/v1/auth/2fa/recovery-codes", "{}")->status, 200);
}

static void use_recovery_code(struct stage *s)
{
    struct client *c = client(s->w);
    CHECK_NUM(recover(c, first_step(c, s->email), s->app.codes[0])->status, 200);
}

static void use_code(struct stage *s)
{
    struct client *c = client(s->w);
    CHECK_NUM(second_step(c, first_step(c, s->email), code_at(&s->app, 0))->status, 200);
}

static void use_code_again(struct stage *s)
{
    struct client *c = client(s->w);
    CHECK_NUM(second_step(c, first_step(c, s->email), code_at(&s->app, 0))->status, 401);
}

static void come_from_elsewhere(struct stage *s)
{
    struct client *c = client(s->w);
    c->ip = "203.0.113.77";
    c->user_agent = "curl/8.1";
    CHECK_NUM(login(c, s->email, PASSWORD)->status, 200);
}

static void prove_wrongly(struct stage *s)
{
    for (int i = 0; i < 5; i++)
        CHECK_NUM(post(s->owner, "/v1/auth/reauth", json("password", "wrong one", NULL))->status,
                  403);
}

static void move(struct stage *s)
{
    s->owner->ip = "203.0.113.78";
    CHECK_NUM(get(s->owner, "/v1/auth/me")->status, 401);
}

static void add_key(struct stage *s)
{
    s->key = own_passkey(s->owner);
}

static void remove_key(struct stage *s)
{
    const char *id = text_of(get(s->owner, "/v1/auth/passkeys"), "data.0.id");
    const char *path = text_format(test_arena(), "/v1/auth/passkeys/%s", id);
    CHECK_NUM(call(s->owner, "DELETE", path, NULL)->status, 204);
}

static int sign_in_counting(struct stage *s, uint32_t count)
{
    struct client *c = client(s->w);
    struct soft_answer said = answer_to(s->key, ask_passkey(c, "{}"));
    said.sign_count = count;
    return give_passkey(c, s->key, &said)->status;
}

static void add_counting_key(struct stage *s)
{
    s->key = soft_credential_new(-7);
    CHECK_NUM(add_passkey(s->owner, s->key, ON_DEVICE)->status, 201);
    CHECK_NUM(sign_in_counting(s, 7), 200);
}

static void use_copied_key(struct stage *s)
{
    CHECK_NUM(sign_in_counting(s, 3), 401);
}

static void leave(struct stage *s)
{
    CHECK_NUM(post(s->owner, "/v1/account/deletion", "{}")->status, 202);
}

static void stay_after_all(struct stage *s)
{
    CHECK_NUM(call(s->owner, "DELETE", "/v1/account/deletion", NULL)->status, 200);
}

/* Another spelling: the owner is still found by their address. */
static const char *shouted(const struct stage *s)
{
    return text_format(test_arena(), "OWNER%s", s->email + strlen("owner"));
}

static void ask_for_address(struct stage *s)
{
    CHECK_NUM(post(s->owner, "/v1/account/email", json("email", shouted(s), NULL))->status, 202);
    s->owner->csrf = mailed_token(s->w, s->email, "email_change_asked");
}

static void confirm_address(struct stage *s)
{
    const char *token = mailed_token(s->w, shouted(s), "email_change_confirm");
    CHECK_NUM(post(s->owner, "/v1/account/email/confirm", json("token", token, NULL))->status, 200);
}

static void move_address(struct stage *s)
{
    ask_for_address(s);
    confirm_address(s);
}

static void take_address_back(struct stage *s)
{
    CHECK_NUM(
        post(client(s->w), "/v1/account/email/revoke", json("token", s->owner->csrf, NULL))->status,
        200);
}

static const struct event events[] = {
    { "password_changed", .happen = change_password },
    { "password_changed", .prepare = ask_for_reset, .happen = reset_password },
    { "two_factor_on", .happen = turn_on },
    { "two_factor_off", .has_app = true, .happen = turn_off },
    { "recovery_codes_renewed", .has_app = true, .happen = renew_codes },
    { "recovery_code_used", .has_app = true, .happen = use_recovery_code },
    { "code_reused", .has_app = true, .prepare = use_code, .happen = use_code_again },
    { "passkey_added", .happen = add_key },
    { "passkey_removed", .prepare = add_key, .happen = remove_key },
    { "passkey_suspect", .prepare = add_counting_key, .happen = use_copied_key },
    { "new_device", .happen = come_from_elsewhere },
    { "account_locked", .happen = prove_wrongly },
    { "session_moved", .happen = move },
    { "deletion_asked", .happen = leave },
    { "deletion_cancelled", .prepare = leave, .happen = stay_after_all },
    { "email_change_asked", .happen = ask_for_address, .others = 1 },
    { "email_changed", .prepare = ask_for_address, .happen = confirm_address, .others = 1 },
    { "email_change_revoked", .prepare = ask_for_address, .happen = take_address_back, .more = 1 },
    { "email_change_revoked", .prepare = move_address, .happen = take_address_back, .more = 1,
      .others = 1 },
};

static int64_t notices(const struct stage *s, const char *kind)
{
    struct tx tx;
    int64_t count = 0;
    db_begin(&tx, s->w->real_db, DB_PEEK, test_arena());
    CHECK_OK(db_one(&tx,
                    "SELECT count(*) FROM notification n JOIN account a ON a.id = n.account_id"
                    " WHERE a.email_key = $1 AND ($2 = '' OR n.kind = $2)",
                    V(text(s->email), text(kind)), INTO(to_num(&count))));
    db_rollback(&tx);
    return count;
}

static bool has_way_back(const char *text)
{
    static const char *const ways[] = { "/forgot-password", "/not-me?token=",
                                        "/settings/deletion?token=", "/revoke-email?token=" };
    bool has_one = false;
    for (size_t i = 0; i < COUNT(ways); i++)
        has_one = has_one || strstr(text, ways[i]);
    return has_one;
}

/* It says what to do if it was not the owner. */
static void check_way_back(const struct stage *s, const char *kind)
{
    const struct mail *m = mailed(s->w, s->email, kind);
    REQUIRE(m);
    if (!has_way_back(m->text) || !has_way_back(m->html))
        test_fail(__FILE__, __LINE__, "%s: no way to take the account back", kind);
    if (!strstr(m->text, s->owner->ip) && !strstr(m->text, "203.0.113."))
        test_fail(__FILE__, __LINE__, "%s: does not say from where", kind);
}

static void check_event(struct world *w, const struct event *e, int i)
{
    struct stage s = { .w = w, .email = text_format(test_arena(), "owner%d@example.org", i) };
    if (e->has_app) {
        s.app = two_step(w, s.email);
        s.owner = s.app.owner;
    } else {
        s.owner = signed_in(w, s.email);
    }
    if (e->prepare)
        e->prepare(&s);
    int mails = mail_count(w, s.email, NULL), everybodys = mail_count(w, NULL, NULL);
    int kinds = mail_count(w, s.email, e->kind);
    int64_t before = notices(&s, ""), of_kind = notices(&s, e->kind);
    e->happen(&s);
    int own = 1 + e->more;
    if (mail_count(w, s.email, e->kind) != kinds + 1 ||
        mail_count(w, s.email, NULL) != mails + own ||
        mail_count(w, NULL, NULL) != everybodys + own + e->others)
        test_fail(__FILE__, __LINE__, "%s (line %d): not exactly one mail", e->kind, i);
    if (notices(&s, e->kind) != of_kind + 1 || notices(&s, "") != before + 1)
        test_fail(__FILE__, __LINE__, "%s (line %d): not exactly one notice", e->kind, i);
    check_way_back(&s, e->kind);
}

TEST_IN_WORLD(NOTE_01_every_event_is_told_exactly_once)
{
    for (size_t i = 0; i < COUNT(events); i++)
        check_event(w, &events[i], (int)i);
}

/* An event that was rolled back is told to nobody. */
TEST_IN_WORLD(NOTE_01_what_did_not_happen_is_not_told)
{
    struct client *ann = signed_in(w, ANN);
    int mails = mail_count(w, NULL, NULL);
    CHECK_NUM(post(ann, "/v1/auth/password/change",
                   json("current_password", "a wrong password", "password", OTHER_PASSWORD, NULL))
                  ->status,
              403);
    CHECK_NUM(reset(client(w), "rst_x", OTHER_PASSWORD)->status, 410);
    CHECK_NUM(post(ann, "/v1/auth/2fa/disable", json("code", "000000", NULL))->status, 409);
    CHECK_NUM(mail_count(w, NULL, NULL), mails);
    CHECK_NUM(count_of(w, "SELECT count(*) FROM notification"), 0);
}

/* Every kind that is always mailed is told by an event above: none is left out of the test. What
 * nobody did, but time, is in test_inactive.c. */
TEST(NOTE_01_every_kind_has_its_event)
{
    const struct notification_kind *kind;
    for (size_t i = 0; (kind = notification_kind_nth(i)); i++) {
        bool is_told = !kind->is_always || text_starts(kind->name, "inactive_");
        for (size_t k = 0; k < COUNT(events); k++)
            is_told = is_told || text_equal(events[k].kind, kind->name);
        if (!is_told)
            test_fail(__FILE__, __LINE__, "%s has no line in the table of events", kind->name);
    }
}
