/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the jitter buffer under any schedule of packets. Each record of 8 bytes puts a packet and lets some
 * ticks pass. Each packet carries its number: none may come out twice, and nothing may be given that was not put.
 */
#include <stdlib.h>
#include <string.h>

#include "audio/audio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PACKETS_MAX 4096

struct run {
    struct ix_jitter *j;
    uint64_t now_us;
    uint32_t seq, ts, number;
    bool out[PACKETS_MAX];
};

static void put(struct run *run, struct ix_reader *r)
{
    struct ix_frame f = { .kind = (uint8_t) (1 + (ix_read_u8(r) & 3)), .codec = IX_CODEC_PCMU };
    uint8_t flags = ix_read_u8(r);
    int16_t jump = (int16_t) ix_read_u16(r);
    f.len = (uint16_t) (4 + ix_read_u8(r) * (flags & 32 ? 6 : 1));
    run->seq += flags & 1 ? (uint32_t) jump : 1;
    run->ts += flags & 2 ? (uint32_t) jump * 160u : flags & 16 ? (uint32_t) jump * 65536u : f.len;
    f.seq = (uint16_t) run->seq;
    f.timestamp = run->ts;
    f.ssrc = flags & 64;
    f.marker = flags & 128;
    f.arrival_us = flags & 4 ? run->now_us : run->now_us - ix_read_u8(r) * 10000u;
    memcpy(f.payload, &run->number, sizeof(run->number));
    run->number++;
    ix_jitter_put(run->j, &f, flags & 8 ? 8000 : 48000);
}

static void get(struct run *run)
{
    struct ix_jitter_got got;
    uint32_t number;
    ix_jitter_get(run->j, run->now_us, 0, 20000, &got);
    if ((got.kind == IX_JITTER_FRAME || got.cn) && (got.len < sizeof(number) || !got.payload))
        abort();
    if (got.kind == IX_JITTER_LOST && got.samples > 960)
        abort();
    if (got.kind != IX_JITTER_FRAME)
        return;
    memcpy(&number, got.payload, sizeof(number));
    if (number >= run->number || run->out[number])
        abort();
    run->out[number] = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_reader r = ix_reader(data, size);
    struct run run = { .now_us = IX_S };
    uint8_t limits = ix_read_u8(&r);
    struct ix_jitter_config c = { limits & 15 ? (limits & 15) * 20u : 0, (limits >> 4) * 100u };
    if (ix_jitter_new(&c, &run.j))
        return 0;
    while (!r.bad && r.n > 0 && run.number < PACKETS_MAX) {
        put(&run, &r);
        for (unsigned ticks = ix_read_u8(&r) & 7; ticks > 0; ticks--, run.now_us += 20 * IX_MS)
            get(&run);
    }
    for (int i = 0; i < 500; i++, run.now_us += 20 * IX_MS)
        get(&run);
    ix_jitter_free(run.j);
    return 0;
}
