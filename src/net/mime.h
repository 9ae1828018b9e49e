/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Composes a mail (RFC 5322, 2045-2047): plain text and HTML as alternatives, UTF-8. Whatever the
 * texts hold, the result has CRLF line ends only, no line that begins with a dot, exactly the
 * header lines written here, and a boundary that no encoded body can contain (MAIL-05).
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

struct mime_message {
    const char *from;      /* bare address */
    const char *from_name; /* NULL or "": none */
    const char *to;        /* bare address */
    const char *subject;   /* control characters become spaces */
    const char *text, *html;
    const char *message_id; /* "<id@host>" */
    int64_t date;
};

/* Appends the message to out. E_INVALID: an address or the Message-ID may not stand in a header;
 * E_FAULT: out overflowed. */
enum err mime_write(const struct mime_message *message, struct buf *out);

/* Takes "Name <address>" or a bare address apart; *ret_name is "" when there is none. E_INVALID. */
enum err mime_parse_sender(struct arena *arena, const char *sender, const char **ret_name,
                           const char **ret_address);
