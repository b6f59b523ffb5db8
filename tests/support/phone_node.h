/* SPDX-License-Identifier: MIT */
/*
 * A phone as a node of the virtual network: its WebSocket messages go by world_tell, its datagrams by world_send, its
 * WORK is run inline (reported after work_delay_us), what it hears is counted. Client phones have a line at a server
 * phone, which accepts it.
 */
#ifndef TEST_PHONE_NODE_H
#define TEST_PHONE_NODE_H

#include "call/call.h"
#include "world.h"

#define PHONE_NODE_ADDRS 6
#define PHONE_NODE_SOCKETS 64
#define PHONE_NODE_EVENTS 256
#define PHONE_NODE_WIRES 16
#define PHONE_NODE_CALLS 512
#define PHONE_NODE_PENDING 64

struct phone_event {
    enum ix_phone_event_kind kind;
    uint32_t call, line;
    int state, code;
    unsigned sip_status, q850;
    uint64_t at_us;
};
/*
 * One call as the node saw it. The node checks by itself what must hold for every call (states only forward, one ENDED
 * and nothing after it, media started before anything else of it and stopped once, no frame in or out before the keys);
 * what was broken first is in phone_node.fault.
 */
struct phone_watch {
    uint32_t call;
    bool incoming, started, stopped;
    unsigned ended;
    int state; /* newest */
    int code; /* of ENDED */
    unsigned sip_status, q850;
    uint64_t frames_in, frames_out, rung_us;
    uint64_t heard_us, gap_us; /* the last frame in; the longest time between two of them */
};
struct phone_node;
struct phone_wire { /* one WebSocket as one end sees it */
    uint32_t transport, conn; /* conn: the same number at both ends */
    struct phone_node *peer;
    bool dead;
    bool mute; /* what this end says is lost */
};
enum phone_pending_kind { PHONE_OPENED = 1, PHONE_REFUSED = 2, PHONE_CLOSED = 3, PHONE_PONG = 4, PHONE_WORKED = 5 };
struct phone_pending { /* what the shell will report */
    enum phone_pending_kind kind;
    uint64_t at_us;
    uint32_t id; /* transport, or call for WORKED */
    struct phone_node *to; /* OPENED: whom it connects to */
};
/* A message that leaves: may be changed in place (room bytes) or swallowed (false). */
typedef bool (*phone_edit_fn)(void *ctx, struct phone_node *from, char *text, size_t *len, size_t room);
struct phone_node {
    const char *name;
    struct world *world;
    struct world_node *node;
    struct ix_phone *phone;
    struct ix_dtls_identity *identity;
    struct ix_dtls_worker *worker; /* real mbedtls only */
    const struct ix_dtls_ops *dtls;
    struct ix_addr addrs[PHONE_NODE_ADDRS]; /* interfaces, port 0 */
    struct world_net *nets[PHONE_NODE_ADDRS];
    struct world_link links[PHONE_NODE_ADDRS];
    size_t addr_count;
    struct {
        uint32_t id;
        struct ix_addr addr;
    } sockets[PHONE_NODE_SOCKETS];
    size_t socket_count;
    uint32_t next_socket;
    uint16_t next_port;
    struct phone_wire wires[PHONE_NODE_WIRES];
    size_t wire_count;
    struct phone_node *server; /* where WS_OPEN connects; NULL: refused */
    struct phone_node *second; /* the same for URLs with "second" in them; freed with this one */
    struct ix_sip_dialog *served[8]; /* subscriptions of others, made by serve; freed with the node */
    /* requests but REGISTER of a server, if config.allow_requests has them; NULL: 403 */
    void (*serve)(void *ctx, struct phone_node *n, const struct ix_phone_event *ev, struct ix_now now);
    void *serve_ctx;
    uint64_t rtt_us; /* of the last DONE */
    size_t dialogs; /* in the last notice */
    uint32_t next_conn;
    struct world_node *turn; /* where byte streams for TURN go; NULL: they are refused */
    uint64_t ws_delay_us;
    uint64_t work_delay_us; /* WORK takes so long */
    bool down; /* refuses connections */
    phone_edit_fn edit;
    void *edit_ctx;
    struct phone_pending pending[PHONE_NODE_PENDING];
    size_t pending_count;
    struct phone_watch calls[PHONE_NODE_CALLS];
    size_t call_count;
    char fault[160]; /* the first rule that was broken; empty: none */
    struct phone_event events[PHONE_NODE_EVENTS];
    size_t event_count;
    uint32_t incoming; /* last call that rang */
    bool auto_answer;
    uint64_t frames_in, frames_out, taps;
    uint32_t media_started, media_stopped;
    struct ix_call_media media; /* last CODEC */
    uint32_t media_call; /* its party sends a frame every 20 ms while media.send */
    uint64_t next_frame_us;
    uint32_t frame_ts;
    /* registrar of a server node: digest as the sandbox has it */
    struct ix_sip_auth_server *auth;
    struct ix_sip_registrar *registrar;
    const char *password;
};

struct phone_node_options {
    const char *name;
    bool server; /* accepts connections, registers and takes calls */
    const struct ix_dtls_ops *dtls; /* NULL: the double */
    struct ix_dtls_identity *identity; /* NULL: one shared by all nodes, made once */
    uint32_t max_calls;
    uint32_t allow_requests; /* besides REGISTER, of a server */
    bool tap;
};
struct phone_node *phone_node_new(struct world *w, const struct phone_node_options *o);
void phone_node_free(struct phone_node *n);
void phone_node_attach(struct phone_node *n, struct world_net *net, const char *ip, const struct world_link *link);
void phone_node_detach(struct phone_node *n, const char *ip); /* the interface is gone, with what was bound to it */
uint32_t phone_node_line(struct phone_node *n, struct phone_node *server, const char *user, const char *password);
/* the newest event of that kind and state for a call or line; NULL none */
const struct phone_event *phone_node_saw(const struct phone_node *n, enum ix_phone_event_kind kind, int state);
struct phone_watch *phone_node_call(struct phone_node *n, uint32_t call); /* NULL: never seen */
/* calls begun and not ended; one that was over before it could be reported is told of by the end of its media alone */
size_t phone_node_live(const struct phone_node *n);
/* nothing left: no call, line, transaction, socket, connection, and (without accepted connections) no timer */
bool phone_node_quiet(const struct phone_node *n);
/* a message to transport as if the peer had sent it; transport 0: the first one */
void phone_node_inject(struct phone_node *n, uint32_t transport, const void *p, size_t len);
/* its connections carry nothing any more, in neither direction, and nobody is told */
void phone_node_deaden(struct phone_node *n);
void phone_node_mute(struct phone_node *n); /* what it says is lost, what it is told arrives */
/* cuts every connection of n, as a network does: both ends are told */
void phone_node_cut(struct phone_node *n);

#endif
