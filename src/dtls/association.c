/* SPDX-License-Identifier: MIT */
/*
 * The owner's side of an association: queues what comes in, says when there is work, publishes what the work gave
 * (RFC 5763 sections 5 and 6.7; RFC 6347 section 4.2.4 for the timers, which mbedtls keeps and we fire).
 *
 *   NEW --start--> HANDSHAKE --keys and fingerprint--> CONNECTED --close, close_notify--> CLOSED
 *    |                 `-- error, timeout --> FAILED                                        ^
 *    `--close-------------------------------------------------------------------------------'
 */
#include "dtls/internal.h"

#include <string.h>

#define TIMEOUT_DEFAULT_MS 15000

struct ix_dtls {
    const struct ix_log *log;
    enum ix_dtls_state state;
    int err; /* of FAILED */
    enum ix_dtls_state told[4]; /* states that poll has to report; each is entered once */
    size_t told_count;
    struct ix_now now;
    uint32_t timeout_ms;
    uint64_t give_up_us; /* handshake */
    uint64_t linger_us; /* connected: the last flight is kept until then */
    struct ix_dtls_fingerprint expected[IX_DTLS_FINGERPRINTS];
    size_t expected_count;
    struct ix_dtls_queue in; /* waiting for the next WORK */
    struct ix_dtls_queue out;
    struct ix_dtls_datagram *lent; /* what the last poll gave out */
    bool working;
    bool begin; /* client: the hello is to be sent */
    bool settle;
    bool close;
    struct ix_dtls_job job; /* the worker's while working */
};

static const char *const state_names[] = { "new", "handshake", "connected", "failed", "closed" };

static void set_state(struct ix_dtls *d, enum ix_dtls_state state)
{
    ix_log(d->log, IX_LOG_DEBUG, "dtls", "%s -> %s", state_names[d->state], state_names[state]);
    d->state = state;
    if (d->told_count < IX_COUNT(d->told))
        d->told[d->told_count++] = state;
}

static bool over(const struct ix_dtls *d)
{
    return d->state == IX_DTLS_FAILED || d->state == IX_DTLS_CLOSED;
}

/* Nothing more will be computed: the context, what is queued for it and the keys go. */
static void shut(struct ix_dtls *d)
{
    ix_dtls_engine_free(d->job.engine);
    d->job.engine = NULL;
    ix_dtls_queue_clear(&d->in);
    ix_dtls_queue_clear(&d->job.in);
    ix_wipe(&d->job.keys, sizeof(d->job.keys));
    ix_wipe(d->job.seed, sizeof(d->job.seed));
}

static void fail(struct ix_dtls *d, int err)
{
    ix_log(d->log, IX_LOG_WARN, "dtls", "handshake failed: %s (mbedtls -0x%04x)", ix_error_text(err),
        (unsigned) -d->job.tls_code);
    shut(d);
    d->err = err;
    set_state(d, IX_DTLS_FAILED);
}

int ix_dtls_new(const struct ix_dtls_config *config, struct ix_dtls **out)
{
    if (config->identity == NULL || config->rng == NULL ||
        (config->role != IX_DTLS_CLIENT && config->role != IX_DTLS_SERVER) ||
        (config->mtu != 0 && config->mtu < IX_DTLS_MTU_MIN))
        return IRISX_E_INVALID;
    struct ix_dtls *d = ix_alloc(sizeof(*d));
    if (d == NULL)
        return IRISX_E_NO_MEMORY;
    d->log = config->log;
    d->timeout_ms = config->timeout_ms != 0 ? config->timeout_ms : TIMEOUT_DEFAULT_MS;
    d->job.identity = ix_dtls_identity_ref(config->identity);
    d->job.role = config->role;
    d->job.mtu = config->mtu != 0 ? config->mtu : IX_DTLS_MTU_DEFAULT;
    d->job.timer_soft_us = d->job.timer_at_us = IX_NEVER;
    ix_rng_fill(config->rng, d->job.seed, sizeof(d->job.seed));
    *out = d;
    return 0;
}

void ix_dtls_free(struct ix_dtls *d)
{
    if (d == NULL)
        return;
    IX_ASSERT(!d->working);
    shut(d);
    ix_dtls_queue_clear(&d->out);
    ix_dtls_queue_clear(&d->job.out);
    ix_free(d->lent);
    ix_free(d->job.farewell);
    ix_dtls_identity_unref(d->job.identity);
    ix_wipe(d, sizeof(*d));
    ix_free(d);
}

/* The handshake is over on the wire: connected only if the certificate is one that was announced. */
static void try_connect(struct ix_dtls *d)
{
    if (d->state != IX_DTLS_HANDSHAKE || !d->job.connected || d->expected_count == 0)
        return;
    if (!ix_dtls_job_matches(&d->job, d->expected, d->expected_count)) {
        fail(d, IRISX_E_FINGERPRINT);
        return;
    }
    d->linger_us = ix_time_add(d->now.mono_us, IX_DTLS_LINGER);
    set_state(d, IX_DTLS_CONNECTED);
}

int ix_dtls_set_fingerprint(struct ix_dtls *d, const struct ix_dtls_fingerprint *fp)
{
    if (fp->kind < IX_SHA256 || fp->kind > IX_SHA512 || fp->len != ix_digest_size(fp->kind))
        return IRISX_E_INVALID;
    if (d->expected_count == IX_DTLS_FINGERPRINTS)
        return IRISX_E_LIMIT;
    d->expected[d->expected_count++] = *fp;
    if (!d->working)
        try_connect(d);
    return 0;
}

void ix_dtls_start(struct ix_dtls *d, uint64_t round_trip_us, struct ix_now now)
{
    d->now = now;
    if (d->state != IX_DTLS_NEW)
        return;
    uint64_t first = round_trip_us > IX_DTLS_TIMER_MAX / 2 ? IX_DTLS_TIMER_MAX : 2 * round_trip_us;
    d->job.timer_min_ms = (uint32_t) (IX_MAX(first, IX_DTLS_TIMER_MIN) / IX_MS);
    d->give_up_us = ix_time_add(now.mono_us, d->timeout_ms * IX_MS);
    d->begin = d->job.role == IX_DTLS_CLIENT;
    set_state(d, IX_DTLS_HANDSHAKE);
}

static void check_time(struct ix_dtls *d)
{
    if (d->working)
        return;
    if (d->state == IX_DTLS_HANDSHAKE && d->now.mono_us >= d->give_up_us)
        fail(d, IRISX_E_TIMEOUT);
    if (d->state == IX_DTLS_CONNECTED && d->now.mono_us >= d->linger_us)
        d->settle = true;
}

void ix_dtls_input(struct ix_dtls *d, const void *p, size_t n, struct ix_now now)
{
    d->now = now;
    check_time(d);
    if (over(d) || n == 0 || (!d->working && d->job.connected && d->job.engine == NULL))
        return;
    (void) ix_dtls_queue_push(&d->in, p, n); /* too large or no memory: lost, as on the network */
}

void ix_dtls_timeout(struct ix_dtls *d, struct ix_now now)
{
    d->now = now;
    check_time(d);
}

/* Times that mbedtls set in this WORK move by what it took: the datagrams they guard leave only now. */
static void shift_timers(struct ix_dtls *d)
{
    uint64_t took = d->now.mono_us > d->job.now_us ? d->now.mono_us - d->job.now_us : 0;

    if (!d->job.timer_set)
        return;
    d->job.timer_soft_us = ix_time_add(d->job.timer_soft_us, took);
    d->job.timer_at_us = ix_time_add(d->job.timer_at_us, took);
}

static bool work_waits(const struct ix_dtls *d)
{
    if (d->working || (d->state != IX_DTLS_HANDSHAKE && d->state != IX_DTLS_CONNECTED))
        return false;
    if (d->job.connected && d->job.engine == NULL)
        return false;
    return d->begin || d->in.count > 0 || d->now.mono_us >= d->job.timer_at_us ||
           (d->job.connected && (d->close || (d->settle && d->state == IX_DTLS_CONNECTED)));
}

static void hand_out_work(struct ix_dtls *d)
{
    struct ix_dtls_job *job = &d->job;

    d->working = true;
    d->begin = false;
    ix_dtls_queue_move(&job->in, &d->in);
    memcpy(job->expected, d->expected, sizeof(job->expected));
    job->expected_count = d->expected_count;
    job->now_us = d->now.mono_us;
    job->timer_set = false;
    job->let_go = d->settle || d->close;
}

bool ix_dtls_poll(struct ix_dtls *d, struct ix_dtls_out *out)
{
    ix_free(d->lent);
    d->lent = ix_dtls_queue_pop(&d->out);
    if (d->lent != NULL) {
        *out = (struct ix_dtls_out){ .kind = IX_DTLS_OUT_SEND, .data = d->lent->data, .len = d->lent->len };
        return true;
    }
    if (d->told_count > 0) {
        enum ix_dtls_state state = d->told[0];
        memmove(d->told, d->told + 1, --d->told_count * sizeof(d->told[0]));
        *out = (struct ix_dtls_out){
            .kind = IX_DTLS_OUT_STATE, .state = state, .err = state == IX_DTLS_FAILED ? d->err : 0
        };
        return true;
    }
    if (!work_waits(d))
        return false;
    hand_out_work(d);
    *out = (struct ix_dtls_out){ .kind = IX_DTLS_OUT_WORK };
    return true;
}

uint64_t ix_dtls_deadline(const struct ix_dtls *d)
{
    if (d->working)
        return IX_NEVER;
    if (d->state == IX_DTLS_HANDSHAKE)
        return IX_MIN(d->give_up_us, d->job.timer_at_us);
    if (d->state == IX_DTLS_CONNECTED && d->job.engine != NULL && !d->settle)
        return IX_MIN(d->linger_us, d->job.timer_at_us);
    return IX_NEVER;
}

void ix_dtls_work(struct ix_dtls *d, struct ix_dtls_worker *w)
{
    ix_dtls_job_run(&d->job, w);
}

static void say_farewell(struct ix_dtls *d)
{
    if (d->job.farewell != NULL)
        (void) ix_dtls_queue_push(&d->out, d->job.farewell->data, d->job.farewell->len);
    shut(d);
    set_state(d, IX_DTLS_CLOSED);
}

void ix_dtls_done(struct ix_dtls *d, struct ix_now now)
{
    d->now = now;
    if (!d->working)
        return;
    d->working = false;
    shift_timers(d);
    ix_dtls_queue_move(&d->out, &d->job.out);
    if (d->job.err != 0) {
        fail(d, d->job.err);
        return;
    }
    try_connect(d);
    check_time(d);
    if (over(d))
        return;
    bool nothing_to_compute = d->job.engine == NULL || !d->job.connected;
    if (d->job.peer_closed || (d->close && nothing_to_compute))
        say_farewell(d);
}

bool ix_dtls_working(const struct ix_dtls *d)
{
    return d->working;
}

void ix_dtls_close(struct ix_dtls *d, struct ix_now now)
{
    d->now = now;
    if (over(d) || d->close)
        return;
    d->close = true;
    if (d->working || (d->state == IX_DTLS_CONNECTED && d->job.engine != NULL))
        return; /* close_notify is computed first */
    say_farewell(d);
}

enum ix_dtls_state ix_dtls_state(const struct ix_dtls *d)
{
    return d->state;
}

int ix_dtls_keys(const struct ix_dtls *d, struct ix_srtp_keys *out)
{
    if (d->state != IX_DTLS_CONNECTED)
        return IRISX_E_STATE;
    *out = d->job.keys;
    return 0;
}

void ix_dtls_settle(struct ix_dtls *d, struct ix_now now)
{
    d->now = now;
    if (d->state == IX_DTLS_CONNECTED)
        d->settle = true;
}

const struct ix_dtls_ops ix_dtls_mbedtls = {
    .create = ix_dtls_new,
    .free = ix_dtls_free,
    .set_fingerprint = ix_dtls_set_fingerprint,
    .start = ix_dtls_start,
    .input = ix_dtls_input,
    .timeout = ix_dtls_timeout,
    .poll = ix_dtls_poll,
    .deadline = ix_dtls_deadline,
    .work = ix_dtls_work,
    .done = ix_dtls_done,
    .working = ix_dtls_working,
    .close = ix_dtls_close,
    .state = ix_dtls_state,
    .keys = ix_dtls_keys,
    .settle = ix_dtls_settle,
};
