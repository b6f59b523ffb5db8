/* SPDX-License-Identifier: MIT */
/* Options structs of older and newer callers: each begins with its size. */
#include <string.h>

#include "client/private.h"

int ix_options_read(void *to, size_t known, const void *from)
{
    size_t size = *(const size_t *) from;
    const unsigned char *bytes = from;

    if (size < sizeof size)
        return IRISX_E_INVALID;
    for (size_t i = known; i < size; i++)
        if (bytes[i])
            return IRISX_E_INVALID; /* asks for something this library does not know */
    memset(to, 0, known);
    memcpy(to, from, IX_MIN(size, known));
    *(size_t *) to = known;
    return 0;
}

static void init(void *options, size_t size)
{
    memset(options, 0, size);
    *(size_t *) options = size;
}

void irisx_client_options_init(irisx_client_options_t *options, size_t size)
{
    init(options, size);
}

void irisx_line_options_init(irisx_line_options_t *options, size_t size)
{
    init(options, size);
}

void irisx_line_message_options_init(irisx_line_message_options_t *options, size_t size)
{
    init(options, size);
}

void irisx_subscription_options_init(irisx_subscription_options_t *options, size_t size)
{
    init(options, size);
}

void irisx_call_options_init(irisx_call_options_t *options, size_t size)
{
    init(options, size);
}

void irisx_receiver_options_init(irisx_receiver_options_t *options, size_t size)
{
    init(options, size);
}
