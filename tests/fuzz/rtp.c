/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: the media port. The input is a row of packets: flags, 16-bit length, bytes. A flag has the packet
 * protected with the right keys first, so that what lies behind the authentication is reached.
 */
#include <string.h>

#include "rtp/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PROTECT = 1, OTHER_SOURCE = 2, LATER = 4, SEND = 8 };

static const uint8_t keys[2][30] = { { 1 }, { 2 } };
static const struct ix_rtp_payload payloads[] = {
    { 111, IX_FRAME_AUDIO, IX_CODEC_OPUS, 48000 },
    { 0, IX_FRAME_AUDIO, IX_CODEC_PCMU, 8000 },
    { 101, IX_FRAME_EVENT, 0, 8000 },
    { 13, IX_FRAME_CN, 0, 8000 },
};

struct fuzz {
    struct ix_prng prng;
    struct ix_rng rng;
    struct ix_now now;
    struct ix_rtp *rtp;
    struct ix_srtp *peer[2]; /* of two sources */
};

static void drain(struct fuzz *f)
{
    struct ix_rtp_out out;

    while (ix_rtp_poll(f->rtp, &out)) {
        if (out.kind == IX_RTP_OUT_FRAME)
            IX_ASSERT(out.frame->len > 0 && out.frame->len <= IX_FRAME_MAX && out.frame->kind != 0);
    }
}

/* false: not a packet that libsrtp would protect */
static bool protect(struct fuzz *f, uint8_t flags, uint8_t *p, size_t *n)
{
    int which = flags & OTHER_SOURCE ? 1 : 0;
    bool rtcp = ix_packet_kind(p, *n) == IX_PACKET_RTCP;

    if (*n < (rtcp ? 8u : 12u))
        return false;
    memcpy(p + (rtcp ? 4 : 8), (uint8_t[]){ 0, 0, 0, (uint8_t) (1 + which) }, 4);
    return (rtcp ? ix_srtp_protect_rtcp : ix_srtp_protect)(f->peer[which], p, n) == 0;
}

static void one_packet(struct fuzz *f, struct ix_reader *r)
{
    _Alignas(8) uint8_t p[IX_RTP_PACKET_MAX + IX_SRTP_TRAILER];
    uint8_t flags = ix_read_u8(r);
    size_t n = ix_read_u16(r);
    struct ix_frame frame = { .kind = 1 + (flags >> 4) % 3, .len = flags };

    n = IX_MIN(IX_MIN(n, r->n), (size_t) IX_RTP_PACKET_MAX - 20);
    ix_read_copy(r, p, n);
    if (flags & LATER)
        f->now.mono_us += 700 * IX_MS;
    if (flags & SEND)
        (void) ix_rtp_send(f->rtp, &frame, f->now);
    if (!(flags & PROTECT) || protect(f, flags, p, &n))
        ix_rtp_input(f->rtp, p, n, f->now.mono_us, f->now);
    drain(f);
    if (f->now.mono_us >= ix_rtp_deadline(f->rtp))
        ix_rtp_timeout(f->rtp, f->now);
    drain(f);
}

static void open_session(struct fuzz *f)
{
    ix_prng_seed(&f->prng, 1);
    f->rng = ix_prng_rng(&f->prng);
    f->now = (struct ix_now){ 10 * IX_S, INT64_C(1700000000000000) };
    struct ix_rtp_config c = { .rng = &f->rng, .cname = "fuzz", .ssrc = 9 };
    IX_ASSERT(ix_rtp_new(&c, &f->rtp) == 0);
    IX_ASSERT(ix_rtp_set_payloads(f->rtp, payloads, IX_COUNT(payloads)) == 0);
    ix_rtp_set_send(f->rtp, 111, 101, 13);
    ix_rtp_set_tap(f->rtp, true);
    IX_ASSERT(ix_rtp_set_keys(f->rtp, keys[0], keys[1]) == 0);
    for (uint32_t i = 0; i < 2; i++)
        IX_ASSERT(ix_srtp_new(keys[1], keys[0], 1 + i, &f->peer[i]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz f;
    struct ix_reader r = ix_reader(data, size);
    struct ix_rtp_header h;

    (void) ix_rtp_parse(&h, data, size);
    open_session(&f);
    while (r.n > 3)
        one_packet(&f, &r);
    ix_rtp_free(f.rtp);
    ix_srtp_free(f.peer[0]);
    ix_srtp_free(f.peer[1]);
    return 0;
}
