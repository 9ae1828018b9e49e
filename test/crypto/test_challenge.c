/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Challenges: one spelling, bound to what they are about, and work that can be counted.
 */
#include "crypto/challenge.h"

#include "../test.h"
#include "crypto/digest.h"

#include <string.h>

#define ABOUT mem_text("network and action")

static const uint8_t key[32] = { 1, 2, 3 };

static struct mem the_key(void)
{
    return MEM(key, sizeof key);
}

static struct challenge sample(enum challenge_kind kind)
{
    struct challenge c = {
        .kind = kind, .cost = 17, .flags = 1, .issued_at = INT64_C(1'795'239'901'123)
    };
    challenge_make(the_key(), ABOUT, &c);
    return c;
}

TEST(challenge_comes_back)
{
    for (int kind = CHALLENGE_WORK; kind <= CHALLENGE_TICKET; kind++) {
        struct challenge c = sample((enum challenge_kind)kind), read;
        const char *answer =
            kind == CHALLENGE_WORK ? text_format(test_arena(), "%s.0", c.text) : c.text;
        CHECK_NUM(strlen(c.text), CHALLENGE_CHARS);
        REQUIRE(challenge_read(the_key(), ABOUT, answer, &read) == OK);
        CHECK_NUM(read.kind, c.kind);
        CHECK_NUM(read.cost, 17);
        CHECK_NUM(read.flags, 1);
        CHECK_NUM(read.issued_at, c.issued_at);
        CHECK_TEXT(read.text, c.text);
        CHECK(mem_equal(MEM(read.id, sizeof read.id), MEM(c.id, sizeof c.id)));
    }
}

TEST(challenge_is_new_each_time)
{
    struct challenge a = sample(CHALLENGE_WORK), b = sample(CHALLENGE_WORK);
    CHECK(!text_equal(a.text, b.text));
    CHECK(!mem_equal(MEM(a.id, sizeof a.id), MEM(b.id, sizeof b.id)));
}

TEST(RATE_11_a_challenge_of_another_key_or_about_something_else)
{
    static const uint8_t other[32] = { 9 };
    struct challenge c = sample(CHALLENGE_TICKET), read;
    CHECK_ERR(challenge_read(MEM(other, sizeof other), ABOUT, c.text, &read), E_INVALID);
    CHECK_ERR(challenge_read(the_key(), mem_text("network and actio"), c.text, &read), E_INVALID);
    CHECK_ERR(challenge_read(the_key(), MEM_NONE, c.text, &read), E_INVALID);
    CHECK_NUM(read.cost, 0);
}

TEST(RATE_11_each_character_of_a_challenge_counts)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/= .";
    struct challenge c = sample(CHALLENGE_WORK), read;
    for (size_t i = 0; i < CHALLENGE_CHARS; i++)
        for (const char *letter = letters; *letter; letter++) {
            char *forged = text_format(test_arena(), "%s.7", c.text);
            if (forged[i] == *letter)
                continue;
            forged[i] = *letter;
            CHECK_ERR(challenge_read(the_key(), ABOUT, forged, &read), E_INVALID);
        }
}

TEST(challenge_takes_a_number_of_one_to_twenty_digits)
{
    static const struct {
        const char *tail;
        bool is_good;
    } cases[] = {
        { ".0", true },
        { ".00", true },
        { ".18446744073709551615", true },
        { ".99999999999999999999", true },
        { ".000000000000000000000", false },
        { "", false },
        { ".", false },
        { "..1", false },
        { ".-1", false },
        { ".+1", false },
        { ".1 ", false },
        { ".1\n", false },
        { ". 1", false },
        { ".1a", false },
        { ".0x1", false },
        { ".1.2", false },
        { "1", false },
        { ".\xd9\xa1", false }, /* a digit, but Arabic */
    };
    struct challenge c = sample(CHALLENGE_WORK), ticket = sample(CHALLENGE_TICKET), read;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *answer = text_format(test_arena(), "%s%s", c.text, cases[i].tail);
        CHECK_NUM(challenge_is_shaped(answer), cases[i].is_good);
        CHECK_NUM(challenge_read(the_key(), ABOUT, answer, &read),
                  cases[i].is_good ? OK : E_INVALID);
        answer = text_format(test_arena(), "%s%s", ticket.text, cases[i].tail);
        CHECK_NUM(challenge_is_shaped(answer), !*cases[i].tail);
    }
    CHECK(!challenge_is_shaped(""));
    CHECK(!challenge_is_shaped("pow1"));
}

TEST(challenge_zero_bits_are_those_of_the_hash)
{
    /* printf %s TEXT | sha256sum */
    CHECK_NUM(challenge_zero_bits(""), 0);         /* e3b0... */
    CHECK_NUM(challenge_zero_bits("abc"), 0);      /* ba78... */
    CHECK_NUM(challenge_zero_bits("hello"), 2);    /* 2cf2... */
    CHECK_NUM(challenge_zero_bits("pow1.2209"), 8); /* 00d2... */
}
