/* SPDX-License-Identifier: MIT */
/* Statistics of a party: counters as they run, levels and the E-model once a second. */
#include "media/engine.h"

#include <math.h>

#define OWN_DELAY_MS 27u /* one frame gathered, and what Opus looks ahead */

/* loss that was heard: made up and not in silence */
static float loss_percent(const struct ix_media_stats *s, const struct counters *before)
{
    uint64_t played = s->played_us - before->played_us;
    uint64_t made_up = s->concealed_us - before->concealed_us, silent = s->silent_concealed_us - before->silent_us;
    uint64_t heard = made_up > silent ? made_up - silent : 0;
    return played + heard ? 100.0f * (float) heard / (float) (played + heard) : 0.0f;
}

static float dbov(float level)
{
    return 20.0f * log10f(IX_MAX(level, 1e-6f));
}

static float rate_quality(struct ix_party *p)
{
    struct ix_media_stats *s = &p->stats;
    struct ix_emodel_in in = { .codec = p->codec.codec,
        .loss_percent = loss_percent(s, &p->before),
        .burst_ratio = 1.0f,
        .one_way_delay_ms = OWN_DELAY_MS + (uint32_t) (s->buffer_delay_us / IX_MS) };
    ix_emodel(&in, &s->r_factor, &s->mos);
    p->before = (struct counters){ s->played_us, s->concealed_us, s->silent_concealed_us };
    return in.loss_percent;
}

void ix_stats_tick(struct ix_media *m, struct ix_party *p)
{
    if (++p->ticks % TICKS_PER_S != 0)
        return;
    p->stats.level_in = ix_level_take(&p->level_in);
    p->stats.level_out = ix_level_take(&p->level_out);
    p->stats.level_in_dbov = dbov(p->stats.level_in);
    p->stats.noise_in_dbov = dbov(p->shaping.floor);
    struct ix_jitter_stats j;
    ix_jitter_stats(p->jitter, &j);
    ix_alarms_second(p, j.received, rate_quality(p), j.target_us);
    if (!ix_list_linked(&p->in_stats))
        ix_list_append(&m->stats_due, &p->in_stats);
}

void ix_stats_fill(struct ix_party *p, struct ix_media_stats *out)
{
    struct ix_jitter_stats j;
    ix_jitter_stats(p->jitter, &j);
    *out = p->stats;
    out->frames_in = j.received;
    out->frames_late = j.late;
    out->frames_lost = j.lost;
    out->frames_duplicate = j.duplicate;
    if (p->codec.codec == IX_CODEC_OPUS) {
        uint32_t base = ix_party_bitrate(p), agreed = base ? base : IX_OPUS_BITRATE;
        out->sent_bitrate = p->adapt.bitrate ? p->adapt.bitrate : agreed;
        out->sent_for_loss = IX_MAX(p->codec.loss_percent, p->adapt.loss_percent);
    }
    out->discarded_us = j.discarded_us;
    out->redundant_frames = j.redundant;
    struct ix_burst_figures burst;
    ix_burst_figures(&j.burst, TICK_MS, &burst);
    out->burst_density = burst.burst_density;
    out->gap_density = burst.gap_density;
    out->burst_ms = burst.burst_ms;
    out->gap_ms = burst.gap_ms;
    out->buffer_limit_us = j.max_us;
    out->alarms = p->alarms.on;
    out->alarms_begun = p->alarms.begun;
    out->starts = j.starts;
    out->underruns = j.underruns;
    out->stalls = j.stalls;
    out->resets = j.resets;
    out->stretched_us = out->inserted_us + out->removed_us;
    out->buffer_target_us = j.target_us;
}
