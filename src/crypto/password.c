/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stored passwords: see password.h. One string has one spelling: canonical decimals and base64,
 * members in one order, nothing else. Whoever can write into the database may at most make a
 * sign-in fail; the ceiling is checked before anything is allocated (PW-06).
 */
#include "crypto/password.h"

#include "base/random.h"
#include "base/text.h"

#include <string.h>

enum {
    SALT_MIN = 8,
    SALT_MAX = 64,
    TAG_MIN = 16, /* a tag cut short would match by chance */
    TAG_MAX = 64,
    KEY_ID_MAX = 16,
    CEILING_MEMORY_KIB = 1024 * 1024,
    CEILING_PASSES = 16,
    CEILING_LANES = 16,
};

/* A PHC string taken apart. */
struct phc {
    struct argon2_cost cost;
    char key_id[KEY_ID_MAX + 1]; /* "" without */
    uint8_t salt[SALT_MAX], tag[TAG_MAX];
    size_t salt_n, tag_n;
};

/* Steps over text when *p begins with it. */
static bool skip(const char **p, const char *text)
{
    if (!text_starts(*p, text))
        return false;
    *p += strlen(text);
    return true;
}

/* "<name>=<canonical decimal>". */
static bool take_number(const char **p, const char *name, uint32_t *ret)
{
    if (!skip(p, name) || **p < '0' || **p > '9' ||
        (**p == '0' && (*p)[1] >= '0' && (*p)[1] <= '9'))
        return false;
    uint64_t value = 0;
    for (; **p >= '0' && **p <= '9'; (*p)++) {
        value = value * 10 + (uint64_t)(**p - '0');
        if (value > UINT32_MAX)
            return false;
    }
    *ret = (uint32_t)value;
    return true;
}

static bool take_cost(const char **p, struct argon2_cost *ret)
{
    return take_number(p, "m=", &ret->memory_kib) && take_number(p, ",t=", &ret->passes) &&
           take_number(p, ",p=", &ret->lanes);
}

static bool is_key_id_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

static bool take_key_id(const char **p, char ret[KEY_ID_MAX + 1])
{
    ret[0] = 0;
    if (!skip(p, ",keyid="))
        return true;
    size_t n = 0;
    for (; is_key_id_char(**p) && n < KEY_ID_MAX; (*p)++)
        ret[n++] = **p;
    ret[n] = 0;
    return n > 0;
}

/* Base64 without padding up to the next '$' or the end, min to max bytes. */
static bool take_bytes(const char **p, size_t min, size_t max, uint8_t *ret, size_t *ret_n)
{
    char padded[PASSWORD_PHC_MAX];
    size_t n = strcspn(*p, "$="), bytes = n * 3 / 4;
    if (bytes < min || bytes > max)
        return false;
    memcpy(padded, *p, n);
    *p += n;
    while (n % 4)
        padded[n++] = '=';
    return base64_parse(padded, n, ret, ret_n);
}

static bool is_within(struct argon2_cost cost, struct argon2_cost ceiling)
{
    uint32_t memory_kib = ceiling.memory_kib ? ceiling.memory_kib : CEILING_MEMORY_KIB;
    uint32_t passes = ceiling.passes ? ceiling.passes : CEILING_PASSES;
    uint32_t lanes = ceiling.lanes ? ceiling.lanes : CEILING_LANES;
    return cost.memory_kib <= memory_kib && cost.passes <= passes && cost.lanes <= lanes;
}

/* RFC 9106 3.1. */
static bool is_sound(struct argon2_cost cost)
{
    return cost.passes >= 1 && cost.lanes >= 1 && cost.memory_kib / 8 >= cost.lanes;
}

static bool parse(const char *phc, struct phc *ret)
{
    const char *p = phc;
    return strnlen(phc, PASSWORD_PHC_MAX) < PASSWORD_PHC_MAX && skip(&p, "$argon2id$v=19$") &&
           take_cost(&p, &ret->cost) && is_sound(ret->cost) && take_key_id(&p, ret->key_id) &&
           skip(&p, "$") && take_bytes(&p, SALT_MIN, SALT_MAX, ret->salt, &ret->salt_n) &&
           skip(&p, "$") && take_bytes(&p, TAG_MIN, TAG_MAX, ret->tag, &ret->tag_n) && !*p;
}

enum err password_cost_parse(const char *setting, struct argon2_cost *ret)
{
    const char *p = setting;
    struct argon2_cost cost;
    if (!take_cost(&p, &cost) || *p || !is_sound(cost) ||
        !is_within(cost, (struct argon2_cost){ 0 }))
        return E_INVALID;
    *ret = cost;
    return OK;
}

enum err password_cost(const char *phc, struct argon2_cost *ret)
{
    struct phc parsed;
    if (!parse(phc, &parsed))
        return E_INVALID;
    *ret = parsed.cost;
    return OK;
}

static const char *format_bytes(struct arena *arena, const uint8_t *p, size_t n)
{
    char *text = base64_format(arena, MEM(p, n));
    text[strcspn(text, "=")] = 0;
    return text;
}

static const char *format(struct arena *arena, const struct password_policy *policy,
                          const uint8_t salt[PASSWORD_SALT_BYTES],
                          const uint8_t tag[PASSWORD_TAG_BYTES])
{
    bool has_pepper = policy->pepper.n > 0;
    return text_format(arena, "$argon2id$v=19$m=%u,t=%u,p=%u%s%s$%s$%s", policy->cost.memory_kib,
                       policy->cost.passes, policy->cost.lanes, has_pepper ? ",keyid=" : "",
                       has_pepper ? policy->pepper_id : "",
                       format_bytes(arena, salt, PASSWORD_SALT_BYTES),
                       format_bytes(arena, tag, PASSWORD_TAG_BYTES));
}

enum err password_hash(struct argon2_memory *memory, struct arena *arena,
                       const struct password_policy *policy, struct mem password,
                       const char **ret_phc)
{
    uint8_t salt[PASSWORD_SALT_BYTES], tag[PASSWORD_TAG_BYTES];
    random_bytes(salt, sizeof salt);
    const struct argon2_input input = { .password = password,
                                        .salt = MEM(salt, sizeof salt),
                                        .secret = policy->pepper };
    TRY(argon2id(memory, policy->cost, &input, tag, sizeof tag));
    *ret_phc = format(arena, policy, salt, tag);
    mem_wipe(tag, sizeof tag);
    return OK;
}

const char *password_decoy(struct arena *arena, const struct password_policy *policy)
{
    uint8_t salt[PASSWORD_SALT_BYTES], tag[PASSWORD_TAG_BYTES];
    random_bytes(salt, sizeof salt);
    random_bytes(tag, sizeof tag);
    return format(arena, policy, salt, tag);
}

static bool is_outdated(const struct phc *phc, const struct password_policy *policy)
{
    return phc->cost.memory_kib != policy->cost.memory_kib ||
           phc->cost.passes != policy->cost.passes || phc->cost.lanes != policy->cost.lanes ||
           phc->salt_n != PASSWORD_SALT_BYTES || phc->tag_n != PASSWORD_TAG_BYTES ||
           !phc->key_id[0] != !policy->pepper.n;
}

enum err password_verify(struct argon2_memory *memory, const struct password_policy *policy,
                         const char *phc, struct mem password, struct password_verdict *ret)
{
    struct phc parsed;
    uint8_t tag[TAG_MAX];
    if (!parse(phc, &parsed) || !is_within(parsed.cost, policy->ceiling))
        return E_INVALID;
    if (parsed.key_id[0] && (!policy->pepper.n || !text_equal(parsed.key_id, policy->pepper_id)))
        return E_INVALID;
    const struct argon2_input input = { .password = password,
                                        .salt = MEM(parsed.salt, parsed.salt_n),
                                        .secret = parsed.key_id[0] ? policy->pepper : MEM_NONE };
    TRY(argon2id(memory, parsed.cost, &input, tag, parsed.tag_n));
    ret->matches = mem_equal(MEM(tag, parsed.tag_n), MEM(parsed.tag, parsed.tag_n));
    ret->outdated = is_outdated(&parsed, policy);
    mem_wipe(tag, sizeof tag);
    return OK;
}
