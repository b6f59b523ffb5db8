/* SPDX-License-Identifier: MIT */
/*
 * Calls over real sockets, as an application makes them: N calls to the echo of a local platform, 20 a second, then so
 * many seconds of sound; what they cost this process (getrusage), what they hold of the heap.
 * usage: media_calls WS_URL REALM USER CALLS SECONDS MODE COMPLEXITY WAV; the password in $IRISX_PASSWORD. MODE:
 * talking, muted, held, g711, delay (one call; pulses are written and listened for, mouth to ear).
 */
#include <irisx/irisx.h>
#include <malloc.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define CALLS_MAX 400
#define RATE 16000
#define STEP 80 /* samples written and read at a time: 5 ms */
#define PULSE_EVERY 143 /* steps: a different phase of the tick each time */

static irisx_client_t *client;
static irisx_line_t *line;
static irisx_call_t *calls[CALLS_MAX];
static irisx_op_t *ops[CALLS_MAX];

static void check(irisx_error_t err, const char *what)
{
    if (err) {
        fprintf(stderr, "media_calls: %s: %s\n", what, irisx_error_text(err));
        exit(2);
    }
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void sleep_until(double at)
{
    struct timespec t = { (time_t) at, (long) ((at - floor(at)) * 1e9) };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL)) {
    }
}

static double cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double) (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + (double) (u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void on_event(irisx_client_t *c, const irisx_event_t *ev, void *ctx)
{
    (void) c, (void) ev, (void) ctx; /* nothing is to be done; the queue shall not fill */
}

static void register_line(char **argv)
{
    irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;
    irisx_line_options_t account = IRISX_LINE_OPTIONS_INIT;
    irisx_op_t *ready = NULL;
    o.on_event = on_event;
    o.max_calls = CALLS_MAX;
    o.realtime = getenv("BENCH_PLAIN") == NULL;
    account.ws_url = argv[1], account.realm = argv[2], account.user = argv[3],
    account.password = getenv("IRISX_PASSWORD");
    check(irisx_client_new(&o, &client), "client");
    check(irisx_line_open(client, &account, &line, &ready), "line");
    check(irisx_op_wait(ready, 20000), "registration");
    irisx_op_unref(ready);
}

static void dial_all(unsigned from, unsigned n, const irisx_call_options_t *o)
{
    double begin = now_s();
    for (unsigned i = from; i < n; i++) {
        sleep_until(begin + (i - from) / 20.0);
        check(irisx_call_dial(line, o, &calls[i], &ops[i]), "dial");
    }
    for (unsigned i = from; i < n; i++)
        check(irisx_op_wait(ops[i], 30000), "call");
    for (unsigned i = from; i < n; i++)
        irisx_op_unref(ops[i]);
}

/* pulses of 10 ms into one call, until they are heard; the echo is next door, so this is mouth to ear of one way */
static void mouth_to_ear(double seconds)
{
    int16_t pulse[STEP], silence[STEP] = { 0 }, heard[4 * STEP];
    double begin = now_s(), said = 0;
    for (int i = 0; i < STEP; i++)
        pulse[i] = (int16_t) (20000.0 * sin(2 * 3.14159265 * 1000 * i / RATE));
    printf("{\"delays_ms\":[");
    const char *comma = "";
    for (unsigned k = 0; k < seconds * RATE / STEP; k++) {
        size_t n = 0, done = 0;
        bool speaks = k % PULSE_EVERY < 2;
        sleep_until(begin + k * (double) STEP / RATE);
        if (k % PULSE_EVERY == 0)
            said = now_s() - (double) STEP / RATE; /* a microphone gives it when it has it all */
        (void) irisx_audio_write(calls[0], speaks ? pulse : silence, STEP, &done);
        while (irisx_audio_read(calls[0], heard, 4 * STEP, &n) == IRISX_OK && n > 0)
            for (size_t i = 0; said > 0 && i < n; i++)
                if (abs(heard[i]) > 3000) {
                    printf("%s%.2f", comma, (now_s() - said) * 1000);
                    comma = ",";
                    said = 0;
                }
    }
    printf("]}\n");
}

int main(int argc, char **argv)
{
    irisx_call_options_t o = IRISX_CALL_OPTIONS_INIT;
    if (argc != 9)
        return 2;
    unsigned n = (unsigned) atoi(argv[4]);
    double seconds = atof(argv[5]);
    const char *mode = argv[6];
    bool delay = !strcmp(mode, "delay");
    if (n == 0 || n > CALLS_MAX)
        return 2;
    register_line(argv);
    o.to = "9196", o.opus_complexity = atoi(argv[7]);
    o.codecs = strcmp(mode, "g711") ? "opus" : "PCMU";
    o.play_file = delay ? NULL : argv[8], o.play_loop = 1;
    o.app_audio = delay;
    unsigned first = n > 8 ? 4 : 1;
    dial_all(0, first, &o);
    sleep_until(now_s() + 3); /* what the first calls bring for all: media threads, rings; DTLS gone, reports begun */
    size_t heap = mallinfo2().uordblks;
    dial_all(first, n, &o);
    if (delay) {
        mouth_to_ear(seconds);
    } else {
        for (unsigned i = 0; i < n && !strcmp(mode, "muted"); i++)
            check(irisx_call_set_mute(calls[i], 1), "mute");
        for (unsigned i = 0; i < n && !strcmp(mode, "held"); i++)
            check(irisx_call_hold(calls[i], 1, NULL), "hold");
        sleep_until(now_s() + 3);
        double cpu = cpu_us(), began = now_s();
        sleep_until(began + seconds);
        cpu = cpu_us() - cpu;
        double took = now_s() - began;
        heap = mallinfo2().uordblks - heap;
        printf("{\"us_per_tick\":%.3f,\"kb_per_call\":%.1f}\n", cpu / n / (took * 50),
            n > first ? (double) heap / 1000 / (n - first) : 0.0);
    }
    fflush(stdout);
    irisx_client_close(client, 5000);
    return 0;
}
