/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends one message to the operator's mail server (RFC 5321). With TLS asked for, nothing, neither
 * credentials nor mail, is ever sent in plain text, whatever somebody on the path strips (RFC 8314,
 * F09); the certificate must fit the host. Bodies with a bare CR or LF are refused, so nobody can
 * smuggle a second message (MAIL-05).
 */
#pragma once

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

enum smtp_security {
    SMTP_PLAIN,    /* for a relay on the same machine */
    SMTP_STARTTLS, /* the session goes on only after STARTTLS */
    SMTP_TLS,      /* from the first byte */
};

struct smtp_server {
    const char *host;
    int port;
    enum smtp_security security;
    const char *user, *pass;   /* NULL or "": no sign-in */
    const char *ca_file;       /* NULL or "": the system's */
    const char *helo;          /* how we name ourselves; NULL: the machine's name */
    int64_t timeout;           /* for the whole exchange; 0: 30 s, connecting at most 10 s of it */
    bool (*is_stopping)(void); /* NULL: never. Once true the exchange ends within a second, or eight
                                  when the message is on its way: then its fate should be known */
};

struct smtp_mail {
    const char *from, *to; /* bare addresses */
    struct mem data;       /* header and body, every line ended by CRLF */
};

/* How far the exchange came. */
enum smtp_stage {
    SMTP_AT_CONNECT, /* nobody answered, or TLS failed before the first command */
    SMTP_AT_HELLO,   /* EHLO, STARTTLS, AUTH: the server or the account, not this mail */
    SMTP_AT_FROM,    /* MAIL FROM: our sender address */
    SMTP_AT_TO,      /* RCPT TO: this recipient */
    SMTP_AT_DATA,    /* the message itself */
};

struct smtp_reply {
    enum smtp_stage stage;
    int code;       /* the last reply's, 0 when there was none */
    char text[160]; /* for an operator, printable ASCII; may repeat the recipient's address */
};

/*
 * OK: the server took responsibility. E_BUSY: try later (no connection, TLS or sign-in refused, a
 * 4xx reply, a dropped connection: the server may have the mail all the same). E_INVALID: this mail
 * will never be taken (a 5xx reply to the recipient or the message, or an address or line end that
 * may not be sent). *ret is always filled. Keeps one connection open for the next mail.
 */
enum err smtp_send(const struct smtp_server *server, const struct smtp_mail *mail,
                   struct smtp_reply *ret);

/* Closes the connection kept open. */
void smtp_rest(void);

/* Fit for an envelope and a header: printable ASCII without space, brackets or quotes, one '@' with
 * something on both sides. Not a check of identity: that is account/email. */
bool smtp_is_address(const char *address);
