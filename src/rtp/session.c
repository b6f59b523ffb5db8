/* SPDX-License-Identifier: MIT */
/*
 * One RTP session: its life, frames to protected packets (RFC 3550, 3551, 3711), our RTCP reports (RFC 3550 section 6).
 * What comes in: receive.c. Outputs wait in fixed slots, so that no packet allocates.
 */
#include "rtp/internal.h"

#include <string.h>

#define RED_BYTES_MAX 1200 /* of a packet with redundancy: below any MTU */
#define FIRST_REPORT (500 * IX_MS)
#define INTERVAL_DEFAULT_MS 5000

/* ---- outputs ----------------------------------------------------------------------------- */

struct slot *ix_rtp_slot(struct ix_rtp *r, enum ix_rtp_out_kind kind)
{
    if (r->slot_count == SLOTS) {
        r->stats.overflow++;
        return NULL;
    }
    struct slot *s = &r->slots[(r->first_slot + r->slot_count++) % SLOTS];
    s->kind = kind;
    s->outgoing = false;
    s->len = 0;
    return s;
}

void ix_rtp_tap(struct ix_rtp *r, bool outgoing, const uint8_t *p, size_t n)
{
    struct slot *s = r->tap ? ix_rtp_slot(r, IX_RTP_OUT_TAP) : NULL;

    if (s == NULL)
        return;
    s->outgoing = outgoing;
    s->len = n;
    memcpy(s->bytes, p, n);
}

bool ix_rtp_poll(struct ix_rtp *r, struct ix_rtp_out *out)
{
    if (r->lent) {
        r->lent = false;
        r->first_slot = (r->first_slot + 1) % SLOTS;
        r->slot_count--;
    }
    if (r->slot_count == 0)
        return false;
    struct slot *s = &r->slots[r->first_slot];
    r->lent = true;
    *out = (struct ix_rtp_out){ .kind = s->kind, .outgoing = s->outgoing };
    if (s->kind == IX_RTP_OUT_FRAME) {
        out->frame = &s->frame;
    } else {
        out->data = s->bytes;
        out->len = s->len;
    }
    return true;
}

/* ---- life -------------------------------------------------------------------------------- */

int ix_rtp_new(const struct ix_rtp_config *config, struct ix_rtp **out)
{
    if (config->rng == NULL || config->cname == NULL)
        return IRISX_E_INVALID;
    int err = ix_rtp_global_init();
    if (err != 0)
        return err;
    struct ix_rtp *r = ix_alloc(sizeof(*r));
    if (r == NULL)
        return IRISX_E_NO_MEMORY;
    if (ix_str_copy(r->cname, sizeof(r->cname), ix_str(config->cname)) != 0) {
        ix_free(r);
        return IRISX_E_INVALID;
    }
    r->rng = config->rng;
    r->log = config->log;
    r->audio_pt = r->event_pt = r->cn_pt = 0xff;
    r->report_us = IX_NEVER;
    r->interval_us = (config->rtcp_interval_ms != 0 ? config->rtcp_interval_ms : INTERVAL_DEFAULT_MS) * IX_MS;
    r->new_sources_left = NEW_SOURCES_MAX;
    r->stats.ssrc = config->ssrc != 0 ? config->ssrc : ix_rng_u32(r->rng);
    r->timestamp_offset = ix_rng_u32(r->rng);
    /* below 2^15: a loss right at the start must not make the peer guess the roll-over wrongly (RFC 3711 3.3.1) */
    r->seq = (uint16_t) (ix_rng_u32(r->rng) & 0x7fff);
    *out = r;
    return 0;
}

void ix_rtp_free(struct ix_rtp *r)
{
    if (r == NULL)
        return;
    ix_srtp_free(r->srtp);
    ix_free(r);
}

int ix_rtp_set_payloads(struct ix_rtp *r, const struct ix_rtp_payload *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].payload_type > 127 || list[i].clock_hz == 0 || list[i].kind == 0)
            return IRISX_E_INVALID;
    }
    memset(r->map, 0, sizeof(r->map));
    for (size_t i = 0; i < count; i++)
        r->map[list[i].payload_type] = list[i];
    return 0;
}

void ix_rtp_set_send(struct ix_rtp *r, uint8_t audio_pt, uint8_t event_pt, uint8_t cn_pt)
{
    r->audio_pt = audio_pt;
    r->event_pt = event_pt;
    r->cn_pt = cn_pt;
    r->red_pt = 0;
    r->before.len = 0;
}

void ix_rtp_set_red(struct ix_rtp *r, uint8_t red_pt)
{
    r->red_pt = red_pt <= 127 ? red_pt : 0;
}

int ix_rtp_set_keys(struct ix_rtp *r, const uint8_t local[30], const uint8_t remote[30])
{
    struct ix_srtp *fresh = NULL;
    int err = ix_srtp_new(local, remote, r->stats.ssrc, &fresh);

    if (err != 0)
        return err;
    ix_srtp_free(r->srtp);
    r->srtp = fresh;
    memset(r->known, 0, sizeof(r->known));
    r->retired_count = 0;
    return 0;
}

void ix_rtp_set_voip(struct ix_rtp *r, const struct ix_rtp_voip *v)
{
    r->voip = *v;
    r->have_voip = true;
}

void ix_rtp_set_tap(struct ix_rtp *r, bool on)
{
    r->tap = on;
}

uint32_t ix_rtp_ssrc(const struct ix_rtp *r)
{
    return r->stats.ssrc;
}

void ix_rtp_stats(const struct ix_rtp *r, struct ix_rtp_stats *out)
{
    *out = r->stats;
    out->packets_lost = r->lost_of_former + ix_rtp_source_lost(&r->source);
    out->jitter_us = ix_rtp_source_jitter_us(&r->source);
    out->remote_ssrc = r->source.started ? r->source.ssrc : 0;
}

/* The first packet in either direction starts the reports. */
void ix_rtp_start_reports(struct ix_rtp *r, uint64_t now_us)
{
    if (r->report_us == IX_NEVER && !r->said_bye)
        r->report_us = ix_time_add(now_us, FIRST_REPORT);
}

/* ---- sending ----------------------------------------------------------------------------- */

/* 0xff if nothing fits. A frame that the encoder made before the codec changed keeps the type of its own codec. */
static uint8_t payload_type_for(const struct ix_rtp *r, const struct ix_frame *f)
{
    if (f->kind == IX_FRAME_EVENT)
        return r->event_pt;
    if (f->kind == IX_FRAME_CN)
        return r->cn_pt;
    if (r->audio_pt > 127 || f->codec == IX_CODEC_NONE || r->map[r->audio_pt].codec == f->codec)
        return r->audio_pt;
    for (uint8_t pt = 0; pt < 128; pt++) {
        if (r->map[pt].kind == IX_FRAME_AUDIO && r->map[pt].codec == f->codec)
            return pt;
    }
    return 0xff;
}

static int protect_and_queue(struct ix_rtp *r, const uint8_t *p, size_t n, bool rtcp)
{
    struct slot *s;
    int err;

    ix_rtp_tap(r, true, p, n);
    s = ix_rtp_slot(r, IX_RTP_OUT_SEND);
    if (s == NULL)
        return IRISX_E_AGAIN;
    memcpy(s->bytes, p, n);
    s->len = n;
    s->outgoing = true;
    err = rtcp ? ix_srtp_protect_rtcp(r->srtp, s->bytes, &s->len) : ix_srtp_protect(r->srtp, s->bytes, &s->len);
    if (err != 0)
        r->slot_count--; /* it was the last one */
    return err;
}

/* the payload, with the one before in front of it where redundancy was agreed */
static void write_payload(struct ix_rtp *r, struct ix_buf *b, uint8_t pt, const struct ix_frame *f)
{
    if (r->red_pt == 0 || f->kind != IX_FRAME_AUDIO) {
        ix_buf_put(b, f->payload, f->len);
        return;
    }
    uint32_t offset = f->timestamp - r->before.timestamp;
    bool with = r->before.len > 0 && offset > 0 && offset <= IX_RED_OFFSET_MAX &&
                (size_t) r->before.len + f->len + IX_RTP_HEAD + 5 <= RED_BYTES_MAX;
    struct ix_red_block primary = { .payload_type = pt, .p = f->payload, .len = f->len };
    struct ix_red_block before = {
        .payload_type = r->before.payload_type, .offset = offset, .p = r->before.payload, .len = r->before.len
    };
    ix_red_write(b, with ? &before : NULL, &primary);
}

static void keep_for_next(struct ix_rtp *r, uint8_t pt, const struct ix_frame *f)
{
    if (r->red_pt == 0 || f->kind != IX_FRAME_AUDIO)
        return;
    r->before.len = f->len <= sizeof(r->before.payload) ? f->len : 0;
    r->before.payload_type = pt;
    r->before.timestamp = f->timestamp;
    memcpy(r->before.payload, f->payload, r->before.len);
}

int ix_rtp_send(struct ix_rtp *r, const struct ix_frame *frame, struct ix_now now)
{
    uint8_t pt = payload_type_for(r, frame);
    struct ix_buf b;

    if (r->said_bye)
        return IRISX_E_CLOSED;
    if (r->srtp == NULL || pt > 127 || r->map[pt].kind == 0)
        return IRISX_E_STATE;
    if (frame->len > IX_FRAME_MAX)
        return IRISX_E_TOO_LARGE;
    struct ix_rtp_header h = {
        .marker = frame->marker != 0,
        .payload_type = r->red_pt != 0 && frame->kind == IX_FRAME_AUDIO ? r->red_pt : pt,
        .seq = r->seq,
        .timestamp = r->timestamp_offset + frame->timestamp,
        .ssrc = r->stats.ssrc,
    };
    ix_buf_init_fixed(&b, r->scratch, IX_RTP_PACKET_MAX);
    ix_rtp_write_head(&b, &h);
    write_payload(r, &b, pt, frame);
    int err = protect_and_queue(r, b.p, b.n, false);
    if (err != 0)
        return err;
    keep_for_next(r, pt, frame);
    r->seq++;
    r->sent_timestamp = h.timestamp;
    r->sent_us = now.mono_us;
    r->sent_clock_hz = r->map[pt].clock_hz;
    r->sender_reports = 2;
    r->stats.packets_sent++;
    r->stats.bytes_sent += frame->len;
    ix_rtp_start_reports(r, now.mono_us);
    return 0;
}

/* ---- reports ----------------------------------------------------------------------------- */

static struct ix_rtcp_sender sender_info(struct ix_rtp *r, struct ix_now now)
{
    uint64_t since = now.mono_us > r->sent_us ? now.mono_us - r->sent_us : 0;
    struct ix_rtcp_sender s = {
        .ntp = ix_rtcp_ntp(now.wall_us),
        .timestamp = r->sent_timestamp + (uint32_t) (since * r->sent_clock_hz / IX_S),
        .packets = (uint32_t) r->stats.packets_sent,
        .bytes = (uint32_t) r->stats.bytes_sent,
    };

    return s;
}

/* a time of ours that the peer will quote, in a report block or in a DLRR */
static uint64_t tell_time(struct ix_rtp *r, struct ix_now now)
{
    uint64_t ntp = ix_rtcp_ntp(now.wall_us);

    r->ours[r->ours_next].middle = (uint32_t) (ntp >> 16);
    r->ours[r->ours_next].at_us = now.mono_us;
    r->ours_next = (r->ours_next + 1) % SENDER_REPORTS;
    return ntp;
}

static uint32_t since_16(uint64_t at_us, uint64_t now_us)
{
    uint64_t since = now_us > at_us ? now_us - at_us : 0;
    return (uint32_t) IX_MIN((since << 16) / IX_S, UINT32_MAX);
}

static void write_extended(struct ix_rtp *r, struct ix_buf *b, uint64_t ntp, uint64_t now_us)
{
    struct ix_xr_dlrr dlrr = { r->reference.ssrc, r->reference.middle, since_16(r->reference.at_us, now_us) };
    struct ix_rtp_voip voip = r->voip;

    voip.round_trip_ms = (uint16_t) IX_MIN(r->stats.round_trip_us / IX_MS, UINT16_MAX);
    ix_xr_write(b, &(struct ix_xr){ .ssrc = r->stats.ssrc,
                       .source_ssrc = r->source.ssrc,
                       .ntp = ntp,
                       .dlrr = r->reference.have ? &dlrr : NULL,
                       .voip = r->have_voip ? &voip : NULL });
}

static struct ix_rtcp_block report_block(struct ix_rtp *r, uint64_t now_us)
{
    struct ix_rtcp_block b = { 0 };

    ix_rtp_source_report(&r->source, &b);
    if (r->theirs.have && r->theirs.ssrc == b.ssrc) {
        b.lsr = r->theirs.middle;
        b.dlsr = since_16(r->theirs.at_us, now_us);
    }
    return b;
}

static void send_report(struct ix_rtp *r, bool bye, struct ix_now now)
{
    struct ix_rtcp_sender sender;
    struct ix_rtcp_block block;
    struct ix_rtcp_report report = { .ssrc = r->stats.ssrc, .cname = r->cname, .bye = bye };
    struct ix_buf b;
    uint64_t ntp = tell_time(r, now);

    if (r->sender_reports > 0) {
        r->sender_reports--;
        sender = sender_info(r, now);
        report.sender = &sender;
    }
    if (r->source.started) {
        block = report_block(r, now.mono_us);
        report.block = &block;
    }
    ix_buf_init_fixed(&b, r->scratch, IX_RTP_PACKET_MAX);
    ix_rtcp_write(&b, &report);
    if (report.block != NULL && !bye)
        write_extended(r, &b, ntp, now.mono_us);
    if (b.err == 0 && protect_and_queue(r, b.p, b.n, true) == 0)
        r->stats.rtcp_sent++;
}

void ix_rtp_timeout(struct ix_rtp *r, struct ix_now now)
{
    if (r->srtp == NULL || now.mono_us < r->report_us)
        return;
    send_report(r, false, now);
    /* half to one and a half of the interval, so that two ends do not fall into step (RFC 3550 section 6.2) */
    uint64_t next = r->interval_us / 2 + ix_rng_below(r->rng, (uint32_t) IX_MIN(r->interval_us, UINT32_MAX - 1) + 1);
    r->report_us = ix_time_add(now.mono_us, next);
}

uint64_t ix_rtp_deadline(const struct ix_rtp *r)
{
    return r->report_us;
}

void ix_rtp_bye(struct ix_rtp *r, struct ix_now now)
{
    if (r->said_bye)
        return;
    r->said_bye = true;
    r->report_us = IX_NEVER;
    if (r->srtp != NULL && (r->stats.packets_sent > 0 || r->source.started))
        send_report(r, true, now); /* who never sent anything need not say good-bye (section 6.3.7) */
}
