/* SPDX-License-Identifier: MIT */
/* Work that may block, on libuv's threads. */
#include <uv.h>

#include "io/internal.h"

struct job {
    uv_work_t uv;
    void (*work)(void *arg);
    void (*done)(void *arg, int err);
    void *arg;
};

static void on_work(uv_work_t *uv)
{
    struct job *j = uv->data;

    j->work(j->arg);
}

static void on_done(uv_work_t *uv, int status)
{
    struct job *j = uv->data;
    void (*done)(void *arg, int err) = j->done;
    void *arg = j->arg;

    ix_free(j);
    if (done != NULL)
        done(arg, ix_err_of_uv(status));
}

int ix_work_queue(struct ix_loop *loop, void (*work)(void *arg), void (*done)(void *arg, int err), void *arg)
{
    struct job *j = ix_alloc(sizeof *j);
    struct ix_signals signals;

    if (j == NULL)
        return IRISX_E_NO_MEMORY;
    *j = (struct job){ .work = work, .done = done, .arg = arg };
    j->uv.data = j;
    ix_signals_block(&signals, true); /* the first one starts libuv's threads, which inherit it */
    int err = uv_queue_work(ix_loop_uv(loop), &j->uv, on_work, on_done);
    ix_signals_restore(&signals);
    if (err != 0)
        ix_free(j);
    return ix_err_of_uv(err);
}
