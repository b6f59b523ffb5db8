/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "io/io.h"

static struct ix_loop *loop;
static struct ix_addr got;
static size_t got_count;
static int got_err, calls;

static void on_addrs(void *ctx, int err, const struct ix_addr *addrs, size_t count)
{
    (void) ctx;
    calls++;
    got_err = err;
    got_count = count;
    if (count > 0)
        got = addrs[0];
    ix_loop_stop(loop);
}

static void resolve(const char *host)
{
    struct ix_resolve *r;
    cr_assert_eq(ix_loop_new(NULL, &loop), 0);
    cr_assert_eq(ix_resolve(loop, host, 5060, on_addrs, NULL, &r), 0);
    cr_assert_eq(calls, 0, "never called from inside");
    ix_loop_run(loop);
    cr_assert_eq(ix_loop_free(loop), 0);
    cr_assert_eq(calls, 1);
}

Test(resolve, literal_addresses_come_back_as_they_are)
{
    char text[IX_ADDR_TEXT];
    resolve("[::1]");
    cr_assert_eq(got_err, 0);
    ix_addr_text(&got, text);
    cr_assert_str_eq(text, "[::1]:5060");
}

Test(resolve, localhost_is_a_loopback_address_with_the_port)
{
    resolve("localhost");
    cr_assert_eq(got_err, 0);
    cr_assert_geq(got_count, 1);
    cr_assert(ix_addr_is_loopback(&got));
    cr_assert_eq(got.port, 5060);
}

Test(resolve, a_name_that_does_not_exist_is_a_dns_error)
{
    resolve("nothing.invalid");
    cr_assert_eq(got_err, IRISX_E_DNS);
    cr_assert_eq(got_count, 0);
}

Test(resolve, after_cancel_nothing_is_called)
{
    static const char *const hosts[] = { "127.0.0.1", "nothing.invalid" };
    for (size_t i = 0; i < IX_COUNT(hosts); i++) {
        struct ix_resolve *r;
        cr_assert_eq(ix_loop_new(NULL, &loop), 0);
        cr_assert_eq(ix_resolve(loop, hosts[i], 1, on_addrs, NULL, &r), 0);
        ix_resolve_cancel(r);
        cr_assert_eq(ix_loop_free(loop), 0);
        cr_assert_eq(calls, 0);
    }
}

Test(resolve, an_empty_name_is_refused_at_once)
{
    struct ix_resolve *r;
    cr_assert_eq(ix_loop_new(NULL, &loop), 0);
    cr_assert_eq(ix_resolve(loop, "", 1, on_addrs, NULL, &r), IRISX_E_INVALID);
    cr_assert_eq(ix_loop_free(loop), 0);
}
