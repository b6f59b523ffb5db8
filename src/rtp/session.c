/* SPDX-License-Identifier: MIT */
/*
 * One RTP session: frames to protected packets and back (RFC 3550, 3551, 3711), RTCP reports (RFC 3550 section 6),
 * the source we listen to. Outputs wait in fixed slots, so that no packet allocates.
 */
#include "rtp/internal.h"

#include <string.h>

#define SLOTS 6 /* one verb makes at most four outputs: a capture, a frame and what earlier ones it repeats */
#define REPEATED_MAX 2u /* redundant blocks that go up: the latest */
#define RED_BYTES_MAX 1200 /* of a packet with redundancy: below any MTU */
#define KNOWN_MAX 4 /* sources for which libsrtp keeps a replay window, some 1 kB each */
#define RETIRED_MAX 16
#define NEW_SOURCES_MAX 8 /* at once; one more each second */
#define SWITCH_BACK_AFTER (500 * IX_MS) /* a former source is heard again only when the present one is silent */
#define FIRST_REPORT (500 * IX_MS)
#define INTERVAL_DEFAULT_MS 5000
#define RTP_SSRC_AT 8
#define RTCP_SSRC_AT 4
#define SENDER_REPORTS 4 /* of ours that a report block may still refer to */

struct slot {
    enum ix_rtp_out_kind kind;
    bool outgoing;
    size_t len;
    union {
        _Alignas(8) uint8_t bytes[IX_RTP_PACKET_MAX + IX_SRTP_TRAILER]; /* SEND, TAP */
        struct ix_frame frame;
    };
};

struct known_source {
    uint32_t ssrc;
    bool used;
    bool media; /* RTP came of it, not RTCP alone */
    uint64_t heard_us;
};

struct ix_rtp {
    const struct ix_rng *rng;
    const struct ix_log *log;
    char cname[IX_RTP_CNAME_MAX + 1];
    struct ix_srtp *srtp; /* NULL: no keys yet */
    struct ix_rtp_payload map[128]; /* by payload type; kind 0 = not negotiated */
    uint8_t audio_pt, event_pt, cn_pt, red_pt;
    bool tap;
    bool said_bye;
    struct ix_rtp_stats stats;

    uint16_t seq;
    uint32_t timestamp_offset;
    uint32_t sent_timestamp; /* of the last frame, on the wire */
    uint64_t sent_us;
    uint32_t sent_clock_hz;
    struct {
        uint8_t payload_type;
        uint16_t len; /* 0: none */
        uint32_t timestamp; /* of the frame, without the offset */
        uint8_t payload[IX_RED_LEN_MAX];
    } before; /* for RFC 2198 */
    unsigned sender_reports; /* so many of the next reports are SRs (RFC 3550 section 6.4) */

    struct ix_rtp_source source; /* the one whose frames go up */
    struct known_source known[KNOWN_MAX];
    uint32_t retired[RETIRED_MAX]; /* their replay windows are gone: they never come back */
    size_t retired_count;
    unsigned new_sources_left;
    uint64_t new_sources_us;
    uint64_t lost_of_former;

    uint64_t report_us;
    uint64_t interval_us;
    struct {
        uint32_t middle; /* of its NTP time */
        uint64_t at_us;
    } ours[SENDER_REPORTS];
    size_t ours_next;
    struct {
        uint32_t ssrc;
        uint32_t middle;
        uint64_t at_us;
        bool have;
    } theirs;

    struct { /* the peer's reference time (RFC 3611 section 4.4) */
        uint32_t ssrc;
        uint32_t middle;
        uint64_t at_us;
        bool have;
    } reference;
    struct ix_rtp_voip voip;
    bool have_voip;

    struct slot slots[SLOTS];
    size_t first_slot, slot_count;
    bool lent; /* the first slot was given out by poll */
    _Alignas(8) uint8_t scratch[IX_RTP_PACKET_MAX + IX_SRTP_TRAILER];
};

/* ---- outputs ----------------------------------------------------------------------------- */

static struct slot *new_slot(struct ix_rtp *r, enum ix_rtp_out_kind kind)
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

static void tap(struct ix_rtp *r, bool outgoing, const uint8_t *p, size_t n)
{
    struct slot *s = r->tap ? new_slot(r, IX_RTP_OUT_TAP) : NULL;

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
static void start_reports(struct ix_rtp *r, uint64_t now_us)
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

    tap(r, true, p, n);
    s = new_slot(r, IX_RTP_OUT_SEND);
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
    start_reports(r, now.mono_us);
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

/* ---- who may talk ------------------------------------------------------------------------ */

static struct known_source *find_known(struct ix_rtp *r, uint32_t ssrc)
{
    for (size_t i = 0; i < KNOWN_MAX; i++) {
        if (r->known[i].used && r->known[i].ssrc == ssrc)
            return &r->known[i];
    }
    return NULL;
}

static bool is_retired(const struct ix_rtp *r, uint32_t ssrc)
{
    for (size_t i = 0; i < IX_MIN(r->retired_count, RETIRED_MAX); i++) {
        if (r->retired[i] == ssrc)
            return true;
    }
    return false;
}

/* Before libsrtp makes a state for it: a source that is new must not come more often than once a second, in the long
 * run. */
static bool may_talk(struct ix_rtp *r, uint32_t ssrc, uint64_t now_us)
{
    if (find_known(r, ssrc) != NULL)
        return true;
    while (r->new_sources_left < NEW_SOURCES_MAX && now_us >= ix_time_add(r->new_sources_us, IX_S)) {
        r->new_sources_left++;
        r->new_sources_us += IX_S;
    }
    return r->new_sources_left > 0 && !is_retired(r, ssrc);
}

static struct known_source *oldest_but(struct ix_rtp *r, uint32_t spared)
{
    struct known_source *oldest = NULL;

    for (size_t i = 0; i < KNOWN_MAX; i++) {
        struct known_source *k = &r->known[i];
        if (!k->used)
            return k;
        if (k->ssrc != spared && (oldest == NULL || k->heard_us < oldest->heard_us))
            oldest = k;
    }
    return oldest;
}

/* An authentic packet of it came. */
static struct known_source *remember(struct ix_rtp *r, uint32_t ssrc, uint64_t now_us)
{
    struct known_source *k = find_known(r, ssrc);

    if (k == NULL) {
        if (r->new_sources_left == NEW_SOURCES_MAX)
            r->new_sources_us = now_us;
        r->new_sources_left--;
        k = oldest_but(r, r->source.ssrc);
        if (k->used) {
            ix_srtp_forget(r->srtp, k->ssrc);
            r->retired[r->retired_count++ % RETIRED_MAX] = k->ssrc;
        }
        *k = (struct known_source){ .ssrc = ssrc, .used = true };
    }
    k->heard_us = now_us;
    return k;
}

/* Whether frames of this source go up; a new one takes over at once, a former one only after silence. */
static bool select_source(struct ix_rtp *r, uint32_t ssrc, bool former, uint64_t arrival_us)
{
    if (r->source.started && r->source.ssrc == ssrc)
        return true;
    if (r->source.started && former && arrival_us < ix_time_add(r->source.last_arrival_us, SWITCH_BACK_AFTER))
        return false;
    if (r->source.started)
        ix_log(
            r->log, IX_LOG_INFO, "rtp", "source %08x takes over from %08x", (unsigned) ssrc, (unsigned) r->source.ssrc);
    r->lost_of_former += ix_rtp_source_lost(&r->source);
    ix_rtp_source_start(&r->source, ssrc);
    return true;
}

/* ---- receiving --------------------------------------------------------------------------- */

static void count_refused(struct ix_rtp *r, int err)
{
    if (err == IRISX_E_DUPLICATE)
        r->stats.discarded_replay++;
    else if (err == IRISX_E_SIGNATURE)
        r->stats.discarded_auth++;
    else
        r->stats.discarded_malformed++;
}

/* What scratch holds, made clear; NULL if it was refused and counted. */
static struct known_source *take_off_protection(struct ix_rtp *r, size_t ssrc_at, size_t *n, struct ix_now now,
    int (*unprotect)(struct ix_srtp *, uint8_t *, size_t *))
{
    struct ix_reader head = ix_reader(r->scratch, *n);

    (void) ix_read_bytes(&head, ssrc_at);
    uint32_t ssrc = ix_read_u32(&head);
    if (head.bad) {
        r->stats.discarded_malformed++;
        return NULL;
    }
    if (!may_talk(r, ssrc, now.mono_us)) {
        r->stats.discarded_source++;
        return NULL;
    }
    int err = unprotect(r->srtp, r->scratch, n);
    if (err != 0) {
        count_refused(r, err);
        return NULL;
    }
    return remember(r, ssrc, now.mono_us);
}

static void queue_frame(struct ix_rtp *r, const struct ix_rtp_header *h, uint8_t kind, uint64_t arrival_us)
{
    const struct ix_rtp_payload *meaning = &r->map[h->payload_type];
    struct slot *s = new_slot(r, IX_RTP_OUT_FRAME);

    if (s == NULL)
        return;
    struct ix_frame *f = &s->frame;
    f->arrival_us = arrival_us;
    f->timestamp = h->timestamp;
    f->ssrc = h->ssrc;
    f->seq = h->seq;
    f->kind = kind;
    f->payload_type = h->payload_type;
    f->marker = h->marker;
    f->codec = meaning->codec;
    f->len = (uint16_t) h->payload_len;
    memcpy(f->payload, h->payload, h->payload_len);
}

/* Redundant audio: the packet's own frame first, so that what it repeats is known to be older. */
static void queue_blocks(struct ix_rtp *r, const struct ix_rtp_header *h, uint64_t arrival_us)
{
    struct ix_rtp_header one = *h;
    struct ix_red red;

    if (ix_red_parse(&red, h->payload, h->payload_len) != 0 || red.primary.len > IX_FRAME_MAX) {
        r->stats.discarded_malformed++;
        return;
    }
    one.payload_type = red.primary.payload_type;
    one.payload = red.primary.p;
    one.payload_len = red.primary.len;
    const struct ix_rtp_payload *meaning = &r->map[one.payload_type];
    if (meaning->kind == 0 || meaning->kind == IX_FRAME_REDUNDANT) {
        r->stats.discarded_payload++;
        return;
    }
    if (meaning->kind == IX_FRAME_AUDIO)
        ix_rtp_source_transit(&r->source, h->timestamp, meaning->clock_hz, arrival_us);
    if (one.payload_len > 0)
        queue_frame(r, &one, meaning->kind, arrival_us);
    for (size_t i = red.count - IX_MIN(red.count, REPEATED_MAX); i < red.count; i++) {
        const struct ix_red_block *b = &red.block[i];
        if (r->map[b->payload_type].kind != IX_FRAME_AUDIO || b->len == 0 || b->offset == 0)
            continue;
        one.payload_type = b->payload_type;
        one.seq = (uint16_t) (h->seq - (red.count - i));
        one.timestamp = h->timestamp - b->offset;
        one.payload = b->p;
        one.payload_len = b->len;
        one.marker = false;
        queue_frame(r, &one, IX_FRAME_REDUNDANT, arrival_us);
    }
}

static void received_rtp(struct ix_rtp *r, const struct ix_rtp_header *h, bool former, uint64_t arrival_us)
{
    const struct ix_rtp_payload *meaning = &r->map[h->payload_type];

    if (!select_source(r, h->ssrc, former, arrival_us)) {
        r->stats.discarded_source++;
        return;
    }
    ix_rtp_source_packet(&r->source, h->seq, arrival_us);
    r->stats.packets_received++;
    r->stats.bytes_received += h->payload_len;
    if (meaning->kind == 0 || (h->payload_len > IX_FRAME_MAX && meaning->kind != IX_FRAME_REDUNDANT)) {
        r->stats.discarded_payload++;
        return;
    }
    if (meaning->kind == IX_FRAME_REDUNDANT) {
        queue_blocks(r, h, arrival_us);
        return;
    }
    if (meaning->kind == IX_FRAME_AUDIO) /* the packets of one event share a timestamp: no measure of the path */
        ix_rtp_source_transit(&r->source, h->timestamp, meaning->clock_hz, arrival_us);
    if (h->payload_len > 0) /* else it only keeps a NAT open */
        queue_frame(r, h, meaning->kind, arrival_us);
}

static void input_rtp(struct ix_rtp *r, size_t n, uint64_t arrival_us, struct ix_now now)
{
    struct ix_rtp_header h;
    struct known_source *k = take_off_protection(r, RTP_SSRC_AT, &n, now, ix_srtp_unprotect);

    if (k == NULL)
        return;
    if (ix_rtp_parse(&h, r->scratch, n) != 0) {
        r->stats.discarded_malformed++;
        return;
    }
    bool former = k->media;
    k->media = true;
    tap(r, false, r->scratch, n);
    received_rtp(r, &h, former, arrival_us);
    start_reports(r, now.mono_us);
}

/* the peer quotes a time we told it, and how long it kept it */
static void take_round_trip(struct ix_rtp *r, uint32_t middle, uint32_t held_16, uint64_t arrival_us)
{
    for (size_t i = 0; middle != 0 && i < SENDER_REPORTS; i++) {
        if (r->ours[i].middle != middle)
            continue;
        uint64_t held = (uint64_t) held_16 * IX_S >> 16, whole = arrival_us - r->ours[i].at_us;
        if (arrival_us >= r->ours[i].at_us)
            r->stats.round_trip_us = whole > held ? whole - held : 1; /* 0 would say "none yet" */
        return;
    }
}

static void take_block(struct ix_rtp *r, const struct ix_rtcp_block *b, uint64_t arrival_us)
{
    if (b->ssrc != r->stats.ssrc)
        return;
    r->stats.remote_lost = (uint64_t) IX_MAX(b->lost, 0);
    r->stats.remote_fraction_lost = b->fraction_lost;
    if (r->sent_clock_hz != 0)
        r->stats.remote_jitter_us = b->jitter * IX_S / r->sent_clock_hz;
    r->stats.reports++;
    take_round_trip(r, b->lsr, b->dlsr, arrival_us);
}

static void take_extended(struct ix_rtp *r, const struct ix_rtcp_packet *p, uint64_t arrival_us)
{
    struct ix_xr_seen seen;

    ix_xr_read(p->body, r->stats.ssrc, &seen);
    if (seen.have_ntp) {
        r->reference.ssrc = p->ssrc;
        r->reference.middle = (uint32_t) (seen.ntp >> 16);
        r->reference.at_us = arrival_us;
        r->reference.have = true;
    }
    if (seen.have_dlrr)
        take_round_trip(r, seen.dlrr.lrr, seen.dlrr.dlrr, arrival_us);
    if (seen.have_voip) {
        r->stats.remote_voip = seen.voip;
        r->stats.have_remote_voip = true;
    }
}

static void take_bye(struct ix_rtp *r, struct ix_rtcp_packet *p)
{
    for (unsigned i = 0; i < p->count; i++) {
        uint32_t ssrc = ix_read_u32(&p->body);
        if (r->source.started && ssrc != r->source.ssrc)
            continue;
        (void) new_slot(r, IX_RTP_OUT_BYE); /* no room: signalling tells the same */
        return;
    }
}

static void take_rtcp(struct ix_rtp *r, size_t n, uint64_t arrival_us)
{
    struct ix_reader all = ix_reader(r->scratch, n);
    struct ix_rtcp_packet p;
    struct ix_rtcp_block b;

    while (ix_rtcp_next(&all, &p)) {
        if (p.kind == IX_RTCP_SR) {
            r->theirs.ssrc = p.ssrc;
            r->theirs.middle = (uint32_t) (p.sender.ntp >> 16);
            r->theirs.at_us = arrival_us;
            r->theirs.have = true;
        }
        while (ix_rtcp_next_block(&p, &b))
            take_block(r, &b, arrival_us);
        if (p.kind == IX_RTCP_XR)
            take_extended(r, &p, arrival_us);
        if (p.kind == IX_RTCP_BYE)
            take_bye(r, &p);
    }
}

static void input_rtcp(struct ix_rtp *r, size_t n, uint64_t arrival_us, struct ix_now now)
{
    if (take_off_protection(r, RTCP_SSRC_AT, &n, now, ix_srtp_unprotect_rtcp) == NULL)
        return;
    if (ix_rtcp_check(r->scratch, n) != 0) {
        r->stats.discarded_malformed++;
        return;
    }
    r->stats.rtcp_received++;
    tap(r, false, r->scratch, n);
    take_rtcp(r, n, arrival_us);
}

void ix_rtp_input(struct ix_rtp *r, const void *p, size_t n, uint64_t arrival_us, struct ix_now now)
{
    enum ix_packet_kind kind = ix_packet_kind(p, n);

    if (n > IX_RTP_PACKET_MAX || (kind != IX_PACKET_RTP && kind != IX_PACKET_RTCP)) {
        r->stats.discarded_malformed++;
        return;
    }
    if (r->srtp == NULL) {
        r->stats.before_keys++;
        return;
    }
    memcpy(r->scratch, p, n);
    if (kind == IX_PACKET_RTP)
        input_rtp(r, n, arrival_us, now);
    else
        input_rtcp(r, n, arrival_us, now);
}
