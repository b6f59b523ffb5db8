/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <mbedtls/asn1.h>
#include <mbedtls/bignum.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509.h>

#include "dtls/internal.h"

Test(error, no_memory_is_found_in_either_half_of_a_code)
{
    cr_assert_eq(ix_dtls_error_of(MBEDTLS_ERR_SSL_ALLOC_FAILED, IRISX_E_PROTOCOL), IRISX_E_NO_MEMORY);
    cr_assert_eq(ix_dtls_error_of(MBEDTLS_ERR_MPI_ALLOC_FAILED, IRISX_E_PROTOCOL), IRISX_E_NO_MEMORY);
    cr_assert_eq(ix_dtls_error_of(MBEDTLS_ERR_X509_INVALID_FORMAT + MBEDTLS_ERR_ASN1_ALLOC_FAILED, IRISX_E_PROTOCOL),
        IRISX_E_NO_MEMORY);
}

Test(error, what_says_nothing_special_becomes_what_the_caller_names)
{
    cr_assert_eq(ix_dtls_error_of(MBEDTLS_ERR_SSL_INVALID_RECORD, IRISX_E_PROTOCOL), IRISX_E_PROTOCOL);
    cr_assert_eq(ix_dtls_error_of(MBEDTLS_ERR_X509_INVALID_FORMAT, IRISX_E_FORMAT), IRISX_E_FORMAT);
    cr_assert_eq(ix_dtls_error_of(MBEDTLS_ERR_SSL_TIMEOUT, IRISX_E_PROTOCOL), IRISX_E_TIMEOUT);
    cr_assert_eq(ix_dtls_error_of(MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE, IRISX_E_PROTOCOL), IRISX_E_TLS);
    cr_assert_eq(ix_dtls_error_of(0, IRISX_E_PROTOCOL), 0);
    cr_assert_eq(ix_dtls_error_of(351, IRISX_E_PROTOCOL), 0, "a length");
}
