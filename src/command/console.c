/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console: see console.h.
 */
#include "command/console.h"

#include "account/password_list.h"
#include "base/text.h"
#include "db/migrate.h"
#include "service/hashing.h"
#include "service/keyring.h"
#include "service/setting.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { ARENA_MAX = 256 << 20, SECRET_MAX = 2000 };

/* Every option of every verb: a word that is misspelt is said, never skipped. */
static const struct option {
    const char *name;
    bool takes_value;
} known_options[] = {
    { "json", false },    { "dev", false },    { "ephemeral", false }, { "help", false },
    { "yes", false },     { "config", true },  { "limit", true },      { "after", true },
    { "version", false }, { "account", true }, { "name", true },       { "locale", true },
    { "role", true },
};

static const struct option *find_option(const char *name)
{
    for (size_t i = 0; i < COUNT(known_options); i++)
        if (text_equal(name, known_options[i].name))
            return &known_options[i];
    return NULL;
}

/* "--role ADMIN" and "--role=ADMIN"; moves *i over what it took. */
static bool take_option(struct console *c, int argc, char **argv, int *i)
{
    const char *name = argv[*i] + 2, *equals = strchr(name, '=');
    if (equals)
        name = text_copy(&c->arena, MEM(name, (size_t)(equals - name)));
    const struct option *option = find_option(name);
    if (!option)
        return console_fail("there is no option --%s", name) == EXIT_DONE;
    if (c->option_count == OPTIONS_MAX)
        return console_fail("too many options") == EXIT_DONE;
    if (equals && !option->takes_value)
        return console_fail("--%s takes no value", name) == EXIT_DONE;
    if (option->takes_value && !equals && *i + 1 == argc)
        return console_fail("--%s needs a value", name) == EXIT_DONE;
    c->names[c->option_count] = name;
    c->values[c->option_count++] = equals ? equals + 1 : option->takes_value ? argv[++*i] : "";
    return true;
}

bool console_parse(struct console *c, int argc, char **argv)
{
    *c = (struct console){ 0 };
    arena_init(&c->arena, ARENA_MAX);
    for (int i = 1; i < argc; i++) {
        if (text_starts(argv[i], "--") && argv[i][2]) {
            if (!take_option(c, argc, argv, &i))
                return false;
            continue;
        }
        if (c->word_count == WORDS_MAX) {
            (void)console_fail("too many words");
            return false;
        }
        c->words[c->word_count++] = argv[i];
    }
    c->json = console_option(c, "json") != NULL;
    return true;
}

const char *console_word(const struct console *c, int n)
{
    return n < c->word_count ? c->words[n] : NULL;
}

const char *console_option_nth(const struct console *c, const char *name, int nth)
{
    for (int i = 0; i < c->option_count; i++)
        if (text_equal(c->names[i], name) && nth-- == 0)
            return c->values[i];
    return NULL;
}

const char *console_option(const struct console *c, const char *name)
{
    return console_option_nth(c, name, 0);
}

/* A fixture is one process: its store is nowhere else. */
static int choose_fixture(struct console *c)
{
    bool is_wanted = console_option(c, "ephemeral") != NULL;
    setting_set_ephemeral(is_wanted);
    if (!is_wanted || (console_option(c, "dev") && text_equal(console_word(c, 0), "serve")))
        return EXIT_DONE;
    (void)console_fail("--ephemeral makes a test fixture: only `serve --dev --ephemeral` has it");
    return EXIT_USAGE;
}

int console_read_settings(struct console *c)
{
    const char *why = "";
    int code = choose_fixture(c);
    if (code)
        return code;
    if (setting_open(console_option(c, "config"), console_option(c, "dev") != NULL, &c->arena,
                     &why) == OK)
        return EXIT_DONE;
    (void)fprintf(stderr, "cardea: the settings are not right:\n%s\n", why);
    return EXIT_SETTINGS;
}

static int check_migrations(struct console *c)
{
    struct migrations m;
    if (migrate_status(c->db, &c->arena, &m))
        return console_fail("this database does not fit this version, see above");
    return m.pending
               ? console_fail(
                     "%zu migrations are pending: run `cardea migrate up`, or start the server",
                     m.pending)
               : EXIT_DONE;
}

int console_open(struct console *c, bool raw)
{
    int code = console_read_settings(c);
    if (code)
        return code;
    struct db_options options = { .readers = 1, .is_tool = true, .must_exist = !raw };
    if (db_open(&c->db, setting_text(SETTING_DATABASE_URL), &options))
        return console_fail("cannot open the database, see above");
    if (raw)
        return EXIT_DONE;
    code = check_migrations(c);
    if (code)
        return code;
    if (keyring_open(c->db, &c->arena) || hashing_configure())
        return console_fail("cannot open the keys, see above");
    if (password_list_configure())
        return console_fail("cannot open PASSWORD_LIST, see above");
    return EXIT_DONE;
}

void console_close(struct console *c)
{
    keyring_close();
    db_close(c->db);
    c->db = NULL;
    arena_done(&c->arena);
}

void console_print(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vprintf(format, args);
    va_end(args);
}

int console_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fprintf(stderr, "cardea: ");
    (void)vfprintf(stderr, format, args);
    (void)fprintf(stderr, "\n");
    va_end(args);
    return EXIT_FAILED;
}

int console_usage(const char *usage)
{
    (void)fprintf(stderr, "usage: cardea %s\n", usage);
    return EXIT_USAGE;
}

void console_write(const struct buf *b)
{
    (void)fwrite(b->p, 1, b->n, stdout);
}

const char *console_read_secret(struct console *c, const char *prompt)
{
    char line[SECRET_MAX];
    struct termios before, quiet;
    bool is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    if (is_terminal) {
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        (void)fprintf(stderr, "%s: ", prompt);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    bool got = fgets(line, sizeof line, stdin) != NULL;
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        (void)fprintf(stderr, "\n");
    }
    if (!got)
        return NULL;
    const char *secret = text_copy(&c->arena, MEM(line, strcspn(line, "\n")));
    mem_wipe(line, sizeof line);
    return secret;
}

enum err console_write_tx(struct console *c, enum err (*work)(struct tx *tx, void *arg), void *arg)
{
    struct tx tx;
    db_begin(&tx, c->db, DB_WRITE, &c->arena);
    enum err e = work(&tx, arg);
    if (e == OK)
        e = db_commit(&tx);
    db_rollback(&tx);
    return e;
}
