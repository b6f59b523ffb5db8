/* SPDX-License-Identifier: MIT */
/* STUN messages put together: what is built is what RFC 5769 shows, and what is built can be read. */
#include <criterion/criterion.h>
#include <string.h>

#include "ice/ice.h"

static const uint8_t transaction[12] = { 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae };
#define PASSWORD IX_STR("VOkJxbRl1RmTxUk/WvJxBt")

/* RFC 5769 pads with spaces, we with zeros: attributes without padding compare */
Test(stun_build, a_request_is_laid_out_as_in_rfc_5769)
{
    static const uint8_t want[] = { 0x00, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34,
        0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff, 0x00, 0x06, 0x00, 0x05, 'a',
        ':', 'b', 'c', 'd', 0, 0, 0, 0x00, 0x25, 0x00, 0x00, 0x00, 0x08, 0x00, 0x14 };
    static const uint8_t priority[] = { 0x6e, 0x00, 0x01, 0xff };
    uint8_t storage[128];
    struct ix_buf b;
    struct ix_stun_msg m;
    ix_buf_init_fixed(&b, storage, sizeof(storage));
    ix_stun_begin(&b, IX_STUN_REQUEST, IX_STUN_BINDING, transaction);
    ix_stun_attr(&b, IX_STUN_PRIORITY, priority, 4);
    ix_stun_attr(&b, IX_STUN_USERNAME, "a:bcd", 5);
    ix_stun_attr(&b, IX_STUN_USE_CANDIDATE, NULL, 0);
    cr_assert_eq(ix_stun_end(&b, PASSWORD), 0);
    cr_assert_eq(b.n, 20 + 8 + 12 + 4 + 24 + 8);
    cr_assert_eq(storage[3], b.n - 20);
    storage[3] = want[3];
    cr_assert_arr_eq(storage, want, sizeof(want));
    storage[3] = (uint8_t) (b.n - 20);
    cr_assert_eq(ix_stun_parse(&m, storage, b.n), 0);
    cr_assert(m.use_candidate && m.has_fingerprint && ix_stun_check_integrity(&m, PASSWORD));
}

static void expect_address(const char *ip, const uint8_t *want, size_t n)
{
    uint8_t storage[64];
    struct ix_buf b;
    struct ix_addr a;
    cr_assert_eq(ix_addr_parse(&a, ix_str(ip), 32853), 0);
    ix_buf_init_fixed(&b, storage, sizeof(storage));
    ix_stun_attr_addr(&b, IX_STUN_XOR_MAPPED_ADDRESS, &a, transaction);
    cr_assert_eq(b.n, n);
    cr_assert_arr_eq(storage, want, n);
}

Test(stun_build, xor_mapped_addresses_are_those_of_rfc_5769)
{
    static const uint8_t v4[] = { 0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43 };
    static const uint8_t v6[] = { 0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3,
        0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9 };
    expect_address("192.0.2.1", v4, sizeof(v4));
    expect_address("2001:db8:1234:5678:11:2233:4455:6677", v6, sizeof(v6));
}

Test(stun_build, class_and_method_bits_interleave)
{
    static const struct {
        enum ix_stun_class cls;
        uint16_t method;
        uint16_t type;
    } rows[] = { { IX_STUN_REQUEST, 1, 0x0001 }, { IX_STUN_INDICATION, 1, 0x0011 }, { IX_STUN_SUCCESS, 1, 0x0101 },
        { IX_STUN_ERROR, 1, 0x0111 }, { IX_STUN_ERROR, 0xfff, 0x3fff }, { IX_STUN_REQUEST, 0x080, 0x0200 } };
    for (size_t i = 0; i < IX_COUNT(rows); i++) {
        uint8_t storage[64];
        struct ix_buf b;
        struct ix_stun_msg m;
        ix_buf_init_fixed(&b, storage, sizeof(storage));
        ix_stun_begin(&b, rows[i].cls, rows[i].method, transaction);
        cr_assert_eq(ix_stun_end(&b, IX_STR_NONE), 0);
        cr_expect_eq(storage[0] << 8 | storage[1], rows[i].type, "row %zu", i);
        cr_assert_eq(ix_stun_parse(&m, storage, b.n), 0);
        cr_expect_eq(m.cls, rows[i].cls, "row %zu", i);
        cr_expect_eq(m.method, rows[i].method, "row %zu", i);
    }
}

Test(stun_build, errors_carry_code_and_reason)
{
    static const uint8_t want[] = { 0, 9, 0, 17, 0, 0, 4, 87, 'R', 'o', 'l', 'e', ' ', 'C', 'o', 'n', 'f', 'l', 'i',
        'c', 't' };
    uint8_t storage[64];
    struct ix_buf b;
    ix_buf_init_fixed(&b, storage, sizeof(storage));
    ix_stun_attr_error(&b, 487, "Role Conflict");
    cr_assert_eq(b.n, 24);
    cr_assert_arr_eq(storage, want, sizeof(want));
}

Test(stun_build, a_buffer_too_small_is_an_error_at_the_end)
{
    uint8_t storage[64];
    for (size_t cap = 0; cap < 20 + 24 + 8; cap++) {
        struct ix_buf b;
        ix_buf_init_fixed(&b, storage, cap);
        ix_stun_begin(&b, IX_STUN_REQUEST, IX_STUN_BINDING, transaction);
        cr_assert_eq(ix_stun_end(&b, PASSWORD), IRISX_E_TOO_LARGE, "%zu bytes", cap);
    }
}

Test(stun_build, an_attribute_beyond_its_length_field_is_refused)
{
    struct ix_buf b;
    char *big = ix_alloc(70000);
    cr_assert_not_null(big);
    ix_buf_init(&b, 100000);
    ix_stun_begin(&b, IX_STUN_REQUEST, IX_STUN_BINDING, transaction);
    ix_stun_attr(&b, IX_STUN_SOFTWARE, big, 65536);
    cr_assert_eq(ix_stun_end(&b, PASSWORD), IRISX_E_TOO_LARGE);
    ix_buf_reset(&b);
    ix_stun_begin(&b, IX_STUN_REQUEST, IX_STUN_BINDING, transaction);
    ix_stun_attr(&b, IX_STUN_SOFTWARE, big, 65500);
    cr_assert_eq(ix_stun_end(&b, PASSWORD), IRISX_E_TOO_LARGE);
    ix_buf_clear(&b);
    ix_free(big);
}
