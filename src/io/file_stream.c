/* SPDX-License-Identifier: MIT */
/*
 * Files that a transfer reads or writes, on helper threads: the loop neither waits for a disk nor reads ahead more than
 * one piece. What is saved lies beside its place until it is whole and on the disk, then takes it at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/internal.h"

#define PIECE ((size_t) 256 * 1024)
#define BEHIND ((size_t) 1024 * 1024) /* bytes that wait for the disk */
#define TAG_MAX 512

/* ---- reading ----------------------------------------------------------------------------- */

struct ix_file_in {
    struct ix_loop *loop;
    int fd;
    uint64_t size, at; /* at: of the next piece */
    uint8_t *piece;
    size_t n, used;
    void (*ready)(void *ctx);
    void *ctx;
    int err;
    bool busy, waiting, closed;
};

int ix_file_in_open(const char *path, struct ix_file_in **out)
{
    struct ix_file_in *f = ix_alloc(sizeof *f);
    struct stat st;

    if (f == NULL)
        return IRISX_E_NO_MEMORY;
    f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe that nobody writes into would hold us here */
    int err = f->fd < 0 || fstat(f->fd, &st) != 0 ? ix_err_of_errno(errno) : 0;
    if (err == 0 && !S_ISREG(st.st_mode))
        err = IRISX_E_FORMAT; /* a pipe has no size and cannot be sent again */
    if (err != 0) {
        if (f->fd >= 0)
            (void) close(f->fd);
        ix_free(f);
        return err;
    }
    f->size = (uint64_t) st.st_size;
    *out = f;
    return 0;
}

uint64_t ix_file_in_size(const struct ix_file_in *f)
{
    return f->size;
}

void ix_file_in_start(struct ix_file_in *f, struct ix_loop *loop, void (*ready)(void *ctx), void *ctx)
{
    f->loop = loop;
    f->ready = ready;
    f->ctx = ctx;
    f->at = f->n = f->used = 0; /* what a helper still reads of an earlier try is dropped */
    f->waiting = false;
}

static void free_in(struct ix_file_in *f)
{
    (void) close(f->fd);
    ix_free(f->piece);
    ix_free(f);
}

struct piece { /* of a helper's own, so that a new try need not wait for it */
    struct ix_file_in *f;
    uint64_t at;
    size_t n;
    int err;
    uint8_t bytes[PIECE];
};

static void read_piece(void *arg)
{
    struct piece *p = arg;
    ssize_t n;

    do
        n = pread(p->f->fd, p->bytes, PIECE, (off_t) p->at);
    while (n < 0 && errno == EINTR);
    p->err = n < 0 ? ix_err_of_errno(errno) : n == 0 ? IRISX_E_IO : 0; /* 0: it became shorter */
    p->n = n > 0 ? (size_t) n : 0;
}

static void piece_read(void *arg, int err)
{
    struct piece *p = arg;
    struct ix_file_in *f = p->f;
    bool wanted = p->at == f->at && f->used == f->n;

    f->busy = false;
    if (f->closed) {
        ix_free(p);
        free_in(f);
        return;
    }
    f->err = err != 0 ? err : p->err;
    if (wanted && f->err == 0) {
        memcpy(f->piece, p->bytes, p->n);
        f->n = p->n;
        f->used = 0;
        f->at += p->n;
    }
    ix_free(p);
    if (f->waiting) {
        f->waiting = false;
        f->ready(f->ctx);
    }
}

static int read_on(struct ix_file_in *f)
{
    if (f->busy)
        return 0;
    if (f->piece == NULL)
        f->piece = ix_alloc(PIECE);
    struct piece *p = f->piece != NULL ? ix_alloc(sizeof *p) : NULL;
    if (p == NULL)
        return IRISX_E_NO_MEMORY;
    p->f = f;
    p->at = f->at;
    int err = ix_work_queue(f->loop, read_piece, piece_read, p);
    if (err != 0)
        ix_free(p);
    else
        f->busy = true;
    return err;
}

int64_t ix_file_in_read(struct ix_file_in *f, void *to, size_t room)
{
    size_t n = IX_MIN(room, f->n - f->used);

    if (n == 0) {
        if (f->err == 0 && f->at == f->size)
            return 0;
        if (f->err == 0)
            f->err = read_on(f);
        f->waiting = f->err == 0;
        return f->err == 0 ? IX_STREAM_LATER : IX_STREAM_STOP;
    }
    memcpy(to, f->piece + f->used, n);
    f->used += n;
    return (int64_t) n;
}

int ix_file_in_error(const struct ix_file_in *f)
{
    return f->err;
}

void ix_file_in_close(struct ix_file_in *f)
{
    if (f == NULL)
        return;
    f->closed = true;
    f->waiting = false;
    if (!f->busy)
        free_in(f);
}

/* ---- saving ------------------------------------------------------------------------------ */

struct ix_file_save {
    struct ix_loop *loop;
    int fd;
    char *path, *temp, *tag_path;
    char tag[TAG_MAX]; /* what the bytes at hand are of: an ETag or date; "" unknown */
    uint64_t size; /* taken */
    struct ix_buf waiting, going; /* going: with the helper */
    uint64_t going_at;
    void (*ready)(void *ctx);
    void (*saved)(void *ctx, int err);
    void *ctx;
    char sha256[65];
    int err;
    bool resume, busy, asked, finishing, keeping, last, dropped, tag_dirty; /* last: the helper finishes it */
};

static char *beside(const char *path, const char *ending)
{
    struct ix_buf b;

    ix_buf_init(&b, 8192);
    ix_buf_fmt(&b, "%s%s", path, ending);
    return ix_buf_take(&b);
}

static void free_save(struct ix_file_save *s)
{
    if (s->fd >= 0)
        (void) close(s->fd);
    ix_buf_clear(&s->waiting);
    ix_buf_clear(&s->going);
    ix_free(s->path);
    ix_free(s->temp);
    ix_free(s->tag_path);
    ix_free(s);
}

/* it goes into a header line */
static bool header_safe(struct ix_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char) s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    return s.n > 0;
}

/* what an interrupted one left: its bytes count if it is known what they are of */
static void look_back(struct ix_file_save *s)
{
    struct ix_buf tag;
    struct stat st;

    if (ix_file_read(s->tag_path, TAG_MAX - 1, &tag) == 0 && fstat(s->fd, &st) == 0 && st.st_size > 0 &&
        header_safe(ix_str_n(tag.p, tag.n))) {
        (void) ix_str_copy(s->tag, sizeof s->tag, ix_str_n(tag.p, tag.n)); /* it fits */
        s->size = (uint64_t) st.st_size;
    }
    ix_buf_clear(&tag);
}

/* Renaming would put a file in the place of a device ("/dev/null"), a pipe or a folder. */
static int check_place(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && !S_ISREG(st.st_mode) ? IRISX_E_FORMAT : 0;
}

/* What lies there from an earlier time must be a file of ours, and nobody else's at the moment. */
static int open_part(struct ix_file_save *s)
{
    struct stat st;

    s->fd = open(s->temp, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (s->resume ? 0 : O_EXCL), 0600);
    if (s->fd < 0 || fstat(s->fd, &st) != 0)
        return ix_err_of_errno(errno);
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1)
        return IRISX_E_FORBIDDEN;
    if (s->resume && flock(s->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return IRISX_E_CONFLICT;
    return 0;
}

int ix_file_save_open(const char *path, bool resume, const char *sha256, struct ix_file_save **out)
{
    struct ix_file_save *s = ix_alloc(sizeof *s);
    struct ix_rng rng = ix_entropy();
    char token[13], ending[24];

    if (s == NULL)
        return IRISX_E_NO_MEMORY;
    s->fd = -1;
    s->resume = resume;
    ix_buf_init(&s->waiting, BEHIND + PIECE);
    ix_buf_init(&s->going, BEHIND + PIECE);
    (void) ix_str_copy(s->sha256, sizeof s->sha256, ix_str(sha256)); /* 64 digits, as was checked */
    ix_rng_token(&rng, token, sizeof token - 1);
    (void) snprintf(ending, sizeof ending, ".%s.part", token);
    s->path = ix_dup_cstr(path);
    s->temp = beside(path, resume ? ".part" : ending);
    s->tag_path = beside(path, ".part.tag");
    int err = s->path != NULL && s->temp != NULL && s->tag_path != NULL ? 0 : IRISX_E_NO_MEMORY;
    if (err == 0)
        err = check_place(path);
    if (err == 0)
        err = open_part(s);
    if (err == 0 && resume)
        look_back(s);
    if (err != 0) {
        free_save(s);
        return err;
    }
    *out = s;
    return 0;
}

void ix_file_save_start(struct ix_file_save *s, struct ix_loop *loop, void (*ready)(void *ctx), void *ctx)
{
    s->loop = loop;
    s->ready = ready;
    s->ctx = ctx;
    s->asked = false;
}

uint64_t ix_file_save_size(const struct ix_file_save *s)
{
    return s->size;
}

const char *ix_file_save_tag(const struct ix_file_save *s)
{
    return s->tag;
}

int ix_file_save_error(const struct ix_file_save *s)
{
    return s->err;
}

static int write_at(int fd, const uint8_t *p, size_t n, uint64_t at)
{
    while (n > 0) {
        ssize_t done = pwrite(fd, p, n, (off_t) at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return ix_err_of_errno(errno);
        p += done;
        n -= (size_t) done;
        at += (uint64_t) done;
    }
    return 0;
}

static void write_piece(void *arg)
{
    struct ix_file_save *s = arg;
    int err = 0;

    if (s->going_at == 0 && ftruncate(s->fd, 0) != 0)
        err = ix_err_of_errno(errno);
    if (err == 0 && s->resume && s->tag_dirty)
        err = ix_file_write_atomic(s->tag_path, 0600, s->tag, strlen(s->tag));
    if (err == 0)
        err = write_at(s->fd, s->going.p, s->going.n, s->going_at);
    if (err != 0)
        s->err = err;
}

/* The digest over the whole file, that of an earlier part included. */
static int check_sum(int fd, uint64_t size, const char *expected)
{
    uint8_t have[EVP_MAX_MD_SIZE], want[32], *piece;
    EVP_MD_CTX *sum;
    bool well;
    int err = 0;

    if (ix_hex_decode(ix_str(expected), want, sizeof want) != 0)
        return IRISX_E_INVALID;
    sum = EVP_MD_CTX_new();
    piece = ix_alloc(PIECE);
    well = sum != NULL && piece != NULL && EVP_DigestInit_ex(sum, EVP_sha256(), NULL) == 1;
    for (uint64_t at = 0; well && err == 0 && at < size;) { /* no mapping: a file cut meanwhile would be a SIGBUS */
        ssize_t n = pread(fd, piece, PIECE, (off_t) at);
        if (n > 0) {
            well = EVP_DigestUpdate(sum, piece, (size_t) n) == 1;
            at += (uint64_t) n;
        } else if (n == 0 || errno != EINTR) {
            err = n == 0 ? IRISX_E_IO : ix_err_of_errno(errno);
        }
    }
    well = well && EVP_DigestFinal_ex(sum, have, NULL) == 1;
    EVP_MD_CTX_free(sum);
    ix_free(piece);
    if (err == 0 && !well)
        err = IRISX_E_NO_MEMORY;
    return err != 0 ? err : memcmp(have, want, sizeof want) == 0 ? 0 : IRISX_E_SIGNATURE;
}

static void finish_file(void *arg)
{
    struct ix_file_save *s = arg;
    int err = s->err;

    if (err == 0 && ftruncate(s->fd, (off_t) s->size) != 0)
        err = ix_err_of_errno(errno);
    if (err == 0 && s->sha256[0] != '\0')
        err = check_sum(s->fd, s->size, s->sha256);
    if (err == 0 && fsync(s->fd) != 0 && errno != EINVAL)
        err = ix_err_of_errno(errno);
    if (err == 0 && rename(s->temp, s->path) != 0)
        err = ix_err_of_errno(errno);
    if (err == 0)
        err = ix_file_sync_folder(s->path);
    if (err != 0 && (!s->resume || err == IRISX_E_SIGNATURE))
        (void) unlink(s->temp);
    if (s->resume && (err == 0 || err == IRISX_E_SIGNATURE))
        (void) unlink(s->tag_path);
    s->err = err;
}

static void go_on(struct ix_file_save *s);

static void work_done(void *arg, int err)
{
    struct ix_file_save *s = arg;
    (void) err; /* cannot be cancelled */
    s->busy = false;
    if (s->dropped) {
        free_save(s);
        return;
    }
    if (s->last) {
        s->saved(s->ctx, s->err);
        return;
    }
    s->tag_dirty = false;
    ix_buf_reset(&s->going);
    bool asked = s->asked;
    s->asked = false;
    void (*ready)(void *ctx) = s->ready;
    void *ctx = s->ctx;
    go_on(s);
    if (asked)
        ready(ctx);
}

static void run(struct ix_file_save *s, void (*work)(void *arg))
{
    s->busy = ix_work_queue(s->loop, work, work_done, s) == 0;
    if (s->busy)
        return;
    s->err = IRISX_E_NO_MEMORY;
    if (work == finish_file)
        s->saved(s->ctx, s->err);
}

static void go_on(struct ix_file_save *s)
{
    if (s->busy)
        return;
    if (s->waiting.n > 0 && s->err == 0) {
        struct ix_buf b = s->going;
        s->going = s->waiting;
        s->waiting = b;
        s->going_at = s->size - s->going.n;
        run(s, write_piece);
    } else if (s->keeping) {
        s->keeping = false;
        s->saved(s->ctx, s->err); /* may close s */
    } else if (s->finishing) {
        s->last = true;
        run(s, finish_file);
    }
}

void ix_file_save_restart(struct ix_file_save *s, const char *tag)
{
    s->size = 0;
    ix_buf_reset(&s->waiting);
    (void) ix_str_copy(s->tag, sizeof s->tag, ix_str(tag)); /* too long: "" */
    s->tag_dirty = true;
}

int ix_file_save_write(struct ix_file_save *s, const void *p, size_t n)
{
    if (s->err != 0)
        return IX_STREAM_STOP;
    if (s->waiting.n >= BEHIND) {
        s->asked = true;
        return IX_STREAM_LATER;
    }
    ix_buf_put(&s->waiting, p, n);
    if (s->waiting.err != 0) {
        s->err = s->waiting.err;
        return IX_STREAM_STOP;
    }
    s->size += n;
    go_on(s);
    return 0;
}

void ix_file_save_finish(struct ix_file_save *s, void (*saved)(void *ctx, int err), void *ctx)
{
    s->saved = saved;
    s->ctx = ctx;
    s->asked = false;
    s->finishing = true;
    go_on(s);
}

void ix_file_save_keep(struct ix_file_save *s, void (*saved)(void *ctx, int err), void *ctx)
{
    s->saved = saved;
    s->ctx = ctx;
    s->asked = false;
    s->keeping = true;
    go_on(s);
}

void ix_file_save_close(struct ix_file_save *s)
{
    if (s == NULL)
        return;
    s->dropped = true;
    s->asked = false;
    if (!s->resume) /* it is not there any more once renamed; a helper writes on without a name */
        (void) unlink(s->temp);
    if (!s->busy)
        free_save(s);
}
