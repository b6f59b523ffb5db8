/* SPDX-License-Identifier: MIT */
/*
 * The names of transfers: libcurl's own resolver makes everybody wait when it is cancelled, so addresses are looked up
 * here and given to it.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "io/internal.h"
#include "io/transfer.h"

#define NAME_US (50 * IX_S) /* libcurl forgets addresses after 60 s */

static struct ix_name *find_name(struct ix_http_client *c, const struct ix_transfer *t)
{
    for (size_t i = 0; i < IX_NAMES_KEPT; i++) {
        if (c->names[i].port == t->port && strcmp(c->names[i].host, t->host) == 0)
            return &c->names[i];
    }
    return NULL;
}

static void keep_name(struct ix_http_client *c, const struct ix_transfer *t)
{
    struct ix_name *n = find_name(c, t);

    if (n == NULL) {
        n = &c->names[c->name_at];
        c->name_at = (c->name_at + 1) % IX_NAMES_KEPT;
    }
    (void) ix_str_copy(n->host, sizeof n->host, ix_str(t->host)); /* the same size */
    n->port = t->port;
    n->until_us = ix_loop_now(c->loop).mono_us + NAME_US;
}

static bool needs_lookup(struct ix_transfer *t)
{
    const struct ix_name *n = find_name(t->client, t);
    struct ix_addr literal;

    if (t->client->proxy != NULL || strcmp(t->host, "localhost") == 0 ||
        ix_addr_parse(&literal, ix_str(t->host), 0) == 0)
        return false;
    return n == NULL || n->until_us <= ix_loop_now(t->client->loop).mono_us;
}

/* The time of the lookup counts. */
static bool shorten(struct ix_transfer *t)
{
    uint64_t gone_ms = (ix_loop_now(t->client->loop).mono_us - t->begun_us) / IX_MS;
    long whole = gone_ms < t->timeout_ms ? (long) (t->timeout_ms - gone_ms) : 1;
    long connect = gone_ms < t->connect_timeout_ms ? (long) (t->connect_timeout_ms - gone_ms) : 1;

    return curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, whole) == CURLE_OK &&
           curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, connect) == CURLE_OK;
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
    struct ix_http_client *c = t->client;
    struct ix_transfer_result r = { 0 };

    t->resolve = NULL;
    ix_loop_timer_set(t->resolve_timer, IX_NEVER);
    if (err == 0 && give_addresses(t, addrs, count) && shorten(t) && ix_transfer_hand_over(t) == 0) {
        keep_name(c, t);
        return;
    }
    if (err == IRISX_E_DNS) {
        ix_transfer_judge(t, CURLE_COULDNT_RESOLVE_HOST, &r);
        ix_transfer_end(t, &r);
    } else {
        fail_early(t, IRISX_E_NO_MEMORY, "out of memory");
    }
}

static void on_resolve_time(void *ctx)
{
    struct ix_transfer *t = ctx;
    char why[300];

    (void) snprintf(why, sizeof why, "the name %.200s was not resolved within %u ms", t->host,
        IX_MIN(t->timeout_ms, t->connect_timeout_ms));
    fail_early(t, IRISX_E_TIMEOUT, why);
}

static int look_up(struct ix_transfer *t)
{
    struct ix_loop *loop = t->client->loop;
    int err = ix_loop_timer_new(loop, on_resolve_time, t, &t->resolve_timer);

    t->begun_us = ix_loop_now(loop).mono_us;
    if (err == 0)
        err = ix_resolve(loop, t->host, t->port, on_addresses, t, &t->resolve);
    if (err == 0)
        ix_loop_timer_set(
            t->resolve_timer, ix_time_add(t->begun_us, IX_MIN(t->timeout_ms, t->connect_timeout_ms) * IX_MS));
    return err;
}

int ix_transfer_begin(struct ix_transfer *t)
{
    return needs_lookup(t) ? look_up(t) : ix_transfer_hand_over(t);
}
