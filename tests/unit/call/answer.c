/* SPDX-License-Identifier: MIT */
/* INVITEs that cannot become a call are refused before anybody is asked: RFC 4475 sections 3.3.6 and 3.3.15. */
#include "bench.h"

static const char head[] = "INVITE sip:me@client.invalid SIP/2.0\r\nVia: SIP/2.0/WS p.invalid;branch=z9hG4bK1\r\n"
                           "From: <sip:1001@pbx.test>;tag=f\r\nTo: <sip:me@client.invalid>\r\nCall-ID: c1\r\n"
                           "CSeq: 1 INVITE\r\nContact: <sip:peer@p.invalid;transport=ws>\r\nMax-Forwards: 70\r\n";

static void refused_with(const char *more, const char *body, unsigned status)
{
    struct bench b;
    char line[24];

    bench_open(&b);
    bench_input(&b, "%s%sContent-Length: %zu\r\n\r\n%s", head, more, strlen(body), body);
    (void) snprintf(line, sizeof line, "SIP/2.0 %u ", status);
    cr_assert_not_null(bench_sent(&b, line), "%u: %s", status, b.sent);
    cr_assert_eq(b.incoming, 0);
    bench_close(&b);
}

Test(answer, a_body_that_is_no_description_is_answered_415)
{
    refused_with(
        "Content-Type: application/unknownformat\r\n", "<audio>\r\n <pcmu port=\"443\"/>\r\n</audio>\r\n", 415);
}

Test(answer, who_takes_no_descriptions_is_answered_406)
{
    refused_with("Accept: text/nobodyKnowsThis\r\n", "", 406);
}

Test(answer, a_description_that_cannot_be_read_is_answered_400)
{
    refused_with("Content-Type: application/sdp\r\n", "v=1\r\n", 400);
}

Test(answer, an_offer_without_a_codec_of_ours_is_answered_488)
{
    refused_with("Content-Type: application/sdp\r\n",
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=video 9 RTP/AVP 96\r\n"
        "a=rtpmap:96 VP8/90000\r\n",
        488);
}

Test(answer, accept_with_a_wildcard_or_parameters_is_no_reason_to_refuse)
{
    static const char *const lists[] = { "*/*", "text/plain, application/*", "application/sdp;level=1" };

    for (size_t i = 0; i < IX_COUNT(lists); i++) {
        struct bench b;

        bench_open(&b);
        bench_input(&b, "%sAccept: %s\r\nContent-Length: 0\r\n\r\n", head, lists[i]);
        cr_assert(b.incoming, "%s", lists[i]);
        bench_close(&b);
    }
}
