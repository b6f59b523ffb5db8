/* SPDX-License-Identifier: MIT */
/*
 * irisx login, irisx logout: a session of a user, or with --admin one of the platform's staff. Tokens go into the
 * profile; the password and the code of a second factor go to the platform and nowhere else.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define LOGIN_MS 30000.0

struct login {
    struct cli_common common;
    const char *email, *password_file, *code_file;
    char *asked_url, *asked_email, *password, *code;
    bool admin;
    irisx_client_t *client;
    irisx_op_t *op;
};

static int interrupted_or(int code)
{
    return cli_interrupted() ? EXIT_INTERRUPTED : code;
}

/* ---- what is missing is asked for -------------------------------------------------------- */
static int ask_where(struct login *l)
{
    struct cli_common *c = &l->common;

    if (!c->api_url && cli_asks())
        c->api_url = l->asked_url = cli_ask("URL of the platform's API", false);
    if (!c->api_url || !*c->api_url)
        return interrupted_or(cli_usage("login needs the platform: --api-url URL"));
    if (!l->email && cli_asks())
        l->email = l->asked_email = cli_ask("email", false);
    if (!l->email || !*l->email)
        return interrupted_or(cli_usage("login needs --email EMAIL"));
    return EXIT_OK;
}

static int ask_password(struct login *l)
{
    l->password = l->password_file ? cli_read_secret(l->password_file) : cli_ask("password", true);
    if (!l->password && l->password_file && !cli_interrupted())
        return cli_usage("cannot read a password from %s", l->password_file);
    return l->password ? EXIT_OK : interrupted_or(cli_usage("no password: give --password-file FILE, or type it"));
}

static int ask_code(struct login *l)
{
    if (l->code_file)
        l->code = cli_read_secret(l->code_file);
    else if (cli_asks())
        l->code = cli_ask("code of the second factor", false);
    return l->code ? EXIT_OK
                   : interrupted_or(cli_fail_code(&l->common, IRISX_E_AUTH, "logging in",
                         "the account wants a second factor: give --code-file FILE, or type the code"));
}

/* ---- the exchange ------------------------------------------------------------------------ */
/* What is inside of {"data": {...}}, or what has no such envelope (staff) */
static const irisx_value_t *data_of(const struct login *l)
{
    const irisx_value_t *root = irisx_op_value(l->op), *data = irisx_value_get(root, "data");

    return data ? data : root;
}

static irisx_error_t call(struct login *l, const char *id, const char *const pairs[2][2])
{
    irisx_value_t *params = irisx_value_new_object();
    irisx_error_t err = params ? IRISX_OK : IRISX_E_NO_MEMORY;

    for (int i = 0; !err && i < 2; i++)
        err = irisx_value_set_text(params, pairs[i][0], pairs[i][1]);
    irisx_op_unref(l->op);
    l->op = NULL;
    if (!err)
        err = irisx_api_call(l->client, id, params, NULL, &l->op);
    irisx_value_free(params);
    return err ? err : cli_await(l->client, l->op, LOGIN_MS, NULL, NULL);
}

static int told(struct login *l, irisx_error_t err)
{
    if (!err)
        return EXIT_OK;
    if (l->op && irisx_op_done(l->op))
        return cli_fail(&l->common, irisx_op_error(l->op), "logging in");
    return interrupted_or(cli_fail_code(&l->common, err, "logging in", NULL));
}

/* True: the password was right, but the account wants a code too */
static bool wants_code(const struct login *l)
{
    return l->op && irisx_op_done(l->op) && irisx_value_get_bool(data_of(l), "requires_2fa", 0);
}

static int verify(struct login *l)
{
    const char *pending = irisx_value_get_text(data_of(l), "pending_token", "");
    char *token = strdup(pending); /* the op it is of goes with the next */
    int code = token ? ask_code(l) : EXIT_FAILED;

    if (!code) {
        const char *const pairs[2][2] = { { "pending_token", token }, { "totp_code", l->code } };

        code = told(l, call(l, l->admin ? "admin.auth.verify_2fa" : "auth.verify_2fa", pairs));
    }
    cli_wipe(token);
    return code;
}

static int log_in(struct login *l)
{
    const char *const pairs[2][2] = { { "email", l->email }, { "password", l->password } };
    irisx_error_t err = call(l, l->admin ? "admin.auth.login" : "auth.login", pairs);

    return wants_code(l) ? verify(l) : told(l, err);
}

/* ---- what is kept, what is said ---------------------------------------------------------- */
static const char *access_token(const struct login *l)
{
    const irisx_value_t *data = data_of(l), *tokens = irisx_value_get(data, "tokens");

    return l->admin ? irisx_value_get_text(data, "token", NULL) : irisx_value_get_text(tokens, "access_token", NULL);
}

/* The new session; one of another platform or user is not left beside it */
static int keep(irisx_value_t *profile, void *ctx)
{
    static const char *const old[] = { "access_token", "refresh_token", "admin_access_token" };
    const struct login *l = ctx;
    const struct cli_common *c = &l->common;
    const char *refresh = irisx_value_get_text(irisx_value_get(data_of(l), "tokens"), "refresh_token", NULL);
    bool moved = strcmp(irisx_value_get_text(profile, "api_url", c->api_url), c->api_url) != 0;
    char *ca = c->ca_file ? realpath(c->ca_file, NULL) : NULL;
    int bad = 0;

    for (size_t i = 0; i < sizeof old / sizeof *old; i++)
        if (moved || (i < 2) == !l->admin)
            (void) irisx_value_remove(profile, old[i]); /* may be missing */
    bad = irisx_value_set_text(profile, "api_url", c->api_url) ||
          irisx_value_set_text(profile, l->admin ? old[2] : old[0], access_token(l)) ||
          (!l->admin && refresh && irisx_value_set_text(profile, "refresh_token", refresh)) ||
          (ca && irisx_value_set_text(profile, "ca_file", ca));
    free(ca);
    return bad ? ENOMEM : 0;
}

static int save(struct login *l)
{
    int err;

    if (!access_token(l))
        return cli_fail_code(
            &l->common, IRISX_E_PROTOCOL, "logging in", "the platform's answer has no token: is the address right?");
    err = cli_profile_change(l->common.profile, keep, l);
    if (!err)
        return EXIT_OK;
    cli_line(stderr, "irisx: %s: %s", cli_config_path(), err == EBADMSG ? "not valid JSON" : strerror(err));
    return cli_fail_code(&l->common, IRISX_E_IO, "keeping the token", "the configuration file cannot be written");
}

static int print(const struct login *l)
{
    const irisx_value_t *user = irisx_value_get(data_of(l), l->admin ? "admin" : "user");
    irisx_value_t *root;
    int code = EXIT_FAILED;

    if (!l->common.json) {
        cli_line(stdout, "logged in as %s (%s%s) at %s", irisx_value_get_text(user, "email", l->email),
            l->admin ? "staff, " : "", irisx_value_get_text(user, "role", "no role told"), l->common.api_url);
        cli_say(&l->common, "kept in %s, profile %s", cli_config_path(), cli_profile_name(l->common.profile));
        return EXIT_OK;
    }
    root = irisx_value_new_object();
    if (root) {
        (void) irisx_value_set_bool(root, "ok", 1); /* what finds no memory is missing in the line */
        (void) irisx_value_set_take(root, l->admin ? "admin" : "user", irisx_value_dup(user));
        code = cli_print_value(root);
    }
    irisx_value_free(root);
    return code;
}

static int run(struct login *l)
{
    /* what is kept already has no business in a login */
    struct cli_common bare = l->common;
    irisx_error_t err;
    int code;

    bare.api_key = bare.access_token = bare.refresh_token = bare.admin_token = NULL;
    bare.credential_command = NULL;
    err = cli_client(&bare, &l->client);
    code = err ? cli_no_client(&l->common, err) : log_in(l);
    if (!code)
        code = save(l);
    if (!code)
        code = print(l);
    irisx_op_unref(l->op);
    return cli_close(l->client, code);
}

static const char login_more[] =
    "\nWhat is not given is asked for on a terminal; passwords and codes are not read from the command line. Sessions of\n"
    "users are renewed by themselves; those of staff end after some hours. To keep an API key or a command that\n"
    "prints a credential instead: irisx config --help\n"
    "\nexamples:\n"
    "  irisx login --api-url http://127.0.0.1:8080 --email admin@sandbox.test\n"
    "  irisx login --profile work --email ann@example.com --password-file - < password.txt\n"
    "  irisx login --admin --email staff@example.com\n";

int cmd_login(int argc, char **argv)
{
    struct login l = { 0 };
    const struct cli_option options[] = {
        { .name = "email", .argument = "EMAIL", .help = "who logs in", .text = &l.email },
        { .name = "password-file",
            .argument = "FILE",
            .help = "the password; \"-\" standard input (default: asked for)",
            .text = &l.password_file },
        { .name = "code-file",
            .argument = "FILE",
            .help = "the code of the second factor, for accounts that want one (default: asked for)",
            .text = &l.code_file },
        { .name = "admin", .help = "as the platform's staff, for operations admin.*", .flag = &l.admin }
    };
    const struct cli_command command = { .name = "login",
        .arguments = "",
        .summary = "Logs in and keeps the session in the profile, which its owner alone can read.",
        .options = options,
        .option_count = sizeof options / sizeof *options,
        .more = login_more,
        .rest = true,
        .makes_profile = true };
    size_t count;
    int code = cli_parse(&command, &l.common, argc, argv, NULL, 0, &count);

    if (code < 0) {
        code = ask_where(&l);
        if (!code)
            code = ask_password(&l);
        if (!code)
            code = run(&l);
    }
    cli_wipe(l.password);
    cli_wipe(l.code);
    free(l.asked_url);
    free(l.asked_email);
    cli_common_clear(&l.common);
    return code;
}

/* ---- out --------------------------------------------------------------------------------- */
struct logout {
    bool admin;
};

static int forget(irisx_value_t *profile, void *ctx)
{
    const struct logout *l = ctx;

    (void) irisx_value_remove(profile, l->admin ? "admin_access_token" : "access_token"); /* may be gone already */
    if (!l->admin)
        (void) irisx_value_remove(profile, "refresh_token");
    return 0;
}

/* Staff: by the operation, since their token is in the store alone, which a log-out does not ask */
static irisx_error_t ask_end(irisx_client_t *client, const struct cli_common *c, bool admin, irisx_op_t **op)
{
    irisx_error_t err;

    if (admin)
        return irisx_api_call(client, "admin.auth.logout", NULL, NULL, op);
    err = irisx_client_set_tokens(
        client, c->access_token, c->refresh_token && *c->refresh_token ? c->refresh_token : NULL);
    return err ? err : irisx_client_logout(client, IRISX_SESSION_USER, op);
}

static int end_session(const struct cli_common *c, bool admin)
{
    struct logout l = { admin };
    struct cli_common own = *c;
    irisx_client_t *client = NULL;
    irisx_op_t *op = NULL;
    irisx_error_t err;
    int code = EXIT_OK, bad;

    own.api_key = own.access_token = NULL; /* it is the session that ends */
    own.credential_command = NULL;
    err = cli_client(&own, &client);
    if (!err)
        err = ask_end(client, c, admin, &op);
    if (!err)
        err = cli_await(client, op, LOGIN_MS, NULL, NULL);
    if (err && cli_interrupted())
        code = EXIT_INTERRUPTED;
    else if (err)
        cli_say(c, "irisx: the platform did not end the session (%s); its token is forgotten here",
            op && irisx_op_done(op) ? irisx_op_error(op)->message : irisx_error_text(err));
    bad = code ? 0 : cli_profile_change(c->profile, forget, &l);
    if (bad)
        code = cli_fail_code(c, IRISX_E_IO, "forgetting the token", strerror(bad));
    irisx_op_unref(op);
    return cli_close(client, code);
}

int cmd_logout(int argc, char **argv)
{
    bool admin = false;
    const struct cli_option options[] = { { .name = "admin", .help = "the staff's session", .flag = &admin } };
    const struct cli_command command = { .name = "logout",
        .arguments = "",
        .summary = "Ends the session at the platform and forgets its tokens.",
        .options = options,
        .option_count = 1,
        .rest = true };
    struct cli_common c;
    size_t count;
    int code = cli_parse(&command, &c, argc, argv, NULL, 0, &count);

    if (code < 0) {
        if (!c.of_profile || !(admin ? c.admin_token : c.access_token))
            code = cli_fail_code(&c, IRISX_E_AUTH, "logging out", "nobody is logged in with this profile");
        else
            code = end_session(&c, admin);
        if (!code && c.json)
            (void) puts("{\"ok\":true}");
        else if (!code)
            cli_line(stdout, "logged out of %s", c.api_url);
    }
    cli_common_clear(&c);
    return code;
}
