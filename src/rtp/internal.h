/* SPDX-License-Identifier: MIT */
/* Inside rtp: the packet formats, reception statistics and SRTP behind small interfaces of their own. */
#ifndef IX_RTP_INTERNAL_H
#define IX_RTP_INTERNAL_H

#include "rtp/rtp.h"

#define IX_RTP_HEAD 12 /* bytes of fixed header, RFC 3550 section 5.1 */
#define IX_RTP_PACKET_MAX 1600 /* bytes in clear: a full frame, 15 CSRCs and an ample header extension */
#define IX_RTCP_BLOCKS_MAX 31 /* report blocks a packet can hold */
#define IX_RTP_CNAME_MAX 64

/* ---- packet.c ---------------------------------------------------------------------------- */
void ix_rtp_write_head(struct ix_buf *b, const struct ix_rtp_header *h); /* no CSRC, no extension, no padding */

/* ---- red.c: redundant audio (RFC 2198) ---------------------------------------------------- */
#define IX_RED_MAX 8 /* redundant blocks in a packet */
#define IX_RED_OFFSET_MAX 0x3fffu /* 14 bits */
#define IX_RED_LEN_MAX 0x3ffu /* 10 bits */
struct ix_red_block {
    uint8_t payload_type;
    uint32_t offset; /* how much earlier than the packet's timestamp, RTP clock */
    const uint8_t *p; /* into what was parsed */
    size_t len;
};
struct ix_red {
    struct ix_red_block block[IX_RED_MAX], primary; /* oldest first */
    size_t count;
};
int ix_red_parse(struct ix_red *red, const void *p, size_t n); /* IRISX_E_PROTOCOL */
/* before may be NULL; its offset and length fit */
void ix_red_write(struct ix_buf *b, const struct ix_red_block *before, const struct ix_red_block *primary);

/* ---- source.c: what is known of one synchronisation source we receive (RFC 3550 appendix A.1, A.3, A.8) --- */
struct ix_rtp_source {
    uint32_t ssrc;
    bool started;
    uint64_t base; /* extended sequence numbers: the first */
    uint64_t highest; /* the highest */
    uint64_t received;
    uint64_t expected_prior, received_prior; /* at the last report */
    uint64_t lost_before; /* of runs that ended with a jump */
    uint64_t last_arrival_us;
    uint64_t jitter_q4; /* microseconds, in sixteenths */
    uint32_t clock_hz; /* of the packet that transit_* tells of; 0 = none yet */
    uint32_t transit_ts;
    uint64_t transit_us;
};
void ix_rtp_source_start(struct ix_rtp_source *s, uint32_t ssrc);
void ix_rtp_source_packet(struct ix_rtp_source *s, uint16_t seq, uint64_t arrival_us);
void ix_rtp_source_transit(struct ix_rtp_source *s, uint32_t timestamp, uint32_t clock_hz, uint64_t arrival_us);
uint64_t ix_rtp_source_lost(const struct ix_rtp_source *s);
uint64_t ix_rtp_source_jitter_us(const struct ix_rtp_source *s);

/* ---- rtcp.c ------------------------------------------------------------------------------ */
struct ix_rtcp_block { /* RFC 3550 section 6.4.1 */
    uint32_t ssrc;
    uint8_t fraction_lost; /* /256 */
    int32_t lost; /* 24 bits, signed */
    uint32_t highest;
    uint32_t jitter; /* in units of the RTP clock */
    uint32_t lsr; /* middle of the last SR's NTP time */
    uint32_t dlsr; /* 1/65536 s */
};
struct ix_rtcp_sender {
    uint64_t ntp; /* 32.32 */
    uint32_t timestamp;
    uint32_t packets;
    uint32_t bytes;
};
uint64_t ix_rtcp_ntp(int64_t wall_us);
void ix_rtp_source_report(struct ix_rtp_source *s, struct ix_rtcp_block *out); /* begins a new interval */
struct ix_rtcp_report {
    uint32_t ssrc;
    const struct ix_rtcp_sender *sender; /* NULL: a receiver report */
    const struct ix_rtcp_block *block; /* NULL: none */
    const char *cname;
    bool bye;
};
void ix_rtcp_write(struct ix_buf *b, const struct ix_rtcp_report *report);
/* What a compound packet says, as a walk; the compound has passed ix_rtcp_check(). */
enum ix_rtcp_kind {
    IX_RTCP_SR = 200,
    IX_RTCP_RR = 201,
    IX_RTCP_SDES = 202,
    IX_RTCP_BYE = 203,
    IX_RTCP_APP = 204,
    IX_RTCP_XR = 207
};
struct ix_rtcp_packet {
    uint8_t kind; /* also others than those above */
    uint8_t count;
    uint32_t ssrc; /* SR, RR and others: the sender; BYE, SDES: the first source, 0 if none */
    struct ix_rtcp_sender sender; /* SR */
    struct ix_reader body; /* SR, RR: report blocks; BYE, SDES: all of it */
};
bool ix_rtcp_next(struct ix_reader *compound, struct ix_rtcp_packet *out);
bool ix_rtcp_next_block(struct ix_rtcp_packet *p, struct ix_rtcp_block *out);

/* ---- xr.c: extended reports (RFC 3611) --------------------------------------------------- */
struct ix_xr_dlrr {
    uint32_t ssrc, lrr, dlrr; /* whose reference time, the middle of it, how long ago it came in 1/65536 s */
};
struct ix_xr {
    uint32_t ssrc, source_ssrc; /* ours; whom the metrics are of */
    uint64_t ntp;
    const struct ix_xr_dlrr *dlrr; /* NULL: none */
    const struct ix_rtp_voip *voip; /* NULL: none */
};
void ix_xr_write(struct ix_buf *b, const struct ix_xr *xr);
struct ix_xr_seen {
    bool have_ntp, have_dlrr, have_voip;
    uint64_t ntp;
    struct ix_xr_dlrr dlrr;
    struct ix_rtp_voip voip;
};
/* body: behind the sender's SSRC; of several blocks of a kind the last holds. ours: only what is about this SSRC */
void ix_xr_read(struct ix_reader body, uint32_t ours, struct ix_xr_seen *out);

/* ---- srtp.c: libsrtp2 (RFC 3711), AES_CM_128_HMAC_SHA1_80 both ways ---------------------- */
#define IX_SRTP_TRAILER 160 /* bytes that libsrtp may write behind a packet: SRTP_MAX_TRAILER_LEN + 4, and some */
struct ix_srtp;
int ix_srtp_new(const uint8_t local[30], const uint8_t remote[30], uint32_t ssrc, struct ix_srtp **out);
void ix_srtp_free(struct ix_srtp *s);
/* in place; p is aligned to 4 and has IX_SRTP_TRAILER bytes behind n */
int ix_srtp_protect(struct ix_srtp *s, uint8_t *p, size_t *n);
int ix_srtp_protect_rtcp(struct ix_srtp *s, uint8_t *p, size_t *n);
/* IRISX_E_DUPLICATE: replayed or too old; IRISX_E_SIGNATURE: not authentic; IRISX_E_PROTOCOL: malformed */
int ix_srtp_unprotect(struct ix_srtp *s, uint8_t *p, size_t *n);
int ix_srtp_unprotect_rtcp(struct ix_srtp *s, uint8_t *p, size_t *n);
void ix_srtp_forget(struct ix_srtp *s, uint32_t remote_ssrc); /* frees what is kept for a source */

/* ---- the session: session.c, receive.c ---------------------------------------------------- */
#define SLOTS 6 /* one verb makes at most four outputs: a capture, a frame and what earlier ones it repeats */
#define KNOWN_MAX 4 /* sources for which libsrtp keeps a replay window, some 1 kB each */
#define RETIRED_MAX 16
#define NEW_SOURCES_MAX 8 /* at once; one more each second */
#define SENDER_REPORTS 4 /* of ours that a report block may still refer to */

struct slot {
    enum ix_rtp_out_kind kind;
    bool outgoing;
    size_t len;
    union {
        _Alignas(8) uint8_t bytes[IX_RTP_PACKET_MAX + IX_SRTP_TRAILER]; /* SEND, TAP */
        struct ix_frame frame;
    };
};

struct known_source {
    uint32_t ssrc;
    bool used;
    bool media; /* RTP came of it, not RTCP alone */
    uint64_t heard_us;
};

struct ix_rtp {
    const struct ix_rng *rng;
    const struct ix_log *log;
    char cname[IX_RTP_CNAME_MAX + 1];
    struct ix_srtp *srtp; /* NULL: no keys yet */
    struct ix_rtp_payload map[128]; /* by payload type; kind 0 = not negotiated */
    uint8_t audio_pt, event_pt, cn_pt, red_pt;
    bool tap;
    bool said_bye;
    struct ix_rtp_stats stats;

    uint16_t seq;
    uint32_t timestamp_offset;
    uint32_t sent_timestamp; /* of the last frame, on the wire */
    uint64_t sent_us;
    uint32_t sent_clock_hz;
    struct {
        uint8_t payload_type;
        uint16_t len; /* 0: none */
        uint32_t timestamp; /* of the frame, without the offset */
        uint8_t payload[IX_RED_LEN_MAX];
    } before; /* for RFC 2198 */
    unsigned sender_reports; /* so many of the next reports are SRs (RFC 3550 section 6.4) */

    struct ix_rtp_source source; /* the one whose frames go up */
    struct known_source known[KNOWN_MAX];
    uint32_t retired[RETIRED_MAX]; /* their replay windows are gone: they never come back */
    size_t retired_count;
    unsigned new_sources_left;
    uint64_t new_sources_us;
    uint64_t lost_of_former;

    uint64_t report_us;
    uint64_t interval_us;
    struct {
        uint32_t middle; /* of its NTP time */
        uint64_t at_us;
    } ours[SENDER_REPORTS];
    size_t ours_next;
    struct {
        uint32_t ssrc;
        uint32_t middle;
        uint64_t at_us;
        bool have;
    } theirs;

    struct { /* the peer's reference time (RFC 3611 section 4.4) */
        uint32_t ssrc;
        uint32_t middle;
        uint64_t at_us;
        bool have;
    } reference;
    struct ix_rtp_voip voip;
    bool have_voip;

    struct slot slots[SLOTS];
    size_t first_slot, slot_count;
    bool lent; /* the first slot was given out by poll */
    _Alignas(8) uint8_t scratch[IX_RTP_PACKET_MAX + IX_SRTP_TRAILER];
};

struct slot *ix_rtp_slot(struct ix_rtp *r, enum ix_rtp_out_kind kind); /* NULL: all wait to be taken */
void ix_rtp_tap(struct ix_rtp *r, bool outgoing, const uint8_t *p, size_t n); /* for the capture, in clear */
void ix_rtp_start_reports(struct ix_rtp *r, uint64_t now_us); /* with the first packet either way */

#endif
