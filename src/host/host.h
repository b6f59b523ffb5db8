/* SPDX-License-Identifier: MIT */
/*
 * host: the shell's frame, used by client and sandbox: the two loops and their threads, the media threads, the workers
 * that compute, the file thread, and the rings between them. In zero-thread mode the same is driven by the caller.
 */
#ifndef IX_HOST_H
#define IX_HOST_H

#include "core/core.h"
#include "io/io.h"
#include "media/media.h"

struct ix_host_options {
    const struct ix_log *log;
    uint32_t media_threads; /* 0 = min(cores, 4); started on demand */
    uint32_t workers; /* 0 = 2; started on demand */
    uint32_t max_parties; /* 0 = 128 */
    bool zero_thread;
    bool realtime; /* ask for real-time priority; what was got is in ix_host_report */
};
struct ix_host;
int ix_host_new(const struct ix_host_options *o, struct ix_host **out); /* loops exist, threads run */
/* Stops and joins every thread; never from one of its own threads. Afterwards the caller's thread owns both loops: it
 * frees what it made on them (engine, servers ...), then ix_host_free. Jobs and posts still queued are run or dropped
 * with their done(); zero-thread: nothing to join. Idempotent. */
void ix_host_stop(struct ix_host *h);
void ix_host_free(
    struct ix_host *h); /* stops if that has not been done; runs the loops until all their handles are closed */
struct ix_loop *ix_host_call_loop(struct ix_host *h);
struct ix_loop *ix_host_service_loop(struct ix_host *h);
bool ix_host_has_threads(const struct ix_host *h); /* not zero_thread */
bool ix_host_on_own_thread(const struct ix_host *h); /* caller is a thread of ours */

/* zero-thread mode: one descriptor, one timeout, one function */
int ix_host_fd(struct ix_host *h);
int ix_host_timeout_ms(struct ix_host *h);
int ix_host_run_once(struct ix_host *h);
/* or that function having waited, until until_us at most, or until *news is not `seen` any more */
int ix_host_drive(struct ix_host *h, const atomic_uint *news, unsigned seen, uint64_t until_us);

/* ---- computing (DTLS): own threads, each with its own worker state; done runs on the call loop --- */
struct ix_host_job {
    void (*work)(struct ix_host_job *job, void *worker_state);
    void (*done)(struct ix_host_job *job);
    struct ix_host_job *next;
};
/* per-thread state is made lazily on the worker by make(ctx) and ended by unmake */
void ix_host_set_worker_state(struct ix_host *h, void *(*make)(void *ctx), void (*unmake)(void *state), void *ctx);
void ix_host_compute(struct ix_host *h, struct ix_host_job *job); /* call loop only */

/* ---- media: call loop only; parties are spread over the media threads -------------------- */
typedef void (*ix_host_frame_fn)(void *ctx, uint32_t party_id, const struct ix_frame *f); /* to send; call loop */
typedef void (*ix_host_media_event_fn)(void *ctx, const struct ix_media_event *ev); /* call loop */
void ix_host_media_set(struct ix_host *h, ix_host_frame_fn on_frame, ix_host_media_event_fn on_event, void *ctx);
/* ADD picks a thread (that of group_of, else the least loaded); the others go to the party's thread.
 * IRISX_E_LIMIT: no room, nothing happened. */
int ix_host_media_command(struct ix_host *h, const struct ix_media_cmd *cmd);
void ix_host_media_frame(struct ix_host *h, uint32_t party_id, const struct ix_frame *f);

/* ---- files of calls: a thread of their own fills and drains rings ------------------------ */
struct ix_play; /* WAV → ring */
struct ix_record; /* ring(s) → WAV */
struct ix_wav_info {
    uint32_t rate_hz;
    uint16_t channels;
    uint16_t bits;
    uint64_t frames;
};
/* opened, failed or closed; runs on the call loop, exactly once for each where it is given, also when closed meanwhile
 */
typedef void (*ix_host_file_fn)(void *ctx, int err, const char *detail);
/* opens and checks on the file thread, then done(err): IRISX_E_FORMAT with a sentence, IRISX_E_NOT_FOUND, ... */
int ix_play_open(
    struct ix_host *h, const char *path, bool loop_it, ix_host_file_fn opened, void *ctx, struct ix_play **out);
struct ix_pcm_ring *ix_play_ring(struct ix_play *p); /* mono, at ix_play_rate, valid after opened(0) */
uint32_t ix_play_rate(const struct ix_play *p);
void ix_play_close(struct ix_play *p); /* after the media engine released the ring */
/* channels 1: mixed or received only; 2: left sent (near), right received (far) */
/* opened: the file can be written (err 0) or not; failed: at most once, a write failed later, what was written stays */
int ix_record_open(struct ix_host *h, const char *path, uint32_t rate_hz, uint16_t channels, ix_host_file_fn opened,
    ix_host_file_fn failed, void *ctx, struct ix_record **out);
struct ix_pcm_ring *ix_record_ring(struct ix_record *r, unsigned channel);
void ix_record_close(struct ix_record *r, ix_host_file_fn closed,
    void *ctx); /* header made right, file synced; then closed(): err only for what `failed` or `opened` was not told */

/* ---- capture: bytes appended to a file by the file thread; refused when it falls behind --- */
struct ix_spool;
int ix_spool_open(struct ix_host *h, const char *path, unsigned mode, struct ix_spool **out);
void ix_spool_write(
    struct ix_spool *s, const void *p, size_t n); /* call loop only; copies into a ring; counts what did not fit */
void ix_spool_close(struct ix_spool *s, ix_host_file_fn closed, void *ctx);

struct ix_host_report { /* what the system granted */
    bool realtime_media; /* SCHED_RR; the call loop never has it: see host.c */
    uint32_t media_threads, workers;
    uint64_t overruns; /* media ticks that came more than one tick late */
    uint64_t frames_refused;
};
void ix_host_report(const struct ix_host *h, struct ix_host_report *out);

#endif
