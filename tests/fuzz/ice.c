/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the ICE agent driven from bytes. Raw packets, requests and answers with the right password and any
 * content, late candidates, time. After every step its deadline lies ahead, and it never sends more than it may.
 */
#include <string.h>

#include "ice/ice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PWD "pppppppppppppppppppppp"
#define SENDS_MAX 128 /* in one drain: answers and every pair's repetition at once */

struct run {
    struct ix_reader in;
    struct ix_ice *ice;
    struct ix_now now;
    struct ix_prng prng;
    struct ix_rng rng;
    bool lite;
    uint8_t check[12]; /* transaction of the last request seen */
    struct ix_addr check_to;
    uint32_t check_socket;
};

static struct ix_addr any_addr(struct run *r)
{
    struct ix_addr a = { .family = IX_IPV4, .ip = { 192, 0, 2 } };
    uint8_t kind = ix_read_u8(&r->in);
    a.ip[3] = kind & 7;
    a.port = (uint16_t) (1 + (kind >> 3));
    if (kind == 0xff)
        a = (struct ix_addr){ .family = IX_IPV6, .port = 1, .ip = { 0xfe, 0x80, [15] = 1 } };
    return a;
}

static void drain(struct run *r)
{
    struct ix_ice_out out;
    size_t sends = 0;
    while (ix_ice_poll(r->ice, &out)) {
        if (out.kind != IX_ICE_OUT_SEND)
            continue;
        IX_ASSERT(++sends <= SENDS_MAX && ix_stun_is(out.send.data, out.send.len));
        if (out.send.data[0] == 0) {
            memcpy(r->check, out.send.data + 8, 12);
            r->check_to = out.send.to;
            r->check_socket = out.send.socket;
        }
    }
}

static void attributes(struct run *r, struct ix_buf *b)
{
    static const uint16_t types[] = { IX_STUN_PRIORITY, IX_STUN_ICE_CONTROLLING, IX_STUN_ICE_CONTROLLED,
        IX_STUN_USE_CANDIDATE, IX_STUN_XOR_MAPPED_ADDRESS, IX_STUN_ERROR_CODE, 0x0033, 0x8033 };
    static const uint8_t lengths[] = { 4, 8, 8, 0, 8, 4, 0, 4 };
    for (uint8_t set = ix_read_u8(&r->in), i = 0; i < 8; i++) {
        const uint8_t *value = set >> i & 1 ? ix_read_bytes(&r->in, lengths[i]) : NULL;
        if (value)
            ix_stun_attr(b, types[i], value, lengths[i]);
    }
}

static void signed_packet(struct run *r, enum ix_stun_class cls)
{
    uint8_t storage[256];
    struct ix_buf b;
    struct ix_addr from = cls == IX_STUN_REQUEST ? any_addr(r) : r->check_to;
    uint32_t socket = cls == IX_STUN_REQUEST ? ix_read_u8(&r->in) & 3 : r->check_socket;
    ix_buf_init_fixed(&b, storage, sizeof(storage));
    ix_stun_begin(&b, cls, IX_STUN_BINDING, r->check);
    if (cls == IX_STUN_REQUEST)
        ix_stun_attr(&b, IX_STUN_USERNAME, "AAAAAAAA:peer", 13);
    attributes(r, &b);
    if (ix_stun_end(&b, ix_str(cls == IX_STUN_REQUEST ? ix_ice_pwd(r->ice) : PWD)) == 0)
        (void) ix_ice_input(r->ice, socket, &from, storage, b.n, r->now); /* any answer will do */
}

static void raw_packet(struct run *r)
{
    struct ix_addr from = any_addr(r);
    size_t n = ix_read_u8(&r->in);
    n = IX_MIN(n, r->in.n);
    (void) ix_ice_input(r->ice, 1, &from, r->in.p, n, r->now);
    (void) ix_read_bytes(&r->in, n);
}

static void pass_time(struct run *r)
{
    uint64_t until = ix_time_add(r->now.mono_us, UINT64_C(1) << (ix_read_u8(&r->in) % 26));
    for (int i = 0; i < 64 && ix_ice_deadline(r->ice) <= until; i++) {
        r->now.mono_us = IX_MAX(r->now.mono_us, ix_ice_deadline(r->ice));
        ix_ice_timeout(r->ice, r->now);
        IX_ASSERT(ix_ice_deadline(r->ice) > r->now.mono_us);
        drain(r);
    }
    r->now.mono_us = IX_MAX(r->now.mono_us, until);
}

static void add_local(struct run *r, uint32_t i)
{
    struct ix_candidate c = { .type = IX_CAND_HOST, .priority = 1000 - i, .socket = i };
    c.addr = c.base = (struct ix_addr){ .family = IX_IPV4, .port = (uint16_t) i, .ip = { 10, 0, 0, 1 } };
    IX_ASSERT(ix_ice_add_local(r->ice, &c, r->now) == 0);
}

static void step(struct run *r)
{
    struct ix_candidate c = { .type = IX_CAND_HOST, .foundation = "1" };
    switch (ix_read_u8(&r->in) % 12) {
    case 0:
        raw_packet(r);
        break;
    case 1:
    case 2:
        signed_packet(r, IX_STUN_REQUEST);
        break;
    case 3:
    case 4:
        signed_packet(r, IX_STUN_SUCCESS);
        break;
    case 5:
        signed_packet(r, IX_STUN_ERROR);
        break;
    case 6:
        c.addr = any_addr(r);
        c.priority = ix_read_u8(&r->in);
        (void) ix_ice_add_remote(r->ice, &c, r->now); /* limits are part of the game */
        break;
    case 7:
        pass_time(r);
        break;
    case 8:
        if (ix_ice_set_remote(r->ice, IX_STR("peer"), IX_STR(PWD), r->lite) == 0)
            (void) ix_ice_start(r->ice, r->now); /* a second time it is refused */
        break;
    case 9:
        if (ix_ice_restart(r->ice) == 0)
            add_local(r, 1 + (ix_read_u8(&r->in) & 3));
        break;
    case 10:
        (void) ix_ice_rollback(r->ice); /* nothing to go back to is fine */
        break;
    case 11:
        ix_ice_probe(r->ice, r->now);
        break;
    }
    drain(r);
}

static void entropy(void *ctx, void *out, size_t len) /* "AAAA.." at first, then anything */
{
    struct run *r = ctx;
    if (!r->ice)
        memset(out, 0, len);
    else
        ix_rng_fill(&(struct ix_rng){ ix_prng_rng(&r->prng).fill, &r->prng }, out, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run r = { .in = ix_reader(data, size), .now = { 99, 0 } };
    uint8_t flags = ix_read_u8(&r.in);
    r.rng = (struct ix_rng){ entropy, &r };
    ix_prng_seed(&r.prng, 1);
    if (ix_ice_new(&(struct ix_ice_config){ .rng = &r.rng, .controlling = flags & 1 }, &r.ice) != 0)
        return 0;
    for (uint32_t i = 1; i <= (flags >> 1 & 3); i++)
        add_local(&r, i);
    r.lite = flags >> 3 & 1;
    while (r.in.n)
        step(&r);
    ix_ice_free(r.ice);
    return 0;
}
