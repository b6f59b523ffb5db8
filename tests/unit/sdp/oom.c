/* SPDX-License-Identifier: MIT */
/* Writing is all that allocates. */
#include "oom.h"
#include "tests/unit/sdp/rig.h"

static int offer_and_answer(void *arg)
{
    struct ix_sdp_local local = sdp_local();
    struct ix_sdp_agreed agreed;
    struct ix_buf b;
    (void) arg;
    ix_buf_init(&b, 16384);
    int err = ix_sdp_write_offer(&local, &b);
    ix_buf_clear(&b);
    if (!err)
        err = ix_sdp_accept(sdp_of(sdp_chromium_offer, 0), &local, &agreed, NULL);
    if (!err)
        err = ix_sdp_write_answer(sdp_of(sdp_chromium_offer, 0), &agreed, &local, &b);
    ix_buf_clear(&b);
    return err;
}

Test(sdp_oom, offer_and_answer_fail_cleanly)
{
    cr_assert_eq(oom_run(offer_and_answer, NULL), 0);
}
