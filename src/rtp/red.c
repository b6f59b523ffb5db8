/* SPDX-License-Identifier: MIT */
/*
 * Redundant audio (RFC 2198): what earlier packets carried, in front of what this one is for.
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   |1|  block PT   |     timestamp offset      |   block length    |   each but the last
 *   |0|  block PT   |                                                   the last one
 */
#include "rtp/internal.h"

#include <string.h>

int ix_red_parse(struct ix_red *red, const void *p, size_t n)
{
    struct ix_reader r = ix_reader(p, n);
    uint8_t first;
    red->count = 0;
    while ((first = ix_read_u8(&r)) & 0x80) {
        uint32_t rest = ix_read_u24(&r);
        if (r.bad || red->count == IX_RED_MAX)
            return IRISX_E_PROTOCOL;
        red->block[red->count++] =
            (struct ix_red_block){ .payload_type = first & 0x7f, .offset = rest >> 10, .len = rest & 0x3ff };
    }
    for (size_t i = 0; i < red->count; i++)
        red->block[i].p = ix_read_bytes(&r, red->block[i].len);
    if (r.bad)
        return IRISX_E_PROTOCOL;
    red->primary = (struct ix_red_block){ .payload_type = first & 0x7f, .p = r.p, .len = r.n };
    return 0;
}

void ix_red_write(struct ix_buf *b, const struct ix_red_block *before, const struct ix_red_block *primary)
{
    if (before) {
        ix_buf_u8(b, (uint8_t) (0x80 | before->payload_type));
        ix_buf_u24(b, before->offset << 10 | (uint32_t) before->len);
    }
    ix_buf_u8(b, primary->payload_type);
    if (before)
        ix_buf_put(b, before->p, before->len);
    ix_buf_put(b, primary->p, primary->len);
}
