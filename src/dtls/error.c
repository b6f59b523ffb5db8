/* SPDX-License-Identifier: MIT */
/*
 * Our error code for one of mbedtls. Its codes are the negative sum of a high-level one (multiples of 0x80) and a
 * low-level one (below 0x80): "no memory" may stand in either half.
 */
#include "dtls/internal.h"

#include <mbedtls/asn1.h>
#include <mbedtls/bignum.h>
#include <mbedtls/cipher.h>
#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509.h>

static bool no_memory(int rc)
{
    int low = -(-rc & 0x7f), high = -(-rc & ~0x7f);

    if (low == MBEDTLS_ERR_MPI_ALLOC_FAILED || low == MBEDTLS_ERR_ASN1_ALLOC_FAILED)
        return true;
    return high == MBEDTLS_ERR_SSL_ALLOC_FAILED || high == MBEDTLS_ERR_X509_ALLOC_FAILED ||
           high == MBEDTLS_ERR_PK_ALLOC_FAILED || high == MBEDTLS_ERR_ECP_ALLOC_FAILED ||
           high == MBEDTLS_ERR_MD_ALLOC_FAILED || high == MBEDTLS_ERR_CIPHER_ALLOC_FAILED;
}

int ix_dtls_error_of(int rc, int otherwise)
{
    if (rc >= 0)
        return 0;
    if (no_memory(rc))
        return IRISX_E_NO_MEMORY;
    switch (rc) {
    case MBEDTLS_ERR_SSL_TIMEOUT:
        return IRISX_E_TIMEOUT;
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE: /* the peer refused us */
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
#if MBEDTLS_VERSION_NUMBER >= 0x03000000 /* nothing in common */
    case MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE:
#else
    case MBEDTLS_ERR_SSL_NO_CIPHER_CHOSEN:
    case MBEDTLS_ERR_SSL_NO_USABLE_CIPHERSUITE:
#endif
        return IRISX_E_TLS;
    }
    return otherwise;
}
