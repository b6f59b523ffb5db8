/* SPDX-License-Identifier: MIT */
/* irisx login: POST /v1/auth/login; the tokens go into the profile file, the password nowhere. */
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"

#define LOGIN_MS 30000

static char *ask_password(void)
{
    struct termios before, quiet;
    bool terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    char *text = NULL;
    size_t cap = 0;

    if (terminal) {
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t) ECHO;
        (void) tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet); /* shown then: better than no login */
        (void) fputs("password: ", stderr);
    }
    if (!cli_readable(STDIN_FILENO) || getline(&text, &cap, stdin) < 0) {
        free(text);
        text = NULL;
    }
    if (terminal) {
        (void) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        (void) fputc('\n', stderr);
    }
    if (text)
        text[strcspn(text, "\r\n")] = 0;
    return text;
}

static int save(const struct cli_common *c, const irisx_value_t *answer)
{
    const irisx_value_t *tokens = irisx_value_get(irisx_value_get(answer, "data"), "tokens");
    irisx_value_t *profile = cli_profile_load(c->profile);
    const char *access = irisx_value_get_text(tokens, "access_token", NULL);
    int bad = !profile || !access;

    bad = bad || irisx_value_set_text(profile, "api_url", c->api_url) ||
          irisx_value_set_text(profile, "access_token", access) ||
          irisx_value_set_text(profile, "refresh_token", irisx_value_get_text(tokens, "refresh_token", ""));
    bad = bad || cli_profile_save(c->profile, profile);
    irisx_value_free(profile);
    if (!access)
        return cli_fail_code(c, IRISX_E_PROTOCOL, "logging in", "the platform's answer has no token");
    return bad ? cli_fail_code(c, IRISX_E_IO, "keeping the tokens", "the configuration file cannot be written")
               : EXIT_OK;
}

static int print(const struct cli_common *c, const irisx_value_t *answer)
{
    const irisx_value_t *user = irisx_value_get(irisx_value_get(answer, "data"), "user");
    irisx_value_t *root;

    if (!c->json) {
        cli_line(stdout, "logged in as %s (%s), tokens in %s", irisx_value_get_text(user, "email", "?"),
            irisx_value_get_text(user, "role", "?"), cli_config_path());
        return EXIT_OK;
    }
    root = irisx_value_new_object();
    if (root) {
        (void) irisx_value_set_bool(root, "ok", 1); /* what finds no memory is missing in the line */
        (void) irisx_value_set_take(root, "user", irisx_value_dup(user));
        (void) cli_print_value(root);
    }
    irisx_value_free(root);
    return EXIT_OK;
}

static int run(const struct cli_common *c, const char *email, char *password)
{
    irisx_value_t *params = irisx_value_new_object();
    irisx_client_t *client = NULL;
    irisx_op_t *op = NULL;
    irisx_error_t err = cli_client(c, &client);
    int code;

    if (!err && (irisx_value_set_text(params, "email", email) || irisx_value_set_text(params, "password", password)))
        err = IRISX_E_NO_MEMORY;
    if (!err)
        err = irisx_api_call(client, "auth.login", params, NULL, &op);
    irisx_value_free(params);
    if (!err)
        err = cli_await(client, op, LOGIN_MS, NULL, NULL);
    if (err && op && irisx_op_done(op))
        code = cli_fail(c, irisx_op_error(op), "logging in");
    else if (err)
        code = cli_interrupted() ? EXIT_INTERRUPTED : cli_fail_code(c, err, "logging in", NULL);
    else {
        code = save(c, irisx_op_value(op));
        if (!code)
            code = print(c, irisx_op_value(op));
    }
    irisx_op_unref(op);
    return cli_close(client, code);
}

int cmd_login(int argc, char **argv)
{
    const char *email = NULL, *file = NULL;
    const struct cli_option options[] = { { "email", "EMAIL", "user", &email, NULL },
        { "password-file", "FILE", "its password, \"-\" for standard input (default: asked for)", &file, NULL } };
    const struct cli_command command = { "login", "", "Logs in and keeps the tokens in the profile (0600).", options,
        2 };
    struct cli_common c;
    char *password = NULL;
    size_t count;
    int code = cli_parse(&command, &c, argc, argv, NULL, 0, &count);

    if (code < 0) {
        code = EXIT_OK;
        if (!c.api_url || !email)
            code = cli_usage("login needs --api-url and --email");
        else if (!(password = file ? cli_read_secret(file) : ask_password()))
            code = cli_interrupted() ? EXIT_INTERRUPTED : cli_usage("no password: give --password-file or type it");
        if (!code) {
            /* a stale token of the profile has no business in a login */
            cli_wipe(c.access_token);
            c.access_token = NULL;
            code = run(&c, email, password);
        }
    }
    cli_wipe(password);
    cli_common_clear(&c);
    return code;
}
