/* SPDX-License-Identifier: MIT */
/*
 * Credentials of a client: the key or tokens that options.c found, or those that a command prints
 * (--credential-command), and the token store: what the library renews goes back into the profile it came from.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/session.h"

#define OUTPUT_LIMIT 65536

extern char **environ;

/* ---- a command that prints a credential -------------------------------------------------- */
static pid_t start(const char *command, int *from)
{
    char *argv[] = { (char *) "sh", (char *) "-c", (char *) (uintptr_t) command, NULL };
    posix_spawn_file_actions_t actions;
    int ends[2];
    pid_t pid = -1;

    if (pipe2(ends, O_CLOEXEC))
        return -1;
    if (!posix_spawn_file_actions_init(&actions)) {
        if (posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO) ||
            posix_spawn(&pid, "/bin/sh", &actions, NULL, argv, environ))
            pid = -1;
        (void) posix_spawn_file_actions_destroy(&actions);
    }
    (void) close(ends[1]);
    if (pid < 0)
        (void) close(ends[0]);
    *from = ends[0];
    return pid;
}

/* All that it prints; NULL: too much, it failed, or a signal came. Says why. */
static char *output_of(const char *command)
{
    int from, status = -1;
    pid_t pid = start(command, &from);
    char *text = pid < 0 ? NULL : calloc(1, OUTPUT_LIMIT + 1);
    size_t n = 0;
    ssize_t got = 1;

    if (pid < 0) {
        cli_line(stderr, "irisx: the credential command cannot be started: %s", strerror(errno));
        return NULL;
    }
    while (text && got > 0 && n < OUTPUT_LIMIT)
        if ((got = cli_readable(from) ? read(from, text + n, OUTPUT_LIMIT - n) : -1) > 0)
            n += (size_t) got;
    (void) close(from);
    if (got)
        (void) kill(pid, SIGTERM); /* whatever it still does, nobody reads it */
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (text && !got && WIFEXITED(status) && !WEXITSTATUS(status))
        return text;
    if (!cli_interrupted())
        cli_line(stderr,
            got > 0 ? "irisx: the credential command prints too much"
                    : "irisx: the credential command failed (status %d)",
            WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    cli_wipe(text);
    return NULL;
}

static char *member(const irisx_value_t *object, const char *name)
{
    const char *text = irisx_value_get_text(object, name, NULL);

    return text && *text ? strdup(text) : NULL;
}

/* RFC 7519 section 3: three parts, the first of which is a JSON object in base64url */
static bool is_jwt(const char *text)
{
    const char *dot = strchr(text, '.');

    return strncmp(text, "eyJ", 3) == 0 && dot && strchr(dot + 1, '.');
}

static bool take_output(struct session *s, char *text)
{
    irisx_value_t *object = NULL;
    size_t blank = strspn(text, " \t\r\n");

    memmove(text, text + blank, strlen(text + blank) + 1);
    if (*text == '{') {
        if (irisx_value_parse(text, strlen(text), &object, NULL))
            return false;
        s->api_key = member(object, "api_key");
        s->access = member(object, "access_token");
        s->refresh = member(object, "refresh_token");
        s->admin = member(object, "admin_access_token");
        irisx_value_free(object);
    } else {
        text[strcspn(text, "\r\n")] = 0;
        if (*text)
            *(is_jwt(text) ? &s->access : &s->api_key) = strdup(text);
    }
    return s->api_key || s->access || s->admin;
}

static irisx_error_t ask_command(struct session *s, const char *command)
{
    char *text = output_of(command);
    bool good = text && take_output(s, text);

    if (text && !good)
        cli_line(stderr, "irisx: the credential command printed no credential: an API key, a token, or JSON with "
                         "api_key, access_token, refresh_token, admin_access_token");
    cli_wipe(text);
    return good ? IRISX_OK : IRISX_E_AUTH;
}

/* ---- the token store --------------------------------------------------------------------- */
static void load(irisx_token_slot_t *slot, int32_t session, void *user_data)
{
    const struct session *s = user_data;
    const char *access = session == IRISX_SESSION_ADMIN ? s->admin : s->access;

    if (access)
        (void) irisx_token_slot_set(slot, access, session == IRISX_SESSION_ADMIN ? NULL : s->refresh);
}

struct renewal {
    const struct session *session;
    int32_t kind;
    const char *access, *refresh;
};

/* Somebody who logged in meanwhile, in another process, is not overwritten. */
static int renew(irisx_value_t *object, void *ctx)
{
    const struct renewal *r = ctx;
    const struct session *s = r->session;
    bool admin = r->kind == IRISX_SESSION_ADMIN;
    const char *name = admin ? "admin_access_token" : "access_token", *ours = admin ? s->admin : s->refresh,
               *theirs = irisx_value_get_text(object, admin ? name : "refresh_token", "");

    if (!ours || strcmp(ours, theirs) != 0)
        return -1;
    if (!r->access) {
        (void) irisx_value_remove(object, name);
        (void) irisx_value_remove(object, admin ? name : "refresh_token"); /* the same one twice is no harm */
        return 0;
    }
    if (irisx_value_set_text(object, name, r->access) ||
        (!admin && r->refresh && irisx_value_set_text(object, "refresh_token", r->refresh)))
        return ENOMEM;
    return 0;
}

static void save(int32_t session, const char *access_token, const char *refresh_token, void *user_data)
{
    struct session *s = user_data;
    struct renewal r = { .session = s, .kind = session, .access = access_token, .refresh = refresh_token };
    int err = cli_profile_change(s->profile, renew, &r);

    if (err)
        cli_line(stderr, "irisx: the renewed token is not kept: %s: %s", cli_config_path(), strerror(err));
    if (session == IRISX_SESSION_USER && refresh_token) { /* what the file has now, for the next time */
        cli_wipe(s->refresh);
        s->refresh = strdup(refresh_token);
    }
}

/* ---- of one client ----------------------------------------------------------------------- */
static char *copy(const char *text)
{
    return text && *text ? strdup(text) : NULL;
}

irisx_error_t session_open(struct session *s, const struct cli_common *c, irisx_client_options_t *o)
{
    irisx_rest_options_t *rest = (irisx_rest_options_t *) (uintptr_t) o->rest;
    irisx_error_t err = IRISX_OK;

    memset(s, 0, sizeof *s);
    if (c->credential_command) {
        err = ask_command(s, c->credential_command);
    } else {
        s->api_key = copy(c->api_key);
        s->access = copy(c->access_token);
        s->refresh = copy(c->refresh_token);
        s->admin = copy(c->admin_token);
        s->profile = c->profile;
    }
    o->api_key = s->api_key;
    if (!err && c->api_url && (s->access || s->admin)) {
        rest->load_tokens = load;
        rest->save_tokens = c->of_profile && !c->credential_command ? save : NULL;
        rest->token_user_data = s;
    }
    return err;
}

void session_clear(struct session *s)
{
    cli_wipe(s->api_key);
    cli_wipe(s->access);
    cli_wipe(s->refresh);
    cli_wipe(s->admin);
    memset(s, 0, sizeof *s);
}
