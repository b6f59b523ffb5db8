/* SPDX-License-Identifier: MIT */
/*
 * A DTLS association that computes almost nothing, for simulations: the same verbs, states, timers, WORK and errors as
 * ix_dtls_mbedtls, four small datagrams instead of a handshake, keys out of two random numbers. It speaks only to its
 * own kind. Fingerprints are checked (SHA-256 alone), so that a wrong one fails as it does in earnest. One thread only:
 * work() runs where everything else does.
 */
#ifndef TEST_DTLS_DOUBLE_H
#define TEST_DTLS_DOUBLE_H

#include "dtls/dtls.h"

extern const struct ix_dtls_ops dtls_double; /* work() does not look at its worker, which may be NULL */

#endif
