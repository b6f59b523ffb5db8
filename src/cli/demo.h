/* SPDX-License-Identifier: MIT */
/* What the two halves of the demo share: calls and SMS (demo.c), webhooks (demo_webhooks.c). */
#ifndef IRISX_CLI_DEMO_H
#define IRISX_CLI_DEMO_H

#include "cli/cli.h"
#include "cli/sandbox.h"

#define DEMO_STEPS 9
#define DEMO_SIMILARITY 0.8 /* below this the echo is not what was said */

struct demo {
    struct cli_common common;
    struct cli_child child;
    irisx_value_t *platform; /* the sandbox's first line */
    irisx_client_t *client;
    irisx_receiver_t *receiver;
    irisx_line_t *line;
    irisx_call_t *call;
    int step;
    double seconds;
    const char *speech;
    char recording[1024], person_recording[1024];
    bool call_ended;
    double register_ms, similarity, echo_delay_ms;
    irisx_call_stats_t stats;
    char sms_sid[64], sms_status[32];
    /* webhooks */
    char secret[128];
    irisx_value_t *sample; /* body of one delivery, for abuse */
    int verified, rejected, tampered, expired, repeated;
    unsigned seen; /* bit number = index in the list of wanted events */
    int completed; /* call.completed so far */
};
void demo_step(struct demo *d, const char *what);
int demo_await(struct demo *d, irisx_error_t err, irisx_op_t *op, const char *doing);
void demo_event(void *ctx, const irisx_event_t *ev);
int demo_receiver_open(struct demo *d);
int demo_webhooks_wait(struct demo *d);
int demo_webhooks_abuse(struct demo *d);

#endif
