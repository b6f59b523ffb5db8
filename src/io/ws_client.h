/* SPDX-License-Identifier: MIT */
/* io: what the two files of the WebSocket client share: ws_client.c decides, ws_client_events.c hears libwebsockets. */
#ifndef IX_IO_WS_CLIENT_H
#define IX_IO_WS_CLIENT_H

#include "io/internal.h"

#define IX_LWS_PRE 32
#define IX_WSC_ADDRS 8
#define IX_WSC_CLOSE_WAIT_US (2 * IX_S) /* for the peer's close frame */

enum ix_wsc_state { WSC_RESOLVING, WSC_CONNECTING, WSC_PROBING, WSC_OPEN, WSC_CLOSING, WSC_DONE };
enum ix_wsc_stage { WSC_TCP, WSC_TLS, WSC_UPGRADE };

struct ix_wsc_out {
    struct ix_wsc_out *next;
    size_t n;
    int kind; /* enum lws_write_protocol */
    uint8_t room[IX_LWS_PRE]; /* lws writes its frame head here */
    uint8_t data[];
};

struct ix_ws_client {
    struct ix_ws base;
    struct ix_loop *loop;
    struct ix_lws *lws;
    struct lws_vhost *vhost;
    struct lws *wsi;
    struct ix_resolve *resolve;
    struct ix_probe *probe;
    struct ix_loop_timer *deadline; /* of the connection attempt, later of the closing handshake */
    struct ix_loop_timer *kick; /* does the next step outside lws's callbacks */
    enum ix_wsc_state state;
    enum ix_wsc_stage stage;
    bool attempt_failed, retried;
    uint32_t connect_ms;
    uint64_t connect_until_us;
    struct ix_addr addrs[IX_WSC_ADDRS];
    size_t addr_count, addr_at;
    /* copies of the options */
    bool tls;
    uint16_t port;
    char *host, *authority, *target, *subprotocol, *user_agent, *ca_file;
    char *proxy, *proxy_host; /* NULL: straight there. proxy: as given, with a password */
    size_t proxy_auth; /* length of "user:password@" in it, behind the scheme */
    uint16_t proxy_port;
    /* messages */
    struct ix_wsc_out *first, *last;
    size_t queued;
    struct ix_buf in;
    /* the end */
    uint16_t send_code, peer_code;
    bool noted;
    int err;
    char detail[256];
};

void ix_wsc_kick(struct ix_ws_client *c); /* the next step, from our own timer */
/* the first reason is the true one; what follows from it is not told */
void ix_wsc_note(struct ix_ws_client *c, int err, const char *fmt, ...) IX_PRINTF(3, 4);
void ix_wsc_finish(struct ix_ws_client *c); /* CLOSED is told soon */
void ix_wsc_forget_wsi(struct ix_ws_client *c); /* lws is done with it, or shall be: its last callbacks find nobody */
void ix_wsc_drop_queue(struct ix_ws_client *c);
int ix_wsc_writable(struct ix_ws_client *c);

#endif
