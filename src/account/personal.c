/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Personal data: see personal.h.
 */
#include "account/personal.h"

#include "base/text.h"
#include "service/audit.h"
#include "service/outbox.h"

#include <string.h>

static const struct personal_table *const *tables;

void personal_set_tables(const struct personal_table *const *lists)
{
    tables = lists;
}

const struct personal_table *personal_nth(size_t i)
{
    for (const struct personal_table *const *list = tables; list && *list; list++)
        for (const struct personal_table *t = *list; t->name; t++)
            if (i-- == 0)
                return t;
    return NULL;
}

enum err personal_write(struct tx *tx, const char *account_id, struct json_writer *j)
{
    const struct personal_table *t;
    for (size_t i = 0; (t = personal_nth(i)); i++) {
        if (!t->write)
            continue;
        json_begin_array(j, t->name);
        TRY(t->write(tx, account_id, j));
        json_end(j);
    }
    return OK;
}

enum err personal_remove(struct tx *tx, const char *account_id)
{
    const struct personal_table *t;
    for (size_t i = 0; (t = personal_nth(i)); i++)
        if (t->remove)
            TRY(t->remove(tx, account_id));
    return OK;
}

enum err personal_mend(struct tx *tx, int64_t now)
{
    const struct personal_table *t;
    for (size_t i = 0; (t = personal_nth(i)); i++)
        if (t->mend)
            TRY(db_run(tx, t->mend, V(num(now)))); /* allowed: each owner has its literal */
    return OK;
}

static void put_column(struct json_writer *j, const char *name, const struct db_column *c)
{
    bool is_time = text_ends(name, "_at") || text_ends(name, "_until");
    if (c->kind == DB_NULL)
        json_put_null(j, name);
    else if (c->kind == DB_NUM && is_time)
        json_put_time(j, name, c->num);
    else if (c->kind == DB_NUM)
        json_put_num(j, name, c->num);
    else
        json_put_text(j, name, c->text);
}

enum err personal_write_rows(struct tx *tx, const char *columns, const char *sql,
                             struct db_values values, struct json_writer *j)
{
    struct db_rows rows;
    TRY(db_each(tx, sql, values, &rows)); /* allowed: its caller has the literal */
    for (size_t row = 0; row < rows.count; row++) {
        const char *name = columns;
        json_begin_object(j, NULL);
        for (size_t column = 0; column < rows.width; column++) {
            size_t n = strcspn(name, " ");
            put_column(j, text_copy(tx->arena, MEM(name, n)), db_at(&rows, row, column));
            name += n + (name[n] == ' ');
        }
        json_end(j);
    }
    return OK;
}

/* The services do not know of this list. Audit events outlive the person, without their name. */
const struct personal_table service_personal[] = {
    { "outbox", outbox_write, outbox_forget },
    { "audit", audit_write, audit_erase },
    { 0 },
};
