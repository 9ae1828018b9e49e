/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What values of settings mean, and which are refused. Everything is checked at start, so that no
 * request meets a setting that makes no sense.
 */
#include "base/clock.h"
#include "base/ip.h"
#include "base/text.h"
#include "crypto/password.h"
#include "crypto/seal.h"
#include "kv/redis.h"
#include "net/address_policy.h"
#include "service/setting_parts.h"

#include <string.h>
#include <sys/stat.h>

/* Bounds of numbers and spans; what is not named here may be 1 second to 10 years. */
static const struct range {
    enum setting setting;
    int64_t min, max;
} ranges[] = {
    { SETTING_SMTP_PORT, 1, 65'535 },
    { SETTING_PASSWORD_MIN_LENGTH, 8, 128 },
    { SETTING_SESSIONS_PER_USER, 1, 1000 },
    { SETTING_IO_THREADS, 0, 64 },
    { SETTING_STORE_THREADS, 1, 256 },
    { SETTING_HASH_THREADS, 0, 64 },
    { SETTING_HASH_QUEUE, 1, 100'000 },
    { SETTING_ACCESS_TOKEN_TTL, MINUTE, HOUR },
    { SETTING_SESSION_IDLE, MINUTE, 3650 * DAY },
    { SETTING_SESSION_ABSOLUTE, MINUTE, 3650 * DAY },
    { SETTING_VERIFY_EMAIL_TTL, MINUTE, 30 * DAY },
    { SETTING_INACTIVE_WARN_AFTER, 0, 3650 * DAY },
    { SETTING_INACTIVE_CLOSE_AFTER, 0, 3650 * DAY },
    { SETTING_RESET_TTL, MINUTE, DAY },
    { SETTING_INVITE_TTL, MINUTE, 90 * DAY },
    { SETTING_WAITLIST_KEEP, DAY, 3650 * DAY },
    { SETTING_PENDING_TTL, MINUTE, HOUR },
    { SETTING_FRESH_PROOF, MINUTE, DAY },
    { SETTING_LOCKOUT, SECOND, DAY },
    { SETTING_TRUSTED_DEVICE, MINUTE, 365 * DAY },
    { SETTING_MAGIC_LINK_TTL, MINUTE, DAY },
    { SETTING_EMAIL_CODE_TTL, MINUTE, HOUR },
    { SETTING_EMAIL_CHANGE_TTL, MINUTE, 7 * DAY },
    { SETTING_DELETION_GRACE, MINUTE, 365 * DAY },
    { SETTING_EXPORT_TTL, HOUR, 30 * DAY },
    { SETTING_DECISION_KEEP, MINUTE, 365 * DAY },
    { SETTING_SETUP_TTL, MINUTE, DAY },
    { SETTING_AUDIT_KEEP, DAY, 36'500 * DAY },
    { SETTING_KEY_ROTATE_EVERY, 2 * HOUR, 3650 * DAY },
    { SETTING_HASH_WAIT, SECOND, 5 * MINUTE },
};

void setting_range(enum setting s, int64_t *ret_min, int64_t *ret_max)
{
    *ret_min = setting_specs[s].kind == SETTING_IS_SPAN ? SECOND : 0;
    *ret_max = setting_specs[s].kind == SETTING_IS_SPAN ? 3650 * DAY : INT64_C(1) << 53;
    for (size_t i = 0; i < COUNT(ranges); i++)
        if (ranges[i].setting == s) {
            *ret_min = ranges[i].min;
            *ret_max = ranges[i].max;
        }
}

/* --- kinds --- */

static bool parse_flag(const char *text, int64_t *ret)
{
    static const char *const words[] = { "false", "true", "no", "yes", "off", "on", "0", "1" };
    for (size_t i = 0; i < COUNT(words); i++)
        if (text_equal_ascii_case(text, words[i])) {
            *ret = (int64_t)(i & 1);
            return true;
        }
    return false;
}

static bool is_host_name(const char *host)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";
    size_t n = strlen(host);
    return n > 0 && n < 254 && strspn(host, allowed) == n && host[0] != '.' && host[0] != '-' &&
           !strstr(host, "..");
}

/* The host of "[::1]:8080" or "example.org:8080"; NULL when it is not one. */
static const char *parse_authority(struct arena *arena, const char *authority, struct ip *ret_ip,
                                   bool *ret_is_ip)
{
    int64_t port;
    bool bracket = authority[0] == '[';
    size_t n = strcspn(authority, bracket ? "]" : ":");
    const char *host = text_copy(arena, MEM(authority + bracket, n - bracket));
    const char *rest = authority + n + (bracket && authority[n]);
    *ret_is_ip = ip_parse(host, ret_ip);
    if (*rest && (*rest != ':' || !text_parse_int(rest + 1, 1, 65'535, &port)))
        return NULL;
    if (bracket != (strchr(host, ':') != NULL))
        return NULL;
    if (bracket)
        return *ret_is_ip && authority[n] ? text_format(arena, "[%s]", host) : NULL;
    return is_host_name(host) ? host : NULL;
}

static bool is_loopback(const char *host, struct ip ip, bool is_ip)
{
    return is_ip ? ip_is_loopback(ip)
                 : text_equal(host, "localhost") || text_ends(host, ".localhost");
}

/* scheme://host[:port] with nothing behind it: links are made by appending a path. */
static const char *parse_url(struct arena *arena, const char *text, bool development,
                             struct setting_value *ret)
{
    struct ip ip;
    bool is_ip;
    bool secure = text_starts(text, "https://");
    if (!secure && !text_starts(text, "http://"))
        return "must begin with https:// or http://";
    const char *authority = text + (secure ? 8 : 7);
    size_t n = strcspn(authority, "/?#");
    if (memchr(authority, '@', n))
        return "must not hold a user name or password";
    if (authority[n] && !text_equal(authority + n, "/"))
        return "must not have a path, query or fragment";
    authority = text_lower_ascii(arena, text_copy(arena, MEM(authority, n)));
    ret->host = parse_authority(arena, authority, &ip, &is_ip);
    if (!ret->host)
        return "has no valid host and port";
    ret->origin = text_format(arena, "%s://%s", secure ? "https" : "http", authority);
    ret->is_secure = secure;
    ret->is_loopback = is_loopback(ret->host, ip, is_ip);
    if (!secure && !ret->is_loopback && !development)
        return "must be https, because it is not a loopback address: cookies and tokens would "
               "travel in the clear";
    return NULL;
}

/* --- rules of single settings --- */

typedef const char *(*rule_fn)(struct arena *arena, const char *text); /* NULL: good */

/* Applies a rule to each item of a list with commas. */
static const char *each(struct arena *arena, const char *text, rule_fn check)
{
    char *rest = text_copy(arena, mem_text(text)), *item;
    while ((item = strsep(&rest, ","))) {
        item += strspn(item, " ");
        for (size_t n = strlen(item); n && item[n - 1] == ' ';)
            item[--n] = 0;
        const char *why = check(arena, item);
        if (why)
            return why;
    }
    return NULL;
}

static const char *check_database(struct arena *, const char *text)
{
    bool good = (text_starts(text, "sqlite:") && text[7]) || text_starts(text, "postgresql://") ||
                text_starts(text, "postgres://");
    return good ? NULL : "must be sqlite:PATH or postgresql://...";
}

static const char *check_address(struct arena *arena, const char *text)
{
    struct ip ip;
    bool is_ip;
    int64_t port;
    const char *why = "must be host:port, [v6]:port, :port or unix:/path, separated by commas";
    if (text_starts(text, "unix:/"))
        return NULL;
    if (text[0] == ':')
        return text_parse_int(text + 1, 0, 65'535, &port) ? NULL : why;
    const char *colon = strrchr(text, ':');
    if (!colon || !text_parse_int(colon + 1, 0, 65'535, &port))
        return why;
    const char *host = text_lower_ascii(arena, text_copy(arena, MEM(text, (size_t)(colon - text))));
    if (text_equal(host, "*"))
        return NULL;
    return parse_authority(arena, host, &ip, &is_ip) ? NULL : why;
}

static const char *check_range(struct arena *, const char *text)
{
    struct ip_range range;
    return ip_range_parse(text, &range) ? NULL
                                        : "must be addresses or CIDR ranges without host bits, "
                                          "separated by commas";
}

static const char *check_origin(struct arena *arena, const char *text)
{
    struct setting_value ignored = { 0 };
    const char *why = parse_url(arena, text, true, &ignored);
    return why || text_ends(text, "/") ? "must be origins such as https://app.example.org, "
                                         "separated by commas"
                                       : NULL;
}

/* Android calls an app by the SHA-256 of its signing certificate, in base64url. */
static const char *check_passkey_origin(struct arena *arena, const char *text)
{
    static const char app[] = "android:apk-key-hash:";
    uint8_t hash[32];
    size_t n = 0;
    if (!text_starts(text, app))
        return check_origin(arena, text);
    const char *digits = text + strlen(app);
    bool is_hash = strlen(digits) == base64url_size(sizeof hash) &&
                   base64url_parse(digits, strlen(digits), hash, &n) && n == sizeof hash;
    return is_hash
               ? NULL
               : "must name an app by the SHA-256 of its certificate, 43 characters of base64url";
}

static const char *check_passkey_origins(struct arena *arena, const char *text)
{
    return each(arena, text, check_passkey_origin);
}

static const char *check_addresses(struct arena *arena, const char *text)
{
    return each(arena, text, check_address);
}

static const char *check_ranges(struct arena *arena, const char *text)
{
    return each(arena, text, check_range);
}

/* What is more than there is room for would be left out without a word. */
static const char *check_some_ranges(struct arena *arena, const char *text, int max)
{
    int count = 1;
    for (const char *p = text; *p; p++)
        count += *p == ',';
    return count <= max ? check_ranges(arena, text) : text_format(arena, "at most %d ranges", max);
}

static const char *check_proxies(struct arena *arena, const char *text)
{
    return check_some_ranges(arena, text, TRUSTED_PROXIES_MAX);
}

static const char *check_outbound_ranges(struct arena *arena, const char *text)
{
    return check_some_ranges(arena, text, ADDRESS_ALLOW_MAX);
}

static const char *check_origins(struct arena *arena, const char *text)
{
    return each(arena, text, check_origin);
}

static const char *check_seal_keys(struct arena *arena, const char *text)
{
    struct seal_ring *ring = arena_alloc(arena, sizeof *ring);
    bool good = seal_ring_parse(text, ring) == OK;
    mem_wipe(ring, sizeof *ring);
    return good ? NULL : "must be id:base64 pairs, each key of 32 bytes, separated by commas";
}

static const char *check_mailbox(struct arena *, const char *text)
{
    const char *at = strrchr(text, '@');
    return at && at > text && at[1] && at[1] != '>' ? NULL : "must be a mail address";
}

static const char *check_hash(struct arena *, const char *text)
{
    struct argon2_cost cost;
    return password_cost_parse(text, &cost) == OK ? NULL
                                                  : "must be m=KIB,t=PASSES,p=LANES within RFC "
                                                    "9106's bounds, at most 1 GiB, 16 and 16";
}

static const char *check_locale(struct arena *, const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-");
    return n >= 2 && n <= 16 && !text[n] ? NULL : "must be a language such as en or pt-BR";
}

/* A folder that is missing would be found out only by the first mail, or never. */
static const char *check_folder(struct arena *, const char *text)
{
    struct stat found;
    return stat(text, &found) == 0 && S_ISDIR(found.st_mode) ? NULL
                                                             : "must be a folder that exists";
}

static const char *check_file(struct arena *, const char *text)
{
    struct stat found;
    return stat(text, &found) == 0 && S_ISREG(found.st_mode) ? NULL : "must be a file that exists";
}

/* What pages show: a whole line that was pasted, or the secret's URL, is found out here. */
static const char *check_site_key(struct arena *, const char *text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    return text[strspn(text, allowed)] ? "must be a key: letters, digits, - _ and ." : NULL;
}

static const char *check_score(struct arena *, const char *text)
{
    static const char why[] = "must be 0.1 to 1.0";
    if (strlen(text) != 3 || text[1] != '.' || text[2] < '0' || text[2] > '9')
        return why;
    bool is_within = text[0] == '0' ? text[2] > '0' : text[0] == '1' && text[2] == '0';
    return is_within ? NULL : why;
}

/* A URL that could be called; whether its host may be is found out when it is. */
static const char *check_outbound(struct arena *arena, const char *text)
{
    struct address_policy anywhere = { .any_port = true, .allowed = 2 };
    struct outbound_url url;
    const char *why;
    (void)ip_range_parse("0.0.0.0/0", &anywhere.allow[0]);
    (void)ip_range_parse("::/0", &anywhere.allow[1]);
    if (!outbound_url_parse(arena, &anywhere, text, &url, &why))
        return NULL;
    return text_format(arena, "%s (http:// only to a loopback address)", why);
}

static const char *check_redis(struct arena *arena, const char *text)
{
    struct redis_url *url = arena_alloc(arena, sizeof *url); /* wiped with the arena */
    return redis_url_parse(text, url);
}

static const struct {
    enum setting setting;
    rule_fn check;
} rules[] = {
    { SETTING_REDIS_URL, check_redis },
    { SETTING_DATABASE_URL, check_database },
    { SETTING_LISTEN, check_addresses },
    { SETTING_OPS_LISTEN, check_addresses },
    { SETTING_TRUSTED_PROXIES, check_proxies },
    { SETTING_ADDRESS_ALLOW, check_ranges },
    { SETTING_ADDRESS_DENY, check_ranges },
    { SETTING_ADMIN_ADDRESS_ALLOW, check_ranges },
    { SETTING_CORS_ORIGINS, check_origins },
    { SETTING_PASSKEY_ORIGINS, check_passkey_origins },
    { SETTING_ENCRYPTION_KEYS, check_seal_keys },
    { SETTING_ADMIN_EMAIL, check_mailbox },
    { SETTING_EMAIL_FROM_ADDRESS, check_mailbox },
    { SETTING_PASSWORD_HASH, check_hash },
    { SETTING_DEFAULT_LOCALE, check_locale },
    { SETTING_UI_DIR, check_folder },
    { SETTING_MAIL_DIR, check_folder },
    { SETTING_PASSWORD_LIST, check_file },
    { SETTING_RECAPTCHA_MIN_SCORE, check_score },
    { SETTING_OUTBOUND_ALLOW, check_outbound_ranges },
    { SETTING_TURNSTILE_SITE_KEY, check_site_key },
    { SETTING_HCAPTCHA_SITE_KEY, check_site_key },
    { SETTING_RECAPTCHA_SITE_KEY, check_site_key },
    { SETTING_CAPTCHA_VERIFY_URL, check_outbound },
    { SETTING_DISPOSABLE_DOMAINS, check_file },
    { SETTING_PASSWORD_RANGE_URL, check_outbound },
};

/* One of a few words; what is said about others names them. */
static const struct {
    enum setting setting;
    const char *words[5], *why;
} choices[] = {
    { SETTING_FORWARDED_HEADER,
      { "either", "x-forwarded-for", "forwarded" },
      "must be either, x-forwarded-for or forwarded" },
    { SETTING_PROXY_PROTOCOL, { "off", "required" }, "must be off or required" },
    { SETTING_LOG_LEVEL,
      { "debug", "info", "warn", "error" },
      "must be debug, info, warn or error" },
    { SETTING_RATE_LIMITS, { "on", "off" }, "must be on or off" },
    { SETTING_CAPTCHA, { "auto", "always", "off" }, "must be auto, always or off" },
    { SETTING_SIGN_UP,
      { "open", "waitlist", "invite", "closed" },
      "must be open, waitlist, invite or closed" },
};

static const char *check_choice(enum setting s, const char *text)
{
    for (size_t i = 0; i < COUNT(choices); i++) {
        if (choices[i].setting != s)
            continue;
        for (const char *const *word = choices[i].words; *word; word++)
            if (text_equal(text, *word))
                return NULL;
        return choices[i].why;
    }
    return NULL;
}

static rule_fn later_rules[SETTING_COUNT];

void setting_set_check(enum setting s, const char *(*check)(struct arena *arena, const char *text))
{
    later_rules[s] = check;
}

static const char *check_text(struct arena *arena, enum setting s, const char *text)
{
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            return "must not hold control characters";
    if (!*text)
        return NULL;
    const char *why = check_choice(s, text);
    for (size_t i = 0; i < COUNT(rules) && !why; i++)
        if (rules[i].setting == s)
            why = rules[i].check(arena, text);
    return !why && later_rules[s] ? later_rules[s](arena, text) : why;
}

static const char *check_number(struct arena *arena, enum setting s, bool parsed, int64_t number)
{
    int64_t min, max;
    bool span = setting_specs[s].kind == SETTING_IS_SPAN;
    setting_range(s, &min, &max);
    if (!parsed)
        return span ? "must be a span such as 90s, 10m, 24h or 14d" : "must be a number";
    if (number >= min && number <= max)
        return NULL;
    int64_t unit = span ? SECOND : 1;
    return text_format(arena, "must be %lld to %lld%s", (long long)(min / unit),
                       (long long)(max / unit), span ? " seconds" : "");
}

bool setting_parse(struct arena *arena, enum setting s, const char *text, struct setting_value *ret,
                   const char **ret_why)
{
    struct setting_value value = { .text = text };
    const char *why = NULL;
    bool parsed;
    if (strlen(text) > SETTING_TEXT_MAX || !text_is_utf8(mem_text(text)))
        why = "is too long or not UTF-8";
    else
        switch (setting_specs[s].kind) {
        case SETTING_IS_TEXT: why = check_text(arena, s, text); break;
        case SETTING_IS_NUM:
            parsed = text_parse_int(text, INT64_MIN, INT64_MAX, &value.num);
            why = check_number(arena, s, parsed, value.num);
            break;
        case SETTING_IS_SPAN:
            parsed = clock_parse_span(text, &value.num);
            why = check_number(arena, s, parsed, value.num);
            break;
        case SETTING_IS_FLAG:
            why = parse_flag(text, &value.num) ? NULL : "must be true or false";
            break;
        case SETTING_IS_URL: why = parse_url(arena, text, setting_is_development(), &value); break;
        }
    *ret = value;
    *ret_why = why;
    return why == NULL;
}
