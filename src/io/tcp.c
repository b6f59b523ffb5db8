/* SPDX-License-Identifier: MIT */
/* A byte stream to a server, TCP or TLS, on stream.c: opened within a time, bounded queue, one CLOSED. */
#include <stdio.h>

#include "io/internal.h"

#define TIMEOUT_MS 5000
#define QUEUE_MAX ((size_t) 256 * 1024) /* media that a slow way cannot carry is better dropped than late */

struct ix_tcp {
    struct ix_stream *stream;
    struct ix_loop_timer *timer;
    void *tls; /* SSL_CTX, owned */
    ix_tcp_fn fn;
    void *ctx;
    bool open;
};

static void release(struct ix_tcp *t)
{
    ix_stream_close(t->stream);
    ix_loop_timer_free(t->timer);
    ix_stream_tls_free(t->tls); /* the stream has its own reference */
    ix_free(t);
}

void ix_tcp_close(struct ix_tcp *t)
{
    if (t != NULL)
        release(t);
}

static void closed(struct ix_tcp *t, int err, const char *detail)
{
    struct ix_tcp_event ev = { .kind = IX_TCP_CLOSED, .err = err, .detail = detail };

    t->fn(t->ctx, t, &ev);
    release(t);
}

static void on_opened(void *ctx)
{
    struct ix_tcp *t = ctx;
    struct ix_tcp_event ev = { .kind = IX_TCP_OPEN };

    t->open = true;
    ix_loop_timer_set(t->timer, IX_NEVER);
    t->fn(t->ctx, t, &ev);
}

static void on_data(void *ctx, const uint8_t *p, size_t n)
{
    struct ix_tcp *t = ctx;
    struct ix_tcp_event ev = { .kind = IX_TCP_DATA, .data = p, .len = n };

    t->fn(t->ctx, t, &ev);
}

static void on_ended(void *ctx)
{
    struct ix_tcp *t = ctx;
    char why[160];
    int err = ix_stream_failure(t->stream, why, sizeof why);

    closed(t, err, why);
}

static void on_late(void *ctx)
{
    closed(ctx, IRISX_E_TIMEOUT, "no connection in time");
}

static const struct ix_stream_events events = { .opened = on_opened, .data = on_data, .ended = on_ended };

int ix_tcp_connect(struct ix_loop *loop, const struct ix_tcp_options *o, ix_tcp_fn fn, void *ctx, struct ix_tcp **out)
{
    struct ix_tcp *t = ix_alloc(sizeof *t);
    char literal[IX_ADDR_TEXT];
    const char *host = o->host != NULL && o->host[0] != '\0' ? o->host : literal;
    int err = t != NULL ? 0 : IRISX_E_NO_MEMORY;

    if (err != 0)
        return err;
    t->fn = fn;
    t->ctx = ctx;
    ix_addr_ip_text(&o->to, literal);
    if (o->tls) {
        t->tls = ix_stream_tls_client_new(o->ca_file);
        err = t->tls != NULL ? 0 : IRISX_E_TLS;
    }
    if (err == 0)
        err = ix_loop_timer_new(loop, on_late, t, &t->timer);
    if (err == 0)
        err = ix_stream_connect(
            loop, &o->to, o->local.family != 0 ? &o->local : NULL, t->tls, host, &events, t, &t->stream);
    if (err != 0) {
        if (t->timer != NULL)
            ix_loop_timer_free(t->timer);
        ix_stream_tls_free(t->tls);
        ix_free(t);
        return err;
    }
    ix_loop_timer_set(
        t->timer, ix_time_add(ix_loop_now(loop).mono_us, (o->timeout_ms != 0 ? o->timeout_ms : TIMEOUT_MS) * IX_MS));
    *out = t;
    return 0;
}

int ix_tcp_send(struct ix_tcp *t, const void *p, size_t n)
{
    if (!t->open)
        return IRISX_E_STATE;
    if (ix_stream_queued(t->stream) > QUEUE_MAX)
        return IRISX_E_LIMIT;
    return ix_stream_write(t->stream, p, n);
}
