/* SPDX-License-Identifier: MIT */
/*
 * sip: a SIP user agent's protocol (RFC 3261, 6026, 7118, 3326, 7616, 8760, 5626 in part) over a reliable message
 * transport (WebSocket): messages, transactions, dialogs, digest, registration; client and server role alike.
 * Pure: messages and time in; messages, outcomes and one deadline out.
 *
 * A call out:   ix_sip_send_request(INVITE) .. RESPONSE 18x -> ix_sip_dialog_uac .. RESPONSE 200 -> ix_sip_dialog_ack
 * A call in:    REQUEST INVITE -> ix_sip_dialog_uas, ix_sip_respond(180), ix_sip_respond(200) .. ACK
 * Inside both:  ix_sip_dialog_request(BYE); REQUEST with .dialog set -> ix_sip_respond
 */
#ifndef IX_SIP_H
#define IX_SIP_H

#include "core/core.h"

#define IX_SIP_MAX_MESSAGE 65535 /* bytes; more is refused with 513 */
#define IX_SIP_MAX_HEADERS 96
#define IX_SIP_T1 (500 * IX_MS) /* RFC 3261 section 17.1.1.1 */
#define IX_SIP_T2 (4 * IX_S)
#define IX_SIP_64T1 (64 * IX_SIP_T1) /* timers B, F, H, L, M: 32 s */

/* ---- methods, status codes --------------------------------------------------------------- */
enum ix_sip_method { /* also bit numbers of the allow mask */
    IX_SIP_OTHER = 0,
    IX_SIP_INVITE = 1,
    IX_SIP_ACK = 2,
    IX_SIP_CANCEL = 3,
    IX_SIP_BYE = 4,
    IX_SIP_OPTIONS = 5,
    IX_SIP_REGISTER = 6,
    IX_SIP_INFO = 7,
    IX_SIP_UPDATE = 8,
    IX_SIP_REFER = 9,
    IX_SIP_NOTIFY = 10,
    IX_SIP_SUBSCRIBE = 11,
    IX_SIP_MESSAGE = 12,
    IX_SIP_PRACK = 13,
    IX_SIP_PUBLISH = 14
};
#define IX_SIP_METHODS 15
#define IX_SIP_BIT(method) (UINT32_C(1) << (method))
enum ix_sip_method ix_sip_method(struct ix_str name); /* case-sensitive (RFC 3261 section 7.1) */
const char *ix_sip_method_name(enum ix_sip_method method); /* "" for OTHER */
const char *ix_sip_status_text(unsigned status); /* the RFC's phrase, or that of its class; never NULL */

/* ---- URIs -------------------------------------------------------------------------------- */
enum ix_sip_scheme { IX_SIP_SCHEME_OTHER = 0, IX_SIP_SCHEME_SIP = 1, IX_SIP_SCHEME_SIPS = 2, IX_SIP_SCHEME_TEL = 3 };
struct ix_sip_uri { /* slices borrow; escapes (%41) are left as they are */
    enum ix_sip_scheme scheme;
    struct ix_str text; /* the whole URI */
    struct ix_str scheme_name;
    struct ix_str user; /* tel: the number; other schemes: all behind the colon */
    struct ix_str password;
    struct ix_str host; /* IPv6 without its brackets */
    bool host_ipv6;
    uint16_t port; /* 0 = none */
    struct ix_str params; /* "transport=ws;lr", no leading ';' */
    struct ix_str headers; /* behind '?' */
};
int ix_sip_uri_parse(struct ix_sip_uri *uri, struct ix_str text); /* IRISX_E_PROTOCOL */
bool ix_sip_uri_eq(const struct ix_sip_uri *a, const struct ix_sip_uri *b); /* RFC 3261 section 19.1.4 */
void ix_sip_uri_write(struct ix_buf *b, const struct ix_sip_uri *uri); /* all parts, in canonical order */
/* user part with every character escaped that the grammar does not allow bare */
void ix_sip_user_write(struct ix_buf *b, struct ix_str user);
/* user part with its %-escapes resolved; IRISX_E_PROTOCOL for a broken one */
int ix_sip_user_decode(struct ix_buf *b, struct ix_str user);

/* ---- parameters: ";name=value;flag"; names case-insensitive; quoted values without quotes, escapes left --- */
bool ix_sip_param(struct ix_str params, const char *name, struct ix_str *value); /* value may be NULL; flag: n = 0 */
bool ix_sip_param_next(struct ix_str *params, struct ix_str *name, struct ix_str *value); /* walks; false at the end */
/* text of a quoted string: backslash escapes resolved */
void ix_sip_unquote(struct ix_buf *b, struct ix_str inner);
void ix_sip_quote(struct ix_buf *b, struct ix_str text); /* with quotes; escapes what needs it */

/* ---- header values ----------------------------------------------------------------------- */
struct ix_sip_addr { /* From, To, Contact, Route, Refer-To ... : name-addr or addr-spec */
    bool star; /* Contact: * */
    struct ix_str display; /* without quotes, escapes left (ix_sip_unquote) */
    struct ix_sip_uri uri;
    struct ix_str params; /* header parameters, no leading ';' */
};
int ix_sip_addr_parse(struct ix_sip_addr *a, struct ix_str value); /* one value */
struct ix_sip_via {
    struct ix_str transport; /* "WS", "WSS", "UDP" */
    struct ix_str host; /* IPv6 without brackets */
    bool host_ipv6;
    uint16_t port;
    struct ix_str branch;
    struct ix_str params;
};
int ix_sip_via_parse(struct ix_sip_via *via, struct ix_str value);
struct ix_sip_reason { /* RFC 3326 */
    struct ix_str protocol; /* "Q.850", "SIP" */
    unsigned cause; /* 0 = none */
    struct ix_str text; /* escapes left */
};

/* ---- messages ---------------------------------------------------------------------------- */
enum ix_sip_hdr {
    IX_SIP_H_OTHER = 0,
    IX_SIP_H_ACCEPT,
    IX_SIP_H_ALLOW,
    IX_SIP_H_ALLOW_EVENTS,
    IX_SIP_H_AUTHENTICATION_INFO,
    IX_SIP_H_AUTHORIZATION,
    IX_SIP_H_CALL_ID,
    IX_SIP_H_CONTACT,
    IX_SIP_H_CONTENT_DISPOSITION,
    IX_SIP_H_CONTENT_ENCODING,
    IX_SIP_H_CONTENT_LENGTH,
    IX_SIP_H_CONTENT_TYPE,
    IX_SIP_H_CSEQ,
    IX_SIP_H_DATE,
    IX_SIP_H_EVENT,
    IX_SIP_H_EXPIRES,
    IX_SIP_H_FLOW_TIMER,
    IX_SIP_H_FROM,
    IX_SIP_H_MAX_FORWARDS,
    IX_SIP_H_MIN_EXPIRES,
    IX_SIP_H_MIN_SE,
    IX_SIP_H_P_ASSERTED_IDENTITY,
    IX_SIP_H_PATH,
    IX_SIP_H_PROXY_AUTHENTICATE,
    IX_SIP_H_PROXY_AUTHORIZATION,
    IX_SIP_H_PROXY_REQUIRE,
    IX_SIP_H_REASON,
    IX_SIP_H_RECORD_ROUTE,
    IX_SIP_H_REFER_SUB,
    IX_SIP_H_REFER_TO,
    IX_SIP_H_REFERRED_BY,
    IX_SIP_H_REMOTE_PARTY_ID,
    IX_SIP_H_REPLACES,
    IX_SIP_H_REQUIRE,
    IX_SIP_H_RETRY_AFTER,
    IX_SIP_H_ROUTE,
    IX_SIP_H_SERVER,
    IX_SIP_H_SERVICE_ROUTE,
    IX_SIP_H_SESSION_EXPIRES,
    IX_SIP_H_SUBJECT,
    IX_SIP_H_SUBSCRIPTION_STATE,
    IX_SIP_H_SUPPORTED,
    IX_SIP_H_TO,
    IX_SIP_H_UNSUPPORTED,
    IX_SIP_H_USER_AGENT,
    IX_SIP_H_VIA,
    IX_SIP_H_WARNING,
    IX_SIP_H_WWW_AUTHENTICATE,
    IX_SIP_H_COUNT
};
const char *ix_sip_header_name(enum ix_sip_hdr id); /* canonical; "" for OTHER */

struct ix_sip_header {
    enum ix_sip_hdr id;
    struct ix_str name; /* as written, maybe the compact form */
    struct ix_str value; /* trimmed; a folded value still holds its CRLF + space, which all parsers here skip */
};
struct ix_sip_msg { /* every slice borrows the parsed bytes; nothing is allocated */
    bool request;
    enum ix_sip_method method; /* request: its own; response: that of CSeq */
    struct ix_str method_name;
    struct ix_sip_uri uri; /* request */
    uint16_t status; /* response */
    struct ix_str phrase;
    struct ix_sip_header headers[IX_SIP_MAX_HEADERS];
    size_t header_count;
    struct ix_str body;
    struct ix_str raw; /* the whole message */
    /* what every message has, read once */
    struct ix_sip_via via; /* topmost */
    struct ix_sip_addr from, to;
    struct ix_str from_tag, to_tag; /* n = 0: none */
    struct ix_str call_id;
    uint32_t cseq;
    uint32_t max_forwards; /* 70 if absent */
    unsigned fault; /* parse failed: status to answer (400, 505, 513 ...) */
    bool answerable; /* request whose sender would know the response: it has Via and CSeq */
};
/* One whole message. IRISX_E_PROTOCOL or _TOO_LARGE with *why (static text; may be NULL); what could be read stays in
 * msg, so that a faulty request can be answered if msg->answerable. Leading empty lines are skipped. */
int ix_sip_parse(struct ix_sip_msg *msg, const void *p, size_t n, const char **why);
bool ix_sip_is_keepalive(const void *p, size_t n); /* nothing but CR and LF (or nothing) */

/* first header of that kind; n = 0 if absent or empty */
struct ix_str ix_sip_get(const struct ix_sip_msg *msg, enum ix_sip_hdr id);
struct ix_str ix_sip_get_name(const struct ix_sip_msg *msg, const char *name); /* any header, long name */
bool ix_sip_has(const struct ix_sip_msg *msg, enum ix_sip_hdr id);
/* all values of a header: several lines and comma lists alike (commas in quotes and <> do not count) */
struct ix_sip_values {
    const struct ix_sip_msg *msg;
    enum ix_sip_hdr id;
    size_t index;
    struct ix_str rest;
};
struct ix_sip_values ix_sip_values(const struct ix_sip_msg *msg, enum ix_sip_hdr id);
bool ix_sip_values_next(struct ix_sip_values *it, struct ix_str *value);
bool ix_sip_list_has(const struct ix_sip_msg *msg, enum ix_sip_hdr id, const char *token); /* Supported, Allow ... */
int ix_sip_get_addr(const struct ix_sip_msg *msg, enum ix_sip_hdr id, struct ix_sip_addr *out); /* first; _NOT_FOUND */
int ix_sip_get_u32(
    const struct ix_sip_msg *msg, enum ix_sip_hdr id, uint32_t *out); /* up to the first ';'; _NOT_FOUND */
bool ix_sip_get_reason(const struct ix_sip_msg *msg, const char *protocol, struct ix_sip_reason *out); /* NULL: first */
/* Session-Expires: refresher "uac", "uas" or empty */
int ix_sip_get_session_expires(const struct ix_sip_msg *msg, uint32_t *seconds, struct ix_str *refresher);
bool ix_sip_content_is(const struct ix_sip_msg *msg, const char *type); /* "application/sdp", parameters ignored */

/* Copy for logs and captures: digest response, nonce, cnonce, opaque, auts; SDP ice-pwd and crypto keys become "***"
 * (same length is not kept, Content-Length is left as it was); fingerprints stay. Works on malformed messages too. */
void ix_sip_redact(struct ix_buf *b, const void *p, size_t n);

/* ---- building ---------------------------------------------------------------------------- */
/* "Name: value\r\n". A CR, LF or NUL in the value sets the buffer's error (IRISX_E_INVALID): nothing can be injected.
 */
void ix_sip_write_header(struct ix_buf *b, const char *name, struct ix_str value);
/* "name" <uri>;tag=t — display and tag may be empty; escapes the display name */
void ix_sip_write_addr(struct ix_buf *b, struct ix_str display, struct ix_str uri, struct ix_str tag);

struct ix_sip_request { /* what a caller says; the stack adds Via, Max-Forwards, User-Agent, Content-Length, credentials
                         */
    enum ix_sip_method method;
    struct ix_str method_name; /* only for IX_SIP_OTHER */
    struct ix_str uri; /* Request-URI; in a dialog ignored */
    struct ix_str from, to; /* "Name" <sip:…> without tag; in a dialog ignored */
    struct ix_str from_tag, call_id; /* n = 0: random */
    uint32_t cseq; /* 0: 1 or the dialog's next */
    struct ix_str route; /* value of one Route header, n = 0 none; in a dialog ignored */
    struct ix_str contact; /* value; n = 0: the transport's where the method needs one */
    struct ix_str headers; /* further lines, each ending in CRLF (ix_sip_write_header) */
    struct ix_str content_type, body;
    struct ix_sip_auth *auth; /* NULL: 401 and 407 are passed up; must outlive the transaction */
};
struct ix_sip_reply {
    unsigned status;
    struct ix_str phrase; /* n = 0: ix_sip_status_text */
    struct ix_sip_dialog *dialog; /* INVITE 101..299: the dialog it makes (its tag, Contact); else NULL */
    struct ix_str contact; /* n = 0: the transport's, where one belongs */
    struct ix_str headers; /* further lines */
    struct ix_str content_type, body;
};

/* ---- the stack: transactions ------------------------------------------------------------- */
#define IX_SIP_NO_TRANSPORT UINT32_MAX /* of what waits for its peer to come back */
typedef uint64_t ix_sip_txn; /* handle; never reused, 0 = none; one that has ended is merely not found */

struct ix_sip_stack_config {
    const struct ix_rng *rng; /* must outlive */
    const struct ix_log *log; /* may be NULL */
    const char *agent; /* User-Agent / Server; copied */
    uint32_t allow; /* mask of IX_SIP_BIT(method) that reach REQUEST; others 405. 0: INVITE ACK CANCEL BYE OPTIONS */
    const char *supported; /* option tags we know, "timer, replaces"; Require of another: 420. Copied, NULL = none */
    bool loose_notify; /* NOTIFYs with a To tag and no dialog come up as REQUEST; the caller answers 481 */
    size_t max_transactions; /* 0 = 1024; then 503 and IRISX_E_LIMIT */
    size_t max_dialogs; /* 0 = 512 */
};
enum ix_sip_out_kind {
    IX_SIP_OUT_SEND = 1, /* one message to one transport */
    IX_SIP_OUT_REQUEST = 2, /* answer it with ix_sip_respond (never ACK or CANCEL; bad ones were answered already) */
    IX_SIP_OUT_CANCELLED = 3, /* the peer cancelled this INVITE; 200 and 487 are already sent; msg is the CANCEL */
    IX_SIP_OUT_ACK = 4, /* our 2xx arrived; msg may carry an SDP answer */
    IX_SIP_OUT_RESPONSE = 5, /* to our request; each 1xx (not 100), then one final; INVITE: a 2xx of each fork */
    IX_SIP_OUT_FAILED =
        6 /* client: no final response came. server: our 2xx was never ACKed, or the transport is gone */
};
struct ix_sip_out { /* valid until the next input, timeout or poll */
    enum ix_sip_out_kind kind;
    uint32_t transport;
    const uint8_t *data; /* SEND */
    size_t len;
    ix_sip_txn txn;
    bool server; /* FAILED: of a server transaction */
    uint32_t cseq; /* RESPONSE, FAILED of a client: of the last try */
    void *user; /* client: as given with the request; server: set by ix_sip_txn_set_user, else the dialog's */
    const struct ix_sip_msg *msg;
    struct ix_sip_dialog *dialog; /* the dialog it belongs to, NULL if none (yet) */
    int err; /* FAILED: IRISX_E_TIMEOUT, _NETWORK (transport closed), _NO_MEMORY */
};
struct ix_sip_stack;
int ix_sip_stack_new(const struct ix_sip_stack_config *config, struct ix_sip_stack **out);
void ix_sip_stack_free(struct ix_sip_stack *s); /* dialogs must be freed before */

struct ix_sip_transport_config {
    bool secure; /* Via WSS */
    struct ix_str
        sent_by; /* n = 0: the stack's own <random>.invalid (RFC 7118 section 5), the same after a reconnect */
    struct ix_str contact_user; /* n = 0: the stack's random token */
};
int ix_sip_transport_opened(struct ix_sip_stack *s, uint32_t transport, const struct ix_sip_transport_config *config);
void ix_sip_transport_closed(struct ix_sip_stack *s, uint32_t transport, struct ix_now now); /* FAILED for all on it */
/* The connection broke and will be made again under the same number (ix_sip_transport_opened): FAILED as with closed,
 * but farewells are kept and said then (a BYE, also one requested meanwhile; a CANCEL), and INVITEs that ring go on:
 * responses to theirs are sent again, ours are to be asked again (ix_sip_ask_again). Each within 32 s, or never.
 * Nothing else can be sent meanwhile: IRISX_E_CLOSED. */
void ix_sip_transport_lost(struct ix_sip_stack *s, uint32_t transport, struct ix_now now);
/* The same for a connection that somebody opened to us, who may come back on another one: INVITEs that ring, either
 * way, wait some time for that and go on there; FAILED for all else. */
void ix_sip_transport_orphan(struct ix_sip_stack *s, uint32_t transport, struct ix_now now);
/* BYEs and cancelled INVITEs that have not been answered */
size_t ix_sip_transport_farewells(const struct ix_sip_stack *s, uint32_t transport);
/* "<sip:user@host.invalid;transport=ws>"; n = 0 for an unknown transport */
struct ix_str ix_sip_transport_contact(const struct ix_sip_stack *s, uint32_t transport);

/* the URI that Contact names from now on in what makes dialogs: a GRUU (RFC 5627); n = 0: the transport's own again */
int ix_sip_transport_name(struct ix_sip_stack *s, uint32_t transport, struct ix_str uri);

/* One message (one WebSocket frame). The code says why it was dropped or answered by the stack; for logs only. */
int ix_sip_input(struct ix_sip_stack *s, uint32_t transport, const void *p, size_t n, struct ix_now now);
void ix_sip_timeout(struct ix_sip_stack *s, struct ix_now now);
bool ix_sip_poll(struct ix_sip_stack *s, struct ix_sip_out *out);
uint64_t ix_sip_deadline(const struct ix_sip_stack *s);

/* A request outside dialogs. With auth a 401/407 is answered inside (same handle), as often as the digest rules allow.
 */
int ix_sip_send_request(struct ix_sip_stack *s, uint32_t transport, const struct ix_sip_request *req, void *user,
    struct ix_now now, ix_sip_txn *txn);
/* CANCEL of an INVITE: at once, or when the first 1xx comes (RFC 3261 section 9.1). RESPONSE 487 or, if they crossed,
 * 200 follows (then: ACK, BYE); FAILED after 32 s of silence. headers: further lines, e.g. Reason; may be empty */
int ix_sip_cancel(struct ix_sip_stack *s, ix_sip_txn txn, struct ix_str headers, struct ix_now now);
/* An INVITE of ours after an outage: once more with the same branch, so that a server that knows it says again what it
 * said last. IRISX_E_NOT_FOUND: it has ended */
int ix_sip_ask_again(struct ix_sip_stack *s, ix_sip_txn txn, struct ix_now now);
/* Nobody is interested any more: no output of it follows. An INVITE is cancelled, a crossing 2xx gets ACK and BYE; an
 * unanswered server transaction is answered 480 (INVITE) or 500. */
void ix_sip_txn_forget(struct ix_sip_stack *s, ix_sip_txn txn, struct ix_now now);
int ix_sip_respond(struct ix_sip_stack *s, ix_sip_txn txn, const struct ix_sip_reply *reply, struct ix_now now);
const struct ix_sip_msg *ix_sip_txn_request(const struct ix_sip_stack *s, ix_sip_txn txn); /* server; NULL if ended */
int ix_sip_txn_set_user(struct ix_sip_stack *s, ix_sip_txn txn, void *user);
size_t ix_sip_txn_count(const struct ix_sip_stack *s);
uint64_t ix_sip_overload_count(const struct ix_sip_stack *s); /* requests answered 503 so far */

/* ---- dialogs: owned by the caller, known to the stack until freed ------------------------ */
enum ix_sip_dialog_state { IX_SIP_EARLY = 1, IX_SIP_CONFIRMED = 2 };
struct ix_sip_dialog;
/* From a response with a To tag (101..299) to our INVITE txn; each fork (To tag) makes its own. A later 2xx of the
 * same fork confirms it inside. IRISX_E_CONFLICT if it exists already (then RESPONSE carried it). */
int ix_sip_dialog_uac(
    struct ix_sip_stack *s, ix_sip_txn txn, const struct ix_sip_msg *response, void *user, struct ix_sip_dialog **out);
/* For a request we are about to answer with 101..299; the local tag is chosen here. */
int ix_sip_dialog_uas(struct ix_sip_stack *s, ix_sip_txn txn, void *user, struct ix_sip_dialog **out);
/* Of a subscription of ours (RFC 6665 section 4.4.1): from the 2xx to SUBSCRIBE or from its first NOTIFY, whichever
 * came first (txn: the SUBSCRIBE then). target: where requests go if msg has no Contact. IRISX_E_CONFLICT as above. */
int ix_sip_dialog_subscriber(struct ix_sip_stack *s, uint32_t transport, const struct ix_sip_msg *msg, ix_sip_txn txn,
    struct ix_str target, void *user, struct ix_sip_dialog **out);
/* Ends matching: later requests in it get 481; a REQUEST of it still unanswered is answered 481. */
void ix_sip_dialog_free(struct ix_sip_dialog *d, struct ix_now now);
enum ix_sip_dialog_state ix_sip_dialog_state(const struct ix_sip_dialog *d);
bool ix_sip_dialog_acked(const struct ix_sip_dialog *d); /* no 2xx of ours waits for its ACK (BYE is allowed then) */
bool ix_sip_dialog_busy(
    const struct ix_sip_dialog *d); /* an INVITE is under way in either direction: no re-INVITE now */
void *ix_sip_dialog_user(const struct ix_sip_dialog *d);
void ix_sip_dialog_set_user(struct ix_sip_dialog *d, void *user);
uint32_t ix_sip_dialog_transport(const struct ix_sip_dialog *d);
void ix_sip_dialog_set_transport(struct ix_sip_dialog *d, uint32_t transport); /* after a reconnect */
struct ix_str ix_sip_dialog_call_id(const struct ix_sip_dialog *d);
struct ix_str ix_sip_dialog_local_tag(const struct ix_sip_dialog *d);
struct ix_str ix_sip_dialog_remote_tag(const struct ix_sip_dialog *d);
struct ix_str ix_sip_dialog_remote_target(const struct ix_sip_dialog *d); /* URI; never used to choose a transport */
struct ix_str ix_sip_dialog_remote(const struct ix_sip_dialog *d); /* their From/To value without tag */
/* A confirmed dialog as bytes and back, for another process: identifiers, sequence numbers, routes, target. restore
 * reads what may be anything: IRISX_E_FORMAT. Its own sequence numbers go on well above those that were saved. */
void ix_sip_dialog_save(const struct ix_sip_dialog *d, struct ix_buf *out);
int ix_sip_dialog_restore(
    struct ix_sip_stack *s, uint32_t transport, struct ix_reader *r, void *user, struct ix_sip_dialog **out);
/* Value for Replaces (RFC 3891) as the peer's peer must see it: call-id;to-tag=…;from-tag=… */
void ix_sip_dialog_write_replaces(struct ix_buf *b, const struct ix_sip_dialog *d);
/* The dialog a Replaces header value of an incoming INVITE or REFER names; NULL if none of ours */
struct ix_sip_dialog *ix_sip_dialog_find_replaces(const struct ix_sip_stack *s, struct ix_str value);
/* Any method but ACK and CANCEL. re-INVITE while one is under way: IRISX_E_STATE. Goes out on the dialog's transport.
 */
int ix_sip_dialog_request(
    struct ix_sip_dialog *d, const struct ix_sip_request *req, void *user, struct ix_now now, ix_sip_txn *txn);
/* ACK of the last 2xx to our (re-)INVITE in this dialog; sent again by itself whenever that 2xx comes again (32 s). */
int ix_sip_dialog_ack(struct ix_sip_dialog *d, struct ix_str content_type, struct ix_str body, struct ix_now now);

/* ---- digest, client side (RFC 7616, 8760; RFC 2617 servers too) -------------------------- */
struct ix_sip_auth; /* one user's credentials and the challenges known for them */
int ix_sip_auth_new(const struct ix_rng *rng, struct ix_str user, struct ix_str password, struct ix_sip_auth **out);
void ix_sip_auth_free(struct ix_sip_auth *a); /* wipes */
/* A 401/407: remembers the strongest challenge of each realm. credentials_sent: the request it answers carried some.
 * 0: send again; IRISX_E_AUTH: the credentials were refused (not merely stale); IRISX_E_UNSUPPORTED: nothing we can do
 */
int ix_sip_auth_challenge(struct ix_sip_auth *a, const struct ix_sip_msg *response, bool credentials_sent);
/* Authorization / Proxy-Authorization lines for every known challenge, each with the next nc; none known: nothing */
void ix_sip_auth_write(
    struct ix_sip_auth *a, struct ix_buf *b, struct ix_str method, struct ix_str uri, struct ix_str body);
bool ix_sip_auth_known(const struct ix_sip_auth *a);
void ix_sip_auth_reset(struct ix_sip_auth *a); /* forget nonces */
int ix_sip_auth_set_password(struct ix_sip_auth *a, struct ix_str password); /* another one; nonces are forgotten */

/* ---- digest, server side ----------------------------------------------------------------- */
struct ix_sip_auth_server;
struct ix_sip_auth_server_config {
    const struct ix_rng *rng; /* must outlive; the nonce key is drawn from it */
    const char *realm; /* copied */
    bool sha256; /* offer SHA-256 before MD5 */
    bool sha512_256; /* and SHA-512-256 before both */
    bool session; /* the -sess forms instead, for tests of clients */
    const char *qop; /* NULL: "auth"; "auth-int", "auth,auth-int". Static text */
    bool no_qop; /* RFC 2069 style challenge, for tests of clients */
    uint32_t nonce_seconds; /* 0 = 300: older is stale */
    size_t max_nonces; /* 0 = 4096 remembered for their nc window; the oldest becomes stale */
};
enum ix_sip_verdict {
    IX_SIP_AUTH_NONE = 0, /* no credentials for this realm: challenge */
    IX_SIP_AUTH_OK = 1,
    IX_SIP_AUTH_STALE = 2, /* right password, nonce too old or nc seen before: challenge with stale */
    IX_SIP_AUTH_WRONG = 3, /* wrong password: 403 */
    IX_SIP_AUTH_BAD = 4 /* malformed: 400 */
};
int ix_sip_auth_server_new(const struct ix_sip_auth_server_config *config, struct ix_sip_auth_server **out);
void ix_sip_auth_server_free(struct ix_sip_auth_server *a);
/* Header lines for a 401 (proxy: 407) */
int ix_sip_auth_server_challenge(
    struct ix_sip_auth_server *a, struct ix_buf *b, bool proxy, bool stale, struct ix_now now);
/* who claims to send this: false without credentials for our realm; user borrows msg, escapes left */
bool ix_sip_auth_server_user(
    const struct ix_sip_auth_server *a, const struct ix_sip_msg *msg, bool proxy, struct ix_str *user);
/* password: of that user; an unknown user is the caller's to refuse */
enum ix_sip_verdict ix_sip_auth_server_check(
    struct ix_sip_auth_server *a, const struct ix_sip_msg *msg, bool proxy, struct ix_str password, struct ix_now now);

/* ---- registration, client (RFC 3261 section 10, RFC 7118, RFC 5626 in part) -------------- */
enum ix_sip_reg_state {
    IX_SIP_REG_IDLE = 0, /* no transport, or not asked */
    IX_SIP_REG_TRYING = 1,
    IX_SIP_REG_REGISTERED = 2, /* also while it is being refreshed */
    IX_SIP_REG_WAITING = 3, /* refused for now (5xx, timeout): tries again by itself */
    IX_SIP_REG_REMOVING = 4,
    IX_SIP_REG_REMOVED = 5, /* final: as asked */
    IX_SIP_REG_FAILED = 6 /* final: 403, wrong password ...; start again only by command */
};
struct ix_sip_reg_config {
    struct ix_sip_stack *stack; /* must outlive */
    struct ix_str registrar; /* Request-URI "sip:realm"; copied, as all here */
    struct ix_str aor; /* "sip:1000@realm" */
    struct ix_str display; /* n = 0: none */
    struct ix_sip_auth *auth; /* must outlive */
    uint32_t expires; /* seconds asked for; 0 = 300 */
    struct ix_str instance; /* "urn:uuid:…" for +sip.instance with reg-id=1; n = 0: none */
    void *user; /* given back with the stack's outputs of this registration */
};
struct ix_sip_reg_event { /* each change of state once */
    enum ix_sip_reg_state state;
    int err; /* FAILED, WAITING: IRISX_E_AUTH, _FORBIDDEN, _TIMEOUT, _NETWORK, _SERVER, _PROTOCOL ... */
    unsigned status; /* SIP status behind it, 0 = none */
    uint32_t expires; /* REGISTERED: seconds granted */
    uint64_t retry_us; /* WAITING: when it tries again, monotonic */
};
struct ix_sip_reg;
int ix_sip_reg_new(const struct ix_sip_reg_config *config, struct ix_sip_reg **out);
void ix_sip_reg_free(struct ix_sip_reg *r); /* sends nothing; forgets its transaction */
void ix_sip_reg_start(
    struct ix_sip_reg *r, uint32_t transport, struct ix_now now); /* transport is open; also after FAILED */
void ix_sip_reg_stop(struct ix_sip_reg *r, struct ix_now now); /* expires=0 for our own binding */
void ix_sip_reg_transport_closed(struct ix_sip_reg *r, struct ix_now now); /* IDLE; start again when reconnected */
/* RESPONSE and FAILED of the stack; true if it was this registration's */
bool ix_sip_reg_input(struct ix_sip_reg *r, const struct ix_sip_out *out, struct ix_now now);
void ix_sip_reg_timeout(struct ix_sip_reg *r, struct ix_now now);
bool ix_sip_reg_poll(struct ix_sip_reg *r, struct ix_sip_reg_event *out);
uint64_t ix_sip_reg_deadline(const struct ix_sip_reg *r);
enum ix_sip_reg_state ix_sip_reg_state(const struct ix_sip_reg *r);
bool ix_sip_reg_owns(const struct ix_sip_reg *r, ix_sip_txn txn); /* its REGISTER that is under way */
int ix_sip_reg_set_registrar(struct ix_sip_reg *r, struct ix_str uri); /* Request-URI from the next one on */
/* Of the last 200, borrowed until the next one, n = 0: none. The Route of requests outside dialogs (RFC 3608); the GRUU
 * of anonymous calls (RFC 5627 section 3.1.2). The public GRUU is the transport's Contact already. */
struct ix_str ix_sip_reg_route(const struct ix_sip_reg *r);
struct ix_str ix_sip_reg_anonymous(const struct ix_sip_reg *r);
uint32_t ix_sip_reg_flow_timer(const struct ix_sip_reg *r); /* seconds (RFC 5626 section 5.4); 0 none */

/* ---- registrar, server: bindings by address of record ------------------------------------ */
#define IX_SIP_BINDINGS_PER_AOR 10
struct ix_sip_registrar;
struct ix_sip_registrar_config {
    size_t max_bindings; /* over all; 0 = 1024 */
    uint32_t default_expires; /* seconds; 0 = 30, as the platform */
    uint32_t min_expires; /* 0 = 1; less (but not 0) is refused with 423 */
    uint32_t max_expires; /* 0 = 100000; more is cut */
};
struct ix_sip_binding {
    const char *contact; /* URI */
    const char *params; /* "+sip.instance=…;reg-id=1", may be "" */
    const char *user_agent;
    uint32_t transport; /* it came on */
    uint64_t expires_us; /* monotonic */
};
int ix_sip_registrar_new(const struct ix_sip_registrar_config *config, struct ix_sip_registrar **out);
void ix_sip_registrar_free(struct ix_sip_registrar *r);
/* A REGISTER that is allowed for aor (the caller has authenticated): changes bindings and writes the response's header
 * lines (Contact of all bindings, or Min-Expires). Returns the status to answer: 200, 400, 423, 500, 503. */
unsigned ix_sip_registrar_register(struct ix_sip_registrar *r, struct ix_str aor, const struct ix_sip_msg *msg,
    uint32_t transport, struct ix_now now, struct ix_buf *headers);
/* at = 0, 1, … of one aor, newest first; NULL at the end; valid until the next change */
const struct ix_sip_binding *ix_sip_registrar_find(const struct ix_sip_registrar *r, struct ix_str aor, size_t at);
void ix_sip_registrar_transport_closed(struct ix_sip_registrar *r, uint32_t transport);
void ix_sip_registrar_timeout(struct ix_sip_registrar *r, struct ix_now now); /* drops what has expired */
uint64_t ix_sip_registrar_deadline(const struct ix_sip_registrar *r);
size_t ix_sip_registrar_count(const struct ix_sip_registrar *r);

#endif
