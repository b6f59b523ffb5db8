/* SPDX-License-Identifier: MIT */
/*
 * The self-signed certificate (RFC 8827 section 6.5: ECDSA on P-256, nothing in it that tells who we are) and the
 * copies of its private key that workers own. mbedtls keeps scratch values inside keys, so that two threads must not
 * sign with the same one.
 */
#include "dtls/internal.h"

#include <string.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/ecp.h>
#include <mbedtls/pk.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#define CERT_MAX 1024 /* bytes; ours has some 350 */
#define KEY_MAX 256 /* bytes of DER; P-256 has 121 */
#define VALID_BEFORE (24 * 3600 * (int64_t) IX_S)
#define VALID_AFTER                                                                                  \
    (3650 * 24 * 3600 * (int64_t) IX_S) /* clients run for years, and peers look at the digest alone \
                                         */

struct ix_dtls_identity {
    atomic_uint refs;
    mbedtls_x509_crt crt; /* read only, after it was made */
    uint8_t sha256[32];
    size_t key_len;
    uint8_t key[]; /* DER; wiped on release */
};

struct ix_dtls_worker {
    mbedtls_pk_context key;
};

static int random_bytes(void *ctx, unsigned char *out, size_t len)
{
    ix_rng_fill(ctx, out, len);
    return 0;
}

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
static int secret_entropy(void *ctx, unsigned char *out, size_t len)
{
    struct ix_bytes part = *(struct ix_bytes *) ctx;
    uint8_t digest[IX_DIGEST_MAX];
    int err = ix_digest(IX_SHA512, &part, 1, digest);

    memcpy(out, digest, IX_MIN(len, sizeof(digest)));
    ix_wipe(digest, sizeof(digest));
    return err != 0 || len > sizeof(digest) ? -1 : 0;
}
#endif

/*
 * Parses a private key, and compares it with a certificate's if there is one. mbedtls 3 asks for random bytes here, to
 * blind its arithmetic; a generator seeded by the key itself serves that purpose, since nothing of it gets out.
 */
static int parse_key(mbedtls_pk_context *pk, struct ix_bytes der, mbedtls_pk_context *public_key)
{
    int rc;

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    mbedtls_ctr_drbg_context drbg;
    mbedtls_ctr_drbg_init(&drbg);
    rc = mbedtls_ctr_drbg_seed(&drbg, secret_entropy, &der, NULL, 0);
    if (rc == 0)
        rc = mbedtls_pk_parse_key(pk, der.p, der.n, NULL, 0, mbedtls_ctr_drbg_random, &drbg);
    if (rc == 0 && public_key != NULL)
        rc = mbedtls_pk_check_pair(public_key, pk, mbedtls_ctr_drbg_random, &drbg);
    mbedtls_ctr_drbg_free(&drbg);
#else
    rc = mbedtls_pk_parse_key(pk, der.p, der.n, NULL, 0);
    if (rc == 0 && public_key != NULL)
        rc = mbedtls_pk_check_pair(public_key, pk);
#endif
    return ix_dtls_error_of(rc, IRISX_E_FORMAT);
}

int ix_dtls_identity_load(struct ix_bytes cert_der, struct ix_bytes key_der, struct ix_dtls_identity **out)
{
    struct ix_dtls_identity *id = ix_alloc(sizeof(*id) + key_der.n);
    mbedtls_pk_context key;

    if (id == NULL)
        return IRISX_E_NO_MEMORY;
    atomic_init(&id->refs, 1);
    mbedtls_x509_crt_init(&id->crt);
    mbedtls_pk_init(&key);
    id->key_len = key_der.n;
    memcpy(id->key, key_der.p, key_der.n);

    int rc = mbedtls_x509_crt_parse_der(&id->crt, cert_der.p, cert_der.n);
    int err = ix_dtls_error_of(rc, IRISX_E_FORMAT);
    if (err == 0)
        err = parse_key(&key, key_der, &id->crt.pk);
    if (err == 0)
        err = ix_digest(IX_SHA256, &cert_der, 1, id->sha256);
    mbedtls_pk_free(&key);
    if (err != 0) {
        ix_dtls_identity_unref(id);
        return err;
    }
    *out = id;
    return 0;
}

/* "20261120092725" out of ISO 8601, as mbedtls wants it; what lies before 1970 is cut off there */
static void x509_time(int64_t wall_us, char out[15])
{
    char iso[25];
    size_t n = 0;

    ix_time_iso8601(IX_MAX(wall_us, 0), iso);
    for (size_t i = 0; i < 19; i++) {
        if (iso[i] >= '0' && iso[i] <= '9' && n < 14)
            out[n++] = iso[i];
    }
    out[n] = '\0';
}

static int set_serial(mbedtls_x509write_cert *w, uint8_t serial[16])
{
    serial[0] = (uint8_t) ((serial[0] & 0x7f) | 0x40); /* positive and never short (RFC 5280 section 4.1.2.2) */
#if MBEDTLS_VERSION_NUMBER >= 0x03040000
    return mbedtls_x509write_crt_set_serial_raw(w, serial, 16);
#else
    mbedtls_mpi n;
    mbedtls_mpi_init(&n);
    int rc = mbedtls_mpi_read_binary(&n, serial, 16);
    if (rc == 0)
        rc = mbedtls_x509write_crt_set_serial(w, &n);
    mbedtls_mpi_free(&n);
    return rc;
#endif
}

/* Length of the DER at the end of out, or a negative code of mbedtls. */
static int write_certificate(
    mbedtls_pk_context *key, const struct ix_rng *rng, int64_t wall_us, uint8_t *out, size_t cap)
{
    mbedtls_x509write_cert w;
    char from[15], to[15];
    uint8_t serial[16];
    struct ix_rng source = *rng;

    x509_time(wall_us - VALID_BEFORE, from);
    x509_time(wall_us + VALID_AFTER, to);
    ix_rng_fill(rng, serial, sizeof(serial));
    mbedtls_x509write_crt_init(&w);
    mbedtls_x509write_crt_set_version(&w, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&w, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&w, key);
    mbedtls_x509write_crt_set_issuer_key(&w, key);
    int rc = mbedtls_x509write_crt_set_subject_name(&w, "CN=WebRTC");
    if (rc == 0)
        rc = mbedtls_x509write_crt_set_issuer_name(&w, "CN=WebRTC");
    if (rc == 0)
        rc = set_serial(&w, serial);
    if (rc == 0)
        rc = mbedtls_x509write_crt_set_validity(&w, from, to);
    if (rc == 0)
        rc = mbedtls_x509write_crt_der(&w, out, cap, random_bytes, &source);
    mbedtls_x509write_crt_free(&w);
    return rc;
}

int ix_dtls_identity_new(const struct ix_rng *rng, int64_t wall_us, struct ix_dtls_identity **out)
{
    mbedtls_pk_context key;
    uint8_t cert[CERT_MAX], der[KEY_MAX];
    struct ix_rng source = *rng;
    int key_len = 0, cert_len = 0, err = IRISX_E_NO_MEMORY; /* nothing else can fail in here */

    mbedtls_pk_init(&key);
    int rc = mbedtls_pk_setup(&key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
    if (rc == 0)
        rc = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(key), random_bytes, &source);
    if (rc == 0)
        rc = key_len = mbedtls_pk_write_key_der(&key, der, sizeof(der));
    if (rc > 0)
        rc = cert_len = write_certificate(&key, rng, wall_us, cert, sizeof(cert));
    if (rc > 0) {
        struct ix_bytes c = { cert + sizeof(cert) - cert_len, (size_t) cert_len };
        struct ix_bytes k = { der + sizeof(der) - key_len, (size_t) key_len };
        err = ix_dtls_identity_load(c, k, out);
        if (err == IRISX_E_FORMAT) /* what we have just written: mbedtls says so too when it finds no memory */
            err = IRISX_E_NO_MEMORY;
    }
    ix_wipe(der, sizeof(der));
    mbedtls_pk_free(&key);
    return err;
}

struct ix_dtls_identity *ix_dtls_identity_ref(struct ix_dtls_identity *id)
{
    atomic_fetch_add_explicit(&id->refs, 1, memory_order_relaxed);
    return id;
}

void ix_dtls_identity_unref(struct ix_dtls_identity *id)
{
    if (id == NULL || atomic_fetch_sub_explicit(&id->refs, 1, memory_order_acq_rel) != 1)
        return;
    mbedtls_x509_crt_free(&id->crt);
    ix_wipe(id->key, id->key_len);
    ix_free(id);
}

const uint8_t *ix_dtls_identity_sha256(const struct ix_dtls_identity *id)
{
    return id->sha256;
}

struct mbedtls_x509_crt *ix_dtls_identity_crt(struct ix_dtls_identity *id)
{
    return &id->crt;
}

int ix_dtls_worker_new(const struct ix_dtls_identity *id, struct ix_dtls_worker **out)
{
    struct ix_dtls_worker *w = ix_alloc(sizeof(*w));

    if (w == NULL)
        return IRISX_E_NO_MEMORY;
    mbedtls_pk_init(&w->key);
    if (parse_key(&w->key, (struct ix_bytes){ id->key, id->key_len }, NULL) != 0) {
        ix_dtls_worker_free(w);
        return IRISX_E_NO_MEMORY; /* the key was read before: nothing else can fail */
    }
    *out = w;
    return 0;
}

void ix_dtls_worker_free(struct ix_dtls_worker *w)
{
    if (w == NULL)
        return;
    mbedtls_pk_free(&w->key);
    ix_free(w);
}

struct mbedtls_pk_context *ix_dtls_worker_key(struct ix_dtls_worker *w)
{
    return &w->key;
}
