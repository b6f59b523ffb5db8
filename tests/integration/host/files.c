/* SPDX-License-Identifier: MIT */
/* Files of calls: read ahead into rings, written behind them, by a thread of their own or by the caller's. */
#include <criterion/criterion.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "audio/audio.h"
#include "host/host.h"
#include "oom.h"
#include "support/certs.h"

/* All runs without threads: the test is the only one who can look. One test below does the same with threads. */
static struct ix_host *host;
static char folder[200], path[256];
static int opened, opened_err, failed, failed_err, closed, closed_err;
static char detail_text[400];

static void setup(void)
{
    temp_folder(folder);
    snprintf(path, sizeof path, "%s/sound.wav", folder);
    cr_assert_eq(ix_host_new(&(struct ix_host_options){ .zero_thread = true }, &host), 0);
}

static void teardown(void)
{
    ix_host_free(host);
    temp_folder_remove(folder);
}

TestSuite(files, .init = setup, .fini = teardown, .timeout = 60);

static void on_opened(void *ctx, int err, const char *detail)
{
    (void) ctx;
    opened++;
    opened_err = err;
    snprintf(detail_text, sizeof detail_text, "%s", detail != NULL ? detail : "");
}

static void on_failed(void *ctx, int err, const char *detail)
{
    (void) ctx;
    failed++;
    failed_err = err;
    snprintf(detail_text, sizeof detail_text, "%s", detail != NULL ? detail : "");
}

static void on_closed(void *ctx, int err, const char *detail)
{
    (void) ctx;
    (void) detail;
    closed++;
    closed_err = err;
}

static void turn(void)
{
    struct pollfd p = { .fd = ix_host_fd(host), .events = POLLIN };
    (void) poll(&p, 1, ix_host_timeout_ms(host));
    cr_assert_eq(ix_host_run_once(host), 0);
}

static void until(const int *what)
{
    while (*what == 0)
        turn();
}

static void write_wav(uint32_t rate, uint16_t channels, size_t frames)
{
    uint8_t head[IX_WAV_HEADER];
    FILE *f = fopen(path, "w");
    cr_assert_not_null(f);
    ix_wav_header(head, rate, channels, frames * channels * 2);
    fwrite(head, sizeof head, 1, f);
    for (size_t i = 0; i < frames * channels; i++) {
        int16_t sample = (int16_t) (i / channels % 1000);
        uint8_t bytes[2];
        ix_wav_pack(bytes, &sample, 1);
        fwrite(bytes, sizeof bytes, 1, f);
    }
    fclose(f);
}

static struct ix_play *play(bool again)
{
    struct ix_play *p;
    opened = 0;
    cr_assert_eq(ix_play_open(host, path, again, on_opened, NULL, &p), 0);
    cr_assert_eq(opened, 0, "never from inside");
    until(&opened);
    return p;
}

/* takes n samples, as a media thread would */
static size_t take(struct ix_pcm_ring *ring, size_t n)
{
    int16_t pcm[160];
    size_t got = 0;
    while (got < n && !ix_pcm_ring_ended(ring)) {
        size_t count = ix_pcm_ring_read(ring, pcm, IX_MIN(n - got, IX_COUNT(pcm)));
        for (size_t i = 0; i < count; i++)
            cr_assert_eq(pcm[i], (int16_t) ((got + i) % 1000), "sample %zu", got + i);
        got += count;
        if (count == 0)
            turn();
    }
    return got;
}

Test(files, a_wav_is_played_to_its_end_whatever_its_length)
{
    static const size_t lengths[] = { 1, 999, 8000, 44000 };
    for (size_t i = 0; i < IX_COUNT(lengths); i++) {
        write_wav(8000, 1, lengths[i]);
        struct ix_play *p = play(false);
        cr_assert_eq(opened_err, 0, "%s", detail_text);
        cr_assert_eq(ix_play_rate(p), 8000);
        cr_assert_geq(ix_pcm_ring_used(ix_play_ring(p)), IX_MIN(lengths[i], 2000u), "a quarter of a second is there from the start");
        cr_assert_eq(take(ix_play_ring(p), 100000), lengths[i]);
        ix_play_close(p);
    }
}

Test(files, a_repeated_wav_begins_again_without_a_gap)
{
    write_wav(16000, 2, 3000);
    struct ix_play *p = play(true);
    cr_assert_eq(opened_err, 0);
    cr_assert_eq(take(ix_play_ring(p), 64000), 64000);
    cr_assert_eq(ix_play_rate(p), 16000);
    ix_play_close(p);
}

static void write_text(const char *text)
{
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
}

static void expect_refusal(int err, const char *words)
{
    struct ix_play *p = play(false);
    cr_assert_eq(opened_err, err, "%s %s", ix_error_name(opened_err), detail_text);
    cr_assert_not_null(strstr(detail_text, words), "%s", detail_text);
    cr_assert_not_null(strstr(detail_text, path), "%s", detail_text);
    ix_play_close(p);
}

Test(files, what_cannot_be_played_is_told_with_a_sentence)
{
    expect_refusal(IRISX_E_NOT_FOUND, "no such file");
    write_text("");
    expect_refusal(IRISX_E_FORMAT, "");
    write_text("this is text, not sound; long enough to hold a header if it were one");
    expect_refusal(IRISX_E_FORMAT, "");
    snprintf(path, sizeof path, "%s", folder);
    expect_refusal(IRISX_E_IO, "directory");
}

Test(files, closed_before_it_was_opened_it_is_told_so)
{
    struct ix_play *p;
    write_wav(8000, 1, 100);
    cr_assert_eq(ix_play_open(host, path, false, on_opened, NULL, &p), 0);
    ix_play_close(p);
    until(&opened);
    cr_assert_eq(opened_err, IRISX_E_CANCELLED);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(ix_host_run_once(host), 0);
    cr_assert_eq(opened, 1);
}

/* ---- recording --------------------------------------------------------------------------- */

static struct ix_record *record(uint16_t channels)
{
    struct ix_record *r;
    opened = 0;
    cr_assert_eq(ix_record_open(host, path, 8000, channels, on_opened, on_failed, NULL, &r), 0);
    until(&opened);
    return r;
}

static void say(struct ix_pcm_ring *ring, size_t n, int16_t from)
{
    for (size_t i = 0; i < n; i++) {
        int16_t sample = (int16_t) (from + (int16_t) i);
        cr_assert_eq(ix_pcm_ring_write(ring, &sample, 1), 1);
    }
}

static uint8_t bytes[400000];

static size_t read_back(uint32_t *announced)
{
    FILE *f = fopen(path, "r");
    cr_assert_not_null(f);
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    cr_assert_geq(n, IX_WAV_HEADER);
    struct ix_reader r = ix_reader(bytes + 40, 4);
    *announced = ix_read_u32le(&r);
    return n - IX_WAV_HEADER;
}

static int16_t sample_at(size_t i)
{
    return (int16_t) (uint16_t) (bytes[IX_WAV_HEADER + 2 * i] | bytes[IX_WAV_HEADER + 2 * i + 1] << 8);
}

Test(files, what_is_recorded_is_in_the_file_when_closed_is_told)
{
    uint32_t announced;
    struct ix_record *r = record(1);
    cr_assert_eq(opened_err, 0);
    say(ix_record_ring(r, 0), 12345, 0);
    cr_assert_null(ix_record_ring(r, 1));
    ix_record_close(r, on_closed, NULL);
    until(&closed);
    cr_assert_eq(closed_err, 0);
    cr_assert_eq(read_back(&announced), 12345 * 2);
    cr_assert_eq(announced, 12345 * 2);
    cr_assert_eq(sample_at(12344), 12344);
    cr_assert_eq(failed, 0);
}

Test(files, two_channels_are_interleaved_and_the_shorter_one_is_silent_at_the_end)
{
    uint32_t announced;
    struct ix_record *r = record(2);
    say(ix_record_ring(r, 0), 1000, 1);
    say(ix_record_ring(r, 1), 700, 5001);
    turn();
    ix_record_close(r, on_closed, NULL);
    until(&closed);
    cr_assert_eq(read_back(&announced), 1000 * 4);
    cr_assert_eq(announced, 1000 * 4);
    cr_assert_eq(sample_at(0), 1);
    cr_assert_eq(sample_at(1), 5001);
    cr_assert_eq(sample_at(2 * 699 + 1), 5700);
    cr_assert_eq(sample_at(2 * 999), 1000);
    cr_assert_eq(sample_at(2 * 999 + 1), 0);
}

Test(files, a_crash_leaves_a_playable_recording)
{
    uint32_t announced = 0;
    struct ix_record *r = record(1);
    uint64_t give_up = ix_clock_now().mono_us + 10 * IX_S;
    say(ix_record_ring(r, 0), 8000, 0);
    while (announced == 0 && ix_clock_now().mono_us < give_up) { /* the header follows within a second */
        turn();
        (void) read_back(&announced);
    }
    cr_assert_eq(announced, 16000);
    ix_record_close(r, NULL, NULL);
}

Test(files, a_disk_that_fills_up_keeps_what_was_written_before)
{
    const struct rlimit small = { .rlim_cur = IX_WAV_HEADER + 9000, .rlim_max = RLIM_INFINITY };
    const struct rlimit large = { .rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY };
    uint32_t announced;
    struct ix_record *r = record(1);
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    say(ix_record_ring(r, 0), 8000, 0);
    until(&failed);
    cr_assert_eq(failed_err, IRISX_E_DISK_FULL, "%s", detail_text);
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &large), 0);
    ix_record_close(r, on_closed, NULL);
    until(&closed);
    cr_assert_eq(failed, 1);
    size_t there = read_back(&announced);
    cr_assert_eq(there, announced, "%zu bytes, %u announced", there, announced);
    cr_assert_gt(there, 7000);
    cr_assert_eq(sample_at(there / 2 - 1), (int16_t) (there / 2 - 1));
}

Test(files, a_full_device_is_told_at_the_opening)
{
    snprintf(path, sizeof path, "/dev/full");
    struct ix_record *r = record(1);
    cr_assert_eq(opened_err, IRISX_E_DISK_FULL, "%s", detail_text);
    cr_assert_not_null(strstr(detail_text, "the disk is full"));
    ix_record_close(r, on_closed, NULL);
    until(&closed);
    cr_assert_eq(failed, 0);
}

Test(files, a_place_that_cannot_be_written_is_told)
{
    snprintf(path, sizeof path, "/nowhere/at/all.wav");
    struct ix_record *r = record(1);
    cr_assert_eq(opened_err, IRISX_E_NOT_FOUND, "%s", detail_text);
    ix_record_close(r, NULL, NULL);
}

Test(files, the_end_of_the_host_finishes_open_recordings)
{
    uint32_t announced;
    struct ix_record *r = record(1);
    say(ix_record_ring(r, 0), 500, 0);
    ix_host_free(host);
    cr_assert_eq(read_back(&announced), 1000);
    cr_assert_eq(announced, 1000);
    cr_assert_eq(ix_host_new(&(struct ix_host_options){ .zero_thread = true }, &host), 0); /* for the end of the test */
}

/* ---- spools ------------------------------------------------------------------------------ */

Test(files, a_spool_keeps_the_order_and_its_mode)
{
    struct ix_spool *s;
    struct stat st;
    char text[16];
    cr_assert_eq(ix_spool_open(host, path, 0600, &s), 0);
    for (int i = 0; i < 1000; i++)
        ix_spool_write(s, text, (size_t) snprintf(text, sizeof text, "%05d\n", i));
    ix_spool_close(s, on_closed, NULL);
    until(&closed);
    cr_assert_eq(closed_err, 0);
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600);
    FILE *f = fopen(path, "r");
    for (int i = 0; i < 1000; i++) {
        int got = -1;
        cr_assert_eq(fscanf(f, "%d", &got), 1);
        cr_assert_eq(got, i);
    }
    fclose(f);
}

Test(files, a_spool_that_cannot_be_written_is_told_at_once)
{
    struct ix_spool *s = NULL;
    cr_assert_eq(ix_spool_open(host, "/nowhere/at/all", 0600, &s), IRISX_E_NOT_FOUND);
    cr_assert_null(s);
}

Test(files, a_spool_on_a_full_disk_tells_it_when_closed)
{
    struct ix_spool *s;
    cr_assert_eq(ix_spool_open(host, "/dev/full", 0600, &s), 0);
    ix_spool_write(s, "x", 1);
    ix_spool_close(s, on_closed, NULL);
    until(&closed);
    cr_assert_eq(closed_err, IRISX_E_DISK_FULL);
}

/* ---- out of memory ------------------------------------------------------------------------ */

static int record_and_play(void *arg)
{
    struct ix_record *r;
    struct ix_play *p;
    (void) arg;
    opened = opened_err = closed = 0;
    int err = ix_host_new(&(struct ix_host_options){ .zero_thread = true, .max_parties = 2 }, &host);
    if (err != 0)
        return err;
    err = ix_record_open(host, path, 8000, 2, on_opened, on_failed, NULL, &r);
    if (err == 0) {
        until(&opened);
        err = opened_err;
        ix_record_close(r, on_closed, NULL);
        until(&closed); /* told whatever happens */
    }
    opened = 0;
    if (err == 0)
        err = ix_play_open(host, path, false, on_opened, NULL, &p);
    if (err == 0) {
        until(&opened);
        err = opened_err == IRISX_E_FORMAT ? 0 : opened_err; /* no audio was recorded */
        ix_play_close(p);
    }
    ix_host_free(host);
    return err;
}

Test(files, every_allocation_for_files_may_fail)
{
    ix_host_free(host);
    cr_assert_eq(oom_run(record_and_play, NULL), 0);
    cr_assert_eq(ix_host_new(&(struct ix_host_options){ .zero_thread = true }, &host), 0); /* for the end of the test */
}

/* ---- the same with threads --------------------------------------------------------------- */

static atomic_int threaded_closed;

static void on_threaded_closed(void *ctx, int err, const char *detail)
{
    (void) detail;
    cr_assert_eq(err, 0);
    cr_assert(ix_host_on_own_thread(ctx));
    atomic_fetch_add(&threaded_closed, 1);
}

Test(files, with_threads_the_file_thread_does_it_and_the_call_loop_is_told)
{
    struct ix_host *h;
    struct ix_record *r;
    uint32_t announced;
    cr_assert_eq(ix_host_new(&(struct ix_host_options){ 0 }, &h), 0);
    cr_assert_eq(ix_record_open(h, path, 8000, 1, NULL, NULL, NULL, &r), 0);
    say(ix_record_ring(r, 0), 4000, 0);
    ix_record_close(r, on_threaded_closed, h);
    while (atomic_load(&threaded_closed) == 0)
        sched_yield();
    cr_assert_eq(read_back(&announced), 8000);
    cr_assert_eq(announced, 8000);
    ix_host_free(h);
}
