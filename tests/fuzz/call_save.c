/* SPDX-License-Identifier: MIT */
/* Fuzz target: what claims to be a saved call, with a right checksum or not; what is taken can be saved again. */
#include <string.h>

#include "call/call.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int try_resume(struct ix_phone *p, uint32_t line, const void *data, size_t size, struct ix_now now)
{
    struct ix_call_config config = { .line = line };
    struct ix_buf again;
    uint32_t call;
    int err = ix_call_resume(p, &config, data, size, now, &call);

    if (err)
        return err;
    ix_buf_init(&again, 65536);
    IX_ASSERT(!ix_call_save(p, call, &again) && again.n > 16);
    ix_buf_clear(&again);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_now now = { .mono_us = 1000000, .wall_us = 1790000000000000 };
    struct ix_line_config config = { .ws_url = "ws://a/", .user = "1000", .realm = "sim.test", .no_register = true };
    struct ix_prng prng;
    struct ix_rng rng = ix_prng_rng(&prng);
    struct ix_phone_config phone = { .rng = &rng, .dtls = &ix_dtls_mbedtls };
    struct ix_phone *p = NULL;
    struct ix_buf made;
    uint32_t line;

    ix_prng_seed(&prng, 1);
    if (ix_phone_new(&phone, &p) || ix_line_open(p, &config, now, &line)) {
        ix_phone_free(p);
        return 0;
    }
    (void) try_resume(p, line, data, size, now);
    ix_buf_init(&made, 65536); /* the same behind a head that is right */
    ix_buf_str(&made, "IXCL");
    ix_buf_u32(&made, 1u << 24);
    ix_buf_u32(&made, (uint32_t) size);
    ix_buf_u32(&made, ix_crc32(data, size));
    ix_buf_put(&made, data, size);
    if (!made.err)
        (void) try_resume(p, line, made.p, made.n, now);
    ix_buf_clear(&made);
    ix_phone_free(p);
    return 0;
}
