/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cardea user {create,list,show,lock,unlock,reset-2fa,delete,keep}: accounts, from the machine that
 * runs the server. A password is read from standard input, never from an argument; an account that
 * is deleted has its time of grace, as when its owner asks.
 */
#include "command/command.h"

#include "account/account.h"
#include "account/credential.h"
#include "account/deletion.h"
#include "account/email.h"
#include "account/notice.h"
#include "account/password_rule.h"
#include "account/suspension.h"
#include "account/totp_factor.h"
#include "base/clock.h"
#include "base/text.h"
#include "feature/setup.h"
#include "service/audit.h"
#include "service/hashing.h"
#include "service/password_range.h"
#include "service/setting.h"

#include <string.h>

#define USAGE                                                                                \
    "user create EMAIL [--name NAME] [--locale TAG] [--role ROLE]...  (password on stdin)\n" \
    "       cardea user list [--limit N] [--after ID]\n"                                     \
    "       cardea user {show,lock,unlock,reset-2fa,delete,keep} EMAIL|ID"

enum { LIST_DEFAULT = 100 };

/* --- showing --- */

static const char *state_of(const struct account *a)
{
    if (a->locked_at)
        return "locked";
    if (a->deletion_due_at)
        return "ending";
    return a->verified_at ? "active" : "not verified";
}

static void put_account(struct json_writer *j, const struct account *a)
{
    json_begin_object(j, NULL);
    json_put_text(j, "id", a->id);
    json_put_text(j, "email", a->email);
    json_put_bool(j, "email_verified", a->verified_at != 0);
    json_put_text(j, "name", a->name);
    json_put_text(j, "locale", a->locale);
    role_put(j, "roles", a->roles);
    json_put_text(j, "state", state_of(a));
    json_put_time(j, "created_at", a->created_at);
    json_put_time(j, "last_sign_in_at", a->last_sign_in_at);
    json_put_time(j, "locked_at", a->locked_at);
    json_put_time(j, "deletion_due_at", a->deletion_due_at);
    json_end(j);
}

static void print_json(struct console *c, const struct account *accounts, size_t count,
                       bool as_list)
{
    struct buf out;
    struct json_writer j;
    buf_init(&out, &c->arena, 16 << 20);
    json_write(&j, &out);
    if (as_list)
        json_begin_array(&j, NULL);
    for (size_t i = 0; i < count; i++)
        put_account(&j, &accounts[i]);
    if (as_list)
        json_end(&j);
    buf_char(&out, '\n');
    console_write(&out);
}

static void print_account(struct console *c, const struct account *a)
{
    if (c->json) {
        print_json(c, a, 1, false);
        return;
    }
    console_print("id            %s\nemail         %s\nname          %s\nlanguage      %s\n", a->id,
                  a->email, a->name ? a->name : "-", a->locale);
    console_print("roles         %s\nstate         %s\ncreated       %s\nlast sign-in  %s\n",
                  role_format(&c->arena, a->roles), state_of(a),
                  clock_format(&c->arena, a->created_at),
                  a->last_sign_in_at ? clock_format(&c->arena, a->last_sign_in_at) : "never");
}

/* By address or id, in a read of its own. */
static enum err find(struct console *c, const char *who, struct account *ret)
{
    struct tx tx;
    struct email email;
    db_begin(&tx, c->db, DB_READ, &c->arena);
    enum err e = strchr(who, '@') ? (email_parse(&c->arena, who, &email)
                                         ? E_NOT_FOUND
                                         : account_find_email(&tx, email.key, ret))
                                  : account_find(&tx, who, ret);
    db_rollback(&tx);
    return e;
}

static int list(struct console *c)
{
    struct tx tx;
    struct account *accounts;
    size_t count;
    int64_t limit = LIST_DEFAULT;
    const char *wanted = console_option(c, "limit"), *after = console_option(c, "after");
    if (wanted && !text_parse_int(wanted, 1, 10'000, &limit))
        return console_fail("--limit takes a number from 1 to 10000");
    db_begin(&tx, c->db, DB_READ, &c->arena);
    enum err e = account_list(&tx, after ? after : "", limit, &accounts, &count);
    db_rollback(&tx);
    if (e)
        return console_fail("cannot read the accounts");
    if (c->json) {
        print_json(c, accounts, count, true);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < count; i++)
        console_print("%s  %-13s %-20s %s\n", accounts[i].id, state_of(&accounts[i]),
                      role_format(&c->arena, accounts[i].roles), accounts[i].email);
    return EXIT_DONE;
}

/* --- creating --- */

static const char *say_verdict(enum password_judgement verdict)
{
    switch (verdict) {
    case PASSWORD_IS_SHORT: return "too short";
    case PASSWORD_IS_LONG: return "longer than 1024 bytes";
    case PASSWORD_IS_COMMON: return "on the list of common passwords, or the address itself";
    case PASSWORD_IS_WEAK: return "too easy to guess";
    case PASSWORD_IS_GOOD: break;
    }
    return "good";
}

struct creating {
    struct setup_account of;
    struct account made;
};

static enum err create_in(struct tx *tx, void *arg)
{
    struct creating *creating = arg;
    return setup_add_account(tx, &audit_by_operator, &creating->of, &creating->made);
}

static bool read_roles(struct console *c, int64_t *ret_roles)
{
    *ret_roles = ROLE_USER;
    const char *name;
    for (int i = 0; (name = console_option_nth(c, "role", i)); i++) {
        int64_t role;
        if (!role_parse(name, &role))
            return false;
        *ret_roles |= role;
    }
    return true;
}

static int create(struct console *c, const char *address)
{
    struct email email;
    struct creating creating = { .of = { .email = &email } };
    const char *locale = console_option(c, "locale");
    creating.of.name = console_option(c, "name");
    creating.of.locale = locale ? locale : setting_text(SETTING_DEFAULT_LOCALE);
    if (email_parse(&c->arena, address, &email))
        return console_fail("%s is not an e-mail address", address);
    if (!read_roles(c, &creating.of.roles))
        return console_fail("a role is one of USER, SUPPORT, BILLING_ADMIN, ADMIN");
    if (creating.of.name &&
        !(text_is_utf8(mem_text(creating.of.name)) && account_name_is_good(creating.of.name)))
        return console_fail("--name holds control characters, or is empty or longer than 100");
    const char *password = console_read_secret(c, "Password");
    if (!password)
        return console_fail("no password on standard input");
    if (!text_is_utf8(mem_text(password)))
        return console_fail("the password is not UTF-8: no form could send it");
    enum password_judgement verdict =
        password_judge(&c->arena, password, email.address, creating.of.name);
    if (verdict == PASSWORD_IS_GOOD && password_range_is_set() &&
        password_range_look_up(&c->arena, password))
        verdict = PASSWORD_IS_COMMON;
    if (verdict != PASSWORD_IS_GOOD)
        return console_fail("the password is %s", say_verdict(verdict));
    if (hashing_hash(&c->arena, mem_text(password), &creating.of.phc))
        return console_fail("cannot hash the password");
    enum err e = console_write_tx(c, create_in, &creating);
    if (e == E_CONFLICT)
        return console_fail("%s has an account already", address);
    if (e)
        return console_fail("cannot write the account");
    print_account(c, &creating.made);
    return EXIT_DONE;
}

/* --- locking --- */

static enum err lock_in(struct tx *tx, void *arg)
{
    return suspension_begin(tx, arg, &audit_by_operator);
}

static enum err unlock_in(struct tx *tx, void *arg)
{
    return suspension_end(tx, arg, &audit_by_operator);
}

static int set_lock(struct console *c, struct account *who, bool locks)
{
    enum err e = console_write_tx(c, locks ? lock_in : unlock_in, who);
    if (e == E_DENIED)
        return console_fail("%s is the last administrator: make another one first", who->email);
    if (e)
        return console_fail("cannot write");
    console_print("%s is %s\n", who->email,
                  locks ? "locked; all sessions ended" : "unlocked; wrong attempts are forgotten");
    return EXIT_DONE;
}

/* --- a lost second factor --- */

static enum err reset_in(struct tx *tx, void *arg)
{
    const struct account *who = arg;
    int64_t is_bound = 0;
    TRY(account_hold(tx, who->id));
    TRY(totp_count(tx, who->id, &is_bound));
    if (!is_bound)
        return E_NOT_FOUND;
    TRY(credential_remove_second_step(tx, who->id, NULL));
    TRY(audit_add(tx, &audit_by_operator, AUDIT_TWO_FACTOR_OFF, who->id, NULL));
    return notice_tell(tx, &(struct notice){ .kind = "two_factor_off", .account = who });
}

/* Whoever asks an operator for this must be known to them: afterwards the password is enough. */
static int reset_second_step(struct console *c, struct account *who)
{
    enum err e = console_write_tx(c, reset_in, who);
    if (e == E_NOT_FOUND)
        return console_fail("two-step sign-in is not on for %s", who->email);
    if (e)
        return console_fail("cannot write");
    console_print("two-step sign-in is off for %s; all sessions ended, the owner is told\n",
                  who->email);
    return EXIT_DONE;
}

/* --- the end --- */

struct ending {
    const struct account *who;
    int64_t due_at;
};

static enum err end_in(struct tx *tx, void *arg)
{
    struct ending *ending = arg;
    return deletion_start(tx, ending->who,
                          &(struct deletion_wish){ .by = &audit_by_operator,
                                                   .reason = "operator",
                                                   .grace = setting_span(SETTING_DELETION_GRACE) },
                          &ending->due_at);
}

static enum err keep_in(struct tx *tx, void *arg)
{
    return deletion_cancel(tx, arg, &audit_by_operator);
}

static int end_account(struct console *c, const struct account *who)
{
    struct ending ending = { .who = who };
    enum err e = console_write_tx(c, end_in, &ending);
    if (e == E_DENIED)
        return console_fail("%s is the last administrator: make another one first", who->email);
    if (e)
        return console_fail("cannot write");
    console_print("%s is removed after %s; its owner was told\n", who->email,
                  clock_format(&c->arena, ending.due_at));
    return EXIT_DONE;
}

static int keep_account(struct console *c, const struct account *who)
{
    enum err e = console_write_tx(c, keep_in, (void *)(uintptr_t)who->id);
    if (e && e != E_GONE)
        return console_fail("cannot write");
    console_print("%s stays\n", who->email);
    return EXIT_DONE;
}

static int run(struct console *c, const char *verb, const char *who)
{
    struct account account;
    if (text_equal(verb, "list"))
        return list(c);
    if (text_equal(verb, "create"))
        return create(c, who);
    enum err e = find(c, who, &account);
    if (e == E_NOT_FOUND)
        return console_fail("there is no account %s", who);
    if (e)
        return console_fail("cannot read the account");
    if (text_equal(verb, "show")) {
        print_account(c, &account);
        return EXIT_DONE;
    }
    if (text_equal(verb, "reset-2fa"))
        return reset_second_step(c, &account);
    if (text_equal(verb, "delete"))
        return end_account(c, &account);
    if (text_equal(verb, "keep"))
        return keep_account(c, &account);
    return set_lock(c, &account, text_equal(verb, "lock"));
}

int command_user(struct console *c)
{
    static const char *const verbs[] = { "list",   "create",    "show",   "lock",
                                         "unlock", "reset-2fa", "delete", "keep" };
    const char *verb = console_word(c, 1), *who = console_word(c, 2);
    bool is_known = false;
    for (size_t i = 0; i < COUNT(verbs); i++)
        is_known = is_known || text_equal(verb, verbs[i]);
    if (!is_known || (!who && !text_equal(verb, "list")))
        return console_usage(USAGE);
    int code = console_open(c, false);
    return code ? code : run(c, verb, who);
}
