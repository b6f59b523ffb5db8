/* SPDX-License-Identifier: MIT */
/* Failures as values: fixed storage, so that saying what went wrong needs no memory. */
#include <stdio.h>
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

static void put(char *to, size_t cap, const char *from)
{
    (void) snprintf(to, cap, "%s", from ? from : ""); /* a long one is cut */
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
    put(f->message, sizeof f->message, message && *message ? message : ix_error_text(code));
    put(f->reason, sizeof f->reason, reason);
    bind(f);
}

void ix_failure_from_http(struct failure *f, const struct ix_http_error *e)
{
    ix_failure_set(f, e->info.code, e->info.domain, e->info.status, e->info.message, e->info.reason);
    put(f->request_id, sizeof f->request_id, e->info.request_id);
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
