/* SPDX-License-Identifier: MIT */
/* Spools (captures): records appended to a file, in the order in which the call loop gave them. */
#include <errno.h>
#include <fcntl.h>

#include "host/files.h"

#define SPOOL_RING (1024 * 1024) /* 25 MB a second between two rounds */

struct ix_spool {
    struct ix_host_file f;
    struct ix_ring *ring;
    uint64_t told_refused;
};

static void spool_service(struct ix_host_file *f)
{
    struct ix_spool *s = IX_CONTAINER(f, struct ix_spool, f);
    const void *p;
    size_t n;
    uint64_t refused;

    while ((p = ix_ring_peek(s->ring, &n)) != NULL) {
        (void) ix_hfile_write(&s->f, p, n); /* a broken one drops the rest: it has been told */
        ix_ring_drop(s->ring);
    }
    refused = ix_ring_refused(s->ring);
    if (refused != s->told_refused)
        ix_log(s->f.host->o.log, IX_LOG_WARN, "host", "capture: %llu packets were left out, the disk is too slow",
            (unsigned long long) (refused - s->told_refused));
    s->told_refused = refused;
}

static int spool_finish(struct ix_host_file *f)
{
    spool_service(f);
    return f->broken ? f->err : ix_hfile_sync(f);
}

static void spool_clear(struct ix_host_file *f)
{
    ix_ring_free(IX_CONTAINER(f, struct ix_spool, f)->ring);
}

static const struct ix_hfile_ops spool_ops = { .service = spool_service, .finish = spool_finish, .clear = spool_clear };

int ix_spool_open(struct ix_host *h, const char *path, unsigned mode, struct ix_spool **out)
{
    struct ix_spool *s = ix_alloc(sizeof *s);
    int err;

    if (!s)
        return IRISX_E_NO_MEMORY;
    err = ix_hfile_init(&s->f, h, &spool_ops, path, true);
    s->ring = ix_ring_new(SPOOL_RING);
    if (!s->ring)
        err = IRISX_E_NO_MEMORY;
    if (!err) { /* opened here, on the caller's thread: a capture that cannot be written is told at once */
        s->f.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
        err = s->f.fd < 0 ? ix_hfile_error(errno) : 0;
        s->f.opened = true;
    }
    if (!err)
        err = ix_hfile_add(h, &s->f);
    if (err) {
        ix_hfile_free(&s->f);
        return err;
    }
    *out = s;
    return 0;
}

void ix_spool_write(struct ix_spool *s, const void *p, size_t n)
{
    (void) ix_ring_put(s->ring, p, n, NULL, 0); /* the ring counts what it refuses */
}

void ix_spool_close(struct ix_spool *s, ix_host_file_fn closed, void *ctx)
{
    if (s)
        ix_hfile_close(&s->f, closed, ctx);
}
