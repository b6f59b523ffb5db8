/* SPDX-License-Identifier: MIT */
/*
 * What the sound of a call costs: media engine, RTP session and SRTP against bare libopus and libsrtp doing the same
 * packets, by getrusage, in virtual time and without sockets. What arrives was protected beforehand; the peer is not
 * measured. usage: media_cost CALLS SECONDS MODE COMPLEXITY; MODE: opus, g711, muted, quiet; floor-opus, floor-g711:
 * the bare libraries alone, every 20 ms. Prints one line of JSON.
 */
#include <malloc.h>
#include <math.h>
#include <opus/opus.h>
#include <srtp2/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "audio/audio.h"
#include "media/media.h"
#include "rtp/rtp.h"

#define RATE 16000
#define FRAME 320
#define PACKET_MAX 512
#define START (1000 * IX_S)

struct packet {
    uint16_t len;
    uint8_t bytes[PACKET_MAX];
};

struct call {
    struct ix_party *party;
    struct ix_rtp *rtp;
    struct ix_pcm_ring *source;
    struct packet *in; /* one a tick */
};

struct run {
    unsigned calls, ticks;
    bool opus, muted, quiet;
    uint8_t complexity;
    int16_t *speech;
    size_t speech_n;
    struct ix_prng prng;
    struct ix_rng rng;
    struct ix_media *engine;
    struct call *call;
    uint64_t sent;
};

static const uint8_t keys[2][30] = { "ours-ours-ours-ours-ours-ours", "peer-peer-peer-peer-peer-peer" };
static size_t allocations;

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "bench media: %s\n", what);
    exit(2);
}

static void *counted_alloc(size_t n, void *ctx)
{
    (void) ctx;
    allocations++;
    return malloc(n);
}

static void *counted_realloc(void *p, size_t n, void *ctx)
{
    (void) ctx;
    allocations++;
    return realloc(p, n);
}

static void plain_free(void *p, void *ctx)
{
    (void) ctx;
    free(p);
}

static double cpu_us(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double) (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + (double) (u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void load_speech(struct run *r, const char *name)
{
    FILE *f = fopen(name, "rb");
    static uint8_t bytes[8 << 20];
    size_t n = f ? fread(bytes, 1, sizeof(bytes), f) : 0;
    const char *why = "cannot be read";
    if (f)
        fclose(f);
    if (ix_wav_load(bytes, n, RATE, &r->speech, &r->speech_n, &why) || r->speech_n < FRAME)
        fail(why);
}

/* a frame of the talker, or of a room where nobody talks */
static void sound(const struct run *r, unsigned tick, int16_t *pcm, struct ix_rng *rng)
{
    if (!r->quiet) {
        memcpy(pcm, r->speech + tick % (r->speech_n / FRAME) * FRAME, FRAME * sizeof(*pcm));
        return;
    }
    for (int i = 0; i < FRAME; i++)
        pcm[i] = (int16_t) ((int) ix_rng_below(rng, 41) - 20);
}

static struct ix_rtp *session(struct run *r, bool ours)
{
    static const struct ix_rtp_payload map[] = { { 111, IX_FRAME_AUDIO, IX_CODEC_OPUS, 48000 },
        { 0, IX_FRAME_AUDIO, IX_CODEC_PCMU, 8000 } };
    struct ix_rtp_config c = { .rng = &r->rng, .cname = "bench", .rtcp_interval_ms = 5000 };
    struct ix_rtp *rtp = NULL;
    if (ix_rtp_new(&c, &rtp) || ix_rtp_set_payloads(rtp, map, IX_COUNT(map)) ||
        ix_rtp_set_keys(rtp, keys[ours ? 0 : 1], keys[ours ? 1 : 0]))
        fail("no memory");
    ix_rtp_set_send(rtp, r->opus ? 111 : 0, 0xff, 0xff);
    return rtp;
}

static struct ix_encoder_config encoder_of(const struct run *r)
{
    return (struct ix_encoder_config){
        .codec = r->opus ? IX_CODEC_OPUS : IX_CODEC_PCMU, .rate_hz = RATE, .complexity = r->complexity
    };
}

/* what the peer will send: talk, protected beforehand */
static void prepare_peer(struct run *r, struct call *c)
{
    struct ix_encoder_config config = encoder_of(r);
    struct ix_encoder *e = NULL;
    struct ix_rtp *peer = session(r, false);
    struct ix_rtp_out out;
    if (ix_encoder_new(&e) || ix_encoder_set(e, &config))
        fail("no memory");
    c->in = calloc(r->ticks, sizeof(*c->in));
    for (unsigned t = 0; c->in && t < r->ticks; t++) {
        struct ix_frame f = { .kind = IX_FRAME_AUDIO, .codec = config.codec, .payload_type = 0xff };
        f.timestamp = t * (r->opus ? 960u : 160u);
        f.len =
            (uint16_t) ix_encoder_frame(e, r->speech + t % (r->speech_n / FRAME) * FRAME, f.payload, sizeof(f.payload));
        (void) ix_rtp_send(peer, &f, (struct ix_now){ START + t * 20 * IX_MS, 0 });
        while (ix_rtp_poll(peer, &out)) {
            c->in[t].len = (uint16_t) IX_MIN(out.len, (size_t) PACKET_MAX);
            memcpy(c->in[t].bytes, out.data, c->in[t].len);
        }
    }
    ix_encoder_free(e);
    ix_rtp_free(peer);
}

static void command(struct run *r, unsigned i, struct ix_media_cmd cmd)
{
    cmd.party_id = i + 1;
    if (ix_party_equip(r->call[i].party, &cmd))
        fail("no memory");
    ix_media_command(r->engine, &cmd, (struct ix_now){ START, 0 });
}

static void start_call(struct run *r, unsigned i)
{
    struct call *c = &r->call[i];
    struct ix_party_options o = { .seed = i };
    c->rtp = session(r, true);
    c->source = ix_pcm_ring_new(4 * FRAME);
    if (!c->source || ix_party_new(&o, &c->party))
        fail("no memory");
    command(r, i, (struct ix_media_cmd){ .kind = IX_MEDIA_ADD, .u.add.party = c->party });
    command(r, i,
        (struct ix_media_cmd){ .kind = IX_MEDIA_CODEC,
            .u.codec = { .codec = r->opus ? IX_CODEC_OPUS : IX_CODEC_PCMU,
                .clock_hz = r->opus ? 48000 : 8000,
                .dtx = r->quiet,
                .complexity = r->complexity,
                .send = true,
                .receive = true } });
    command(r, i, (struct ix_media_cmd){ .kind = IX_MEDIA_SOURCE, .u.source = { IX_SOURCE_RING, c->source, RATE } });
    command(r, i, (struct ix_media_cmd){ .kind = IX_MEDIA_MUTE, .u.mute.on = r->muted });
}

static void send_all(struct run *r, struct ix_now now)
{
    struct ix_media_out out;
    struct ix_rtp_out packet;
    while (ix_media_poll(r->engine, &out)) {
        if (out.kind != IX_MEDIA_OUT_FRAME)
            continue;
        struct ix_rtp *rtp = r->call[out.party_id - 1].rtp;
        r->sent += ix_rtp_send(rtp, out.frame, now) == 0;
        while (ix_rtp_poll(rtp, &packet)) {
        }
    }
}

static void one_tick(struct run *r, unsigned t)
{
    struct ix_now now = { START + t * 20 * IX_MS, 0 };
    struct ix_rtp_out out;
    int16_t pcm[FRAME];
    for (unsigned i = 0; i < r->calls; i++) {
        struct call *c = &r->call[i];
        sound(r, t, pcm, &r->rng);
        (void) ix_pcm_ring_write(c->source, pcm, FRAME);
        ix_rtp_input(c->rtp, c->in[t].bytes, c->in[t].len, now.mono_us, now);
        while (ix_rtp_poll(c->rtp, &out))
            if (out.kind == IX_RTP_OUT_FRAME)
                ix_media_frame(r->engine, i + 1, out.frame, now);
    }
    for (uint64_t at = ix_media_deadline(r->engine); at < now.mono_us + 20 * IX_MS; at = ix_media_deadline(r->engine)) {
        ix_media_tick(r->engine, (struct ix_now){ at, 0 });
        send_all(r, (struct ix_now){ at, 0 });
    }
}

/* ---- the floor: the same packets through the bare libraries ------------------------------- */
static srtp_t bare_srtp(const uint8_t *key, bool out)
{
    srtp_policy_t p = { 0 };
    srtp_t s = NULL;
    srtp_crypto_policy_set_rtp_default(&p.rtp);
    srtp_crypto_policy_set_rtcp_default(&p.rtcp);
    p.ssrc.type = out ? ssrc_any_outbound : ssrc_any_inbound;
    p.key = (uint8_t *) (uintptr_t) key;
    p.window_size = 1024;
    if (srtp_create(&s, &p) != srtp_err_status_ok)
        fail("srtp_create");
    return s;
}

static OpusEncoder *bare_encoder(const struct run *r)
{
    int err, complexity = r->complexity == 0xff ? IX_OPUS_COMPLEXITY : r->complexity;
    OpusEncoder *e = opus_encoder_create(RATE, 1, OPUS_APPLICATION_AUDIO, &err);
    if (!e)
        fail("opus_encoder_create");
    opus_encoder_ctl(e, OPUS_SET_COMPLEXITY(complexity));
    opus_encoder_ctl(e, OPUS_SET_BITRATE(IX_OPUS_BITRATE));
    opus_encoder_ctl(e, OPUS_SET_MAX_BANDWIDTH(OPUS_BANDWIDTH_WIDEBAND));
    opus_encoder_ctl(e, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
    return e;
}

struct bare {
    srtp_t in, out;
    OpusEncoder *encoder;
    OpusDecoder *decoder;
    uint16_t seq;
};

static void bare_tick(const struct run *r, struct bare *b, const struct call *c, unsigned t)
{
    int16_t pcm[FRAME];
    _Alignas(8) uint8_t packet[PACKET_MAX + 256] = { 0x80, r->opus ? 111 : 0 };
    int n = c->in[t].len;
    memcpy(packet, c->in[t].bytes, (size_t) n);
    if (srtp_unprotect(b->in, packet, &n) != srtp_err_status_ok)
        fail("srtp_unprotect");
    if (r->opus && opus_decode(b->decoder, packet + 12, n - 12, pcm, FRAME, 0) != FRAME)
        fail("opus_decode");
    memset(packet, 0, 12);
    packet[0] = 0x80;
    b->seq++;
    packet[2] = (uint8_t) (b->seq >> 8);
    packet[3] = (uint8_t) b->seq;
    n = 160;
    if (r->opus)
        n = opus_encode(b->encoder, r->speech + t % (r->speech_n / FRAME) * FRAME, FRAME, packet + 12, PACKET_MAX - 12);
    n += 12;
    if (srtp_protect(b->out, packet, &n) != srtp_err_status_ok)
        fail("srtp_protect");
}

static void wait_for_tick(struct timespec *at)
{
    at->tv_nsec += 20000000;
    if (at->tv_nsec >= 1000000000) {
        at->tv_nsec -= 1000000000;
        at->tv_sec++;
    }
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, at, NULL)) {
    }
}

/* paced: every 20 ms, as calls are, with the caches as cold */
static double floor_cost(const struct run *r, bool paced)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    struct bare *all = calloc(r->calls, sizeof(*all));
    int err;
    for (unsigned i = 0; i < r->calls; i++)
        all[i] = (struct bare){ bare_srtp(keys[1], false), bare_srtp(keys[0], true), bare_encoder(r),
            opus_decoder_create(RATE, 1, &err), 0 };
    double before = cpu_us();
    for (unsigned t = 0; t < r->ticks; t++) {
        for (unsigned i = 0; i < r->calls; i++)
            bare_tick(r, &all[i], &r->call[i], t);
        if (paced)
            wait_for_tick(&at);
    }
    double took = cpu_us() - before;
    for (unsigned i = 0; i < r->calls; i++) {
        srtp_dealloc(all[i].in), srtp_dealloc(all[i].out);
        opus_encoder_destroy(all[i].encoder), opus_decoder_destroy(all[i].decoder);
    }
    free(all);
    return took;
}

static unsigned number(const char *text, long most)
{
    char *end;
    long v = strtol(text, &end, 10);
    if (*end || v < 0 || v > most)
        fail("a number is out of range");
    return (unsigned) v;
}

int main(int argc, char **argv)
{
    static const struct ix_allocator counting = { counted_alloc, counted_realloc, plain_free, NULL };
    struct run r = { 0 };
    if (argc != 5)
        fail("usage: media_cost CALLS SECONDS MODE COMPLEXITY");
    ix_set_allocator(&counting);
    r.calls = number(argv[1], 1000), r.ticks = number(argv[2], 600) * 50, r.complexity = (uint8_t) number(argv[4], 255);
    bool floor_only = !strncmp(argv[3], "floor-", 6);
    argv[3] += floor_only ? 6 : 0;
    r.opus = strcmp(argv[3], "g711") != 0, r.muted = !strcmp(argv[3], "muted"), r.quiet = !strcmp(argv[3], "quiet");
    ix_prng_seed(&r.prng, 1);
    r.rng = ix_prng_rng(&r.prng);
    load_speech(&r, "/usr/share/asterisk/sounds/en_US_f_Allison/demo-congrats.wav");
    r.call = calloc(r.calls, sizeof(*r.call));
    if (!r.call || ix_rtp_global_init() || ix_media_new(NULL, r.calls, &r.engine))
        fail("no memory");
    for (unsigned i = 0; i < r.calls; i++)
        prepare_peer(&r, &r.call[i]);
    double each = (double) r.calls * r.ticks;
    if (floor_only) {
        printf("{\"floor_us\":%.3f}\n", floor_cost(&r, true) / each);
        return 0;
    }
    size_t heap = mallinfo2().uordblks;
    for (unsigned i = 0; i < r.calls; i++)
        start_call(&r, i);
    heap = mallinfo2().uordblks - heap;
    one_tick(&r, 0);
    allocations = 0;
    double before = cpu_us();
    for (unsigned t = 1; t < r.ticks; t++)
        one_tick(&r, t);
    double ours = (cpu_us() - before) * r.ticks / (r.ticks - 1);
    size_t in_path = allocations;
    double floor_us = floor_cost(&r, false);
    printf("{\"ours_us\":%.3f,\"floor_us\":%.3f,\"kb_per_call\":%.1f,\"allocations\":%zu,\"sent\":%llu}\n", ours / each,
        floor_us / each, (double) heap / 1024 / r.calls, in_path, (unsigned long long) r.sent);
    return 0; /* the kernel takes the rest back */
}
