/* SPDX-License-Identifier: MIT */
/* Ops: everything asynchronous is one, and ends exactly once. */
#include "client/private.h"

irisx_op_t *ix_op_new(irisx_client_t *c)
{
    irisx_op_t *op = ix_alloc(sizeof *op);

    if (!op)
        return NULL;
    op->final = &op->ending;
    op->ending.inside = true;
    op->error.info.message = "done";
    ix_event_init(op->final, IRISX_EVENT_OP_DONE);
    atomic_init(&op->refs, 2);
    atomic_init(&op->done, false);
    op->client = ix_client_hold(c);
    op->id = atomic_fetch_add(&c->next_op, 1) + 1;
    pthread_mutex_lock(&c->lock);
    ix_list_append(&c->ops, &op->node);
    pthread_mutex_unlock(&c->lock);
    return op;
}

irisx_op_t *irisx_op_ref(irisx_op_t *op)
{
    if (op)
        atomic_fetch_add(&op->refs, 1);
    return op;
}

void irisx_op_unref(irisx_op_t *op)
{
    irisx_client_t *c;

    if (!op || atomic_fetch_sub(&op->refs, 1) != 1)
        return;
    c = op->client;
    irisx_event_unref(op->final);
    ix_api_answer_clear(&op->answer);
    ix_api_options_free(op->options);
    ix_failure_clear(&op->error);
    ix_free(op);
    ix_client_release(c);
}

/* The right to end op; NULL: it has ended, or another thread is about to. */
static irisx_event_t *claim(irisx_op_t *op)
{
    irisx_event_t *ev;

    pthread_mutex_lock(&op->client->lock);
    ev = op->final;
    op->final = NULL;
    if (ev)
        ix_list_remove(&op->node);
    pthread_mutex_unlock(&op->client->lock);
    return ev;
}

static void settle_quietly(irisx_op_t *op, irisx_event_t *ev)
{
    pthread_mutex_lock(&op->client->lock);
    atomic_store(&op->done, true);
    ix_client_tell(op->client);
    pthread_mutex_unlock(&op->client->lock);
    irisx_event_unref(ev);
}

void ix_op_finish(irisx_op_t *op, const struct failure *f)
{
    irisx_event_t *ev = claim(op);

    if (!ev)
        return;
    if (f)
        ix_failure_copy(&op->error, f);
    if (op->quiet)
        settle_quietly(op, ev);
    else
        ix_queue_push_end(irisx_op_ref(op), ev);
    if (op->ended)
        op->ended(op);
    irisx_op_unref(op); /* the work's reference */
}

void ix_op_finish_quietly(irisx_op_t *op, const struct failure *f)
{
    irisx_event_t *ev = claim(op);

    if (!ev)
        return;
    if (f)
        ix_failure_copy(&op->error, f);
    settle_quietly(op, ev);
    irisx_op_unref(op); /* the work's reference */
}

void ix_op_discard(irisx_op_t *op)
{
    if (!op)
        return;
    ix_op_finish_quietly(op, NULL);
    irisx_op_unref(op);
}

void ix_op_finish_code(irisx_op_t *op, int code, const char *message)
{
    struct failure f = { 0 };

    if (!op)
        return;
    ix_failure_set(&f, code, code ? IRISX_DOMAIN_LOCAL : IRISX_DOMAIN_UNKNOWN, 0, message, NULL);
    ix_op_finish(op, code ? &f : NULL);
    ix_failure_clear(&f);
}

void ix_op_end(irisx_op_t **op, const struct failure *f)
{
    irisx_op_t *it = *op;

    *op = NULL;
    if (!it)
        return;
    ix_op_finish(it, f);
    irisx_op_unref(it);
}

void ix_op_give(irisx_op_t *op, irisx_op_t **op_out)
{
    if (op_out)
        *op_out = op;
    else
        irisx_op_unref(op);
}

uint64_t irisx_op_id(const irisx_op_t *op)
{
    return op ? op->id : 0;
}

int32_t irisx_op_done(const irisx_op_t *op)
{
    return op && atomic_load(&op->done);
}

const irisx_error_info_t *irisx_op_error(const irisx_op_t *op)
{
    return irisx_op_done(op) ? &op->error.info : NULL;
}

const irisx_value_t *irisx_op_value(const irisx_op_t *op)
{
    return irisx_op_done(op) ? op->answer.root : NULL;
}

irisx_error_t irisx_op_cancel(irisx_op_t *op)
{
    irisx_line_t *line = NULL;
    irisx_call_t *call = NULL;
    irisx_error_t err = IRISX_OK;
    bool done;

    if (!op)
        return IRISX_E_INVALID;
    pthread_mutex_lock(&op->client->lock);
    done = atomic_load(&op->done);
    if (!done) { /* what it works on is there as long as it runs, and from here on longer */
        line = irisx_line_ref(op->line);
        call = irisx_call_ref(op->call);
    }
    pthread_mutex_unlock(&op->client->lock);
    if (!done)
        err = op->cancel ? op->cancel(op) : IRISX_E_UNSUPPORTED;
    irisx_line_unref(line);
    irisx_call_unref(call);
    return err == IRISX_E_CLOSED ? IRISX_OK : err; /* closed: it has ended, or is about to */
}

/* ---- waiting ----------------------------------------------------------------------------- */
static uint64_t now_us(void)
{
    return ix_clock_mono_us();
}

/* Zero-thread mode: the waiting thread drives the client. */
static void drive_until(irisx_op_t *op, uint64_t until_us)
{
    irisx_client_t *c = op->client;

    for (;;) {
        unsigned seen = atomic_load(&c->news);

        if (atomic_load(&op->done) || ix_client_drive(c, seen, until_us))
            return;
        if (until_us != IX_NEVER && now_us() >= until_us)
            return;
    }
}

static void sleep_until(irisx_op_t *op, uint64_t until_us)
{
    irisx_client_t *c = op->client;

    pthread_mutex_lock(&c->lock);
    while (!atomic_load(&op->done) && ix_client_sleep(c, until_us)) {
    }
    pthread_mutex_unlock(&c->lock);
}

irisx_error_t irisx_op_wait(irisx_op_t *op, uint32_t timeout_ms)
{
    uint64_t until;

    if (!op)
        return IRISX_E_INVALID;
    if (!atomic_load(&op->done) && timeout_ms) {
        if (ix_in_callback(op->client) || ix_host_on_own_thread(op->client->host))
            return IRISX_E_WOULD_DEADLOCK;
        until = timeout_ms == UINT32_MAX ? IX_NEVER : now_us() + timeout_ms * IX_MS;
        if (op->client->o.zero_thread)
            drive_until(op, until);
        else
            sleep_until(op, until);
    }
    return atomic_load(&op->done) ? op->error.info.code : IRISX_E_AGAIN;
}
