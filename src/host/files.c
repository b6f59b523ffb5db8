/* SPDX-License-Identifier: MIT */
/*
 * Files of calls: one thread for all of them (the caller's own in zero-thread mode), so that no loop ever waits for a
 * disk. It looks at each every 40 ms, and at once when one is added or closed.
 *
 *   OPENING -> RUNNING -> (broken) -> closed
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/files.h"

struct ix_file_tell {
    struct ix_post post;
    struct ix_list node; /* untold */
    ix_host_file_fn fn;
    void *ctx;
    int err;
    char detail[320];
};

/* ---- telling the call loop --------------------------------------------------------------- */
static void tell_now(void *arg)
{
    struct ix_file_tell *t = arg;

    t->fn(t->ctx, t->err, t->err ? t->detail : NULL);
    ix_free(t);
}

bool ix_hfile_tell_new(struct ix_file_tell **out, ix_host_file_fn fn, void *ctx)
{
    if (!fn)
        return true;
    *out = ix_alloc(sizeof **out);
    if (!*out)
        return false;
    (*out)->fn = fn;
    (*out)->ctx = ctx;
    return true;
}

/* The loop takes nothing more, but what it took may still run: whoever stopped it tells this when its thread has ended.
 */
static void keep_untold(struct files *fs, struct ix_file_tell *t)
{
    pthread_mutex_lock(&fs->lock);
    ix_list_append(&fs->untold, &t->node);
    pthread_mutex_unlock(&fs->lock);
}

static void tell_rest(struct files *fs)
{
    for (;;) {
        struct ix_list *first = NULL;

        pthread_mutex_lock(&fs->lock);
        if (!ix_list_empty(&fs->untold)) {
            first = fs->untold.next;
            ix_list_remove(first);
        }
        pthread_mutex_unlock(&fs->lock);
        if (!first)
            return;
        tell_now(IX_CONTAINER(first, struct ix_file_tell, node));
    }
}

static void tell(struct ix_host_file *f, struct ix_file_tell **which, int err, const char *detail)
{
    struct ix_file_tell *t = *which;

    *which = NULL;
    if (!t)
        return;
    t->err = err;
    (void) snprintf(
        t->detail, sizeof t->detail, "%s: %s", f->path, detail ? detail : ix_error_text(err)); /* may be cut */
    if (ix_loop_post_with(f->host->call, &t->post, tell_now, t))
        keep_untold(&f->host->files, t);
}

int ix_hfile_error(int e)
{
    switch (e) {
    case ENOENT:
    case ENOTDIR:
        return IRISX_E_NOT_FOUND;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return IRISX_E_DISK_FULL;
    case ENOMEM:
        return IRISX_E_NO_MEMORY;
    case EACCES:
    case EPERM:
    case EROFS:
        return IRISX_E_FORBIDDEN;
    }
    return IRISX_E_IO;
}

void ix_hfile_broken(struct ix_host_file *f, int err, const char *detail)
{
    struct ix_file_tell **whom = f->opened ? &f->failed_tell : &f->opened_tell;

    if (f->broken)
        return;
    f->broken = true;
    f->opened = true;
    f->err = *whom ? 0 : err;
    tell(f, whom, err, detail);
}

void ix_hfile_ready(struct ix_host_file *f)
{
    f->opened = true;
    tell(f, &f->opened_tell, 0, NULL);
}

static void write_failed(struct ix_host_file *f, int e)
{
    if (ftruncate(f->fd, f->good) == 0) /* no half record at the end; pipes cannot be cut, and need not */
        (void) lseek(f->fd, f->good, SEEK_SET);
    ix_hfile_broken(f, ix_hfile_error(e),
        e == ENOSPC || e == EDQUOT ? "the disk is full: what was written before is kept" : strerror(e));
}

/* Writes all of it; false after the first failure, which leaves what was written before. */
bool ix_hfile_write(struct ix_host_file *f, const void *p, size_t n)
{
    const uint8_t *at = p;
    size_t left = n;

    while (left && !f->broken) {
        ssize_t done = write(f->fd, at, left);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0) {
            write_failed(f, errno);
            return false;
        }
        at += done;
        left -= (size_t) done;
    }
    f->good += (off_t) (n - left);
    return !f->broken;
}

int ix_hfile_sync(struct ix_host_file *f)
{
    if (!fsync(f->fd) || errno == EINVAL || errno == EROFS) /* a pipe or device */
        return 0;
    return ix_hfile_error(errno);
}

/* ---- the file thread --------------------------------------------------------------------- */
void ix_hfile_free(struct ix_host_file *f)
{
    if (f->fd >= 0)
        (void) close(f->fd); /* what matters was synced */
    f->ops->clear(f);
    ix_free(f->opened_tell);
    ix_free(f->failed_tell);
    ix_free(f->closed_tell);
    ix_free(f->path);
    ix_free(f); /* the first member of each kind */
}

static void file_end(struct ix_host_file *f)
{
    int err = 0;

    if (!f->opened && f->ops->writes)
        f->ops->service(f);
    tell(f, &f->opened_tell, IRISX_E_CANCELLED, "closed before it was opened");
    if (f->fd >= 0)
        err = f->ops->finish(f);
    tell(f, &f->closed_tell, err, NULL);
    ix_list_remove(&f->node);
    ix_hfile_free(f);
}

static void file_service(struct ix_host_file *f)
{
    if (atomic_load(&f->closing))
        file_end(f);
    else
        f->ops->service(f);
}

void ix_files_service(struct ix_host *h)
{
    struct files *fs = &h->files;
    struct ix_list *node;

    pthread_mutex_lock(&fs->lock);
    while ((node = ix_list_pop(&fs->added)) != NULL)
        ix_list_append(&fs->all, node);
    pthread_mutex_unlock(&fs->lock);
    IX_LIST_EACH_SAFE (it, &fs->all)
        file_service(IX_CONTAINER(it, struct ix_host_file, node));
    pthread_mutex_lock(&fs->lock);
    fs->busy = !ix_list_empty(&fs->all) || !ix_list_empty(&fs->added);
    pthread_mutex_unlock(&fs->lock);
}

bool ix_files_idle(struct ix_host *h)
{
    return !atomic_load(&h->files.busy);
}

static void wait_round(struct files *fs)
{
    struct timespec at;

    (void) clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_nsec += (long) HOST_FILE_US * 1000;
    if (at.tv_nsec >= 1000000000L) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&fs->lock);
    if (!fs->stop && !fs->busy)
        (void) pthread_cond_wait(&fs->wake, &fs->lock); /* only wrong use fails */
    else if (!fs->stop && ix_list_empty(&fs->added))
        (void) pthread_cond_timedwait(&fs->wake, &fs->lock, &at);
    pthread_mutex_unlock(&fs->lock);
}

static void *files_main(void *arg)
{
    struct ix_host *h = arg;
    bool stop = false;

    ix_host_mark_thread(h);
    while (!stop) {
        ix_files_service(h);
        wait_round(&h->files);
        pthread_mutex_lock(&h->files.lock);
        stop = h->files.stop;
        pthread_mutex_unlock(&h->files.lock);
    }
    return NULL;
}

void ix_files_init(struct ix_host *h)
{
    struct files *fs = &h->files;
    pthread_condattr_t attr;

    ix_list_init(&fs->added);
    ix_list_init(&fs->all);
    ix_list_init(&fs->untold);
    (void) pthread_mutex_init(&fs->lock, NULL); /* these cannot fail with default attributes */
    (void) pthread_condattr_init(&attr);
    (void) pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void) pthread_cond_init(&fs->wake, &attr);
    (void) pthread_condattr_destroy(&attr);
}

void ix_files_stop(struct ix_host *h)
{
    struct files *fs = &h->files;

    pthread_mutex_lock(&fs->lock);
    fs->stop = true;
    (void) pthread_cond_signal(&fs->wake);
    pthread_mutex_unlock(&fs->lock);
    if (fs->runs)
        (void) pthread_join(fs->thread, NULL);
    fs->runs = false;
    ix_files_service(h);
    tell_rest(fs);
}

void ix_files_clear(struct ix_host *h)
{
    struct files *fs = &h->files;

    ix_files_service(h); /* what was closed after the stop ends here */
    IX_LIST_EACH_SAFE (it, &fs->all)
        file_end(IX_CONTAINER(it, struct ix_host_file, node)); /* nobody closed it: it is finished all the same */
    tell_rest(fs);
    (void) pthread_cond_destroy(&fs->wake);
    (void) pthread_mutex_destroy(&fs->lock);
}

int ix_hfile_add(struct ix_host *h, struct ix_host_file *f)
{
    struct files *fs = &h->files;
    int err = 0;

    pthread_mutex_lock(&fs->lock);
    if (!h->o.zero_thread && !fs->runs && !fs->stop) {
        err = ix_host_thread(h, &fs->thread, "irisx-files", files_main, h);
        fs->runs = err == 0;
    }
    if (!err) {
        ix_list_append(&fs->added, &f->node);
        fs->busy = true;
        (void) pthread_cond_signal(&fs->wake);
        h->files_at_us = 0;
    }
    pthread_mutex_unlock(&fs->lock);
    return err;
}

static void tell_nobody(void *ctx, int err, const char *detail)
{
    (void) ctx;
    (void) err;
    (void) detail;
}

void ix_hfile_close(struct ix_host_file *f, ix_host_file_fn closed, void *ctx)
{
    struct ix_host *h = f->host;

    if (f->closed_tell) { /* taken with the file */
        f->closed_tell->fn = closed ? closed : tell_nobody;
        f->closed_tell->ctx = ctx;
    }
    pthread_mutex_lock(&h->files.lock);
    atomic_store(&f->closing, true); /* from here on f is the file thread's alone */
    h->files.busy = true;
    h->files_at_us = 0;
    (void) pthread_cond_signal(&h->files.wake);
    pthread_mutex_unlock(&h->files.lock);
}

int ix_hfile_init(
    struct ix_host_file *f, struct ix_host *h, const struct ix_hfile_ops *ops, const char *path, bool tells_end)
{
    f->ops = ops;
    f->host = h;
    f->fd = -1;
    f->path = ix_dup_cstr(path);
    return f->path && (!tells_end || ix_hfile_tell_new(&f->closed_tell, tell_nobody, NULL)) ? 0 : IRISX_E_NO_MEMORY;
}
