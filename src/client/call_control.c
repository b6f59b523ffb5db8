/* SPDX-License-Identifier: MIT */
/* What an application does with a call that is there: hold, transfer, redirect; and what the phone tells of it. */
#include <string.h>

#include "client/private.h"

struct control { /* a command for the call loop */
    irisx_call_t *call, *other; /* referenced; other may be NULL */
    irisx_op_t *op; /* referenced; NULL none */
    char *text; /* may be NULL */
    bool on;
    void (*fn)(struct control *o);
};

static void control_free(struct control *o)
{
    irisx_call_unref(o->call);
    irisx_call_unref(o->other);
    irisx_op_unref(o->op);
    ix_free(o->text);
    ix_free(o);
}

static void control_cmd(void *arg)
{
    struct control *o = arg;

    o->fn(o);
    control_free(o);
}

/* op_out NULL: nobody waits for it; wanted: there is an op to wait for at all */
static irisx_error_t control_post(irisx_call_t *call, const struct control *from, bool wanted, irisx_op_t **op_out)
{
    struct control *o = ix_alloc(sizeof *o);
    irisx_op_t *op = wanted && o ? ix_op_new(call->client) : NULL;
    int err = o && (op || !wanted) ? 0 : IRISX_E_NO_MEMORY;

    if (!err) {
        *o = *from;
        o->text = ix_dup_cstr(from->text);
        o->call = irisx_call_ref(call);
        o->other = irisx_call_ref(from->other);
        o->op = irisx_op_ref(op);
        err = from->text && !o->text ? IRISX_E_NO_MEMORY : ix_call_post(call->client, control_cmd, o);
    }
    if (!err) {
        if (wanted)
            ix_op_give(op, op_out);
        return IRISX_OK;
    }
    if (o && o->call)
        control_free(o);
    else
        ix_free(o);
    if (op)
        ix_op_discard(op);
    return (irisx_error_t) err;
}

static irisx_error_t usable(const irisx_call_t *call)
{
    if (!call)
        return IRISX_E_INVALID;
    return ix_client_usable(call->client) ? IRISX_OK : IRISX_E_CLOSED;
}

/* ---- hold -------------------------------------------------------------------------------- */
static void hold_now(struct control *o)
{
    irisx_call_t *call = o->call;
    irisx_client_t *c = call->client;
    int err = IRISX_E_CLOSED;

    ix_op_end(&call->holding, NULL); /* the newer wish counts */
    if (call->id) {
        call->hold_wanted = o->on;
        call->holding = irisx_op_ref(o->op);
        err = ix_call_hold(ix_engine_phone(c->engine), call->id, o->on, ix_engine_now(c->engine));
    }
    if (!err)
        return;
    irisx_op_unref(call->holding);
    call->holding = NULL;
    ix_op_finish_code(o->op, err,
        err == IRISX_E_STATE ? "only an answered call can be held" : "the call has ended: nothing is left to hold");
}

irisx_error_t irisx_call_hold(irisx_call_t *call, int32_t on, irisx_op_t **op_out)
{
    irisx_error_t err = usable(call);

    return err ? err : control_post(call, &(struct control){ .fn = hold_now, .on = on != 0 }, true, op_out);
}

irisx_error_t irisx_call_swap(irisx_call_t *from, irisx_call_t *to, irisx_op_t **op_out)
{
    irisx_error_t err = usable(from);

    if (!err && (!to || from == to || to->client != from->client))
        err = IRISX_E_INVALID;
    if (!err)
        err = irisx_call_hold(from, 1, NULL);
    return err ? err : irisx_call_hold(to, 0, op_out);
}

irisx_hold_t irisx_call_held(const irisx_call_t *call)
{
    return call ? (irisx_hold_t) atomic_load(&call->held) : IRISX_HOLD_NONE;
}

/* ---- transfer ---------------------------------------------------------------------------- */
static const char *transfer_hint(int err)
{
    if (err == IRISX_E_STATE)
        return "only an answered call can be transferred, and once at a time";
    if (err == IRISX_E_INVALID)
        return "the number or address to transfer to is not valid";
    return err == IRISX_E_NOT_FOUND ? "the other call has ended" : "the call has ended: nothing is left to transfer";
}

static void transfer_now(struct control *o)
{
    irisx_call_t *call = o->call;
    irisx_client_t *c = call->client;
    int err = IRISX_E_CLOSED;

    if (call->id && o->other && !o->other->id)
        err = IRISX_E_NOT_FOUND;
    else if (call->id)
        err = ix_call_transfer(
            ix_engine_phone(c->engine), call->id, o->text, o->other ? o->other->id : 0, ix_engine_now(c->engine));
    if (err) {
        ix_op_finish_code(o->op, err, transfer_hint(err));
        return;
    }
    ix_op_end(&call->transferring, NULL);
    call->transferring = o->op;
    o->op = NULL;
}

irisx_error_t irisx_call_transfer(irisx_call_t *call, const char *target, irisx_op_t **op_out)
{
    irisx_error_t err = usable(call);

    if (!err && (!target || !*target))
        err = IRISX_E_INVALID;
    if (err)
        return err;
    return control_post(
        call, &(struct control){ .fn = transfer_now, .text = (char *) (uintptr_t) target }, true, op_out);
}

irisx_error_t irisx_call_transfer_to(irisx_call_t *call, irisx_call_t *other, irisx_op_t **op_out)
{
    irisx_error_t err = usable(call);

    if (!err && (!other || other == call || other->client != call->client))
        err = IRISX_E_INVALID;
    return err ? err : control_post(call, &(struct control){ .fn = transfer_now, .other = other }, true, op_out);
}

/* ---- redirect ---------------------------------------------------------------------------- */
static void redirect_now(struct control *o)
{
    irisx_client_t *c = o->call->client;

    if (o->call->id)
        (void) ix_call_redirect(ix_engine_phone(c->engine), o->call->id, o->text,
            ix_engine_now(c->engine)); /* answered or over by now: too late is fine */
}

irisx_error_t irisx_call_redirect(irisx_call_t *call, const char *target)
{
    irisx_error_t err = usable(call);

    if (!err && (!target || !*target || strpbrk(target, "\r\n<>\" ")))
        err = IRISX_E_INVALID;
    if (!err && (!call->incoming || atomic_load(&call->state) != IRISX_CALL_RINGING))
        err = IRISX_E_STATE;
    if (err)
        return err;
    return control_post(
        call, &(struct control){ .fn = redirect_now, .text = (char *) (uintptr_t) target }, false, NULL);
}

/* ---- what the phone tells ---------------------------------------------------------------- */
static void failure_of(struct failure *f, const struct ix_phone_error *e)
{
    ix_failure_set(f, e->code, IRISX_DOMAIN_SIP, e->sip_status, e->message, e->reason);
}

static void push(irisx_call_t *call, irisx_event_kind_t kind, int state, const struct ix_phone_error *e)
{
    irisx_event_t *ev = ix_event_new(kind);

    if (!ev)
        return; /* the op tells too */
    ev->call = irisx_call_ref(call);
    ev->line = irisx_line_ref(call->line);
    ev->state = state;
    if (e->code)
        failure_of(&ev->error, e);
    ix_queue_push(call->client, ev);
}

static void finish_op(irisx_op_t **op, const struct ix_phone_error *e)
{
    struct failure f = { .detail = NULL };

    ix_failure_clear(&f);
    if (e->code)
        failure_of(&f, e);
    ix_op_end(op, e->code ? &f : NULL);
}

void ix_call_control_event(const struct ix_phone_event *ev)
{
    irisx_call_t *call = ev->user;

    if (!call)
        return;
    if (ev->kind == IX_EV_HOLD) {
        atomic_store(&call->held, ev->state);
        ix_call_keep(call);
        push(call, IRISX_EVENT_CALL_HOLD, ev->state, ev->error);
        if (ev->error->code || ((ev->state & IX_HOLD_LOCAL) != 0) == call->hold_wanted)
            finish_op(&call->holding, ev->error);
        return;
    }
    push(call, IRISX_EVENT_CALL_TRANSFER, ev->state, ev->error);
    finish_op(&call->transferring, ev->error);
}

/* Whether a stranger may make us dial is for the application to say, and it has no way to yet: no. */
void ix_call_referred(irisx_client_t *c, const struct ix_phone_event *ev)
{
    struct ix_sip_reply reply = { .status = 603 };

    (void) ix_phone_respond(
        ix_engine_phone(c->engine), ev->txn, &reply, ix_engine_now(c->engine)); /* the peer's request times out */
}
