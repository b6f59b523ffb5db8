/* SPDX-License-Identifier: MIT */
/*
 * Calls as the application sees them. Signalling is src/call's, sound src/media's; here the two are joined with files
 * and the application: files are opened before anything is dialled, and the final event comes when they are closed.
 */
#include <stdio.h>
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
    ix_free(call);
    ix_client_release(c);
}

static irisx_call_t *call_new(irisx_client_t *c, irisx_line_t *line, bool incoming)
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
    atomic_init(&call->held, 0);
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

const char *irisx_call_peer(const irisx_call_t *call)
{
    return call && call->peer ? call->peer : "";
}

const char *irisx_call_peer_name(const irisx_call_t *call)
{
    return call && call->peer_name ? call->peer_name : "";
}

/* ---- options ----------------------------------------------------------------------------- */
static int dup_option(char **to, const char *from)
{
    ix_free(*to);
    *to = ix_dup_cstr(from);
    return from && !*to ? IRISX_E_NO_MEMORY : 0;
}

static bool known_codecs(const char *list)
{
    struct ix_str rest = ix_str(list), one;

    while (list && ix_str_cut(&rest, ',', &one)) {
        one = ix_str_trim(one);
        if (!ix_str_ieq(one, IX_STR("opus")) && !ix_str_ieq(one, IX_STR("PCMU")) && !ix_str_ieq(one, IX_STR("PCMA")))
            return false;
    }
    return true;
}

static int take_header(irisx_call_t *call, const irisx_call_options_t *o)
{
    struct ix_buf b;

    if (!o->header_name)
        return 0;
    ix_buf_init(&b, 2048);
    ix_sip_write_header(&b, o->header_name, ix_str(o->header_value));
    ix_free(call->header);
    if (b.err) {
        int err = b.err;

        ix_buf_clear(&b);
        return err;
    }
    call->header = ix_buf_take(&b);
    return call->header ? 0 : IRISX_E_NO_MEMORY;
}

int ix_call_options_take(irisx_call_t *call, const irisx_call_options_t *from)
{
    irisx_call_options_t o;
    int err = ix_options_read(&o, sizeof o, from);

    if (err)
        return err;
    call->audio_rate = o.audio_rate_hz ? o.audio_rate_hz : 16000;
    call->record_rate = o.record_rate_hz ? o.record_rate_hz : 16000;
    if (call->audio_rate < 8000 || call->audio_rate > 48000 || call->record_rate < 8000 || call->record_rate > 48000 ||
        !known_codecs(o.codecs))
        return IRISX_E_INVALID;
    call->play_loop = o.play_loop != 0;
    call->record_stereo = o.record_stereo != 0;
    call->app_audio = o.app_audio != 0;
    call->ring_ms = o.ring_timeout_ms;
    call->duration_ms = o.max_duration_ms;
    if (dup_option(&call->to, o.to) || dup_option(&call->play_file, o.play_file) ||
        dup_option(&call->record_file, o.record_file) || dup_option(&call->codecs, o.codecs))
        return IRISX_E_NO_MEMORY;
    err = take_header(call, &o);
    if (!err && call->app_audio && !call->heard) {
        call->heard = ix_pcm_ring_new(call->audio_rate);
        call->said = ix_pcm_ring_new(call->audio_rate);
        if (!call->heard || !call->said)
            err = IRISX_E_NO_MEMORY;
    }
    return err;
}

static void fill_config(const irisx_call_t *call, struct ix_call_config *config)
{
    memset(config, 0, sizeof *config);
    config->line = call->line ? call->line->id : 0;
    config->to = call->to;
    config->headers = call->header;
    config->ring_timeout_ms = call->ring_ms;
    config->max_duration_ms = call->duration_ms;
    config->user_data = (void *) (uintptr_t) call;
    if (call->codecs) {
        struct ix_str rest = ix_str(call->codecs), one;

        config->no_opus = config->no_pcmu = config->no_pcma = true;
        while (ix_str_cut(&rest, ',', &one)) {
            one = ix_str_trim(one);
            config->no_opus = config->no_opus && !ix_str_ieq(one, IX_STR("opus"));
            config->no_pcmu = config->no_pcmu && !ix_str_ieq(one, IX_STR("PCMU"));
            config->no_pcma = config->no_pcma && !ix_str_ieq(one, IX_STR("PCMA"));
        }
    }
}

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
static void link_call(irisx_call_t *call)
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

static void push_final(irisx_call_t *call)
{
    irisx_event_t *ev = call->final;

    call->final = NULL;
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

static void fail(irisx_call_t *call, int code, irisx_error_domain_t domain, const char *message)
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
        fail(call, err, IRISX_DOMAIN_MEDIA, detail);
        return;
    }
    if (call->hangup_wanted) {
        fail(call, IRISX_E_CANCELLED, IRISX_DOMAIN_LOCAL, "hung up before it was dialled");
        return;
    }
    fill_config(call, &config);
    err = config.line ? ix_call_dial(ix_engine_phone(c->engine), &config, ix_engine_now(c->engine), &call->id)
                      : IRISX_E_STATE;
    if (err)
        fail(call, err, IRISX_DOMAIN_LOCAL,
            err == IRISX_E_STATE     ? "the line is not connected: wait until it is ready"
            : err == IRISX_E_INVALID ? "the number or address to call is not valid"
                                     : NULL);
    else
        call->party = call->id;
}

static void dial_cmd(void *arg)
{
    irisx_call_t *call = arg;

    link_call(call);
    ix_call_files_open(call, dial_now);
    irisx_call_unref(call);
}

static void answer_now(irisx_call_t *call, int err, const char *detail)
{
    irisx_client_t *c = call->client;
    struct ix_call_config config;

    if (call->finishing)
        return;
    if (!err && !call->id)
        err = IRISX_E_CLOSED;
    fill_config(call, &config);
    if (!err)
        err = ix_call_answer(ix_engine_phone(c->engine), call->id, &config, ix_engine_now(c->engine));
    if (err)
        fail(call, err, IRISX_DOMAIN_MEDIA, detail);
}

static void order_free(struct order *o)
{
    irisx_call_unref(o->call);
    irisx_op_unref(o->op);
    ix_free(o);
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
        if (!call->end.info.code && ev->error->code)
            ix_failure_set(&call->end, ev->error->code, domain_of(ev->error), ev->error->sip_status, ev->error->message,
                ev->error->reason);
        finish(call);
        return;
    }
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
    call = call_new(c, line, true);
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
    link_call(call);
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
static irisx_error_t cancel_call(irisx_op_t *op)
{
    return irisx_call_hangup(op->call, NULL);
}

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
    call = call_new(c, line, false);
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
        op->cancel = cancel_call;
        op->call = call;
        err = ix_call_post(c, dial_cmd, irisx_call_ref(call));
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
        op->cancel = cancel_call;
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
