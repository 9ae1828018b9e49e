/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: one line per verb.
 */
#include "app.h"
#include "base/text.h"
#include "command/command.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name, *help;
    int (*run)(struct console *c);
} verbs[] = {
    { "serve", "start the server [--dev [--ephemeral]] [--config FILE]", app_serve },
    { "version", "the version", command_version },
    { "config", "settings: init, check, print", command_config },
    { "migrate", "the shape of the database: plan, up, status", command_migrate },
    { "user", "accounts: create, list, show, lock, unlock, reset-2fa, delete, keep", command_user },
    { "key", "signing keys: list, rotate", command_key },
    { "audit", "what happened: tail, verify", command_audit },
    { "job", "periodic work: list, run", command_job },
    { "clock", "what the store knows of time: show, accept", command_clock },
    { "password-list", "lists of breached passwords: build, check", command_password_list },
    { "routes", "every door, one line each", command_routes },
    { "openapi", "the API as OpenAPI 3.1", command_openapi },
    { "reference", "reference pages: routes, settings, errors, limits, ...", command_reference },
};

static void print_help(FILE *to)
{
    (void)fprintf(to, "cardea %s: a sign-in and account server\n\n", CARDEA_VERSION);
    for (size_t i = 0; i < COUNT(verbs); i++)
        (void)fprintf(to, "  cardea %-13s %s\n", verbs[i].name, verbs[i].help);
    (void)fprintf(to, "\nSettings come from the environment and from --config FILE or "
                      "./cardea.conf; `cardea config\n"
                      "init` writes one with every setting explained. Most verbs know --json.\n");
}

int main(int argc, char **argv)
{
    struct console console;
    if (!console_parse(&console, argc, argv)) {
        console_close(&console);
        return EXIT_USAGE;
    }
    const char *verb = console_word(&console, 0);
    if (console_option(&console, "help") || text_equal(verb, "help") || text_equal(verb, "-h")) {
        print_help(stdout);
        console_close(&console);
        return EXIT_DONE;
    }
    app_register();
    if (!verb && console_option(&console, "version"))
        verb = "version";
    for (size_t i = 0; i < COUNT(verbs); i++) {
        if (!text_equal(verb, verbs[i].name))
            continue;
        int code = verbs[i].run(&console);
        console_close(&console);
        return code;
    }
    if (verb)
        (void)console_fail("there is no verb %s", verb);
    print_help(stderr);
    console_close(&console);
    return EXIT_USAGE;
}
