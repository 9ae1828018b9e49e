/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers to captchas: a good one is edited as the input says. Accepted is exactly what still has
 * the challenge as it was made and, behind a proof of work, a number; and what is accepted says
 * what it said when it was made.
 */
#include "base/random.h"
#include "base/text.h"
#include "crypto/challenge.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* New for each input: the fuzzer sees what is compared, and would come back with it. */
static uint8_t key[32];
#define ABOUT mem_text("about")

/* What a number looks like, said otherwise than the reader does. */
static bool is_number(const char *tail)
{
    size_t n = strlen(tail);
    if (tail[0] != '.' || n < 2 || n > 1 + CHALLENGE_NUMBER_MAX)
        return false;
    for (size_t i = 1; i < n; i++)
        if (tail[i] < '0' || tail[i] > '9')
            return false;
    return true;
}

static void judge(const struct challenge *c, const char *answer)
{
    struct challenge read;
    enum err e = challenge_read(MEM(key, sizeof key), ABOUT, answer, &read);
    bool is_whole = strncmp(answer, c->text, CHALLENGE_CHARS) == 0;
    const char *tail = is_whole ? answer + CHALLENGE_CHARS : "";
    bool is_good = is_whole && (c->kind == CHALLENGE_TICKET ? !*tail : is_number(tail));
    must((e == OK) == is_good);
    must(!is_good || challenge_is_shaped(answer));
    must(challenge_zero_bits(answer) >= 0);
    if (e)
        return;
    must(read.kind == c->kind && read.cost == c->cost && read.flags == c->flags);
    must(read.issued_at == c->issued_at && text_equal(read.text, c->text));
    must(mem_equal(MEM(read.id, sizeof read.id), MEM(c->id, sizeof c->id)));
}

/* Byte 0: kind and whether to begin with a good answer. Then the tail up to a zero; then pairs of
   position and byte to overwrite. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct challenge c = { .cost = 9, .flags = 1, .issued_at = INT64_C(1'700'000'000'000) };
    char answer[256] = "";
    if (size < 2)
        return 0;
    c.kind = data[0] & 1 ? CHALLENGE_TICKET : CHALLENGE_WORK;
    random_bytes(key, sizeof key);
    challenge_make(MEM(key, sizeof key), ABOUT, &c);
    size_t i = 1, n = 0;
    if (data[0] & 2)
        n = CHALLENGE_CHARS;
    memcpy(answer, c.text, n);
    for (; i < size && data[i] && n < sizeof answer - 1; i++)
        answer[n++] = (char)data[i];
    for (i++; i + 1 < size; i += 2)
        if (n)
            answer[data[i] % n] = (char)data[i + 1];
    judge(&c, answer);
    return 0;
}
