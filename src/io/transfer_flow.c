/* SPDX-License-Identifier: MIT */
/*
 * What libcurl asks and tells while a transfer runs: bytes of the request, head and body of the answer. libcurl sends a
 * request again, whatever its method, when a kept connection dies before the answer; it is asked each time before it
 * sends, and for what must not be sent twice the second time is refused.
 */
#include <stdlib.h>
#include <string.h>

#include "io/transfer.h"

#define PROGRESS_US (100 * IX_MS)
#define IDLE_HTTP2_S 50 /* nginx keeps such connections for 75 s */
#define IDLE_MARGIN_S 2 /* libcurl counts whole seconds, and the way there takes time */

int ix_transfer_before(void *ctx, char *remote, char *local, int remote_port, int local_port)
{
    struct ix_transfer *t = ctx;
    long sent = 0;

    (void) remote;
    (void) local;
    (void) remote_port;
    (void) local_port;
    if (t->requests++ > 0 && !t->safe) {
        (void) curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
        t->replay_refused = sent > 0;
        if (t->replay_refused)
            return CURL_PREREQFUNC_ABORT;
    }
    ix_transfer_enter(t, t->stream.read != NULL ? IX_PHASE_SEND : IX_PHASE_ANSWER);
    return CURL_PREREQFUNC_OK;
}

/* ---- the request's body, piece by piece -------------------------------------------------- */

size_t ix_transfer_read(char *to, size_t size, size_t count, void *ctx)
{
    struct ix_transfer *t = ctx;
    int64_t n = t->stream.read(t->stream.ctx, to, size * count);

    if (n == IX_STREAM_LATER) {
        t->paused = true;
        return CURL_READFUNC_PAUSE;
    }
    if (n < 0 || (uint64_t) n > size * count) {
        t->stopped = true;
        return CURL_READFUNC_ABORT;
    }
    t->sent += (uint64_t) n;
    if (n == 0 || t->sent == t->stream.size)
        ix_transfer_enter(t, IX_PHASE_ANSWER);
    ix_transfer_moved(t);
    ix_transfer_progress(t, false);
    return (size_t) n;
}

int ix_transfer_rewind(void *ctx, curl_off_t offset, int origin)
{
    (void) ctx;
    (void) offset;
    (void) origin;
    return CURL_SEEKFUNC_FAIL; /* CANTSEEK would let libcurl try otherwise */
}

/* ---- the answer -------------------------------------------------------------------------- */

/* "HTTP/1.1 200 OK": another answer begins; an interim one may have come before */
static void status_line(struct ix_transfer *t, struct ix_str line)
{
    struct ix_str version;
    uint32_t status = 0;

    ix_buf_reset(&t->head);
    t->head_whole = false;
    if (ix_str_cut(&line, ' ', &version))
        (void) ix_str_u32(ix_str_slice(line, 0, 3), 999, &status); /* 0: libcurl refuses it */
    t->status = (long) status;
    struct ix_origin *o = ix_transfer_own_origin(t);
    if (o != NULL)
        o->idle_s = ix_str_starts(version, IX_STR("HTTP/2")) ? IDLE_HTTP2_S : 5 - IDLE_MARGIN_S;
}

/* "Keep-Alive: timeout=5": how long the server will keep the connection */
static void learn_idle(struct ix_transfer *t, struct ix_str line)
{
    struct ix_str value = ix_str_slice(line, 11, line.n), part;
    struct ix_origin *o = ix_transfer_own_origin(t);
    uint32_t s;

    while (o != NULL && ix_str_cut(&value, ',', &part)) {
        part = ix_str_trim(part);
        if (ix_str_istarts(part, IX_STR("timeout=")) && ix_str_u32(ix_str_slice(part, 8, part.n), 3600, &s) == 0)
            o->idle_s = s > IDLE_MARGIN_S ? (long) s - IDLE_MARGIN_S : 0;
    }
}

size_t ix_transfer_header(char *p, size_t size, size_t count, void *ctx)
{
    struct ix_transfer *t = ctx;
    size_t n = size * count;
    struct ix_str line = ix_str_n(p, n);

    if (t->phase != IX_PHASE_MOVE)
        ix_transfer_enter(t, IX_PHASE_MOVE);
    if (ix_str_starts(line, IX_STR("HTTP/"))) {
        status_line(t, line);
        return n;
    }
    if (t->head_whole)
        return n; /* trailers of a chunked body: nothing is asked of them */
    if (n > 10 && (p[0] | 0x20) == 'k' && ix_str_istarts(line, IX_STR("keep-alive:")))
        learn_idle(t, line);
    if (n > 2)
        ix_buf_put(&t->head, p, n);
    else
        t->head_whole = true;
    t->too_large = t->head.err == IRISX_E_TOO_LARGE;
    return t->head.err == 0 ? n : 0;
}

static size_t write_stream(struct ix_transfer *t, const char *p, size_t n)
{
    struct ix_str head = ix_str_n(t->head.p, t->head.n);
    int said = t->stream.write(t->stream.ctx, t->status, head, p, n);

    if (said == IX_STREAM_LATER) {
        t->paused = true;
        t->phase_us = IX_NEVER; /* it is we who are slow */
        return CURL_WRITEFUNC_PAUSE;
    }
    if (said != 0) {
        t->stopped = true;
        return 0;
    }
    t->received += n;
    ix_transfer_progress(t, false);
    return n;
}

/* a length that is told lets the limit act before the bytes come */
static bool told_too_large(const struct ix_transfer *t)
{
    curl_off_t length = -1;

    (void) curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    return length > 0 && (uint64_t) length > t->max_answer;
}

size_t ix_transfer_write(char *p, size_t size, size_t count, void *ctx)
{
    struct ix_transfer *t = ctx;
    size_t n = size * count;

    ix_transfer_moved(t);
    if (t->stream.write != NULL && t->status >= 200 && t->status < 300)
        return write_stream(t, p, n);
    if (t->answer.n == 0 && n >= 1024 && told_too_large(t)) {
        t->too_large = true;
        return 0;
    }
    ix_buf_put(&t->answer, p, n);
    t->too_large = t->answer.err == IRISX_E_TOO_LARGE;
    return t->answer.err == 0 ? n : 0;
}

void ix_transfer_progress(struct ix_transfer *t, bool end)
{
    uint64_t now;
    curl_off_t length = -1;

    if (t->stream.progress == NULL)
        return;
    now = ix_loop_now(t->client->loop).mono_us;
    if (!end && t->told_us != 0 && now - t->told_us < PROGRESS_US)
        return;
    t->told_us = now;
    (void) curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    bool known = t->stream.read != NULL && t->stream.size != UINT64_MAX;
    t->stream.progress(
        t->stream.ctx, t->sent, known ? t->stream.size : 0, t->received, length > 0 ? (uint64_t) length : 0);
}
