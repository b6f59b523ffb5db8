/* SPDX-License-Identifier: MIT */
/* STUN messages taken apart; the test vectors of RFC 5769, byte by byte. */
#include <criterion/criterion.h>
#include <string.h>

#include "ice/ice.h"

static const uint8_t vector_request[] = { /* RFC 5769 section 2.1 */
    0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf,
    0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73, 0x74, 0x20, 0x63, 0x6c, 0x69, 0x65,
    0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff, 0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51,
    0x26, 0x3b, 0x36, 0x00, 0x06, 0x00, 0x09, 0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76, 0x59, 0x20, 0x20, 0x20,
    0x00, 0x08, 0x00, 0x14, 0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2,
    0x49, 0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf
};
static const uint8_t vector_response4[] = { /* section 2.2 */
    0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf,
    0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20, 0x00, 0x20,
    0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43, 0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99, 0xfd,
    0x9e, 0x90, 0xc3, 0x8c, 0x74, 0x89, 0xf9, 0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7, 0x80, 0x28, 0x00, 0x04,
    0xc0, 0x7d, 0x4c, 0x96
};
static const uint8_t vector_response6[] = { /* section 2.3 */
    0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf,
    0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63, 0x74, 0x6f, 0x72, 0x20, 0x00, 0x20,
    0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe,
    0xd2, 0xb9, 0xd9, 0x00, 0x08, 0x00, 0x14, 0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b, 0xf1, 0x17, 0x84, 0xc9, 0x7c,
    0x82, 0x92, 0xc2, 0x75, 0xbf, 0xe3, 0xed, 0x41, 0x80, 0x28, 0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c
};
static const uint8_t vector_long_term[] = { /* section 2.4 */
    0x00, 0x01, 0x00, 0x60, 0x21, 0x12, 0xa4, 0x42, 0x78, 0xad, 0x34, 0x33, 0xc6, 0xad, 0x72, 0xc0, 0x29, 0xda, 0x41,
    0x2e, 0x00, 0x06, 0x00, 0x12, 0xe3, 0x83, 0x9e, 0xe3, 0x83, 0x88, 0xe3, 0x83, 0xaa, 0xe3, 0x83, 0x83, 0xe3, 0x82,
    0xaf, 0xe3, 0x82, 0xb9, 0x00, 0x00, 0x00, 0x15, 0x00, 0x1c, 0x66, 0x2f, 0x2f, 0x34, 0x39, 0x39, 0x6b, 0x39, 0x35,
    0x34, 0x64, 0x36, 0x4f, 0x4c, 0x33, 0x34, 0x6f, 0x4c, 0x39, 0x46, 0x53, 0x54, 0x76, 0x79, 0x36, 0x34, 0x73, 0x41,
    0x00, 0x14, 0x00, 0x0b, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x2e, 0x6f, 0x72, 0x67, 0x00, 0x00, 0x08, 0x00,
    0x14, 0xf6, 0x70, 0x24, 0x65, 0x6d, 0xd6, 0x4a, 0x3e, 0x02, 0xb8, 0xe0, 0x71, 0x2e, 0x85, 0xc9, 0xa2, 0x8c, 0xa8,
    0x96, 0x66
};
#define VECTOR_PASSWORD IX_STR("VOkJxbRl1RmTxUk/WvJxBt")

Test(stun, the_request_of_rfc_5769_is_understood)
{
    struct ix_stun_msg m;
    cr_assert_eq(ix_stun_parse(&m, vector_request, sizeof(vector_request)), 0);
    cr_assert_eq(m.cls, IX_STUN_REQUEST);
    cr_assert_eq(m.method, IX_STUN_BINDING);
    cr_assert_arr_eq(m.transaction, vector_request + 8, 12);
    cr_assert(ix_str_eq(m.username, IX_STR("evtj:h6vY")));
    cr_assert(ix_str_eq(m.software, IX_STR("STUN test client")));
    cr_assert(m.has_priority && m.priority == 0x6e0001ff);
    cr_assert(m.controlled && !m.controlling && m.tie_breaker == UINT64_C(0x932ff9b151263b36));
    cr_assert(m.has_integrity && m.has_fingerprint && !m.use_candidate);
    cr_assert_eq(m.unknown_count, 0);
    cr_assert(ix_stun_check_integrity(&m, VECTOR_PASSWORD));
    cr_assert_not(ix_stun_check_integrity(&m, IX_STR("VOkJxbRl1RmTxUk/WvJxBu")));
    cr_assert_not(ix_stun_check_integrity(&m, IX_STR_NONE));
}

static void expect_mapped(const uint8_t *p, size_t n, const char *ip)
{
    struct ix_stun_msg m;
    struct ix_addr want;
    cr_assert_eq(ix_addr_parse(&want, ix_str(ip), 32853), 0);
    cr_assert_eq(ix_stun_parse(&m, p, n), 0);
    cr_assert_eq(m.cls, IX_STUN_SUCCESS);
    cr_assert(ix_addr_eq(&m.xor_mapped, &want), "%s", ip);
    cr_assert(ix_str_eq(m.software, IX_STR("test vector")));
    cr_assert(ix_stun_check_integrity(&m, VECTOR_PASSWORD));
}

Test(stun, the_responses_of_rfc_5769_map_v4_and_v6)
{
    expect_mapped(vector_response4, sizeof(vector_response4), "192.0.2.1");
    expect_mapped(vector_response6, sizeof(vector_response6), "2001:db8:1234:5678:11:2233:4455:6677");
}

Test(stun, the_long_term_request_of_rfc_5769_has_its_digest_as_key)
{
    struct ix_stun_msg m;
    uint8_t key[IX_DIGEST_MAX];
    static const char secret[] =
        "\xe3\x83\x9e\xe3\x83\x88\xe3\x83\xaa\xe3\x83\x83\xe3\x82\xaf\xe3\x82\xb9:example.org:TheMatrIX";
    cr_assert_eq(ix_stun_parse(&m, vector_long_term, sizeof(vector_long_term)), 0);
    cr_assert_eq(ix_digest(IX_MD5, &(struct ix_bytes){ secret, sizeof(secret) - 1 }, 1, key), 0);
    cr_assert(ix_stun_check_integrity(&m, ix_str_n(key, 16)));
    cr_assert(ix_str_eq(m.realm, IX_STR("example.org")));
    cr_assert(ix_str_eq(m.nonce, IX_STR("f//499k954d6OL34oL9FSTvy64sA")));
    cr_assert_not(m.has_fingerprint);
}

Test(stun, any_flipped_bit_is_noticed)
{
    uint8_t bytes[sizeof(vector_request)];
    for (size_t i = 0; i < sizeof(bytes) * 8; i++) {
        struct ix_stun_msg m;
        memcpy(bytes, vector_request, sizeof(bytes));
        bytes[i / 8] ^= (uint8_t) (1U << i % 8);
        bool accepted = ix_stun_parse(&m, bytes, sizeof(bytes)) == 0 && m.has_fingerprint;
        cr_assert_not(accepted, "bit %zu", i);
    }
}

Test(stun, every_truncation_is_refused)
{
    for (size_t n = 0; n < sizeof(vector_request); n++) {
        struct ix_stun_msg m;
        uint8_t *exact = ix_alloc(n + 1); /* so that the sanitizer sees an over-read */
        cr_assert_not_null(exact);
        uint8_t *at = exact + 1;
        memcpy(at, vector_request, n);
        cr_assert_neq(ix_stun_parse(&m, at, n), 0, "%zu bytes", n);
        ix_free(exact);
    }
}

Test(stun, rtp_dtls_and_bare_cookies_are_not_stun)
{
    static const uint8_t rtp[20] = { 0x80, 0x6f, 0, 1, 0x21, 0x12, 0xa4, 0x42 };
    static const uint8_t dtls[20] = { 22, 0xfe, 0xfd, 0, 0x21, 0x12, 0xa4, 0x42 };
    static const uint8_t empty[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 };
    static const uint8_t odd[23] = { 0, 1, 0, 3, 0x21, 0x12, 0xa4, 0x42 };
    static const uint8_t other_cookie[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x43 };
    cr_assert(ix_stun_is(empty, 20));
    cr_assert_not(ix_stun_is(empty, 19));
    cr_assert_not(ix_stun_is(NULL, 0));
    cr_assert_not(ix_stun_is(rtp, 20));
    cr_assert_not(ix_stun_is(dtls, 20));
    cr_assert_not(ix_stun_is(odd, 23));
    cr_assert_not(ix_stun_is(other_cookie, 20));
}

/* a binding request with these attribute bytes */
static int parse_with(struct ix_stun_msg *m, uint8_t *storage, const uint8_t *attrs, size_t n)
{
    static const uint8_t head[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    memcpy(storage, head, 20);
    memcpy(storage + 20, attrs, n);
    storage[3] = (uint8_t) n;
    return ix_stun_parse(m, storage, n + 20);
}
#define PARSE(m, storage, ...) \
    parse_with(m, storage, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

Test(stun, unknown_attributes_are_listed_only_if_they_must_be_understood)
{
    struct ix_stun_msg m;
    uint8_t s[128];
    cr_assert_eq(PARSE(&m, s, 0x00, 0x30, 0, 1, 0xaa, 0, 0, 0, 0x80, 0x30, 0, 0, 0x7f, 0xff, 0, 0), 0);
    cr_assert_eq(m.unknown_count, 2);
    cr_assert_eq(m.unknown[0], 0x0030);
    cr_assert_eq(m.unknown[1], 0x7fff);
    uint8_t many[4 * 12] = { 0 };
    for (size_t i = 0; i < 12; i++)
        many[4 * i + 1] = (uint8_t) (0x40 + i);
    cr_assert_eq(parse_with(&m, s, many, sizeof(many)), 0);
    cr_assert_eq(m.unknown_count, 8);
}

Test(stun, of_two_attributes_of_a_kind_the_first_counts)
{
    struct ix_stun_msg m;
    uint8_t s[128];
    cr_assert_eq(PARSE(&m, s, 0, 0x24, 0, 4, 0, 0, 0, 1, 0, 0x24, 0, 4, 0, 0, 0, 2), 0);
    cr_assert_eq(m.priority, 1);
}

Test(stun, a_plain_mapped_address_serves_where_no_xored_one_is)
{
    struct ix_stun_msg m;
    struct ix_addr want;
    uint8_t s[128];
    cr_assert_eq(ix_addr_parse(&want, IX_STR("192.0.2.7"), 0x1234), 0);
    cr_assert_eq(PARSE(&m, s, 0, 1, 0, 8, 0, 1, 0x12, 0x34, 192, 0, 2, 7), 0);
    cr_assert(ix_addr_eq(&m.xor_mapped, &want));
}

Test(stun, attributes_of_wrong_shape_are_refused)
{
    struct ix_stun_msg m;
    uint8_t s[128];
    cr_expect_neq(PARSE(&m, s, 0, 0x20, 0, 8, 0, 3, 1, 1, 1, 2, 3, 4), 0, "family 3");
    cr_expect_neq(PARSE(&m, s, 0, 0x20, 0, 8, 0, 2, 1, 1, 1, 2, 3, 4), 0, "v6 in 8 bytes");
    cr_expect_neq(PARSE(&m, s, 0, 0x24, 0, 3, 1, 1, 1, 0), 0, "short priority");
    cr_expect_neq(PARSE(&m, s, 0x80, 0x29, 0, 4, 1, 1, 1, 1), 0, "short tie-breaker");
    cr_expect_neq(PARSE(&m, s, 0, 9, 0, 4, 0, 0, 2, 0), 0, "error 200");
    cr_expect_neq(PARSE(&m, s, 0, 9, 0, 4, 0, 0, 4, 100), 0, "error 4 and 100");
    cr_expect_neq(PARSE(&m, s, 0, 8, 0, 4, 1, 1, 1, 1), 0, "short integrity");
    cr_expect_neq(PARSE(&m, s, 0, 6, 0, 9, 1, 1, 1, 1), 0, "longer than the message");
    cr_expect_neq(PARSE(&m, s, 0x80, 0x28, 0, 4, 0, 0, 0, 0), 0, "wrong fingerprint");
    cr_expect_eq(PARSE(&m, s, 0, 9, 0, 4, 0, 0, 4, 87), 0);
    cr_expect_eq(m.error_code, 487);
}

Test(stun, nothing_may_follow_the_fingerprint)
{
    struct ix_stun_msg m;
    uint8_t bytes[sizeof(vector_request) + 4];
    memcpy(bytes, vector_request, sizeof(vector_request));
    memcpy(bytes + sizeof(vector_request), (const uint8_t[]){ 0x80, 0x30, 0, 0 }, 4);
    bytes[3] = (uint8_t) (bytes[3] + 4);
    /* the CRC covers the length: make it right again */
    uint32_t crc = ix_crc32(bytes, sizeof(vector_request) - 8) ^ UINT32_C(0x5354554e);
    for (size_t i = 0; i < 4; i++)
        bytes[sizeof(vector_request) - 4 + i] = (uint8_t) (crc >> (24 - 8 * i));
    cr_assert_neq(ix_stun_parse(&m, bytes, sizeof(bytes)), 0);
}

Test(stun, what_follows_the_integrity_is_passed_over)
{
    struct ix_stun_msg m;
    uint8_t s[128];
    uint8_t attrs[24 + 8] = { 0, 8, 0, 20, [24] = 0, 0x24, 0, 4, 0, 0, 0, 9 };
    cr_assert_eq(parse_with(&m, s, attrs, sizeof(attrs)), 0);
    cr_assert(m.has_integrity);
    cr_assert_not(m.has_priority);
    cr_assert_not(ix_stun_check_integrity(&m, IX_STR("secret")));
}
