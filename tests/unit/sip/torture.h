/* SPDX-License-Identifier: MIT */
/* The categories of RFC 4475 as messages, written anew after the RFC's descriptions; LF stands for CRLF. */
#ifndef TEST_SIP_TORTURE_H
#define TEST_SIP_TORTURE_H

#include "sip/sip.h"

struct torture {
    const char *name; /* the RFC's */
    const char *text;
    size_t len; /* 0: to the NUL */
};
extern const struct torture torture_valid[];
extern const size_t torture_valid_count;
struct torture_invalid {
    const char *name;
    const char *text;
    unsigned fault; /* ix_sip_msg.fault */
    bool answerable;
};
extern const struct torture_invalid torture_invalid[];
extern const size_t torture_invalid_count;
const char *torture_text(const char *name); /* valid ones, by name */

#endif
