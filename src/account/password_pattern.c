/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns of made-up passwords: see password_pattern.h.
 */
#include "account/password_pattern.h"

#include "base/text.h"

#include <string.h>

/* Folded as fold() does: so 1qaz2wsx stands here as iqaz2wsx. */
static const char *const words[] = {
    "aaabbb",
    "aabbcc",
    "abc",
    "abcd",
    "abcde",
    "abcdef",
    "abcdefg",
    "abcdefgh",
    "abcdefghi",
    "abcdefghij",
    "abcdefghijkl",
    "abcdefghijklmnopqrstuvwxyz",
    "abracadabra",
    "access",
    "adgangskode",
    "admin",
    "administrador",
    "administrator",
    "ahmed",
    "aib2ce",
    "aib2ceda",
    "aib2cedaes",
    "aib2cedaesf6",
    "aishiteru",
    "amazon",
    "america",
    "amor",
    "andrew",
    "android",
    "angel",
    "angels",
    "anthony",
    "apple",
    "april",
    "asdf",
    "asdfgh",
    "asdfghjkl",
    "asdfqwer",
    "asdi2e",
    "asdzxc",
    "ashley",
    "august",
    "autumn",
    "azerty",
    "azertyuiop",
    "baby",
    "babygirl",
    "banana",
    "baseball",
    "basketball",
    "batman",
    "bemvindo",
    "benvenuto",
    "berlin",
    "bienvenido",
    "bienvenue",
    "bismillah",
    "bonjour",
    "brasil",
    "butterfly",
    "canada",
    "changeme",
    "charlie",
    "cheese",
    "chicken",
    "chocolate",
    "ciao",
    "computer",
    "contrasena",
    "cookie",
    "correcthorsebatterystaple",
    "cricket",
    "daniel",
    "december",
    "default",
    "demo",
    "deutschland",
    "diamond",
    "dolphin",
    "doraemon",
    "dragon",
    "eagle",
    "england",
    "facebook",
    "falcon",
    "family",
    "february",
    "ferrari",
    "flower",
    "football",
    "forever",
    "france",
    "freedom",
    "friday",
    "friend",
    "friends",
    "friendship",
    "fussball",
    "futbol",
    "geheim",
    "george",
    "germany",
    "ginger",
    "github",
    "gmail",
    "golden",
    "golf",
    "google",
    "guest",
    "guitar",
    "habibi",
    "hallo",
    "happy",
    "harley",
    "haslo",
    "heaven",
    "hello",
    "herbst",
    "hero",
    "hockey",
    "hola",
    "honey",
    "horse",
    "hotmail",
    "hunter",
    "ia2bec",
    "ia2becad",
    "ichliebedich",
    "ihatepasswords",
    "iloveme",
    "iloveyou",
    "instagram",
    "internet",
    "iphone",
    "iq2weear",
    "iq2weearst",
    "iq2weearst6y",
    "iq2weearst6ytu",
    "iq2weearst6ytu8i",
    "iqaz2wsx",
    "iqaz2wsxeedc",
    "iqaz2wsxeedcarfv",
    "january",
    "jennifer",
    "jessica",
    "jesus",
    "jetaime",
    "joker",
    "jordan",
    "joshua",
    "killer",
    "kitten",
    "legend",
    "letmein",
    "letmeinplease",
    "liebe",
    "linkedin",
    "lion",
    "lkjhgfdsa",
    "login",
    "logmein",
    "london",
    "losenord",
    "love",
    "lovely",
    "loveyou",
    "lucky",
    "madrid",
    "magic",
    "march",
    "master",
    "matrix",
    "matthew",
    "mercedes",
    "metal",
    "metallica",
    "mexico",
    "michael",
    "michelle",
    "microsoft",
    "mnbvcxz",
    "mohamed",
    "monday",
    "money",
    "monkey",
    "motdepasse",
    "music",
    "mustang",
    "mylove",
    "mypassword",
    "naruto",
    "netflix",
    "newpassword",
    "nicole",
    "nihao",
    "ninja",
    "nopassword",
    "nothing",
    "november",
    "october",
    "office",
    "oldpassword",
    "opensesame",
    "openthedoor",
    "orange",
    "panther",
    "paris",
    "parola",
    "passphrase",
    "passwd",
    "password",
    "passwort",
    "pasuwado",
    "peace",
    "pepper",
    "phoenix",
    "pirate",
    "poiuytrewq",
    "pokemon",
    "porsche",
    "power",
    "princesa",
    "princess",
    "prinzessin",
    "private",
    "puppy",
    "purple",
    "qazwsx",
    "qazwsxedc",
    "qazwsxedcrfv",
    "qiw2eera",
    "qiw2eerats",
    "qiw2eeratsy6",
    "qsdfghjklm",
    "qweasd",
    "qweasdzxc",
    "qwei2e",
    "qwer",
    "qwerasdf",
    "qwerty",
    "qwertyuiop",
    "qwertz",
    "qwertzuiop",
    "rabbit",
    "racing",
    "robert",
    "rock",
    "root",
    "rugby",
    "sakura",
    "salasana",
    "samsung",
    "schatz",
    "schmetterling",
    "secret",
    "secreto",
    "secure",
    "security",
    "senha",
    "september",
    "server",
    "sesame",
    "shadow",
    "signin",
    "silver",
    "smile",
    "soccer",
    "sommer",
    "sonnenschein",
    "spiderman",
    "spring",
    "star",
    "stars",
    "starwars",
    "summer",
    "sunday",
    "sunshine",
    "supercalifragilisticexpialidocious",
    "superman",
    "superuser",
    "sweetheart",
    "sysadmin",
    "system",
    "teamo",
    "tennis",
    "test",
    "tester",
    "testing",
    "thepassword",
    "thisisapassword",
    "thisismypassword",
    "thomas",
    "tiamo",
    "tiger",
    "trustno",
    "twitter",
    "unicorn",
    "user",
    "username",
    "wachtwoord",
    "warrior",
    "welcome",
    "welkom",
    "whatever",
    "william",
    "willkommen",
    "windows",
    "winter",
    "wizard",
    "woaini",
    "wodemima",
    "wolf",
    "wxcvbn",
    "xyz",
    "yahoo",
    "yamaha",
    "yourpassword",
    "youtube",
    "yxcvbnm",
    "zaqi2wsx",
    "zaqixsw2",
    "zaqixsw2cdee",
    "zxcasdqwe",
    "zxci2e",
    "zxcvbn",
    "zxcvbnm",
};

static const char *const endings[] = {
    "",          "1",          "2",         "3",          "7",        "01",       "07",
    "11",        "12",         "13",        "21",         "22",       "23",       "69",
    "77",        "88",         "99",        "00",         "007",      "111",      "123",
    "321",       "666",        "777",       "786",        "999",      "000",      "1111",
    "1234",      "4321",       "0000",      "12345",      "54321",    "123456",   "654321",
    "111111",    "1212",       "12345678",  "1234567",    "123123",   "112233",   "123321",
    "123456789", "1234567890", "987654321", "0123456789", "12341234", "11223344", "69420",
    "420",       "abc",        "abc123",    "qwe",        "xyz",
};

static char fold_one(char c)
{
    static const char from[] = "@4310!5$7", to[] = "aaeioisst";
    const char *found = c ? strchr(from, c) : NULL;
    if (found)
        return to[found - from];
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool is_year(const char *rest)
{
    return strspn(rest, "0123456789") == 4 && !rest[4] &&
           (text_starts(rest, "19") || text_starts(rest, "20"));
}

/* As it was typed: nothing, digits that everybody takes, a year. */
static bool is_ending(const char *rest)
{
    if (is_year(rest))
        return true;
    for (size_t i = 0; i < COUNT(endings); i++)
        if (text_equal_ascii_case(rest, endings[i]))
            return true;
    return false;
}

/* The same, perhaps with a sign before and one behind. */
static bool is_signed_ending(const char *rest)
{
    char core[16] = "";
    rest += rest[0] && strchr("-_. @#!", rest[0]) ? 1 : 0;
    size_t n = strlen(rest);
    n -= n && strchr("!?.*#$@", rest[n - 1]) ? 1 : 0;
    if (n >= sizeof core)
        return false;
    memcpy(core, rest, n);
    core[n] = 0;
    return is_ending(core);
}

/* The word at the beginning one to three times, then an ending. */
static bool is_one_word(const char *typed, const char *folded, const char *word)
{
    enum { TIMES = 3 };
    size_t n = strlen(word), at = n;
    for (int i = 1; i < TIMES && !is_signed_ending(typed + at) && text_starts(folded + at, word);
         i++)
        at += n;
    return is_signed_ending(typed + at);
}

/* Another word right behind the first, then an ending. */
static bool has_second_word(const char *typed, const char *folded)
{
    for (size_t i = 0; i < COUNT(words); i++)
        if (text_starts(folded, words[i]) && is_ending(typed + strlen(words[i])))
            return true;
    return false;
}

bool password_is_pattern(struct arena *arena, const char *password)
{
    enum { LONGEST = 100 };
    size_t n = strlen(password);
    if (n > LONGEST)
        return false;
    char *folded = text_copy(arena, MEM(password, n));
    for (size_t i = 0; i < n; i++)
        folded[i] = fold_one(folded[i]);
    for (size_t i = 0; i < COUNT(words); i++) {
        size_t at = strlen(words[i]);
        if (text_starts(folded, words[i]) && (is_one_word(password, folded, words[i]) ||
                                              has_second_word(password + at, folded + at)))
            return true;
    }
    return false;
}
