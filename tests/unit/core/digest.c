/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "core/core.h"

static void assert_hex(const uint8_t *got, size_t n, const char *want)
{
    struct ix_buf b;

    ix_buf_init(&b, 200);
    ix_buf_hex(&b, got, n);
    char *text = ix_buf_take(&b);
    cr_assert_str_eq(text, want);
    ix_free(text);
}

static void assert_digest(enum ix_digest_kind kind, const char *text, const char *want)
{
    uint8_t out[IX_DIGEST_MAX];
    size_t half = strlen(text) / 2;
    struct ix_bytes parts[] = { { text, half }, { NULL, 0 }, { text + half, strlen(text) - half } };

    cr_assert_eq(ix_digest(kind, parts, 3, out), 0);
    assert_hex(out, ix_digest_size(kind), want);
}

/* RFC 1321 appendix A.5 */
Test(digest, md5_gives_the_values_of_rfc_1321)
{
    assert_digest(IX_MD5, "", "d41d8cd98f00b204e9800998ecf8427e");
    assert_digest(IX_MD5, "a", "0cc175b9c0f1b6a831c399e269772661");
    assert_digest(IX_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72");
    assert_digest(IX_MD5, "message digest", "f96b697d7cb7938d525a2f31aaf161d0");
    assert_digest(IX_MD5, "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b");
    assert_digest(
        IX_MD5, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f");
    assert_digest(IX_MD5, "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
        "57edf4a22be3c955ac49da2e2107b67a");
}

/* FIPS 180-2 appendices A to D */
Test(digest, sha_gives_the_values_of_fips_180)
{
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    static const char two_long_blocks[] = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
                                          "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";

    assert_digest(IX_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_digest(IX_SHA1, two_blocks, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    assert_digest(IX_SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_digest(IX_SHA256, two_blocks, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_digest(IX_SHA384, "abc",
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
    assert_digest(IX_SHA384, two_long_blocks,
        "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039");
    assert_digest(IX_SHA512, "abc",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    assert_digest(IX_SHA512, two_long_blocks,
        "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
        "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909");
    assert_digest(IX_SHA512_256, "abc", "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23");
    assert_digest(IX_SHA512_256, two_long_blocks, "3928e184fb8690f840da3988121d31be65cb9d3ef83ee6146feac861e19b563a");
}

struct hmac_row {
    struct ix_bytes key;
    struct ix_bytes data;
    const char *sha256;
    const char *sha384;
    const char *sha512;
};

static void assert_hmac(enum ix_digest_kind kind, const struct hmac_row *row, const char *want)
{
    uint8_t out[IX_DIGEST_MAX];

    cr_assert_eq(ix_hmac(kind, row->key, &row->data, 1, out), 0);
    assert_hex(out, ix_digest_size(kind), want);
}

/* RFC 4231 sections 4.2, 4.3, 4.4 and 4.7: short key, text key, bytes, key longer than a block */
Test(digest, hmac_gives_the_values_of_rfc_4231)
{
    static uint8_t key1[20];
    static uint8_t key3[20];
    static uint8_t data3[50];
    static uint8_t key6[131];
    const struct hmac_row rows[] = {
        { { key1, 20 }, { "Hi There", 8 }, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
            "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854" },
        { { "Jefe", 4 }, { "what do ya want for nothing?", 28 },
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
            "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
        { { key3, 20 }, { data3, 50 }, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27",
            "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
            "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb" },
        { { key6, 131 }, { "Test Using Larger Than Block-Size Key - Hash Key First", 54 },
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952",
            "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
            "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598" },
    };

    memset(key1, 0x0b, sizeof key1);
    memset(key3, 0xaa, sizeof key3);
    memset(data3, 0xdd, sizeof data3);
    memset(key6, 0xaa, sizeof key6);
    for (size_t i = 0; i < IX_COUNT(rows); i++) {
        assert_hmac(IX_SHA256, &rows[i], rows[i].sha256);
        assert_hmac(IX_SHA384, &rows[i], rows[i].sha384);
        assert_hmac(IX_SHA512, &rows[i], rows[i].sha512);
    }
}

/* RFC 2202 sections 2 and 3, the second and the sixth test */
Test(digest, hmac_gives_the_values_of_rfc_2202)
{
    static uint8_t key[80];
    const struct hmac_row text = { { "Jefe", 4 }, { "what do ya want for nothing?", 28 }, NULL, NULL, NULL };
    const struct hmac_row longer = { { key, 80 }, { "Test Using Larger Than Block-Size Key - Hash Key First", 54 },
        NULL, NULL, NULL };

    memset(key, 0xaa, sizeof key);
    assert_hmac(IX_MD5, &text, "750c783e6ab0b503eaa86e310a5db738");
    assert_hmac(IX_SHA1, &text, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    assert_hmac(IX_MD5, &longer, "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
    assert_hmac(IX_SHA1, &longer, "aa4ae5e15272d00e95705637ce8a3b55ed402112");
}

/* between the block of SHA-256 (64 bytes) and that of SHA-384 and SHA-512 (128); values of Python's hmac module */
Test(digest, a_key_is_shortened_at_the_block_of_its_own_digest)
{
    static uint8_t key[100];
    const struct hmac_row row = { { key, 100 }, { "x", 1 }, NULL, NULL, NULL };

    memset(key, 0xaa, sizeof key);
    assert_hmac(IX_SHA256, &row, "6229c9e2c7d9863a0cfd7e8e03268a67e6e4bb0c3e0810b50eefc7bfd63a93d8");
    assert_hmac(IX_SHA384, &row,
        "0a24217d37dfd3f0bacac503947f91e9498d50a2defc1736757e79a6d2150c030921f5be718308804ed9111f1bc785c2");
    assert_hmac(IX_SHA512, &row,
        "a4ae1968cbfa6b30a371750f3607d76c8cf98e0d8dfd96d425166b7fe7b613ea"
        "e86e787cb969af8d0fb571648c87e479656476e8e6d597796c4b4db872d7bbc7");
}

Test(digest, hmac_takes_its_text_in_parts)
{
    const struct ix_bytes parts[] = { { "what do ya ", 11 }, { NULL, 0 }, { "want for nothing?", 17 } };
    uint8_t out[IX_DIGEST_MAX];

    cr_assert_eq(ix_hmac(IX_SHA1, (struct ix_bytes){ "Jefe", 4 }, parts, 3, out), 0);
    assert_hex(out, 20, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    cr_assert_eq(ix_hmac(IX_SHA256, (struct ix_bytes){ NULL, 0 }, NULL, 0, out), 0);
    assert_hex(out, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

Test(digest, writes_no_byte_more_than_its_size)
{
    uint8_t out[IX_DIGEST_MAX];

    for (int kind = IX_MD5; kind <= IX_SHA512; kind++) {
        size_t n = ix_digest_size((enum ix_digest_kind) kind);
        memset(out, 0x5a, sizeof out);
        cr_assert_eq(ix_digest((enum ix_digest_kind) kind, NULL, 0, out), 0);
        for (size_t i = n; i < sizeof out; i++)
            cr_assert_eq(out[i], 0x5a);
    }
}

Test(digest, refuses_a_kind_that_does_not_exist)
{
    uint8_t out[IX_DIGEST_MAX];

    cr_assert_eq(ix_digest((enum ix_digest_kind) 0, NULL, 0, out), IRISX_E_INVALID);
    cr_assert_eq(ix_hmac((enum ix_digest_kind) 9, (struct ix_bytes){ "k", 1 }, NULL, 0, out), IRISX_E_INVALID);
    cr_assert_eq(ix_digest_size((enum ix_digest_kind) 9), 0);
}
