/* SPDX-License-Identifier: MIT */
/*
 * Telephone-events: DTMF digits as RTP payloads (RFC 4733). All packets of one press carry the timestamp of its
 * beginning and a growing duration; the last one is sent three times (section 2.5.1.4). A press longer than 16 bits of
 * duration goes on as a new segment whose timestamp follows on the old one's end, without an end bit between
 * (section 2.5.1.3).
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   |     event     |E|R| volume    |          duration             |
 */
#include "audio/audio.h"

#define VOLUME_DBM0 10 /* -10 dBm0, as telephones send */
#define END_REPEATS 2 /* beside the first end packet */
#define GAP_MIN_MS 60 /* room for the repeats, and what receivers need to tell two digits apart */
#define TONE_MIN_MS 40
#define IDLE_US (200 * IX_MS) /* no packet of a press for so long: it is over (section 2.5.2.2 leaves it to us) */
#define OLD_US (2 * IX_S) /* how long packets of an earlier press are expected to straggle */
#define SEGMENT_MIN 0x8000 /* no sender splits a press before half of the range */
#define SEGMENT_SLACK 0x2800 /* 200 ms at 48 kHz: a few packets */

enum tx_state { TX_IDLE = 0, TX_TONE = 1, TX_GAP = 2 };

static const char digits[] = "0123456789*#ABCD";

int ix_tel_event_parse(struct ix_tel_event *e, const uint8_t *p, size_t n)
{
    struct ix_reader r = ix_reader(p, n);
    uint8_t event = ix_read_u8(&r);
    uint8_t flags = ix_read_u8(&r);
    uint16_t duration = ix_read_u16(&r);
    if (r.bad)
        return IRISX_E_PROTOCOL;
    *e = (struct ix_tel_event){ event, (flags & 0x80) != 0, flags & 0x3f, duration };
    return 0;
}

void ix_tel_event_write(const struct ix_tel_event *e, uint8_t out[4])
{
    out[0] = e->event;
    out[1] = (uint8_t) ((e->end ? 0x80 : 0) | (e->volume & 0x3f));
    out[2] = (uint8_t) (e->duration >> 8);
    out[3] = (uint8_t) e->duration;
}

int ix_tel_event_of(char digit)
{
    char upper = (char) (digit >= 'a' && digit <= 'd' ? digit - 'a' + 'A' : digit);
    for (int i = 0; digits[i]; i++)
        if (digits[i] == upper)
            return i;
    return -1;
}

char ix_tel_digit_of(uint8_t event)
{
    return (char) (event < sizeof(digits) - 1 ? digits[event] : 0);
}

/* ---- receiving --------------------------------------------------------------------------- */
/* ends the press under way; true if it is one to report */
static bool finish(struct ix_tel_rx *rx, uint32_t clock_hz, struct ix_tel_press *press)
{
    bool report = rx->active && !rx->reported && ix_tel_digit_of(rx->event);
    rx->active = false;
    rx->reported = true;
    if (!report)
        return false;
    uint64_t ms = ((uint64_t) rx->segments + rx->duration) * 1000 / IX_MAX(clock_hz, 1u);
    press->digit = ix_tel_digit_of(rx->event);
    press->duration_ms = (uint16_t) IX_MIN(ms, (uint64_t) UINT16_MAX);
    return true;
}

static bool continues(const struct ix_tel_rx *rx, const struct ix_frame *f, const struct ix_tel_event *e)
{
    uint32_t step = f->timestamp - rx->ts;
    if (!rx->active || rx->event != e->event || rx->duration < SEGMENT_MIN || step > UINT16_MAX)
        return false;
    return step >= rx->duration && step - rx->duration < SEGMENT_SLACK; /* the segment's last packets may be lost */
}

static void begin(struct ix_tel_rx *rx, const struct ix_frame *f, const struct ix_tel_event *e)
{
    *rx = (struct ix_tel_rx){
        .any = true, .active = true, .event = e->event, .ssrc = f->ssrc, .first_ts = f->timestamp, .ts = f->timestamp
    };
}

bool ix_tel_rx_put(
    struct ix_tel_rx *rx, const struct ix_frame *f, uint32_t clock_hz, uint64_t now_us, struct ix_tel_press *press)
{
    struct ix_tel_event e;
    if (ix_tel_event_parse(&e, f->payload, f->len))
        return false;
    bool told = false;
    if (!rx->any || rx->ssrc != f->ssrc) {
        told = finish(rx, clock_hz, press);
        begin(rx, f, &e);
    } else if (continues(rx, f, &e)) {
        rx->segments += f->timestamp - rx->ts;
        rx->ts = f->timestamp;
        rx->duration = 0;
    } else if (f->timestamp != rx->ts) {
        if ((int32_t) (f->timestamp - rx->ts) < 0 && now_us < rx->last_us + OLD_US)
            return false; /* a packet of an earlier press, late or repeated */
        told = finish(rx, clock_hz, press);
        begin(rx, f, &e);
    }
    rx->last_us = now_us;
    rx->duration = IX_MAX(rx->duration, e.duration); /* reordered packets carry less */
    if (e.end && rx->active && !told)
        return finish(rx, clock_hz, press);
    return told; /* an end packet of the new press too: its repeats, or the idle rule, report it */
}

bool ix_tel_rx_idle(struct ix_tel_rx *rx, uint32_t clock_hz, uint64_t now_us, struct ix_tel_press *press)
{
    if (!rx->active || now_us < rx->last_us + IDLE_US)
        return false;
    return finish(rx, clock_hz, press);
}

/* ---- sending ----------------------------------------------------------------------------- */
size_t ix_tel_tx_queue(struct ix_tel_tx *tx, const char *text, uint16_t tone_ms, uint16_t gap_ms)
{
    size_t taken = 0;
    for (; *text; text++) {
        if (ix_tel_event_of(*text) < 0 || tx->count == IX_TEL_QUEUE)
            continue;
        unsigned at = (tx->head + tx->count++) % IX_TEL_QUEUE;
        tx->queue[at].digit = *text;
        tx->queue[at].tone_ms = (uint16_t) IX_MAX(tone_ms ? tone_ms : IX_TEL_TONE_MS, TONE_MIN_MS);
        tx->queue[at].gap_ms = (uint16_t) IX_MAX(gap_ms ? gap_ms : IX_TEL_GAP_MS, GAP_MIN_MS);
        taken++;
    }
    return taken;
}

bool ix_tel_tx_busy(const struct ix_tel_tx *tx)
{
    return tx->count > 0 || tx->state != TX_IDLE || tx->ends_left > 0;
}

static void emit(const struct ix_tel_tx *tx, bool marker, struct ix_tel_out *out)
{
    out->packet[out->count].timestamp = tx->start_ts;
    out->packet[out->count].marker = marker;
    ix_tel_event_write(&tx->ev, out->packet[out->count].payload);
    out->count++;
}

static void press_begins(struct ix_tel_tx *tx, uint32_t ts)
{
    tx->state = TX_TONE;
    tx->start_ts = ts;
    tx->elapsed_ms = 0;
    tx->segment_units = 0;
    tx->ends_left = 0;
    tx->ev = (struct ix_tel_event){ (uint8_t) ix_tel_event_of(tx->queue[tx->head].digit), false, VOLUME_DBM0, 0 };
}

static void tone_tick(struct ix_tel_tx *tx, uint32_t clock_hz, uint32_t tick_ms, struct ix_tel_out *out)
{
    bool first = tx->elapsed_ms == 0;
    uint32_t tick_units = clock_hz / 1000 * tick_ms;
    if (tx->segment_units + tick_units > UINT16_MAX) {
        tx->start_ts += tx->segment_units;
        tx->segment_units = 0;
    }
    tx->elapsed_ms += tick_ms;
    tx->segment_units += tick_units;
    tx->ev.duration = (uint16_t) tx->segment_units;
    tx->ev.end = tx->elapsed_ms >= tx->queue[tx->head].tone_ms;
    out->instead_of_audio = true;
    emit(tx, first, out);
    if (tx->ev.end) {
        tx->ends_left = END_REPEATS;
        tx->state = TX_GAP;
        tx->elapsed_ms = 0;
    }
}

static void gap_tick(struct ix_tel_tx *tx, uint32_t tick_ms, struct ix_tel_out *out)
{
    if (tx->ends_left > 0) {
        tx->ends_left--;
        emit(tx, false, out);
    }
    tx->elapsed_ms += tick_ms;
    if (tx->elapsed_ms < tx->queue[tx->head].gap_ms)
        return;
    tx->head = (uint8_t) ((tx->head + 1) % IX_TEL_QUEUE);
    tx->count--;
    tx->state = TX_IDLE;
    out->done = tx->count == 0;
}

void ix_tel_tx_tick(struct ix_tel_tx *tx, uint32_t ts, uint32_t clock_hz, uint32_t tick_ms, struct ix_tel_out *out)
{
    *out = (struct ix_tel_out){ 0 };
    if (tx->state == TX_IDLE && tx->count > 0)
        press_begins(tx, ts);
    switch ((enum tx_state) tx->state) {
    case TX_IDLE:
        break;
    case TX_TONE:
        tone_tick(tx, clock_hz, tick_ms, out);
        break;
    case TX_GAP:
        gap_tick(tx, tick_ms, out);
        break;
    }
}
