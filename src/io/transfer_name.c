/* SPDX-License-Identifier: MIT */
/*
 * The names of transfers: libcurl's own resolver makes everybody wait when it is cancelled, so addresses are looked up
 * here and given to it.
 */
#include <stdio.h>
#include <string.h>

#include "io/transfer.h"

#define NAME_US (50 * IX_S) /* libcurl forgets addresses after 60 s */
#define IDLE_UNKNOWN_S 3 /* the platform closes after 5 (contract WIRE.md section 2) */

struct ix_origin *ix_transfer_origin(struct ix_http_client *c, const char *host, uint16_t port)
{
    for (size_t i = 0; i < IX_ORIGINS_KEPT; i++) {
        if (c->origins[i].port == port && strcmp(c->origins[i].host, host) == 0)
            return &c->origins[i];
    }
    struct ix_origin *n = &c->origins[c->origin_at];
    c->origin_at = (c->origin_at + 1) % IX_ORIGINS_KEPT;
    (void) ix_str_copy(n->host, sizeof n->host, ix_str(host)); /* the same size */
    n->port = port;
    n->until_us = 0;
    n->idle_s = IDLE_UNKNOWN_S;
    return n;
}

/* a place may be another's by now: there are few */
struct ix_origin *ix_transfer_own_origin(const struct ix_transfer *t)
{
    struct ix_origin *o = t->origin;

    return o != NULL && o->port == t->port && strcmp(o->host, t->host) == 0 ? o : NULL;
}

static bool unknown(const struct ix_transfer *t, const char *host, uint16_t port)
{
    struct ix_addr literal;

    return ix_transfer_origin(t->client, host, port)->until_us <= t->begun_us && strcmp(host, "localhost") != 0 &&
           ix_addr_parse(&literal, ix_str(host), 0) != 0;
}

/* Whose addresses libcurl will want and does not have: its own way to get them makes all others wait. */
static enum ix_looks unknown_name(const struct ix_transfer *t)
{
    const struct ix_proxy *p = t->proxy;

    if (p != NULL && p->host[0] != '\0' && unknown(t, p->host, p->port))
        return IX_LOOKS_PROXY;
    return (p == NULL || p->asks_us) && unknown(t, t->host, t->port) ? IX_LOOKS_HOST : IX_LOOKS_NONE;
}

const char *ix_transfer_looked(const struct ix_transfer *t)
{
    return t->looks == IX_LOOKS_PROXY ? t->proxy->host : t->host;
}

static uint16_t looked_port(const struct ix_transfer *t)
{
    return t->looks == IX_LOOKS_PROXY ? t->proxy->port : t->port;
}

static bool give_addresses(struct ix_transfer *t, const struct ix_addr *addrs, size_t count)
{
    struct curl_slist *more;
    struct ix_buf b;
    char *line;

    ix_buf_init(&b, 4096);
    ix_buf_fmt(&b, "+%s:%u:", ix_transfer_looked(t), looked_port(t)); /* +: they grow old like others */
    for (size_t i = 0; i < count; i++) {
        char ip[IX_ADDR_TEXT];
        ix_addr_ip_text(&addrs[i], ip);
        ix_buf_fmt(&b, addrs[i].family == IX_IPV6 ? "%s[%s]" : "%s%s", i > 0 ? "," : "", ip);
    }
    line = ix_buf_take(&b);
    more = line != NULL ? curl_slist_append(t->addresses, line) : NULL;
    ix_free(line);
    if (more != NULL)
        t->addresses = more;
    return more != NULL && curl_easy_setopt(t->easy, CURLOPT_RESOLVE, t->addresses) == CURLE_OK;
}

static void fail_early(struct ix_transfer *t, int err, const char *detail)
{
    struct ix_transfer_result r = { .err = err };

    (void) snprintf(r.detail, sizeof r.detail, "%.255s", detail);
    ix_transfer_end(t, &r);
}

static void on_addresses(void *ctx, int err, const struct ix_addr *addrs, size_t count)
{
    struct ix_transfer *t = ctx;
    struct ix_transfer_result r = { 0 };

    t->resolve = NULL;
    if (err == 0 && give_addresses(t, addrs, count)) {
        ix_transfer_origin(t->client, ix_transfer_looked(t), looked_port(t))->until_us =
            ix_loop_now(t->client->loop).mono_us + NAME_US;
        if (ix_transfer_begin(t) == 0)
            return;
    }
    if (err == IRISX_E_DNS) {
        ix_transfer_judge(t, t->looks == IX_LOOKS_PROXY ? CURLE_COULDNT_RESOLVE_PROXY : CURLE_COULDNT_RESOLVE_HOST, &r);
        ix_transfer_end(t, &r);
    } else {
        fail_early(t, IRISX_E_NO_MEMORY, "out of memory");
    }
}

int ix_transfer_begin(struct ix_transfer *t)
{
    t->looks = unknown_name(t);
    if (t->looks == IX_LOOKS_NONE)
        return ix_transfer_hand_over(t);
    ix_transfer_enter(t, IX_PHASE_RESOLVE);
    return ix_resolve(t->client->loop, ix_transfer_looked(t), looked_port(t), on_addresses, t, &t->resolve);
}
