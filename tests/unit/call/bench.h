/* SPDX-License-Identifier: MIT */
/* A phone alone, with a shell that keeps what comes out: one connection, whose other end is the test. */
#ifndef TEST_CALL_BENCH_H
#define TEST_CALL_BENCH_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "call/call.h"

#define BENCH_EVENTS 64

struct bench_event {
    enum ix_phone_event_kind kind;
    uint32_t line, call;
    int state, code;
    unsigned sip_status, q850;
    bool by_peer;
    char message[160];
    uint64_t rtt_us;
    uint32_t subscription;
    char body[64]; /* of a MESSAGE */
    bool has_notice;
};
struct bench {
    struct ix_prng prng;
    struct ix_rng rng;
    struct ix_dtls_identity *identity;
    struct ix_phone *phone;
    struct ix_now now;
    uint32_t transport; /* the last one that was asked for or accepted */
    uint32_t line;
    unsigned opens, closes, pings;
    char url[128]; /* of the last open */
    char sent[65536]; /* messages one behind the other since bench_forget */
    size_t sent_len;
    struct bench_event events[BENCH_EVENTS];
    size_t event_count;
    uint32_t incoming; /* the last call that rang; 0 none */
    struct ix_sip_notice notice; /* the last one */
    ix_sip_txn txn; /* of the last REQUEST or REFER */
    uint32_t sets, sockets; /* opened so far */
    uint32_t held_set; /* the last set that waits for its sockets */
    bool hold_sockets; /* UDP_OPEN is not answered by itself, but by bench_sockets */
};

void bench_open(struct bench *b); /* and one accepted connection */
void bench_open_bare(struct bench *b); /* without a connection */
void bench_close(struct bench *b);
void bench_line(struct bench *b, bool registers); /* a line whose connection is open; "1000", "secret", pbx.test */
void bench_drain(struct bench *b);
void bench_sockets(struct bench *b);
void bench_forget(struct bench *b);
/* a message on the connection */
void bench_input(struct bench *b, const char *format, ...) IX_PRINTF(2, 3);
void bench_at(struct bench *b, uint64_t mono_us); /* sets the clock, fires what is due */
/* the newest message that begins so; NULL none */
const char *bench_sent(const struct bench *b, const char *start);
/* value of a header of a message of ours, in static storage; "" if absent */
const char *bench_header(const char *message, const char *name);
/* a response to the newest request of ours that begins so; lines: further headers, each with CRLF */
void bench_respond(struct bench *b, const char *request, const char *status, const char *lines, const char *body);
/* the newest event of that kind and state; NULL none */
const struct bench_event *bench_saw(const struct bench *b, enum ix_phone_event_kind kind, int state);

/* a call that was dialled on bench_line and answered with bench_sdp */
uint32_t bench_call(struct bench *b);
/* a request of the peer's in that call; lines: further headers, each with CRLF; body NULL: none */
void bench_request(struct bench *b, const char *method, unsigned cseq, const char *lines, const char *body);
unsigned bench_count(const struct bench *b, const char *start); /* messages sent that begin so */

extern const char bench_sdp[]; /* an offer or answer that a call is made from */

#endif
