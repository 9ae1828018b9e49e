/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages of long lists: `?limit=50&cursor=...` answers {"data":[...],"next_cursor":...}. A cursor is
 * opaque: the place of the last row that was shown, with a MAC over that place, the list and who
 * asks. One that was edited, invented, made for another list, another filter or another account
 * names nothing and is refused (INT-02, IDOR-02). What may be seen is decided by the query, which
 * asks for the owner again; a cursor only says where to go on.
 *
 *     struct list_page p;
 *     TRY(list_page(rq, "activity", &p));
 *     TRY(... WHERE account_id = $1 AND id < $2 LIMIT $3 ..., p.after, p.limit + 1)
 *     bool more = list_has_more(&p, &count);
 *     TRY(put_next_cursor(rq, &p, more ? rows[count - 1].id : NULL));
 */
#pragma once

#include "web/req.h"

#include <stddef.h>

enum { LIST_LIMIT = 50, LIST_LIMIT_MAX = 200 };

/* For a route's fields. */
#define LIST_FIELDS                                                                       \
    { "limit",                                                                            \
      FIELD_NUM,                                                                          \
      .optional = true,                                                                   \
      .min = 1,                                                                           \
      .max = LIST_LIMIT_MAX,                                                              \
      .help = "how many, 50 when it is left out" },                                       \
    {                                                                                     \
        "cursor", FIELD_TOKEN, .optional = true, .help = "next_cursor of the page before" \
    }

struct list_page {
    const char *list;  /* names the list, with its filters: "users locked" */
    int64_t limit;     /* ask for one row more, to know whether another page follows */
    const char *after; /* the place of the last row that was shown, NULL: the first page */
};

/* Reads the fields. Refuses with cursor_invalid. */
enum err list_page(struct req *rq, const char *list, struct list_page *ret);

/* Whether another page follows: takes the row too many off *count. */
bool list_has_more(const struct list_page *p, size_t *count);

/* Of a list so short that it is read whole: which of its rows are asked for. Each has its id at
 * (char *)rows + i * row_size, as its first member. A row that went meanwhile is no place any more:
 * refuses with cursor_invalid. */
struct list_part {
    struct list_page page;
    size_t from, to;
    const char *last; /* for put_next_cursor */
};
struct list_rows {
    const void *rows;
    size_t row_size, count;
};
enum err list_part(struct req *rq, const char *list, const struct list_rows *rows,
                   struct list_part *ret);

/* The cursor that goes on after a place (a row's id: visible ASCII, at most 100 bytes). */
enum err cursor_make(struct req *rq, const char *list, const char *place, const char **ret);

/* The place in a cursor. E_INVALID unless it was made for this list and whoever is signed in. */
enum err cursor_read(struct req *rq, const char *list, const char *cursor, const char **ret);

/* Writes the member next_cursor: after a place, or null when that is NULL. */
enum err put_next_cursor(struct req *rq, const struct list_page *p, const char *place);
