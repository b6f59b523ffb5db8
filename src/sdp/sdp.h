/* SPDX-License-Identifier: MIT */
/*
 * sdp: session descriptions (RFC 8866) and offer/answer (RFC 3264, RFC 8829 where it applies) for one audio stream
 * over UDP/TLS/RTP/SAVPF; every other m-line is refused with port 0, in order. Pure values, no state over time.
 */
#ifndef IX_SDP_H
#define IX_SDP_H

#include "core/core.h"

#define IX_SDP_MAX_MEDIA 16
#define IX_SDP_MAX_CODECS 32
#define IX_SDP_MAX_CANDIDATES 32

enum ix_sdp_direction { IX_SDP_SENDRECV = 0, IX_SDP_SENDONLY = 1, IX_SDP_RECVONLY = 2, IX_SDP_INACTIVE = 3 };
enum ix_sdp_setup {
    IX_SETUP_NONE = 0,
    IX_SETUP_ACTPASS = 1,
    IX_SETUP_ACTIVE = 2,
    IX_SETUP_PASSIVE = 3,
    IX_SETUP_HOLDCONN = 4
};

struct ix_sdp_codec {
    uint8_t payload_type;
    struct ix_str name; /* "opus", "PCMU", "telephone-event", "CN" */
    uint32_t clock_hz;
    uint8_t channels;
    struct ix_str fmtp; /* parameters, raw; both ";" and "; " separate */
};
struct ix_sdp_candidate { /* RFC 8839 section 5.1; tcp and host names are kept but marked */
    struct ix_str foundation;
    uint8_t component;
    bool udp;
    uint32_t priority;
    struct ix_str host; /* literal or name (".local") */
    struct ix_addr addr; /* family 0 if host is a name */
    struct ix_str type; /* host srflx prflx relay */
    struct ix_addr related;
};
struct ix_sdp_fingerprint {
    enum ix_digest_kind kind;
    uint8_t bytes[IX_DIGEST_MAX];
    uint8_t len;
};
struct ix_sdp_media { /* session-level attributes are already merged in */
    struct ix_str type; /* "audio", "video" */
    uint16_t port;
    struct ix_str proto;
    struct ix_str formats; /* raw */
    struct ix_sdp_codec
        codecs[IX_SDP_MAX_CODECS]; /* in the m-line's order; static types filled in (0 PCMU, 8 PCMA, 13 CN) */
    size_t codec_count;
    struct ix_addr connection;
    bool rtcp_mux, rtcp_rsize, end_of_candidates, ice_lite, trickle, bundled;
    uint16_t ptime, maxptime;
    enum ix_sdp_direction direction;
    enum ix_sdp_setup setup;
    struct ix_str mid; /* n = 0: none */
    struct ix_str ice_ufrag, ice_pwd;
    struct ix_sdp_fingerprint fingerprints[4];
    size_t fingerprint_count;
    struct ix_sdp_candidate candidates[IX_SDP_MAX_CANDIDATES];
    size_t candidate_count;
    uint32_t ssrc; /* first a=ssrc, 0 = none */
};
struct ix_sdp { /* slices borrow the parsed text */
    struct ix_str origin_user, origin_id, origin_version;
    struct ix_str group_bundle; /* the mids, raw; n = 0 none */
    size_t media_count;
    size_t media_total; /* m-lines in the text, may exceed what is kept: then parse fails with IRISX_E_TOO_LARGE */
    struct ix_sdp_media media[IX_SDP_MAX_MEDIA]; /* last: who keeps it for long keeps ix_sdp_size() bytes of it */
};
size_t ix_sdp_size(const struct ix_sdp *sdp); /* bytes up to the last media line that there is: 5 kB each */
/* about 90 kB: allocate it. IRISX_E_PROTOCOL with *why (static text) set when malformed; why may be NULL */
int ix_sdp_parse(struct ix_sdp *sdp, const void *p, size_t n, const char **why);
/* value of key=… in an fmtp string; false if absent */
bool ix_sdp_fmtp(struct ix_str fmtp, const char *key, struct ix_str *value);

/* ---- what we can do, and what was agreed ------------------------------------------------- */
struct ix_sdp_local { /* our side of a session */
    uint64_t session_id; /* o=: 63 bits, random */
    uint32_t version; /* o=: grows with each changed description */
    const char *ufrag, *pwd;
    const uint8_t *fingerprint_sha256; /* 32 bytes */
    enum ix_sdp_setup setup; /* offer: ACTPASS; answer: ACTIVE preferred, PASSIVE if the offer said active */
    enum ix_sdp_direction direction;
    uint32_t ssrc;
    const char *cname;
    const char *mid; /* offer: "0"; answer: echo of the offer's, NULL = none */
    bool bundle; /* write a=group:BUNDLE */
    const char *proto; /* answer: echo; offer: UDP/TLS/RTP/SAVPF */
    struct ix_addr default_addr; /* c= and m= port: the preferred candidate */
    const struct ix_sdp_candidate *candidates; /* preferred first; component 1 only */
    size_t candidate_count;
    bool opus, pcmu, pcma, events; /* what is offered and taken; none of the four set: all */
    bool dtx; /* usedtx=1 is said */
    enum ix_codec_id keep; /* accept: the codec in use, taken before others if a re-offer still has it; 0 = none */
    uint32_t opus_max_bitrate; /* 0 = leave out */
    uint16_t ptime; /* ms; 0 = 20 */
};
struct ix_sdp_agreed {
    enum ix_codec_id codec;
    uint8_t audio_pt; /* payload type both send with */
    uint8_t event_pt; /* 0xff none; clock as audio's (48000 with Opus, 8000 with G.711) */
    uint8_t cn_pt;
    uint8_t red_pt; /* redundant audio (RFC 2198) of the codec, offered by the peer; 0 none */
    uint32_t clock_hz;
    struct ix_sdp_codec remote_codec; /* borrowed slices */
    uint16_t ptime;
    enum ix_sdp_direction direction; /* seen from us */
    size_t media_index; /* which m-line is the audio */
    bool fec, dtx; /* peer's useinbandfec / usedtx */
    uint32_t max_average_bitrate; /* 0 none */
};
int ix_sdp_write_offer(const struct ix_sdp_local *local, struct ix_buf *out);
/* Picks our audio from an offer: first audio m-line with a codec we have. IRISX_E_UNSUPPORTED without one,
 * IRISX_E_PROTOCOL without fingerprint or ICE credentials; why may be NULL. Codec order: the offer's. */
int ix_sdp_accept(
    const struct ix_sdp *offer, const struct ix_sdp_local *local, struct ix_sdp_agreed *out, const char **why);
/* m-lines in the offer's order, others refused; offered mid, BUNDLE and payload numbers echoed; extmap, rtcp-fb dropped
 */
int ix_sdp_write_answer(const struct ix_sdp *offer, const struct ix_sdp_agreed *agreed,
    const struct ix_sdp_local *local, struct ix_buf *out);
/* What an answer to our own offer agreed on. */
int ix_sdp_read_answer(
    const struct ix_sdp *answer, const struct ix_sdp_local *local, struct ix_sdp_agreed *out, const char **why);

#endif
