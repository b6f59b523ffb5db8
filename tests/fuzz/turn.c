/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: a TURN client driven from bytes. Raw datagrams or a raw stream, answers to its last request (signed or
 * not) with any attributes, time, peers to send to. It never sends more than it may, its deadline lies ahead, and what
 * it hands out lies within what came in.
 */
#include <string.h>

#include "ice/turn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct ix_reader in;
    struct ix_turn *t;
    struct ix_now now;
    struct ix_prng prng;
    struct ix_rng rng;
    bool stream;
    uint8_t request[12]; /* transaction of the last request */
    uint16_t method;
    uint8_t key[16];
};

static void drain(struct run *r)
{
    struct ix_turn_out o;
    size_t n = 0;
    while (ix_turn_poll(r->t, &o)) {
        IX_ASSERT(++n <= 64);
        if (o.kind == IX_TURN_OUT_CONNECT)
            ix_turn_connected(r->t, r->now);
        if (o.kind != IX_TURN_OUT_SEND || o.len < 20)
            continue;
        memcpy(r->request, o.data + 8, 12);
        r->method = o.data[1] & 0xF;
    }
}

static void feed(struct run *r, const void *p, size_t n)
{
    struct ix_turn_data d;
    if (!r->stream) {
        if (ix_turn_input(r->t, p, n, &d, r->now) && d.len)
            IX_ASSERT(d.data >= (const uint8_t *) p && d.data + d.len <= (const uint8_t *) p + n);
        return;
    }
    ix_turn_stream(r->t, p, n, r->now);
    while (ix_turn_next(r->t, &d, r->now))
        IX_ASSERT(d.len <= 2100);
}

static void answer(struct run *r)
{
    static const uint16_t types[] = { IX_STUN_ERROR_CODE, IX_STUN_LIFETIME, IX_STUN_XOR_RELAYED_ADDRESS,
        IX_STUN_XOR_MAPPED_ADDRESS, IX_STUN_ALTERNATE_SERVER, IX_STUN_NONCE, IX_STUN_XOR_PEER_ADDRESS,
        IX_STUN_DATA_VALUE };
    static const uint8_t lengths[] = { 4, 4, 8, 8, 8, 2, 8, 5 };
    uint8_t storage[256];
    struct ix_buf b;
    uint8_t how = ix_read_u8(&r->in);
    enum ix_stun_class cls = how & 1 ? IX_STUN_SUCCESS : how & 2 ? IX_STUN_ERROR : IX_STUN_INDICATION;
    ix_buf_init_fixed(&b, storage, sizeof(storage));
    ix_stun_begin(&b, cls, cls == IX_STUN_INDICATION ? IX_STUN_DATA : r->method, r->request);
    if (how & 4)
        ix_stun_attr(&b, IX_STUN_REALM, "r", 1);
    for (uint8_t set = ix_read_u8(&r->in), i = 0; i < 8; i++) {
        const uint8_t *value = set >> i & 1 ? ix_read_bytes(&r->in, lengths[i]) : NULL;
        if (value)
            ix_stun_attr(&b, types[i], value, lengths[i]);
    }
    if (ix_stun_end(&b, how & 8 ? ix_str_n(r->key, 16) : IX_STR_NONE) == 0)
        feed(r, storage, b.n);
}

static void raw(struct run *r)
{
    size_t n = ix_read_u8(&r->in);
    n = IX_MIN(n, r->in.n);
    feed(r, r->in.p, n);
    (void) ix_read_bytes(&r->in, n);
}

static void pass_time(struct run *r)
{
    uint64_t until = ix_time_add(r->now.mono_us, UINT64_C(1) << (ix_read_u8(&r->in) % 34));
    for (int i = 0; i < 200 && ix_turn_deadline(r->t) <= until; i++) {
        r->now.mono_us = IX_MAX(r->now.mono_us, ix_turn_deadline(r->t));
        ix_turn_timeout(r->t, r->now);
        IX_ASSERT(ix_turn_deadline(r->t) > r->now.mono_us);
        drain(r);
    }
    r->now.mono_us = IX_MAX(r->now.mono_us, until);
}

static void send_data(struct run *r)
{
    struct ix_addr peer = { .family = IX_IPV4, .port = 9, .ip = { 192, 0, 2, ix_read_u8(&r->in) } };
    struct ix_bytes out;
    uint8_t bytes[2100] = { 0x80 };
    size_t n = ix_read_u8(&r->in) * 9U;
    if (peer.ip[3] & 0x80)
        ix_turn_permit(r->t, &peer, r->now);
    else if (ix_turn_wrap(r->t, &peer, bytes, n, &out, r->now) == 0)
        IX_ASSERT(out.n >= n + 4 && out.n <= n + 40);
}

static void step(struct run *r)
{
    switch (ix_read_u8(&r->in) % 8) {
    case 0:
        raw(r);
        break;
    case 1:
    case 2:
    case 3:
        answer(r);
        break;
    case 4:
    case 5:
        send_data(r);
        break;
    case 6:
        pass_time(r);
        break;
    case 7:
        if (ix_read_u8(&r->in) & 1)
            ix_turn_close(r->t, r->now);
        else
            ix_turn_disconnected(r->t, IRISX_E_NETWORK, r->now);
        break;
    }
    drain(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run r = { .in = ix_reader(data, size), .now = { 99, 0 } };
    struct ix_turn_config config = { .server = { .username = "u", .password = "p" } };
    uint8_t flags = ix_read_u8(&r.in);
    r.stream = flags & 1;
    ix_prng_seed(&r.prng, 1);
    r.rng = ix_prng_rng(&r.prng);
    config.rng = &r.rng;
    config.v6 = flags & 2;
    config.server.transport = r.stream ? IX_TURN_TCP : IX_TURN_UDP;
    config.server.addr = (struct ix_addr){ .family = IX_IPV4, .port = 3478, .ip = { 192, 0, 2, 1 } };
    if (ix_digest(IX_MD5, &(struct ix_bytes){ "u:r:p", 5 }, 1, r.key) != 0 || ix_turn_new(&config, &r.t) != 0)
        return 0;
    ix_turn_start(r.t, r.now);
    drain(&r);
    while (r.in.n)
        step(&r);
    ix_turn_free(r.t);
    return 0;
}
