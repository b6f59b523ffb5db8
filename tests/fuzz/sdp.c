/* SPDX-License-Identifier: MIT */
/* Fuzz target: a session description as offer and as answer; what we answer must read back. */
#include "sdp/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(const struct ix_sdp *offer, const struct ix_sdp_agreed *agreed, struct ix_sdp_local *local)
{
    struct ix_sdp *again = ix_alloc(sizeof *again);
    struct ix_buf out;
    ix_buf_init(&out, 1 << 20);
    IX_ASSERT(!ix_sdp_write_answer(offer, agreed, local, &out) && !ix_sdp_parse(again, out.p, out.n, NULL));
    IX_ASSERT(again->media_count == offer->media_count && again->media[agreed->media_index].port);
    ix_buf_clear(&out);
    ix_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t fingerprint[32];
    struct ix_sdp_local local = {
        .ufrag = "abcd", .pwd = "abcdefghijklmnopqrstuv", .fingerprint_sha256 = fingerprint, .cname = "c"
    };
    struct ix_sdp *sdp = ix_alloc(sizeof *sdp);
    struct ix_sdp_agreed agreed;

    if (!ix_sdp_parse(sdp, data, size, NULL)) {
        if (!ix_sdp_accept(sdp, &local, &agreed, NULL))
            check_answer(sdp, &agreed, &local);
        (void) ix_sdp_read_answer(sdp, &local, &agreed, NULL);
    }
    ix_free(sdp);
    return 0;
}
