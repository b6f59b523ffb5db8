/* SPDX-License-Identifier: MIT */
/*
 * call: the phone and its calls. The phone owns transports (WebSockets), the SIP stack, lines (registrations) and sets
 * of UDP sockets with their gathered candidates; each call joins a SIP dialog, SDP, ICE, DTLS and RTP. Pure: bytes,
 * commands and time in; bytes, events and one deadline out. Client and sandbox use the same machine.
 *
 * Drain rule: after any command or input call ix_phone_poll() until it returns false; what it returns is borrowed
 * until the next call on the phone. Ids are never reused while the phone lives; 0 means none.
 */
#ifndef IX_CALL_H
#define IX_CALL_H

#include <irisx/reason.h>

#include "core/core.h"
#include "dtls/dtls.h"
#include "ice/ice.h"
#include "rtp/rtp.h"
#include "sdp/sdp.h"
#include "sip/package.h"
#include "sip/sip.h"

#define IX_PHONE_SET_SOCKETS 12 /* sockets in one set: one an interface address */

/* ---- configuration ----------------------------------------------------------------------- */
struct ix_phone_config {
    const struct ix_rng *rng; /* must outlive, as all pointers here */
    const struct ix_log *log;
    const char *agent; /* User-Agent; copied */
    const struct ix_dtls_ops *dtls; /* ix_dtls_mbedtls, or a double in simulations */
    struct ix_dtls_identity *identity; /* referenced */
    uint32_t max_calls; /* 0 = 128 */
    bool tap; /* emit TAP outputs (capture) */
    uint32_t allow_requests; /* more methods passed up as EV_REQUEST, mask of IX_SIP_BIT: the sandbox's REGISTER ... */
    bool take_pauses; /* our descriptions say usedtx=1 (RFC 7587 section 6.1): the peer may leave out what is quiet */
    bool spare_sockets; /* keep one gathered set ahead of the next call while a line is ready */
};

/* ---- failures, whole --------------------------------------------------------------------- */
struct ix_phone_error {
    int code; /* 0 = none */
    uint16_t sip_status;
    uint16_t q850_cause;
    uint16_t why; /* irisx_reason_t of <irisx/reason.h>, for the end of a call */
    bool by_peer; /* the peer ended or refused it */
    char message[160]; /* one line, says what to do; no secrets */
    char reason[80]; /* the peer's words */
};

irisx_reason_t ix_reason_from(unsigned sip_status, unsigned q850_cause); /* irisx_reason_from */
irisx_reason_t ix_reason_of_code(int code); /* the plainest one that ends in this IRISX_E_ */
int ix_reason_code(irisx_reason_t why); /* IRISX_E_ or 0 */
const char *ix_reason_name(irisx_reason_t why);
const char *ix_reason_text(irisx_reason_t why);
const char *ix_reason_state(irisx_reason_t why);

/* ---- events ------------------------------------------------------------------------------ */
enum ix_line_state {
    IX_LINE_CONNECTING = 1,
    IX_LINE_REGISTERING = 2,
    IX_LINE_READY = 3,
    IX_LINE_FAILED = 4,
    IX_LINE_CLOSED = 5
};
enum ix_call_state {
    IX_CALL_DIALING = 1,
    IX_CALL_RINGING = 2,
    IX_CALL_ANSWERED = 3,
    IX_CALL_ACTIVE = 4,
    IX_CALL_ENDED = 5
};
enum ix_phone_event_kind {
    IX_EV_LINE = 1, /* line changed state */
    IX_EV_INCOMING = 2, /* a call rings: ix_call_answer or ix_call_reject */
    IX_EV_CALL = 3, /* call changed state; ENDED is the last one of a call */
    IX_EV_REQUEST = 4, /* a request outside dialogs that config.allow_requests passes: ix_phone_respond */
    IX_EV_TRANSPORT_CLOSED = 5, /* an accepted transport is gone */
    IX_EV_INFO = 6, /* INFO or MESSAGE inside a call: content_type and body; already answered 200 */
    IX_EV_REFER = 7, /* REFER inside a call: refer_to; answer with ix_phone_respond */
    IX_EV_HOLD = 8, /* who holds the call has changed, or ours was refused (error): state is enum ix_hold */
    IX_EV_TRANSFER = 9, /* what became of ix_call_transfer: state is enum ix_transfer_state, error if it failed */
    IX_EV_EARLY_MEDIA = 10, /* the peer is heard before it answers */
    IX_EV_DISPLAY = 11, /* ix_call_peer says another name or address */
    IX_EV_DIGIT = 12, /* by INFO: state is the character */
    IX_EV_GAP = 13, /* sound is there again: state is the milliseconds it was away, why: enum ix_gap */
    IX_EV_SIGNALLING = 14, /* state is enum ix_signalling */
    IX_EV_REPLACED = 15, /* state is the id of the call whose place it takes; to be answered at once */
    IX_EV_MOVED = 16, /* 3xx followed: ix_call_peer says where */
    IX_EV_ANSWER_NOW = 17, /* it was asked for, or the line says so: ix_call_answer is due */
    IX_EV_SAID = 18, /* what became of ix_call_say: txn, error */
    /* outside of calls */
    IX_EV_DONE = 20, /* what became of ix_phone_ask; rtt_us, error; user: as given */
    IX_EV_MESSAGE = 21, /* MESSAGE (RFC 3428): msg; already answered 200 */
    IX_EV_SUBSCRIPTION = 22, /* state: enum ix_sub_state; subscription; notice if one came with it; user: as given */
    IX_EV_NOTICE = 23, /* a NOTIFY that nobody subscribed to: notice; already answered 200 */
    IX_EV_CREDENTIALS = 24, /* a renewable line was refused after it had worked: ix_line_renew */
    IX_EV_REFUSED = 25 /* ix_phone_refusals has changed */
};
enum ix_sub_state { /* RFC 6665 section 4.1.2 */
    IX_SUB_PENDING = 1, /* asked for, or waiting to ask again (error: why) */
    IX_SUB_ACTIVE = 2,
    IX_SUB_ENDED = 3 /* final */
};
enum ix_gap { IX_GAP_PEER = 1, IX_GAP_PATH = 2, IX_GAP_SIGNALLING = 3 }; /* what else was away meanwhile */
enum ix_signalling { IX_SIGNALLING_LOST = 1, IX_SIGNALLING_BACK = 2, IX_SIGNALLING_REPLACED = 3 };
enum ix_hold { IX_HOLD_LOCAL = 1, IX_HOLD_REMOTE = 2 }; /* bits */
enum ix_transfer_state {
    IX_TRANSFER_ACCEPTED = 1, /* the peer has said that it will try: nothing is known of the target */
    IX_TRANSFER_PROGRESS = 2, /* the target rings */
    IX_TRANSFER_CONFIRMED = 3, /* final: the target has answered */
    IX_TRANSFER_FAILED = 4 /* final: refused, or the target did not take it; the call goes on */
};
struct ix_phone_event {
    enum ix_phone_event_kind kind;
    uint32_t line; /* 0 for calls of accepted transports */
    uint32_t call;
    uint32_t transport;
    uint32_t subscription;
    uint64_t rtt_us;
    const struct ix_sip_notice *notice; /* NULL none */
    int state; /* enum ix_line_state or ix_call_state */
    int why; /* GAP */
    const struct ix_phone_error *error; /* never NULL */
    const struct ix_sip_msg *msg; /* INCOMING, REQUEST, REFER, INFO */
    ix_sip_txn txn; /* REQUEST, REFER */
    void *user; /* of the line or call */
};

/* ---- what a call's media needs: the shell turns it into commands of src/media/media.h ---- */
enum ix_call_media_kind {
    IX_CALL_MEDIA_START = 1 /* call exists: make its party */,
    IX_CALL_MEDIA_CODEC = 2,
    IX_CALL_MEDIA_STOP = 3
};
struct ix_call_media {
    enum ix_call_media_kind kind;
    uint32_t call;
    enum ix_codec_id codec;
    uint32_t clock_hz;
    uint16_t ptime_ms;
    bool events, cn, fec, dtx;
    uint32_t max_bitrate; /* 0 = none said */
    bool send, receive;
};

/* ---- outputs ----------------------------------------------------------------------------- */
enum ix_phone_out_kind {
    IX_OUT_WS_OPEN = 1, /* connect `url` with `ca_file`; report ws_opened or ws_closed */
    IX_OUT_WS_SEND = 2, /* data, len: one text message on `transport` */
    IX_OUT_WS_PING = 3, /* report ws_pong */
    IX_OUT_WS_CLOSE = 4,
    IX_OUT_UDP_OPEN = 5, /* open one socket for each interface address; report ix_phone_sockets(set, …) */
    IX_OUT_UDP_SEND = 6, /* socket, to, data, len */
    IX_OUT_UDP_CLOSE = 7, /* socket */
    IX_OUT_WORK = 8, /* run work(dtls, worker state) on any thread, then ix_phone_work_done(call) */
    IX_OUT_MEDIA = 9,
    IX_OUT_FRAME = 10, /* received, in clear: to the call's party */
    IX_OUT_EVENT = 11,
    IX_OUT_TAP = 12, /* capture: data as seen by the wire or, for RTP, in clear */
    /* TURN over TCP or TLS; `socket` is the stream's id */
    IX_OUT_STREAM_OPEN = 13, /* connect to `to`, with tls to `host`; report stream_opened or stream_closed */
    IX_OUT_STREAM_SEND = 14, /* data, len */
    IX_OUT_STREAM_CLOSE = 15 /* no report; unknown ids are fine */
};
enum ix_tap_kind { IX_TAP_SIP = 1, IX_TAP_STUN = 2, IX_TAP_DTLS = 3, IX_TAP_RTP = 4 };
struct ix_phone_out {
    enum ix_phone_out_kind kind;
    uint32_t transport, set, socket, call;
    const uint8_t *data;
    size_t len;
    struct ix_addr to;
    const char *url, *ca_file;
    bool tls; /* STREAM_OPEN */
    const char *host;
    struct ix_dtls *dtls; /* WORK */
    struct ix_call_media media;
    const struct ix_frame *frame;
    struct ix_phone_event event;
    struct {
        enum ix_tap_kind kind;
        bool outgoing;
        struct ix_addr local, remote;
    } tap;
};

/* ---- the phone --------------------------------------------------------------------------- */
struct ix_phone;
int ix_phone_new(const struct ix_phone_config *config, struct ix_phone **out);
void ix_phone_free(struct ix_phone *p); /* sends nothing; no WORK may be out (ix_phone_idle) */
void ix_phone_timeout(struct ix_phone *p, struct ix_now now);
bool ix_phone_poll(struct ix_phone *p, struct ix_phone_out *out);
uint64_t ix_phone_deadline(const struct ix_phone *p);
/* no call, no line, no transaction and no work left: may be freed without anybody noticing */
bool ix_phone_idle(const struct ix_phone *p);
/* hang up every call, close every line */
void ix_phone_shutdown(struct ix_phone *p, struct ix_now now);
/* STUN servers that sets opened from now on ask, at most 4 */
void ix_phone_set_stun(struct ix_phone *p, const struct ix_addr *servers, size_t count);
/* TURN servers that sets opened from now on ask (ice.h), at most IX_GATHER_MAX_TURN; copied */
void ix_phone_set_turn(struct ix_phone *p, const struct ix_turn_server *servers, size_t count);
/* the network came up or changed: waiting lines try at once */
void ix_phone_network_changed(struct ix_phone *p, struct ix_now now);
/* The machine has these addresses now (ports do not count). Connections of lines that leave from another one, loopback
 * apart, cannot live: they are opened anew at once instead of being waited for. Before ix_phone_network_changed. */
void ix_phone_addresses(struct ix_phone *p, const struct ix_addr *list, size_t count, struct ix_now now);

/* what the shell reports */
void ix_phone_ws_opened(struct ix_phone *p, uint32_t transport, const struct ix_addr *local,
    const struct ix_addr *remote, struct ix_now now);
void ix_phone_ws_message(struct ix_phone *p, uint32_t transport, const void *data, size_t n, struct ix_now now);
void ix_phone_ws_pong(struct ix_phone *p, uint32_t transport, struct ix_now now);
/* err 0: closed as asked. fatal: trying again cannot help (certificate). detail: one line for people, may be NULL */
void ix_phone_ws_closed(
    struct ix_phone *p, uint32_t transport, int err, bool fatal, const char *detail, struct ix_now now);
struct ix_phone_socket {
    uint32_t socket;
    struct ix_addr addr;
};
void ix_phone_sockets(
    struct ix_phone *p, uint32_t set, const struct ix_phone_socket *sockets, size_t count, struct ix_now now);
void ix_phone_udp_input(struct ix_phone *p, uint32_t socket, const struct ix_addr *from, const void *data, size_t n,
    uint64_t arrival_us, struct ix_now now);
void ix_phone_stream_opened(struct ix_phone *p, uint32_t stream, struct ix_now now);
void ix_phone_stream_closed(struct ix_phone *p, uint32_t stream, int err, struct ix_now now);
void ix_phone_stream_input(
    struct ix_phone *p, uint32_t stream, const void *data, size_t n, uint64_t arrival_us, struct ix_now now);
void ix_phone_work_done(struct ix_phone *p, uint32_t call, struct ix_now now);
void ix_phone_media_frame(struct ix_phone *p, uint32_t call, const struct ix_frame *f, struct ix_now now); /* to send */
void ix_phone_first_audio(struct ix_phone *p, uint32_t call, uint64_t at_us);
/* of the sound received, for the next reports to the peer (RFC 3611); an alarm of the media, for the timeline */
void ix_phone_media_quality(struct ix_phone *p, uint32_t call, const struct ix_rtp_voip *v);
void ix_phone_alarm(struct ix_phone *p, uint32_t call, const char *name, bool on);

/* ---- lines ------------------------------------------------------------------------------- */
#define IX_LINE_SERVERS 8
struct ix_line_config { /* texts copied */
    const char *ws_url, *user, *realm /* NULL: host of ws_url */, *password, *auth_user, *display_name, *ca_file;
    const char *servers; /* further URLs, in order of preference, with commas between; NULL none */
    const char *instance; /* "urn:uuid:…" (RFC 5626 section 4.1); NULL none */
    uint32_t expires_s;
    bool no_register;
    enum ix_auto_answer { IX_AUTO_NEVER = 0, IX_AUTO_ASKED = 1, IX_AUTO_ALWAYS = 2 } auto_answer;
    uint32_t auto_answer_ms, max_calls, ring_limit_ms; /* 0: at once; as many as the phone takes; 180000 */
    bool renewable; /* IX_EV_CREDENTIALS when a password that worked is refused */
    void *user_data;
};
int ix_line_open(struct ix_phone *p, const struct ix_line_config *config, struct ix_now now, uint32_t *line_out);
void ix_line_close(struct ix_phone *p, uint32_t line, struct ix_now now); /* IX_LINE_CLOSED follows */
/* answers IX_EV_CREDENTIALS: tries with this password; NULL: there is none, the line is refused */
void ix_line_renew(struct ix_phone *p, uint32_t line, const char *password, struct ix_now now);

/* ---- outside of calls -------------------------------------------------------------------- */
#define IX_TEXT_MAX 16384 /* bytes of a MESSAGE we send or take; larger ones are refused with 413 */
/* OPTIONS or MESSAGE by a line; IX_EV_DONE tells. to: number, extension or sip: URI; NULL: the line's server.
 * IRISX_E_STATE: the line is not connected; IRISX_E_LIMIT: IX_MAX_REQUESTS are under way */
struct ix_ask_config {
    uint32_t line;
    uint32_t transport; /* or, server role: an accepted transport, with from (a From value) and to (the Request-URI) */
    const char *from;
    bool message; /* else OPTIONS */
    const char *to, *content_type; /* NULL: "text/plain;charset=UTF-8" */
    const void *body;
    size_t body_len;
    void *user_data;
};
int ix_phone_ask(struct ix_phone *p, const struct ix_ask_config *config, struct ix_now now);
/* Subscribes (RFC 6665) and stays subscribed, over lost connections too, until ended by either side. to: whose state;
 * NULL: the line's own. event: value of Event, when package is OTHER. */
struct ix_sub_config {
    uint32_t line;
    enum ix_sip_package package;
    const char *to;
    uint32_t expires_s; /* 0 = 600 */
    void *user_data;
};
int ix_sub_open(struct ix_phone *p, const struct ix_sub_config *config, struct ix_now now, uint32_t *subscription_out);
void ix_sub_close(struct ix_phone *p, uint32_t subscription, struct ix_now now); /* IX_SUB_ENDED follows */
struct ix_phone_refusals { /* what limits refused, since the phone was made */
    uint64_t requests; /* of peers: too many at once */
    uint64_t subscriptions; /* ours */
    uint64_t notifies; /* too large, or of nobody's subscription */
};
void ix_phone_refusals(const struct ix_phone *p, struct ix_phone_refusals *out);

/* ---- server role: connections that somebody else opened to us ---------------------------- */
uint32_t ix_phone_accept(
    struct ix_phone *p, bool secure, const struct ix_addr *local, const struct ix_addr *remote); /* 0: no room */
int ix_phone_respond(struct ix_phone *p, ix_sip_txn txn, const struct ix_sip_reply *reply, struct ix_now now);
struct ix_sip_stack *ix_phone_stack(struct ix_phone *p); /* for the sandbox's registrar */

/* ---- calls ------------------------------------------------------------------------------- */
struct ix_call_config { /* texts copied */
    uint32_t line; /* or: */
    uint32_t transport; /* server role: an accepted transport, with uri, from */
    const char *to; /* number, extension, or sip: URI; server role: Request-URI */
    const char *from; /* server role: From value ("Name" <sip:…>) */
    const char *headers; /* further lines, each ending in CRLF, or NULL */
    uint32_t ring_timeout_ms; /* 0 = 60000 */
    uint32_t max_duration_ms; /* 0 = none */
    bool no_opus, no_pcmu, no_pcma; /* what is not offered */
    const char *caller_name; /* NULL: the line's */
    bool anonymous; /* RFC 3323, 3325 */
    const char *replaces; /* value of Replaces, NULL none */
    int32_t session_s; /* Session-Expires asked for (RFC 4028); 0: none of ours, whoever asks for one is obeyed */
    enum ix_reliable { IX_RELIABLE_OFFERED = 0, IX_RELIABLE_NEVER = 1, IX_RELIABLE_REQUIRED = 2 } reliable; /* 100rel */
    uint8_t redirects; /* so many 3xx are followed */
    void *user_data;
};
int ix_call_dial(struct ix_phone *p, const struct ix_call_config *config, struct ix_now now, uint32_t *call_out);
/* server role: an INVITE that came as IX_EV_REQUEST (config.allow_requests has its bit) becomes a call; refused ones
 * are answered inside. No IX_EV_INCOMING follows. */
int ix_call_take(
    struct ix_phone *p, uint32_t transport, ix_sip_txn txn, void *user_data, struct ix_now now, uint32_t *call_out);
/* incoming: 183 with our description: media runs before the answer (server role: ringback, announcements) */
int ix_call_early_media(struct ix_phone *p, uint32_t call, struct ix_now now);
int ix_call_ring(struct ix_phone *p, uint32_t call, struct ix_now now); /* 180; EV_INCOMING has sent none */
int ix_call_answer(
    struct ix_phone *p, uint32_t call, const struct ix_call_config *config /* NULL */, struct ix_now now);
/* status 3xx..6xx; cause: Q.850, 0 none; headers: further lines or NULL */
int ix_call_reject(
    struct ix_phone *p, uint32_t call, unsigned status, unsigned q850, const char *headers, struct ix_now now);
/* 302 to a number, extension or sip: URI */
int ix_call_redirect(struct ix_phone *p, uint32_t call, const char *target, struct ix_now now);
int ix_call_hangup(
    struct ix_phone *p, uint32_t call, unsigned q850, struct ix_now now); /* CANCEL, BYE or 603, as the state wants */
/* ends it for a reason of the shell's own, as a failure with this code; the peer is told "temporary failure" */
int ix_call_give_up(struct ix_phone *p, uint32_t call, int code, const char *message, struct ix_now now);
int ix_call_refer(struct ix_phone *p, uint32_t call, const char *refer_to,
    struct ix_now now); /* a bare REFER, nothing is told of it */
/* Hold (RFC 3264 section 8.4) by re-INVITE: sendonly, or inactive if the peer holds too; off: sendrecv, or recvonly. At
 * once or as soon as signalling allows (glare is waited out, RFC 3261 section 14.1). IX_EV_HOLD follows, also if
 * nothing has to be said. IRISX_E_STATE before the answer or after the end. */
int ix_call_hold(struct ix_phone *p, uint32_t call, bool on, struct ix_now now);
/* Transfer by REFER (RFC 3515): target is a number, extension or sip: URI; with other (an answered call of the same
 * line) the peer takes the place of our dialog with other's peer (RFC 3891, attended). IX_EV_TRANSFER tells. One at a
 * time. */
int ix_call_transfer(struct ix_phone *p, uint32_t call, const char *target, uint32_t other, struct ix_now now);
/* what became of a REFER that was answered 202 (RFC 3515 section 2.4.5): NOTIFY with a sipfrag, subscription ended */
int ix_call_notify_refer(struct ix_phone *p, uint32_t call, const char *sipfrag, struct ix_now now);
/* re-INVITE that changes nothing (session timer); headers: further lines or NULL. IRISX_E_STATE: not now. A refusal is
 * only noted in the timeline: whoever keeps the timer decides what it means */
int ix_call_refresh(struct ix_phone *p, uint32_t call, const char *headers, struct ix_now now);
/* INFO or MESSAGE in an answered call; IX_EV_SAID with this txn follows. IRISX_E_LIMIT: too many wait for an answer */
int ix_call_say(struct ix_phone *p, uint32_t call, enum ix_sip_method method, struct ix_str content_type,
    struct ix_str body, struct ix_now now, ix_sip_txn *txn);
/* status line and headers of what the peer sent (its INVITE; its newest 18x or 2xx); n = 0 none; borrowed */
struct ix_str ix_call_head(const struct ix_phone *p, uint32_t call);
/* what the network says of the peer (P-Asserted-Identity), "" if nothing; whether it wants to be unknown; borrowed */
struct ix_str ix_call_asserted(const struct ix_phone *p, uint32_t call, bool *anonymous);
uint32_t ix_call_replaces(const struct ix_phone *p, uint32_t call); /* Replaces: as above */
uint32_t ix_call_find(const struct ix_phone *p, struct ix_str replaces); /* that a value of Replaces names; 0 none */
uint32_t ix_call_joins(const struct ix_phone *p, uint32_t call); /* Join: the call of ours; 0 none */
/* what another process needs to go on with it: appended to out. IRISX_E_STATE: not answered */
int ix_call_save(const struct ix_phone *p, uint32_t call, struct ix_buf *out);
/* goes on with it, once the line is ready; config as of dialling. IRISX_E_FORMAT, _UNSUPPORTED (newer), _EXPIRED,
 * _INVALID (of another address than the line's), and ix_call_dial's */
int ix_call_resume(struct ix_phone *p, const struct ix_call_config *config, const void *data, size_t n,
    struct ix_now now, uint32_t *call_out);
struct ix_call_counts {
    uint32_t calls, ringing;
    uint64_t dialled, incoming, refused_busy, refused_overload, refused_local, replaced, resumed, gaps, gap_ms;
};
void ix_phone_call_counts(const struct ix_phone *p, struct ix_call_counts *out);
void ix_call_set_user(struct ix_phone *p, uint32_t call, void *user_data);
/* ICE restart (RFC 8445 section 9) by re-INVITE, at once or as soon as signalling allows; new_sockets: over interfaces
 * as they are now. Media goes on over the path at hand meanwhile. IRISX_E_STATE: not answered or not described yet. */
int ix_call_restart(struct ix_phone *p, uint32_t call, bool new_sockets, struct ix_now now);

struct ix_call_report { /* times in microseconds; 0 = not reached */
    enum ix_call_state state;
    uint64_t dialled_us, described_us, answered_us, ice_us, dtls_us, first_audio_us, ended_us;
    struct ix_rtp_stats rtp;
    uint64_t ice_round_trip_us;
    enum ix_codec_id codec;
    struct ix_phone_error error;
    bool incoming;
};
int ix_call_report(
    const struct ix_phone *p, uint32_t call, struct ix_call_report *out); /* until the poll after that of ENDED */
int ix_call_peer(const struct ix_phone *p, uint32_t call, struct ix_str *uri, struct ix_str *name); /* borrowed */
/* JSON array of what happened, as text without the closing bracket's surroundings; borrowed */
int ix_call_timeline(const struct ix_phone *p, uint32_t call, struct ix_buf *json);

#endif
