/* SPDX-License-Identifier: MIT */
/*
 * How long a transfer and each of its phases may take. One timer a client, set to the earliest end it has heard of:
 * ends mostly move away, so it is looked at again only when it rings.
 */
#include "io/transfer.h"

#define NUDGE_US (250 * IX_MS)

static uint64_t end_of(const struct ix_transfer *t)
{
    return IX_MIN(t->ends_us, t->phase_us);
}

static uint64_t next_look(const struct ix_transfer *t)
{
    return IX_MIN(end_of(t), t->nudge_us);
}

static void hear(struct ix_http_client *c, uint64_t at_us)
{
    if (at_us >= c->limits_us)
        return;
    c->limits_us = at_us;
    ix_loop_timer_set(c->limits, at_us);
}

static uint32_t limit_of(const struct ix_transfer *t, enum ix_phase phase)
{
    const struct ix_transfer_limits *l = &t->limits;

    switch (phase) {
    case IX_PHASE_WAIT:
        return 0;
    case IX_PHASE_RESOLVE:
        return l->resolve_ms;
    case IX_PHASE_CONNECT:
        return l->tcp_ms;
    case IX_PHASE_TLS:
        return l->tls_ms;
    case IX_PHASE_ANSWER:
        return l->answer_ms;
    case IX_PHASE_SEND:
    case IX_PHASE_MOVE:
        return l->idle_ms;
    }
    return 0;
}

void ix_transfer_enter(struct ix_transfer *t, enum ix_phase phase)
{
    uint64_t now = ix_loop_now(t->client->loop).mono_us;
    uint32_t ms = limit_of(t, phase);
    bool connecting = phase == IX_PHASE_CONNECT || phase == IX_PHASE_TLS;

    if (phase == IX_PHASE_CONNECT && t->limits.connect_ms != 0)
        t->connect_us = ix_time_add(now, t->limits.connect_ms * IX_MS);
    t->phase = phase;
    t->phase_us = ms != 0 ? ix_time_add(now, ms * IX_MS) : IX_NEVER;
    t->phase_ms = ms;
    if (connecting && t->connect_us < t->phase_us) {
        t->phase_us = t->connect_us;
        t->phase_ms = t->limits.connect_ms;
    }
    t->nudge_us = phase == IX_PHASE_CONNECT ? now + NUDGE_US : IX_NEVER;
    hear(t->client, next_look(t));
}

/*
 * libcurl 7.88 gives an address that does not answer up in time, and then waits for somebody to look before it tries
 * the next one: to change a transfer's pause is the way to have it looked at.
 */
static void nudge(struct ix_transfer *t, uint64_t now_us)
{
    t->nudge_us = t->phase == IX_PHASE_CONNECT ? now_us + NUDGE_US : IX_NEVER;
    if (t->phase != IX_PHASE_CONNECT || t->paused)
        return;
    (void) curl_easy_pause(t->easy, CURLPAUSE_SEND); /* what fails here, fails in its own turn */
    (void) curl_easy_pause(t->easy, CURLPAUSE_CONT);
}

void ix_transfer_moved(struct ix_transfer *t)
{
    if (t->limits.idle_ms != 0 && (t->phase == IX_PHASE_SEND || t->phase == IX_PHASE_MOVE))
        t->phase_us = ix_time_add(ix_loop_now(t->client->loop).mono_us, t->limits.idle_ms * IX_MS);
}

static struct ix_transfer *late(struct ix_http_client *c, uint64_t now_us)
{
    IX_LIST_EACH (node, &c->transfers) {
        struct ix_transfer *t = IX_CONTAINER(node, struct ix_transfer, node);
        if (end_of(t) <= now_us)
            return t;
    }
    return NULL;
}

void ix_transfer_limits_due(void *client)
{
    struct ix_http_client *c = client;
    uint64_t now = ix_loop_now(c->loop).mono_us;
    struct ix_transfer *t;

    c->limits_us = IX_NEVER;
    c->in_callback = true;
    while ((t = late(c, now)) != NULL) {
        struct ix_transfer_result r = { 0 };
        ix_transfer_judge_late(t, &r);
        ix_transfer_end(t, &r);
    }
    IX_LIST_EACH (node, &c->transfers) {
        t = IX_CONTAINER(node, struct ix_transfer, node);
        if (t->nudge_us <= now)
            nudge(t, now);
        hear(c, next_look(t));
    }
    ix_transfer_collect(c); /* frees c if it was given up meanwhile */
}
