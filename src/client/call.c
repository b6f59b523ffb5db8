/* SPDX-License-Identifier: MIT */
/*
 * Calls as the application sees them. Signalling is src/call's, sound src/media's; here the two are joined with files
 * and the application: files are opened before anything is dialled, and the final event comes when they are closed.
 */
#include <string.h>

#include "client/private.h"

/* ---- handles ----------------------------------------------------------------------------- */
irisx_call_t *irisx_call_ref(irisx_call_t *call)
{
    if (call)
        atomic_fetch_add(&call->refs, 1);
    return call;
}

void irisx_call_unref(irisx_call_t *call)
{
    irisx_client_t *c;

    if (!call || atomic_fetch_sub(&call->refs, 1) != 1)
        return;
    c = call->client;
    ix_pcm_ring_free(call->heard);
    ix_pcm_ring_free(call->said);
    irisx_event_unref(call->final);
    ix_failure_clear(&call->end);
    irisx_line_unref(call->line);
    ix_free(call->to);
    ix_free(call->play_file);
    ix_free(call->record_file);
    ix_free(call->codecs);
    ix_free(call->header);
    ix_free(call->timeline);
    ix_free(call->peer);
    ix_free(call->peer_name);
    ix_call_talk_free(call);
    ix_free(call);
    ix_client_release(c);
}

irisx_call_t *ix_call_make(irisx_client_t *c, irisx_line_t *line, bool incoming)
{
    irisx_call_t *call = ix_alloc(sizeof *call);

    if (!call)
        return NULL;
    call->final = ix_event_new(IRISX_EVENT_CALL_STATE);
    if (!call->final) {
        ix_free(call);
        return NULL;
    }
    atomic_init(&call->refs, 1);
    ix_list_init(&call->shown);
    atomic_init(&call->held, 0);
    atomic_init(&call->why, IRISX_REASON_NONE);
    call->client = ix_client_hold(c);
    call->line = irisx_line_ref(line);
    call->incoming = incoming;
    call->number = atomic_fetch_add(&c->next_call, 1) + 1;
    call->stats.struct_size = sizeof call->stats;
    ix_failure_clear(&call->end);
    return call;
}

uint64_t irisx_call_id(const irisx_call_t *call)
{
    return call ? call->number : 0;
}

irisx_call_state_t irisx_call_state(const irisx_call_t *call)
{
    return call ? (irisx_call_state_t) atomic_load(&call->state) : IRISX_CALL_UNKNOWN;
}

int32_t irisx_call_incoming(const irisx_call_t *call)
{
    return call && call->incoming;
}

irisx_reason_t irisx_call_reason(const irisx_call_t *call)
{
    return call ? (irisx_reason_t) atomic_load(&call->why) : IRISX_REASON_NONE;
}

const char *irisx_reason_name(irisx_reason_t reason)
{
    return ix_reason_name(reason);
}

const char *irisx_reason_text(irisx_reason_t reason)
{
    return ix_reason_text(reason);
}

const char *irisx_reason_state(irisx_reason_t reason)
{
    return ix_reason_state(reason);
}

irisx_reason_t irisx_reason_from(int32_t sip_status, int32_t q850_cause)
{
    return ix_reason_from((unsigned) IX_MAX(sip_status, 0), (unsigned) IX_MAX(q850_cause, 0));
}

const char *irisx_call_peer(const irisx_call_t *call)
{
    return call && call->peer ? call->peer : "";
}

const char *irisx_call_peer_name(const irisx_call_t *call)
{
    return call && call->peer_name ? call->peer_name : "";
}

/* ---- on the call loop -------------------------------------------------------------------- */
void ix_call_link(irisx_call_t *call)
{
    call->linked = true;
    ix_list_append(&call->client->calls, &call->node);
    (void) irisx_call_ref(call);
}

static void unlink_call(irisx_call_t *call)
{
    if (!call->linked)
        return;
    call->linked = false;
    ix_list_remove(&call->node);
    irisx_call_unref(call);
}

static void push_state(irisx_call_t *call, irisx_call_state_t state)
{
    irisx_event_t *ev = ix_event_new(IRISX_EVENT_CALL_STATE);

    atomic_store(&call->state, (int) state);
    if (!ev) { /* the state can be asked for, and the final event is there already */
        ix_queue_push(call->client, NULL);
        return;
    }
    ev->call = irisx_call_ref(call);
    ev->line = irisx_line_ref(call->line);
    ev->state = (int32_t) state;
    ix_queue_push(call->client, ev);
}

/* of an end that the phone has not told */
static irisx_reason_t local_reason(const irisx_error_info_t *e)
{
    bool file = e->domain == IRISX_DOMAIN_MEDIA && e->code != IRISX_E_MEDIA && e->code != IRISX_E_NO_MEMORY;

    return file && e->code != IRISX_E_CLOSED ? IRISX_REASON_FILE : ix_reason_of_code(e->code);
}

static void push_final(irisx_call_t *call)
{
    irisx_event_t *ev = call->final;

    call->final = NULL;
    if (!atomic_load(&call->why))
        atomic_store(&call->why, (int) local_reason(&call->end.info));
    atomic_store(&call->state, IRISX_CALL_ENDED);
    if (ev) {
        ix_failure_copy(&ev->error, &call->end);
        ev->call = irisx_call_ref(call);
        ev->line = irisx_line_ref(call->line);
        ev->state = IRISX_CALL_ENDED;
        ix_queue_push(call->client, ev);
    }
    ix_op_end(&call->connecting, call->end.info.code ? &call->end : NULL);
    ix_op_end(&call->digits, call->end.info.code ? &call->end : NULL);
    ix_op_end(&call->holding, call->end.info.code ? &call->end : NULL);
    ix_op_end(&call->transferring, call->end.info.code ? &call->end : NULL);
    ix_op_end(&call->hanging_up, NULL);
    ix_call_talk_end(call);
    ix_call_count(call->client);
    unlink_call(call);
}

/* Signalling has ended, or never began: sound and files follow, then the application is told. */
static void finish(irisx_call_t *call)
{
    if (call->finishing)
        return;
    call->finishing = true;
    call->id = 0;
    if (!call->end.info.code && call->connecting && !call->hangup_wanted)
        ix_failure_set(
            &call->end, IRISX_E_CANCELLED, IRISX_DOMAIN_SIP, 0, "the call ended before sound went both ways", NULL);
    ix_call_sound_end(call, push_final);
}

void ix_call_break(irisx_call_t *call, int code, irisx_error_domain_t domain, const char *message)
{
    if (!call->end.info.code)
        ix_failure_set(&call->end, code, domain, 0, message, NULL);
    if (call->id)
        (void) ix_call_hangup(ix_engine_phone(call->client->engine), call->id, 16,
            ix_engine_now(call->client->engine)); /* may have ended */
    else
        finish(call);
}

static void dial_now(irisx_call_t *call, int err, const char *detail)
{
    irisx_client_t *c = call->client;
    struct ix_call_config config;

    if (call->finishing)
        return;
    if (err) {
        ix_call_break(call, err, IRISX_DOMAIN_MEDIA, detail);
        return;
    }
    if (call->hangup_wanted) {
        ix_call_break(call, IRISX_E_CANCELLED, IRISX_DOMAIN_LOCAL, "hung up before it was dialled");
        return;
    }
    ix_call_config_fill(call, &config);
    if (!config.line)
        err = IRISX_E_STATE;
    else if (call->resume_token)
        err = ix_call_resume(ix_engine_phone(c->engine), &config, call->resume_token, call->resume_len,
            ix_engine_now(c->engine), &call->id);
    else
        err = ix_call_dial(ix_engine_phone(c->engine), &config, ix_engine_now(c->engine), &call->id);
    if (err)
        ix_call_break(call, err, IRISX_DOMAIN_LOCAL,
            err == IRISX_E_STATE     ? "the line is not connected: wait until it is ready"
            : call->resume_token     ? "the saved call cannot be gone on with"
            : err == IRISX_E_INVALID ? "the number or address to call is not valid"
                                     : NULL);
    else
        call->party = call->id;
}

void ix_call_dial_cmd(void *arg)
{
    irisx_call_t *call = arg;

    ix_call_link(call);
    ix_call_files_open(call, dial_now);
    irisx_call_unref(call);
}

/* ---- what the phone says ----------------------------------------------------------------- */
static irisx_error_domain_t domain_of(const struct ix_phone_error *e)
{
    if (e->sip_status)
        return IRISX_DOMAIN_SIP;
    if (e->code == IRISX_E_MEDIA || e->code == IRISX_E_FINGERPRINT || e->code == IRISX_E_TLS)
        return IRISX_DOMAIN_MEDIA;
    return e->by_peer ? IRISX_DOMAIN_SIP : IRISX_DOMAIN_LOCAL;
}

void ix_call_event(irisx_client_t *c, const struct ix_phone_event *ev)
{
    irisx_call_t *call = ev->user;

    (void) c;
    if (!call)
        return;
    if (ev->state == IX_CALL_ENDED) {
        ix_call_snapshot(call);
        if (!call->end.info.code)
            atomic_store(&call->why, ev->error->why);
        if (!call->end.info.code && ev->error->code)
            ix_failure_set(&call->end, ev->error->code, domain_of(ev->error), ev->error->sip_status, ev->error->message,
                ev->error->reason);
        finish(call);
        return;
    }
    atomic_store(&call->state, ev->state);
    ix_call_learn(call);
    push_state(call, (irisx_call_state_t) ev->state);
    if (ev->state != IX_CALL_ACTIVE)
        return;
    ix_call_sound_start(call);
    ix_call_snapshot(call);
    ix_op_end(&call->connecting, NULL);
}

void ix_call_rings(irisx_client_t *c, const struct ix_phone_event *ev)
{
    struct ix_phone *p = ix_engine_phone(c->engine);
    struct ix_now now = ix_engine_now(c->engine);
    irisx_line_t *line = NULL;
    irisx_event_t *told;
    irisx_call_t *call;
    struct ix_str uri, name;

    IX_LIST_EACH (node, &c->lines)
        if (IX_CONTAINER(node, irisx_line_t, node)->id == ev->line)
            line = IX_CONTAINER(node, irisx_line_t, node);
    if (ix_queue_full(c)) { /* nobody looks at events: ringing on would help nobody */
        (void) ix_call_reject(p, ev->call, 480, 0, NULL, now);
        return;
    }
    call = ix_call_make(c, line, true);
    told = call ? ix_event_new(IRISX_EVENT_CALL_INCOMING) : NULL;
    if (!told || ix_call_peer(p, ev->call, &uri, &name)) {
        irisx_event_unref(told);
        irisx_call_unref(call);
        (void) ix_call_reject(p, ev->call, 500, 0, NULL, now);
        return;
    }
    call->id = call->party = ev->call;
    call->peer = ix_str_dup(uri);
    call->peer_name = ix_str_dup(name);
    atomic_store(&call->state, IRISX_CALL_RINGING);
    ix_call_set_user(p, ev->call, call);
    ix_call_link(call);
    ix_call_learn(call);
    IX_LIST_EACH (node, &c->calls)
        if (ix_call_joins(p, ev->call) && IX_CONTAINER(node, irisx_call_t, node)->id == ix_call_joins(p, ev->call))
            atomic_store(&call->joins, IX_CONTAINER(node, irisx_call_t, node)->number);
    told->line = irisx_line_ref(line);
    told->call = call; /* the event has the first reference */
    (void) ix_call_ring(p, ev->call, now); /* a caller without a 180 still gets the answer */
    ix_queue_push(c, told);
}

void ix_calls_drop(irisx_client_t *c)
{
    while (!ix_list_empty(&c->calls)) {
        irisx_call_t *call = IX_CONTAINER(c->calls.next, irisx_call_t, node);

        if (!call->end.info.code)
            ix_failure_set(&call->end, IRISX_E_CLOSED, IRISX_DOMAIN_LOCAL, 0, "the client was closed", NULL);
        call->id = 0;
        call->finishing = true;
        (void) irisx_call_ref(call);
        ix_call_sound_drop(call);
        push_final(call);
        irisx_call_unref(call);
    }
}

/* ---- any thread -------------------------------------------------------------------------- */
irisx_error_t irisx_call_dial(
    irisx_line_t *line, const irisx_call_options_t *options, irisx_call_t **call_out, irisx_op_t **op_out)
{
    irisx_client_t *c;
    irisx_call_t *call;
    irisx_op_t *op = NULL;
    int err;

    if (!line || !options)
        return IRISX_E_INVALID;
    c = line->client;
    if (!ix_client_usable(c))
        return IRISX_E_CLOSED;
    call = ix_call_make(c, line, false);
    if (!call)
        return IRISX_E_NO_MEMORY;
    err = ix_call_options_take(call, options);
    if (!err && (!call->to || !*call->to))
        err = IRISX_E_INVALID;
    if (!err) {
        call->peer = ix_dup_cstr(call->to);
        op = ix_op_new(c);
        err = op && call->peer ? 0 : IRISX_E_NO_MEMORY;
    }
    if (!err) {
        atomic_store(&call->state, IRISX_CALL_DIALING);
        call->connecting = irisx_op_ref(op);
        op->cancel = ix_call_cancel;
        op->call = call;
        err = ix_call_post(c, ix_call_dial_cmd, irisx_call_ref(call));
        if (err)
            irisx_call_unref(call);
    }
    if (err) {
        irisx_op_unref(call->connecting);
        ix_op_discard(op);
        irisx_call_unref(call);
        return (irisx_error_t) err;
    }
    ix_op_give(op, op_out);
    if (call_out)
        *call_out = call;
    else
        irisx_call_unref(call);
    return IRISX_OK;
}
