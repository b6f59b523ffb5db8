/* SPDX-License-Identifier: MIT */
#include "support/certs.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void need(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "certs: %s failed\n", what);
    abort();
}

static void add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    need(e != NULL && X509_add_ext(x, e, -1) == 1, value);
    X509_EXTENSION_free(e);
}

static void write_pem(struct cert *c)
{
    FILE *f = fopen(c->cert_file, "w");
    need(f != NULL && PEM_write_X509(f, c->x509) == 1 && fclose(f) == 0, c->cert_file);
    f = fopen(c->key_file, "w");
    need(f != NULL && PEM_write_PrivateKey(f, c->key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(f) == 0, c->key_file);
}

void cert_make(const char *folder, const struct cert_spec *spec, struct cert *out)
{
    static long serial = 1;
    X509 *x = X509_new();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *issuer = spec->issuer != NULL ? spec->issuer->x509 : x;
    bool usual = spec->from_day == 0 && spec->to_day == 0;

    need(x != NULL && key != NULL, "key generation");
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
    X509_gmtime_adj(X509_getm_notBefore(x), (usual ? -1L : spec->from_day) * 86400);
    X509_gmtime_adj(X509_getm_notAfter(x), (usual ? 30L : spec->to_day) * 86400);
    X509_NAME_add_entry_by_txt(
        X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *) spec->name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer));
    X509_set_pubkey(x, key);
    if (spec->ca)
        add_extension(x, issuer, NID_basic_constraints, "critical,CA:TRUE");
    if (spec->san != NULL)
        add_extension(x, issuer, NID_subject_alt_name, spec->san);
    need(X509_sign(x, spec->issuer != NULL ? spec->issuer->key : key, EVP_sha256()) > 0, "signing");
    snprintf(out->cert_file, sizeof out->cert_file, "%s/%s.pem", folder, spec->name);
    snprintf(out->key_file, sizeof out->key_file, "%s/%s.key", folder, spec->name);
    out->x509 = x;
    out->key = key;
    write_pem(out);
}

void cert_free(struct cert *c)
{
    X509_free(c->x509);
    EVP_PKEY_free(c->key);
}

void temp_folder(char out[200])
{
    const char *base = getenv("TMPDIR");
    snprintf(out, 200, "%s/irisx-test-XXXXXX", base != NULL ? base : "/tmp");
    need(mkdtemp(out) != NULL, out);
}

void temp_folder_remove(const char *folder)
{
    DIR *d = opendir(folder);
    char path[600];
    need(d != NULL, folder);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        (void) unlink(path);
    }
    closedir(d);
    need(rmdir(folder) == 0, folder);
}
