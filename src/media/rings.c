/* SPDX-License-Identifier: MIT */
/*
 * Rings at their own rate: a source is read as far as a tick needs it, a sink is given every tick. Whoever owns a ring
 * hears when the engine no longer uses it.
 */
#include "media/engine.h"

#include <string.h>

/* ---- source ------------------------------------------------------------------------------ */
static void tell_ring(
    struct ix_media *m, const struct ix_party *p, enum ix_media_event_kind kind, struct ix_pcm_ring *ring)
{
    ix_media_tell(m, &(struct ix_media_event){ .kind = (uint8_t) kind, .party_id = p->id, .u.ring = ring });
}

static void give_up_source(struct ix_media *m, struct ix_party *p)
{
    if (p->feed.source.kind == IX_SOURCE_RING)
        tell_ring(m, p, IX_MEDIA_EV_SOURCE_ENDED, p->feed.source.ring);
    p->feed.source = (struct ix_media_source){ 0 };
}

void ix_feed_tune(struct ix_party *p)
{
    const struct ix_media_source *s = &p->feed.source;
    if (s->kind == IX_SOURCE_TONE)
        ix_tone_init(&p->feed.tone, p->rate_hz, s->tone_hz, s->tone_level);
    if (s->kind == IX_SOURCE_RING && ix_resampler_set(p->feed.source.resampler, s->rate_hz, p->rate_hz) == 0)
        ix_resampler_skip_delay(p->feed.source.resampler);
}

void ix_feed_set(struct ix_media *m, struct ix_party *p, const struct ix_media_source *s)
{
    bool same = s->kind == IX_SOURCE_RING && p->feed.source.kind == IX_SOURCE_RING && p->feed.source.ring == s->ring;
    if (!same)
        give_up_source(m, p);
    p->feed.source = *s;
    p->feed.stash_n = 0;
    bool usable = s->kind != IX_SOURCE_RING ||
                  (s->ring && s->resampler && s->rate_hz >= IX_RATE_MIN && s->rate_hz <= IX_RATE_MAX);
    if (!usable) {
        ix_log(m->log, IX_LOG_ERROR, "media", "party %u: a source of %u Hz cannot be played", p->id, s->rate_hz);
        give_up_source(m, p);
    }
    ix_feed_tune(p);
}

/* more of the ring for what is still wanted; false if there is none */
static bool refill(struct ix_party *p, size_t want)
{
    struct feed *f = &p->feed;
    size_t need = (size_t) ((uint64_t) want * f->source.rate_hz / p->rate_hz) + 1;
    size_t n = IX_MIN(need, (size_t) STASH - f->stash_n);
    size_t got = ix_pcm_ring_read(f->source.ring, f->stash + f->stash_n, n);
    f->stash_n += got;
    return got > 0;
}

static size_t pull_ring(struct ix_party *p, int16_t *pcm, size_t n)
{
    struct feed *f = &p->feed;
    size_t done = 0;
    while (done < n) {
        if (f->stash_n == 0 && !refill(p, n - done))
            break;
        size_t took = f->stash_n, made = n - done;
        ix_resampler_run(f->source.resampler, f->stash, &took, pcm + done, &made);
        f->stash_n -= took;
        memmove(f->stash, f->stash + took, f->stash_n * sizeof(*f->stash));
        done += made;
        if (took == 0 && made == 0)
            break;
    }
    return done;
}

static void from_ring(struct ix_media *m, struct ix_party *p, int16_t *pcm, size_t n)
{
    size_t got = pull_ring(p, pcm, n);
    if (got == n)
        return;
    memset(pcm + got, 0, (n - got) * sizeof(*pcm));
    if (ix_pcm_ring_ended(p->feed.source.ring))
        give_up_source(m, p);
    else
        p->stats.source_underrun_us += (n - got) * IX_S / p->rate_hz;
}

void ix_feed_pull(struct ix_media *m, struct ix_party *p, int16_t *pcm, size_t n)
{
    switch ((enum ix_source_kind) p->feed.source.kind) {
    case IX_SOURCE_RING:
        from_ring(m, p, pcm, n);
        return;
    case IX_SOURCE_TONE:
        ix_tone_run(&p->feed.tone, pcm, n);
        return;
    case IX_SOURCE_ECHO:
        memcpy(pcm, p->heard, n * sizeof(*pcm));
        return;
    case IX_SOURCE_SILENCE:
        break;
    }
    memset(pcm, 0, n * sizeof(*pcm));
}

/* what would have been sent in the ticks that are left out */
void ix_feed_skip(struct ix_media *m, struct ix_party *p, uint64_t ticks)
{
    int16_t thrown[MIX_FRAME];
    for (; ticks > 0 && p->feed.source.kind == IX_SOURCE_RING; ticks--) {
        size_t n = p->rate_hz / TICKS_PER_S;
        size_t got = pull_ring(p, thrown, n);
        if (got == n)
            continue;
        if (ix_pcm_ring_ended(p->feed.source.ring))
            give_up_source(m, p);
        break; /* the ring is empty: nothing to catch up with */
    }
}

/* ---- sinks ------------------------------------------------------------------------------- */
void ix_drain_tune(struct ix_party *p, struct drain *d)
{
    if (d->ring)
        (void) ix_resampler_set(d->resampler, p->rate_hz, d->rate_hz); /* both rates were checked */
}

void ix_drain_set(struct ix_media *m, struct ix_party *p, struct drain *d, const struct drain *want)
{
    if (d->ring && d->ring != want->ring) {
        ix_pcm_ring_end(d->ring);
        tell_ring(m, p, IX_MEDIA_EV_RING_RELEASED, d->ring);
    }
    *d = *want;
    if (d->ring && (!d->resampler || d->rate_hz < IX_RATE_MIN || d->rate_hz > IX_RATE_MAX)) {
        ix_log(m->log, IX_LOG_ERROR, "media", "party %u: nothing can be written at %u Hz", p->id, d->rate_hz);
        ix_drain_set(m, p, d, &(struct drain){ 0 });
    }
    ix_drain_tune(p, d);
}

static void write_ring(struct ix_party *p, struct drain *d, const int16_t *pcm, size_t n)
{
    size_t wrote = ix_pcm_ring_write(d->ring, pcm, n);
    p->stats.samples_dropped += n - wrote;
}

void ix_drain_push(struct ix_party *p, struct drain *d, const int16_t *pcm, size_t n)
{
    int16_t out[IX_RATE_MAX / TICKS_PER_S + 8];
    for (size_t at = 0; d->ring && at < n;) {
        size_t took = n - at, made = IX_COUNT(out);
        ix_resampler_run(d->resampler, pcm + at, &took, out, &made);
        write_ring(p, d, out, made);
        if (took == 0 && made == 0)
            break;
        at += took;
    }
}

void ix_drain_skip(struct ix_party *p, struct drain *d, uint64_t ticks)
{
    static const int16_t silence[MIX_FRAME];
    for (; d->ring && ticks > 0 && ix_pcm_ring_space(d->ring) > 0; ticks--)
        ix_drain_push(p, d, silence, p->rate_hz / TICKS_PER_S);
    if (d->ring)
        p->stats.samples_dropped += ticks * (d->rate_hz / TICKS_PER_S);
}

void ix_rings_release(struct ix_media *m, struct ix_party *p)
{
    give_up_source(m, p);
    const struct drain none = { 0 };
    ix_drain_set(m, p, &p->sink, &none);
    ix_drain_set(m, p, &p->record_received, &none);
    ix_drain_set(m, p, &p->record_sent, &none);
}
