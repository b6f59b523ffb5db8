/* SPDX-License-Identifier: MIT */
/* Fuzz target: WebSocket frames as our server reads them; pieces of any size give the same as the whole. */
#include <string.h>

#include "io/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* a sum over all items and the code it ended with */
static uint64_t digest(const uint8_t *data, size_t size, size_t step)
{
    struct ix_ws_parser w;
    struct ix_ws_item item;
    uint16_t code = 0;
    uint64_t sum = 0;

    ix_ws_parser_init(&w);
    for (size_t at = 0; at < size && code == 0; at += step) {
        const uint8_t *p = data + at;
        size_t n = IX_MIN(step, size - at);
        while (code == 0 && ix_ws_parse(&w, &p, &n, &item, &code)) {
            IX_ASSERT(
                item.len <= IX_WS_MESSAGE_MAX && (item.opcode != IX_WS_TEXT || ix_utf8_valid(item.data, item.len)));
            sum = sum * 31 + item.opcode + ix_crc32(item.data, item.len);
        }
    }
    ix_ws_parser_clear(&w);
    return sum * 31 + code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t whole = size > 0 ? digest(data, size, size) : 0;
    IX_ASSERT(size == 0 || (whole == digest(data, size, 1) && whole == digest(data, size, 7)));
    return 0;
}
