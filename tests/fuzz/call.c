/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the whole phone driven from bytes: messages on a connection of its own line and on an accepted one,
 * datagrams, time, commands, connections that come and go. Nothing is asserted but what holds for every call: states
 * only forward, ENDED once and last, media stopped as often as started, no deadline that stays due.
 */
#include <string.h>

#include "call/call.h"
#include "dtls_double.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CALLS 64
#define STEPS 400

struct run {
    struct ix_reader in;
    struct ix_phone *phone;
    struct ix_now now;
    uint32_t line, accepted, opening, newest, socket;
    struct {
        uint32_t id;
        int state;
        bool started, stopped;
    } calls[CALLS];
    size_t call_count;
};

static const struct ix_addr here = { .family = IX_IPV4, .ip = { 192, 0, 2, 1 }, .port = 4000 };
static const struct ix_addr there = { .family = IX_IPV4, .ip = { 192, 0, 2, 2 }, .port = 5000 };

static size_t slot(struct run *r, uint32_t call)
{
    size_t i = 0;

    while (i < r->call_count && r->calls[i].id != call)
        i++;
    if (i == r->call_count && r->call_count < CALLS)
        r->calls[r->call_count++].id = call;
    return i;
}

static void watch(struct run *r, const struct ix_phone_out *out)
{
    bool event = out->kind == IX_OUT_EVENT && (out->event.kind == IX_EV_CALL || out->event.kind == IX_EV_INCOMING);
    size_t i = event ? slot(r, out->event.call) : out->kind == IX_OUT_MEDIA ? slot(r, out->media.call) : CALLS;

    if (i >= CALLS)
        return;
    IX_ASSERT(r->calls[i].state != IX_CALL_ENDED);
    if (event) {
        IX_ASSERT(out->event.state > r->calls[i].state);
        r->calls[i].state = out->event.state;
        r->newest = out->event.call;
        IX_ASSERT(out->event.state != IX_CALL_ENDED || r->calls[i].started == r->calls[i].stopped);
        return;
    }
    IX_ASSERT(!r->calls[i].stopped && r->calls[i].started == (out->media.kind != IX_CALL_MEDIA_START));
    r->calls[i].started = true;
    r->calls[i].stopped = out->media.kind == IX_CALL_MEDIA_STOP;
}

static void drain(struct run *r)
{
    struct ix_phone_out out;
    struct ix_phone_socket s = { .addr = here };

    for (int i = 0; ix_phone_poll(r->phone, &out); i++) {
        IX_ASSERT(i < 100000);
        watch(r, &out);
        if (out.kind == IX_OUT_UDP_OPEN) {
            s.socket = ++r->socket;
            ix_phone_sockets(r->phone, out.set, &s, 1, r->now);
        } else if (out.kind == IX_OUT_WS_OPEN) {
            r->opening = out.transport;
        } else if (out.kind == IX_OUT_WS_CLOSE) {
            ix_phone_ws_closed(r->phone, out.transport, 0, false, NULL, r->now);
        } else if (out.kind == IX_OUT_WORK) {
            dtls_double.work(out.dtls, NULL);
            ix_phone_work_done(r->phone, out.call, r->now);
        }
    }
}

/* what a timer starts may be due at once, but not for ever */
static void pass_time(struct run *r, uint64_t us)
{
    uint64_t until = r->now.mono_us + us, at;

    for (int i = 0, still = 0; i < 500 && (at = ix_phone_deadline(r->phone)) <= until; i++) {
        still = at > r->now.mono_us ? 0 : still + 1;
        IX_ASSERT(still < 64);
        r->now.mono_us = IX_MAX(r->now.mono_us, at);
        ix_phone_timeout(r->phone, r->now);
        drain(r);
    }
    r->now.mono_us = IX_MAX(r->now.mono_us, until);
}

static void command(struct run *r, uint8_t what)
{
    struct ix_call_config config = { .line = r->line, .to = "9196", .from = "<sip:a@b>", .ring_timeout_ms = 5000 };
    uint32_t call;

    if (what & 0x40) {
        config.line = 0;
        config.transport = r->accepted;
        config.to = "sip:x@y.invalid";
    }
    switch (what % 8) { /* any answer will do: what makes no sense is refused */
    case 0:
        (void) ix_call_dial(r->phone, &config, r->now, &call);
        break;
    case 1:
        (void) ix_call_answer(r->phone, r->newest, NULL, r->now);
        break;
    case 2:
        (void) ix_call_hangup(r->phone, r->newest, 16, r->now);
        break;
    case 3:
        (void) ix_call_reject(r->phone, r->newest, 486, 17, NULL, r->now);
        break;
    case 4:
        (void) ix_call_early_media(r->phone, r->newest, r->now);
        break;
    case 5:
        (void) ix_call_ring(r->phone, r->newest, r->now);
        break;
    case 6:
        (void) ix_call_refresh(r->phone, r->newest, NULL, r->now);
        break;
    case 7:
        ix_phone_network_changed(r->phone, r->now);
        break;
    }
}

static void step(struct run *r)
{
    uint8_t what = ix_read_u8(&r->in);
    size_t wanted = what % 5 < 2 ? ix_read_u16(&r->in) : 0, n = IX_MIN(wanted, r->in.n);
    const uint8_t *p = ix_read_bytes(&r->in, n);

    switch (what % 5) {
    case 0:
        ix_phone_ws_message(r->phone, what & 0x40 ? r->accepted : r->opening, p, n, r->now);
        break;
    case 1:
        ix_phone_udp_input(r->phone, r->socket, &there, p, n, r->now.mono_us, r->now);
        break;
    case 2:
        pass_time(r, UINT64_C(1000) << (what >> 3 & 15));
        break;
    case 3:
        command(r, ix_read_u8(&r->in));
        break;
    case 4:
        if (what & 0x40)
            ix_phone_ws_closed(r->phone, r->opening, IRISX_E_NETWORK, false, NULL, r->now);
        else
            ix_phone_ws_opened(r->phone, r->opening, &here, &there, r->now);
        break;
    }
    drain(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_prng prng;
    struct ix_rng rng = ix_prng_rng(&prng);
    struct ix_phone_config config = { .rng = &rng, .dtls = &dtls_double, .max_calls = 8, .spare_sockets = true };
    struct ix_line_config line = { .ws_url = "ws://a.b", .user = "1000", .password = "p" };
    struct run r = { .in = ix_reader(data, size), .now = { .mono_us = 99 * IX_S } };

    ix_prng_seed(&prng, 1);
    if (ix_phone_new(&config, &r.phone))
        return 0;
    r.accepted = ix_phone_accept(r.phone, false, &here, &there);
    (void) ix_line_open(r.phone, &line, r.now, &r.line);
    drain(&r);
    ix_phone_ws_opened(r.phone, r.opening, &here, &there, r.now);
    for (int i = 0; r.in.n && i < STEPS; i++)
        step(&r);
    ix_phone_shutdown(r.phone, r.now);
    drain(&r);
    ix_phone_free(r.phone);
    return 0;
}
