/* SPDX-License-Identifier: MIT */
/* A call's descriptions: what is offered, and what of an answer is used. */
#include "bench.h"

static const char *offer(struct bench *b, bool no_opus, bool no_pcma)
{
    struct ix_call_config config = { .to = "9196", .no_opus = no_opus, .no_pcma = no_pcma };
    uint32_t call;

    bench_open_bare(b);
    bench_line(b, false);
    config.line = b->line;
    cr_assert_eq(ix_call_dial(b->phone, &config, b->now, &call), 0);
    bench_drain(b);
    return strstr(bench_sent(b, "INVITE"), "\r\n\r\n");
}

Test(media, the_offer_has_what_dtls_and_ice_need)
{
    struct bench b;
    const char *sdp = offer(&b, false, false);

    cr_assert_not_null(strstr(sdp, "a=fingerprint:sha-256 "));
    cr_assert_not_null(strstr(sdp, "a=setup:actpass"));
    cr_assert_not_null(strstr(sdp, "a=ice-ufrag:"));
    cr_assert_not_null(strstr(sdp, "a=rtcp-mux"));
    cr_assert_not_null(strstr(sdp, " typ host"));
    bench_close(&b);
}

Test(media, codecs_that_are_not_wanted_are_not_offered)
{
    struct bench b;
    const char *sdp = offer(&b, true, true);

    cr_assert_null(strstr(sdp, "opus"));
    cr_assert_null(strstr(sdp, "PCMA"));
    cr_assert_not_null(strstr(sdp, "m=audio "));
    bench_close(&b);
}

Test(media, an_answer_without_a_fingerprint_ends_the_call_before_any_sound)
{
    static char sdp[2048];
    struct bench b;
    char *line;

    (void) offer(&b, false, false);
    (void) snprintf(sdp, sizeof sdp, "%s", bench_sdp);
    line = strstr(sdp, "a=fingerprint");
    memcpy(line, "a=fingerprinx", 13);
    bench_respond(&b, "INVITE", "200 OK", "Contact: <sip:x@y>\r\n", sdp);
    cr_assert_not_null(bench_sent(&b, "BYE"));
    bench_respond(&b, "BYE", "200 OK", NULL, NULL);
    cr_assert_neq(bench_saw(&b, IX_EV_CALL, IX_CALL_ENDED)->code, 0);
    bench_close(&b);
}
