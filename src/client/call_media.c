/* SPDX-License-Identifier: MIT */
/* Sound, files and figures of a call, on the call loop; the getters of figures and the application's rings on any
 * thread. */
#include <stdio.h>
#include <string.h>

#include "audio/audio.h"
#include "client/private.h"

/* ---- files: opened before dialling, closed before the final event ------------------------ */
struct opening {
    irisx_call_t *call; /* referenced */
    void (*then)(irisx_call_t *call, int err, const char *detail);
};

static void file_failed(void *ctx, int err, const char *detail)
{
    irisx_call_t *call = ctx;
    irisx_event_t *ev = ix_event_new(IRISX_EVENT_CALL_FILE);

    if (!ev) {
        ix_queue_push(call->client, NULL);
        return;
    }
    ev->call = irisx_call_ref(call);
    (void) snprintf(ev->text, sizeof ev->text, "%s", "record_failed");
    ix_failure_set(&ev->error, err, IRISX_DOMAIN_SYSTEM, 0, detail, NULL);
    ix_queue_push(call->client, ev);
}

static void opened(struct opening *o, int err, const char *detail)
{
    o->then(o->call, err, detail);
    irisx_call_unref(o->call);
    ix_free(o);
}

static void record_opened(void *ctx, int err, const char *detail)
{
    irisx_call_t *call = ctx;
    struct opening *o = call->opening;

    call->opening = NULL;
    opened(o, err, detail);
}

static void open_record(struct opening *o)
{
    irisx_call_t *call = o->call;
    int err;

    if (!call->record_file) {
        opened(o, 0, NULL);
        return;
    }
    call->opening = o;
    err = ix_record_open(call->client->host, call->record_file, call->record_rate, call->record_stereo ? 2 : 1,
        record_opened, file_failed, call, &call->record);
    if (err)
        record_opened(call, err, NULL);
}

static void play_opened(void *ctx, int err, const char *detail)
{
    if (err)
        opened(ctx, err, detail);
    else
        open_record(ctx);
}

void ix_call_files_open(irisx_call_t *call, void (*then)(irisx_call_t *call, int err, const char *detail))
{
    struct opening *o = ix_alloc(sizeof *o);
    int err;

    if (!o) {
        then(call, IRISX_E_NO_MEMORY, NULL);
        return;
    }
    o->call = irisx_call_ref(call);
    o->then = then;
    if (!call->play_file) {
        open_record(o);
        return;
    }
    err = ix_play_open(call->client->host, call->play_file, call->play_loop, play_opened, o, &call->play);
    if (err)
        opened(o, err, NULL);
}

/* ---- sound ------------------------------------------------------------------------------- */
static void order(irisx_call_t *call, struct ix_media_cmd *cmd)
{
    int err;

    cmd->party_id = call->id;
    err = ix_engine_media(call->client->engine, cmd);
    if (err)
        ix_log(&call->client->log, IX_LOG_ERROR, "client", "call %llu: sound command %d refused: %s",
            (unsigned long long) call->number, cmd->kind, ix_error_text(err));
}

static void hear_record(irisx_call_t *call)
{
    struct ix_media_cmd cmd = { .kind = IX_MEDIA_RECORD, .u.record = { .rate_hz = call->record_rate } };

    if (call->record_stereo) {
        cmd.u.record.sent = ix_record_ring(call->record, 0);
        cmd.u.record.received = ix_record_ring(call->record, 1);
    } else {
        cmd.u.record.received = ix_record_ring(call->record, 0);
    }
    order(call, &cmd);
}

void ix_call_sound_hear(irisx_call_t *call)
{
    struct ix_media_cmd cmd = { .kind = IX_MEDIA_SINK, .u.sink = { .ring = call->heard, .rate_hz = call->audio_rate } };

    if (call->hearing)
        return;
    call->hearing = call->media_started = true;
    if (call->app_audio)
        order(call, &cmd);
    if (call->record)
        hear_record(call);
}

void ix_call_sound_start(irisx_call_t *call)
{
    struct ix_media_cmd cmd = { .kind = IX_MEDIA_SOURCE, .u.source.kind = IX_SOURCE_RING };

    call->media_started = true;
    order(call, &(struct ix_media_cmd){ .kind = IX_MEDIA_ENCODER, .u.encoder = call->encoder });
    if (call->delay_ms[0] || call->delay_ms[1] || call->delay_ms[2])
        order(call, &(struct ix_media_cmd){ .kind = IX_MEDIA_DELAY,
                        .u.delay = { call->delay_ms[0], call->delay_ms[1], call->delay_ms[2] } });
    if (call->play) {
        cmd.u.source.ring = ix_play_ring(call->play);
        cmd.u.source.rate_hz = ix_play_rate(call->play);
        order(call, &cmd);
    } else if (call->app_audio) {
        cmd.u.source.ring = call->said;
        cmd.u.source.rate_hz = call->audio_rate;
        order(call, &cmd);
    }
    ix_call_sound_hear(call);
}

static void ending_done(irisx_call_t *call)
{
    struct ending e = call->ending;

    memset(&call->ending, 0, sizeof call->ending);
    ix_free(e.path);
    ix_free(e.text);
    e.then(call);
    irisx_call_unref(call);
}

static void write_timeline(void *arg)
{
    struct ending *e = &((irisx_call_t *) arg)->ending;

    e->err = ix_file_write_atomic(e->path, 0600, e->text, strlen(e->text));
}

static void timeline_written(void *arg, int err)
{
    irisx_call_t *call = arg;

    err = err ? err : call->ending.err;
    if (err)
        ix_log(&call->client->log, IX_LOG_WARN, "client", "the timeline of call %llu cannot be written: %s",
            (unsigned long long) call->number, ix_error_text(err));
    ending_done(call);
}

/* "<dir>/call-<n>.json", or "<capture>.call-<n>.json" beside the capture */
static char *timeline_path(const irisx_call_t *call)
{
    const irisx_client_options_t *o = &call->client->o;
    struct ix_buf b;

    if (!o->timeline_dir && !o->capture_file)
        return NULL;
    ix_buf_init(&b, 4096);
    if (o->timeline_dir)
        ix_buf_fmt(&b, "%s/call-%llu.json", o->timeline_dir, (unsigned long long) call->number);
    else
        ix_buf_fmt(&b, "%s.call-%llu.json", o->capture_file, (unsigned long long) call->number);
    return ix_buf_take(&b);
}

static void record_closed(void *ctx, int err, const char *detail)
{
    irisx_call_t *call = ctx;
    struct ending *e = &call->ending;

    if (err)
        file_failed(call, err, detail);
    e->path = timeline_path(call);
    if (irisx_call_timeline(call, &e->text))
        e->text = NULL;
    if (!e->path || !e->text ||
        ix_work_queue(ix_host_call_loop(call->client->host), write_timeline, timeline_written, call))
        ending_done(call);
}

/* The media thread no longer knows the rings: the files may be closed. */
static void close_files(irisx_call_t *call)
{
    struct ix_record *record = call->record;

    call->ending.waits = false;
    if (call->play)
        ix_play_close(call->play);
    call->play = NULL;
    call->record = NULL;
    if (record)
        ix_record_close(record, record_closed, call);
    else
        record_closed(call, 0, NULL);
}

void ix_call_sound_end(irisx_call_t *call, void (*then)(irisx_call_t *call))
{
    if (call->heard)
        ix_pcm_ring_end(call->heard);
    (void) irisx_call_ref(call);
    call->ending.then = then;
    if (call->media_started && !call->media_released)
        call->ending.waits = true; /* RELEASED follows: ix_call_media_event goes on */
    else
        close_files(call);
}

void ix_call_sound_drop(irisx_call_t *call)
{
    bool waits = call->ending.waits;

    call->ending.waits = false;
    if (call->play)
        ix_play_close(call->play);
    if (call->record)
        ix_record_close(call->record, NULL, NULL);
    call->play = NULL;
    call->record = NULL;
    if (!waits)
        return;
    call->ending.then = NULL;
    irisx_call_unref(call);
}

/* ---- what the media threads say ---------------------------------------------------------- */
static irisx_call_t *find(irisx_client_t *c, uint32_t id)
{
    IX_LIST_EACH (node, &c->calls) {
        irisx_call_t *call = IX_CONTAINER(node, irisx_call_t, node);

        if (call->party == id)
            return call;
    }
    return NULL;
}

static void push(irisx_call_t *call, irisx_event_kind_t kind, const char *text)
{
    irisx_event_t *ev = ix_event_new(kind);

    if (!ev) {
        ix_queue_push(call->client, NULL);
        return;
    }
    ev->call = irisx_call_ref(call);
    ev->line = irisx_line_ref(call->line);
    (void) snprintf(ev->text, sizeof ev->text, "%s", text);
    ix_queue_push(call->client, ev);
}

static void push_stats(irisx_call_t *call, const struct ix_media_stats *stats)
{
    pthread_mutex_lock(&call->client->lock);
    call->media = *stats;
    pthread_mutex_unlock(&call->client->lock);
    ix_call_snapshot(call);
    if (!atomic_exchange(&call->stats_queued, true))
        push(call, IRISX_EVENT_CALL_STATS, "");
}

void ix_call_media_event(irisx_client_t *c, const struct ix_media_event *ev)
{
    irisx_call_t *call = find(c, ev->party_id);
    char digit[2] = { 0, 0 };

    if (!call)
        return;
    switch ((enum ix_media_event_kind) ev->kind) {
    case IX_MEDIA_EV_RELEASED:
        call->media_released = true;
        if (call->ending.waits)
            close_files(call);
        break;
    case IX_MEDIA_EV_DTMF:
        digit[0] = ev->u.dtmf.digit;
        push(call, IRISX_EVENT_CALL_DIGIT, digit);
        break;
    case IX_MEDIA_EV_DTMF_SENT:
        ix_op_end(&call->digits, NULL);
        break;
    case IX_MEDIA_EV_SOURCE_ENDED:
        if (call->play && ix_pcm_ring_ended(ix_play_ring(call->play))) /* not because the call has ended */
            push(call, IRISX_EVENT_CALL_FILE, "play_ended");
        break;
    case IX_MEDIA_EV_STATS:
        push_stats(call, &ev->u.stats);
        break;
    case IX_MEDIA_EV_FIRST_AUDIO:
        ix_call_snapshot(call);
        break;
    case IX_MEDIA_EV_RING_RELEASED: /* rings live until the party's end */
        break;
    }
}

/* ---- figures ----------------------------------------------------------------------------- */
static double span_ms(uint64_t from_us, uint64_t to_us)
{
    return from_us && to_us > from_us ? (double) (to_us - from_us) / 1000.0 : 0;
}

static const char *codec_name(enum ix_codec_id codec)
{
    switch (codec) {
    case IX_CODEC_OPUS:
        return "opus";
    case IX_CODEC_PCMU:
        return "PCMU";
    case IX_CODEC_PCMA:
        return "PCMA";
    case IX_CODEC_NONE:
        break;
    }
    return "";
}

static void fill_times(irisx_call_stats_t *s, const struct ix_call_report *r, uint64_t now_us)
{
    /* keys may come before the answer (early media); audio is never heard before the keys */
    s->signalling_ms = span_ms(r->dialled_us, r->described_us);
    s->ice_ms = span_ms(r->described_us, r->ice_us);
    s->dtls_ms = span_ms(r->ice_us, r->dtls_us);
    s->first_audio_ms = span_ms(r->dtls_us, r->first_audio_us);
    s->setup_ms = span_ms(r->dialled_us, r->first_audio_us);
    s->duration_ms = span_ms(r->answered_us, r->ended_us ? r->ended_us : now_us);
}

static void fill_counts(irisx_call_stats_t *s, const struct ix_call_report *r, const struct ix_media_stats *m)
{
    uint64_t expected = r->rtp.packets_received + r->rtp.packets_lost;

    s->packets_sent = r->rtp.packets_sent;
    s->packets_received = r->rtp.packets_received;
    s->packets_lost = r->rtp.packets_lost;
    s->packets_discarded =
        m->frames_late + r->rtp.discarded_auth + r->rtp.discarded_replay + r->rtp.discarded_malformed;
    s->jitter_ms = (double) r->rtp.jitter_us / 1000.0;
    s->round_trip_ms = (double) (r->rtp.round_trip_us ? r->rtp.round_trip_us : r->ice_round_trip_us) / 1000.0;
    s->loss_percent = expected ? 100.0 * (double) r->rtp.packets_lost / (double) expected : 0;
    s->buffer_delay_ms = (double) m->buffer_delay_us / 1000.0;
    s->concealed_ms = m->concealed_us / 1000;
    s->silent_concealed_ms = m->silent_concealed_us / 1000;
    s->restored_ms = m->fec_us / 1000;
    s->inserted_ms = m->inserted_us / 1000;
    s->removed_ms = m->removed_us / 1000;
    s->ticks_late = m->ticks_late + m->ticks_skipped;
    s->tick_late_max_ms = (double) m->tick_late_max_us / 1000.0;
    s->mos = (double) m->mos;
    s->level_in = (double) m->level_in;
    s->level_out = (double) m->level_out;
    s->sip_status = r->error.sip_status;
    s->q850_cause = r->error.q850_cause;
    (void) snprintf(s->codec, sizeof s->codec, "%s", codec_name(r->codec));
}

void ix_call_snapshot(irisx_call_t *call)
{
    irisx_client_t *c = call->client;
    struct ix_phone *p = ix_engine_phone(c->engine);
    struct ix_call_report r;
    struct ix_buf json;
    char *old;

    if (!call->id || ix_call_report(p, call->id, &r))
        return;
    ix_call_keep(call);
    ix_buf_init(&json, 128 * 1024);
    (void) ix_call_timeline(p, call->id, &json); /* without memory: the last one stays */
    pthread_mutex_lock(&c->lock);
    fill_times(&call->stats, &r, ix_engine_now(c->engine).mono_us);
    fill_counts(&call->stats, &r, &call->media);
    old = call->timeline;
    if (!json.err)
        call->timeline = ix_buf_take(&json);
    if (call->timeline == old || !call->timeline)
        call->timeline = old;
    else
        ix_free(old);
    pthread_mutex_unlock(&c->lock);
    ix_buf_clear(&json);
}

irisx_error_t irisx_call_stats(const irisx_call_t *call, irisx_call_stats_t *stats_out)
{
    size_t size;

    if (!call || !stats_out || stats_out->struct_size < sizeof(size_t))
        return IRISX_E_INVALID;
    size = IX_MIN(stats_out->struct_size, sizeof *stats_out);
    pthread_mutex_lock(&call->client->lock);
    memcpy((char *) stats_out + sizeof(size_t), (const char *) &call->stats + sizeof(size_t), size - sizeof(size_t));
    pthread_mutex_unlock(&call->client->lock);
    return IRISX_OK;
}

static void json_stats(struct ix_buf *b, const irisx_call_stats_t *s)
{
    ix_buf_fmt(b, "{\"setup_ms\":%.3f,\"signalling_ms\":%.3f,\"ice_ms\":%.3f,\"dtls_ms\":%.3f,\"first_audio_ms\":%.3f,",
        s->setup_ms, s->signalling_ms, s->ice_ms, s->dtls_ms, s->first_audio_ms);
    ix_buf_fmt(b, "\"packets_sent\":%llu,\"packets_received\":%llu,\"packets_lost\":%llu,",
        (unsigned long long) s->packets_sent, (unsigned long long) s->packets_received,
        (unsigned long long) s->packets_lost);
    ix_buf_fmt(b, "\"jitter_ms\":%.3f,\"round_trip_ms\":%.3f,\"mos\":%.2f,\"codec\":\"%s\",\"duration_ms\":%.3f}",
        s->jitter_ms, s->round_trip_ms, s->mos, s->codec, s->duration_ms);
}

irisx_error_t irisx_call_timeline(const irisx_call_t *call, char **json_out)
{
    struct ix_buf b;

    if (!call || !json_out)
        return IRISX_E_INVALID;
    ix_buf_init(&b, 256 * 1024);
    pthread_mutex_lock(&call->client->lock);
    ix_buf_fmt(&b, "{\"call\":%llu,\"direction\":\"%s\",\"peer\":", (unsigned long long) call->number,
        call->incoming ? "in" : "out");
    ix_buf_json_str(&b, ix_str(call->peer));
    ix_buf_str(&b, ",\"stats\":");
    json_stats(&b, &call->stats);
    ix_buf_str(&b, ",\"events\":");
    ix_buf_str(&b, call->timeline ? call->timeline : "[]");
    ix_buf_str(&b, "}\n");
    pthread_mutex_unlock(&call->client->lock);
    *json_out = ix_buf_take(&b);
    return *json_out ? IRISX_OK : IRISX_E_NO_MEMORY;
}

/* ---- the application's sound ------------------------------------------------------------- */
irisx_error_t irisx_audio_read(irisx_call_t *call, int16_t *samples, size_t count, size_t *count_out)
{
    if (!call || !samples || !count_out)
        return IRISX_E_INVALID;
    if (!call->heard)
        return IRISX_E_STATE;
    *count_out = ix_pcm_ring_read(call->heard, samples, count);
    return !*count_out && ix_pcm_ring_ended(call->heard) ? IRISX_E_CLOSED : IRISX_OK;
}

irisx_error_t irisx_audio_write(irisx_call_t *call, const int16_t *samples, size_t count, size_t *count_out)
{
    if (!call || !samples || !count_out)
        return IRISX_E_INVALID;
    if (!call->said)
        return IRISX_E_STATE;
    if (atomic_load(&call->state) == IRISX_CALL_ENDED)
        return IRISX_E_CLOSED;
    *count_out = ix_pcm_ring_write(call->said, samples, count);
    return IRISX_OK;
}

/* ---- similarity -------------------------------------------------------------------------- */
#define WAV_LIMIT (256u * 1024 * 1024)

static int load_wav(const char *path, int16_t **pcm, size_t *count)
{
    struct ix_buf file;
    int err;

    ix_buf_init(&file, WAV_LIMIT);
    err = ix_file_read(path, WAV_LIMIT, &file);
    if (!err)
        err = ix_wav_load(file.p, file.n, IX_SIMILARITY_HZ, pcm, count, NULL);
    ix_buf_clear(&file);
    return err;
}

irisx_error_t irisx_audio_similarity(
    const char *sent_file, const char *heard_file, uint32_t limit_ms, double *score_out, double *delay_ms_out)
{
    int16_t *sent = NULL, *heard = NULL;
    size_t sent_n = 0, heard_n = 0;
    struct ix_similarity s;
    int err;

    if (!sent_file || !heard_file || !score_out)
        return IRISX_E_INVALID;
    err = load_wav(sent_file, &sent, &sent_n);
    if (!err)
        err = load_wav(heard_file, &heard, &heard_n);
    if (!err && limit_ms)
        sent_n = IX_MIN(sent_n, (size_t) limit_ms * (IX_SIMILARITY_HZ / 1000));
    if (!err)
        err = ix_similarity(sent, sent_n, heard, heard_n, &s);
    ix_free(sent);
    ix_free(heard);
    if (err)
        return (irisx_error_t) err;
    *score_out = (double) s.mean;
    if (delay_ms_out)
        *delay_ms_out = (double) s.delay_us / 1000.0;
    return IRISX_OK;
}
