/* SPDX-License-Identifier: MIT */
/* Descriptions as peers write them; LF stands for CRLF. */
#ifndef TEST_SDP_VECTORS_H
#define TEST_SDP_VECTORS_H

extern const char sdp_freeswitch_offer[], sdp_freeswitch_reoffer[], sdp_freeswitch_answer[], sdp_chromium_offer[],
    sdp_firefox_offer[], sdp_audio_video_offer[], sdp_session_level_offer[];

#endif
