/* SPDX-License-Identifier: MIT */
/* Fuzz target: RFC 2198 payloads and RFC 3611 blocks. What comes apart lies within the input and adds up to it. */
#include <stdlib.h>

#include "rtp/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_xr_seen seen;
    struct ix_red red;
    ix_xr_read(ix_reader(data, size), 7, &seen);
    if (ix_red_parse(&red, data, size) != 0)
        return 0;
    size_t all = 4 * red.count + 1 + red.primary.len;
    for (size_t i = 0; i < red.count; i++) {
        if (red.block[i].offset > IX_RED_OFFSET_MAX || red.block[i].p + red.block[i].len > data + size)
            abort();
        all += red.block[i].len;
    }
    if (all != size)
        abort();
    return 0;
}
