/* SPDX-License-Identifier: MIT */
/* The contract's own samples (WIRE.md section 8, intended), then the forms that deployed platforms send. */
#include "fixture.h"

#include <irisx/api/auth.h>
#include <irisx/api/calls.h>
#include <irisx/api/sms.h>
#include <irisx/api/webhooks.h>
#include <irisx/api/webrtc.h>

static struct ix_http_error e;
static struct ix_api_answer a;

static void teardown(void)
{
    ix_api_answer_clear(&a);
    ix_http_error_clear(&e);
}

TestSuite(api_decode, .fini = teardown);

static int decode_as(const char *id, int status, const char *body)
{
    struct ix_http_response r = { .status = status, .content_type = IX_STR("application/json"), .body = ix_str(body) };

    teardown();
    return ix_api_decode(ix_api_find(id), IX_RETRY_SAFE, &r, &a, &e);
}

/* single quotes stand for double ones */
static const void *decode(const char *id, int status, const char *body)
{
    char *text = ix_dup_cstr(body);

    for (char *p = text; *p != '\0'; p++)
        if (*p == '\'')
            *p = '"';
    int err = decode_as(id, status, text);
    cr_expect_eq(err, 0, "%s: %s", id, e.info.message);
    ix_free(text);
    cr_assert_not_null(a.result);
    return a.result;
}

static void int_is(irisx_opt_int_t v, int64_t want)
{
    cr_expect_eq(v.state, IRISX_OPT_SET);
    cr_expect_eq(v.value, want);
}

static void bool_is(irisx_opt_bool_t v, int want)
{
    cr_expect_eq(v.state, IRISX_OPT_SET);
    cr_expect_eq(v.value, want);
}

#define T1 INT64_C(1795166845486) /* 2026-11-20T09:27:25.486Z */

Test(api_decode, login)
{
    const irisx_api_auth_login_result_t *l = decode("auth.login", 200,
        "{'success':true,'message':'Login successful','data':{'user':{'id':'2','tenant_id':'1','email':'admin@example.test',"
        "'first_name':'Adam','last_name':'Admin','phone':'+12025550111','role':'admin','status':'active','tenant_name':'Lab Tenant',"
        "'two_factor_enabled':false},'tokens':{'access_token':'A','refresh_token':'R','expires_in':'24h'}}}");

    text_is(l->user->id, "2");
    text_is(l->user->tenant_id, "1");
    text_is(l->user->email, "admin@example.test");
    text_is(l->user->phone, "+12025550111");
    text_is(l->user->role, "admin");
    text_is(l->user->tenant_name, "Lab Tenant");
    bool_is(l->user->two_factor_enabled, 0);
    text_is(l->tokens->access_token, "A");
    text_is(l->tokens->refresh_token, "R");
    text_is(l->tokens->expires_in, "24h");
    cr_expect_eq(l->requires_2fa.state, IRISX_OPT_ABSENT);
    text_is(irisx_value_get_text(a.root, "message", NULL), "Login successful");
}

Test(api_decode, a_login_that_wants_a_second_factor_is_an_error_with_a_result)
{
    cr_assert_eq(
        decode_as("auth.login", 200,
            "{\"success\":true,\"message\":\"Login successful\",\"data\":{\"requires_2fa\":true,\"pending_token\":\"P\","
            "\"message\":\"Please provide your 2FA code to complete login\"}}"),
        IRISX_E_AUTH);
    text_is(e.info.reason, "requires_2fa");
    cr_assert_eq(e.info.status, 200);
    const irisx_api_auth_login_result_t *l = a.result;
    cr_assert_not_null(l);
    text_is(l->pending_token, "P");
    cr_assert_null(l->tokens);
}

Test(api_decode, the_rest_of_auth)
{
    const irisx_api_auth_refresh_result_t *t = decode("auth.refresh", 200,
        "{'success':true,'message':'Token refreshed','data':{'access_token':'A','expires_in':'24h'}}");
    text_is(t->access_token, "A");
    text_is(t->refresh_token, NULL);
    const irisx_api_auth_me_result_t *me = decode("auth.me", 200,
        "{'success':true,'data':{'id':'2','tenant_id':'1','email':'a@b.test','first_name':null,'role':'admin','status':'active',"
        "'created_at':'2026-11-20T09:27:25.486Z','last_login_at':null,'tenant':{'id':'1','name':'Lab','status':'active','plan':'trial'}}}");
    text_is(me->first_name, NULL);
    int_is(me->created_at_ms, T1);
    cr_expect_eq(me->last_login_at_ms.state, IRISX_OPT_NULL);
    text_is(me->tenant->plan, "trial");
    const irisx_api_auth_logout_result_t *out = decode("auth.logout", 200, "{'success':true,'message':'Logged out'}");
    bool_is(out->success, 1);
    text_is(out->message, "Logged out");
}

Test(api_decode, webrtc_credentials)
{
    const irisx_api_webrtc_credentials_get_result_t *c = decode("webrtc.credentials.get", 200,
        "{'extensions':[{'agent_id':'1','extension':'1001','sip_password':'pw-1001','name':'Anna Agent','status':'available'}],"
        "'sipConfig':{'websocketUrl':'ws://127.0.0.1:8066','realm':'127.0.0.1','stunServers':['stun:a.test:19302','stun:b.test:19302'],"
        "'iceServers':[{'urls':'stun:a.test:19302'}]},"
        "'user':{'id':'3','tenant_id':'1','email':'agent@example.test','first_name':'Anna','last_name':'Agent'}}");

    cr_assert_eq(c->extensions.count, 1);
    text_is(c->extensions.items[0]->extension, "1001");
    text_is(c->extensions.items[0]->sip_password, "pw-1001");
    text_is(c->sip_config->websocket_url, "ws://127.0.0.1:8066");
    text_is(c->sip_config->realm, "127.0.0.1");
    cr_assert_eq(c->sip_config->stun_servers.count, 2);
    text_is(c->sip_config->stun_servers.items[1], "stun:b.test:19302");
    cr_assert_eq(c->sip_config->ice_servers.count, 1);
    cr_assert_eq(c->sip_config->ice_servers.items[0]->urls.count, 1, "urls is a text here, a list elsewhere");
    text_is(c->sip_config->ice_servers.items[0]->urls.items[0], "stun:a.test:19302");
    text_is(c->user->email, "agent@example.test");
    text_is(c->message, NULL);
}

Test(api_decode, webrtc_credentials_of_a_user_without_an_agent)
{
    const irisx_api_webrtc_credentials_get_result_t *c = decode("webrtc.credentials.get", 200,
        "{'extensions':[],'sipConfig':null,'message':'No agent profile found. Contact your administrator to provision an extension.'}");

    cr_assert_eq(c->extensions.count, 0);
    cr_assert_null(c->sip_config);
    cr_assert_null(c->user);
    cr_assert_not_null(c->message);
}

Test(api_decode, webrtc_config)
{
    const irisx_api_webrtc_config_get_result_t *c = decode("webrtc.config.get", 200,
        "{'config':{'websocketUrl':'wss://x.test/ws','realm':'r','stunServers':[],'iceServers':[{'urls':['stun:a','stun:b']}],"
        "'turnServers':[{'urls':'turn:t','username':'u','credential':'c'}]}}");

    text_is(c->websocket_url, "wss://x.test/ws");
    cr_assert_eq(c->ice_servers.items[0]->urls.count, 2);
    text_is(c->turn_servers.items[0]->credential, "c");
}

Test(api_decode, calls)
{
    const irisx_api_calls_create_result_t *made = decode("calls.create", 201,
        "{'sid':'CA78','status':'ringing','from':'+12025550101','to':'+12025550199','initiated_at':'2026-11-20T09:27:25.486Z',"
        "'record':true,'metadata':{'order':'42'}}");
    text_is(made->sid, "CA78");
    text_is(made->from_, "+12025550101");
    int_is(made->initiated_at_ms, T1);
    bool_is(made->record, 1);
    text_is(irisx_value_get_text(made->metadata, "order", NULL), "42");
    const irisx_api_calls_get_result_t *one = decode("calls.get", 200,
        "{'sid':'CA78','direction':'outbound','from':'+1','to':'+2','status':'ringing','duration':null,'recording_url':null,"
        "'answered_at':null,'ended_at':null,'initiated_at':'2026-11-20T09:27:25.486Z','metadata':{'order':'42'},'new':[1]}");
    text_is(one->direction, "outbound");
    cr_expect_eq(one->duration.state, IRISX_OPT_NULL);
    cr_expect_eq(one->answered_at_ms.state, IRISX_OPT_NULL);
    cr_expect_eq(irisx_value_count(irisx_value_get(one->raw, "new")), 1, "what is newer stays reachable");
    const irisx_api_calls_list_result_t *list = decode("calls.list", 200,
        "{'calls':[{'sid':'CA1','direction':'inbound','from':'+1','to':'+2','status':'completed','duration':13,"
        "'answered_at':'2026-11-20T09:27:25.486Z','ended_at':null,'initiated_at':'2026-11-20T09:27:25.486Z'},{'sid':'CA2'}],"
        "'pagination':{'total':10,'limit':2,'offset':0,'has_more':true}}");
    cr_assert_eq(list->calls.count, 2);
    int_is(list->calls.items[0]->duration, 13);
    text_is(list->calls.items[1]->sid, "CA2");
    int_is(list->pagination->total, 10);
    bool_is(list->pagination->has_more, 1);
    const irisx_api_calls_hangup_result_t *end =
        decode("calls.hangup", 200, "{'sid':'CA1','status':'completed','message':'Call already ended'}");
    text_is(end->message, "Call already ended");
    const irisx_api_calls_actions_result_t *act = decode("calls.actions", 200,
        "{'sid':'CA1','action':{'verb':'gather','status':'started','input':['dtmf'],'timeout':5,'num_digits':4},'executed_at':'2026-11-20T09:27:25.486Z'}");
    text_is(act->action->status, "started");
    text_is(act->action->input.items[0], "dtmf");
    int_is(act->action->num_digits, 4);
    int_is(act->executed_at_ms, T1);
}

#define SMS_ROW                                                                                                                        \
    "{'id':'1','message_sid':'SM176a','tenant_id':'1','direction':'outbound','from_number':'+12025550101','to_number':'+12025550199'," \
    "'from_phone_number_id':'1','to_phone_number_id':null,'body':'hello there','media_urls':[],'num_media':0,'num_segments':1,"        \
    "'status':'failed','carrier':null,'price':null,'price_unit':null,'error_code':'ECONNREFUSED','error_message':'refused',"           \
    "'metadata':{},'queued_at':'2026-11-20T09:27:25.486Z','sent_at':null,'delivered_at':null,'failed_at':'2026-11-20T09:27:25.486Z',"  \
    "'created_at':'2026-11-20T09:27:25.486Z','updated_at':'2026-11-20T09:27:25.486Z','template_id':null}"

Test(api_decode, sms)
{
    const irisx_api_sms_send_result_t *sent = decode("sms.send", 201,
        "{'message':'SMS sent successfully','sms':{'sid':'SM176a','status':'queued','from':'+12025550101','to':'+12025550199',"
        "'body':'hello there','numMedia':0,'numSegments':1,'queuedAt':'2026-11-20T09:27:25.486Z'}}");
    text_is(sent->message, "SMS sent successfully");
    text_is(sent->sms->sid, "SM176a");
    int_is(sent->sms->num_segments, 1);
    int_is(sent->sms->queued_at_ms, T1);
    cr_expect_eq(sent->sms->blocked.state, IRISX_OPT_ABSENT);
    sent = decode("sms.send", 201,
        "{'message':'x','sms':{'blocked':true,'reason':'asked','contactId':'7','status':'dnc_blocked','to':'+1','from':'+2'}}");
    bool_is(sent->sms->blocked, 1);
    text_is(sent->sms->sid, NULL);
    text_is(sent->sms->contact_id, "7");
    const irisx_api_sms_get_result_t *row = decode("sms.get", 200, "{'message':" SMS_ROW "}");
    text_is(row->id, "1");
    text_is(row->message_sid, "SM176a");
    text_is(row->error_code, "ECONNREFUSED");
    cr_expect_eq(row->media_urls.count, 0);
    cr_expect_eq(row->sent_at_ms.state, IRISX_OPT_NULL);
    const irisx_api_sms_list_result_t *list =
        decode("sms.list", 200, "{'messages':[" SMS_ROW "],'pagination':{'page':1,'limit':2,'total':5,'pages':3}}");
    cr_assert_eq(list->messages.count, 1);
    text_is(list->messages.items[0]->body, "hello there");
    int_is(list->pagination->pages, 3);
}

Test(api_decode, webhooks)
{
    const irisx_api_webhooks_create_result_t *w = decode("webhooks.create", 201,
        "{'webhook':{'id':'101','url':'http://x.test','description':null,'events':['call.completed'],'is_active':true,'is_verified':false,"
        "'max_retries':5,'timeout_seconds':10,'created_at':'2026-11-20T09:27:25.486Z','secret':'39fe'}}");
    text_is(w->id, "101");
    text_is(w->secret, "39fe");
    bool_is(w->is_verified, 0);
    text_is(w->events.items[0], "call.completed");
    const irisx_api_webhooks_list_result_t *list = decode("webhooks.list", 200,
        "{'success':true,'data':{'webhooks':[{'id':'1','url':'u','name':'n','description':null,'events':[],'status':'active','total_deliveries':3}],'total':2}}");
    int_is(list->total, 2);
    int_is(list->webhooks.items[0]->total_deliveries, 3);
    const irisx_api_webhooks_get_result_t *one = decode("webhooks.get", 200,
        "{'webhook':{'id':'1','url':'u'},'statistics':{'successful_deliveries':'12','avg_duration_ms':'23.5000'}}");
    int_is(one->statistics->successful_deliveries, 12);
    text_is(one->statistics->avg_duration_ms, "23.5000");
    const irisx_api_webhooks_update_result_t *changed =
        decode("webhooks.update", 200, "{'webhook':{'id':'1','url':'v'}}");
    text_is(changed->url, "v");
    const irisx_api_webhooks_delete_result_t *gone =
        decode("webhooks.delete", 200, "{'message':'Webhook deleted successfully'}");
    text_is(gone->message, "Webhook deleted successfully");
    const irisx_api_webhooks_test_result_t *test =
        decode("webhooks.test", 200, "{'message':'Test webhook triggered','event_type':'call.completed'}");
    text_is(test->event_type, "call.completed");
    const irisx_api_webhooks_deliveries_list_result_t *d = decode("webhooks.deliveries.list", 200,
        "{'deliveries':[{'id':'2','event_type':'sms.sent','event_id':'e','status':'success','attempts':1,'max_attempts':5,'http_status_code':200,"
        "'error_message':null,'scheduled_at':null,'completed_at':'2026-11-20T09:27:25.486Z','duration_ms':23,'created_at':'2026-11-20T09:27:25.486Z'}],"
        "'pagination':{'total':1,'limit':50,'offset':0}}");
    int_is(d->deliveries.items[0]->duration_ms, 23);
    int_is(d->deliveries.items[0]->completed_at_ms, T1);
    cr_expect_eq(d->pagination->has_more.state, IRISX_OPT_ABSENT);
    const irisx_api_webhooks_deliveries_retry_result_t *again =
        decode("webhooks.deliveries.retry", 200, "{'message':'ok'}");
    text_is(again->message, "ok");
}

/* ---- as deployed platforms are ----------------------------------------------------------- */

Test(api_decode, ids_and_decimals_come_as_numbers_too)
{
    const irisx_api_sms_get_result_t *row = decode("sms.get", 200,
        "{'message':{'id':11,'tenant_id':1,'price':0.0075,'num_media':'2','num_segments':1.0,'status':7}}");

    text_is(row->id, "11");
    text_is(row->tenant_id, "1");
    text_is(row->price, "0.0075");
    int_is(row->num_media, 2);
    int_is(row->num_segments, 1);
    text_is(row->status, "7");
}

Test(api_decode, times_come_in_both_styles)
{
    static const char *const forms[] = { "'2026-11-20T09:27:25.486Z'", "1795166845486", "'1795166845486'",
        "'2026-11-20T10:27:25.486+01:00'", "1795166845.486" };

    for (size_t i = 0; i < IX_COUNT(forms); i++) {
        char body[128] = "{'sid':'x','initiated_at':";
        (void) strncat(body, forms[i], 60);
        (void) strncat(body, "}", 2);
        const irisx_api_calls_get_result_t *c = decode("calls.get", 200, body);
        int_is(c->initiated_at_ms, T1);
    }
}

Test(api_decode, what_makes_no_sense_reads_as_absent_and_stays_in_raw)
{
    const irisx_api_calls_get_result_t *c = decode("calls.get", 200,
        "{'sid':{'a':1},'direction':[],'duration':'long','initiated_at':'yesterday','answered_at':true,'status':true,'ended_at':1e300}");

    text_is(c->sid, NULL);
    text_is(c->direction, NULL);
    text_is(c->status, "true");
    cr_expect_eq(c->duration.state, IRISX_OPT_ABSENT);
    cr_expect_eq(c->initiated_at_ms.state, IRISX_OPT_ABSENT);
    cr_expect_eq(c->answered_at_ms.state, IRISX_OPT_ABSENT);
    cr_expect_eq(c->ended_at_ms.state, IRISX_OPT_ABSENT);
    text_is(irisx_value_get_text(c->raw, "duration", NULL), "long");
    const irisx_api_sms_list_result_t *list = decode("sms.list", 200, "{'messages':{'id':1},'pagination':[1]}");
    cr_expect_eq(list->messages.count, 0);
    cr_expect_null(list->pagination);
    list = decode("sms.list", 200, "{'messages':[1,null,{'id':3},'x']}");
    cr_expect_eq(list->messages.count, 1);
    text_is(list->messages.items[0]->id, "3");
}

Test(api_decode, an_envelope_may_be_missing)
{
    const irisx_api_auth_me_result_t *me = decode("auth.me", 200, "{'id':'2','email':'a@b.test'}");
    text_is(me->email, "a@b.test");
    const irisx_api_webhooks_create_result_t *w = decode("webhooks.create", 201, "{'id':7,'secret':'s'}");
    text_is(w->id, "7");
}

Test(api_decode, an_empty_answer_is_a_result_with_nothing_in_it)
{
    const irisx_api_webhooks_delete_result_t *gone = decode("webhooks.delete", 204, "");

    cr_expect_null(gone->raw);
    cr_expect_null(gone->message);
    cr_expect_null(a.root);
}

Test(api_decode, refused_answers_become_errors_and_keep_the_value)
{
    cr_assert_eq(decode_as("calls.get", 404,
                     "{\"error\":\"Not Found\",\"message\":\"Call not found\",\"code\":\"CALL_NOT_FOUND\"}"),
        IRISX_E_NOT_FOUND);
    text_is(e.info.reason, "CALL_NOT_FOUND");
    cr_assert_null(a.result);
    text_is(irisx_value_get_text(a.root, "code", NULL), "CALL_NOT_FOUND");
    cr_assert_eq(decode_as("sms.list", 200, "{\"success\":false,\"error\":\"Command failed\"}"), IRISX_E_HTTP);
    cr_assert_eq(decode_as("sms.list", 503, "<html>"), IRISX_E_SERVER);
}

Test(api_decode, success_that_cannot_be_read_is_a_protocol_error)
{
    cr_assert_eq(decode_as("calls.get", 200, "<html>nginx</html>"), IRISX_E_PROTOCOL);
    text_is(e.info.message, "HTTP 200, but the answer is a page, not JSON: is the address that of the API?");
    cr_assert_eq(decode_as("calls.get", 200, "{\"sid\":\"CA"), IRISX_E_PROTOCOL);
    text_is(
        e.info.message, "HTTP 200, but the answer is not JSON, or was cut short: the text ends too early, at byte 10");
    cr_assert_null(a.result);
}

Test(api_decode, raw_requests_have_a_value_only)
{
    struct ix_http_response r = { .status = 200, .body = IX_STR("[1,2]") };

    cr_assert_eq(ix_api_decode(NULL, IX_RETRY_SAFE, &r, &a, &e), 0);
    cr_assert_eq(irisx_value_count(a.root), 2);
    cr_assert_null(a.result);
}

Test(api_decode, the_fixtures_kinds)
{
    struct ix_api_set s;
    struct ix_http_response r = { .status = 200,
        .body = IX_STR(
            "{\"id\":9007199254740993,\"ratio\":\"0.9500\",\"on\":\"t\",\"sizes\":[1,\"2\",\"x\",3.0],\"tags\":[\"a\",7,null],"
            "\"meta\":null,\"place\":{\"city\":\"Bern\",\"urls\":\"u\"},\"places\":[{},{\"urls\":[\"a\",\"b\"]}]}") };

    ix_api_set_fixture(&s);
    cr_assert_eq(ix_api_decode_in(&s, ix_api_find_in(&s, "fx.things.get"), IX_RETRY_SAFE, &r, &a, &e), 0);
    const irisx_api_fx_thing_t *t = a.result;
    text_is(t->id, "9007199254740993");
    cr_assert_float_eq(t->ratio.value, 0.95, 1e-12);
    bool_is(t->on, 1);
    cr_assert_eq(t->sizes.count, 3);
    cr_assert_eq(t->sizes.items[2], 3);
    cr_assert_eq(t->tags.count, 2);
    text_is(t->tags.items[1], "7");
    cr_assert_eq(irisx_value_type(t->meta), IRISX_VALUE_NULL);
    text_is(t->place->urls.items[0], "u");
    cr_assert_eq(t->places.count, 2);
    cr_assert_eq(t->places.items[1]->urls.count, 2);
}

Test(api_decode, a_bare_array_is_a_list)
{
    struct ix_api_set s;
    struct ix_http_response r = { .status = 200, .body = IX_STR("[{\"id\":\"1\"},{\"id\":2}]") };

    ix_api_set_fixture(&s);
    cr_assert_eq(ix_api_decode_in(&s, ix_api_find_in(&s, "fx.p10"), IX_RETRY_SAFE, &r, &a, &e), 0);
    const irisx_api_fx_p10_result_t *list = a.result;
    cr_assert_eq(list->list.count, 2);
    text_is(list->list.items[1]->id, "2");
}

/* ---- what is no JSON --------------------------------------------------------------------- */

static int decode_fixture(const char *id, int status, const char *type, const char *headers, struct ix_str body)
{
    struct ix_http_response r = {
        .status = status, .content_type = ix_str(type), .headers = ix_str(headers), .body = body
    };
    struct ix_api_set s;

    teardown();
    ix_api_set_fixture(&s);
    return ix_api_decode_in(&s, id != NULL ? ix_api_find_in(&s, id) : NULL, IX_RETRY_SAFE, &r, &a, &e);
}

Test(api_decode, bytes_come_with_their_type_and_name)
{
    static const char headers[] = "Content-Disposition: attachment; size=3; filename=\"../../etc/a b.ogg\"\r\n";

    cr_assert_eq(decode_fixture("fx.raw", 200, "audio/ogg", headers, ix_str_n("O\0g", 3)), 0);
    const irisx_api_fx_raw_result_t *c = a.result;
    cr_assert_eq(c->len, 3);
    cr_assert_eq(memcmp(c->data, "O\0g", 4), 0, "with a NUL behind");
    text_is(c->content_type, "audio/ogg");
    text_is(c->file_name, "a b.ogg");
    cr_assert_eq(c->status, 200);
    cr_assert_null(c->raw);
}

Test(api_decode, json_where_bytes_were_wanted_is_there_as_json)
{
    cr_assert_eq(decode_fixture("fx.raw", 200, "application/json; charset=utf-8", "", ix_str("{\"url\":\"x\"}")), 0);
    const irisx_api_content_t *c = a.result;
    text_is(irisx_value_get_text(c->raw, "url", ""), "x");
    cr_assert_null(c->data);
    cr_assert_eq(decode_fixture("fx.raw", 200, "application/json", "", ix_str("{\"success\":false,\"error\":\"no\"}")),
        IRISX_E_HTTP);
    cr_assert_null(a.result);
}

Test(api_decode, a_redirect_that_is_the_answer_says_where)
{
    cr_assert_eq(decode_fixture("fx.moved", 302, "", "Location: https://x.test/y?z=1\r\n", ix_str("")), 0);
    const irisx_api_content_t *c = a.result;
    text_is(c->location, "https://x.test/y?z=1");
    cr_assert_eq(c->status, 302);
    cr_assert_neq(decode_fixture("fx.things.get", 302, "", "Location: /x\r\n", ix_str("")), 0);
}

Test(api_decode, a_raw_request_takes_what_comes)
{
    cr_assert_eq(decode_fixture(NULL, 200, "text/plain", "", ix_str("{not json")), 0);
    cr_assert_eq(a.content.len, 9);
    cr_assert_eq(decode_fixture(NULL, 200, "application/json", "", ix_str("{not json")), IRISX_E_PROTOCOL);
    cr_assert_eq(decode_fixture(NULL, 200, "", "", ix_str(" [1]")), 0);
    cr_assert_eq(irisx_value_count(a.root), 1);
}

Test(api_decode, what_a_platform_does_not_have_names_what_to_use)
{
    static const char unknown[] =
        "{\"error\":\"Not Found\",\"message\":\"The requested endpoint does not exist\",\"path\":\"/fx/gone\"}";

    cr_assert_eq(decode_fixture("fx.gone", 404, "application/json", "", ix_str(unknown)), IRISX_E_NOT_AVAILABLE);
    text_is(e.info.message, "fx.gone: this platform does not have GET /fx/gone (HTTP 404); use fx.things.list");
    cr_assert_eq(e.info.status, 404);
    cr_assert_eq(decode_fixture("fx.gone", 401, "application/json", "", ix_str("{\"error\":\"No token provided\"}")),
        IRISX_E_NOT_AVAILABLE);
    cr_assert_eq(decode_fixture("fx.gone", 404, "text/html", "", ix_str("<html>nginx</html>")), IRISX_E_NOT_AVAILABLE);
    cr_assert_eq(decode_fixture("fx.gone", 404, "application/json", "", ix_str("{\"error\":\"Thing not found\"}")),
        IRISX_E_NOT_FOUND);
    cr_assert_eq(
        decode_fixture("fx.things.get", 401, "application/json", "", ix_str("{\"error\":\"No token provided\"}")),
        IRISX_E_AUTH);
    cr_assert_eq(
        decode_fixture("fx.things.special", 404, "application/json", "", ix_str(unknown)), IRISX_E_NOT_AVAILABLE);
    cr_assert_not_null(strstr(e.info.message, "only its documentation names it"));
}

Test(api_decode, members_are_found_in_any_order_and_among_strangers)
{
    cr_assert_eq(
        decode_fixture("fx.things.get", 200, "application/json", "",
            ix_str(
                "{\"zz\":1,\"weights\":[1.5,\"2\",\"x\"],\"places\":[{\"urls\":\"u\",\"city\":\"A\"},{\"q\":1}],\"id\":7}")),
        0);
    const irisx_api_fx_thing_t *t = a.result;
    text_is(t->id, "7");
    cr_assert_eq(t->weights.count, 2);
    cr_assert_eq(t->weights.items[1], 2);
    cr_assert_eq(t->places.count, 2);
    text_is(t->places.items[0]->city, "A");
    text_is(t->places.items[0]->urls.items[0], "u");
    cr_assert_null(t->places.items[1]->city);
    cr_assert_eq(irisx_value_get_int(t->raw, "zz", 0), 1);
}
