/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>

#include "io/io.h"

struct fixture {
    struct ix_loop *loop;
    struct ix_loop_timer *timer, *other;
    int calls, drains;
    uint64_t fired_at, due;
    char order[16];
};

static struct fixture f;

static void setup(void)
{
    memset(&f, 0, sizeof f);
    cr_assert_eq(ix_loop_new(NULL, &f.loop), 0);
}

static void stop(void *arg)
{
    (void) arg;
    f.fired_at = ix_clock_now().mono_us;
    ix_loop_stop(f.loop);
}

static char letters[] = "abcdx";

static void append(void *arg)
{
    f.order[f.calls++] = *(const char *) arg;
}

TestSuite(loop, .init = setup);

Test(loop, a_timer_fires_at_its_time_and_never_before)
{
    cr_assert_eq(ix_loop_timer_new(f.loop, stop, NULL, &f.timer), 0);
    for (uint64_t us = 1; us < 6000; us += 1777) {
        struct ix_loop *again;
        f.due = ix_clock_now().mono_us + us;
        ix_loop_timer_set(f.timer, f.due);
        ix_loop_run(f.loop);
        cr_assert_geq(f.fired_at, f.due);
        ix_loop_timer_free(f.timer);
        cr_assert_eq(ix_loop_free(f.loop), 0);
        cr_assert_eq(ix_loop_new(NULL, &again), 0);
        f.loop = again;
        cr_assert_eq(ix_loop_timer_new(f.loop, stop, NULL, &f.timer), 0);
    }
    ix_loop_timer_free(f.timer);
    cr_assert_eq(ix_loop_free(f.loop), 0);
}

static void must_not(void *arg)
{
    (void) arg;
    cr_assert_fail("a stopped timer fired");
}

Test(loop, a_timer_set_to_never_is_silent)
{
    cr_assert_eq(ix_loop_timer_new(f.loop, must_not, NULL, &f.timer), 0);
    cr_assert_eq(ix_loop_timer_new(f.loop, stop, NULL, &f.other), 0);
    ix_loop_timer_set(f.timer, ix_clock_now().mono_us + 1000);
    ix_loop_timer_set(f.timer, IX_NEVER);
    ix_loop_timer_set(f.other, ix_clock_now().mono_us + 5000);
    ix_loop_run(f.loop);
    ix_loop_timer_free(f.timer);
    ix_loop_timer_free(f.other);
    cr_assert_eq(ix_loop_free(f.loop), 0);
}

Test(loop, posted_functions_run_in_order_and_none_is_taken_after_the_stop)
{
    cr_assert_eq(ix_loop_post(f.loop, append, &letters[0]), 0);
    cr_assert_eq(ix_loop_post(f.loop, append, &letters[1]), 0);
    cr_assert_eq(ix_loop_post(f.loop, append, &letters[2]), 0);
    cr_assert_eq(ix_loop_post(f.loop, stop, NULL), 0);
    ix_loop_run(f.loop);
    cr_assert_str_eq(f.order, "abc");
    cr_assert_eq(ix_loop_post(f.loop, append, &letters[3]), IRISX_E_CLOSED);
    cr_assert_eq(ix_loop_free(f.loop), 0);
    cr_assert_str_eq(f.order, "abc");
}

Test(loop, what_was_accepted_before_the_stop_still_runs)
{
    cr_assert_eq(ix_loop_post(f.loop, append, &letters[0]), 0);
    ix_loop_stop(f.loop);
    cr_assert_eq(ix_loop_free(f.loop), 0);
    cr_assert_str_eq(f.order, "a");
}

static void count_drain(void *ctx)
{
    (void) ctx;
    f.drains++;
    f.due = (uint64_t) f.calls; /* calls seen by the last drain */
}

Test(loop, the_drain_follows_the_callbacks_of_its_turn)
{
    ix_loop_set_drain(f.loop, count_drain, NULL);
    cr_assert_eq(ix_loop_post(f.loop, append, &letters[0]), 0);
    cr_assert_eq(ix_loop_run_once(f.loop), 0);
    cr_assert_geq(f.drains, 1);
    cr_assert_eq(f.due, 1);
    cr_assert_eq(ix_loop_free(f.loop), 0);
}

static void *post_later(void *arg)
{
    (void) arg;
    ix_loop_post(f.loop, append, &letters[4]);
    return NULL;
}

Test(loop, a_poll_program_sees_one_descriptor_and_one_timeout)
{
    pthread_t thread;
    struct pollfd p = { .fd = ix_loop_fd(f.loop), .events = POLLIN };
    while (ix_loop_timeout_ms(f.loop) == 0)
        cr_assert_eq(ix_loop_run_once(f.loop), 0);
    cr_assert_eq(ix_loop_timeout_ms(f.loop), -1);
    cr_assert_eq(pthread_create(&thread, NULL, post_later, NULL), 0);
    cr_assert_eq(poll(&p, 1, 10000), 1);
    cr_assert_eq(ix_loop_run_once(f.loop), 0);
    cr_assert_eq(f.calls, 1);
    pthread_join(thread, NULL);
    cr_assert_eq(ix_loop_timer_new(f.loop, stop, NULL, &f.timer), 0);
    ix_loop_timer_set(f.timer, ix_clock_now().mono_us + 50 * IX_MS);
    int timeout = ix_loop_timeout_ms(f.loop);
    cr_assert(timeout > 0 && timeout <= 51, "%d", timeout);
    ix_loop_timer_free(f.timer);
    cr_assert_eq(ix_loop_free(f.loop), 0);
}

Test(loop, a_loop_with_objects_left_is_not_freed)
{
    cr_assert_eq(ix_loop_timer_new(f.loop, stop, NULL, &f.timer), 0);
    cr_assert_eq(ix_loop_free(f.loop), IRISX_E_STATE);
    ix_loop_timer_free(f.timer);
    cr_assert_eq(ix_loop_free(f.loop), 0);
}

static void raise_pipe(void *arg)
{
    (void) arg;
    raise(SIGPIPE);
}

Test(loop, a_broken_pipe_inside_the_loop_does_not_reach_the_program)
{
    sigset_t pending;
    ix_loop_guard(f.loop, 1);
    cr_assert_eq(ix_loop_post(f.loop, raise_pipe, NULL), 0);
    cr_assert_eq(ix_loop_run_once(f.loop), 0); /* the default disposition would end us here */
    sigpending(&pending);
    cr_assert_eq(sigismember(&pending, SIGPIPE), 0);
    ix_loop_guard(f.loop, -1);
    cr_assert_eq(ix_loop_free(f.loop), 0);
}

static bool blocked[2];

static void look_at_mask(void *arg)
{
    sigset_t mask;

    (void) arg;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    blocked[f.calls++] = sigismember(&mask, SIGTERM) == 1;
}

Test(loop, the_callers_mask_is_touched_only_where_something_needs_it)
{
    cr_assert_eq(ix_loop_post(f.loop, look_at_mask, NULL), 0);
    cr_assert_eq(ix_loop_run_once(f.loop), 0);
    ix_loop_guard(f.loop, 1);
    cr_assert_eq(ix_loop_post(f.loop, look_at_mask, NULL), 0);
    cr_assert_eq(ix_loop_run_once(f.loop), 0);
    cr_assert_not(blocked[0]);
    cr_assert(blocked[1], "a thread that a library starts in here shall take no signal");
    ix_loop_guard(f.loop, -1);
    cr_assert_eq(ix_loop_free(f.loop), 0);
}

/* ---- driven: no thread of the library's ---------------------------------------------------- */

static atomic_uint news;

static void tell(void *arg)
{
    (void) arg;
    atomic_fetch_add(&news, 1);
}

static bool readable(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    return poll(&p, 1, 0) == 1;
}

Test(loop, a_post_shows_on_the_descriptor_once_that_was_asked_for)
{
    ix_loop_set_driven(f.loop);
    cr_assert_eq(ix_loop_run_once(f.loop), 0);
    cr_assert_eq(ix_loop_post(f.loop, append, &letters[0]), 0);
    cr_assert_eq(ix_loop_timeout_ms(f.loop), 0, "whoever goes by the timeout alone comes at once, too");
    cr_assert(readable(ix_loop_fd(f.loop)), "also one from before");
    cr_assert_eq(ix_loop_run_once(f.loop), 0);
    cr_assert_not(readable(ix_loop_fd(f.loop)));
    cr_assert_eq(ix_loop_post(f.loop, append, &letters[1]), 0);
    cr_assert(readable(ix_loop_fd(f.loop)));
    cr_assert_eq(ix_loop_run_once(f.loop), 0);
    cr_assert_str_eq(f.order, "ab");
    cr_assert_eq(ix_loop_free(f.loop), 0);
}

static void a_driven_loop_waits(void)
{
    pthread_t thread;
    uint64_t begun = ix_clock_now().mono_us;

    cr_assert_eq(ix_loop_drive(f.loop, &news, atomic_load(&news), begun + 30 * IX_MS), 0);
    cr_assert_geq(ix_clock_now().mono_us, begun + 29 * IX_MS, "as long as it was told to");
    cr_assert_eq(ix_loop_post(f.loop, tell, NULL), 0);
    begun = ix_clock_now().mono_us;
    cr_assert_eq(ix_loop_drive(f.loop, &news, atomic_load(&news), begun + 30 * IX_S), 0);
    cr_assert_lt(ix_clock_now().mono_us, begun + 20 * IX_S, "not at all where a post brings news");
    cr_assert_eq(pthread_create(&thread, NULL, post_later, NULL), 0);
    begun = ix_clock_now().mono_us;
    while (f.calls == 0 && ix_clock_now().mono_us < begun + 20 * IX_S)
        cr_assert_eq(ix_loop_drive(f.loop, &news, atomic_load(&news), begun + 30 * IX_S), 0);
    cr_assert_eq(f.calls, 1, "and is woken by other threads");
    pthread_join(thread, NULL);
}

Test(loop, whoever_drives_waits_for_time_news_and_posts)
{
    ix_loop_set_driven(f.loop);
    a_driven_loop_waits();
    cr_assert_eq(ix_loop_free(f.loop), 0);
}

Test(loop, so_does_who_drives_a_guarded_one)
{
    ix_loop_set_driven(f.loop);
    ix_loop_guard(f.loop, 1);
    while (ix_loop_timeout_ms(f.loop) == 0)
        cr_assert_eq(ix_loop_run_once(f.loop), 0);
    a_driven_loop_waits();
    ix_loop_guard(f.loop, -1);
    cr_assert_eq(ix_loop_free(f.loop), 0);
}

static void ring_count(void *ctx)
{
    (void) ctx;
    f.calls++;
}

Test(loop, a_bell_rung_often_is_heard_once_and_again_later)
{
    struct ix_loop_bell *bell;
    cr_assert_eq(ix_loop_bell_new(f.loop, ring_count, NULL, &bell), 0);
    for (int i = 0; i < 10; i++)
        ix_loop_bell_ring(bell);
    cr_assert_eq(ix_loop_run_once(f.loop), 0);
    cr_assert_eq(f.calls, 1);
    cr_assert_eq(ix_loop_run_once(f.loop), 0);
    cr_assert_eq(f.calls, 1);
    ix_loop_bell_ring(bell);
    cr_assert_eq(ix_loop_run_once(f.loop), 0);
    cr_assert_eq(f.calls, 2);
    ix_loop_bell_free(bell);
    cr_assert_eq(ix_loop_free(f.loop), 0);
}

static struct ix_post again_post;

static void post_again(void *arg)
{
    f.order[f.calls++] = *(const char *) arg;
    if (f.calls < 3) /* the memory is free again when the function begins */
        cr_assert_eq(ix_loop_post_with(f.loop, &again_post, post_again, arg), 0);
}

Test(loop, a_post_with_the_callers_memory_may_be_repeated_from_inside)
{
    cr_assert_eq(ix_loop_post_with(f.loop, &again_post, post_again, &letters[0]), 0);
    while (f.calls < 3)
        cr_assert_eq(ix_loop_run_once(f.loop), 0);
    cr_assert_str_eq(f.order, "aaa");
    ix_loop_stop(f.loop);
    cr_assert_eq(ix_loop_post_with(f.loop, &again_post, post_again, &letters[0]), IRISX_E_CLOSED);
    cr_assert_eq(ix_loop_free(f.loop), 0);
}

/* ---- long turns -------------------------------------------------------------------------- */
static unsigned turn_ends, posts_run, turns_at_last;

static void count_turn(void *ctx)
{
    (void) ctx;
    turn_ends++;
}

static void work_long(void *arg)
{
    uint64_t until = ix_clock_now().mono_us + IX_MS;

    while (ix_clock_now().mono_us < until) {
    }
    turns_at_last = turn_ends;
    if (++posts_run == 4)
        ix_loop_stop(arg);
}

Test(loop, what_was_posted_behind_long_work_waits_for_the_next_turn_in_order)
{
    struct ix_loop *l;

    cr_assert_eq(ix_loop_new(NULL, &l), 0);
    ix_loop_set_drain(l, count_turn, NULL);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(ix_loop_post(l, work_long, l), 0);
    cr_assert_eq(ix_loop_run(l), 0);
    cr_assert_eq(posts_run, 4);
    cr_assert_geq(turns_at_last, 2, "it was all done in %u turns", turns_at_last + 1);
    cr_assert_eq(ix_loop_free(l), 0);
}
