/* SPDX-License-Identifier: MIT */
/* The frame itself: threads that come and go, and the same without any. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "host/host.h"
#include "oom.h"

static struct ix_host *host;
static atomic_int calls;
static sigset_t mask_inside;
static bool own_inside;
static pthread_t thread_inside[2];

static void look(void *arg)
{
    pthread_sigmask(SIG_BLOCK, NULL, &mask_inside);
    own_inside = ix_host_on_own_thread(host);
    thread_inside[*(int *) arg] = pthread_self();
    atomic_fetch_add(&calls, 1);
}

static void wait_calls(int n)
{
    while (atomic_load(&calls) < n)
        sched_yield();
}

Test(host, both_loops_run_on_threads_of_their_own_with_signals_blocked)
{
    int first = 0, second = 1;
    cr_assert_eq(ix_host_new(&(struct ix_host_options){ 0 }, &host), 0);
    cr_assert_eq(ix_loop_post(ix_host_call_loop(host), look, &first), 0);
    wait_calls(1);
    cr_assert(own_inside);
    cr_assert_eq(sigismember(&mask_inside, SIGINT), 1);
    cr_assert_eq(sigismember(&mask_inside, SIGPIPE), 1);
    cr_assert_eq(ix_loop_post(ix_host_service_loop(host), look, &second), 0);
    wait_calls(2);
    cr_assert_not(pthread_equal(thread_inside[0], thread_inside[1]));
    cr_assert_not(pthread_equal(thread_inside[0], pthread_self()));
    cr_assert_not(ix_host_on_own_thread(host));
    ix_host_free(host);
}

Test(host, stop_may_be_said_twice_and_takes_no_more_work)
{
    int first = 0;
    cr_assert_eq(ix_host_new(&(struct ix_host_options){ 0 }, &host), 0);
    ix_host_stop(host);
    ix_host_stop(host);
    cr_assert_eq(ix_loop_post(ix_host_call_loop(host), look, &first), IRISX_E_CLOSED);
    ix_host_free(host);
    ix_host_free(NULL);
}

static int threads_now(void)
{
    DIR *d = opendir("/proc/self/task");
    int n = 0;
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void *post_later(void *arg)
{
    cr_assert_eq(ix_loop_post(ix_host_service_loop(host), look, arg), 0);
    return NULL;
}

Test(host, without_threads_one_descriptor_and_one_timeout_drive_everything)
{
    int first = 0;
    pthread_t other;
    int before = threads_now();
    cr_assert_eq(ix_host_new(&(struct ix_host_options){ .zero_thread = true }, &host), 0);
    cr_assert_eq(threads_now(), before);
    while (ix_host_timeout_ms(host) == 0)
        cr_assert_eq(ix_host_run_once(host), 0);
    cr_assert_eq(ix_host_timeout_ms(host), -1);
    struct pollfd p = { .fd = ix_host_fd(host), .events = POLLIN };
    cr_assert_eq(poll(&p, 1, 0), 0, "nothing is there to do");
    cr_assert_eq(pthread_create(&other, NULL, post_later, &first), 0);
    cr_assert_eq(poll(&p, 1, 10000), 1);
    pthread_join(other, NULL);
    cr_assert_eq(ix_host_run_once(host), 0);
    cr_assert_eq(atomic_load(&calls), 1);
    cr_assert(pthread_equal(thread_inside[0], pthread_self()));
    cr_assert_not(own_inside, "the application's thread is not ours");
    ix_host_free(host);
}

Test(host, run_once_is_for_hosts_without_threads)
{
    cr_assert_eq(ix_host_new(&(struct ix_host_options){ 0 }, &host), 0);
    cr_assert_eq(ix_host_run_once(host), IRISX_E_STATE);
    cr_assert_eq(ix_host_fd(host), -1);
    ix_host_free(host);
}

static atomic_int interrupted;
static pthread_t interrupted_on;

static void on_interrupt(int number)
{
    (void) number;
    interrupted_on = pthread_self();
    atomic_fetch_add(&interrupted, 1);
}

static void interrupt_inside(void *arg)
{
    (void) arg;
    raise(SIGINT);
    atomic_store(&calls, atomic_load(&interrupted) + 100);
}

/* Where a library below may start threads, none of them shall inherit an open mask. */
Test(host, a_signal_during_a_guarded_run_once_reaches_the_application_behind_it)
{
    signal(SIGINT, on_interrupt);
    cr_assert_eq(ix_host_new(&(struct ix_host_options){ .zero_thread = true }, &host), 0);
    ix_loop_guard(ix_host_call_loop(host), 1);
    cr_assert_eq(ix_loop_post(ix_host_call_loop(host), interrupt_inside, NULL), 0);
    cr_assert_eq(ix_host_run_once(host), 0);
    cr_assert_eq(atomic_load(&calls), 100, "not inside");
    cr_assert_eq(atomic_load(&interrupted), 1);
    ix_loop_guard(ix_host_call_loop(host), -1);
    ix_host_free(host);
}

Test(host, else_its_handler_runs_on_its_own_thread_as_in_any_of_its_code)
{
    signal(SIGINT, on_interrupt);
    cr_assert_eq(ix_host_new(&(struct ix_host_options){ .zero_thread = true }, &host), 0);
    cr_assert_eq(ix_loop_post(ix_host_call_loop(host), interrupt_inside, NULL), 0);
    cr_assert_eq(ix_host_run_once(host), 0);
    cr_assert_eq(atomic_load(&interrupted), 1);
    cr_assert(pthread_equal(interrupted_on, pthread_self()));
    ix_host_free(host);
}

static int make_and_free(void *arg)
{
    struct ix_host *h = NULL;
    int err = ix_host_new(&(struct ix_host_options){ .zero_thread = true, .max_parties = 4 }, &h);
    (void) arg;
    if (err == 0)
        ix_host_free(h);
    return err;
}

Test(host, every_allocation_may_fail)
{
    cr_assert_eq(oom_run(make_and_free, NULL), 0);
}

Test(host, what_the_system_did_not_grant_is_reported)
{
    struct ix_host_report report;
    int first = 0;
    cr_assert_eq(ix_host_new(&(struct ix_host_options){ .realtime = false }, &host), 0);
    cr_assert_eq(ix_loop_post(ix_host_call_loop(host), look, &first), 0);
    wait_calls(1);
    ix_host_report(host, &report);
    cr_assert_not(report.realtime_media);
    cr_assert_eq(report.media_threads, 0, "on demand");
    cr_assert_eq(report.workers, 0, "on demand");
    ix_host_free(host);
}
