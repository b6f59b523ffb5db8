/* SPDX-License-Identifier: MIT */
/* Recordings: rings written into a WAV file behind the media thread. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "audio/audio.h"
#include "host/files.h"

#define RECORD_RING_S 4 /* seconds a disk may stall */
#define HEADER_EVERY_US IX_S /* how much of a recording a crash may hide */

struct ix_record {
    struct ix_host_file f;
    struct ix_pcm_ring *rings[2];
    uint16_t channels;
    uint32_t rate_hz;
    uint64_t data_bytes, header_at_us;
};

static bool put_header(struct ix_record *r)
{
    uint8_t header[IX_WAV_HEADER];

    ix_wav_header(header, r->rate_hz, r->channels, r->data_bytes);
    return pwrite(r->f.fd, header, sizeof header, 0) == (ssize_t) sizeof header;
}

static void write_header(struct ix_record *r)
{
    if (!put_header(r))
        ix_hfile_broken(&r->f, ix_hfile_error(errno), "the header cannot be written");
}

static void record_open_file(struct ix_record *r)
{
    uint8_t header[IX_WAV_HEADER];

    r->f.fd = open(r->f.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (r->f.fd < 0) {
        ix_hfile_broken(&r->f, ix_hfile_error(errno), strerror(errno));
        return;
    }
    ix_wav_header(header, r->rate_hz, r->channels, 0);
    if (ix_hfile_write(&r->f, header, sizeof header))
        ix_hfile_ready(&r->f);
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
        if (ix_hfile_write(&r->f, bytes, n * r->channels * 2))
            r->data_bytes += n * r->channels * 2;
        else
            (void) put_header(r); /* takes no new space; what was written before is playable to its end */
    }
}

static void record_service(struct ix_host_file *f)
{
    struct ix_record *r = IX_CONTAINER(f, struct ix_record, f);
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

static int record_finish(struct ix_host_file *f)
{
    struct ix_record *r = IX_CONTAINER(f, struct ix_record, f);

    if (f->broken)
        return f->err;
    record_drain(r, true);
    write_header(r);
    return f->broken ? f->err : ix_hfile_sync(f);
}

static void record_clear(struct ix_host_file *f)
{
    struct ix_record *r = IX_CONTAINER(f, struct ix_record, f);

    ix_pcm_ring_free(r->rings[0]);
    ix_pcm_ring_free(r->rings[1]);
}

static const struct ix_hfile_ops record_ops = {
    .service = record_service, .finish = record_finish, .clear = record_clear, .writes = true
};

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
    err = ix_hfile_init(&r->f, h, &record_ops, path, true);
    if (!err &&
        (!ix_hfile_tell_new(&r->f.opened_tell, opened, ctx) || !ix_hfile_tell_new(&r->f.failed_tell, failed, ctx)))
        err = IRISX_E_NO_MEMORY;
    for (unsigned i = 0; !err && i < channels; i++)
        if (!(r->rings[i] = ix_pcm_ring_new((size_t) rate_hz * RECORD_RING_S)))
            err = IRISX_E_NO_MEMORY;
    if (!err)
        err = ix_hfile_add(h, &r->f);
    if (err) {
        ix_hfile_free(&r->f);
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
        ix_hfile_close(&r->f, closed, ctx);
}
