/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "io/io.h"

enum { MANY = 100 };

static struct ix_loop *loop;
static struct ix_udp *a, *b;
static size_t got, calls, want;
static uint8_t first[8][64];
static struct ix_addr from;
static uint64_t arrival, sent_at;

static void on_packets(void *ctx, struct ix_udp *udp, const struct ix_udp_packet *packets, size_t count)
{
    (void) ctx;
    (void) udp;
    calls++;
    for (size_t i = 0; i < count; i++, got++) {
        if (got < IX_COUNT(first))
            memcpy(first[got], packets[i].data, IX_MIN(packets[i].len, sizeof first[0]));
        from = packets[i].from;
        arrival = packets[i].arrival_us;
    }
    if (got >= want)
        ix_loop_stop(loop);
}

static void open_pair(const char *ip)
{
    struct ix_addr any;
    cr_assert_eq(ix_loop_new(NULL, &loop), 0);
    cr_assert_eq(ix_addr_parse(&any, ix_str(ip), 0), 0);
    cr_assert_eq(ix_udp_open(loop, &any, on_packets, NULL, &a), 0);
    cr_assert_eq(ix_udp_open(loop, &any, on_packets, NULL, &b), 0);
}

static void close_pair(void)
{
    ix_udp_close(a);
    ix_udp_close(b);
    cr_assert_eq(ix_loop_free(loop), 0);
}

static struct ix_addr local(const struct ix_udp *udp)
{
    struct ix_addr addr;
    ix_udp_local(udp, &addr);
    return addr;
}

Test(udp, everything_sent_in_a_turn_arrives_in_batches_and_in_order)
{
    struct ix_udp_stats stats;
    open_pair("127.0.0.1");
    struct ix_addr to = local(b), me = local(a);
    cr_assert_neq(to.port, 0);
    sent_at = ix_clock_now().mono_us;
    for (uint8_t i = 0; i < MANY; i++)
        cr_assert_eq(ix_udp_send(a, &to, &i, 1), 0);
    want = MANY;
    ix_loop_run(loop);
    cr_assert_eq(got, MANY);
    cr_assert_lt(calls, MANY / 4, "%zu calls for %d packets", calls, MANY);
    for (uint8_t i = 0; i < IX_COUNT(first); i++)
        cr_assert_eq(first[i][0], i);
    cr_assert(ix_addr_eq(&from, &me));
    ix_udp_stats(a, &stats);
    cr_assert_eq(stats.sent, MANY);
    close_pair();
}

Test(udp, the_arrival_time_is_the_kernels_and_on_our_clock)
{
    bool stamped = false;
    /* The kernel switches its stamps on a moment after the first socket asks for them; until then it stamps at reading.
     */
    for (int attempt = 0; attempt < 50 && !stamped; attempt++) {
        got = 0;
        want = 1;
        open_pair("127.0.0.1");
        struct ix_addr to = local(b);
        sent_at = ix_clock_now().mono_us;
        cr_assert_eq(ix_udp_send(a, &to, "x", 1), 0);
        ix_udp_flush(a);
        uint64_t flushed = ix_clock_now().mono_us;
        ix_clock_sleep_until(flushed + 20 * IX_MS); /* read it late: a stamp of the kernel does not move */
        ix_loop_run(loop);
        cr_assert_geq(arrival + IX_MS, sent_at);
        cr_assert_leq(arrival, ix_clock_now().mono_us);
        stamped = arrival <= flushed + 5 * IX_MS;
        close_pair();
    }
    cr_assert(stamped);
}

Test(udp, ipv6_works_and_families_do_not_mix)
{
    struct ix_addr v4;
    open_pair("::1");
    struct ix_addr to = local(b);
    cr_assert_eq(ix_addr_parse(&v4, IX_STR("127.0.0.1"), 9), 0);
    cr_assert_eq(ix_udp_send(a, &v4, "x", 1), IRISX_E_INVALID);
    cr_assert_eq(ix_udp_send(a, &to, "six", 3), 0);
    want = 1;
    ix_loop_run(loop);
    cr_assert_eq(memcmp(first[0], "six", 3), 0);
    cr_assert_eq(from.family, IX_IPV6);
    close_pair();
}

Test(udp, a_datagram_beyond_our_limit_is_dropped_and_counted)
{
    static uint8_t big[40000];
    struct ix_udp_stats stats;
    open_pair("127.0.0.1");
    struct ix_addr to = local(b);
    cr_assert_eq(ix_udp_send(a, &to, big, sizeof big), 0);
    cr_assert_eq(ix_udp_send(a, &to, "small", 5), 0);
    want = 1;
    ix_loop_run(loop);
    cr_assert_eq(got, 1);
    ix_udp_stats(b, &stats);
    cr_assert_eq(stats.too_long, 1);
    close_pair();
}

Test(udp, a_closed_port_at_the_other_side_does_no_harm)
{
    open_pair("127.0.0.1");
    struct ix_addr gone = local(b), to = local(a);
    ix_udp_close(b);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(ix_udp_send(a, &gone, "x", 1), 0);
        ix_udp_flush(a);
    }
    cr_assert_eq(ix_udp_send(a, &to, "self", 4), 0); /* still usable: it hears itself */
    want = 1;
    ix_loop_run(loop);
    cr_assert_eq(memcmp(first[0], "self", 4), 0);
    ix_udp_close(a);
    cr_assert_eq(ix_loop_free(loop), 0);
}

Test(udp, a_port_in_use_is_told)
{
    struct ix_udp *c = NULL;
    open_pair("127.0.0.1");
    struct ix_addr taken = local(a);
    cr_assert_eq(ix_udp_open(loop, &taken, on_packets, NULL, &c), IRISX_E_CONFLICT);
    cr_assert_null(c);
    close_pair();
}
