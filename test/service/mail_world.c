/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ground under mail tests: see mail_world.h.
 */
#include "mail_world.h"

#include "../test.h"
#include "db/migrate.h"
#include "service/keyring.h"
#include "service/locale.h"
#include "service/outbox.h"
#include "service/setting.h"
#include "service/template.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_file(const char *folder, const char *name, const char *text)
{
    mkdir(text_format(test_arena(), "%s/%s", test_folder(), folder), 0700);
    FILE *file = fopen(text_format(test_arena(), "%s/%s/%s", test_folder(), folder, name), "w");
    if (!file) {
        test_fail(__FILE__, __LINE__, "cannot write %s", name);
        return;
    }
    fputs(text, file);
    fclose(file);
}

static enum err set_all(void)
{
    TRY(setting_override(SETTING_KEY_FILE, text_format(test_arena(), "%s/keys", test_folder())));
    TRY(setting_override(SETTING_MAIL_DIR, ""));
    TRY(setting_override(SETTING_SMTP_HOST, ""));
    TRY(setting_override(SETTING_EMAIL_FROM_ADDRESS, "Cardea <cardea@example.org>"));
    return setting_override(SETTING_PUBLIC_URL, "http://localhost:8080");
}

bool mail_world_open(struct db *db)
{
    const char *why = "";
    struct arena *arena = test_arena();
    write_file("mails", "hello.txt", "Hello {{name}}\n");
    write_file("mails", "hello.html", "<p>Hello {{name}}</p>\n");
    write_file("locales", "en.json", "{\"mail.hello.subject\":\"Hello {name}\"}");
    write_file("locales", "de.json", "{\"mail.hello.subject\":\"Hallo {name}\"}");
    bool good = CHECK_OK(setting_open(NULL, true, arena, &why)) && CHECK_OK(set_all()) &&
                CHECK_OK(migrate_up(db, arena)) && CHECK_OK(keyring_open(db, arena)) &&
                CHECK_OK(locale_open(test_folder())) && CHECK_OK(template_open(test_folder()));
    return good;
}

void mail_world_close(void)
{
    outbox_set_sender(NULL, NULL);
    template_close();
    locale_close();
    keyring_close();
}

const char *mail_world_owe(struct db *db, const char *to, const char *name)
{
    struct tx tx;
    struct outbox_entries found = { 0 };
    usleep(1500); /* ids are ordered by milliseconds */
    db_begin(&tx, db, DB_WRITE, test_arena());
    CHECK_OK(outbox_add(&tx, "hello", to, "en", "usr_1", VARS({ "name", name })));
    CHECK_OK(db_commit(&tx));
    CHECK_OK(outbox_list(db, test_arena(), NULL, 1, &found));
    return found.count ? found.list[0].id : "";
}

static enum err look(struct db *db, const char *id, const char *column, struct db_outs outs)
{
    static const struct {
        const char *column, *sql;
    } statements[] = {
        { "attempts", "SELECT attempts FROM outbox WHERE id = $1" },
        { "due_at", "SELECT due_at FROM outbox WHERE id = $1" },
        { "sent_at", "SELECT sent_at FROM outbox WHERE id = $1" },
        { "dead_at", "SELECT dead_at FROM outbox WHERE id = $1" },
        { "last_error", "SELECT last_error FROM outbox WHERE id = $1" },
        { "vars", "SELECT COUNT(vars) FROM outbox WHERE id = $1" },
    };
    struct tx tx;
    enum err e = E_FAULT;
    db_begin(&tx, db, DB_PEEK, test_arena());
    for (size_t i = 0; i < COUNT(statements); i++)
        if (text_equal(statements[i].column, column))
            e = db_one(&tx, statements[i].sql, V(text(id)), outs);
    db_rollback(&tx);
    return e;
}

int64_t mail_world_num(struct db *db, const char *id, const char *column)
{
    int64_t n = -1;
    CHECK_OK(look(db, id, column, INTO(to_num(&n))));
    return n;
}

const char *mail_world_text(struct db *db, const char *id, const char *column)
{
    const char *t = NULL;
    CHECK_OK(look(db, id, column, INTO(to_text(&t))));
    return t;
}
