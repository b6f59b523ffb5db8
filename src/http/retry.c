/* SPDX-License-Identifier: MIT */
/*
 * The decision to send again. Safe and idempotent requests: after connection failures, 429 and 502 to 504; unsafe ones
 * only if no byte was written, or after 429 (then nothing was executed). Waits are drawn at random over the whole
 * interval ("full jitter"), so that clients that failed together do not come back together. All tries beyond the first
 * come out of one budget.
 */
#include "http/http.h"

#include <string.h>

#define BUDGET_TRIES 20
#define BUDGET_REFILL (5 * IX_S) /* for one try */

enum retry_kind { RETRY_NO, RETRY_YES, RETRY_TOO_LATE /* it may have been executed */ };

void ix_budget_init(struct ix_budget *b, uint32_t tries, uint64_t now_us)
{
    b->cap_tenths = 10 * (tries != 0 ? IX_MIN(tries, UINT32_C(100000)) : BUDGET_TRIES);
    b->tenths = b->cap_tenths;
    b->filled_us = now_us;
}

void ix_budget_earn(struct ix_budget *b)
{
    b->tenths = IX_MIN(b->tenths + 1, b->cap_tenths);
}

bool ix_budget_take(struct ix_budget *b, uint64_t now_us)
{
    uint64_t whole = now_us > b->filled_us ? (now_us - b->filled_us) / BUDGET_REFILL : 0;

    b->filled_us += whole * BUDGET_REFILL;
    b->tenths = (uint32_t) IX_MIN(b->tenths + 10 * IX_MIN(whole, b->cap_tenths), b->cap_tenths);
    if (b->tenths < 10)
        return false;
    b->tenths -= 10;
    return true;
}

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
    bool not_trusted = !a->any_byte_sent && a->err == IRISX_E_TLS;

    if (not_begun || (not_trusted && a->elsewhere))
        return RETRY_YES;
    if (r->cls != IX_RETRY_UNSAFE)
        return lost ? RETRY_YES : RETRY_NO;
    if (a->any_byte_sent && (lost || a->err == IRISX_E_TIMEOUT || a->err == IRISX_E_PROTOCOL))
        return RETRY_TOO_LATE;
    return RETRY_NO;
}

/* the wait before the next try; false if there will be none */
static bool next_wait(const struct ix_retry *r, const struct ix_attempt *a, const struct ix_rng *rng, uint64_t *wait_us)
{
    uint64_t bound = r->policy.base_us;
    uint64_t asked_us = a->retry_after_us;

    if (r->tries >= r->policy.max_tries || asked_us > r->policy.cap_us)
        return false;
    if (a->elsewhere && a->status != 429) { /* what one server asks for says nothing about another */
        *wait_us = 0;
        return true;
    }
    for (uint32_t i = 1; asked_us == 0 && i < r->tries && bound < r->policy.cap_us; i++)
        bound *= 2;
    bound = IX_MIN(IX_MIN(bound, r->policy.cap_us), UINT32_MAX - 1);
    *wait_us = asked_us + ix_rng_below(rng, (uint32_t) bound + 1);
    return true;
}

/* 404 on a DELETE that is sent again: an earlier try of it reached the server and did it */
static bool found_nothing_again(const struct ix_retry *r, const struct ix_attempt *a)
{
    return a->err == 0 && (a->status == 404 || a->status == 410) && r->is_delete && r->reached;
}

enum ix_retry_verdict ix_retry_next(
    struct ix_retry *r, const struct ix_attempt *a, const struct ix_rng *rng, uint64_t now_us, uint64_t *at_us)
{
    enum retry_kind kind = a->err == 0 ? after_status(r, a->status) : after_failure(r, a);
    uint64_t wait_us;

    r->tries++;
    if (found_nothing_again(r, a))
        return IX_RETRY_REPEATED;
    r->reached = r->reached || (a->any_byte_sent && (a->err != 0 || a->status != 429));
    if (kind == RETRY_TOO_LATE)
        return IX_RETRY_UNKNOWN;
    if (kind == RETRY_NO || !next_wait(r, a, rng, &wait_us))
        return IX_RETRY_DONE;
    uint64_t at = ix_time_add(now_us, wait_us);
    if (at >= r->deadline_us || (r->budget != NULL && !ix_budget_take(r->budget, now_us)))
        return IX_RETRY_DONE;
    *at_us = at;
    return IX_RETRY_AGAIN;
}

/* ---- keys -------------------------------------------------------------------------------- */

void ix_idempotency_key(const struct ix_rng *rng, char out[IX_KEY_SIZE])
{
    static const char hex[] = "0123456789abcdef";
    uint8_t raw[16];
    size_t at = 0;

    ix_rng_fill(rng, raw, sizeof raw);
    raw[6] = (uint8_t) (0x40 | (raw[6] & 0x0f));
    raw[8] = (uint8_t) (0x80 | (raw[8] & 0x3f));
    for (size_t i = 0; i < sizeof raw; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        out[at++] = hex[raw[i] >> 4];
        out[at++] = hex[raw[i] & 15];
    }
    out[at] = '\0';
}

bool ix_idempotency_told(struct ix_str headers)
{
    static const char *const names[] = { "Idempotency-Key", "Idempotency-Replayed", "Idempotent-Replayed",
        "X-Idempotency-Key" };

    for (size_t i = 0; i < IX_COUNT(names); i++)
        if (ix_http_header(headers, names[i]).n > 0)
            return true;
    return false;
}
