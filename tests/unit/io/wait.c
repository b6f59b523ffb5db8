/* SPDX-License-Identifier: MIT */
/* Calls that wait: they end when they have to, and say why. */
#include "io/wait.h"

#include <criterion/criterion.h>
#include <string.h>

#include "io/io.h"

static struct ix_wait for_ms(unsigned ms)
{
    return (struct ix_wait){ .until_us = ix_clock_now().mono_us + ms * IX_MS };
}

static struct ix_addr loopback(uint16_t port)
{
    struct ix_addr a;

    cr_assert_eq(ix_addr_parse(&a, IX_STR("127.0.0.1"), port), 0);
    return a;
}

Test(wait, a_raised_flag_ends_it_before_its_time)
{
    atomic_bool stop;
    struct ix_wait w = for_ms(60000);

    atomic_init(&stop, true);
    w.stop = &stop;
    cr_assert(ix_wait_over(&w));
    ix_wait_ms(&w, 50000);
    w.stop = NULL;
    cr_assert_not(ix_wait_over(&w));
}

Test(wait, a_name_has_the_address_of_the_asked_family_alone)
{
    struct ix_wait w = for_ms(10000);
    struct ix_addr list[IX_LOOKUP_MAX];
    size_t count;

    cr_assert_eq(ix_lookup("127.0.0.1", IX_IPV4, &w, list, &count), 0);
    cr_assert_eq(count, 1);
    cr_assert_eq(list[0].family, IX_IPV4);
    cr_assert_eq(ix_lookup("127.0.0.1", IX_IPV6, &w, list, &count), IRISX_E_NOT_FOUND);
    cr_assert_eq(count, 0);
}

Test(wait, a_port_where_nothing_listens_refuses)
{
    struct ix_wait w = for_ms(10000);
    struct ix_addr there = loopback(0), here;
    struct ix_link_report r;
    struct ix_link *link = NULL;
    int fd = -1;

    cr_assert_eq(ix_dgram_open(&there, &here, &fd), 0); /* a free port, of UDP */
    there.port = here.port;
    ix_dgram_close(fd);
    cr_assert_eq(ix_link_open(&there, false, "x", NULL, &w, &r, &link), IRISX_E_NETWORK);
    cr_assert_null(link);
    cr_assert_not(r.connected);
}

Test(wait, a_datagram_comes_with_its_sender_or_not_at_all)
{
    struct ix_addr there = loopback(9), a, b, from;
    struct ix_wait w = for_ms(10000), no_time = for_ms(30);
    char in[16];
    int one = -1, two = -1;
    size_t n = 0;

    cr_assert_eq(ix_dgram_open(&there, &a, &one), 0);
    cr_assert_eq(ix_dgram_open(&there, &b, &two), 0);
    ix_dgram_send(one, &b, "hello", 5);
    cr_assert_eq(ix_dgram_receive(two, &from, in, sizeof in, &n, &w), 0);
    cr_assert_eq(n, 5);
    cr_assert(ix_addr_eq(&from, &a));
    cr_assert_eq(ix_dgram_receive(two, &from, in, sizeof in, &n, &no_time), IRISX_E_TIMEOUT);
    ix_dgram_close(one);
    ix_dgram_close(two);
}
