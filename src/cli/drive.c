/* SPDX-License-Identifier: MIT */
/* A client driven by a command: events pulled, signals noticed, everything closed in order. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/session.h"

static int wake[2] = { -1, -1 };
static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
    int before = errno;

    signalled = number;
    (void) !write(wake[1], "", 1); /* full means awake already */
    errno = before;
}

void cli_signals(void)
{
    struct sigaction sa;

    if (pipe(wake))
        return; /* signals are noticed at the next event then */
    for (int i = 0; i < 2; i++) {
        (void) fcntl(wake[i], F_SETFD, FD_CLOEXEC);
        (void) fcntl(wake[i], F_SETFL, O_NONBLOCK);
    }
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_signal;
    sa.sa_flags = SA_RESETHAND; /* a second one ends the command at once */
    (void) sigaction(SIGINT, &sa, NULL);
    (void) sigaction(SIGTERM, &sa, NULL);
}

bool cli_interrupted(void)
{
    return signalled != 0;
}

bool cli_readable(int fd)
{
    struct pollfd fds[2] = { { .fd = fd, .events = POLLIN }, { .fd = wake[0], .events = POLLIN } };

    while (!signalled)
        if (poll(fds, 2, -1) > 0 && fds[0].revents)
            return true;
    return false;
}

double cli_now_ms(void)
{
    struct timespec t;

    (void) clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec * 1000.0 + (double) t.tv_nsec / 1e6;
}

static void print_log(int32_t level, const char *area, const char *line, void *user_data)
{
    static const char *const names[] = { "", "error", "warn", "info", "debug", "trace" };

    (void) user_data;
    cli_line(stderr, "%s %s: %s", names[level > 0 && level < 6 ? level : 0], area, line);
}

/* A command has one client; another one only to fetch from elsewhere, without credentials. */
#define CLIENTS 2
static struct {
    irisx_client_t *client;
    struct session session;
} clients[CLIENTS];
static bool refused; /* the credential command gave nothing, and said so */

static irisx_error_t make(const struct cli_common *c, size_t at)
{
    irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;
    irisx_rest_options_t rest = IRISX_REST_OPTIONS_INIT;
    irisx_error_t err;

    rest.proxy_from_environment = 1; /* as of any command */
    o.rest = &rest;
    o.api_url = c->api_url;
    o.ca_file = c->ca_file;
    o.capture_file = c->capture;
    o.ice_servers = c->ice_servers;
    o.interfaces = c->interfaces;
    o.timeline_dir = c->timeline_dir;
    o.user_agent = "irisx";
    o.realtime = 1; /* asked for, not needed */
    o.ws_proxy = c->ws_proxy;
    o.state_dir = cli_state_dir();
    o.log = c->log_level ? print_log : NULL;
    o.log_level = c->log_level;
    err = session_open(&clients[at].session, c, &o);
    refused = err != IRISX_OK;
    if (!err)
        err = irisx_client_new(&o, &clients[at].client);
    if (err)
        session_clear(&clients[at].session);
    return err;
}

irisx_error_t cli_client(const struct cli_common *c, irisx_client_t **out)
{
    irisx_error_t err = IRISX_E_LIMIT;

    for (size_t i = 0; i < CLIENTS; i++)
        if (!clients[i].client) {
            err = make(c, i);
            if (!err)
                *out = clients[i].client;
            break;
        }
    return err;
}

int cli_no_client(const struct cli_common *c, irisx_error_t err)
{
    bool url = c->api_url && (strncmp(c->api_url, "http://", 7) == 0 || strncmp(c->api_url, "https://", 8) == 0);

    if (refused && !c->json)
        return cli_interrupted() ? EXIT_INTERRUPTED : EXIT_AUTH; /* it was said */
    if (err == IRISX_E_INVALID && !refused && c->api_url && !url)
        return cli_usage("\"%s\" is no URL: it begins with https:// or http:// (%s)", c->api_url,
            c->url_from ? c->url_from : "typed");
    return cli_fail_code(c, err, "starting",
        refused                  ? "the credential command gave no credential"
        : err == IRISX_E_INVALID ? "the API URL or the credential is not valid"
                                 : NULL);
}

bool cli_has_token(irisx_client_t *client, const char *url)
{
    const char *host = strstr(url, "://"), *path = host ? strchr(host + 3, '/') : NULL;
    bool admin = path && strncmp(path, "/admin/", 7) == 0;

    for (size_t i = 0; i < CLIENTS; i++)
        if (clients[i].client == client)
            return admin ? clients[i].session.admin : clients[i].session.access;
    return false;
}

int cli_no_platform(void)
{
    return cli_usage("no platform: give --api-url, set IRISX_API_URL, or log in (irisx login); irisx sandbox runs one");
}

irisx_event_t *cli_next(irisx_client_t *client, double deadline_ms)
{
    return cli_next_input(client, deadline_ms, -1, NULL);
}

irisx_event_t *cli_next_input(irisx_client_t *client, double deadline_ms, int fd, bool *input)
{
    irisx_event_t *ev;

    while (!signalled) {
        struct pollfd fds[3] = { { .fd = irisx_client_event_fd(client), .events = POLLIN },
            { .fd = wake[0], .events = POLLIN }, { .fd = fd, .events = POLLIN } };
        double left = deadline_ms - cli_now_ms();

        if (irisx_client_next_event(client, 0, &ev) == IRISX_OK)
            return ev;
        if (left <= 0)
            return NULL;
        if (poll(fds, 3, left > 3600000 ? 3600000 : (int) left + 1) > 0 && fds[2].revents) {
            *input = true;
            return NULL;
        } /* interrupted or not: looked at again */
    }
    return NULL;
}

irisx_error_t cli_await(irisx_client_t *client, irisx_op_t *op, double timeout_ms,
    void (*on_event)(void *ctx, const irisx_event_t *ev), void *ctx)
{
    double deadline = cli_now_ms() + timeout_ms;

    while (!irisx_op_done(op)) {
        irisx_event_t *ev = cli_next(client, deadline);

        if (!ev)
            return signalled ? IRISX_E_CANCELLED : IRISX_E_TIMEOUT;
        if (on_event)
            on_event(ctx, ev);
        irisx_event_unref(ev);
    }
    return irisx_op_error(op)->code;
}

int cli_close(irisx_client_t *client, int code)
{
    if (client) {
        (void) irisx_client_close(client, 3000); /* a peer that does not answer the farewell is no failure of ours */
        irisx_client_unref(client);
    }
    for (size_t i = 0; client && i < CLIENTS; i++)
        if (clients[i].client == client) {
            clients[i].client = NULL;
            session_clear(&clients[i].session);
        }
    return signalled ? EXIT_INTERRUPTED : code;
}
