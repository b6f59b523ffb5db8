/* SPDX-License-Identifier: MIT */
/* Our SRTP against libsrtp2 at the other end, both ways, over wraps of the sequence number, losses and reordering. */
#include <criterion/criterion.h>
#include <srtp2/srtp.h>
#include <string.h>

#include "rtp/internal.h"

static const uint8_t ours[30] = "ours-ours-ours-ours-ours-ours", theirs[30] = "peer-peer-peer-peer-peer-peer";

struct packet {
    size_t n;
    _Alignas(8) uint8_t b[400];
};

static srtp_t bare(const uint8_t *key, srtp_ssrc_type_t type)
{
    srtp_policy_t p = { .ssrc.type = type, .key = (uint8_t *) (uintptr_t) key, .window_size = 1024 };
    srtp_t s = NULL;
    srtp_crypto_policy_set_rtp_default(&p.rtp);
    srtp_crypto_policy_set_rtcp_default(&p.rtcp);
    cr_assert_eq(srtp_create(&s, &p), srtp_err_status_ok);
    return s;
}

/* with a CSRC and an extension now and then: what is encrypted begins behind them */
static struct packet rtp(uint32_t i, uint32_t ssrc)
{
    struct packet p = { .n = 12 };
    bool more = i % 3 == 0;
    p.b[0] = more ? 0x91 : 0x80;
    p.b[1] = 111;
    p.b[2] = (uint8_t) (i >> 8), p.b[3] = (uint8_t) i;
    for (int k = 0; k < 4; k++)
        p.b[8 + k] = (uint8_t) (ssrc >> (24 - 8 * k));
    if (more) {
        p.b[19] = 1; /* 4 bytes of CSRC, then an extension of one word */
        p.n += 4 + 8;
    }
    memset(p.b + p.n, (int) (i & 0xff), 10 + i % 200);
    p.n += 10 + i % 200;
    return p;
}

static struct packet report(uint32_t i, uint32_t ssrc)
{
    struct packet p = { .n = 28, .b = { 0x80, 200, 0, 6 } };
    for (int k = 0; k < 4; k++)
        p.b[4 + k] = (uint8_t) (ssrc >> (24 - 8 * k));
    p.b[27] = (uint8_t) i;
    return p;
}

Test(srtp_peer, libsrtp_understands_what_we_protect_and_we_what_it_does)
{
    struct ix_srtp *us = NULL;
    cr_assert_eq(srtp_init(), srtp_err_status_ok);
    cr_assert_eq(ix_srtp_new(ours, theirs, &us), 0);
    srtp_t in = bare(ours, ssrc_any_inbound), out = bare(theirs, ssrc_any_outbound);
    for (uint32_t i = 65000; i < 3 * 65536; i += i % 7 == 0 ? 900 : 1) {
        struct packet p = rtp(i & 0xffff, 0xcafe), want = p, q = p;
        cr_assert_eq(ix_srtp_protect(us, p.b, &p.n), 0);
        int n = (int) p.n;
        cr_assert_eq(srtp_unprotect(in, p.b, &n), srtp_err_status_ok, "%u", i);
        cr_assert((size_t) n == want.n && !memcmp(p.b, want.b, want.n));
        n = (int) q.n;
        cr_assert_eq(srtp_protect(out, q.b, &n), srtp_err_status_ok);
        q.n = (size_t) n;
        cr_assert_eq(ix_srtp_unprotect(us, q.b, &q.n), 0, "%u", i);
        cr_assert(q.n == want.n && !memcmp(q.b, want.b, want.n));
    }
    for (uint32_t i = 0; i < 100; i++) {
        struct packet p = report(i, 0xcafe), want = p, q = p;
        cr_assert_eq(ix_srtp_protect_rtcp(us, p.b, &p.n), 0);
        int n = (int) p.n;
        cr_assert_eq(srtp_unprotect_rtcp(in, p.b, &n), srtp_err_status_ok);
        cr_assert((size_t) n == want.n && !memcmp(p.b, want.b, want.n));
        n = (int) q.n;
        cr_assert_eq(srtp_protect_rtcp(out, q.b, &n), srtp_err_status_ok);
        q.n = (size_t) n;
        cr_assert_eq(ix_srtp_unprotect_rtcp(us, q.b, &q.n), 0);
        cr_assert(q.n == want.n && !memcmp(q.b, want.b, want.n));
    }
    srtp_dealloc(in), srtp_dealloc(out);
    ix_srtp_free(us);
}

Test(srtp_peer, packets_of_both_sides_of_a_wrap_may_change_places)
{
    struct ix_srtp *us = NULL, *peer = NULL;
    cr_assert_eq(ix_srtp_new(ours, theirs, &us) | ix_srtp_new(theirs, ours, &peer), 0);
    struct packet p[6];
    for (uint32_t i = 0; i < 6; i++) {
        p[i] = rtp((65533 + i) & 0xffff, 7);
        cr_assert_eq(ix_srtp_protect(us, p[i].b, &p[i].n), 0);
    }
    static const int order[] = { 0, 4, 2, 5, 1, 3 };
    for (size_t i = 0; i < IX_COUNT(order); i++)
        cr_assert_eq(ix_srtp_unprotect(peer, p[order[i]].b, &p[order[i]].n), 0, "%d", order[i]);
    ix_srtp_free(us);
    ix_srtp_free(peer);
}

Test(srtp_peer, a_packet_number_is_never_used_twice_and_forged_sources_leave_nothing)
{
    struct ix_srtp *us = NULL, *peer = NULL;
    cr_assert_eq(ix_srtp_new(ours, theirs, &us) | ix_srtp_new(theirs, ours, &peer), 0);
    struct packet first = rtp(5, 7), again = rtp(5, 7);
    cr_assert_eq(ix_srtp_protect(us, first.b, &first.n), 0);
    cr_assert_eq(ix_srtp_protect(us, again.b, &again.n), IRISX_E_DUPLICATE);
    for (uint32_t i = 0; i < 1000; i++) {
        struct packet forged = first;
        forged.b[11] = (uint8_t) i, forged.b[10] = (uint8_t) (1 + (i >> 8));
        cr_assert_eq(ix_srtp_unprotect(peer, forged.b, &forged.n), IRISX_E_SIGNATURE);
    }
    cr_assert_eq(ix_srtp_unprotect(peer, first.b, &first.n), 0);
    for (size_t n = 0; n < 26; n++) {
        struct packet cut = { .n = n, .b = { 0x80 } };
        cr_assert_neq(ix_srtp_unprotect(peer, cut.b, &cut.n), 0);
        cut.n = n;
        cr_assert_neq(ix_srtp_unprotect_rtcp(peer, cut.b, &cut.n), 0);
    }
    ix_srtp_free(us);
    ix_srtp_free(peer);
}
