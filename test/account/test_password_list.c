/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of breached passwords: none that went in is missed, hardly any other is found, and a
 * damaged file is refused or answers with an error, never with a crash.
 */
#include "account/password_list.h"

#include "../test.h"
#include "service/setting.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *path_of(const char *name)
{
    return text_format(test_arena(), "%s/%s", test_folder(), name);
}

static enum err build_from(const char *lines, const char *path, struct password_list_built *ret)
{
    FILE *from = tmpfile();
    (void)fputs(lines, from);
    rewind(from);
    enum err e = password_list_build(from, path, ret);
    (void)fclose(from);
    return e;
}

static bool has(const struct password_list *list, const char *password)
{
    bool is_listed = false;
    CHECK_OK(password_list_find(list, password_list_key(mem_text(password)), &is_listed));
    return is_listed;
}

static void number(char *out, const char *word, int i)
{
    (void)snprintf(out, 40, "%s-%d", word, i);
}

TEST(PW_04_a_list_misses_nothing_and_errs_rarely)
{
    enum { IN = 100'000, OTHERS = 200'000 };
    struct password_list list;
    struct password_list_built built;
    char line[40];
    int missed = 0, mistaken = 0;
    const char *path = path_of("big.list");
    FILE *from = tmpfile();
    for (int i = 0; i < IN; i++) {
        number(line, "walnut", i);
        (void)fprintf(from, "%s\n", line);
    }
    rewind(from);
    CHECK_OK(password_list_build(from, path, &built));
    (void)fclose(from);
    CHECK_NUM(built.count, IN);
    CHECK(built.bytes < IN * 4);
    REQUIRE(password_list_open(path, &list) == OK);
    for (int i = 0; i < IN; i++) {
        number(line, "walnut", i);
        missed += !has(&list, line);
    }
    for (int i = 0; i < OTHERS; i++) {
        number(line, "cherry", i);
        mistaken += has(&list, line);
    }
    CHECK_NUM(missed, 0);
    CHECK(mistaken <= 8); /* expected: 0.7 */
    password_list_close(&list);
}

TEST(PW_04_a_list_takes_passwords_and_hashes_in_any_order)
{
    struct password_list list;
    struct password_list_built built;
    const char *path = path_of("mixed.list");
    CHECK_OK(build_from("walnut desk\r\n"
                        "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:10434004\n" /* password */
                        "b1b3773a05c0ed0176787a4f1574ff0075f7521e\n"          /* qwerty */
                        "walnut desk\n\n"
                        "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:x\n" /* no hash: a password */
                        "last without an end",
                        path, &built));
    CHECK_NUM(built.lines, 7);
    CHECK_NUM(built.skipped, 1);
    CHECK_NUM(built.count, 5);
    REQUIRE(password_list_open(path, &list) == OK);
    CHECK(has(&list, "walnut desk"));
    CHECK(has(&list, "password"));
    CHECK(has(&list, "qwerty"));
    CHECK(has(&list, "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:x"));
    CHECK(has(&list, "last without an end"));
    CHECK(!has(&list, "walnut chair"));
    CHECK(!has(&list, ""));
    password_list_close(&list);
}

TEST(password_lists_can_be_empty_and_lines_too_long)
{
    static char line[6000];
    struct password_list list;
    struct password_list_built built;
    const char *path = path_of("odd.list");
    memset(line, 'a', sizeof line - 1);
    CHECK_OK(build_from("", path, &built));
    REQUIRE(password_list_open(path, &list) == OK);
    CHECK(!has(&list, "walnut"));
    password_list_close(&list);
    CHECK_OK(build_from(text_format(test_arena(), "%s\nwalnut\n", line), path, &built));
    CHECK_NUM(built.skipped, 1);
    CHECK_NUM(built.count, 1);
    CHECK_ERR(build_from("walnut\n", "/no/such/folder/x.list", &built), E_FAULT);
}

/* What is no hash could fill one bucket without end. */
TEST(password_lists_of_made_up_hashes_are_refused_and_leave_nothing)
{
    struct password_list_built built;
    const char *path = path_of("crafted.list");
    FILE *from = tmpfile();
    for (int i = 0; i < 500'000; i++)
        (void)fprintf(from, "00000000%08x%024x\n", (unsigned)i, 0U);
    rewind(from);
    CHECK_ERR(password_list_build(from, path, &built), E_INVALID);
    (void)fclose(from);
    CHECK(access(path, F_OK) != 0);
    CHECK_NUM(rmdir(test_folder()), 0); /* nothing was left in it */
    CHECK_NUM(mkdir(test_folder(), 0700), 0);
}

TEST(PW_04_damaged_lists_are_refused)
{
    static uint8_t bytes[4096];
    struct password_list list;
    struct password_list_built built;
    const char *path = path_of("small.list");
    CHECK_OK(build_from("walnut\ncherry\noak\n", path, &built));
    FILE *f = fopen(path, "rb");
    size_t n = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    CHECK_OK(password_list_read(MEM(bytes, n), &list));
    CHECK(has(&list, "cherry"));
    for (size_t i = 0; i < n; i++) {
        bytes[i] ^= 1;
        CHECK_ERR(password_list_read(MEM(bytes, n), &list), E_INVALID);
        bytes[i] ^= 1;
    }
    for (size_t i = 0; i < n; i++)
        CHECK_ERR(password_list_read(MEM(bytes, i), &list), E_INVALID);
    CHECK_ERR(password_list_read(MEM(bytes, n + 1), &list), E_INVALID);
    CHECK_ERR(password_list_open(path_of("none"), &list), E_NOT_FOUND);
    CHECK_ERR(password_list_open(test_folder(), &list), E_INVALID);
}

TEST(password_lists_cut_short_while_open_give_an_error)
{
    struct password_list list;
    struct password_list_built built;
    bool is_listed;
    const char *path = path_of("cut.list");
    CHECK_OK(build_from("walnut\ncherry\noak\n", path, &built));
    REQUIRE(password_list_open(path, &list) == OK);
    CHECK_NUM(truncate(path, PASSWORD_LIST_HEADER), 0);
    CHECK_ERR(password_list_find(&list, password_list_key(mem_text("walnut")), &is_listed),
              E_FAULT);
    CHECK(!is_listed);
    password_list_close(&list);
}

/* The keys of 3,000 of the commonest passwords, in the order of how common they are: see
   tools/common-passwords. */
TEST(PW_04_the_list_that_is_built_in_holds_the_commonest)
{
    enum { SAMPLES = 3000 };
    struct password_list list, checked;
    uint8_t keys[SAMPLES][8];
    int missed = 0;
    password_list_builtin(&list);
    CHECK(list.count > 20'000);
    CHECK(list.bytes < 100 * 1024);
    CHECK_OK(password_list_read(MEM(list.copy, list.bytes), &checked));
    FILE *file = fopen("test/account/common_passwords.samples", "rb");
    REQUIRE(file);
    CHECK_NUM(fread(keys, sizeof keys[0], SAMPLES, file), SAMPLES);
    (void)fclose(file);
    for (int i = 0; i < SAMPLES; i++) {
        uint64_t key = 0;
        bool is_listed = false;
        for (int b = 0; b < 8; b++)
            key = key << 8 | keys[i][b];
        CHECK_OK(password_list_find(&list, key, &is_listed));
        missed += !is_listed;
    }
    CHECK_NUM(missed, 0);
}

TEST(PW_04_the_list_that_is_built_in_is_asked_in_every_spelling)
{
    static const char *const common[] = {
        "password",       "Password",       "PASSWORD",     "iloveyou",     "sunshine",
        "princess",       "12345678",       "qwertyuiop",   "1qaz2wsx3edc", "Administrator",
        "counterstrike",  "ghbdtnrfrltkf",  "leavemealone", "needforspeed", "UNBELIEVABLE",
        "qwerty123456",   "password12345",  "onedirection", "1234567890-=", "lovelovelove",
        "Jesuslovesme",   "telechargement", "ichliebedich", "moderncombat", "professional",
        "megaparol12345", "fallen_angel",
    };
    static const char *const others[] = { "a brand new walnut desk",
                                          "violet harbour drizzle 41",
                                          "passwort und mehr",
                                          "password ",
                                          " password",
                                          "correcthorsebatterystaple7" };
    for (size_t i = 0; i < COUNT(common); i++)
        if (!password_is_common(test_arena(), common[i]))
            test_fail(__FILE__, __LINE__, "%s", common[i]);
    for (size_t i = 0; i < COUNT(others); i++)
        if (password_is_common(test_arena(), others[i]))
            test_fail(__FILE__, __LINE__, "%s", others[i]);
}

TEST(PW_04_the_setting_names_the_list_and_spellings_count)
{
    struct password_list_built built;
    const char *path = path_of("set.list");
    CHECK_OK(build_from("cherry stool brass\nWalnut desk oak\n", path, &built));
    CHECK(!password_is_listed(test_arena(), "cherry stool brass"));
    CHECK_OK(setting_override(SETTING_PASSWORD_LIST, path));
    CHECK_OK(password_list_configure());
    CHECK(password_is_listed(test_arena(), "cherry stool brass"));
    CHECK(password_is_listed(test_arena(), "CHERRY Stool brass"));
    CHECK(password_is_listed(test_arena(), "walnut DESK oak"));
    CHECK(!password_is_listed(test_arena(), "walnut desk oak tree"));
    /* A damaged one leaves the earlier one in force. */
    CHECK_OK(build_from("another\n", path_of("bad.list"), &built));
    CHECK_NUM(truncate(path_of("bad.list"), 70), 0);
    CHECK_OK(setting_override(SETTING_PASSWORD_LIST, path_of("bad.list")));
    test_quieten_log();
    CHECK_ERR(password_list_configure(), E_INVALID);
    CHECK(password_is_listed(test_arena(), "cherry stool brass"));
    CHECK_ERR(setting_override(SETTING_PASSWORD_LIST, path_of("none")), E_INVALID);
    CHECK_OK(setting_override(SETTING_PASSWORD_LIST, ""));
    CHECK_OK(password_list_configure());
    CHECK(!password_is_listed(test_arena(), "cherry stool brass"));
}
