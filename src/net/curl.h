/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl, opened when the first mail or request leaves the house. Linked in the ordinary way it
 * would pull some thirty libraries into every start and every idle process; most servers never
 * need it, the others need it seconds later. See docs/decisions/0007-lazy-libcurl.md.
 */
#pragma once

#include "base/err.h"

#include <curl/curl.h>

/* The part of libcurl that is used here. Values given to easy_setopt must be long, pointer or
   curl_off_t exactly as its manual says: nothing converts them. */
struct curl_functions {
    typeof(curl_global_init) *global_init;
    typeof(curl_easy_init) *easy_init;
    typeof(curl_easy_setopt) *easy_setopt;
    typeof(curl_easy_perform) *easy_perform;
    typeof(curl_easy_getinfo) *easy_getinfo;
    typeof(curl_easy_reset) *easy_reset;
    typeof(curl_easy_cleanup) *easy_cleanup;
    typeof(curl_easy_strerror) *easy_strerror;
    typeof(curl_slist_append) *slist_append;
    typeof(curl_slist_free_all) *slist_free_all;
};

/* The functions, loaded and initialised at the first call. E_FAULT (logged with what to install)
 * when the library is missing. Thread safe. */
enum err curl_open(const struct curl_functions **ret);
