/* SPDX-License-Identifier: MIT */
/* What a line does besides calls, as the application sees it: OPTIONS, texts, subscriptions. The work is src/call's. */
#include <string.h>

#include "client/private.h"

struct irisx_subscription {
    atomic_int refs;
    irisx_line_t *line; /* referenced */
    atomic_int state;
    irisx_package_t package;
    char *to;
    uint32_t expires_s;
    struct ix_list node; /* call: in client.subscriptions while the phone has it */
    uint32_t id; /* call: 0 = not there */
    bool closing; /* call */
    bool waiting; /* call: for a line whose credentials are still being fetched */
};

struct wish { /* of the application, for the call loop */
    struct ix_list node; /* call: in client.wishes until it is answered */
    irisx_line_t *line; /* referenced */
    irisx_op_t *op; /* referenced */
    bool message;
    char *to, *content_type;
    uint8_t *body;
    size_t len;
};

/* ---- values ------------------------------------------------------------------------------ */
static void member(struct ix_buf *b, const char *name, struct ix_str value)
{
    ix_buf_fmt(b, "%s\"%s\":", b->p[b->n - 1] == '{' ? "" : ",", name);
    ix_buf_json_str(b, value);
}

static irisx_value_t *value_of(struct ix_buf *b)
{
    irisx_value_t *value = NULL;

    ix_buf_str(b, "}");
    if (!b->err)
        (void) irisx_value_parse((const char *) b->p, b->n, &value, NULL); /* no memory: none */
    ix_buf_clear(b);
    return value;
}

static void write_dialogs(struct ix_buf *b, const struct ix_sip_notice *n)
{
    ix_buf_fmt(b, ",\"version\":%u,\"dialogs\":[", n->version);
    for (size_t i = 0; i < n->dialog_count; i++) {
        const struct ix_sip_notice_dialog *d = &n->dialogs[i];

        ix_buf_str(b, i ? ",{" : "{");
        member(b, "id", ix_str(d->id));
        member(b, "state", ix_str(ix_sip_lamp_name(d->state)));
        member(b, "direction", ix_str(d->recipient ? "in" : "out"));
        member(b, "local", ix_str(d->local));
        member(b, "remote", ix_str(d->remote));
        member(b, "remote_name", ix_str(d->remote_name));
        member(b, "call_id", ix_str(d->call_id));
        member(b, "local_tag", ix_str(d->local_tag));
        member(b, "remote_tag", ix_str(d->remote_tag));
        ix_buf_str(b, "}");
    }
    ix_buf_str(b, "]");
}

static void write_classes(struct ix_buf *b, const struct ix_sip_notice *n)
{
    ix_buf_fmt(b, ",\"waiting\":%s,\"messages\":{", n->waiting ? "true" : "false");
    for (size_t i = 0; i < n->class_count; i++) {
        const struct ix_sip_notice_class *c = &n->classes[i];

        ix_buf_str(b, i ? "," : "");
        ix_buf_json_str(b, ix_str(c->name));
        ix_buf_fmt(b, ":{\"new\":%u,\"old\":%u,\"urgent_new\":%u,\"urgent_old\":%u}", c->fresh, c->old, c->urgent_fresh,
            c->urgent_old);
    }
    ix_buf_str(b, "}");
}

static irisx_value_t *notice_value(const struct ix_sip_notice *n)
{
    struct ix_buf b;

    ix_buf_init(&b, 65536);
    ix_buf_str(&b, "{");
    if (b.err)
        return NULL;
    member(&b, "package", ix_str(ix_sip_package_name(n->package)));
    member(&b, "entity", ix_str(n->entity));
    if (n->package == IX_SIP_PKG_DIALOG) {
        write_dialogs(&b, n);
    } else if (n->package == IX_SIP_PKG_SUMMARY) {
        write_classes(&b, n);
    } else {
        ix_buf_fmt(&b, ",\"open\":%s", n->open ? "true" : "false");
        member(&b, "note", ix_str(n->note));
        member(&b, "activity", ix_str(n->activity));
    }
    return value_of(&b);
}

static irisx_value_t *message_value(const struct ix_sip_msg *msg)
{
    struct ix_str body = msg->body;
    struct ix_buf b, name;

    ix_buf_init(&b, 8 * IX_TEXT_MAX);
    ix_buf_init(&name, 1024);
    ix_buf_str(&b, "{");
    ix_sip_unquote(&name, msg->from.display);
    if (b.err)
        return NULL;
    member(&b, "from", msg->from.uri.text);
    member(&b, "name", ix_str_n(name.p, name.n));
    member(&b, "to", msg->to.uri.text);
    member(&b, "content_type", ix_sip_get(msg, IX_SIP_H_CONTENT_TYPE));
    if (ix_utf8_valid(body.p, body.n)) {
        member(&b, "body", body);
    } else {
        ix_buf_str(&b, ",\"base64\":\"");
        ix_base64_encode(&b, body.p, body.n);
        ix_buf_str(&b, "\"");
    }
    ix_buf_clear(&name);
    return value_of(&b);
}

/* ---- OPTIONS and MESSAGE ------------------------------------------------------------------ */
static void wish_free(struct wish *w)
{
    ix_list_remove(&w->node);
    irisx_line_unref(w->line);
    irisx_op_unref(w->op);
    ix_free(w->to);
    ix_free(w->content_type);
    ix_free(w->body);
    ix_free(w);
}

static void wish_cmd(void *arg)
{
    struct wish *w = arg;
    irisx_client_t *c = w->line->client;
    struct ix_ask_config config = { .line = w->line->id,
        .message = w->message,
        .to = w->to,
        .content_type = w->content_type,
        .body = w->body,
        .body_len = w->len,
        .user_data = w };
    int err = ix_phone_ask(ix_engine_phone(c->engine), &config, ix_engine_now(c->engine));

    ix_list_append(&c->wishes, &w->node);
    if (!err)
        return;
    ix_op_finish_code(w->op, err, err == IRISX_E_STATE ? "the line is not connected: wait until it is ready" : NULL);
    wish_free(w);
}

void ix_ask_done(const struct ix_phone_event *ev)
{
    struct wish *w = ev->user;
    struct failure f = { 0 };
    struct ix_buf b;

    ix_buf_init(&b, 128);
    ix_buf_fmt(&b, "{\"rtt_ms\":%llu.%03u,\"status\":%u", (unsigned long long) (ev->rtt_us / 1000),
        (unsigned) (ev->rtt_us % 1000), ev->error->sip_status);
    w->op->answer.root = value_of(&b);
    if (ev->error->code)
        ix_failure_set(&f, ev->error->code, ev->error->sip_status ? IRISX_DOMAIN_SIP : IRISX_DOMAIN_SYSTEM,
            ev->error->sip_status, ev->error->message, ev->error->reason);
    ix_op_finish(w->op, ev->error->code ? &f : NULL);
    wish_free(w);
    ix_failure_clear(&f);
}

static irisx_error_t wish_post(irisx_line_t *line, const struct wish *from, irisx_op_t **op_out)
{
    struct wish *w = ix_alloc(sizeof *w);
    irisx_op_t *op = w ? ix_op_new(line->client) : NULL;
    int err = IRISX_E_NO_MEMORY;

    if (op) {
        *w = *from;
        w->line = irisx_line_ref(line);
        w->op = irisx_op_ref(op);
        w->to = ix_dup_cstr(from->to);
        w->content_type = ix_dup_cstr(from->content_type);
        w->body = (uint8_t *) ix_dup_mem(from->body, from->len);
        if ((!from->to || w->to) && (!from->content_type || w->content_type) && w->body)
            err = ix_call_post(line->client, wish_cmd, w);
    }
    if (!err) {
        ix_op_give(op, op_out);
        return IRISX_OK;
    }
    if (op)
        wish_free(w);
    else
        ix_free(w);
    ix_op_discard(op);
    return (irisx_error_t) err;
}

static irisx_error_t usable(const irisx_line_t *line)
{
    if (!line)
        return IRISX_E_INVALID;
    return ix_client_usable(line->client) ? IRISX_OK : IRISX_E_CLOSED;
}

irisx_error_t irisx_line_ping(irisx_line_t *line, const char *to, irisx_op_t **op_out)
{
    irisx_error_t err = usable(line);
    uint8_t none = 0;

    return err ? err : wish_post(line, &(struct wish){ .to = (char *) (uintptr_t) to, .body = &none }, op_out);
}

irisx_error_t irisx_line_message(irisx_line_t *line, const irisx_line_message_options_t *options, irisx_op_t **op_out)
{
    irisx_line_message_options_t o;
    struct wish w = { .message = true };
    irisx_error_t err = usable(line);

    if (err)
        return err;
    if (!options || ix_options_read(&o, sizeof o, options) || !o.to || !*o.to || (!o.text && !o.data))
        return IRISX_E_INVALID;
    w.to = (char *) (uintptr_t) o.to;
    w.content_type = (char *) (uintptr_t) o.content_type;
    w.body = (uint8_t *) (uintptr_t) (o.text ? o.text : o.data);
    w.len = o.text ? strlen(o.text) : o.len;
    return w.len > IX_TEXT_MAX ? IRISX_E_TOO_LARGE : wish_post(line, &w, op_out);
}

static irisx_line_t *line_by_id(irisx_client_t *c, uint32_t id)
{
    IX_LIST_EACH (node, &c->lines)
        if (IX_CONTAINER(node, irisx_line_t, node)->id == id)
            return IX_CONTAINER(node, irisx_line_t, node);
    return NULL;
}

void ix_line_told(irisx_client_t *c, const struct ix_phone_event *ev)
{
    bool message = ev->kind == IX_EV_MESSAGE;
    irisx_event_t *out = ix_event_new(message ? IRISX_EVENT_LINE_MESSAGE : IRISX_EVENT_LINE_NOTICE);

    if (out) {
        out->line = irisx_line_ref(line_by_id(c, ev->line));
        out->value = message ? message_value(ev->msg) : notice_value(ev->notice);
    }
    ix_queue_push(c, out);
}

/* ---- subscriptions ------------------------------------------------------------------------ */
irisx_subscription_t *irisx_subscription_ref(irisx_subscription_t *s)
{
    if (s)
        atomic_fetch_add(&s->refs, 1);
    return s;
}

void irisx_subscription_unref(irisx_subscription_t *s)
{
    if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    irisx_line_unref(s->line);
    ix_free(s->to);
    ix_free(s);
}

irisx_subscription_state_t irisx_subscription_state(const irisx_subscription_t *s)
{
    return s ? (irisx_subscription_state_t) atomic_load(&s->state) : IRISX_SUBSCRIPTION_UNKNOWN;
}

irisx_package_t irisx_subscription_package(const irisx_subscription_t *s)
{
    return s ? s->package : IRISX_PACKAGE_UNKNOWN;
}

const char *irisx_subscription_to(const irisx_subscription_t *s)
{
    return s && s->to ? s->to : "";
}

static void tell(irisx_subscription_t *s, int state, const struct ix_phone_error *e, const struct ix_sip_notice *notice)
{
    irisx_event_t *ev = ix_event_new(IRISX_EVENT_SUBSCRIPTION);

    atomic_store(&s->state, state);
    if (ev) {
        ev->subscription = irisx_subscription_ref(s);
        ev->line = irisx_line_ref(s->line);
        ev->state = state;
        ev->value = notice ? notice_value(notice) : NULL;
        if (e && e->code)
            ix_failure_set(&ev->error, e->code, e->sip_status ? IRISX_DOMAIN_SIP : IRISX_DOMAIN_LOCAL, e->sip_status,
                e->message, e->reason);
    }
    ix_queue_push(s->line->client, ev);
}

static void let_go(irisx_subscription_t *s)
{
    s->id = 0;
    ix_list_remove(&s->node);
    irisx_subscription_unref(s); /* the phone's */
}

void ix_subscription_event(const struct ix_phone_event *ev)
{
    irisx_subscription_t *s = ev->user;

    ix_call_count(s->line->client);
    tell(s, ev->state, ev->error, ev->notice);
    if (ev->state != IX_SUB_ENDED)
        return;
    let_go(s);
}

void ix_outside_drop(irisx_client_t *c)
{
    while (!ix_list_empty(&c->wishes)) {
        struct wish *w = IX_CONTAINER(c->wishes.next, struct wish, node);

        ix_op_finish_code(w->op, IRISX_E_CLOSED, "the client was closed");
        wish_free(w);
    }
    while (!ix_list_empty(&c->subscriptions)) {
        irisx_subscription_t *s = IX_CONTAINER(c->subscriptions.next, irisx_subscription_t, node);

        atomic_store(&s->state, IRISX_SUBSCRIPTION_ENDED);
        let_go(s);
    }
}

static void end_now(irisx_subscription_t *s, int code)
{
    struct ix_phone_error e = { .code = code };

    s->waiting = false;
    (void) ix_str_copy(e.message, sizeof e.message, ix_str(ix_error_text(code)));
    ix_call_count(s->line->client);
    tell(s, IX_SUB_ENDED, &e, NULL);
    let_go(s);
}

static void subscribe(irisx_subscription_t *s)
{
    irisx_client_t *c = s->line->client;
    struct ix_sub_config config = { .line = s->line->id,
        .package = (enum ix_sip_package) s->package,
        .to = s->to,
        .expires_s = s->expires_s,
        .user_data = s };
    int err = ix_sub_open(ix_engine_phone(c->engine), &config, ix_engine_now(c->engine), &s->id);

    s->waiting = false;
    if (err)
        end_now(s, err);
}

static void subscribe_cmd(void *arg)
{
    irisx_subscription_t *s = arg;

    ix_list_append(&s->line->client->subscriptions, &s->node); /* the reference is the phone's until ENDED */
    if (s->closing)
        end_now(s, 0);
    else if (!s->line->id && atomic_load(&s->line->state) == IRISX_LINE_CONNECTING)
        s->waiting = true;
    else
        subscribe(s);
}

void ix_subscriptions_of_line(irisx_line_t *l, int err)
{
    IX_LIST_EACH_SAFE (node, &l->client->subscriptions) {
        irisx_subscription_t *s = IX_CONTAINER(node, irisx_subscription_t, node);

        if (s->line != l || !s->waiting)
            continue;
        if (err)
            end_now(s, err);
        else
            subscribe(s);
    }
}

irisx_error_t irisx_line_subscribe(
    irisx_line_t *line, const irisx_subscription_options_t *options, irisx_subscription_t **subscription_out)
{
    irisx_subscription_options_t o;
    irisx_subscription_t *s;
    irisx_error_t err = usable(line);

    if (err)
        return err;
    if (!options || ix_options_read(&o, sizeof o, options) || o.package < IRISX_PACKAGE_DIALOG ||
        o.package > IRISX_PACKAGE_MESSAGE_SUMMARY)
        return IRISX_E_INVALID;
    s = ix_alloc(sizeof *s);
    if (!s)
        return IRISX_E_NO_MEMORY;
    atomic_init(&s->refs, 2); /* the caller's, and the phone's */
    atomic_init(&s->state, IRISX_SUBSCRIPTION_PENDING);
    s->line = irisx_line_ref(line);
    s->package = o.package;
    s->expires_s = o.expires_s;
    s->to = ix_dup_cstr(o.to);
    err = o.to && !s->to ? IRISX_E_NO_MEMORY : (irisx_error_t) ix_call_post(line->client, subscribe_cmd, s);
    if (err)
        irisx_subscription_unref(s);
    if (err || !subscription_out)
        irisx_subscription_unref(s);
    else
        *subscription_out = s;
    return err;
}

static void close_cmd(void *arg)
{
    irisx_subscription_t *s = arg;
    irisx_client_t *c = s->line->client;

    s->closing = true;
    if (s->id)
        ix_sub_close(ix_engine_phone(c->engine), s->id, ix_engine_now(c->engine));
    else if (s->waiting)
        end_now(s, 0);
    irisx_subscription_unref(s);
}

irisx_error_t irisx_subscription_close(irisx_subscription_t *s)
{
    irisx_error_t err = s ? usable(s->line) : IRISX_E_INVALID;

    if (err)
        return err;
    err = (irisx_error_t) ix_call_post(s->line->client, close_cmd, irisx_subscription_ref(s));
    if (err)
        irisx_subscription_unref(s);
    return err;
}
