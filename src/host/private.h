/* SPDX-License-Identifier: MIT */
/* The host's structs, shared by its files only. */
#ifndef IX_HOST_PRIVATE_H
#define IX_HOST_PRIVATE_H

#include <pthread.h>

#include "host/host.h"

#define HOST_MAX_MEDIA 16
#define HOST_MAX_WORKERS 8
#define HOST_FILE_US (40 * IX_MS) /* how often the file thread looks after its rings */

/* One media thread: an engine, a ring from the call loop and one to it. */
struct media_thread {
    struct ix_host *host;
    struct ix_media *engine; /* media thread */
    struct ix_ring *in, *out;
    pthread_t thread;
    bool runs;
    int wake_fd; /* eventfd: a command waits while the engine has no group */
    atomic_bool stop;
    atomic_ullong overruns, refused;
    uint32_t parties; /* call loop */
    struct ix_media_event pending; /* media thread: an event that had no room yet */
    bool has_pending;
    uint64_t patient_us; /* media thread: when it last waited for the call loop */
};
int ix_media_thread_init(struct media_thread *m, struct ix_host *h);
int ix_media_thread_start(struct media_thread *m); /* no thread in zero-thread mode */
void ix_media_thread_stop(struct media_thread *m);
void ix_media_thread_clear(struct media_thread *m);
void ix_media_thread_turn(struct media_thread *m); /* takes what waits, ticks what is due, hands out what there is */
void ix_media_deliver(struct ix_host *h); /* call loop: frames and events of all threads to their callbacks */

struct workers {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t threads[HOST_MAX_WORKERS];
    unsigned wanted, idle; /* lock */
    atomic_uint queued; /* set under the lock */
    atomic_uint running; /* set by the call loop alone */
    struct ix_host_job *first, *last; /* lock */
    struct ix_host_job *done_first, *done_last; /* lock */
    bool stop; /* lock */
    void *(*make)(void *ctx);
    void (*unmake)(void *state);
    void *make_ctx;
    void *inline_state; /* zero-thread mode */
    bool inline_made;
};
void ix_workers_init(struct workers *w, unsigned wanted);
void ix_workers_stop(struct ix_host *h);
void ix_workers_clear(struct workers *w);
bool ix_workers_run_inline(struct ix_host *h); /* zero-thread: true if something was computed */
void ix_workers_deliver(struct ix_host *h); /* call loop: done() of finished jobs */

struct files {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool runs, stop; /* lock */
    atomic_bool busy; /* set under the lock */
    struct ix_list added; /* lock: not yet seen by the file thread */
    struct ix_list all; /* file thread */
    struct ix_list untold; /* lock: what a loop that has stopped did not take */
};
void ix_files_init(struct ix_host *h);
void ix_files_stop(struct ix_host *h);
void ix_files_clear(struct ix_host *h);
void ix_files_service(struct ix_host *h); /* one round; file thread, or the caller in zero-thread mode */
bool ix_files_idle(struct ix_host *h);

struct ix_host {
    struct ix_host_options o;
    struct ix_loop *call, *service; /* zero-thread: the same */
    pthread_t call_thread, service_thread;
    bool call_runs, service_runs, stopped;
    struct ix_loop_bell *bell; /* call loop: media threads and workers have something */
    atomic_uint bells; /* heard: what lay in the sockets before is in the rings now */
    struct media_thread media[HOST_MAX_MEDIA];
    unsigned media_wanted;
    atomic_uint media_running; /* set by the call loop alone */
    struct ix_map *party_thread; /* party id → struct media_thread */
    ix_host_frame_fn on_frame;
    ix_host_media_event_fn on_event;
    void *media_ctx;
    struct workers workers;
    struct files files;
    uint64_t files_at_us; /* zero-thread: next round of the files */
    atomic_bool realtime_media;
};

/* threads.c */
int ix_host_thread(
    struct ix_host *h, pthread_t *out, const char *name, void *(*fn)(void *), void *arg); /* signals blocked */
void ix_host_mark_thread(struct ix_host *h); /* the calling thread is one of ours */
bool ix_host_ask_realtime(const struct ix_host *h);
bool ix_host_ask_nice(const struct ix_host *h);
void ix_host_wake_call_loop(struct ix_host *h); /* any thread, no lock, no allocation */

#endif
