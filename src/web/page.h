/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values that every page may use.
 */
#pragma once

#include "web/req.h"

/* Sets lang, dir, title, csrf, the account's, the languages and so on; keeps what the handler set.
 */
enum err page_set_vars(struct req *rq, const char *name);

/* For a page of somebody signed in: asks how many notices they have not read, for its header.
   Before the handler runs, so that it holds no connection beside the handler's. */
enum err page_look_up_notices(struct req *rq);

/* Sets the values that texts of the catalogues name, refusals too. */
void page_set_texts(struct req *rq);

/* The language of this request: the account's, the cookie's, the browser's, the setting's. */
void page_choose_locale(struct req *rq);

/* The name of the cookie that remembers a visitor's language. */
const char *page_locale_cookie(void);
