/* SPDX-License-Identifier: MIT */
/* Fuzz target: a URI; what was read is written, reads back and equals itself. */
#include "sip/sip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_sip_uri uri, again;
    struct ix_buf text;

    if (ix_sip_uri_parse(&uri, ix_str_n(data, size)))
        return 0;
    ix_buf_init(&text, size + 16);
    ix_sip_uri_write(&text, &uri);
    IX_ASSERT(!text.err && !ix_sip_uri_parse(&again, ix_str_n(text.p, text.n)) && ix_sip_uri_eq(&uri, &again));
    ix_buf_clear(&text);
    return 0;
}
