/* SPDX-License-Identifier: MIT */
/* Two calls through the public API: hold, swap, transfer, each told by its op and its event. Arguments: WS_URL USER;
 * the password in $IRISX_PASSWORD. Prints TAP. */
#include <irisx/irisx.h>
#include <stdio.h>
#include <stdlib.h>

static irisx_client_t *client;
static unsigned number, failures;

static void ok(int good, const char *sentence)
{
    printf("%sok %u - %s\n", good ? "" : "not ", ++number, sentence);
    failures += !good;
}

static irisx_op_t *op; /* of the call at hand */

/* the op's result; the reference is given up */
static irisx_error_t ended(irisx_error_t err)
{
    if (!err)
        err = irisx_op_wait(op, 20000);
    irisx_op_unref(op);
    op = NULL;
    return err;
}

/* pulls events until one of that kind and state comes */
static int told(irisx_event_kind_t kind, int state)
{
    irisx_event_t *ev;

    for (int i = 0; i < 200 && irisx_client_next_event(client, 20000, &ev) == IRISX_OK; i++) {
        int it_is = irisx_event_kind(ev) == kind && irisx_event_state(ev) == state;

        printf("# %s\n", irisx_event_describe(ev));
        irisx_event_unref(ev);
        if (it_is)
            return 1;
    }
    return 0;
}

static irisx_call_t *dial(irisx_line_t *line, const char *to)
{
    irisx_call_options_t options = IRISX_CALL_OPTIONS_INIT;
    irisx_call_t *call = NULL;

    options.to = to;
    ok(ended(irisx_call_dial(line, &options, &call, &op)) == IRISX_OK, to);
    return call;
}

static void run(irisx_line_t *line)
{
    irisx_call_t *first = dial(line, "9196"), *second;

    ok(ended(irisx_call_hold(first, 1, &op)) == IRISX_OK, "a call is held");
    ok(irisx_call_held(first) == IRISX_HOLD_LOCAL, "and says so");
    ok(told(IRISX_EVENT_CALL_HOLD, IRISX_HOLD_LOCAL), "an event tells it");
    second = dial(line, "9197");
    ok(ended(irisx_call_swap(second, first, &op)) == IRISX_OK, "two calls are swapped");
    ok(irisx_call_held(first) == IRISX_HOLD_NONE, "the first is there again");
    ok(ended(irisx_call_hold(second, 1, &op)) == IRISX_OK && irisx_call_held(second) == IRISX_HOLD_LOCAL,
        "the second is held");
    ok(ended(irisx_call_transfer(first, "9197", &op)) == IRISX_OK, "a transfer is accepted");
    ok(told(IRISX_EVENT_CALL_TRANSFER, IRISX_TRANSFER_ACCEPTED), "an event tells that");
    ok(told(IRISX_EVENT_CALL_STATE, IRISX_CALL_ENDED), "and the platform takes the call away");
    ok(irisx_call_transfer(second, "", NULL) == IRISX_E_INVALID, "nobody is no target");
    ok(irisx_call_transfer_to(second, second, NULL) == IRISX_E_INVALID, "nor is the call itself");
    ok(irisx_call_redirect(first, "1001") == IRISX_E_STATE, "only what rings here can be redirected");
    (void) ended(irisx_call_hangup(second, &op));
    ok(ended(irisx_call_hold(second, 1, &op)) != IRISX_OK, "a call that is over cannot be held");
    irisx_call_unref(first);
    irisx_call_unref(second);
}

int main(int argc, char **argv)
{
    irisx_line_options_t account = IRISX_LINE_OPTIONS_INIT;
    irisx_line_t *line = NULL;

    if (argc != 3)
        return 2;
    account.ws_url = argv[1], account.user = argv[2], account.password = getenv("IRISX_PASSWORD");
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (irisx_client_new(NULL, &client))
        return 1;
    ok(ended(irisx_line_open(client, &account, &line, &op)) == IRISX_OK, "the line is ready");
    run(line);
    printf("1..%u\n", number);
    irisx_client_close(client, 0);
    irisx_line_unref(line);
    irisx_client_unref(client);
    return failures ? 1 : 0;
}
