/* SPDX-License-Identifier: MIT */
/*
 * A TURN client, RFC 8656: its life, its transactions and its verbs.
 *
 *   NEW --start--> [CONNECTING] --> ALLOCATING --success--> READY --close--> CLOSING --answer, half a second--> CLOSED
 *                       |               |  ^ 300               |
 *                       +---------------+--+-------------------+--> FAILED (error code, silence, connection lost)
 */
#include "ice/turn_private.h"

#include <string.h>

#define RTO_US (100 * IX_MS) /* doubles; README.md */
#define SENDS 7 /* Rc of RFC 8489 section 6.2.1: 0, 0.1, 0.3, 0.7, 1.5, 3.1, 6.3 s; given up after 7.9 s */
#define STREAM_WAIT_US (8 * IX_S) /* Ti, section 6.2.2: 39.5 s; nobody waits so long */
#define CLOSE_US (500 * IX_MS)
#define KEEP_US (20 * IX_S) /* as the gatherer's */

bool ix_turn_is_stream(const struct ix_turn *t)
{
    return t->config.server.transport != IX_TURN_UDP;
}

bool ix_turn_is_channel(const void *p, size_t n)
{
    return n >= 4 && (*(const uint8_t *) p & 0xF0U) == 0x40;
}

int ix_turn_new(const struct ix_turn_config *config, struct ix_turn **out)
{
    if (!ix_ice_addr_usable(&config->server.addr))
        return IRISX_E_INVALID;
    struct ix_turn *t = ix_alloc(sizeof(*t));
    if (!t)
        return IRISX_E_NO_MEMORY;
    t->config = *config;
    t->main.next_us = t->close_us = t->keep_us = t->expires_us = IX_NEVER;
    ix_buf_init(&t->stream, TURN_STREAM);
    *out = t;
    return 0;
}

void ix_turn_free(struct ix_turn *t)
{
    if (!t)
        return;
    ix_free(t->realm);
    ix_free(t->nonce);
    ix_buf_clear(&t->stream);
    ix_wipe(t, sizeof(*t));
    ix_free(t);
}

void ix_turn_set_state(struct ix_turn *t, enum ix_turn_state state)
{
    static const char *const names[] = { "new", "connecting", "allocating", "ready", "closing", "closed", "failed" };
    if (t->state == state)
        return;
    ix_log(t->config.log, IX_LOG_DEBUG, "ice", "turn: %s -> %s", names[t->state], names[state]);
    t->state = state;
}

static void stop(struct ix_turn *t)
{
    ix_turn_txn_end(&t->main, IX_NEVER);
    ix_turn_peers_drop(t);
    t->keep_us = t->close_us = t->expires_us = IX_NEVER;
    t->want_disconnect = t->connected || (t->state == IX_TURN_CONNECTING && !t->want_connect);
    t->wants_keep = t->want_connect = false;
    t->connected = false;
}

void ix_turn_fail(struct ix_turn *t, uint16_t code, int err)
{
    if (t->state == IX_TURN_CLOSED || t->state == IX_TURN_FAILED)
        return;
    bool closing = t->state == IX_TURN_CLOSING; /* what was to be given back is gone: fine */
    stop(t);
    t->code = code;
    t->err = err;
    if (!closing)
        ix_log(t->config.log, IX_LOG_WARN, "ice", "turn: no relay: %s, error %u", ix_error_name(err), code);
    ix_turn_set_state(t, closing ? IX_TURN_CLOSED : IX_TURN_FAILED);
}

/* ---- transactions ------------------------------------------------------------------------ */

void ix_turn_txn_begin(struct ix_turn *t, struct turn_txn *x, uint64_t now_us)
{
    ix_rng_fill(t->config.rng, x->id, sizeof(x->id));
    x->live = x->wants_send = true;
    x->signed_ = t->realm != NULL;
    x->sends = 1;
    x->sent_us = now_us;
    x->next_us = now_us + (ix_turn_is_stream(t) ? STREAM_WAIT_US : RTO_US);
}

void ix_turn_txn_end(struct turn_txn *x, uint64_t again_us)
{
    x->live = x->wants_send = false;
    x->next_us = again_us;
}

static void allocate(struct ix_turn *t, uint64_t now_us)
{
    ix_turn_set_state(t, IX_TURN_ALLOCATING);
    ix_turn_txn_begin(t, &t->main, now_us);
}

static void begin(struct ix_turn *t, uint64_t now_us)
{
    if (ix_turn_is_stream(t)) {
        ix_turn_set_state(t, IX_TURN_CONNECTING);
        t->want_connect = true;
    } else {
        allocate(t, now_us);
    }
}

void ix_turn_start(struct ix_turn *t, struct ix_now now)
{
    if (t->state != IX_TURN_NEW)
        return;
    t->tried[t->tried_count++] = t->config.server.addr;
    begin(t, now.mono_us);
}

/* RFC 8489 section 10: a server that has been asked is not asked again */
void ix_turn_redirect(struct ix_turn *t, const struct ix_addr *to, uint64_t now_us)
{
    bool known = to->family != t->config.server.addr.family || t->tried_count == TURN_SERVERS;
    for (size_t i = 0; i < t->tried_count; i++)
        known = known || ix_addr_eq(&t->tried[i], to);
    if (known || !ix_ice_addr_usable(to)) {
        ix_turn_fail(t, 300, IRISX_E_PROTOCOL);
        return;
    }
    t->tried[t->tried_count++] = t->config.server.addr = *to;
    ix_free(t->realm); /* another server, another realm */
    ix_free(t->nonce);
    t->realm = t->nonce = NULL;
    t->main.stale = 0;
    ix_turn_txn_end(&t->main, IX_NEVER);
    t->want_disconnect = t->connected;
    t->connected = false;
    ix_buf_reset(&t->stream);
    t->stream_used = t->stream_skip = 0;
    begin(t, now_us);
}

void ix_turn_connected(struct ix_turn *t, struct ix_now now)
{
    if (t->state != IX_TURN_CONNECTING)
        return;
    t->connected = true;
    allocate(t, now.mono_us);
}

void ix_turn_disconnected(struct ix_turn *t, int err, struct ix_now now)
{
    (void) now;
    if (!ix_turn_is_stream(t) || t->want_connect) /* the end of the connection to the server before */
        return;
    t->connected = false;
    ix_turn_fail(t, 0, err ? err : IRISX_E_NETWORK);
}

void ix_turn_check(struct ix_turn *t, struct ix_now now)
{
    if (t->state == IX_TURN_READY && !t->main.live)
        ix_turn_txn_begin(t, &t->main, now.mono_us);
}

void ix_turn_close(struct ix_turn *t, struct ix_now now)
{
    bool something = t->state == IX_TURN_READY || (t->state == IX_TURN_ALLOCATING && t->realm);
    if (t->state == IX_TURN_CLOSING || t->state == IX_TURN_CLOSED || t->state == IX_TURN_FAILED)
        return;
    if (!something) {
        stop(t);
        ix_turn_set_state(t, IX_TURN_CLOSED);
        return;
    }
    ix_turn_peers_drop(t);
    t->keep_us = IX_NEVER;
    t->wants_keep = false;
    ix_turn_set_state(t, IX_TURN_CLOSING);
    t->close_us = now.mono_us + CLOSE_US;
    t->main.stale = 0;
    ix_turn_txn_begin(t, &t->main, now.mono_us);
}

/* ---- time -------------------------------------------------------------------------------- */

static void main_silence(struct ix_turn *t, uint64_t now_us)
{
    if (t->state == IX_TURN_READY && now_us + 5 * IX_S < t->expires_us)
        ix_turn_txn_end(&t->main, now_us + 5 * IX_S); /* the allocation is still there: ask again */
    else
        ix_turn_fail(t, 0, IRISX_E_TIMEOUT);
}

static bool repeat(struct ix_turn *t, struct turn_txn *x, uint64_t now_us)
{
    if (ix_turn_is_stream(t) || x->sends >= SENDS)
        return false;
    x->wants_send = true;
    x->next_us = now_us + (RTO_US << x->sends++);
    return true;
}

static void txn_timeout(struct ix_turn *t, struct turn_txn *x, uint64_t now_us)
{
    if (x->next_us > now_us)
        return;
    if (!x->live)
        ix_turn_txn_begin(t, x, now_us);
    else if (repeat(t, x, now_us))
        return;
    else if (x == &t->main)
        main_silence(t, now_us);
    else
        ix_turn_txn_end(x, now_us + 5 * IX_S);
}

void ix_turn_timeout(struct ix_turn *t, struct ix_now now)
{
    if (now.mono_us >= t->close_us) {
        stop(t);
        ix_turn_set_state(t, IX_TURN_CLOSED);
    }
    txn_timeout(t, &t->main, now.mono_us);
    for (size_t i = 0; i < t->permission_count && t->state == IX_TURN_READY; i++)
        txn_timeout(t, &t->permissions[i].txn, now.mono_us);
    for (size_t i = 0; i < t->channel_count && t->state == IX_TURN_READY; i++)
        txn_timeout(t, &t->channels[i].txn, now.mono_us);
    if (now.mono_us >= t->keep_us) {
        t->wants_keep = true;
        t->keep_us = now.mono_us + KEEP_US;
    }
}

uint64_t ix_turn_deadline(const struct ix_turn *t)
{
    uint64_t at = IX_MIN(t->close_us, IX_MIN(t->main.next_us, t->keep_us));
    return t->state == IX_TURN_READY ? IX_MIN(at, ix_turn_peers_deadline(t)) : at;
}

/* ---- in and out -------------------------------------------------------------------------- */

static bool indication(struct ix_turn *t, const struct ix_stun_msg *m, struct ix_turn_data *data)
{
    if (m->method != IX_STUN_DATA || !m->xor_peer.family || !m->relayed.p || t->state != IX_TURN_READY)
        return m->method == IX_STUN_DATA;
    *data = (struct ix_turn_data){ m->xor_peer, m->relayed.p, m->relayed.n };
    return true;
}

bool ix_turn_input(struct ix_turn *t, const void *p, size_t n, struct ix_turn_data *data, struct ix_now now)
{
    struct ix_stun_msg m;
    *data = (struct ix_turn_data){ 0 };
    if (ix_turn_is_channel(p, n))
        return ix_turn_peers_data(t, p, n, data);
    if (ix_stun_parse(&m, p, n) != 0)
        return false;
    if (m.cls == IX_STUN_INDICATION)
        return indication(t, &m, data);
    return m.cls != IX_STUN_REQUEST && ix_turn_answer(t, &m, now);
}

static bool keep(struct ix_turn *t, struct ix_bytes *out)
{
    uint8_t id[12];
    struct ix_buf b;
    if (!t->wants_keep)
        return false;
    t->wants_keep = false;
    ix_rng_fill(t->config.rng, id, sizeof(id));
    ix_buf_init_fixed(&b, t->packet, sizeof(t->packet));
    ix_stun_begin(&b, IX_STUN_INDICATION, IX_STUN_BINDING, id);
    if (ix_stun_end(&b, IX_STR_NONE) != 0)
        return false;
    *out = (struct ix_bytes){ t->packet, b.n };
    return true;
}

bool ix_turn_poll(struct ix_turn *t, struct ix_turn_out *out)
{
    struct ix_bytes bytes;
    *out = (struct ix_turn_out){ .server = t->config.server.addr };
    if (t->want_disconnect) {
        t->want_disconnect = false;
        out->kind = IX_TURN_OUT_DISCONNECT;
        return true;
    }
    if (t->want_connect) {
        t->want_connect = false;
        out->kind = IX_TURN_OUT_CONNECT;
        return true;
    }
    if ((ix_turn_is_stream(t) && !t->connected) || (!ix_turn_build(t, &bytes) && !keep(t, &bytes)))
        return false;
    out->kind = IX_TURN_OUT_SEND;
    out->data = bytes.p;
    out->len = bytes.n;
    return true;
}

/* ---- what is known ----------------------------------------------------------------------- */

enum ix_turn_state ix_turn_state(const struct ix_turn *t)
{
    return t->state;
}

uint16_t ix_turn_failure(const struct ix_turn *t, int *err)
{
    if (err)
        *err = t->err;
    return t->code;
}

bool ix_turn_relayed(const struct ix_turn *t, enum ix_family family, struct ix_addr *out)
{
    *out = t->relayed[family == IX_IPV6];
    return t->state == IX_TURN_READY && out->family;
}

bool ix_turn_mapped(const struct ix_turn *t, struct ix_addr *out)
{
    *out = t->mapped;
    return t->mapped.family != 0;
}

void ix_turn_server_addr(const struct ix_turn *t, struct ix_addr *out)
{
    *out = t->config.server.addr;
}

uint64_t ix_turn_round_trip(const struct ix_turn *t)
{
    return t->round_trip_us;
}
