/* SPDX-License-Identifier: MIT */
/* irisx call: one call, placed or answered, at any SIP-over-WebSocket server. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/call_keys.h"
#include "cli/report.h"

#define REGISTER_MS 15000
#define CONNECT_MS 90000
#define DIGITS_MS 30000
#define MAX_DIGITS 33

struct call_args {
    const char *ws, *realm, *user, *auth_user, *password_file, *name, *extension, *play, *record, *duration, *codecs,
        *digits, *ring, *save, *resume, *auto_answer, *report;
    struct cli_words headers;
    bool answer, loop, stereo, no_register, anonymous, commands, info_digits;
    double duration_s, ring_s;
    const char *to;
};

struct session {
    const struct cli_common *common;
    const struct call_args *args;
    irisx_client_t *client;
    irisx_line_t *line;
    irisx_call_t *call;
    struct call_talk talk;
    double saved_ms; /* when the call was saved last */
    double register_ms, active_ms; /* clock of cli_now_ms; 0 not yet */
    bool ended, failed_file;
    irisx_error_info_t end;
    char end_message[300], end_reason[100], digits[128];
    size_t digit_count;
    struct report *report;
};

static void on_call_state(struct session *s, const irisx_event_t *ev)
{
    const irisx_error_info_t *e = irisx_event_error(ev);

    if (s->talk.other && irisx_event_state(ev) == IRISX_CALL_ENDED &&
        (irisx_event_call(ev) == s->call ||
            irisx_event_call(ev) == s->talk.other)) { /* one of two: the other goes on */
        if (irisx_event_call(ev) == s->call)
            s->call = s->talk.other;
        irisx_call_unref(irisx_event_call(ev));
        s->talk.other = NULL;
        return;
    }
    if (irisx_event_call(ev) != s->call)
        return;
    if (irisx_event_state(ev) == IRISX_CALL_ACTIVE)
        s->active_ms = cli_now_ms();
    if (irisx_event_state(ev) != IRISX_CALL_ENDED)
        return;
    s->ended = true;
    s->end = *e;
    (void) snprintf(s->end_message, sizeof s->end_message, "%s", e->message);
    (void) snprintf(s->end_reason, sizeof s->end_reason, "%s", e->reason ? e->reason : "");
    s->end.message = s->end_message;
    s->end.reason = s->end_reason[0] ? s->end_reason : NULL;
    s->end.detail = s->end.request_id = NULL;
}

static void on_second(struct session *s)
{
    irisx_call_stats_t stats = { .struct_size = sizeof stats };

    if (s->report && s->active_ms && !irisx_call_stats(s->call, &stats))
        report_second(s->report, &stats, !s->common->quiet && !s->common->json && isatty(STDERR_FILENO));
}

/* once a second, and whenever the dialog may have changed; gone with the call */
static void keep(struct session *s, irisx_event_kind_t kind)
{
    bool due = kind == IRISX_EVENT_CALL_STATE || kind == IRISX_EVENT_CALL_HOLD || kind == IRISX_EVENT_CALL_SIGNALLING ||
               cli_now_ms() >= s->saved_ms + 1000;

    if (!due)
        return;
    if (irisx_call_state(s->call) == IRISX_CALL_ENDED)
        (void) unlink(s->args->save); /* there may be none */
    else if (irisx_call_state(s->call) >= IRISX_CALL_ANSWERED && !call_save_file(s->call, s->args->save))
        s->saved_ms = cli_now_ms();
}

static void on_event(void *ctx, const irisx_event_t *ev)
{
    struct session *s = ctx;
    irisx_event_kind_t kind = irisx_event_kind(ev);

    if (s->args->save && s->call && irisx_event_call(ev) == s->call)
        keep(s, kind);
    if (s->args->commands && s->common->json)
        call_talk_event_json(ev);
    if (kind == IRISX_EVENT_CALL_INCOMING && s->args->answer && !s->call)
        s->call = irisx_call_ref(irisx_event_call(ev));
    else if (kind == IRISX_EVENT_CALL_INCOMING)
        (void) irisx_call_reject(irisx_event_call(ev), 486); /* it may have ended */
    if (kind == IRISX_EVENT_CALL_STATE)
        on_call_state(s, ev);
    if (kind == IRISX_EVENT_CALL_DIGIT && s->digit_count + 1 < sizeof s->digits)
        s->digits[s->digit_count++] = irisx_event_text(ev)[0];
    if (kind == IRISX_EVENT_CALL_FILE && strcmp(irisx_event_text(ev), "play_ended") != 0)
        s->failed_file = true;
    if (kind == IRISX_EVENT_CALL_STATS && irisx_event_call(ev) == s->call)
        on_second(s);
    if (kind != IRISX_EVENT_CALL_STATS && kind != IRISX_EVENT_OP_DONE && s->report)
        report_clear_line(s->report);
    if (kind != IRISX_EVENT_CALL_STATS && kind != IRISX_EVENT_OP_DONE)
        cli_say(s->common, "%s", irisx_event_describe(ev));
}

/* ---- steps ------------------------------------------------------------------------------- */
static int open_line(struct session *s)
{
    irisx_line_options_t o = IRISX_LINE_OPTIONS_INIT;
    const struct call_args *a = s->args;
    char *password = NULL;
    double began = cli_now_ms();
    irisx_op_t *op = NULL;
    irisx_error_t err;
    int code = EXIT_OK;

    if (a->password_file && !(password = cli_read_secret(a->password_file)))
        return cli_fail_code(s->common, IRISX_E_NOT_FOUND, "reading the password", "the password file cannot be read");
    o.ws_url = a->ws;
    o.user = a->user;
    o.realm = a->realm;
    o.auth_user = a->auth_user;
    o.password = password;
    o.display_name = a->name;
    o.ca_file = s->common->ca_file;
    o.no_register = a->no_register;
    o.auto_answer = a->auto_answer
                        ? (strcmp(a->auto_answer, "always") ? IRISX_AUTO_ANSWER_ASKED : IRISX_AUTO_ANSWER_ALWAYS)
                        : IRISX_AUTO_ANSWER_NEVER;
    if (a->ws)
        err = irisx_line_open(s->client, &o, &s->line, &op);
    else
        err = irisx_line_open_provisioned(s->client, a->extension, &s->line, &op);
    cli_wipe(password);
    if (err)
        return cli_fail_code(
            s->common, err, "opening the line", err == IRISX_E_INVALID ? "the URL or the user is not valid" : NULL);
    err = cli_await(s->client, op, REGISTER_MS, on_event, s);
    s->register_ms = cli_now_ms() - began;
    if (err && irisx_op_done(op))
        code = cli_fail(s->common, irisx_op_error(op), "registering");
    else if (err && !cli_interrupted())
        code = cli_fail_code(s->common, err, "registering", "the server does not answer");
    else if (err)
        code = EXIT_INTERRUPTED;
    irisx_op_unref(op);
    return code;
}

static const char *join_headers(const struct call_args *a)
{
    static char lines[8192];
    size_t n = 0;

    for (size_t i = 0; i < a->headers.count && n < sizeof lines; i++)
        n += (size_t) snprintf(lines + n, sizeof lines - n, "%s\n", a->headers.items[i]);
    return lines; /* one that was cut is not valid, and told */
}

static irisx_error_t resume(struct session *s, const irisx_call_options_t *o, irisx_op_t **op)
{
    size_t n = 0;
    char *data = cli_read_file(s->args->resume, 65536, &n);
    irisx_error_t err = data ? irisx_client_resume(s->line, data, n, o, &s->call, op) : IRISX_E_NOT_FOUND;

    free(data);
    return err;
}

static void fill_options(const struct call_args *a, irisx_call_options_t *o)
{
    o->to = a->to;
    o->play_file = a->play;
    o->play_loop = a->loop;
    o->record_file = a->record;
    o->record_stereo = a->stereo;
    o->codecs = a->codecs;
    o->anonymous = a->anonymous;
    o->digits = a->info_digits ? IRISX_DIGITS_RELAY : IRISX_DIGITS_RTP;
    o->headers = a->headers.count ? join_headers(a) : NULL;
    o->ring_timeout_ms = a->ring ? (uint32_t) (a->ring_s * 1000) : 0;
}

static int wait_incoming(struct session *s)
{
    double deadline = cli_now_ms() + (s->args->ring ? s->args->ring_s * 1000 : 3600000);

    cli_say(s->common, "%s waits for a call", irisx_line_address(s->line));
    while (!s->call) {
        irisx_event_t *ev = cli_next(s->client, deadline);

        if (!ev)
            return cli_interrupted() ? EXIT_INTERRUPTED
                                     : cli_fail_code(s->common, IRISX_E_TIMEOUT, "waiting for a call", "nobody called");
        on_event(s, ev);
        irisx_event_unref(ev);
    }
    return EXIT_OK;
}

static int connect_call(struct session *s)
{
    irisx_call_options_t o = IRISX_CALL_OPTIONS_INIT;
    irisx_op_t *op = NULL;
    irisx_error_t err;
    int code = EXIT_OK;

    fill_options(s->args, &o);
    if (s->args->answer) {
        code = wait_incoming(s);
        if (code)
            return code;
        err = irisx_call_answer(s->call, &o, &op);
    } else if (s->args->resume) {
        err = resume(s, &o, &op);
    } else {
        err = irisx_call_dial(s->line, &o, &s->call, &op);
    }
    if (err)
        return cli_fail_code(s->common, err, s->args->resume ? "going on with the saved call" : "calling",
            err == IRISX_E_INVALID                        ? "the target or an option is not valid"
            : err == IRISX_E_NOT_FOUND && s->args->resume ? "the file cannot be read"
                                                          : NULL);
    err = cli_await(s->client, op, CONNECT_MS, on_event, s);
    if (err && irisx_op_done(op))
        code = cli_fail(s->common, irisx_op_error(op), "calling");
    else if (err)
        code = cli_interrupted() ? EXIT_INTERRUPTED
                                 : cli_fail_code(s->common, err, "calling", "the call was not connected in time");
    irisx_op_unref(op);
    return code;
}

static void wait_until(struct session *s, double deadline)
{
    while (!s->ended) {
        irisx_event_t *ev = cli_next(s->client, deadline);

        if (!ev)
            return;
        on_event(s, ev);
        irisx_event_unref(ev);
    }
}

static void send_digits(struct session *s)
{
    irisx_op_t *op = NULL;
    irisx_error_t err;

    if (!s->args->digits)
        return;
    err = irisx_call_send_digits(s->call, s->args->digits, &op);
    if (!err)
        err = cli_await(s->client, op, DIGITS_MS, on_event, s);
    if (err && !s->ended && !cli_interrupted()) /* the call's end tells itself */
        cli_say(s->common, "the digits could not be sent: %s", irisx_error_text(err));
    irisx_op_unref(op);
}

static bool is_over(void *ctx)
{
    return ((struct session *) ctx)->ended;
}

static void converse(struct session *s, double deadline)
{
    s->talk.common = s->common;
    s->talk.client = s->client;
    s->talk.line = s->line;
    s->talk.call = &s->call;
    s->talk.commands = s->args->commands;
    s->talk.keys = !s->args->commands && !s->common->json && call_terminal();
    s->talk.on_event = on_event;
    s->talk.over = is_over;
    s->talk.ctx = s;
    call_talk_run(&s->talk, deadline);
}

static int talk(struct session *s)
{
    double duration = s->args->duration ? s->args->duration_s * 1000 : 86400000;
    irisx_op_t *op = NULL;

    send_digits(s);
    converse(s, (s->active_ms ? s->active_ms : cli_now_ms()) + duration);
    if (s->talk.other && !cli_interrupted())
        (void) irisx_call_hangup(s->talk.other, NULL); /* it may have ended */
    if (!s->ended && !cli_interrupted() && !irisx_call_hangup(s->call, &op)) {
        wait_until(s, cli_now_ms() + 5000);
        irisx_op_unref(op);
    }
    if (cli_interrupted())
        return EXIT_INTERRUPTED;
    if (!s->ended)
        return cli_fail_code(s->common, IRISX_E_TIMEOUT, "hanging up", "the call did not end in time");
    if (s->failed_file)
        return EXIT_FAILED;
    return s->end.code ? cli_fail(s->common, &s->end, "the call") : EXIT_OK;
}

/* ---- results ----------------------------------------------------------------------------- */
static int sound_figures(irisx_value_t *call, const irisx_call_stats_t *t)
{
    return irisx_value_set_int(call, "concealed_ms", (int64_t) t->concealed_ms) ||
           irisx_value_set_int(call, "silent_concealed_ms", (int64_t) t->silent_concealed_ms) ||
           irisx_value_set_int(call, "restored_ms", (int64_t) t->restored_ms) ||
           irisx_value_set_int(call, "inserted_ms", (int64_t) t->inserted_ms) ||
           irisx_value_set_int(call, "removed_ms", (int64_t) t->removed_ms) ||
           irisx_value_set_num(call, "buffer_delay_ms", t->buffer_delay_ms) ||
           irisx_value_set_int(call, "ticks_late", (int64_t) t->ticks_late) ||
           irisx_value_set_num(call, "tick_late_max_ms", t->tick_late_max_ms);
}

static irisx_value_t *stats_value(const struct session *s, const irisx_call_stats_t *t)
{
    irisx_value_t *call = irisx_value_new_object(), *phases = irisx_value_new_object();
    const char *peer = s->args->to ? s->args->to : irisx_call_peer(s->call);
    int bad = !call || !phases;

    bad = bad || irisx_value_set_text(call, s->args->answer ? "from" : "to", peer) ||
          irisx_value_set_num(call, "setup_ms", t->setup_ms) ||
          irisx_value_set_num(phases, "signalling", t->signalling_ms) ||
          irisx_value_set_num(phases, "ice", t->ice_ms) || irisx_value_set_num(phases, "dtls", t->dtls_ms) ||
          irisx_value_set_num(phases, "first_audio", t->first_audio_ms);
    if (!bad) {
        bad = irisx_value_set_take(call, "phases_ms", phases) != IRISX_OK;
        phases = NULL;
    }
    bad = bad || irisx_value_set_int(call, "packets_sent", (int64_t) t->packets_sent) ||
          irisx_value_set_int(call, "packets_received", (int64_t) t->packets_received) ||
          irisx_value_set_int(call, "packets_lost", (int64_t) t->packets_lost) ||
          irisx_value_set_num(call, "jitter_ms", t->jitter_ms) ||
          irisx_value_set_num(call, "round_trip_ms", t->round_trip_ms) || irisx_value_set_num(call, "mos", t->mos) ||
          sound_figures(call, t) || irisx_value_set_num(call, "duration_ms", t->duration_ms) ||
          irisx_value_set_text(call, "codec", t->codec) || irisx_value_set_text(call, "digits", s->digits) ||
          irisx_value_set_int(call, "sip_status", t->sip_status) ||
          irisx_value_set_int(call, "q850_cause", t->q850_cause) ||
          irisx_value_set_bool(call, "ended_by_peer", s->ended && !s->args->duration);
    if (s->args->record)
        bad = bad || irisx_value_set_text(call, "recording", s->args->record);
    irisx_value_free(phases);
    if (bad) {
        irisx_value_free(call);
        return NULL;
    }
    return call;
}

static void print_json(const struct session *s, const irisx_call_stats_t *t)
{
    irisx_value_t *root = irisx_value_new_object(), *reg = irisx_value_new_object();

    if (root && reg) {
        (void) irisx_value_set_bool(root, "ok", 1); /* what finds no memory is missing in the line */
        (void) irisx_value_set_num(reg, "ms", s->register_ms);
        (void) irisx_value_set_take(root, "register", reg);
        reg = NULL;
        (void) irisx_value_set_take(root, "call", stats_value(s, t));
        (void) cli_print_value(root);
    }
    irisx_value_free(reg);
    irisx_value_free(root);
}

static void print_text(const irisx_call_stats_t *t)
{
    (void) printf("set-up       %8.1f ms  (signalling %.1f, ICE %.1f, DTLS %.1f, first audio %.1f)\n", t->setup_ms,
        t->signalling_ms, t->ice_ms, t->dtls_ms, t->first_audio_ms);
    (void) printf("packets      %8llu sent, %llu received, %llu lost (%.2f %%)\n", (unsigned long long) t->packets_sent,
        (unsigned long long) t->packets_received, (unsigned long long) t->packets_lost, t->loss_percent);
    (void) printf("jitter       %8.2f ms\nround trip   %8.2f ms\nbuffer       %8.1f ms\nMOS          %8.2f  (%s)\n",
        t->jitter_ms, t->round_trip_ms, t->buffer_delay_ms, t->mos, t->codec);
}

static int check_args(struct call_args *a, const struct cli_common *c, size_t words)
{
    if (a->answer + (words == 1) + (a->resume != NULL) != 1)
        return cli_usage("give a number or address to call, or --answer, or --resume FILE");
    if (a->auto_answer && strcmp(a->auto_answer, "asked") && strcmp(a->auto_answer, "always"))
        return cli_usage("--auto-answer is asked or always");
    if (a->ws && !a->user)
        return cli_usage("--ws needs --user");
    if (!a->ws && !c->api_url)
        return cli_usage("give --ws and --user, or log in first (irisx login)");
    if (a->duration && !cli_number(a->duration, 0.1, 86400, &a->duration_s))
        return cli_usage("--duration is seconds, 0.1 to 86400");
    if (a->digits &&
        (!*a->digits || strlen(a->digits) >= MAX_DIGITS || a->digits[strspn(a->digits, "0123456789*#ABCDabcd")]))
        return cli_usage("--digits is up to %d of 0 to 9, *, #, A to D", MAX_DIGITS - 1);
    if (a->ring && !cli_number(a->ring, 1, 86400, &a->ring_s))
        return cli_usage("--ring-timeout is seconds, 1 to 86400");
    return EXIT_OK;
}

static int run(struct session *s)
{
    irisx_call_stats_t stats = { .struct_size = sizeof stats };
    irisx_error_t err;
    bool known = false;
    int code;

    s->report = report_new(s->args->report);
    if (!s->report)
        return cli_fail_code(s->common, IRISX_E_IO, "opening the report", strerror(errno));
    err = cli_client(s->common, &s->client);
    if (err)
        (void) report_end(s->report, NULL, NULL);
    if (err)
        return cli_fail_code(s->common, err, "starting", err == IRISX_E_INVALID ? "the API URL is not valid" : NULL);
    code = open_line(s);
    if (!code)
        code = connect_call(s);
    if (!code)
        code = talk(s);
    known = s->call && !irisx_call_stats(s->call, &stats);
    if (!report_end(s->report, s->call ? irisx_call_peer(s->call) : NULL, known ? &stats : NULL) && !code)
        code = cli_fail_code(s->common, IRISX_E_IO, "writing the report", strerror(errno));
    if (!code && known) {
        if (s->common->json)
            print_json(s, &stats);
        else
            print_text(&stats);
    }
    code = cli_close(s->client, code); /* before the handles: the farewell needs them */
    irisx_call_unref(s->talk.other);
    irisx_call_unref(s->call);
    irisx_line_unref(s->line);
    return code;
}

int cmd_call(int argc, char **argv)
{
    struct call_args a = { 0 };
    const char *proxy = NULL;
    const struct cli_option options[] = {
        { "ws", "URL", "SIP-over-WebSocket server, ws:// or wss://", &a.ws, NULL },
        { "user", "USER", "user of the address", &a.user, NULL },
        { "realm", "REALM", "domain of the address (default: host of URL)", &a.realm, NULL },
        { "auth-user", "USER", "user for the password, if another", &a.auth_user, NULL },
        { "password-file", "FILE", "its password, \"-\" for standard input", &a.password_file, NULL },
        { "name", "TEXT", "name shown to the other side", &a.name, NULL },
        { "extension", "EXT", "without --ws: which provisioned extension", &a.extension, NULL },
        { "no-register", NULL, "connect only", NULL, &a.no_register },
        { "proxy", "URL", "http://host:port, for WebSockets (HTTP CONNECT); with a password: IRISX_WS_PROXY", &proxy,
            NULL },
        { "answer", NULL, "register, wait for a call and take it", NULL, &a.answer },
        { "play", "FILE", "WAV to send", &a.play, NULL },
        { "loop", NULL, "play it again and again", NULL, &a.loop },
        { "record", "FILE", "WAV of what is heard", &a.record, NULL },
        { "stereo", NULL, "record both sides: left sent, right heard", NULL, &a.stereo },
        { "report", "FILE", "HTML page of how the call sounded: delay, loss, concealment, levels, MOS", &a.report,
            NULL },
        { "duration", "SECONDS", "hang up after (default: when the other side does)", &a.duration, NULL },
        { "ring-timeout", "SECONDS", "give up when nobody answers, or nobody calls", &a.ring, NULL },
        { "codecs", "LIST", "opus,PCMU,PCMA or some of them", &a.codecs, NULL },
        { "digits", "DIGITS", "send these digits once connected", &a.digits, NULL },
        { "info-digits", NULL, "send digits by INFO, not in the sound", NULL, &a.info_digits },
        { "header", "LINE", "\"Name: value\" to send with the call; may be given again", NULL, NULL, &a.headers },
        { "anonymous", NULL, "show neither number nor name", NULL, &a.anonymous },
        { "auto-answer", "WHEN", "with --answer: \"asked\" by the caller, or \"always\"", &a.auto_answer, NULL },
        { "commands", NULL, "read commands from standard input (\"help\" lists them); with --json tell every event",
            NULL, &a.commands },
        { "save", "FILE", "keep what is needed to go on with the call (mode 0600) until it ends", &a.save, NULL },
        { "resume", "FILE", "go on with a call that --save kept", &a.resume, NULL },
    };
    const struct cli_command command = { "call", "[TO]", "Places a call, or takes one, and prints its figures.",
        options, sizeof options / sizeof *options };
    struct cli_common common;
    struct session s = { .common = &common, .args = &a };
    const char *words[1];
    size_t count;
    int code = cli_parse(&command, &common, argc, argv, words, 1, &count);

    if (code < 0)
        code = check_args(&a, &common, count);
    else {
        cli_common_clear(&common);
        return code;
    }
    if (!code && proxy && strchr(proxy, '@'))
        code = cli_usage("a password in --proxy is seen by everybody: put the URL into IRISX_WS_PROXY");
    if (!code) {
        a.to = count ? words[0] : NULL;
        common.ws_proxy = proxy ? proxy : cli_env("IRISX_WS_PROXY");
        code = run(&s);
    }
    cli_common_clear(&common);
    return code;
}
