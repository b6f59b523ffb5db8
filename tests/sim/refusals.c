/* SPDX-License-Identifier: MIT */
/* Calls that are not answered, each with the code and the words for it. */
#include "scenario.h"

static void refused(unsigned status, unsigned q850, int code)
{
    struct sim t;

    sim_start(&t, status);
    cr_assert_eq(sim_dial(&t), 0);
    REACH(&t, sim_server_rings, 10 * IX_S);
    cr_assert_eq(ix_call_reject(t.server->phone, sim_server_call(&t), status, q850, NULL, NOW(&t)), 0);
    REACH(&t, sim_ended, 10 * IX_S);
    cr_assert_eq(LAST(t.client)->code, code, "%u: %s", status, ix_error_name(LAST(t.client)->code));
    cr_assert_eq(LAST(t.client)->sip_status, status);
    cr_assert_eq(LAST(t.client)->q850, q850);
    cr_assert_eq(LAST(t.server)->code, IRISX_E_DECLINED);
    sim_finish(&t);
}

Test(refusals, each_status_has_its_code)
{
    refused(486, 17, IRISX_E_BUSY);
    refused(600, 17, IRISX_E_BUSY);
    refused(404, 1, IRISX_E_NOT_FOUND);
    refused(484, 28, IRISX_E_NOT_FOUND);
    refused(603, 21, IRISX_E_DECLINED);
    refused(480, 20, IRISX_E_UNREACHABLE);
    refused(480, 19, IRISX_E_NO_ANSWER);
    refused(408, 0, IRISX_E_NO_ANSWER);
    refused(403, 0, IRISX_E_FORBIDDEN);
    refused(488, 88, IRISX_E_UNSUPPORTED);
    refused(503, 41, IRISX_E_SERVER);
    refused(302, 0, IRISX_E_NOT_AVAILABLE);
}

Test(refusals, nobody_answers_in_time)
{
    struct ix_call_config config = { .to = "9408", .ring_timeout_ms = 5000 };
    struct sim t;

    sim_start(&t, 1);
    config.line = t.line;
    cr_assert_eq(ix_call_dial(t.client->phone, &config, NOW(&t), &t.call), 0);
    PASS_TIME(&t, 4900 * IX_MS);
    cr_assert_eq(LAST(t.client)->ended, 0);
    REACH(&t, sim_ended, IX_S);
    cr_assert_eq(LAST(t.client)->code, IRISX_E_NO_ANSWER);
    cr_assert_eq(LAST(t.server)->q850, 19);
    sim_finish(&t);
}

Test(refusals, a_server_that_says_nothing_at_all)
{
    struct ix_call_config config = { .to = "9196", .ring_timeout_ms = 120000 };
    struct sim t;

    sim_start(&t, 2);
    sim_rule(&t, (struct sim_rule){ .from = t.client, .start = "INVITE" });
    config.line = t.line;
    cr_assert_eq(ix_call_dial(t.client->phone, &config, NOW(&t), &t.call), 0);
    REACH(&t, sim_ended, 33 * IX_S);
    cr_assert_eq(LAST(t.client)->code, IRISX_E_TIMEOUT);
    sim_finish(&t);
}

Test(refusals, more_calls_than_allowed_are_busy)
{
    struct ix_call_config config = { .from = "<sip:9196@sim.test>", .to = "sip:1000@client.invalid" };
    struct sim t;
    uint32_t call;

    sim_begin(&t, &(struct sim_options){ .seed = 3, .max_calls = 2 });
    REACH(&t, sim_ready, 10 * IX_S);
    config.transport = t.server->wires[0].transport;
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(ix_call_dial(t.server->phone, &config, NOW(&t), &call), 0);
        PASS_TIME(&t, 100 * IX_MS);
    }
    cr_assert_eq(LAST(t.server)->code, IRISX_E_BUSY);
    cr_assert_eq(LAST(t.server)->sip_status, 486);
    cr_assert_eq(phone_node_live(t.client), 2);
    config = (struct ix_call_config){ .line = t.line, .to = "9196" };
    cr_assert_eq(ix_call_dial(t.client->phone, &config, NOW(&t), &call), IRISX_E_LIMIT);
    sim_finish(&t);
}

Test(refusals, commands_that_make_no_sense_say_so)
{
    struct ix_call_config config = { .to = "9196", .line = 4711 };
    struct sim t;
    uint32_t call;

    sim_begin(&t, &(struct sim_options){ .seed = 4 });
    cr_assert_eq(sim_dial(&t), IRISX_E_STATE, "not connected yet");
    REACH(&t, sim_ready, 10 * IX_S);
    cr_assert_neq(ix_call_dial(t.client->phone, &config, NOW(&t), &call), 0);
    config = (struct ix_call_config){ .line = t.line, .to = "" };
    cr_assert_eq(ix_call_dial(t.client->phone, &config, NOW(&t), &call), IRISX_E_INVALID);
    config.to = "sip:a b@c";
    cr_assert_eq(ix_call_dial(t.client->phone, &config, NOW(&t), &call), IRISX_E_INVALID);
    cr_assert_eq(ix_call_hangup(t.client->phone, 4711, 16, NOW(&t)), IRISX_E_NOT_FOUND);
    cr_assert_eq(ix_call_answer(t.client->phone, 4711, NULL, NOW(&t)), IRISX_E_NOT_FOUND);
    cr_assert_eq(sim_dial(&t), 0);
    cr_assert_eq(ix_call_answer(t.client->phone, t.call, NULL, NOW(&t)), IRISX_E_STATE);
    cr_assert_eq(ix_call_reject(t.client->phone, t.call, 486, 0, NULL, NOW(&t)), IRISX_E_STATE);
    cr_assert_eq(ix_call_refer(t.client->phone, t.call, "sip:x@y", NOW(&t)), IRISX_E_STATE);
    REACH(&t, sim_server_rings, 10 * IX_S);
    cr_assert_eq(ix_call_reject(t.server->phone, sim_server_call(&t), 200, 0, NULL, NOW(&t)), IRISX_E_INVALID);
    sim_finish(&t);
}
