/* SPDX-License-Identifier: MIT */
/*
 * Figures by operation: counters and a histogram of times, eight buckets to an octave of milliseconds, so that any
 * quantile is right to within an eighth and the powers of two are exact bounds for Prometheus.
 */
#include "http/http.h"

#include <string.h>

#define MAX_NUMBER 65000 /* operations are numbered below */
#define OCTAVES (IX_METRIC_BUCKETS / 8)

void ix_metrics_init(struct ix_metrics *m)
{
    *m = (struct ix_metrics){ 0 };
}

void ix_metrics_clear(struct ix_metrics *m)
{
    for (size_t i = 0; i < m->count; i++)
        ix_free(m->rows[i]);
    ix_free(m->rows);
    ix_free(m->row_of);
    *m = (struct ix_metrics){ 0 };
}

/* the bucket of a time: its octave, and the eighth of it; what is under 1 ms is in the first */
static size_t bucket_of(uint64_t us)
{
    uint64_t eighths = us / 125; /* of a millisecond */
    size_t octave = 0;

    if (eighths < 8)
        return 0;
    while (eighths >= 16) {
        eighths /= 2;
        octave++;
    }
    size_t at = octave * 8 + (size_t) (eighths - 8);
    return IX_MIN(at, IX_METRIC_BUCKETS - 1);
}

/* where it ends, in microseconds */
static uint64_t bucket_end_us(size_t i)
{
    return (UINT64_C(125) << (i / 8)) * (9 + i % 8);
}

static bool make_room(struct ix_metrics *m, uint32_t number)
{
    if (number >= m->numbers) {
        size_t n = IX_MAX((size_t) number + 1, m->numbers * 2);
        uint16_t *bigger = ix_realloc(m->row_of, n * sizeof *bigger);
        if (bigger == NULL)
            return false;
        memset(bigger + m->numbers, 0, (n - m->numbers) * sizeof *bigger);
        m->row_of = bigger;
        m->numbers = n;
    }
    if ((m->count & (m->count - 1)) == 0) { /* at each power of two */
        struct ix_metric **more = ix_realloc(m->rows, IX_MAX(m->count * 2, (size_t) 1) * sizeof(struct ix_metric *));
        if (more == NULL)
            return false;
        m->rows = more;
    }
    return true;
}

static struct ix_metric *row(struct ix_metrics *m, uint32_t number, const char *operation)
{
    if (number < m->numbers && m->row_of[number] != 0)
        return m->rows[m->row_of[number] - 1];
    if (number > MAX_NUMBER || m->count == UINT16_MAX || !make_room(m, number))
        return NULL;
    struct ix_metric *n = ix_alloc(sizeof *n);
    if (n == NULL)
        return NULL;
    (void) ix_str_copy(n->operation, sizeof n->operation, ix_str(operation)); /* "": too long to be one */
    m->rows[m->count++] = n;
    m->row_of[number] = (uint16_t) m->count;
    return n;
}

void ix_metrics_add(struct ix_metrics *m, uint32_t number, const char *operation, const struct ix_metric_sample *s)
{
    struct ix_metric *it = row(m, number, operation);

    if (it == NULL)
        return;
    it->ended++;
    it->failed += s->code != IRISX_OK;
    it->unknown += s->code == IRISX_E_OUTCOME_UNKNOWN;
    it->retries += s->retries;
    it->limited += s->limited;
    it->paced += s->paced;
    it->total_us += s->total_us;
    it->max_us = IX_MAX(it->max_us, s->total_us);
    it->buckets[bucket_of(s->total_us)]++;
}

int ix_metrics_copy(struct ix_metrics *to, const struct ix_metrics *from)
{
    ix_metrics_init(to);
    to->rows = ix_alloc_array(IX_MAX(from->count, (size_t) 1), sizeof(struct ix_metric *));
    if (to->rows == NULL)
        return IRISX_E_NO_MEMORY;
    for (size_t i = 0; i < from->count; i++) {
        to->rows[i] = ix_alloc(sizeof *to->rows[i]);
        if (to->rows[i] == NULL) {
            ix_metrics_clear(to);
            return IRISX_E_NO_MEMORY;
        }
        *to->rows[i] = *from->rows[i];
        to->count++;
    }
    return 0;
}

uint64_t ix_metric_quantile_ms(const struct ix_metric *m, uint32_t percent)
{
    uint64_t wanted = (m->ended * percent + 99) / 100, seen = 0;

    for (size_t i = 0; i < IX_METRIC_BUCKETS && m->ended > 0; i++) {
        seen += m->buckets[i];
        if (seen >= wanted)
            return (IX_MIN(bucket_end_us(i), m->max_us) + 500) / 1000;
    }
    return 0;
}

/* ---- Prometheus -------------------------------------------------------------------------- */

struct counter {
    const char *name, *help;
    size_t at; /* in struct ix_metric */
};

static const struct counter *counters(size_t *n)
{
    static const struct counter all[] = {
        { "operations_total", "Operations that ended.", offsetof(struct ix_metric, ended) },
        { "failures_total", "Operations that ended with an error.", offsetof(struct ix_metric, failed) },
        { "outcome_unknown_total", "Operations that may have been executed.", offsetof(struct ix_metric, unknown) },
        { "retries_total", "Tries beyond the first.", offsetof(struct ix_metric, retries) },
        { "rate_limited_total", "Answers 429.", offsetof(struct ix_metric, limited) },
        { "paced_total", "Operations held back to keep a limit.", offsetof(struct ix_metric, paced) },
    };

    *n = IX_COUNT(all);
    return all;
}

static void write_seconds(struct ix_buf *out, uint64_t us)
{
    ix_buf_fmt(out, "%llu.%06llu", (unsigned long long) (us / IX_S), (unsigned long long) (us % IX_S));
}

static void write_histogram(const struct ix_metric *m, struct ix_buf *out)
{
    static const char name[] = "irisx_rest_operation_seconds";
    uint64_t below = 0;

    for (size_t octave = 0; octave < OCTAVES; octave++) {
        for (size_t i = 0; i < 8; i++)
            below += m->buckets[octave * 8 + i];
        if (octave == OCTAVES - 1)
            break; /* the last one has no upper end */
        ix_buf_fmt(out, "%s_bucket{operation=\"%s\",le=\"", name, m->operation);
        write_seconds(out, bucket_end_us(octave * 8 + 7));
        ix_buf_fmt(out, "\"} %llu\n", (unsigned long long) below);
    }
    ix_buf_fmt(
        out, "%s_bucket{operation=\"%s\",le=\"+Inf\"} %llu\n", name, m->operation, (unsigned long long) m->ended);
    ix_buf_fmt(out, "%s_sum{operation=\"%s\"} ", name, m->operation);
    write_seconds(out, m->total_us);
    ix_buf_fmt(out, "\n%s_count{operation=\"%s\"} %llu\n", name, m->operation, (unsigned long long) m->ended);
}

void ix_metrics_text(const struct ix_metrics *m, struct ix_buf *out)
{
    size_t n;
    const struct counter *c = counters(&n);

    for (size_t k = 0; k < n; k++) {
        ix_buf_fmt(out, "# HELP irisx_rest_%s %s\n# TYPE irisx_rest_%s counter\n", c[k].name, c[k].help, c[k].name);
        for (size_t i = 0; i < m->count; i++) {
            uint64_t value;
            memcpy(&value, (const char *) m->rows[i] + c[k].at, sizeof value);
            ix_buf_fmt(out, "irisx_rest_%s{operation=\"%s\"} %llu\n", c[k].name, m->rows[i]->operation,
                (unsigned long long) value);
        }
    }
    ix_buf_str(out, "# HELP irisx_rest_operation_seconds Time of an operation, all tries and waits.\n"
                    "# TYPE irisx_rest_operation_seconds histogram\n");
    for (size_t i = 0; i < m->count; i++)
        write_histogram(m->rows[i], out);
}
