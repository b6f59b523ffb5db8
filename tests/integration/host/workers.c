/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>

#include "host/host.h"

enum { JOBS = 64 };

struct job {
    struct ix_host_job base;
    pthread_t worked_on;
    void *state;
};

static struct ix_host *host;
static struct job jobs[JOBS];
static atomic_int made, unmade, done, together, most;
static bool done_elsewhere;

static void *make(void *ctx)
{
    cr_assert_eq(ctx, &host);
    atomic_fetch_add(&made, 1);
    return malloc(1);
}

static void unmake(void *state)
{
    atomic_fetch_add(&unmade, 1);
    free(state);
}

static void work(struct ix_host_job *base, void *state)
{
    struct job *j = IX_CONTAINER(base, struct job, base);
    int now = atomic_fetch_add(&together, 1) + 1;
    if (now > atomic_load(&most))
        atomic_store(&most, now);
    j->worked_on = pthread_self();
    j->state = state;
    ix_clock_sleep_until(ix_clock_now().mono_us + 500); /* what a handshake step costs at least */
    atomic_fetch_sub(&together, 1);
}

static void on_done(struct ix_host_job *base)
{
    struct job *j = IX_CONTAINER(base, struct job, base);
    done_elsewhere = done_elsewhere || pthread_equal(pthread_self(), j->worked_on);
    atomic_fetch_add(&done, 1);
}

static void compute_all(void *arg)
{
    (void) arg;
    for (size_t i = 0; i < JOBS; i++) {
        jobs[i].base = (struct ix_host_job){ .work = work, .done = on_done };
        ix_host_compute(host, &jobs[i].base);
    }
}

Test(workers, jobs_are_spread_over_threads_with_a_state_each_and_end_on_the_call_loop)
{
    struct ix_host_report report;
    cr_assert_eq(ix_host_new(&(struct ix_host_options){ .workers = 2 }, &host), 0);
    ix_host_set_worker_state(host, make, unmake, &host);
    cr_assert_eq(ix_loop_post(ix_host_call_loop(host), compute_all, NULL), 0);
    while (atomic_load(&done) < JOBS)
        sched_yield();
    ix_host_report(host, &report);
    cr_assert_eq(report.workers, 2);
    cr_assert_eq(atomic_load(&most), 2);
    cr_assert_eq(atomic_load(&made), 2);
    cr_assert_not(done_elsewhere);
    for (size_t i = 0; i < JOBS; i++)
        for (size_t k = 0; k < i; k++)
            cr_assert_eq(pthread_equal(jobs[i].worked_on, jobs[k].worked_on) != 0, jobs[i].state == jobs[k].state);
    ix_host_free(host);
    cr_assert_eq(atomic_load(&unmade), 2);
}

Test(workers, jobs_that_wait_at_the_stop_are_done_all_the_same)
{
    cr_assert_eq(ix_host_new(&(struct ix_host_options){ .workers = 1 }, &host), 0);
    ix_host_set_worker_state(host, make, unmake, &host);
    cr_assert_eq(ix_loop_post(ix_host_call_loop(host), compute_all, NULL), 0);
    ix_host_stop(host);
    cr_assert_eq(atomic_load(&done), JOBS);
    ix_host_free(host);
    cr_assert_eq(atomic_load(&made), atomic_load(&unmade));
}

Test(workers, without_threads_they_run_in_the_turn)
{
    cr_assert_eq(ix_host_new(&(struct ix_host_options){ .zero_thread = true }, &host), 0);
    ix_host_set_worker_state(host, make, unmake, &host);
    cr_assert_eq(ix_loop_post(ix_host_call_loop(host), compute_all, NULL), 0);
    while (atomic_load(&done) < JOBS)
        cr_assert_eq(ix_host_run_once(host), 0);
    cr_assert_eq(atomic_load(&made), 1);
    cr_assert(pthread_equal(jobs[JOBS - 1].worked_on, pthread_self()));
    ix_host_free(host);
    cr_assert_eq(atomic_load(&unmade), 1);
}
