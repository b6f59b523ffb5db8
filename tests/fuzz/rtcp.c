/* SPDX-License-Identifier: MIT */
/* Fuzz target: a compound RTCP packet; what passes the check is walked to its end without a read beyond it. */
#include "rtp/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_reader r = ix_reader(data, size);
    struct ix_rtcp_packet p;
    struct ix_rtcp_block b;

    if (ix_rtcp_check(data, size) != 0)
        return 0;
    while (ix_rtcp_next(&r, &p)) {
        unsigned blocks = p.kind == IX_RTCP_SR || p.kind == IX_RTCP_RR ? p.count : 0;
        while (ix_rtcp_next_block(&p, &b))
            blocks--;
        IX_ASSERT(blocks == 0 && !p.body.bad);
    }
    IX_ASSERT(r.n == 0 && !r.bad);
    return 0;
}
