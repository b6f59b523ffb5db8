/* SPDX-License-Identifier: MIT */
/* irisx line: lines kept registered; texts, busy lamps, presence and voice mail of them. Commands on standard input. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/line.h"

#define ORDER_MS 35000

struct line_args {
    const char *ws, *servers, *realm, *user, *auth_user, *password_file, *name, *instance, *proxy, *duration;
    struct cli_words extensions, watch;
    double duration_s;
};

static void on_event(void *ctx, const irisx_event_t *ev)
{
    line_event(ctx, ev);
}

/* ---- opening ----------------------------------------------------------------------------- */
static struct line_row *row_new(struct lines *s, const char *name)
{
    struct line_row *row = s->count < LINES_MAX ? &s->rows[s->count++] : NULL;

    if (!row)
        return NULL;
    (void) snprintf(row->name, sizeof row->name, "%s", name ? name : "(first extension)");
    row->state = IRISX_LINE_CONNECTING;
    row->since_ms = cli_now_ms();
    return row;
}

static irisx_error_t open_given(struct lines *s, const struct line_args *a)
{
    irisx_line_options_t o = IRISX_LINE_OPTIONS_INIT;
    struct line_row *row = row_new(s, a->user);
    char *password = a->password_file ? cli_read_secret(a->password_file) : NULL;
    irisx_error_t err;

    if (a->password_file && !password)
        return IRISX_E_IO;
    o.ws_url = a->ws;
    o.servers = a->servers;
    o.user = a->user;
    o.realm = a->realm;
    o.auth_user = a->auth_user;
    o.password = password;
    o.display_name = a->name;
    o.instance = a->instance;
    err = irisx_line_open(s->client, &o, &row->line, &row->opening);
    cli_wipe(password);
    return err;
}

static irisx_error_t open_all(struct lines *s, const struct line_args *a)
{
    irisx_error_t err = IRISX_OK;

    if (a->ws)
        return open_given(s, a);
    for (size_t i = 0; !err && i < (a->extensions.count ? a->extensions.count : 1); i++) {
        const char *extension = a->extensions.count ? a->extensions.items[i] : NULL;
        struct line_row *row = row_new(s, extension);

        err = row ? irisx_line_open_provisioned(s->client, extension, &row->line, &row->opening) : IRISX_E_LIMIT;
    }
    return err;
}

/* "dialog:1001", "message-summary" */
static bool watch(struct lines *s, const char *what)
{
    irisx_subscription_options_t o = IRISX_SUBSCRIPTION_OPTIONS_INIT;
    size_t len = strcspn(what, ": ");
    struct line_watch *w = &s->watches[s->watch_count];

    o.package = line_package(what, len);
    o.to = what[len] && what[len + 1] ? what + len + 1 : NULL;
    if (!o.package || s->watch_count == WATCHES_MAX || irisx_line_subscribe(s->rows[0].line, &o, &w->subscription))
        return false;
    s->watch_count++;
    return true;
}

/* ---- commands ---------------------------------------------------------------------------- */
static void settle(struct lines *s, const char *command, const char *to, irisx_error_t err, irisx_op_t *op)
{
    if (err) {
        (void) cli_fail_code(s->common, err, command, NULL);
        return;
    }
    if (cli_await(s->client, op, ORDER_MS, on_event, s) != IRISX_E_CANCELLED || irisx_op_done(op))
        line_done(s, command, to, op);
    irisx_op_unref(op);
}

static void send_message(struct lines *s, char *text)
{
    irisx_line_message_options_t o = IRISX_LINE_MESSAGE_OPTIONS_INIT;
    irisx_op_t *op = NULL;
    irisx_error_t err;
    char *space = strchr(text, ' ');

    if (!space) {
        cli_line(stderr, "irisx: message TO TEXT");
        return;
    }
    *space = 0;
    o.to = text;
    o.text = space + 1;
    err = irisx_line_message(s->rows[0].line, &o, &op);
    settle(s, "message", text, err, op);
}

/* false: it is to end */
static bool order(struct lines *s, char *line)
{
    irisx_op_t *op = NULL;
    irisx_error_t err;

    s->drawn = 0; /* what was typed stands below the table */
    if (!strcmp(line, "quit") || !strcmp(line, "q"))
        return false;
    if (!strncmp(line, "message ", 8)) {
        send_message(s, line + 8);
    } else if (!strcmp(line, "ping") || !strncmp(line, "ping ", 5)) {
        const char *to = line[4] ? line + 5 : NULL;

        err = irisx_line_ping(s->rows[0].line, to, &op);
        settle(s, "ping", to ? to : "", err, op);
    } else if (!strncmp(line, "watch ", 6)) {
        if (!watch(s, line + 6))
            cli_line(stderr, "irisx: watch dialog:TO, presence:TO or message-summary; %d at most", WATCHES_MAX);
    } else if (*line) {
        cli_line(stderr, "irisx: message TO TEXT, ping [TO], watch PACKAGE[:TO], quit");
    }
    line_draw(s);
    return true;
}

/* what has come from standard input, line by line; false: it is to end */
struct typed {
    char text[20000];
    size_t len;
    bool over; /* nothing follows */
};

static bool typed_more(struct lines *s, struct typed *t)
{
    ssize_t n = read(STDIN_FILENO, t->text + t->len, sizeof t->text - 1 - t->len);
    char *end;

    if (n <= 0) {
        t->over = true;
        return true; /* the lines stay: a service has no standard input */
    }
    t->len += (size_t) n;
    while ((end = memchr(t->text, '\n', t->len)) != NULL) {
        size_t used = (size_t) (end - t->text) + 1;

        *end = 0;
        if (end > t->text && end[-1] == '\r')
            end[-1] = 0;
        if (!order(s, t->text))
            return false;
        memmove(t->text, t->text + used, t->len - used);
        t->len -= used;
    }
    if (t->len == sizeof t->text - 1)
        t->len = 0; /* no command is that long */
    return true;
}

/* ---- running ----------------------------------------------------------------------------- */
static bool any_alive(const struct lines *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->rows[i].state != IRISX_LINE_FAILED && s->rows[i].state != IRISX_LINE_CLOSED)
            return true;
    return false;
}

static int stay(struct lines *s, const struct line_args *a)
{
    static struct typed typed;
    double end = a->duration ? cli_now_ms() + a->duration_s * 1000 : 0;

    while (!cli_interrupted() && any_alive(s)) {
        double until = s->live ? cli_now_ms() + 1000 : cli_now_ms() + 3600000;
        bool input = false;
        irisx_event_t *ev;

        if (end && cli_now_ms() >= end)
            return EXIT_OK;
        ev = cli_next_input(s->client, end && end < until ? end : until, typed.over ? -1 : STDIN_FILENO, &input);
        if (ev)
            line_event(s, ev);
        else if (input && !typed_more(s, &typed))
            return EXIT_OK;
        else if (!input)
            line_draw(s); /* the times go on */
        irisx_event_unref(ev);
    }
    if (cli_interrupted())
        return EXIT_INTERRUPTED;
    for (size_t i = 0; i < s->count; i++)
        if (irisx_op_done(s->rows[i].opening) && irisx_op_error(s->rows[i].opening)->code)
            return cli_fail(s->common, irisx_op_error(s->rows[i].opening), "registering");
    return cli_fail_code(s->common, IRISX_E_AUTH, "the line", "every line was refused");
}

static int run(struct lines *s, const struct line_args *a)
{
    irisx_error_t err = cli_client(s->common, &s->client);
    int code = EXIT_OK;

    if (err)
        return cli_no_client(s->common, err);
    err = open_all(s, a);
    if (err == IRISX_E_IO)
        code = cli_fail_code(s->common, IRISX_E_NOT_FOUND, "reading the password", "the password file cannot be read");
    else if (err)
        code = cli_fail_code(
            s->common, err, "opening the line", err == IRISX_E_INVALID ? "the URL or the user is not valid" : NULL);
    for (size_t i = 0; !code && i < a->watch.count; i++)
        if (!watch(s, a->watch.items[i]))
            code = cli_usage("--watch is dialog:TO, presence:TO or message-summary");
    s->live = !s->common->json && isatty(STDOUT_FILENO);
    if (!code)
        code = stay(s, a);
    code = cli_close(s->client, code); /* unregisters */
    for (size_t i = 0; i < s->count; i++) {
        irisx_op_unref(s->rows[i].opening);
        irisx_line_unref(s->rows[i].line);
    }
    for (size_t i = 0; i < s->watch_count; i++)
        irisx_subscription_unref(s->watches[i].subscription);
    return code;
}

static int check(struct line_args *a, const struct cli_common *c)
{
    if (a->ws && !a->user)
        return cli_usage("--ws needs --user");
    if (a->proxy && strchr(a->proxy, '@'))
        return cli_usage("a password in --proxy is seen by everybody: put the URL into IRISX_WS_PROXY");
    if (!a->ws && !c->api_url)
        return cli_usage("give --ws and --user, or log in first (irisx login)");
    if (a->duration && !cli_number(a->duration, 0.1, 86400 * 365.0, &a->duration_s))
        return cli_usage("--duration is seconds, 0.1 to a year");
    return EXIT_OK;
}

int cmd_line(int argc, char **argv)
{
    static struct lines s;
    struct line_args a = { 0 };
    const struct cli_option options[] = {
        { "ws", "URL", "SIP-over-WebSocket server, ws:// or wss://", &a.ws, NULL },
        { "servers", "URLS", "further ones, best first, with commas between", &a.servers, NULL },
        { "user", "USER", "user of the address", &a.user, NULL },
        { "realm", "REALM", "domain of the address (default: host of URL)", &a.realm, NULL },
        { "auth-user", "USER", "user for the password, if another", &a.auth_user, NULL },
        { "password-file", "FILE", "its password, \"-\" for standard input", &a.password_file, NULL },
        { "name", "TEXT", "name shown to others", &a.name, NULL },
        { "extension", "EXT", "without --ws: a provisioned extension; may be given more than once", NULL, NULL,
            &a.extensions },
        { "instance", "URN", "urn:uuid of this device (default: kept beside the profiles)", &a.instance, NULL },
        { "proxy", "URL", "http://host:port (HTTP CONNECT); with a password: IRISX_WS_PROXY", &a.proxy, NULL },
        { "watch", "WHAT", "dialog:TO, presence:TO or message-summary; may be given more than once", NULL, NULL,
            &a.watch },
        { "duration", "SECONDS", "end after (default: at SIGINT, or quit)", &a.duration, NULL },
    };
    const struct cli_command command = { .name = "line",
        .arguments = "",
        .summary = "Keeps lines registered and tells their state, texts, busy lamps and voice mail.",
        .options = options,
        .option_count = sizeof options / sizeof *options,
        .more = "\ncommands on standard input:\n"
                "  message TO TEXT           send a text (SIP MESSAGE)\n"
                "  ping [TO]                 is the server, or somebody, there (SIP OPTIONS)\n"
                "  watch PACKAGE[:TO]        as --watch\n"
                "  quit                      unregister and end\n" };
    struct cli_common common;
    size_t count;
    int code = cli_parse(&command, &common, argc, argv, NULL, 0, &count);

    s.common = &common;
    if (code < 0)
        code = check(&a, &common);
    else {
        cli_common_clear(&common);
        return code;
    }
    common.ws_proxy = a.proxy ? a.proxy : cli_env("IRISX_WS_PROXY");
    if (!code)
        code = run(&s, &a);
    cli_common_clear(&common);
    return code;
}
