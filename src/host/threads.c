/* SPDX-License-Identifier: MIT */
/* Threads of the host: signals stay the application's, priority is asked for and never assumed. */
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

#include "host/private.h"

static _Thread_local const struct ix_host *thread_of;

bool ix_host_on_own_thread(const struct ix_host *h)
{
    return h && thread_of == h;
}

void host_mark_thread(struct ix_host *h)
{
    thread_of = h;
}

int host_thread(struct ix_host *h, pthread_t *out, const char *name, void *(*fn)(void *), void *arg)
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

/* SCHED_RR where the system lets us, else a better nice value where it lets us. */
bool host_ask_realtime(const struct ix_host *h)
{
    struct sched_param param = { .sched_priority = 10 };

    if (!h->o.realtime)
        return false;
    if (pthread_setschedparam(pthread_self(), SCHED_RR, &param) == 0)
        return true;
    (void) setpriority(PRIO_PROCESS, 0, -10); /* of this thread on Linux; refused is the usual answer */
    return false;
}

void host_wake_call_loop(struct ix_host *h)
{
    (void) uv_async_send(&h->async); /* fails only on a closed handle */
}
