/* SPDX-License-Identifier: MIT */
/*
 * How much of the speech that was sent is in what was heard. One global delay by cross-correlation of the whole
 * signals, then for each active second of what was sent the peak of the normalised cross-correlation within 60 ms of
 * that delay. Correlations go through an FFT of our own (radix 2, in place): the libraries at hand keep theirs to
 * themselves.
 */
#include "audio/audio.h"

#include <math.h>

#define WINDOW IX_SIMILARITY_HZ /* 1 s */
#define REACH (IX_SIMILARITY_HZ * 60 / 1000) /* 60 ms */
#define GLOBAL_MAX (60u * IX_SIMILARITY_HZ) /* the delay is found in the first minute */
#define WINDOW_FFT 32768u /* >= WINDOW + 2 REACH: no lag in reach wraps around */
#define ACTIVE_RELATIVE 0.1f /* of the whole signal's RMS: pauses do not count */
#define ACTIVE_MIN 0.001f /* -60 dB: silence */
#define TAU 6.28318530717958647692

struct complex {
    float re, im;
};

struct fft {
    size_t n;
    struct complex *twiddle; /* n / 2 */
    struct complex *a, *b; /* the two signals */
};

static void fft_clear(struct fft *f)
{
    ix_free(f->twiddle);
    ix_free(f->a);
    ix_free(f->b);
    *f = (struct fft){ 0 };
}

static int fft_init(struct fft *f, size_t n)
{
    *f = (struct fft){ .n = n,
        .twiddle = ix_alloc_array(n / 2, sizeof(struct complex)),
        .a = ix_alloc_array(n, sizeof(struct complex)),
        .b = ix_alloc_array(n, sizeof(struct complex)) };
    if (!f->twiddle || !f->a || !f->b) {
        fft_clear(f);
        return IRISX_E_NO_MEMORY;
    }
    for (size_t i = 0; i < n / 2; i++) {
        double w = -TAU * (double) i / (double) n;
        f->twiddle[i] = (struct complex){ (float) cos(w), (float) sin(w) };
    }
    return 0;
}

static void bit_reverse(struct complex *x, size_t n)
{
    for (size_t i = 1, j = 0; i < n; i++) {
        size_t bit = n >> 1;
        for (; j & bit; bit >>= 1)
            j ^= bit;
        j ^= bit;
        if (i < j) {
            struct complex t = x[i];
            x[i] = x[j];
            x[j] = t;
        }
    }
}

static void transform(const struct fft *f, struct complex *x)
{
    bit_reverse(x, f->n);
    for (size_t half = 1; half < f->n; half *= 2) {
        size_t stride = f->n / (2 * half);
        for (size_t base = 0; base < f->n; base += 2 * half) {
            for (size_t k = 0; k < half; k++) {
                struct complex w = f->twiddle[k * stride], *p = &x[base + k], *q = p + half;
                struct complex t = { q->re * w.re - q->im * w.im, q->re * w.im + q->im * w.re };
                *q = (struct complex){ p->re - t.re, p->im - t.im };
                *p = (struct complex){ p->re + t.re, p->im + t.im };
            }
        }
    }
}

static void fill(struct complex *x, size_t n, const int16_t *pcm, size_t count)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (struct complex){ i < count ? (float) pcm[i] / 32768.0f : 0.0f, 0.0f };
}

/* a[k].re becomes the sum over i of sent[i] * heard[i + k], k modulo n */
static void correlate(struct fft *f, const int16_t *sent, size_t sent_n, const int16_t *heard, size_t heard_n)
{
    fill(f->a, f->n, sent, sent_n);
    fill(f->b, f->n, heard, heard_n);
    transform(f, f->a);
    transform(f, f->b);
    for (size_t i = 0; i < f->n; i++) { /* conj(conj(A) B): a forward transform then gives the inverse's real part */
        struct complex a = f->a[i], b = f->b[i];
        f->a[i] = (struct complex){ a.re * b.re + a.im * b.im, -(a.re * b.im - a.im * b.re) };
    }
    transform(f, f->a);
    for (size_t i = 0; i < f->n; i++)
        f->a[i].re /= (float) f->n;
}

static int global_delay(const int16_t *sent, size_t sent_n, const int16_t *heard, size_t heard_n, int64_t *delay)
{
    sent_n = IX_MIN(sent_n, (size_t) GLOBAL_MAX);
    heard_n = IX_MIN(heard_n, (size_t) GLOBAL_MAX);
    size_t n = 1;
    while (n < sent_n + heard_n)
        n *= 2;
    struct fft f;
    int err = fft_init(&f, n);
    if (err)
        return err;
    correlate(&f, sent, sent_n, heard, heard_n);
    size_t best = 0;
    for (size_t i = 0; i < n; i++)
        if (f.a[i].re > f.a[best].re)
            best = i;
    *delay = best < heard_n ? (int64_t) best : (int64_t) best - (int64_t) n;
    fft_clear(&f);
    return 0;
}

/* what was heard from `from` on for `count` samples; silence where there is nothing. False if there is nothing at all
 */
static bool stretch(const int16_t *heard, size_t heard_n, int64_t from, int16_t *out, size_t count)
{
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        int64_t at = from + (int64_t) i;
        bool there = at >= 0 && at < (int64_t) heard_n;
        out[i] = there ? heard[at] : 0;
        any |= there;
    }
    return any;
}

/* peak over the lags of sum(s h) / sqrt(sum(s s) sum(h h)) */
static float window_peak(struct fft *f, const int16_t *sent, const int16_t *around, size_t around_n)
{
    correlate(f, sent, WINDOW, around, around_n);
    double own = 0.0, power = 0.0, peak = 0.0;
    for (size_t i = 0; i < WINDOW; i++) {
        own += (double) sent[i] * sent[i];
        power += (double) around[i] * around[i];
    }
    for (size_t lag = 0; lag + WINDOW <= around_n; lag++) {
        if (power > 0.0)
            peak = fmax(peak, (double) f->a[lag].re * 32768.0 * 32768.0 / sqrt(own * power));
        if (lag + WINDOW < around_n)
            power += (double) around[lag + WINDOW] * around[lag + WINDOW] - (double) around[lag] * around[lag];
    }
    return (float) fmin(peak, 1.0);
}

static void add_window(struct ix_similarity *s, float peak, bool missing)
{
    s->worst = s->windows == 0 ? peak : fminf(s->worst, peak);
    s->mean += (peak - s->mean) / (float) (s->windows + 1);
    s->windows++;
    s->missing += missing;
}

static void each_window(struct fft *f, int16_t *around, const int16_t *sent, size_t sent_n, const int16_t *heard,
    size_t heard_n, int64_t delay, struct ix_similarity *s)
{
    size_t around_n = WINDOW + 2 * REACH;
    float active = fmaxf(ix_rms(sent, sent_n) * ACTIVE_RELATIVE, ACTIVE_MIN);
    for (size_t at = 0; at + WINDOW <= sent_n; at += WINDOW) {
        if (ix_rms(sent + at, WINDOW) < active)
            continue;
        bool there = stretch(heard, heard_n, (int64_t) at + delay - (int64_t) REACH, around, around_n);
        add_window(s, there ? window_peak(f, sent + at, around, around_n) : 0.0f, !there);
    }
}

int ix_similarity(const int16_t *sent, size_t sent_n, const int16_t *heard, size_t heard_n, struct ix_similarity *out)
{
    struct ix_similarity s = { 0 };
    int64_t delay = 0;
    int err = global_delay(sent, sent_n, heard, heard_n, &delay);
    if (err)
        return err;
    struct fft f;
    err = fft_init(&f, WINDOW_FFT);
    if (err)
        return err;
    int16_t *around = ix_alloc_array(WINDOW + 2 * REACH, sizeof(*around));
    if (around)
        each_window(&f, around, sent, sent_n, heard, heard_n, delay, &s);
    fft_clear(&f);
    if (!around)
        return IRISX_E_NO_MEMORY;
    ix_free(around);
    if (s.windows == 0)
        return IRISX_E_INVALID;
    s.delay_us = delay * (int64_t) IX_S / (int64_t) IX_SIMILARITY_HZ;
    *out = s;
    return 0;
}
