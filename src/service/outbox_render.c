/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an outbox row to a mail: templates, language, subject, Message-ID.
 */
#include "service/outbox_parts.h"

#include "base/json.h"
#include "base/text.h"
#include "service/locale.h"
#include "service/setting.h"
#include "service/template.h"

#include <string.h>

enum { PART_MAX = 512 * 1024 };

static enum err read_vars(struct arena *arena, struct mem json, struct vars *vars)
{
    struct json_value object;
    TRY(json_read(arena, json, &object, NULL));
    for (size_t i = 0; i < object.count; i++)
        vars_text(vars, object.items[i].key, object.items[i].text);
    return OK;
}

static enum err render(struct arena *arena, const char *name, const struct locale *locale,
                       const struct vars *vars, const char **ret)
{
    struct buf out;
    buf_init(&out, arena, PART_MAX);
    TRY(template_render(name, locale, vars, &out));
    *ret = out.p;
    return OK;
}

/* The right part must be a domain (RFC 5322 3.6.4); an IPv6 literal would need other brackets. */
const char *outbox_host(void)
{
    const char *host = setting_public_host();
    return strpbrk(host, ":[]") ? "localhost" : host;
}

enum err outbox_render(struct arena *arena, struct mem json, const char *locale_tag,
                       struct outbox_message *message)
{
    const char *fallback = setting_text(SETTING_DEFAULT_LOCALE);
    const struct locale *locale = locale_choose(locale_tag, NULL, fallback);
    struct vars *vars = vars_new(arena);
    vars_text(vars, "service_name", setting_text(SETTING_SERVICE_NAME));
    vars_text(vars, "support_address", setting_text(SETTING_SUPPORT_ADDRESS));
    vars_text(vars, "public_url", setting_text(SETTING_PUBLIC_URL));
    vars_text(vars, "to", message->to);
    TRY(read_vars(arena, json, vars));
    if (text_is_empty(message->to))
        message->to = vars_get(vars, "to"); /* see outbox_add_last */

    const char *kind = message->kind;
    TRY(render(arena, text_format(arena, "mails/%s.txt", kind), locale, vars, &message->text));
    TRY(render(arena, text_format(arena, "mails/%s.html", kind), locale, vars, &message->html));
    const char *subject = text_format(arena, "mail.%s.subject", kind);
    message->subject = template_format(arena, locale, subject, vars);
    message->message_id = text_format(arena, "<%s@%s>", message->id, outbox_host());
    return OK;
}
