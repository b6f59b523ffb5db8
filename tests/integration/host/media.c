/* SPDX-License-Identifier: MIT */
/* Two parties that hear each other through the host, with media threads and without any. */
#include <criterion/criterion.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>

#include "audio/audio.h"
#include "host/host.h"

enum { FIRST = 1, SECOND = 2, RATE = 8000 };

static struct ix_host *host;
static struct ix_party *parties[3];
static struct ix_pcm_ring *heard;
static atomic_int released, first_audio;
static uint16_t seq[3];

/* What one party sends, the other receives: the network between them. */
static void on_frame(void *ctx, uint32_t party_id, const struct ix_frame *f)
{
    struct ix_frame copy = *f;
    (void) ctx;
    copy.arrival_us = ix_clock_now().mono_us;
    copy.ssrc = party_id;
    copy.seq = seq[party_id]++;
    ix_host_media_frame(host, party_id == FIRST ? SECOND : FIRST, &copy);
}

static void on_event(void *ctx, const struct ix_media_event *ev)
{
    (void) ctx;
    if (ev->kind == IX_MEDIA_EV_FIRST_AUDIO)
        atomic_fetch_add(&first_audio, 1);
    if (ev->kind == IX_MEDIA_EV_RELEASED) {
        ix_party_free(ev->u.party);
        parties[ev->party_id] = NULL;
        atomic_fetch_add(&released, 1);
    }
}

static void command(struct ix_media_cmd cmd, uint32_t id, uint8_t kind)
{
    cmd.party_id = id;
    cmd.kind = kind;
    cr_assert_eq(ix_party_equip(parties[id], &cmd), 0);
    cr_assert_eq(ix_host_media_command(host, &cmd), 0);
}

static void add(uint32_t id)
{
    cr_assert_eq(ix_party_new(&(struct ix_party_options){ .seed = id }, &parties[id]), 0);
    command((struct ix_media_cmd){ .u.add.party = parties[id] }, id, IX_MEDIA_ADD);
    command((struct ix_media_cmd){ .u.codec = { .codec = IX_CODEC_PCMU,
                                       .clock_hz = 8000,
                                       .ptime_ms = 20,
                                       .complexity = 0xff,
                                       .send = true,
                                       .receive = true } },
        id, IX_MEDIA_CODEC);
}

static void begin(void *arg)
{
    (void) arg;
    ix_host_media_set(host, on_frame, on_event, NULL);
    add(FIRST);
    add(SECOND);
    command((struct ix_media_cmd){ .u.source = { .kind = IX_SOURCE_TONE, .tone_hz = { 440 }, .tone_level = 0.5f } },
        FIRST, IX_MEDIA_SOURCE);
    command((struct ix_media_cmd){ .u.sink = { .ring = heard, .rate_hz = RATE } }, SECOND, IX_MEDIA_SINK);
}

static void end(void *arg)
{
    (void) arg;
    command((struct ix_media_cmd){ 0 }, FIRST, IX_MEDIA_REMOVE);
    command((struct ix_media_cmd){ 0 }, SECOND, IX_MEDIA_REMOVE);
}

enum { WINDOW = RATE / 20 }; /* 22 periods of the tone */

/* A loaded machine loses frames, and concealment is no tone; one clean stretch shows that the way is right. */
static bool tone_heard(void)
{
    int16_t pcm[WINDOW];
    while (ix_pcm_ring_used(heard) >= WINDOW) {
        (void) ix_pcm_ring_read(heard, pcm, WINDOW);
        if (ix_goertzel(pcm, WINDOW, RATE, 440) > 0.3f && ix_goertzel(pcm, WINDOW, RATE, 1000) < 0.05f)
            return true;
    }
    return false;
}

static void setup(void)
{
    heard = ix_pcm_ring_new(4 * RATE);
}

static void teardown(void)
{
    ix_pcm_ring_free(heard);
}

TestSuite(media, .init = setup, .fini = teardown, .timeout = 60);

Test(media, two_media_threads_carry_a_tone_from_one_party_to_the_other)
{
    struct ix_host_report report;
    cr_assert_eq(ix_host_new(&(struct ix_host_options){ .media_threads = 2 }, &host), 0);
    cr_assert_eq(ix_loop_post(ix_host_call_loop(host), begin, NULL), 0);
    while (!tone_heard())
        sched_yield();
    ix_host_report(host, &report);
    cr_assert_eq(report.media_threads, 2, "each party on a thread of its own");
    while (atomic_load(&first_audio) < 2)
        sched_yield();
    cr_assert_eq(ix_loop_post(ix_host_call_loop(host), end, NULL), 0);
    while (atomic_load(&released) < 2)
        sched_yield();
    ix_host_free(host);
}

Test(media, without_threads_a_poll_program_carries_it_as_well)
{
    cr_assert_eq(ix_host_new(&(struct ix_host_options){ .zero_thread = true }, &host), 0);
    begin(NULL);
    while (!tone_heard()) {
        struct pollfd p = { .fd = ix_host_fd(host), .events = POLLIN };
        int timeout = ix_host_timeout_ms(host);
        cr_assert(timeout >= 0 && timeout <= 21, "%d", timeout);
        (void) poll(&p, 1, timeout);
        cr_assert_eq(ix_host_run_once(host), 0);
    }
    end(NULL);
    while (atomic_load(&released) < 2)
        cr_assert_eq(ix_host_run_once(host), 0);
    cr_assert_eq(ix_host_timeout_ms(host), -1, "no group, no tick");
    ix_host_free(host);
}

Test(media, parties_still_there_at_the_end_are_left_to_their_owner)
{
    cr_assert_eq(ix_host_new(&(struct ix_host_options){ .media_threads = 2 }, &host), 0);
    cr_assert_eq(ix_loop_post(ix_host_call_loop(host), begin, NULL), 0);
    while (atomic_load(&first_audio) < 2)
        sched_yield();
    ix_host_free(host);
    ix_party_free(parties[FIRST]);
    ix_party_free(parties[SECOND]);
}

Test(media, commands_for_nobody_and_too_many_parties_are_refused)
{
    struct ix_media_cmd cmd = { .kind = IX_MEDIA_MUTE, .party_id = 99 };
    cr_assert_eq(ix_host_new(&(struct ix_host_options){ .zero_thread = true, .max_parties = 2 }, &host), 0);
    ix_host_media_set(host, on_frame, on_event, NULL);
    cr_assert_eq(ix_host_media_command(host, &cmd), IRISX_E_NOT_FOUND);
    add(FIRST);
    add(SECOND);
    cmd = (struct ix_media_cmd){ .kind = IX_MEDIA_ADD, .party_id = 3 };
    cr_assert_eq(ix_host_media_command(host, &cmd), IRISX_E_LIMIT);
    end(NULL);
    while (atomic_load(&released) < 2)
        cr_assert_eq(ix_host_run_once(host), 0);
    ix_host_free(host);
}
