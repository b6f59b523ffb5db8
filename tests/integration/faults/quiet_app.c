/* SPDX-License-Identifier: MIT */
/* For webhooks.py: an application that receives webhooks and never looks, until a line comes on standard input; then it
 * tells what it finds and ends. quiet_app SECRET_FILE QUEUE_LIMIT */
#include <irisx/irisx.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void look(irisx_client_t *client)
{
    unsigned webhooks = 0, rejected = 0;
    irisx_event_t *event;
    int lost = 0;

    while (irisx_client_next_event(client, 0, &event) == IRISX_OK) {
        webhooks += irisx_event_kind(event) == IRISX_EVENT_WEBHOOK;
        rejected += irisx_event_kind(event) == IRISX_EVENT_WEBHOOK_REJECTED;
        if (irisx_event_kind(event) == IRISX_EVENT_LOST)
            lost = irisx_event_state(event);
        irisx_event_unref(event);
    }
    (void) printf("{\"webhooks\":%u,\"rejected\":%u,\"lost\":%d}\n", webhooks, rejected, lost);
    (void) fflush(stdout);
}

int main(int argc, char **argv)
{
    irisx_client_options_t options = IRISX_CLIENT_OPTIONS_INIT;
    irisx_receiver_options_t o = IRISX_RECEIVER_OPTIONS_INIT;
    irisx_receiver_t *receiver = NULL;
    irisx_client_t *client = NULL;
    irisx_op_t *op = NULL;
    char secret[128], line[16];
    const char *secrets[] = { secret };
    FILE *f = argc == 3 ? fopen(argv[1], "r") : NULL;

    if (!f || !fgets(secret, sizeof secret, f))
        return 2;
    (void) fclose(f);
    secret[strcspn(secret, "\n")] = 0;
    options.event_queue_limit = (uint32_t) atoi(argv[2]);
    o.secrets = secrets;
    o.secrets_count = 1;
    if (irisx_client_new(&options, &client) || irisx_receiver_open(client, &o, &receiver, &op) ||
        irisx_op_wait(op, 10000))
        return 1;
    (void) printf("listening on %s\n", irisx_receiver_url(receiver));
    (void) fflush(stdout);
    while (fgets(line, sizeof line, stdin))
        look(client);
    irisx_receiver_close(receiver);
    (void) irisx_client_close(client, 0);
    irisx_receiver_unref(receiver);
    irisx_op_unref(op);
    irisx_client_unref(client);
    return 0;
}
