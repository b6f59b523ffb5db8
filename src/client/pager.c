/* SPDX-License-Identifier: MIT */
/*
 * irisx_pager_t: one list, page by page, each page an op of its own. What is asked for and when is src/api's (ahead.c);
 * here are the ops, the threads and the waiting.
 *
 *   request runs --ends--> absorbed (service loop, or the reader, whoever sees it first) --> ready --> reader
 */
#include <pthread.h>
#include <string.h>

#include "client/private.h"

struct irisx_pager {
    atomic_int users; /* the application's references; at 0 it is cancelled */
    atomic_int refs; /* of the memory: one for all users, one for the running op */
    irisx_client_t *client; /* held */
    const struct ix_api_op *api;
    irisx_api_options_t *options; /* of each page; NULL: defaults */
    struct ix_http_request base; /* without page and limit */
    bool events;
    bool hopeless; /* the parameters are wrong: there is no request to send */
    pthread_mutex_t lock;
    /* lock */
    struct ix_api_ahead ahead;
    irisx_op_t *running; /* referenced */
    irisx_op_t *ready[IX_API_MAX_PREFETCH + 1]; /* ended, referenced; as many as ahead.ready */
    irisx_op_t *failed; /* likewise; not yet told */
    int refused; /* what asking for the next page gave at once */
    /* reader */
    irisx_op_t *error; /* whose failure was told last */
    irisx_op_t *page; /* whose items are given out */
    size_t item, made; /* next item, next struct */
    uint64_t given; /* items so far */
};

static void pager_hold(irisx_pager_t *p)
{
    atomic_fetch_add(&p->refs, 1);
}

static void pager_release(irisx_pager_t *p)
{
    irisx_client_t *c = p->client;

    if (atomic_fetch_sub(&p->refs, 1) != 1)
        return;
    for (size_t i = 0; i < p->ahead.ready; i++)
        irisx_op_unref(p->ready[i]);
    irisx_op_unref(p->running);
    irisx_op_unref(p->failed);
    irisx_op_unref(p->error);
    irisx_op_unref(p->page);
    ix_http_request_clear(&p->base);
    ix_api_options_free(p->options);
    (void) pthread_mutex_destroy(&p->lock);
    ix_free(p);
    ix_client_release(c);
}

static void absorb(irisx_pager_t *p);
static void ask(irisx_pager_t *p, bool waiting);

/* An op of this pager has ended: on the thread that ended it. Gives back what the op held. */
static void page_ended(irisx_op_t *op)
{
    irisx_pager_t *p = op->ended_ctx;

    (void) pthread_mutex_lock(&p->lock);
    absorb(p);
    ask(p, false);
    (void) pthread_mutex_unlock(&p->lock);
    pager_release(p);
}

/* lock held: takes the running op, if it has ended */
static void absorb(irisx_pager_t *p)
{
    irisx_op_t *op = p->running;

    if (!op || !irisx_op_done(op))
        return;
    p->running = NULL;
    if (op->error.info.code) {
        ix_api_ahead_fail(&p->ahead);
        irisx_op_unref(p->failed);
        p->failed = op;
    } else if (ix_api_ahead_page(&p->ahead, op->answer.root)) {
        p->ready[p->ahead.ready - 1] = op;
    } else {
        irisx_op_unref(op);
    }
}

static int send_page(irisx_pager_t *p)
{
    struct ix_api_page page = ix_api_pager_page(&p->ahead.pager);
    struct ix_http_request request = { 0 };
    irisx_op_t *op = NULL;
    int err = ix_api_page_request(p->api, &p->base, &page, &request);

    if (!err && !(op = ix_op_new(p->client)))
        err = IRISX_E_NO_MEMORY;
    if (!err)
        err = ix_api_options_take(p->options, &op->options);
    if (!err) {
        op->quiet = !p->events;
        op->ended = page_ended;
        op->ended_ctx = p;
        pager_hold(p); /* given back by page_ended */
        p->running = irisx_op_ref(op);
        ix_api_ahead_sent(&p->ahead);
        err = ix_rest_submit(p->client, op, p->api, &request);
        if (err) { /* it will not end by itself */
            op->ended = NULL;
            p->ahead.running = false;
            p->running = NULL;
            irisx_op_unref(op);
            (void) atomic_fetch_sub(&p->refs, 1); /* never the last: the caller has one */
        }
    }
    ix_http_request_clear(&request);
    if (err)
        ix_op_discard(op);
    else
        irisx_op_unref(op);
    return err;
}

/* lock held: the next page is asked for, if it is time */
static void ask(irisx_pager_t *p, bool waiting)
{
    if (ix_api_ahead_wants(&p->ahead, waiting))
        p->refused = send_page(p);
}

/* ---- making ------------------------------------------------------------------------------ */
void irisx_pager_options_init(irisx_pager_options_t *options, size_t size)
{
    memset(options, 0, size);
    options->struct_size = size;
}

static int take_options(irisx_pager_t *p, const irisx_pager_options_t *given, uint64_t *first, uint64_t *limit)
{
    irisx_pager_options_t o = IRISX_PAGER_OPTIONS_INIT;
    int err = given ? ix_options_read(&o, sizeof o, given) : 0;

    if (err)
        return err;
    p->events = o.events != 0;
    p->ahead.max_items = o.max_items;
    p->ahead.prefetch = !o.prefetch ? 1 : o.prefetch == UINT32_MAX ? 0 : IX_MIN(o.prefetch, IX_API_MAX_PREFETCH);
    *first = o.first ? o.first : *first;
    *limit = o.page_size ? o.page_size : *limit;
    err = ix_api_options_take(o.call, &p->options);
    if (!err && p->options && (p->options->upload || p->options->save_as || p->options->on_data))
        err = IRISX_E_INVALID;
    return err;
}

static int prepare(
    irisx_pager_t *p, struct ix_api_params *params, const irisx_pager_options_t *options, struct ix_http_error *e)
{
    uint64_t first = 0, limit = 0;
    int err;

    ix_api_page_wish(p->api, params, &first, &limit);
    err = take_options(p, options, &first, &limit);
    if (!err)
        err = ix_api_pager_init(&p->ahead.pager, p->api, first, limit);
    if (err)
        return err;
    params->page = ix_api_pager_page(&p->ahead.pager);
    params->page.template_only = true;
    params->strict = ix_client_strict(p->client, p->options);
    return ix_api_encode(p->api, params, &p->base, e);
}

/* Parameters that are wrong: the first call of the reader tells, as an op would. */
static int wrong(irisx_pager_t *p, struct ix_http_error *e)
{
    struct failure f = { 0 };
    irisx_op_t *op = ix_op_new(p->client);

    if (!op)
        return IRISX_E_NO_MEMORY;
    ix_failure_clear(&f);
    ix_failure_from_http(&f, e);
    ix_op_finish_quietly(op, &f);
    ix_failure_clear(&f);
    p->failed = op;
    p->ahead.failed = true;
    p->hopeless = true;
    return 0;
}

static irisx_error_t make(irisx_client_t *client, const struct ix_api_op *api, struct ix_api_params *params,
    const irisx_pager_options_t *options, irisx_pager_t **pager_out)
{
    struct ix_http_error e = { 0 };
    irisx_pager_t *p;
    int err;

    if (!ix_client_usable(client))
        return IRISX_E_CLOSED;
    if (!client->o.api_url)
        return IRISX_E_STATE;
    p = ix_alloc(sizeof *p);
    if (!p)
        return IRISX_E_NO_MEMORY;
    atomic_init(&p->users, 1);
    atomic_init(&p->refs, 1);
    (void) pthread_mutex_init(&p->lock, NULL);
    p->client = ix_client_hold(client);
    p->api = api;
    err = prepare(p, params, options, &e);
    if (err && e.info.code == IRISX_E_INVALID)
        err = wrong(p, &e);
    ix_http_error_clear(&e);
    (void) pthread_mutex_lock(&p->lock);
    if (!err)
        ask(p, true);
    if (!err)
        err = p->refused;
    (void) pthread_mutex_unlock(&p->lock);
    if (err)
        pager_release(p);
    else
        *pager_out = p;
    return (irisx_error_t) err;
}

irisx_error_t irisx_pager_new(irisx_client_t *client, uint32_t number, const void *params, size_t extra_at,
    const irisx_pager_options_t *options, irisx_pager_t **pager_out)
{
    struct ix_api_params source = { .fields = params, .extra_at = extra_at };
    const struct ix_api_op *api = ix_api_find_number(number);

    if (!client || !pager_out)
        return IRISX_E_INVALID;
    if (!api)
        return (irisx_error_t) ix_api_missing_number(number);
    return make(client, api, &source, options, pager_out);
}

irisx_error_t irisx_pager_call(irisx_client_t *client, const char *id, const irisx_value_t *params,
    const irisx_pager_options_t *options, irisx_pager_t **pager_out)
{
    struct ix_api_params source = { .value = params };
    const struct ix_api_op *api = ix_api_find(id);

    if (!client || !pager_out)
        return IRISX_E_INVALID;
    if (!api)
        return (irisx_error_t) ix_api_missing(id);
    return make(client, api, &source, options, pager_out);
}

irisx_pager_t *irisx_pager_ref(irisx_pager_t *pager)
{
    if (pager)
        atomic_fetch_add(&pager->users, 1);
    return pager;
}

void irisx_pager_cancel(irisx_pager_t *pager)
{
    irisx_op_t *running;

    if (!pager)
        return;
    (void) pthread_mutex_lock(&pager->lock);
    pager->ahead.cancelled = true;
    running = irisx_op_ref(pager->running);
    (void) pthread_mutex_unlock(&pager->lock);
    (void) irisx_op_cancel(running); /* may have ended */
    irisx_op_unref(running);
}

void irisx_pager_unref(irisx_pager_t *pager)
{
    if (!pager || atomic_fetch_sub(&pager->users, 1) != 1)
        return;
    irisx_pager_cancel(pager);
    pager_release(pager);
}

/* ---- reading ----------------------------------------------------------------------------- */
/* lock held: the first page that is ready; another is asked for in its place */
static irisx_op_t *take_ready(irisx_pager_t *p)
{
    irisx_op_t *op = p->ready[0];

    ix_api_ahead_taken(&p->ahead);
    memmove(p->ready, p->ready + 1, p->ahead.ready * sizeof p->ready[0]);
    p->ready[p->ahead.ready] = NULL;
    ask(p, false);
    return op;
}

static irisx_error_t tell_failure(irisx_pager_t *p)
{
    irisx_op_unref(p->error);
    p->error = irisx_op_ref(p->failed);
    if (!p->hopeless) { /* the next call asks for the same page again */
        irisx_op_unref(p->failed);
        p->failed = NULL;
        ix_api_ahead_taken(&p->ahead);
    }
    return p->error->error.info.code;
}

/* What there is now: IRISX_E_AGAIN and *wait_out (referenced) for a request that runs. */
static irisx_error_t look(irisx_pager_t *p, irisx_op_t **op_out, irisx_op_t **wait_out)
{
    irisx_error_t err = IRISX_E_AGAIN;

    (void) pthread_mutex_lock(&p->lock);
    absorb(p);
    if (p->ahead.cancelled) {
        err = IRISX_E_CANCELLED;
    } else if (p->ahead.ready > 0) {
        *op_out = take_ready(p);
        err = IRISX_OK;
    } else if (p->failed) {
        err = tell_failure(p);
    } else if (!p->running && ix_api_ahead_over(&p->ahead)) {
        err = IRISX_E_NOT_FOUND;
    } else {
        p->refused = 0;
        ask(p, true);
        if (p->refused)
            err = (irisx_error_t) p->refused;
        *wait_out = irisx_op_ref(p->running);
    }
    (void) pthread_mutex_unlock(&p->lock);
    return err;
}

irisx_error_t irisx_pager_next_page(irisx_pager_t *pager, uint32_t timeout_ms, irisx_op_t **op_out)
{
    uint64_t until = ix_clock_now().mono_us + timeout_ms * IX_MS;

    if (!pager || !op_out)
        return IRISX_E_INVALID;
    for (;;) {
        irisx_op_t *running = NULL;
        irisx_error_t err = look(pager, op_out, &running);
        uint64_t now = ix_clock_now().mono_us;
        uint64_t left = now < until ? (until - now + IX_MS - 1) / IX_MS : 0;

        if (err != IRISX_E_AGAIN || !running) {
            irisx_op_unref(running);
            return err;
        }
        (void) irisx_op_wait(running, timeout_ms == UINT32_MAX ? UINT32_MAX : (uint32_t) IX_MIN(left, timeout_ms));
        if (!irisx_op_done(running) && ix_in_callback(pager->client))
            err = timeout_ms ? IRISX_E_WOULD_DEADLOCK : IRISX_E_AGAIN;
        else if (irisx_op_done(running) || (left > 0 && timeout_ms > 0))
            err = IRISX_OK; /* look again */
        irisx_op_unref(running);
        if (err)
            return err;
    }
}

/* the struct made of an item: they stand in the same order, without those that are no objects */
static const void *struct_of(irisx_pager_t *p, const irisx_value_t *item)
{
    size_t count = 0;
    const void *const *structs = ix_api_item_structs(p->api, &p->page->answer, &count);
    const irisx_value_t *raw;

    if (p->made >= count)
        return NULL;
    memcpy(&raw, structs[p->made], sizeof raw); /* the first member of every result */
    return raw == item ? structs[p->made++] : NULL;
}

irisx_error_t irisx_pager_next(
    irisx_pager_t *pager, uint32_t timeout_ms, const irisx_value_t **value_out, const void **item_out)
{
    const irisx_value_t *item = NULL;
    const void *made;
    irisx_op_t *op = NULL;
    irisx_error_t err;

    if (!pager)
        return IRISX_E_INVALID;
    if (pager->ahead.max_items && pager->given >= pager->ahead.max_items)
        return IRISX_E_NOT_FOUND;
    for (;;) {
        if (pager->page)
            item = irisx_value_at(ix_api_items(pager->api, pager->page->answer.root), pager->item);
        if (item)
            break;
        err = irisx_pager_next_page(pager, timeout_ms, &op);
        if (err)
            return err;
        irisx_op_unref(pager->page);
        pager->page = op;
        pager->item = pager->made = 0;
    }
    pager->item++;
    pager->given++;
    made = struct_of(pager, item);
    if (value_out)
        *value_out = item;
    if (item_out)
        *item_out = made;
    return IRISX_OK;
}

const irisx_error_info_t *irisx_pager_error(const irisx_pager_t *pager)
{
    return pager && pager->error ? &pager->error->error.info : NULL;
}
