/* SPDX-License-Identifier: MIT */
/*
 * Media threads. The call loop puts commands and received frames into a thread's ring; the thread runs its engine's due
 * slots and puts frames to send and events into the other ring. No lock, no allocation, no log on this thread.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "host/private.h"

/* Four ticks of a frame each way and some commands for every party; memory counts once it was used. */
#define DELIVER_BATCH 8 /* handed over between two looks at how long the turn is */
#define RING_BYTES(parties) (32u * 1024 + (size_t) (parties) *1536)

#define LATE_US (4 * IX_MS)
#define PATIENCE_EVERY_US IX_S
#define PATIENCE_STEP_US 250
#define PATIENCE_STEPS 20u

enum record_kind { RECORD_COMMAND = 1, RECORD_FRAME = 2, RECORD_EVENT = 3 };
struct record {
    uint32_t kind;
    uint32_t party_id;
};

int ix_media_thread_init(struct media_thread *m, struct ix_host *h)
{
    int err;

    m->host = h;
    m->wake_fd = -1;
    m->in = ix_ring_new(RING_BYTES(h->o.max_parties));
    m->out = ix_ring_new(RING_BYTES(h->o.max_parties));
    if (!m->in || !m->out)
        return IRISX_E_NO_MEMORY;
    err = ix_media_new(h->o.log, h->o.max_parties, &m->engine);
    if (err)
        return err;
    m->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return m->wake_fd < 0 ? IRISX_E_LIMIT : 0;
}

void ix_media_thread_clear(struct media_thread *m)
{
    ix_media_free(m->engine);
    ix_ring_free(m->in);
    ix_ring_free(m->out);
    if (m->wake_fd >= 0 && m->host)
        (void) close(m->wake_fd);
    memset(m, 0, sizeof *m);
    m->wake_fd = -1;
}

/* ---- the thread's side ------------------------------------------------------------------- */
static void take_input(struct media_thread *m, struct ix_now now)
{
    struct ix_frame frame;
    struct ix_media_cmd cmd;
    struct record head;
    const uint8_t *p;
    size_t len;

    while ((p = ix_ring_peek(m->in, &len)) != NULL) {
        memcpy(&head, p, sizeof head);
        if (head.kind == RECORD_COMMAND) {
            memcpy(&cmd, p + sizeof head, sizeof cmd);
            ix_media_command(m->engine, &cmd, now);
        } else {
            memcpy(&frame, p + sizeof head, len - sizeof head);
            ix_media_frame(m->engine, head.party_id, &frame, now);
        }
        ix_ring_drop(m->in);
    }
}

static bool put_event(struct media_thread *m, const struct ix_media_event *ev)
{
    struct record head = { RECORD_EVENT, ev->party_id };

    return ix_ring_put(m->out, &head, sizeof head, ev, sizeof *ev);
}

/* Events are never lost: one that finds no room waits, and the engine keeps those behind it. */
static bool give_output(struct media_thread *m)
{
    struct ix_media_out out;
    bool any = false;

    if (m->has_pending) {
        if (!put_event(m, &m->pending))
            return true;
        m->has_pending = false;
        any = true;
    }
    while (ix_media_poll(m->engine, &out)) {
        any = true;
        if (out.kind == IX_MEDIA_OUT_FRAME) {
            struct record head = { RECORD_FRAME, out.party_id };

            if (!ix_ring_put(m->out, &head, sizeof head, out.frame, IX_FRAME_HEAD + out.frame->len))
                atomic_fetch_add_explicit(&m->refused, 1, memory_order_relaxed);
        } else if (!put_event(m, out.event)) {
            m->pending = *out.event;
            m->has_pending = true;
            break;
        }
    }
    return any;
}

/*
 * A tick that comes late may come before the call loop, which slept just as long, has handed on what arrived in time:
 * the lateness would be taken for the network's. So the loop is asked for a turn first, and waited for a moment. Once a
 * second: a machine that is always late has no time for this.
 */
static void let_loop_catch_up(struct media_thread *m, struct ix_now now)
{
    const struct timespec moment = { .tv_nsec = PATIENCE_STEP_US * 1000 };
    unsigned heard = atomic_load_explicit(&m->host->bells, memory_order_acquire);
    uint64_t deadline = ix_media_deadline(m->engine);

    if (m->host->o.zero_thread || atomic_load(&m->stop) || now.mono_us < ix_time_add(deadline, LATE_US) ||
        now.mono_us < m->patient_us + PATIENCE_EVERY_US)
        return;
    m->patient_us = now.mono_us;
    ix_host_wake_call_loop(m->host);
    for (unsigned i = 0; i < PATIENCE_STEPS && heard == atomic_load_explicit(&m->host->bells, memory_order_acquire);
         i++)
        (void) nanosleep(&moment, NULL);
}

void ix_media_thread_turn(struct media_thread *m)
{
    struct ix_now now = ix_clock_now();
    uint64_t deadline;

    let_loop_catch_up(m, now);
    now = ix_clock_now();
    take_input(m, now);
    deadline = ix_media_deadline(m->engine);
    if (now.mono_us >= deadline) {
        if (now.mono_us - deadline > IX_TICK_US)
            atomic_fetch_add_explicit(&m->overruns, 1, memory_order_relaxed);
        ix_media_tick(m->engine, now);
    }
    if (give_output(m))
        ix_host_wake_call_loop(m->host);
}

static void wait_next(struct media_thread *m)
{
    struct pollfd fd = { .fd = m->wake_fd, .events = POLLIN };
    uint64_t deadline = ix_media_deadline(m->engine);
    uint64_t now = ix_clock_now().mono_us;
    uint64_t left = deadline > now ? deadline - now : 0;
    struct timespec wait;
    uint64_t count;

    if (m->has_pending)
        left = IX_MIN(left, IX_TICK_US);
    wait = (struct timespec){ .tv_sec = (time_t) (left / IX_S), .tv_nsec = (long) (left % IX_S) * 1000 };
    if (ppoll(&fd, 1, deadline == IX_NEVER && !m->has_pending ? NULL : &wait, NULL) > 0)
        (void) !read(m->wake_fd, &count, sizeof count); /* nonblocking; nothing there is fine */
}

static void *media_main(void *arg)
{
    struct media_thread *m = arg;

    ix_host_mark_thread(m->host);
    if (ix_host_ask_realtime(m->host))
        atomic_store(&m->host->realtime_media, true);
    while (!atomic_load_explicit(&m->stop, memory_order_acquire)) {
        ix_media_thread_turn(m);
        wait_next(m);
    }
    ix_media_thread_turn(m); /* what was removed last is still released */
    return NULL;
}

int ix_media_thread_start(struct media_thread *m)
{
    int err;

    if (m->host->o.zero_thread || m->runs)
        return 0;
    err = ix_host_thread(m->host, &m->thread, "irisx-media", media_main, m);
    m->runs = err == 0;
    return err;
}

static void wake(struct media_thread *m)
{
    uint64_t one = 1;

    if (m->runs)
        (void) !write(m->wake_fd, &one, sizeof one); /* full means awake already */
}

void ix_media_thread_stop(struct media_thread *m)
{
    if (!m->runs) {
        ix_media_thread_turn(m); /* zero-thread: what was removed last is still released */
        return;
    }
    atomic_store_explicit(&m->stop, true, memory_order_release);
    wake(m);
    (void) pthread_join(m->thread, NULL);
    m->runs = false;
}

/* ---- the call loop's side ---------------------------------------------------------------- */
static struct ix_str key(const uint32_t *id)
{
    return ix_str_n(id, sizeof *id);
}

/* the first one that has no party, or is not there yet; without room for a new one, the one with the fewest */
static int choose(struct ix_host *h, const struct ix_media_cmd *cmd, struct media_thread **out)
{
    struct media_thread *m;
    int err = IRISX_E_LIMIT;

    *out = NULL;
    if (cmd->u.add.group_of) {
        *out = ix_map_get(h->party_thread, key(&cmd->u.add.group_of));
        return *out ? 0 : err;
    }
    for (unsigned i = 0; i < h->media_running; i++)
        if (!*out || h->media[i].parties < (*out)->parties)
            *out = &h->media[i];
    if ((*out && !(*out)->parties) || h->media_running == h->media_wanted)
        return 0;
    m = &h->media[h->media_running];
    err = ix_media_thread_init(m, h);
    if (!err)
        err = ix_media_thread_start(m);
    if (err) {
        ix_media_thread_clear(m);
        return *out ? 0 : err;
    }
    h->media_running++;
    *out = m;
    return 0;
}

void ix_host_media_set(struct ix_host *h, ix_host_frame_fn on_frame, ix_host_media_event_fn on_event, void *ctx)
{
    h->on_frame = on_frame;
    h->on_event = on_event;
    h->media_ctx = ctx;
}

int ix_host_media_command(struct ix_host *h, const struct ix_media_cmd *cmd)
{
    struct record head = { RECORD_COMMAND, cmd->party_id };
    struct media_thread *m = ix_map_get(h->party_thread, key(&cmd->party_id));
    int err = cmd->kind == IX_MEDIA_ADD ? choose(h, cmd, &m) : m ? 0 : IRISX_E_NOT_FOUND;

    if (err)
        return err;
    if (cmd->kind == IX_MEDIA_JOIN && cmd->u.join.other && ix_map_get(h->party_thread, key(&cmd->u.join.other)) != m)
        return IRISX_E_UNSUPPORTED; /* groups over two threads: ADD with group_of puts parties together */
    if (cmd->kind == IX_MEDIA_ADD)
        err = m->parties < h->o.max_parties ? ix_map_set(h->party_thread, key(&cmd->party_id), m) : IRISX_E_LIMIT;
    if (err)
        return err;
    if (!ix_ring_put(m->in, &head, sizeof head, cmd, sizeof *cmd)) {
        if (cmd->kind == IX_MEDIA_ADD)
            (void) ix_map_remove(h->party_thread, key(&cmd->party_id));
        return IRISX_E_LIMIT;
    }
    if (cmd->kind == IX_MEDIA_ADD)
        m->parties++;
    wake(m);
    return 0;
}

void ix_host_media_frame(struct ix_host *h, uint32_t party_id, const struct ix_frame *f)
{
    struct record head = { RECORD_FRAME, party_id };
    struct media_thread *m = ix_map_get(h->party_thread, key(&party_id));

    if (m && !ix_ring_put(m->in, &head, sizeof head, f, IX_FRAME_HEAD + f->len))
        atomic_fetch_add_explicit(&m->refused, 1, memory_order_relaxed);
}

static void deliver_one(
    struct ix_host *h, struct media_thread *m, const struct record *head, const uint8_t *body, size_t len)
{
    struct ix_media_event ev;
    struct ix_frame frame;

    if (head->kind == RECORD_FRAME) {
        memcpy(&frame, body, len);
        if (h->on_frame)
            h->on_frame(h->media_ctx, head->party_id, &frame);
        return;
    }
    memcpy(&ev, body, sizeof ev);
    if (ev.kind == IX_MEDIA_EV_RELEASED) {
        (void) ix_map_remove(h->party_thread, key(&ev.party_id));
        m->parties--;
    }
    if (h->on_event)
        h->on_event(h->media_ctx, &ev);
}

void ix_media_deliver(struct ix_host *h)
{
    struct record head;
    const uint8_t *p;
    size_t len;

    for (unsigned i = 0; i < h->media_running; i++) {
        struct media_thread *m = &h->media[i];
        unsigned count = 0;

        while ((p = ix_ring_peek(m->out, &len)) != NULL) {
            if (count++ % DELIVER_BATCH == 0 && ix_loop_turn_is_long(h->call)) {
                ix_host_wake_call_loop(h);
                return;
            }
            uint8_t copy[sizeof(struct record) + sizeof(struct ix_frame) + sizeof(struct ix_media_event)];

            memcpy(copy, p, len); /* a callback may stop everything: the ring is left first */
            ix_ring_drop(m->out);
            memcpy(&head, copy, sizeof head);
            deliver_one(h, m, &head, copy + sizeof head, len - sizeof head);
        }
    }
}
