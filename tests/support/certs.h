/* SPDX-License-Identifier: MIT */
/* Certificates for tests: made on the spot, in files of a folder that the caller removes. */
#ifndef TEST_CERTS_H
#define TEST_CERTS_H

#include <stdbool.h>

struct cert {
    char cert_file[256], key_file[256]; /* PEM */
    void *x509, *key; /* X509, EVP_PKEY */
};
struct cert_spec {
    const char *name; /* of the files and the subject */
    const char *san; /* "DNS:localhost,IP:127.0.0.1"; NULL: none */
    int from_day, to_day; /* from today; 0, 0 = yesterday to in a month */
    bool ca;
    const struct cert *issuer; /* NULL: self-signed */
};
/* ends the test when it cannot */
void cert_make(const char *folder, const struct cert_spec *spec, struct cert *out);
void cert_free(struct cert *c);

/* a new folder below $TMPDIR or /tmp, and away with it and the files in it */
void temp_folder(char out[200]);
void temp_folder_remove(const char *folder);

#endif
