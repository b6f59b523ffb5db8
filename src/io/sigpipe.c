/* SPDX-License-Identifier: MIT */
/*
 * OpenSSL below libwebsockets writes to sockets without MSG_NOSIGNAL. Our own threads block every signal; when an
 * application's thread drives a loop, SIGPIPE is blocked for that time and what we caused is taken back.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "io/internal.h"

static void only_sigpipe(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGPIPE);
}

void ix_sigpipe_block(struct ix_sigpipe *s)
{
    sigset_t pending, set, old;

    sigemptyset(&pending);
    (void) sigpending(&pending);
    s->was_pending = sigismember(&pending, SIGPIPE) == 1;
    only_sigpipe(&set);
    sigemptyset(&old);
    (void) pthread_sigmask(SIG_BLOCK, &set, &old);
    s->was_blocked = sigismember(&old, SIGPIPE) == 1;
}

void ix_sigpipe_restore(const struct ix_sigpipe *s)
{
    sigset_t set;
    const struct timespec at_once = { 0 };

    only_sigpipe(&set);
    if (!s->was_pending) {
        while (sigtimedwait(&set, NULL, &at_once) == -1 && errno == EINTR) { /* take ours back, if there is one */
        }
    }
    if (!s->was_blocked)
        (void) pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
