/* SPDX-License-Identifier: MIT */
/* Sets of media sockets: one a call, one spare ahead of the next. */
#include "bench.h"

static int dial(struct bench *b, uint32_t *call)
{
    struct ix_call_config config = { .line = b->line, .to = "9196" };
    int err = ix_call_dial(b->phone, &config, b->now, call);

    bench_drain(b);
    return err;
}

Test(sockets, the_invite_waits_for_them)
{
    struct bench b;
    uint32_t call;

    bench_open_bare(&b);
    bench_line(&b, false);
    b.hold_sockets = true;
    cr_assert_eq(dial(&b, &call), 0);
    cr_assert_null(bench_sent(&b, "INVITE"));
    bench_sockets(&b);
    cr_assert_not_null(bench_sent(&b, "INVITE"));
    bench_close(&b);
}

Test(sockets, each_call_has_its_own)
{
    struct bench b;
    uint32_t first, second;

    bench_open_bare(&b);
    bench_line(&b, false);
    cr_assert_eq(dial(&b, &first), 0);
    cr_assert_eq(dial(&b, &second), 0);
    cr_assert_eq(b.sets, 2);
    cr_assert_eq(bench_count(&b, "INVITE"), 2);
    bench_close(&b);
}
