/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "kit.h"

static irisx_line_t *line;

static void line_up(void)
{
    irisx_line_options_t o = IRISX_LINE_OPTIONS_INIT;

    client_up();
    o.ws_url = "ws://127.0.0.1:9/";
    o.user = "1000";
    cr_assert_eq(irisx_line_open(client, &o, &line, NULL), IRISX_OK);
}

static void line_down(void)
{
    irisx_line_unref(line);
    client_down();
}

TestSuite(call, .init = line_up, .fini = line_down);

static irisx_error_t dial(void (*change)(irisx_call_options_t *o))
{
    irisx_call_options_t o = IRISX_CALL_OPTIONS_INIT;
    irisx_call_t *call = NULL;
    irisx_error_t err;

    o.to = "9196";
    change(&o);
    err = irisx_call_dial(line, &o, &call, NULL);
    cr_assert(!err == !!call, "an output on failure, or none on success");
    irisx_call_unref(call);
    return err;
}

static void nobody(irisx_call_options_t *o)
{
    o->to = NULL;
}
static void empty(irisx_call_options_t *o)
{
    o->to = "";
}
static void low_rate(irisx_call_options_t *o)
{
    o->audio_rate_hz = 7999;
}
static void high_rate(irisx_call_options_t *o)
{
    o->record_rate_hz = 48001;
}
static void strange_codec(irisx_call_options_t *o)
{
    o->codecs = "opus,G729";
}
static void two_headers(irisx_call_options_t *o)
{
    o->header_name = "X-Order";
    o->header_value = "1\r\nX-Other: 2";
}
static void bad_header(irisx_call_options_t *o)
{
    o->header_name = "X Order";
    o->header_value = "1";
}
static void no_size(irisx_call_options_t *o)
{
    o->struct_size = 0;
}
static void good(irisx_call_options_t *o)
{
    o->codecs = " PCMU , opus";
    o->header_name = "X-Order";
    o->header_value = "1";
    o->app_audio = 1;
}

Test(call, options_that_cannot_be_are_refused_at_once)
{
    cr_assert_eq(dial(nobody), IRISX_E_INVALID);
    cr_assert_eq(dial(empty), IRISX_E_INVALID);
    cr_assert_eq(dial(low_rate), IRISX_E_INVALID);
    cr_assert_eq(dial(high_rate), IRISX_E_INVALID);
    cr_assert_eq(dial(strange_codec), IRISX_E_INVALID);
    cr_assert_eq(dial(two_headers), IRISX_E_INVALID, "a second header in the value of the first");
    cr_assert_eq(dial(bad_header), IRISX_E_INVALID);
    cr_assert_eq(dial(no_size), IRISX_E_INVALID);
    cr_assert_eq(dial(good), IRISX_OK);
}

Test(call, on_a_line_that_is_not_connected_it_fails_with_what_to_do)
{
    irisx_call_options_t o = IRISX_CALL_OPTIONS_INIT;
    irisx_call_t *call = NULL;
    irisx_op_t *op = NULL;

    o.to = "9196";
    cr_assert_eq(irisx_call_dial(line, &o, &call, &op), IRISX_OK);
    cr_assert_eq(irisx_op_wait(op, 5000), IRISX_E_STATE);
    cr_assert_not_null(strstr(irisx_op_error(op)->message, "line"));
    cr_assert_eq(irisx_call_state(call), IRISX_CALL_ENDED);
    irisx_op_unref(op);
    irisx_call_unref(call);
}

Test(call, hung_up_before_it_was_dialled_it_ends_once_and_both_ops_with_it)
{
    irisx_call_options_t o = IRISX_CALL_OPTIONS_INIT;
    irisx_op_t *dialling = NULL, *first = NULL, *second = NULL;
    irisx_call_t *call = NULL;

    o.to = "9196";
    o.play_file = "/nonexistent.wav"; /* it is still being opened */
    cr_assert_eq(irisx_call_dial(line, &o, &call, &dialling), IRISX_OK);
    cr_assert_eq(irisx_call_hangup(call, &first), IRISX_OK);
    cr_assert_eq(irisx_call_hangup(call, &second), IRISX_OK);
    cr_assert_neq(end_of(dialling), IRISX_OK);
    cr_assert_eq(end_of(first), IRISX_OK);
    cr_assert_eq(end_of(second), IRISX_OK);
    irisx_call_unref(call);
}

Test(call, a_file_that_is_not_there_ends_it_before_anybody_is_called)
{
    irisx_call_options_t o = IRISX_CALL_OPTIONS_INIT;
    irisx_op_t *op = NULL;

    o.to = "9196";
    o.play_file = "/nonexistent.wav";
    cr_assert_eq(irisx_call_dial(line, &o, NULL, &op), IRISX_OK);
    cr_assert_eq(irisx_op_wait(op, 5000), IRISX_E_NOT_FOUND);
    cr_assert_not_null(strstr(irisx_op_error(op)->message, "/nonexistent.wav"));
    irisx_op_unref(op);
}

Test(call, commands_for_another_state_are_refused)
{
    irisx_call_options_t o = IRISX_CALL_OPTIONS_INIT;
    irisx_call_stats_t stats = { 0 };
    irisx_call_t *call = NULL;
    int16_t pcm[8] = { 0 };
    char *json = NULL;
    size_t n;

    o.to = "9196";
    cr_assert_eq(irisx_call_dial(line, &o, &call, NULL), IRISX_OK);
    cr_assert_eq(irisx_call_answer(call, NULL, NULL), IRISX_E_STATE, "it is our own");
    cr_assert_eq(irisx_call_reject(call, 486), IRISX_E_STATE);
    cr_assert_eq(irisx_call_reject(call, 200), IRISX_E_INVALID);
    cr_assert_eq(irisx_call_send_digits(call, "1", NULL), IRISX_E_STATE, "nobody hears them yet");
    cr_assert_eq(irisx_call_send_digits(call, "1x", NULL), IRISX_E_INVALID);
    cr_assert_eq(irisx_call_send_digits(call, "", NULL), IRISX_E_INVALID);
    cr_assert_eq(irisx_audio_read(call, pcm, 8, &n), IRISX_E_STATE, "app_audio was not asked for");
    cr_assert_eq(irisx_audio_write(call, pcm, 8, &n), IRISX_E_STATE);
    cr_assert_eq(irisx_call_stats(call, &stats), IRISX_E_INVALID, "no size");
    stats.struct_size = sizeof stats;
    cr_assert_eq(irisx_call_stats(call, &stats), IRISX_OK);
    cr_assert_eq(irisx_call_timeline(call, &json), IRISX_OK);
    cr_assert_not_null(strstr(json, "\"direction\":\"out\""));
    irisx_text_free(json);
    cr_assert_str_eq(irisx_call_peer(call), "9196");
    cr_assert_eq(irisx_call_incoming(call), 0);
    irisx_call_unref(call);
}
