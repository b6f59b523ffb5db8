/* SPDX-License-Identifier: MIT */
/* Failures as values: fixed storage, so that saying what went wrong needs no memory. */
#include <string.h>

#include "client/private.h"

const char *irisx_error_name(irisx_error_t code)
{
    return ix_error_name(code);
}

const char *irisx_error_text(irisx_error_t code)
{
    return ix_error_text(code);
}

const char *irisx_version(void)
{
    return IRISX_VERSION;
}

static void bind(struct failure *f)
{
    f->info.message = f->message;
    f->info.reason = f->reason[0] ? f->reason : NULL;
    f->info.request_id = f->request_id[0] ? f->request_id : NULL;
    f->info.detail = f->detail;
}

/* bytes of the first character of s, or 0: not UTF-8 */
static size_t character(struct ix_str s)
{
    for (size_t n = 1; n <= IX_MIN(s.n, (size_t) 4); n++)
        if (ix_utf8_valid(s.p, n))
            return n;
    return 0;
}

void ix_text_put(char *to, size_t cap, const char *from)
{
    struct ix_str s = ix_str(from);
    size_t at = 0;

    if (s.n < cap && ix_utf8_valid(s.p, s.n)) { /* most are */
        (void) ix_str_copy(to, cap, s);
        return;
    }
    while (s.n) {
        size_t n = character(s);

        if (at + IX_MAX(n, (size_t) 1) >= cap)
            break;
        if (n)
            memcpy(to + at, s.p, n);
        else
            to[at] = '?';
        at += IX_MAX(n, (size_t) 1);
        s = ix_str_slice(s, IX_MAX(n, (size_t) 1), s.n);
    }
    to[at] = 0;
}

void ix_failure_clear(struct failure *f)
{
    ix_free(f->detail);
    memset(f, 0, sizeof *f);
    bind(f);
}

void ix_failure_set(
    struct failure *f, int code, irisx_error_domain_t domain, int status, const char *message, const char *reason)
{
    ix_failure_clear(f);
    f->info.code = (irisx_error_t) code;
    f->info.domain = domain;
    f->info.status = status;
    ix_text_put(f->message, sizeof f->message, message && *message ? message : ix_error_text(code));
    ix_text_put(f->reason, sizeof f->reason, reason);
    bind(f);
}

void ix_failure_from_http(struct failure *f, const struct ix_http_error *e)
{
    ix_failure_set(f, e->info.code, e->info.domain, e->info.status, e->info.message, e->info.reason);
    ix_text_put(f->request_id, sizeof f->request_id, e->info.request_id);
    f->detail = ix_dup_cstr(e->info.detail);
    f->info.retry_after_ms = e->info.retry_after_ms;
    f->info.retryable = e->info.retryable;
    bind(f);
}

void ix_failure_copy(struct failure *to, const struct failure *from)
{
    ix_failure_clear(to);
    *to = *from;
    to->detail = ix_dup_cstr(from->detail);
    bind(to);
}
