/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cardea password-list {build IN OUT,check FILE}: lists of breached passwords for PASSWORD_LIST.
 * They need no settings and no store. The password to look for comes by standard input, because
 * command lines are seen by others.
 */
#include "command/command.h"

#include "account/password_list.h"
#include "base/text.h"

static int build(const char *in, const char *out)
{
    struct password_list_built built;
    FILE *from = text_equal(in, "-") ? stdin : fopen(in, "re");
    if (!from)
        return console_fail("cannot read %s", in);
    enum err e = password_list_build(from, out, &built);
    if (from != stdin)
        (void)fclose(from);
    if (e == E_INVALID)
        return console_fail("%s: far too many hashes begin alike; these are no SHA-1 hashes", in);
    if (e)
        return console_fail("cannot write %s", out);
    console_print("%s: %llu passwords from %llu lines (%llu empty or too long) in %llu bytes\n",
                  out, (unsigned long long)built.count, (unsigned long long)built.lines,
                  (unsigned long long)built.skipped, (unsigned long long)built.bytes);
    return EXIT_DONE;
}

static int check(struct console *c, const char *path)
{
    struct password_list list;
    uint64_t keys[PASSWORD_SPELLINGS];
    bool is_listed = false;
    enum err e = password_list_open(path, &list);
    if (e)
        return console_fail("%s %s", path,
                            e == E_INVALID ? "is damaged, or no list that build made"
                                           : "cannot be read");
    const char *password = console_read_secret(c, "Password");
    if (password) {
        password_list_keys(&c->arena, password, keys);
        for (int i = 0; i < PASSWORD_SPELLINGS && e == OK && !is_listed; i++)
            e = password_list_find(&list, keys[i], &is_listed);
    }
    password_list_close(&list);
    if (!password)
        return console_fail("no password on standard input");
    if (e)
        return console_fail("%s cannot be read", path);
    console_print("%s\n", is_listed ? "listed" : "not listed");
    return EXIT_DONE;
}

int command_password_list(struct console *c)
{
    const char *verb = console_word(c, 1), *first = console_word(c, 2),
               *second = console_word(c, 3);
    if (text_equal(verb, "build") && first && second)
        return build(first, second);
    if (text_equal(verb, "check") && first && !second)
        return check(c, first);
    return console_usage(
        "password-list {build IN OUT,check FILE} (IN may be - for standard input)");
}
