/* SPDX-License-Identifier: MIT */
/* irisx-sandbox: options, signals, the one line on stdout, the end. Main thread. */
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <irisx/version.h>

#include "sandbox/greet.h"
#include "sandbox/sandbox.h"

#define FAREWELL_MS 5000
#define DESCRIPTORS 8192

static const char help[] =
    "usage: irisx-sandbox [options]\n\n"
    "A local platform: REST, SIP over WebSocket, WebRTC media, webhooks. Prints its URLs and credentials when it is\n"
    "ready (one JSON line; on a terminal a text for people), then serves until SIGINT or SIGTERM.\n\n"
    "  --port N             port for HTTP and WebSocket (default: a free one)\n"
    "  --listen ADDR        address to listen on (default 127.0.0.1)\n"
    "  --allow-remote       allow addresses other than loopback, for listening and for media\n"
    "  --webhooks-anywhere  deliver webhooks to hosts other than loopback\n"
    "  --state FILE         keep state in this SQLite file (default: in memory)\n"
    "  --seed N             make the same credentials every time (tests)\n"
    "  --tls-cert FILE --tls-key FILE   serve https and wss\n"
    "  --as deployed        answer as the deployed platform does, quirks included\n"
    "  --fault NAME[=VALUE] drop-ws-after=SECONDS, no-answer, bad-fingerprint, sdp-without-fingerprint\n"
    "  --sha-256            offer SIP digest with SHA-256 beside MD5\n"
    "  --session-timer S    re-INVITE every S seconds in calls to agents (default 63)\n"
    "  --echo-raw           9196 returns payloads undecoded; --log info tells how many came off their grid\n"
    "  --exit-with-stdin    end when standard input is closed\n"
    "  --json               the JSON line on a terminal too\n"
    "  --log LEVEL          error, warn (default), info, debug or trace, on stderr\n"
    "  --version, --help\n\n"
    "Numbers: 9196 echo, 9197 tone, 9198 tone 5 s, 9199 record, 9486 busy, 9404 unknown, 9408 rings for ever,\n"
    "9500 four digits, 3000 conference, 1000..1009 agents, +1XXXXXXXXXX a person who answers and talks,\n"
    "**EXT and *8 pick up, transfer to 5900 parks, 5901..5999 take it. Agents may send texts and subscribe.\n";

enum option_id {
    OPT_PORT = 256,
    OPT_LISTEN,
    OPT_REMOTE,
    OPT_ANYWHERE,
    OPT_STATE,
    OPT_SEED,
    OPT_CERT,
    OPT_KEY,
    OPT_AS,
    OPT_FAULT,
    OPT_STDIN,
    OPT_SHA256,
    OPT_SESSION,
    OPT_ECHO_RAW,
    OPT_JSON,
    OPT_LOG,
    OPT_VERSION,
    OPT_HELP
};

static const struct option long_options[] = {
    { "port", required_argument, NULL, OPT_PORT },
    { "listen", required_argument, NULL, OPT_LISTEN },
    { "allow-remote", no_argument, NULL, OPT_REMOTE },
    { "webhooks-anywhere", no_argument, NULL, OPT_ANYWHERE },
    { "state", required_argument, NULL, OPT_STATE },
    { "seed", required_argument, NULL, OPT_SEED },
    { "tls-cert", required_argument, NULL, OPT_CERT },
    { "tls-key", required_argument, NULL, OPT_KEY },
    { "as", required_argument, NULL, OPT_AS },
    { "fault", required_argument, NULL, OPT_FAULT },
    { "exit-with-stdin", no_argument, NULL, OPT_STDIN },
    { "sha-256", no_argument, NULL, OPT_SHA256 },
    { "session-timer", required_argument, NULL, OPT_SESSION },
    { "echo-raw", no_argument, NULL, OPT_ECHO_RAW },
    { "json", no_argument, NULL, OPT_JSON },
    { "log", required_argument, NULL, OPT_LOG },
    { "version", no_argument, NULL, OPT_VERSION },
    { "help", no_argument, NULL, OPT_HELP },
    { NULL, 0, NULL, 0 },
};

static int usage(const char *what, const char *value)
{
    (void) fprintf(stderr, "irisx-sandbox: %s '%s' is not valid: see irisx-sandbox --help\n", what, value);
    return 2;
}

/* "2", "0.25": seconds to microseconds */
static int parse_seconds(struct ix_str s, uint64_t *us)
{
    struct ix_str whole;
    uint64_t seconds, fraction = 0, unit = IX_S;

    if (!ix_str_cut(&s, '.', &whole) || ix_str_u64(whole, 86400, &seconds) || s.n > 6 ||
        (s.n && ix_str_u64(s, 999999, &fraction)))
        return IRISX_E_INVALID;
    for (size_t i = 0; i < s.n; i++)
        unit /= 10;
    *us = seconds * IX_S + fraction * unit;
    return *us ? 0 : IRISX_E_INVALID;
}

static int parse_session(const char *arg, uint32_t *ms)
{
    uint64_t us;
    int err = parse_seconds(ix_str(arg), &us);

    if (!err)
        *ms = (uint32_t) (us / IX_MS);
    return err || !*ms ? IRISX_E_INVALID : 0;
}

static int parse_fault(struct sandbox_faults *f, const char *arg)
{
    struct ix_str value = ix_str(arg), name;

    if (!ix_str_cut(&value, '=', &name))
        return IRISX_E_INVALID;
    if (ix_str_eq(name, IX_STR("drop-ws-after")))
        return parse_seconds(value, &f->drop_ws_after_us);
    if (value.n)
        return IRISX_E_INVALID;
    if (ix_str_eq(name, IX_STR("no-answer")))
        f->no_answer = true;
    else if (ix_str_eq(name, IX_STR("bad-fingerprint")))
        f->bad_fingerprint = true;
    else if (ix_str_eq(name, IX_STR("sdp-without-fingerprint")))
        f->no_fingerprint = true;
    else
        return IRISX_E_INVALID;
    return 0;
}

static int parse_level(const char *arg, int *level)
{
    static const char *const names[] = { "", "error", "warn", "info", "debug", "trace" };

    for (int i = IX_LOG_ERROR; i <= IX_LOG_TRACE; i++) {
        if (!strcmp(arg, names[i])) {
            *level = i;
            return 0;
        }
    }
    return IRISX_E_INVALID;
}

static int parse_listen(struct ix_addr *addr, const char *arg)
{
    return ix_addr_parse(addr, ix_str(arg), addr->port);
}

static int parse_port(struct ix_addr *addr, const char *arg)
{
    uint32_t port;
    int err = ix_str_u32(ix_str(arg), 65535, &port);

    if (!err)
        addr->port = (uint16_t) port;
    return err;
}

/* one option; its name if the value is not valid */
static const char *take_option(struct sandbox_options *o, int id, const char *arg)
{
    switch ((enum option_id) id) {
    case OPT_PORT:
        return parse_port(&o->listen, arg) ? "--port" : NULL;
    case OPT_LISTEN:
        return parse_listen(&o->listen, arg) ? "--listen" : NULL;
    case OPT_REMOTE:
        o->allow_remote = true;
        return NULL;
    case OPT_ANYWHERE:
        o->webhooks_anywhere = true;
        return NULL;
    case OPT_STATE:
        o->state_file = arg;
        return *arg ? NULL : "--state";
    case OPT_SEED:
        o->has_seed = true;
        return ix_str_u64(ix_str(arg), UINT64_MAX, &o->seed) ? "--seed" : NULL;
    case OPT_CERT:
        o->tls_cert = arg;
        return NULL;
    case OPT_KEY:
        o->tls_key = arg;
        return NULL;
    case OPT_AS:
        o->deployed = !strcmp(arg, "deployed");
        return o->deployed || !strcmp(arg, "intended") ? NULL : "--as";
    case OPT_FAULT:
        return parse_fault(&o->faults, arg) ? "--fault" : NULL;
    case OPT_STDIN:
        o->exit_with_stdin = true;
        return NULL;
    case OPT_ECHO_RAW:
        o->echo_raw = true;
        return NULL;
    case OPT_SHA256:
        o->sha256 = true;
        return NULL;
    case OPT_SESSION:
        return parse_session(arg, &o->session_timer_ms) ? "--session-timer" : NULL;
    case OPT_JSON:
        o->json = true;
        return NULL;
    case OPT_LOG:
        return parse_level(arg, &o->log_level) ? "--log" : NULL;
    case OPT_VERSION:
    case OPT_HELP:
        return NULL;
    }
    return "an option";
}

/* -1: go on; else the exit status */
static int parse_options(struct sandbox_options *o, int argc, char **argv)
{
    int id;

    opterr = 0;
    while ((id = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        const char *bad;

        if (id == '?')
            return usage("option", argv[optind - 1]);
        if (id == OPT_HELP || id == OPT_VERSION) {
            (void) fputs(id == OPT_HELP ? help : "irisx-sandbox " IRISX_VERSION "\n", stdout);
            return 0;
        }
        bad = take_option(o, id, optarg);
        if (bad)
            return usage(bad, optarg ? optarg : "");
    }
    if (optind < argc)
        return usage("argument", argv[optind]);
    if (!ix_addr_is_loopback(&o->listen) && !o->allow_remote) {
        (void) fputs("irisx-sandbox: an address that others can reach needs --allow-remote\n", stderr);
        return 2;
    }
    if (!o->tls_cert != !o->tls_key) {
        (void) fputs("irisx-sandbox: --tls-cert and --tls-key go together\n", stderr);
        return 2;
    }
    return -1;
}

/* ---- serving ----------------------------------------------------------------------------- */
static int print_ready(struct sandbox *sb)
{
    struct ix_buf b;
    int err;

    ix_buf_init(&b, 64 * 1024);
    err = sandbox_ready_line(sb, &b);
    if (!err && !sb->options.json && isatty(STDOUT_FILENO))
        err = sandbox_greet((const char *) b.p, b.n, sb->options.tls_cert, stdout);
    else if (!err && (fwrite(b.p, 1, b.n, stdout) != b.n || fputc('\n', stdout) == EOF || fflush(stdout)))
        err = IRISX_E_IO;
    if (b.p)
        ix_wipe(b.p, b.n);
    ix_buf_clear(&b);
    return err;
}

/* The signal that ends it; 0: standard input was closed. */
static int wait_for_end(int signals, bool with_stdin)
{
    struct pollfd fds[2] = { { .fd = signals, .events = POLLIN },
        { .fd = with_stdin ? STDIN_FILENO : -1, .events = POLLIN } };
    struct signalfd_siginfo info;
    char junk[256];

    for (;;) {
        if (poll(fds, 2, -1) < 0)
            continue; /* EINTR: stopped and continued */
        if (fds[0].revents && read(signals, &info, sizeof info) == (ssize_t) sizeof info)
            return (int) info.ssi_signo;
        if (fds[1].revents && read(STDIN_FILENO, junk, sizeof junk) <= 0)
            return 0;
    }
}

static void on_assert(const char *cond, const char *file, int line)
{
    (void) fprintf(stderr, "irisx-sandbox: bug: %s (%s:%d)\n", cond, file, line);
}

/* SIGINT and SIGTERM become readable; threads that are made later have them blocked too */
static int open_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &set, NULL) || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Two sockets a leg, and connections: as far as the system allows it without asking anybody. */
static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit))
        return;
    limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
    (void) setrlimit(RLIMIT_NOFILE, &limit); /* refused: fewer calls at a time */
}

static int serve(const struct sandbox_options *o, int signals)
{
    struct sandbox *sb;
    const char *why = NULL;
    int err = sandbox_start(o, &sb, &why);
    int ended_by;
    bool clean;

    if (err) {
        (void) fprintf(stderr, "irisx-sandbox: %s: %s\n", why ? why : "cannot start", ix_error_text(err));
        return 1;
    }
    err = print_ready(sb);
    if (err) {
        (void) fprintf(stderr, "irisx-sandbox: the ready line cannot be written: %s\n", ix_error_text(err));
        sandbox_free(sb);
        return 1;
    }
    ended_by = wait_for_end(signals, o->exit_with_stdin);
    clean = sandbox_stop(sb, FAREWELL_MS);
    sandbox_free(sb);
    if (ended_by == SIGINT)
        return 128 + SIGINT; /* as every command */
    return clean ? 0 : ended_by ? 128 + ended_by : 1;
}

int main(int argc, char **argv)
{
    struct sandbox_options o = { .log_level = IX_LOG_WARN };
    int signals, status;

    ix_set_assert_hook(on_assert);
    (void) ix_addr_parse(&o.listen, IX_STR("127.0.0.1"), 0); /* a literal */
    status = parse_options(&o, argc, argv);
    if (status >= 0)
        return status;
    signals = open_signals();
    if (signals < 0) {
        (void) fputs("irisx-sandbox: signals cannot be watched\n", stderr);
        return 1;
    }
    raise_descriptors();
    status = serve(&o, signals);
    (void) close(signals);
    return status;
}
