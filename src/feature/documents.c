/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents for machines and developers: keys, the API description, security.txt.
 */
#include "feature/features.h"

#include "base/text.h"
#include "net/mime.h"
#include "service/keyring.h"
#include "service/setting.h"
#include "web/openapi.h"
#include "web/req.h"

#include <string.h>

enum { DOCUMENT_MAX = 1 << 20 };

static enum err jwks(struct req *rq)
{
    struct buf out;
    struct json_writer j;
    buf_init(&out, rq->arena, DOCUMENT_MAX);
    json_write(&j, &out);
    keyring_put_jwks(&j);
    http_header_add(&rq->x->response, "Cache-Control", "public, max-age=600");
    return answer_unless_known(rq, "application/jwk-set+json", buf_mem(&out));
}

static enum err openapi(struct req *rq)
{
    struct buf out;
    buf_init(&out, rq->arena, DOCUMENT_MAX);
    openapi_write(&out);
    http_header_add(&rq->x->response, "Cache-Control", "public, no-cache");
    return answer_unless_known(rq, "application/json", buf_mem(&out));
}

static enum err docs(struct req *rq)
{
    openapi_set_vars(rq->arena, rq->vars);
    return page(rq, "docs");
}

/* https://w3c.github.io/webappsec-change-password-url/ */
static enum err change_password(struct req *rq)
{
    return see_other(rq, "/account/security");
}

/* Where nobody is named for it, the address that our mail comes from, which everybody knows who got
   one, or the house itself. Never the administrator's: it would tell whose password to try. */
static const char *choose_contact(struct req *rq)
{
    const char *support = setting_text(SETTING_SUPPORT_ADDRESS), *name, *address;
    const char *sender = setting_text(SETTING_EMAIL_FROM_ADDRESS);
    if (!text_is_empty(support))
        return support;
    if (text_is_empty(sender) || mime_parse_sender(rq->arena, sender, &name, &address))
        return text_format(rq->arena, "%s/", setting_public_origin());
    return address;
}

/* RFC 9116. */
static enum err security_txt(struct req *rq)
{
    const char *contact = choose_contact(rq);
    bool is_mail = strchr(contact, '@') && !strstr(contact, "://");
    const char *text = text_format(
        rq->arena, "Contact: %s%s\nExpires: %s\nCanonical: %s/.well-known/security.txt\n",
        is_mail ? "mailto:" : "", contact, clock_format(rq->arena, rq->now + 180 * DAY),
        setting_public_origin());
    return answer_document(rq, "text/plain; charset=utf-8", mem_text(text));
}

const struct route document_routes[] = {
    ROUTE(GET, "/.well-known/jwks.json", ANYONE, jwks, .lane = LANE_INLINE,
          .gives = { { 200, "{\"keys\":[...]}" } },
          .help = "The public keys that access tokens verify with (RFC 7517)."),
    ROUTE(GET, "/.well-known/change-password", ANYONE, change_password, .lane = LANE_INLINE,
          .help = "Leads password managers to the right page."),
    ROUTE(GET, "/.well-known/security.txt", ANYONE, security_txt, .lane = LANE_INLINE,
          .help = "Whom to tell of a weakness (RFC 9116)."),
    ROUTE(GET, "/openapi.json", ANYONE, openapi, .lane = LANE_INLINE,
          .gives = { { 200, "OpenAPI 3.1" } }, .help = "This API, described for machines."),
    ROUTE(GET, "/docs", VISITOR, docs, .page = "docs", .help = "This API, described for people."),
    ROUTES_END,
};
