/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebAuthn under attack: the WA cases that are not a step of their own.
 */
#include "ceremony.h"

#include "../test.h"
#include "base/buf.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct scene right(void)
{
    return scene_new(WEBAUTHN_ES256);
}

/* --- WA-01: success cannot be had without the checks --- */

static void ask_for_credential(const void *proof)
{
    (void)webauthn_credential(proof);
}

static void ask_for_facts(const void *proof)
{
    (void)webauthn_facts(proof);
}

static bool ends_the_process(void (*ask)(const void *), const void *proof)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        (void)close(2);
        (void)signal(SIGABRT, SIG_DFL);
        ask(proof);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

TEST(WA_01_forged_proof_ends_the_process)
{
    struct scene s = right();
    static const uint8_t invented[512];
    REQUIRE(scene_register(&s) == 0 && scene_assert(&s) == 0);
    CHECK(ends_the_process(ask_for_credential, NULL));
    CHECK(ends_the_process(ask_for_facts, NULL));
    CHECK(ends_the_process(ask_for_credential, invented));
    CHECK(ends_the_process(ask_for_facts, invented));
    CHECK(ends_the_process(ask_for_credential, s.verified));
    CHECK(ends_the_process(ask_for_facts, s.registered));
    CHECK(!ends_the_process(ask_for_credential, s.registered));
    CHECK(!ends_the_process(ask_for_facts, s.verified));
}

/* --- WA-02 --- */

TEST(WA_02_origin_is_compared_exactly)
{
    static const char *const wrong[] = {
        "http://example.org",
        "https://example.org:443",
        "https://example.org:8443",
        "https://www.example.org",
        "https://evil.example.org",
        "https://example.org.",
        "https://example.org/",
        "https://example.org/login",
        "https://example.org.evil.example",
        "https://evil.example/https://example.org",
        "https://example.org@evil.example",
        "https://evil-example.org",
        "https://example.com",
        "https://EXAMPLE.org",
        "HTTPS://example.org",
        "https:// example.org",
        " https://example.org",
        "https://example.org ",
        "https://\xD0\xB5xample.org",
        "https://xn--xample-2of.org",
        "https://\xEF\xBD\x85xample.org",
        "https://example\xE3\x80\x82org",
        "https://examp\xC2\xADle.org",
        "https:example.org",
        "https:///example.org",
        "//example.org",
        "example.org",
        "wss://example.org",
        "null",
        "",
        "file://",
        "chrome-extension://abcdefghijklmnop",
        "android:apk-key-hash:AAAA",
        "ios:bundle-id:org.example",
    };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct scene s = right();
        s.said.origin = wrong[i];
        CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_ORIGIN);
        CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_ORIGIN);
    }
}

TEST(WA_02_each_listed_origin_counts)
{
    static const char *const origins[] = { "https://example.org", "https://example.org:8443" };
    struct scene s = right();
    s.asked.origins = origins;
    s.asked.origin_count = 2;
    s.said.origin = "https://example.org:8443";
    CHECK_NUM(scene_register(&s), 0);
    CHECK_NUM(scene_assert(&s), 0);
    s.asked.origin_count = 1;
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_ORIGIN);
}

/* JSON may write a character as an escape; it is the same origin, and signed as such. */
TEST(WA_02_escaped_origin_is_the_same_origin)
{
    struct scene s = right();
    s.said.origin = "https:\\/\\/ex\\u0061mple.org";
    CHECK_NUM(scene_assert(&s), 0);
    s.said.origin = "https:\\/\\/ex\\u0430mple.org";
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_ORIGIN);
}

TEST(WA_02_page_inside_another_is_refused)
{
    static const char *const members[] = {
        ",\"topOrigin\":\"https://evil.example\"",
        ",\"topOrigin\":\"https://example.org\"",
        ",\"topOrigin\":\"\"",
        ",\"topOrigin\":7",
    };
    for (size_t i = 0; i < COUNT(members); i++) {
        struct scene s = right();
        s.said.extra_members = members[i];
        CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_CROSS_ORIGIN);
        CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_CROSS_ORIGIN);
    }
    struct scene s = right();
    s.said.cross_origin = "true";
    CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_CROSS_ORIGIN);
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_CROSS_ORIGIN);
}

/* --- WA-03, as far as it is ours: the other ceremony's answer, the other challenge --- */

TEST(WA_03_answers_of_one_ceremony_are_none_of_the_other)
{
    struct scene s = right();
    struct webauthn_attestation created = scene_attestation(&s);
    struct webauthn_assertion got = scene_assertion(&s);
    struct mem swap = created.client_data;
    created.client_data = got.client_data;
    got.client_data = swap;
    CHECK_NUM(scene_judge_registration(&s, &created), WEBAUTHN_BAD_TYPE);
    CHECK_NUM(scene_judge_assertion(&s, &got), WEBAUTHN_BAD_TYPE);
}

TEST(WA_03_answer_to_another_challenge_is_refused)
{
    struct scene s = right();
    struct mem other = arena_copy(test_arena(), s.asked.challenge);
    ((char *)other.p)[other.n - 1] ^= 1;
    s.asked.challenge = other;
    CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_CHALLENGE);
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_CHALLENGE);
    s.asked.challenge.n--;
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_CHALLENGE);
}

/* --- WA-04, WA-05, WA-06 --- */

TEST(WA_04_other_domains_are_refused)
{
    static const char *const others[] = { "example.com",   "www.example.org",
                                          "org",           "example.org.",
                                          "EXAMPLE.ORG",   "https://example.org",
                                          "example.org:1", "" };
    for (size_t i = 0; i < COUNT(others); i++) {
        struct scene s = right();
        s.said.rp_id = others[i];
        CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_RP_ID);
        CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_RP_ID);
    }
}

/* What must be judged of any combination of the flags, written anew. */
static int expected(int flags, bool needs_verification, const bool *stored_eligible)
{
    if (!(flags & SOFT_UP))
        return WEBAUTHN_NO_USER_PRESENCE;
    if (needs_verification && !(flags & SOFT_UV))
        return WEBAUTHN_NO_USER_VERIFICATION;
    if ((flags & (SOFT_BE | SOFT_BS)) == SOFT_BS)
        return WEBAUTHN_BAD_BACKUP;
    if (stored_eligible && *stored_eligible != ((flags & SOFT_BE) != 0))
        return WEBAUTHN_BAD_BACKUP;
    return 0;
}

TEST(WA_05_every_combination_of_flags)
{
    for (int i = 0; i < 4 * 64; i++) {
        struct scene s = right();
        bool eligible = i & 128;
        s.said.flags = i & 63;
        s.asked.needs_user_verification = i & 64;
        s.stored.is_backup_eligible = eligible;
        CHECK_NUM(scene_register(&s), expected(i & 63, i & 64, NULL));
        CHECK_NUM(scene_assert(&s), expected(i & 63, i & 64, &eligible));
    }
}

/* The owner is told only of an answer that was right in all else. */
TEST(WA_06_counter_is_judged_last)
{
    struct scene s = right();
    s.stored.sign_count = 9;
    s.said.sign_count = 9;
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_SIGN_COUNT);
    struct webauthn_assertion forged = scene_assertion(&s);
    forged.signature = MEM("\x30\x06\x02\x01\x01\x02\x01\x01", 8);
    CHECK_NUM(scene_judge_assertion(&s, &forged), WEBAUTHN_BAD_SIGNATURE);
    s.said.origin = "https://evil.example";
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_ORIGIN);
}

/* --- WA-08 --- */

TEST(WA_08_id_and_raw_id_are_one)
{
    struct scene s = right(), other = right();
    char id[44];
    base64url_format(soft_credential_id(other.key), id);
    s.said.json_id = id;
    CHECK_NUM(scene_assert(&s), SCENE_UNREADABLE);
    CHECK_NUM(scene_register(&s), SCENE_UNREADABLE);
    s.said.json_id = NULL;
    s.said.json_raw_id = id;
    CHECK_NUM(scene_assert(&s), SCENE_UNREADABLE);
    s.said.json_id = id; /* both say the other's id, whose key did not sign */
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_CREDENTIAL_ID);
    s.stored.id = other.stored.id;
    s.stored.public_key = other.stored.public_key;
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_SIGNATURE);
}

TEST(WA_08_id_has_one_spelling)
{
    struct scene s = right();
    char id[44];
    base64url_format(soft_credential_id(s.key), id);
    char last = id[42];
    const char *const spellings[] = {
        "",
        "A",
        "====",
        text_format(test_arena(), "%s=", id),
        text_format(test_arena(), "%s\\n", id),
        text_format(test_arena(), " %s", id),
        text_format(test_arena(), "%.42s%c", id, last + 1), /* the same bytes, other idle bits */
        text_format(test_arena(), "%.42s+", id),
    };
    for (size_t i = 0; i < COUNT(spellings); i++) {
        s.said.json_id = s.said.json_raw_id = spellings[i];
        CHECK_NUM(scene_assert(&s), SCENE_UNREADABLE);
        CHECK_NUM(scene_register(&s), SCENE_UNREADABLE);
    }
}

TEST(WA_08_user_handle_of_another_is_refused)
{
    struct scene s = right();
    static const char *const wrong[] = { "dXNyXzAxajAwMDAwMDAwMDAwMDAwMDAwMDAwMDE", "AA" };
    for (size_t i = 0; i < COUNT(wrong); i++) {
        s.said.user_handle = wrong[i];
        CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_USER_HANDLE);
    }
    s.said.user_handle = "=";
    CHECK_NUM(scene_assert(&s), SCENE_UNREADABLE);
    struct webauthn_assertion empty = { 0 };
    s.said.user_handle = NULL;
    empty = scene_assertion(&s);
    empty.user_handle = MEM_NONE;
    CHECK_NUM(scene_judge_assertion(&s, &empty), WEBAUTHN_BAD_USER_HANDLE);
}

TEST(WA_08_user_handle_of_null_is_none)
{
    struct scene s = right();
    const char *json = soft_assertion(test_arena(), s.key, &s.said);
    const char *null = swapped(json, "\"userHandle\":", "\"userHandle\":null,\"x\":");
    CHECK_NUM(scene_assert_json(&s, null), 0);
    s.asked.names_user = true;
    CHECK_NUM(scene_assert_json(&s, null), WEBAUTHN_BAD_USER_HANDLE);
    CHECK_NUM(scene_assert_json(&s, swapped(json, "\"userHandle\":", "\"userHandle\":7,\"x\":")),
              SCENE_UNREADABLE);
    CHECK_NUM(scene_assert_json(&s, swapped(json, "\"userHandle\":", "\"userHandle\":\"\",\"x\":")),
              SCENE_UNREADABLE);
}

/* Each part has its bound, whatever the whole may be. */
TEST(WA_12_parts_of_the_answer_are_bounded)
{
    static const uint8_t zeros[16 * 1024 + 1];
    struct scene s = right();
    s.said.signature = MEM(zeros, 1024);
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_SIGNATURE);
    s.said.signature = MEM(zeros, 1025);
    CHECK_NUM(scene_assert(&s), SCENE_UNREADABLE);
    s = right();
    s.said.authenticator_data = MEM(zeros, 16 * 1024);
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_AUTHENTICATOR_DATA);
    s.said.authenticator_data = MEM(zeros, 16 * 1024 + 1);
    CHECK_NUM(scene_assert(&s), SCENE_UNREADABLE);
    s = right();
    char handle[88];
    base64url_format(MEM(zeros, 64), handle);
    s.said.user_handle = handle;
    CHECK_NUM(scene_assert(&s), WEBAUTHN_BAD_USER_HANDLE);
    base64url_format(MEM(zeros, 65), handle);
    CHECK_NUM(scene_assert(&s), SCENE_UNREADABLE);
}

/* --- WA-10 --- */

static int with_statement(const char *format, struct mem statement)
{
    struct scene s = right();
    s.said.format = format;
    s.said.statement = statement;
    return scene_register(&s);
}

TEST(WA_10_formats)
{
    static const char *const known[] = { "packed",   "tpm",  "android-key", "android-safetynet",
                                         "fido-u2f", "apple" };
    struct mem map = MEM("\xA1\x63sig\x41x", 7), list = MEM("\x81\xA0", 2);
    for (size_t i = 0; i < COUNT(known); i++) {
        CHECK_NUM(with_statement(known[i], map), 0);
        CHECK_NUM(with_statement(known[i], MEM("\xA0", 1)), 0);
        CHECK_NUM(with_statement(known[i], list), WEBAUTHN_BAD_ATTESTATION);
        CHECK_NUM(with_statement(known[i], MEM("\x40", 1)), WEBAUTHN_BAD_ATTESTATION);
    }
    CHECK_NUM(with_statement("compound", list), 0);
    CHECK_NUM(with_statement("compound", map), WEBAUTHN_BAD_ATTESTATION);
    CHECK_NUM(with_statement("none", map), WEBAUTHN_BAD_ATTESTATION);
    CHECK_NUM(with_statement("unknown", map), WEBAUTHN_BAD_ATTESTATION);
}

static struct mem statement_of(size_t bytes)
{
    struct buf out;
    buf_init(&out, test_arena(), bytes + 16);
    soft_cbor_head(&out, 5, 1);
    soft_cbor_text(&out, "sig");
    soft_cbor_bytes(&out, MEM(arena_alloc(test_arena(), bytes), bytes));
    return buf_mem(&out);
}

TEST(WA_10_large_statements)
{
    CHECK_NUM(with_statement("packed", statement_of(64 * 1024)), 0);
    CHECK_NUM(with_statement("none", statement_of(64 * 1024)), WEBAUTHN_BAD_ATTESTATION);
    CHECK_NUM(with_statement("packed", statement_of(WEBAUTHN_ATTESTATION_MAX)), SCENE_UNREADABLE);
    struct scene s = right();
    struct webauthn_attestation answer = scene_attestation(&s);
    answer.attestation_object.n = WEBAUTHN_ATTESTATION_MAX + 1; /* refused before it is read */
    CHECK_NUM(scene_judge_registration(&s, &answer), WEBAUTHN_BAD_ATTESTATION);
}

/* An object of three pairs, with another text for one key, or another value. */
static int with_pair(size_t at, const char *key, struct mem value)
{
    struct scene s = right();
    struct buf out;
    static const char *const keys[] = { "fmt", "attStmt", "authData" };
    struct mem data = soft_authenticator_data(test_arena(), s.key, &s.said, true);
    buf_init(&out, test_arena(), 4096);
    soft_cbor_head(&out, 5, 3);
    for (size_t i = 0; i < COUNT(keys); i++) {
        soft_cbor_text(&out, i == at && key ? key : keys[i]);
        if (i == at && value.p)
            buf_add(&out, value.p, value.n);
        else if (i == 0)
            soft_cbor_text(&out, "none");
        else if (i == 1)
            buf_char(&out, '\xA0');
        else
            soft_cbor_bytes(&out, data);
    }
    s.said.attestation_object = buf_mem(&out);
    return scene_register(&s);
}

TEST(WA_10_each_part_of_the_object_is_needed)
{
    static const struct mem as_it_is = { 0 };
    CHECK_NUM(with_pair(3, NULL, as_it_is), 0);
    for (size_t i = 0; i < 3; i++) {
        CHECK_NUM(with_pair(i, "other", as_it_is), WEBAUTHN_BAD_ATTESTATION);
        CHECK_NUM(with_pair(i, NULL, MEM("\xF6", 1)), WEBAUTHN_BAD_ATTESTATION);
        CHECK_NUM(with_pair(i, NULL, MEM("\x04", 1)), WEBAUTHN_BAD_ATTESTATION);
        CHECK_NUM(with_pair(i, NULL, MEM("\x80", 1)), WEBAUTHN_BAD_ATTESTATION);
    }
    CHECK_NUM(with_pair(0, NULL, MEM("\x44none", 5)), WEBAUTHN_BAD_ATTESTATION); /* bytes */
    CHECK_NUM(with_pair(2, NULL, MEM("\x61x", 2)), WEBAUTHN_BAD_ATTESTATION);    /* a text */
    CHECK_NUM(with_pair(2, NULL, MEM("\x40", 1)), WEBAUTHN_BAD_AUTHENTICATOR_DATA);
}

TEST(WA_10_object_of_the_very_largest_size)
{
    struct scene s = right();
    s.said.format = "packed";
    s.said.statement = statement_of(100'000);
    size_t rest = scene_attestation(&s).attestation_object.n - 100'000;
    s.said.statement = statement_of(WEBAUTHN_ATTESTATION_MAX - rest);
    CHECK_NUM(scene_attestation(&s).attestation_object.n, WEBAUTHN_ATTESTATION_MAX);
    CHECK_NUM(scene_register(&s), 0);
}

TEST(WA_10_deep_statements)
{
    uint8_t *deep = arena_alloc(test_arena(), 60'000);
    memset(deep, 0x81, 60'000);
    CHECK_NUM(with_statement("compound", MEM(deep, 60'000)), WEBAUTHN_BAD_ATTESTATION);
}

TEST(WA_10_objects_of_another_shape)
{
    static const struct mem objects[] = {
        { "\xA0", 1 },
        { "\x80", 1 },
        { "\xF6", 1 },
        { "", 0 },
        { "\x83\x63"
          "fmt\x64none",
          10 },
    };
    for (size_t i = 0; i < COUNT(objects); i++) {
        struct scene s = right();
        s.said.attestation_object = objects[i];
        CHECK_NUM(scene_register(&s), WEBAUTHN_BAD_ATTESTATION);
    }
}

/* --- WA-13 --- */

static int with_client_data(struct mem bytes)
{
    struct scene s = right();
    s.said.client_data = bytes;
    int assertion = scene_assert(&s), registration = scene_register(&s);
    CHECK(assertion == registration || registration == WEBAUTHN_BAD_TYPE);
    return assertion;
}

static const char *get_data(void)
{
    struct scene s = right();
    struct mem bytes = soft_client_data(test_arena(), &s.said, "webauthn.get");
    return text_copy(test_arena(), bytes);
}

static int with_change(const char *from, const char *to)
{
    return with_client_data(mem_text(swapped(get_data(), from, to)));
}

TEST(WA_13_client_data_is_read_strictly)
{
    CHECK_NUM(with_client_data(mem_text(get_data())), 0);
    CHECK_NUM(with_change("}", ",\"other\":{\"a\":[1,2.5,null]}}"), 0);
    CHECK_NUM(with_change("}", ",\"tokenBinding\":{\"status\":\"supported\"}}"), 0);
    static const char *const bad[][2] = {
        { "}", ",\"type\":\"webauthn.get\"}" },
        { "}", ",\"origin\":\"" SCENE_ORIGIN "\"}" },
        { "}", ",\"challenge\":\"x\"}" },
        { "}", ",\"x\":1,\"x\":1}" },
        { "}", ",\"x\":{\"y\":1,\"y\":2}}" },
        { "}", ",\"t\\u0079pe\":\"webauthn.get\"}" },
        { "}", ",\"x\":\"\\u0000\"}" },
        { "}", ",\"x\\u0000\":1}" },
        { SCENE_ORIGIN, SCENE_ORIGIN "\\u0000" },
        { "webauthn.get", "webauthn.get\\u0000" },
        { "}", ",\"x\":\"\\ud800\"}" },
        { "}", ",\"x\":1e999}" },
        { "}", ",\"x\":NaN}" },
        { "}", ",}" },
        { "}", ",\"x\":'y'}" },
        { "}", "/**/}" },
        { "}", ",\"x\":[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]}" },
        { "\"webauthn.get\"", "[\"webauthn.get\"]" },
        { "\"webauthn.get\"", "null" },
        { "\"type\"", "\"Type\"" },
        { "\"challenge\"", "\"challenges\"" },
        { "\"origin\"", "\"origins\"" },
        { "\"" SCENE_ORIGIN "\"", "{\"" SCENE_ORIGIN "\":1}" },
        { "false", "0" },
        { "false", "null" },
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        if (with_change(bad[i][0], bad[i][1]) != WEBAUTHN_BAD_CLIENT_DATA)
            test_fail(__FILE__, __LINE__, "%s", bad[i][1]);
}

TEST(WA_13_client_data_holds_no_nul)
{
    const char *good = get_data();
    size_t n = strlen(good);
    CHECK_NUM(with_client_data(MEM(good, n + 1)), WEBAUTHN_BAD_CLIENT_DATA);
    char *inside = text_format(test_arena(), "%s %s", good, good);
    inside[n] = 0;
    CHECK_NUM(with_client_data(MEM(inside, 2 * n + 1)), WEBAUTHN_BAD_CLIENT_DATA);
}

static const char *padded(size_t n)
{
    const char *data = get_data();
    char *spaces = arena_alloc(test_arena(), n + 1);
    memset(spaces, ' ', n - strlen(data));
    return text_format(test_arena(), "%s%s", data, spaces);
}

TEST(WA_13_client_data_is_bounded)
{
    CHECK_NUM(with_client_data(mem_text(padded(WEBAUTHN_CLIENT_DATA_MAX))), 0);
    CHECK_NUM(with_client_data(mem_text(padded(WEBAUTHN_CLIENT_DATA_MAX + 1))), SCENE_UNREADABLE);
    CHECK_NUM(with_client_data(mem_text(padded(1 << 20))), SCENE_UNREADABLE);
    struct scene s = right();
    struct webauthn_assertion answer = scene_assertion(&s);
    answer.client_data = mem_text(padded(1 << 20));
    CHECK_NUM(scene_judge_assertion(&s, &answer), WEBAUTHN_BAD_CLIENT_DATA);
    const char *challenge;
    CHECK_ERR(webauthn_client_challenge(test_arena(), answer.client_data, &challenge), E_INVALID);
}

/* A challenge uses up its row, so it is taken only from client data that is whole. */
TEST(WA_13_challenge_of_incomplete_client_data_is_none)
{
    static const char *const bad[] = {
        "{\"type\":\"webauthn.get\",\"challenge\":\"YQ\"}",
        "{\"challenge\":\"YQ\",\"origin\":\"" SCENE_ORIGIN "\"}",
        "{\"type\":\"webauthn.get\",\"origin\":\"" SCENE_ORIGIN "\"}",
        "{\"type\":1,\"challenge\":\"YQ\",\"origin\":\"" SCENE_ORIGIN "\"}",
        "\"YQ\"",
        "",
    };
    const char *challenge;
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_ERR(webauthn_client_challenge(test_arena(), mem_text(bad[i]), &challenge), E_INVALID);
}

TEST(WA_13_challenge_is_a_text_in_its_one_spelling)
{
    static const char *const bad[] = { "\"AA\"", "\"_w\"", "\"YQ==\"", "\"YR\"",
                                       "\"Y\"",  "7",      "null",     "\"YQ \"" };
    struct scene s = right();
    const char *own = text_format(test_arena(), "\"%s\"", s.said.challenge), *challenge = NULL;
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_ERR(webauthn_client_challenge(test_arena(),
                                            mem_text(swapped(get_data(), own, bad[i])), &challenge),
                  E_INVALID);
    CHECK_OK(webauthn_client_challenge(test_arena(), mem_text(swapped(get_data(), own, "\"YQ\"")),
                                       &challenge));
    CHECK_TEXT(challenge, "a");
}
