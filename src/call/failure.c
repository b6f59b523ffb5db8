/* SPDX-License-Identifier: MIT */
/* What went wrong, as one code, one reason and one sentence. RFC 3261 section 21, RFC 3326; the meanings are in
 * reason.c. */
#include <stdio.h>
#include <string.h>

#include "call/private.h"

void ix_error_set(struct ix_phone_error *e, int code, const char *fmt, ...)
{
    va_list ap;

    memset(e, 0, sizeof *e);
    e->code = code;
    e->why = (uint16_t) ix_reason_of_code(code);
    va_start(ap, fmt);
    (void) vsnprintf(e->message, sizeof e->message, fmt, ap); /* a cut sentence is still a sentence */
    va_end(ap);
}

void ix_error_why(struct ix_phone_error *e, irisx_reason_t why)
{
    ix_error_set(e, ix_reason_code(why), "%s", ix_reason_text(why));
    e->why = (uint16_t) why;
}

void ix_error_reason(struct ix_phone_error *e, const struct ix_sip_msg *msg)
{
    struct ix_sip_reason r;

    if (ix_sip_get_reason(msg, "Q.850", &r)) {
        e->q850_cause = (uint16_t) r.cause;
        if (r.text.n)
            (void) ix_str_copy(e->reason, sizeof e->reason, ix_str_slice(r.text, 0, sizeof e->reason - 1));
    }
}

static void refused(struct ix_phone_error *e, unsigned status, unsigned cause)
{
    irisx_reason_t why = ix_reason_from(status, cause);

    ix_error_set(e, ix_reason_code(why), "%s (SIP %u)", ix_reason_text(why), status);
    e->why = (uint16_t) why;
    e->sip_status = (uint16_t) status;
    e->q850_cause = (uint16_t) cause;
    e->by_peer = true;
}

void ix_error_from_status(struct ix_phone_error *e, unsigned status)
{
    refused(e, status, 0);
}

void ix_error_from_response(struct ix_phone_error *e, const struct ix_sip_msg *msg)
{
    struct ix_phone_error cause = { 0 };

    ix_error_reason(&cause, msg);
    refused(e, msg->status, cause.q850_cause);
    (void) ix_str_copy(e->reason, sizeof e->reason, ix_str_slice(msg->phrase, 0, sizeof e->reason - 1));
}
