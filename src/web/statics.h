/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Static files: /static/NAME from the embedded ui/static, or from UI_DIR/static.
 */
#pragma once

#include "http/http.h"

#include <stdbool.h>

/* Answers a GET or HEAD below /static/; false when the path is elsewhere. ETag, gzip; browsers
   keep it and ask each time whether it still holds. */
bool statics_answer(struct http_exchange *x);
