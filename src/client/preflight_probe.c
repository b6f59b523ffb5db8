/* SPDX-License-Identifier: MIT */
/* Names, the API, the WebSocket: what is on the way to them and who answers there. */
#include <stdio.h>
#include <string.h>

#include "client/preflight.h"

#define DNS_MS 3000
#define AAAA_GRACE_MS 2500 /* an answer that comes later makes every connection late */
#define PROBE_MS 4500
#define HEAD_MAX 8192
#define OPTIONS_MS 2000

/* ---- names ------------------------------------------------------------------------------- */
static void put_addrs(struct pf_check *c, const char *key, const struct ix_addr *list, size_t count)
{
    char text[IX_ADDR_TEXT];

    if (!c)
        return;
    ix_buf_fmt(&c->more, ",\"%s\":[", key);
    for (size_t i = 0; i < count; i++) {
        ix_addr_ip_text(&list[i], text);
        ix_buf_fmt(&c->more, "%s\"%s\"", i ? "," : "", text);
    }
    ix_buf_str(&c->more, "]");
}

/* A name that cannot exist (RFC 6761 section 6.4) has no address: who gives one lies. */
static bool lies(const struct preflight *p)
{
    struct ix_wait w = ix_pf_wait(p, 1500);
    struct ix_addr list[IX_LOOKUP_MAX];
    char name[64];
    size_t count;

    (void) snprintf(name, sizeof name, "irisx-%llx.invalid", (unsigned long long) (p->began_us * 2654435761u));
    return ix_lookup(name, IX_IPV4, &w, list, &count) == 0;
}

void ix_pf_dns(struct preflight *p, const char *host)
{
    uint64_t began = ix_clock_now().mono_us, asked = began;
    struct pf_check *c;
    struct ix_wait w = ix_pf_wait(p, DNS_MS), w6;
    struct ix_addr list[IX_LOOKUP_MAX], literal;
    size_t count;
    int a, aaaa;

    if (!host[0] || ix_addr_parse(&literal, ix_str(host), 0) == 0)
        return;
    c = ix_pf_check_new(p, "dns", host);
    a = ix_lookup(host, IX_IPV4, &w, list, &count);
    put_addrs(c, "a", list, count);
    ix_pf_more_number(c, "a_ms", (double) (ix_clock_now().mono_us - began) / 1000);
    w6 = ix_pf_wait(p, AAAA_GRACE_MS);
    asked = ix_clock_now().mono_us;
    aaaa = ix_lookup(host, IX_IPV6, &w6, list, &count);
    put_addrs(c, "aaaa", list, count);
    ix_pf_more_number(c, "aaaa_ms", (double) (ix_clock_now().mono_us - asked) / 1000);
    if (a && aaaa)
        ix_pf_reason_add(p, c, a == IRISX_E_NOT_FOUND ? PF_DNS_NOT_FOUND : PF_DNS_NO_ANSWER);
    else if (!a && aaaa == IRISX_E_TIMEOUT)
        ix_pf_reason_add(p, c, PF_DNS_AAAA_NO_ANSWER);
    if (!a && lies(p))
        ix_pf_reason_add(p, c, PF_DNS_WRONG);
    ix_pf_check_end(p, c, PF_OK, began);
}

bool ix_pf_resolve(struct preflight *p, const char *host, uint16_t port, const struct ix_wait *w, struct ix_addr *out)
{
    struct ix_addr list[IX_LOOKUP_MAX];
    size_t count;

    (void) p;
    if (ix_addr_parse(out, ix_str(host), port) == 0)
        return true;
    if (ix_lookup(host, IX_IPV4, w, list, &count) && ix_lookup(host, IX_IPV6, w, list, &count))
        return false;
    *out = list[0];
    out->port = port;
    return true;
}

/* ---- a connection that is opened, and what a failure means -------------------------------- */
static void judge_certificate(struct preflight *p, struct pf_check *c, const struct ix_link_report *r)
{
    static const enum pf_reason code[] = { [IX_CERT_EXPIRED] = PF_CERTIFICATE_EXPIRED,
        [IX_CERT_NOT_YET] = PF_CERTIFICATE_NOT_YET_VALID,
        [IX_CERT_NAME] = PF_CERTIFICATE_NAME,
        [IX_CERT_UNTRUSTED] = PF_CERTIFICATE_UNTRUSTED };
    char day[25];

    if (r->certificate == IX_CERT_NONE)
        return;
    ix_pf_more_text(c, "certificate_for", r->names);
    if (r->not_after_s) {
        ix_time_iso8601(r->not_after_s * (int64_t) IX_S, day);
        day[10] = '\0';
        ix_pf_more_text(c, "certificate_until", day);
    }
    if (r->certificate != IX_CERT_GOOD)
        ix_pf_reason_add(p, c, code[r->certificate]);
}

static struct ix_link *reach(
    struct preflight *p, struct pf_check *c, const char *host, uint16_t port, bool tls, const struct ix_wait *w)
{
    struct ix_link_report r;
    struct ix_link *conn = NULL;
    struct ix_addr addr;
    char text[IX_ADDR_TEXT];
    int err;

    if (!ix_pf_resolve(p, host, port, w, &addr)) {
        ix_pf_check_end(p, c, PF_FAIL, ix_clock_now().mono_us); /* the name's own check tells why */
        return NULL;
    }
    ix_addr_text(&addr, text);
    ix_pf_more_text(c, "address", text);
    err = ix_link_open(&addr, tls, host, p->ca_file, w, &r, &conn);
    ix_pf_more_number(c, "connect_ms", r.connect_ms);
    if (r.connected && tls)
        ix_pf_more_number(c, "tls_ms", r.tls_ms);
    judge_certificate(p, c, &r);
    if (err)
        ix_pf_reason_add(p, c,
            r.connected              ? PF_TLS_FAILED
            : err == IRISX_E_TIMEOUT ? PF_TCP_NO_ANSWER
                                     : PF_TCP_REFUSED);
    return conn;
}

/* ---- HTTP, as little as is needed --------------------------------------------------------- */
struct head {
    char text[HEAD_MAX];
    size_t n;
    unsigned status; /* 0: no HTTP answer */
};

static struct ix_str header(const struct head *h, const char *name)
{
    struct ix_str rest = ix_str_n(h->text, h->n), line, key;

    while (ix_str_cut(&rest, '\n', &line) && line.n > 1) {
        if (ix_str_cut(&line, ':', &key) && ix_str_ieq(key, ix_str(name)))
            return ix_str_trim(line);
    }
    return IX_STR_NONE;
}

/* sends a request; the head of the answer, perhaps with a piece of its body */
static int ask(struct ix_link *conn, const char *request, struct head *h, const struct ix_wait *w)
{
    struct ix_str first, rest, word;
    uint32_t status = 0;
    size_t got = 1;
    int err = ix_link_send(conn, request, strlen(request), w);

    h->n = 0;
    h->status = 0;
    while (!err && got && h->n < sizeof h->text - 1 && !strstr((h->text[h->n] = '\0', h->text), "\r\n\r\n")) {
        err = ix_link_receive(conn, h->text + h->n, sizeof h->text - 1 - h->n, &got, w);
        h->n += got;
    }
    h->text[h->n] = '\0';
    rest = ix_str_n(h->text, h->n);
    if (ix_str_cut(&rest, '\n', &first) && ix_str_cut(&first, ' ', &word) && ix_str_istarts(word, IX_STR("HTTP/")) &&
        ix_str_u32(ix_str_slice(first, 0, IX_MIN(first.n, 3)), 599, &status) == 0)
        h->status = status;
    return h->status ? 0 : err ? err : IRISX_E_NETWORK;
}

static void learn_clock(struct preflight *p, const struct head *h)
{
    int64_t here = ix_clock_now().wall_us / (int64_t) IX_S, there = ix_http_date(header(h, "Date"));

    if (there < 0)
        return;
    pthread_mutex_lock(&p->lock);
    p->clock_known = true;
    p->clock_off_s = here - there;
    pthread_mutex_unlock(&p->lock);
}

static bool is_html(const struct head *h)
{
    return ix_str_istarts(header(h, "Content-Type"), IX_STR("text/html"));
}

/* sent elsewhere, or shown a page: nobody who is the platform does that to a request of its API */
static bool is_portal(const struct head *h, const char *host)
{
    struct ix_str to = header(h, "Location");
    struct ix_str scheme, place = to;
    bool elsewhere = to.n && ix_str_cut(&place, '/', &scheme) && scheme.n && place.n && place.p[0] == '/' &&
                     !ix_str_istarts(ix_str_slice(place, 1, place.n), ix_str(host)); /* scheme://host */

    return h->status == 511 || (h->status / 100 == 3 && elsewhere) || (h->status == 200 && is_html(h));
}

static void request_of(char *out, size_t cap, const char *path, const char *host, uint16_t port, const char *more)
{
    (void) snprintf(out, cap, "GET %s HTTP/1.1\r\nHost: %s%s%s:%u\r\nUser-Agent: irisx-preflight\r\n%s\r\n", path,
        strchr(host, ':') ? "[" : "", host, strchr(host, ':') ? "]" : "", port, more);
}

/* A certificate seems out of date and nobody has told the time yet: the same server may, when asked for a page. */
static void ask_the_time(struct preflight *p, const char *host, uint16_t port)
{
    struct ix_wait w = ix_pf_wait(p, 1500);
    struct ix_link_report r;
    struct ix_link *conn = NULL;
    struct ix_addr addr;
    struct head *h = ix_alloc(sizeof *h);
    char request[512];

    request_of(request, sizeof request, "/", host, port, "");
    if (h && ix_pf_resolve(p, host, port, &w, &addr) && !ix_link_open(&addr, true, host, p->ca_file, &w, &r, &conn) &&
        !ask(conn, request, h, &w))
        learn_clock(p, h);
    ix_link_close(conn);
    ix_free(h);
}

static bool seems_out_of_date(struct preflight *p)
{
    return !p->clock_known && (ix_pf_has(p, PF_CERTIFICATE_EXPIRED) || ix_pf_has(p, PF_CERTIFICATE_NOT_YET_VALID));
}

/* behind a TLS failure: what does the plain port say? A portal answers for everybody there. */
static bool portal_at_port_80(struct preflight *p, const char *host)
{
    struct ix_wait w = ix_pf_wait(p, 1500);
    struct ix_link_report r;
    struct ix_link *conn = NULL;
    struct ix_addr addr;
    struct head *h = ix_alloc(sizeof *h);
    char request[512];
    bool portal = false;

    request_of(request, sizeof request, "/", host, 80, "");
    if (h && ix_pf_resolve(p, host, 80, &w, &addr) && !ix_link_open(&addr, false, host, NULL, &w, &r, &conn))
        portal = !ask(conn, request, h, &w) && is_portal(h, host);
    ix_link_close(conn);
    ix_free(h);
    return portal;
}

static bool tls_is_bad(struct preflight *p)
{
    return ix_pf_has(p, PF_CERTIFICATE_NAME) || ix_pf_has(p, PF_CERTIFICATE_UNTRUSTED) || ix_pf_has(p, PF_TLS_FAILED);
}

void ix_pf_api(struct preflight *p)
{
    uint64_t began = ix_clock_now().mono_us;
    struct ix_wait w = ix_pf_wait(p, PROBE_MS);
    struct pf_check *c = ix_pf_check_new(p, "api", p->client->o.api_url);
    struct ix_link *conn = reach(p, c, p->api_host, p->api_port, p->api_tls, &w);
    struct head *h = ix_alloc(sizeof *h);
    char request[512];

    request_of(request, sizeof request, "/v1/webrtc/credentials", p->api_host, p->api_port, "");
    if (conn && h && ask(conn, request, h, &w)) {
        ix_pf_reason_add(p, c, PF_API_NO_ANSWER);
    } else if (conn && h) {
        ix_pf_more_number(c, "http_status", h->status);
        learn_clock(p, h);
        if (is_portal(h, p->api_host))
            ix_pf_reason_add(p, c, PF_CAPTIVE_PORTAL);
        else if (h->status >= 500 || is_html(h))
            ix_pf_reason_add(p, c, PF_API_UNEXPECTED);
    }
    if (p->api_tls && tls_is_bad(p) && !ix_pf_has(p, PF_CAPTIVE_PORTAL) && portal_at_port_80(p, p->api_host))
        ix_pf_reason_add(p, c, PF_CAPTIVE_PORTAL);
    ix_link_close(conn);
    ix_free(h);
    ix_pf_check_end(p, c, PF_OK, began);
}

/* ---- the WebSocket ------------------------------------------------------------------------ */
#define SIP_OPTIONS                                                                                            \
    "OPTIONS sip:%s SIP/2.0\r\nVia: SIP/2.0/%s preflight.invalid;branch=z9hG4bKirisxpf\r\nMax-Forwards: 1\r\n" \
    "From: <sip:preflight@preflight.invalid>;tag=irisx\r\nTo: <sip:%s>\r\nCall-ID: irisx-preflight-%llx\r\n"   \
    "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"

/* one text frame of a client (RFC 6455 section 5.2), masked with zeroes: what is said is no secret */
static int send_frame(struct ix_link *conn, const char *text, const struct ix_wait *w)
{
    size_t n = strlen(text);
    uint8_t frame[8 + 1024] = { 0x81, 0x80 | 126, (uint8_t) (n >> 8), (uint8_t) n };

    if (n > 1024)
        return IRISX_E_TOO_LARGE;
    memcpy(frame + 8, text, n);
    return ix_link_send(conn, frame, 8 + n, w);
}

static void say_options(struct preflight *p, struct pf_check *c, struct ix_link *conn)
{
    struct ix_wait w = ix_pf_wait(p, OPTIONS_MS);
    const char *domain = p->realm ? p->realm : p->ws_host;
    char text[1024], *at = NULL;
    size_t n = 0, got = 1;
    int err;

    (void) snprintf(
        text, sizeof text, SIP_OPTIONS, domain, p->ws_tls ? "WSS" : "WS", domain, (unsigned long long) p->began_us);
    err = send_frame(conn, text, &w);
    while (!err && got && !at && n < sizeof text - 1) {
        err = ix_link_receive(conn, text + n, sizeof text - 1 - n, &got, &w);
        for (size_t i = n; i < n + got; i++)
            text[i] = text[i] ? text[i] : ' '; /* a frame's head has zeroes */
        n += got;
        text[n] = '\0';
        at = strstr(text, "SIP/2.0 ");
    }
    if (!at) {
        ix_pf_reason_add(p, c, PF_SIP_NO_ANSWER);
        return;
    }
    at[11] = '\0';
    ix_pf_more_text(c, "sip_options", at + 8);
}

static void judge_upgrade(struct preflight *p, struct pf_check *c, struct ix_link *conn, const struct head *h)
{
    static const char accept[] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="; /* RFC 6455 section 1.3, for its example's key */

    ix_pf_more_number(c, "http_status", h->status);
    learn_clock(p, h);
    if (h->status != 101) {
        ix_pf_reason_add(p, c, is_portal(h, p->ws_host) ? PF_CAPTIVE_PORTAL : PF_WEBSOCKET_REFUSED);
        return;
    }
    if (!ix_str_ieq(header(h, "Upgrade"), IX_STR("websocket")) ||
        !ix_str_eq(header(h, "Sec-WebSocket-Accept"), IX_STR(accept))) {
        ix_pf_reason_add(p, c, PF_WEBSOCKET_BROKEN);
        return;
    }
    say_options(p, c, conn);
}

void ix_pf_websocket(struct preflight *p)
{
    uint64_t began = ix_clock_now().mono_us;
    struct ix_wait w = ix_pf_wait(p, PROBE_MS);
    struct pf_check *c = ix_pf_check_new(p, "websocket", p->ws_url);
    struct ix_link *conn = reach(p, c, p->ws_host, p->ws_port, p->ws_tls, &w);
    struct head *h = ix_alloc(sizeof *h);
    char request[1024];
    int err;

    request_of(request, sizeof request, p->ws_path, p->ws_host, p->ws_port,
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\n");
    if (conn && h) {
        err = ask(conn, request, h, &w);
        if (err)
            ix_pf_reason_add(p, c, err == IRISX_E_TIMEOUT ? PF_WEBSOCKET_NO_ANSWER : PF_WEBSOCKET_REFUSED);
        else
            judge_upgrade(p, c, conn, h);
    }
    if (p->ws_tls && seems_out_of_date(p))
        ask_the_time(p, p->ws_host, p->ws_port);
    if (p->ws_tls && tls_is_bad(p) && !ix_pf_has(p, PF_CAPTIVE_PORTAL) && portal_at_port_80(p, p->ws_host))
        ix_pf_reason_add(p, c, PF_CAPTIVE_PORTAL);
    ix_link_close(conn);
    ix_free(h);
    ix_pf_check_end(p, c, PF_OK, began);
}
