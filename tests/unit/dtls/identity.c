/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <mbedtls/ecp.h>
#include <mbedtls/x509_crt.h>
#include <string.h>

#include "dtls/internal.h"
#include "oom.h"

#define WALL INT64_C(1700000000000000) /* 2023-11-14T22:13:20Z */

static struct ix_dtls_identity *make(uint64_t seed, int64_t wall_us)
{
    struct ix_prng prng;
    struct ix_dtls_identity *id = NULL;

    ix_prng_seed(&prng, seed);
    struct ix_rng rng = ix_prng_rng(&prng);
    cr_assert_eq(ix_dtls_identity_new(&rng, wall_us, &id), 0);
    return id;
}

Test(identity, is_a_self_signed_p256_certificate_that_says_nothing_of_us)
{
    struct ix_dtls_identity *id = make(1, WALL);
    mbedtls_x509_crt *crt = ix_dtls_identity_crt(id);
    uint32_t flags = 0;
    char name[128];

    cr_assert_eq(mbedtls_pk_get_type(&crt->pk), MBEDTLS_PK_ECKEY);
    cr_assert_eq(mbedtls_pk_ec(crt->pk)->grp.id, MBEDTLS_ECP_DP_SECP256R1);
    cr_assert_eq(mbedtls_x509_crt_verify(crt, crt, NULL, NULL, &flags, NULL, NULL), 0);
    cr_assert_gt(mbedtls_x509_dn_gets(name, sizeof(name), &crt->subject), 0);
    cr_assert_str_eq(name, "CN=WebRTC");
    cr_assert_eq(crt->valid_from.year, 2023);
    cr_assert_eq(crt->valid_from.day, 13);
    cr_assert_eq(crt->valid_to.year, 2033);
    cr_assert_eq(crt->serial.len, 16);
    cr_assert_lt(crt->serial.p[0], 0x80, "positive");
    ix_dtls_identity_unref(id);
}

Test(identity, digest_is_that_of_the_der)
{
    struct ix_dtls_identity *id = make(2, WALL);
    mbedtls_x509_crt *crt = ix_dtls_identity_crt(id);
    struct ix_bytes der = { crt->raw.p, crt->raw.len };
    uint8_t digest[32];

    cr_assert_eq(ix_digest(IX_SHA256, &der, 1, digest), 0);
    cr_assert_arr_eq(digest, ix_dtls_identity_sha256(id), 32);
    ix_dtls_identity_unref(id);
}

Test(identity, two_of_them_differ_and_the_same_entropy_gives_the_same)
{
    struct ix_dtls_identity *a = make(3, WALL), *b = make(4, WALL), *c = make(3, WALL);

    cr_assert_arr_neq(ix_dtls_identity_sha256(a), ix_dtls_identity_sha256(b), 32);
    cr_assert_arr_eq(ix_dtls_identity_sha256(a), ix_dtls_identity_sha256(c), 32);
    ix_dtls_identity_unref(a);
    ix_dtls_identity_unref(b);
    ix_dtls_identity_unref(c);
}

Test(identity, is_made_although_the_clock_stands_at_1970)
{
    struct ix_dtls_identity *id = make(5, 0);

    cr_assert_eq(ix_dtls_identity_crt(id)->valid_from.year, 1970);
    ix_dtls_identity_unref(id);
}

Test(identity, loading_refuses_what_is_no_certificate_and_a_key_of_another)
{
    struct ix_dtls_identity *id = make(6, WALL), *other = make(7, WALL), *out = NULL;
    mbedtls_x509_crt *crt = ix_dtls_identity_crt(id);
    struct ix_bytes der = { crt->raw.p, crt->raw.len }, junk = { "junk", 4 };
    mbedtls_pk_context *key;
    struct ix_dtls_worker *w = NULL;
    uint8_t buf[256];

    cr_assert_eq(ix_dtls_worker_new(other, &w), 0);
    key = ix_dtls_worker_key(w);
    int n = mbedtls_pk_write_key_der(key, buf, sizeof(buf));
    cr_assert_gt(n, 0);
    struct ix_bytes foreign = { buf + sizeof(buf) - n, (size_t) n };
    cr_assert_eq(ix_dtls_identity_load(der, foreign, &out), IRISX_E_FORMAT);
    cr_assert_eq(ix_dtls_identity_load(junk, foreign, &out), IRISX_E_FORMAT);
    cr_assert_eq(ix_dtls_identity_load(der, junk, &out), IRISX_E_FORMAT);
    cr_assert_null(out);
    ix_dtls_worker_free(w);
    ix_dtls_identity_unref(id);
    ix_dtls_identity_unref(other);
    ix_dtls_identity_unref(NULL);
    ix_dtls_worker_free(NULL);
}

static int make_and_free(void *arg)
{
    struct ix_prng prng;
    struct ix_dtls_identity *id = NULL;
    struct ix_dtls_worker *w = NULL;

    (void) arg;
    ix_prng_seed(&prng, 8);
    struct ix_rng rng = ix_prng_rng(&prng);
    int err = ix_dtls_identity_new(&rng, WALL, &id);
    if (err == 0)
        err = ix_dtls_worker_new(id, &w);
    ix_dtls_worker_free(w);
    ix_dtls_identity_unref(id);
    return err;
}

Test(identity, survives_the_failure_of_any_allocation)
{
    cr_assert_eq(oom_run(make_and_free, NULL), 0);
}
