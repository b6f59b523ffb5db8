/* SPDX-License-Identifier: MIT */
/* Threads of the host: signals stay the application's, priority is asked for and never assumed. */
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

#include "host/private.h"

#define REALTIME_PRIORITY 10 /* below what audio servers take */

static _Thread_local const struct ix_host *thread_of;

bool ix_host_on_own_thread(const struct ix_host *h)
{
    return h && thread_of == h;
}

bool ix_host_has_threads(const struct ix_host *h)
{
    return !h->o.zero_thread;
}

void ix_host_mark_thread(struct ix_host *h)
{
    thread_of = h;
}

int ix_host_thread(struct ix_host *h, pthread_t *out, const char *name, void *(*fn)(void *), void *arg)
{
    sigset_t all, before;
    int err;

    (void) h;
    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_BLOCK, &all, &before);
    err = pthread_create(out, NULL, fn, arg);
    (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err)
        return IRISX_E_LIMIT;
#if defined(__linux__)
    (void) pthread_setname_np(*out, name); /* for people with a debugger */
#else
    (void) name;
#endif
    return 0;
}

bool ix_host_ask_nice(const struct ix_host *h)
{
    return h->o.realtime && setpriority(PRIO_PROCESS, 0, -10) == 0; /* of this thread on Linux; refused is usual */
}

/*
 * SCHED_RR where the system lets us, else a better nice value where it lets us. Threads that this one starts (workers,
 * libuv's pool) do not inherit it.
 */
bool ix_host_ask_realtime(const struct ix_host *h)
{
    struct sched_param param = { .sched_priority = REALTIME_PRIORITY };

    if (!h->o.realtime)
        return false;
    if (sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &param) == 0)
        return true;
    (void) ix_host_ask_nice(h);
    return false;
}

void ix_host_wake_call_loop(struct ix_host *h)
{
    ix_loop_bell_ring(h->bell);
}
