/* SPDX-License-Identifier: MIT */
/* Fuzz target: STUN messages; what is accepted must lie within the packet, and a check of integrity must not read on.
 */
#include "ice/ice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct ix_str s, const uint8_t *data, size_t size)
{
    const uint8_t *p = (const uint8_t *) s.p;
    IX_ASSERT(s.n == 0 || (p >= data && p + s.n <= data + size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_stun_msg m;
    if (ix_stun_parse(&m, data, size) != 0)
        return 0;
    IX_ASSERT(ix_stun_is(data, size));
    inside(m.username, data, size);
    inside(m.software, data, size);
    inside(m.realm, data, size);
    inside(m.nonce, data, size);
    (void) ix_stun_check_integrity(&m, IX_STR("VOkJxbRl1RmTxUk/WvJxBt")); /* of the corpus; either answer is right */
    return 0;
}
