/* SPDX-License-Identifier: MIT */
/* A target with a bug one mutation away from its seed: shows that the driver finds and reports it (should_fail). */
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char small[8];

    if (size > 2 && data[0] == 'f')
        memcpy(small, data, data[1] < size ? data[1] : size);
    return size > 2 && small[0] == 'x' ? 1 : 0;
}
