/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New devices: see new_device.h.
 */
#include "web/new_device.h"

#include "account/disavowal.h"
#include "account/notice.h"
#include "base/text.h"
#include "service/setting.h"

static const char *cookie_name(void)
{
    return setting_is_secure() ? "__Host-cardea-device" : "cardea-device";
}

const char *device_cookie(struct req *rq)
{
    return find_cookie(rq, cookie_name());
}

static enum err tell_owner(struct req *rq, const struct new_device *of, const char *device_id)
{
    const char *link;
    struct disavowal way_back = { .account_id = of->account->id,
                                  .session_id = of->session_id,
                                  .device_id = device_id };
    TRY(disavowal_add(&rq->tx, &way_back, &link));
    TRY(audit_add(&rq->tx, &rq->by, AUDIT_DEVICE_NEW, of->account->id, NULL));
    rq->wakes_jobs = true;
    return notice_tell(&rq->tx, &(struct notice){ .kind = "new_device",
                                                  .account = of->account,
                                                  .ip = rq->from.ip,
                                                  .user_agent = rq->from.user_agent,
                                                  .vars = VARS({ "link", link }) });
}

enum err new_device_note(struct req *rq, const struct new_device *of)
{
    const char *id, *cookie;
    struct device_visit visit = {
        .account_id = of->account->id,
        .found = of->found,
        .from = &rq->from,
        .gives_cookie = of->gives_cookie,
        .trust_for = of->trusts ? setting_span(SETTING_TRUSTED_DEVICE) : 0,
    };
    TRY(device_note(&rq->tx, &visit, &id, &cookie));
    if (cookie)
        set_cookie(rq, cookie_name(), cookie, 400 * DAY);
    if (of->trusts)
        TRY(audit_add(&rq->tx, &rq->by, AUDIT_DEVICE_TRUSTED, of->account->id, NULL));
    /* A thief who makes an account forget its devices is news all the same. */
    bool is_first = of->found->is_first && !of->account->last_sign_in_at;
    if (of->found->is_known || is_first)
        return OK;
    return tell_owner(rq, of, id);
}
