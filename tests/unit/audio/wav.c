/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "audio/audio.h"

struct wav {
    uint8_t bytes[70000];
    size_t n;
};

static void le(struct wav *w, uint32_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        w->bytes[w->n++] = (uint8_t) (v >> (8 * i));
}

static void text(struct wav *w, const char *s)
{
    memcpy(w->bytes + w->n, s, strlen(s));
    w->n += strlen(s);
}

static void begin(struct wav *w, unsigned tag, unsigned channels, unsigned rate, unsigned bits)
{
    w->n = 0;
    text(w, "RIFF");
    le(w, 0xffffffff, 4);
    text(w, "WAVE");
    text(w, "fmt ");
    le(w, tag == 0xfffe ? 40 : 16, 4);
    le(w, tag, 2);
    le(w, channels, 2);
    le(w, rate, 4);
    le(w, rate * channels * bits / 8, 4);
    le(w, channels * bits / 8, 2);
    le(w, bits, 2);
}

static void data(struct wav *w, uint32_t len)
{
    text(w, "data");
    le(w, len, 4);
}

/* reads in pieces of `piece` bytes; returns the error, samples in pcm */
static int read_in_pieces(const struct wav *w, size_t piece, int16_t *pcm, size_t *count, struct ix_wav_reader *r)
{
    *count = 0;
    ix_wav_reader_init(r);
    for (size_t at = 0; at < w->n; at += piece) {
        const uint8_t *p = w->bytes + at;
        size_t n = w->n - at < piece ? w->n - at : piece, got;
        while (n > 0) {
            int err = ix_wav_read(r, &p, &n, pcm + *count, 3, &got); /* a small buffer too */
            *count += got;
            if (err)
                return err;
        }
    }
    return ix_wav_finish(r);
}

static void expect(const struct wav *w, const int16_t *want, size_t n)
{
    for (size_t piece = 1; piece < 60; piece += 4) {
        struct ix_wav_reader r;
        int16_t pcm[64];
        size_t count = 0;
        cr_assert_eq(read_in_pieces(w, piece, pcm, &count, &r), 0, "%s", r.why);
        cr_assert_eq(count, n);
        cr_assert_arr_eq(pcm, want, n * sizeof(*want));
    }
}

static void expect_error(const struct wav *w, const char *why)
{
    for (size_t piece = 1; piece < 100; piece += 9) {
        struct ix_wav_reader r;
        int16_t pcm[64];
        size_t count = 0;
        cr_assert_eq(read_in_pieces(w, piece, pcm, &count, &r), IRISX_E_FORMAT);
        cr_assert(r.why && strstr(r.why, why), "said: %s", r.why ? r.why : "nothing");
    }
}

Test(wav, sixteen_bits_mono)
{
    static struct wav w;
    begin(&w, 1, 1, 8000, 16);
    data(&w, 6);
    le(&w, 0x0001, 2);
    le(&w, 0x8000, 2);
    le(&w, 0x7fff, 2);
    expect(&w, (int16_t[]){ 1, -32768, 32767 }, 3);
}

Test(wav, eight_bits_are_unsigned)
{
    static struct wav w;
    begin(&w, 1, 1, 8000, 8);
    data(&w, 3);
    le(&w, 0x80ff00, 3);
    expect(&w, (int16_t[]){ -32768, 32512, 0 }, 3);
}

Test(wav, twenty_four_bits_stereo_are_mixed_down)
{
    static struct wav w;
    begin(&w, 1, 2, 44100, 24);
    data(&w, 12);
    le(&w, 0x100000, 3);
    le(&w, 0x300000, 3);
    le(&w, 0xf00000, 3);
    le(&w, 0x100000, 3);
    expect(&w, (int16_t[]){ 0x2000, 0 }, 2);
}

Test(wav, thirty_two_bits_and_float)
{
    static struct wav w;
    begin(&w, 1, 1, 48000, 32);
    data(&w, 8);
    le(&w, 0x40000000, 4);
    le(&w, 0xc0000000, 4);
    expect(&w, (int16_t[]){ 16384, -16384 }, 2);
    begin(&w, 3, 1, 48000, 32);
    data(&w, 20);
    for (int i = 0; i < 5; i++) {
        float f[5] = { 0.5f, -1.0f, 2.0f, -1e30f, __builtin_nanf("") };
        uint32_t v;
        memcpy(&v, &f[i], 4);
        le(&w, v, 4);
    }
    expect(&w, (int16_t[]){ 16384, -32767, 32767, -32767, 0 }, 5);
}

Test(wav, g711_inside_a_wav)
{
    static struct wav w;
    begin(&w, 7, 1, 8000, 8);
    data(&w, 2);
    le(&w, 0x00ff, 2);
    expect(&w, (int16_t[]){ 0, ix_pcmu_decode(0) }, 2);
}

Test(wav, extensible_headers_and_odd_chunks_in_between)
{
    static struct wav w;
    begin(&w, 0xfffe, 1, 11025, 16);
    le(&w, 22, 2);
    le(&w, 16, 2);
    le(&w, 4, 4);
    le(&w, 1, 2); /* sub-format PCM, then the rest of its GUID */
    for (int i = 0; i < 14; i++)
        le(&w, 0x11, 1);
    text(&w, "LIST");
    le(&w, 5, 4); /* padded to 6 */
    text(&w, "INFOx");
    le(&w, 0, 1);
    data(&w, 4);
    le(&w, 0x00050004, 4);
    text(&w, "LIST"); /* behind the audio: not looked at */
    le(&w, 4, 4);
    text(&w, "INFO");
    expect(&w, (int16_t[]){ 4, 5 }, 2);
}

Test(wav, a_data_chunk_that_is_cut_off_plays_as_far_as_it_goes)
{
    static struct wav w;
    begin(&w, 1, 1, 16000, 16);
    data(&w, 2000000000);
    le(&w, 0x00070006, 4);
    le(&w, 1, 1); /* half a sample */
    expect(&w, (int16_t[]){ 6, 7 }, 2);
}

Test(wav, a_streamed_file_has_no_length)
{
    static struct wav w;
    for (unsigned i = 0; i < 2; i++) {
        begin(&w, 1, 1, 16000, 16);
        data(&w, i ? 0xffffffff : 0);
        le(&w, 0x00070006, 4);
        expect(&w, (int16_t[]){ 6, 7 }, 2);
    }
}

Test(wav, the_format_is_known_before_the_samples)
{
    static struct wav w;
    struct ix_wav_reader r;
    begin(&w, 1, 2, 22050, 16);
    data(&w, 400);
    ix_wav_reader_init(&r);
    const uint8_t *p = w.bytes;
    size_t n = w.n, got;
    int16_t pcm[4];
    cr_assert_eq(ix_wav_read(&r, &p, &n, pcm, 4, &got), 0);
    cr_assert(r.ready && r.format.rate_hz == 22050 && r.format.channels == 2 && r.format.bits == 16);
    cr_assert_eq(r.format.frames, 100);
    cr_assert(!r.format.is_float && got == 0);
}

Test(wav, what_cannot_be_played_is_refused_with_a_sentence)
{
    static struct wav w;
    w.n = 0;
    struct ix_wav_reader r;
    ix_wav_reader_init(&r);
    cr_assert_eq(ix_wav_finish(&r), IRISX_E_FORMAT);
    cr_assert_str_eq(r.why, "the file is empty");
    text(&w, "ID3 this is an MP3");
    expect_error(&w, "not a WAV");
    w.n = 7;
    expect_error(&w, "not a WAV");
    begin(&w, 1, 6, 48000, 16);
    data(&w, 12);
    expect_error(&w, "two channels");
    begin(&w, 1, 0, 48000, 16);
    expect_error(&w, "two channels");
    begin(&w, 1, 1, 96000, 16);
    expect_error(&w, "sample rate");
    begin(&w, 1, 1, 0, 16);
    expect_error(&w, "sample rate");
    begin(&w, 2, 1, 8000, 4); /* ADPCM */
    expect_error(&w, "not supported");
    begin(&w, 1, 1, 8000, 12);
    expect_error(&w, "not supported");
    begin(&w, 3, 1, 8000, 64);
    expect_error(&w, "not supported");
}

Test(wav, broken_headers_are_refused_with_a_sentence)
{
    static struct wav w;
    begin(&w, 1, 1, 8000, 16);
    expect_error(&w, "before its audio");
    data(&w, 100);
    expect_error(&w, "no audio");
    w.n = 25;
    expect_error(&w, "before its audio");
    w.n = 0;
    text(&w, "RIFFxxxxWAVE");
    data(&w, 4);
    le(&w, 0, 4);
    expect_error(&w, "no format");
    w.n = 12;
    text(&w, "fmt ");
    le(&w, 2, 4);
    le(&w, 1, 2);
    expect_error(&w, "format chunk is cut off");
    w.n = 12;
    text(&w, "junk");
    le(&w, 0xffffffff, 4); /* a length to the moon */
    text(&w, "and what is there");
    expect_error(&w, "before its audio");
}

Test(wav, a_whole_file_is_loaded_at_the_rate_that_is_wanted)
{
    static struct wav w;
    begin(&w, 1, 2, 11025, 16);
    data(&w, 44100);
    struct ix_tone t;
    ix_tone_init(&t, 11025, (float[2]){ 500.0f, 0.0f }, 0.5f);
    for (int i = 0; i < 11025; i++) {
        int16_t s;
        ix_tone_run(&t, &s, 1);
        le(&w, (uint16_t) s, 2);
        le(&w, (uint16_t) s, 2);
    }
    int16_t *pcm = NULL;
    size_t n = 0;
    const char *why = NULL;
    cr_assert_eq(ix_wav_load(w.bytes, w.n, 16000, &pcm, &n, &why), 0);
    cr_assert_eq(n, 16000);
    cr_assert_float_eq(ix_goertzel(pcm, 16000, 16000, 500.0f), 0.5f, 0.01f);
    ix_free(pcm);
    cr_assert_eq(ix_wav_load(w.bytes, 3, 16000, &pcm, &n, &why), IRISX_E_FORMAT);
    cr_assert_str_eq(why, "not a WAV file");
}

Test(wav, the_header_that_is_written_is_the_header_that_is_read)
{
    static struct wav w;
    ix_wav_header(w.bytes, 16000, 2, 8);
    ix_wav_pack(w.bytes + IX_WAV_HEADER, (int16_t[]){ 100, 300, -2, -4 }, 4);
    w.n = IX_WAV_HEADER + 8;
    expect(&w, (int16_t[]){ 200, -3 }, 2);
    const uint8_t head[] = { 'R', 'I', 'F', 'F', 44, 0, 0, 0, 'W', 'A', 'V', 'E', 'f', 'm', 't', ' ', 16, 0, 0, 0, 1, 0,
        2, 0, 0x80, 0x3e, 0, 0, 0, 0xfa, 0, 0, 4, 0, 16, 0, 'd', 'a', 't', 'a', 8, 0, 0, 0 };
    cr_assert_arr_eq(w.bytes, head, sizeof(head));
}

Test(wav, more_than_a_header_can_say_is_written_as_unknown)
{
    uint8_t out[IX_WAV_HEADER];
    ix_wav_header(out, 8000, 1, UINT64_C(5) << 30);
    cr_assert_arr_eq(out + 40, "\xff\xff\xff\xff", 4);
}
