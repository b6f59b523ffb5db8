/* SPDX-License-Identifier: MIT */
/* What an application asks of a call: answer, refuse, hang up, mute, digits. Commands for the call loop. */
#include <stdio.h>
#include <string.h>

#include "client/private.h"

struct order { /* a small command for the call loop */
    irisx_call_t *call; /* referenced */
    int32_t number;
    struct ix_media_cmd media;
    irisx_op_t *op; /* referenced, if there is one */
};

static int order_post(irisx_call_t *call, void (*fn)(void *), const struct order *from)
{
    struct order *o = ix_alloc(sizeof *o);
    int err;

    if (!o)
        return IRISX_E_NO_MEMORY;
    *o = *from;
    o->call = irisx_call_ref(call);
    err = ix_call_post(call->client, fn, o);
    if (err) {
        irisx_call_unref(call);
        ix_free(o);
    }
    return err;
}

/* ---- on the call loop -------------------------------------------------------------------- */
static void answer_now(irisx_call_t *call, int err, const char *detail)
{
    irisx_client_t *c = call->client;
    struct ix_call_config config;

    if (call->finishing)
        return;
    if (!err && !call->id)
        err = IRISX_E_CLOSED;
    ix_call_config_fill(call, &config);
    if (!err)
        err = ix_call_answer(ix_engine_phone(c->engine), call->id, &config, ix_engine_now(c->engine));
    if (err)
        ix_call_break(call, err, IRISX_DOMAIN_MEDIA, detail);
}

static void order_free(struct order *o)
{
    irisx_call_unref(o->call);
    irisx_op_unref(o->op);
    ix_free(o);
}

void ix_call_answer_now(irisx_call_t *call)
{
    irisx_call_options_t defaults = IRISX_CALL_OPTIONS_INIT;

    pthread_mutex_lock(&call->client->lock);
    bool first = !call->answer_wanted;
    call->answer_wanted = true;
    pthread_mutex_unlock(&call->client->lock);
    if (first && call->id && !ix_call_options_take(call, &defaults))
        ix_call_files_open(call, answer_now);
}

static void answer_cmd(void *arg)
{
    struct order *o = arg;
    irisx_call_t *call = o->call;

    if (call->linked && call->id) {
        call->connecting = o->op;
        o->op = NULL;
        ix_call_files_open(call, answer_now);
    } else if (call->end.info.code) {
        ix_op_finish(o->op, &call->end);
    } else {
        ix_op_finish_code(o->op, IRISX_E_CANCELLED, "the caller hung up before it was answered");
    }
    order_free(o);
}

static void hangup_cmd(void *arg)
{
    struct order *o = arg;
    irisx_call_t *call = o->call;
    irisx_client_t *c = call->client;

    call->hangup_wanted = true;
    if (!call->linked || call->hanging_up) { /* over, or under way: this op has nothing of its own to wait for */
        ix_op_finish(o->op, NULL);
    } else {
        call->hanging_up = o->op;
        o->op = NULL;
        if (call->id)
            (void) ix_call_hangup(ix_engine_phone(c->engine), call->id, 16,
                ix_engine_now(c->engine)); /* ended: its event is on its way */
    }
    order_free(o);
}

/* ---- any thread -------------------------------------------------------------------------- */
irisx_error_t ix_call_cancel(irisx_op_t *op)
{
    return irisx_call_hangup(op->call, NULL);
}

/* Takes the caller's reference of op in any case. */
static irisx_error_t order_op(
    irisx_call_t *call, void (*fn)(void *), struct order *o, irisx_op_t *op, irisx_op_t **op_out)
{
    int err;

    if (!op)
        return IRISX_E_NO_MEMORY;
    o->op = irisx_op_ref(op);
    err = order_post(call, fn, o);
    if (err) {
        irisx_op_unref(op);
        ix_op_discard(op);
        return (irisx_error_t) err;
    }
    ix_op_give(op, op_out);
    return IRISX_OK;
}

/* Once: false if another thread was first. */
static bool want_answer(irisx_call_t *call, bool wanted)
{
    bool before;

    pthread_mutex_lock(&call->client->lock);
    before = call->answer_wanted;
    call->answer_wanted = wanted;
    pthread_mutex_unlock(&call->client->lock);
    return before != wanted;
}

irisx_error_t irisx_call_answer(irisx_call_t *call, const irisx_call_options_t *options, irisx_op_t **op_out)
{
    irisx_call_options_t defaults = IRISX_CALL_OPTIONS_INIT;
    struct order o = { 0 };
    irisx_op_t *op = NULL;
    int err;

    if (!call)
        return IRISX_E_INVALID;
    if (!ix_client_usable(call->client))
        return IRISX_E_CLOSED;
    if (!call->incoming || atomic_load(&call->state) != IRISX_CALL_RINGING || !want_answer(call, true))
        return IRISX_E_STATE;
    err = ix_call_options_take(call, options ? options : &defaults);
    if (!err && (op = ix_op_new(call->client)) != NULL) {
        op->cancel = ix_call_cancel;
        op->call = call;
    }
    if (!err)
        err = order_op(call, answer_cmd, &o, op, op_out);
    if (err)
        (void) want_answer(call, false); /* it may be tried again */
    return (irisx_error_t) err;
}

irisx_error_t irisx_call_hangup(irisx_call_t *call, irisx_op_t **op_out)
{
    struct order o = { 0 };

    if (!call)
        return IRISX_E_INVALID;
    if (!ix_client_usable(call->client))
        return IRISX_E_CLOSED;
    return order_op(call, hangup_cmd, &o, ix_op_new(call->client), op_out);
}

static void reject_cmd(void *arg)
{
    struct order *o = arg;
    irisx_client_t *c = o->call->client;

    if (o->call->id)
        (void) ix_call_reject(ix_engine_phone(c->engine), o->call->id, (unsigned) o->number, 21, NULL,
            ix_engine_now(c->engine)); /* Q.850 21: call rejected; too late is fine */
    order_free(o);
}

irisx_error_t irisx_call_reject(irisx_call_t *call, int32_t sip_status)
{
    struct order o = { .number = sip_status ? sip_status : 603 };

    if (!call || o.number < 300 || o.number > 699)
        return IRISX_E_INVALID;
    if (!ix_client_usable(call->client))
        return IRISX_E_CLOSED;
    if (!call->incoming || atomic_load(&call->state) != IRISX_CALL_RINGING)
        return IRISX_E_STATE;
    return (irisx_error_t) order_post(call, reject_cmd, &o);
}

static void media_cmd(void *arg)
{
    struct order *o = arg;
    int err = IRISX_E_CLOSED;

    if (o->call->id && o->op && o->call->digits_how) {
        ix_call_digits_by_info(o->call, o->media.u.dtmf.digits, o->op);
        o->op = NULL;
        order_free(o);
        return;
    }
    if (o->call->id) {
        o->media.party_id = o->call->id;
        err = ix_engine_media(o->call->client->engine, &o->media);
    }
    if (o->op && !err) {
        if (o->call->digits)
            ix_op_finish_code(o->call->digits, 0, NULL); /* its digits are ahead in the same queue */
        ix_op_end(&o->call->digits, NULL);
        o->call->digits = o->op; /* ends with IX_MEDIA_EV_DTMF_SENT */
        o->op = NULL;
    } else if (o->op) {
        ix_op_finish_code(o->op, err, "the call has no sound path: digits cannot be sent");
    }
    order_free(o);
}

irisx_error_t irisx_call_set_mute(irisx_call_t *call, int32_t on)
{
    struct order o = { .media = { .kind = IX_MEDIA_MUTE, .u.mute.on = on != 0 } };

    if (!call)
        return IRISX_E_INVALID;
    if (!ix_client_usable(call->client))
        return IRISX_E_CLOSED;
    return (irisx_error_t) order_post(call, media_cmd, &o);
}

irisx_error_t irisx_call_send_digits(irisx_call_t *call, const char *digits, irisx_op_t **op_out)
{
    struct order o = { .media = { .kind = IX_MEDIA_DTMF } };

    if (!call || !digits || !*digits || strspn(digits, "0123456789*#ABCDabcd") != strlen(digits) ||
        strlen(digits) >= sizeof o.media.u.dtmf.digits)
        return IRISX_E_INVALID;
    if (!ix_client_usable(call->client))
        return IRISX_E_CLOSED;
    if (atomic_load(&call->state) != IRISX_CALL_ACTIVE)
        return IRISX_E_STATE;
    (void) snprintf(o.media.u.dtmf.digits, sizeof o.media.u.dtmf.digits, "%s", digits); /* length checked above */
    return order_op(call, media_cmd, &o, ix_op_new(call->client), op_out);
}
