/* SPDX-License-Identifier: MIT */
/*
 * audio: codecs, jitter buffer, concealment, resampling, tones, telephone-events, WAV, measures. Pure: samples, bytes
 * and times in, samples and bytes out. PCM is int16_t, mono, everywhere. Objects with a `new` take all memory they will
 * ever need there; nothing else in this header allocates, unless it says so.
 *
 * RFC 6716, 7587 (Opus), G.711, RFC 3550 section 6.4 and 3551 (timestamps), RFC 4733 (telephone-event), RFC 3389
 * (comfort noise), ITU-T G.107 (E-model).
 */
#ifndef IX_AUDIO_H
#define IX_AUDIO_H

#include "core/core.h"

#define IX_RATE_MIN 8000u
#define IX_RATE_MAX 48000u
#define IX_PACKET_MS_MAX 120 /* longest packet that is accepted: RFC 6716 section 3.2.5 */

/* ---- G.711 (ITU-T G.711, tables 1 and 2) ------------------------------------------------- */
uint8_t ix_pcmu_encode(int16_t sample);
int16_t ix_pcmu_decode(uint8_t code);
uint8_t ix_pcma_encode(int16_t sample);
int16_t ix_pcma_decode(uint8_t code);

/* ---- resampling (speexdsp), 8000..48000 Hz ----------------------------------------------- */
struct ix_resampler;
int ix_resampler_new(struct ix_resampler **out); /* enough for every pair of rates */
int ix_resampler_new_narrow(struct ix_resampler **out); /* smaller: between 8000 and its multiples only */
void ix_resampler_free(struct ix_resampler *r);
/* forgets the past; IRISX_E_INVALID outside the range. Costs about 20 us when the rates change */
int ix_resampler_set(struct ix_resampler *r, uint32_t from_hz, uint32_t to_hz);
/* consumes up to *in_len, produces up to *out_len samples; both tell on return how many it were */
/* after set: leaves the filter's delay out of what comes; the first run takes that much more input */
void ix_resampler_skip_delay(struct ix_resampler *r);
void ix_resampler_run(struct ix_resampler *r, const int16_t *in, size_t *in_len, int16_t *out, size_t *out_len);
/* a whole signal at once, the filter's delay taken out; allocates *out (ix_free), *out_n samples */
int ix_resample_all(const int16_t *in, size_t n, uint32_t from_hz, uint32_t to_hz, int16_t **out, size_t *out_n);

/* ---- decoder: any codec in, PCM at one rate out ------------------------------------------ */
/* samples a payload holds, in its RTP clock (Opus 48000, else 8000); 0 = not a valid payload of that codec */
uint32_t ix_payload_samples(enum ix_codec_id codec, const uint8_t *payload, size_t len);
bool ix_opus_redundancy(const uint8_t *payload, size_t len); /* in-band FEC for the packet before is in it */
struct ix_decoder;
int ix_decoder_new(struct ix_decoder **out);
void ix_decoder_free(struct ix_decoder *d);
void ix_decoder_reset(struct ix_decoder *d, uint32_t rate_hz); /* 8000 or 16000 or 48000; forgets the past */
/* samples written, or IRISX_E_PROTOCOL, _TOO_LARGE; switches codec when `codec` changes */
int ix_decoder_frame(
    struct ix_decoder *d, enum ix_codec_id codec, const uint8_t *payload, size_t len, int16_t *pcm, size_t cap);
/* n samples for a packet that is lost, from the redundancy in `next`, the packet after it (Opus in-band FEC); falls
 * back to concealment where there is none. True if it was FEC */
bool ix_decoder_fec(struct ix_decoder *d, const uint8_t *next, size_t len, int16_t *pcm, size_t n);
void ix_decoder_conceal(struct ix_decoder *d, int16_t *pcm, size_t n); /* n: a multiple of 2.5 ms */
void ix_decoder_comfort(struct ix_decoder *d, int16_t *pcm, size_t n); /* background between talk spurts (DTX) */
void ix_decoder_set_comfort(struct ix_decoder *d, uint8_t minus_dbov); /* RFC 3389 level 0..127 */

/* ---- concealment of lost G.711 packets at 8 kHz: the last pitch periods go on and fade ----- */
#define IX_PLC_HISTORY 520 /* three periods of 50 Hz and a quarter of one */
struct ix_plc { /* zero to begin */
    int16_t history[IX_PLC_HISTORY]; /* what was played last, newest at the end */
    uint16_t lag; /* pitch period, samples */
    uint16_t at; /* place in what is repeated */
    uint8_t periods; /* so many are */
    uint32_t concealed; /* samples since the last packet */
};
void ix_plc_good(struct ix_plc *p, int16_t *pcm, size_t n); /* a decoded packet; smooths the joint after a loss */
void ix_plc_conceal(struct ix_plc *p, int16_t *pcm, size_t n);

/* ---- encoder: PCM at one rate in, 20 ms payloads out ------------------------------------- */
#define IX_OPUS_COMPLEXITY 5 /* as shipped */
#define IX_OPUS_BITRATE 24000
struct ix_encoder_config {
    enum ix_codec_id codec;
    uint32_t rate_hz; /* of the PCM given: 8000, 16000, 48000 */
    uint32_t bitrate; /* Opus; 0 = IX_OPUS_BITRATE */
    uint8_t complexity; /* Opus 0..10; 0xff = IX_OPUS_COMPLEXITY */
    uint8_t loss_percent; /* what Opus FEC shall be made for */
    bool fec, dtx;
    bool cbr; /* Opus: every packet as long as the other */
    uint8_t frame_ms; /* 10, 20, 40, 60; 0 = 20 */
    uint32_t bandwidth_hz; /* Opus: of the sound sent, at most: 4000, 6000, 8000; 0 = 8000 */
};
struct ix_encoder;
int ix_encoder_new(struct ix_encoder **out);
void ix_encoder_free(struct ix_encoder *e);
int ix_encoder_set(struct ix_encoder *e, const struct ix_encoder_config *c); /* IRISX_E_INVALID, _UNSUPPORTED */
/* one frame of frame_ms: payload bytes, or 0 with DTX on when the frame need not be sent */
int ix_encoder_frame(struct ix_encoder *e, const int16_t *pcm, uint8_t *payload, size_t cap);

/* ---- jitter buffer ----------------------------------------------------------------------- */
struct ix_jitter_config {
    uint32_t min_delay_ms, max_delay_ms; /* 0 = 10 and 500; max at most 2000 */
    uint32_t target_delay_ms; /* 0 = follows the arrivals; else always this, at most max_delay_ms */
    bool fixed; /* with a target: nothing is stretched, what comes late is lost */
};
enum ix_jitter_kind {
    IX_JITTER_NOTHING = 0, /* no stream yet, or it is still filling */
    IX_JITTER_FRAME = 1, /* payload: decode it */
    IX_JITTER_LOST = 2, /* conceal `samples`; next, if there, is the packet behind the gap (FEC) */
    IX_JITTER_COMFORT = 3 /* the sender pauses: background noise for `samples` */
};
struct ix_jitter_got {
    enum ix_jitter_kind kind;
    enum ix_codec_id codec;
    uint32_t samples; /* RTP clock of the stream */
    uint32_t clock_hz;
    const uint8_t *payload; /* FRAME; LOST: the next packet, with redundancy, or NULL. Borrowed until the next call */
    size_t len;
    uint32_t skip; /* LOST with payload: of `samples`, so many at the beginning were covered before; RTP clock */
    bool cn; /* COMFORT: payload[0] is a new RFC 3389 level */
    bool redundant; /* FRAME: came as redundancy inside another packet (RFC 2198) */
    int64_t excess_us; /* FRAME: delay above the target (below: negative); what is decoded and waits is not in it */
    size_t waiting; /* FRAME: packets behind this one */
    uint64_t waited_us; /* FRAME: from its arrival until now */
};
struct ix_burst { /* zero to begin; RFC 3611 appendix A.2 */
    uint64_t c11, c13, c14, c22, c23, c33;
    uint32_t since, lost;
};
struct ix_burst_figures {
    float burst_density, gap_density; /* share of packets lost in bursts, in gaps */
    uint32_t burst_ms, gap_ms; /* mean length */
};
void ix_burst_packet(struct ix_burst *b, bool lost);
void ix_burst_figures(const struct ix_burst *b, uint32_t packet_ms, struct ix_burst_figures *out);

struct ix_jitter_stats { /* packets since new */
    uint64_t received, late, duplicate, lost, discarded, malformed, resets;
    uint64_t discarded_us; /* audio in the discarded ones */
    uint64_t redundant; /* played from redundancy (RFC 2198) */
    uint64_t starts, underruns, stalls; /* a talk spurt began at the target; nothing was there; nor for half a second */
    uint64_t delay_us, target_us, max_us; /* now */
    struct ix_burst burst; /* what was not there when its time had come */
};
struct ix_jitter;
int ix_jitter_new(const struct ix_jitter_config *c, struct ix_jitter **out);
void ix_jitter_free(struct ix_jitter *j);
/* other bounds, from now on; max_delay_ms at most what it was made with */
void ix_jitter_bounds(struct ix_jitter *j, const struct ix_jitter_config *c);
void ix_jitter_reset(struct ix_jitter *j); /* forgets stream and estimate, keeps the counters */
/* AUDIO, REDUNDANT, CN and EVENT frames (an event only counts for the sequence); clock_hz, 8000 or more, is the
 * stream's */
void ix_jitter_put(struct ix_jitter *j, const struct ix_frame *f, uint32_t clock_hz);
/* what to play at now + ahead_us, where ahead_us is decoded audio that waits in front of it; frame_us is how much is
 * wanted where nothing is there. Lost audio comes in pieces of at most frame_us, or of the packet that restores it */
void ix_jitter_get(
    struct ix_jitter *j, uint64_t now_us, uint64_t ahead_us, uint32_t frame_us, struct ix_jitter_got *got);
void ix_jitter_stats(const struct ix_jitter *j, struct ix_jitter_stats *out);

/* ---- time stretching, pitch kept ---------------------------------------------------------- */
#define IX_STRETCH_MS_BEFORE 5 /* so much of what was played stands in front of the samples given, to be looked at */
#define IX_STRETCH_MS_MAX 80 /* of more than this only the beginning is searched */
struct ix_stretch {
    uint32_t rate_hz; /* 8000, 16000, 48000 */
    uint32_t lag_max_ms; /* longest piece, 3..15 */
    float likeness; /* how alike the two ends of the piece must be, 0..1 */
    float quiet; /* RMS 0..1; below this anything will do */
};
struct ix_splice {
    size_t at, lag; /* samples: the piece begins at `at` and has `lag` */
    float likeness; /* -1..1 */
};
/* false: nowhere in these n samples */
bool ix_stretch_find(const int16_t *pcm, size_t n, const struct ix_stretch *want, struct ix_splice *out);
size_t ix_stretch_cut(int16_t *pcm, size_t n, uint32_t rate_hz, const struct ix_splice *s); /* n - lag are left */
/* n + lag, for which there is room */
size_t ix_stretch_double(int16_t *pcm, size_t n, uint32_t rate_hz, const struct ix_splice *s);

/* ---- telephone-event (RFC 4733) ---------------------------------------------------------- */
struct ix_tel_event {
    uint8_t event; /* 0..15 are DTMF */
    bool end;
    uint8_t volume; /* -dBm0, 0..63 */
    uint16_t duration; /* RTP clock units */
};
int ix_tel_event_parse(struct ix_tel_event *e, const uint8_t *p, size_t n); /* IRISX_E_PROTOCOL */
void ix_tel_event_write(const struct ix_tel_event *e, uint8_t out[4]);
int ix_tel_event_of(char digit); /* 0-9 * # A-D, either case; -1 */
char ix_tel_digit_of(uint8_t event); /* 0: not DTMF */

struct ix_tel_rx { /* zero to begin; collects packets to presses */
    bool active, reported, any;
    uint8_t event;
    uint32_t ssrc, first_ts, ts, segments; /* segments: units of the finished ones (section 2.5.1.3) */
    uint16_t duration;
    uint64_t last_us;
};
struct ix_tel_press {
    char digit;
    uint16_t duration_ms;
};
/* true: a press is complete. An event whose end packets are all lost ends with the next one, or by ix_tel_rx_idle() */
bool ix_tel_rx_put(
    struct ix_tel_rx *rx, const struct ix_frame *f, uint32_t clock_hz, uint64_t now_us, struct ix_tel_press *press);
bool ix_tel_rx_idle(struct ix_tel_rx *rx, uint32_t clock_hz, uint64_t now_us, struct ix_tel_press *press);

#define IX_TEL_QUEUE 64
#define IX_TEL_TONE_MS 160
#define IX_TEL_GAP_MS 80
struct ix_tel_tx { /* zero to begin; one call a tick */
    struct {
        char digit;
        uint16_t tone_ms, gap_ms;
    } queue[IX_TEL_QUEUE];
    uint8_t head, count;
    uint8_t state; /* idle, tone, gap */
    uint8_t ends_left; /* end packets still to be repeated */
    struct ix_tel_event ev;
    uint32_t start_ts; /* of the present segment */
    uint32_t elapsed_ms, segment_units;
};
/* queues digits; how many were taken (others: queue full or not a digit). 0 ms = default */
size_t ix_tel_tx_queue(struct ix_tel_tx *tx, const char *digits, uint16_t tone_ms, uint16_t gap_ms);
bool ix_tel_tx_busy(const struct ix_tel_tx *tx); /* something is queued or under way */
struct ix_tel_out {
    size_t count; /* packets, 0..2 */
    struct {
        uint32_t timestamp;
        bool marker;
        uint8_t payload[4];
    } packet[2];
    bool instead_of_audio; /* no audio frame in this tick */
    bool done; /* the queue ran empty in this tick */
};
/* ts: of this tick on the media line */
void ix_tel_tx_tick(struct ix_tel_tx *tx, uint32_t ts, uint32_t clock_hz, uint32_t tick_ms, struct ix_tel_out *out);

/* ---- tones and levels -------------------------------------------------------------------- */
struct ix_tone {
    double phase[2], step[2]; /* radians */
    float level; /* peak of the sum, 0..1 */
};
void ix_tone_init(struct ix_tone *t, uint32_t rate_hz, const float hz[2], float level);
void ix_tone_run(struct ix_tone *t, int16_t *pcm, size_t n);

struct ix_level {
    double sum;
    uint64_t n;
};
void ix_level_add(struct ix_level *l, const int16_t *pcm, size_t n);
float ix_level_take(struct ix_level *l); /* RMS 0..1 since the last take */
float ix_rms(const int16_t *pcm, size_t n);
float ix_goertzel(const int16_t *pcm, size_t n, uint32_t rate_hz, float hz); /* amplitude 0..1 at one frequency */

/* ---- quality ----------------------------------------------------------------------------- */
struct ix_emodel_in { /* ITU-T G.107, what is not here has its default */
    enum ix_codec_id codec;
    uint32_t one_way_delay_ms; /* mouth to ear */
    float loss_percent; /* lost or late, after FEC */
    float burst_ratio; /* 1 = random */
};
void ix_emodel(const struct ix_emodel_in *in, float *r_factor, float *mos);

/*
 * How much of the speech that was sent is in what was heard: peak normalised cross-correlation of each active 1 s
 * window, aligned within 60 ms of one global delay; the mean over the windows, a missing one counts 0. Both at 16 kHz.
 * Allocates while it runs. IRISX_E_INVALID without an active window.
 */
#define IX_SIMILARITY_HZ 16000u
struct ix_similarity {
    float mean; /* 0..1 */
    float worst;
    uint32_t windows, missing;
    int64_t delay_us; /* heard behind sent */
};
int ix_similarity(const int16_t *sent, size_t sent_n, const int16_t *heard, size_t heard_n, struct ix_similarity *out);

/* ---- WAV: bytes in, mono PCM out; bytes out ---------------------------------------------- */
struct ix_wav_format {
    uint32_t rate_hz; /* 8000..48000 */
    uint16_t channels; /* 1 or 2; mixed down to one */
    uint16_t bits; /* 8 16 24 32, float 32 */
    bool is_float;
    uint8_t law; /* 0 linear, 'u', 'a' */
    uint64_t frames; /* as announced; 0 = unknown (streamed): until the end */
};
struct ix_wav_reader { /* ix_wav_reader_init; no memory of its own */
    struct ix_wav_format format; /* valid when ready */
    bool ready; /* header read: samples may come */
    bool ended; /* data chunk consumed; what follows is not looked at */
    const char *why; /* a sentence, once a call failed */
    uint8_t stage;
    uint8_t held[40]; /* an incomplete header or sample */
    size_t held_n, need;
    uint64_t skip; /* bytes to leave out */
    uint64_t left; /* bytes of data to come; UINT64_MAX unknown */
    uint64_t given; /* samples handed out */
    uint32_t chunk_len;
    bool have_format;
};
void ix_wav_reader_init(struct ix_wav_reader *r);
/* takes bytes from *p / *n (both move on) until pcm is full or the bytes are used up; *count samples. IRISX_E_FORMAT */
int ix_wav_read(struct ix_wav_reader *r, const uint8_t **p, size_t *n, int16_t *pcm, size_t cap, size_t *count);
/* at the end of the file: IRISX_E_FORMAT with why if there never was any audio. A cut-off data chunk is no error */
int ix_wav_finish(struct ix_wav_reader *r);
/* a whole file to mono PCM at rate_hz; allocates *pcm (ix_free). why may be NULL */
int ix_wav_load(const void *p, size_t n, uint32_t rate_hz, int16_t **pcm, size_t *count, const char **why);

#define IX_WAV_HEADER 44
/* 16-bit PCM. data_bytes beyond 4 GiB are written as "unknown" (all ones); write 0 first and the true size at the end
 */
void ix_wav_header(uint8_t out[IX_WAV_HEADER], uint32_t rate_hz, uint16_t channels, uint64_t data_bytes);
void ix_wav_pack(uint8_t *out, const int16_t *pcm, size_t n); /* little endian, 2 n bytes */

#endif
