/* SPDX-License-Identifier: MIT */
/* How a call sounded, second by second: a line that is drawn anew on a terminal, and a page with curves that needs
 * nothing but a browser. */
#include <fcntl.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/report.h"
#include "cli/sheet.h"

#define POINTS 1800 /* when there are more, every other one goes */
#define WIDTH 860.0
#define HEIGHT 90.0

struct point {
    double at_s, delay_ms, jitter_ms, round_trip_ms, loss_percent, concealed_ms, heard_db, said_db, mos;
};

struct report {
    FILE *to;
    struct point points[POINTS];
    size_t n;
    unsigned every, seconds; /* of so many seconds one point is kept */
    irisx_call_stats_t before;
    bool drawn; /* the live line stands there */
};

static const struct curve {
    const char *title, *unit, *colour;
    size_t at;
    double low, high; /* shown at least */
} curves[] = {
    { "MOS (E-model)", "", "#2a7", offsetof(struct point, mos), 1, 4.5 },
    { "Delay of the jitter buffer", "ms", "#26a", offsetof(struct point, delay_ms), 0, 60 },
    { "Lost packets", "%", "#c33", offsetof(struct point, loss_percent), 0, 5 },
    { "Concealed, to be heard", "ms each second", "#c63", offsetof(struct point, concealed_ms), 0, 50 },
    { "Jitter", "ms", "#86a", offsetof(struct point, jitter_ms), 0, 10 },
    { "Round trip", "ms", "#678", offsetof(struct point, round_trip_ms), 0, 100 },
    { "Level heard", "dBov", "#379", offsetof(struct point, heard_db), -90, 0 },
    { "Level said", "dBov", "#973", offsetof(struct point, said_db), -90, 0 },
};

static double to_db(double level)
{
    return level > 3.2e-5 ? 20 * log10(level) : -90;
}

struct report *report_new(const char *path)
{
    struct report *r = calloc(1, sizeof *r);
    int fd = r && path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

    if (r && path && (fd < 0 || !(r->to = fdopen(fd, "w")))) {
        if (fd >= 0)
            (void) close(fd);
        free(r);
        return NULL;
    }
    if (r)
        r->every = 1;
    return r;
}

static void keep(struct report *r, const struct point *p)
{
    if (r->n == POINTS) {
        for (size_t i = 0; i < POINTS / 2; i++)
            r->points[i] = r->points[2 * i];
        r->n = POINTS / 2;
        r->every *= 2;
    }
    if (r->seconds++ % r->every == 0)
        r->points[r->n++] = *p;
}

void report_second(struct report *r, const irisx_call_stats_t *s, bool draw)
{
    const irisx_call_stats_t *b = &r->before;
    uint64_t lost = s->packets_lost > b->packets_lost ? s->packets_lost - b->packets_lost : 0;
    uint64_t came = s->packets_received - b->packets_received;
    uint64_t made_up = (s->concealed_ms - s->silent_concealed_ms) - (b->concealed_ms - b->silent_concealed_ms);
    struct point p = { .at_s = s->duration_ms / 1000,
        .delay_ms = s->buffer_delay_ms,
        .jitter_ms = s->jitter_ms,
        .round_trip_ms = s->round_trip_ms,
        .loss_percent = lost + came ? 100.0 * (double) lost / (double) (lost + came) : 0,
        .concealed_ms = (double) made_up,
        .heard_db = to_db(s->level_in),
        .said_db = to_db(s->level_out),
        .mos = s->mos };

    keep(r, &p);
    r->before = *s;
    if (!draw)
        return;
    (void) fprintf(stderr,
        "\r\033[K%5.0f s  MOS %.1f  loss %.1f %%  concealed %.0f ms  jitter %.1f ms  delay %.0f ms  heard %.0f dB  said %.0f dB",
        p.at_s, p.mos, p.loss_percent, p.concealed_ms, p.jitter_ms, p.delay_ms, p.heard_db, p.said_db);
    (void) fflush(stderr);
    r->drawn = true;
}

void report_clear_line(struct report *r)
{
    if (r->drawn)
        (void) fputs("\r\033[K", stderr);
    r->drawn = false;
}

/* ---- the page ---------------------------------------------------------------------------- */
static double value_of(const struct point *p, const struct curve *c)
{
    double v;

    memcpy(&v, (const char *) p + c->at, sizeof v);
    return v;
}

static void escape(FILE *to, const char *text)
{
    for (; *text; text++) {
        const char *as = *text == '<'   ? "&lt;"
                         : *text == '>' ? "&gt;"
                         : *text == '&' ? "&amp;"
                         : *text == '"' ? "&quot;"
                                        : NULL;

        if (as)
            (void) fputs(as, to);
        else if ((unsigned char) *text >= 32)
            (void) fputc(*text, to);
    }
}

static void draw_curve(const struct report *r, const struct curve *c)
{
    double low = c->low, high = c->high, sum = 0, end = r->n ? fmax(r->points[r->n - 1].at_s, 1) : 1;

    for (size_t i = 0; i < r->n; i++) {
        double v = value_of(&r->points[i], c);

        low = fmin(low, v);
        high = fmax(high, v);
        sum += v;
    }
    (void) fprintf(r->to,
        "<h2>%s <small>mean %.1f %s</small></h2>\n<svg viewBox=\"-40 -6 %.0f %.0f\" role=\"img\" aria-label=\"%s\">\n",
        c->title, r->n ? sum / (double) r->n : 0, c->unit, WIDTH + 50, HEIGHT + 24, c->title);
    (void) fprintf(r->to,
        "<rect width=\"%.0f\" height=\"%.0f\"/><text x=\"-4\" y=\"8\">%.4g</text><text x=\"-4\" y=\"%.0f\">%.4g</text>"
        "<text x=\"%.0f\" y=\"%.0f\">%.0f s</text>\n<polyline stroke=\"%s\" points=\"",
        WIDTH, HEIGHT, high, HEIGHT, low, WIDTH, HEIGHT + 14, end, c->colour);
    for (size_t i = 0; i < r->n; i++)
        (void) fprintf(r->to, "%.1f,%.1f ", r->points[i].at_s / end * WIDTH,
            HEIGHT - (value_of(&r->points[i], c) - low) / (high - low) * HEIGHT);
    (void) fputs("\"/></svg>\n", r->to);
}

static void write_facts(const struct report *r, const char *peer, const irisx_call_stats_t *s)
{
    (void) fputs("<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Call: ", r->to);
    escape(r->to, peer);
    (void) fputs(
        "</title>\n<style>body{font:15px sans-serif;max-width:920px;margin:2em auto;padding:0 1em}h2{font-size:1em;margin:1.4em 0 .2em}"
        "small{font-weight:normal;color:#666}rect{fill:#f6f6f6}polyline{fill:none;stroke-width:1.5}text{font-size:11px;"
        "text-anchor:end;fill:#666}td{padding:.1em 1.5em .1em 0}</style>\n<h1>Call: ",
        r->to);
    escape(r->to, peer);
    (void) fprintf(r->to,
        "</h1>\n<table>\n<tr><td>Codec<td>%s\n<tr><td>Set-up<td>%.1f ms (signalling %.1f, ICE %.1f, DTLS %.1f, first audio %.1f)\n"
        "<tr><td>Duration<td>%.1f s\n<tr><td>Packets<td>%llu sent, %llu received, %llu lost (%.2f %%), %llu discarded\n",
        s->codec, s->setup_ms, s->signalling_ms, s->ice_ms, s->dtls_ms, s->first_audio_ms, s->duration_ms / 1000,
        (unsigned long long) s->packets_sent, (unsigned long long) s->packets_received,
        (unsigned long long) s->packets_lost, s->loss_percent, (unsigned long long) s->packets_discarded);
    (void) fprintf(r->to,
        "<tr><td>Concealed<td>%llu ms, %llu ms of it silent; %llu ms restored from redundancy\n"
        "<tr><td>Time stretching<td>%llu ms put in, %llu ms cut out\n<tr><td>Late ticks of this machine<td>%llu, the worst %.1f ms\n</table>\n",
        (unsigned long long) s->concealed_ms, (unsigned long long) s->silent_concealed_ms,
        (unsigned long long) s->restored_ms, (unsigned long long) s->inserted_ms, (unsigned long long) s->removed_ms,
        (unsigned long long) s->ticks_late, s->tick_late_max_ms);
}

bool report_end(struct report *r, const char *peer, const irisx_call_stats_t *last)
{
    bool good = true;

    if (!r)
        return true;
    report_clear_line(r);
    if (r->to) {
        if (last) {
            write_facts(r, peer ? peer : "", last);
            for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
                draw_curve(r, &curves[i]);
            (void) fputs("</html>\n", r->to);
        }
        good = !ferror(r->to);
        good = fclose(r->to) == 0 && good;
    }
    free(r);
    return good;
}
