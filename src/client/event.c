/* SPDX-License-Identifier: MIT */
/* Events: opaque values with getters. */
#include <stdio.h>

#include "client/private.h"

void ix_event_init(irisx_event_t *ev, irisx_event_kind_t kind)
{
    atomic_init(&ev->refs, 1);
    ev->kind = kind;
    ev->error.info.message = "done";
}

irisx_event_t *ix_event_new(irisx_event_kind_t kind)
{
    irisx_event_t *ev = ix_alloc(sizeof *ev);

    if (ev)
        ix_event_init(ev, kind);
    return ev;
}

irisx_event_t *irisx_event_ref(irisx_event_t *event)
{
    if (event)
        atomic_fetch_add(&event->refs, 1);
    return event;
}

void irisx_event_unref(irisx_event_t *event)
{
    if (!event || atomic_fetch_sub(&event->refs, 1) != 1)
        return;
    irisx_line_unref(event->line);
    irisx_call_unref(event->call);
    irisx_subscription_unref(event->subscription);
    irisx_value_free(event->value);
    if (event->inside) {
        irisx_op_unref(event->op);
        return;
    }
    irisx_op_unref(event->op);
    ix_failure_clear(&event->error);
    ix_free(event);
}

static const irisx_error_info_t *error_of(const irisx_event_t *ev)
{
    return ev->inside && ev->op ? &ev->op->error.info : &ev->error.info;
}

irisx_event_kind_t irisx_event_kind(const irisx_event_t *event)
{
    return event ? event->kind : IRISX_EVENT_UNKNOWN;
}

int64_t irisx_event_time_ms(const irisx_event_t *event)
{
    return event ? event->time_ms : 0;
}

uint64_t irisx_event_op_id(const irisx_event_t *event)
{
    return event && event->op ? event->op->id : 0;
}

irisx_op_t *irisx_event_op(const irisx_event_t *event)
{
    return event ? event->op : NULL;
}

irisx_line_t *irisx_event_line(const irisx_event_t *event)
{
    return event ? event->line : NULL;
}

irisx_call_t *irisx_event_call(const irisx_event_t *event)
{
    return event ? event->call : NULL;
}

irisx_subscription_t *irisx_event_subscription(const irisx_event_t *event)
{
    return event ? event->subscription : NULL;
}

int32_t irisx_event_state(const irisx_event_t *event)
{
    return event ? event->state : 0;
}

const char *irisx_event_text(const irisx_event_t *event)
{
    return event ? event->text : "";
}

const irisx_value_t *irisx_event_value(const irisx_event_t *event)
{
    return event ? event->value : NULL;
}

const irisx_error_info_t *irisx_event_error(const irisx_event_t *event)
{
    static const irisx_error_info_t none = { .message = "no event" };

    return event ? error_of(event) : &none;
}

static const char *const line_states[] = { "", "connecting", "registering", "ready", "failed", "closed" };
static const char *const call_states[] = { "", "dialing", "ringing", "answered", "active", "ended" };

static const char *const transfer_states[] = { "", "accepted", "in progress", "confirmed", "failed" };
static const char *const hold_names[] = { "not held", "held", "held by the other side", "held by both sides" };

static const char *const subscription_states[] = { "", "pending", "active", "ended" };

static const char *state_name(const char *const *names, size_t count, int32_t state)
{
    return state > 0 && (size_t) state < count ? names[state] : "unknown";
}

static const char *const signalling_names[] = { "", "signalling lost", "signalling back", "taken up by a new dialog" };

/* what happens within a call */
static int describe_talk(const irisx_event_t *ev, char *out, size_t cap)
{
    char what[200];

    switch (ev->kind) {
    case IRISX_EVENT_CALL_EARLY_MEDIA:
        (void) snprintf(what, sizeof what, "the other side is heard before it answers");
        break;
    case IRISX_EVENT_CALL_DISPLAY:
        (void) snprintf(what, sizeof what, "is %s %s now", irisx_call_peer_name(ev->call),
            irisx_call_peer(ev->call)); /* may be cut */
        break;
    case IRISX_EVENT_CALL_GAP:
        (void) snprintf(what, sizeof what, "was silent for %d ms (%s)", (int) ev->state, ev->text);
        break;
    case IRISX_EVENT_CALL_SIGNALLING:
        (void) snprintf(what, sizeof what, "%s", state_name(signalling_names, IX_COUNT(signalling_names), ev->state));
        break;
    case IRISX_EVENT_CALL_REPLACED:
        (void) snprintf(what, sizeof what, "takes the place of call %s", ev->text);
        break;
    case IRISX_EVENT_CALL_MOVED:
        (void) snprintf(what, sizeof what, "goes on to %s", ev->text);
        break;
    default:
        (void) snprintf(what, sizeof what, "%s received", ev->kind == IRISX_EVENT_CALL_MESSAGE ? "message" : "INFO");
        break;
    }
    return snprintf(out, cap, "call %llu: %s", (unsigned long long) irisx_call_id(ev->call), what);
}

static int describe_subject(const irisx_event_t *ev, char *out, size_t cap)
{
    const char *text = ev->text;

    switch (ev->kind) {
    case IRISX_EVENT_OP_DONE:
        return snprintf(out, cap, "op %llu: done", (unsigned long long) irisx_event_op_id(ev));
    case IRISX_EVENT_LINE_STATE:
        return snprintf(out, cap, "line %s: %s", irisx_line_address(ev->line),
            state_name(line_states, IX_COUNT(line_states), ev->state));
    case IRISX_EVENT_CALL_INCOMING:
        return snprintf(out, cap, "call %llu: incoming from %s", (unsigned long long) irisx_call_id(ev->call),
            irisx_call_peer(ev->call));
    case IRISX_EVENT_CALL_STATE:
        return snprintf(out, cap, "call %llu: %s", (unsigned long long) irisx_call_id(ev->call),
            state_name(call_states, IX_COUNT(call_states), ev->state));
    case IRISX_EVENT_CALL_DIGIT:
        return snprintf(out, cap, "call %llu: digit %s", (unsigned long long) irisx_call_id(ev->call), text);
    case IRISX_EVENT_CALL_HOLD:
        return snprintf(out, cap, "call %llu: %s", (unsigned long long) irisx_call_id(ev->call),
            hold_names[ev->state & IRISX_HOLD_BOTH]);
    case IRISX_EVENT_CALL_TRANSFER:
        return snprintf(out, cap, "call %llu: transfer %s", (unsigned long long) irisx_call_id(ev->call),
            state_name(transfer_states, IX_COUNT(transfer_states), ev->state));
    case IRISX_EVENT_CALL_EARLY_MEDIA:
    case IRISX_EVENT_CALL_DISPLAY:
    case IRISX_EVENT_CALL_MESSAGE:
    case IRISX_EVENT_CALL_INFO:
    case IRISX_EVENT_CALL_GAP:
    case IRISX_EVENT_CALL_SIGNALLING:
    case IRISX_EVENT_CALL_REPLACED:
    case IRISX_EVENT_CALL_MOVED:
        return describe_talk(ev, out, cap);
    case IRISX_EVENT_CALL_STATS:
        return snprintf(out, cap, "call %llu: statistics", (unsigned long long) irisx_call_id(ev->call));
    case IRISX_EVENT_CALL_FILE:
        return snprintf(out, cap, "call %llu: %s", (unsigned long long) irisx_call_id(ev->call), text);
    case IRISX_EVENT_WEBHOOK:
        return snprintf(out, cap, "webhook: %s", text);
    case IRISX_EVENT_WEBHOOK_REJECTED:
        return snprintf(out, cap, "webhook refused");
    case IRISX_EVENT_LOST:
        return snprintf(out, cap, "%d events were left out: the application pulls too slowly", (int) ev->state);
    case IRISX_EVENT_CLIENT_CLOSED:
        return snprintf(out, cap, "client closed");
    case IRISX_EVENT_WARNING:
        return snprintf(out, cap, "warning");
    case IRISX_EVENT_LINE_MESSAGE:
        return snprintf(out, cap, "line %s: message from %s", irisx_line_address(ev->line),
            irisx_value_get_text(ev->value, "from", "somebody"));
    case IRISX_EVENT_LINE_NOTICE:
        return snprintf(out, cap, "line %s: told of %s", irisx_line_address(ev->line),
            irisx_value_get_text(ev->value, "package", "a state"));
    case IRISX_EVENT_SUBSCRIPTION:
        return snprintf(out, cap, "subscription %s: %s", irisx_subscription_to(ev->subscription),
            state_name(subscription_states, IX_COUNT(subscription_states), ev->state));
    case IRISX_EVENT_UNKNOWN:
        break;
    }
    return snprintf(out, cap, "unknown event");
}

/* Written when the event is pushed, once all members are there; ends of ops, which nobody reads mostly, when asked. */
static void describe(irisx_event_t *ev)
{
    int n = describe_subject(ev, ev->describe, sizeof ev->describe);
    const irisx_error_info_t *error = error_of(ev);

    if (error->code && n > 0 && (size_t) n < sizeof ev->describe)
        (void) snprintf(ev->describe + n, sizeof ev->describe - (size_t) n, ": %s", error->message); /* may be cut */
}

const char *irisx_event_describe(const irisx_event_t *event)
{
    irisx_event_t *ev = (irisx_event_t *) event;

    if (!ev)
        return "";
    if (ev->inside && ev->op) /* it may be asked on several threads */
        pthread_mutex_lock(&ev->op->client->lock);
    if (!ev->describe[0])
        describe(ev); /* one owner or the pushing thread: ix_queue_push has called it before sharing */
    if (ev->inside && ev->op)
        pthread_mutex_unlock(&ev->op->client->lock);
    return ev->describe;
}
