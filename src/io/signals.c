/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL below libwebsockets writes to sockets without MSG_NOSIGNAL. Our own threads block every signal; when an
 * application's thread drives a loop that has such sockets (ix_loop_guard), SIGPIPE is blocked for that time and what
 * we caused is taken back. libcurl sends with MSG_NOSIGNAL, TLS included, and so do our own streams.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "io/internal.h"

static void choose(sigset_t *set, bool all)
{
    /* a fault of the running code is delivered to it in any case; blocking it would only hide where it was */
    static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS };

    if (!all) {
        sigemptyset(set);
        sigaddset(set, SIGPIPE);
        return;
    }
    sigfillset(set);
    for (size_t i = 0; i < IX_COUNT(faults); i++)
        sigdelset(set, faults[i]);
}

void ix_signals_block(struct ix_signals *s, bool all)
{
    sigset_t pending, set;

    sigemptyset(&pending);
    (void) sigpending(&pending);
    s->pipe_was_pending = sigismember(&pending, SIGPIPE) == 1;
    choose(&set, all);
    sigemptyset(&s->before);
    (void) pthread_sigmask(SIG_BLOCK, &set, &s->before);
}

void ix_signals_restore(const struct ix_signals *s)
{
    sigset_t set;
    const struct timespec at_once = { 0 };

    if (!s->pipe_was_pending) {
        choose(&set, false);
        while (sigtimedwait(&set, NULL, &at_once) == -1 && errno == EINTR) { /* take ours back, if there is one */
        }
    }
    (void) pthread_sigmask(SIG_SETMASK, &s->before, NULL);
}

static pthread_mutex_t pipe_setting = PTHREAD_MUTEX_INITIALIZER;

void ix_sigpipe_keep(struct sigaction *before)
{
    pthread_mutex_lock(&pipe_setting);
    (void) sigaction(SIGPIPE, NULL, before); /* cannot fail for a signal that there is */
}

int ix_sigpipe_around(int (*fn)(void))
{
    struct sigaction before;
    int result;

    ix_sigpipe_keep(&before);
    result = fn();
    ix_sigpipe_restore(&before);
    return result;
}

void ix_sigpipe_restore(const struct sigaction *before)
{
    (void) sigaction(SIGPIPE, before, NULL);
    pthread_mutex_unlock(&pipe_setting);
}
