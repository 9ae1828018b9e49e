/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers: see req.h. Bodies are built in the request's arena and leave after the commit.
 */
#include "base/text.h"
#include "crypto/digest.h"
#include "service/setting.h"
#include "web/page.h"
#include "web/req.h"

#include <assert.h>
#include <string.h>

enum { BODY_MAX = 4 << 20 };

static size_t position(const struct req *rq, const char *name)
{
    for (size_t i = 0; i < ROUTE_FIELDS && rq->route->fields[i].name; i++)
        if (text_equal(rq->route->fields[i].name, name))
            return i;
    assert(!"a field that the route does not have");
    return 0;
}

const char *field(struct req *rq, const char *name)
{
    return rq->values[position(rq, name)];
}

int64_t field_num(struct req *rq, const char *name)
{
    return rq->nums[position(rq, name)];
}

const struct json_value *field_json(struct req *rq, const char *name)
{
    return rq->jsons[position(rq, name)];
}

const char *param(struct req *rq, const char *name)
{
    for (int i = 0; i < ROUTE_PARAMS && rq->match.names[i]; i++)
        if (text_equal(rq->match.names[i], name))
            return rq->match.values[i];
    assert(!"a parameter that the path does not have");
    return NULL;
}

struct json_writer *answer(struct req *rq, int status)
{
    rq->x->response.status = status;
    rq->x->response.content_type = "application/json";
    buf_init(&rq->body, rq->arena, BODY_MAX);
    json_write(&rq->json, &rq->body);
    json_begin_object(&rq->json, NULL);
    return &rq->json;
}

enum err answer_status(struct req *rq, int status, const char *word)
{
    json_put_text(answer(rq, status), "status", word);
    return OK;
}

enum err answer_empty(struct req *rq, int status)
{
    rq->x->response.status = status;
    return OK;
}

enum err answer_document(struct req *rq, const char *content_type, struct mem body)
{
    rq->x->response.status = 200;
    rq->x->response.content_type = content_type;
    rq->x->response.body = body;
    rq->x->response.compress = true;
    return OK;
}

/* The tag is a weak one: compressed or not, it is the same document (RFC 9110, section 8.8.3). */
enum err answer_unless_known(struct req *rq, const char *content_type, struct mem body)
{
    uint8_t digest[SHA256_BYTES];
    const char *known = http_header_find(&rq->x->request, "if-none-match");
    sha256(body, digest);
    const char *tag = text_format(rq->arena, "\"%s\"", hex_format(rq->arena, MEM(digest, 8)));
    http_header_add(&rq->x->response, "ETag", text_format(rq->arena, "W/%s", tag));
    if (!known || !strstr(known, tag))
        return answer_document(rq, content_type, body);
    rq->x->response.status = 304;
    return OK;
}

enum err page_with_status(struct req *rq, const char *name, int status)
{
    struct buf out;
    buf_init(&out, rq->arena, BODY_MAX);
    TRY(page_set_vars(rq, name));
    TRY(template_render(text_format(rq->arena, "pages/%s.html", name), rq->locale, rq->vars, &out));
    rq->x->response.status = status;
    rq->x->response.content_type = "text/html; charset=utf-8";
    rq->x->response.body = buf_mem(&out);
    rq->x->response.compress = true;
    return OK;
}

enum err page(struct req *rq, const char *name)
{
    return page_with_status(rq, name, 200);
}

enum err see_other(struct req *rq, const char *path)
{
    rq->x->response.status = 303;
    http_header_add(&rq->x->response, "Location", path);
    return OK;
}

void touch_account(struct req *rq, const char *id)
{
    int i = 0;
    while (i < TOUCHED && rq->touched[i] && !text_equal(rq->touched[i], id))
        i++;
    assert(i < TOUCHED);
    rq->touched[i] = id;
}

enum err refuse(struct req *rq, enum problem problem)
{
    rq->problem = problem;
    rq->decision_id = NULL;
    return E_REFUSED;
}

enum err refuse_and_keep(struct req *rq, enum problem problem)
{
    rq->is_kept = true;
    return refuse(rq, problem);
}

enum err refuse_field(struct req *rq, const char *name, enum problem problem)
{
    if (rq->error_count < FIELD_ERRORS)
        rq->errors[rq->error_count++] = (struct field_error){ name, problem, NULL };
    return refuse(rq, PROBLEM_FIELDS_INVALID);
}

enum err refuse_password(struct req *rq, enum problem problem, const char *reason)
{
    if (rq->error_count < FIELD_ERRORS)
        rq->errors[rq->error_count++] = (struct field_error){ "password", problem, reason };
    return refuse(rq, PROBLEM_FIELDS_INVALID);
}
