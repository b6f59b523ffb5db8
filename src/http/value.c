/* SPDX-License-Identifier: MIT */
/* Requests and responses as values; header lines (RFC 9110 section 5), Retry-After (section 10.2.3). */
#include "http/http.h"

#include <string.h>

#include "json/json.h"

#define MAX_BODY 65536 /* of a refusal that is looked into */
#define MAX_RETRY_AFTER_S UINT64_C(31536000) /* a year: what is longer is nonsense or for ever */

static void wipe_free(char *text, size_t n)
{
    if (text != NULL)
        ix_wipe(text, n);
    ix_free(text);
}

void ix_http_source_clear(struct ix_http_source *s)
{
    ix_free(s->path);
    wipe_free(s->data, s->len);
    ix_free(s->file_name);
    ix_free(s->content_type);
    *s = (struct ix_http_source){ 0 };
}

void ix_http_request_clear(struct ix_http_request *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->part_count; i++) {
        ix_free(r->parts[i].name);
        ix_http_source_clear(&r->parts[i].source);
    }
    ix_free(r->parts);
    ix_http_source_clear(&r->source);
    wipe_free(r->headers, r->headers != NULL ? strlen(r->headers) : 0);
    wipe_free(r->path, r->path != NULL ? strlen(r->path) : 0);
    wipe_free(r->query, r->query != NULL ? strlen(r->query) : 0);
    wipe_free(r->body, r->body_len);
    *r = (struct ix_http_request){ 0 };
}

/* Several names are looked for in each answer: only lines that begin alike are looked at closely. */
struct ix_str ix_http_header(struct ix_str headers, const char *name)
{
    struct ix_str wanted = ix_str(name);
    size_t at = 0;

    while (headers.n - at > wanted.n) {
        const char *line = headers.p + at;
        const char *end = memchr(line, '\n', headers.n - at);
        size_t n = end != NULL ? (size_t) (end - line) : headers.n - at;
        if (n > wanted.n && line[wanted.n] == ':' && ((line[0] ^ wanted.p[0]) & 0x5f) == 0 &&
            ix_str_ieq(ix_str_n(line, wanted.n), wanted))
            return ix_str_trim(ix_str_n(line + wanted.n + 1, n - wanted.n - 1));
        at += end != NULL ? n + 1 : n;
    }
    return IX_STR_NONE;
}

bool ix_http_line_safe(const char *text)
{
    for (; text != NULL && *text != '\0'; text++)
        if ((unsigned char) *text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

enum ix_retry_class ix_retry_class_of(const char *method)
{
    static const char *const safe[] = { "GET", "HEAD", "OPTIONS" };

    for (size_t i = 0; i < IX_COUNT(safe); i++)
        if (strcmp(method, safe[i]) == 0)
            return IX_RETRY_SAFE;
    if (strcmp(method, "PUT") == 0 || strcmp(method, "DELETE") == 0)
        return IX_RETRY_IDEMPOTENT;
    return IX_RETRY_UNSAFE;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT": the one form that is generated */
int64_t ix_http_date(struct ix_str s)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char iso[] = "0000-00-00T00:00:00Z";
    int64_t wall_us;

    if (s.n != 29 || !ix_str_eq(ix_str_slice(s, 25, 29), IX_STR(" GMT")))
        return -1;
    for (size_t m = 0; m < 12; m++) {
        if (memcmp(s.p + 8, months + 3 * m, 3) != 0)
            continue;
        memcpy(iso, s.p + 12, 4);
        iso[5] = (char) ('0' + (m + 1) / 10);
        iso[6] = (char) ('0' + (m + 1) % 10);
        memcpy(iso + 8, s.p + 5, 2);
        memcpy(iso + 11, s.p + 17, 8);
        return ix_time_parse_iso8601(IX_STR(iso), &wall_us) == 0 ? wall_us / (int64_t) IX_S : -1;
    }
    return -1;
}

static uint64_t seconds_to_us(double s)
{
    if (!(s > 0))
        return 0;
    return (uint64_t) (IX_MIN(s, (double) MAX_RETRY_AFTER_S) * (double) IX_S);
}

static uint64_t header_retry_after(struct ix_str headers)
{
    struct ix_str value = ix_http_header(headers, "Retry-After");
    uint64_t s;

    size_t digits = 0;

    while (digits < value.n && value.p[digits] >= '0' && value.p[digits] <= '9')
        digits++;
    if (digits > 0 && digits == value.n) /* too large for a number: for ever */
        return (ix_str_u64(value, MAX_RETRY_AFTER_S, &s) == 0 ? s : MAX_RETRY_AFTER_S) * IX_S;
    int64_t until = ix_http_date(value);
    int64_t now = ix_http_date(ix_http_header(headers, "Date"));
    return until > now && now >= 0 ? seconds_to_us((double) (until - now)) : 0;
}

static uint64_t body_retry_after(const irisx_value_t *root)
{
    return seconds_to_us(irisx_value_get_num(root, "retry_after", 0));
}

uint64_t ix_http_retry_after_us(const struct ix_http_response *r, const irisx_value_t *root)
{
    uint64_t us = header_retry_after(r->headers);
    irisx_value_t *parsed = NULL;

    if (us != 0 || root != NULL)
        return us != 0 ? us : body_retry_after(root);
    if (r->status != 429 && r->status != 503)
        return 0;
    if (r->body.n <= MAX_BODY)
        (void) ix_json_parse(r->body, &parsed, NULL); /* what cannot be read names no time */
    us = body_retry_after(parsed);
    irisx_value_free(parsed);
    return us;
}

/* ---- the server's clock ------------------------------------------------------------------ */

void ix_skew_learn(struct ix_skew *k, struct ix_str headers, struct ix_now now, uint64_t round_us)
{
    int64_t date = ix_http_date(ix_http_header(headers, "Date"));

    if (date < 0 || round_us > 10 * IX_S)
        return;
    /* written somewhere in the round trip, cut to whole seconds */
    int64_t server_us = date * (int64_t) IX_S + (int64_t) (IX_S / 2);
    int64_t offset = server_us - (now.wall_us - (int64_t) (round_us / 2));
    int64_t blur = (int64_t) (IX_S / 2 + round_us / 2);
    int64_t apart = offset - (k->known ? k->offset_us : 0);
    if (apart > blur || apart < -blur) /* within it, what was known is as good */
        k->offset_us = offset;
    k->known = true;
}

struct ix_now ix_skew_now(const struct ix_skew *k, struct ix_now now)
{
    now.wall_us += k->offset_us;
    return now;
}
