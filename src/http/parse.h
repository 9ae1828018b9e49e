/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The request header, from bytes to struct http_request. Strict on purpose: whatever two parsers
 * could read in two ways is refused, because a proxy in front of us may read it the other way
 * (request smuggling). Functions give 0 or the status to refuse with.
 */
#pragma once

#include "http/http.h"

enum http_framing { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED };

struct http_head {
    struct http_request *request; /* filled in */
    struct arena *arena;
    const struct http_limits *limits; /* all members set */
    enum http_framing framing;
    size_t length;       /* HTTP_BODY_LENGTH */
    bool is_1_0;         /* HTTP/1.0: one request for each connection */
    bool close;          /* the client asked for it */
    bool wants_continue; /* Expect: 100-continue */
    const char *why;     /* set with a refusal */
};

/* Looks for the end of the header in what has arrived so far, going on at *scanned. *ret_length is
   the header's length with the empty line, 0 when more is needed. */
int http_head_find(struct mem bytes, const struct http_limits *limits, size_t *scanned,
                   size_t *ret_length, const char **ret_why);

/* Parses a whole header as http_head_find measured it. */
int http_head_parse(struct http_head *head, struct mem bytes);

/* Adds one field to the request, and checks all of them when they are complete (field.c). */
int http_field_add(struct http_head *head, const char *name, const char *value);
int http_fields_check(struct http_head *head);

/* Splits, checks and decodes the request target (target.c); needs the Host header. */
int http_target_parse(struct http_head *head, char *target);

/* Says what is wrong and gives status back. */
int http_head_refuse(struct http_head *head, int status, const char *why);

/* Characters of a token, RFC 9110 5.6.2. */
bool http_is_token(unsigned char c);

/* limits with zero members replaced by the defaults. */
struct http_limits http_limits_fill(const struct http_limits *limits);
