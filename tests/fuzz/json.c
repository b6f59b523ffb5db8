/* SPDX-License-Identifier: MIT */
/* Fuzz target: JSON text; what was read is written and must read back. */
#include "json/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    irisx_value_t *value = NULL, *again = NULL, *copy;
    struct ix_buf text;

    if (ix_json_parse(ix_str_n(data, size), &value, NULL) != 0)
        return 0;
    ix_buf_init(&text, IX_JSON_MAX_BYTES);
    ix_json_write(&text, value);
    IX_ASSERT(text.err != 0 || ix_json_parse(ix_str_n(text.p, text.n), &again, NULL) == 0);
    copy = irisx_value_dup(value); /* of the other kind */
    IX_ASSERT(copy == NULL || irisx_value_equal(value, copy));
    irisx_value_free(copy);
    irisx_value_free(again);
    irisx_value_free(value);
    ix_buf_clear(&text);
    return 0;
}
