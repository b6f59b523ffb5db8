/* SPDX-License-Identifier: MIT */
/* Commands: one small function each. They come between two ticks, so each of them takes effect at a tick boundary. */
#include "media/engine.h"

/* the engine never had it, or has it no longer: RELEASED says so */
static void release(struct ix_media *m, struct ix_party *p)
{
    p->engine = m; /* until RELEASED is taken */
    ix_list_append(&m->released, &p->in_released);
}

static void add(struct ix_media *m, const struct ix_media_cmd *cmd, struct ix_now now)
{
    struct ix_party *p = cmd->u.add.party;
    if (!p || p->engine) { /* somebody has it */
        m->totals.unknown++;
        return;
    }
    ix_party_reset(p);
    p->id = cmd->party_id;
    if (!ix_media_enter(m, p)) {
        ix_log(m->log, IX_LOG_WARN, "media", "no room for party %u", p->id);
        release(m, p);
        return;
    }
    p->engine = m;
    struct ix_party *other = cmd->u.add.group_of ? ix_media_find(m, cmd->u.add.group_of) : NULL;
    ix_group_add(m, other && other != p ? other->group : ix_group_new(m, now), p);
}

static void drop(struct ix_media *m, struct ix_party *p)
{
    ix_rings_release(m, p);
    ix_group_remove(m, p);
    ix_media_leave(m, p);
    ix_list_remove(&p->in_stats);
    ix_list_append(&m->stats_due, &p->in_stats); /* the last figures */
    release(m, p);
}

static void set_codec(struct ix_party *p, const struct ix_media_codec *c)
{
    bool opens = c->receive && !p->codec.receive;
    p->codec = *c;
    p->encoder_ready = false;
    if (opens) {
        ix_jitter_reset(p->jitter);
        p->fifo_n = 0;
    }
    if (c->send)
        p->held = false;
    ix_group_retune(p->group);
}

static void report(struct ix_party *p, const struct ix_media_report *r)
{
    if (!ix_adapt_report(&p->adapt, r, ix_party_bitrate(p)) || p->codec.codec != IX_CODEC_OPUS)
        return;
    p->encoder_ready = false;
    ix_party_tune(p, p->rate_hz);
}

static void join(struct ix_media *m, struct ix_party *p, uint32_t other_id, struct ix_now now)
{
    struct ix_party *other = other_id ? ix_media_find(m, other_id) : NULL;
    if (other_id && !other) {
        m->totals.unknown++;
        return;
    }
    bool there = other ? other->group == p->group : p->group->count == 1;
    if (there)
        return;
    struct group *g = other ? other->group : ix_group_new(m, now);
    ix_group_remove(m, p);
    ix_group_add(m, g, p);
}

static void record(struct ix_media *m, struct ix_party *p, const struct ix_media_cmd *cmd)
{
    uint32_t rate_hz = cmd->u.record.rate_hz;
    ix_drain_set(
        m, p, &p->record_received, &(struct drain){ cmd->u.record.received, rate_hz, cmd->u.record.resampler[0] });
    ix_drain_set(m, p, &p->record_sent, &(struct drain){ cmd->u.record.sent, rate_hz, cmd->u.record.resampler[1] });
}

/* what fits is queued; with nothing to send the queue is empty already, and whoever waits for that hears it */
static void dial(struct ix_media *m, struct ix_party *p, const struct ix_media_cmd *cmd)
{
    char digits[sizeof(cmd->u.dtmf.digits)];
    (void) ix_str_copy(digits, sizeof(digits), ix_str_n(cmd->u.dtmf.digits, sizeof(digits) - 1));
    (void) ix_tel_tx_queue(&p->tel_tx, digits, cmd->u.dtmf.tone_ms, cmd->u.dtmf.gap_ms);
    if (!ix_tel_tx_busy(&p->tel_tx))
        ix_media_tell(m, &(struct ix_media_event){ .kind = IX_MEDIA_EV_DTMF_SENT, .party_id = p->id });
}

static void to_party(struct ix_media *m, struct ix_party *p, const struct ix_media_cmd *cmd, struct ix_now now)
{
    switch ((enum ix_media_cmd_kind) cmd->kind) {
    case IX_MEDIA_ADD:
        break;
    case IX_MEDIA_REMOVE:
        drop(m, p);
        break;
    case IX_MEDIA_CODEC:
        set_codec(p, &cmd->u.codec);
        break;
    case IX_MEDIA_SOURCE:
        ix_feed_set(m, p, &cmd->u.source);
        break;
    case IX_MEDIA_SINK:
        ix_drain_set(m, p, &p->sink, &(struct drain){ cmd->u.sink.ring, cmd->u.sink.rate_hz, cmd->u.sink.resampler });
        break;
    case IX_MEDIA_RECORD:
        record(m, p, cmd);
        break;
    case IX_MEDIA_MUTE:
        p->muted = cmd->u.mute.on;
        break;
    case IX_MEDIA_DTMF:
        dial(m, p, cmd);
        break;
    case IX_MEDIA_JOIN:
        join(m, p, cmd->u.join.other, now);
        break;
    case IX_MEDIA_REPORT:
        report(p, &cmd->u.report);
        break;
    case IX_MEDIA_ENCODER:
        p->wish = cmd->u.encoder;
        p->encoder_ready = false;
        ix_party_tune(p, p->rate_hz);
        break;
    case IX_MEDIA_DELAY:
        ix_jitter_bounds(p->jitter,
            &(struct ix_jitter_config){ cmd->u.delay.min_ms, cmd->u.delay.max_ms, cmd->u.delay.target_ms, false });
        break;
    case IX_MEDIA_GAIN:
        p->gain = IX_MIN(IX_MAX(cmd->u.gain.gain, 0.0f), 16.0f);
        break;
    }
}

void ix_media_command(struct ix_media *m, const struct ix_media_cmd *cmd, struct ix_now now)
{
    if (cmd->kind == IX_MEDIA_ADD) {
        add(m, cmd, now);
        return;
    }
    struct ix_party *p = ix_media_find(m, cmd->party_id);
    if (p)
        to_party(m, p, cmd, now);
    else
        m->totals.unknown++;
}
