/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <mbedtls/aes.h>
#include <string.h>

#include "rtp/internal.h"

/* RFC 3711 appendix B.3: master key and salt, in the order of struct ix_srtp_keys */
static const uint8_t key[30] = { 0xE1, 0xF9, 0x7A, 0x0D, 0x3E, 0x01, 0x8B, 0xE0, 0xD6, 0x4F, 0xA3, 0x2C, 0x06, 0xDE,
    0x41, 0x39, 0x0E, 0xC6, 0x75, 0xAD, 0x49, 0x8A, 0xFE, 0xEB, 0xB6, 0x96, 0x0B, 0x3A, 0xAB, 0xE6 };
/* and the session keys it says follow from them */
static const uint8_t cipher_key[16] = { 0xC6, 0x1E, 0x7A, 0x93, 0x74, 0x4F, 0x39, 0xEE, 0x10, 0x73, 0x4A, 0xFE, 0x3F,
    0xF7, 0xA0, 0x87 };
static const uint8_t cipher_salt[14] = { 0x30, 0xCB, 0xBC, 0x08, 0x86, 0x3D, 0x8C, 0x85, 0xD4, 0x9D, 0xB3, 0x4A, 0x9A,
    0xE1 };
static const uint8_t auth_key[20] = { 0xCE, 0xBE, 0x32, 0x1F, 0x6F, 0xF7, 0x71, 0x6B, 0x6F, 0xD4, 0xAB, 0x49, 0xAF,
    0x25, 0x6A, 0x15, 0x6D, 0x38, 0xBA, 0xA4 };

#define SSRC 0xcafebabe

struct packet {
    size_t n;
    _Alignas(8) uint8_t b[128 + IX_SRTP_TRAILER];
};

static struct packet rtp_packet(uint16_t seq)
{
    struct packet p = { .n = 12 + 16 };
    struct ix_rtp_header h = { .payload_type = 15, .seq = seq, .timestamp = 0xdecafbad, .ssrc = SSRC };
    struct ix_buf b;

    ix_buf_init_fixed(&b, p.b, sizeof(p.b));
    ix_rtp_write_head(&b, &h);
    memset(p.b + 12, 0xab, 16);
    return p;
}

static struct ix_srtp *opened(void)
{
    struct ix_srtp *s = NULL;

    cr_assert_eq(ix_rtp_global_init(), 0);
    cr_assert_eq(ix_srtp_new(key, key, SSRC, &s), 0);
    return s;
}

/* The AES-CM keystream of packet (ssrc, index), made here out of the session keys with mbedtls (RFC 3711 4.1.1). */
static void check_against_session_keys(const struct packet *p, uint16_t seq)
{
    uint8_t iv[16] = { 0 }, stream[16] = { 0 }, clear[16], want[16], tag[20], block[16];
    static const uint8_t roc[4];
    mbedtls_aes_context aes;
    size_t at = 0;

    memcpy(iv, cipher_salt, sizeof(cipher_salt));
    for (int i = 0; i < 4; i++)
        iv[4 + i] ^= (uint8_t) (SSRC >> (24 - 8 * i));
    iv[12] ^= (uint8_t) (seq >> 8);
    iv[13] ^= (uint8_t) seq;
    mbedtls_aes_init(&aes);
    cr_assert_eq(mbedtls_aes_setkey_enc(&aes, cipher_key, 128), 0);
    cr_assert_eq(mbedtls_aes_crypt_ctr(&aes, 16, &at, iv, block, stream, clear), 0);
    mbedtls_aes_free(&aes);
    for (int i = 0; i < 16; i++)
        want[i] = clear[i] ^ 0xab;
    cr_assert_arr_eq(p->b + 12, want, 16);

    struct ix_bytes parts[] = { { p->b, 28 }, { roc, 4 } };
    cr_assert_eq(ix_hmac(IX_SHA1, (struct ix_bytes){ auth_key, 20 }, parts, 2, tag), 0);
    cr_assert_arr_eq(p->b + 28, tag, 10);
}

Test(srtp, derives_the_session_keys_of_rfc_3711_b3)
{
    struct ix_srtp *s = opened();
    struct packet p = rtp_packet(0x1234);

    cr_assert_eq(ix_srtp_protect(s, p.b, &p.n), 0);
    cr_assert_eq(p.n, 12 + 16 + 10);
    check_against_session_keys(&p, 0x1234);
    ix_srtp_free(s);
}

Test(srtp, gives_back_what_was_protected_and_refuses_it_a_second_time)
{
    struct ix_srtp *s = opened();
    struct packet p = rtp_packet(1), want = p, copy;

    cr_assert_eq(ix_srtp_protect(s, p.b, &p.n), 0);
    copy = p;
    cr_assert_eq(ix_srtp_unprotect(s, p.b, &p.n), 0);
    cr_assert_eq(p.n, want.n);
    cr_assert_arr_eq(p.b, want.b, want.n);
    cr_assert_eq(ix_srtp_unprotect(s, copy.b, &copy.n), IRISX_E_DUPLICATE);
    ix_srtp_free(s);
}

Test(srtp, packets_may_be_a_thousand_late_and_no_more)
{
    struct ix_srtp *s = opened();
    struct packet first = rtp_packet(1), second = rtp_packet(2);

    cr_assert_eq(ix_srtp_protect(s, first.b, &first.n), 0);
    cr_assert_eq(ix_srtp_protect(s, second.b, &second.n), 0);
    for (uint16_t seq = 3; seq <= 1025; seq++) {
        struct packet p = rtp_packet(seq);
        cr_assert_eq(ix_srtp_protect(s, p.b, &p.n), 0);
        if (seq == 1025)
            cr_assert_eq(ix_srtp_unprotect(s, p.b, &p.n), 0);
    }
    cr_assert_eq(ix_srtp_unprotect(s, second.b, &second.n), 0);
    cr_assert_eq(ix_srtp_unprotect(s, first.b, &first.n), IRISX_E_DUPLICATE);
    ix_srtp_free(s);
}

Test(srtp, one_changed_bit_anywhere_is_noticed)
{
    struct ix_srtp *s = opened();
    struct packet good = rtp_packet(1);

    cr_assert_eq(ix_srtp_protect(s, good.b, &good.n), 0);
    for (size_t i = 1; i < good.n; i++) {
        struct packet p = good;
        p.b[i] ^= 1;
        cr_assert_neq(ix_srtp_unprotect(s, p.b, &p.n), 0, "byte %zu", i);
    }
    cr_assert_eq(ix_srtp_unprotect(s, good.b, &good.n), 0);
    ix_srtp_free(s);
}

Test(srtp, the_roll_over_counter_goes_on_across_two_wraps)
{
    struct ix_srtp *s = opened();

    for (uint32_t i = 0; i < 3 * 65536; i += 1000) {
        struct packet p = rtp_packet((uint16_t) i);
        cr_assert_eq(ix_srtp_protect(s, p.b, &p.n), 0);
        cr_assert_eq(ix_srtp_unprotect(s, p.b, &p.n), 0, "%u", i);
    }
    ix_srtp_free(s);
}

Test(srtp, rtcp_is_protected_with_an_index_of_its_own)
{
    struct ix_srtp *s = opened();
    struct packet p = { .n = 8, .b = { 0x80, 201, 0, 1, 0xca, 0xfe, 0xba, 0xbe } }, copy;

    cr_assert_eq(ix_srtp_protect_rtcp(s, p.b, &p.n), 0);
    cr_assert_eq(p.n, 8 + 4 + 10);
    copy = p;
    cr_assert_eq(ix_srtp_unprotect_rtcp(s, p.b, &p.n), 0);
    cr_assert_eq(p.n, 8);
    cr_assert_eq(ix_srtp_unprotect_rtcp(s, copy.b, &copy.n), IRISX_E_DUPLICATE);
    ix_srtp_free(s);
}

/* srtp_remove_stream() wants the SSRC in network order; given the other it forgets nothing. */
Test(srtp, a_forgotten_source_leaves_no_replay_window)
{
    struct ix_srtp *s = opened();
    struct packet p = rtp_packet(1), again;

    cr_assert_eq(ix_srtp_protect(s, p.b, &p.n), 0);
    again = p;
    cr_assert_eq(ix_srtp_unprotect(s, p.b, &p.n), 0);
    ix_srtp_forget(s, SSRC);
    cr_assert_eq(ix_srtp_unprotect(s, again.b, &again.n), 0);
    ix_srtp_free(s);
    ix_srtp_free(NULL);
}
