/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Password rules: see password_rule.h. Strength is libzxcvbn's estimate; scores begin at 10^3,
 * 10^6, 10^8 and 10^10 guesses (Wheeler, "zxcvbn", 2016). What the operator's list or the one
 * built in holds, or a pattern makes, is refused however the estimate sees it.
 */
#include "account/password_rule.h"

#include "account/password_list.h"
#include "account/password_pattern.h"
#include "base/mem.h"
#include "base/text.h"
#include "service/setting.h"

#include <string.h>
#include <zxcvbn.h>

/* log2 of the guesses at which scores 1 to 4 begin. */
static const double score_bits[] = { 9.966, 19.932, 26.575, 33.219 };
/* The library's dictionary words stand below 2^16. */
static const double COMMON_BITS = 16.0;

/* The part of an address before the '@'. */
static char *local_part(struct arena *arena, const char *email)
{
    return text_copy(arena, MEM(email, strcspn(email, "@")));
}

static const char *reason_of(int type)
{
    switch (type) {
    case DICTIONARY_MATCH:
    case DICT_LEET_MATCH: return "words";
    case USER_MATCH:
    case USER_LEET_MATCH: return "personal";
    case REPEATS_MATCH: return "repeat";
    case SEQUENCE_MATCH: return "sequence";
    case SPATIAL_MATCH: return "keyboard";
    case DATE_MATCH:
    case YEAR_MATCH: return "date";
    default: return "guessable";
    }
}

struct estimate {
    int score;
    bool is_one_word;
    const char *reason; /* what its longest part is */
};

/* Its dictionary has very many words of digits, and its time grows with the fifth power of how many
   overlap: a hundred characters of "1212..." keep a processor busy for more than a second. Nobody
   needs more digits in a row than this to be safe; a thirtieth of a second is the worst then
   (DOS-01). */
enum { DIGITS_MAX = 32 };

static const char *with_fewer_digits(struct arena *arena, const char *text)
{
    char *ret = arena_alloc(arena, strlen(text) + 1);
    size_t n = 0;
    int run = 0;
    for (; *text; text++) {
        run = *text >= '0' && *text <= '9' ? run + 1 : 0;
        if (run <= DIGITS_MAX)
            ret[n++] = *text;
    }
    ret[n] = 0;
    return ret;
}

static struct estimate estimate(const char *password, const char *words[])
{
    struct estimate found = { .reason = "guessable" };
    ZxcMatch_t *parts = NULL;
    int longest = 0;
    double bits = ZxcvbnMatch(password, words, &parts);
    for (const ZxcMatch_t *p = parts; p; p = p->Next)
        if (p->Length > longest) {
            longest = p->Length;
            found.reason = p->Type & MULTIPLE_MATCH ? "repeat" : reason_of((int)p->Type);
        }
    bool is_word = text_equal(found.reason, "words") || text_equal(found.reason, "personal");
    found.is_one_word = parts && !parts->Next && is_word && bits < COMMON_BITS;
    ZxcvbnFreeInfo(parts);
    while (found.score < (int)COUNT(score_bits) && bits >= score_bits[found.score])
        found.score++;
    return found;
}

static const char *named_by(const char *password, const char *const *words,
                            const char *const *reasons)
{
    for (size_t i = 0; words[i]; i++)
        if (*words[i] && text_equal_ascii_case(password, words[i]))
            return reasons[i];
    return NULL;
}

struct password_verdict password_weigh(struct arena *arena, const char *password, const char *email,
                                       const char *name)
{
    static const char *const reasons[] = { "service", "email", "email", "name" };
    if (strlen(password) > PASSWORD_BYTES_MAX)
        return (struct password_verdict){ PASSWORD_IS_LONG, 0, NULL };
    if ((int64_t)text_code_points(password) < setting_num(SETTING_PASSWORD_MIN_LENGTH))
        return (struct password_verdict){ PASSWORD_IS_SHORT, 0, NULL };

    const char *service = setting_text(SETTING_SERVICE_NAME);
    const char *local = email ? local_part(arena, email) : "";
    const char *words[] = { service, local, email ? email : "", name ? name : "", NULL };
    const char *reason = named_by(password, words, reasons);
    if (!reason && password_is_listed(arena, password))
        reason = "breached";
    if (!reason && password_is_common(arena, password))
        reason = "common";
    if (reason)
        return (struct password_verdict){ PASSWORD_IS_COMMON, 0, reason };

    /* The estimate looks at the beginning only of very long ones; those are long enough. */
    struct estimate found = estimate(with_fewer_digits(arena, password), words);
    if (found.is_one_word)
        return (struct password_verdict){ PASSWORD_IS_COMMON, 0, "common" };
    if (found.score < PASSWORD_SCORE_GOOD)
        return (struct password_verdict){ PASSWORD_IS_WEAK, found.score, found.reason };
    if (password_is_pattern(arena, password))
        return (struct password_verdict){ PASSWORD_IS_COMMON, 1, "common" };
    return (struct password_verdict){ PASSWORD_IS_GOOD, found.score, NULL };
}

enum password_judgement password_judge(struct arena *arena, const char *password, const char *email,
                                       const char *name)
{
    return password_weigh(arena, password, email, name).judgement;
}

const char *password_reason_key(struct arena *arena, const char *reason)
{
    return text_format(arena, "password_reason.%s", reason);
}
