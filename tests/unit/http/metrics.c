/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "http/http.h"

static struct ix_metrics m;

static void setup(void)
{
    ix_metrics_init(&m);
}

static void teardown(void)
{
    ix_metrics_clear(&m);
}

TestSuite(http_metrics, .init = setup, .fini = teardown);

static void add(uint32_t number, const char *name, uint64_t us, int code)
{
    ix_metrics_add(&m, number, name, &(struct ix_metric_sample){ .total_us = us, .code = code, .retries = 1 });
}

Test(http_metrics, quantiles_are_right_to_within_an_eighth)
{
    for (uint64_t i = 1; i <= 1000; i++)
        add(7, "calls.get", i * IX_MS, 0);
    uint64_t p50 = ix_metric_quantile_ms(m.rows[0], 50), p99 = ix_metric_quantile_ms(m.rows[0], 99);
    cr_expect(p50 >= 500 && p50 <= 563, "%llu", (unsigned long long) p50);
    cr_expect(p99 >= 990 && p99 <= 1000, "%llu", (unsigned long long) p99);
    cr_expect_eq(m.rows[0]->ended, 1000);
    cr_expect_eq(m.rows[0]->retries, 1000);
}

Test(http_metrics, rows_are_by_operation_and_a_copy_stands_alone)
{
    struct ix_metrics copy;

    for (uint32_t i = 0; i < 300; i++)
        add(i * 7, "x", 10, i % 2 ? IRISX_E_OUTCOME_UNKNOWN : 0);
    add(7, "x", UINT64_MAX / 2, IRISX_E_NETWORK);
    cr_assert_eq(m.count, 300);
    cr_assert_eq(m.rows[1]->ended, 2);
    cr_assert_eq(m.rows[1]->failed, 2);
    cr_assert_eq(m.rows[1]->unknown, 1);
    cr_assert_eq(ix_metrics_copy(&copy, &m), 0);
    add(7, "x", 1, 0);
    cr_assert_eq(copy.rows[1]->ended, 2);
    ix_metrics_clear(&copy);
}

Test(http_metrics, prometheus_text_counts_up_in_its_histogram)
{
    struct ix_buf b;
    char *text;

    add(1, "sms.send", 500, 0);
    add(1, "sms.send", 3 * IX_MS, 0);
    add(1, "sms.send", 100 * IX_S, IRISX_E_TIMEOUT);
    ix_buf_init(&b, 1 << 20);
    ix_metrics_text(&m, &b);
    text = ix_buf_take(&b);
    cr_assert_not_null(strstr(text, "# TYPE irisx_rest_operation_seconds histogram\n"));
    cr_assert_not_null(strstr(text, "irisx_rest_operations_total{operation=\"sms.send\"} 3\n"));
    cr_assert_not_null(strstr(text, "irisx_rest_failures_total{operation=\"sms.send\"} 1\n"));
    cr_assert_not_null(strstr(text, "irisx_rest_operation_seconds_bucket{operation=\"sms.send\",le=\"0.002000\"} 1\n"));
    cr_assert_not_null(strstr(text, "irisx_rest_operation_seconds_bucket{operation=\"sms.send\",le=\"0.004000\"} 2\n"));
    cr_assert_not_null(strstr(text, "irisx_rest_operation_seconds_bucket{operation=\"sms.send\",le=\"+Inf\"} 3\n"));
    cr_assert_not_null(strstr(text, "irisx_rest_operation_seconds_sum{operation=\"sms.send\"} 100.003500\n"));
    ix_free(text);
}
