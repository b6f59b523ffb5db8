/* SPDX-License-Identifier: MIT */
/*
 * The library's side of the REST benchmark: the transfers of rest_bare.c through the typed API, answers decoded and
 * read. usage: rest_ours BASE_URL CA_FILE|- zero|polled|threads    (jobs: rest_job.h; "hold N": N operations that
 * nobody answers)
 * zero: no thread of the library's, irisx_client_next_event drives it; polled: the same, driven by the program's own
 * poll() of one descriptor with one timeout; threads: the library's own.
 */
#include <irisx/api/calls.h>
#include <irisx/api/sms.h>
#include <irisx/irisx.h>
#include <poll.h>
#include <stdlib.h>

#include "rest_job.h"

static irisx_client_t *client;
static struct rest_job job;
static unsigned started, ended;
static bool polled;

static void die(const char *what)
{
    fprintf(stderr, "rest_ours: %s\n", what);
    exit(1);
}

static void start(void)
{
    static const irisx_api_calls_get_params_t get = { .sid = REST_CALL };
    static const irisx_api_sms_send_params_t send = {
        .from_ = "+12025550101", .to = "+12025550199", .message = "hello from the benchmark"
    };
    irisx_error_t err = job.post ? irisx_api_sms_send(client, &send, NULL) : irisx_api_calls_get(client, &get, NULL);

    if (err)
        die(irisx_error_text(err));
    started++;
}

static void look(const irisx_op_t *op)
{
    const irisx_error_info_t *e = irisx_op_error(op);

    if (!e || e->code)
        die(e ? e->message : "not ended");
    if (job.post) {
        const irisx_api_sms_send_result_t *r = irisx_api_sms_send_result(op);
        if (!r || !r->sms || !r->sms->sid)
            die("not the answer expected");
    } else {
        const irisx_api_calls_get_result_t *r = irisx_api_calls_get_result(op);
        if (!r || !r->sid || strcmp(r->sid, REST_CALL) != 0)
            die("not the answer expected");
    }
}

static void take(uint32_t wait_ms)
{
    irisx_event_t *ev;

    for (; irisx_client_next_event(client, wait_ms, &ev) == IRISX_OK; wait_ms = 0) {
        if (irisx_event_op(ev)) {
            look(irisx_event_op(ev));
            ended++;
            if (started < job.count)
                start();
        }
        irisx_event_unref(ev);
    }
}

static void turn(void)
{
    struct pollfd fd = { .events = POLLIN };

    if (polled) {
        fd.fd = irisx_client_fd(client);
        (void) poll(&fd, 1, irisx_client_timeout_ms(client));
        (void) irisx_client_run_once(client);
    }
    take(polled ? 0 : 1000);
}

static void run(void)
{
    struct rest_clock from = rest_clock();

    started = ended = 0;
    while (started < job.flight && started < job.count)
        start();
    while (ended < job.count)
        turn();
    rest_tell(&job, from);
}

static long private_kb(void)
{
    char line[128];
    long kb = -1;
    FILE *f = fopen("/proc/self/status", "re");

    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "RssAnon:", 8) == 0)
            kb = strtol(line + 8, NULL, 10);
    if (f)
        (void) fclose(f);
    return kb;
}

/* As many operations as the job says, all under way with a server that says nothing, and what they take of memory. */
static void hold(void)
{
    struct pollfd fd = { .fd = irisx_client_fd(client), .events = POLLIN };
    long before = private_kb();

    started = ended = 0;
    while (started < job.count)
        start();
    do { /* until there is nothing to do but wait */
        (void) irisx_client_run_once(client);
        take(0);
    } while (poll(&fd, 1, 200) > 0);
    (void) printf("{\"operations\":%u,\"private_kb\":%ld}\n", started, private_kb() - before);
    exit(0); /* nobody will answer */
}

int main(int argc, char **argv)
{
    irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;

    if (argc != 4)
        die("usage: rest_ours BASE_URL CA_FILE|- zero|polled|threads");
    o.api_url = argv[1];
    o.ca_file = strcmp(argv[2], "-") == 0 ? NULL : argv[2];
    o.api_key = REST_KEY;
    o.event_queue_limit = 2 * REST_MAX_FLIGHT;
    polled = strcmp(argv[3], "polled") == 0;
    o.zero_thread = polled || strcmp(argv[3], "zero") == 0;
    if (irisx_client_new(&o, &client))
        die("no client");
    while (rest_next_job(&job))
        if (job.hold)
            hold();
        else
            run();
    (void) irisx_client_close(client, 0);
    irisx_client_unref(client);
    return 0;
}
