/* SPDX-License-Identifier: MIT */
/* Private to src/sip: the arithmetic and the syntax of digest, shared by client and server side. */
#ifndef IX_SIP_DIGEST_H
#define IX_SIP_DIGEST_H

#include "sip/scan.h"

#define IX_SIP_HEX (2 * IX_DIGEST_MAX + 1)

struct ix_sip_digest {
    enum ix_digest_kind kind;
    bool session; /* "-sess" algorithms */
    struct ix_str user, realm, password, nonce, cnonce, nc, qop; /* qop n = 0: RFC 2069 form */
    struct ix_str method, uri;
    struct ix_str body; /* hashed with qop auth-int only */
};
/* hex response, NUL-terminated (RFC 7616 section 3.4.1) */
int ix_sip_digest_response(const struct ix_sip_digest *d, char out[IX_SIP_HEX]);
/* "MD5", "SHA-256", "MD5-sess" ...; an empty name is MD5; false if unknown */
bool ix_sip_digest_algorithm(struct ix_str name, enum ix_digest_kind *kind, bool *session);
/* header value behind "Digest": the named parameter of a comma list, quoted or not, escapes left */
bool ix_sip_digest_param(struct ix_str params, const char *name, struct ix_str *value);
/* value begins with "Digest": *params what follows */
bool ix_sip_digest_scheme(struct ix_str value, struct ix_str *params);
bool ix_sip_digest_has_qop(struct ix_str list, const char *qop); /* "auth,auth-int" */

#endif
