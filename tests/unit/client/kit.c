/* SPDX-License-Identifier: MIT */
#include "kit.h"

irisx_client_t *client;

void client_up_with(const irisx_client_options_t *o)
{
    irisx_client_options_t mine = *o;

    mine.zero_thread = 1;
    cr_assert_eq(irisx_client_new(&mine, &client), IRISX_OK);
}

void client_up(void)
{
    client_up_with(&(irisx_client_options_t) IRISX_CLIENT_OPTIONS_INIT);
}

void client_down(void)
{
    if (!client)
        return;
    (void) irisx_client_close(client, 0); /* closed already, in some tests */
    irisx_client_unref(client);
    client = NULL;
}

irisx_event_t *pull(void)
{
    irisx_event_t *ev = NULL;

    cr_assert_eq(irisx_client_next_event(client, 0, &ev), IRISX_OK, "no event");
    return ev;
}

irisx_event_kind_t pull_kind(void)
{
    irisx_event_t *ev = NULL;
    irisx_event_kind_t kind = IRISX_EVENT_UNKNOWN;

    if (irisx_client_next_event(client, 0, &ev) == IRISX_OK)
        kind = irisx_event_kind(ev);
    irisx_event_unref(ev);
    return kind;
}

size_t drop_events(void)
{
    size_t n = 0;

    while (pull_kind() != IRISX_EVENT_UNKNOWN)
        n++;
    return n;
}

irisx_error_t end_of(irisx_op_t *op)
{
    irisx_error_t err = irisx_op_wait(op, 10000);

    irisx_op_unref(op);
    return err;
}
