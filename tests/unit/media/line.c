/* SPDX-License-Identifier: MIT */
#include "tests/unit/media/line.h"

#include <criterion/criterion.h>
#include <string.h>

static struct ix_now now_of(const struct world *w)
{
    return (struct ix_now){ w->now_us, (int64_t) w->now_us };
}

struct world *world_new(uint64_t seed)
{
    struct world *w = ix_alloc(sizeof(*w));
    cr_assert(w);
    w->now_us = START;
    ix_prng_seed(&w->prng, seed);
    w->rng = ix_prng_rng(&w->prng);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(ix_media_new(NULL, PARTIES, &w->engine[i]), 0);
    return w;
}

void world_free(struct world *w)
{
    for (uint32_t id = 1; id <= PARTIES; id++)
        if (w->party[id])
            world_command(w, id, (struct ix_media_cmd){ .kind = IX_MEDIA_REMOVE });
    world_drain(w);
    for (uint32_t id = 1; id <= PARTIES; id++)
        cr_assert_null(w->party[id], "party %u was not released", id);
    for (int i = 0; i < 2; i++)
        ix_media_free(w->engine[i]);
    ix_free(w);
}

struct ix_media_codec world_codec(enum ix_codec_id codec)
{
    return (struct ix_media_codec){ .codec = (uint8_t) codec,
        .clock_hz = codec == IX_CODEC_OPUS ? 48000 : 8000,
        .ptime_ms = 20,
        .events = true,
        .complexity = 0xff,
        .send = true,
        .receive = true };
}

void world_command(struct world *w, uint32_t id, struct ix_media_cmd cmd)
{
    cmd.party_id = id;
    if (w->party[id])
        (void) ix_party_equip(w->party[id], &cmd); /* without memory the engine refuses the ring */
    ix_media_command(w->engine[w->at[id]], &cmd, now_of(w));
}

void world_party(struct world *w, uint32_t id, int engine, enum ix_codec_id codec)
{
    struct ix_party_options o = { .seed = id };
    cr_assert_eq(ix_party_new(&o, &w->party[id]), 0);
    w->at[id] = (uint8_t) engine;
    world_command(w, id, (struct ix_media_cmd){ .kind = IX_MEDIA_ADD, .u.add.party = w->party[id] });
    world_command(w, id, (struct ix_media_cmd){ .kind = IX_MEDIA_CODEC, .u.codec = world_codec(codec) });
}

void world_connect(struct world *w, uint32_t a, uint32_t b)
{
    w->to[a] = b;
    w->to[b] = a;
}

static void depart(struct world *w, uint32_t from, const struct ix_frame *f)
{
    uint16_t seq = w->seq[from]++;
    unsigned copies = 1 + (ix_rng_below(&w->rng, 1000) < w->line.dup_per_mille);
    if (ix_rng_below(&w->rng, 1000) < w->line.lost_per_mille)
        return;
    for (; copies > 0; copies--) {
        cr_assert_lt(w->flight_n, FLIGHTS);
        struct flight *fl = &w->flights[w->flight_n++];
        uint64_t jitter = w->line.jitter_ms ? ix_rng_below(&w->rng, w->line.jitter_ms * 1000) : 0;
        fl->at_us = w->now_us + w->line.delay_ms * IX_MS + jitter;
        fl->to = w->to[from];
        fl->frame = *f;
        fl->frame.arrival_us = fl->at_us;
        fl->frame.ssrc = from;
        fl->frame.seq = seq;
    }
}

static void one_event(struct world *w, const struct ix_media_event *ev)
{
    if (ev->kind == IX_MEDIA_EV_RELEASED) {
        cr_assert_eq(ev->u.party, w->party[ev->party_id]);
        ix_party_free(ev->u.party);
        w->party[ev->party_id] = NULL;
    }
    cr_assert_lt(w->event_n, EVENTS);
    w->events[w->event_n++] = *ev;
}

void world_drain(struct world *w)
{
    struct ix_media_out out;
    for (int i = 0; i < 2; i++) {
        while (ix_media_poll(w->engine[i], &out)) {
            if (out.kind == IX_MEDIA_OUT_EVENT) {
                one_event(w, out.event);
                continue;
            }
            w->sent[out.party_id] = *out.frame;
            w->sent_n[out.party_id]++;
            if (w->on_frame)
                w->on_frame(w, out.party_id, out.frame);
            if (w->to[out.party_id])
                depart(w, out.party_id, out.frame);
        }
    }
}

static void arrive(struct world *w)
{
    for (size_t i = 0; i < w->flight_n;) {
        struct flight *fl = &w->flights[i];
        if (fl->at_us > w->now_us) {
            i++;
            continue;
        }
        ix_media_frame(w->engine[w->at[fl->to]], fl->to, &fl->frame, now_of(w));
        *fl = w->flights[--w->flight_n];
    }
}

static uint64_t next_time(const struct world *w)
{
    uint64_t at = IX_MIN(ix_media_deadline(w->engine[0]), ix_media_deadline(w->engine[1]));
    for (size_t i = 0; i < w->flight_n; i++)
        at = IX_MIN(at, w->flights[i].at_us);
    return at;
}

void world_run(struct world *w, uint64_t ms)
{
    uint64_t until = w->now_us + ms * IX_MS;
    world_drain(w);
    for (;;) {
        uint64_t at = next_time(w);
        if (at > until)
            break;
        w->now_us = IX_MAX(at, w->now_us);
        arrive(w);
        ix_media_tick(w->engine[0], now_of(w));
        ix_media_tick(w->engine[1], now_of(w));
        world_drain(w);
    }
    w->now_us = until;
}

size_t world_events(const struct world *w, uint32_t id, enum ix_media_event_kind kind, struct ix_media_event *last)
{
    size_t n = 0;
    for (size_t i = 0; i < w->event_n; i++) {
        if (w->events[i].party_id != id || w->events[i].kind != (uint8_t) kind)
            continue;
        n++;
        if (last)
            *last = w->events[i];
    }
    return n;
}

struct ix_media_stats world_stats(const struct world *w, uint32_t id)
{
    struct ix_media_event ev = { 0 };
    cr_assert_gt(world_events(w, id, IX_MEDIA_EV_STATS, &ev), 0);
    return ev.u.stats;
}

void world_tone(struct world *w, uint32_t id, float hz)
{
    world_command(w, id,
        (struct ix_media_cmd){
            .kind = IX_MEDIA_SOURCE, .u.source = { .kind = IX_SOURCE_TONE, .tone_hz = { hz }, .tone_level = 0.3f } });
}

struct ix_pcm_ring *world_sink(struct world *w, uint32_t id, uint32_t rate_hz, double seconds)
{
    struct ix_pcm_ring *ring = ix_pcm_ring_new((size_t) (seconds * rate_hz));
    cr_assert(ring);
    world_command(w, id, (struct ix_media_cmd){ .kind = IX_MEDIA_SINK, .u.sink = { ring, rate_hz } });
    return ring;
}

size_t world_heard(struct ix_pcm_ring *ring, int16_t *pcm, size_t cap)
{
    return ix_pcm_ring_read(ring, pcm, cap);
}
