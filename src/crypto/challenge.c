/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Challenges: see challenge.h. The MAC is the id: nobody but us can make a second one with it.
 */
#include "crypto/challenge.h"

#include "base/random.h"
#include "base/text.h"
#include "crypto/digest.h"

#include <assert.h>
#include <string.h>

enum { PREFIX_CHARS = 4, TIME_BYTES = 6, RANDOM_BYTES = 12 };

struct packed {
    uint8_t cost, flags, time[TIME_BYTES], random[RANDOM_BYTES], mac[CHALLENGE_ID_BYTES];
};
enum { SIGNED_BYTES = sizeof(struct packed) - CHALLENGE_ID_BYTES };
static_assert(sizeof(struct packed) == 44, "no padding");

static const char *const prefixes[] = { [CHALLENGE_WORK] = "pow1", [CHALLENGE_TICKET] = "tkt1" };

static void sign(struct mem key, struct mem about, enum challenge_kind kind,
                 const struct packed *packed, uint8_t mac[SHA256_BYTES])
{
    uint8_t digest[SHA256_BYTES];
    const struct mem pieces[] = { mem_text(prefixes[kind]), MEM(packed, SIGNED_BYTES), about };
    sha256_pieces(pieces, COUNT(pieces), digest);
    hmac_sha256(key, MEM(digest, sizeof digest), mac);
}

void challenge_make(struct mem key, struct mem about, struct challenge *c)
{
    struct packed packed = { .cost = c->cost, .flags = c->flags };
    uint8_t mac[SHA256_BYTES];
    for (int i = 0; i < TIME_BYTES; i++)
        packed.time[i] = (uint8_t)((uint64_t)c->issued_at >> (8 * (TIME_BYTES - 1 - i)));
    random_bytes(packed.random, sizeof packed.random);
    sign(key, about, c->kind, &packed, mac);
    memcpy(packed.mac, mac, sizeof packed.mac);
    memcpy(c->id, mac, sizeof c->id);
    memcpy(c->text, prefixes[c->kind], PREFIX_CHARS);
    base64url_format(MEM(&packed, sizeof packed), c->text + PREFIX_CHARS);
}

/* What follows the challenge: nothing behind a ticket, else a dot and a number. */
static bool is_tail(enum challenge_kind kind, const char *tail)
{
    if (kind == CHALLENGE_TICKET)
        return *tail == 0;
    size_t n = *tail == '.' ? strspn(tail + 1, "0123456789") : 0;
    return n >= 1 && n <= CHALLENGE_NUMBER_MAX && tail[1 + n] == 0;
}

static bool find_kind(const char *answer, enum challenge_kind *ret)
{
    for (size_t i = 0; i < COUNT(prefixes); i++)
        if (text_starts(answer, prefixes[i])) {
            *ret = (enum challenge_kind)i;
            return true;
        }
    return false;
}

bool challenge_is_shaped(const char *answer)
{
    enum challenge_kind kind;
    return strnlen(answer, CHALLENGE_CHARS) == CHALLENGE_CHARS && find_kind(answer, &kind) &&
           is_tail(kind, answer + CHALLENGE_CHARS);
}

enum err challenge_read(struct mem key, struct mem about, const char *answer, struct challenge *ret)
{
    struct packed packed;
    uint8_t mac[SHA256_BYTES];
    size_t n = 0;
    *ret = (struct challenge){ 0 };
    if (!challenge_is_shaped(answer) || !find_kind(answer, &ret->kind))
        return E_INVALID;
    if (!base64url_parse(answer + PREFIX_CHARS, CHALLENGE_CHARS - PREFIX_CHARS, (uint8_t *)&packed,
                         &n) ||
        n != sizeof packed)
        return E_INVALID;
    sign(key, about, ret->kind, &packed, mac);
    if (!mem_equal(MEM(mac, sizeof packed.mac), MEM(packed.mac, sizeof packed.mac)))
        return E_INVALID;
    ret->cost = packed.cost;
    ret->flags = packed.flags;
    for (int i = 0; i < TIME_BYTES; i++)
        ret->issued_at = (int64_t)((uint64_t)ret->issued_at << 8 | packed.time[i]);
    memcpy(ret->id, packed.mac, sizeof ret->id);
    memcpy(ret->text, answer, CHALLENGE_CHARS);
    return OK;
}

int challenge_zero_bits(const char *answer)
{
    uint8_t hash[SHA256_BYTES];
    int bits = 0;
    sha256(mem_text(answer), hash);
    while (bits < 8 * SHA256_BYTES && !(hash[bits / 8] & (0x80 >> (bits % 8))))
        bits++;
    return bits;
}
