/* SPDX-License-Identifier: MIT */
/* Fuzz target: tokens, header lines and queries; what an answer tells of limits, clocks and keys. */
#include "http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* two answers with these headers, one in time and one a minute later: something may always go on at last */
static void pace(struct ix_str headers)
{
    const struct ix_pace_answer a = { .answered = true, .status = 200, .headers = headers };
    struct ix_now now = { IX_S, INT64_C(1795166288000000) };
    struct ix_pace_slot s = { 0 };
    struct ix_pace *p = NULL;

    if (ix_pace_new(1, &p) != 0)
        return;
    for (int i = 0; i < 3; i++) {
        if (!ix_pace_enter(p, "a.b", &s, now.mono_us)) {
            now.mono_us = ix_pace_deadline(p, now.mono_us);
            IX_ASSERT(now.mono_us != IX_NEVER && ix_pace_next(p, now.mono_us) == &s);
        }
        ix_pace_leave(p, &s, &a, now);
    }
    ix_pace_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_skew skew = { 0 };
    struct ix_str text = ix_str_n(data, size);
    struct ix_http_response r = { .status = 429, .headers = text };
    struct ix_jwt_times times;
    struct ix_buf out;

    (void) ix_jwt_times(ix_str_trim(text), &times);
    (void) ix_http_retry_after_us(&r, NULL);
    (void) ix_http_header(text, "Content-Type");
    ix_buf_init(&out, (size_t) 1 << 20);
    ix_redact_headers(&out, text);
    ix_redact_query(&out, text);
    ix_redact_url(&out, text, NULL);
    ix_redact_url(&out, text, "/v1/unsubscribe/{token}/x");
    ix_redact_phones(&out, text);
    ix_buf_clear(&out);
    ix_skew_learn(&skew, text, (struct ix_now){ IX_S, IX_S }, IX_S);
    (void) ix_idempotency_told(text);
    pace(text);
    return 0;
}
