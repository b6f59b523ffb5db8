/* SPDX-License-Identifier: MIT */
/*
 * The decision to send again. Safe and idempotent requests: after connection failures, 429 and 502 to 504; unsafe ones
 * only if no byte was written, or after 429 (then nothing was executed). Waits are drawn at random over the whole
 * interval ("full jitter"), so that clients that failed together do not come back together.
 */
#include "http/http.h"

#include <string.h>

enum retry_kind { RETRY_NO, RETRY_YES, RETRY_TOO_LATE /* it may have been executed */ };

void ix_retry_init(struct ix_retry *r, const struct ix_retry_policy *policy, enum ix_retry_class cls,
    const char *method, uint64_t deadline_us)
{
    *r = (struct ix_retry){ 0 };
    if (policy != NULL)
        r->policy = *policy;
    if (r->policy.max_tries == 0)
        r->policy.max_tries = 4;
    if (r->policy.base_us == 0)
        r->policy.base_us = 250 * IX_MS;
    if (r->policy.cap_us == 0)
        r->policy.cap_us = 60 * IX_S;
    r->cls = cls;
    r->is_delete = strcmp(method, "DELETE") == 0;
    r->deadline_us = deadline_us;
}

static enum retry_kind after_status(const struct ix_retry *r, int status)
{
    if (status == 429)
        return RETRY_YES;
    if (status >= 502 && status <= 504 && r->cls != IX_RETRY_UNSAFE)
        return RETRY_YES;
    return RETRY_NO;
}

static enum retry_kind after_failure(const struct ix_retry *r, const struct ix_attempt *a)
{
    bool lost = a->err == IRISX_E_NETWORK || a->err == IRISX_E_OUTCOME_UNKNOWN;
    bool not_begun = !a->any_byte_sent && (lost || a->err == IRISX_E_DNS || a->err == IRISX_E_TIMEOUT);

    if (not_begun)
        return RETRY_YES;
    if (r->cls != IX_RETRY_UNSAFE)
        return lost ? RETRY_YES : RETRY_NO;
    if (a->any_byte_sent && (lost || a->err == IRISX_E_TIMEOUT || a->err == IRISX_E_PROTOCOL))
        return RETRY_TOO_LATE;
    return RETRY_NO;
}

/* the wait before the next try; false if there will be none */
static bool next_wait(const struct ix_retry *r, uint64_t asked_us, const struct ix_rng *rng, uint64_t *wait_us)
{
    uint64_t bound = r->policy.base_us;

    if (r->tries >= r->policy.max_tries || asked_us > r->policy.cap_us)
        return false;
    for (uint32_t i = 1; asked_us == 0 && i < r->tries && bound < r->policy.cap_us; i++)
        bound *= 2;
    bound = IX_MIN(IX_MIN(bound, r->policy.cap_us), UINT32_MAX - 1);
    *wait_us = asked_us + ix_rng_below(rng, (uint32_t) bound + 1);
    return true;
}

enum ix_retry_verdict ix_retry_next(
    struct ix_retry *r, const struct ix_attempt *a, const struct ix_rng *rng, uint64_t now_us, uint64_t *at_us)
{
    enum retry_kind kind = a->err == 0 ? after_status(r, a->status) : after_failure(r, a);
    uint64_t wait_us;

    r->tries++;
    if (a->err == 0 && a->status == 404 && r->is_delete && r->tries > 1)
        return IX_RETRY_REPEATED;
    if (kind == RETRY_TOO_LATE)
        return IX_RETRY_UNKNOWN;
    if (kind == RETRY_NO || !next_wait(r, a->retry_after_us, rng, &wait_us))
        return IX_RETRY_DONE;
    uint64_t at = ix_time_add(now_us, wait_us);
    if (at >= r->deadline_us)
        return IX_RETRY_DONE;
    *at_us = at;
    return IX_RETRY_AGAIN;
}
