/* SPDX-License-Identifier: MIT */
/*
 * Pairs of parties on several media threads talk to each other through the rings and the call loop, files are played
 * and recorded meanwhile, parties come and go. Each round checks that the tone arrives.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audio/audio.h"
#include "host/host.h"

#define PAIRS 3u
#define PARTIES (2 * PAIRS)
#define RATE 8000u
#define ROUNDS 3u
#define WINDOW (RATE / 20)

static struct ix_host *host;
static struct party { /* the call loop's, but for the rings */
    struct ix_party *party;
    struct ix_pcm_ring *heard;
    struct ix_record *record;
    uint16_t seq;
} parties[PARTIES + 1];
static atomic_uint released, recorded;
static char folder[64];

static void check(bool ok, const char *what, uint32_t at)
{
    if (ok)
        return;
    fprintf(stderr, "%s at %u\n", what, at);
    exit(1);
}

/* ids from 1; 1 and 2, 3 and 4 ... are a pair */
static uint32_t peer_of(uint32_t id)
{
    return ((id - 1) ^ 1) + 1;
}

static void on_frame(void *ctx, uint32_t id, const struct ix_frame *f)
{
    struct ix_frame copy = *f;

    (void) ctx;
    copy.arrival_us = ix_clock_now().mono_us;
    copy.ssrc = id;
    copy.seq = parties[id].seq++;
    ix_host_media_frame(host, peer_of(id), &copy);
}

static void on_recorded(void *ctx, int err, const char *detail)
{
    (void) ctx;
    check(err == 0, detail != NULL ? detail : "recording", 0);
    atomic_fetch_add(&recorded, 1);
}

static void on_event(void *ctx, const struct ix_media_event *ev)
{
    (void) ctx;
    if (ev->kind != IX_MEDIA_EV_RELEASED)
        return;
    ix_party_free(ev->u.party);
    ix_record_close(parties[ev->party_id].record, on_recorded, NULL);
    atomic_fetch_add(&released, 1);
}

static void order(uint32_t id, struct ix_media_cmd cmd, uint8_t kind)
{
    cmd.party_id = id;
    cmd.kind = kind;
    check(ix_party_equip(parties[id].party, &cmd) == 0, "no memory", id);
    check(ix_host_media_command(host, &cmd) == 0, "command refused", id);
}

static void begin_party(uint32_t id)
{
    struct party *p = &parties[id];
    char path[128];

    (void) snprintf(path, sizeof path, "%s/%u.wav", folder, id);
    check(ix_party_new(&(struct ix_party_options){ .seed = id }, &p->party) == 0, "no party", id);
    check(ix_record_open(host, path, RATE, 1, NULL, NULL, NULL, &p->record) == 0, "no recording", id);
    order(id, (struct ix_media_cmd){ .u.add.party = p->party }, IX_MEDIA_ADD);
    order(id,
        (struct ix_media_cmd){ .u.codec = { .codec = id % 4 < 2 ? IX_CODEC_PCMU : IX_CODEC_OPUS,
                                   .clock_hz = id % 4 < 2 ? 8000 : 48000,
                                   .ptime_ms = 20,
                                   .complexity = 1,
                                   .send = true,
                                   .receive = true } },
        IX_MEDIA_CODEC);
    order(id, (struct ix_media_cmd){ .u.source = { .kind = IX_SOURCE_TONE, .tone_hz = { 500 }, .tone_level = 0.5f } },
        IX_MEDIA_SOURCE);
    order(id, (struct ix_media_cmd){ .u.sink = { .ring = p->heard, .rate_hz = RATE } }, IX_MEDIA_SINK);
    order(id, (struct ix_media_cmd){ .u.record = { .received = ix_record_ring(p->record, 0), .rate_hz = RATE } },
        IX_MEDIA_RECORD);
}

static void begin(void *arg)
{
    (void) arg;
    ix_host_media_set(host, on_frame, on_event, NULL);
    for (uint32_t id = 1; id <= PARTIES; id++)
        begin_party(id);
}

static void end(void *arg)
{
    (void) arg;
    for (uint32_t id = 1; id <= PARTIES; id++)
        order(id, (struct ix_media_cmd){ 0 }, IX_MEDIA_REMOVE);
}

/* A loaded machine loses frames, and concealment is no tone; one clean stretch shows that the way is right. */
static bool tone_heard(uint32_t id)
{
    int16_t pcm[WINDOW];

    while (ix_pcm_ring_used(parties[id].heard) >= WINDOW) {
        (void) ix_pcm_ring_read(parties[id].heard, pcm, WINDOW);
        if (ix_goertzel(pcm, WINDOW, RATE, 500) > 0.2f)
            return true;
    }
    return false;
}

static void run_round(uint32_t number)
{
    struct ix_host_report report;

    atomic_store(&released, 0);
    atomic_store(&recorded, 0);
    check(ix_host_new(&(struct ix_host_options){ .media_threads = 2 + number % 2 }, &host) == 0, "no host", number);
    for (uint32_t id = 1; id <= PARTIES; id++) {
        parties[id] = (struct party){ .heard = ix_pcm_ring_new(8 * RATE) };
        check(parties[id].heard != NULL, "no ring", id);
    }
    check(ix_loop_post(ix_host_call_loop(host), begin, NULL) == 0, "no post", number);
    for (uint32_t id = 1; id <= PARTIES; id++) {
        while (!tone_heard(id))
            sched_yield();
    }
    ix_host_report(host, &report);
    check(report.media_threads == 2 + number % 2, "not as many media threads as asked", report.media_threads);
    check(ix_loop_post(ix_host_call_loop(host), end, NULL) == 0, "no post", number);
    while (atomic_load(&released) < PARTIES || atomic_load(&recorded) < PARTIES)
        sched_yield();
    ix_host_free(host);
    for (uint32_t id = 1; id <= PARTIES; id++)
        ix_pcm_ring_free(parties[id].heard);
}

int main(void)
{
    char path[128];

    (void) snprintf(folder, sizeof folder, "/tmp/irisx-threads-media-XXXXXX");
    check(mkdtemp(folder) != NULL, "no folder", 0);
    for (uint32_t i = 0; i < ROUNDS; i++)
        run_round(i);
    for (uint32_t id = 1; id <= PARTIES; id++) {
        (void) snprintf(path, sizeof path, "%s/%u.wav", folder, id);
        (void) unlink(path);
    }
    (void) rmdir(folder);
    return 0;
}
