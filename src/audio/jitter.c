/* SPDX-License-Identifier: MIT */
/*
 * Jitter buffer: packets in the order of their timestamps, played after a delay that follows the distribution of the
 * arrivals (delay.c). RFC 3550 timestamps and sequence numbers, unwrapped to 64 bits.
 *
 *             first packet             its delay is reached
 *    EMPTY ----------------> WAITING -----------------------> PLAYING
 *                               ^                                |
 *                               +--------------------------------+
 *                                 the sender pauses, or nothing came for a while
 *
 * Delay is how long after the arrival of the fastest packets of the last ten seconds something is taken out. The caller
 * takes decoded audio out or puts some in, guided by `excess_us`. While nothing is there the cursor stands and what is
 * made up is `owed`: if the packet comes late, the delay has grown; if it never comes, what was owed has covered its
 * time. A fixed buffer does not owe: its cursor goes on, and what comes late is lost.
 */
#include "audio/internal.h"

#include <string.h>

#define EARLY_LIMIT_US (200 * IX_MS) /* a packet this much faster than any other is on another time line */
#define LATE_LIMIT_US (1 * IX_S)
#define STALL_US (500 * IX_MS) /* made up in a row before the stream counts as stalled */
#define OLD_SSRC_US (1 * IX_S) /* stragglers of the stream before */
#define SEEN_BITS 256u
#define SEQ_JUMP 3000 /* RFC 3550 appendix A.1, MAX_DROPOUT */
#define DTX_BYTES 2 /* an Opus packet up to here announces a pause */
#define REDUNDANCY_US (10 * IX_S) /* redundancy was seen so long ago at most: it will be there again */
#define EXT_START (UINT64_C(1) << 33) /* unwrapped numbers begin here, so that they never fall below 0 */
#define MIN_MS 10u
#define MAX_MS 500u
#define MAX_MAX_MS 2000u

enum state { EMPTY = 0, WAITING = 1, PLAYING = 2 };

struct ix_jitter {
    uint64_t min_us, max_us, fixed_target_us; /* fixed_target_us 0: adaptive */
    uint32_t room_ms; /* what memory was taken for */
    bool fixed;
    struct ix_packets waiting;
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
    uint64_t redundancy_seen_us;
    struct ix_delay delay;
    uint64_t target_us;
    struct ix_jitter_stats stats;
};

/* ---- life -------------------------------------------------------------------------------- */
void ix_jitter_bounds(struct ix_jitter *j, const struct ix_jitter_config *c)
{
    uint32_t max_ms = c->max_delay_ms ? IX_MAX(c->max_delay_ms, 40u) : MAX_MS;
    j->max_us = IX_MIN(max_ms, j->room_ms) * IX_MS;
    j->min_us = IX_MIN((c->min_delay_ms ? c->min_delay_ms : MIN_MS) * IX_MS, j->max_us);
    j->fixed_target_us = IX_MIN(c->target_delay_ms * IX_MS, j->max_us);
    j->fixed = c->fixed && c->target_delay_ms > 0;
    j->target_us = j->fixed_target_us ? j->fixed_target_us : j->min_us;
}

int ix_jitter_new(const struct ix_jitter_config *c, struct ix_jitter **out)
{
    struct ix_jitter *j = ix_alloc(sizeof(*j));
    if (!j)
        return IRISX_E_NO_MEMORY;
    j->room_ms = IX_MIN(IX_MAX(c->max_delay_ms ? c->max_delay_ms : MAX_MS, 40u), MAX_MAX_MS);
    if (ix_packets_init(&j->waiting, 12 + j->room_ms / 10, (uint16_t) (16 + j->room_ms / 10))) {
        ix_jitter_free(j);
        return IRISX_E_NO_MEMORY;
    }
    ix_jitter_bounds(j, c);
    ix_jitter_reset(j);
    *out = j;
    return 0;
}

void ix_jitter_free(struct ix_jitter *j)
{
    if (!j)
        return;
    ix_packets_clear(&j->waiting);
    ix_free(j);
}

void ix_jitter_reset(struct ix_jitter *j)
{
    ix_packets_empty(&j->waiting);
    j->state = EMPTY;
    j->had_stream = false;
    j->paused = j->stalled = false;
    j->owed = j->made_up_us = 0;
    j->outliers = 0;
    memset(j->seen, 0, sizeof(j->seen));
    j->target_us = j->fixed_target_us ? j->fixed_target_us : j->min_us;
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

/* how long after the fastest possible arrival of ts at_us is */
static int64_t delay_at(const struct ix_jitter *j, uint64_t ts, uint64_t at_us)
{
    return (int64_t) at_us - (ix_delay_base(&j->delay) + sent_us(j, ts));
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
    ix_delay_reset(&j->delay, (int64_t) arrival_us, arrival_us);
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
    int64_t off = transit - ix_delay_base(&j->delay);
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
    j->stats.discarded_us += samples_us(j, j->waiting.list[0].samples);
    ix_packets_drop(&j->waiting, 0);
}

static void insert(
    struct ix_jitter *j, const struct ix_frame *f, uint64_t ts, uint64_t seq, uint64_t arrival_us, uint32_t samples)
{
    while (j->waiting.count > 0 && !ix_packets_room(&j->waiting, f->len)) {
        discard_head(j);
    }
    struct ix_waiting w = { .ts = ts,
        .seq = seq,
        .arrival_us = arrival_us,
        .samples = samples,
        .len = f->len,
        .codec = f->codec,
        .redundant = f->kind == IX_FRAME_REDUNDANT };
    ix_packets_insert(&j->waiting, &w, f->payload);
}

/* the audio packet of that time, or NULL */
static struct ix_waiting *there(struct ix_jitter *j, uint64_t ts)
{
    for (size_t at = ix_packets_place(&j->waiting, ts); at < j->waiting.count && j->waiting.list[at].ts == ts; at++)
        if (j->waiting.list[at].samples > 0)
            return &j->waiting.list[at];
    return NULL;
}

static void too_late(struct ix_jitter *j, uint64_t seq)
{
    j->stats.late++;
    if (seq < j->seq_played && j->stats.lost > 0)
        j->stats.lost--; /* it was counted as lost when its time had come */
}

/* Opus: what its redundancy is worth waiting for */
static void note_redundancy(struct ix_jitter *j, const struct ix_frame *f, uint64_t arrival_us, uint32_t samples)
{
    if (f->codec == IX_CODEC_OPUS && ix_opus_redundancy(f->payload, f->len)) {
        j->redundancy_seen_us = arrival_us;
        j->delay.redundancy_us = samples_us(j, samples);
    } else if (j->delay.redundancy_us && arrival_us > j->redundancy_seen_us + REDUNDANCY_US) {
        j->delay.redundancy_us = 0;
    }
}

static void retarget(struct ix_jitter *j)
{
    uint64_t most = j->max_us - j->max_us / 4;
    j->target_us = j->fixed_target_us ? j->fixed_target_us : IX_MIN(IX_MAX(ix_delay_need(&j->delay), j->min_us), most);
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
    ix_delay_measure(&j->delay, transit, arrival_us);
    note_redundancy(j, f, arrival_us, samples);
    retarget(j);
    struct ix_waiting *same = there(j, ts);
    if (ts < j->cursor)
        too_late(j, seq);
    else if (same && same->redundant)
        same->redundant = false; /* it has come after all */
    else if (same)
        j->stats.duplicate++;
    else
        insert(j, f, ts, seq, arrival_us, samples);
    if (j->state == EMPTY)
        j->state = WAITING;
}

/* What another packet carried before (RFC 2198) fills a hole, and says nothing about delays. */
static void put_redundant(struct ix_jitter *j, const struct ix_frame *f, uint64_t arrival_us, uint32_t samples)
{
    uint64_t ts = unwrap32(j->ts_last, f->timestamp);
    if (j->state == EMPTY || ts < j->cursor || ts > j->ts_last || there(j, ts) ||
        samples_us(j, j->ts_last - ts) > LATE_LIMIT_US)
        return;
    if (ix_packets_room(&j->waiting, f->len)) {
        insert(j, f, ts, unwrap16(j->seq_high, f->seq), arrival_us, samples);
        j->delay.redundancy_us = samples_us(j, samples);
        j->redundancy_seen_us = arrival_us;
    }
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

static bool is_audio(const struct ix_frame *f)
{
    return f->kind == IX_FRAME_AUDIO || f->kind == IX_FRAME_REDUNDANT;
}

static bool new_stream(const struct ix_jitter *j, const struct ix_frame *f, uint32_t clock_hz)
{
    return !j->had_stream || f->ssrc != j->ssrc || (is_audio(f) && clock_hz != j->clock_hz);
}

void ix_jitter_put(struct ix_jitter *j, const struct ix_frame *f, uint32_t clock_hz)
{
    uint64_t arrival_us = f->arrival_us & (UINT64_MAX >> 4); /* keeps the sums below within range, whatever comes */
    uint32_t samples = is_audio(f) && f->len <= IX_FRAME_MAX ? ix_payload_samples(f->codec, f->payload, f->len) : 0;
    if (f->len > IX_FRAME_MAX || clock_hz < IX_RATE_MIN || (is_audio(f) && samples == 0)) {
        j->stats.malformed++;
        return;
    }
    if (f->kind == IX_FRAME_REDUNDANT) {
        if (!new_stream(j, f, clock_hz))
            put_redundant(j, f, arrival_us, samples);
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
    const struct ix_waiting *w = &j->waiting.list[0];
    ix_packets_fetch(&j->waiting, 0, j->payload);
    got->kind = IX_JITTER_COMFORT;
    got->cn = true;
    got->payload = j->payload;
    got->len = w->len;
    got->samples = samples;
    j->cursor = IX_MAX(j->cursor, w->ts);
    j->paused = true;
    j->state = WAITING;
    ix_packets_drop(&j->waiting, 0);
}

/* sequence numbers before seq that never came, nor as events or too late */
static void count_lost(struct ix_jitter *j, uint64_t seq)
{
    uint64_t from = j->seq_played + 1;
    if (from + SEEN_BITS / 2 < seq) {
        j->stats.lost += seq - from - SEEN_BITS / 2;
        from = seq - SEEN_BITS / 2;
    }
    for (uint64_t s = from; s <= seq; s++) {
        bool lost = !seen(j, s);
        j->stats.lost += lost;
        ix_delay_loss(&j->delay, lost);
        ix_burst_packet(&j->stats.burst, lost);
    }
    j->seq_played = IX_MAX(j->seq_played, seq);
}

static void give_frame(struct ix_jitter *j, uint64_t now_us, struct ix_jitter_got *got)
{
    const struct ix_waiting w = j->waiting.list[0];
    ix_packets_fetch(&j->waiting, 0, j->payload);
    got->kind = IX_JITTER_FRAME;
    got->codec = w.codec;
    got->samples = w.samples;
    got->payload = j->payload;
    got->len = w.len;
    got->redundant = w.redundant;
    got->excess_us = j->fixed ? 0 : delay_at(j, w.ts, now_us) - (int64_t) j->target_us;
    got->waiting = j->waiting.count - 1;
    got->waited_us = now_us > w.arrival_us ? now_us - w.arrival_us : 0;
    j->stats.redundant += w.redundant;
    j->stats.delay_us = got->waited_us;
    j->cursor = w.ts + w.samples;
    j->owed = j->made_up_us = 0;
    j->paused = w.codec == IX_CODEC_OPUS && w.len <= DTX_BYTES;
    j->stalled = false;
    count_lost(j, w.seq);
    ix_packets_drop(&j->waiting, 0);
}

static void give_lost(struct ix_jitter *j, uint32_t samples, struct ix_jitter_got *got)
{
    got->kind = IX_JITTER_LOST;
    got->samples = samples;
    j->made_up_us += samples_us(j, samples);
}

/* nothing is there: the cursor stands until the delay would pass its limit */
static void underrun(struct ix_jitter *j, uint64_t play_us, uint32_t samples, struct ix_jitter_got *got)
{
    if (j->paused || j->made_up_us >= STALL_US) {
        j->stats.stalls += !j->paused && !j->stalled;
        j->stalled = !j->paused;
        j->state = WAITING;
        give_nothing_yet(j, samples, got);
        return;
    }
    j->stats.underruns += j->owed == 0;
    if (j->fixed || delay_at(j, j->cursor, play_us) + (int64_t) samples_us(j, samples) > (int64_t) j->max_us)
        j->cursor += samples;
    else
        j->owed += samples;
    give_lost(j, samples, got);
}

/* What overlaps with what was played goes; where more waits than the limit allows the oldest go, down to the target. */
static void hold_limit(struct ix_jitter *j, uint64_t play_us)
{
    const struct ix_waiting *list = j->waiting.list;
    while (j->waiting.count > 0 && list[0].ts < j->cursor) {
        discard_head(j);
    }
    if (j->waiting.count == 0 || delay_at(j, list[0].ts, play_us) <= (int64_t) j->max_us)
        return;
    while (j->waiting.count > 1 && delay_at(j, list[1].ts, play_us) >= (int64_t) j->target_us) {
        discard_head(j);
    }
    j->cursor = list[0].ts;
    j->owed = 0;
}

/* Comfort noise is taken as soon as its turn has come; true if there is something to play now */
static bool wait_over(const struct ix_jitter *j, uint64_t now_us)
{
    if (j->waiting.count == 0)
        return false;
    const struct ix_waiting *head = &j->waiting.list[0];
    return head->samples == 0 || delay_at(j, head->ts, now_us) >= (int64_t) j->target_us;
}

/* A gap of n samples before the head: its last part comes from the redundancy in the head, if that has any. Of what is
 * restored, the beginning may be in the past already (`skip`). */
static void give_gap(struct ix_jitter *j, uint64_t n, uint64_t covered, uint32_t samples, struct ix_jitter_got *got)
{
    const struct ix_waiting *head = &j->waiting.list[0];
    ix_packets_fetch(&j->waiting, 0, j->payload);
    bool restores = head->samples > 0 && head->codec == IX_CODEC_OPUS && ix_opus_redundancy(j->payload, head->len) &&
                    n + covered >= head->samples;
    uint64_t before = restores && n > head->samples ? n - head->samples : n;
    if (!restores || n > head->samples) {
        give_lost(j, (uint32_t) IX_MIN(before, (uint64_t) samples), got);
        j->cursor += got->samples;
        return;
    }
    give_lost(j, head->samples, got);
    got->skip = head->samples - (uint32_t) n;
    got->codec = head->codec;
    got->payload = j->payload;
    got->len = head->len;
    j->cursor += n;
}

static void play(struct ix_jitter *j, uint64_t now_us, uint64_t play_us, uint32_t samples, struct ix_jitter_got *got)
{
    if (j->waiting.count == 0) {
        underrun(j, play_us, samples, got);
        return;
    }
    const struct ix_waiting *head = &j->waiting.list[0];
    uint64_t gap = head->ts > j->cursor ? head->ts - j->cursor : 0;
    uint64_t covered = IX_MIN(gap, j->owed);
    j->cursor += covered;
    j->owed -= covered;
    gap -= covered;
    if (gap > 0 && j->paused && !wait_over(j, now_us)) { /* what comes after the pause begins at the target */
        j->state = WAITING;
        give_nothing_yet(j, samples, got);
    } else if (gap > 0 && !j->paused) {
        give_gap(j, gap, covered, samples, got);
    } else if (head->samples == 0) {
        give_noise_level(j, samples, got);
    } else {
        give_frame(j, now_us, got);
    }
}

void ix_jitter_get(
    struct ix_jitter *j, uint64_t now_us, uint64_t ahead_us, uint32_t frame_us, struct ix_jitter_got *got)
{
    *got = (struct ix_jitter_got){ .clock_hz = j->clock_hz };
    if (j->state == EMPTY)
        return;
    now_us &= UINT64_MAX >> 4;
    uint64_t play_us = now_us + ahead_us;
    uint32_t samples = (uint32_t) ((uint64_t) frame_us * j->clock_hz / IX_S);
    hold_limit(j, play_us);
    if (j->state == WAITING) {
        if (!wait_over(j, now_us)) {
            give_nothing_yet(j, samples, got);
            return;
        }
        j->state = PLAYING;
        j->stats.starts++;
        j->cursor = IX_MAX(j->cursor, j->waiting.list[0].ts);
        j->owed = j->made_up_us = 0;
    }
    play(j, now_us, play_us, samples, got);
}

void ix_jitter_stats(const struct ix_jitter *j, struct ix_jitter_stats *out)
{
    *out = j->stats;
    out->target_us = j->target_us;
    out->max_us = j->max_us;
}
