/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "core/core.h"

static struct ix_buf b;

static void assert_hex(const char *want)
{
    struct ix_buf hex;

    cr_assert_eq(b.err, 0);
    ix_buf_init(&hex, 10000);
    ix_buf_hex(&hex, b.p, b.n);
    char *text = ix_buf_take(&hex);
    cr_assert_str_eq(text, want);
    ix_free(text);
    ix_buf_clear(&b);
}

static struct ix_addr addr(const char *ip, uint16_t port)
{
    struct ix_addr a;

    cr_assert_eq(ix_addr_parse(&a, ix_str(ip), port), 0);
    return a;
}

Test(pcapng, a_file_begins_with_its_section_and_one_raw_interface)
{
    ix_buf_init(&b, 10000);
    ix_pcapng_header(&b, "irisx");
    assert_hex("0a0d0d0a"
               "2c000000"
               "4d3c2b1a"
               "01000000"
               "ffffffffffffffff" /* section of 44 bytes */
               "04000500"
               "6972697378000000"
               "00000000"
               "2c000000" /* written by "irisx" */
               "01000000"
               "14000000"
               "65000000"
               "00000000"
               "14000000"); /* interface, LINKTYPE_RAW 101 */
    ix_pcapng_header(&b, NULL);
    assert_hex("0a0d0d0a"
               "1c000000"
               "4d3c2b1a"
               "01000000"
               "ffffffffffffffff"
               "1c000000"
               "01000000"
               "14000000"
               "65000000"
               "00000000"
               "14000000");
}

Test(pcapng, an_ipv4_datagram_has_both_checksums)
{
    struct ix_addr src = addr("192.0.2.1", 5060);
    struct ix_addr dst = addr("192.0.2.2", 5062);

    ix_buf_init(&b, 10000);
    ix_pcapng_udp(&b, INT64_C(0x0001020304050607), &src, &dst, "hello", 5, NULL);
    assert_hex("06000000"
               "44000000"
               "00000000"
               "03020100"
               "07060504"
               "21000000"
               "21000000"
               "45000021"
               "00004000"
               "4011b6c8"
               "c0000201"
               "c0000202"
               "13c413c6"
               "000d1074"
               "68656c6c6f"
               "000000"
               "44000000");
}

Test(pcapng, an_ipv6_datagram_carries_its_comment)
{
    struct ix_addr src = addr("2001:db8::1", 1);
    struct ix_addr dst = addr("2001:db8::2", 2);

    ix_buf_init(&b, 10000);
    ix_pcapng_udp(&b, 1, &src, &dst, "abcd", 4, "hi");
    assert_hex("06000000"
               "60000000"
               "00000000"
               "00000000"
               "01000000"
               "34000000"
               "34000000"
               "60000000"
               "000c1140"
               "20010db8000000000000000000000001"
               "20010db8000000000000000000000002"
               "00010002"
               "000cdf97"
               "61626364"
               "01000200"
               "68690000"
               "00000000"
               "60000000");
}

Test(pcapng, a_mixed_or_missing_family_is_written_as_ipv4_zero)
{
    struct ix_addr src = addr("2001:db8::1", 7);
    struct ix_addr dst = { .port = 9 };

    ix_buf_init(&b, 10000);
    ix_pcapng_udp(&b, 0, &src, &dst, NULL, 0, "");
    assert_hex("06000000"
               "3c000000"
               "00000000"
               "00000000"
               "00000000"
               "1c000000"
               "1c000000"
               "4500001c"
               "00004000"
               "40113ad2"
               "00000000"
               "00000000"
               "00070009"
               "0008ffce"
               "3c000000");
}

/* RFC 768: zero would say that there is no checksum */
Test(pcapng, a_checksum_of_zero_is_written_as_all_ones)
{
    struct ix_addr src = { .port = 7 };
    struct ix_addr dst = { .port = 9 };

    ix_buf_init(&b, 10000);
    ix_pcapng_udp(&b, 0, &src, &dst, "\xff\xca", 2, NULL);
    cr_assert_eq(b.n, 64);
    cr_assert_eq(memcmp(b.p + 28 + 20 + 6, "\xff\xff\xff\xca", 4), 0);
    ix_buf_clear(&b);
}

Test(pcapng, more_than_a_packet_holds_is_cut_and_says_so)
{
    static uint8_t data[70000];
    struct ix_addr a = addr("127.0.0.1", 1);
    struct ix_reader r;

    ix_buf_init(&b, 100000);
    ix_pcapng_udp(&b, 0, &a, &a, data, sizeof data, NULL);
    r = ix_reader(b.p, b.n);
    (void) ix_read_bytes(&r, 4);
    cr_assert_eq(ix_read_u32le(&r), b.n);
    (void) ix_read_bytes(&r, 12);
    cr_assert_eq(ix_read_u32le(&r), 65535);
    cr_assert_eq(ix_read_u32le(&r), 70028);
    (void) ix_read_bytes(&r, 2);
    cr_assert_eq(ix_read_u16(&r), 65535);
    ix_buf_clear(&b);
}

Test(pcapng, a_block_is_written_whole_or_not_at_all)
{
    struct ix_addr a = addr("127.0.0.1", 1);
    uint8_t storage[71];

    ix_buf_init_fixed(&b, storage, 67);
    ix_pcapng_udp(&b, 0, &a, &a, "hello", 5, NULL);
    cr_assert_eq(b.err, IRISX_E_TOO_LARGE);
    cr_assert_eq(b.n, 0);
    ix_buf_init_fixed(&b, storage, 68);
    ix_pcapng_udp(&b, 0, &a, &a, "hello", 5, NULL);
    cr_assert_eq(b.err, 0);
    cr_assert_eq(b.n, 68);
}
