/* SPDX-License-Identifier: MIT */
/*
 * The engine: a phone (src/call) on the call loop, joined to real sockets, WebSockets, workers and media threads.
 * Client and sandbox each have one. All functions run on the call loop's thread unless they say otherwise.
 */
#ifndef IX_ENGINE_H
#define IX_ENGINE_H

#include "call/call.h"
#include "host/host.h"

enum ix_vpn_rule { /* tunnels (point to point, or named as one: tun, tap, wg, ppp, utun, ipsec) carry media ... */
    IX_VPN_AS_OTHERS = 0,
    IX_VPN_AVOID = 1, /* only where nothing else does */
    IX_VPN_ONLY = 2, /* and nothing else does, where there is one */
    IX_VPN_NEVER = 3
};
struct ix_engine_options { /* texts copied */
    struct ix_host *host; /* must outlive */
    const struct ix_log *log;
    const char *agent;
    const char *ca_file; /* for lines that name none */
    uint32_t max_calls;
    uint32_t allow_requests;
    bool take_pauses; /* ix_phone_config */
    bool loopback_only; /* media sockets on loopback alone (the sandbox) */
    bool watch_network; /* changes of addresses are network changes (ix_phone_network_changed) */
    const char *ws_proxy; /* of lines: as in ix_ws_options. Copied */
    const char *interfaces; /* "eth0,wlan*,!docker*": which carry media; NULL = all. Copied */
    int vpn; /* enum ix_vpn_rule */
    const char *capture_file; /* pcapng; NULL = none */
    bool capture_secrets;
    void (*on_event)(void *ctx, const struct ix_phone_event *ev);
    void (*on_media)(void *ctx, const struct ix_media_event *ev); /* party_id is the call's id */
    /* the party of a new call begins in the group of this other call's, 0: alone. NULL: always alone. Groups over two
     * media threads cannot be joined later (ix_host_media_command), so calls that will hear each other begin together.
     */
    uint32_t (*group_of)(void *ctx, uint32_t call);
    /* A received frame (NULL: one that the media thread would send) of a call whose peer gets its payloads back as they
     * came: true sends it back, and the media thread has no part in it. NULL: no such calls. */
    bool (*reflects)(void *ctx, uint32_t call, const struct ix_frame *f);
    void (*on_network)(void *ctx); /* the machine's addresses have changed, or may have; may be NULL */
    void (*on_idle)(void *ctx); /* once, after ix_engine_shutdown: everybody has been told goodbye */
    void (*on_warning)(void *ctx, int err, const char *message); /* capture file failed ... */
    void *ctx;
};
int ix_host_crypto_init(
    void); /* libsrtp and what is below it, 40 ms once a process; any thread. ix_engine_new does it */
struct ix_engine;
/* Any thread: keys and certificate are made and the capture file is opened here (some ms, and 40 ms for libsrtp once).
 */
int ix_engine_new(const struct ix_engine_options *o, struct ix_engine **out);
int ix_engine_start(struct ix_engine *e); /* once, before all below */
void ix_engine_free(struct ix_engine *e); /* call loop's thread, or after it has ended */

struct ix_phone *ix_engine_phone(struct ix_engine *e);
struct ix_now ix_engine_now(struct ix_engine *e);
void ix_engine_shutdown(struct ix_engine *e); /* hang up, unregister; on_idle when done */
/* "host:port" names of STUN servers; asked in the background, used for calls after the answer */
int ix_engine_set_stun(struct ix_engine *e, const char *host, uint16_t port);
/* TURN servers, instead of those before: names are looked up in the background, used for calls after the answer. Texts
 * copied; beyond IX_GATHER_MAX_TURN ignored. addr of each is only its port. */
void ix_engine_set_turn(struct ix_engine *e, const struct ix_turn_server *servers, size_t count);
void ix_engine_network_changed(struct ix_engine *e); /* somebody who knows says so */
/* for the party of a call, from ix_call_dial or IX_EV_INCOMING on; IRISX_E_NOT_FOUND, IRISX_E_LIMIT */
int ix_engine_media(struct ix_engine *e, const struct ix_media_cmd *cmd);

/* Connections accepted elsewhere (the sandbox's server may run on another loop). */
struct ix_engine_peer {
    void (*send)(void *ctx, const void *data, size_t n); /* one message; copies */
    void (*close)(void *ctx); /* asked to close; ctx is not used after this returns or after ix_engine_peer_closed */
    void (*ping)(void *ctx);
    void *ctx;
};
int ix_engine_accept(struct ix_engine *e, const struct ix_engine_peer *peer, bool secure, const struct ix_addr *local,
    const struct ix_addr *remote, uint32_t *transport_out);
void ix_engine_peer_message(struct ix_engine *e, uint32_t transport, const void *data, size_t n);
void ix_engine_peer_pong(struct ix_engine *e, uint32_t transport);
void ix_engine_peer_closed(struct ix_engine *e, uint32_t transport);

#endif
