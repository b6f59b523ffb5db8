/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: a whole media engine. Bytes are commands, frames and steps of time for a few parties; what comes out is
 * taken or left, as they say. Every party must be released in the end.
 */
#include <stdlib.h>
#include <string.h>

#include "audio/audio.h"
#include "media/media.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PARTIES 4

struct run {
    struct ix_media *m;
    struct ix_party *party[PARTIES];
    bool in[PARTIES];
    struct ix_pcm_ring *source, *sink; /* lent to party 0 only */
    struct ix_now now;
    uint32_t seq, ts;
};

static void drain(struct run *run)
{
    struct ix_media_out out;
    while (ix_media_poll(run->m, &out)) {
        if (out.kind == IX_MEDIA_OUT_FRAME && out.frame->len > IX_FRAME_MAX)
            abort();
        if (out.kind == IX_MEDIA_OUT_EVENT && out.event->kind == IX_MEDIA_EV_RELEASED)
            run->in[out.party_id - 1] = false;
    }
}

static void frame(struct run *run, struct ix_reader *r, uint32_t id)
{
    struct ix_frame f = { .arrival_us = run->now.mono_us, .ssrc = 1 };
    f.kind = ix_read_u8(r) & 3;
    f.codec = ix_read_u8(r) & 3;
    f.seq = (uint16_t) ++run->seq;
    f.timestamp = run->ts += (uint32_t) ix_read_u8(r) * 160;
    f.len = ix_read_u8(r) & 63;
    ix_read_copy(r, f.payload, f.len);
    if (!r->bad)
        ix_media_frame(run->m, id, &f, run->now);
}

static void command(struct run *run, struct ix_reader *r, uint32_t id)
{
    struct ix_media_cmd cmd = { .kind = ix_read_u8(r) % 12, .party_id = id };
    uint8_t a = ix_read_u8(r), b = ix_read_u8(r);
    switch (cmd.kind) {
    case IX_MEDIA_ADD:
        cmd.u.add.party = run->in[id - 1] ? NULL : run->party[id - 1];
        cmd.u.add.group_of = a % 5;
        run->in[id - 1] = true;
        break;
    case IX_MEDIA_CODEC:
        cmd.u.codec = (struct ix_media_codec){ .codec = a & 3,
            .clock_hz = (a & 3) == IX_CODEC_OPUS ? 48000 : 8000,
            .events = b & 1,
            .cn = b & 2,
            .fec = b & 4,
            .dtx = b & 8,
            .send = b & 16,
            .receive = b & 32,
            .complexity = b >> 6,
            .bitrate = a * 1000u };
        break;
    case IX_MEDIA_SOURCE:
        cmd.u.source = (struct ix_media_source){ .kind = a & 3,
            .ring = id == 1 ? run->source : NULL,
            .rate_hz = b * 200u,
            .tone_hz = { b * 20.0f, a },
            .tone_level = 0.5f };
        break;
    case IX_MEDIA_SINK:
        cmd.u.sink.ring = id == 1 ? run->sink : NULL;
        cmd.u.sink.rate_hz = a * 256u;
        break;
    case IX_MEDIA_DTMF:
        cmd.u.dtmf.digits[0] = (char) a;
        cmd.u.dtmf.tone_ms = (uint16_t) (b * 8);
        break;
    case IX_MEDIA_MUTE:
        cmd.u.mute.on = a & 1;
        break;
    case IX_MEDIA_JOIN:
        cmd.u.join.other = a % 6;
        break;
    case IX_MEDIA_GAIN:
        cmd.u.gain.gain = (float) a / 16.0f;
        break;
    default:
        break;
    }
    if (a & 64)
        (void) ix_party_equip(run->party[id - 1], &cmd);
    ix_media_command(run->m, &cmd, run->now);
}

static void step(struct run *run, struct ix_reader *r)
{
    uint8_t what = ix_read_u8(r);
    uint32_t id = 1 + (what & 3);
    if (what & 4)
        command(run, r, id);
    else
        frame(run, r, id);
    run->now.mono_us += (what >> 3) * 2500u;
    ix_media_tick(run->m, run->now);
    if (what & 128)
        drain(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_reader r = ix_reader(data, size);
    struct run run = { .now = { IX_S, 0 }, .source = ix_pcm_ring_new(4000), .sink = ix_pcm_ring_new(4000) };
    int16_t noise[1000] = { 1, -30000, 30000 };
    (void) ix_pcm_ring_write(run.source, noise, 1000);
    (void) ix_media_new(NULL, PARTIES - 1, &run.m);
    for (int i = 0; i < PARTIES; i++)
        (void) ix_party_new(&(struct ix_party_options){ 0 }, &run.party[i]);
    while (!r.bad && r.n > 0)
        step(&run, &r);
    for (uint32_t id = 1; id <= PARTIES; id++)
        ix_media_command(run.m, &(struct ix_media_cmd){ .kind = IX_MEDIA_REMOVE, .party_id = id }, run.now);
    drain(&run);
    for (int i = 0; i < PARTIES; i++) {
        if (run.in[i])
            abort();
        ix_party_free(run.party[i]);
    }
    ix_media_free(run.m);
    ix_pcm_ring_free(run.source);
    ix_pcm_ring_free(run.sink);
    return 0;
}
