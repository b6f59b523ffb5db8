/* SPDX-License-Identifier: MIT */
/* Options: a table a command, help from the same table. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/sheet.h"

#define ICE_SERVERS_LIMIT 65536

static const struct {
    const char *name, *argument, *help;
    bool media; /* of no use without a call */
} common_options[] = {
    { "profile", "NAME", "profile of the configuration file (IRISX_PROFILE; default: \"default\")", false },
    { "api-url", "URL", "the platform's REST API (IRISX_API_URL)", false },
    { "api-key-file", "FILE", "API key (IRISX_API_KEY)", false },
    { "credential-command", "COMMAND", "prints an API key or token (IRISX_CREDENTIAL_COMMAND)", false },
    { "ca-file", "FILE", "trusted authorities, PEM (IRISX_CA_FILE)", false },
    { "ice-servers-file", "FILE", "STUN and TURN servers with credentials, JSON as WebRTC's iceServers", true },
    { "interfaces", "LIST", "which carry media: \"wlan*,eth0\", \"!docker*\"", true },
    { "capture", "FILE", "pcapng of signalling and decrypted media, secrets redacted", true },
    { "timeline-dir", "DIR", "one JSON timeline a call", true },
    { "json", NULL, "JSON on standard output, one document a line", false },
    { "quiet", NULL, "no progress, no hints", false },
    { "log", "LEVEL", "error, warn, info, debug, trace; to standard error", false },
    { "help", NULL, "this text", false },
};
#define COMMON_COUNT (sizeof common_options / sizeof *common_options)

const char *cli_common_option(size_t index, bool rest, const char **help)
{
    static char text[40];

    for (size_t i = 0; i < COMMON_COUNT; i++)
        if (!(rest && common_options[i].media) && !index--) {
            (void) snprintf(text, sizeof text, "--%s", common_options[i].name);
            *help = common_options[i].help;
            return text;
        }
    return NULL;
}

#define LEFT_MAX 26 /* longer ones have a line of their own */

static void help_line(const char *left, const char *right, size_t width)
{
    int n = (int) text_width(left);

    (void) printf("  %s", left);
    if (n > LEFT_MAX)
        (void) printf("\n%*s", LEFT_MAX + 4, "");
    else
        (void) printf("%*s", LEFT_MAX + 2 - n, "");
    text_wrap(stdout, right, LEFT_MAX + 4, width);
}

static void help_options(const struct cli_command *c, size_t width)
{
    char left[96];

    (void) printf("\n%s%s%s\n", text_style(stdout, STYLE_BOLD), "options:", text_style(stdout, STYLE_PLAIN));
    for (size_t i = 0; i < c->option_count; i++) {
        const struct cli_option *o = &c->options[i];
        char letter[8] = "";

        if (o->letter)
            (void) snprintf(letter, sizeof letter, "-%c, ", o->letter);
        (void) snprintf(
            left, sizeof left, "%s--%s%s%s", letter, o->name, o->argument ? " " : "", o->argument ? o->argument : "");
        help_line(left, o->help, width);
    }
}

static int help(const struct cli_command *c)
{
    size_t width = terminal_width(stdout);
    char left[96];

    width = width && width < 120 ? width : 120;
    (void) printf("%susage:%s irisx %s%s%s [options]\n\n", text_style(stdout, STYLE_BOLD),
        text_style(stdout, STYLE_PLAIN), c->name, *c->arguments ? " " : "", c->arguments);
    text_wrap(stdout, c->summary, 0, width);
    if (c->option_count)
        help_options(c, width);
    (void) printf("\n%scommon options:%s\n", text_style(stdout, STYLE_BOLD), text_style(stdout, STYLE_PLAIN));
    for (size_t i = 0; i < COMMON_COUNT; i++) {
        if (c->rest && common_options[i].media)
            continue;
        (void) snprintf(left, sizeof left, "--%s%s%s", common_options[i].name, common_options[i].argument ? " " : "",
            common_options[i].argument ? common_options[i].argument : "");
        help_line(left, common_options[i].help, width);
    }
    (void) printf("%s", c->more ? c->more : "");
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
    /* help is taken by cli_parse */
    const struct {
        const char *name;
        const char **to;
    } texts[] = { { "profile", &c->profile }, { "api-url", &c->api_url }, { "ca-file", &c->ca_file },
        { "capture", &c->capture }, { "timeline-dir", &c->timeline_dir }, { "api-key-file", key_file },
        { "ice-servers-file", &c->ice_servers_file }, { "interfaces", &c->interfaces },
        { "credential-command", &c->credential_command } };

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

const char *cli_env(const char *name)
{
    const char *text = getenv(name);

    return text && *text ? text : NULL;
}

/* ---- what no flag said: environment, then profile ---------------------------------------- */
/* One setting; owned: where a copy of the profile's text is kept. Says where it is from. */
static const char *setting(const char **value, const char *flag, const char *env, const char *of_profile, char **owned)
{
    if (*value)
        return flag;
    if ((*value = cli_env(env)))
        return env;
    *value = *owned = dup_text(of_profile);
    return *value ? "profile" : NULL;
}

/* Whether two URLs are of one server: what was got from one is not told to another */
static bool same_server(const char *a, const char *b)
{
    size_t n = strcspn(a, "/"), start = strncmp(a + n, "//", 2) == 0 ? n + 2 : 0, len = start + strcspn(a + start, "/");

    return strncasecmp(a, b, len) == 0 && (!b[len] || b[len] == '/');
}

/* Tokens and keys, of the first of flag, environment and profile that has any */
static int credentials(struct cli_common *c, const char *key_file, const irisx_value_t *profile)
{
    const char *key = cli_env("IRISX_API_KEY"), *theirs = irisx_value_get_text(profile, "api_url", NULL);
    bool flag = key_file || c->credential_command;

    if (key_file && c->credential_command)
        return cli_usage("give one of --api-key-file and --credential-command");
    if (key_file && !(c->api_key = cli_read_secret(key_file)))
        return cli_usage("cannot read an API key from %s", key_file);
    if (!flag && key)
        c->api_key = dup_text(key);
    if (!flag && !key)
        c->credential_command = cli_env("IRISX_CREDENTIAL_COMMAND");
    c->credential_from = key_file                ? "--api-key-file"
                         : flag                  ? "--credential-command"
                         : c->api_key            ? "IRISX_API_KEY"
                         : c->credential_command ? "IRISX_CREDENTIAL_COMMAND"
                                                 : NULL;
    if (theirs && c->api_url && !same_server(theirs, c->api_url))
        return -1; /* they are of another platform */
    c->admin_token = dup_text(irisx_value_get_text(profile, "admin_access_token", NULL));
    c->of_profile = true;
    if (c->credential_from)
        return -1;
    c->credential_command = c->owned[2] = dup_text(irisx_value_get_text(profile, "credential_command", NULL));
    c->api_key = dup_text(irisx_value_get_text(profile, "api_key", NULL));
    c->access_token = dup_text(irisx_value_get_text(profile, "access_token", NULL));
    c->refresh_token = dup_text(irisx_value_get_text(profile, "refresh_token", NULL));
    if (c->credential_command || c->api_key || c->access_token || c->admin_token)
        c->credential_from = "profile";
    return -1;
}

static int no_profile(const char *name)
{
    irisx_value_t *all = cli_profiles();
    char list[256] = "";
    size_t n = 0;
    int code;

    for (const char *k = irisx_value_next_key(all, NULL); k && n < sizeof list; k = irisx_value_next_key(all, k))
        n += (size_t) snprintf(list + n, sizeof list - n, "%s%s", n ? ", " : "", k);
    code = cli_usage("no profile \"%s\" in %s; %s%s; irisx login --profile %s makes it", name, cli_config_path(),
        *list ? "there are: " : "there is none", list, name);
    irisx_value_free(all);
    return code;
}

static int fill(const struct cli_command *command, struct cli_common *c, const char *key_file)
{
    irisx_value_t *profile = cli_profile_load(c->profile);
    const char *name = cli_profile_name(c->profile);
    size_t size;
    int code = -1;

    if (!command->makes_profile && !irisx_value_count(profile) && strcmp(name, "default") != 0)
        code = no_profile(name);
    c->url_from =
        setting(&c->api_url, "--api-url", "IRISX_API_URL", irisx_value_get_text(profile, "api_url", NULL), c->owned);
    c->ca_from = setting(
        &c->ca_file, "--ca-file", "IRISX_CA_FILE", irisx_value_get_text(profile, "ca_file", NULL), c->owned + 1);
    if (code < 0)
        code = credentials(c, key_file, profile);
    irisx_value_free(profile);
    if (c->ice_servers_file)
        c->ice_servers = cli_read_file(c->ice_servers_file, ICE_SERVERS_LIMIT, &size);
    if (code < 0 && c->ice_servers_file && !c->ice_servers)
        return cli_usage("cannot read ICE servers from %s", c->ice_servers_file);
    return code;
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
    if (cli_completing(command))
        return EXIT_OK;
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
    return fill(command, common, key_file);
}

void cli_common_clear(struct cli_common *c)
{
    cli_wipe(c->ice_servers);
    cli_wipe(c->api_key);
    cli_wipe(c->access_token);
    cli_wipe(c->refresh_token);
    cli_wipe(c->admin_token);
    for (size_t i = 0; i < sizeof c->owned / sizeof *c->owned; i++)
        free(c->owned[i]);
    memset(c, 0, sizeof *c);
}

bool cli_number(const char *text, double min, double max, double *out)
{
    char *end;

    *out = strtod(text, &end);
    return *text && !*end && *out >= min && *out <= max;
}
