/* SPDX-License-Identifier: MIT */
/* Private to src/sip: the stack's own structs and what its files (stack, client_txn, server_txn, dialog, build) share.
 */
#ifndef IX_SIP_STACK_H
#define IX_SIP_STACK_H

#include "sip/scan.h"

#define IX_SIP_TAG 12 /* characters of a tag we make: 62 bits */
#define IX_SIP_BRANCH 16 /* behind the magic cookie */
#define IX_SIP_KEY (4 * IX_SIP_PIECE + 256) /* the longest key made of such pieces */
#define IX_SIP_FORKS 8 /* 2xx of different To tags to one INVITE */
#define IX_SIP_MAX_QUEUE 4096 /* outputs nobody polled; then input is refused */
#define IX_SIP_LIMBO IX_SIP_NO_TRANSPORT /* transport of INVITEs that have none */
#define IX_SIP_COOKIE "z9hG4bK"

struct ix_sip_transport {
    uint32_t id;
    bool secure;
    bool lost; /* the connection is gone and will come back: what is sent goes nowhere */
    char *sent_by;
    char *contact; /* "<sip:…>" */
    char *named; /* what dialogs carry instead: a GRUU, or one with ;ob; NULL: contact */
    struct ix_list txs;
};

/* a received message and its bytes, in one block */
struct ix_sip_held {
    size_t refs;
    struct ix_sip_msg msg;
    char bytes[];
};

struct ix_sip_tx;
struct ix_sip_event {
    struct ix_list node;
    struct ix_sip_out out;
    struct ix_buf data; /* SEND */
    struct ix_sip_held *held;
    struct ix_sip_tx *owner; /* the event is part of this ended transaction, freed with it */
};

/* a request's parts, kept for the ACK, the CANCEL and another try with credentials */
struct ix_sip_span {
    size_t at, n;
};
struct ix_sip_draft {
    struct ix_buf text;
    enum ix_sip_method method;
    struct ix_sip_span method_name, uri, route, from, to, call_id, rest,
        body; /* from, to with tags; route, rest: lines */
};

enum ix_sip_tx_state {
    IX_SIP_TX_CALLING = 1, /* client: nothing heard */
    IX_SIP_TX_PROCEEDING = 2, /* client: 1xx heard; server: not finally answered */
    IX_SIP_TX_COMPLETED = 3, /* server INVITE: 300-699 sent, ACK outstanding */
    IX_SIP_TX_ACCEPTED = 4, /* INVITE: 2xx heard or sent (RFC 6026) */
    IX_SIP_TX_ENDED = 5
};
struct ix_sip_fork { /* one To tag of which a 2xx came */
    struct ix_list node;
    struct ix_buf ack; /* what answers it, once there is something */
    size_t tag_len;
    char tag[];
};

struct ix_sip_tx {
    struct ix_list in_transport, in_dialog;
    struct ix_sip_stack *stack;
    struct ix_sip_transport *transport;
    struct ix_sip_dialog *dialog; /* the request is in it, or makes it (server) */
    ix_sip_txn id;
    enum ix_sip_tx_state state;
    bool server, forgotten;
    enum ix_sip_method method;
    void *user;
    struct ix_timer timer; /* always in the heap, so that moving it cannot fail */
    char *key; /* in stack->branches */
    size_t key_len;
    uint32_t cseq;
    struct ix_sip_event end; /* FAILED, kept ready */
    /* client */
    char branch[sizeof IX_SIP_COOKIE + IX_SIP_BRANCH];
    struct ix_sip_draft draft;
    struct ix_sip_auth *auth;
    struct ix_buf credentials; /* header lines of the last try */
    unsigned tries;
    bool cancel_wanted, cancel_sent;
    struct ix_buf cancel_headers;
    struct ix_list forks;
    size_t fork_count;
    /* server */
    struct ix_sip_held *request;
    char tag[IX_SIP_TAG + 1];
    struct ix_buf last; /* response to send again */
    unsigned last_status;
    bool acked, merge_key_set;
    uint64_t resend_us, interval_us, end_us; /* ACCEPTED */
};

struct ix_sip_dialog {
    struct ix_sip_stack *stack;
    struct ix_list txs;
    char *key;
    size_t key_len;
    char *call_id, *local_tag, *remote_tag;
    char *local, *remote; /* From/To values with tags */
    char *target; /* URI */
    char *routes; /* values for Route, "" = none */
    enum ix_sip_dialog_state state;
    uint32_t transport;
    void *user;
    uint32_t local_cseq, remote_cseq;
    bool has_remote_cseq;
    ix_sip_txn invite_out, invite_in, unacked; /* may have ended: look up */
    ix_sip_txn ack_txn;
    uint32_t ack_cseq; /* of the 2xx to acknowledge; 0 = none yet */
};

struct ix_sip_stack {
    const struct ix_rng *rng;
    const struct ix_log *log;
    char *agent, *supported;
    uint32_t allow;
    bool loose_notify;
    size_t max_transactions;
    char *host; /* "<random>.invalid" */
    char *contact_user;
    struct ix_map *transports, *ids, *branches, *merges, *dialogs;
    struct ix_heap heap;
    struct ix_list queue;
    size_t queued;
    struct ix_sip_event *current; /* what the last poll showed */
    ix_sip_txn next_id;
    struct ix_sip_transport *limbo; /* INVITEs whose connection somebody may make again; NULL none yet */
    uint64_t overload; /* requests answered 503: out of transactions or memory */
    struct ix_now now; /* of the verb or command at hand */
};

/* ---- stack.c ----------------------------------------------------------------------------- */
struct ix_sip_held *ix_sip_hold(const struct ix_sip_msg *msg); /* copies and parses again */
void ix_sip_unhold(struct ix_sip_held *held);
struct ix_sip_event *ix_sip_event_new(enum ix_sip_out_kind kind);
void ix_sip_event_release(struct ix_sip_event *ev);
void ix_sip_event_queue(struct ix_sip_stack *s, struct ix_sip_event *ev);
int ix_sip_send(struct ix_sip_stack *s, uint32_t transport, struct ix_buf *data); /* takes the bytes, even on failure */
struct ix_sip_transport *ix_sip_transport_find(const struct ix_sip_stack *s, uint32_t id); /* NULL while lost */
struct ix_sip_transport *ix_sip_transport_any(const struct ix_sip_stack *s, uint32_t id); /* lost ones too */
/* what is queued for it to send, and requests of it that nobody has seen, are forgotten */
const char *ix_sip_transport_target(const struct ix_sip_transport *t); /* value of Contact in what makes dialogs */
void ix_sip_transport_drop(struct ix_sip_stack *s, uint32_t id);
bool ix_sip_tx_awaited(const struct ix_sip_tx *tx); /* somebody wants to hear its end */
/* queued outputs of this kind and transaction are dropped; true if there were some */
bool ix_sip_queue_drop(struct ix_sip_stack *s, enum ix_sip_out_kind kind, ix_sip_txn txn);

/* ---- txn.c: what both kinds of transaction share ----------------------------------------- */
int ix_sip_tx_new(struct ix_sip_stack *s, struct ix_sip_transport *t, struct ix_sip_tx **out);
int ix_sip_tx_set_key(struct ix_sip_tx *tx, const struct ix_buf *key);
void ix_sip_tx_end(struct ix_sip_tx *tx); /* unlinks and frees; a FAILED of it that is queued stays until polled */
void ix_sip_tx_fail(struct ix_sip_tx *tx, int err); /* FAILED, then end */
void ix_sip_tx_timer(struct ix_sip_tx *tx, uint64_t at_us);
void ix_sip_tx_set_state(struct ix_sip_tx *tx, enum ix_sip_tx_state state);
struct ix_sip_tx *ix_sip_tx_find(const struct ix_sip_stack *s, ix_sip_txn txn);
void ix_sip_tx_join(struct ix_sip_tx *tx, struct ix_sip_dialog *d);
void ix_sip_tx_leave(struct ix_sip_tx *tx);

/* ---- outage.c ---------------------------------------------------------------------------- */
bool ix_sip_orphaned(const struct ix_sip_tx *tx);
bool ix_sip_adopt(struct ix_sip_tx *tx, struct ix_sip_transport *t); /* tx may be NULL */
void ix_sip_transport_resume(struct ix_sip_transport *t); /* open again: says what could not be said */

/* ---- client_txn.c ------------------------------------------------------------------------ */
int ix_sip_client_input(struct ix_sip_stack *s, struct ix_sip_transport *t, const struct ix_sip_msg *msg);
void ix_sip_client_timeout(struct ix_sip_tx *tx);
int ix_sip_client_start(struct ix_sip_stack *s, struct ix_sip_transport *t, const struct ix_sip_request *req,
    struct ix_sip_dialog *d, uint32_t cseq, void *user, ix_sip_txn *txn);
void ix_sip_client_forget(struct ix_sip_tx *tx);
/* the connection is there again: a BYE goes out once more, an INVITE that nobody wants is cancelled */
int ix_sip_client_resume(struct ix_sip_tx *tx);
int ix_sip_client_rekey(struct ix_sip_tx *tx); /* it has another transport */
/* keeps a copy of what answers the 2xx of this To tag */
int ix_sip_client_ack(struct ix_sip_tx *tx, struct ix_str tag, const struct ix_buf *ack);

/* ---- server_txn.c ------------------------------------------------------------------------ */
void ix_sip_server_unmerge(struct ix_sip_tx *tx); /* out of the table of merged requests */
int ix_sip_server_input(struct ix_sip_stack *s, struct ix_sip_transport *t, const struct ix_sip_msg *msg);
int ix_sip_server_rekey(struct ix_sip_tx *tx); /* it has another transport */
int ix_sip_server_send_last(struct ix_sip_tx *tx);
void ix_sip_server_timeout(struct ix_sip_tx *tx);
/* an answer without a transaction */
int ix_sip_answer(struct ix_sip_stack *s, uint32_t transport, const struct ix_sip_msg *msg, unsigned status,
    struct ix_str phrase, struct ix_str headers);

/* ---- dialog.c ---------------------------------------------------------------------------- */
struct ix_sip_dialog *ix_sip_dialog_find(
    const struct ix_sip_stack *s, struct ix_str call_id, struct ix_str local_tag, struct ix_str remote_tag);
/* a response to a request of ours in d: confirms, refreshes the target */
int ix_sip_dialog_response(struct ix_sip_dialog *d, const struct ix_sip_tx *tx, const struct ix_sip_msg *msg);
int ix_sip_dialog_refresh(struct ix_sip_dialog *d, const struct ix_sip_msg *msg);
struct ix_sip_dialog *ix_sip_dialog_alloc(struct ix_sip_stack *s, uint32_t transport, void *user);
int ix_sip_dialog_register(struct ix_sip_dialog *d);
void ix_sip_dialog_release(struct ix_sip_dialog *d); /* of one that nothing refers to */
void ix_sip_dialog_confirm(struct ix_sip_dialog *d);
bool ix_sip_invite_runs(const struct ix_sip_stack *s, ix_sip_txn txn); /* not finally answered yet */

/* ---- build.c ----------------------------------------------------------------------------- */
struct ix_str ix_sip_draft_part(const struct ix_sip_draft *draft, struct ix_sip_span span);
int ix_sip_draft_make(struct ix_sip_draft *draft, const struct ix_sip_stack *s, const struct ix_sip_transport *t,
    const struct ix_sip_request *req, const struct ix_sip_dialog *d);
void ix_sip_draft_write(struct ix_buf *b, const struct ix_sip_draft *draft, const struct ix_sip_transport *t,
    const char *branch, uint32_t cseq, struct ix_str credentials);
/* ACK of a non-2xx or CANCEL of the same request: to is the value of To, headers further lines */
void ix_sip_draft_write_bare(struct ix_buf *b, const struct ix_sip_draft *draft, const struct ix_sip_transport *t,
    const char *branch, uint32_t cseq, const char *method, struct ix_str to, struct ix_str headers);
struct ix_sip_response_parts {
    unsigned status;
    struct ix_str phrase, to_tag, contact, headers, content_type, body;
    bool record_route, capabilities; /* Record-Route echoed; Allow and Supported */
};
void ix_sip_response_write(struct ix_buf *b, const struct ix_sip_stack *s, const struct ix_sip_msg *request,
    const struct ix_sip_response_parts *parts);
void ix_sip_write_allow(struct ix_buf *b, const struct ix_sip_stack *s);
bool ix_sip_lines_valid(struct ix_str lines); /* whole header lines, none of them empty */
bool ix_sip_clean(struct ix_str value); /* no CR, LF, NUL */

#endif
