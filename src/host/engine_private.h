/* SPDX-License-Identifier: MIT */
/* The engine's structs, shared by its files only. */
#ifndef IX_ENGINE_PRIVATE_H
#define IX_ENGINE_PRIVATE_H

#include "host/engine.h"

struct engine_socket { /* one UDP socket of a call */
    struct ix_list node;
    struct ix_engine *e;
    uint32_t id;
    struct ix_udp *udp;
};
struct engine_wire { /* one WebSocket: our own, or a peer's */
    struct ix_list node;
    struct ix_engine *e;
    uint32_t transport; /* 0: the phone has let go of it; waits for its end */
    struct ix_ws *ws; /* NULL: peer */
    struct ix_engine_peer peer;
    struct ix_addr local, remote;
};
struct engine_party { /* media of one call */
    struct ix_list node;
    uint32_t call;
    struct ix_party *party;
    bool removing, asked; /* REMOVE wanted, REMOVE accepted by the media thread's ring */
    uint64_t reports; /* of the peer, handed to the encoder so far */
    uint32_t alarms; /* bits, told so far */
};
struct engine_work {
    struct ix_host_job job;
    struct ix_list node;
    struct ix_engine *e;
    uint32_t call;
    struct ix_dtls *dtls;
};
struct engine_spare { /* a party that a worker makes ahead: 0.6 ms of resampler tables are not for the call loop */
    struct ix_host_job job;
    struct ix_engine *e;
    struct ix_party_options options;
    struct ix_party *party; /* NULL after work(): no memory */
};
#define ENGINE_SPARES 2
struct engine_stream { /* TURN over TCP or TLS */
    struct ix_list node;
    struct ix_engine *e;
    uint32_t id;
    struct ix_tcp *tcp;
};
struct engine_stun {
    struct ix_list node;
    struct ix_engine *e;
    struct ix_resolve *resolve;
};

struct ix_engine {
    struct ix_engine_options o;
    char *agent, *ca_file, *interfaces, *ws_proxy; /* the last with a password */
    struct ix_netmon *netmon; /* NULL: nobody watches */
    struct ix_host *host;
    struct ix_loop *loop;
    struct ix_loop_timer *timer;
    struct ix_rng rng;
    struct ix_phone *phone;
    struct ix_dtls_identity *identity;
    struct ix_map *sockets, *wires, *parties; /* by id */
    struct ix_list all_sockets, all_wires, all_parties, all_works, all_stuns, all_streams, all_turns;
    uint32_t next_socket;
    struct ix_addr stun[4];
    size_t stun_count;
    struct ix_turn_server turn[IX_GATHER_MAX_TURN];
    size_t turn_count;
    uint32_t turn_generation; /* of the list of servers */
    struct ix_party *spares[ENGINE_SPARES];
    size_t spare_count;
    bool spare_making;
    struct ix_spool *spool;
    struct ix_buf capture, redacted;
    bool draining, shutting_down, idle_told;
};

void ix_engine_drain(struct ix_engine *e);

/* engine_net.c */
void ix_engine_open_sockets(struct ix_engine *e, uint32_t set);
void ix_engine_close_socket(struct ix_engine *e, uint32_t id);
void ix_engine_send(struct ix_engine *e, const struct ix_phone_out *out);
/* of a list the ones that may carry media, in order; the rest is dropped */
size_t ix_interfaces_choose(struct ix_interface *list, size_t count, const char *patterns, int vpn);
int ix_engine_watch(struct ix_engine *e);
void ix_engine_ws_output(struct ix_engine *e, const struct ix_phone_out *out);
void ix_engine_net_free(struct ix_engine *e);

/* engine_turn.c */
void ix_engine_stream_output(struct ix_engine *e, const struct ix_phone_out *out);
void ix_engine_turn_free(struct ix_engine *e);

/* engine_media.c */
void ix_engine_media_output(struct ix_engine *e, const struct ix_call_media *m);
void ix_engine_on_frame(void *ctx, uint32_t party_id, const struct ix_frame *f);
void ix_engine_on_media_event(void *ctx, const struct ix_media_event *ev);
void ix_engine_spare_party(struct ix_engine *e); /* one more is made ahead, if there is room for it */
void ix_engine_retry_removals(struct ix_engine *e);
void ix_engine_work(struct ix_engine *e, const struct ix_phone_out *out);
void ix_engine_media_free(struct ix_engine *e);

/* ix_engine_capture.c */
int ix_engine_capture_open(struct ix_engine *e);
void ix_engine_capture(struct ix_engine *e, const struct ix_phone_out *out);
void ix_engine_capture_close(struct ix_engine *e);

/* engine_quality.c */
void ix_engine_quality(struct ix_engine *e, struct engine_party *p, const struct ix_media_stats *s);

#endif
