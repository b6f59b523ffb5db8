/* SPDX-License-Identifier: MIT */
/* Inside audio: what the jitter buffer is made of, each part behind a small interface of its own. */
#ifndef IX_AUDIO_INTERNAL_H
#define IX_AUDIO_INTERNAL_H

#include "audio/audio.h"

/* ---- packets.c: waiting packets in the order of their timestamps, in bounded memory -------- */
#define IX_CHUNK_BYTES 128
struct ix_waiting {
    uint64_t ts, seq; /* unwrapped */
    uint64_t arrival_us;
    uint32_t samples; /* 0: comfort noise */
    uint16_t len, chunk;
    uint8_t codec;
    bool redundant; /* came as redundancy (RFC 2198) inside another packet */
};
struct ix_packets {
    struct ix_waiting *list; /* sorted by ts */
    size_t count, cap;
    uint8_t (*chunks)[IX_CHUNK_BYTES];
    uint16_t *next; /* free list and payload chains */
    uint16_t free_chunk, free_chunks, chunk_count;
};
int ix_packets_init(struct ix_packets *p, size_t cap, uint16_t chunks);
void ix_packets_clear(struct ix_packets *p); /* frees the memory; a half-made one too */
void ix_packets_empty(struct ix_packets *p);
bool ix_packets_room(const struct ix_packets *p, size_t len);
size_t ix_packets_place(const struct ix_packets *p, uint64_t ts); /* index of the first one not before ts */
/* copies the payload; there is room */
void ix_packets_insert(struct ix_packets *p, const struct ix_waiting *w, const uint8_t *payload);
void ix_packets_fetch(const struct ix_packets *p, size_t at, uint8_t *payload);
void ix_packets_drop(struct ix_packets *p, size_t at);

/* ---- delay.c: how long to wait ------------------------------------------------------------- */
#define IX_DELAY_BUCKETS 256u
#define IX_DELAY_BUCKET_US 4000
#define IX_DELAY_WINDOWS 5
struct ix_delay {
    int64_t base[IX_DELAY_WINDOWS]; /* smallest transit time of each window */
    unsigned base_at;
    uint64_t base_until_us;
    int64_t origin; /* transit time at which bucket 0 begins: the base when it was last looked at */
    float peaks[IX_DELAY_BUCKETS]; /* share of the half seconds whose slowest packet took so long */
    uint64_t peak_until_us; /* end of the half second under way */
    int64_t peak; /* its slowest packet, transit */
    uint32_t peaks_n; /* half seconds so far */
    float loss; /* of late, 0..1 */
    uint64_t redundancy_us; /* so much of the stream can be restored from the packet behind; 0 = none */
};
void ix_delay_reset(struct ix_delay *d, int64_t transit, uint64_t now_us);
int64_t ix_delay_base(const struct ix_delay *d);
void ix_delay_measure(struct ix_delay *d, int64_t transit, uint64_t arrival_us);
void ix_delay_loss(struct ix_delay *d, bool lost); /* of each packet, when its time has come */
uint64_t ix_delay_need(const struct ix_delay *d); /* microseconds above the base that are enough */

#endif
