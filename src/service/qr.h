/* SPDX-License-Identifier: Apache-2.0 */
/*
 * QR codes as SVG: markup that may stand in a page under a policy without inline styles. Dark on
 * white with the quiet zone of four modules whatever the page's theme is: scanners want that. The
 * library is opened at run time, when the first code is drawn.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

/* Draws text; title says to those who do not see it what it is (any text, it is escaped here).
 * E_TOO_LARGE: does not fit a code. E_NOT_FOUND: this machine has no libqrencode (logged once). */
enum err qr_svg(struct arena *arena, const char *text, const char *title, const char **ret);
