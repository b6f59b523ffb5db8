/* SPDX-License-Identifier: MIT */
/* Between a call's two halves, once a second: what was heard goes into its RTCP (RFC 3611), what the peer reports goes
 * to the encoder, and alarms into its timeline. */
#include "host/engine_private.h"

static uint8_t of_256(uint64_t part, uint64_t whole)
{
    return (uint8_t) IX_MIN(whole ? part * 256 / whole : 0, 255u);
}

static uint16_t to_ms(uint64_t us)
{
    return (uint16_t) IX_MIN(us / IX_MS, UINT16_MAX);
}

static int8_t to_dbm(float dbov)
{
    return (int8_t) IX_MIN(IX_MAX(dbov + 3.0f, -126.0f), 3.0f); /* full scale is +3.14 dBm0 (ITU-T G.711) */
}

static void fill_voip(const struct ix_media_stats *s, struct ix_rtp_voip *v)
{
    uint64_t all = s->frames_in + s->frames_lost;
    *v = (struct ix_rtp_voip){ .loss_rate = of_256(s->frames_lost, all),
        .discard_rate = of_256(s->frames_late + s->discarded_us / (20 * IX_MS), all),
        .burst_density = (uint8_t) IX_MIN(s->burst_density * 256.0f, 255.0f),
        .gap_density = (uint8_t) IX_MIN(s->gap_density * 256.0f, 255.0f),
        .burst_ms = (uint16_t) IX_MIN(s->burst_ms, UINT16_MAX),
        .gap_ms = (uint16_t) IX_MIN(s->gap_ms, UINT16_MAX),
        .end_system_delay_ms = to_ms(s->buffer_delay_us + 27 * IX_MS),
        .signal_dbm = to_dbm(s->level_in_dbov),
        .noise_dbm = to_dbm(s->noise_in_dbov),
        .r_factor = (uint8_t) IX_MIN(IX_MAX(s->r_factor, 0.0f), 100.0f),
        .mos_lq = (uint8_t) (s->mos * 10.0f),
        .mos_cq = (uint8_t) (s->mos * 10.0f),
        .buffer_ms = to_ms(s->buffer_target_us),
        .buffer_max_ms = to_ms(s->buffer_limit_us * 3 / 4),
        .buffer_limit_ms = to_ms(s->buffer_limit_us) };
}

static void tell_alarms(struct ix_engine *e, struct engine_party *p, uint32_t now)
{
    for (unsigned i = 0; i < IX_MEDIA_ALARMS; i++)
        if (((p->alarms ^ now) >> i) & 1)
            ix_phone_alarm(e->phone, p->call, ix_media_alarm_name((enum ix_media_alarm) i), (now >> i) & 1);
    p->alarms = now;
}

void ix_engine_quality(struct ix_engine *e, struct engine_party *p, const struct ix_media_stats *s)
{
    struct ix_media_cmd cmd = { .kind = IX_MEDIA_REPORT, .party_id = p->call };
    struct ix_call_report r;
    struct ix_rtp_voip v;

    if (ix_call_report(e->phone, p->call, &r))
        return;
    fill_voip(s, &v);
    ix_phone_media_quality(e->phone, p->call, &v);
    tell_alarms(e, p, s->alarms);
    if (r.rtp.reports == p->reports || p->removing)
        return;
    p->reports = r.rtp.reports;
    cmd.u.report.fraction_lost = r.rtp.remote_fraction_lost;
    cmd.u.report.round_trip_us = (uint32_t) IX_MIN(r.rtp.round_trip_us, UINT32_MAX);
    (void) ix_host_media_command(e->host, &cmd); /* no room: the next report says it again */
}
