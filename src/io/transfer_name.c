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

static bool needs_lookup(struct ix_transfer *t)
{
    const struct ix_http_client *c = t->client;
    struct ix_addr literal;

    if ((t->secure ? c->secure_proxy : c->proxy) != NULL)
        return false; /* the proxy's own name is libcurl's */
    if (t->origin->until_us > t->begun_us)
        return false;
    return strcmp(t->host, "localhost") != 0 && ix_addr_parse(&literal, ix_str(t->host), 0) != 0;
}

static bool give_addresses(struct ix_transfer *t, const struct ix_addr *addrs, size_t count)
{
    struct ix_buf b;
    char *line;

    ix_buf_init(&b, 4096);
    ix_buf_fmt(&b, "+%s:%u:", t->host, t->port); /* +: they grow old like others */
    for (size_t i = 0; i < count; i++) {
        char ip[IX_ADDR_TEXT];
        ix_addr_ip_text(&addrs[i], ip);
        ix_buf_fmt(&b, addrs[i].family == IX_IPV6 ? "%s[%s]" : "%s%s", i > 0 ? "," : "", ip);
    }
    line = ix_buf_take(&b);
    t->addresses = line != NULL ? curl_slist_append(NULL, line) : NULL;
    ix_free(line);
    return t->addresses != NULL && curl_easy_setopt(t->easy, CURLOPT_RESOLVE, t->addresses) == CURLE_OK;
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
    if (err == 0 && give_addresses(t, addrs, count) && ix_transfer_hand_over(t) == 0) {
        t->origin->until_us = ix_loop_now(t->client->loop).mono_us + NAME_US;
        return;
    }
    if (err == IRISX_E_DNS) {
        ix_transfer_judge(t, CURLE_COULDNT_RESOLVE_HOST, &r);
        ix_transfer_end(t, &r);
    } else {
        fail_early(t, IRISX_E_NO_MEMORY, "out of memory");
    }
}

static int look_up(struct ix_transfer *t)
{
    ix_transfer_enter(t, IX_PHASE_RESOLVE);
    return ix_resolve(t->client->loop, t->host, t->port, on_addresses, t, &t->resolve);
}

int ix_transfer_begin(struct ix_transfer *t)
{
    return needs_lookup(t) ? look_up(t) : ix_transfer_hand_over(t);
}
