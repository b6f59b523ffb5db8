/* SPDX-License-Identifier: MIT */
/* Session descriptions that must not become a call, and those that must in spite of their looks. */
#include <stdio.h>
#include <string.h>

#include "scenario.h"

#define SHA256_LINE "a=fingerprint:sha-256 "

static struct ix_dtls_identity *stranger(void)
{
    struct ix_dtls_identity *identity = NULL;
    struct ix_prng prng;
    struct ix_rng rng = ix_prng_rng(&prng);

    ix_prng_seed(&prng, 2);
    cr_assert_eq(ix_dtls_identity_new(&rng, WORLD_WALL, &identity), 0);
    return identity;
}

/* The peer's certificate is another than its description says: here its description names the client's. */
static void mismatch(const struct ix_dtls_ops *dtls)
{
    struct ix_dtls_identity *other = stranger();
    struct sim t;
    char line[128] = SHA256_LINE, ours[128] = SHA256_LINE;
    size_t at = strlen(line);

    sim_begin(&t, &(struct sim_options){ .seed = 1, .dtls = dtls, .server_identity = other });
    REACH(&t, sim_ready, 10 * IX_S);
    for (size_t i = 0; i < 32; i++, at += 3) {
        (void) snprintf(line + at, 4, "%02X:", ix_dtls_identity_sha256(other)[i]);
        (void) snprintf(ours + at, 4, "%02X:", ix_dtls_identity_sha256(t.client->identity)[i]);
    }
    line[at - 1] = ours[at - 1] = 0;
    sim_rule(&t, (struct sim_rule){ .from = t.server, .start = "SIP/2.0 200", .cut = line, .put = ours });
    t.server->auto_answer = true;
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_ended, 10 * IX_S);
    cr_assert_eq(LAST(t.client)->code, IRISX_E_FINGERPRINT);
    cr_assert_eq(t.client->frames_in, 0);
    cr_assert_eq(t.client->frames_out, 0);
    sim_finish(&t);
}

Test(descriptions, a_certificate_that_was_not_announced_ends_the_call_without_media)
{
    mismatch(NULL);
}

Test(descriptions, and_so_it_does_with_real_dtls)
{
    mismatch(&ix_dtls_mbedtls);
}

static void answered_with(const char *cut, const char *put, int code)
{
    struct sim t;

    sim_start(&t, 2);
    sim_rule(
        &t, (struct sim_rule){ .from = t.server, .start = "SIP/2.0 200", .has = "m=audio", .cut = cut, .put = put });
    t.server->auto_answer = true;
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_ended, 10 * IX_S);
    cr_assert_eq(LAST(t.client)->code, code, "%s", ix_error_name(LAST(t.client)->code));
    cr_assert_eq(t.client->frames_in, 0);
    cr_assert(sim_sent(&t, t.client, "BYE", NULL), "the peer believes that there is a call");
    sim_finish(&t);
}

Test(descriptions, an_answer_that_cannot_be_used_is_hung_up)
{
    answered_with("a=fingerprint", "a=fungerprint", IRISX_E_PROTOCOL);
    answered_with("a=fingerprint:sha-256", "a=fingerprint:sha-1", IRISX_E_PROTOCOL);
    answered_with("a=ice-ufrag", "a=ice-afrug", IRISX_E_PROTOCOL);
    answered_with("a=setup:active", "a=setup:actpass", IRISX_E_PROTOCOL);
    answered_with("v=0", "w=0", IRISX_E_PROTOCOL);
    answered_with("application/sdp", "text/plain", IRISX_E_PROTOCOL);
    answered_with("opus/48000/2", "opas/48000/2", IRISX_E_UNSUPPORTED);
}

static void offered_with(const char *cut, const char *put, const char *status)
{
    struct sim t;

    sim_start(&t, 3);
    sim_rule(&t, (struct sim_rule){ .from = t.client, .start = "INVITE", .cut = cut, .put = put });
    t.server->auto_answer = true;
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_ended, 10 * IX_S);
    cr_assert(sim_sent(&t, t.server, status, "INVITE"), "%s instead of %s: no %s", put, cut, status);
    cr_assert_eq(t.server->frames_in, 0);
    cr_assert_eq(t.server->call_count, 0, "it must not ring");
    sim_finish(&t);
}

Test(descriptions, an_offer_that_cannot_be_used_is_refused_before_it_rings)
{
    offered_with("a=fingerprint", "a=fungerprint", "SIP/2.0 488");
    offered_with("a=ice-pwd", "a=ice-dwp", "SIP/2.0 488");
    offered_with("m=audio", "m=video", "SIP/2.0 488");
    offered_with("v=0", "w=0", "SIP/2.0 400");
    offered_with("application/sdp", "text/plain", "SIP/2.0 415");
}

static void talks_with(const char *cut, const char *put)
{
    struct sim t;

    sim_start(&t, 4);
    sim_rule(&t, (struct sim_rule){ .from = t.client, .start = "INVITE", .cut = cut, .put = put });
    sim_rule(
        &t, (struct sim_rule){ .from = t.server, .start = "SIP/2.0 200", .has = "m=audio", .cut = cut, .put = put });
    sim_talk(&t);
    sim_hang_up(&t);
    sim_finish(&t);
}

Test(descriptions, a_weak_fingerprint_beside_a_strong_one_does_no_harm)
{
    talks_with(
        SHA256_LINE, "a=fingerprint:sha-1 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13\r\n" SHA256_LINE);
}

Test(descriptions, unknown_attributes_and_names_for_addresses_do_no_harm)
{
    talks_with("a=setup:",
        "a=extmap:1 urn:x\r\na=rtcp-fb:* nack\r\n"
        "a=candidate:9 1 udp 2122260223 5b3a4d9e.local 9 typ host\r\na=candidate:8 1 tcp 1518280447 192.0.2.99 9 typ host\r\na=setup:");
}

Test(descriptions, codecs_taken_away_between_ringing_and_answer_refuse_the_call)
{
    struct ix_call_config config = { .no_opus = true, .no_pcma = true, .no_pcmu = true };
    struct sim t;

    sim_start(&t, 6);
    sim_rule(
        &t, (struct sim_rule){ .from = t.client, .start = "INVITE", .cut = "opus/48000/2", .put = "opas/48000/2" });
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_server_rings, 10 * IX_S);
    config.no_opus = false; /* the one that was not offered */
    cr_assert_eq(ix_call_answer(t.server->phone, sim_server_call(&t), &config, NOW(&t)), 0);
    REACH(&t, sim_ended, 10 * IX_S);
    cr_assert_eq(LAST(t.client)->sip_status, 488);
    cr_assert_eq(LAST(t.client)->code, IRISX_E_UNSUPPORTED);
    sim_finish(&t);
}
