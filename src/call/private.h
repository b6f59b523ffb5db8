/* SPDX-License-Identifier: MIT */
/* The structs of call, shared by its files only. call.h is the interface. */
#ifndef IX_CALL_PRIVATE_H
#define IX_CALL_PRIVATE_H

#include "call/call.h"

#define IX_RING_DEFAULT_US (60 * IX_S)
#define IX_FAREWELL_US (2 * IX_S) /* how long the answer to a BYE is waited for */
#define IX_BACKOFF_MIN_US (300 * IX_MS)
#define IX_BACKOFF_MAX_US (7 * IX_S)
#define IX_PING_US (10 * IX_S) /* silence before a ping */
#define IX_PONG_US (4 * IX_S) /* then silence is death: found within 14 s */
#define IX_SAID_MAX 8 /* INFO and MESSAGE of ours that wait for an answer */
#define IX_PROBE_US (1 * IX_S) /* the same after a network change, if the way there and back is known to be short */
#define IX_REGISTER_US (10 * IX_S) /* for the answer to REGISTER, where there is another server */
#define IX_RETURN_US (60 * IX_S) /* between looks at a preferred server, doubling to: */
#define IX_RETURN_MAX_US (600 * IX_S)
#define IX_REDIRECTS 5 /* in a row */
#define IX_TIMELINE_LIMIT (64 * 1024)
#define IX_MAX_TRANSPORTS 1024
#define IX_MAX_LINES 256
#define IX_MAX_REQUESTS 64 /* OPTIONS and MESSAGE of ours under way */
#define IX_MAX_SUBS 256
#define IX_TAKEN_BURST 50 /* requests outside calls that one connection may bring at once, and then: */
#define IX_TAKEN_PER_S 20

/* Everything that has outputs or a deadline: on the dirty list when it may have something to say. */
enum ix_object_kind {
    IX_OBJ_TRANSPORT = 1,
    IX_OBJ_LINE = 2,
    IX_OBJ_SET = 3,
    IX_OBJ_CALL = 4,
    IX_OBJ_ASK = 5,
    IX_OBJ_SUB = 6
};
struct ix_object {
    struct ix_list dirty; /* in phone.dirty */
    struct ix_list all; /* in the phone's list of its kind */
    struct ix_timer timer;
    enum ix_object_kind kind;
    uint32_t id;
    struct ix_phone *phone;
};

enum ix_transport_state { IX_TR_WAITING = 1, IX_TR_OPENING = 2, IX_TR_OPEN = 3, IX_TR_CLOSING = 4, IX_TR_CLOSED = 5 };
struct ix_transport { /* one WebSocket, ours (with a line) or accepted */
    struct ix_object obj;
    enum ix_transport_state state;
    uint32_t line; /* 0: accepted */
    char *url, *ca_file;
    bool secure;
    struct ix_addr local, remote;
    unsigned tries; /* failed ones in a row */
    uint64_t retry_us; /* WAITING */
    uint64_t opened_us; /* OPEN: since when */
    uint64_t
        proved_us; /* OPEN: when the way there and back was last known to work; what only comes in proves nothing */
    uint64_t pinged_us; /* 0: no ping is out */
    uint64_t pong_us; /* how long its answer is waited for */
    uint64_t rtt_us; /* of the last ping; 0 not known */
    uint64_t keep_us; /* the longest time without a ping */
    bool flow; /* the server named a Flow-Timer (RFC 5626): pings have a CRLF beside them */
    unsigned taken; /* requests outside calls: tokens used up */
    uint64_t taken_us; /* as of then */
    bool want_open, want_close, want_ping, want_crlf; /* outputs */
    bool leave; /* not this server: it is another one's turn */
    bool dropping; /* given up by us: no new one before the end of this one is reported */
};

#define IX_LINE_EVENTS 8
struct ix_line {
    struct ix_object obj;
    enum ix_line_state state;
    struct ix_line_event {
        enum ix_line_state state;
        struct ix_phone_error error;
    } events[IX_LINE_EVENTS]; /* not yet polled, oldest first; the newest replaces the last when full */
    size_t event_count;
    uint32_t transport;
    char *user, *realm, *display, *aor; /* aor: sip:user@realm */
    struct ix_sip_auth *auth;
    struct ix_sip_reg *reg;
    char *ca_file;
    /* servers.c */
    char *servers[IX_LINE_SERVERS]; /* in order of preference */
    size_t server_count, server_at;
    unsigned failed; /* servers in a row */
    struct ix_line_targets { /* where a server redirected to, best first */
        char *url[4], *registrar[4];
        size_t count, at;
    } targets;
    bool redirected; /* targets are new: connect there */
    unsigned redirects; /* in a row */
    uint32_t probe, old; /* transports: to the preferred server; the one before, until the new one is registered */
    uint64_t return_us, return_every_us; /* when to look at the preferred server; IX_NEVER */
    uint64_t answer_by_us; /* REGISTER; IX_NEVER */
    bool renewable, worked, renewing, want_credentials;
    uint64_t renew_by_us; /* IX_NEVER */
    struct ix_phone_error refusal; /* while renewing: what it was */
    bool no_register;
    enum ix_auto_answer auto_answer;
    uint32_t auto_answer_ms, max_calls, ring_limit_ms;
    bool closing;
    uint64_t close_us; /* closing or refused: when to look whether it can go */
    uint64_t close_by_us; /* not later than this, whatever has not been said yet */
    void *user_data;
};

enum ix_set_state { IX_SET_OPENING = 1, IX_SET_GATHERING = 2, IX_SET_READY = 3, IX_SET_CLOSING = 4 };
struct ix_set { /* sockets of one call, or the spare ones */
    struct ix_object obj;
    enum ix_set_state state;
    bool want_open;
    bool abandoned; /* its owner has gone while the sockets were being opened */
    uint32_t call; /* 0: spare */
    struct ix_phone_socket sockets[IX_PHONE_SET_SOCKETS];
    size_t socket_count;
    size_t closed_count; /* CLOSING: already output */
    struct ix_gather *gather;
    uint32_t gather_version; /* whose candidates the call knows */
};

struct ix_call {
    struct ix_object obj;
    enum ix_call_state state;
    uint8_t unreported; /* states not yet polled: bit number = enum ix_call_state */
    bool report_incoming;
    bool incoming, offerer, ending, ended, media_closed;
    bool want_start, want_codec, want_stop;
    bool want_invite, want_early, want_answer; /* wait for the sockets */
    bool bye_waits; /* for the ACK to our 2xx (RFC 3261 section 15) */
    uint16_t bye_cause; /* Q.850 */
    bool describing; /* our description went out in a 2xx: the answer comes in the ACK */
    bool settled;
    uint32_t line, transport, set;
    uint32_t next_set; /* sockets for an ICE restart, until they are ready; 0 none */
    uint32_t old_sets[2]; /* of sessions before; 0 none */
    bool hold, hold_offered, hold_said; /* our wish; what our last re-INVITE says; what the peer has agreed to */
    bool held; /* the peer holds */
    bool hold_unsure; /* whether they heard our last re-INVITE */
    bool hold_due; /* a re-INVITE for it is due */
    enum ix_sdp_direction offered; /* direction of our last offer */
    bool report_hold; /* IX_EV_HOLD is due, with: */
    struct ix_phone_error hold_error;
    uint64_t glare_us; /* no re-INVITE of ours before: 491 (RFC 3261 section 14.1); 0 none */
    struct ix_transfer *transfer; /* ours; NULL none */
    bool want_restart; /* a re-INVITE with an ICE restart is due (ix_call_path_reoffer) */
    bool restart_offered; /* and is on its way */
    uint64_t heard_us; /* the last packet of media */
    uint64_t silence_at_us; /* then it is looked whether that is long ago; 0 or IX_NEVER: not at all */
    uint64_t restart_us; /* the last one that was asked for; 0 none */
    char *to, *from, *headers, *peer_uri, *peer_name;
    uint64_t ring_us, duration_us; /* limits, 0 = none */
    uint64_t ring_at_us, end_at_us, farewell_at_us; /* deadlines, IX_NEVER = none */
    bool no_opus, no_pcmu, no_pcma;
    void *user_data;
    uint32_t unreported_talk; /* bit number: enum ix_phone_event_kind, of those that carry nothing but the call */
    /* who they are (identity.c) */
    char *head; /* what they sent of it */
    size_t head_len;
    char *asserted;
    bool anonymous, peer_timer, peer_update, peer_reliable; /* their Supported and Allow */
    uint32_t joins, replaces; /* calls of ours, by id; 0 none */
    uint64_t auto_at_us; /* then it is answered by itself; IX_NEVER */
    bool early_heard;
    /* how we dial */
    char *name, *replacing; /* Replaces of ours */
    bool hide;
    enum ix_reliable reliable;
    uint8_t redirects, retries;
    struct ix_session { /* RFC 4028, session.c */
        uint32_t wanted_s; /* ours; 0 none */
        uint32_t interval_s; /* agreed; 0 none */
        bool ours; /* we refresh */
        uint64_t refresh_us, expire_us; /* IX_NEVER: not */
    } session;
    struct ix_said { /* say.c: what waits for its answer */
        ix_sip_txn txn;
        bool done;
        struct ix_phone_error error;
    } said[IX_SAID_MAX];
    /* survive.c */
    bool resuming; /* from another process: not described yet */
    bool away, probing, relive, renew,
        renewing; /* signalling is lost; the dialog is; the next description begins another DTLS */
    enum ix_signalling signalling; /* to be told; 0 nothing */
    uint64_t asked_us; /* early, after an outage: when it was asked again first; 0 not */
    uint64_t ask_again_us; /* early, after an outage: the INVITE goes out again; IX_NEVER */
    unsigned asked; /* how often */
    bool redialled;
    uint64_t sound_us; /* the last frame heard; 0: none since the call began or was held */
    uint64_t path_lost_us, away_us; /* when the path, the signalling was lost last; 0 never */
    uint32_t gap_ms; /* to be told */
    enum ix_gap gap_why;
    /* signalling */
    ix_sip_txn invite; /* client: ours; server: theirs, until answered */
    ix_sip_txn forks; /* ours, answered: more answers may come of it (RFC 3261 section 13.2.2.4) */
    ix_sip_txn bye;
    ix_sip_txn refresh; /* re-INVITE of ours */
    struct ix_sip_dialog *dialog;
    struct ix_sdp *remote; /* with remote_text: their last description that we use */
    char *remote_text;
    size_t remote_len;
    /* media */
    struct ix_ice *ice;
    struct ix_dtls *dtls;
    enum ix_dtls_role dtls_role;
    bool dtls_started, keyed, working;
    struct ix_rtp *rtp;
    struct ix_sdp_agreed agreed; /* slices borrow remote_text */
    bool described; /* agreed is valid, ICE runs */
    uint64_t session_id;
    uint32_t sdp_version;
    char cname[17];
    struct ix_call_report report;
    struct ix_buf timeline;
};

#define IX_TRANSFER_EVENTS 4
struct ix_transfer { /* a REFER of ours and what is heard of it */
    ix_sip_txn txn; /* 0: answered */
    enum ix_transfer_state state; /* 0: not answered yet */
    bool followed; /* progress was notified: a 2xx will mean the target */
    uint32_t other; /* attended: the consultation call */
    struct ix_transfer_event {
        enum ix_transfer_state state;
        struct ix_phone_error error;
    } events[IX_TRANSFER_EVENTS]; /* not yet polled, oldest first */
    size_t event_count;
};

struct ix_ask { /* OPTIONS or MESSAGE of ours */
    struct ix_object obj;
    uint32_t line;
    ix_sip_txn txn;
    uint64_t sent_us, rtt_us;
    bool done;
    struct ix_phone_error error;
    void *user_data;
};

struct ix_sub { /* a subscription of ours */
    struct ix_object obj;
    uint32_t line;
    enum ix_sub_state state;
    char *to; /* URI */
    char call_id[33], tag[17]; /* of the SUBSCRIBE that makes the dialog: a NOTIFY may be first */
    ix_sip_txn txn; /* under way; 0 none */
    struct ix_sip_dialog *dialog;
    uint32_t asked_s;
    unsigned failures;
    bool closing, report, has_notice, whole; /* whole: a refresh for a full state is due */
    uint64_t at_us; /* next SUBSCRIBE, or the end of waiting for the last NOTIFY */
    uint64_t whole_us; /* when the full state was asked for last */
    struct ix_phone_error error;
    struct ix_sip_notice *notice; /* what is known */
    void *user_data;
};

struct ix_tap_item { /* a captured packet that came in: a copy */
    struct ix_list node;
    struct ix_phone_out out;
    uint8_t data[];
};

struct ix_phone {
    struct ix_phone_config config;
    char *agent;
    struct ix_now now;
    struct ix_sip_stack *stack;
    struct ix_heap timers;
    struct ix_list dirty, transports, lines, sets, calls, taps, asks, subs;
    size_t ask_count, sub_count;
    struct ix_phone_refusals refusals;
    struct ix_sip_notice *notice; /* of the event handed out last, if it is nobody's */
    struct ix_map *transport_by_id, *line_by_id, *set_by_id, *call_by_id, *set_by_socket;
    uint32_t next_id;
    size_t object_count, call_count, line_count, transport_count;
    struct ix_addr stun[4];
    size_t stun_count;
    struct ix_turn_server turn[IX_GATHER_MAX_TURN];
    size_t turn_count;
    struct ix_phone_out held; /* the SEND behind a TAP */
    bool has_held;
    struct ix_tap_item *tap_out; /* handed out, freed at the next poll */
    struct ix_buf scratch; /* for building texts */
    struct ix_buf tap_buf; /* redaction-free copy of what is sent */
    struct ix_phone_error polled; /* of the event handed out last */
    bool shutting_down;
    struct ix_call_counts counts;
};

/* phone.c */
uint32_t ix_phone_id(struct ix_phone *p);
int ix_object_init(struct ix_phone *p, struct ix_object *o, enum ix_object_kind kind, struct ix_list *all);
void ix_object_wake(struct ix_object *o, uint64_t at_us); /* IX_NEVER: not at all */
void ix_object_clear(struct ix_object *o);
void ix_dirty(struct ix_object *o);
int ix_id_set(struct ix_map *m, uint32_t id, void *value);
void *ix_id_get(const struct ix_map *m, uint32_t id);
void ix_id_remove(struct ix_map *m, uint32_t id);
void ix_tap_in(struct ix_phone *p, enum ix_tap_kind kind, uint32_t call, const struct ix_addr *local,
    const struct ix_addr *remote, const void *data, size_t n);
/* fills out for a send and, with capture on, first a TAP of it */
void ix_tap_send(struct ix_phone *p, struct ix_phone_out *out, enum ix_tap_kind kind, const struct ix_addr *local,
    const struct ix_addr *remote);

/* failure.c */
void ix_error_set(struct ix_phone_error *e, int code, const char *fmt, ...) IX_PRINTF(3, 4);
void ix_error_why(struct ix_phone_error *e, irisx_reason_t why); /* its code and sentence */
void ix_error_from_response(struct ix_phone_error *e, const struct ix_sip_msg *msg);
void ix_error_from_status(struct ix_phone_error *e, unsigned status);
void ix_error_reason(struct ix_phone_error *e, const struct ix_sip_msg *msg);

/* transport.c */
struct ix_transport *ix_transport_get(const struct ix_phone *p, uint32_t id);
int ix_transport_new(
    struct ix_phone *p, const struct ix_line *line, const char *url, const char *ca, struct ix_transport **out);
void ix_transport_free(struct ix_transport *t);
void ix_transport_close(struct ix_transport *t);
bool ix_transport_poll(struct ix_transport *t, struct ix_phone_out *out);
void ix_transport_timeout(struct ix_transport *t);
void ix_transport_rearm(struct ix_transport *t);
int ix_transport_point(struct ix_transport *t, const char *url); /* where it connects next */
void ix_transport_leave(struct ix_transport *t, int err, const char *detail); /* given up for another server */
void ix_transport_keep(struct ix_transport *t, uint32_t flow_s); /* Flow-Timer; 0: as ever */
bool ix_transport_admits(struct ix_transport *t); /* one more request outside calls; else it is to be refused */

/* line.c */
struct ix_line *ix_line_get(const struct ix_phone *p, uint32_t id);
void ix_line_free(struct ix_line *l);
bool ix_line_poll(struct ix_line *l, struct ix_phone_out *out);
void ix_line_timeout(struct ix_line *l);
void ix_line_transport_opened(struct ix_line *l);
void ix_line_transport_closed(struct ix_line *l, int err, bool fatal, const char *detail, uint64_t retry_us);
bool ix_line_sip(struct ix_phone *p, const struct ix_sip_out *so);
void ix_line_rearm(struct ix_line *l);
void ix_line_register(struct ix_line *l); /* on its transport, which is open */
bool ix_line_has_calls(const struct ix_line *l);
struct ix_str ix_line_route(const struct ix_line *l); /* Route of requests outside dialogs (RFC 3608); n = 0 none */
struct ix_str ix_line_anonymous(
    const struct ix_line *l); /* temporary GRUU for Contact of anonymous calls; n = 0 none */
int ix_line_host(const struct ix_line *l, char **uri_out); /* "sip:realm" */
bool ix_line_address_text(const struct ix_line *l, struct ix_buf *b); /* value of From */
struct ix_str ix_url_host(const char *url); /* of "wss://host:port/path" */
bool ix_url_ok(const char *url);

/* servers.c */
int ix_servers_take(struct ix_line *l, const struct ix_line_config *config);
void ix_servers_free(struct ix_line *l);
const char *ix_servers_url(const struct ix_line *l); /* of the present one */
/* the present one did not work; true: another one is to be tried at once */
bool ix_servers_next(struct ix_line *l);
void ix_servers_redirect(struct ix_line *l, const struct ix_sip_msg *msg); /* 3xx to REGISTER */
/* a refused registration was a redirect that is being followed; else e says what is wrong with it */
bool ix_servers_follow(struct ix_line *l, unsigned status, struct ix_phone_error *e);
void ix_servers_ready(struct ix_line *l); /* registered */
void ix_servers_timeout(struct ix_line *l);
uint64_t ix_servers_deadline(const struct ix_line *l);
bool ix_servers_opened(struct ix_line *l, const struct ix_transport *t); /* it was the look at the preferred one */
bool ix_servers_closed(struct ix_line *l, const struct ix_transport *t); /* not the line's own */
void ix_servers_drop_old(struct ix_line *l);

/* ask.c, sub.c: requests outside of calls */
void ix_ask_free(struct ix_ask *a);
bool ix_ask_poll(struct ix_ask *a, struct ix_phone_out *out);
void ix_ask_output(struct ix_ask *a, const struct ix_sip_out *so);
bool ix_request_outside(struct ix_phone *p, const struct ix_sip_out *so, struct ix_phone_out *out); /* an event */
void ix_sub_free(struct ix_sub *s);
bool ix_sub_poll(struct ix_sub *s, struct ix_phone_out *out);
void ix_sub_timeout(struct ix_sub *s);
void ix_sub_output(struct ix_sub *s, const struct ix_sip_out *so); /* RESPONSE, FAILED, REQUEST in its dialog */
bool ix_sub_early(struct ix_phone *p, const struct ix_sip_out *so); /* a NOTIFY before the answer to SUBSCRIBE */
void ix_subs_line(struct ix_phone *p, uint32_t line, bool ready); /* it is registered, or going */

/* sockets.c */
struct ix_set *ix_set_get(const struct ix_phone *p, uint32_t id);
struct ix_set *ix_set_take(struct ix_phone *p, uint32_t call); /* the spare one, or a new one; NULL on no memory */
void ix_set_release(struct ix_set *s);
void ix_set_free(struct ix_set *s);
bool ix_set_poll(struct ix_set *s, struct ix_phone_out *out);
void ix_set_timeout(struct ix_set *s);
void ix_set_rearm(struct ix_set *s);
/* true: it was the gatherer's. relayed->len: a peer's packet came through a relay, and it is for the call */
bool ix_set_input(struct ix_set *s, uint32_t socket, const struct ix_addr *from, const void *data, size_t n,
    struct ix_ice_received *relayed);
struct ix_set *ix_set_of_relay(const struct ix_phone *p, uint32_t id); /* relayed socket or stream */
/* out sends from a relayed socket: makes of it what goes to the TURN server. false: there is no way any more */
bool ix_set_relay(struct ix_phone *p, struct ix_phone_out *out);
bool ix_set_closing_relays(const struct ix_phone *p); /* some are still being given back */
void ix_set_respare(struct ix_phone *p); /* the spare sets are of another network */
void ix_set_spare(struct ix_phone *p); /* opens one ahead where wanted */

/* call.c */
struct ix_call *ix_call_get(const struct ix_phone *p, uint32_t id);
int ix_call_new(struct ix_phone *p, bool incoming, struct ix_call **out);
void ix_call_free(struct ix_call *c);
void ix_call_set_state(struct ix_call *c, enum ix_call_state state);
void ix_call_end(struct ix_call *c); /* ENDED with c->report.error as it is; releases what can be released */
void ix_call_fail(struct ix_call *c, int code, const char *message); /* says goodbye to the peer, then ends */
bool ix_call_poll(struct ix_call *c, struct ix_phone_out *out);
void ix_call_timeout(struct ix_call *c);
void ix_call_rearm(struct ix_call *c);
void ix_call_note(struct ix_call *c, const char *event, const char *fmt, ...)
    IX_PRINTF(3, 4); /* timeline; fmt: JSON members */
void ix_call_sockets_ready(struct ix_call *c);
void ix_call_farewell(struct ix_call *c, unsigned q850);
void ix_call_send_bye(struct ix_call *c);
void ix_call_talk(struct ix_call *c, enum ix_phone_event_kind kind); /* to be told; once, however often it happens */

/* dial.c, answer.c, modify.c: signalling of one call */
/* "9196" -> sip:9196@realm; a URI stays what it is; the caller frees it. IRISX_E_INVALID */
int ix_call_target(const struct ix_line *l, const char *to, char **out);
void ix_call_send_invite(struct ix_call *c);
void ix_call_response(struct ix_call *c, const struct ix_sip_out *so);
void ix_call_send_answer(struct ix_call *c, unsigned status);
void ix_call_incoming(struct ix_phone *p, uint32_t transport, ix_sip_txn txn, const struct ix_sip_msg *msg);
void ix_call_modify(struct ix_call *c, const struct ix_sip_out *so);
void ix_call_acked(struct ix_call *c, const struct ix_sip_out *so);
bool ix_call_request(struct ix_call *c, const struct ix_sip_out *so, struct ix_phone_out *out);

/* hold.c */
enum ix_sdp_direction ix_call_direction(const struct ix_call *c); /* what we offer */
void ix_call_hold_heard(struct ix_call *c, enum ix_sdp_direction theirs, bool as_offer); /* of a description in force */
enum ix_reoffer { IX_REOFFER_DONE = 1, IX_REOFFER_REFUSED = 2, IX_REOFFER_LATER = 3 };
void ix_call_hold_answered(
    struct ix_call *c, enum ix_reoffer outcome, const struct ix_sip_msg *msg); /* our re-INVITE */
void ix_call_reoffer(struct ix_call *c); /* a re-INVITE that is due, if dialog and transport allow it now */
void ix_call_glare(struct ix_call *c); /* 491: the next re-INVITE of ours waits a random time */
bool ix_call_may_reoffer(const struct ix_call *c);

/* transfer.c */
bool ix_call_transfer_output(struct ix_call *c, const struct ix_sip_out *so); /* it was the REFER's */
bool ix_call_transfer_notify(struct ix_call *c, const struct ix_sip_msg *msg); /* it was about our REFER */
void ix_call_transfer_ended(struct ix_call *c); /* the peer hung up: it has gone to the target */
bool ix_call_transfer_poll(struct ix_call *c, struct ix_phone_event *ev);
void ix_call_transfer_free(struct ix_call *c);

/* identity.c */
int ix_call_identity(struct ix_call *c, const struct ix_sip_msg *msg); /* of their INVITE: who they say they are */
void ix_call_heard(struct ix_call *c, const struct ix_sip_msg *msg); /* what they can and sent, of any message */
void ix_call_display(struct ix_call *c, const struct ix_sip_msg *msg); /* they may be somebody else now */
/* milliseconds after which the caller wants it answered; -1: it does not */
int ix_call_asks_answer(const struct ix_sip_msg *msg);
int ix_call_own_lines(const struct ix_call *c, const struct ix_line *l, struct ix_buf *b); /* of our INVITE */
char *ix_call_own_from(const struct ix_call *c, const struct ix_line *l);

/* say.c */
bool ix_call_say_output(struct ix_call *c, const struct ix_sip_out *so); /* it was of what we said */
bool ix_call_say_poll(struct ix_call *c, struct ix_phone_event *ev);
void ix_call_say_drop(struct ix_call *c);
bool ix_call_hear_info(struct ix_call *c, const struct ix_sip_msg *msg, struct ix_phone_event *ev); /* false: nothing */

/* session.c */
unsigned ix_session_request(struct ix_call *c, const struct ix_sip_msg *msg, struct ix_buf *lines); /* 0, or refused */
void ix_session_reply(struct ix_call *c, const struct ix_sip_msg *request, struct ix_buf *lines); /* of our 2xx */
void ix_session_offer(const struct ix_call *c, bool initial, struct ix_buf *lines); /* of our request */
void ix_session_agreed(struct ix_call *c, const struct ix_sip_msg *response); /* their 2xx */
int ix_session_update(struct ix_call *c); /* UPDATE without a description; c->refresh is its transaction */
void ix_session_timeout(struct ix_call *c);
uint64_t ix_session_deadline(const struct ix_call *c);
void ix_session_refused(struct ix_call *c, const struct ix_sip_out *so); /* a refresh of ours has failed */

/* save.c */
void ix_call_resume_now(struct ix_call *c); /* sockets are ready, or the line is */

/* survive.c: signalling that goes and comes back */
void ix_calls_away(struct ix_phone *p, uint32_t line); /* of every call of it */
void ix_calls_back(struct ix_phone *p, uint32_t line); /* the line is registered again: what is due is said now */
void ix_call_probed(struct ix_call *c, enum ix_reoffer outcome, const struct ix_sip_msg *msg);
bool ix_call_lost_at_server(struct ix_call *c); /* 481: true if a new dialog is asked for */
void ix_call_relived(struct ix_call *c); /* it is there */
void ix_call_survive_timeout(struct ix_call *c);
uint64_t ix_call_survive_deadline(const struct ix_call *c);

/* replace.c: Replaces and Join of an incoming INVITE; 0, or the status to refuse it with */
unsigned ix_call_takes_place(struct ix_call *c, const struct ix_sip_msg *msg);
void ix_call_took_place(struct ix_call *c); /* it is answered: the other one goes */

/* refresh.c */
/* a re-INVITE with our description as it is now */
bool ix_call_refresh_output(struct ix_call *c, const struct ix_sip_out *so); /* it was the refresh's */

/* path.c: sockets, candidates and the ICE sessions of one call, one after the other */
int ix_call_path_locals(struct ix_call *c); /* the candidates of c->set, preferred first */
int ix_call_path_renew(struct ix_call *c); /* our next offer begins another session, and other keys */
size_t ix_call_path_describe(const struct ix_call *c, struct ix_sdp_candidate *out);
void ix_call_path_late(struct ix_call *c); /* c->set has gathered more */
void ix_call_path_remotes(struct ix_call *c, const struct ix_sdp_media *m);
/* a description that changes the session, or not: an ICE restart of the peer's, or the answer to ours */
int ix_call_path_update(struct ix_call *c, const struct ix_sdp_media *m, const struct ix_sdp_media *old, bool as_offer);
void ix_call_path_connected(struct ix_call *c); /* ICE says so: sockets that no session uses are closed */
void ix_call_path_lost(struct ix_call *c); /* ICE says DISCONNECTED: a restart is due */
void ix_call_path_sockets(struct ix_call *c); /* c->next_set is ready */
/* The re-INVITE that ix_call_restart asked for, as soon as dialog and transport allow it; to be called whenever that
 * may have changed: the line is registered again, a transaction of the dialog has ended. */
void ix_call_path_reoffer(struct ix_call *c);
void ix_call_path_refused(struct ix_call *c); /* that re-INVITE was answered with a failure: the session before */
void ix_call_path_release(struct ix_call *c); /* all sockets */
void ix_call_path_local(const struct ix_call *c, uint32_t socket, struct ix_addr *out); /* its address */

/* media.c: SDP, ICE, DTLS and RTP of one call */
int ix_call_media_open(struct ix_call *c, bool offerer); /* sockets are ready */
int ix_call_describe(struct ix_call *c, bool offer, struct ix_buf *out); /* our offer or answer */
int ix_call_read(struct ix_call *c, struct ix_str body, struct ix_sdp **sdp, char **text, const char **why);
int ix_call_use(struct ix_call *c, struct ix_sdp *sdp, char *text, bool as_offer, const char **why); /* takes both */
int ix_call_update(struct ix_call *c, struct ix_sdp *sdp, char *text, bool as_offer, const char **why); /* takes both */
void ix_call_media_close(struct ix_call *c);
void ix_call_media_free(struct ix_call *c);
bool ix_call_media_poll(struct ix_call *c, struct ix_phone_out *out);
void ix_call_media_input(
    struct ix_call *c, uint32_t socket, const struct ix_addr *from, const void *data, size_t n, uint64_t arrival_us);
void ix_call_media_timeout(struct ix_call *c);
uint64_t ix_call_media_deadline(const struct ix_call *c);
void ix_call_codec(const struct ix_call *c, struct ix_call_media *out);

#endif
