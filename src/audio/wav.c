/* SPDX-License-Identifier: MIT */
/*
 * WAV (RIFF) as bytes: a reader that is fed in pieces of any size and gives mono PCM, and a writer of 16-bit headers.
 * Reads linear 8, 16, 24, 32 bit, 32-bit float, and G.711; plain and extensible headers.
 *
 *   RIFF_ID -> CHUNK -+-> FMT --> CHUNK       a chunk is 4 bytes of name and 4 of length, little endian,
 *                     +-> (skip) -> CHUNK     padded to an even length
 *                     +-> DATA -> END
 */
#include "audio/audio.h"

#include <math.h>
#include <string.h>

enum stage { RIFF_ID = 0, CHUNK = 1, FMT = 2, DATA = 3, END = 4, FAILED = 5 };

#define FMT_MAX 40 /* WAVE_FORMAT_EXTENSIBLE */
#define TAG_PCM 1
#define TAG_FLOAT 3
#define TAG_ALAW 6
#define TAG_ULAW 7
#define TAG_EXTENSIBLE 0xfffe
#define LEN_UNKNOWN 0xffffffffu /* a file written to a pipe */

void ix_wav_reader_init(struct ix_wav_reader *r)
{
    *r = (struct ix_wav_reader){ .stage = RIFF_ID, .need = 12 };
}

static int fail(struct ix_wav_reader *r, const char *why)
{
    r->stage = FAILED;
    r->why = why;
    return IRISX_E_FORMAT;
}

static size_t frame_bytes(const struct ix_wav_format *f)
{
    return (size_t) f->channels * f->bits / 8;
}

static int riff_id(struct ix_wav_reader *r)
{
    if (memcmp(r->held, "RIFF", 4) != 0 || memcmp(r->held + 8, "WAVE", 4) != 0)
        return fail(r, "not a WAV file");
    r->stage = CHUNK;
    r->need = 8;
    return 0;
}

static const char *check_format(struct ix_wav_format *f, unsigned tag)
{
    if (f->channels < 1 || f->channels > 2)
        return "WAV with more than two channels (or none) cannot be played";
    if (f->rate_hz < IX_RATE_MIN || f->rate_hz > IX_RATE_MAX)
        return "the sample rate of the WAV is not between 8000 and 48000 Hz";
    f->is_float = tag == TAG_FLOAT;
    f->law = (uint8_t) (tag == TAG_ULAW ? 'u' : tag == TAG_ALAW ? 'a' : 0);
    bool linear = tag == TAG_PCM && (f->bits == 8 || f->bits == 16 || f->bits == 24 || f->bits == 32);
    if (linear || (f->is_float && f->bits == 32) || (f->law && f->bits == 8))
        return NULL;
    return "the WAV's encoding is not supported: use 8, 16, 24 or 32-bit PCM, or 32-bit float";
}

static int fmt_chunk(struct ix_wav_reader *r)
{
    struct ix_reader b = ix_reader(r->held, r->held_n);
    unsigned tag = ix_read_u16le(&b);
    r->format.channels = ix_read_u16le(&b);
    r->format.rate_hz = ix_read_u32le(&b);
    (void) ix_read_u32le(&b); /* bytes a second and block size follow from the rest; writers get them wrong */
    (void) ix_read_u16le(&b);
    r->format.bits = ix_read_u16le(&b);
    if (tag == TAG_EXTENSIBLE) {
        (void) ix_read_bytes(&b, 8); /* extension size, valid bits, channel mask */
        tag = ix_read_u16le(&b); /* first two bytes of the sub-format GUID */
    }
    if (b.bad)
        return fail(r, "the WAV's format chunk is cut off");
    const char *why = check_format(&r->format, tag);
    if (why)
        return fail(r, why);
    r->have_format = true;
    r->skip = r->chunk_len - r->held_n + (r->chunk_len & 1);
    r->stage = CHUNK;
    r->need = 8;
    return 0;
}

static int data_chunk(struct ix_wav_reader *r)
{
    if (!r->have_format)
        return fail(r, "the WAV has no format chunk before its data");
    bool unknown = r->chunk_len == 0 || r->chunk_len == LEN_UNKNOWN;
    r->left = unknown ? UINT64_MAX : r->chunk_len;
    r->format.frames = unknown ? 0 : r->chunk_len / frame_bytes(&r->format);
    r->ready = true;
    r->stage = DATA;
    r->need = frame_bytes(&r->format);
    return 0;
}

static int chunk(struct ix_wav_reader *r)
{
    struct ix_reader b = ix_reader(r->held + 4, 4);
    r->chunk_len = ix_read_u32le(&b);
    if (memcmp(r->held, "data", 4) == 0)
        return data_chunk(r);
    if (memcmp(r->held, "fmt ", 4) == 0) {
        if (r->chunk_len < 16)
            return fail(r, "the WAV's format chunk is cut off");
        r->stage = FMT;
        r->need = IX_MIN(r->chunk_len, (uint32_t) FMT_MAX);
        return 0;
    }
    r->skip = (uint64_t) r->chunk_len + (r->chunk_len & 1);
    return 0;
}

/* one channel's sample, as a float in 16-bit scale */
static float sample_at(const struct ix_wav_format *f, const uint8_t *p)
{
    if (f->law)
        return (float) (f->law == 'u' ? ix_pcmu_decode(*p) : ix_pcma_decode(*p));
    uint32_t v = 0; /* the bytes in the upper end of 32 bits */
    for (unsigned i = 0; i < f->bits / 8u; i++)
        v = v >> 8 | (uint32_t) p[i] << 24;
    if (f->is_float) {
        float x;
        memcpy(&x, &v, sizeof(x));
        return isfinite(x) ? fminf(fmaxf(x, -1.0f), 1.0f) * 32767.0f : 0.0f;
    }
    if (f->bits == 8)
        v ^= 0x80000000u; /* unsigned in the file */
    return (float) (int32_t) v / 65536.0f;
}

static int16_t mono_sample(const struct ix_wav_format *f, const uint8_t *p)
{
    float v = sample_at(f, p);
    if (f->channels == 2)
        v = (v + sample_at(f, p + f->bits / 8)) / 2.0f;
    return (int16_t) lrintf(fminf(fmaxf(v, -32768.0f), 32767.0f));
}

static void data_sample(struct ix_wav_reader *r, int16_t *out)
{
    *out = mono_sample(&r->format, r->held);
    r->given++;
}

static void pass_over(struct ix_wav_reader *r, const uint8_t **p, size_t *n)
{
    size_t skip = (size_t) IX_MIN(r->skip, (uint64_t) *n);
    r->skip -= skip;
    *p += skip;
    *n -= skip;
}

/* moves bytes into `held` until `need` are there */
static bool gather(struct ix_wav_reader *r, const uint8_t **p, size_t *n)
{
    size_t take = IX_MIN(r->need - r->held_n, *n);
    if (r->stage == DATA)
        take = (size_t) IX_MIN((uint64_t) take, r->left);
    memcpy(r->held + r->held_n, *p, take);
    r->held_n += take;
    *p += take;
    *n -= take;
    if (r->stage == DATA && r->left != UINT64_MAX)
        r->left -= take;
    return r->held_n == r->need;
}

static int header_step(struct ix_wav_reader *r)
{
    int err = 0;
    switch ((enum stage) r->stage) {
    case RIFF_ID:
        err = riff_id(r);
        break;
    case CHUNK:
        err = chunk(r);
        break;
    case FMT:
        err = fmt_chunk(r);
        break;
    case DATA:
    case END:
    case FAILED:
        break;
    }
    r->held_n = 0;
    return err;
}

int ix_wav_read(struct ix_wav_reader *r, const uint8_t **p, size_t *n, int16_t *pcm, size_t cap, size_t *count)
{
    *count = 0;
    while (*n > 0 && r->stage != FAILED && r->stage != END) {
        if (r->skip > 0) {
            pass_over(r, p, n);
            continue;
        }
        if (r->stage == DATA && *count == cap)
            return 0;
        if (!gather(r, p, n)) {
            if (r->stage == DATA && r->left == 0)
                r->stage = END;
            continue;
        }
        if (r->stage == DATA) {
            data_sample(r, &pcm[(*count)++]);
            r->held_n = 0;
            if (r->left == 0)
                r->stage = END;
        } else if (header_step(r)) {
            return IRISX_E_FORMAT;
        }
    }
    if (r->stage == END) {
        r->ended = true;
        *p += *n;
        *n = 0;
    }
    return r->stage == FAILED ? IRISX_E_FORMAT : 0;
}

int ix_wav_finish(struct ix_wav_reader *r)
{
    if (r->stage == FAILED)
        return IRISX_E_FORMAT;
    if (r->stage == RIFF_ID)
        return fail(r, r->held_n == 0 ? "the file is empty" : "not a WAV file");
    if (!r->ready)
        return fail(r, "the WAV ends before its audio begins");
    if (r->given == 0)
        return fail(r, "the WAV holds no audio");
    return 0;
}

/* samples that n bytes can hold at most, whatever the header says */
static int read_whole(struct ix_wav_reader *r, const uint8_t *p, size_t n, int16_t *pcm, size_t *count)
{
    size_t cap = n, got = 0;
    *count = 0;
    int err = 0;
    while (n > 0 && !err) {
        err = ix_wav_read(r, &p, &n, pcm + *count, cap - *count, &got);
        *count += got;
    }
    return err ? err : ix_wav_finish(r);
}

int ix_wav_load(const void *p, size_t n, uint32_t rate_hz, int16_t **pcm, size_t *count, const char **why)
{
    struct ix_wav_reader r;
    ix_wav_reader_init(&r);
    size_t got = 0;
    int16_t *raw = ix_alloc_array(n + 1, sizeof(*raw));
    int err = raw ? read_whole(&r, p, n, raw, &got) : IRISX_E_NO_MEMORY;
    if (!err)
        err = ix_resample_all(raw, got, r.format.rate_hz, rate_hz, pcm, count);
    ix_free(raw);
    if (why)
        *why = r.why ? r.why : ix_error_text(err);
    return err;
}

void ix_wav_header(uint8_t out[IX_WAV_HEADER], uint32_t rate_hz, uint16_t channels, uint64_t data_bytes)
{
    struct ix_buf b;
    ix_buf_init_fixed(&b, out, IX_WAV_HEADER);
    bool fits = data_bytes <= LEN_UNKNOWN - 37; /* with the header in front */
    uint32_t data = fits ? (uint32_t) data_bytes : LEN_UNKNOWN;
    uint16_t block = (uint16_t) (channels * 2);
    ix_buf_put(&b, "RIFF", 4);
    ix_buf_u32le(&b, fits ? data + (IX_WAV_HEADER - 8) : LEN_UNKNOWN);
    ix_buf_put(&b, "WAVEfmt ", 8);
    ix_buf_u32le(&b, 16);
    ix_buf_u16le(&b, TAG_PCM);
    ix_buf_u16le(&b, channels);
    ix_buf_u32le(&b, rate_hz);
    ix_buf_u32le(&b, rate_hz * block);
    ix_buf_u16le(&b, block);
    ix_buf_u16le(&b, 16);
    ix_buf_put(&b, "data", 4);
    ix_buf_u32le(&b, data);
    IX_ASSERT(!b.err && b.n == IX_WAV_HEADER);
}

void ix_wav_pack(uint8_t *out, const int16_t *pcm, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t v = (uint16_t) pcm[i];
        out[2 * i] = (uint8_t) v;
        out[2 * i + 1] = (uint8_t) (v >> 8);
    }
}
