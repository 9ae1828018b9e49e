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

/* In this order: an account that leaves the address this moment is found by one or the other. */
enum err address_find_holder(struct tx *tx, const char *email_key, const char *own_id,
                             struct address_holder *ret)
{
    struct email_change left;
    *ret = (struct address_holder){ 0 };
    enum err e = account_find_email(tx, email_key, &ret->account);
    if (e != E_NOT_FOUND)
        TRY(e);
    if (e == OK && text_equal(ret->account.id, own_id)) {
        ret->account.id = NULL;
        return OK;
    }
    if (e == OK && ret->account.verified_at)
        return OK;
    ret->account.id = NULL;
    e = email_change_find_left(tx, email_key, own_id, &left);
    if (e == E_NOT_FOUND)
        return OK;
    TRY(e);
    TRY(account_find(tx, left.account_id, &ret->account));
    ret->account.email = left.old_email;
    ret->account.email_key = left.old_key;
    ret->kept_until = left.revoke_until;
    return OK;
}

enum err address_claim(struct tx *tx, const struct email *email, const char *locale,
                       struct account *ret, struct address_holder *holder)
{
    bool is_new;
    TRY(address_find_holder(tx, email->key, NULL, holder));
    if (holder->account.id) {
        *ret = holder->account;
        return OK;
    }
    TRY(account_add(tx, email->address, email->key, locale, ret, &is_new));
    TRY(address_find_holder(tx, email->key, NULL, holder));
    return holder->account.id && holder->kept_until ? E_CONFLICT : OK; /* left this moment */
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
