/* SPDX-License-Identifier: MIT */
/*
 * Jitter buffer: packets in the order of their timestamps, played after a delay that follows the distribution of the
 * arrivals (not their peak). RFC 3550 timestamps and sequence numbers, unwrapped to 64 bits.
 *
 *             first packet             its delay is reached
 *    EMPTY ----------------> WAITING -----------------------> PLAYING
 *                               ^                                |
 *                               +--------------------------------+
 *                                 the sender pauses, or nothing came for a while
 *
 * Delay is how long after the arrival of the fastest packets of the last ten seconds something is played. The caller
 * takes decoded audio out or puts some in, guided by `excess_us`; today whole quiet frames, later time stretching.
 * While nothing is there the cursor stands and what is made up is `owed`: if the packet comes late, the delay has
 * grown; if it never comes, what was owed has covered its time.
 */
#include "audio/audio.h"

#include <string.h>

#define CHUNK_BYTES 128
#define CHUNK_NONE 0xffffu
#define BUCKETS 128
#define BUCKET_US (5 * IX_MS)
#define FORGET_MAX 0.998f /* of the histogram, each packet: 10 s at 50 packets a second */
#define QUANTILE 0.97f
#define BASE_WINDOWS 5
#define BASE_WINDOW_US (2 * IX_S)
#define EARLY_LIMIT_US (200 * IX_MS) /* a packet this much faster than any other is on another time line */
#define LATE_LIMIT_US (1 * IX_S)
#define STALL_US (500 * IX_MS) /* made up in a row before the stream counts as stalled */
#define OLD_SSRC_US (1 * IX_S) /* stragglers of the stream before */
#define SEEN_BITS 256u
#define SEQ_JUMP 3000 /* RFC 3550 appendix A.1, MAX_DROPOUT */
#define DTX_BYTES 2 /* an Opus packet up to here announces a pause */
#define EXT_START (UINT64_C(1) << 33) /* unwrapped numbers begin here, so that they never fall below 0 */

enum state { EMPTY = 0, WAITING = 1, PLAYING = 2 };

struct packet {
    uint64_t ts, seq; /* unwrapped */
    uint64_t arrival_us;
    uint32_t samples; /* 0: comfort noise */
    uint16_t len, chunk;
    uint8_t codec;
};

struct ix_jitter {
    uint64_t min_us, max_us;
    /* storage */
    struct packet *packets; /* sorted by ts */
    size_t count, cap;
    uint8_t (*chunks)[CHUNK_BYTES];
    uint16_t *next_chunk; /* free list and payload chains */
    uint16_t free_chunk, free_chunks, chunk_count;
    uint8_t payload[IX_FRAME_MAX]; /* what `got` borrows */
    /* stream */
    enum state state;
    uint32_t ssrc, old_ssrc, clock_hz;
    bool had_stream, had_old;
    uint64_t ssrc_since_us;
    uint64_t ts_last, ts_zero, seq_high, seq_played, cursor;
    uint64_t seen[SEEN_BITS / 64];
    bool paused; /* the sender said so: DTX or comfort noise */
    bool stalled;
    uint64_t owed; /* samples made up while the cursor stood */
    uint64_t made_up_us; /* in a row */
    unsigned outliers; /* in a row */
    uint64_t outlier_seq;
    /* estimate */
    int64_t base[BASE_WINDOWS]; /* smallest transit time of each window */
    unsigned base_at;
    uint64_t base_until_us;
    float histogram[BUCKETS];
    uint32_t measured;
    uint64_t target_us;
    struct ix_jitter_stats stats;
};

/* ---- storage: payloads lie in chains of small chunks, so that memory follows bytes, not packets --- */
static void chunks_init(struct ix_jitter *j)
{
    for (uint16_t i = 0; i < j->chunk_count; i++)
        j->next_chunk[i] = (uint16_t) (i + 1);
    j->next_chunk[j->chunk_count - 1] = CHUNK_NONE;
    j->free_chunk = 0;
    j->free_chunks = j->chunk_count;
}

static size_t chunks_for(size_t len)
{
    return (len + CHUNK_BYTES - 1) / CHUNK_BYTES;
}

static uint16_t store(struct ix_jitter *j, const uint8_t *p, size_t len)
{
    uint16_t first = len ? j->free_chunk : CHUNK_NONE, last = first;
    for (size_t at = 0; at < len; at += CHUNK_BYTES) {
        last = j->free_chunk;
        memcpy(j->chunks[last], p + at, IX_MIN(len - at, (size_t) CHUNK_BYTES));
        j->free_chunk = j->next_chunk[last];
        j->free_chunks--;
    }
    if (last != CHUNK_NONE)
        j->next_chunk[last] = CHUNK_NONE;
    return first;
}

static void fetch(struct ix_jitter *j, const struct packet *p)
{
    uint16_t c = p->chunk;
    for (size_t at = 0; at < p->len; at += CHUNK_BYTES, c = j->next_chunk[c])
        memcpy(j->payload + at, j->chunks[c], IX_MIN(p->len - at, (size_t) CHUNK_BYTES));
}

static void drop_head(struct ix_jitter *j)
{
    uint16_t c = j->packets[0].chunk;
    while (c != CHUNK_NONE) {
        uint16_t next = j->next_chunk[c];
        j->next_chunk[c] = j->free_chunk;
        j->free_chunk = c;
        j->free_chunks++;
        c = next;
    }
    j->count--;
    memmove(j->packets, j->packets + 1, j->count * sizeof(*j->packets));
}

int ix_jitter_new(const struct ix_jitter_config *c, struct ix_jitter **out)
{
    struct ix_jitter *j = ix_alloc(sizeof(*j));
    if (!j)
        return IRISX_E_NO_MEMORY;
    uint32_t max_ms = c->max_delay_ms ? IX_MIN(c->max_delay_ms, 2000u) : 500;
    uint32_t min_ms = c->min_delay_ms ? c->min_delay_ms : 20;
    j->max_us = IX_MAX(max_ms, 40u) * IX_MS;
    j->min_us = IX_MIN(min_ms * IX_MS, j->max_us);
    j->cap = 32 + max_ms / 10;
    j->chunk_count = (uint16_t) (32 + max_ms / 8);
    j->packets = ix_alloc_array(j->cap, sizeof(*j->packets));
    j->chunks = ix_alloc_array(j->chunk_count, CHUNK_BYTES);
    j->next_chunk = ix_alloc_array(j->chunk_count, sizeof(*j->next_chunk));
    if (!j->packets || !j->chunks || !j->next_chunk) {
        ix_jitter_free(j);
        return IRISX_E_NO_MEMORY;
    }
    ix_jitter_reset(j);
    *out = j;
    return 0;
}

void ix_jitter_free(struct ix_jitter *j)
{
    if (!j)
        return;
    ix_free(j->packets);
    ix_free(j->chunks);
    ix_free(j->next_chunk);
    ix_free(j);
}

void ix_jitter_reset(struct ix_jitter *j)
{
    j->count = 0;
    chunks_init(j);
    j->state = EMPTY;
    j->had_stream = false;
    j->paused = j->stalled = false;
    j->owed = j->made_up_us = 0;
    j->outliers = 0;
    memset(j->seen, 0, sizeof(j->seen));
    memset(j->histogram, 0, sizeof(j->histogram));
    j->measured = 0;
    j->target_us = j->min_us;
}

/* ---- numbers ----------------------------------------------------------------------------- */
static uint64_t samples_us(const struct ix_jitter *j, uint64_t samples)
{
    return samples * IX_S / j->clock_hz;
}

/* when a timestamp was sent, on a clock of its own */
static int64_t sent_us(const struct ix_jitter *j, uint64_t ts)
{
    uint64_t ahead = ts - j->ts_zero, behind = j->ts_zero - ts;
    return ahead <= behind ? (int64_t) samples_us(j, ahead) : -(int64_t) samples_us(j, behind);
}

static uint64_t unwrap32(uint64_t last, uint32_t v)
{
    return last + (uint64_t) (int64_t) (int32_t) (v - (uint32_t) last);
}

static uint64_t unwrap16(uint64_t last, uint16_t v)
{
    return last + (uint64_t) (int64_t) (int16_t) (v - (uint16_t) last);
}

static bool seen(const struct ix_jitter *j, uint64_t seq)
{
    return (j->seen[seq % SEEN_BITS / 64] >> (seq % 64)) & 1;
}

/* remembers a sequence number; false if it was there already */
static bool mark_seen(struct ix_jitter *j, uint64_t seq)
{
    if (seq + SEEN_BITS <= j->seq_high)
        return true; /* older than what is remembered */
    for (uint64_t s = j->seq_high + 1; s <= seq; s++)
        j->seen[s % SEEN_BITS / 64] &= ~(UINT64_C(1) << (s % 64));
    if (seq <= j->seq_high && seen(j, seq))
        return false;
    j->seq_high = IX_MAX(j->seq_high, seq);
    j->seen[seq % SEEN_BITS / 64] |= UINT64_C(1) << (seq % 64);
    return true;
}

/* ---- estimate ---------------------------------------------------------------------------- */
static int64_t base_of(const struct ix_jitter *j)
{
    int64_t base = j->base[0];
    for (unsigned i = 1; i < BASE_WINDOWS; i++)
        base = IX_MIN(base, j->base[i]);
    return base;
}

static void base_reset(struct ix_jitter *j, int64_t transit, uint64_t now_us)
{
    for (unsigned i = 0; i < BASE_WINDOWS; i++)
        j->base[i] = transit;
    j->base_until_us = now_us + BASE_WINDOW_US;
}

static void base_add(struct ix_jitter *j, int64_t transit, uint64_t arrival_us)
{
    if (arrival_us >= j->base_until_us) {
        j->base_at = (j->base_at + 1) % BASE_WINDOWS;
        j->base[j->base_at] = transit;
        j->base_until_us = arrival_us + BASE_WINDOW_US;
    }
    j->base[j->base_at] = IX_MIN(j->base[j->base_at], transit);
}

/* the delay that would have been enough for QUANTILE of the packets */
static void retarget(struct ix_jitter *j)
{
    float sum = j->histogram[0];
    unsigned i = 0;
    while (i < BUCKETS - 1 && sum < QUANTILE)
        sum += j->histogram[++i];
    uint64_t need = (i + 1) * BUCKET_US;
    j->target_us = IX_MIN(IX_MAX(need, j->min_us), j->max_us - j->max_us / 4);
}

static void measure(struct ix_jitter *j, int64_t transit, uint64_t arrival_us)
{
    base_add(j, transit, arrival_us);
    uint64_t late = (uint64_t) (transit - base_of(j));
    uint64_t bucket = IX_MIN(late / BUCKET_US, (uint64_t) BUCKETS - 1);
    j->measured += j->measured < UINT32_MAX;
    float keep = 1.0f - 1.0f / (float) j->measured; /* a plain mean at first */
    keep = IX_MIN(keep, FORGET_MAX);
    for (unsigned i = 0; i < BUCKETS; i++)
        j->histogram[i] *= keep;
    j->histogram[bucket] += 1.0f - keep;
    retarget(j);
}

/* ---- packets in -------------------------------------------------------------------------- */
static void stream_begin(struct ix_jitter *j, const struct ix_frame *f, uint32_t clock_hz, uint64_t arrival_us)
{
    j->stats.resets += j->had_stream;
    if (j->had_stream && j->ssrc != f->ssrc) {
        j->old_ssrc = j->ssrc;
        j->had_old = true;
    }
    ix_jitter_reset(j);
    j->ssrc = f->ssrc;
    j->ssrc_since_us = arrival_us;
    j->had_stream = true;
    j->clock_hz = clock_hz;
    j->ts_last = j->ts_zero = EXT_START + f->timestamp;
    j->seq_high = EXT_START + f->seq - 1;
    j->seq_played = j->seq_high;
    j->cursor = 0;
    base_reset(j, (int64_t) arrival_us, arrival_us);
}

/* packets of the stream before the present one still come for a while */
static bool straggler(const struct ix_jitter *j, const struct ix_frame *f, uint64_t arrival_us)
{
    return j->had_old && f->ssrc != j->ssrc && f->ssrc == j->old_ssrc && arrival_us < j->ssrc_since_us + OLD_SSRC_US &&
           arrival_us >= j->ssrc_since_us;
}

/* A packet far off the time line: with a marker, after a stall or when the next one agrees, a new time line begins. */
static bool jumps(struct ix_jitter *j, const struct ix_frame *f, int64_t transit, uint64_t seq)
{
    int64_t off = transit - base_of(j);
    if (off > -(int64_t) EARLY_LIMIT_US && off < (int64_t) LATE_LIMIT_US) {
        j->outliers = 0;
        return false;
    }
    bool agrees = j->outliers > 0 && seq == j->outlier_seq + 1;
    j->outliers++;
    j->outlier_seq = seq;
    return f->marker || j->stalled || agrees;
}

static void discard_head(struct ix_jitter *j)
{
    j->stats.discarded++;
    j->stats.discarded_us += samples_us(j, j->packets[0].samples);
    drop_head(j);
}

static size_t place_of(const struct ix_jitter *j, uint64_t ts)
{
    size_t at = j->count;
    while (at > 0 && j->packets[at - 1].ts >= ts)
        at--;
    return at;
}

static void make_room(struct ix_jitter *j, size_t len)
{
    while (j->count > 0 && (j->count == j->cap || j->free_chunks < chunks_for(len))) {
        discard_head(j);
    }
}

static void insert(
    struct ix_jitter *j, const struct ix_frame *f, uint64_t ts, uint64_t seq, uint64_t arrival_us, uint32_t samples)
{
    make_room(j, f->len);
    size_t at = place_of(j, ts);
    memmove(j->packets + at + 1, j->packets + at, (j->count - at) * sizeof(*j->packets));
    j->packets[at] = (struct packet){ .ts = ts,
        .seq = seq,
        .arrival_us = arrival_us,
        .samples = samples,
        .len = f->len,
        .chunk = store(j, f->payload, f->len),
        .codec = f->codec };
    j->count++;
}

static bool already_there(const struct ix_jitter *j, uint64_t ts)
{
    size_t at = place_of(j, ts);
    return at < j->count && j->packets[at].ts == ts && j->packets[at].samples > 0;
}

static void too_late(struct ix_jitter *j, uint64_t seq)
{
    j->stats.late++;
    if (seq < j->seq_played && j->stats.lost > 0)
        j->stats.lost--; /* it was counted as lost when its time had come */
}

static void put_audio(
    struct ix_jitter *j, const struct ix_frame *f, uint64_t seq, uint64_t arrival_us, uint32_t samples)
{
    uint64_t ts = unwrap32(j->ts_last, f->timestamp);
    int64_t transit = (int64_t) arrival_us - sent_us(j, ts);
    if (jumps(j, f, transit, seq)) {
        stream_begin(j, f, j->clock_hz, arrival_us);
        (void) mark_seen(j, EXT_START + f->seq);
        ts = j->ts_last;
        seq = j->seq_high;
        transit = (int64_t) arrival_us;
    } else if (j->outliers > 0) {
        j->stats.discarded++;
        return;
    }
    j->ts_last = IX_MAX(j->ts_last, ts);
    measure(j, transit, arrival_us);
    if (ts < j->cursor)
        too_late(j, seq);
    else if (already_there(j, ts))
        j->stats.duplicate++;
    else
        insert(j, f, ts, seq, arrival_us, samples);
    if (j->state == EMPTY)
        j->state = WAITING;
}

/* comfort noise says nothing about delays; one that is off the time line holds at once */
static void put_noise(struct ix_jitter *j, const struct ix_frame *f, uint64_t seq, uint64_t arrival_us)
{
    if (j->state == EMPTY || f->len == 0)
        return;
    uint64_t ts = unwrap32(j->ts_last, f->timestamp);
    uint64_t step = ts > j->ts_last ? ts - j->ts_last : j->ts_last - ts;
    if (samples_us(j, step) > LATE_LIMIT_US || ts < j->cursor)
        ts = IX_MAX(j->ts_last, j->cursor);
    insert(j, f, ts, seq, arrival_us, 0);
}

static bool new_stream(const struct ix_jitter *j, const struct ix_frame *f, uint32_t clock_hz)
{
    return !j->had_stream || f->ssrc != j->ssrc || (f->kind == IX_FRAME_AUDIO && clock_hz != j->clock_hz);
}

void ix_jitter_put(struct ix_jitter *j, const struct ix_frame *f, uint32_t clock_hz)
{
    uint64_t arrival_us = f->arrival_us & (UINT64_MAX >> 4); /* keeps the sums below within range, whatever comes */
    uint32_t samples =
        f->kind == IX_FRAME_AUDIO && f->len <= IX_FRAME_MAX ? ix_payload_samples(f->codec, f->payload, f->len) : 0;
    if (f->len > IX_FRAME_MAX || clock_hz < IX_RATE_MIN || (f->kind == IX_FRAME_AUDIO && samples == 0)) {
        j->stats.malformed++;
        return;
    }
    j->stats.received++;
    if (j->had_stream && straggler(j, f, arrival_us)) {
        j->stats.late++;
        return;
    }
    if (new_stream(j, f, clock_hz)) {
        if (f->kind != IX_FRAME_AUDIO)
            return; /* a stream begins with audio */
        stream_begin(j, f, clock_hz, arrival_us);
    }
    uint64_t seq = unwrap16(j->seq_high, f->seq);
    if (seq > j->seq_high + SEQ_JUMP || seq + SEQ_JUMP < j->seq_high) { /* the sender's numbers began anew */
        j->seq_high = j->seq_played = seq - 1;
        memset(j->seen, 0, sizeof(j->seen));
    }
    if (!mark_seen(j, seq)) {
        j->stats.duplicate++;
        return;
    }
    if (f->kind == IX_FRAME_AUDIO)
        put_audio(j, f, seq, arrival_us, samples);
    else if (f->kind == IX_FRAME_CN)
        put_noise(j, f, seq, arrival_us);
}

/* ---- audio out --------------------------------------------------------------------------- */
/* how long after the fastest possible arrival of ts it would be played, if now */
static int64_t delay_at(const struct ix_jitter *j, uint64_t ts, uint64_t play_us)
{
    return (int64_t) play_us - (base_of(j) + sent_us(j, ts));
}

static void give_nothing_yet(const struct ix_jitter *j, uint32_t samples, struct ix_jitter_got *got)
{
    if (j->state == EMPTY || (!j->paused && !j->stalled))
        got->kind = IX_JITTER_NOTHING;
    else
        got->kind = j->paused ? IX_JITTER_COMFORT : IX_JITTER_LOST;
    got->samples = samples;
}

static void give_noise_level(struct ix_jitter *j, uint32_t samples, struct ix_jitter_got *got)
{
    const struct packet *p = &j->packets[0];
    fetch(j, p);
    got->kind = IX_JITTER_COMFORT;
    got->cn = true;
    got->payload = j->payload;
    got->len = p->len;
    got->samples = samples;
    j->cursor = IX_MAX(j->cursor, p->ts);
    j->paused = true;
    j->state = WAITING;
    drop_head(j);
}

/* sequence numbers before seq that never came, nor as events or too late */
static void count_lost(struct ix_jitter *j, uint64_t seq)
{
    uint64_t from = j->seq_played + 1;
    if (from + SEEN_BITS / 2 < seq) {
        j->stats.lost += seq - from - SEEN_BITS / 2;
        from = seq - SEEN_BITS / 2;
    }
    for (uint64_t s = from; s < seq; s++)
        j->stats.lost += !seen(j, s);
    j->seq_played = IX_MAX(j->seq_played, seq);
}

static void give_frame(struct ix_jitter *j, uint64_t play_us, struct ix_jitter_got *got)
{
    const struct packet p = j->packets[0];
    fetch(j, &p);
    got->kind = IX_JITTER_FRAME;
    got->codec = p.codec;
    got->samples = p.samples;
    got->payload = j->payload;
    got->len = p.len;
    got->excess_us = delay_at(j, p.ts, play_us) - (int64_t) j->target_us;
    got->waiting = j->count - 1;
    got->waited_us = play_us > p.arrival_us ? play_us - p.arrival_us : 0;
    j->stats.delay_us = got->waited_us;
    j->cursor = p.ts + p.samples;
    j->owed = j->made_up_us = 0;
    j->paused = p.codec == IX_CODEC_OPUS && p.len <= DTX_BYTES;
    j->stalled = false;
    count_lost(j, p.seq);
    drop_head(j);
}

static void give_lost(struct ix_jitter *j, uint32_t samples, const struct packet *next, struct ix_jitter_got *got)
{
    got->kind = IX_JITTER_LOST;
    got->samples = samples;
    if (next) {
        fetch(j, next);
        got->codec = next->codec;
        got->payload = j->payload;
        got->len = next->len;
    }
    j->made_up_us += samples_us(j, samples);
}

/* nothing is there: the cursor stands until the delay would pass its limit */
static void underrun(struct ix_jitter *j, uint64_t play_us, uint32_t samples, struct ix_jitter_got *got)
{
    if (j->paused || j->made_up_us >= STALL_US) {
        j->stalled = !j->paused;
        j->state = WAITING;
        give_nothing_yet(j, samples, got);
        return;
    }
    if (delay_at(j, j->cursor, play_us) + (int64_t) samples_us(j, samples) > (int64_t) j->max_us)
        j->cursor += samples;
    else
        j->owed += samples;
    give_lost(j, samples, NULL, got);
}

/* What overlaps with what was played goes; where more waits than the limit allows the oldest go, down to the target. */
static void hold_limit(struct ix_jitter *j, uint64_t play_us)
{
    while (j->count > 0 && j->packets[0].ts < j->cursor) {
        discard_head(j);
    }
    if (j->count == 0 || delay_at(j, j->packets[0].ts, play_us) <= (int64_t) j->max_us)
        return;
    while (j->count > 1 && delay_at(j, j->packets[1].ts, play_us) >= (int64_t) j->target_us) {
        discard_head(j);
    }
    j->cursor = j->packets[0].ts;
    j->owed = 0;
}

/* Comfort noise is taken as soon as its turn has come; true if there is something to play now */
static bool wait_over(const struct ix_jitter *j, uint64_t play_us)
{
    if (j->count == 0)
        return false;
    const struct packet *head = &j->packets[0];
    return head->samples == 0 || delay_at(j, head->ts, play_us) >= (int64_t) j->target_us;
}

static void play(struct ix_jitter *j, uint64_t play_us, uint32_t samples, struct ix_jitter_got *got)
{
    if (j->count == 0) {
        underrun(j, play_us, samples, got);
        return;
    }
    const struct packet *head = &j->packets[0];
    uint64_t gap = head->ts > j->cursor ? head->ts - j->cursor : 0;
    uint64_t covered = IX_MIN(gap, j->owed);
    j->cursor += covered;
    j->owed -= covered;
    gap -= covered;
    if (gap > 0 && j->paused && !wait_over(j, play_us)) { /* what comes after the pause begins at the target */
        j->state = WAITING;
        give_nothing_yet(j, samples, got);
    } else if (gap > 0 && !j->paused) {
        uint32_t n = (uint32_t) IX_MIN(gap, (uint64_t) samples);
        bool redundancy = gap == n && head->samples > 0;
        give_lost(j, n, redundancy ? head : NULL, got);
        j->cursor += n;
    } else if (head->samples == 0) {
        give_noise_level(j, samples, got);
    } else {
        give_frame(j, play_us, got);
    }
}

void ix_jitter_get(
    struct ix_jitter *j, uint64_t now_us, uint64_t ahead_us, uint32_t frame_us, struct ix_jitter_got *got)
{
    *got = (struct ix_jitter_got){ .clock_hz = j->clock_hz };
    if (j->state == EMPTY)
        return;
    uint64_t play_us = (now_us & (UINT64_MAX >> 4)) + ahead_us;
    uint32_t samples = (uint32_t) ((uint64_t) frame_us * j->clock_hz / IX_S);
    hold_limit(j, play_us);
    if (j->state == WAITING) {
        if (!wait_over(j, play_us)) {
            give_nothing_yet(j, samples, got);
            return;
        }
        j->state = PLAYING;
        j->cursor = IX_MAX(j->cursor, j->packets[0].ts);
        j->owed = j->made_up_us = 0;
    }
    play(j, play_us, samples, got);
}

void ix_jitter_stats(const struct ix_jitter *j, struct ix_jitter_stats *out)
{
    *out = j->stats;
    out->target_us = j->target_us;
}
