/* SPDX-License-Identifier: MIT */
/* RTCP (RFC 3550 section 6): compound packets written, checked and walked. */
#include "rtp/internal.h"

#define NTP_OF_UNIX_EPOCH UINT64_C(2208988800) /* seconds from 1900 to 1970 */
enum { BLOCK_LEN = 24, SDES_CNAME = 1 };

uint64_t ix_rtcp_ntp(int64_t wall_us)
{
    uint64_t us = (uint64_t) IX_MAX(wall_us, 0);
    uint64_t seconds = us / IX_S + NTP_OF_UNIX_EPOCH, rest = us % IX_S;

    return seconds << 32 | ((rest << 32) / IX_S);
}

/* ---- writing ----------------------------------------------------------------------------- */

/* length counts 32-bit words less one; what follows the first word has `bytes` bytes */
static void write_head(struct ix_buf *b, unsigned count, enum ix_rtcp_kind kind, size_t bytes)
{
    ix_buf_u8(b, (uint8_t) (0x80 | count));
    ix_buf_u8(b, (uint8_t) kind);
    ix_buf_u16(b, (uint16_t) (bytes / 4));
}

static void write_block(struct ix_buf *b, const struct ix_rtcp_block *block)
{
    ix_buf_u32(b, block->ssrc);
    ix_buf_u8(b, block->fraction_lost);
    ix_buf_u24(b, (uint32_t) block->lost & 0xffffff);
    ix_buf_u32(b, block->highest);
    ix_buf_u32(b, block->jitter);
    ix_buf_u32(b, block->lsr);
    ix_buf_u32(b, block->dlsr);
}

static void write_sdes(struct ix_buf *b, uint32_t ssrc, const char *cname)
{
    struct ix_str name = ix_str(cname);
    size_t items = 2 + name.n;
    size_t pad = 4 - items % 4; /* at least one zero ends the items (section 6.5) */

    write_head(b, 1, IX_RTCP_SDES, 4 + items + pad);
    ix_buf_u32(b, ssrc);
    ix_buf_u8(b, SDES_CNAME);
    ix_buf_u8(b, (uint8_t) name.n);
    ix_buf_strv(b, name);
    for (size_t i = 0; i < pad; i++)
        ix_buf_u8(b, 0);
}

void ix_rtcp_write(struct ix_buf *b, const struct ix_rtcp_report *report)
{
    const struct ix_rtcp_sender *s = report->sender;
    unsigned blocks = report->block != NULL ? 1 : 0;

    write_head(b, blocks, s != NULL ? IX_RTCP_SR : IX_RTCP_RR, 4 + (s != NULL ? 20u : 0u) + blocks * BLOCK_LEN);
    ix_buf_u32(b, report->ssrc);
    if (s != NULL) {
        ix_buf_u64(b, s->ntp);
        ix_buf_u32(b, s->timestamp);
        ix_buf_u32(b, s->packets);
        ix_buf_u32(b, s->bytes);
    }
    if (report->block != NULL)
        write_block(b, report->block);
    write_sdes(b, report->ssrc, report->cname);
    if (report->bye) {
        write_head(b, 1, IX_RTCP_BYE, 4);
        ix_buf_u32(b, report->ssrc);
    }
}

/* ---- reading ----------------------------------------------------------------------------- */

static bool sdes_ok(struct ix_reader r, unsigned chunks)
{
    for (unsigned i = 0; i < chunks; i++) {
        size_t start = r.n;
        (void) ix_read_u32(&r);
        while (ix_read_u8(&r) != 0) /* type of an item; 0 ends the chunk */
            (void) ix_read_bytes(&r, ix_read_u8(&r));
        if (!r.bad && (start - r.n) % 4 != 0)
            (void) ix_read_bytes(&r, 4 - (start - r.n) % 4);
    }
    return !r.bad;
}

static bool bye_ok(struct ix_reader r, unsigned count)
{
    (void) ix_read_bytes(&r, 4u * count);
    if (r.n > 0)
        (void) ix_read_bytes(&r, ix_read_u8(&r)); /* the reason */
    return !r.bad;
}

static bool body_ok(uint8_t kind, unsigned count, struct ix_reader body)
{
    switch (kind) {
    case IX_RTCP_SR:
        return body.n >= 24 + (size_t) count * BLOCK_LEN;
    case IX_RTCP_RR:
        return body.n >= 4 + (size_t) count * BLOCK_LEN;
    case IX_RTCP_SDES:
        return sdes_ok(body, count);
    case IX_RTCP_BYE:
        return bye_ok(body, count);
    case IX_RTCP_APP:
        return body.n >= 8;
    default:
        return body.n >= 4; /* feedback, extended reports: at least a source */
    }
}

/* one packet of a compound; padding only on the last one (appendix A.2) */
static bool read_packet(struct ix_reader *r, uint8_t *kind, unsigned *count, struct ix_reader *body)
{
    uint8_t first = ix_read_u8(r);

    *kind = ix_read_u8(r);
    *count = first & 0x1f;
    *body = ix_read_sub(r, 4u * ix_read_u16(r));
    if (r->bad || first >> 6 != 2)
        return false;
    if ((first & 0x20) == 0)
        return true;
    if (r->n > 0 || body->n == 0)
        return false;
    uint8_t pad = body->p[body->n - 1];
    if (pad == 0 || pad % 4 != 0 || pad > body->n)
        return false;
    body->n -= pad;
    return true;
}

int ix_rtcp_check(const void *p, size_t n)
{
    struct ix_reader r = ix_reader(p, n), body;
    unsigned count;
    uint8_t kind;

    for (bool first = true; first || r.n > 0; first = false) {
        if (!read_packet(&r, &kind, &count, &body) || !body_ok(kind, count, body))
            return IRISX_E_PROTOCOL;
        if (first && kind != IX_RTCP_SR && kind != IX_RTCP_RR)
            return IRISX_E_PROTOCOL;
    }
    return 0;
}

bool ix_rtcp_next(struct ix_reader *compound, struct ix_rtcp_packet *out)
{
    unsigned count;

    *out = (struct ix_rtcp_packet){ 0 };
    if (compound->n == 0 || !read_packet(compound, &out->kind, &count, &out->body))
        return false;
    out->count = (uint8_t) count;
    if (out->kind == IX_RTCP_BYE || out->kind == IX_RTCP_SDES) { /* may be empty */
        struct ix_reader look = out->body;
        out->ssrc = ix_read_u32(&look);
        return true;
    }
    out->ssrc = ix_read_u32(&out->body);
    if (out->kind == IX_RTCP_SR) {
        out->sender.ntp = ix_read_u64(&out->body);
        out->sender.timestamp = ix_read_u32(&out->body);
        out->sender.packets = ix_read_u32(&out->body);
        out->sender.bytes = ix_read_u32(&out->body);
    }
    return true;
}

bool ix_rtcp_next_block(struct ix_rtcp_packet *p, struct ix_rtcp_block *out)
{
    if (p->count == 0 || (p->kind != IX_RTCP_SR && p->kind != IX_RTCP_RR))
        return false;
    p->count--;
    out->ssrc = ix_read_u32(&p->body);
    out->fraction_lost = ix_read_u8(&p->body);
    uint32_t lost = ix_read_u24(&p->body);
    out->lost = (int32_t) (lost & 0x800000 ? lost | 0xff000000 : lost);
    out->highest = ix_read_u32(&p->body);
    out->jitter = ix_read_u32(&p->body);
    out->lsr = ix_read_u32(&p->body);
    out->dlsr = ix_read_u32(&p->body);
    return !p->body.bad;
}
