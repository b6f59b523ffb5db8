/* SPDX-License-Identifier: MIT */
/* Random bytes from the system. */
#include <errno.h>
#include <sys/random.h>

#include "io/internal.h"

static void fill(void *ctx, void *out, size_t len)
{
    uint8_t *p = out;

    (void) ctx;
    while (len > 0) {
        ssize_t n = getrandom(p, len, 0);
        if (n < 0) {
            IX_ASSERT(errno == EINTR); /* nothing else happens once the pool is seeded */
            continue;
        }
        p += n;
        len -= (size_t) n;
    }
}

struct ix_rng ix_entropy(void)
{
    return (struct ix_rng){ .fill = fill };
}
