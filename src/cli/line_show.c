/* SPDX-License-Identifier: MIT */
/* What irisx line tells: a table that is drawn again on a terminal, lines in a pipe, JSON Lines with --json. */
#include <string.h>

#include "cli/line.h"
#include "cli/sheet.h"

static const char *const states[] = { "?", "connecting", "registering", "ready", "failed", "closed" };
static const char *const packages[] = { "?", "dialog", "presence", "message-summary" };
static const char *const subscribed[] = { "?", "pending", "active", "ended" };

irisx_package_t line_package(const char *word, size_t len)
{
    for (int i = 1; i < 4; i++)
        if (strlen(packages[i]) == len && !strncmp(packages[i], word, len))
            return (irisx_package_t) i;
    return IRISX_PACKAGE_UNKNOWN;
}

struct line_row *line_row(struct lines *s, const irisx_line_t *line)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->rows[i].line == line)
            return &s->rows[i];
    return NULL;
}

/* ---- JSON -------------------------------------------------------------------------------- */
static irisx_value_t *begin(const char *event, const irisx_line_t *line)
{
    irisx_value_t *v = irisx_value_new_object();

    (void) irisx_value_set_text(v, "event", event); /* what finds no memory is missing */
    if (line)
        (void) irisx_value_set_text(v, "line", irisx_line_address(line));
    return v;
}

static void put_error(irisx_value_t *v, const irisx_error_info_t *e)
{
    irisx_value_t *error = e->code ? irisx_value_new_object() : NULL;

    if (!error)
        return;
    (void) irisx_value_set_text(error, "code", irisx_error_name(e->code));
    (void) irisx_value_set_int(error, "status", e->status);
    (void) irisx_value_set_text(error, "message", e->message);
    (void) irisx_value_set_take(v, "error", error);
}

static void finish(irisx_value_t *v)
{
    (void) cli_print_value(v); /* a pipe that is gone ends the command at the next signal */
    (void) fflush(stdout);
    irisx_value_free(v);
}

static void json_event(const irisx_event_t *ev)
{
    irisx_event_kind_t kind = irisx_event_kind(ev);
    int state = irisx_event_state(ev);
    irisx_value_t *v;

    if (kind == IRISX_EVENT_LINE_STATE) {
        v = begin("line", irisx_event_line(ev));
        (void) irisx_value_set_text(v, "state", states[state > 0 && state < 6 ? state : 0]);
    } else if (kind == IRISX_EVENT_SUBSCRIPTION) {
        v = begin("watch", irisx_event_line(ev));
        (void) irisx_value_set_text(v, "package", packages[irisx_subscription_package(irisx_event_subscription(ev))]);
        (void) irisx_value_set_text(v, "to", irisx_subscription_to(irisx_event_subscription(ev)));
        (void) irisx_value_set_text(v, "state", subscribed[state > 0 && state < 4 ? state : 0]);
    } else {
        v = begin(kind == IRISX_EVENT_LINE_MESSAGE ? "message" : "notice", irisx_event_line(ev));
    }
    if (irisx_event_value(ev))
        (void) irisx_value_set_take(v, "value", irisx_value_dup(irisx_event_value(ev)));
    put_error(v, irisx_event_error(ev));
    finish(v);
}

void line_done(struct lines *s, const char *command, const char *to, irisx_op_t *op)
{
    const irisx_error_info_t *e = irisx_op_error(op);
    irisx_value_t *v;

    if (!s->common->json) {
        if (e->code)
            cli_line(stdout, "%s %s: %s", command, to, e->message);
        else
            cli_line(stdout, "%s %s: %d, %.1f ms", command, to,
                (int) irisx_value_get_int(irisx_op_value(op), "status", 0),
                irisx_value_get_num(irisx_op_value(op), "rtt_ms", 0));
        (void) fflush(stdout);
        return;
    }
    v = begin("done", NULL);
    (void) irisx_value_set_text(v, "command", command);
    (void) irisx_value_set_text(v, "to", to);
    if (irisx_op_value(op))
        (void) irisx_value_set_take(v, "value", irisx_value_dup(irisx_op_value(op)));
    put_error(v, e);
    finish(v);
}

/* ---- words ------------------------------------------------------------------------------- */
static void short_of(const irisx_value_t *v, irisx_package_t package, char *out, size_t cap)
{
    const irisx_value_t *dialogs = irisx_value_get(v, "dialogs"), *first = irisx_value_at(dialogs, 0);

    if (package == IRISX_PACKAGE_DIALOG && !first)
        (void) snprintf(out, cap, "free");
    else if (package == IRISX_PACKAGE_DIALOG)
        (void) snprintf(out, cap, "%s %s %s", irisx_value_get_text(first, "state", "?"),
            !strcmp(irisx_value_get_text(first, "direction", ""), "in") ? "from" : "to",
            irisx_value_get_text(first, "remote", "?"));
    else if (package == IRISX_PACKAGE_PRESENCE)
        (void) snprintf(out, cap, "%s %s", irisx_value_get_bool(v, "open", 0) ? "there" : "not there",
            irisx_value_get_text(v, "note", ""));
    else
        (void) snprintf(out, cap, "%s", irisx_value_get_bool(v, "waiting", 0) ? "messages are waiting" : "no messages");
}

static void keep_watch(struct lines *s, const irisx_event_t *ev)
{
    irisx_subscription_t *sub = irisx_event_subscription(ev);

    for (size_t i = 0; i < s->watch_count; i++) {
        struct line_watch *w = &s->watches[i];

        if (w->subscription != sub)
            continue;
        if (irisx_event_value(ev))
            short_of(irisx_event_value(ev), irisx_subscription_package(sub), w->text, sizeof w->text);
        else if (irisx_event_error(ev)->code)
            (void) snprintf(w->text, sizeof w->text, "%s", irisx_event_error(ev)->message);
        if (!s->live && !s->common->json && (irisx_event_value(ev) || irisx_event_error(ev)->code))
            cli_line(
                stdout, "%s %s: %s", packages[irisx_subscription_package(sub)], irisx_subscription_to(sub), w->text);
    }
}

static void keep_state(struct lines *s, const irisx_event_t *ev)
{
    struct line_row *row = line_row(s, irisx_event_line(ev));
    const irisx_error_info_t *e = irisx_event_error(ev);

    if (!row)
        return;
    row->state = (irisx_line_state_t) irisx_event_state(ev);
    row->since_ms = cli_now_ms();
    (void) snprintf(row->why, sizeof row->why, "%s", e->code ? e->message : "");
    if (!s->live && !s->common->json)
        cli_line(stdout, "%s", irisx_event_describe(ev));
}

static void say_message(const struct lines *s, const irisx_event_t *ev)
{
    const irisx_value_t *v = irisx_event_value(ev);

    if (!s->common->json)
        cli_line(stdout, "%s%s: %s", irisx_value_get_text(v, "from", "?"), s->live ? "" : " says",
            irisx_value_get_text(v, "body", "(no text)"));
}

void line_event(struct lines *s, const irisx_event_t *ev)
{
    switch (irisx_event_kind(ev)) {
    case IRISX_EVENT_LINE_STATE:
        keep_state(s, ev);
        break;
    case IRISX_EVENT_SUBSCRIPTION:
        keep_watch(s, ev);
        break;
    case IRISX_EVENT_LINE_MESSAGE:
        say_message(s, ev);
        s->drawn = 0; /* it stays above the table */
        break;
    case IRISX_EVENT_LINE_NOTICE:
        if (!s->common->json)
            cli_line(stdout, "%s", irisx_event_describe(ev));
        s->drawn = 0;
        break;
    case IRISX_EVENT_CALL_INCOMING: /* this command takes no calls: other phones of the account shall ring on */
    default:
        return;
    }
    if (s->common->json)
        json_event(ev);
    (void) fflush(stdout);
    line_draw(s);
}

void line_draw(struct lines *s)
{
    const char *red = text_style(stdout, STYLE_RED), *bold = text_style(stdout, STYLE_BOLD),
               *plain = text_style(stdout, STYLE_PLAIN);

    if (!s->live)
        return;
    if (s->drawn)
        (void) printf("\033[%zuA", s->drawn);
    (void) printf("\033[J%s%-40s %-12s %8s%s\n", bold, "line", "state", "for", plain);
    for (size_t i = 0; i < s->count; i++) {
        const struct line_row *r = &s->rows[i];
        const char *address = irisx_line_address(r->line);

        (void) printf("%-40.40s %s%-12s%s %6.0f s ", *address ? address : r->name,
            r->state == IRISX_LINE_FAILED ? red : "", states[r->state], plain, (cli_now_ms() - r->since_ms) / 1000);
        cli_line(stdout, "%.60s", r->why);
    }
    for (size_t i = 0; i < s->watch_count; i++) {
        const irisx_subscription_t *sub = s->watches[i].subscription;

        cli_line(stdout, "  %-16s %-20.20s %.60s", packages[irisx_subscription_package(sub)],
            irisx_subscription_to(sub), s->watches[i].text);
    }
    s->drawn = 1 + s->count + s->watch_count;
    (void) fflush(stdout);
}
