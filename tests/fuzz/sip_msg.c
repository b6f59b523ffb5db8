/* SPDX-License-Identifier: MIT */
/* Fuzz target: one SIP message; every accessor, and redaction, which must take any bytes. */
#include "sip/sip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const struct ix_sip_msg *msg)
{
    for (int id = 0; id < IX_SIP_H_COUNT; id++) {
        struct ix_sip_values it = ix_sip_values(msg, (enum ix_sip_hdr) id);
        struct ix_str value, name, inner;
        while (ix_sip_values_next(&it, &value)) {
            struct ix_sip_addr addr;
            struct ix_sip_via via;
            IX_ASSERT(value.p >= msg->raw.p && value.p + value.n <= msg->raw.p + msg->raw.n);
            if (!ix_sip_addr_parse(&addr, value))
                (void) ix_sip_uri_eq(&addr.uri, &addr.uri);
            (void) ix_sip_via_parse(&via, value);
            while (ix_sip_param_next(&value, &name, &inner)) {
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_sip_msg msg;
    struct ix_sip_reason reason;
    struct ix_str refresher;
    uint32_t seconds;
    struct ix_buf out;

    (void) ix_sip_parse(&msg, data, size, NULL);
    walk(&msg);
    (void) ix_sip_get_reason(&msg, NULL, &reason);
    (void) ix_sip_get_session_expires(&msg, &seconds, &refresher);
    ix_buf_init(&out, 4 * size + 64);
    ix_sip_redact(&out, data, size);
    IX_ASSERT(!out.err);
    ix_buf_clear(&out);
    return 0;
}
