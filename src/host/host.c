/* SPDX-License-Identifier: MIT */
/*
 * The frame: two loops on threads of their own, the threads beside them, and the same without any thread when the
 * application drives it. docs/design/runtime.md is the picture.
 */
#include <string.h>
#include <unistd.h>

#include "host/private.h"

/* ---- the loops' threads ------------------------------------------------------------------ */
/*
 * Never SCHED_RR for a libuv loop: uv_async_send() of a lesser thread that is preempted half-way makes the loop spin
 * for it (uv__async_spin), and a spinning real-time thread lets nobody finish until the kernel throttles it, a second
 * later.
 */
static void *call_main(void *arg)
{
    struct ix_host *h = arg;

    ix_host_mark_thread(h);
    (void) ix_host_ask_nice(h); /* refused: as good as everybody else */
    (void) ix_loop_run(h->call);
    return NULL;
}

static void *service_main(void *arg)
{
    struct ix_host *h = arg;

    ix_host_mark_thread(h);
    (void) ix_loop_run(h->service);
    return NULL;
}

static void on_bell(void *ctx)
{
    struct ix_host *h = ctx;

    atomic_fetch_add_explicit(&h->bells, 1, memory_order_release);
    ix_media_deliver(h);
    ix_workers_deliver(h);
}

static int start_threads(struct ix_host *h)
{
    int err;

    if (h->o.zero_thread)
        return 0;
    err = ix_host_thread(h, &h->call_thread, "irisx-call", call_main, h);
    h->call_runs = err == 0;
    if (!err)
        err = ix_host_thread(h, &h->service_thread, "irisx-service", service_main, h);
    h->service_runs = err == 0;
    return err;
}

/* Without threads there is nothing to keep apart: both names mean one loop, and its descriptor is the host's. */
static int open_loops(struct ix_host *h)
{
    int err = ix_loop_new(h->o.log, &h->call);

    if (!err && h->o.zero_thread) {
        ix_loop_set_driven(h->call);
        h->service = h->call;
    }
    return err || h->service ? err : ix_loop_new(h->o.log, &h->service);
}

/* ---- life -------------------------------------------------------------------------------- */
static void defaults(struct ix_host *h)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    h->media_wanted = h->o.media_threads ? h->o.media_threads : (unsigned) IX_MAX(1, IX_MIN(cores, 4));
    h->media_wanted = IX_MIN(h->media_wanted, (unsigned) HOST_MAX_MEDIA);
    if (h->o.zero_thread)
        h->media_wanted = 1;
    if (!h->o.max_parties)
        h->o.max_parties = 128;
    for (unsigned i = 0; i < HOST_MAX_MEDIA; i++)
        h->media[i].wake_fd = -1;
}

static int setup(struct ix_host *h)
{
    int err;

    ix_files_init(h);
    err = open_loops(h);
    if (!err)
        err = ix_loop_bell_new(h->call, on_bell, h, &h->bell);
    h->party_thread = ix_map_new((size_t) h->o.max_parties * HOST_MAX_MEDIA, 0x9e3779b97f4a7c15u);
    if (!h->party_thread)
        err = IRISX_E_NO_MEMORY;
    return err ? err : start_threads(h);
}

int ix_host_new(const struct ix_host_options *o, struct ix_host **out)
{
    struct ix_host *h = ix_alloc(sizeof *h);
    unsigned workers = IX_MIN(o->workers ? o->workers : 2u, (unsigned) HOST_MAX_WORKERS);
    int err;

    if (!h)
        return IRISX_E_NO_MEMORY;
    h->o = *o;
    defaults(h);
    ix_workers_init(&h->workers, workers);
    err = setup(h);
    if (err) {
        ix_host_free(h);
        return err;
    }
    *out = h;
    return 0;
}

/* What was posted before is run: by the loop's thread, or here where there is none. */
static void stop_loop(struct ix_loop *loop, bool runs, pthread_t thread)
{
    if (!loop)
        return;
    ix_loop_stop(loop);
    if (runs)
        (void) pthread_join(thread, NULL);
    else
        (void) ix_loop_run(loop);
}

void ix_host_stop(struct ix_host *h)
{
    if (h->stopped)
        return;
    h->stopped = true;
    if (h->service != h->call)
        stop_loop(h->service, h->service_runs, h->service_thread);
    stop_loop(h->call, h->call_runs, h->call_thread);
    ix_files_stop(h); /* from here on this thread is the only one that calls back */
    for (unsigned i = 0; i < h->media_running; i++)
        ix_media_thread_stop(&h->media[i]);
    ix_media_deliver(h);
    ix_workers_stop(h);
}

void ix_host_free(struct ix_host *h)
{
    if (!h)
        return;
    ix_host_stop(h);
    ix_files_clear(h);
    ix_loop_bell_free(h->bell);
    (void) ix_loop_free(h->call); /* says so itself when somebody left something on it */
    if (h->service != h->call)
        (void) ix_loop_free(h->service);
    for (unsigned i = 0; i < HOST_MAX_MEDIA; i++)
        ix_media_thread_clear(&h->media[i]);
    ix_workers_clear(&h->workers);
    ix_map_free(h->party_thread);
    ix_free(h);
}

struct ix_loop *ix_host_call_loop(struct ix_host *h)
{
    return h->call;
}

struct ix_loop *ix_host_service_loop(struct ix_host *h)
{
    return h->service;
}

/* ---- zero-thread mode -------------------------------------------------------------------- */
int ix_host_fd(struct ix_host *h)
{
    return h->o.zero_thread ? ix_loop_fd(h->call) : -1;
}

/* the next tick of the media, or look at the files */
static uint64_t next_us(struct ix_host *h)
{
    uint64_t at = IX_NEVER, tick;

    for (unsigned i = 0; i < h->media_running; i++) {
        tick = ix_media_deadline(h->media[i].engine);
        at = IX_MIN(at, tick);
    }
    return ix_files_idle(h) ? at : IX_MIN(at, h->files_at_us);
}

int ix_host_timeout_ms(struct ix_host *h)
{
    uint64_t now = ix_clock_mono_us(), at = next_us(h);
    int loop = ix_loop_timeout_ms(h->call);
    int ms = at == IX_NEVER ? -1 : at <= now ? 0 : (int) IX_MIN((at - now + 999) / 1000, (uint64_t) INT32_MAX);

    return loop < 0 ? ms : ms < 0 ? loop : IX_MIN(loop, ms);
}

/* media, files and computations, inline */
static int run_rest(struct ix_host *h)
{
    uint64_t now;

    for (unsigned i = 0; i < h->media_running; i++)
        ix_media_thread_turn(&h->media[i]);
    if (!ix_files_idle(h) && (now = ix_clock_mono_us()) >= h->files_at_us) {
        ix_files_service(h);
        h->files_at_us = now + HOST_FILE_US;
    }
    ix_media_deliver(h);
    if (!ix_workers_run_inline(h) && !h->media_running)
        return 0;
    return ix_loop_run_once(h->call); /* what came of it leaves in this turn */
}

int ix_host_run_once(struct ix_host *h)
{
    int err = h->o.zero_thread ? ix_loop_run_once(h->call) : IRISX_E_STATE;

    return err ? err : run_rest(h);
}

int ix_host_drive(struct ix_host *h, const atomic_uint *news, unsigned seen, uint64_t until_us)
{
    int err = ix_loop_drive(h->call, news, seen, IX_MIN(until_us, next_us(h)));

    return err ? err : run_rest(h);
}

void ix_host_report(const struct ix_host *h, struct ix_host_report *out)
{
    memset(out, 0, sizeof *out);
    out->realtime_media = atomic_load(&h->realtime_media);
    out->media_threads = atomic_load(&h->media_running);
    out->workers = atomic_load(&h->workers.running);
    for (unsigned i = 0; i < out->media_threads; i++) {
        out->overruns += atomic_load(&h->media[i].overruns);
        out->frames_refused += atomic_load(&h->media[i].refused);
    }
}
