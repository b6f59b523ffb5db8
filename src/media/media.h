/* SPDX-License-Identifier: MIT */
/*
 * media: mix groups. A group is one call, or the calls that hear each other; it is the unit that is placed on a media
 * thread. Pure and without allocation once a party exists: frames, commands and ticks in; frames and events out.
 *
 *   call loop --commands, received frames--> engine (one a media thread) --encoded frames, events--> call loop
 *
 * Parties are made and freed by the call loop; the engine only borrows them between ADD and the RELEASED event.
 * docs/design/media.md is the description of this command interface.
 */
#ifndef IX_MEDIA_H
#define IX_MEDIA_H

#include "core/core.h"

#define IX_TICK_US (20 * IX_MS) /* one frame */
#define IX_TICK_SLOTS 8 /* groups are spread over phase slots of 2.5 ms */

struct ix_media_codec { /* what a party sends and receives with */
    uint8_t codec; /* enum ix_codec_id */
    uint32_t clock_hz;
    uint8_t ptime_ms; /* 20 */
    bool events; /* telephone-event agreed */
    bool cn; /* comfort noise (RFC 3389) agreed: one frame is sent when sending ends */
    bool fec, dtx; /* Opus: what the peer takes */
    uint8_t loss_percent; /* Opus FEC is made for so much loss; 0 = none (from the peer's RTCP, later) */
    uint8_t complexity; /* Opus 0..10; 0xff = shipped default 5 */
    uint32_t bitrate; /* 0 = 24000 */
    bool send, receive; /* direction: held or muted by signalling */
};

enum ix_source_kind {
    IX_SOURCE_SILENCE = 0,
    IX_SOURCE_RING = 1,
    IX_SOURCE_TONE = 2,
    IX_SOURCE_ECHO = 3 /* what is received, decoded and encoded anew */
};
struct ix_media_source {
    uint8_t kind;
    struct ix_pcm_ring
        *ring; /* RING: filled by a file reader or the application; borrowed until RELEASED or SOURCE_ENDED with it */
    uint32_t rate_hz; /* of the ring's samples, 8000..48000 */
    struct ix_resampler *resampler; /* ix_party_equip */
    float tone_hz[2]; /* TONE: one or two frequencies, 0 = none */
    float tone_level; /* peak, 0..1 */
};

enum ix_media_cmd_kind {
    IX_MEDIA_ADD = 1, /* party begins in a group of its own, or in `group` of another party */
    IX_MEDIA_REMOVE = 2, /* answered by RELEASED; the caller may free the party then */
    IX_MEDIA_CODEC = 3,
    IX_MEDIA_SOURCE = 4, /* what this party sends besides the mix; another ring before gets its SOURCE_ENDED */
    /* Rings that are written get a frame each tick from the next one on, gaps concealed, at their own rate; what does
     * not fit is lost (counted). When one is replaced or stopped, and before RELEASED, the engine ends it
     * (ix_pcm_ring_end) and says RING_RELEASED. */
    IX_MEDIA_SINK = 5, /* ring for what is heard (application or recorder), with rate; NULL stops */
    IX_MEDIA_RECORD = 6, /* ring pair: received and sent, for a recorder; either may be NULL; both NULL stops */
    IX_MEDIA_MUTE = 7,
    IX_MEDIA_DTMF = 8, /* digits queue behind those under way */
    IX_MEDIA_JOIN = 9, /* move into the group of `other` at the tick boundary; 0 = alone again */
    IX_MEDIA_GAIN = 10,
    IX_MEDIA_REPORT = 11, /* what the peer says of our stream (RTCP): redundancy and bitrate follow */
    IX_MEDIA_ENCODER = 13, /* what is wished for beside what was agreed */
    IX_MEDIA_DELAY = 12 /* other bounds of the jitter buffer; the most at most what the party was made with */
};
struct ix_media_report { /* RFC 3550 section 6.4.1 */
    uint8_t fraction_lost; /* /256, since the last one */
    uint32_t round_trip_us; /* 0 = not known */
};
struct ix_media_encoder { /* 0: as agreed, or the shipped value */
    uint8_t frame_ms; /* 10, 20, 40, 60 */
    uint8_t complexity; /* Opus: 1 + 0..10 */
    bool cbr;
    uint32_t bitrate, bandwidth_hz; /* Opus: 6000..128000; 4000, 6000, 8000 */
    int16_t *gathered; /* ix_party_equip, for more than 20 ms; without it 20 */
};
struct ix_party;
struct ix_media_cmd { /* travels by value in a ring */
    uint8_t kind;
    uint32_t party_id; /* chosen by the caller, unique among engines */
    union {
        struct {
            struct ix_party *party;
            uint32_t group_of;
        } add;
        struct ix_media_codec codec;
        struct ix_media_source source;
        struct {
            struct ix_pcm_ring *ring;
            uint32_t rate_hz;
            struct ix_resampler *resampler; /* ix_party_equip */
        } sink;
        struct {
            struct ix_pcm_ring *received;
            struct ix_pcm_ring *sent;
            uint32_t rate_hz;
            struct ix_resampler *resampler[2]; /* ix_party_equip: received, sent */
        } record;
        struct {
            bool on;
        } mute;
        struct {
            char digits[33];
            uint16_t tone_ms;
            uint16_t gap_ms;
        } dtmf; /* 0-9 * # A-D; defaults 160, 80 */
        struct {
            uint32_t other;
        } join;
        struct ix_media_report report;
        struct ix_media_encoder encoder;
        struct {
            uint32_t min_ms, max_ms, target_ms; /* as in ix_party_options */
        } delay;
        struct {
            float gain;
        } gain; /* of what this party says into the mix */
    } u;
};

enum ix_media_alarm { /* bits of ix_media_stats.alarms are 1 << these */
    IX_ALARM_NO_AUDIO_RECEIVED = 0, /* nothing comes although it should: one-way audio */
    IX_ALARM_NO_AUDIO_SENT = 1,
    IX_ALARM_HIGH_LOSS = 2, /* over 5 % was made up and heard */
    IX_ALARM_HIGH_JITTER = 3, /* over 150 ms must be waited for */
    IX_ALARM_HIGH_ROUND_TRIP = 4, /* over 400 ms */
    IX_ALARM_CLIPPED = 5, /* over 1 % of what is sent is at full scale */
    IX_ALARM_SOURCE_SILENT = 6 /* a ring gives nothing but zeros: a device that is off */
};
#define IX_MEDIA_ALARMS 7
const char *ix_media_alarm_name(enum ix_media_alarm alarm); /* reason code, as "high_loss" */

struct ix_media_stats { /* counters since ADD; *_us are durations */
    uint64_t frames_in, frames_out, frames_late, frames_lost, frames_duplicate;
    uint64_t concealed_us, silent_concealed_us, played_us, stretched_us, discarded_us;
    uint64_t inserted_us, removed_us; /* by time stretching; stretched_us is their sum */
    uint64_t fec_us, redundant_frames; /* restored from in-band FEC; played from RFC 2198 redundancy */
    uint64_t accelerations, decelerations; /* pieces cut out, put in */
    uint64_t concealment_events, gaps; /* runs that were made up and heard; those of 60 ms and more */
    uint64_t starts, underruns, stalls, resets; /* of the buffer: see ix_jitter_stats */
    uint32_t alarms, alarms_begun; /* bits, now; how many began */
    float burst_density, gap_density; /* RFC 3611: share lost in bursts, in gaps */
    uint32_t burst_ms, gap_ms; /* their mean length */
    float level_in_dbov, noise_in_dbov; /* of the last second; of the background */
    uint64_t buffer_limit_us; /* most delay */
    uint64_t frames_gated; /* not encoded, because nobody spoke */
    uint32_t sent_bitrate; /* the encoder's, after adaptation; 0: not Opus */
    uint8_t sent_for_loss; /* percent that redundancy is made for */
    uint64_t heard_delay_sum_us; /* like buffer_delay_sum_us, until the first sample is played */
    uint64_t buffer_delay_us; /* now */
    uint64_t buffer_delay_sum_us, buffer_emitted; /* jitterBufferDelay / emittedCount, as W3C */
    uint64_t buffer_target_us;
    float level_in, level_out; /* RMS 0..1 of the last second */
    uint64_t first_audio_us; /* mono time of the first decoded frame handed on; 0 = none */
    float mos, r_factor; /* E-model, last interval */
    uint64_t samples_dropped; /* that a sink or record ring had no room for */
    uint64_t source_underrun_us; /* RING source had nothing although not ended */
    uint64_t ticks_skipped; /* the engine was called too late for them */
    uint64_t ticks_late, tick_late_max_us; /* run more than 5 ms after they were due; the worst of them */
};
enum ix_media_event_kind {
    IX_MEDIA_EV_RELEASED = 1, /* the engine no longer knows the party, its rings and codecs */
    IX_MEDIA_EV_DTMF = 2, /* digit received, once per press */
    IX_MEDIA_EV_DTMF_SENT = 3, /* queue ran empty */
    IX_MEDIA_EV_SOURCE_ENDED = 4, /* RING source ended and drained */
    IX_MEDIA_EV_STATS = 5, /* once a second */
    IX_MEDIA_EV_FIRST_AUDIO = 6, /* first received frame decoded */
    IX_MEDIA_EV_RING_RELEASED = 7 /* a sink or record ring is ended and no longer used */
};
struct ix_media_event {
    uint8_t kind;
    uint32_t party_id;
    union {
        struct ix_party *party; /* RELEASED */
        struct {
            char digit;
            uint16_t duration_ms;
        } dtmf;
        struct ix_media_stats stats; /* STATS, RELEASED has none */
        uint64_t at_us; /* FIRST_AUDIO */
        struct ix_pcm_ring *ring; /* SOURCE_ENDED, RING_RELEASED: which one */
    } u;
};

/* ---- parties: any thread but a media thread; all memory a party ever needs is taken here --- */
struct ix_party_options {
    const struct ix_log *log;
    uint64_t seed;
    uint32_t min_delay_ms, max_delay_ms; /* jitter buffer; 0 = 10 and 500 */
    uint32_t target_delay_ms; /* 0 = follows the arrivals */
    bool fixed_delay; /* with a target: nothing is stretched, what comes late is lost */
};
int ix_party_new(const struct ix_party_options *o, struct ix_party **out);
void ix_party_free(struct ix_party *p); /* not while an engine has it */
/* What a command with a ring needs (a resampler: 5 kB) is taken here, by the party's owner, before the command goes its
 * way: most calls have no use for it. Fails without memory only; without it the ring is refused. */
int ix_party_equip(struct ix_party *p, struct ix_media_cmd *cmd);

/* ---- the engine: one a media thread ------------------------------------------------------ */
struct ix_media;
struct ix_media_totals { /* of an engine */
    uint64_t ticks, ticks_skipped; /* group ticks run; left out because the call came more than three ticks late */
    uint64_t out_refused; /* frames and events that nobody had taken in time */
    uint64_t unknown; /* commands and frames for parties that are not here */
};
int ix_media_new(const struct ix_log *log, size_t max_parties, struct ix_media **out);
void ix_media_free(struct ix_media *m);
void ix_media_command(struct ix_media *m, const struct ix_media_cmd *cmd, struct ix_now now);
void ix_media_frame(struct ix_media *m, uint32_t party_id, const struct ix_frame *f, struct ix_now now);
void ix_media_tick(struct ix_media *m, struct ix_now now); /* runs the groups whose slot is due */
uint64_t ix_media_deadline(const struct ix_media *m); /* next slot with a group in it */
enum ix_media_out_kind { IX_MEDIA_OUT_FRAME = 1, IX_MEDIA_OUT_EVENT = 2 };
struct ix_media_out {
    enum ix_media_out_kind kind;
    uint32_t party_id;
    const struct ix_frame *frame; /* borrowed until the next call */
    const struct ix_media_event *event;
};
bool ix_media_poll(struct ix_media *m, struct ix_media_out *out);
void ix_media_totals(const struct ix_media *m, struct ix_media_totals *out);

#endif
