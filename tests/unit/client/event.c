/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "kit.h"

Test(event, each_kind_has_words)
{
    for (int kind = IRISX_EVENT_OP_DONE; kind <= IRISX_EVENT_WARNING; kind++) {
        irisx_event_t *ev = ix_event_new((irisx_event_kind_t) kind);
        const char *words = irisx_event_describe(ev);

        cr_assert(words[0] && !strstr(words, "unknown event"), "%d: %s", kind, words);
        irisx_event_unref(ev);
    }
}

Test(event, a_failure_is_part_of_the_words)
{
    irisx_event_t *ev = ix_event_new(IRISX_EVENT_CALL_STATE);

    ev->state = IRISX_CALL_ENDED;
    ix_failure_set(&ev->error, IRISX_E_BUSY, IRISX_DOMAIN_SIP, 486, "busy here", NULL);
    cr_assert_not_null(strstr(irisx_event_describe(ev), "ended: busy here"), "%s", irisx_event_describe(ev));
    irisx_event_unref(ev);
}

Test(event, a_state_of_a_newer_library_is_called_unknown)
{
    irisx_event_t *ev = ix_event_new(IRISX_EVENT_LINE_STATE);

    ev->state = 99;
    cr_assert_not_null(strstr(irisx_event_describe(ev), "unknown"));
    irisx_event_unref(ev);
}

Test(event, getters_of_no_event_give_nothing)
{
    cr_assert_eq(irisx_event_kind(NULL), IRISX_EVENT_UNKNOWN);
    cr_assert_eq(irisx_event_time_ms(NULL), 0);
    cr_assert_eq(irisx_event_op_id(NULL), 0);
    cr_assert_null(irisx_event_op(NULL));
    cr_assert_null(irisx_event_line(NULL));
    cr_assert_null(irisx_event_call(NULL));
    cr_assert_str_eq(irisx_event_text(NULL), "");
    cr_assert_null(irisx_event_value(NULL));
    cr_assert_not_null(irisx_event_error(NULL));
    cr_assert_str_eq(irisx_event_describe(NULL), "");
    cr_assert_null(irisx_event_ref(NULL));
    irisx_event_unref(NULL);
}

Test(event, one_without_a_failure_says_so)
{
    irisx_event_t *ev = ix_event_new(IRISX_EVENT_WARNING);

    cr_assert_eq(irisx_event_error(ev)->code, IRISX_OK);
    cr_assert_eq(irisx_event_state(ev), 0);
    irisx_event_unref(irisx_event_ref(ev));
    irisx_event_unref(ev);
}
