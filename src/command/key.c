/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cardea key {list,rotate}: the signing keys.
 */
#include "command/command.h"

#include "base/clock.h"
#include "base/text.h"
#include "service/audit.h"
#include "service/keyring.h"

static const char *time_or_dash(struct console *c, int64_t at)
{
    return at ? clock_format(&c->arena, at) : "-";
}

static void print_json(struct console *c, const struct keyring_entry *keys, size_t count)
{
    struct buf out;
    struct json_writer j;
    buf_init(&out, &c->arena, 1 << 20);
    json_write(&j, &out);
    json_begin_array(&j, NULL);
    for (size_t i = 0; i < count; i++) {
        json_begin_object(&j, NULL);
        json_put_text(&j, "kid", keys[i].kid);
        json_put_text(&j, "state", keys[i].state);
        json_put_time(&j, "created_at", keys[i].created_at);
        json_put_time(&j, "active_at", keys[i].active_at);
        json_put_time(&j, "retiring_at", keys[i].retiring_at);
        json_put_time(&j, "retired_at", keys[i].retired_at);
        json_end(&j);
    }
    json_end(&j);
    buf_char(&out, '\n');
    console_write(&out);
}

static int list(struct console *c)
{
    struct keyring_entry *keys;
    size_t count;
    if (keyring_list(c->db, &c->arena, &keys, &count))
        return console_fail("cannot read the keys");
    if (c->json) {
        print_json(c, keys, count);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < count; i++)
        console_print("%-9s %s  made %s  active %s\n", keys[i].state, keys[i].kid,
                      time_or_dash(c, keys[i].created_at), time_or_dash(c, keys[i].active_at));
    return EXIT_DONE;
}

static enum err note_rotation(struct tx *tx, void *)
{
    return audit_add(tx, &audit_by_operator, AUDIT_KEY_ROTATED, NULL, NULL);
}

static int rotate(struct console *c)
{
    if (keyring_rotate(c->db, &c->arena) || console_write_tx(c, note_rotation, NULL))
        return console_fail("cannot rotate the keys");
    console_print("rotated; running servers take it over within a minute\n");
    return list(c);
}

int command_key(struct console *c)
{
    const char *verb = console_word(c, 1);
    if (!text_equal(verb, "list") && !text_equal(verb, "rotate"))
        return console_usage("key {list,rotate}");
    int code = console_open(c, false);
    if (code)
        return code;
    return text_equal(verb, "list") ? list(c) : rotate(c);
}
