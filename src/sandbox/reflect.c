/* SPDX-License-Identifier: MIT */
/*
 * The echo that returns payloads as they came: what a load test of calls needs as a peer, since it costs little and
 * adds nothing of its own. It keeps when each frame came, off the grid of its timestamps, and tells at the end.
 */
#include <stdlib.h>

#include "sandbox/sip.h"

#define OFF_US ((int64_t) (5 * IX_MS)) /* off its grid */
#define FRAMES_MAX 16384 /* five minutes; what follows is returned and not told */

struct sandbox_reflection {
    uint64_t first_us;
    uint32_t first_ts, clock_hz;
    size_t n;
    int64_t off_us[FRAMES_MAX]; /* arrival less timestamp, from the first frame on */
};

void sandbox_reflect(struct sandbox_leg *leg)
{
    struct ix_media_cmd mute = { .kind = IX_MEDIA_MUTE, .party_id = leg->id, .u.mute.on = true };

    if (!leg->reflection)
        leg->reflection = ix_alloc(sizeof *leg->reflection); /* without memory: silence */
    sandbox_media(leg->sip, &mute);
}

static void note(struct sandbox_reflection *r, const struct ix_frame *f)
{
    uint32_t clock_hz = f->codec == IX_CODEC_OPUS ? 48000 : 8000;

    if (f->kind != IX_FRAME_AUDIO || r->n == FRAMES_MAX)
        return;
    if (r->n == 0 || clock_hz != r->clock_hz) {
        r->first_us = f->arrival_us;
        r->first_ts = f->timestamp;
        r->clock_hz = clock_hz;
        r->n = 0;
    }
    int64_t due_us = (int64_t) (int32_t) (f->timestamp - r->first_ts) * (int64_t) IX_S / clock_hz;
    r->off_us[r->n++] = (int64_t) (f->arrival_us - r->first_us) - due_us;
}

bool sandbox_reflects(void *ctx, uint32_t call, const struct ix_frame *f)
{
    struct sandbox_sip *s = ctx;
    struct sandbox_leg *leg = s->sb->options.echo_raw ? ix_map_get(s->legs, ix_str_n(&call, sizeof call)) : NULL;

    if (!leg || !leg->reflection)
        return false;
    if (f)
        note(leg->reflection, f);
    return true;
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;

    return (x > y) - (x < y);
}

void sandbox_reflect_end(struct sandbox_leg *leg)
{
    struct sandbox_reflection *r = leg->reflection;
    size_t off = 0;

    if (!r)
        return;
    leg->reflection = NULL;
    qsort(r->off_us, r->n, sizeof *r->off_us, by_size);
    for (size_t i = 0; i < r->n; i++)
        off += llabs(r->off_us[i] - r->off_us[r->n / 2]) > OFF_US;
    ix_log(&leg->sip->sb->log, IX_LOG_INFO, "echo", "%zu frames, %zu of them more than 5 ms off their grid", r->n, off);
    ix_free(r);
}
