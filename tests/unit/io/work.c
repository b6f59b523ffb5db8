/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <pthread.h>

#include "io/io.h"

static struct ix_loop *loop;
static pthread_t worked_on, done_on;

static void work(void *arg)
{
    *(int *) arg += 1;
    worked_on = pthread_self();
}

static void done(void *arg, int err)
{
    cr_assert_eq(err, 0);
    *(int *) arg += 10;
    done_on = pthread_self();
    ix_loop_stop(loop);
}

Test(work, blocking_work_runs_elsewhere_and_ends_on_the_loop)
{
    int value = 0;
    cr_assert_eq(ix_loop_new(NULL, &loop), 0);
    cr_assert_eq(ix_work_queue(loop, work, done, &value), 0);
    ix_loop_run(loop);
    cr_assert_eq(value, 11);
    cr_assert(!pthread_equal(worked_on, pthread_self()));
    cr_assert(pthread_equal(done_on, pthread_self()));
    cr_assert_eq(ix_loop_free(loop), 0);
}
