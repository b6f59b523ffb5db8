/* SPDX-License-Identifier: MIT */
/*
 * A page of a thousand calls: jansson's parse alone, and the library's decoding of the same bytes into its structs
 * (which parses too). Turn by turn in one process; prints the medians of both and of their ratio as JSON.
 */
#include "api/api.h"

#include <irisx/api/calls.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CALLS 1000
#define TURNS 101

static char page[CALLS * 512];
static size_t page_len;

static void make(void)
{
    page_len = (size_t) snprintf(page, sizeof page, "{\"calls\":[");
    for (int i = 0; i < CALLS; i++)
        page_len += (size_t) snprintf(page + page_len, sizeof page - page_len,
            "%s{\"sid\":\"CA%032x\",\"direction\":\"outbound-api\",\"from\":\"+12025550101\",\"to\":\"+1202555%04d\","
            "\"status\":\"completed\",\"duration\":%d,\"recording_url\":null,\"answered_at\":\"2026-11-20T09:27:25.486Z\","
            "\"ended_at\":\"2026-11-20T09:28:25.486Z\",\"initiated_at\":\"2026-11-20T09:27:20.001Z\","
            "\"metadata\":{\"campaign\":\"winter\",\"try\":%d}}",
            i ? "," : "", (unsigned) i * 2654435761u, i, i % 300, i % 5);
    page_len += (size_t) snprintf(page + page_len, sizeof page - page_len,
        "],\"pagination\":{\"total\":1000,\"limit\":1000,\"offset\":0,\"has_more\":false}}");
}

static double cpu_us(void)
{
    struct timespec t;

    (void) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

static double parse(void)
{
    double from = cpu_us();
    json_t *root = json_loadb(page, page_len, 0, NULL);

    if (!root)
        exit(1);
    json_decref(root);
    return cpu_us() - from;
}

static double decode(void)
{
    struct ix_http_response response = {
        .status = 200, .content_type = ix_str("application/json"), .body = ix_str_n(page, page_len)
    };
    struct ix_api_answer answer = { 0 };
    struct ix_http_error e = { 0 };
    double from = cpu_us();
    const irisx_api_calls_list_result_t *r;

    if (ix_api_decode(ix_api_find("calls.list"), IX_RETRY_SAFE, &response, &answer, &e))
        exit(1);
    r = answer.result;
    if (r->calls.count != CALLS || r->calls.items[CALLS - 1]->duration.value != (CALLS - 1) % 300)
        exit(1);
    ix_api_answer_clear(&answer);
    return cpu_us() - from;
}

static int up(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;

    return x < y ? -1 : x > y;
}

static double median(double *all)
{
    qsort(all, TURNS, sizeof *all, up);
    return all[TURNS / 2];
}

int main(void)
{
    static double parses[TURNS], decodes[TURNS], ratios[TURNS];

    make();
    for (int i = -5; i < TURNS; i++) { /* the first ones warm the heap */
        double p = parse(), d = decode();

        if (i >= 0)
            parses[i] = p, decodes[i] = d, ratios[i] = d / p;
    }
    printf("{\"bytes\":%zu,\"parse_us\":%.1f,\"decode_us\":%.1f,\"ratio\":%.3f}\n", page_len, median(parses),
        median(decodes), median(ratios));
    return 0;
}
