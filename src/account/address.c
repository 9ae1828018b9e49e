/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who holds a mail address: see address.h.
 */
#include "account/address.h"

#include "account/email_change.h"
#include "base/clock.h"
#include "base/text.h"
#include "service/outbox.h"
#include "service/setting.h"

/* In this order: an account that leaves the address this moment is found by one or the other. Three
 * statements, whatever they find: where the store is another machine, each is a time that a
 * stranger could see (ENUM-02). */
enum err address_find_holder(struct tx *tx, const char *email_key, const char *own_id,
                             struct address_holder *ret)
{
    struct account here, leaver;
    struct email_change left;
    *ret = (struct address_holder){ 0 };
    enum err is_here = account_find_email(tx, email_key, &here);
    if (is_here != E_NOT_FOUND)
        TRY(is_here);
    enum err was_here = email_change_find_left(tx, email_key, own_id, &left);
    if (was_here != E_NOT_FOUND)
        TRY(was_here);
    enum err e = account_find(tx, was_here == OK ? left.account_id : "", &leaver);
    if (was_here == OK)
        TRY(e);

    if (is_here == OK && text_equal(here.id, own_id))
        return OK;
    if (is_here == OK && here.verified_at) {
        ret->account = here;
        return OK;
    }
    if (was_here != OK)
        return OK;
    ret->account = leaver;
    ret->account.email = left.old_email;
    ret->account.email_key = left.old_key;
    ret->kept_until = left.revoke_until;
    return OK;
}

/* As many statements for a held address as for a free one. */
enum err address_claim(struct tx *tx, const struct email *email, const char *locale,
                       struct account *ret, struct address_holder *holder)
{
    bool is_new;
    struct address_holder after;
    TRY(address_find_holder(tx, email->key, NULL, holder));
    if (holder->kept_until)
        TRY(account_hold(tx, holder->account.id));
    else
        TRY(account_add(tx, email->address, email->key, locale, ret, &is_new));
    TRY(address_find_holder(tx, email->key, NULL, &after));
    if (holder->account.id) {
        *ret = holder->account;
        return OK;
    }
    *holder = after;
    return after.account.id && after.kept_until ? E_CONFLICT : OK; /* left this moment */
}

static const char *link_to(struct tx *tx, const char *path)
{
    return text_format(tx->arena, "%s%s", setting_public_origin(), path);
}

enum err address_tell_holder(struct tx *tx, const struct address_holder *holder, const char *ip)
{
    const struct account *to = &holder->account;
    if (!holder->kept_until)
        return outbox_add(tx, "already_have_account", to->email, to->locale, to->id,
                          VARS({ "login_link", link_to(tx, "/login") },
                               { "reset_link", link_to(tx, "/forgot-password") },
                               { "requested_ip", ip }));
    return outbox_add(
        tx, "address_kept", to->email, to->locale, to->id,
        VARS({ "until", clock_format(tx->arena, holder->kept_until) }, { "requested_ip", ip }));
}
