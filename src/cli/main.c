/* SPDX-License-Identifier: MIT */
/* irisx: the command. Which word runs what. */
#include "cli/contract.h"
#include "cli/sheet.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

struct entry {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
    enum {
        ALONE,
        WORDS,
        VERBS
    } options; /* completed by running it up to cli_parse, VERBS: with a verb. ALONE: never */
};

static const struct entry entries[] = {
    { "demo", cmd_demo, "place calls, send an SMS and receive signed webhooks against a local platform", WORDS },
    { "sandbox", cmd_sandbox, "run the local platform", ALONE },
    { "login", cmd_login, "log in and keep the session in a profile", WORDS },
    { "logout", cmd_logout, "end the session", WORDS },
    { "config", cmd_config, "settings: what holds, where it comes from; profiles", WORDS },
    { "doctor", cmd_doctor, "whether calls will work from here, and what to do if not" },
    { "call", cmd_call, "place or answer a call", WORDS },
    { "line", cmd_line, "keep lines registered: their state, texts, busy lamps, voice mail", WORDS },
    { "sms", cmd_sms, "send, get and list text messages", VERBS },
    { "calls", cmd_shortcut, "list, get, create and hang up calls of the platform", VERBS },
    { "messages", cmd_shortcut, "messages of all channels", VERBS },
    { "contacts", cmd_shortcut, "the contact book", VERBS },
    { "numbers", cmd_shortcut, "telephone numbers of the tenant", VERBS },
    { "recordings", cmd_shortcut, "the recording of a call, into a file", VERBS },
    { "api", cmd_api, "every operation of the platform's REST API", WORDS },
    { "webhooks", cmd_webhooks, "receive and verify signed webhooks", VERBS },
    { "completion", cmd_completion, "completion script for bash, zsh or fish", ALONE },
};

void cli_commands(void (*offer)(const char *typed, const char *word, const char *text), const char *typed)
{
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        offer(typed, entries[i].name, entries[i].summary);
}

void cli_complete_command(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (strcmp(argv[0], entries[i].name) == 0 && argc > (int) entries[i].options && entries[i].options != ALONE)
            (void) entries[i].run(argc, argv);
}

static const char help_more[] = "\nhelp:\n"
                                "  irisx COMMAND --help    its options\n"
                                "  irisx api --list WORD   operations with that word\n"
                                "  irisx api ID --help     all about one of them\n"
                                "  irisx --version         version\n"
                                "\nfirst steps, offline:\n"
                                "  irisx sandbox           in one terminal: a platform of your own\n"
                                "  irisx login             in another: asks for what the first one told\n"
                                "  irisx sms send --from +12025550101 --to +12025550199 --text 'Hello'\n"
                                "  irisx sms list\n"
                                "\nsettings: an option, else the environment (IRISX_API_URL, IRISX_API_KEY,\n"
                                "IRISX_CREDENTIAL_COMMAND, IRISX_CA_FILE, IRISX_PROFILE, IRISX_CONFIG), else the\n"
                                "profile. irisx config shows what holds.\n"
                                "\nexit codes:\n"
                                "    0  ok\n"
                                "    1  failed, or refused by the platform\n"
                                "    2  usage; nothing was sent\n"
                                "    3  credentials or permission\n"
                                "    4  no such thing\n"
                                "    5  network, time or a limit: later it may work\n"
                                "    6  unknown: it may have been done; look before you repeat it\n"
                                "  130  interrupted\n";

static int help(FILE *to)
{
    const char *bold = text_style(to, STYLE_BOLD), *plain = text_style(to, STYLE_PLAIN);

    (void) fprintf(to,
        "irisx %s: the command of libirisx-client\n\n%susage:%s irisx COMMAND [options]\n\n%scommands:%s\n",
        irisx_version(), bold, plain, bold, plain);
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        (void) fprintf(to, "  %-11s %s\n", entries[i].name, entries[i].summary);
    (void) fputs(help_more, to);
    return to == stdout ? EXIT_OK : EXIT_USAGE;
}

static int no_command(const char *word);

/* "help sms send": what "sms send --help" says */
static int help_about(int argc, char **argv)
{
    char *words[4] = { 0 };
    int n = argc < 3 ? argc : 3;

    for (int i = 0; i < n; i++)
        words[i] = argv[i];
    words[n] = (char *) "--help";
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (strcmp(argv[0], entries[i].name) == 0)
            return entries[i].run(n + 1, words);
    return no_command(argv[0]);
}

static int no_command(const char *word)
{
    struct suggest s;
    char text[128];

    suggest_begin(&s, word);
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        suggest_offer(&s, entries[i].name);
    if (contract_operation(word))
        return cli_usage("no command \"%s\", but an operation: irisx api %s", word, word);
    return cli_usage(
        "no command \"%s\"%s%s", word, suggest_text(&s, text, sizeof text), s.count ? "" : "; irisx --help lists them");
}

/* What was printed must have got out, or the command failed, whatever it did */
static int ended(int code)
{
    if (cli_interrupted())
        return EXIT_INTERRUPTED;
    if (!fflush(stdout) && !ferror(stdout))
        return code;
    cli_line(stderr, "irisx: standard output cannot be written%s", code ? "" : ", but what was asked for is done");
    return code ? code : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return help(stderr);
    if (strcmp(argv[1], "help") == 0 && argc > 2)
        return help_about(argc - 2, argv + 2);
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
        if (strcmp(argv[1], entries[i].name) == 0)
            return ended(entries[i].run(argc - 1, argv + 1));
    return no_command(argv[1]);
}
