/* SPDX-License-Identifier: MIT */
/* Fuzz target: tokens, header lines and queries. */
#include "http/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
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
    ix_buf_clear(&out);
    return 0;
}
