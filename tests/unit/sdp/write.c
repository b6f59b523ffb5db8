/* SPDX-License-Identifier: MIT */
#include "tests/unit/sdp/rig.h"

static const char *offered(struct ix_sdp_local local)
{
    struct ix_buf b;
    ix_buf_init(&b, 16384);
    cr_assert_eq(ix_sdp_write_offer(&local, &b), 0);
    return sdp_text(&b);
}

static bool has(const char *text, const char *line)
{
    char want[256];
    (void) snprintf(want, sizeof want, "\r\n%s\r\n", line);
    return strstr(text, want) != NULL;
}

Test(write, an_offer_line_by_line)
{
    struct ix_sdp_local local = sdp_local();
    local.setup = IX_SETUP_ACTPASS;
    local.mid = "0";
    local.bundle = true;
    cr_assert_str_eq(offered(local),
        "v=0\r\no=- 42 1 IN IP4 192.0.2.50\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\nm=audio 40000 UDP/TLS/RTP/SAVPF 111 0 8 13 110 101\r\n"
        "c=IN IP4 192.0.2.50\r\na=candidate:1 1 udp 2130706431 192.0.2.50 40000 typ host\r\n"
        "a=candidate:2 1 udp 1694498815 2001:db8::1 50000 typ srflx raddr 192.0.2.50 rport 40000\r\na=end-of-candidates\r\n"
        "a=ice-ufrag:ufrg\r\na=ice-pwd:pwdpwdpwdpwdpwdpwdpwdpwd\r\na=ice-options:ice2\r\n"
        "a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n"
        "a=setup:actpass\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n"
        "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\na=rtpmap:110 telephone-event/48000\r\na=fmtp:110 0-15\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=msid:name audio\r\na=ssrc:7 cname:name\r\n");
}

Test(write, only_what_is_wanted_is_offered)
{
    struct ix_sdp_local local = sdp_local();
    local.opus = true;
    local.opus_max_bitrate = 24000;
    const char *text = offered(local);
    cr_assert(has(text, "m=audio 40000 UDP/TLS/RTP/SAVPF 111"));
    cr_assert(has(text, "a=fmtp:111 minptime=10;useinbandfec=1;maxaveragebitrate=24000"));
    local.opus = false;
    local.pcmu = local.events = true;
    local.direction = IX_SDP_SENDONLY;
    local.ptime = 40;
    text = offered(local);
    cr_assert(has(text, "m=audio 40000 UDP/TLS/RTP/SAVPF 0 13 101"));
    cr_assert(has(text, "a=sendonly") && has(text, "a=ptime:40"));
    cr_assert(!strstr(text, "opus") && !strstr(text, "a=mid") && !strstr(text, "BUNDLE"));
    struct ix_buf b;
    ix_buf_init(&b, 4096);
    local = sdp_local();
    local.events = true;
    cr_assert_eq(ix_sdp_write_offer(&local, &b), IRISX_E_INVALID); /* events of nothing */
    local = sdp_local();
    local.pwd = NULL;
    cr_assert_eq(ix_sdp_write_offer(&local, &b), IRISX_E_INVALID);
    ix_buf_clear(&b);
}

Test(write, an_offer_without_address_is_written_with_port_9)
{
    struct ix_sdp_local local = sdp_local();
    local.candidate_count = 0;
    local.default_addr = (struct ix_addr){ .family = 0 };
    const char *text = offered(local);
    cr_assert(has(text, "c=IN IP4 0.0.0.0"));
    cr_assert(strstr(text, "m=audio 9 "));
}

Test(write, the_answer_to_freeswitch_echoes_its_profile)
{
    struct ix_sdp_local local = sdp_local();
    struct ix_sdp_agreed agreed;
    const char *text = sdp_answered(sdp_freeswitch_offer, &local, &agreed);
    cr_assert(has(text, "m=audio 40000 RTP/SAVPF 102 103"));
    cr_assert(has(text, "a=rtpmap:102 opus/48000/2"));
    cr_assert(has(text, "a=rtpmap:103 telephone-event/48000"));
    cr_assert(has(text, "a=setup:active"));
    cr_assert(has(text, "a=rtcp-mux"));
    cr_assert(!strstr(text, "a=mid") && !strstr(text, "BUNDLE"));
}

Test(write, the_answer_to_a_browser_echoes_mid_and_bundle_and_drops_the_rest)
{
    struct ix_sdp_local local = sdp_local();
    struct ix_sdp_agreed agreed;
    local.mid = "0";
    local.bundle = true;
    const char *text = sdp_answered(sdp_chromium_offer, &local, &agreed);
    cr_assert(has(text, "a=group:BUNDLE 0"));
    cr_assert(has(text, "a=mid:0"));
    cr_assert(has(text, "m=audio 40000 UDP/TLS/RTP/SAVPF 111 110 63"));
    cr_assert(!strstr(text, "extmap") && !strstr(text, "rtcp-fb") && !strstr(text, "G722/"));
    const struct ix_sdp *back = sdp_of(text, 1);
    cr_assert(back->media[0].bundled);
    cr_assert_eq(ix_sdp_read_answer(back, &local, &agreed, NULL), 0);
}

Test(write, other_lines_are_refused_in_their_place)
{
    struct ix_sdp_local local = sdp_local();
    struct ix_sdp_agreed agreed;
    local.mid = "a";
    local.bundle = true;
    const char *text = sdp_answered(sdp_audio_video_offer, &local, &agreed);
    const struct ix_sdp *back = sdp_of(text, 1);
    cr_assert_eq(back->media_count, 4);
    cr_assert(has(text, "m=video 0 UDP/TLS/RTP/SAVPF 96"));
    cr_assert(has(text, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel"));
    cr_assert(has(text, "m=audio 0 UDP/TLS/RTP/SAVPF 111"));
    cr_assert(has(text, "a=group:BUNDLE a"));
    cr_assert(same(back->media[0].mid, "v"));
    cr_assert_eq(back->media[1].port, 40000);
    cr_assert_eq(back->media[1].setup, IX_SETUP_PASSIVE); /* the offer was active */
    cr_assert_eq(back->media[1].direction, IX_SDP_RECVONLY);
    cr_assert_eq(back->media[2].port, 0);
    cr_assert_eq(back->media[3].port, 0);
}

Test(write, our_role_follows_the_offer)
{
    static const struct {
        const char *theirs;
        enum ix_sdp_setup ours, result;
    } cases[] = { { "actpass", IX_SETUP_NONE, IX_SETUP_ACTIVE }, { "actpass", IX_SETUP_PASSIVE, IX_SETUP_PASSIVE },
        { "active", IX_SETUP_ACTIVE, IX_SETUP_PASSIVE }, { "passive", IX_SETUP_PASSIVE, IX_SETUP_ACTIVE } };
    for (size_t i = 0; i < IX_COUNT(cases); i++) {
        char offer[4096];
        struct ix_sdp_local local = sdp_local();
        struct ix_sdp_agreed agreed;
        local.setup = cases[i].ours;
        (void) snprintf(offer, sizeof offer, "%sa=setup:%s\n", sdp_freeswitch_offer, cases[i].theirs);
        cr_expect_eq(sdp_of(sdp_answered(offer, &local, &agreed), 1)->media[0].setup, cases[i].result, "%zu", i);
    }
}

Test(write, an_offer_of_ours_is_accepted_by_us)
{
    struct ix_sdp_local local = sdp_local(), other = sdp_local();
    struct ix_sdp_agreed there, here;
    static char offer[8192];
    local.mid = "0";
    (void) snprintf(offer, sizeof offer, "%s", offered(local));
    other.mid = "0";
    other.direction = IX_SDP_RECVONLY;
    const char *answer = sdp_answered(offer, &other, &there);
    cr_assert_eq(ix_sdp_read_answer(sdp_of(answer, 1), &local, &here, NULL), 0);
    cr_assert_eq(here.audio_pt, there.audio_pt);
    cr_assert_eq(here.event_pt, there.event_pt);
    cr_assert_eq(here.direction, IX_SDP_SENDONLY);
}

Test(write, a_full_buffer_is_an_error_not_half_a_description)
{
    struct ix_sdp_local local = sdp_local();
    char small[300];
    for (size_t n = 0; n < sizeof small; n += 7) {
        struct ix_buf b;
        ix_buf_init_fixed(&b, small, n);
        cr_assert_eq(ix_sdp_write_offer(&local, &b), IRISX_E_TOO_LARGE);
    }
}
