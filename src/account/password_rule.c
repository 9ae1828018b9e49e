/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Password rules: see password_rule.h. Strength is libzxcvbn's estimate, whose dictionaries hold
 * the common and breached passwords; score 3 begins at 10^8 guesses (Wheeler, "zxcvbn", 2016).
 */
#include "account/password_rule.h"

#include "base/mem.h"
#include "base/text.h"
#include "service/setting.h"

#include <string.h>
#include <zxcvbn.h>

/* log2 of 10^8 guesses: score 3. The library's dictionary words stand below 2^16. */
static const double SCORE_3_BITS = 26.575;
static const double COMMON_BITS = 16.0;

/* The part of an address before the '@'. */
static char *local_part(struct arena *arena, const char *email)
{
    return text_copy(arena, MEM(email, strcspn(email, "@")));
}

static double bits_of(const char *password, const char *words[], bool *ret_is_one_word)
{
    ZxcMatch_t *parts = NULL;
    double bits = ZxcvbnMatch(password, words, &parts);
    *ret_is_one_word = parts && !parts->Next &&
                       (parts->Type == DICTIONARY_MATCH || parts->Type == DICT_LEET_MATCH ||
                        parts->Type == USER_MATCH || parts->Type == USER_LEET_MATCH);
    ZxcvbnFreeInfo(parts);
    return bits;
}

enum password_judgement password_judge(struct arena *arena, const char *password, const char *email,
                                       const char *name)
{
    size_t bytes = strlen(password);
    if (bytes > PASSWORD_BYTES_MAX)
        return PASSWORD_IS_LONG;
    if ((int64_t)text_code_points(password) < setting_num(SETTING_PASSWORD_MIN_LENGTH))
        return PASSWORD_IS_SHORT;

    const char *service = setting_text(SETTING_SERVICE_NAME);
    const char *local = email ? local_part(arena, email) : "";
    const char *words[] = { service, local, email ? email : "", name ? name : "", NULL };
    for (size_t i = 0; words[i]; i++)
        if (*words[i] && text_equal_ascii_case(password, words[i]))
            return PASSWORD_IS_COMMON;

    /* The estimate looks at the beginning only of very long ones; those are long enough. */
    bool is_one_word;
    double bits = bits_of(password, words, &is_one_word);
    if (is_one_word && bits < COMMON_BITS)
        return PASSWORD_IS_COMMON;
    return bits < SCORE_3_BITS ? PASSWORD_IS_WEAK : PASSWORD_IS_GOOD;
}
