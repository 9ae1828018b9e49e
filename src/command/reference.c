/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cardea {version,routes,openapi,reference}: what the program says of itself. Nothing is opened.
 */
#include "command/command.h"

#include "base/text.h"
#include "service/audit.h"
#include "service/metric.h"
#include "service/setting.h"
#include "web/limits.h"
#include "web/openapi.h"

enum { TEXT_MAX = 4 << 20 };

int command_version(struct console *c)
{
    console_print(c->json ? "{\"version\":\"%s\"}\n" : "cardea %s\n", CARDEA_VERSION);
    return EXIT_DONE;
}

static void write_audit(struct buf *out)
{
    buf_text(out, "# Audit events\n\nMade by `make docs`.\n\n| event | meaning |\n|---|---|\n");
    for (int e = 0; e < AUDIT_EVENTS; e++)
        buf_format(out, "| `%s` | %s |\n", audit_event_name((enum audit_event)e),
                   audit_event_help((enum audit_event)e));
}

static int print(struct console *c, void (*write)(struct buf *out))
{
    struct buf out;
    buf_init(&out, &c->arena, TEXT_MAX);
    write(&out);
    console_write(&out);
    return EXIT_DONE;
}

int command_routes(struct console *c)
{
    return print(c, reference_write_lines);
}

int command_openapi(struct console *c)
{
    int code = console_read_settings(c);
    return code ? code : print(c, openapi_write);
}

int command_reference(struct console *c)
{
    static const struct {
        const char *name;
        void (*write)(struct buf *out);
    } parts[] = {
        { "routes", reference_write_routes },  { "settings", setting_write_reference },
        { "errors", reference_write_errors },  { "audit", write_audit },
        { "metrics", metric_write_reference }, { "limits", limits_write_reference },
    };
    const char *wanted = console_word(c, 1);
    for (size_t i = 0; i < COUNT(parts); i++)
        if (text_equal(wanted, parts[i].name))
            return print(c, parts[i].write);
    return console_usage("reference {routes,settings,errors,audit,metrics,limits}");
}
