/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a session lives: its network and its program. Version numbers are left out of the program's
 * name, so that a browser's own update does not sign anybody out.
 */
#include "account/session.h"

#include "base/text.h"

#include <string.h>

enum { AGENT_MAX = 512 };

/* Cut at a code point's boundary; bytes that are not printable ASCII or UTF-8 do not get here. */
static char *cut(struct arena *arena, const char *user_agent)
{
    size_t n = strnlen(user_agent, AGENT_MAX);
    while (n && ((unsigned char)user_agent[n] & 0xC0) == 0x80)
        n--;
    return text_copy(arena, MEM(user_agent, n));
}

static char *without_versions(struct arena *arena, const char *user_agent)
{
    char *key = text_copy(arena, mem_text(user_agent));
    char *to = key;
    for (const char *from = user_agent; *from; from++)
        if ((*from < '0' || *from > '9') && *from != '.' && *from != '_')
            *to++ = *from;
    *to = 0;
    return key;
}

struct origin session_origin(struct arena *arena, struct ip ip, const char *user_agent)
{
    const char *agent = cut(arena, user_agent ? user_agent : "");
    return (struct origin){
        .ip = ip_format(arena, ip),
        .network = ip_format(arena, ip_network(ip, 24, 48)),
        .user_agent = agent,
        .agent_key = without_versions(arena, agent),
    };
}

bool session_is_at_home(const struct session *session, const struct origin *from)
{
    return text_equal(session->network, from->network) &&
           text_equal(session->agent_key, from->agent_key);
}

struct pattern {
    const char *sign, *name;
};

static const char *first_match(const struct pattern *patterns, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strstr(text, patterns[i].sign))
            return patterns[i].name;
    return NULL;
}

/* Order matters: Edge and Opera also say Chrome, Chrome also says Safari. */
static const struct pattern programs[] = {
    { "Edg", "Edge" },           { "OPR/", "Opera" },     { "Firefox/", "Firefox" },
    { "FxiOS", "Firefox" },      { "CriOS", "Chrome" },   { "HeadlessChrome", "Chrome" },
    { "Chrome/", "Chrome" },     { "Safari/", "Safari" }, { "curl/", "curl" },
    { "okhttp", "Android app" }, { "python", "Python" },  { "Python", "Python" },
    { "Go-http", "Go" },         { "node", "Node.js" },   { "Java", "Java" },
};
static const struct pattern systems[] = {
    { "iPhone", "iPhone" },   { "iPad", "iPad" },      { "Android", "Android" },
    { "Windows", "Windows" }, { "Mac OS X", "macOS" }, { "CrOS", "ChromeOS" },
    { "Linux", "Linux" },
};

const char *session_device(struct arena *arena, const char *user_agent)
{
    const char *program = first_match(programs, COUNT(programs), user_agent);
    const char *platform = first_match(systems, COUNT(systems), user_agent);
    if (program && platform)
        return text_format(arena, "%s · %s", program, platform);
    if (program || platform)
        return program ? program : platform;
    size_t n = strcspn(user_agent, " /;(");
    return n && n < 40 ? text_copy(arena, MEM(user_agent, n)) : "—";
}
