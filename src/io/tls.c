/* SPDX-License-Identifier: MIT */
/*
 * Why a certificate was refused, as one sentence that says what to do. OpenSSL checks; this only explains, and checks
 * the host name of certificates for libwebsockets, which cannot do it for IPv6 addresses.
 */
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "io/internal.h"

#define NAMES_SHOWN 3
#define LONG_AGO (365 * 86400 * (int64_t) IX_S) /* off by more than a year: the clock is the likelier culprit */

/* A name from a certificate is the peer's text: only what a host name may hold is shown. */
static void put_name(struct ix_buf *b, const char *p, size_t n)
{
    for (size_t i = 0; i < n && i < 64; i++) {
        bool plain = (p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'z') || (p[i] >= 'A' && p[i] <= 'Z') ||
                     strchr("-._*: ", p[i]) != NULL;
        ix_buf_u8(b, plain && p[i] != '\0' ? (uint8_t) p[i] : '?');
    }
}

static bool put_alternative(struct ix_buf *b, const GENERAL_NAME *g)
{
    struct ix_addr addr = { 0 };
    char text[IX_ADDR_TEXT];

    if (g->type == GEN_DNS) {
        put_name(b, (const char *) ASN1_STRING_get0_data(g->d.dNSName), (size_t) ASN1_STRING_length(g->d.dNSName));
        return true;
    }
    if (g->type != GEN_IPADD)
        return false;
    int n = ASN1_STRING_length(g->d.iPAddress);
    if (n != 4 && n != 16)
        return false;
    addr.family = n == 4 ? IX_IPV4 : IX_IPV6;
    memcpy(addr.ip, ASN1_STRING_get0_data(g->d.iPAddress), (size_t) n);
    ix_addr_ip_text(&addr, text);
    ix_buf_str(b, text);
    return true;
}

static void put_common_name(struct ix_buf *b, const X509_NAME *name)
{
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    const ASN1_STRING *s = at < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));

    if (s == NULL)
        ix_buf_str(b, "nobody by name");
    else
        put_name(b, (const char *) ASN1_STRING_get0_data(s), (size_t) ASN1_STRING_length(s));
}

static void put_names(struct ix_buf *b, X509 *cert)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    int shown = 0;

    for (int i = 0; i < sk_GENERAL_NAME_num(names) && shown < NAMES_SHOWN; i++) {
        size_t before = b->n;
        if (shown > 0)
            ix_buf_str(b, ", ");
        if (put_alternative(b, sk_GENERAL_NAME_value(names, i)))
            shown++;
        else
            b->n = before;
    }
    if (shown == 0)
        put_common_name(b, X509_get_subject_name(cert));
    GENERAL_NAMES_free(names);
}

static int64_t wall_of(const ASN1_TIME *t)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, seconds = 0;

    if (epoch != NULL)
        (void) ASN1_TIME_diff(&days, &seconds, epoch, t);
    ASN1_TIME_free(epoch);
    return ((int64_t) days * 86400 + seconds) * (int64_t) IX_S;
}

static void put_day(struct ix_buf *b, int64_t wall_us)
{
    char text[25];

    ix_time_iso8601(wall_us, text);
    ix_buf_put(b, text, 10);
}

static void put_clock(struct ix_buf *b, int64_t distance, int64_t now_us)
{
    ix_buf_str(b, distance > LONG_AGO ? "; clock of this machine is off? It says " : "; this machine's clock says ");
    put_day(b, now_us);
}

static void put_validity(struct ix_buf *b, X509 *cert, bool expired)
{
    int64_t now_us = ix_clock_now().wall_us;
    int64_t at = wall_of(expired ? X509_get0_notAfter(cert) : X509_get0_notBefore(cert));

    if (expired) {
        ix_buf_str(b, "certificate expired on ");
        put_day(b, at);
        put_clock(b, now_us - at, now_us);
    } else {
        ix_buf_str(b, "certificate is not valid before ");
        put_day(b, at);
        ix_buf_str(b, "; clock of this machine is off? It says ");
        put_day(b, now_us);
    }
}

void ix_tls_names(void *x509, char *out, size_t cap)
{
    struct ix_buf b;

    ix_buf_init_fixed(&b, out, cap - 1);
    put_names(&b, x509);
    out[b.n] = '\0';
}

void ix_tls_mismatch(void *x509, const char *host, char *out, size_t cap)
{
    struct ix_buf b;

    ix_buf_init_fixed(&b, out, cap - 1);
    ix_buf_str(&b, "wrong host name: the certificate is for ");
    put_names(&b, x509);
    ix_buf_str(&b, ", not for ");
    put_name(&b, host, strlen(host));
    out[b.n] = '\0';
}

static void put_reason(struct ix_buf *b, X509 *cert, int why)
{
    switch (why) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        put_validity(b, cert, why == X509_V_ERR_CERT_HAS_EXPIRED);
        return;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        ix_buf_str(b, "certificate is not trusted: self-signed, give it with --ca-file if you know it");
        return;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        ix_buf_str(b, "certificate is not trusted: issued by ");
        put_common_name(b, X509_get_issuer_name(cert));
        ix_buf_str(b, ", give the issuer's certificate with --ca-file if you know it");
        return;
    default:
        ix_buf_str(b, "certificate is refused: ");
        ix_buf_str(b, X509_verify_cert_error_string(why));
    }
}

void ix_tls_explain(void *x509_store_ctx, const char *host, char *out, size_t cap)
{
    X509 *cert = X509_STORE_CTX_get_current_cert(x509_store_ctx);
    int why = X509_STORE_CTX_get_error(x509_store_ctx);
    struct ix_buf b;

    if (cert != NULL && (why == X509_V_ERR_HOSTNAME_MISMATCH || why == X509_V_ERR_IP_ADDRESS_MISMATCH)) {
        ix_tls_mismatch(cert, host, out, cap);
        return;
    }
    ix_buf_init_fixed(&b, out, cap - 1);
    put_name(&b, host, strlen(host));
    ix_buf_str(&b, ": ");
    if (cert != NULL)
        put_reason(&b, cert, why);
    else
        ix_buf_str(&b, "no certificate was given");
    out[b.n] = '\0';
}

bool ix_tls_host_matches(void *x509_store_ctx, const char *host, char *out, size_t cap)
{
    X509 *cert = X509_STORE_CTX_get_current_cert(x509_store_ctx);
    struct ix_addr literal;

    if (X509_STORE_CTX_get_error_depth(x509_store_ctx) != 0)
        return true; /* only the server's own certificate names it */
    bool is_ip = ix_addr_parse(&literal, ix_str(host), 0) == 0;
    int ok = cert == NULL ? 0
             : is_ip      ? X509_check_ip(cert, literal.ip, literal.family == IX_IPV4 ? 4 : 16, 0)
                          : X509_check_host(cert, host, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL);
    if (ok == 1)
        return true;
    X509_STORE_CTX_set_error(x509_store_ctx, X509_V_ERR_HOSTNAME_MISMATCH);
    ix_tls_explain(x509_store_ctx, host, out, cap);
    return false;
}

int ix_tls_ca_check(const char *path, char *out, size_t cap)
{
    BIO *file = BIO_new_file(path, "r");
    X509 *cert = file != NULL ? PEM_read_bio_X509(file, NULL, NULL, NULL) : NULL;
    int err = 0;

    if (file == NULL) {
        err = IRISX_E_NOT_FOUND;
        (void) snprintf(out, cap, "the CA file %s cannot be read", path);
    } else if (cert == NULL) {
        err = IRISX_E_TLS;
        (void) snprintf(out, cap, "the CA file %s holds no certificate in PEM form", path);
    }
    X509_free(cert);
    BIO_free(file);
    ERR_clear_error();
    return err;
}
