/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where somebody goes on after signing in, a second step or a fresh proof. Such a path travels as
 * the value of next= through links, redirects, forms and mails; it is judged each time it comes
 * back (REDIR-01) and escaped each time it leaves, both only here.
 */
#pragma once

#include "web/req.h"

/* What a next= field takes: as much as a body holds. One that is too long leads home like any other
   that is no path of ours; nobody is kept from signing in by it. */
enum { NEXT_BYTES = 1 << 16 };

/* The path of ours in a next= value, or fallback when it is anything else (REDIR-01). */
const char *safe_next(const char *next, const char *fallback);

/* "page?next=...", escaped so that all of it arrives; only the page when next is NULL or "/". */
const char *with_next(struct arena *arena, const char *page, const char *next);

/* Where a page that has a next= leads, judged; NULL when it has none. */
const char *wanted_next(struct req *rq);

/* What the browser has open, with its query unless that holds a token; "/" when a GET does not lead
   there. */
const char *page_here(struct req *rq);

/* For the forms and links of a page: value_next, absent when that is only the start page. Gives the
   path. */
const char *page_set_next(struct req *rq, const char *next);
