/* SPDX-License-Identifier: MIT */
/*
 * What mbedtls does for one association: DTLS 1.2 (RFC 6347) with use_srtp and its exporter (RFC 5764), the peer's
 * certificate checked by its digest alone (RFC 8122). Runs on a worker thread and touches nothing but its job; time
 * is job->now_us, and datagrams come from and go to the job's queues.
 */
#include "dtls/internal.h"

#include <string.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#if !defined(MBEDTLS_SSL_DTLS_SRTP)
#error "mbedtls is built without MBEDTLS_SSL_DTLS_SRTP"
#endif

#define MASTER_LEN 48 /* RFC 5246 section 8.1 */
#define SRTP_KEY_LEN 16 /* RFC 5764 section 4.1.2 */
#define SRTP_SALT_LEN 14
#define MBEDTLS_TIMER_MAX_MS 600000 /* mbedtls gives up there; the whole handshake's timeout comes long before */
#define TURNS_MAX (3 * IX_DTLS_QUEUE_MAX) /* calls of mbedtls for one WORK: each eats a datagram or a timer */

struct ix_dtls_engine {
    struct ix_dtls_job *job;
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config conf;
    mbedtls_ctr_drbg_context drbg;
    mbedtls_pk_context key; /* alias of the worker's for the length of one WORK; never freed here */
    struct ix_dtls_hello hello;
    bool hello_seen;
    bool exported;
    bool refused; /* the certificate was not the announced one */
    uint8_t master[MASTER_LEN];
    uint8_t randoms[64]; /* client's, server's */
    mbedtls_tls_prf_types prf;
};

static const int suites[] = {
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    0,
};
#if MBEDTLS_VERSION_NUMBER >= 0x03010000
static const uint16_t groups[] = { MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, MBEDTLS_SSL_IANA_TLS_GROUP_SECP521R1, 0 };
#else
static const mbedtls_ecp_group_id groups[] = { MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_CURVE25519,
    MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_SECP521R1, MBEDTLS_ECP_DP_NONE };
#endif
static const mbedtls_ssl_srtp_profile profiles[] = { MBEDTLS_TLS_SRTP_AES128_CM_HMAC_SHA1_80, MBEDTLS_TLS_SRTP_UNSET };

/* ---- what mbedtls calls ------------------------------------------------------------------ */

static int on_send(void *ctx, const unsigned char *p, size_t n)
{
    struct ix_dtls_engine *e = ctx;

    (void) ix_dtls_queue_push(&e->job->out, p, n); /* no memory: lost, as on the network; it will be sent again */
    return (int) n;
}

/* Bytes for mbedtls, 0 if the datagram is not for it. */
static size_t feed(struct ix_dtls_engine *e, const struct ix_dtls_datagram *d, unsigned char *buf, size_t cap)
{
    struct ix_bytes what = { d->data, d->len };

    if (e->job->role == IX_DTLS_SERVER && !e->job->connected) {
        switch (ix_dtls_hello_input(&e->hello, d->data, d->len, &what)) {
        case IX_DTLS_HELLO_PASS:
        case IX_DTLS_HELLO_WHOLE:
            e->hello_seen = true;
            break;
        case IX_DTLS_HELLO_OTHER: /* mbedtls ends the handshake on anything that comes before the hello */
            if (!e->hello_seen)
                return 0;
            break;
        case IX_DTLS_HELLO_TAKEN:
            return 0;
        }
    }
    if (what.n > cap)
        return 0;
    memcpy(buf, what.p, what.n);
    return what.n;
}

static int on_receive(void *ctx, unsigned char *buf, size_t cap)
{
    struct ix_dtls_engine *e = ctx;
    struct ix_dtls_datagram *d;

    while ((d = ix_dtls_queue_pop(&e->job->in)) != NULL) {
        size_t n = feed(e, d, buf, cap);
        ix_free(d);
        if (n > 0)
            return (int) n;
    }
    return MBEDTLS_ERR_SSL_WANT_READ;
}

static void on_set_timer(void *ctx, uint32_t soft_ms, uint32_t final_ms)
{
    struct ix_dtls_job *job = ((struct ix_dtls_engine *) ctx)->job;

    job->timer_set = true;
    if (final_ms == 0) {
        job->timer_soft_us = job->timer_at_us = IX_NEVER;
        return;
    }
    job->timer_soft_us = ix_time_add(job->now_us, IX_MIN(soft_ms * IX_MS, IX_DTLS_TIMER_MAX / 4));
    job->timer_at_us = ix_time_add(job->now_us, IX_MIN(final_ms * IX_MS, IX_DTLS_TIMER_MAX));
}

static int on_get_timer(void *ctx) /* -1 not running, 0 nothing over, 1 the soft time, 2 both */
{
    const struct ix_dtls_job *job = ((struct ix_dtls_engine *) ctx)->job;

    if (job->timer_at_us == IX_NEVER)
        return -1;
    if (job->now_us >= job->timer_at_us)
        return 2;
    return job->now_us >= job->timer_soft_us ? 1 : 0;
}

/* Once, when the generator is made; it is told never to ask again. */
static int on_seed(void *ctx, unsigned char *out, size_t n)
{
    struct ix_dtls_job *job = ctx;

    if (n > sizeof(job->seed))
        return -1;
    memcpy(out, job->seed, n);
    return 0;
}

static void keep_secrets(struct ix_dtls_engine *e, const unsigned char *master, size_t len,
    const unsigned char client_random[32], const unsigned char server_random[32], mbedtls_tls_prf_types prf)
{
    if (len != MASTER_LEN)
        return;
    memcpy(e->master, master, MASTER_LEN);
    memcpy(e->randoms, client_random, 32);
    memcpy(e->randoms + 32, server_random, 32);
    e->prf = prf;
    e->exported = true;
}

#if MBEDTLS_VERSION_NUMBER >= 0x03000000
static void on_secrets(void *ctx, mbedtls_ssl_key_export_type type, const unsigned char *secret, size_t len,
    const unsigned char client_random[32], const unsigned char server_random[32], mbedtls_tls_prf_types prf)
{
    if (type == MBEDTLS_SSL_KEY_EXPORT_TLS12_MASTER_SECRET)
        keep_secrets(ctx, secret, len, client_random, server_random, prf);
}
#else
static int on_secrets(void *ctx, const unsigned char *master, const unsigned char *block, size_t mac_len,
    size_t key_len, size_t iv_len, const unsigned char client_random[32], const unsigned char server_random[32],
    mbedtls_tls_prf_types prf)
{
    (void) block, (void) mac_len, (void) key_len, (void) iv_len; /* only the exporter's inputs matter */
    keep_secrets(ctx, master, MASTER_LEN, client_random, server_random, prf);
    return 0;
}
#endif

/* The chain means nothing for a self-signed certificate: the digest of the peer's own (depth 0) decides. */
static int on_certificate(void *ctx, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    struct ix_dtls_engine *e = ctx;
    struct ix_dtls_job *job = e->job;

    *flags = 0;
    if (depth != 0)
        return 0;
    struct ix_bytes der = { crt->raw.p, crt->raw.len };
    if (ix_digest(IX_SHA256, &der, 1, job->peer_digest[0]) != 0 ||
        ix_digest(IX_SHA384, &der, 1, job->peer_digest[1]) != 0 ||
        ix_digest(IX_SHA512, &der, 1, job->peer_digest[2]) != 0)
        return MBEDTLS_ERR_X509_ALLOC_FAILED;
    job->peer_known = true;
    if (job->expected_count == 0 || ix_dtls_job_matches(job, job->expected, job->expected_count))
        return 0;
    e->refused = true;
    return MBEDTLS_ERR_X509_CERT_VERIFY_FAILED; /* makes mbedtls send an alert */
}

bool ix_dtls_job_matches(const struct ix_dtls_job *job, const struct ix_dtls_fingerprint *list, size_t count)
{
    bool match = false;

    for (size_t i = 0; job->peer_known && i < count; i++) {
        const struct ix_dtls_fingerprint *fp = &list[i];
        if (fp->kind >= IX_SHA256 && fp->kind <= IX_SHA512 && fp->len == ix_digest_size(fp->kind))
            match |= ix_equal_ct(fp->bytes, job->peer_digest[fp->kind - IX_SHA256], fp->len);
    }
    return match;
}

/* ---- making it --------------------------------------------------------------------------- */

static void configure(struct ix_dtls_engine *e)
{
    mbedtls_ssl_config *c = &e->conf;
    const struct ix_dtls_job *job = e->job;

    mbedtls_ssl_conf_rng(c, mbedtls_ctr_drbg_random, &e->drbg);
    mbedtls_ssl_conf_ciphersuites(c, suites);
    /* not REQUIRED, which wants a CA; a peer without certificate is refused in finish() */
    mbedtls_ssl_conf_authmode(c, MBEDTLS_SSL_VERIFY_OPTIONAL);
    mbedtls_ssl_conf_verify(c, on_certificate, e);
    mbedtls_ssl_conf_handshake_timeout(c, job->timer_min_ms, MBEDTLS_TIMER_MAX_MS);
#if MBEDTLS_VERSION_NUMBER >= 0x03010000
    mbedtls_ssl_conf_groups(c, groups);
    mbedtls_ssl_conf_min_tls_version(c, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_max_tls_version(c, MBEDTLS_SSL_VERSION_TLS1_2);
#else
    mbedtls_ssl_conf_curves(c, groups);
    mbedtls_ssl_conf_min_version(c, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
    mbedtls_ssl_conf_export_keys_ext_cb(c, on_secrets, e);
#endif
#if defined(MBEDTLS_SSL_EXTENDED_MASTER_SECRET)
    mbedtls_ssl_conf_extended_master_secret(c, MBEDTLS_SSL_EXTENDED_MS_ENABLED);
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
    mbedtls_ssl_conf_renegotiation(c, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
#if defined(MBEDTLS_SSL_SESSION_TICKETS) && defined(MBEDTLS_SSL_CLI_C)
    mbedtls_ssl_conf_session_tickets(c, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#endif
#if defined(MBEDTLS_SSL_DTLS_HELLO_VERIFY) && defined(MBEDTLS_SSL_SRV_C)
    if (job->role == IX_DTLS_SERVER) /* ICE has verified the path: README */
        mbedtls_ssl_conf_dtls_cookies(c, NULL, NULL, NULL);
#endif
}

static int set_up(struct ix_dtls_engine *e)
{
    struct ix_dtls_job *job = e->job;
    int endpoint = job->role == IX_DTLS_SERVER ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT;

    int rc = mbedtls_ctr_drbg_seed(&e->drbg, on_seed, job, NULL, 0);
    ix_wipe(job->seed, sizeof(job->seed));
    if (rc != 0)
        return rc;
    mbedtls_ctr_drbg_set_reseed_interval(&e->drbg, INT32_MAX); /* some dozen draws a handshake */
    rc = mbedtls_ssl_config_defaults(&e->conf, endpoint, MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT);
    if (rc != 0)
        return rc;
    configure(e);
    rc = mbedtls_ssl_conf_dtls_srtp_protection_profiles(&e->conf, profiles);
    if (rc == 0)
        rc = mbedtls_ssl_conf_own_cert(&e->conf, ix_dtls_identity_crt(job->identity), &e->key);
    if (rc == 0)
        rc = mbedtls_ssl_setup(&e->ssl, &e->conf);
    if (rc != 0)
        return rc;
    mbedtls_ssl_set_mtu(&e->ssl, job->mtu);
    mbedtls_ssl_set_bio(&e->ssl, e, on_send, on_receive, NULL);
    mbedtls_ssl_set_timer_cb(&e->ssl, e, on_set_timer, on_get_timer);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    mbedtls_ssl_set_export_keys_cb(&e->ssl, on_secrets, e);
#endif
    return 0;
}

/* The engine is made on the first WORK. False if there is no memory for it. */
static bool make(struct ix_dtls_job *job, const mbedtls_pk_context *key)
{
    struct ix_dtls_engine *e = ix_alloc(sizeof(*e));

    if (e == NULL)
        return false;
    e->job = job;
    e->key = *key;
    job->timer_soft_us = job->timer_at_us = IX_NEVER;
    mbedtls_ssl_init(&e->ssl);
    mbedtls_ssl_config_init(&e->conf);
    mbedtls_ctr_drbg_init(&e->drbg);
    job->engine = e;
    job->tls_code = set_up(e);
    return job->tls_code == 0;
}

void ix_dtls_engine_free(struct ix_dtls_engine *e)
{
    if (e == NULL)
        return;
    mbedtls_ssl_free(&e->ssl);
    mbedtls_ssl_config_free(&e->conf);
    mbedtls_ctr_drbg_free(&e->drbg);
    ix_dtls_hello_clear(&e->hello);
    ix_wipe(e, sizeof(*e));
    ix_free(e);
}

/* ---- running it -------------------------------------------------------------------------- */

/* RFC 5764 section 4.2: client key, server key, client salt, server salt */
static int export_keys(struct ix_dtls_engine *e)
{
    static const char label[] = "EXTRACTOR-dtls_srtp";
    uint8_t block[2 * (SRTP_KEY_LEN + SRTP_SALT_LEN)];
    struct ix_srtp_keys *k = &e->job->keys;

    if (!e->exported)
        return IRISX_E_INTERNAL;
    int rc =
        mbedtls_ssl_tls_prf(e->prf, e->master, MASTER_LEN, label, e->randoms, sizeof(e->randoms), block, sizeof(block));
    ix_wipe(e->master, sizeof(e->master));
    if (rc == 0) {
        uint8_t *client = e->job->role == IX_DTLS_CLIENT ? k->local : k->remote;
        uint8_t *server = e->job->role == IX_DTLS_CLIENT ? k->remote : k->local;
        memcpy(client, block, SRTP_KEY_LEN);
        memcpy(server, block + SRTP_KEY_LEN, SRTP_KEY_LEN);
        memcpy(client + SRTP_KEY_LEN, block + 2 * SRTP_KEY_LEN, SRTP_SALT_LEN);
        memcpy(server + SRTP_KEY_LEN, block + 2 * SRTP_KEY_LEN + SRTP_SALT_LEN, SRTP_SALT_LEN);
        k->profile = MBEDTLS_TLS_SRTP_AES128_CM_HMAC_SHA1_80;
    }
    ix_wipe(block, sizeof(block));
    return ix_dtls_error_of(rc, IRISX_E_INTERNAL);
}

static int finish(struct ix_dtls_engine *e)
{
    mbedtls_dtls_srtp_info info;

    if (!e->job->peer_known) /* as server we asked for a certificate and got none */
        return IRISX_E_FINGERPRINT;
    mbedtls_ssl_get_dtls_srtp_negotiation_result(&e->ssl, &info);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    mbedtls_ssl_srtp_profile chosen = info.MBEDTLS_PRIVATE(chosen_dtls_srtp_profile);
#else
    mbedtls_ssl_srtp_profile chosen = info.chosen_dtls_srtp_profile;
#endif
    if (chosen != MBEDTLS_TLS_SRTP_AES128_CM_HMAC_SHA1_80)
        return IRISX_E_PROTOCOL;
    int err = export_keys(e);
    if (err == 0)
        e->job->connected = true;
    return err;
}

static bool more_to_do(struct ix_dtls_engine *e)
{
    return e->job->in.count > 0 || on_get_timer(e) == 2;
}

static int run_handshake(struct ix_dtls_engine *e)
{
    for (int turn = 0; turn < TURNS_MAX; turn++) {
        int rc = mbedtls_ssl_handshake(&e->ssl);
        if (rc == 0)
            return finish(e);
        if (rc != MBEDTLS_ERR_SSL_WANT_READ && rc != MBEDTLS_ERR_SSL_WANT_WRITE) {
            e->job->tls_code = rc;
            return e->refused ? IRISX_E_FINGERPRINT : ix_dtls_error_of(rc, IRISX_E_PROTOCOL);
        }
        if (!more_to_do(e))
            return 0;
    }
    return 0;
}

/* After the handshake: a lost last flight is sent again, close_notify is noticed; other data means nothing to us. */
static void run_connected(struct ix_dtls_engine *e)
{
    uint8_t scrap[256];

    for (int turn = 0; turn < TURNS_MAX; turn++) {
        int rc = mbedtls_ssl_read(&e->ssl, scrap, sizeof(scrap));
        if (rc > 0) {
            e->job->let_go = true; /* application data: the peer holds our last flight */
        } else if (rc != MBEDTLS_ERR_SSL_WANT_READ && rc != MBEDTLS_ERR_SSL_WANT_WRITE) {
            e->job->peer_closed |= rc == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || rc == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE;
            e->job->tls_code = rc;
            e->job->let_go = true; /* SRTP lives on by itself */
            return;
        } else if (!more_to_do(e)) {
            return;
        }
    }
}

/* close_notify is made, to be sent when the call ends; then the context goes, some 40 kB. */
static void let_go(struct ix_dtls_engine *e)
{
    struct ix_dtls_job *job = e->job;
    struct ix_dtls_queue said = job->out;

    job->out = (struct ix_dtls_queue){ 0 };
    (void) mbedtls_ssl_close_notify(&e->ssl); /* a farewell that fails changes nothing */
    job->farewell = ix_dtls_queue_pop(&job->out);
    ix_dtls_queue_clear(&job->out);
    job->out = said;
    job->engine = NULL;
    job->timer_soft_us = job->timer_at_us = IX_NEVER;
    ix_dtls_engine_free(e);
}

void ix_dtls_job_run(struct ix_dtls_job *job, struct ix_dtls_worker *worker)
{
    const mbedtls_pk_context *key = ix_dtls_worker_key(worker);

    if (job->engine == NULL && !make(job, key)) {
        job->err = IRISX_E_NO_MEMORY;
        return;
    }
    struct ix_dtls_engine *e = job->engine;
    e->key = *key;
    if (!job->connected)
        job->err = run_handshake(e);
    if (job->err == 0 && job->connected)
        run_connected(e);
    ix_wipe(&e->key, sizeof(e->key));
    ix_dtls_queue_clear(&job->in);
    if (job->err == 0 && job->connected && job->let_go)
        let_go(e);
}
