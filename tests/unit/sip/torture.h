/* SPDX-License-Identifier: MIT */
/* The messages of RFC 4475 and RFC 5118 byte for byte, from the archives in their appendices (rfc4475/, rfc5118/). */
#ifndef TEST_SIP_TORTURE_H
#define TEST_SIP_TORTURE_H

#include "sip/sip.h"

struct torture {
    const char *name; /* the RFC's */
    const char *bytes;
    size_t len;
};
extern const struct torture rfc4475[], rfc5118[];
extern const size_t rfc4475_count, rfc5118_count;

#endif
