/* SPDX-License-Identifier: MIT */
/* irisx config: what holds now and where it comes from (flag, environment, profile); set and unset in the profile. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/contract.h"
#include "cli/sheet.h"

static const struct {
    const char *name, *help;
    bool secret, path;
} settings[] = {
    { "api_url", "the platform's REST API", false, false },
    { "api_key", "an API key; read from @FILE or typed, never from the command line", true, false },
    { "credential_command", "a command that prints a credential each time one is needed", false, false },
    { "ca_file", "trusted authorities, PEM", false, true },
};
#define SETTINGS (sizeof settings / sizeof *settings)

/* ---- show -------------------------------------------------------------------------------- */
static void row(irisx_value_t *rows, const char *name, const char *value, const char *from)
{
    irisx_value_t *r = irisx_value_new_object();

    (void) irisx_value_set_text(r, "setting", name); /* what finds no memory is not shown */
    (void) irisx_value_set_text(r, "value", value ? value : "-");
    (void) irisx_value_set_text(r, "from", from ? from : "-");
    (void) irisx_value_add_take(rows, r);
}

static const char *kind_of(const struct cli_common *c)
{
    return c->credential_command ? "what a command prints"
           : c->api_key          ? "API key"
           : c->access_token     ? "session of a user"
                                 : NULL;
}

static int show(const struct cli_common *c)
{
    const char *given = c->profile ? "--profile" : cli_env("IRISX_PROFILE") ? "IRISX_PROFILE" : "default";
    irisx_value_t *rows = irisx_value_new_array();
    const struct sheet_options o = { .form = SHEET_TABLE, .width = terminal_width(stdout) };
    struct sheet *s = c->json ? NULL : sheet_new(stdout, &o);
    int code = EXIT_FAILED;

    row(rows, "file", cli_config_path(), cli_env("IRISX_CONFIG") ? "IRISX_CONFIG" : "default");
    row(rows, "profile", cli_profile_name(c->profile), given);
    row(rows, "api_url", c->api_url, c->url_from);
    row(rows, "credential", kind_of(c), kind_of(c) ? c->credential_from : NULL);
    row(rows, "admin", c->admin_token ? "session of staff" : NULL, c->admin_token ? "profile" : NULL);
    row(rows, "ca_file", c->ca_file ? c->ca_file : "the system's", c->ca_from ? c->ca_from : "default");
    if (c->json)
        code = cli_print_value(rows);
    else if (s && sheet_rows(s, rows))
        code = EXIT_OK;
    sheet_free(s);
    irisx_value_free(rows);
    return code;
}

/* ---- change ------------------------------------------------------------------------------ */
struct wish {
    const char *name, *value; /* value NULL: away with it */
};

static int change(irisx_value_t *profile, void *ctx)
{
    const struct wish *w = ctx;

    if (w->value)
        return irisx_value_set_text(profile, w->name, w->value) ? EINVAL : 0;
    return irisx_value_remove(profile, w->name) ? -1 : 0;
}

static int write_it(const struct cli_common *c, const struct wish *w)
{
    int err = cli_profile_change(c->profile, change, (void *) (uintptr_t) w);

    if (err)
        return cli_fail_code(c, IRISX_E_IO, cli_config_path(), err == EBADMSG ? "not valid JSON" : strerror(err));
    if (c->json)
        (void) puts("{\"ok\":true}");
    else
        cli_say(c, "%s of profile %s in %s", w->value ? "kept" : "no longer", cli_profile_name(c->profile),
            cli_config_path());
    return EXIT_OK;
}

static int unknown(const char *name)
{
    struct suggest s;
    char text[128];

    suggest_begin(&s, name);
    for (size_t i = 0; i < SETTINGS; i++)
        suggest_offer(&s, settings[i].name);
    return cli_usage("no setting \"%s\"%s%s", name, suggest_text(&s, text, sizeof text),
        s.count ? "" : "; irisx config --help lists them");
}

static int set(const struct cli_common *c, const char *name, const char *value)
{
    struct wish w = { .name = name };
    char *owned = NULL;
    size_t at, n;
    int code;

    for (at = 0; at < SETTINGS && strcmp(settings[at].name, name) != 0; at++)
        ;
    if (at == SETTINGS)
        return unknown(name);
    if (settings[at].secret && value && *value != '@')
        return cli_usage("%s is a secret, and others can read a command line: irisx config set %s @FILE, or without a "
                         "value to type it",
            name, name);
    if (!value || strcmp(value, "@-") == 0)
        owned = cli_ask(name, settings[at].secret);
    else
        owned = settings[at].path ? realpath(value, NULL) : params_text(name, value, &n);
    if (!owned)
        return cli_interrupted() ? EXIT_INTERRUPTED : cli_usage("%s: no value", name);
    w.value = owned;
    code = *owned ? write_it(c, &w) : cli_usage("%s: the value is empty; irisx config unset %s removes it", name, name);
    cli_wipe(owned);
    return code;
}

void config_names(void (*offer)(const char *typed, const char *word, const char *text), const char *typed)
{
    for (size_t i = 0; i < SETTINGS; i++)
        offer(typed, settings[i].name, settings[i].help);
}

static int act(const struct cli_common *c, const char *const *words, size_t count)
{
    struct wish away = { .name = words[1] };

    if (strcmp(words[0], "set") == 0 && count > 1)
        return set(c, words[1], count > 2 ? words[2] : NULL);
    if (strcmp(words[0], "unset") != 0 || count != 2)
        return cli_usage("irisx config, irisx config set NAME [VALUE], irisx config unset NAME");
    for (size_t i = 0; i < SETTINGS; i++)
        if (strcmp(settings[i].name, words[1]) == 0)
            return write_it(c, &away);
    return unknown(words[1]);
}

static void settings_help(char *out, size_t size)
{
    size_t n = (size_t) snprintf(out, size, "\nsettings of a profile:\n");

    for (size_t i = 0; i < SETTINGS && n < size; i++)
        n += (size_t) snprintf(out + n, size - n, "  %-20s  %s\n", settings[i].name, settings[i].help);
    if (n < size)
        (void) snprintf(out + n, size - n,
            "\nAn option beats the environment, the environment a profile. The credentials of a profile go to the\n"
            "profile's platform alone. A credential command prints an API key or a token, or JSON with api_key, or with\n"
            "access_token, refresh_token, admin_access_token; it runs in /bin/sh when a request needs it.\n"
            "\nexamples:\n"
            "  irisx config                                        what holds, and where it comes from\n"
            "  irisx config set api_url https://api.example.com --profile work\n"
            "  irisx config set credential_command 'pass show irisx/work' --profile work\n"
            "  irisx config set api_key                            asks for it\n");
}

int cmd_config(int argc, char **argv)
{
    char more[2048];
    const struct cli_command command = { .name = "config",
        .arguments = "[set NAME [VALUE] | unset NAME]",
        .summary = "Shows the settings that hold, or changes those of a profile.",
        .more = more,
        .rest = true,
        .makes_profile = true };
    const char *words[3] = { "", "", "" };
    struct cli_common c;
    size_t count;
    int code;

    settings_help(more, sizeof more);
    code = cli_parse(&command, &c, argc, argv, words, 3, &count);
    if (code < 0)
        code = count ? act(&c, words, count) : show(&c);
    cli_common_clear(&c);
    return code;
}
