/* SPDX-License-Identifier: MIT */
/* See bench.h. */
#include "bench.h"

#include <stdarg.h>

#include "dtls_double.h"

const char bench_sdp[] =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.20\r\ns=-\r\nc=IN IP4 192.0.2.20\r\nt=0 0\r\na=ice-ufrag:abcd\r\n"
    "a=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 "
    "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n"
    "m=audio 40000 UDP/TLS/RTP/SAVPF 0 101\r\na=setup:active\r\na=rtpmap:0 PCMU/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\na=rtcp-mux\r\na=sendrecv\r\n"
    "a=candidate:1 1 udp 2130706431 192.0.2.20 40000 typ host\r\n";

static void opened(struct bench *b, uint32_t transport)
{
    struct ix_addr local, remote;

    cr_assert_eq(ix_addr_parse(&local, IX_STR("192.0.2.10"), 5000), 0);
    cr_assert_eq(ix_addr_parse(&remote, IX_STR("192.0.2.20"), 8066), 0);
    ix_phone_ws_opened(b->phone, transport, &local, &remote, b->now);
}

static void sockets(struct bench *b, uint32_t set)
{
    struct ix_phone_socket s = { .socket = ++b->sockets };

    b->sets++;
    cr_assert_eq(ix_addr_parse(&s.addr, IX_STR("192.0.2.10"), (uint16_t) (40000 + b->sockets)), 0);
    ix_phone_sockets(b->phone, set, &s, 1, b->now);
}

static void keep_event(struct bench *b, const struct ix_phone_event *ev)
{
    struct bench_event *e = &b->events[b->event_count];

    cr_assert_lt(b->event_count, BENCH_EVENTS);
    b->event_count++;
    *e = (struct bench_event){ .kind = ev->kind,
        .line = ev->line,
        .call = ev->call,
        .state = ev->state,
        .code = ev->error->code,
        .sip_status = ev->error->sip_status,
        .q850 = ev->error->q850_cause,
        .by_peer = ev->error->by_peer };
    memcpy(e->message, ev->error->message, sizeof e->message);
    e->rtt_us = ev->rtt_us;
    e->subscription = ev->subscription;
    e->has_notice = ev->notice != NULL;
    if (ev->notice)
        b->notice = *ev->notice;
    if (ev->kind == IX_EV_MESSAGE)
        (void) ix_str_copy(e->body, sizeof e->body, ev->msg->body);
    if (ev->kind == IX_EV_INCOMING)
        b->incoming = ev->call;
    if (ev->txn)
        b->txn = ev->txn;
}

static void output(struct bench *b, const struct ix_phone_out *out)
{
    switch (out->kind) {
    case IX_OUT_WS_OPEN:
        b->opens++;
        b->transport = out->transport;
        (void) snprintf(b->url, sizeof b->url, "%s", out->url);
        break;
    case IX_OUT_WS_SEND:
        cr_assert_lt(b->sent_len + out->len, sizeof b->sent);
        memcpy(b->sent + b->sent_len, out->data, out->len);
        b->sent_len += out->len;
        b->sent[b->sent_len++] = '\0';
        break;
    case IX_OUT_WS_PING:
        b->pings++;
        break;
    case IX_OUT_WS_CLOSE:
        b->closes++;
        ix_phone_ws_closed(b->phone, out->transport, 0, false, NULL, b->now);
        break;
    case IX_OUT_UDP_OPEN:
        b->held_set = out->set;
        if (!b->hold_sockets)
            sockets(b, out->set);
        break;
    case IX_OUT_EVENT:
        keep_event(b, &out->event);
        break;
    case IX_OUT_UDP_SEND:
    case IX_OUT_STREAM_OPEN:
    case IX_OUT_STREAM_SEND:
    case IX_OUT_STREAM_CLOSE:
    case IX_OUT_UDP_CLOSE:
    case IX_OUT_MEDIA:
    case IX_OUT_FRAME:
    case IX_OUT_TAP:
    case IX_OUT_WORK:
        break;
    }
}

void bench_drain(struct bench *b)
{
    struct ix_phone_out out;

    while (ix_phone_poll(b->phone, &out))
        output(b, &out);
}

void bench_sockets(struct bench *b)
{
    sockets(b, b->held_set);
    bench_drain(b);
}

void bench_open_bare(struct bench *b)
{
    struct ix_phone_config config = { .rng = &b->rng, .agent = "bench", .dtls = &dtls_double };

    memset(b, 0, sizeof *b);
    ix_prng_seed(&b->prng, 1);
    b->rng = ix_prng_rng(&b->prng);
    b->now = (struct ix_now){ .mono_us = 1000 * IX_S, .wall_us = 1700000000 * (int64_t) IX_S };
    cr_assert_eq(ix_dtls_identity_new(&b->rng, b->now.wall_us, &b->identity), 0);
    config.identity = b->identity;
    cr_assert_eq(ix_phone_new(&config, &b->phone), 0);
}

void bench_open(struct bench *b)
{
    struct ix_addr any = { 0 };

    bench_open_bare(b);
    b->transport = ix_phone_accept(b->phone, false, &any, &any);
    cr_assert(b->transport);
    bench_drain(b);
}

void bench_line(struct bench *b, bool registers)
{
    struct ix_line_config config = { .ws_url = "ws://192.0.2.20:8066/ws",
        .user = "1000",
        .realm = "pbx.test",
        .password = "secret",
        .no_register = !registers };

    cr_assert_eq(ix_line_open(b->phone, &config, b->now, &b->line), 0);
    bench_drain(b);
    opened(b, b->transport);
    bench_drain(b);
}

void bench_close(struct bench *b)
{
    ix_phone_free(b->phone);
    ix_dtls_identity_unref(b->identity);
}

void bench_forget(struct bench *b)
{
    b->sent_len = 0;
    b->event_count = 0;
}

void bench_input(struct bench *b, const char *format, ...)
{
    static char text[65536];
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    cr_assert(n > 0 && (size_t) n < sizeof text);
    ix_phone_ws_message(b->phone, b->transport, text, (size_t) n, b->now);
    bench_drain(b);
}

void bench_at(struct bench *b, uint64_t mono_us)
{
    b->now.mono_us = mono_us;
    ix_phone_timeout(b->phone, b->now);
    bench_drain(b);
}

const char *bench_sent(const struct bench *b, const char *start)
{
    const char *found = NULL;

    for (size_t at = 0; at < b->sent_len; at += strlen(b->sent + at) + 1)
        if (!strncmp(b->sent + at, start, strlen(start)))
            found = b->sent + at;
    return found;
}

const char *bench_header(const char *message, const char *name)
{
    static char values[8][512];
    static unsigned turn;
    char *out = values[turn++ % 8], start[64];
    const char *at, *end;

    out[0] = '\0';
    (void) snprintf(start, sizeof start, "\r\n%s: ", name);
    at = message ? strstr(message, start) : NULL;
    end = at ? strstr(at + 2, "\r\n") : NULL;
    if (end)
        (void) snprintf(out, sizeof values[0], "%.*s", (int) (end - at) - (int) strlen(start), at + strlen(start));
    return out;
}

void bench_respond(struct bench *b, const char *request, const char *status, const char *lines, const char *body)
{
    const char *r = bench_sent(b, request), *to = bench_header(r, "To");

    cr_assert_not_null(r, "no %s was sent", request);
    bench_input(b,
        "SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n%s%sContent-Length: %zu\r\n\r\n%s",
        status, bench_header(r, "Via"), bench_header(r, "From"), to, strstr(to, ";tag=") ? "" : ";tag=peer",
        bench_header(r, "Call-ID"), bench_header(r, "CSeq"), lines ? lines : "",
        body ? "Content-Type: application/sdp\r\n" : "", body ? strlen(body) : 0, body ? body : "");
}

const struct bench_event *bench_saw(const struct bench *b, enum ix_phone_event_kind kind, int state)
{
    for (size_t i = b->event_count; i > 0; i--)
        if (b->events[i - 1].kind == kind && b->events[i - 1].state == state)
            return &b->events[i - 1];
    return NULL;
}

unsigned bench_count(const struct bench *b, const char *start)
{
    unsigned count = 0;

    for (size_t at = 0; at < b->sent_len; at += strlen(b->sent + at) + 1)
        count += !strncmp(b->sent + at, start, strlen(start));
    return count;
}

uint32_t bench_call(struct bench *b)
{
    struct ix_call_config config = { .line = b->line, .to = "9196" };
    uint32_t call;

    cr_assert_eq(ix_call_dial(b->phone, &config, b->now, &call), 0);
    bench_drain(b);
    bench_respond(b, "INVITE", "200 OK", "Contact: <sip:9196@192.0.2.20;transport=ws>\r\n", bench_sdp);
    cr_assert_not_null(bench_sent(b, "ACK"));
    cr_assert_not_null(bench_saw(b, IX_EV_CALL, IX_CALL_ANSWERED));
    return call;
}

void bench_request(struct bench *b, const char *method, unsigned cseq, const char *lines, const char *body)
{
    const char *invite = bench_sent(b, "INVITE"), *ack = bench_sent(b, "ACK");

    bench_input(b,
        "%s sip:me@client.invalid SIP/2.0\r\nVia: SIP/2.0/WS p.invalid;branch=z9hG4bK%s%u\r\nFrom: %s\r\nTo: %s\r\n"
        "Call-ID: %s\r\nCSeq: %u %s\r\nContact: <sip:9196@192.0.2.20;transport=ws>\r\nMax-Forwards: 70\r\n%s%s"
        "Content-Length: %zu\r\n\r\n%s",
        method, method, cseq, bench_header(ack, "To"), bench_header(invite, "From"), bench_header(invite, "Call-ID"),
        cseq, method, lines ? lines : "", body ? "Content-Type: application/sdp\r\n" : "", body ? strlen(body) : 0,
        body ? body : "");
}
