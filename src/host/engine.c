/* SPDX-License-Identifier: MIT */
/* The engine's life and its drain: every turn of the call loop ends by handing the phone's outputs to the shell. */
#include <string.h>

#include "host/engine_private.h"

static void *make_worker(void *ctx)
{
    struct ix_engine *e = ctx;
    struct ix_dtls_worker *w = NULL;

    return ix_dtls_worker_new(e->identity, &w) ? NULL : w;
}

static void unmake_worker(void *state)
{
    ix_dtls_worker_free(state);
}

static int setup(struct ix_engine *e)
{
    struct ix_phone_config phone = { .rng = &e->rng,
        .log = e->o.log,
        .agent = e->agent,
        .dtls = &ix_dtls_mbedtls,
        .max_calls = e->o.max_calls,
        .tap = e->o.capture_file != NULL,
        .allow_requests = e->o.allow_requests,
        .take_pauses = e->o.take_pauses,
        .spare_sockets = true };
    uint64_t seed = ix_rng_u64(&e->rng);
    int err;

    e->sockets = ix_map_new(8192, seed);
    e->wires = ix_map_new(2048, seed);
    e->parties = ix_map_new(2048, seed);
    if (!e->sockets || !e->wires || !e->parties || (e->o.agent && !e->agent) || (e->o.ws_proxy && !e->ws_proxy) ||
        (e->o.ca_file && !e->ca_file))
        return IRISX_E_NO_MEMORY;
    err = ix_host_crypto_init();
    if (!err)
        err = ix_dtls_identity_new(&e->rng, ix_clock_now().wall_us, &e->identity);
    phone.identity = e->identity;
    if (!err)
        err = ix_phone_new(&phone, &e->phone);
    return err ? err : ix_engine_capture_open(e);
}

int ix_engine_new(const struct ix_engine_options *o, struct ix_engine **out)
{
    struct ix_engine *e = ix_alloc(sizeof *e);
    int err;

    if (!e)
        return IRISX_E_NO_MEMORY;
    e->o = *o;
    e->agent = ix_dup_cstr(o->agent);
    e->ca_file = ix_dup_cstr(o->ca_file);
    e->interfaces = ix_dup_cstr(o->interfaces);
    e->ws_proxy = ix_dup_cstr(o->ws_proxy);
    e->host = o->host;
    e->loop = ix_host_call_loop(o->host);
    e->rng = ix_entropy();
    ix_list_init(&e->all_sockets);
    ix_list_init(&e->all_wires);
    ix_list_init(&e->all_parties);
    ix_list_init(&e->all_works);
    ix_list_init(&e->all_stuns);
    ix_list_init(&e->all_streams);
    ix_list_init(&e->all_turns);
    ix_buf_init(&e->capture, 256 * 1024);
    ix_buf_init(&e->redacted, 256 * 1024);
    err = setup(e);
    if (err) {
        ix_engine_free(e);
        return err;
    }
    *out = e;
    return 0;
}

void ix_engine_free(struct ix_engine *e)
{
    if (!e)
        return;
    ix_netmon_free(e->netmon);
    ix_engine_turn_free(e);
    ix_engine_net_free(e);
    ix_engine_media_free(e);
    ix_phone_free(e->phone);
    ix_engine_capture_close(e);
    ix_loop_timer_free(e->timer);
    ix_dtls_identity_unref(e->identity);
    ix_map_free(e->sockets);
    ix_map_free(e->wires);
    ix_map_free(e->parties);
    ix_buf_clear(&e->capture);
    ix_buf_clear(&e->redacted);
    ix_free(e->agent);
    ix_free(e->ca_file);
    ix_free(e->interfaces);
    if (e->ws_proxy)
        ix_wipe(e->ws_proxy, strlen(e->ws_proxy));
    ix_free(e->ws_proxy);
    ix_free(e);
}

static void on_timer(void *ctx)
{
    struct ix_engine *e = ctx;

    ix_phone_timeout(e->phone, ix_loop_now(e->loop));
}

static void on_drain(void *ctx)
{
    ix_engine_drain(ctx);
}

int ix_engine_start(struct ix_engine *e)
{
    int err = ix_loop_timer_new(e->loop, on_timer, e, &e->timer);

    if (err)
        return err;
    ix_host_set_worker_state(e->host, make_worker, unmake_worker, e);
    ix_host_media_set(e->host, ix_engine_on_frame, ix_engine_on_media_event, e);
    ix_loop_set_drain(e->loop, on_drain, e);
    return ix_engine_watch(e);
}

struct ix_phone *ix_engine_phone(struct ix_engine *e)
{
    return e->phone;
}

struct ix_now ix_engine_now(struct ix_engine *e)
{
    return ix_loop_now(e->loop);
}

void ix_engine_shutdown(struct ix_engine *e)
{
    e->shutting_down = true;
    ix_phone_shutdown(e->phone, ix_loop_now(e->loop));
}

static void output(struct ix_engine *e, const struct ix_phone_out *out)
{
    switch (out->kind) {
    case IX_OUT_WS_OPEN:
    case IX_OUT_WS_SEND:
    case IX_OUT_WS_PING:
    case IX_OUT_WS_CLOSE:
        ix_engine_ws_output(e, out);
        break;
    case IX_OUT_UDP_OPEN:
        ix_engine_open_sockets(e, out->set);
        break;
    case IX_OUT_UDP_SEND:
        ix_engine_send(e, out);
        break;
    case IX_OUT_UDP_CLOSE:
        ix_engine_close_socket(e, out->socket);
        break;
    case IX_OUT_STREAM_OPEN:
    case IX_OUT_STREAM_SEND:
    case IX_OUT_STREAM_CLOSE:
        ix_engine_stream_output(e, out);
        break;
    case IX_OUT_WORK:
        ix_engine_work(e, out);
        break;
    case IX_OUT_MEDIA:
        ix_engine_media_output(e, &out->media);
        break;
    case IX_OUT_FRAME:
        if (e->o.reflects && e->o.reflects(e->o.ctx, out->call, out->frame))
            ix_phone_media_frame(e->phone, out->call, out->frame, ix_loop_now(e->loop));
        else
            ix_host_media_frame(e->host, out->call, out->frame);
        break;
    case IX_OUT_EVENT:
        if (e->o.on_event)
            e->o.on_event(e->o.ctx, &out->event);
        break;
    case IX_OUT_TAP:
        ix_engine_capture(e, out);
        break;
    }
}

static bool told_everybody(const struct ix_engine *e)
{
    IX_LIST_EACH (node, &e->all_wires)
        if (!IX_CONTAINER(node, struct engine_wire, node)->peer.send)
            return false;
    return ix_phone_idle(e->phone) && ix_list_empty(&e->all_parties) && ix_list_empty(&e->all_works);
}

void ix_engine_drain(struct ix_engine *e)
{
    struct ix_phone_out out;

    if (e->draining)
        return;
    e->draining = true;
    if (ix_phone_deadline(e->phone) <= ix_loop_now(e->loop).mono_us)
        ix_phone_timeout(e->phone, ix_loop_now(e->loop)); /* due timers first, or a retransmission is stranded */
    while (ix_phone_poll(e->phone, &out))
        output(e, &out);
    ix_engine_retry_removals(e);
    e->draining = false;
    ix_loop_timer_set(e->timer, ix_phone_deadline(e->phone));
    if (e->shutting_down && !e->idle_told && told_everybody(e)) {
        e->idle_told = true;
        if (e->o.on_idle)
            e->o.on_idle(e->o.ctx);
    }
}
