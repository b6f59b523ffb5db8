/* SPDX-License-Identifier: MIT */
/* Plays: a WAV file read into a ring ahead of the media thread. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "audio/audio.h"
#include "host/files.h"

#define PLAY_RING_MS 500 /* of audio read ahead: what a disk may stall. 2 s of 16 kHz were 64 kB a call */
#define CHUNK 2048

struct ix_play {
    struct ix_host_file f;
    struct ix_wav_reader reader;
    struct ix_pcm_ring *ring;
    uint32_t rate_hz;
    bool again, ended;
    uint8_t bytes[CHUNK];
    size_t at, have;
};

static bool refill(struct ix_play *p)
{
    ssize_t n;

    if (p->at < p->have)
        return true;
    do
        n = read(p->f.fd, p->bytes, sizeof p->bytes);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        ix_hfile_broken(&p->f, IRISX_E_IO, strerror(errno));
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
        ix_hfile_broken(&p->f, err, p->reader.why ? p->reader.why : "this is no WAV file");
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

        ix_hfile_broken(&p->f, ix_hfile_error(e), e == ENOENT ? "no such file" : strerror(e));
        return;
    }
    ix_wav_reader_init(&p->reader);
    while (!p->reader.ready && play_step(p)) {
    }
    if (p->f.broken)
        return;
    if (!p->reader.ready) {
        ix_hfile_broken(&p->f, IRISX_E_FORMAT, p->reader.why ? p->reader.why : "this is no WAV file");
        return;
    }
    p->rate_hz = p->reader.format.rate_hz;
    p->ring = ix_pcm_ring_new((size_t) p->rate_hz * PLAY_RING_MS / 1000);
    if (!p->ring) {
        ix_hfile_broken(&p->f, IRISX_E_NO_MEMORY, NULL);
        return;
    }
    while (play_step(p)) {
    }
    if (!p->f.broken)
        ix_hfile_ready(&p->f);
}

static void play_service(struct ix_host_file *f)
{
    struct ix_play *p = IX_CONTAINER(f, struct ix_play, f);

    if (!p->f.opened)
        play_open_file(p);
    else if (p->ring)
        while (play_step(p)) {
        }
}

static int play_finish(struct ix_host_file *f)
{
    (void) f;
    return 0;
}

static void play_clear(struct ix_host_file *f)
{
    ix_pcm_ring_free(IX_CONTAINER(f, struct ix_play, f)->ring);
}

static const struct ix_hfile_ops play_ops = { .service = play_service, .finish = play_finish, .clear = play_clear };

int ix_play_open(
    struct ix_host *h, const char *path, bool loop_it, ix_host_file_fn opened, void *ctx, struct ix_play **out)
{
    struct ix_play *p = ix_alloc(sizeof *p);
    int err;

    if (!p)
        return IRISX_E_NO_MEMORY;
    p->again = loop_it;
    err = ix_hfile_init(&p->f, h, &play_ops, path, false);
    if (!err && !ix_hfile_tell_new(&p->f.opened_tell, opened, ctx))
        err = IRISX_E_NO_MEMORY;
    if (!err)
        err = ix_hfile_add(h, &p->f);
    if (err) {
        ix_hfile_free(&p->f);
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
        ix_hfile_close(&p->f, NULL, NULL);
}
