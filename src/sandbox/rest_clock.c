/* SPDX-License-Identifier: MIT */
/* What happens later: one timer, set to the first thing that is due in the state. */
#include "sandbox/rest.h"

#define AGAIN_MS 1000 /* after a failure of the state: a full disk may have room again */

int64_t rest_now_ms(struct sandbox_rest *r)
{
    return ((int64_t) ix_loop_now(r->sb->service_loop).mono_us + r->wall_offset_us) / 1000;
}

static int run(struct sandbox_rest *r, int64_t now, int64_t *next)
{
    int64_t sms = INT64_MAX, calls = INT64_MAX;
    int err = sandbox_state_exec(r->state, "BEGIN IMMEDIATE");

    if (err)
        return err;
    err = rest_sms_due(r, now, &sms);
    if (!err)
        err = rest_calls_due(r, now, &calls);
    if (!err)
        err = sandbox_state_exec(r->state, "COMMIT");
    if (err) {
        (void) sandbox_state_exec(r->state, "ROLLBACK"); /* the first error is the one to tell */
        return err;
    }
    err = webhooks_due(r, now, next);
    *next = IX_MIN(*next, IX_MIN(sms, calls));
    return err;
}

static void on_timer(void *ctx)
{
    struct sandbox_rest *r = ctx;
    int64_t now = rest_now_ms(r), next = INT64_MAX;
    int err = run(r, now, &next);

    if (err) {
        ix_log(&r->sb->log, IX_LOG_ERROR, "sandbox", "what is due cannot be done: %s", ix_error_text(err));
        next = now + AGAIN_MS;
    }
    if (next == INT64_MAX)
        ix_loop_timer_set(r->timer, IX_NEVER);
    else
        ix_loop_timer_set(r->timer, (uint64_t) (IX_MAX(next, now + 1) * 1000 - r->wall_offset_us));
}

int rest_clock_new(struct sandbox_rest *r)
{
    struct ix_now now = ix_loop_now(r->sb->service_loop);

    r->wall_offset_us = now.wall_us - (int64_t) now.mono_us;
    return ix_loop_timer_new(r->sb->service_loop, on_timer, r, &r->timer);
}

void rest_clock_free(struct sandbox_rest *r)
{
    if (r->timer)
        ix_loop_timer_free(r->timer);
    r->timer = NULL;
}

void rest_clock_wake(struct sandbox_rest *r)
{
    if (!r->stopping)
        ix_loop_timer_set(r->timer, ix_loop_now(r->sb->service_loop).mono_us);
}
