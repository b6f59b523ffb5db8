/* SPDX-License-Identifier: MIT */
/*
 * A process may have closed its standard streams. The next descriptors would then get their numbers: libuv refuses to
 * close such a one (it aborts), and what anybody prints would go into a socket. So they are kept occupied as long as
 * there is a loop, by /dev/null.
 */
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "io/internal.h"

#define STREAMS 3

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static size_t holders; /* loops */
static int kept[STREAMS]; /* descriptors of ours; guarded by the lock like their number */
static size_t kept_count;

void ix_stdio_hold(void)
{
    int fd = 0;

    pthread_mutex_lock(&lock);
    while (holders == 0 && kept_count < STREAMS && fd >= 0 && fd < STREAMS) {
        fd = open("/dev/null", O_RDWR | O_CLOEXEC); /* the lowest number that is free */
        if (fd >= STREAMS)
            (void) close(fd);
        else if (fd >= 0)
            kept[kept_count++] = fd;
    }
    holders++;
    pthread_mutex_unlock(&lock);
}

void ix_stdio_release(void)
{
    pthread_mutex_lock(&lock);
    holders--;
    while (holders == 0 && kept_count > 0)
        (void) close(kept[--kept_count]);
    pthread_mutex_unlock(&lock);
}
