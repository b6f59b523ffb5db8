/* SPDX-License-Identifier: MIT */
/*
 * What a session receives: which source may talk and is heard, packets to frames (RFC 3550, 3711, 2198), the peer's
 * reports (RFC 3550 section 6, RFC 3611).
 */
#include "rtp/internal.h"

#include <string.h>

#define REPEATED_MAX 2u /* redundant blocks that go up: the latest */
#define SWITCH_BACK_AFTER (500 * IX_MS) /* a former source is heard again only when the present one is silent */
#define RTP_SSRC_AT 8
#define RTCP_SSRC_AT 4

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
    struct slot *s = ix_rtp_slot(r, IX_RTP_OUT_FRAME);

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
    ix_rtp_tap(r, false, r->scratch, n);
    received_rtp(r, &h, former, arrival_us);
    ix_rtp_start_reports(r, now.mono_us);
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
        (void) ix_rtp_slot(r, IX_RTP_OUT_BYE); /* no room: signalling tells the same */
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
    ix_rtp_tap(r, false, r->scratch, n);
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
