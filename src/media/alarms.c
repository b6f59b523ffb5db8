/* SPDX-License-Identifier: MIT */
/*
 * Alarms: what is wrong with the sound of a call, judged once a second with hysteresis: three bad seconds in a row
 * begin one, five good ones end it.
 */
#include "media/engine.h"

#define BEGINS 3u
#define ENDS 5u
#define LOSS_HIGH 5.0f /* percent of the second that was made up and heard */
#define JITTER_HIGH_US (150 * IX_MS) /* what the buffer has to wait for */
#define ROUND_TRIP_HIGH_US (400 * IX_MS) /* ITU-T G.114: conversation suffers */
#define CLIPPED_SHARE 100u /* one sample in so many is at full scale */

const char *ix_media_alarm_name(enum ix_media_alarm alarm)
{
    static const char *const names[IX_MEDIA_ALARMS] = { "no_audio_received", "no_audio_sent", "high_loss",
        "high_jitter", "high_round_trip", "clipped", "source_silent" };
    return (unsigned) alarm < IX_MEDIA_ALARMS ? names[alarm] : "unknown";
}

static void judge(struct alarms *a, enum ix_media_alarm alarm, bool bad)
{
    uint8_t *run = &a->run[alarm];
    bool on = (a->on >> alarm) & 1;
    *run = bad == on ? 0 : (uint8_t) (*run + 1);
    if (*run < (on ? ENDS : BEGINS))
        return;
    *run = 0;
    a->on ^= 1u << alarm;
    a->begun += !on;
}

void ix_alarms_clipped(struct alarms *a, const int16_t *pcm, size_t n)
{
    for (size_t i = 0; i < n; i++)
        a->full += pcm[i] >= 32767 || pcm[i] <= -32767;
    a->samples += (uint32_t) n;
}

void ix_alarms_second(struct ix_party *p, uint64_t received, float loss, uint64_t target_us)
{
    struct alarms *a = &p->alarms;
    const struct ix_media_stats *s = &p->stats;
    bool source = p->feed.source.kind == IX_SOURCE_RING, sends = p->codec.send && p->encoder_ready && !p->muted;
    judge(a, IX_ALARM_NO_AUDIO_RECEIVED, p->codec.receive && received == a->received);
    judge(a, IX_ALARM_NO_AUDIO_SENT, sends && s->frames_out == a->sent);
    judge(a, IX_ALARM_HIGH_LOSS, loss > LOSS_HIGH);
    judge(a, IX_ALARM_HIGH_JITTER, target_us > JITTER_HIGH_US);
    judge(a, IX_ALARM_HIGH_ROUND_TRIP, p->adapt.round_trip_us > ROUND_TRIP_HIGH_US);
    judge(a, IX_ALARM_CLIPPED, a->full > a->samples / CLIPPED_SHARE);
    judge(a, IX_ALARM_SOURCE_SILENT, sends && source && s->level_out == 0.0f);
    a->received = received;
    a->sent = s->frames_out;
    a->full = a->samples = 0;
}
