/* SPDX-License-Identifier: MIT */
/* io: what the files about HTTP transfers share. */
#ifndef IX_IO_TRANSFER_H
#define IX_IO_TRANSFER_H

#include "io/internal.h"

#define IX_NAMES_KEPT 8
struct ix_name { /* libcurl has the addresses of this host until then */
    char host[256];
    uint16_t port;
    uint64_t until_us;
};

struct ix_http_client {
    struct ix_loop *loop;
    void *multi; /* CURLM */
    struct ix_loop_timer *timer; /* libcurl's */
    struct ix_list transfers;
    char *ca_file, *user_agent, *proxy;
    struct ix_name names[IX_NAMES_KEPT];
    size_t name_at; /* the next to be overwritten */
    bool starved; /* a socket could not be watched: out of memory */
    bool in_callback, dying; /* freed inside a callback: ends when that returns */
    /* of the last TLS handshake; handshakes do not overlap within a turn that ends one */
    char tls_refusal[256]; /* why the certificate was refused, "" = it was not */
    char tls_names[200]; /* whom the last accepted one is for */
};

struct ix_transfer {
    struct ix_list node;
    struct ix_http_client *client;
    void *easy; /* CURL */
    void *fields, *addresses; /* struct curl_slist */
    struct ix_resolve *resolve; /* the host is being looked up; libcurl does not know the transfer yet */
    struct ix_loop_timer *resolve_timer;
    uint64_t begun_us; /* the lookup */
    bool added; /* libcurl knows it */
    ix_transfer_fn fn;
    void *ctx;
    char host[256];
    uint16_t port;
    bool safe, has_body;
    uint8_t *body;
    size_t body_len, body_at;
    struct ix_buf answer, head;
    uint32_t timeout_ms, connect_timeout_ms;
    size_t max_answer;
    bool too_large;
    bool head_whole; /* the empty line behind the answer's head came */
    struct ix_addr tried; /* the address of the last connection attempt */
};

int ix_transfer_begin(struct ix_transfer *t); /* looks the host up where that is needed, then hands over */
int ix_transfer_hand_over(struct ix_transfer *t); /* to libcurl */
void ix_transfer_end(struct ix_transfer *t, struct ix_transfer_result *r); /* tells, and frees t */
/* err, detail and any_byte_sent of a transfer that libcurl ended with this code */
void ix_transfer_judge(const struct ix_transfer *t, int curl_code, struct ix_transfer_result *r);

#endif
