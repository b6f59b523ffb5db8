/* SPDX-License-Identifier: MIT */
/*
 * rtp: one RTP session with SRTP (libsrtp2) for one audio stream each way: RFC 3550, 3551, 3611 (extended reports),
 * 3711, 5761 (mux), 4733 payloads passed through, 2198 (redundant audio), 7983 (which of STUN, DTLS, RTP, RTCP a packet
 * is).
 */
#ifndef IX_RTP_H
#define IX_RTP_H

#include "core/core.h"

enum ix_packet_kind {
    IX_PACKET_UNKNOWN = 0,
    IX_PACKET_STUN = 1,
    IX_PACKET_DTLS = 2,
    IX_PACKET_RTP = 3,
    IX_PACKET_RTCP = 4,
    IX_PACKET_TURN_CHANNEL = 5
};
enum ix_packet_kind ix_packet_kind(const void *p, size_t n); /* RFC 7983 section 7, RFC 5761 section 4 */

struct ix_rtp_header {
    bool marker, padding, extension;
    uint8_t payload_type;
    uint16_t seq;
    uint32_t timestamp;
    uint32_t ssrc;
    const uint8_t *payload;
    size_t payload_len;
};
int ix_rtp_parse(struct ix_rtp_header *h, const void *p, size_t n);

struct ix_rtp_payload { /* what a payload type means, as negotiated */
    uint8_t payload_type;
    uint8_t kind; /* enum ix_frame_kind; REDUNDANT: RFC 2198, its blocks are of the others */
    uint8_t codec; /* enum ix_codec_id for audio; 0 else */
    uint32_t clock_hz; /* 48000, 8000 */
};
struct ix_rtp_config {
    const struct ix_rng *rng; /* SSRC, first sequence number and timestamp; must outlive */
    const struct ix_log *log;
    const char *cname; /* copied; RFC 7022 */
    uint32_t ssrc; /* 0 = random */
    uint32_t rtcp_interval_ms; /* 0 = 5000; the first report comes after 500 ms */
};
struct ix_rtp_voip { /* RFC 3611 section 4.7; rates and densities in /256, delays in ms, 127 = not known for the rest */
    uint8_t loss_rate, discard_rate, burst_density, gap_density;
    uint16_t burst_ms, gap_ms, round_trip_ms, end_system_delay_ms;
    int8_t signal_dbm, noise_dbm; /* dBm0 */
    uint8_t r_factor, mos_lq, mos_cq; /* R 0..100; MOS times ten */
    uint16_t buffer_ms, buffer_max_ms, buffer_limit_ms;
};
struct ix_rtp_stats { /* counters since start; *_us and jitter in microseconds */
    uint64_t packets_sent, bytes_sent, packets_received, bytes_received;
    uint64_t packets_lost; /* RFC 3550 cumulative, never below 0 here */
    uint64_t discarded_auth, discarded_replay, discarded_malformed, before_keys;
    uint64_t discarded_source; /* authentic, but of an SSRC that is not the one we listen to */
    uint64_t discarded_payload; /* authentic, but of a payload type nobody negotiated, or too long */
    uint64_t overflow; /* outputs that fell because nobody drained poll() */
    uint64_t jitter_us; /* RFC 3550 section 6.4.1 */
    uint64_t round_trip_us; /* last from RTCP; 0 = none yet */
    uint64_t remote_lost; /* what the peer reports of ours */
    uint64_t remote_jitter_us;
    uint8_t remote_fraction_lost; /* /256 */
    uint32_t ssrc, remote_ssrc;
    uint64_t rtcp_sent, rtcp_received;
    uint64_t reports; /* report blocks of the peer about what we send */
    bool have_remote_voip;
    struct ix_rtp_voip remote_voip; /* what the peer measured of what we send */
};
enum ix_rtp_out_kind { IX_RTP_OUT_SEND = 1, IX_RTP_OUT_FRAME = 2, IX_RTP_OUT_BYE = 3, IX_RTP_OUT_TAP = 4 };
struct ix_rtp_out {
    enum ix_rtp_out_kind kind;
    const uint8_t *data; /* SEND: protected packet; TAP: the same packet in clear (capture) */
    size_t len;
    bool outgoing; /* TAP */
    const struct ix_frame *frame; /* FRAME: received */
};
/*
 * Initialises libsrtp once for the process (40 ms on NSS), counted and thread-safe: the shell calls it early, off the
 * hot path; ix_rtp_new() does it if nobody has. Stays for the life of the process. IRISX_E_NO_MEMORY, IRISX_E_INTERNAL.
 */
int ix_rtp_global_init(void);

struct ix_rtp;
int ix_rtp_new(const struct ix_rtp_config *config, struct ix_rtp **out);
void ix_rtp_free(struct ix_rtp *r);
int ix_rtp_set_payloads(
    struct ix_rtp *r, const struct ix_rtp_payload *list, size_t count); /* receive and send map; replaces */
/* which payload types audio, events, comfort noise are sent with (0xff = none) */
void ix_rtp_set_send(struct ix_rtp *r, uint8_t audio_pt, uint8_t event_pt, uint8_t cn_pt);
/* audio goes out with the packet before in it, under this payload type (RFC 2198); 0 = not. After ix_rtp_set_send */
void ix_rtp_set_red(struct ix_rtp *r, uint8_t red_pt);
/* 30-byte key+salt each way (struct ix_srtp_keys of dtls, passed by value through the call layer) */
int ix_rtp_set_keys(struct ix_rtp *r, const uint8_t local[30], const uint8_t remote[30]);
/* what is told of the sound received from the next report on (RFC 3611 VoIP metrics); its round trip is filled in here
 */
void ix_rtp_set_voip(struct ix_rtp *r, const struct ix_rtp_voip *v);
void ix_rtp_set_tap(struct ix_rtp *r, bool on);
uint32_t ix_rtp_ssrc(const struct ix_rtp *r);
/*
 * frames to the wire: assigns SSRC, sequence, payload type. IRISX_E_STATE without keys or a payload type for it,
 * IRISX_E_TOO_LARGE, IRISX_E_CLOSED after bye, IRISX_E_AGAIN while poll() was not drained (6 outputs wait at most)
 */
int ix_rtp_send(struct ix_rtp *r, const struct ix_frame *frame, struct ix_now now);
void ix_rtp_input(struct ix_rtp *r, const void *p, size_t n, uint64_t arrival_us, struct ix_now now);
void ix_rtp_bye(struct ix_rtp *r, struct ix_now now);
void ix_rtp_timeout(struct ix_rtp *r, struct ix_now now);
bool ix_rtp_poll(struct ix_rtp *r, struct ix_rtp_out *out); /* no allocation per packet */
uint64_t ix_rtp_deadline(const struct ix_rtp *r);
void ix_rtp_stats(const struct ix_rtp *r, struct ix_rtp_stats *out);

/* RTCP, for tests and fuzzing: walks a compound packet; IRISX_E_PROTOCOL if malformed */
int ix_rtcp_check(const void *p, size_t n);

#endif
