/* SPDX-License-Identifier: MIT */
/* Options: a table a command, help from the same table. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define ICE_SERVERS_LIMIT 65536

static const char *const common_help =
    "\ncommon options:\n"
    "  --profile NAME        profile of the configuration file (default: \"default\")\n"
    "  --api-url URL         platform's REST API (IRISX_API_URL)\n"
    "  --api-key-file FILE   API key (IRISX_API_KEY)\n"
    "  --ca-file FILE        trusted authorities, PEM (IRISX_CA_FILE)\n"
    "  --ice-servers-file FILE  STUN and TURN servers with credentials, JSON as WebRTC's iceServers\n"
    "  --interfaces LIST     which carry media: \"wlan*,eth0\", \"!docker*\"\n"
    "  --capture FILE        pcapng of signalling and decrypted media, secrets redacted\n"
    "  --timeline-dir DIR    one JSON timeline a call\n"
    "  --json                one line of JSON on stdout\n"
    "  --quiet               no progress\n"
    "  --log LEVEL           error, warn, info, debug, trace\n"
    "  --help\n";

static int help(const struct cli_command *c)
{
    (void) printf("usage: irisx %s %s [options]\n\n%s\n", c->name, c->arguments, c->summary);
    if (c->option_count)
        (void) printf("\noptions:\n");
    for (size_t i = 0; i < c->option_count; i++) {
        const struct cli_option *o = &c->options[i];
        char left[64], letter[8] = "";

        if (o->letter)
            (void) snprintf(letter, sizeof letter, "-%c, ", o->letter);
        (void) snprintf(
            left, sizeof left, "%s--%s%s%s", letter, o->name, o->argument ? " " : "", o->argument ? o->argument : "");
        (void) printf(strlen(left) > 21 ? "  %s\n%24s%s\n" : "  %-21s %s%s\n", left, strlen(left) > 21 ? "" : o->help,
            strlen(left) > 21 ? o->help : "");
    }
    (void) printf("%s%s", common_help, c->more ? c->more : "");
    return EXIT_OK;
}

static int log_level(const char *name)
{
    static const char *const names[] = { "none", "error", "warn", "info", "debug", "trace" };

    for (int i = 0; i < (int) (sizeof names / sizeof *names); i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}

struct cursor {
    int argc;
    char **argv;
    int at;
    const char *attached; /* "--name=value" */
};

static const char *value_of(struct cursor *k)
{
    if (k->attached)
        return k->attached;
    return k->at + 1 < k->argc ? k->argv[++k->at] : NULL;
}

/* 1: taken, 0: not a common option, -1: wrong */
static int take_common(struct cli_common *c, const char *name, struct cursor *k, const char **key_file)
{
    const struct {
        const char *name;
        const char **to;
    } texts[] = { { "profile", &c->profile }, { "api-url", &c->api_url }, { "ca-file", &c->ca_file },
        { "capture", &c->capture }, { "timeline-dir", &c->timeline_dir }, { "api-key-file", key_file },
        { "ice-servers-file", &c->ice_servers_file }, { "interfaces", &c->interfaces } };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(name, texts[i].name) == 0)
            return (*texts[i].to = value_of(k)) ? 1 : -1;
    if (strcmp(name, "json") == 0)
        return c->json = true;
    if (strcmp(name, "quiet") == 0)
        return c->quiet = true;
    if (strcmp(name, "log") == 0) {
        const char *level = value_of(k);

        c->log_level = level ? log_level(level) : -1;
        return c->log_level < 0 ? -1 : 1;
    }
    return 0;
}

static int take_value(const struct cli_option *o, struct cursor *k)
{
    const char *value;

    if (!o->argument)
        return k->attached ? -1 : (*o->flag = true);
    value = value_of(k);
    if (o->words && o->words->count == CLI_WORDS_MAX)
        return -1;
    if (o->words && value)
        o->words->items[o->words->count++] = value;
    else if (!o->words)
        *o->text = value;
    return value ? 1 : -1;
}

static int take_own(const struct cli_command *command, const char *name, struct cursor *k)
{
    for (size_t i = 0; i < command->option_count; i++)
        if (strcmp(name, command->options[i].name) == 0)
            return take_value(&command->options[i], k);
    return 0;
}

/* "-p"; NULL: no option of that letter */
static const struct cli_option *by_letter(const struct cli_command *command, const char *word)
{
    for (size_t i = 0; i < command->option_count; i++)
        if (word[0] == '-' && word[1] && !word[2] && word[1] == command->options[i].letter)
            return &command->options[i];
    return NULL;
}

static char *dup_text(const char *s)
{
    size_t n = s ? strlen(s) + 1 : 0;
    char *copy = s ? malloc(n) : NULL;

    if (copy)
        memcpy(copy, s, n);
    return copy;
}

/* What no flag said: environment, then profile. */
static int fill(struct cli_common *c, const char *key_file)
{
    irisx_value_t *profile = cli_profile_load(c->profile);
    const char *url = c->api_url ? c->api_url : getenv("IRISX_API_URL");
    const char *key = getenv("IRISX_API_KEY");
    size_t size;

    c->owned_url = dup_text(url ? url : irisx_value_get_text(profile, "api_url", NULL));
    c->api_url = c->owned_url;
    if (!c->ca_file)
        c->ca_file = getenv("IRISX_CA_FILE");
    if (key_file)
        c->api_key = cli_read_secret(key_file);
    else
        c->api_key = dup_text(key ? key : irisx_value_get_text(profile, "api_key", NULL));
    c->access_token = dup_text(irisx_value_get_text(profile, "access_token", NULL));
    c->refresh_token = dup_text(irisx_value_get_text(profile, "refresh_token", NULL));
    irisx_value_free(profile);
    if (c->ice_servers_file)
        c->ice_servers = cli_read_file(c->ice_servers_file, ICE_SERVERS_LIMIT, &size);
    if (key_file && !c->api_key)
        return cli_usage("cannot read an API key from %s", key_file);
    if (c->ice_servers_file && !c->ice_servers)
        return cli_usage("cannot read ICE servers from %s", c->ice_servers_file);
    return -1;
}

static int take_option(const struct cli_command *command, struct cli_common *common, struct cursor *k,
    const char **key_file, const char *first_word)
{
    char name[64];
    const char *word = k->argv[k->at] + 2;
    const char *equals = strchr(word, '=');
    size_t n = equals ? (size_t) (equals - word) : strlen(word);
    int taken;

    k->attached = equals ? equals + 1 : NULL;
    (void) snprintf(name, sizeof name, "%.*s", (int) n, word); /* a longer one is no option either */
    taken = take_own(command, name, k);
    if (!taken)
        taken = take_common(common, name, k, key_file);
    if (taken > 0)
        return -1;
    if (taken)
        return cli_usage("--%s: wrong or missing value; irisx %s --help", name, command->name);
    return command->hint ? cli_usage("no option --%s; %s", name, command->hint(name, first_word))
                         : cli_usage("no option --%s; irisx %s --help", name, command->name);
}

int cli_parse(const struct cli_command *command, struct cli_common *common, int argc, char **argv,
    const char **positional, size_t positional_max, size_t *positional_count)
{
    struct cursor k = { .argc = argc, .argv = argv };
    const char *key_file = NULL;
    bool only_words = false;

    memset(common, 0, sizeof *common);
    *positional_count = 0;
    for (k.at = 1; k.at < argc; k.at++) {
        const char *word = argv[k.at];
        const struct cli_option *letter = only_words ? NULL : by_letter(command, word);
        int code;

        if (!only_words && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)) {
            code = command->about && *positional_count ? command->about(common, positional[0]) : -1;
            return code < 0 ? help(command) : code;
        }
        if (!only_words && strcmp(word, "--") == 0) {
            only_words = true;
        } else if (letter) {
            k.attached = NULL;
            if (take_value(letter, &k) < 0)
                return cli_usage("-%c: missing value; irisx %s --help", letter->letter, command->name);
        } else if (only_words || strncmp(word, "--", 2) != 0) {
            if (*positional_count == positional_max)
                return cli_usage("\"%s\" is one word too many; irisx %s --help", word, command->name);
            positional[(*positional_count)++] = word;
        } else if ((code = take_option(command, common, &k, &key_file, *positional_count ? positional[0] : NULL)) >=
                   0) {
            return code;
        }
    }
    return fill(common, key_file);
}

void cli_common_clear(struct cli_common *c)
{
    cli_wipe(c->ice_servers);
    cli_wipe(c->api_key);
    cli_wipe(c->access_token);
    cli_wipe(c->refresh_token);
    free(c->owned_url);
    memset(c, 0, sizeof *c);
}

bool cli_number(const char *text, double min, double max, double *out)
{
    char *end;

    *out = strtod(text, &end);
    return *text && !*end && *out >= min && *out <= max;
}
