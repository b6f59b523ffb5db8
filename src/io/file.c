/* SPDX-License-Identifier: MIT */
/* Files: read whole within a limit, replaced at once, or appended to without losing what was written. All block. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/internal.h"

#define READ_STEP 16384

struct ix_file_out {
    int fd;
    off_t good; /* what is wholly written; an incomplete write is cut off again */
    int err; /* first failure; nothing is written after it */
};

int ix_file_read(const char *path, size_t limit, struct ix_buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int err = fd < 0 ? ix_err_of_errno(errno) : 0;

    ix_buf_init(out, limit);
    while (err == 0) {
        uint8_t bytes[READ_STEP];
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n == 0)
            break;
        if (n < 0) {
            err = errno == EINTR ? 0 : errno == EISDIR ? IRISX_E_IO : ix_err_of_errno(errno);
            continue;
        }
        ix_buf_put(out, bytes, (size_t) n);
        ix_wipe(bytes, (size_t) n); /* it may be a key */
        err = out->err;
    }
    if (fd >= 0)
        (void) close(fd);
    if (err != 0)
        ix_buf_clear(out);
    return err;
}

static int write_all(int fd, const void *p, size_t n)
{
    const uint8_t *at = p;

    while (n > 0) {
        ssize_t done = write(fd, at, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return ix_err_of_errno(errno);
        at += done;
        n -= (size_t) done;
    }
    return 0;
}

/* The rename is only lasting once the folder is written too. */
int ix_file_sync_folder(const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    int err = 0;

    if (slash == NULL)
        err = ix_str_copy(folder, sizeof folder, IX_STR("."));
    else
        err = ix_str_copy(folder, sizeof folder, ix_str_n(path, (size_t) (slash - path) + 1));
    if (err != 0)
        return err;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ix_err_of_errno(errno);
    if (fsync(fd) != 0 && errno != EINVAL) /* some file systems cannot, and need not */
        err = ix_err_of_errno(errno);
    (void) close(fd);
    return err;
}

int ix_file_write_atomic(const char *path, unsigned mode, const void *p, size_t n)
{
    struct ix_rng rng = ix_entropy();
    char temp[4096], token[13];

    ix_rng_token(&rng, token, sizeof token - 1);
    int len = snprintf(temp, sizeof temp, "%s.%s.tmp", path, token);
    if (len < 0 || (size_t) len >= sizeof temp)
        return IRISX_E_TOO_LARGE;
    int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t) mode);
    if (fd < 0)
        return ix_err_of_errno(errno);
    int err = write_all(fd, p, n);
    if (err == 0 && fsync(fd) != 0)
        err = ix_err_of_errno(errno);
    if (close(fd) != 0 && err == 0)
        err = ix_err_of_errno(errno);
    if (err == 0 && rename(temp, path) != 0)
        err = ix_err_of_errno(errno);
    if (err != 0)
        (void) unlink(temp);
    return err == 0 ? ix_file_sync_folder(path) : err;
}

int ix_file_out_open(const char *path, unsigned mode, struct ix_file_out **out)
{
    struct ix_file_out *f = ix_alloc(sizeof *f);

    if (f == NULL)
        return IRISX_E_NO_MEMORY;
    f->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t) mode);
    if (f->fd < 0) {
        int err = ix_err_of_errno(errno);
        ix_free(f);
        return err;
    }
    *out = f;
    return 0;
}

int ix_file_out_write(struct ix_file_out *f, const void *p, size_t n)
{
    if (f->err != 0)
        return f->err;
    f->err = write_all(f->fd, p, n);
    if (f->err == 0) {
        f->good += (off_t) n;
    } else if (ftruncate(f->fd, f->good) == 0) { /* pipes cannot be cut, and need not */
        (void) lseek(f->fd, f->good, SEEK_SET);
    }
    return f->err;
}

int ix_file_out_patch(struct ix_file_out *f, uint64_t at, const void *p, size_t n)
{
    ssize_t done;

    do {
        done = pwrite(f->fd, p, n, (off_t) at);
    } while (done < 0 && errno == EINTR);
    if (done == (ssize_t) n)
        return 0;
    return done < 0 ? ix_err_of_errno(errno) : IRISX_E_IO;
}

int ix_file_out_close(struct ix_file_out *f)
{
    if (f == NULL)
        return 0;
    int err = f->err;
    if (fsync(f->fd) != 0 && errno != EINVAL && errno != EROFS && err == 0)
        err = ix_err_of_errno(errno);
    if (close(f->fd) != 0 && err == 0)
        err = ix_err_of_errno(errno);
    ix_free(f);
    return err;
}
