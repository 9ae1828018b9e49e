/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identifiers: see id.h.
 */
#include "base/id.h"

#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"

#include <string.h>

static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

void id_encode(const unsigned char bytes[16], char out[ID_CHARS + 1])
{
    /* 128 bits in 26 digits of 5: the first digit carries only 3 of them. */
    unsigned __int128 value = 0;
    for (int i = 0; i < 16; i++)
        value = value << 8 | bytes[i];
    for (int i = ID_CHARS - 1; i >= 0; i--, value >>= 5)
        out[i] = alphabet[(unsigned)value & 31];
    out[ID_CHARS] = 0;
}

bool id_decode(const char *text, unsigned char ret[16])
{
    if (strlen(text) != ID_CHARS || text[0] > '7')
        return false;
    unsigned __int128 value = 0;
    for (int i = 0; i < ID_CHARS; i++) {
        const char *digit = strchr(alphabet, text[i]);
        if (!digit)
            return false;
        value = value << 5 | (unsigned)(digit - alphabet);
    }
    for (int i = 15; i >= 0; i--, value >>= 8)
        ret[i] = (unsigned char)value;
    return true;
}

char *id_new(struct arena *arena, const char *prefix)
{
    unsigned char uuid[16];
    char digits[ID_CHARS + 1];
    random_bytes(uuid, sizeof uuid);
    int64_t at = clock_now();
    for (int i = 5; i >= 0; i--, at >>= 8)
        uuid[i] = (unsigned char)at;
    uuid[6] = (unsigned char)(0x70 | (uuid[6] & 0x0F));
    uuid[8] = (unsigned char)(0x80 | (uuid[8] & 0x3F));
    id_encode(uuid, digits);
    return text_format(arena, "%s_%s", prefix, digits);
}

bool id_is(const char *text, const char *prefix)
{
    unsigned char uuid[16];
    size_t n = strlen(prefix);
    return strncmp(text, prefix, n) == 0 && text[n] == '_' && id_decode(text + n + 1, uuid);
}
