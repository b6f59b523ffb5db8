/* SPDX-License-Identifier: MIT */
#include "tests/unit/sdp/rig.h"

Test(parse, the_offer_of_freeswitch)
{
    const struct ix_sdp *s = sdp_of(sdp_freeswitch_offer, 0);
    const struct ix_sdp_media *m = &s->media[0];
    cr_assert_eq(s->media_count, 1);
    cr_assert(same(s->origin_user, "FreeSWITCH"));
    cr_assert(same(s->origin_id, "1795143042"));
    cr_assert(same(s->origin_version, "1795143043"));
    cr_assert(same(m->type, "audio"));
    cr_assert_eq(m->port, 23954);
    cr_assert(same(m->proto, "RTP/SAVPF"));
    cr_assert_eq(m->codec_count, 7);
    cr_assert(same(m->codecs[0].name, "opus"));
    cr_assert_eq(m->codecs[0].payload_type, 102);
    cr_assert_eq(m->codecs[0].clock_hz, 48000);
    cr_assert_eq(m->codecs[0].channels, 2);
    cr_assert_eq(m->codecs[4].clock_hz, 48000);
    cr_assert(same(m->codecs[4].name, "CN"));
    cr_assert_eq(m->connection.family, IX_IPV4);
    cr_assert_eq(m->connection.port, 23954);
    cr_assert_eq(m->setup, IX_SETUP_ACTPASS);
    cr_assert_eq(m->direction, IX_SDP_SENDRECV);
    cr_assert(m->rtcp_mux && !m->rtcp_rsize && !m->ice_lite && !m->trickle && !m->bundled && !m->end_of_candidates);
    cr_assert_eq(m->mid.n, 0);
    cr_assert(same(m->ice_ufrag, "A7c3tEPnEyj5tRja"));
    cr_assert(same(m->ice_pwd, "uEIgp3KrXIphsKpymoUydEzy"));
    cr_assert_eq(m->fingerprint_count, 1);
    cr_assert_eq(m->fingerprints[0].kind, IX_SHA256);
    cr_assert_eq(m->fingerprints[0].bytes[0], 0x33);
    cr_assert_eq(m->fingerprints[0].bytes[31], 0x97);
    cr_assert_eq(m->ssrc, 1327107996);
    cr_assert_eq(m->ptime, 20);
    cr_assert_eq(m->candidate_count, 2);
    cr_assert_eq(m->candidates[0].component, 1);
    cr_assert_eq(m->candidates[1].component, 2);
    cr_assert_eq(m->candidates[0].priority, 2130706431);
    cr_assert(same(m->candidates[0].foundation, "6454737715"));
}

Test(parse, both_separators_of_format_parameters)
{
    struct ix_str v, fmtp = sdp_of(sdp_freeswitch_offer, 0)->media[0].codecs[0].fmtp;
    cr_assert(ix_sdp_fmtp(fmtp, "useinbandfec", &v) && same(v, "1"));
    cr_assert(ix_sdp_fmtp(fmtp, "MAXAVERAGEBITRATE", &v) && same(v, "30000"));
    cr_assert(ix_sdp_fmtp(fmtp, "stereo", &v) && same(v, "1"));
    cr_assert(!ix_sdp_fmtp(fmtp, "usedtx", &v));
    cr_assert(ix_sdp_fmtp(IX_STR("minptime=10;useinbandfec=1"), "useinbandfec", &v) && same(v, "1"));
    cr_assert(!ix_sdp_fmtp(IX_STR("0-15"), "events", &v));
    cr_assert(!ix_sdp_fmtp(IX_STR(""), "x", &v));
    cr_assert(ix_sdp_fmtp(IX_STR(";; a = b ;"), "a", &v) && same(v, "b"));
}

Test(parse, the_offer_of_chromium)
{
    const struct ix_sdp *s = sdp_of(sdp_chromium_offer, 0);
    const struct ix_sdp_media *m = &s->media[0];
    cr_assert(same(s->group_bundle, "0"));
    cr_assert(m->bundled && m->trickle && m->rtcp_rsize);
    cr_assert(same(m->mid, "0"));
    cr_assert_eq(m->port, 9);
    cr_assert_eq(m->candidate_count, 5);
    cr_assert_eq(m->candidates[1].addr.family, 0); /* a name */
    cr_assert(same(m->candidates[1].host, "7d1e32b1-0d2c-4f4b-9a0e-8f5d4a2c1b3e.local"));
    cr_assert_eq(m->candidates[1].addr.port, 44323);
    cr_assert(same(m->candidates[2].type, "srflx"));
    cr_assert_eq(m->candidates[2].related.port, 56409);
    cr_assert_eq(m->candidates[2].related.family, IX_IPV4);
    cr_assert(!m->candidates[3].udp);
    cr_assert_eq(m->candidates[4].addr.family, IX_IPV6);
    cr_assert_eq(m->ssrc, 3735928559);
}

Test(parse, the_offer_of_firefox_has_its_fingerprint_above)
{
    const struct ix_sdp_media *m = &sdp_of(sdp_firefox_offer, 0)->media[0];
    cr_assert_eq(m->fingerprint_count, 1);
    cr_assert(m->trickle && m->end_of_candidates && m->bundled);
    cr_assert(m->candidates[0].udp && !m->candidates[1].udp);
    cr_assert_eq(m->candidates[2].component, 2);
    cr_assert_eq(m->codecs[1].channels, 1);
    cr_assert(same(m->codecs[4].fmtp, "0-15"));
}

Test(parse, session_attributes_are_merged_and_media_attributes_win)
{
    const struct ix_sdp *s = sdp_of(sdp_session_level_offer, 0);
    const struct ix_sdp_media *a = &s->media[0], *b = &s->media[1];
    cr_assert(a->ice_lite && b->ice_lite && a->rtcp_mux && b->rtcp_mux);
    cr_assert(same(a->ice_ufrag, "abcd"));
    cr_assert(same(b->ice_ufrag, "efgh"));
    cr_assert_eq(a->setup, IX_SETUP_PASSIVE);
    cr_assert_eq(b->setup, IX_SETUP_ACTIVE);
    cr_assert_eq(a->direction, IX_SDP_RECVONLY);
    cr_assert_eq(b->direction, IX_SDP_SENDRECV);
    cr_assert_eq(a->fingerprint_count, 2);
    cr_assert_eq(a->fingerprints[0].kind, IX_SHA1);
    cr_assert_eq(b->fingerprint_count, 1);
    cr_assert_eq(b->fingerprints[0].bytes[0], 0xd3);
    cr_assert_eq(a->connection.family, IX_IPV6);
    cr_assert_eq(a->connection.port, 5000);
    cr_assert_eq(b->connection.family, IX_IPV4);
    cr_assert_eq(b->connection.port, 5002);
    cr_assert(same(a->codecs[0].name, "PCMA")); /* a static type without rtpmap */
    cr_assert_eq(a->codecs[0].clock_hz, 8000);
}

Test(parse, what_is_malformed_is_refused_with_a_reason)
{
    static const char *const bad[] = { "", "\n\n", "x", "v=1\n", "o=- 1 1 IN IP4 0\n", "v=0\nx\n", "v=0\n=0\n",
        "v=0\nV=0\n", "v=0\no=a\n", "v=0\nm=audio\n", "v=0\nm=audio 9\n", "v=0\nm=audio 9 X\n",
        "v=0\nm=audio 65536 X 0\n", "v=0\nm=audio -1 X 0\n", "v=0\nm=audio 9 X 128\n", "v=0\nm=audio 9 X a\n",
        "v=0\nm= 9 X 0\n", "v=0\nc=IN IP5 ::\n", "v=0\nc=IN IP4\n", "v=0\nc=IN IP4 1.2.3.4 x\n",
        "v=0\nc=X IP4 1.2.3.4\n", "v=0\na=setup:perhaps\n", "v=0\na=fingerprint:sha-256 00\n",
        "v=0\na=fingerprint:sha-256 zz\n", "v=0\na=fingerprint:sha-1 4A:AD\n", "v=0\na=ice-ufrag:abc\n",
        "v=0\na=ice-pwd:short\n", "v=0\na=ice-ufrag:ab cd\n", "v=0\na=mid:\n", "v=0\na=mid:a b\n", "v=0\ns=a\x01z\n" };
    for (size_t i = 0; i < IX_COUNT(bad); i++) {
        const char *why = NULL;
        cr_expect_eq(sdp_parse(bad[i], &why), IRISX_E_PROTOCOL, "%zu: %s", i, bad[i]);
        cr_expect_not_null(why, "%s", bad[i]);
    }
}

Test(parse, what_does_not_matter_is_tolerated)
{
    static const char *const good[] = { "v=0", "v=0\n\n\nm=audio 9 X 0\n", "v=0\nm=audio 9/2 RTP/AVP 0 0 8\n",
        "v=0\na=\n", "v=0\na=x\n", "v=0\na=fingerprint:sha-999 zz\n",
        "v=0\nm=audio 9 X 0\na=rtpmap:200 x/1\na=rtpmap:\na=rtpmap:0\na=rtpmap:0 /\na=fmtp:\na=ptime:x\na=ssrc:x\n",
        "v=0\nm=audio 9 X 0\na=candidate:\na=candidate:1 1 udp\na=candidate:1 0 udp 1 1.2.3.4 5 typ host\na=candidate:1 1 udp 9999999999 1.2.3.4 5 typ host\n",
        "v=0\nm=video 9 X webrtc-datachannel\n", "v=0\nc=IN IP4 224.2.36.42/127\n", "v=0\nc=IN IP4 host.example\n",
        "v=0\nm=audio 9 X  0\n" };
    for (size_t i = 0; i < IX_COUNT(good); i++) {
        const char *why = NULL;
        cr_expect_eq(sdp_parse(good[i], &why), 0, "%s: %s", good[i], why ? why : "");
    }
}

Test(parse, counts_are_bounded)
{
    static char text[60000];
    size_t n = (size_t) snprintf(text, sizeof text, "v=0\nm=audio 9 RTP/SAVPF");
    for (int i = 0; i < 128; i++)
        n += (size_t) snprintf(text + n, sizeof text - n, " %d", i);
    n += (size_t) snprintf(text + n, sizeof text - n, "\n");
    for (int i = 0; i < 200; i++)
        n += (size_t) snprintf(text + n, sizeof text - n,
            "a=candidate:%d 1 udp 1 1.2.3.4 5 typ host\na=fingerprint:sha-1 "
            "4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB\n",
            i);
    const struct ix_sdp_media *m = &sdp_of(text, 0)->media[0];
    cr_assert_eq(m->codec_count, IX_SDP_MAX_CODECS);
    cr_assert_eq(m->candidate_count, IX_SDP_MAX_CANDIDATES);
    cr_assert_eq(m->fingerprint_count, 4);
    n = (size_t) snprintf(text, sizeof text, "v=0\n");
    for (int i = 0; i < 1000; i++)
        n += (size_t) snprintf(text + n, sizeof text - n, "m=audio 9 X 0\na=mid:%d\nc=IN IP4 1.2.3.4\n", i);
    const char *why = NULL;
    cr_assert_eq(sdp_parse(text, &why), IRISX_E_TOO_LARGE);
    cr_assert_not_null(why);
}

Test(parse, 64_kib_of_junk_are_survived)
{
    static char junk[65536];
    static const char *const fills[] = { "a", "\n", "a=\n", "m=\n", "v=0\n",
        "v=0\na=candidate:1 1 udp 1 1.2.3.4 5 typ host\n", " ", "m=audio 9 X 0\n" };
    static struct ix_sdp sdp;
    struct ix_prng prng;
    ix_prng_seed(&prng, 4);
    struct ix_rng rng = ix_prng_rng(&prng);
    for (size_t i = 0; i < IX_COUNT(fills); i++) {
        for (size_t at = 0; at < sizeof junk; at++)
            junk[at] = fills[i][at % strlen(fills[i])];
        (void) ix_sdp_parse(&sdp, junk, sizeof junk, NULL);
        memcpy(junk, "v=0\n", 4);
        (void) ix_sdp_parse(&sdp, junk, sizeof junk, NULL);
    }
    for (int i = 0; i < 20; i++) {
        ix_rng_fill(&rng, junk, sizeof junk);
        cr_expect_neq(ix_sdp_parse(&sdp, junk, sizeof junk, NULL), 0);
    }
}

Test(parse, every_prefix_is_survived)
{
    static const char *const texts[] = { sdp_freeswitch_offer, sdp_chromium_offer, sdp_firefox_offer,
        sdp_audio_video_offer, sdp_session_level_offer };
    static struct ix_sdp sdp;
    for (size_t i = 0; i < IX_COUNT(texts); i++) {
        for (size_t n = strlen(texts[i]); n > 0; n--) {
            char *exact = malloc(n);
            memcpy(exact, texts[i], n);
            (void) ix_sdp_parse(&sdp, exact, n, NULL);
            free(exact);
        }
    }
}
