/* SPDX-License-Identifier: MIT */
#include "kit.h"

TestSuite(op, .init = client_up, .fini = client_down);

static struct failure failure_of(int code)
{
    struct failure f = { 0 };

    ix_failure_set(&f, code, IRISX_DOMAIN_SIP, 403, "no", "because");
    return f;
}

Test(op, it_runs_until_it_ends_and_says_how)
{
    irisx_op_t *op = ix_op_new(client);
    struct failure f = failure_of(IRISX_E_AUTH);

    cr_assert_eq(irisx_op_done(op), 0);
    cr_assert_null(irisx_op_error(op));
    cr_assert_null(irisx_op_value(op));
    cr_assert_eq(irisx_op_wait(op, 0), IRISX_E_AGAIN);
    ix_op_finish(op, &f);
    cr_assert_eq(irisx_op_done(op), 1);
    cr_assert_eq(irisx_op_wait(op, 0), IRISX_E_AUTH);
    cr_assert_eq(irisx_op_error(op)->status, 403);
    cr_assert_str_eq(irisx_op_error(op)->reason, "because");
    irisx_op_unref(op);
}

Test(op, it_ends_once_whoever_tries_again)
{
    irisx_op_t *op = irisx_op_ref(ix_op_new(client));
    struct failure f = failure_of(IRISX_E_AUTH);

    ix_op_finish(op, NULL);
    ix_op_finish(op, &f);
    ix_op_finish_quietly(op, &f);
    cr_assert_eq(irisx_op_wait(op, 0), IRISX_OK);
    cr_assert_eq(drop_events(), 1);
    irisx_op_unref(op);
    irisx_op_unref(op);
}

Test(op, its_event_names_it_and_carries_the_error)
{
    irisx_op_t *op = ix_op_new(client);
    struct failure f = failure_of(IRISX_E_BUSY);
    irisx_event_t *ev;

    ix_op_finish(op, &f);
    ev = pull();
    cr_assert_eq(irisx_event_kind(ev), IRISX_EVENT_OP_DONE);
    cr_assert_eq(irisx_event_op_id(ev), irisx_op_id(op));
    cr_assert_eq(irisx_event_op(ev), op);
    cr_assert_eq(irisx_event_error(ev)->code, IRISX_E_BUSY);
    irisx_op_unref(op);
    cr_assert_eq(irisx_op_done(irisx_event_op(ev)), 1, "the event keeps it");
    irisx_event_unref(ev);
}

Test(op, one_of_the_librarys_own_makes_no_event)
{
    irisx_op_t *op = ix_op_new(client);

    ix_op_finish_quietly(op, NULL);
    ix_op_discard(ix_op_new(client));
    ix_op_discard(NULL);
    cr_assert_eq(drop_events(), 0);
    cr_assert_eq(irisx_op_wait(op, 0), IRISX_OK);
    irisx_op_unref(op);
}

static int cancels;
static irisx_error_t no_memory_to_cancel(irisx_op_t *op)
{
    (void) op;
    cancels++;
    return IRISX_E_NO_MEMORY;
}

Test(op, a_cancel_says_whether_it_was_possible)
{
    irisx_op_t *op = ix_op_new(client);

    cr_assert_eq(irisx_op_cancel(NULL), IRISX_E_INVALID);
    cr_assert_eq(irisx_op_cancel(op), IRISX_E_UNSUPPORTED);
    op->cancel = no_memory_to_cancel;
    cr_assert_eq(irisx_op_cancel(op), IRISX_E_NO_MEMORY);
    ix_op_finish(op, NULL);
    cr_assert_eq(irisx_op_cancel(op), IRISX_OK, "it has ended");
    cr_assert_eq(cancels, 1);
    irisx_op_unref(op);
}

Test(op, numbers_are_never_used_again)
{
    irisx_op_t *a = ix_op_new(client), *b = ix_op_new(client);

    cr_assert_lt(irisx_op_id(a), irisx_op_id(b));
    ix_op_discard(a);
    a = ix_op_new(client);
    cr_assert_gt(irisx_op_id(a), irisx_op_id(b));
    ix_op_discard(a);
    ix_op_discard(b);
}

Test(op, a_close_ends_what_runs_and_the_op_outlives_the_client)
{
    irisx_op_t *op = irisx_op_ref(ix_op_new(client));

    (void) irisx_client_close(client, 0);
    irisx_client_unref(client);
    client = NULL;
    cr_assert_eq(irisx_op_wait(op, 0), IRISX_E_CLOSED);
    cr_assert_eq(irisx_op_cancel(op), IRISX_OK);
    irisx_op_unref(op);
    irisx_op_unref(op);
}

Test(op, nothing_is_taken_amiss_with_NULL)
{
    irisx_op_unref(NULL);
    cr_assert_null(irisx_op_ref(NULL));
    cr_assert_eq(irisx_op_id(NULL), 0);
    cr_assert_eq(irisx_op_wait(NULL, 0), IRISX_E_INVALID);
    cr_assert_null(irisx_op_error(NULL));
}
