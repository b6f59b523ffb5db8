/* SPDX-License-Identifier: MIT */
/* An INVITE without a description: our 2xx carries the offer, the ACK the answer (RFC 3261 section 13.2.1). */
#include <stdio.h>
#include <string.h>

#include "scenario.h"

#define HEAD                                                                                             \
    "Via: SIP/2.0/WS p.invalid;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\nFrom: <sip:p@sim.test>;tag=p\r\n" \
    "To: <sip:1000@sim.test>%s%s\r\nCall-ID: offerless\r\nCSeq: 1 %s\r\nContact: <sip:p@p.invalid>\r\n"

static void invite(struct sim *t)
{
    char text[1024];
    int n = snprintf(text, sizeof text, "INVITE sip:x@y.invalid SIP/2.0\r\n" HEAD "Content-Length: 0\r\n\r\n", "one",
        "", "", "INVITE");

    sim_start(t, 1);
    t->client->auto_answer = true;
    phone_node_inject(t->client, 0, text, (size_t) n);
    PASS_TIME(t, 100 * IX_MS);
    cr_assert_not_null(sim_sent(t, t->client, "SIP/2.0 200", "a=setup:actpass"));
}

static void ack(struct sim *t, const char *body)
{
    const char *tag = strstr(sim_header(sim_must(t, t->client, "SIP/2.0 200", "INVITE\r\n"), "To"), ";tag=") + 5;
    char text[2048];
    int n = snprintf(text, sizeof text, "ACK sip:x@y.invalid SIP/2.0\r\n" HEAD "%sContent-Length: %zu\r\n\r\n%s", "two",
        ";tag=", tag, "ACK", *body ? "Content-Type: application/sdp\r\n" : "", strlen(body), body);

    phone_node_inject(t->client, 0, text, (size_t) n);
    PASS_TIME(t, 100 * IX_MS);
}

Test(offerless, the_answer_in_the_ack_starts_media)
{
    struct sim t;

    invite(&t);
    ack(&t,
        "v=0\r\no=- 1 1 IN IP4 192.0.2.20\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 192.0.2.20\r\n"
        "a=rtpmap:0 PCMU/8000\r\na=ice-ufrag:peer\r\na=ice-pwd:pppppppppppppppppppppp\r\na=fingerprint:sha-256 "
        "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n"
        "a=setup:active\r\na=rtcp-mux\r\na=candidate:1 1 udp 2130706431 192.0.2.20 40000 typ host\r\n");
    cr_assert_eq(phone_node_live(t.client), 1);
    cr_assert_eq(t.client->media.codec, IX_CODEC_PCMU);
    REACH(&t, sim_ended, 30 * IX_S); /* nobody is at that address */
    cr_assert_eq(LAST(t.client)->code, IRISX_E_MEDIA);
    sim_finish(&t);
}

Test(offerless, an_ack_without_an_answer_ends_the_call)
{
    struct sim t;

    invite(&t);
    ack(&t, "");
    REACH(&t, sim_ended, 10 * IX_S);
    cr_assert_eq(LAST(t.client)->code, IRISX_E_PROTOCOL);
    cr_assert_not_null(sim_sent(&t, t.client, "BYE", NULL));
    sim_finish(&t);
}

Test(offerless, an_answer_that_cannot_be_used_ends_the_call)
{
    struct sim t;

    invite(&t);
    ack(&t, "v=0\r\nnonsense\r\n");
    REACH(&t, sim_ended, 10 * IX_S);
    cr_assert_eq(LAST(t.client)->code, IRISX_E_PROTOCOL);
    sim_finish(&t);
}

Test(offerless, an_ack_that_never_comes_ends_the_call)
{
    struct sim t;

    invite(&t);
    REACH(&t, sim_ended, 40 * IX_S);
    cr_assert_eq(LAST(t.client)->code, IRISX_E_TIMEOUT);
    sim_finish(&t);
}
