/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "http/http.h"

static struct ix_prng prng;
static struct ix_rng rng;

static void seed(void)
{
    ix_prng_seed(&prng, 1);
    rng = ix_prng_rng(&prng);
}

TestSuite(http_retry, .init = seed);

static enum ix_retry_verdict first(enum ix_retry_class cls, const char *method, struct ix_attempt a)
{
    struct ix_retry r;
    uint64_t at = 0;

    ix_retry_init(&r, NULL, cls, method, IX_NEVER);
    return ix_retry_next(&r, &a, &rng, 1000, &at);
}

static struct ix_attempt status(int code)
{
    return (struct ix_attempt){ .status = code, .any_byte_sent = true };
}

static struct ix_attempt failure(int err, bool sent)
{
    return (struct ix_attempt){ .err = err, .any_byte_sent = sent };
}

struct row {
    struct ix_attempt attempt;
    enum ix_retry_verdict safe, unsafe;
};

Test(http_retry, decides_by_the_table)
{
    const struct row table[] = {
        { status(200), IX_RETRY_DONE, IX_RETRY_DONE },
        { status(400), IX_RETRY_DONE, IX_RETRY_DONE },
        { status(401), IX_RETRY_DONE, IX_RETRY_DONE },
        { status(404), IX_RETRY_DONE, IX_RETRY_DONE },
        { status(408), IX_RETRY_DONE, IX_RETRY_DONE },
        { status(429), IX_RETRY_AGAIN, IX_RETRY_AGAIN },
        { status(500), IX_RETRY_DONE, IX_RETRY_DONE },
        { status(501), IX_RETRY_DONE, IX_RETRY_DONE },
        { status(502), IX_RETRY_AGAIN, IX_RETRY_DONE },
        { status(503), IX_RETRY_AGAIN, IX_RETRY_DONE },
        { status(504), IX_RETRY_AGAIN, IX_RETRY_DONE },
        { status(505), IX_RETRY_DONE, IX_RETRY_DONE },
        { failure(IRISX_E_NETWORK, false), IX_RETRY_AGAIN, IX_RETRY_AGAIN },
        { failure(IRISX_E_DNS, false), IX_RETRY_AGAIN, IX_RETRY_AGAIN },
        { failure(IRISX_E_TIMEOUT, false), IX_RETRY_AGAIN, IX_RETRY_AGAIN },
        { failure(IRISX_E_NETWORK, true), IX_RETRY_AGAIN, IX_RETRY_UNKNOWN },
        { failure(IRISX_E_OUTCOME_UNKNOWN, true), IX_RETRY_AGAIN, IX_RETRY_UNKNOWN },
        { failure(IRISX_E_TIMEOUT, true), IX_RETRY_DONE, IX_RETRY_UNKNOWN },
        { failure(IRISX_E_PROTOCOL, true), IX_RETRY_DONE, IX_RETRY_UNKNOWN },
        { failure(IRISX_E_TLS, false), IX_RETRY_DONE, IX_RETRY_DONE },
        { failure(IRISX_E_TOO_LARGE, true), IX_RETRY_DONE, IX_RETRY_DONE },
        { failure(IRISX_E_CANCELLED, true), IX_RETRY_DONE, IX_RETRY_DONE },
        { failure(IRISX_E_CANCELLED, false), IX_RETRY_DONE, IX_RETRY_DONE },
    };

    for (size_t i = 0; i < IX_COUNT(table); i++) {
        cr_expect_eq(first(IX_RETRY_SAFE, "GET", table[i].attempt), table[i].safe, "safe, row %zu", i);
        cr_expect_eq(first(IX_RETRY_IDEMPOTENT, "PUT", table[i].attempt), table[i].safe, "idempotent, row %zu", i);
        cr_expect_eq(first(IX_RETRY_UNSAFE, "POST", table[i].attempt), table[i].unsafe, "unsafe, row %zu", i);
    }
}

Test(http_retry, gives_up_after_as_many_tries_as_the_policy_allows)
{
    struct ix_retry r;
    struct ix_retry_policy policy = { .max_tries = 3 };
    struct ix_attempt a = status(503);
    uint64_t at;

    ix_retry_init(&r, &policy, IX_RETRY_SAFE, "GET", IX_NEVER);
    cr_assert_eq(ix_retry_next(&r, &a, &rng, 0, &at), IX_RETRY_AGAIN);
    cr_assert_eq(ix_retry_next(&r, &a, &rng, 0, &at), IX_RETRY_AGAIN);
    cr_assert_eq(ix_retry_next(&r, &a, &rng, 0, &at), IX_RETRY_DONE);
}

Test(http_retry, draws_each_wait_from_an_interval_that_doubles_up_to_the_cap)
{
    struct ix_retry_policy policy = { .max_tries = 12, .base_us = 100, .cap_us = 1000 };
    const uint64_t bounds[] = { 100, 200, 400, 800, 1000, 1000, 1000 };
    struct ix_attempt a = status(503);
    uint64_t longest[IX_COUNT(bounds)] = { 0 };
    uint64_t at;

    for (int round = 0; round < 300; round++) {
        struct ix_retry r;
        ix_retry_init(&r, &policy, IX_RETRY_SAFE, "GET", IX_NEVER);
        for (size_t i = 0; i < IX_COUNT(bounds); i++) {
            cr_assert_eq(ix_retry_next(&r, &a, &rng, 5000, &at), IX_RETRY_AGAIN);
            cr_assert_leq(at - 5000, bounds[i]);
            longest[i] = IX_MAX(longest[i], at - 5000);
        }
    }
    for (size_t i = 0; i < IX_COUNT(bounds); i++)
        cr_assert_gt(longest[i], bounds[i] * 9 / 10, "the whole interval is used (%zu)", i);
}

Test(http_retry, waits_at_least_as_long_as_the_server_asks)
{
    struct ix_retry r;
    struct ix_attempt a = { .status = 429, .retry_after_us = 60 * IX_S };
    uint64_t at;

    ix_retry_init(&r, NULL, IX_RETRY_UNSAFE, "POST", IX_NEVER);
    cr_assert_eq(ix_retry_next(&r, &a, &rng, 0, &at), IX_RETRY_AGAIN);
    cr_assert_geq(at, 60 * IX_S);
    cr_assert_leq(at, 60 * IX_S + 250 * IX_MS);
}

Test(http_retry, does_not_come_back_to_a_server_that_asks_for_longer_than_the_cap)
{
    struct ix_attempt a = { .status = 429, .retry_after_us = 61 * IX_S };

    cr_assert_eq(first(IX_RETRY_SAFE, "GET", a), IX_RETRY_DONE);
}

Test(http_retry, ends_before_the_deadline_rather_than_wait_beyond_it)
{
    struct ix_retry r;
    struct ix_attempt a = { .status = 429, .retry_after_us = 2 * IX_S };
    uint64_t at = 99;

    ix_retry_init(&r, NULL, IX_RETRY_SAFE, "GET", 10 * IX_S);
    cr_assert_eq(ix_retry_next(&r, &a, &rng, 8 * IX_S, &at), IX_RETRY_DONE);
    cr_assert_eq(at, 99, "the output is left alone");
}

Test(http_retry, takes_not_found_on_a_repeated_delete_as_done_before)
{
    struct ix_retry r;
    struct ix_attempt lost = failure(IRISX_E_NETWORK, true);
    struct ix_attempt gone = status(404);
    uint64_t at;

    ix_retry_init(&r, NULL, IX_RETRY_IDEMPOTENT, "DELETE", IX_NEVER);
    cr_assert_eq(ix_retry_next(&r, &lost, &rng, 0, &at), IX_RETRY_AGAIN);
    cr_assert_eq(ix_retry_next(&r, &gone, &rng, 0, &at), IX_RETRY_REPEATED);
    cr_assert_eq(first(IX_RETRY_IDEMPOTENT, "DELETE", gone), IX_RETRY_DONE, "the first one found nothing");
}

Test(http_retry, a_delete_that_never_reached_the_server_and_finds_nothing_found_nothing)
{
    struct ix_retry r;
    struct ix_attempt refused = failure(IRISX_E_NETWORK, false), none = status(404),
                      lost = failure(IRISX_E_NETWORK, true);
    uint64_t at = 0;

    ix_retry_init(&r, NULL, IX_RETRY_IDEMPOTENT, "DELETE", IX_NEVER);
    cr_assert_eq(ix_retry_next(&r, &refused, &rng, 1000, &at), IX_RETRY_AGAIN);
    cr_assert_eq(ix_retry_next(&r, &none, &rng, 1000, &at), IX_RETRY_DONE);
    ix_retry_init(&r, NULL, IX_RETRY_IDEMPOTENT, "DELETE", IX_NEVER);
    cr_assert_eq(ix_retry_next(&r, &lost, &rng, 1000, &at), IX_RETRY_AGAIN);
    cr_assert_eq(ix_retry_next(&r, &none, &rng, 1000, &at), IX_RETRY_REPEATED);
}

Test(http_retry, another_server_is_asked_at_once_even_after_a_certificate_that_is_not_trusted)
{
    struct ix_retry r;
    struct ix_attempt a = failure(IRISX_E_TLS, false);
    uint64_t at = 0;

    ix_retry_init(&r, NULL, IX_RETRY_UNSAFE, "POST", IX_NEVER);
    cr_assert_eq(ix_retry_next(&r, &a, &rng, 1000, &at), IX_RETRY_DONE);
    ix_retry_init(&r, NULL, IX_RETRY_UNSAFE, "POST", IX_NEVER);
    a.elsewhere = true;
    cr_assert_eq(ix_retry_next(&r, &a, &rng, 1000, &at), IX_RETRY_AGAIN);
    cr_assert_eq(at, 1000);
    a = failure(IRISX_E_NETWORK, true);
    a.elsewhere = true;
    cr_assert_eq(ix_retry_next(&r, &a, &rng, 1000, &at), IX_RETRY_UNKNOWN, "the table holds there too");
}

Test(http_retry, an_outage_is_not_amplified_beyond_the_budget)
{
    struct ix_budget budget;
    uint32_t sent = 0, operations = 1000;

    ix_budget_init(&budget, 20, 0);
    for (uint32_t i = 0; i < operations; i++) { /* all within one second */
        struct ix_retry r;
        struct ix_attempt a = status(503);
        uint64_t at = i * IX_MS;
        ix_retry_init(&r, NULL, IX_RETRY_SAFE, "GET", IX_NEVER);
        r.budget = &budget;
        do
            sent++;
        while (ix_retry_next(&r, &a, &rng, i * IX_MS, &at) == IX_RETRY_AGAIN);
    }
    cr_expect_eq(sent, operations + 20);
    cr_expect_not(ix_budget_take(&budget, IX_S));
    for (int i = 0; i < 10; i++)
        ix_budget_earn(&budget);
    cr_expect(ix_budget_take(&budget, IX_S), "ten that end well allow one");
    cr_expect_not(ix_budget_take(&budget, IX_S));
    cr_expect(ix_budget_take(&budget, 6 * IX_S), "and so do five seconds");
    cr_expect_not(ix_budget_take(&budget, 6 * IX_S));
}

Test(http_retry, keys_are_random_uuids_and_a_server_that_honours_them_says_so)
{
    char a[IX_KEY_SIZE], b[IX_KEY_SIZE];

    ix_idempotency_key(&rng, a);
    ix_idempotency_key(&rng, b);
    cr_expect_str_neq(a, b);
    cr_expect_eq(strlen(a), 36);
    cr_expect_eq(a[14], '4');
    cr_expect(ix_idempotency_told(IX_STR("Date: x\r\nidempotency-key: abc\r\n")));
    cr_expect_not(ix_idempotency_told(IX_STR("Date: x\r\n")));
}
