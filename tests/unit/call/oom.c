/* SPDX-License-Identifier: MIT */
/* A whole call with the Nth allocation failing: it goes well or it ends, nothing crashes, nothing is left. */
#include <criterion/criterion.h>

#include "oom.h"
#include "phone_node.h"

/* true: sound went both ways */
static bool one_round(const struct ix_dtls_ops *dtls)
{
    struct world *w = world_new(11);
    struct phone_node *client = phone_node_new(w, &(struct phone_node_options){ .name = "client", .dtls = dtls });
    struct phone_node *server =
        phone_node_new(w, &(struct phone_node_options){ .name = "server", .server = true, .dtls = dtls });
    struct ix_call_config config = { .to = "9196" };
    uint32_t call = 0;
    bool good = false;

    if (client && server) {
        phone_node_attach(client, world_internet(w), "192.0.2.10", NULL);
        phone_node_attach(server, world_internet(w), "192.0.2.20", NULL);
        server->auto_answer = true;
        config.line = phone_node_line(client, server, "1000", "secret");
        (void) world_run_for(w, 3 * IX_S);
        if (config.line)
            (void) ix_call_dial(client->phone, &config, world_now(w), &call); /* the line may have failed */
        (void) world_run_for(w, 3 * IX_S);
        good = client->frames_in > 20 && server->frames_in > 20;
        if (call)
            (void) ix_call_hangup(client->phone, call, 16, world_now(w)); /* it may have ended */
        (void) world_run_for(w, 5 * IX_S);
        ix_phone_shutdown(client->phone, world_now(w));
        ix_phone_shutdown(server->phone, world_now(w));
        (void) world_run_for(w, 40 * IX_S);
    }
    phone_node_free(client);
    phone_node_free(server);
    world_free(w);
    return good;
}

static void every_allocation(const struct ix_dtls_ops *dtls)
{
    int injected = 1;

    cr_assert(one_round(dtls)); /* what is made once for the process is made here */
    for (uint64_t n = 0; injected; n = n < 500 ? n + 1 : n + n / 4) {
        size_t left;
        bool good;

        oom_begin(n);
        good = one_round(dtls);
        left = oom_end(&injected);
        cr_assert(good || injected, "without a failure it works");
        cr_assert_eq(left, 0, "%zu bytes are left when allocation %llu fails", left, (unsigned long long) n);
    }
}

Test(oom, a_whole_call_survives_any_failed_allocation, .timeout = 120)
{
    every_allocation(NULL);
}
