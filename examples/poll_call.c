/* SPDX-License-Identifier: MIT */
/* A call without any thread of the library, in the program's own poll() loop: one descriptor, one timeout.
 * IRISX_PASSWORD=… ./poll_call ws://HOST:8066 1000 9196 in.wav out.wav SECONDS [REALM] */
#include <irisx/irisx.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

/* Waits for whatever comes first: the library's descriptor, its timeout, or ours. */
static void turn(irisx_client_t *client, double until)
{
    struct pollfd fd = { .fd = irisx_client_fd(client), .events = POLLIN };
    int wait = irisx_client_timeout_ms(client);
    double left = (until - now_s()) * 1000;

    if (left < 0)
        left = 0;
    if (wait < 0 || wait > left)
        wait = (int) left + 1;
    poll(&fd, 1, wait);
    irisx_client_run_once(client);
}

/* Runs until the op has ended; prints what happens meanwhile. */
static irisx_error_t finish(irisx_client_t *client, irisx_op_t *op, double seconds)
{
    double until = now_s() + seconds;
    irisx_event_t *event;

    while (!irisx_op_done(op) && now_s() < until) {
        turn(client, until);
        while (irisx_client_next_event(client, 0, &event) == IRISX_OK) {
            fprintf(stderr, "%s\n", irisx_event_describe(event));
            irisx_event_unref(event);
        }
    }
    return irisx_op_done(op) ? irisx_op_error(op)->code : IRISX_E_TIMEOUT;
}

int main(int argc, char **argv)
{
    irisx_client_options_t options = IRISX_CLIENT_OPTIONS_INIT;
    irisx_line_options_t account = IRISX_LINE_OPTIONS_INIT;
    irisx_call_options_t dial = IRISX_CALL_OPTIONS_INIT;
    irisx_call_stats_t stats = { .struct_size = sizeof stats };
    irisx_client_t *client = NULL;
    irisx_line_t *line = NULL;
    irisx_call_t *call = NULL;
    irisx_op_t *op = NULL;
    irisx_error_t err;
    double until;

    if (argc < 7)
        return 2;
    options.zero_thread = 1;
    account.ws_url = argv[1], account.user = argv[2], dial.to = argv[3];
    account.password = getenv("IRISX_PASSWORD"); /* arguments can be read by everybody on the machine */
    account.realm = argc > 7 ? argv[7] : NULL;
    dial.play_file = argv[4], dial.record_file = argv[5];
    err = irisx_client_new(&options, &client);
    if (!err)
        err = irisx_line_open(client, &account, &line, &op);
    if (!err)
        err = finish(client, op, 10);
    irisx_op_unref(op), op = NULL;
    if (!err)
        err = irisx_call_dial(line, &dial, &call, &op);
    if (!err)
        err = finish(client, op, 30);
    irisx_op_unref(op), op = NULL;
    for (until = now_s() + atof(argv[6]); !err && now_s() < until;)
        turn(client, until);
    if (!err)
        err = irisx_call_hangup(call, &op);
    if (!err)
        err = finish(client, op, 5);
    irisx_op_unref(op);
    irisx_client_close(client, 0);
    if (call && !irisx_call_stats(call, &stats))
        printf("%llu packets sent, %llu received, set up in %.1f ms: %s\n", (unsigned long long) stats.packets_sent,
            (unsigned long long) stats.packets_received, stats.setup_ms, irisx_error_name(err));
    irisx_call_unref(call);
    irisx_line_unref(line);
    irisx_client_unref(client);
    return err ? 1 : 0;
}
