/* SPDX-License-Identifier: MIT */
/*
 *   client                                server
 *     | HELLO(nonce)                   ->   |     every datagram: 22 fe fd | type | 32 bytes | 32 bytes
 *     |   <- ANSWER(fingerprint, nonce)     |
 *     | FINAL(fingerprint, proof)      ->   |     connected
 *     |   <- CONFIRM(proof)                 |     connected on the client's side
 *
 * HELLO, ANSWER and FINAL are repeated by a timer; a FINAL that comes again is confirmed again, until settled.
 */
#include "dtls_double.h"

#include <string.h>

#include "dtls/internal.h"

enum message { HELLO = 1, ANSWER = 2, FINAL = 3, CONFIRM = 4, ALERT = 5, CLOSE = 6 };
#define HEAD 4
#define FIELD 32
#define LEN (HEAD + 2 * FIELD)
#define TIMEOUT_DEFAULT_MS 15000

struct dtls_double {
    struct ix_dtls_identity *identity;
    enum ix_dtls_role role;
    enum ix_dtls_state state;
    int err;
    struct ix_now now;
    struct ix_dtls_fingerprint expected[IX_DTLS_FINGERPRINTS];
    size_t expected_count;
    enum ix_dtls_state told[4];
    size_t told_count;
    uint32_t timeout_ms;
    uint64_t give_up_us, linger_us;
    struct ix_dtls_queue in, out;
    struct ix_dtls_datagram *lent;
    bool working, settle, close;

    /* of the work, which runs on the owner's thread here */
    struct ix_dtls_queue job_in, job_out;
    uint64_t job_now_us, timer_us, timer_step_us, timer_first_us;
    enum message repeat; /* what the timer sends; 0 = nothing */
    uint8_t nonce[2][FIELD]; /* client's, server's */
    uint8_t peer[FIELD]; /* its fingerprint */
    bool peer_known, agreed, peer_closed, gone;
    int job_err;
};

static struct dtls_double *own(struct ix_dtls *d)
{
    return (struct dtls_double *) (void *) d;
}

static const struct dtls_double *own_const(const struct ix_dtls *d)
{
    return (const struct dtls_double *) (const void *) d;
}

/* ---- the work ---------------------------------------------------------------------------- */

static void derive(const struct dtls_double *d, char what, uint8_t out[IX_DIGEST_MAX])
{
    struct ix_bytes parts[] = { { d->nonce, sizeof(d->nonce) }, { &what, 1 } };

    (void) ix_digest(IX_SHA512, parts, 2, out);
}

static void say(struct dtls_double *d, enum message m)
{
    uint8_t raw[LEN] = { 22, 0xfe, 0xfd, (uint8_t) m }, proof[IX_DIGEST_MAX];
    uint8_t *first = raw + HEAD, *second = first + FIELD;

    if ((m == ANSWER || m == FINAL) && d->identity != NULL)
        memcpy(first, ix_dtls_identity_sha256(d->identity), FIELD);
    if (m == HELLO || m == ANSWER)
        memcpy(second, d->nonce[m == ANSWER], FIELD);
    if (m == FINAL || m == CONFIRM || m == CLOSE) {
        derive(d, (char) m, proof);
        memcpy(second, proof, FIELD);
    }
    (void) ix_dtls_queue_push(&d->job_out, raw, sizeof(raw));
}

static void repeat(struct dtls_double *d, enum message m)
{
    if (d->repeat != m) /* a new flight starts from the first step, as mbedtls has it */
        d->timer_step_us = d->timer_first_us;
    d->repeat = m;
    d->timer_us = ix_time_add(d->job_now_us, d->timer_step_us);
    say(d, m);
}

static bool proves(const struct dtls_double *d, enum message m, const uint8_t *field)
{
    uint8_t proof[IX_DIGEST_MAX];

    derive(d, (char) m, proof);
    return memcmp(proof, field, FIELD) == 0;
}

static bool announced(const struct dtls_double *d)
{
    for (size_t i = 0; i < d->expected_count; i++) {
        if (d->expected[i].kind == IX_SHA256 && memcmp(d->expected[i].bytes, d->peer, FIELD) == 0)
            return true;
    }
    return false;
}

static bool take_peer(struct dtls_double *d, const uint8_t *fingerprint)
{
    memcpy(d->peer, fingerprint, FIELD);
    d->peer_known = true;
    if (d->expected_count == 0 || announced(d))
        return true;
    d->job_err = IRISX_E_FINGERPRINT;
    say(d, ALERT);
    return false;
}

static void agree(struct dtls_double *d)
{
    d->agreed = true;
    d->repeat = 0;
    d->timer_us = IX_NEVER;
}

static void client_takes(struct dtls_double *d, enum message m, const uint8_t *first, const uint8_t *second)
{
    if (m == ANSWER && !d->peer_known) {
        memcpy(d->nonce[1], second, FIELD);
        if (take_peer(d, first))
            repeat(d, FINAL);
    } else if (m == CONFIRM && d->peer_known && !d->agreed && proves(d, CONFIRM, second)) {
        agree(d);
    }
}

static void server_takes(struct dtls_double *d, enum message m, const uint8_t *first, const uint8_t *second)
{
    if (m == HELLO && !d->agreed) {
        memcpy(d->nonce[0], second, FIELD);
        repeat(d, ANSWER);
    } else if (m == FINAL && d->repeat == ANSWER && proves(d, FINAL, second)) {
        if (take_peer(d, first)) {
            agree(d);
            say(d, CONFIRM);
        }
    } else if (m == FINAL && d->agreed) {
        say(d, CONFIRM);
    }
}

static void takes(struct dtls_double *d, const struct ix_dtls_datagram *g)
{
    if (g->len != LEN || memcmp(g->data, "\x16\xfe\xfd", 3) != 0)
        return;
    enum message m = g->data[3];
    const uint8_t *first = g->data + HEAD, *second = first + FIELD;

    if (m == ALERT && !d->agreed)
        d->job_err = IRISX_E_TLS;
    else if (m == CLOSE && d->agreed)
        d->peer_closed |= proves(d, CLOSE, second);
    else if (d->role == IX_DTLS_CLIENT)
        client_takes(d, m, first, second);
    else
        server_takes(d, m, first, second);
}

static void double_work(struct ix_dtls *pd, struct ix_dtls_worker *w)
{
    struct dtls_double *d = own(pd);
    struct ix_dtls_datagram *g;

    (void) w;
    if (d->role == IX_DTLS_CLIENT && !d->repeat && !d->agreed) {
        repeat(d, HELLO);
    } else if (d->repeat && d->job_now_us >= d->timer_us) {
        d->timer_step_us = IX_MIN(2 * d->timer_step_us, IX_DTLS_TIMER_MAX);
        repeat(d, d->repeat);
    }
    while ((g = ix_dtls_queue_pop(&d->job_in)) != NULL) {
        if (d->job_err == 0)
            takes(d, g);
        ix_free(g);
    }
    if (d->agreed && d->close)
        say(d, CLOSE);
    d->gone |= d->agreed && (d->close || d->settle);
}

/* ---- the owner's side -------------------------------------------------------------------- */

static void enter(struct dtls_double *d, enum ix_dtls_state state, int err)
{
    d->state = state;
    d->err = err;
    d->told[d->told_count++] = state;
    if (state == IX_DTLS_FAILED || state == IX_DTLS_CLOSED)
        ix_dtls_queue_clear(&d->in);
}

static bool over(const struct dtls_double *d)
{
    return d->state == IX_DTLS_FAILED || d->state == IX_DTLS_CLOSED;
}

static int double_create(const struct ix_dtls_config *config, struct ix_dtls **out)
{
    struct dtls_double *d = ix_alloc(sizeof(*d));

    if (d == NULL)
        return IRISX_E_NO_MEMORY;
    d->identity = config->identity != NULL ? ix_dtls_identity_ref(config->identity) : NULL;
    d->role = config->role;
    d->timeout_ms = config->timeout_ms != 0 ? config->timeout_ms : TIMEOUT_DEFAULT_MS;
    d->timer_us = IX_NEVER;
    ix_rng_fill(config->rng, d->nonce[d->role == IX_DTLS_SERVER], FIELD);
    *out = (struct ix_dtls *) (void *) d;
    return 0;
}

static void double_free(struct ix_dtls *pd)
{
    struct dtls_double *d = own(pd);

    if (d == NULL)
        return;
    IX_ASSERT(!d->working);
    ix_dtls_queue_clear(&d->in);
    ix_dtls_queue_clear(&d->out);
    ix_free(d->lent);
    ix_dtls_identity_unref(d->identity);
    ix_free(d);
}

static void try_connect(struct dtls_double *d)
{
    if (d->state != IX_DTLS_HANDSHAKE || !d->agreed || d->expected_count == 0)
        return;
    if (!announced(d)) {
        enter(d, IX_DTLS_FAILED, IRISX_E_FINGERPRINT);
        return;
    }
    d->linger_us = ix_time_add(d->now.mono_us, IX_DTLS_LINGER);
    enter(d, IX_DTLS_CONNECTED, 0);
}

static int double_set_fingerprint(struct ix_dtls *pd, const struct ix_dtls_fingerprint *fp)
{
    struct dtls_double *d = own(pd);

    if (fp->kind < IX_SHA256 || fp->len != ix_digest_size(fp->kind))
        return IRISX_E_INVALID;
    if (d->expected_count == IX_DTLS_FINGERPRINTS)
        return IRISX_E_LIMIT;
    d->expected[d->expected_count++] = *fp;
    if (!d->working)
        try_connect(d);
    return 0;
}

static void double_start(struct ix_dtls *pd, uint64_t round_trip_us, struct ix_now now)
{
    struct dtls_double *d = own(pd);

    d->now = now;
    if (d->state != IX_DTLS_NEW)
        return;
    uint64_t first = round_trip_us > IX_DTLS_TIMER_MAX / 2 ? IX_DTLS_TIMER_MAX : 2 * round_trip_us;
    d->timer_first_us = IX_MAX(first, IX_DTLS_TIMER_MIN);
    d->give_up_us = ix_time_add(now.mono_us, d->timeout_ms * IX_MS);
    enter(d, IX_DTLS_HANDSHAKE, 0);
}

static void check_time(struct dtls_double *d)
{
    if (d->working)
        return;
    if (d->state == IX_DTLS_HANDSHAKE && d->now.mono_us >= d->give_up_us)
        enter(d, IX_DTLS_FAILED, IRISX_E_TIMEOUT);
    if (d->state == IX_DTLS_CONNECTED && d->now.mono_us >= d->linger_us)
        d->settle = true;
}

static void double_input(struct ix_dtls *pd, const void *p, size_t n, struct ix_now now)
{
    struct dtls_double *d = own(pd);

    d->now = now;
    check_time(d);
    if (!over(d) && (d->working || !d->gone))
        (void) ix_dtls_queue_push(&d->in, p, n);
}

static void double_timeout(struct ix_dtls *pd, struct ix_now now)
{
    own(pd)->now = now;
    check_time(own(pd));
}

static bool work_waits(const struct dtls_double *d)
{
    if (d->working || d->gone || (d->state != IX_DTLS_HANDSHAKE && d->state != IX_DTLS_CONNECTED))
        return false;
    bool begin = d->role == IX_DTLS_CLIENT && !d->repeat && !d->agreed;
    return begin || d->in.count > 0 || d->now.mono_us >= d->timer_us ||
           (d->state == IX_DTLS_CONNECTED && (d->close || d->settle));
}

static bool double_poll(struct ix_dtls *pd, struct ix_dtls_out *out)
{
    struct dtls_double *d = own(pd);

    ix_free(d->lent);
    d->lent = ix_dtls_queue_pop(&d->out);
    if (d->lent != NULL) {
        *out = (struct ix_dtls_out){ .kind = IX_DTLS_OUT_SEND, .data = d->lent->data, .len = d->lent->len };
        return true;
    }
    if (d->told_count > 0) {
        *out = (struct ix_dtls_out){ .kind = IX_DTLS_OUT_STATE, .state = d->told[0] };
        out->err = out->state == IX_DTLS_FAILED ? d->err : 0;
        memmove(d->told, d->told + 1, --d->told_count * sizeof(d->told[0]));
        return true;
    }
    if (!work_waits(d))
        return false;
    d->working = true;
    d->job_now_us = d->now.mono_us;
    ix_dtls_queue_move(&d->job_in, &d->in);
    *out = (struct ix_dtls_out){ .kind = IX_DTLS_OUT_WORK };
    return true;
}

static uint64_t double_deadline(const struct ix_dtls *pd)
{
    const struct dtls_double *d = own_const(pd);

    if (d->working)
        return IX_NEVER;
    if (d->state == IX_DTLS_HANDSHAKE)
        return IX_MIN(d->give_up_us, d->timer_us);
    return d->state == IX_DTLS_CONNECTED && !d->gone && !d->settle ? d->linger_us : IX_NEVER;
}

static void double_done(struct ix_dtls *pd, struct ix_now now)
{
    struct dtls_double *d = own(pd);

    d->now = now;
    if (!d->working)
        return;
    d->working = false;
    ix_dtls_queue_move(&d->out, &d->job_out);
    if (d->job_err != 0) {
        enter(d, IX_DTLS_FAILED, d->job_err);
        return;
    }
    try_connect(d);
    check_time(d);
    if (!over(d) && (d->peer_closed || (d->close && (d->gone || !d->agreed))))
        enter(d, IX_DTLS_CLOSED, 0);
}

static bool double_working(const struct ix_dtls *pd)
{
    return own_const(pd)->working;
}

static void double_close(struct ix_dtls *pd, struct ix_now now)
{
    struct dtls_double *d = own(pd);

    d->now = now;
    if (over(d) || d->close)
        return;
    d->close = true;
    if (d->working || (d->state == IX_DTLS_CONNECTED && !d->gone))
        return;
    if (d->state == IX_DTLS_CONNECTED) {
        say(d, CLOSE);
        ix_dtls_queue_move(&d->out, &d->job_out);
    }
    enter(d, IX_DTLS_CLOSED, 0);
}

static enum ix_dtls_state double_state(const struct ix_dtls *pd)
{
    return own_const(pd)->state;
}

static int double_keys(const struct ix_dtls *pd, struct ix_srtp_keys *out)
{
    const struct dtls_double *d = own_const(pd);
    uint8_t client[IX_DIGEST_MAX], server[IX_DIGEST_MAX];

    if (d->state != IX_DTLS_CONNECTED)
        return IRISX_E_STATE;
    derive(d, 'c', client);
    derive(d, 's', server);
    out->profile = 1;
    memcpy(out->local, d->role == IX_DTLS_CLIENT ? client : server, sizeof(out->local));
    memcpy(out->remote, d->role == IX_DTLS_CLIENT ? server : client, sizeof(out->remote));
    return 0;
}

static void double_settle(struct ix_dtls *pd, struct ix_now now)
{
    own(pd)->now = now;
    if (own(pd)->state == IX_DTLS_CONNECTED)
        own(pd)->settle = true;
}

const struct ix_dtls_ops dtls_double = {
    .create = double_create,
    .free = double_free,
    .set_fingerprint = double_set_fingerprint,
    .start = double_start,
    .input = double_input,
    .timeout = double_timeout,
    .poll = double_poll,
    .deadline = double_deadline,
    .work = double_work,
    .done = double_done,
    .working = double_working,
    .close = double_close,
    .state = double_state,
    .keys = double_keys,
    .settle = double_settle,
};
