/* SPDX-License-Identifier: MIT */
/*
 * RTCP extended reports (RFC 3611): receiver reference time (section 4.4) and what answers it (4.5), so that a side
 * that only listens knows the round trip too; VoIP metrics (4.7).
 */
#include "rtp/internal.h"

enum { BT_RRTR = 4, BT_DLRR = 5, BT_VOIP = 7, VOIP_WORDS = 8, GMIN = 16, UNAVAILABLE = 127 };

static void write_voip(struct ix_buf *b, const struct ix_xr *xr)
{
    const struct ix_rtp_voip *v = xr->voip;
    ix_buf_u8(b, BT_VOIP);
    ix_buf_u8(b, 0);
    ix_buf_u16(b, VOIP_WORDS);
    ix_buf_u32(b, xr->source_ssrc);
    ix_buf_u8(b, v->loss_rate);
    ix_buf_u8(b, v->discard_rate);
    ix_buf_u8(b, v->burst_density);
    ix_buf_u8(b, v->gap_density);
    ix_buf_u16(b, v->burst_ms);
    ix_buf_u16(b, v->gap_ms);
    ix_buf_u16(b, v->round_trip_ms);
    ix_buf_u16(b, v->end_system_delay_ms);
    ix_buf_u8(b, (uint8_t) v->signal_dbm);
    ix_buf_u8(b, (uint8_t) v->noise_dbm);
    ix_buf_u8(b, UNAVAILABLE); /* residual echo return loss */
    ix_buf_u8(b, GMIN);
    ix_buf_u8(b, v->r_factor);
    ix_buf_u8(b, UNAVAILABLE); /* of another network segment */
    ix_buf_u8(b, v->mos_lq);
    ix_buf_u8(b, v->mos_cq);
    ix_buf_u8(b, 0xf0); /* concealment: standard; jitter buffer: adaptive; its rate is not said */
    ix_buf_u8(b, 0);
    ix_buf_u16(b, v->buffer_ms);
    ix_buf_u16(b, v->buffer_max_ms);
    ix_buf_u16(b, v->buffer_limit_ms);
}

void ix_xr_write(struct ix_buf *b, const struct ix_xr *xr)
{
    size_t words = 1 + 3 + (xr->dlrr ? 4u : 0u) + (xr->voip ? VOIP_WORDS + 1u : 0u);
    ix_buf_u8(b, 0x80);
    ix_buf_u8(b, IX_RTCP_XR);
    ix_buf_u16(b, (uint16_t) words);
    ix_buf_u32(b, xr->ssrc);
    ix_buf_u8(b, BT_RRTR);
    ix_buf_u8(b, 0);
    ix_buf_u16(b, 2);
    ix_buf_u64(b, xr->ntp);
    if (xr->dlrr) {
        ix_buf_u8(b, BT_DLRR);
        ix_buf_u8(b, 0);
        ix_buf_u16(b, 3);
        ix_buf_u32(b, xr->dlrr->ssrc);
        ix_buf_u32(b, xr->dlrr->lrr);
        ix_buf_u32(b, xr->dlrr->dlrr);
    }
    if (xr->voip)
        write_voip(b, xr);
}

static void read_voip(struct ix_reader *r, struct ix_rtp_voip *v)
{
    v->loss_rate = ix_read_u8(r);
    v->discard_rate = ix_read_u8(r);
    v->burst_density = ix_read_u8(r);
    v->gap_density = ix_read_u8(r);
    v->burst_ms = ix_read_u16(r);
    v->gap_ms = ix_read_u16(r);
    v->round_trip_ms = ix_read_u16(r);
    v->end_system_delay_ms = ix_read_u16(r);
    v->signal_dbm = (int8_t) ix_read_u8(r);
    v->noise_dbm = (int8_t) ix_read_u8(r);
    (void) ix_read_u16(r);
    v->r_factor = ix_read_u8(r);
    (void) ix_read_u8(r);
    v->mos_lq = ix_read_u8(r);
    v->mos_cq = ix_read_u8(r);
    (void) ix_read_u16(r);
    v->buffer_ms = ix_read_u16(r);
    v->buffer_max_ms = ix_read_u16(r);
    v->buffer_limit_ms = ix_read_u16(r);
}

static void read_block(uint8_t type, struct ix_reader body, uint32_t ours, struct ix_xr_seen *out)
{
    switch (type) {
    case BT_RRTR:
        out->ntp = ix_read_u64(&body);
        out->have_ntp = !body.bad;
        return;
    case BT_DLRR:
        while (body.n >= 12) {
            struct ix_xr_dlrr d = { .ssrc = ix_read_u32(&body) };
            d.lrr = ix_read_u32(&body);
            d.dlrr = ix_read_u32(&body);
            if (d.ssrc == ours) {
                out->dlrr = d;
                out->have_dlrr = true;
            }
        }
        return;
    case BT_VOIP:
        if (ix_read_u32(&body) != ours)
            return;
        read_voip(&body, &out->voip);
        out->have_voip = !body.bad;
        return;
    default:
        return; /* section 3: what is not known is passed over */
    }
}

void ix_xr_read(struct ix_reader body, uint32_t ours, struct ix_xr_seen *out)
{
    *out = (struct ix_xr_seen){ 0 };
    while (body.n >= 4) {
        uint8_t type = ix_read_u8(&body);
        (void) ix_read_u8(&body);
        size_t words = ix_read_u16(&body);
        struct ix_reader block = ix_read_sub(&body, 4 * words);
        if (body.bad)
            return;
        read_block(type, block, ours, out);
    }
}
