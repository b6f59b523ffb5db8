/* SPDX-License-Identifier: MIT */
/*
 * Keys and commands while a call talks. Both are the same verbs: a key is the short form of a word, and one that wants
 * an argument asks for it on the last line of the terminal.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "cli/call_keys.h"

static struct termios before;

bool call_terminal(void)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

/* ---- events as lines ----------------------------------------------------------------------- */
void call_talk_event_json(const irisx_event_t *ev)
{
    static const struct {
        irisx_event_kind_t kind;
        const char *name;
    } names[] = { { IRISX_EVENT_LINE_STATE, "line_state" }, { IRISX_EVENT_CALL_INCOMING, "call_incoming" },
        { IRISX_EVENT_CALL_STATE, "call_state" }, { IRISX_EVENT_CALL_DIGIT, "digit" },
        { IRISX_EVENT_CALL_FILE, "file" }, { IRISX_EVENT_CALL_HOLD, "hold" }, { IRISX_EVENT_CALL_TRANSFER, "transfer" },
        { IRISX_EVENT_CALL_EARLY_MEDIA, "early_media" }, { IRISX_EVENT_CALL_DISPLAY, "display" },
        { IRISX_EVENT_CALL_MESSAGE, "message" }, { IRISX_EVENT_CALL_INFO, "info" }, { IRISX_EVENT_CALL_GAP, "gap" },
        { IRISX_EVENT_CALL_SIGNALLING, "signalling" }, { IRISX_EVENT_CALL_REPLACED, "replaced" },
        { IRISX_EVENT_CALL_MOVED, "moved" }, { IRISX_EVENT_WARNING, "warning" }, { IRISX_EVENT_LOST, "lost" } };
    const irisx_error_info_t *e = irisx_event_error(ev);
    irisx_value_t *o = irisx_value_new_object();
    const char *name = NULL;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].kind == irisx_event_kind(ev))
            name = names[i].name;
    if (o && name) { /* what finds no memory is missing in the line */
        (void) irisx_value_set_text(o, "event", name);
        (void) irisx_value_set_int(o, "time_ms", irisx_event_time_ms(ev));
        if (irisx_event_call(ev))
            (void) irisx_value_set_int(o, "call", (int64_t) irisx_call_id(irisx_event_call(ev)));
        (void) irisx_value_set_int(o, "state", irisx_event_state(ev));
        if (*irisx_event_text(ev))
            (void) irisx_value_set_text(o, "text", irisx_event_text(ev));
        (void) irisx_value_set_text(o, "describe", irisx_event_describe(ev));
        if (e->code)
            (void) irisx_value_set_text(o, "error", irisx_error_name(e->code));
        if (irisx_event_kind(ev) == IRISX_EVENT_CALL_STATE && irisx_event_state(ev) == IRISX_CALL_ENDED)
            (void) irisx_value_set_text(o, "reason", irisx_reason_name(irisx_call_reason(irisx_event_call(ev))));
        (void) cli_print_value(o);
    }
    irisx_value_free(o);
}

/* ---- the saved call ------------------------------------------------------------------------ */
int call_save_file(irisx_call_t *call, const char *path)
{
    char temp[1024], *data = NULL;
    size_t n = 0;
    int fd = -1;
    bool bad;

    if (snprintf(temp, sizeof temp, "%s.part", path) >= (int) sizeof temp || irisx_call_save(call, &data, &n))
        return -1;
    (void) unlink(temp);
    fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bad = fd < 0 || write(fd, data, n) != (ssize_t) n;
    if (fd >= 0 && close(fd))
        bad = true;
    if (!bad && rename(temp, path))
        bad = true;
    if (bad)
        (void) unlink(temp);
    irisx_text_free(data);
    return bad ? -1 : 0;
}

/* ---- verbs ----------------------------------------------------------------------------------- */
static void report(struct call_talk *t, const char *what, irisx_error_t err)
{
    irisx_value_t *o;

    if (!err && !t->common->json)
        return;
    if (!t->common->json) {
        cli_say(t->common, "%s: %s", what, irisx_error_text(err));
        return;
    }
    o = irisx_value_new_object();
    if (o) {
        (void) irisx_value_set_text(o, "event", "command");
        (void) irisx_value_set_text(o, "command", what);
        (void) irisx_value_set_bool(o, "ok", err == IRISX_OK);
        if (err)
            (void) irisx_value_set_text(o, "error", irisx_error_name(err));
        (void) cli_print_value(o);
    }
    irisx_value_free(o);
}

static void quality(struct call_talk *t)
{
    irisx_call_stats_t s = { .struct_size = sizeof s };
    irisx_value_t *o;

    if (irisx_call_stats(*t->call, &s))
        return;
    if (!t->common->json) {
        cli_say(t->common, "%.0f s  MOS %.2f  loss %.2f %%  jitter %.1f ms  round trip %.0f ms  buffer %.0f ms  %s",
            s.duration_ms / 1000, s.mos, s.loss_percent, s.jitter_ms, s.round_trip_ms, s.buffer_delay_ms, s.codec);
        return;
    }
    o = irisx_value_new_object();
    if (o) {
        (void) irisx_value_set_text(o, "event", "quality");
        (void) irisx_value_set_num(o, "duration_ms", s.duration_ms);
        (void) irisx_value_set_num(o, "mos", s.mos);
        (void) irisx_value_set_num(o, "loss_percent", s.loss_percent);
        (void) irisx_value_set_num(o, "jitter_ms", s.jitter_ms);
        (void) irisx_value_set_num(o, "round_trip_ms", s.round_trip_ms);
        (void) irisx_value_set_text(o, "codec", s.codec);
        (void) cli_print_value(o);
    }
    irisx_value_free(o);
}

static irisx_error_t do_hold(struct call_talk *t, const char *arg)
{
    bool held = irisx_call_held(*t->call) & IRISX_HOLD_LOCAL;

    return irisx_call_hold(*t->call, strcmp(arg, "off") == 0 ? 0 : *arg ? 1 : !held, NULL);
}

static irisx_error_t do_resume(struct call_talk *t, const char *arg)
{
    (void) arg;
    return irisx_call_hold(*t->call, 0, NULL);
}

static irisx_error_t do_mute(struct call_talk *t, const char *arg)
{
    t->muted = strcmp(arg, "off") == 0 ? false : *arg ? true : !t->muted;
    if (!t->common->json)
        cli_say(t->common, t->muted ? "muted" : "not muted");
    return irisx_call_set_mute(*t->call, t->muted);
}

static irisx_error_t do_digits(struct call_talk *t, const char *arg)
{
    return irisx_call_send_digits(*t->call, arg, NULL);
}

static irisx_error_t do_transfer(struct call_talk *t, const char *arg)
{
    return irisx_call_transfer(*t->call, arg, NULL);
}

static irisx_error_t do_swap(struct call_talk *t, const char *arg)
{
    irisx_call_t *now = *t->call;
    irisx_error_t err = t->other ? irisx_call_swap(now, t->other, NULL) : IRISX_E_NOT_FOUND;

    (void) arg;
    if (err)
        return err;
    *t->call = t->other;
    t->other = now;
    return IRISX_OK;
}

static irisx_error_t do_consult(struct call_talk *t, const char *arg)
{
    irisx_call_options_t o = IRISX_CALL_OPTIONS_INIT;
    irisx_call_t *fresh = NULL;
    irisx_error_t err = t->other ? IRISX_E_LIMIT : irisx_call_hold(*t->call, 1, NULL);

    o.to = arg;
    if (!err)
        err = irisx_call_dial(t->line, &o, &fresh, NULL);
    if (err)
        return err;
    t->other = *t->call;
    *t->call = fresh;
    return IRISX_OK;
}

static irisx_error_t do_attended(struct call_talk *t, const char *arg)
{
    (void) arg;
    return t->other ? irisx_call_transfer_to(t->other, *t->call, NULL) : IRISX_E_NOT_FOUND;
}

static irisx_error_t do_message(struct call_talk *t, const char *arg)
{
    return irisx_call_send_message(*t->call, NULL, arg, strlen(arg), NULL);
}

static irisx_error_t do_quality(struct call_talk *t, const char *arg)
{
    (void) arg;
    quality(t);
    return IRISX_OK;
}

static irisx_error_t do_hangup(struct call_talk *t, const char *arg)
{
    (void) arg;
    return irisx_call_hangup(*t->call, NULL);
}

static irisx_error_t do_quit(struct call_talk *t, const char *arg)
{
    (void) arg;
    t->quit = true;
    return IRISX_OK;
}

static irisx_error_t do_help(struct call_talk *t, const char *arg);

static const struct verb {
    char key;
    const char *word, *argument, *help; /* argument: NULL none, "[..]" may be left out */
    irisx_error_t (*run)(struct call_talk *t, const char *arg);
} verbs[] = {
    { 'h', "hold", "[on|off]", "hold, or resume", do_hold },
    { 0, "resume", NULL, "resume", do_resume },
    { 'm', "mute", "[on|off]", "mute, or not", do_mute },
    { 0, "digits", "DIGITS", "send digits (keys 0-9 * # do it at once)", do_digits },
    { 't', "transfer", "TARGET", "transfer to a number (blind)", do_transfer },
    { 'c', "consult", "TARGET", "hold, and call somebody else", do_consult },
    { 's', "swap", NULL, "swap the two calls", do_swap },
    { 'a', "attended", NULL, "connect the two calls and leave", do_attended },
    { 0, "message", "TEXT", "send a text within the call", do_message },
    { 'i', "quality", NULL, "how it sounds", do_quality },
    { 'x', "hangup", NULL, "hang this call up", do_hangup },
    { 'q', "quit", NULL, "hang up and quit", do_quit },
    { '?', "help", NULL, "this list", do_help },
};

static irisx_error_t do_help(struct call_talk *t, const char *arg)
{
    (void) arg;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        cli_line(stderr, "  %c  %-8s %-9s %s", verbs[i].key ? verbs[i].key : ' ', verbs[i].word,
            verbs[i].argument ? verbs[i].argument : "", verbs[i].help);
    (void) t;
    return IRISX_OK;
}

static void run_verb(struct call_talk *t, const struct verb *v, const char *arg)
{
    bool wants = v->argument && v->argument[0] != '[';

    report(t, v->word, wants && !*arg ? IRISX_E_INVALID : v->run(t, arg));
}

static void run_line(struct call_talk *t, char *line)
{
    char *arg = line + strcspn(line, " \t");

    if (*arg)
        *arg++ = 0;
    arg += strspn(arg, " \t");
    if (!*line)
        return;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (!strcmp(verbs[i].word, line)) {
            run_verb(t, &verbs[i], arg);
            return;
        }
    if (!t->common->json)
        cli_say(t->common, "unknown command \"%s\": help lists them", line);
    report(t, line, IRISX_E_INVALID);
}

/* ---- input --------------------------------------------------------------------------------------- */
static void end_prompt(struct call_talk *t, bool run)
{
    char key = t->prompt;

    t->prompt = 0;
    t->line_in[t->line_len] = 0;
    t->line_len = 0;
    (void) fputs("\n", stderr);
    for (size_t i = 0; run && i < sizeof verbs / sizeof *verbs; i++)
        if (verbs[i].key == key)
            run_verb(t, &verbs[i], t->line_in);
}

static void typed(struct call_talk *t, char c)
{
    if (c == '\r' || c == '\n' || c == 27) {
        end_prompt(t, c != 27);
    } else if ((c == 127 || c == 8) && t->line_len) {
        t->line_len--;
        (void) fputs("\b \b", stderr);
    } else if ((unsigned char) c >= ' ' && c != 127 && t->line_len + 1 < sizeof t->line_in) {
        t->line_in[t->line_len++] = c;
        (void) fputc(c, stderr);
    }
}

static void key(struct call_talk *t, char c)
{
    char digit[2] = { c, 0 };

    if (t->prompt) {
        typed(t, c);
        return;
    }
    if (c && strchr("0123456789*#", c)) {
        report(t, "digits", irisx_call_send_digits(*t->call, digit, NULL));
        return;
    }
    for (size_t i = 0; c && i < sizeof verbs / sizeof *verbs; i++) {
        if (verbs[i].key != c)
            continue;
        if (verbs[i].argument && verbs[i].argument[0] != '[') {
            t->prompt = c;
            (void) fprintf(stderr, "%s to: ", verbs[i].word);
        } else {
            run_verb(t, &verbs[i], "");
        }
    }
}

static void byte_of_line(struct call_talk *t, char c)
{
    if (c == '\n') {
        t->line_in[t->line_len] = 0;
        t->line_len = 0;
        t->line_in[strcspn(t->line_in, "\r")] = 0;
        run_line(t, t->line_in);
    } else if (t->line_len + 1 < sizeof t->line_in) {
        t->line_in[t->line_len++] = c;
    }
}

/* false: there will be no more */
static bool read_input(struct call_talk *t)
{
    char bytes[256];
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);

    for (ssize_t i = 0; i < n && !t->quit; i++) {
        if (t->keys)
            key(t, bytes[i]);
        else
            byte_of_line(t, bytes[i]);
    }
    return n > 0 || (n < 0 && errno == EINTR);
}

static bool raw(bool on)
{
    struct termios mode;

    if (!on)
        return !tcsetattr(STDIN_FILENO, TCSANOW, &before);
    if (tcgetattr(STDIN_FILENO, &before))
        return false;
    mode = before;
    mode.c_lflag &= (tcflag_t) ~(ICANON | ECHO); /* ^C is still a signal */
    mode.c_cc[VMIN] = 1;
    mode.c_cc[VTIME] = 0;
    return !tcsetattr(STDIN_FILENO, TCSANOW, &mode);
}

void call_talk_run(struct call_talk *t, double deadline_ms)
{
    bool input = t->keys || t->commands, in_raw = t->keys && raw(true);
    irisx_event_t *ev;

    if (t->keys)
        cli_say(t->common, "keys: h hold, m mute, 0-9*# digits, t transfer, i quality, q quit, ? all");
    while (!t->quit && !cli_interrupted() && !t->over(t->ctx)) {
        struct pollfd fds[2] = { { .fd = irisx_client_event_fd(t->client), .events = POLLIN },
            { .fd = STDIN_FILENO, .events = POLLIN } };
        double left = deadline_ms - cli_now_ms();

        if (irisx_client_next_event(t->client, 0, &ev) == IRISX_OK) {
            t->on_event(t->ctx, ev);
            irisx_event_unref(ev);
            continue;
        }
        if (left <= 0)
            break;
        if (poll(fds, input ? 2 : 1, left > 500 ? 500 : (int) left + 1) > 0 && input && fds[1].revents)
            input = read_input(t);
    }
    if (in_raw)
        (void) raw(false);
}
