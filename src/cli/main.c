/* SPDX-License-Identifier: MIT */
/* irisx: the command. Which word runs what. */
#include "cli/cli.h"

#include <locale.h>
#include <string.h>

struct entry {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
};

static const struct entry entries[] = {
    { "demo", cmd_demo, "place calls, send an SMS and receive signed webhooks against a local platform" },
    { "sandbox", cmd_sandbox, "run the local platform" },
    { "login", cmd_login, "log in and keep the tokens in a profile" },
    { "call", cmd_call, "place or answer a call" },
    { "sms", cmd_sms, "send, get and list text messages" },
    { "calls", cmd_shortcut, "list, get, create and hang up calls of the platform" },
    { "messages", cmd_shortcut, "messages of all channels" },
    { "contacts", cmd_shortcut, "the contact book" },
    { "numbers", cmd_shortcut, "telephone numbers of the tenant" },
    { "recordings", cmd_shortcut, "the recording of a call, into a file" },
    { "api", cmd_api, "every operation of the platform's REST API" },
    { "webhooks", cmd_webhooks, "receive and verify signed webhooks" },
    { "completion", cmd_completion, "completion script for bash, zsh or fish" },
};

void cli_commands(void (*offer)(const char *typed, const char *word, const char *text), const char *typed)
{
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        offer(typed, entries[i].name, entries[i].summary);
}

static int help(FILE *to)
{
    (void) fprintf(to, "irisx %s: the command of libirisx-client\n\nusage: irisx COMMAND [options]\n\ncommands:\n",
        irisx_version());
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        (void) fprintf(to, "  %-10s %s\n", entries[i].name, entries[i].summary);
    (void) fprintf(to, "\n  irisx COMMAND --help   options of a command\n  irisx --version        version\n"
                       "\nexit codes: 0 ok, 1 failed, 2 usage, 3 credentials, 4 not found, 5 network or limit,\n"
                       "            6 outcome unknown, 130 interrupted\n");
    return to == stdout ? EXIT_OK : EXIT_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return help(stderr);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
        return help(stdout);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        (void) printf("irisx %s\n", irisx_version());
        return EXIT_OK;
    }
    if (strcmp(argv[1], "__complete") == 0)
        return cli_complete(argc - 1, argv + 1);
    /* for the width of characters: the platform speaks UTF-8, whatever the terminal; this thread alone */
    (void) uselocale(newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t) 0));
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--json") == 0)
            cli_want_json();
    cli_signals();
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (strcmp(argv[1], entries[i].name) == 0) {
            int code = entries[i].run(argc - 1, argv + 1);

            return cli_interrupted() ? EXIT_INTERRUPTED : code;
        }
    return cli_usage("no command \"%s\"; irisx --help lists them", argv[1]);
}
