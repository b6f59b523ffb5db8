/* SPDX-License-Identifier: MIT */
/* What a SIP status and a Q.850 cause mean to a user: one code and one sentence. RFC 3261 section 21, RFC 3326. */
#include <stdio.h>
#include <string.h>

#include "call/private.h"

void ix_error_set(struct ix_phone_error *e, int code, const char *fmt, ...)
{
    va_list ap;

    memset(e, 0, sizeof *e);
    e->code = code;
    va_start(ap, fmt);
    (void) vsnprintf(e->message, sizeof e->message, fmt, ap); /* a cut sentence is still a sentence */
    va_end(ap);
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

struct meaning {
    uint16_t status;
    int16_t code;
    const char *sentence;
};

static const struct meaning meanings[] = {
    { 400, IRISX_E_PROTOCOL, "the server did not understand the request" },
    { 401, IRISX_E_AUTH, "the server refused the user or password: check both" },
    { 403, IRISX_E_FORBIDDEN, "the server does not allow this call for this user: check user, password and number" },
    { 404, IRISX_E_NOT_FOUND, "the number or extension does not exist: check it" },
    { 405, IRISX_E_UNSUPPORTED, "the server does not know the method" },
    { 407, IRISX_E_AUTH, "the server refused the user or password: check both" },
    { 408, IRISX_E_NO_ANSWER, "nobody answered in time" },
    { 410, IRISX_E_NOT_FOUND, "the number is no longer in use" },
    { 415, IRISX_E_UNSUPPORTED, "the other side does not take this kind of media" },
    { 480, IRISX_E_UNREACHABLE, "the called party is not available now: try later" },
    { 481, IRISX_E_CLOSED, "the call does not exist at the server any more" },
    { 484, IRISX_E_NOT_FOUND, "the number is incomplete" },
    { 486, IRISX_E_BUSY, "the called party is busy: try later" },
    { 487, IRISX_E_CANCELLED, "the call was cancelled before it was answered" },
    { 488, IRISX_E_UNSUPPORTED, "the other side does not take the offered media: check the codecs" },
    { 600, IRISX_E_BUSY, "the called party is busy everywhere: try later" },
    { 603, IRISX_E_DECLINED, "the called party declined the call" },
    { 604, IRISX_E_NOT_FOUND, "the number does not exist anywhere" },
    { 606, IRISX_E_UNSUPPORTED, "the other side does not take the offered media: check the codecs" },
};

static struct meaning meaning_of(unsigned status)
{
    for (size_t i = 0; i < IX_COUNT(meanings); i++)
        if (meanings[i].status == status)
            return meanings[i];
    if (status >= 300 && status < 400)
        return (struct meaning){ 0, IRISX_E_NOT_AVAILABLE, "the called party has moved: dial the new address" };
    if (status >= 500 && status < 600)
        return (struct meaning){ 0, IRISX_E_SERVER, "the server failed: try again" };
    return (struct meaning){ 0, IRISX_E_PROTOCOL, "the server refused the call" };
}

void ix_error_from_status(struct ix_phone_error *e, unsigned status)
{
    struct meaning m = meaning_of(status);

    ix_error_set(e, m.code, "%s (SIP %u)", m.sentence, status);
    e->sip_status = (uint16_t) status;
    e->by_peer = true;
}

void ix_error_from_response(struct ix_phone_error *e, const struct ix_sip_msg *msg)
{
    struct meaning m = meaning_of(msg->status);
    struct ix_phone_error cause = { 0 };

    ix_error_reason(&cause, msg);
    /* Q.850 18 and 19: rang, nobody took it; FreeSWITCH sends these with 480 */
    if (msg->status == 480 && (cause.q850_cause == 18 || cause.q850_cause == 19))
        m = (struct meaning){ 480, IRISX_E_NO_ANSWER, "nobody answered" };
    ix_error_set(e, m.code, "%s (SIP %u)", m.sentence, msg->status);
    e->sip_status = msg->status;
    e->q850_cause = cause.q850_cause;
    e->by_peer = true;
    (void) ix_str_copy(e->reason, sizeof e->reason, ix_str_slice(msg->phrase, 0, sizeof e->reason - 1));
}
