/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where staff begins: the pages there are for them, as many as their role may open. Each page asks
 * for the role itself; what is not listed here is not protected by that.
 */
#include "feature/features.h"

#include "web/req.h"

static enum err show(struct req *rq)
{
    vars_flag(rq->vars, "tab_start", true);
    return page(rq, "admin_start");
}

const struct route admin_start_routes[] = {
    ROUTE(GET, "/admin", SUPPORT, show, .help = "The pages there are for staff."),
    ROUTES_END,
};
