/* SPDX-License-Identifier: MIT */
/*
 * Replays one packet-arrival trace through the real receive path (media engine, jitter buffer, decoder) in virtual time
 * and prints what happened as one line of JSON. tools/bench/jitter.py is its front: it reads the arguments of
 * `./dev bench jitter`, and measures the sound that is written here.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/engine.h"

#define RATE MIX_WIDE_HZ
#define FRAME (RATE / TICKS_PER_S)
#define FRAME_US (20 * IX_MS)
#define PACKETS_MAX (3600u * 50)
#define SOUND_MAX ((size_t) 120 * RATE)
#define START (1000 * IX_S)
#define PAUSE_US (30 * IX_MS) /* sent so much later than the numbers say: the sender paused */

struct packet {
    uint32_t seq;
    int64_t send_us, arrival_us; /* arrival_us < 0: lost */
    uint32_t index; /* frame of the speech */
};

struct payload {
    uint16_t len;
    uint8_t bytes[IX_FRAME_MAX];
};

struct options {
    const char *trace, *speech, *heard, *clean;
    unsigned min_ms, max_ms, target_ms, loss, phase_us;
    bool fixed, fec_auto;
};

struct result {
    struct ix_media_stats stats;
    uint32_t *delays; /* of each packet that was taken out, microseconds */
    size_t delay_n;
    uint64_t ticks;
};

static _Noreturn void fail(const char *what, const char *name)
{
    fprintf(stderr, "bench jitter: %s: %s\n", name, what);
    exit(2);
}

/* ---- the trace ----------------------------------------------------------------------------- */
static bool field(char **at, int64_t *out)
{
    char *end;
    *out = strtoll(*at, &end, 10);
    bool any = end != *at;
    while (*end == ' ' || *end == '\r')
        end++;
    *at = *end == ',' ? end + 1 : end;
    return any;
}

static bool parse_line(char *line, struct packet *p)
{
    int64_t seq;
    char *at = line;
    if (!field(&at, &seq) || !field(&at, &p->send_us) || seq < 0)
        return false;
    p->seq = (uint32_t) seq;
    if (!field(&at, &p->arrival_us))
        p->arrival_us = -1;
    return *at == '\0' || *at == '\n';
}

static struct packet *load_trace(const char *name, size_t *n)
{
    char line[256];
    FILE *f = fopen(name, "r");
    size_t cap = 1024;
    struct packet *list = malloc(cap * sizeof(*list));
    if (!f || !list || !fgets(line, sizeof(line), f))
        fail("cannot be read", name);
    if (strncmp(line, "seq,send_us,arrival_us", 22) != 0)
        fail("the first line must be seq,send_us,arrival_us", name);
    for (*n = 0; fgets(line, sizeof(line), f);) {
        if (line[0] == '\n' || line[0] == '\r')
            continue;
        if (*n == PACKETS_MAX)
            fail("more than an hour of packets", name);
        if (*n == cap && !(list = realloc(list, (cap *= 2) * sizeof(*list))))
            fail("no memory", name);
        if (!parse_line(line, &list[(*n)++]))
            fail("a line is not number,number,number (the last may be empty)", name);
    }
    fclose(f);
    if (*n < 10)
        fail("fewer than ten packets", name);
    return list;
}

static int by_send(const void *a, const void *b)
{
    const struct packet *x = a, *y = b;
    return x->send_us < y->send_us ? -1 : x->send_us > y->send_us ? 1 : (x->seq > y->seq) - (x->seq < y->seq);
}

static int by_arrival(const void *a, const void *b)
{
    const struct packet *x = a, *y = b;
    return x->arrival_us < y->arrival_us ? -1 : x->arrival_us > y->arrival_us ? 1 : by_send(a, b);
}

/* frames by number; where the sender paused the time line goes on and the numbers do not */
static uint32_t number_frames(struct packet *list, size_t n)
{
    qsort(list, n, sizeof(*list), by_send);
    list[0].index = 0;
    for (size_t i = 1; i < n; i++) {
        uint32_t step = (uint16_t) (list[i].seq - list[i - 1].seq);
        int64_t late = list[i].send_us - list[i - 1].send_us - (int64_t) step * FRAME_US;
        if (step > 3000)
            step = 1;
        else if (late > (int64_t) PAUSE_US)
            step += (uint32_t) ((late + FRAME_US / 2) / FRAME_US);
        list[i].index = list[i - 1].index + step;
    }
    return list[n - 1].index + 1;
}

static unsigned loss_of(const struct packet *list, size_t n)
{
    size_t lost = 0;
    for (size_t i = 0; i < n; i++)
        lost += list[i].arrival_us < 0;
    return (unsigned) ((lost * 100 + n - 1) / n);
}

/* ---- sound --------------------------------------------------------------------------------- */
static int16_t *load_speech(const char *name, size_t *n)
{
    FILE *f = fopen(name, "rb");
    if (!f)
        fail("cannot be read", name);
    size_t cap = 64u << 20;
    uint8_t *bytes = malloc(cap);
    size_t got = bytes ? fread(bytes, 1, cap, f) : 0;
    fclose(f);
    int16_t *pcm = NULL;
    const char *why = "not a WAV file";
    if (ix_wav_load(bytes, got, RATE, &pcm, n, &why) || *n < FRAME)
        fail(why, name);
    free(bytes);
    return pcm;
}

static struct payload *encode(const int16_t *speech, size_t n, uint32_t frames, unsigned loss)
{
    struct ix_encoder *e = NULL;
    struct ix_encoder_config c = {
        .codec = IX_CODEC_OPUS, .rate_hz = RATE, .complexity = 0xff, .loss_percent = (uint8_t) loss, .fec = loss > 0
    };
    struct payload *list = calloc(frames, sizeof(*list));
    if (!list || ix_encoder_new(&e) || ix_encoder_set(e, &c))
        fail("no memory", "encoder");
    size_t whole = n / FRAME;
    for (uint32_t i = 0; i < frames; i++) {
        int len = ix_encoder_frame(e, speech + i % whole * FRAME, list[i].bytes, sizeof(list[i].bytes));
        list[i].len = (uint16_t) IX_MAX(len, 0);
    }
    ix_encoder_free(e);
    return list;
}

/* what is compared in the end, and a file if one is wanted */
struct sound {
    int16_t *pcm; /* of the first two minutes */
    size_t n;
    FILE *wav;
};

static struct sound sound_begin(const char *name)
{
    uint8_t head[IX_WAV_HEADER];
    struct sound s = { .pcm = malloc(SOUND_MAX * sizeof(int16_t)), .wav = name ? fopen(name, "wb") : NULL };
    if (!s.pcm || (name && !s.wav))
        fail("cannot be written", name ? name : "memory");
    ix_wav_header(head, RATE, 1, 0);
    if (s.wav)
        fwrite(head, 1, sizeof(head), s.wav);
    return s;
}

static void sound_add(struct sound *s, const int16_t *pcm, size_t n)
{
    size_t more = IX_MIN(n, SOUND_MAX - s->n);
    memcpy(s->pcm + s->n, pcm, more * sizeof(*pcm));
    s->n += more;
    if (s->wav)
        fwrite(pcm, sizeof(*pcm), n, s->wav);
}

static void sound_end(struct sound *s, const char *name)
{
    uint8_t head[IX_WAV_HEADER];
    if (!s->wav)
        return;
    ix_wav_header(head, RATE, 1, (uint64_t) ftell(s->wav) - IX_WAV_HEADER);
    rewind(s->wav);
    bool bad = fwrite(head, 1, sizeof(head), s->wav) != sizeof(head) || ferror(s->wav);
    if (fclose(s->wav) || bad)
        fail("cannot be written", name);
}

/* what the same packets say when none is lost and none is late */
static void decode_clean(struct sound *out, const struct payload *frames, uint32_t n)
{
    struct ix_decoder *d = NULL;
    int16_t pcm[FRAME];
    if (ix_decoder_new(&d))
        fail("no memory", "decoder");
    ix_decoder_reset(d, RATE);
    for (uint32_t i = 0; i < n; i++) {
        int got = ix_decoder_frame(d, IX_CODEC_OPUS, frames[i].bytes, frames[i].len, pcm, FRAME);
        sound_add(out, pcm, (size_t) IX_MAX(got, 0));
    }
    ix_decoder_free(d);
}

/* ---- the receive path ---------------------------------------------------------------------- */
struct receiver {
    struct sound *sound;
    struct ix_media *engine;
    struct ix_party *party;
    struct ix_pcm_ring *ring;
};

static struct ix_now at(uint64_t us)
{
    return (struct ix_now){ us, (int64_t) us };
}

static void receiver_start(struct receiver *r, const struct options *o)
{
    struct ix_party_options p = {
        .min_delay_ms = o->min_ms, .max_delay_ms = o->max_ms, .target_delay_ms = o->target_ms, .fixed_delay = o->fixed
    };
    struct ix_media_cmd add = { .kind = IX_MEDIA_ADD, .party_id = 1 },
                        codec = { .kind = IX_MEDIA_CODEC, .party_id = 1 };
    struct ix_media_cmd sink = { .kind = IX_MEDIA_SINK, .party_id = 1 };
    r->ring = ix_pcm_ring_new(RATE);
    if (!r->ring || ix_media_new(NULL, 1, &r->engine) || ix_party_new(&p, &r->party))
        fail("no memory", "receiver");
    add.u.add.party = r->party;
    codec.u.codec =
        (struct ix_media_codec){ .codec = IX_CODEC_OPUS, .clock_hz = 48000, .ptime_ms = 20, .receive = true };
    sink.u.sink.ring = r->ring;
    sink.u.sink.rate_hz = RATE;
    ix_media_command(r->engine, &add, at(START));
    ix_media_command(r->engine, &codec, at(START));
    if (ix_party_equip(r->party, &sink))
        fail("no memory", "");
    ix_media_command(r->engine, &sink, at(START));
}

static void receiver_tick(struct receiver *r, uint64_t now_us, struct result *out)
{
    struct ix_media_out o;
    int16_t pcm[FRAME * 2];
    struct ix_media_stats before = r->party->stats;
    ix_media_tick(r->engine, at(now_us));
    while (ix_media_poll(r->engine, &o)) {
    }
    size_t n = ix_pcm_ring_read(r->ring, pcm, IX_COUNT(pcm));
    sound_add(r->sound, pcm, n);
    uint64_t emitted = r->party->stats.buffer_emitted - before.buffer_emitted;
    if (emitted)
        out->delays[out->delay_n++] =
            (uint32_t) ((r->party->stats.buffer_delay_sum_us - before.buffer_delay_sum_us) / emitted);
    out->ticks++;
}

static void receiver_stop(struct receiver *r, struct result *out)
{
    ix_stats_fill(r->party, &out->stats);
    ix_media_free(r->engine);
    ix_party_free(r->party);
    ix_pcm_ring_free(r->ring);
}

static void arrive(struct receiver *r, const struct packet *p, const struct payload *payload, uint64_t now_us)
{
    struct ix_frame f = { .arrival_us = now_us,
        .timestamp = p->index * 960u,
        .ssrc = 1,
        .seq = (uint16_t) p->seq,
        .kind = IX_FRAME_AUDIO,
        .codec = IX_CODEC_OPUS,
        .len = payload->len };
    memcpy(f.payload, payload->bytes, payload->len);
    ix_media_frame(r->engine, 1, &f, at(now_us));
}

static void replay(const struct options *o, struct packet *list, size_t n, const struct payload *frames,
    struct sound *heard, struct result *out)
{
    struct receiver r = { .sound = heard };
    qsort(list, n, sizeof(*list), by_arrival);
    size_t next = 0;
    while (next < n && list[next].arrival_us < 0)
        next++;
    if (next == n)
        fail("every packet is lost", o->trace);
    int64_t first = list[next].arrival_us;
    out->delays = calloc((size_t) ((list[n - 1].arrival_us - first) / (int64_t) FRAME_US + 16), sizeof(*out->delays));
    if (!out->delays)
        fail("no memory or a time beyond reason", o->trace);
    receiver_start(&r, o);
    while (next < n) {
        uint64_t arrival = START + o->phase_us + (uint64_t) (list[next].arrival_us - first);
        uint64_t tick = ix_media_deadline(r.engine);
        if (tick < arrival)
            receiver_tick(&r, tick, out);
        else
            arrive(&r, &list[next], &frames[list[next].index], arrival), next++;
    }
    receiver_stop(&r, out);
}

/* ---- figures ------------------------------------------------------------------------------- */
static int by_size(const void *a, const void *b)
{
    return (*(const uint32_t *) a > *(const uint32_t *) b) - (*(const uint32_t *) a < *(const uint32_t *) b);
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double) part / (double) whole : 0.0;
}

static void print(size_t packets, unsigned loss, float likeness, struct result *res)
{
    const struct ix_media_stats *s = &res->stats;
    uint64_t out_us = s->played_us + s->concealed_us + s->inserted_us - IX_MIN(s->removed_us, s->played_us);
    double n = (double) IX_MAX(s->buffer_emitted, 1u);
    qsort(res->delays, res->delay_n, sizeof(*res->delays), by_size);
    printf("{\"packets\":%zu,\"lost_percent\":%.2f,\"seconds\":%.2f,", packets,
        percent(s->frames_lost, s->frames_lost + s->buffer_emitted), (double) out_us / 1e6);
    printf("\"concealed_percent\":%.3f,\"silent_concealed_percent\":%.3f,",
        percent(s->concealed_us - s->silent_concealed_us, out_us), percent(s->silent_concealed_us, out_us));
    printf("\"inserted_percent\":%.3f,\"removed_percent\":%.3f,", percent(s->inserted_us, out_us),
        percent(s->removed_us, out_us));
    printf("\"delay_ms\":%.2f,\"delay_ms_p95\":%.2f,\"heard_delay_ms\":%.2f,",
        (double) s->buffer_delay_sum_us / n / 1e3,
        res->delay_n ? (double) res->delays[res->delay_n * 95 / 100] / 1e3 : 0.0,
        (double) s->heard_delay_sum_us / n / 1e3);
    printf("\"playout_gaps\":%llu,\"concealment_events\":%llu,\"fec_percent\":%.3f,\"late\":%llu,\"discarded\":%.2f,",
        (unsigned long long) s->gaps, (unsigned long long) s->concealment_events, percent(s->fec_us, out_us),
        (unsigned long long) s->frames_late, (double) s->discarded_us / 20000.0);
    printf("\"target_ms\":%.1f,\"accelerations\":%llu,\"decelerations\":%llu,\"fec_for_loss\":%u,\"likeness\":%.4f}\n",
        (double) s->buffer_target_us / 1e3, (unsigned long long) s->accelerations,
        (unsigned long long) s->decelerations, loss, (double) likeness);
}

static unsigned number(const char *text, const char *what)
{
    char *end;
    long v = strtol(text, &end, 10);
    if (*end || v < 0 || v > 1000000)
        fail("not a number in range", what);
    return (unsigned) v;
}

static struct options read_options(int argc, char **argv)
{
    static const struct option names[] = { { "speech", 1, NULL, 's' }, { "heard", 1, NULL, 'h' },
        { "clean", 1, NULL, 'c' }, { "min", 1, NULL, 'm' }, { "max", 1, NULL, 'M' }, { "target", 1, NULL, 't' },
        { "fixed", 0, NULL, 'f' }, { "fec", 1, NULL, 'e' }, { "phase", 1, NULL, 'p' }, { 0 } };
    struct options o = { .fec_auto = true, .phase_us = 7000 };
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        switch (c) {
        case 's':
            o.speech = optarg;
            break;
        case 'h':
            o.heard = optarg;
            break;
        case 'c':
            o.clean = optarg;
            break;
        case 'm':
            o.min_ms = number(optarg, "--min");
            break;
        case 'M':
            o.max_ms = number(optarg, "--max");
            break;
        case 't':
            o.target_ms = number(optarg, "--target");
            break;
        case 'f':
            o.fixed = true;
            break;
        case 'p':
            o.phase_us = number(optarg, "--phase");
            break;
        case 'e':
            o.fec_auto = false, o.loss = number(optarg, "--fec");
            break;
        default:
            exit(2);
        }
    }
    if (optind + 1 != argc || !o.speech)
        fail("--speech WAV and one trace are needed", "usage");
    o.trace = argv[optind];
    return o;
}

int main(int argc, char **argv)
{
    struct options o = read_options(argc, argv);
    struct result res = { 0 };
    size_t n, samples;
    struct packet *list = load_trace(o.trace, &n);
    uint32_t frames = number_frames(list, n);
    if (frames > PACKETS_MAX)
        fail("longer than an hour", o.trace);
    unsigned loss = o.fec_auto ? loss_of(list, n) : o.loss;
    int16_t *speech = load_speech(o.speech, &samples);
    struct payload *payloads = encode(speech, samples, frames, IX_MIN(loss, 100u));
    struct sound clean = sound_begin(o.clean), heard = sound_begin(o.heard);
    struct ix_similarity alike = { 0 };
    decode_clean(&clean, payloads, frames);
    replay(&o, list, n, payloads, &heard, &res);
    (void) ix_similarity(clean.pcm, clean.n, heard.pcm, heard.n, &alike); /* 0 if nobody speaks */
    print(n, loss, alike.mean, &res);
    sound_end(&clean, o.clean), sound_end(&heard, o.heard);
    free(clean.pcm), free(heard.pcm), free(res.delays), free(payloads), free(list);
    ix_free(speech);
    return 0;
}
