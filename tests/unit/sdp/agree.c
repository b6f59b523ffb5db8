/* SPDX-License-Identifier: MIT */
#include "tests/unit/sdp/rig.h"

static int accept_text(const char *text, struct ix_sdp_local local, struct ix_sdp_agreed *agreed)
{
    return ix_sdp_accept(sdp_of(text, 0), &local, agreed, NULL);
}

Test(agree, the_first_codec_of_the_offer_that_we_have)
{
    struct ix_sdp_agreed a;
    cr_assert_eq(accept_text(sdp_freeswitch_offer, sdp_local(), &a), 0);
    cr_assert_eq(a.codec, IX_CODEC_OPUS);
    cr_assert_eq(a.audio_pt, 102);
    cr_assert_eq(a.event_pt, 103); /* clock 48000 */
    cr_assert_eq(a.cn_pt, 0xff);
    cr_assert_eq(a.clock_hz, 48000);
    cr_assert(a.fec && !a.dtx);
    cr_assert_eq(a.max_average_bitrate, 30000);
    cr_assert_eq(a.ptime, 20);
    cr_assert_eq(a.direction, IX_SDP_SENDRECV);
    cr_assert(same(a.remote_codec.name, "opus"));
    struct ix_sdp_local local = sdp_local();
    local.pcma = local.events = true;
    cr_assert_eq(accept_text(sdp_freeswitch_offer, local, &a), 0);
    cr_assert_eq(a.codec, IX_CODEC_PCMA);
    cr_assert_eq(a.audio_pt, 8);
    cr_assert_eq(a.event_pt, 101); /* clock 8000 */
    cr_assert_eq(a.cn_pt, 13);
    local.events = false;
    cr_assert_eq(accept_text(sdp_freeswitch_offer, local, &a), 0);
    cr_assert_eq(a.event_pt, 0xff);
}

Test(agree, a_re_offer_in_another_order_keeps_the_codec_in_use)
{
    struct ix_sdp_agreed a;
    struct ix_sdp_local local = sdp_local();
    cr_assert_eq(accept_text(sdp_freeswitch_reoffer, local, &a), 0);
    cr_assert_eq(a.codec, IX_CODEC_PCMU); /* what the order alone would give */
    local.keep = IX_CODEC_OPUS;
    cr_assert_eq(accept_text(sdp_freeswitch_reoffer, local, &a), 0);
    cr_assert_eq(a.codec, IX_CODEC_OPUS);
    cr_assert_eq(a.audio_pt, 102);
    cr_assert_eq(a.event_pt, 103);
}

Test(agree, browsers)
{
    struct ix_sdp_agreed a;
    cr_assert_eq(accept_text(sdp_chromium_offer, sdp_local(), &a), 0);
    cr_assert_eq(a.audio_pt, 111);
    cr_assert_eq(a.event_pt, 110);
    cr_assert_eq(accept_text(sdp_firefox_offer, sdp_local(), &a), 0);
    cr_assert_eq(a.audio_pt, 109);
    cr_assert_eq(a.event_pt, 0xff); /* only telephone-event/8000 there */
}

Test(agree, the_first_audio_line_that_fits)
{
    struct ix_sdp_agreed a;
    cr_assert_eq(accept_text(sdp_audio_video_offer, sdp_local(), &a), 0);
    cr_assert_eq(a.media_index, 1);
    cr_assert_eq(a.codec, IX_CODEC_PCMU);
    cr_assert_eq(a.direction, IX_SDP_RECVONLY);
}

Test(agree, directions)
{
    static const struct {
        const char *theirs;
        enum ix_sdp_direction ours, result;
    } cases[] = { { "sendrecv", IX_SDP_SENDRECV, IX_SDP_SENDRECV }, { "sendonly", IX_SDP_SENDRECV, IX_SDP_RECVONLY },
        { "recvonly", IX_SDP_SENDRECV, IX_SDP_SENDONLY }, { "inactive", IX_SDP_SENDRECV, IX_SDP_INACTIVE },
        { "sendrecv", IX_SDP_SENDONLY, IX_SDP_SENDONLY }, { "sendonly", IX_SDP_SENDONLY, IX_SDP_INACTIVE },
        { "sendrecv", IX_SDP_INACTIVE, IX_SDP_INACTIVE }, { "recvonly", IX_SDP_RECVONLY, IX_SDP_INACTIVE } };
    for (size_t i = 0; i < IX_COUNT(cases); i++) {
        char text[4096];
        struct ix_sdp_agreed a;
        struct ix_sdp_local local = sdp_local();
        local.direction = cases[i].ours;
        (void) snprintf(text, sizeof text, "%sa=%s\n", sdp_freeswitch_offer, cases[i].theirs);
        cr_assert_eq(accept_text(text, local, &a), 0);
        cr_expect_eq(a.direction, cases[i].result, "%zu", i);
    }
}

/* the FreeSWITCH offer without the lines that begin so */
static const char *without(const char *prefix)
{
    static char out[4096];
    size_t n = 0;
    for (const char *line = sdp_freeswitch_offer; *line;) {
        size_t len = (size_t) (strchr(line, '\n') - line) + 1;
        if (strncmp(line, prefix, strlen(prefix))) {
            memcpy(out + n, line, len);
            n += len;
        }
        line += len;
    }
    out[n] = '\0';
    return out;
}

Test(agree, what_cannot_become_a_call_says_why)
{
    struct ix_sdp_local local = sdp_local();
    struct ix_sdp_agreed a;
    const char *why = NULL;
    cr_assert_eq(ix_sdp_accept(sdp_of(without("a=fingerprint"), 0), &local, &a, &why), IRISX_E_PROTOCOL);
    cr_assert(strstr(why, "fingerprint"));
    cr_assert_eq(ix_sdp_accept(sdp_of(without("a=ice-pwd"), 0), &local, &a, &why), IRISX_E_PROTOCOL);
    cr_assert(strstr(why, "ICE"));
    cr_assert_eq(ix_sdp_accept(sdp_of(without("m="), 0), &local, &a, &why), IRISX_E_UNSUPPORTED);
    cr_assert(strstr(why, "no audio"));
    cr_assert_eq(ix_sdp_accept(sdp_of("v=0\nm=audio 9 RTP/SAVPF 9\n", 0), &local, &a, &why), IRISX_E_UNSUPPORTED);
    cr_assert(strstr(why, "codec"));
    cr_assert_eq(ix_sdp_accept(sdp_of("v=0\nm=audio 0 RTP/SAVPF 0\n", 0), &local, &a, &why), IRISX_E_UNSUPPORTED);
    cr_assert_eq(
        ix_sdp_accept(sdp_of("v=0\nm=audio 9 RTP/SAVPF 0\na=ice-ufrag:abcd\na=ice-pwd:0123456789012345678901\n"
                             "a=fingerprint:sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB\n",
                          0),
            &local, &a, &why),
        IRISX_E_PROTOCOL);
    cr_assert(strstr(why, "SHA-1"));
}

Test(agree, opus_must_be_what_rfc_7587_says)
{
    struct ix_sdp_agreed a;
    char text[4096];
    static const char *const maps[] = { "opus/48000", "opus/16000/2", "opus/48000/1", "opus/48000/2/3x", "" };
    for (size_t i = 0; i < IX_COUNT(maps); i++) {
        (void) snprintf(text, sizeof text, "%sa=rtpmap:102 %s\n", sdp_freeswitch_offer, maps[i]);
        cr_assert_eq(accept_text(text, sdp_local(), &a), 0);
        cr_expect_eq(a.codec, strstr(maps[i], "3x") ? IX_CODEC_OPUS : IX_CODEC_PCMU, "%s", maps[i]);
    }
}

static int read_text(const char *text, struct ix_sdp_agreed *a, const char **why)
{
    struct ix_sdp_local local = sdp_local();
    return ix_sdp_read_answer(sdp_of(text, 0), &local, a, why);
}

Test(agree, the_answer_of_freeswitch)
{
    struct ix_sdp_agreed a;
    cr_assert_eq(read_text(sdp_freeswitch_answer, &a, NULL), 0);
    cr_assert_eq(a.codec, IX_CODEC_OPUS);
    cr_assert_eq(a.audio_pt, 111);
    cr_assert_eq(a.event_pt, 110);
    cr_assert_eq(a.cn_pt, 0xff); /* 13 is CN/8000 */
    cr_assert(a.fec);
    cr_assert_eq(a.media_index, 0);
}

Test(agree, answers_that_are_none)
{
    struct ix_sdp_agreed a;
    const char *why = NULL;
    char text[4096];
    cr_assert_eq(read_text("v=0\n", &a, &why), IRISX_E_PROTOCOL);
    cr_assert_eq(read_text(sdp_audio_video_offer, &a, &why), IRISX_E_PROTOCOL);
    cr_assert_eq(read_text("v=0\nm=audio 0 UDP/TLS/RTP/SAVPF 111\n", &a, &why), IRISX_E_UNSUPPORTED);
    cr_assert(strstr(why, "refuses"));
    cr_assert_eq(read_text("v=0\nm=audio 9 UDP/TLS/RTP/SAVPF 9\n", &a, &why), IRISX_E_UNSUPPORTED);
    cr_assert_eq(read_text("v=0\nm=audio 9 UDP/TLS/RTP/SAVPF 0\n", &a, &why), IRISX_E_PROTOCOL);
    cr_assert(strstr(why, "fingerprint"));
    (void) snprintf(text, sizeof text, "%sa=setup:actpass\n", sdp_freeswitch_answer);
    cr_assert_eq(read_text(text, &a, &why), IRISX_E_PROTOCOL);
    cr_assert(strstr(why, "setup"));
}

Test(agree, redundant_audio_is_taken_where_its_blocks_are_the_codec)
{
    struct ix_sdp_agreed a;
    struct ix_sdp_local local = sdp_local();
    const char *text = sdp_answered(sdp_chromium_offer, &local, &a);
    cr_assert_eq(a.red_pt, 63);
    cr_assert(strstr(text, " 111 110 63\r\n"), "%s", text);
    cr_assert(strstr(text, "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n"), "%s", text);
    cr_assert_eq(accept_text(sdp_freeswitch_offer, local, &a), 0);
    cr_assert_eq(a.red_pt, 0, "who does not offer it does not get it");
    char other[8192];
    snprintf(other, sizeof(other), "%s", sdp_chromium_offer);
    memcpy(strstr(other, "a=fmtp:63 111/111") + 10, "009/009", 7);
    cr_assert_eq(accept_text(other, local, &a), 0);
    cr_assert_eq(a.red_pt, 0, "of another codec");
}
