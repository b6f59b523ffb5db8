/* SPDX-License-Identifier: MIT */
/*
 * Engines in virtual time: parties of one or two engines, and lines between them that lose, delay, reorder and repeat
 * frames as a seed says. Time begins at START; ticks are run when they are due.
 */
#ifndef TEST_LINE_H
#define TEST_LINE_H

#include "audio/audio.h"
#include "media/media.h"

#define START (1000 * IX_S + IX_MS) /* between two slots */
#define PARTIES 8
#define FLIGHTS 256
#define EVENTS 512

struct line_options {
    unsigned lost_per_mille, dup_per_mille, delay_ms, jitter_ms;
};

struct flight {
    uint64_t at_us;
    uint32_t to;
    struct ix_frame frame;
};

struct world {
    struct ix_media *engine[2];
    struct ix_party *party[PARTIES + 1]; /* by id, 1.. */
    uint8_t at[PARTIES + 1]; /* engine of a party */
    uint32_t to[PARTIES + 1]; /* where its frames go; 0 = into the log only */
    uint16_t seq[PARTIES + 1];
    struct line_options line;
    struct ix_prng prng;
    struct ix_rng rng;
    uint64_t now_us;
    struct flight flights[FLIGHTS];
    size_t flight_n;
    struct ix_media_event events[EVENTS];
    size_t event_n;
    struct ix_frame sent[PARTIES + 1]; /* the last frame of each party */
    size_t sent_n[PARTIES + 1];
    void (*on_frame)(struct world *w, uint32_t id, const struct ix_frame *f);
    void *ctx;
};

struct world *world_new(uint64_t seed);
void world_free(struct world *w); /* removes the parties and checks that all are released */
void world_party(struct world *w, uint32_t id, int engine, enum ix_codec_id codec);
void world_connect(struct world *w, uint32_t a, uint32_t b);
void world_command(struct world *w, uint32_t id, struct ix_media_cmd cmd);
void world_drain(struct world *w);
void world_run(struct world *w, uint64_t ms);
struct ix_media_codec world_codec(enum ix_codec_id codec);

/* how many events of a kind; *last the last of them, may be NULL */
size_t world_events(const struct world *w, uint32_t id, enum ix_media_event_kind kind, struct ix_media_event *last);
struct ix_media_stats world_stats(const struct world *w, uint32_t id); /* the last ones told */

void world_tone(struct world *w, uint32_t id, float hz);
struct ix_pcm_ring *world_sink(struct world *w, uint32_t id, uint32_t rate_hz, double seconds);
size_t world_heard(struct ix_pcm_ring *ring, int16_t *pcm, size_t cap);

#endif
