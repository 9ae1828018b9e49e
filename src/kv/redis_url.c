/* SPDX-License-Identifier: Apache-2.0 */
/*
 * REDIS_URL, read: see redis.h. Nothing of it is ever repeated, for it holds a password.
 */
#include "kv/redis.h"

#include "base/text.h"

#include <string.h>

enum { STANDARD_PORT = 6379, DATABASE_MAX = 1023 };

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c | ('A' <= c && c <= 'F' ? 0x20 : 0)) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Decodes %XX into ret of size bytes; false when it does not fit or is not well-formed. */
static bool decode(const char *text, size_t n, char *ret, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 2 < n ? hex_digit(text[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
            if (low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (!c || used + 1 >= size)
            return false;
        ret[used++] = c;
    }
    ret[used] = 0;
    return true;
}

static bool read_number(const char *text, size_t n, int max, int *ret)
{
    char digits[8];
    int64_t number;
    if (n >= sizeof digits)
        return false;
    memcpy(digits, text, n);
    digits[n] = 0;
    if (!text_parse_int(digits, 0, max, &number))
        return false;
    *ret = (int)number;
    return true;
}

/* "user:password@", ":password@" or nothing; *text is moved behind it. */
static bool read_secret(const char **text, size_t *n, struct redis_url *ret)
{
    const char *at = memrchr(*text, '@', *n);
    if (!at)
        return true;
    size_t whole = (size_t)(at - *text);
    const char *colon = memchr(*text, ':', whole);
    if (!colon)
        return false;
    size_t user = (size_t)(colon - *text);
    bool good = decode(*text, user, ret->user, sizeof ret->user) &&
                decode(colon + 1, whole - user - 1, ret->password, sizeof ret->password);
    *text += whole + 1;
    *n -= whole + 1;
    return good && *ret->password;
}

/* "host", "host:port", "[v6]:port" */
static bool read_host(const char *text, size_t n, struct redis_url *ret)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:";
    const char *colon = memrchr(text, ':', n);
    const char *bracket = n && text[0] == '[' ? memchr(text, ']', n) : NULL;
    if (bracket) {
        size_t inside = (size_t)(bracket - text) - 1;
        if (!inside || !decode(text + 1, inside, ret->host, sizeof ret->host) ||
            strspn(ret->host, allowed) != inside)
            return false;
        size_t rest = n - inside - 2;
        return !rest ||
               (bracket[1] == ':' && read_number(bracket + 2, rest - 1, 65'535, &ret->port));
    }
    size_t host = colon ? (size_t)(colon - text) : n;
    if (!host || !decode(text, host, ret->host, sizeof ret->host) || strchr(ret->host, ':') ||
        strspn(ret->host, allowed) != strlen(ret->host))
        return false;
    return !colon || read_number(colon + 1, n - host - 1, 65'535, &ret->port);
}

const char *redis_url_parse(const char *text, struct redis_url *ret)
{
    static const char shape[] =
        "must be redis://[user:password@]host[:port][/database], with %XX for "
        "special characters in the password";
    *ret = (struct redis_url){ .port = STANDARD_PORT };
    if (text_starts(text, "rediss://"))
        return "TLS is not offered by the client library of this system: give redis:// to a TLS "
               "tunnel on this machine, or to a private network";
    if (!text_starts(text, "redis://"))
        return shape;
    text += strlen("redis://");
    size_t n = strcspn(text, "/?#");
    const char *rest = text + n;
    if (!read_secret(&text, &n, ret) || !read_host(text, n, ret) || !ret->port)
        return shape;
    if (rest[0] == '/' && rest[1] &&
        !read_number(rest + 1, strlen(rest + 1), DATABASE_MAX, &ret->database))
        return shape;
    return *rest && *rest != '/' ? shape : NULL;
}
