/* SPDX-License-Identifier: MIT */
/* Bytes from nobody: media before keys, packets that come again, junk on the WebSocket and on the sockets. */
#include <stdio.h>
#include <string.h>

#include "scenario.h"

struct recorder { /* a node in the middle of nowhere that sends what it likes */
    struct world_node *node;
    struct ix_addr addr;
};

static void recorder_open(struct recorder *r, struct sim *t)
{
    static const struct world_node_ops ops = { 0 };

    (void) ix_addr_parse(&r->addr, IX_STR("192.0.2.66"), 6666); /* a literal */
    r->node = world_node(t->w, "stranger", &ops, r);
    world_attach(r->node, world_internet(t->w), &r->addr, NULL);
}

Test(hostile, media_before_the_keys_is_dropped_and_counted)
{
    uint8_t rtp[60] = { 0x80, 111, 0, 1 }, rtcp[40] = { 0x80, 200, 0, 9 };
    struct ix_call_report report;
    struct recorder r;
    struct sim t;

    sim_start(&t, 1);
    recorder_open(&r, &t);
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_ringback, 10 * IX_S);
    for (int i = 0; i < 50; i++) {
        for (size_t k = 0; k < t.client->socket_count; k++) {
            world_send(r.node, &r.addr, &t.client->sockets[k].addr, rtp, sizeof rtp);
            world_send(r.node, &r.addr, &t.client->sockets[k].addr, rtcp, sizeof rtcp);
        }
        PASS_TIME(&t, 5 * IX_MS);
    }
    cr_assert_eq(ix_call_report(t.client->phone, t.call, &report), 0);
    cr_assert_geq(report.rtp.before_keys, 50);
    cr_assert_eq(t.client->frames_in, 0);
    cr_assert_eq(ix_call_answer(t.server->phone, sim_server_call(&t), NULL, NOW(&t)), 0);
    sim_hear_on(&t);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(hostile, a_packet_that_comes_again_is_heard_once)
{
    struct world_link link = { .delay_us = 5 * IX_MS, .duplicate_ppm = 1000000 };
    struct ix_call_report report;
    struct sim t;
    uint64_t said;

    sim_begin(&t, &(struct sim_options){ .seed = 2, .link = link });
    REACH(&t, sim_ready, 10 * IX_S);
    sim_talk(&t);
    said = t.server->frames_out;
    PASS_TIME(&t, 2 * IX_S);
    cr_assert_eq(ix_call_report(t.client->phone, t.call, &report), 0);
    cr_assert_geq(report.rtp.discarded_replay, 90);
    cr_assert_leq(t.client->frames_in, said + 101);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(hostile, junk_datagrams_disturb_nothing)
{
    struct ix_rng rng;
    struct ix_prng prng;
    struct recorder r;
    struct sim t;
    uint8_t junk[1500];

    ix_prng_seed(&prng, 3);
    rng = ix_prng_rng(&prng);
    sim_start(&t, 3);
    recorder_open(&r, &t);
    t.server->auto_answer = true;
    cr_assert_eq(sim_dial(&t), 0);
    for (int i = 0; i < 1000; i++) {
        static const uint8_t first[] = { 0, 1, 20, 22, 23, 64, 128, 129, 255 };

        ix_rng_fill(&rng, junk, sizeof junk);
        junk[0] = first[i % 9];
        world_send(r.node, &r.addr, &t.client->sockets[0].addr, junk, ix_rng_below(&rng, sizeof junk + 1));
        PASS_TIME(&t, IX_MS);
    }
    sim_hear_on(&t);
    sim_hang_up(&t);
    sim_finish(&t);
}

static void junk_on_the_wire(struct sim *t, struct phone_node *n)
{
    static char junk[IX_SIP_MAX_MESSAGE + 100];
    char real[4096]; /* the tape forgets */
    struct ix_rng rng;
    struct ix_prng prng;

    ix_prng_seed(&prng, 5);
    rng = ix_prng_rng(&prng);
    (void) snprintf(real, sizeof real, "%s", sim_must(t, t->client, "INVITE", NULL)); /* fits */
    for (size_t size = 0; size <= 64 * 1024; size = size * 2 + 1) {
        ix_rng_fill(&rng, junk, size);
        phone_node_inject(n, 0, junk, size);
        PASS_TIME(t, IX_MS);
        memset(junk, 'A', size);
        phone_node_inject(n, 0, junk, size);
        PASS_TIME(t, IX_MS);
    }
    for (size_t cut = 0; cut < strlen(real); cut += 7) {
        memcpy(junk, real, cut);
        phone_node_inject(n, 0, junk, cut);
        PASS_TIME(t, 100);
    }
}

Test(hostile, junk_and_truncated_messages_disturb_no_call)
{
    struct sim t;

    sim_start(&t, 5);
    sim_talk(&t);
    junk_on_the_wire(&t, t.client);
    sim_hear_on(&t);
    sim_hear_on(&t);
    sim_hang_up(&t);
    sim_finish(&t);
}

/* somebody who knows the port, and no more, shakes hands before the peer does */
Test(hostile, a_handshake_of_a_stranger_disturbs_nothing)
{
    uint8_t hello[68] = { 22, 0xfe, 0xfd, 1 }, answer[68] = { 22, 0xfe, 0xfd, 2 }, alert[68] = { 22, 0xfe, 0xfd, 5 };
    struct recorder r;
    struct sim t;

    sim_start(&t, 4);
    recorder_open(&r, &t);
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_ringback, 10 * IX_S);
    for (int i = 0; i < 200; i++) {
        if (i == 50)
            cr_assert_eq(ix_call_answer(t.server->phone, sim_server_call(&t), NULL, NOW(&t)), 0);
        for (size_t k = 0; k < t.client->socket_count; k++) {
            world_send(r.node, &r.addr, &t.client->sockets[k].addr, hello, sizeof hello);
            world_send(r.node, &r.addr, &t.client->sockets[k].addr, answer, sizeof answer);
            world_send(r.node, &r.addr, &t.client->sockets[k].addr, alert, sizeof alert);
        }
        PASS_TIME(&t, IX_MS);
    }
    sim_hear_on(&t);
    sim_hang_up(&t);
    sim_finish(&t);
}
