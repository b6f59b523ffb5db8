/* SPDX-License-Identifier: MIT */
/* host: what the files of calls have in common: files.c has the thread, file_play.c, file_record.c, file_spool.c the
 * kinds. */
#ifndef IX_HOST_FILES_H
#define IX_HOST_FILES_H

#include <sys/types.h>

#include "host/private.h"

struct ix_file_tell; /* a callback on its way to the call loop; taken when the file is opened, so that it cannot fail
                        later */
struct ix_host_file;
struct ix_hfile_ops { /* on the file thread */
    void (*service)(struct ix_host_file *f); /* a round; the first one opens */
    int (*finish)(struct ix_host_file *f); /* the last round, on an open descriptor; what closed() is told */
    void (*clear)(struct ix_host_file *f);
    bool writes; /* closed before its first round it is opened all the same: something was given to be kept */
};
struct ix_host_file { /* first member of every kind; owned by the file thread once added */
    struct ix_list node;
    const struct ix_hfile_ops *ops;
    struct ix_host *host;
    char *path;
    int fd;
    off_t good; /* written wholly */
    bool opened, broken;
    int err; /* broken: why, where nobody was there to be told */
    atomic_bool closing;
    struct ix_file_tell *opened_tell, *failed_tell, *closed_tell; /* NULL: told, or nobody asked */
};

int ix_hfile_init(
    struct ix_host_file *f, struct ix_host *h, const struct ix_hfile_ops *ops, const char *path, bool tells_end);
bool ix_hfile_tell_new(struct ix_file_tell **out, ix_host_file_fn fn, void *ctx); /* fn NULL: nothing to be told */
int ix_hfile_add(struct ix_host *h, struct ix_host_file *f);
void ix_hfile_close(struct ix_host_file *f, ix_host_file_fn closed, void *ctx);
void ix_hfile_free(struct ix_host_file *f);

/* file thread */
int ix_hfile_error(int e); /* of errno */
void ix_hfile_ready(struct ix_host_file *f);
void ix_hfile_broken(struct ix_host_file *f, int err, const char *detail); /* told once */
bool ix_hfile_write(
    struct ix_host_file *f, const void *p, size_t n); /* false: failed; what was written before stays, whole */
int ix_hfile_sync(struct ix_host_file *f);

#endif
