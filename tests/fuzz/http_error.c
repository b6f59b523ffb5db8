/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: a refusal to the one error object. Two bytes: status, retry class; a line of headers; the rest is the
 * body. The message is one line of UTF-8, the detail is JSON, nothing is longer than was said.
 */
#include <string.h>

#include "http/http.h"
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void is_sound(const irisx_error_info_t *e)
{
    irisx_value_t *detail = NULL;

    IX_ASSERT(e->code != IRISX_OK && e->message != NULL && strlen(e->message) < 1024);
    IX_ASSERT(ix_utf8_valid(e->message, strlen(e->message)) && strpbrk(e->message, "\r\n") == NULL);
    IX_ASSERT(e->reason == NULL || strlen(e->reason) <= 1024);
    if (e->detail == NULL)
        return;
    IX_ASSERT(strlen(e->detail) <= 16384);
    int err = ix_json_parse(ix_str(e->detail), &detail, NULL);
    IX_ASSERT(err == 0 || err == IRISX_E_NO_MEMORY);
    for (size_t i = 0; i < irisx_value_count(detail); i++)
        IX_ASSERT(irisx_value_get_text(irisx_value_at(detail, i), "path", NULL) != NULL);
    irisx_value_free(detail);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_reader r = ix_reader(data, size);
    struct ix_http_response answer = { .status = 300 + ix_read_u8(&r) };
    enum ix_retry_class cls = (enum ix_retry_class)(IX_RETRY_SAFE + ix_read_u8(&r) % 3);
    struct ix_http_error e = { 0 };

    (void) ix_read_line(&r, &answer.headers);
    answer.content_type = ix_http_header(answer.headers, "Content-Type");
    answer.body = ix_str_n(r.p, r.n);
    ix_http_error_from_response(&e, &answer, cls);
    is_sound(&e.info);
    ix_http_error_reword(&e, IRISX_E_NOT_AVAILABLE, "%s: %s", "x", e.info.message);
    is_sound(&e.info);
    ix_http_error_clear(&e);
    return 0;
}
