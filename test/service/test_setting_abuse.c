/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings that keep abuse out: ten and more wrong values of each, every one refused with the
 * setting's name, while the values in force stay as they are.
 */
#include "../test.h"
#include "app.h"
#include "base/text.h"
#include "service/setting.h"

#include <stdio.h>
#include <string.h>

/* Values are parted by "|". */
static const struct {
    const char *name, *values;
} wrong[] = {
    { "SIGN_UP", "Open|OPEN|off|true|invites|open,closed|wait list|0|null|open closed|öffen" },
    { "CAPTCHA", "on|true|Auto|never|turnstile|1|always,auto|no|auto always|AUTO" },
    { "LIMITS", "login|login ip|login ip 10|login ip 10/|login ip x/1m|login ip 0/1m|"
                "login ip -1/1m|login ip 10/0|login ip 10/1y|nodoor ip 1/1m|login nokey 1/1m|"
                "login ip 10/1m,|login ip 10/1m; login ip 5/1m|login ip 10/99999999d|"
                "login ip 1/1m 2/1m 3/1m 4/1m 5/1m|login ip 10 / 1m|LOGIN ip 1/1m" },
    { "ADDRESS_ALLOW", "x|10.0.0.1/8|1.2.3|1.2.3.4/33|::1/129|1.2.3.4/|1.2.3.4-1.2.3.9|localhost|"
                       "1.2.3.4;1.2.3.5|,|1.2.3.4,|fe80::1%eth0|01.2.3.4|/24|1.2.3.4 1.2.3.5" },
    { "ADDRESS_DENY", "everybody|*|all|0.0.0.0/-1|0.0.0.0/00|10.0.0.0/8 11.0.0.0/8|1.2.3.4:80|"
                      "[::1]|::g|2001:db8::1/32" },
    { "ADMIN_ADDRESS_ALLOW", "me|office|10.0.0.1/24|10.0.0|10.0.0.0/8,,|https://10.0.0.1|10.*|"
                             "256.1.1.1|1.2.3.4/|::ffff:1.2.3.4/8" },
    { "TRUSTED_PROXIES",
      "nginx|*|private|unix|10.0.0.1/8|10.0.0.0/8;::1|localhost|true|1|loopback" },
    { "FORWARDED_HEADER", "on|xff|X-Real-IP|both|x-forwarded-for,forwarded|true|1|via|none|"
                          "X-Forwarded-For" },
    { "PROXY_PROTOCOL", "on|v1|v2|optional|true|Required|2|required,off|yes|allow" },
    { "AUTOMATIC_BLOCKS", "maybe|2|on off|ja|tru|enabled|-1|null|none|y" },
    { "DISPOSABLE_DOMAINS", "/nowhere/at/all|/tmp|/dev/null|/dev/zero|mailinator.com|/etc/passwd|"
                            "/proc/self/mem|https://lists.example/x|a b|/" },
    { "PASSWORD_LIST",
      "/nowhere/at/all|/tmp|/dev/null|/dev/zero|x|https://a.example|pwned|/|.|.." },
    { "PASSWORD_RANGE_URL",
      "https://|https:///x|ftp://h.example/|h.example|https://u:p@h.example/|https://h.example:0/|"
      "https://h.example:99999/|https://h .example/|http://h.example/|http://127.h.example/|"
      "https://h.example/#x|http://[::1]h/|https://h.example\\x/|https://0x7f.1/" },
    { "OUTBOUND_ALLOW", "x|10.0.0.1/8|1.2.3|example.org|1.2.3.4/33|;|https://x|"
                        "10.0.0.0/8 11.0.0.0/8|*|all" },
    { "RECAPTCHA_MIN_SCORE", "0|0.0|1|1.1|.5|0,5|0.55|-0.5|high|2.0" },
    { "TURNSTILE_SITE_KEY", "a b|<script>|key,|a/b|\"key|key=|a&b|ключ|https://x.example|a;b" },
    { "REDIS_URL", "localhost:6379|http://x|redis:/x|redis://|rediss://h|redis://h:0|"
                   "redis://h:99999|redis://h/x|redis://h/-1|redis://u:p@|redis://h h" },
    { "RATE_LIMITS", "On|true|no|1|disabled|offf|0|half|never|yes" },
    { "PASSWORD_MIN_LENGTH", "7|129|x|-1|12.5|1e2|0x10|+12|99999999999999999999|12 13" },
    { "DECISION_KEEP", "0|x|7|1y|-1d|1.5d|99999d|d|7 d|7D" },
    { "INVITE_TTL", "0|x|-7d|1.5d|7 d|99999999d|d|7w|1s|forever" },
    { "WAITLIST_KEEP", "0|x|-7d|1.5d|7 d|99999999d|d|7w|1s|forever" },
    { "LOCKOUT", "0|x|-5m|1.5m|5 m|99999999d|m|5w|2d|forever" },
    { "HASH_QUEUE", "0|100001|x|-5|1.5|1e3|many|0x20|5 5|99999999999999999999" },
    { "HASH_WAIT", "0|x|-20s|1.5s|20 s|9999999d|s|20w|0s|never" },
};

static enum err open_with(const char *line, const char **ret_why)
{
    const char *path = text_format(test_arena(), "%s/cardea.conf", test_folder());
    FILE *file = fopen(path, "we");
    if (!file)
        return E_FAULT;
    (void)fputs(line, file);
    (void)fclose(file);
    return setting_open(path, false, test_arena(), ret_why);
}

TEST(settings_against_abuse_refuse_ten_wrong_values_each)
{
    const char *why = "";
    app_register();
    CHECK_OK(open_with("SERVICE_NAME = Before\n", &why));
    for (size_t i = 0; i < COUNT(wrong); i++) {
        char *rest = text_copy(test_arena(), mem_text(wrong[i].values)), *value;
        int count = 0;
        while ((value = strsep(&rest, "|"))) {
            const char *line = text_format(test_arena(), "%s = %s\n", wrong[i].name, value);
            if (open_with(line, &why) != E_INVALID || !strstr(why, wrong[i].name))
                test_fail(__FILE__, __LINE__, "%s%s", line, why);
            count++;
        }
        CHECK(count >= 10);
        CHECK_TEXT(setting_text(SETTING_SERVICE_NAME), "Before");
    }
    CHECK_OK(open_with("", &why));
}
