/* SPDX-License-Identifier: MIT */
/*
 * Inside media. An engine has slots, a slot has groups that tick together, a group has parties that hear each other, a
 * party is one call's way from received frames to PCM (hear) and from PCM to frames (say). All of it runs on one media
 * thread.
 */
#ifndef IX_MEDIA_ENGINE_H
#define IX_MEDIA_ENGINE_H

#include "audio/audio.h"
#include "media/media.h"

/* Rate of the mix. What is sent is at most wideband, so nothing above 8 kHz would ever leave; a group of G.711 alone
 * stays at its own rate and is never resampled. Measured: Opus at 48 kHz costs 11 % more for the same packets. */
#define MIX_NARROW_HZ 8000u
#define MIX_WIDE_HZ 16000u
#define TICKS_PER_S 50u
#define TICK_MS 20u
#define MIX_FRAME (MIX_WIDE_HZ / TICKS_PER_S) /* samples of a tick at most */
#define FIFO_CAP (MIX_WIDE_HZ / 1000 * (IX_PACKET_MS_MAX + 2 * TICK_MS))
#define FIFO_BEFORE (MIX_WIDE_HZ / 1000 * IX_STRETCH_MS_BEFORE) /* of what was played, kept in front of the fifo */
#define GATHERED_MAX ((size_t) 3 * MIX_FRAME) /* a packet of 60 ms */
#define STASH 256

struct group {
    struct ix_list node; /* in its slot, or free */
    struct ix_list members;
    size_t count;
    unsigned slot;
    uint32_t rate_hz;
};

struct slot {
    struct ix_list groups;
    size_t parties;
    uint64_t next_us; /* IX_NEVER without groups */
};

struct feed { /* what a party sends besides the mix */
    struct ix_media_source source;
    struct ix_tone tone;
    int16_t stash[STASH]; /* read from the ring, not yet resampled */
    size_t stash_n;
};

struct drain { /* a ring that is written */
    struct ix_pcm_ring *ring; /* NULL: none */
    uint32_t rate_hz;
    struct ix_resampler *resampler;
};

enum gate_says { GATE_TALK = 0, GATE_OPENS = 1, GATE_COMFORT = 2, GATE_NOTHING = 3 };
struct gate { /* ix_gate_reset */
    float floor; /* level of the background, RMS 0..1 */
    uint32_t quiet, since_comfort; /* ticks */
    int16_t kept[MIX_FRAME]; /* the last frame that was closed away */
};

struct adapt { /* ix_adapt_reset */
    float average; /* loss in percent: up at once, down slowly */
    uint8_t loss_percent; /* redundancy is made for so much */
    uint32_t bitrate; /* 0: as agreed */
    uint32_t shortest_us, round_trip_us; /* the shortest; the last */
    uint32_t calm, good; /* reports in a row */
};

struct alarms {
    uint32_t on, begun; /* bits; how many */
    uint8_t run[IX_MEDIA_ALARMS]; /* seconds in a row that say the contrary */
    uint64_t received, sent; /* frames, at the last second */
    uint32_t full, samples; /* of this second */
};

struct counters { /* as the last statistics saw them */
    uint64_t played_us, concealed_us, silent_us;
};

struct shaping { /* zero to begin */
    float floor; /* level of the quietest frames */
    uint32_t too_much; /* frames in a row that found more delay than wanted */
    uint32_t rest; /* ticks before the next piece may be cut out or put in */
};

struct ix_party {
    uint32_t id;
    struct ix_media *engine; /* NULL: with nobody */
    struct group *group;
    struct ix_list in_group, in_stats, in_released;
    struct ix_media_codec codec;
    uint32_t rate_hz; /* of its group; everything below is set up for it */
    bool muted, held; /* held: the pause was told with comfort noise */
    float gain;
    uint64_t last_due_us; /* its last tick */
    bool present; /* takes part in the tick under way */
    /* hear */
    struct ix_jitter *jitter;
    struct ix_decoder *decoder;
    struct ix_tel_rx tel_rx;
    int16_t past[FIFO_BEFORE + FIFO_CAP]; /* the end of what was played, then what is decoded: ix_party_fifo() */
    size_t fifo_n; /* decoded, not yet played */
    int16_t heard[MIX_FRAME];
    struct shaping shaping;
    uint64_t made_up_us; /* in a row, and to be heard */
    bool had_audio;
    /* say */
    struct ix_encoder *encoder;
    bool encoder_ready; /* set up for codec and rate */
    struct ix_media_encoder wish;
    size_t gathered_n; /* samples in wish.gathered: of a packet of more than a tick */
    uint32_t gathered_ts;
    struct gate gate;
    struct adapt adapt;
    uint8_t toc; /* of the last Opus packet */
    struct feed feed;
    uint32_t ts;
    bool marker; /* the next audio frame begins a talk spurt */
    struct ix_tel_tx tel_tx;
    struct ix_tone dtmf; /* in-band, where events were not agreed */
    /* out */
    struct drain sink, record_received, record_sent;
    /* statistics */
    struct ix_media_stats stats;
    struct ix_level level_in, level_out;
    struct counters before;
    struct alarms alarms;
    uint32_t ticks;
    struct ix_resampler *owned[8]; /* the owner's, not the engine's: lent by commands (ix_party_equip) */
    int16_t *owned_pcm;
};

struct out_frame { /* record in the ring of frames */
    uint32_t party_id;
    struct ix_frame frame;
};

struct ix_media {
    const struct ix_log *log;
    size_t max_parties, parties;
    struct ix_party **table; /* by id, open addressing */
    size_t table_mask;
    struct group *groups;
    struct ix_list free_groups;
    struct slot slots[IX_TICK_SLOTS];
    struct ix_ring *frames, *events; /* out */
    struct ix_list stats_due, released;
    struct ix_media_totals totals;
    struct out_frame scratch, given; /* being made; lent by poll */
    struct ix_media_event event; /* lent by poll */
    int32_t mix[MIX_FRAME];
};

/* engine.c */
struct ix_party *ix_media_find(const struct ix_media *m, uint32_t id);
bool ix_media_enter(struct ix_media *m, struct ix_party *p); /* false: no room, or the id is there already */
void ix_media_leave(struct ix_media *m, struct ix_party *p);
void ix_media_tell(struct ix_media *m, const struct ix_media_event *ev);
struct ix_frame *ix_media_begin_frame(struct ix_media *m); /* fill it, then: */
void ix_media_send_frame(struct ix_media *m, uint32_t party_id);

/* group.c */
struct group *ix_group_new(struct ix_media *m, struct ix_now now); /* never NULL below max_parties */
void ix_group_add(struct ix_media *m, struct group *g, struct ix_party *p);
void ix_group_remove(struct ix_media *m, struct ix_party *p);
void ix_group_retune(struct group *g); /* after a change of members or codecs */
void ix_group_tick(struct ix_media *m, struct group *g, uint64_t due_us, struct ix_now now);
void ix_group_skip(struct ix_media *m, struct group *g, uint64_t ticks);

/* party.c */
void ix_party_reset(struct ix_party *p); /* as new */
void ix_party_tune(struct ix_party *p, uint32_t rate_hz);
uint32_t ix_party_clock(const struct ix_party *p);
uint32_t ix_party_bitrate(const struct ix_party *p); /* before adaptation; 0 = shipped */

/* hear.c */
void ix_party_frame(struct ix_media *m, struct ix_party *p, const struct ix_frame *f, struct ix_now now);
int16_t *ix_party_fifo(struct ix_party *p);
void ix_party_hear(struct ix_media *m, struct ix_party *p, uint64_t due_us, struct ix_now now);

/* shape.c: n samples were decoded to the end of the fifo; cuts out or puts in what got.excess_us asks for */
void ix_party_shape(struct ix_party *p, const struct ix_jitter_got *got, size_t n);

/* say.c: mix holds what all parties say, this one included; NULL if it is alone */
void ix_party_say(struct ix_media *m, struct ix_party *p, const int32_t *mix);
int32_t ix_party_voice(const struct ix_party *p, size_t i); /* sample i of what it says into the mix */

/* rings.c */
void ix_feed_set(struct ix_media *m, struct ix_party *p, const struct ix_media_source *s);
void ix_feed_tune(struct ix_party *p);
void ix_feed_pull(struct ix_media *m, struct ix_party *p, int16_t *pcm, size_t n);
void ix_feed_skip(struct ix_media *m, struct ix_party *p, uint64_t ticks);
void ix_drain_set(struct ix_media *m, struct ix_party *p, struct drain *d, const struct drain *want);
void ix_drain_tune(struct ix_party *p, struct drain *d);
void ix_drain_push(struct ix_party *p, struct drain *d, const int16_t *pcm, size_t n);
void ix_drain_skip(struct ix_party *p, struct drain *d, uint64_t ticks);
void ix_rings_release(struct ix_media *m, struct ix_party *p);

/* gate.c: what is to be done with the next frame */
void ix_gate_reset(struct gate *g);
enum gate_says ix_gate_frame(struct gate *g, const int16_t *pcm, size_t n);

/* adapt.c: true if something changed; base: bitrate agreed, 0 = default */
void ix_adapt_reset(struct adapt *a);
bool ix_adapt_report(struct adapt *a, const struct ix_media_report *r, uint32_t base);

/* alarms.c: received: frames so far; loss: percent of the last second */
void ix_alarms_clipped(struct alarms *a, const int16_t *pcm, size_t n);
void ix_alarms_second(struct ix_party *p, uint64_t received, float loss, uint64_t target_us);

/* stats.c */
void ix_stats_tick(struct ix_media *m, struct ix_party *p);
void ix_stats_fill(struct ix_party *p, struct ix_media_stats *out);

#endif
