/* SPDX-License-Identifier: MIT */
/* A client without threads that nothing is connected to, and its end. */
#ifndef UNIT_CLIENT_KIT_H
#define UNIT_CLIENT_KIT_H

#include <criterion/criterion.h>

#include "client/private.h"

extern irisx_client_t *client; /* of the running test */
void client_up(void); /* for .init */
void client_up_with(const irisx_client_options_t *o); /* zero_thread is set */
void client_down(void); /* for .fini; closes it if the test has not */
irisx_event_t *pull(void); /* the next event, which there must be */
irisx_event_kind_t pull_kind(void); /* its kind alone; IRISX_EVENT_UNKNOWN: there is none */
size_t drop_events(void); /* how many there were */
irisx_error_t end_of(irisx_op_t *op); /* waits, gives it back */

#endif
