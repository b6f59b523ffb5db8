/* SPDX-License-Identifier: MIT */
/* Ends of phases; the transfer is one that libcurl never hears of, the clock is the loop's. */
#include <criterion/criterion.h>
#include <string.h>

#include "io/transfer.h"

static struct ix_loop *loop;
static struct ix_http_client *http;
static struct ix_transfer *t;
static struct ix_transfer_limits limits;
static uint32_t timeout_ms;
static int ends, err;
static char detail[256];

static void on_end(void *ctx, const struct ix_transfer_result *r)
{
    (void) ctx;
    ends++;
    err = r->err;
    (void) ix_str_copy(detail, sizeof detail, ix_str(r->detail));
}

static void setup(void)
{
    const struct ix_http_options o = { 0 };

    cr_assert_eq(ix_loop_new(NULL, &loop), 0);
    cr_assert_eq(ix_http_client_new(loop, &o, &http), 0);
}

static void teardown(void)
{
    ix_http_client_free(http);
    (void) ix_loop_run_once(loop);
    cr_assert_eq(ix_loop_free(loop), 0);
}

TestSuite(transfer_limit, .init = setup, .fini = teardown, .timeout = 30);

static void begin(void)
{
    const struct ix_transfer_request r = {
        .method = "POST", .url = "http://server.test:81/", .limits = limits, .timeout_ms = timeout_ms
    };

    t = ix_transfer_take(http);
    cr_assert_not_null(t);
    t->fn = on_end;
    cr_assert_eq(ix_transfer_set(t, &r), 0);
    ix_list_append(&http->transfers, &t->node);
}

static uint64_t now(void)
{
    return ix_loop_now(loop).mono_us;
}

Test(transfer_limit, each_phase_has_its_own_and_those_of_names_tcp_and_tls_have_defaults)
{
    begin();
    ix_transfer_enter(t, IX_PHASE_RESOLVE);
    cr_assert_eq(t->phase_us, now() + 5 * IX_S);
    ix_transfer_enter(t, IX_PHASE_CONNECT);
    cr_assert_eq(t->phase_us, now() + 10 * IX_S);
    ix_transfer_enter(t, IX_PHASE_TLS);
    cr_assert_eq(t->phase_us, now() + 10 * IX_S);
    ix_transfer_enter(t, IX_PHASE_ANSWER);
    cr_assert_eq(t->phase_us, IX_NEVER);
    ix_transfer_enter(t, IX_PHASE_MOVE);
    cr_assert_eq(t->phase_us, IX_NEVER);
    cr_assert_eq(t->ends_us, t->begun_us + 30 * IX_S);
}

Test(transfer_limit, a_limit_of_connecting_holds_for_tcp_and_tls_together)
{
    limits = (struct ix_transfer_limits){ .tcp_ms = 700, .tls_ms = 700, .connect_ms = 900 };
    begin();
    ix_transfer_enter(t, IX_PHASE_CONNECT);
    uint64_t from = now();
    cr_assert_eq(t->phase_us, from + 700 * IX_MS);
    ix_transfer_enter(t, IX_PHASE_TLS);
    cr_assert_eq(t->phase_us, IX_MIN(now() + 700 * IX_MS, from + 900 * IX_MS));
    cr_assert_leq(t->phase_us, from + 900 * IX_MS);
}

Test(transfer_limit, a_byte_that_moves_puts_the_end_of_silence_off_and_no_other)
{
    limits = (struct ix_transfer_limits){ .idle_ms = 5000, .answer_ms = 4000 };
    begin();
    ix_transfer_enter(t, IX_PHASE_ANSWER);
    ix_transfer_moved(t);
    cr_assert_eq(t->phase_us, now() + 4000 * IX_MS);
    ix_transfer_enter(t, IX_PHASE_MOVE);
    t->phase_us = 1;
    ix_transfer_moved(t);
    cr_assert_eq(t->phase_us, now() + 5000 * IX_MS);
}

static void late_in(enum ix_phase phase, const char *sentence)
{
    begin();
    ix_transfer_enter(t, phase);
    t->phase_us = 0;
    t->phase_ms = 70;
    ends = 0;
    ix_transfer_limits_due(http);
    cr_assert_eq(ends, 1);
    cr_assert_eq(err, IRISX_E_TIMEOUT);
    cr_assert_str_eq(detail, sentence);
}

Test(transfer_limit, who_is_late_ends_with_a_sentence_that_names_the_phase)
{
    late_in(IX_PHASE_RESOLVE, "the name server.test was not resolved within 70 ms");
    late_in(IX_PHASE_CONNECT, "no connection to server.test:81 within 70 ms");
    late_in(IX_PHASE_TLS, "no TLS handshake with server.test:81 within 70 ms: does it speak TLS on this port?");
    late_in(IX_PHASE_SEND, "server.test:81 took nothing of the request for 70 ms");
    late_in(IX_PHASE_ANSWER, "no answer from server.test:81 within 70 ms");
    late_in(IX_PHASE_MOVE, "server.test:81 sent nothing more of its answer for 70 ms");
}

Test(transfer_limit, the_whole_time_goes_before_a_later_phase_and_others_are_left_alone)
{
    begin();
    struct ix_transfer *other = t;
    timeout_ms = 80;
    begin();
    ix_transfer_enter(t, IX_PHASE_WAIT);
    t->ends_us = 0;
    ends = 0;
    ix_transfer_limits_due(http);
    cr_assert_eq(ends, 1);
    cr_assert_str_eq(detail, "no connection to server.test:81 was free within 80 ms");
    cr_assert(!ix_list_empty(&http->transfers));
    cr_assert_eq(http->limits_us, other->ends_us, "the timer is set to the next");
}
