/* SPDX-License-Identifier: MIT */
/*
 * What is said of a call and in it beside its sound: who the other side is, headers, MESSAGE and INFO both ways, digits
 * by INFO, gaps, what became of the signalling.
 */
#include <stdio.h>
#include <string.h>

#include "client/private.h"

#define BODY_MAX 32768
#define SHOWN_MAX 32 /* changes of name or address of one call; later ones are not shown */

struct shown {
    struct ix_list node;
    char *uri, *name;
};

/* ---- what they sent ------------------------------------------------------------------------ */
/* header lines as "Name\0Value\0" one behind the other; folded lines are joined */
static char *index_head(struct ix_str head)
{
    struct ix_str line, name;
    struct ix_buf b;

    ix_buf_init(&b, 32768);
    (void) ix_str_cut(&head, '\n', &line); /* the start line */
    while (ix_str_cut(&head, '\n', &line) && line.n > 1) {
        while (head.n && (head.p[0] == ' ' || head.p[0] == '\t')) { /* goes on: the slices lie behind one another */
            struct ix_str more;

            (void) ix_str_cut(&head, '\n', &more);
            line.n = (size_t) (more.p + more.n - line.p);
        }
        if (!ix_str_cut(&line, ':', &name))
            continue;
        ix_buf_strv(&b, ix_str_trim(name));
        ix_buf_u8(&b, 0);
        line = ix_str_trim(line);
        for (size_t i = 0; i < line.n; i++)
            ix_buf_u8(&b, (uint8_t) (line.p[i] && line.p[i] != '\r' && line.p[i] != '\n' ? line.p[i] : ' '));
        ix_buf_u8(&b, 0);
    }
    ix_buf_u8(&b, 0);
    return ix_buf_take(&b);
}

static void show(irisx_call_t *call)
{
    struct ix_str uri, name;
    struct shown *old;
    char *fresh_uri, *fresh_name;

    if (ix_call_peer(ix_engine_phone(call->client->engine), call->id, &uri, &name) || call->shown_count == SHOWN_MAX ||
        (ix_str_eq(uri, ix_str(call->peer)) && ix_str_eq(name, ix_str(call->peer_name))))
        return;
    old = ix_alloc(sizeof *old);
    fresh_uri = ix_str_dup(uri);
    fresh_name = ix_str_dup(name);
    if (!old || !fresh_uri || !fresh_name) {
        ix_free(old);
        ix_free(fresh_uri);
        ix_free(fresh_name);
        return;
    }
    old->uri = call->peer;
    old->name = call->peer_name;
    ix_list_append(&call->shown, &old->node);
    call->shown_count++;
    call->peer = fresh_uri;
    call->peer_name = fresh_name;
}

void ix_call_learn(irisx_call_t *call)
{
    struct ix_phone *p = ix_engine_phone(call->client->engine);
    size_t which = atomic_load(&call->state) >= IRISX_CALL_ANSWERED;
    bool hidden = false;
    struct ix_str who;

    if (!call->id)
        return;
    if (!call->heads[which] && ix_call_head(p, call->id).n)
        call->heads[which] = index_head(ix_call_head(p, call->id));
    who = ix_call_asserted(p, call->id, &hidden);
    if (!call->asserted && who.n)
        call->asserted = ix_str_dup(who);
    atomic_store(&call->hidden, hidden);
    if (!call->incoming && atomic_load(&call->state) >= IRISX_CALL_ANSWERED)
        show(call);
}

const char *irisx_call_header(const irisx_call_t *call, const char *name)
{
    if (!call || !name)
        return NULL;
    for (int which = 1; which >= 0; which--)
        for (const char *at = call->heads[which]; at && *at; at += strlen(at) + 1) {
            bool same = ix_str_ieq(ix_str(at), ix_str(name));

            at += strlen(at) + 1;
            if (same)
                return at;
        }
    return NULL;
}

const char *irisx_call_asserted(const irisx_call_t *call)
{
    return call && call->asserted ? call->asserted : "";
}

int32_t irisx_call_anonymous(const irisx_call_t *call)
{
    return call && atomic_load(&call->hidden);
}

uint64_t irisx_call_joins(const irisx_call_t *call)
{
    return call ? atomic_load(&call->joins) : 0;
}

irisx_error_t irisx_client_call_counts(irisx_client_t *client, irisx_call_counts_t *counts_out)
{
    irisx_call_counts_t n = { .struct_size = sizeof n };
    size_t size;

    if (!client || !counts_out || counts_out->struct_size < sizeof(size_t))
        return IRISX_E_INVALID;
    size = IX_MIN(counts_out->struct_size, sizeof n);
    pthread_mutex_lock(&client->lock);
    n.calls = client->counts.calls;
    n.ringing = client->counts.ringing;
    n.dialled = client->counts.dialled;
    n.incoming = client->counts.incoming;
    n.refused_busy = client->counts.refused_busy;
    n.refused_overload = client->counts.refused_overload;
    n.refused_local = client->counts.refused_local;
    n.replaced = client->counts.replaced;
    n.resumed = client->counts.resumed;
    n.gaps = client->counts.gaps;
    n.gap_ms = client->counts.gap_ms;
    n.refused_requests = client->refusals.requests;
    n.refused_subscriptions = client->refusals.subscriptions;
    n.refused_notifies = client->refusals.notifies;
    pthread_mutex_unlock(&client->lock);
    memcpy((char *) counts_out + sizeof(size_t), (const char *) &n + sizeof(size_t), size - sizeof(size_t));
    return IRISX_OK;
}

void ix_call_count(irisx_client_t *c)
{
    struct ix_call_counts n;
    struct ix_phone_refusals refused;

    if (!c->engine) /* closing: a timeline was still being written; the last figures stay */
        return;
    ix_phone_call_counts(ix_engine_phone(c->engine), &n);
    ix_phone_refusals(ix_engine_phone(c->engine), &refused);
    pthread_mutex_lock(&c->lock);
    c->counts = n;
    c->refusals = refused;
    pthread_mutex_unlock(&c->lock);
}

/* ---- events ---------------------------------------------------------------------------------- */
static irisx_event_t *event_of(irisx_call_t *call, irisx_event_kind_t kind, int state)
{
    irisx_event_t *ev = ix_event_new(kind);

    if (!ev) {
        ix_queue_push(call->client, NULL);
        return NULL;
    }
    ev->call = irisx_call_ref(call);
    ev->line = irisx_line_ref(call->line);
    ev->state = state;
    return ev;
}

static void push(irisx_call_t *call, irisx_event_kind_t kind, int state, const char *text)
{
    irisx_event_t *ev = event_of(call, kind, state);

    if (!ev)
        return;
    (void) snprintf(ev->text, sizeof ev->text, "%s", text);
    ix_queue_push(call->client, ev);
}

static char *clean_text(struct ix_str s)
{
    char *text = ix_str_dup(s);
    bool valid = text && ix_utf8_valid(text, s.n);

    for (size_t i = 0; text && i < s.n; i++)
        if (!text[i] || (!valid && (unsigned char) text[i] > 126))
            text[i] = '?';
    return text;
}

static void push_body(irisx_call_t *call, const struct ix_sip_msg *msg)
{
    bool message = msg->method == IX_SIP_MESSAGE;
    irisx_event_t *ev = event_of(call, message ? IRISX_EVENT_CALL_MESSAGE : IRISX_EVENT_CALL_INFO, 0);
    char *type = clean_text(ix_sip_get(msg, IX_SIP_H_CONTENT_TYPE)), *body = clean_text(msg->body);

    if (ev && type && body) {
        ev->value = irisx_value_new_object();
        if (ev->value) { /* what finds no memory is left out */
            (void) irisx_value_set_text(ev->value, "content_type", type);
            (void) irisx_value_set_text(ev->value, "body", body);
        }
        (void) snprintf(ev->text, sizeof ev->text, "%.*s", (int) sizeof ev->text - 1, body);
        ix_queue_push(call->client, ev);
    } else {
        irisx_event_unref(ev);
    }
    ix_free(type);
    ix_free(body);
}

static void next_digit(irisx_call_t *call)
{
    bool relay = call->digits_how == IRISX_DIGITS_RELAY;
    irisx_client_t *c = call->client;
    char digit = call->info_digits[0], body[40];
    int err;

    call->digit_txn = 0;
    if (!digit) {
        ix_op_end(&call->digits, NULL);
        return;
    }
    memmove(call->info_digits, call->info_digits + 1, sizeof call->info_digits - 1);
    (void) snprintf(body, sizeof body, relay ? "Signal=%c\r\nDuration=160\r\n" : "%c", digit);
    err = call->id ? ix_call_say(ix_engine_phone(c->engine), call->id, IX_SIP_INFO,
                         relay ? IX_STR("application/dtmf-relay") : IX_STR("application/dtmf"), ix_str(body),
                         ix_engine_now(c->engine), &call->digit_txn)
                   : IRISX_E_CLOSED;
    if (!err)
        return;
    if (call->digits)
        ix_op_finish_code(call->digits, err, "the digits could not be sent");
    ix_op_end(&call->digits, NULL);
}

void ix_call_digits_by_info(irisx_call_t *call, const char *digits, irisx_op_t *op)
{
    if (call->digits) {
        ix_op_finish_code(op, IRISX_E_STATE, "the digits before are still being sent");
        irisx_op_unref(op);
        return;
    }
    call->digits = op;
    (void) snprintf(call->info_digits, sizeof call->info_digits, "%s", digits); /* length was checked */
    next_digit(call);
}

static void said(irisx_call_t *call, const struct ix_phone_event *ev)
{
    struct failure f = { .detail = NULL };
    bool bad = ev->error->code != 0;

    ix_failure_clear(&f);
    if (bad)
        ix_failure_set(
            &f, ev->error->code, IRISX_DOMAIN_SIP, ev->error->sip_status, ev->error->message, ev->error->reason);
    if (ev->txn == call->digit_txn) {
        if (!bad) {
            next_digit(call);
            return;
        }
        call->digit_txn = 0;
        ix_op_end(&call->digits, &f);
        return;
    }
    for (size_t i = 0; i < IX_COUNT(call->waiting); i++)
        if (call->waiting[i].op && call->waiting[i].txn == ev->txn)
            ix_op_end(&call->waiting[i].op, bad ? &f : NULL);
}

void ix_call_talk_event(const struct ix_phone_event *ev)
{
    static const char *const whys[] = { "", "peer", "path", "signalling" };
    irisx_call_t *call = ev->user;
    char digit[2] = { (char) ev->state, 0 }, text[24] = "";

    if (!call)
        return;
    switch (ev->kind) {
    case IX_EV_INFO:
        push_body(call, ev->msg);
        break;
    case IX_EV_DIGIT:
        push(call, IRISX_EVENT_CALL_DIGIT, 0, digit);
        break;
    case IX_EV_EARLY_MEDIA:
        ix_call_sound_hear(call);
        push(call, IRISX_EVENT_CALL_EARLY_MEDIA, 0, "");
        break;
    case IX_EV_DISPLAY:
    case IX_EV_MOVED:
        show(call);
        push(call, ev->kind == IX_EV_MOVED ? IRISX_EVENT_CALL_MOVED : IRISX_EVENT_CALL_DISPLAY, 0,
            ev->kind == IX_EV_MOVED ? irisx_call_peer(call) : irisx_call_peer_name(call));
        break;
    case IX_EV_GAP:
        push(call, IRISX_EVENT_CALL_GAP, ev->state, whys[ev->why & 3]);
        break;
    case IX_EV_SIGNALLING:
        ix_call_keep(call);
        push(call, IRISX_EVENT_CALL_SIGNALLING, ev->state, "");
        break;
    case IX_EV_REPLACED:
        IX_LIST_EACH (node, &call->client->calls) {
            const irisx_call_t *old = IX_CONTAINER(node, irisx_call_t, node);

            if (old->id == (uint32_t) ev->state)
                (void) snprintf(text, sizeof text, "%llu", (unsigned long long) old->number);
        }
        push(call, IRISX_EVENT_CALL_REPLACED, 0, text);
        ix_call_answer_now(call);
        break;
    case IX_EV_ANSWER_NOW:
        ix_call_answer_now(call);
        break;
    case IX_EV_SAID:
        said(call, ev);
        break;
    default: /* the others are not talk */
        break;
    }
    ix_call_count(call->client);
}

void ix_call_talk_end(irisx_call_t *call)
{
    const struct failure *f = call->end.info.code ? &call->end : NULL;

    for (size_t i = 0; i < IX_COUNT(call->waiting); i++) {
        if (call->waiting[i].op && !f)
            ix_op_finish_code(call->waiting[i].op, IRISX_E_CLOSED, "the call ended before it was answered");
        ix_op_end(&call->waiting[i].op, f);
    }
}

void ix_call_talk_free(irisx_call_t *call)
{
    struct ix_list *node;

    while ((node = ix_list_pop(&call->shown)) != NULL) {
        struct shown *s = IX_CONTAINER(node, struct shown, node);

        ix_free(s->uri);
        ix_free(s->name);
        ix_free(s);
    }
    ix_free(call->heads[0]);
    ix_free(call->heads[1]);
    ix_free(call->asserted);
    ix_free(call->token);
    ix_free(call->resume_token);
    ix_free(call->caller_name);
    ix_free(call->replaces);
}

/* ---- what we say ------------------------------------------------------------------------------- */
struct saying {
    irisx_call_t *call; /* referenced */
    irisx_op_t *op; /* referenced */
    enum ix_sip_method method;
    char *type;
    size_t len;
    char body[];
};

static void saying_free(struct saying *s)
{
    irisx_call_unref(s->call);
    irisx_op_unref(s->op);
    ix_free(s->type);
    ix_free(s);
}

static void say_cmd(void *arg)
{
    struct saying *s = arg;
    irisx_call_t *call = s->call;
    irisx_client_t *c = call->client;
    int err = call->id ? IRISX_E_LIMIT : IRISX_E_CLOSED;
    size_t at = 0;

    while (at < IX_COUNT(call->waiting) && call->waiting[at].op)
        at++;
    if (call->id && at < IX_COUNT(call->waiting))
        err = ix_call_say(ix_engine_phone(c->engine), call->id, s->method, ix_str(s->type), ix_str_n(s->body, s->len),
            ix_engine_now(c->engine), &call->waiting[at].txn);
    if (!err) {
        call->waiting[at].op = s->op;
        s->op = NULL;
    } else {
        ix_op_finish_code(s->op, err,
            err == IRISX_E_STATE   ? "only within an answered call"
            : err == IRISX_E_LIMIT ? "too many wait for their answer: try again in a moment"
                                   : "the call has ended");
    }
    saying_free(s);
}

static irisx_error_t say(
    irisx_call_t *call, enum ix_sip_method method, const char *type, const void *body, size_t len, irisx_op_t **op_out)
{
    struct saying *s;
    irisx_op_t *op;
    int err;

    if (!call || !type || !*type || strpbrk(type, "\r\n") || (len && !body))
        return IRISX_E_INVALID;
    if (len > BODY_MAX)
        return IRISX_E_TOO_LARGE;
    if (!ix_client_usable(call->client))
        return IRISX_E_CLOSED;
    s = ix_alloc(sizeof *s + len);
    op = s ? ix_op_new(call->client) : NULL;
    if (!op) {
        ix_free(s);
        return IRISX_E_NO_MEMORY;
    }
    s->call = irisx_call_ref(call);
    s->op = irisx_op_ref(op);
    s->method = method;
    s->len = len;
    s->type = ix_dup_cstr(type);
    if (len)
        memcpy(s->body, body, len);
    err = s->type ? ix_call_post(call->client, say_cmd, s) : IRISX_E_NO_MEMORY;
    if (err) {
        saying_free(s);
        ix_op_discard(op);
        return (irisx_error_t) err;
    }
    ix_op_give(op, op_out);
    return IRISX_OK;
}

irisx_error_t irisx_call_send_message(
    irisx_call_t *call, const char *content_type, const void *body, size_t len, irisx_op_t **op_out)
{
    return say(call, IX_SIP_MESSAGE, content_type ? content_type : "text/plain", body, len, op_out);
}

irisx_error_t irisx_call_send_info(
    irisx_call_t *call, const char *content_type, const void *body, size_t len, irisx_op_t **op_out)
{
    return say(call, IX_SIP_INFO, content_type, body, len, op_out);
}
