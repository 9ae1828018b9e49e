/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings: sources, kinds, refusals, reload. Each test leaves the environment as it found it.
 */
#include "../test.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "service/setting.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *write_file(const char *name, const char *content)
{
    const char *path = text_format(test_arena(), "%s/%s", test_folder(), name);
    FILE *file = fopen(path, "w");
    if (!file)
        return path;
    (void)fputs(content, file);
    (void)fclose(file);
    return path;
}

static enum err open_with(const char *config, const char **ret_why)
{
    return setting_open(write_file("cardea.conf", config), false, test_arena(), ret_why);
}

static void back_to_defaults(void)
{
    const char *why;
    CHECK_OK(open_with("", &why));
}

#define FIVE "::1,::1,::1,::1,::1"
#define SIXTY_FIVE                                                                                 \
    FIVE "," FIVE "," FIVE "," FIVE "," FIVE "," FIVE "," FIVE "," FIVE "," FIVE "," FIVE "," FIVE \
         "," FIVE "," FIVE

/* Everything that is refused, and the words that must be in the problem. */
static const struct refusal {
    const char *line, *words;
} refusals[] = {
    { "LISTN = :80", "line 1: no setting is called LISTN; did you mean LISTEN?" },
    { "RATE_LIMIT = off", "did you mean RATE_LIMITS?" },
    { "TURNSTILE_SITE_KEY = a", "TURNSTILE_SITE_KEY and TURNSTILE_SECRET_KEY: give both" },
    { "TURNSTILE_SITE_KEY = a\nTURNSTILE_SECRET_KEY = b\n"
      "HCAPTCHA_SITE_KEY = a\nHCAPTCHA_SECRET_KEY = b",
      "give one of them at most" },
    { "CAPTCHA_VERIFY_URL = https://a.example/", "no captcha provider is set" },
    { "CAPTCHA_VERIFY_URL = http://a.example/", "only https may be called" },
    { "RECAPTCHA_MIN_SCORE = 0.0", "must be 0.1 to 1.0" },
    { "RECAPTCHA_MIN_SCORE = 1.1", "must be 0.1 to 1.0" },
    { "RECAPTCHA_MIN_SCORE = 05", "must be 0.1 to 1.0" },
    { "OUTBOUND_ALLOW = 10.0.0.1/8", "must be addresses or CIDR ranges" },
    { "what is this", "not of the form NAME = value" },
    { "LISTEN = :80\nLISTEN = :81", "line 2: LISTEN is given twice" },
    { "SMTP_PORT = 0", "SMTP_PORT (" },
    { "SMTP_PORT = 65536", "must be 1 to 65535" },
    { "SMTP_PORT = 25x", "must be a number" },
    { "SMTP_PORT = +25", "must be a number" },
    { "SMTP_PORT = 0x19", "must be a number" },
    { "SMTP_USE_TLS = maybe", "must be true or false" },
    { "RESET_TTL = 5", "must be 60 to 86400 seconds" },
    { "RESET_TTL = 10 m", "must be a span" },
    { "RESET_TTL = 10w", "must be a span" },
    { "RESET_TTL = -10m", "must be a span" },
    { "RESET_TTL = 1.5h", "must be a span" },
    { "RESET_TTL = m", "must be a span" },
    { "RESET_TTL = 99999999999999999999m", "must be a span" },
    { "PUBLIC_URL = HTTPS://example.org", "must begin with https:// or http://" },
    { "PUBLIC_URL = ftp://example.org", "must begin with https:// or http://" },
    { "PUBLIC_URL = http://example.org", "must be https" },
    { "PUBLIC_URL = http://127.0.0.1.example.org", "must be https" },
    { "PUBLIC_URL = http://localhost.example.org", "must be https" },
    { "PUBLIC_URL = https://a@example.org", "must not hold a user name" },
    { "PUBLIC_URL = https://example.org/login", "must not have a path" },
    { "PUBLIC_URL = https://example.org?x", "must not have a path" },
    { "PUBLIC_URL = https://example.org#x", "must not have a path" },
    { "PUBLIC_URL = https://", "has no valid host" },
    { "PUBLIC_URL = https://:80", "has no valid host" },
    { "PUBLIC_URL = https://exa mple.org", "has no valid host" },
    { "PUBLIC_URL = https://example.org:", "has no valid host" },
    { "PUBLIC_URL = https://example.org:0", "has no valid host" },
    { "PUBLIC_URL = https://example.org:65536", "has no valid host" },
    { "PUBLIC_URL = https://[::1", "has no valid host" },
    { "PUBLIC_URL = https://[1.2.3.4]", "has no valid host" },
    { "PUBLIC_URL = https://::1", "has no valid host" },
    { "DATABASE_URL = mysql://x", "must be sqlite:PATH" },
    { "DATABASE_URL = sqlite:", "must be sqlite:PATH" },
    { "LISTEN = 8080", "must be host:port" },
    { "LISTEN = :8080,,", "must be host:port" },
    { "LISTEN = localhost:http", "must be host:port" },
    { "TRUSTED_PROXIES = 10.0.0.1/8", "without host bits" },
    { "FORWARDED_HEADER = x-real-ip", "must be either, x-forwarded-for or forwarded" },
    { "ADDRESS_DENY = 10.0.0.0/8 everybody", "separated by commas" },
    { "ADDRESS_ALLOW = 10.0.0.0/8 11.0.0.0/8", "separated by commas" },
    { "TRUSTED_PROXIES = " SIXTY_FIVE, "at most 64 ranges" },
    { "OUTBOUND_ALLOW = " SIXTY_FIVE, "at most 32 ranges" },
    { "CORS_ORIGINS = https://a.example https://b.example", "must be origins" },
    { "SIGN_UP = Open", "must be open, waitlist, invite or closed" },
    { "PROXY_PROTOCOL = v2", "must be off or required" },
    { "PASSWORD_RANGE_URL = https://", "plain name" },
    { "PASSWORD_RANGE_URL = https://u:p@h.example/", "user name" },
    { "PASSWORD_RANGE_URL = https://h.example:0/", "no valid port" },
    { "PASSWORD_RANGE_URL = https://h.example/#x", "a character that none may hold" },
    { "PASSWORD_RANGE_URL = https://h .example/", "a character that none may hold" },
    { "PASSWORD_RANGE_URL = http://127.example.org/", "only https" },
    { "PASSWORD_RANGE_URL = http://[::1]h.example/", "port" },
    { "PASSWORD_RANGE_URL = http://api.example.org/", "only https" },
    { "TRUSTED_PROXIES = everybody", "must be addresses or CIDR ranges" },
    { "CORS_ORIGINS = *", "must be origins" },
    { "CORS_ORIGINS = https://a.example/", "must be origins" },
    { "PASSKEY_ORIGINS = https://a.example/", "must be origins" },
    { "PASSKEY_ORIGINS = android:apk-key-hash:abc", "must name an app by the SHA-256" },
    { "PASSKEY_ORIGINS = ios:bundle-id:abc", "must be origins" },
    { "LOG_LEVEL = loud", "must be debug, info, warn or error" },
    { "RATE_LIMITS = maybe", "must be on or off" },
    { "CAPTCHA = sometimes", "must be auto, always or off" },
    { "PUBLIC_URL = https://example.org\nCAPTCHA = off", "only accepted while PUBLIC_URL" },
    { "PUBLIC_URL = https://example.org\nRATE_LIMITS = off", "only accepted while PUBLIC_URL" },
    { "ADMIN_EMAIL = ann@example.org", "give both or neither" },
    { "UI_DIR = /nowhere/at/all", "UI_DIR" },
    { "MAIL_DIR = /dev/null", "must be a folder that exists" },
    { "ADMIN_PASSWORD = correct horse", "give both or neither" },
    { "ADMIN_EMAIL = ann\nADMIN_PASSWORD = x", "must be a mail address" },
    { "TLS_CERT_FILE = a.pem", "TLS_CERT_FILE and TLS_KEY_FILE: give both or neither" },
    { "PASSWORD_HASH = m=1,t=1,p=1", "PASSWORD_HASH (" },
    { "PASSWORD_HASH = bcrypt", "PASSWORD_HASH (" },
    { "ENCRYPTION_KEYS = a:short", "ENCRYPTION_KEYS (" },
    { "SESSION_IDLE = 91d", "must not be longer than SESSION_ABSOLUTE" },
    { "SERVICE_NAME = a\tb\x01", "control characters" },
    { "SMTP_PASS_FILE = /nowhere/at/all", "cannot read /nowhere/at/all" },
    { "LISTEN_FILE = /etc/passwd", "no setting is called LISTEN_FILE" },
};

TEST(setting_refuses_what_makes_no_sense)
{
    for (size_t i = 0; i < COUNT(refusals); i++) {
        const char *why = "";
        CHECK_ERR(open_with(refusals[i].line, &why), E_INVALID);
        if (!strstr(why, refusals[i].words))
            test_fail(__FILE__, __LINE__, "\"%s\": \"%s\" does not say \"%s\"", refusals[i].line,
                      why, refusals[i].words);
    }
}

/* The same words in any of them, with spaces around the commas. */
TEST(setting_accepts_lists_and_addresses_to_call)
{
    static const char *const good[] = {
        "ADDRESS_DENY = 10.0.0.0/8 , ::1,192.0.2.1",
        "PASSWORD_RANGE_URL = https://api.pwnedpasswords.com/range/",
        "PASSWORD_RANGE_URL = http://127.0.0.1:8080/range/?x=",
        "PASSWORD_RANGE_URL = http://[::1]:80/",
        "PASSWORD_RANGE_URL = https://10.0.0.1:8443/range/",
        "PROXY_PROTOCOL = required\nTRUSTED_PROXIES = 10.0.0.1",
    };
    for (size_t i = 0; i < COUNT(good); i++) {
        const char *why = "";
        if (open_with(good[i], &why))
            test_fail(__FILE__, __LINE__, "\"%s\": \"%s\"", good[i], why);
    }
    back_to_defaults();
}

TEST(setting_reports_all_problems_at_once)
{
    const char *why = "";
    CHECK_ERR(open_with("SMTP_PORT = x\n\n# fine\nLOG_LEVEL = y\nNONSENSE_WORD = z\n", &why),
              E_INVALID);
    CHECK(strstr(why, "cardea.conf line 1"));
    CHECK(strstr(why, "cardea.conf line 4"));
    CHECK(strstr(why, "cardea.conf line 5: no setting is called NONSENSE_WORD"));
    CHECK(!strstr(why, "NONSENSE_WORD; did"));
}

TEST(setting_a_problem_never_repeats_a_secret)
{
    const char *why = "";
    CHECK_ERR(open_with("ENCRYPTION_KEYS = k1:canary-of-a-key\nSMTP_PASS = canary\x01\n", &why),
              E_INVALID);
    CHECK(!strstr(why, "canary"));
}

TEST(setting_file_is_read_as_documented)
{
    const char *why;
    CHECK_OK(open_with("# a comment\r\n\r\n  SERVICE_NAME =  \"My shop\"  \r\n"
                       "PUBLIC_URL=https://Shop.Example.Org:8443/\n"
                       "SMTP_USE_TLS = No\nSESSION_IDLE = 36h\nRESET_TTL = 90\nHASH_WAIT = 5s\n"
                       "EMAIL_FROM_ADDRESS = \"Shop\" <shop@example.org>\n"
                       "SUPPORT_ADDRESS = https://example.org/a=b#c\n",
                       &why));
    CHECK_TEXT(setting_text(SETTING_SERVICE_NAME), "My shop");
    CHECK_TEXT(setting_public_origin(), "https://shop.example.org:8443");
    CHECK_TEXT(setting_public_host(), "shop.example.org");
    CHECK(setting_is_secure() && !setting_is_loopback());
    CHECK(!setting_flag(SETTING_SMTP_USE_TLS));
    CHECK_NUM(setting_span(SETTING_SESSION_IDLE), 36 * HOUR);
    CHECK_NUM(setting_span(SETTING_RESET_TTL), 90 * SECOND);
    CHECK_NUM(setting_span(SETTING_HASH_WAIT), 5 * SECOND);
    CHECK_TEXT(setting_text(SETTING_EMAIL_FROM_ADDRESS), "\"Shop\" <shop@example.org>");
    CHECK_TEXT(setting_text(SETTING_SUPPORT_ADDRESS), "https://example.org/a=b#c");
    CHECK_NUM(setting_num(SETTING_SMTP_PORT), 587);
    back_to_defaults();
}

TEST(setting_knows_loopback_addresses)
{
    static const char *const urls[] = { "http://localhost:8080", "http://127.0.0.1",
                                        "http://127.3.2.1:80/", "http://[::1]:8080",
                                        "http://app.localhost" };
    for (size_t i = 0; i < COUNT(urls); i++) {
        CHECK_OK(setting_override(SETTING_PUBLIC_URL, urls[i]));
        CHECK(setting_is_loopback() && !setting_is_secure());
    }
    CHECK_OK(setting_override(SETTING_PUBLIC_URL, "http://[::1]:8080"));
    CHECK_TEXT(setting_public_host(), "[::1]");
    CHECK_OK(setting_override(SETTING_PUBLIC_URL, NULL));
}

TEST(setting_environment_goes_first_and_empty_means_not_given)
{
    const char *why;
    setenv("SERVICE_NAME", "from environment", 1);
    setenv("SUPPORT_ADDRESS", "", 1);
    CHECK_OK(open_with("SERVICE_NAME = from file\nSUPPORT_ADDRESS = help@example.org", &why));
    CHECK_TEXT(setting_text(SETTING_SERVICE_NAME), "from environment");
    CHECK_TEXT(setting_text(SETTING_SUPPORT_ADDRESS), "help@example.org");
    unsetenv("SERVICE_NAME");
    unsetenv("SUPPORT_ADDRESS");
    back_to_defaults();
}

/* One variable, and the words of the problem; NULL: it is not our business. */
static const struct variable {
    const char *name, *words;
} variables[] = {
    { "CARDEA_LISTEN", "names have no prefix: CARDEA_LISTEN is called LISTEN" },
    { "CARDEA_RATE_LIMIT", "did you mean RATE_LIMITS?" },
    { "CARDEA_CONF", "did you mean CARDEA_CONFIG?" },
    { "CARDEA_CONFIG_FILE", "did you mean CARDEA_CONFIG?" },
    { "CARDEA_SERVICE_HOST", NULL },
    { "CARDEA_PORT_8080_TCP_ADDR", NULL },
    { "CARDEA_SMTP_PORT", NULL },
    { "CARDEA_IMAGE", NULL },
};

TEST(setting_misspelt_variables_are_refused_and_strangers_ignored)
{
    for (size_t i = 0; i < COUNT(variables); i++) {
        const char *why = "";
        setenv(variables[i].name, "1", 1);
        enum err e = open_with("", &why);
        unsetenv(variables[i].name);
        CHECK_ERR(e, variables[i].words ? E_INVALID : OK);
        if (variables[i].words && !strstr(why, variables[i].words))
            test_fail(__FILE__, __LINE__, "%s: \"%s\"", variables[i].name, why);
    }
}

static int warnings;

static void count_warning(const char *line, void *)
{
    warnings += strstr(line, "setting.secret_readable") != NULL;
}

static void ignore_line(const char *, void *)
{
}

TEST(setting_public_url_follows_the_port_of_listen)
{
    static const struct {
        const char *text, *url;
    } cases[] = {
        { "", "http://localhost:8080" },
        { "LISTEN = 127.0.0.1:9090", "http://localhost:9090" },
        { "LISTEN = localhost:9090, 192.0.2.1:80", "http://localhost:9090" },
        { "LISTEN = [::1]:9090", "http://localhost:9090" },
        { "LISTEN = :9090", "http://localhost:9090" },
        { "LISTEN = 192.0.2.1:9090", "http://localhost:8080" },
        { "LISTEN = unix:/run/cardea.sock", "http://localhost:8080" },
        { "LISTEN = 127.0.0.1:9090\nPUBLIC_URL = https://id.example.org",
          "https://id.example.org" },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *why = "";
        CHECK_OK(open_with(cases[i].text, &why));
        CHECK_TEXT(setting_text(SETTING_PUBLIC_URL), cases[i].url);
    }
    back_to_defaults();
}

/* One variable, and the setting that was meant; NULL: it means another program. */
static const struct slip {
    const char *name, *meant;
} slips[] = {
    { "SMTP_PROT", "SMTP_PORT" },       { "PUBLC_URL", "PUBLIC_URL" },
    { "RATE_LIMIT", "RATE_LIMITS" },    { "SMTP_PASSWORD", "SMTP_PASS" },
    { "SMTP_USERNAME", "SMTP_USER" },   { "LISTEN_FDS", NULL },
    { "DATABASE_URL_TEST", NULL },      { "PATHS", NULL },
    { "REDIS_URL_SERVICE_HOST", NULL },
};
static char slip_line[1000];

static void catch_slip(const char *line, void *)
{
    if (strstr(line, "setting.misspelt"))
        (void)snprintf(slip_line, sizeof slip_line, "%s", line);
}

TEST(setting_slips_in_the_environment_are_told)
{
    const char *why;
    log_capture(catch_slip, NULL);
    for (size_t i = 0; i < COUNT(slips); i++) {
        *slip_line = 0;
        setenv(slips[i].name, "1", 1);
        CHECK_OK(open_with("SERVICE_NAME = x", &why));
        unsetenv(slips[i].name);
        const char *said =
            slips[i].meant ? text_format(test_arena(), "\"%s\"", slips[i].meant) : "";
        if (slips[i].meant ? !strstr(slip_line, said) : *slip_line)
            test_fail(__FILE__, __LINE__, "%s: %s", slips[i].name, slip_line);
    }
    log_capture(ignore_line, NULL);
    back_to_defaults();
}

TEST(setting_secret_comes_from_a_file)
{
    const char *why;
    const char *path = write_file("secret", "  pass word \n");
    setenv("SMTP_PASS_FILE", path, 1);
    warnings = 0;
    log_capture(count_warning, NULL);
    chmod(path, 0644);
    CHECK_OK(open_with("SMTP_USER = u", &why));
    CHECK_TEXT(setting_text(SETTING_SMTP_PASS), "  pass word ");
    CHECK_NUM(warnings, 1);
    chmod(path, 0600);
    CHECK_OK(open_with("SMTP_USER = u", &why));
    CHECK_NUM(warnings, 1);
    setenv("SMTP_PASS", "x", 1);
    CHECK_ERR(open_with("SMTP_USER = u", &why), E_INVALID);
    CHECK(strstr(why, "given twice"));
    unsetenv("SMTP_PASS");
    unsetenv("SMTP_PASS_FILE");
    log_capture(ignore_line, NULL);
    back_to_defaults();
}

TEST(setting_named_file_must_exist)
{
    const char *why = "";
    CHECK_ERR(setting_open("/nowhere/cardea.conf", false, test_arena(), &why), E_INVALID);
    CHECK(strstr(why, "/nowhere/cardea.conf: cannot be read: No such file"));
    back_to_defaults();
}

TEST(setting_file_must_be_utf8_and_of_sane_size)
{
    const char *why = "";
    CHECK_ERR(open_with("SERVICE_NAME = \xff", &why), E_INVALID);
    char *large = arena_alloc(test_arena(), 300'001);
    memset(large, '\n', 300'000);
    CHECK_ERR(open_with(large, &why), E_INVALID);
    back_to_defaults();
}

TEST(setting_reload_changes_only_what_is_live)
{
    const char *why;
    CHECK_OK(open_with("SERVICE_NAME = one\nSTORE_THREADS = 4", &why));
    const char *held = setting_text(SETTING_SERVICE_NAME);
    write_file("cardea.conf", "SERVICE_NAME = two\nSTORE_THREADS = 5");
    CHECK_OK(setting_reload(test_arena(), &why));
    CHECK_TEXT(setting_text(SETTING_SERVICE_NAME), "two");
    CHECK_NUM(setting_num(SETTING_STORE_THREADS), 4);
    CHECK_TEXT(held, "one"); /* a reader may still hold it */

    write_file("cardea.conf", "SERVICE_NAME = three\nSMTP_PORT = x");
    CHECK_ERR(setting_reload(test_arena(), &why), E_INVALID);
    CHECK_TEXT(setting_text(SETTING_SERVICE_NAME), "two");
    back_to_defaults();
}

TEST(setting_development_allows_plain_http)
{
    const char *why;
    const char *path = write_file("cardea.conf", "PUBLIC_URL = http://10.0.0.7:8080");
    CHECK_OK(setting_open(path, true, test_arena(), &why));
    CHECK(setting_is_development());
    back_to_defaults();
    CHECK(!setting_is_development());
}

TEST(setting_example_is_complete_and_reads_back_as_the_defaults)
{
    struct buf out;
    const char *why;
    buf_init(&out, test_arena(), 1 << 20);
    setting_write_example(&out);
    CHECK(!out.overflow && strstr(out.p, "\n# KEY_ROTATE_EVERY = 30d\n"));
    CHECK_OK(open_with(out.p, &why));

    char *live = text_copy(test_arena(), buf_mem(&out));
    for (char *line = live; (line = strstr(line, "\n# ")); line++)
        if (line[3] >= 'A' && line[3] <= 'Z' && strcspn(line + 3, " \n") < strcspn(line + 3, "=") &&
            line[3 + strcspn(line + 3, " \n") + 1] == '=')
            memset(line + 1, ' ', 2);
    CHECK_OK(open_with(live, &why));
    CHECK_NUM(setting_num(SETTING_STORE_THREADS), 16);
    for (const char *line = out.p; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        CHECK(strcspn(line, "\n") <= 100);
    }
    back_to_defaults();
}

TEST(setting_current_masks_secrets)
{
    struct buf out;
    struct json_value root;
    const char *why;
    CHECK_OK(open_with("SMTP_USER = u\nSMTP_PASS = canary\n"
                       "DATABASE_URL = postgresql://ann:canary@db.example.org/x\n",
                       &why));
    buf_init(&out, test_arena(), 1 << 20);
    setting_write_current(&out, false);
    CHECK(!strstr(out.p, "canary"));
    CHECK(strstr(out.p, "DATABASE_URL = postgresql://ann:********@db.example.org/x\n"));

    buf_init(&out, test_arena(), 1 << 20);
    setting_write_current(&out, true);
    CHECK(!strstr(out.p, "canary"));
    CHECK_OK(json_read(test_arena(), buf_mem(&out), &root, &why));
    CHECK_TEXT(json_find_text(json_find(&root, "SMTP_PASS"), "value"), "********");
    CHECK_TEXT(json_find_text(json_find(&root, "SMTP_PASS"), "source"), "file");
    CHECK_TEXT(json_find_text(json_find(&root, "LISTEN"), "source"), "default");
    back_to_defaults();
}

static atomic_bool stop_reading;

/* Every value a reader sees is whole: one of the two, never a mixture, never freed. */
static void *read_often(void *ret_good)
{
    bool good = true;
    while (!atomic_load(&stop_reading)) {
        const char *name = setting_text(SETTING_SERVICE_NAME);
        const char *origin = setting_public_origin();
        int64_t span = setting_span(SETTING_RESET_TTL);
        good = good && (text_equal(name, "one") || text_equal(name, "two")) &&
               text_equal(origin, "https://example.org") && (span == HOUR || span == 2 * HOUR);
    }
    *(bool *)ret_good = good;
    return NULL;
}

TEST(setting_reload_is_safe_beside_readers)
{
    static const char *const files[] = {
        "PUBLIC_URL = https://example.org\nSERVICE_NAME = one\nRESET_TTL = 1h",
        "PUBLIC_URL = https://example.org\nSERVICE_NAME = two\nRESET_TTL = 2h",
    };
    pthread_t threads[2];
    bool good[COUNT(threads)];
    const char *why;
    CHECK_OK(open_with(files[0], &why));
    atomic_store(&stop_reading, false);
    for (size_t i = 0; i < COUNT(threads); i++)
        REQUIRE(pthread_create(&threads[i], NULL, read_often, &good[i]) == 0);
    for (int i = 1; i <= 50; i++) {
        write_file("cardea.conf", files[i % 2]);
        CHECK_OK(setting_reload(test_arena(), &why));
    }
    atomic_store(&stop_reading, true);
    for (size_t i = 0; i < COUNT(threads); i++) {
        pthread_join(threads[i], NULL);
        CHECK(good[i]);
    }
    back_to_defaults();
}

TEST(a_test_fixture_touches_nothing_outside_its_memory)
{
    const char *why, *config = "DATABASE_URL = postgresql://db.example/production\n"
                               "SMTP_HOST = mail.example\nSMTP_USER = me\nSMTP_PASS = secret\n"
                               "KEY_FILE = /nowhere/keys\nSESSION_IDLE = 3d\n";
    setting_set_ephemeral(true);
    CHECK_OK(open_with(config, &why));
    CHECK_TEXT(setting_text(SETTING_DATABASE_URL), "sqlite::memory:");
    CHECK_TEXT(setting_text(SETTING_SMTP_HOST), "");
    CHECK_TEXT(setting_text(SETTING_SMTP_PASS), "");
    CHECK_TEXT(setting_text(SETTING_KEY_FILE), "");
    CHECK_TEXT(setting_text(SETTING_RATE_LIMITS), "off");
    CHECK_NUM(setting_span(SETTING_SESSION_IDLE), 3 * DAY);
    CHECK_OK(open_with("RATE_LIMITS = on\nPASSWORD_HASH = m=128,t=2,p=1\n", &why));
    CHECK_TEXT(setting_text(SETTING_RATE_LIMITS), "on");
    CHECK_TEXT(setting_text(SETTING_PASSWORD_HASH), "m=128,t=2,p=1");
    CHECK_ERR(open_with("PUBLIC_URL = https://accounts.example.org\n", &why), E_INVALID);
    CHECK(strstr(why, "loopback") != NULL);
    const char *key = text_copy(test_arena(), mem_text(setting_text(SETTING_ENCRYPTION_KEYS)));
    setting_set_ephemeral(false);
    CHECK_ERR(open_with(text_format(test_arena(), "ENCRYPTION_KEYS = %s\n", key), &why), E_INVALID);
    CHECK(strstr(why, "everybody knows") != NULL);
    back_to_defaults();
}
