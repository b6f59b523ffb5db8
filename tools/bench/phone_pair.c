/* SPDX-License-Identifier: MIT */
/*
 * Two phones, a client and a server with digest and a registrar, in virtual time, for the phone benchmark. Usage:
 *   phone_pair round-trips     dial to first received sound at 100 ms round trip, DTLS by mbedtls, everything warm
 *   phone_pair state CALLS     heap of one phone for each established call
 *   phone_pair packets CALLS ROUNDS   a packet each way in each round, over all calls in turn, for callgrind
 *                                     (--instr-atstart=no --collect-atstart=no): only what the two phones do with it is
 * counted Prints one line of JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

#include "call/call.h"
#include "dtls_double.h"
#include "host/engine.h"

#define MAX_CALLS 1100
#define QUEUE 8192

struct end {
    struct ix_phone *phone;
    struct ix_addr ip;
    uint32_t wire; /* the one connection */
    uint32_t last_socket; /* a socket's id is its port */
    uint32_t calls[MAX_CALLS];
    size_t talking; /* calls whose codec is known, in `calls` */
    size_t active; /* calls that are ACTIVE */
    bool ready;
    uint64_t first_frame_us;
    size_t held; /* bytes of heap */
};
struct item { /* on its way */
    uint64_t at_us;
    struct end *to;
    bool message; /* SIP, else a datagram */
    struct ix_addr from, dst;
    size_t len;
    uint8_t *data;
};

static struct end client, server, *owner; /* owner: whose turn it is, for the heap's account */
static struct item queue[QUEUE];
static size_t queued;
static uint64_t clock_us = 100 * IX_S, delay_us;
static struct ix_prng prng;
static struct ix_rng rng;
static struct ix_sip_auth_server *auth;
static struct ix_sip_registrar *registrar;
static struct ix_dtls_worker *worker;
static const struct ix_dtls_ops *dtls;
static bool counting; /* callgrind */

static void die(const char *why)
{
    fprintf(stderr, "phone_pair: %s\n", why);
    exit(1);
}

static struct ix_now now(void)
{
    return (struct ix_now){ .mono_us = clock_us, .wall_us = 1790000000000000 + (int64_t) clock_us };
}

/* ---- the heap, by owner --------------------------------------------------------------------- */
struct block {
    struct end *owner;
    size_t size;
};
#define HEAD 32 /* keeps malloc's alignment */

static void account(struct block *b, struct end *who, size_t size)
{
    b->owner = who;
    b->size = size;
    if (who)
        who->held += size;
}

static void *heap_alloc(size_t size, void *ctx)
{
    uint8_t *p = malloc(HEAD + size);

    (void) ctx;
    if (!p)
        return NULL;
    account((struct block *) (void *) p, owner, size);
    return p + HEAD;
}

static void heap_free(void *ptr, void *ctx)
{
    struct block *b = (struct block *) (void *) ((uint8_t *) ptr - HEAD);

    (void) ctx;
    if (b->owner)
        b->owner->held -= b->size;

    free(b);
}

static void *heap_realloc(void *ptr, size_t size, void *ctx)
{
    void *fresh = heap_alloc(size, ctx);

    if (fresh && ptr) {
        struct block *b = (struct block *) (void *) ((uint8_t *) ptr - HEAD);

        memcpy(fresh, ptr, b->size < size ? b->size : size);
        heap_free(ptr, ctx);
    }
    return fresh;
}

/* ---- what goes between ---------------------------------------------------------------------- */
static void send_item(
    struct end *to, bool message, const struct ix_addr *from, const struct ix_addr *dst, const void *p, size_t n)
{
    struct item *i = &queue[queued++];

    if (queued == QUEUE)
        die("too much is under way");
    *i = (struct item){
        .at_us = clock_us + delay_us, .to = to, .message = message, .len = n, .data = malloc(n ? n : 1)
    };
    if (!i->data)
        die("no memory");
    memcpy(i->data, p, n);
    if (from)
        i->from = *from, i->dst = *dst;
}

static void answer_invite(struct end *e, const struct ix_phone_event *ev)
{
    uint32_t call;

    if (!ix_call_take(e->phone, ev->transport, ev->txn, NULL, now(), &call))
        (void) ix_call_answer(e->phone, call, NULL, now());
}

static void on_request(struct end *e, const struct ix_phone_event *ev)
{
    bool invite = ev->msg->method == IX_SIP_INVITE;
    enum ix_sip_verdict verdict = ix_sip_auth_server_check(auth, ev->msg, invite, IX_STR("secret"), now());
    struct ix_sip_reply reply = { .status = invite ? 407 : 401 };
    struct ix_buf b;

    if (verdict == IX_SIP_AUTH_OK && invite) {
        answer_invite(e, ev);
        return;
    }
    ix_buf_init(&b, 4096);
    if (verdict == IX_SIP_AUTH_OK)
        reply.status = ix_sip_registrar_register(registrar, ev->msg->to.uri.text, ev->msg, ev->transport, now(), &b);
    else
        (void) ix_sip_auth_server_challenge(auth, &b, invite, verdict == IX_SIP_AUTH_STALE, now());
    reply.headers = ix_str_n(b.p, b.n);
    (void) ix_phone_respond(e->phone, ev->txn, &reply, now());
    ix_buf_clear(&b);
}

static void on_event(struct end *e, const struct ix_phone_event *ev)
{
    if (ev->kind == IX_EV_LINE)
        e->ready = ev->state == IX_LINE_READY;
    if (ev->kind == IX_EV_CALL && ev->state == IX_CALL_ACTIVE)
        e->active++;
    if (ev->kind == IX_EV_CALL && ev->state == IX_CALL_ENDED && ev->error->code)
        die(ev->error->message);
    if (ev->kind == IX_EV_REQUEST)
        on_request(e, ev);
}

static void open_sockets(struct end *e, uint32_t set)
{
    struct ix_phone_socket s = { .socket = ++e->last_socket, .addr = e->ip };

    s.addr.port = (uint16_t) s.socket;
    ix_phone_sockets(e->phone, set, &s, 1, now());
}

static void datagram(struct end *e, const struct ix_phone_out *out)
{
    struct end *to = e == &client ? &server : &client;
    struct ix_addr from = e->ip;

    from.port = (uint16_t) out->socket;
    if (ix_addr_same_ip(&out->to, &to->ip))
        send_item(to, false, &from, &out->to, out->data, out->len);
}

static void output(struct end *e, const struct ix_phone_out *out)
{
    struct end *other = e == &client ? &server : &client;

    switch (out->kind) {
    case IX_OUT_WS_OPEN:
        e->wire = out->transport;
        other->wire = ix_phone_accept(other->phone, false, &other->ip, &e->ip);
        if (!other->wire)
            die("the connection is refused");
        ix_phone_ws_opened(e->phone, out->transport, &e->ip, &other->ip, now());
        break;
    case IX_OUT_WS_SEND:
        send_item(other, true, NULL, NULL, out->data, out->len);
        break;
    case IX_OUT_WS_PING:
        ix_phone_ws_pong(e->phone, out->transport, now());
        break;
    case IX_OUT_UDP_OPEN:
        open_sockets(e, out->set);
        break;
    case IX_OUT_UDP_SEND:
        datagram(e, out);
        break;
    case IX_OUT_WORK:
        dtls->work(out->dtls, worker);
        ix_phone_work_done(e->phone, out->call, now());
        break;
    case IX_OUT_MEDIA:
        if (out->media.kind == IX_CALL_MEDIA_CODEC && e->talking < MAX_CALLS)
            e->calls[e->talking++] = out->media.call;
        break;
    case IX_OUT_FRAME:
        if (!e->first_frame_us)
            e->first_frame_us = clock_us;
        break;
    case IX_OUT_EVENT:
        on_event(e, &out->event);
        break;
    case IX_OUT_WS_CLOSE:
    case IX_OUT_UDP_CLOSE:
    case IX_OUT_TAP:
    case IX_OUT_STREAM_OPEN:
    case IX_OUT_STREAM_SEND:
    case IX_OUT_STREAM_CLOSE:
        break;
    }
}

static bool poll_phone(struct end *e, struct ix_phone_out *out)
{
    bool any;

    owner = e;
    if (counting)
        CALLGRIND_TOGGLE_COLLECT;
    any = ix_phone_poll(e->phone, out);
    if (counting)
        CALLGRIND_TOGGLE_COLLECT;
    return any;
}

static bool drain(struct end *e)
{
    struct ix_phone_out out;
    bool any = false;

    while (poll_phone(e, &out)) {
        any = true;
        output(e, &out);
    }
    owner = NULL;
    return any;
}

static void deliver(struct item *i)
{
    owner = i->to;
    if (counting)
        CALLGRIND_TOGGLE_COLLECT;
    if (i->message)
        ix_phone_ws_message(i->to->phone, i->to->wire, i->data, i->len, now());
    else
        ix_phone_udp_input(i->to->phone, i->dst.port, &i->from, i->data, i->len, clock_us, now());
    if (counting)
        CALLGRIND_TOGGLE_COLLECT;
    owner = NULL;
    free(i->data);
}

/* everything that is due now */
static void settle(void)
{
    bool any;

    do {
        any = drain(&client);
        any = drain(&server) || any;
        if (queued && queue[0].at_us <= clock_us) {
            struct item first = queue[0];

            memmove(queue, queue + 1, --queued * sizeof *queue);
            deliver(&first);
            any = true;
        }
    } while (any);
}

static void turn(struct end *e)
{
    owner = e;
    if (ix_phone_deadline(e->phone) <= clock_us)
        ix_phone_timeout(e->phone, now());
    owner = NULL;
}

static bool run_until(bool (*done)(void), uint64_t for_us)
{
    uint64_t end = clock_us + for_us;

    for (settle(); !done() && clock_us < end; settle()) {
        uint64_t next = IX_MIN(ix_phone_deadline(client.phone), ix_phone_deadline(server.phone));

        if (queued)
            next = IX_MIN(next, queue[0].at_us);
        clock_us = IX_MAX(clock_us, IX_MIN(next, end));
        turn(&client);
        turn(&server);
    }
    return done();
}

/* ---- scenes --------------------------------------------------------------------------------- */
static size_t wanted;
static uint32_t line;

static bool is_ready(void)
{
    return client.ready;
}

static bool are_up(void)
{
    return client.active >= wanted && server.talking >= wanted;
}

static bool never(void)
{
    return false;
}

static void make(struct end *e, const char *ip, bool is_server, struct ix_dtls_identity *id)
{
    struct ix_phone_config config = { .rng = &rng,
        .agent = "bench",
        .dtls = dtls,
        .identity = id,
        .max_calls = MAX_CALLS,
        .spare_sockets = !is_server,
        .allow_requests = is_server ? IX_SIP_BIT(IX_SIP_REGISTER) | IX_SIP_BIT(IX_SIP_INVITE) : 0 };

    e->last_socket = 1000;
    if (ix_addr_parse(&e->ip, ix_str(ip), 0))
        die("address");
    owner = e;
    if (ix_phone_new(&config, &e->phone))
        die("no phone");
    owner = NULL;
}

static void begin(void)
{
    struct ix_line_config account = {
        .ws_url = "ws://bench.test:8066", .user = "1000", .realm = "bench.test", .password = "secret", .expires_s = 3600
    };
    struct ix_sip_auth_server_config a = { .rng = &rng, .realm = "bench.test" };
    struct ix_sip_registrar_config r = { 0 };
    struct ix_dtls_identity *id = NULL;

    if (ix_host_crypto_init() || ix_dtls_identity_new(&rng, now().wall_us, &id) || ix_dtls_worker_new(id, &worker))
        die("no identity");
    if (ix_sip_auth_server_new(&a, &auth) || ix_sip_registrar_new(&r, &registrar))
        die("no registrar");
    make(&client, "192.0.2.1", false, id);
    make(&server, "192.0.2.2", true, id);
    owner = &client;
    if (ix_line_open(client.phone, &account, now(), &line))
        die("no line");
    owner = NULL;
    if (!run_until(is_ready, 30 * IX_S))
        die("the line does not register");
}

static void dial(void)
{
    struct ix_call_config config = { .line = line, .to = "9196" };
    uint32_t call;

    owner = &client;
    if (ix_call_dial(client.phone, &config, now(), &call))
        die("dialling is refused");
    owner = NULL;
    wanted++;
}

static void frame_to(struct end *e, uint32_t call, uint32_t timestamp)
{
    struct ix_frame f = {
        .timestamp = timestamp, .kind = IX_FRAME_AUDIO, .payload_type = 0xff, .codec = IX_CODEC_OPUS, .len = 60
    };

    owner = e;
    if (counting)
        CALLGRIND_TOGGLE_COLLECT;
    ix_phone_media_frame(e->phone, call, &f, now());
    if (counting)
        CALLGRIND_TOGGLE_COLLECT;
    owner = NULL;
}

/* the other side talks from the moment that it knows the codec, a frame each 20 ms, as a media thread would */
static bool talk_until_heard(void)
{
    uint64_t began = clock_us;
    size_t before = server.talking;
    uint32_t timestamp = 0;

    while (!client.first_frame_us && clock_us < began + 10 * IX_S) {
        if (server.talking > before)
            frame_to(&server, server.calls[server.talking - 1], timestamp);
        timestamp += 960;
        (void) run_until(never, 20 * IX_MS);
    }
    return client.first_frame_us != 0;
}

static void round_trips(void)
{
    uint64_t began;

    delay_us = 50 * IX_MS;
    dtls = &ix_dtls_mbedtls;
    begin();
    dial(); /* the first call learns the nonce */
    if (!run_until(are_up, 20 * IX_S))
        die("the call is not set up");
    (void) run_until(never, 5 * IX_S); /* candidates of the next one are gathered */
    dial();
    client.first_frame_us = 0;
    began = clock_us;
    if (!talk_until_heard())
        die("nothing is heard");
    printf("{\"ms\":%.1f,\"round_trips\":%.3f}\n", (double) (client.first_frame_us - began) / 1000.0,
        (double) (client.first_frame_us - began) / (double) (2 * delay_us));
}

static void set_up(size_t count)
{
    dtls = &dtls_double;
    delay_us = IX_MS;
    begin();
    for (size_t i = 0; i < count; i++) {
        dial();
        if (!run_until(are_up, 20 * IX_S))
            die("a call is not set up");
    }
    (void) run_until(never, 3 * IX_S);
}

/* what the media of a call holds: RTP session, its replay windows and reports */
static size_t rtp_bytes(void)
{
    struct ix_rtp_config config = { .rng = &rng, .cname = "bench" };
    struct ix_rtp *rtp = NULL;
    size_t before = client.held, bytes;

    owner = &client;
    if (ix_rtp_new(&config, &rtp))
        die("no RTP session");
    bytes = client.held - before;
    ix_rtp_free(rtp);
    owner = NULL;
    return bytes;
}

static void state(size_t count)
{
    size_t before;

    set_up(1);
    before = client.held;
    for (size_t i = 1; i < count; i++) {
        dial();
        if (!run_until(are_up, 20 * IX_S))
            die("a call is not set up");
    }
    (void) run_until(never, 3 * IX_S);
    printf("{\"bytes\":%zu,\"calls\":%zu,\"rtp_bytes\":%zu}\n", client.held - before, count - 1, rtp_bytes());
}

static void packets(size_t calls, size_t rounds)
{
    uint32_t timestamp = 0;

    set_up(calls);
    delay_us = 0;
    for (size_t i = 0; i < calls * 2 + rounds; i++) {
        size_t at = i * 7 % calls;

        clock_us += 20 * IX_MS / calls; /* each call has a packet every 20 ms */
        if (i % calls == 0)
            timestamp += 960;
        if (i == calls * 2)
            CALLGRIND_START_INSTRUMENTATION; /* once: each time throws the translated code away */
        counting = i >= calls * 2; /* before: every call has met a packet */
        frame_to(&client, client.calls[at], timestamp);
        frame_to(&server, server.calls[at], timestamp);
        turn(&client);
        turn(&server);
        settle();
        counting = false;
    }
    printf("{\"packets\":%zu}\n", 2 * rounds);
}

int main(int argc, char **argv)
{
    static const struct ix_allocator heap = { heap_alloc, heap_realloc, heap_free, NULL };
    const char *mode = argc > 1 ? argv[1] : "";

    ix_set_allocator(&heap);
    ix_prng_seed(&prng, 4);
    rng = ix_prng_rng(&prng);
    if (strcmp(mode, "round-trips") == 0)
        round_trips();
    else if (strcmp(mode, "state") == 0 && argc == 3)
        state(strtoul(argv[2], NULL, 10));
    else if (strcmp(mode, "packets") == 0 && argc == 4)
        packets(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
    else
        die("usage: phone_pair round-trips | state CALLS | packets CALLS ROUNDS");
    return 0;
}
