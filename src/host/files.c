/* SPDX-License-Identifier: MIT */
/*
 * Files of calls: WAV files are read into rings ahead of the media thread, recordings and captures are written from
 * rings behind it. One thread for all of them (the caller's own in zero-thread mode), so that no loop ever waits for a
 * disk.
 *
 *   play:   OPENING -> RUNNING -> closed        record, spool: OPENING -> RUNNING -> (FAILED) -> closed
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audio/audio.h"
#include "host/private.h"

#define PLAY_RING_S 2 /* seconds of audio read ahead */
#define RECORD_RING_S 4 /* seconds a disk may stall */
#define SPOOL_RING (1024 * 1024) /* 25 MB a second between two rounds */
#define CHUNK 4096
#define HEADER_EVERY_US IX_S /* how much of a recording a crash may hide */

struct tell { /* a callback on its way to the call loop; taken when the file is opened, so that it cannot fail later */
    struct ix_post post;
    ix_host_file_fn fn;
    void *ctx;
    int err;
    char detail[320];
};

enum file_kind { FILE_PLAY = 1, FILE_RECORD = 2, FILE_SPOOL = 3 };
struct file { /* common head of plays, records and spools; owned by the file thread once added */
    struct ix_list node;
    enum file_kind kind;
    struct ix_host *host;
    char *path;
    int fd;
    off_t good; /* written wholly */
    bool opened, broken;
    int err; /* broken: why */
    atomic_bool closing;
    struct tell *opened_tell, *failed_tell, *closed_tell; /* NULL: told, or nobody asked */
};
struct ix_play {
    struct file f;
    struct ix_wav_reader reader;
    struct ix_pcm_ring *ring;
    uint32_t rate_hz;
    bool again, ended;
    uint8_t bytes[CHUNK];
    size_t at, have;
};
struct ix_record {
    struct file f;
    struct ix_pcm_ring *rings[2];
    uint16_t channels;
    uint32_t rate_hz;
    uint64_t data_bytes, header_at_us;
};
struct ix_spool {
    struct file f;
    struct ix_ring *ring;
    uint64_t told_refused;
    unsigned mode;
};

/* ---- telling the call loop --------------------------------------------------------------- */
static void tell_now(void *arg)
{
    struct tell *t = arg;

    t->fn(t->ctx, t->err, t->err ? t->detail : NULL);
    ix_free(t);
}

static bool tell_new(struct tell **out, ix_host_file_fn fn, void *ctx)
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

static void tell(struct file *f, struct tell **which, int err, const char *detail)
{
    struct tell *t = *which;

    *which = NULL;
    if (!t)
        return;
    t->err = err;
    (void) snprintf(
        t->detail, sizeof t->detail, "%s: %s", f->path, detail ? detail : ix_error_text(err)); /* may be cut */
    if (ix_loop_post_with(f->host->call, &t->post, tell_now, t))
        tell_now(t); /* the loop has ended: nobody else touches what the callback does */
}

static int error_of_errno(int e)
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

static void broken(struct file *f, int err, const char *detail)
{
    if (f->broken)
        return;
    f->broken = true;
    f->err = err;
    tell(f, f->opened ? &f->failed_tell : &f->opened_tell, err, detail);
    f->opened = true;
}

static void ready(struct file *f)
{
    f->opened = true;
    tell(f, &f->opened_tell, 0, NULL);
}

static void write_failed(struct file *f, int e)
{
    if (ftruncate(f->fd, f->good) == 0) /* no half record at the end; pipes cannot be cut, and need not */
        (void) lseek(f->fd, f->good, SEEK_SET);
    broken(f, error_of_errno(e),
        e == ENOSPC || e == EDQUOT ? "the disk is full: what was written before is kept" : strerror(e));
}

/* Writes all of it; false after the first failure, which leaves what was written before. */
static bool write_all(struct file *f, const void *p, size_t n)
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

/* ---- playing ----------------------------------------------------------------------------- */
static bool refill(struct ix_play *p)
{
    ssize_t n;

    if (p->at < p->have)
        return true;
    do
        n = read(p->f.fd, p->bytes, sizeof p->bytes);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        broken(&p->f, IRISX_E_IO, strerror(errno));
    p->at = 0;
    p->have = n > 0 ? (size_t) n : 0;
    return n > 0;
}

static void rewind_play(struct ix_play *p)
{
    if (!p->again || !p->reader.given || lseek(p->f.fd, 0, SEEK_SET) < 0) {
        p->ended = true;
        ix_pcm_ring_end(p->ring);
        return;
    }
    ix_wav_reader_init(&p->reader);
    p->at = p->have = 0;
}

/* Decodes once into the ring. False when there is nothing more to do now. */
static bool play_step(struct ix_play *p)
{
    int16_t pcm[1024];
    const uint8_t *at;
    size_t room = p->ring ? IX_MIN(ix_pcm_ring_space(p->ring), IX_COUNT(pcm)) : IX_COUNT(pcm);
    size_t left, count = 0;
    bool more;
    int err;

    if (p->ended || !room)
        return false;
    if (p->f.broken) { /* what was read is played, then it ends */
        p->ended = true;
        if (p->ring)
            ix_pcm_ring_end(p->ring);
        return false;
    }
    more = !p->reader.ended && refill(p);
    at = p->bytes + p->at;
    left = p->have - p->at;
    /* before the header is read there is no ring yet, so no samples are taken */
    err = more ? ix_wav_read(&p->reader, &at, &left, pcm, p->ring ? room : 0, &count) : ix_wav_finish(&p->reader);
    p->at = p->have - left;
    if (err) {
        broken(&p->f, err, p->reader.why ? p->reader.why : "this is no WAV file");
        return false;
    }
    if (p->ring && count)
        (void) ix_pcm_ring_write(p->ring, pcm, count); /* the room was asked for: only this thread writes */
    if (!more && p->ring)
        rewind_play(p);
    return p->ring ? more || p->again : more && !p->reader.ready;
}

static void play_open_file(struct ix_play *p)
{
    p->f.fd = open(p->f.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (p->f.fd < 0) {
        int e = errno;

        broken(&p->f, error_of_errno(e), e == ENOENT ? "no such file" : strerror(e));
        return;
    }
    ix_wav_reader_init(&p->reader);
    while (!p->reader.ready && play_step(p)) {
    }
    if (p->f.broken)
        return;
    if (!p->reader.ready) {
        broken(&p->f, IRISX_E_FORMAT, p->reader.why ? p->reader.why : "this is no WAV file");
        return;
    }
    p->rate_hz = p->reader.format.rate_hz;
    p->ring = ix_pcm_ring_new((size_t) p->rate_hz * PLAY_RING_S);
    if (!p->ring) {
        broken(&p->f, IRISX_E_NO_MEMORY, NULL);
        return;
    }
    while (play_step(p)) {
    }
    if (!p->f.broken)
        ready(&p->f);
}

static void play_service(struct ix_play *p)
{
    if (!p->f.opened)
        play_open_file(p);
    else if (p->ring)
        while (play_step(p)) {
        }
}

/* ---- recording --------------------------------------------------------------------------- */
static bool put_header(struct ix_record *r)
{
    uint8_t header[IX_WAV_HEADER];

    ix_wav_header(header, r->rate_hz, r->channels, r->data_bytes);
    return pwrite(r->f.fd, header, sizeof header, 0) == (ssize_t) sizeof header;
}

static void write_header(struct ix_record *r)
{
    if (!put_header(r))
        broken(&r->f, error_of_errno(errno), "the header cannot be written");
}

static void record_open_file(struct ix_record *r)
{
    uint8_t header[IX_WAV_HEADER];

    r->f.fd = open(r->f.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (r->f.fd < 0) {
        broken(&r->f, error_of_errno(errno), strerror(errno));
        return;
    }
    ix_wav_header(header, r->rate_hz, r->channels, 0);
    if (write_all(&r->f, header, sizeof header))
        ready(&r->f);
}

/* Frames that every channel has; at the end also what only one has, the other one silent. */
static size_t record_frames(struct ix_record *r, bool all)
{
    size_t a = ix_pcm_ring_used(r->rings[0]);
    size_t b = r->channels == 2 ? ix_pcm_ring_used(r->rings[1]) : a;

    return IX_MIN(all ? IX_MAX(a, b) : IX_MIN(a, b), 512);
}

static void record_drain(struct ix_record *r, bool all)
{
    int16_t one[512], two[512], both[1024];
    uint8_t bytes[2048];
    size_t n;

    while (!r->f.broken && (n = record_frames(r, all)) != 0) {
        memset(one, 0, sizeof one);
        memset(two, 0, sizeof two);
        (void) ix_pcm_ring_read(r->rings[0], one, n); /* fewer at the end: silence */
        if (r->channels == 2)
            (void) ix_pcm_ring_read(r->rings[1], two, n);
        for (size_t i = 0; i < n; i++) {
            both[i * r->channels] = one[i];
            if (r->channels == 2)
                both[i * 2 + 1] = two[i];
        }
        ix_wav_pack(bytes, both, n * r->channels);
        if (write_all(&r->f, bytes, n * r->channels * 2))
            r->data_bytes += n * r->channels * 2;
        else
            (void) put_header(r); /* takes no new space; what was written before is playable to its end */
    }
}

static void record_service(struct ix_record *r)
{
    uint64_t now = ix_clock_now().mono_us;

    if (!r->f.opened)
        record_open_file(r);
    if (r->f.fd < 0)
        return;
    record_drain(r, false);
    if (now >= r->header_at_us && !r->f.broken) {
        r->header_at_us = now + HEADER_EVERY_US;
        write_header(r);
    }
}

/* ---- spooling ---------------------------------------------------------------------------- */
static void spool_service(struct ix_spool *s)
{
    const void *p;
    size_t n;
    uint64_t refused;

    while ((p = ix_ring_peek(s->ring, &n)) != NULL) {
        (void) write_all(&s->f, p, n); /* a broken one drops the rest: it has been told */
        ix_ring_drop(s->ring);
    }
    refused = ix_ring_refused(s->ring);
    if (refused != s->told_refused)
        ix_log(s->f.host->o.log, IX_LOG_WARN, "host", "capture: %llu packets were left out, the disk is too slow",
            (unsigned long long) (refused - s->told_refused));
    s->told_refused = refused;
}

/* ---- the file thread --------------------------------------------------------------------- */
static void file_free(struct file *f)
{
    if (f->fd >= 0)
        (void) close(f->fd); /* what matters was synced */
    if (f->kind == FILE_PLAY) {
        ix_pcm_ring_free(IX_CONTAINER(f, struct ix_play, f)->ring);
    } else if (f->kind == FILE_RECORD) {
        ix_pcm_ring_free(IX_CONTAINER(f, struct ix_record, f)->rings[0]);
        ix_pcm_ring_free(IX_CONTAINER(f, struct ix_record, f)->rings[1]);
    } else {
        ix_ring_free(IX_CONTAINER(f, struct ix_spool, f)->ring);
    }
    ix_free(f->opened_tell);
    ix_free(f->failed_tell);
    ix_free(f->closed_tell);
    ix_free(f->path);
    ix_free(f); /* the head is the first member of all three */
}

static void file_end(struct file *f)
{
    int err = f->kind == FILE_SPOOL ? f->err : 0; /* of the others somebody was told */

    tell(f, &f->opened_tell, IRISX_E_CANCELLED, "closed before it was opened");
    if (f->kind == FILE_RECORD && f->fd >= 0 && !f->broken) {
        record_drain(IX_CONTAINER(f, struct ix_record, f), true);
        write_header(IX_CONTAINER(f, struct ix_record, f));
    }
    if (f->kind != FILE_PLAY && f->fd >= 0 && !f->broken && fsync(f->fd) && errno != EINVAL && errno != EROFS)
        err = error_of_errno(errno); /* EINVAL: a pipe or device */
    tell(f, &f->closed_tell, err, NULL);
    ix_list_remove(&f->node);
    file_free(f);
}

static void file_service(struct file *f)
{
    bool closing = atomic_load(&f->closing);

    if (f->kind == FILE_PLAY && !closing)
        play_service(IX_CONTAINER(f, struct ix_play, f));
    else if (f->kind == FILE_RECORD)
        record_service(IX_CONTAINER(f, struct ix_record, f));
    else if (f->kind == FILE_SPOOL)
        spool_service(IX_CONTAINER(f, struct ix_spool, f));
    if (closing)
        file_end(f);
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
        file_service(IX_CONTAINER(it, struct file, node));
    pthread_mutex_lock(&fs->lock);
    fs->busy = !ix_list_empty(&fs->all) || !ix_list_empty(&fs->added);
    pthread_mutex_unlock(&fs->lock);
}

bool ix_files_idle(struct ix_host *h)
{
    bool idle;

    pthread_mutex_lock(&h->files.lock);
    idle = !h->files.busy;
    pthread_mutex_unlock(&h->files.lock);
    return idle;
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
}

void ix_files_clear(struct ix_host *h)
{
    struct files *fs = &h->files;

    ix_files_service(h); /* what was closed after the stop ends here */
    IX_LIST_EACH_SAFE (it, &fs->all)
        file_end(IX_CONTAINER(it, struct file, node)); /* nobody closed it: it is finished all the same */
    (void) pthread_cond_destroy(&fs->wake);
    (void) pthread_mutex_destroy(&fs->lock);
}

static int add(struct ix_host *h, struct file *f)
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

static void close_soon(struct file *f, ix_host_file_fn closed, void *ctx)
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

/* ---- the interface ----------------------------------------------------------------------- */
static int file_init(struct file *f, struct ix_host *h, enum file_kind kind, const char *path)
{
    f->kind = kind;
    f->host = h;
    f->fd = -1;
    f->path = ix_dup_cstr(path);
    /* plays are closed in silence; the others tell whom close names */
    return f->path && (kind == FILE_PLAY || tell_new(&f->closed_tell, tell_nobody, NULL)) ? 0 : IRISX_E_NO_MEMORY;
}

int ix_play_open(
    struct ix_host *h, const char *path, bool loop_it, ix_host_file_fn opened, void *ctx, struct ix_play **out)
{
    struct ix_play *p = ix_alloc(sizeof *p);
    int err;

    if (!p)
        return IRISX_E_NO_MEMORY;
    p->again = loop_it;
    err = file_init(&p->f, h, FILE_PLAY, path);
    if (!err && !tell_new(&p->f.opened_tell, opened, ctx))
        err = IRISX_E_NO_MEMORY;
    if (!err)
        err = add(h, &p->f);
    if (err) {
        file_free(&p->f);
        return err;
    }
    *out = p;
    return 0;
}

struct ix_pcm_ring *ix_play_ring(struct ix_play *p)
{
    return p->ring;
}

uint32_t ix_play_rate(const struct ix_play *p)
{
    return p->rate_hz; /* the reader begins anew when the file is repeated */
}

void ix_play_close(struct ix_play *p)
{
    if (p)
        close_soon(&p->f, NULL, NULL);
}

int ix_record_open(struct ix_host *h, const char *path, uint32_t rate_hz, uint16_t channels, ix_host_file_fn opened,
    ix_host_file_fn failed, void *ctx, struct ix_record **out)
{
    struct ix_record *r;
    int err;

    if (channels < 1 || channels > 2 || rate_hz < IX_RATE_MIN || rate_hz > IX_RATE_MAX)
        return IRISX_E_INVALID;
    r = ix_alloc(sizeof *r);
    if (!r)
        return IRISX_E_NO_MEMORY;
    r->rate_hz = rate_hz;
    r->channels = channels;
    err = file_init(&r->f, h, FILE_RECORD, path);
    if (!err && (!tell_new(&r->f.opened_tell, opened, ctx) || !tell_new(&r->f.failed_tell, failed, ctx)))
        err = IRISX_E_NO_MEMORY;
    for (unsigned i = 0; !err && i < channels; i++)
        if (!(r->rings[i] = ix_pcm_ring_new((size_t) rate_hz * RECORD_RING_S)))
            err = IRISX_E_NO_MEMORY;
    if (!err)
        err = add(h, &r->f);
    if (err) {
        file_free(&r->f);
        return err;
    }
    *out = r;
    return 0;
}

struct ix_pcm_ring *ix_record_ring(struct ix_record *r, unsigned channel)
{
    return channel < r->channels ? r->rings[channel] : NULL;
}

void ix_record_close(struct ix_record *r, ix_host_file_fn closed, void *ctx)
{
    if (r)
        close_soon(&r->f, closed, ctx);
}

int ix_spool_open(struct ix_host *h, const char *path, unsigned mode, struct ix_spool **out)
{
    struct ix_spool *s = ix_alloc(sizeof *s);
    int err;

    if (!s)
        return IRISX_E_NO_MEMORY;
    err = file_init(&s->f, h, FILE_SPOOL, path);
    s->ring = ix_ring_new(SPOOL_RING);
    if (!s->ring)
        err = IRISX_E_NO_MEMORY;
    if (!err) { /* opened here, on the caller's thread: a capture that cannot be written is told at once */
        s->f.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
        err = s->f.fd < 0 ? error_of_errno(errno) : 0;
        s->f.opened = true;
    }
    if (!err)
        err = add(h, &s->f);
    if (err) {
        file_free(&s->f);
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
        close_soon(&s->f, closed, ctx);
}
