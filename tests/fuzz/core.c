/* SPDX-License-Identifier: MIT */
/* Fuzz target: the text and byte decoders of core. */
#include "core/core.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_reader r = ix_reader(data, size);
    struct ix_addr addr;
    struct ix_buf out;
    struct ix_str line;
    int64_t wall_us;

    ix_buf_init(&out, 64 * 1024);
    while (ix_read_line(&r, &line)) {
        (void) ix_addr_parse(&addr, line, 1);
        (void) ix_time_parse_iso8601(line, &wall_us);
        (void) ix_base64_decode(&out, line);
        ix_buf_json_str(&out, line);
        ix_percent_encode(&out, line);
        ix_buf_reset(&out);
    }
    ix_buf_clear(&out);
    return 0;
}
