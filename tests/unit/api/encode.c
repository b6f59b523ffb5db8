/* SPDX-License-Identifier: MIT */
/* Each operation encodes to the request that the contract says, from the struct and from a value alike. */
#include "fixture.h"

#include <irisx/api/auth.h>
#include <irisx/api/calls.h>
#include <irisx/api/sms.h>
#include <irisx/api/webhooks.h>
#include <irisx/api/webrtc.h>

#include <math.h>

#define SID "CA78d873861fb19a5aa2a5f77732e94ebf"

static struct ix_http_error e;
static struct ix_http_request r;

static void teardown(void)
{
    ix_http_request_clear(&r);
    ix_http_error_clear(&e);
}

TestSuite(api_encode, .fini = teardown);

static void request_is(const char *method, const char *path, const char *query, const char *body)
{
    text_is(r.method, method);
    text_is(r.path, path);
    text_is(r.query, query);
    text_is(r.body, body);
    cr_expect_eq(r.body_len, body != NULL ? strlen(body) : 0);
}

static int from_struct(const char *id, const void *params, size_t extra_at)
{
    struct ix_api_params p = { .fields = params, .extra_at = extra_at };

    teardown();
    return ix_api_encode(ix_api_find(id), &p, &r, &e);
}

static int from_json(const char *id, const char *text, bool strict)
{
    irisx_value_t *v = text != NULL ? json(text) : NULL;
    struct ix_api_params p = { .value = v, .strict = strict };

    teardown();
    int err = ix_api_encode(ix_api_find(id), &p, &r, &e);
    irisx_value_free(v);
    return err;
}

#define ENCODE(id, name, ...) \
    from_struct(id, &(irisx_api_##name##_params_t){ __VA_ARGS__ }, offsetof(irisx_api_##name##_params_t, extra))

Test(api_encode, auth)
{
    cr_assert_eq(ENCODE("auth.login", auth_login, .email = "a@b.test", .password = "p\"w\\"), 0);
    request_is("POST", "/v1/auth/login", NULL, "{\"email\":\"a@b.test\",\"password\":\"p\\\"w\\\\\"}");
    cr_assert_eq(r.auth, IX_HTTP_AUTH_NONE);
    cr_assert_eq(ENCODE("auth.refresh", auth_refresh, .refresh_token = "R"), 0);
    request_is("POST", "/v1/auth/refresh", NULL, "{\"refresh_token\":\"R\"}");
    cr_assert_eq(ENCODE("auth.logout", auth_logout, .refresh_token = "R"), 0);
    request_is("POST", "/v1/auth/logout", NULL, "{\"refresh_token\":\"R\"}");
    cr_assert_eq(r.auth, IX_HTTP_AUTH_JWT);
    cr_assert_eq(ENCODE("auth.verify_2fa", auth_verify_2fa, .pending_token = "P", .totp_code = "012345"), 0);
    request_is("POST", "/v1/auth/verify-2fa", NULL, "{\"pending_token\":\"P\",\"totp_code\":\"012345\"}");
    cr_assert_eq(ENCODE("auth.me", auth_me, .extra = NULL), 0);
    request_is("GET", "/v1/auth/me", NULL, NULL);
}

Test(api_encode, webrtc)
{
    cr_assert_eq(ENCODE("webrtc.credentials.get", webrtc_credentials_get, .extra = NULL), 0);
    request_is("GET", "/v1/webrtc/credentials", NULL, NULL);
    cr_assert_eq(ENCODE("webrtc.config.get", webrtc_config_get, .extra = NULL), 0);
    request_is("GET", "/v1/webrtc/config", NULL, NULL);
    cr_assert_eq(r.retry, IX_RETRY_SAFE);
}

Test(api_encode, calls)
{
    irisx_value_t *order = json("{'order':'42'}");

    cr_assert_eq(ENCODE("calls.create", calls_create, .to = "+12025550199", .from_ = "+12025550101",
                     .record = irisx_bool(1), .metadata = order),
        0);
    request_is("POST", "/v1/calls", NULL,
        "{\"to\":\"+12025550199\",\"from\":\"+12025550101\",\"record\":true,\"metadata\":{\"order\":\"42\"}}");
    cr_assert_eq(r.retry, IX_RETRY_UNSAFE);
    cr_assert_eq(r.auth, IX_HTTP_AUTH_KEY_OR_JWT);
    cr_assert_eq(
        ENCODE("calls.list", calls_list, .limit = irisx_int(2), .offset = irisx_int(0), .status = "completed"), 0);
    request_is("GET", "/v1/calls", "limit=2&offset=0&status=completed", NULL);
    cr_assert_eq(ENCODE("calls.get", calls_get, .sid = SID), 0);
    request_is("GET", "/v1/calls/" SID, NULL, NULL);
    cr_assert_eq(ENCODE("calls.hangup", calls_hangup, .sid = SID), 0);
    request_is("POST", "/v1/calls/" SID "/hangup", NULL, "{}");
    irisx_value_free(order);
}

Test(api_encode, call_actions)
{
    const char *both[] = { "dtmf", "speech" };

    cr_assert_eq(ENCODE("calls.actions", calls_actions, .sid = SID, .verb = "say", .text = "Hello"), 0);
    request_is("POST", "/v1/calls/" SID "/actions", NULL, "{\"verb\":\"say\",\"text\":\"Hello\"}");
    cr_assert_eq(ENCODE("calls.actions", calls_actions, .sid = SID, .verb = "gather", .input = { both, 2 },
                     .timeout = irisx_int(5), .num_digits = irisx_int(4)),
        0);
    request_is("POST", "/v1/calls/" SID "/actions", NULL,
        "{\"verb\":\"gather\",\"input\":[\"dtmf\",\"speech\"],\"timeout\":5,\"num_digits\":4}");
    cr_assert_eq(ENCODE("calls.actions", calls_actions, .sid = SID, .verb = "hold"), 0);
    request_is("POST", "/v1/calls/" SID "/actions", NULL, "{\"verb\":\"hold\"}");
    cr_assert_eq(
        ENCODE("calls.actions", calls_actions, .sid = SID, .verb = "say"), IRISX_E_INVALID, "say needs a text");
    text_is(e.info.message, "calls.actions: text: Required");
}

Test(api_encode, sms)
{
    const char *media[] = { "https://x.test/a.png" };

    cr_assert_eq(
        ENCODE("sms.send", sms_send, .from_ = "+12025550101", .to = "+12025550199", .message = "h\xc3\xa9llo\n"), 0);
    request_is("POST", "/v1/sms/send", NULL,
        "{\"from\":\"+12025550101\",\"to\":\"+12025550199\",\"message\":\"h\xc3\xa9llo\\n\"}");
    cr_assert_eq(ENCODE("sms.send", sms_send, .from_ = "1", .to = "2", .message = "", .media_urls = { media, 1 },
                     .dry_run = irisx_bool(0)),
        0);
    request_is("POST", "/v1/sms/send", NULL,
        "{\"from\":\"1\",\"to\":\"2\",\"message\":\"\",\"mediaUrls\":[\"https://x.test/a.png\"],\"dry_run\":false}");
    cr_assert_eq(ENCODE("sms.list", sms_list, .page = irisx_int(3), .direction = "inbound"), 0);
    request_is("GET", "/v1/sms", "page=3&direction=inbound", NULL);
    cr_assert_eq(ENCODE("sms.get", sms_get, .id = "17"), 0);
    request_is("GET", "/v1/sms/17", NULL, NULL);
}

Test(api_encode, webhooks)
{
    const char *events[] = { "call.completed", "sms.sent" };

    cr_assert_eq(ENCODE("webhooks.create", webhooks_create, .url = "http://127.0.0.1:9/hook", .events = { events, 2 },
                     .description = IRISX_NULL_TEXT, .max_retries = irisx_int(3)),
        0);
    request_is("POST", "/v1/webhooks", NULL,
        "{\"url\":\"http://127.0.0.1:9/hook\",\"events\":[\"call.completed\",\"sms.sent\"],\"description\":null,\"max_retries\":3}");
    cr_assert_eq(ENCODE("webhooks.list", webhooks_list, .extra = NULL), 0);
    request_is("GET", "/v1/webhooks", NULL, NULL);
    cr_assert_eq(ENCODE("webhooks.get", webhooks_get, .id = "101"), 0);
    request_is("GET", "/v1/webhooks/101", NULL, NULL);
    cr_assert_eq(
        ENCODE("webhooks.update", webhooks_update, .id = "101", .events = { events, 0 }, .is_active = irisx_bool(0)),
        0);
    request_is("PUT", "/v1/webhooks/101", NULL, "{\"events\":[],\"is_active\":false}");
    cr_assert_eq(r.retry, IX_RETRY_IDEMPOTENT);
    cr_assert_eq(ENCODE("webhooks.delete", webhooks_delete, .id = "101"), 0);
    request_is("DELETE", "/v1/webhooks/101", NULL, NULL);
    cr_assert_eq(ENCODE("webhooks.test", webhooks_test, .id = "101"), 0);
    request_is("POST", "/v1/webhooks/101/test", NULL, "{}");
    cr_assert_eq(ENCODE("webhooks.deliveries.list", webhooks_deliveries_list, .id = "101", .limit = irisx_int(5)), 0);
    request_is("GET", "/v1/webhooks/101/deliveries", "limit=5", NULL);
    cr_assert_eq(ENCODE("webhooks.deliveries.retry", webhooks_deliveries_retry, .id = "2"), 0);
    request_is("POST", "/v1/webhooks/deliveries/2/retry", NULL, "{}");
}

Test(api_encode, takes_the_same_from_a_value)
{
    cr_assert_eq(
        from_json("calls.create", "{'to':'+12025550199','record':true,'metadata':{'a':[1,2.5,null]}}", true), 0);
    request_is(
        "POST", "/v1/calls", NULL, "{\"to\":\"+12025550199\",\"record\":true,\"metadata\":{\"a\":[1,2.5,null]}}");
    cr_assert_eq(from_json("calls.get", "{'sid':'" SID "'}", true), 0);
    request_is("GET", "/v1/calls/" SID, NULL, NULL);
    cr_assert_eq(from_json("sms.list", "{'limit':'10','page':2,'direction':'outbound'}", true), 0);
    request_is("GET", "/v1/sms", "page=2&limit=10&direction=outbound", NULL);
    cr_assert_eq(from_json("auth.me", NULL, true), 0);
    request_is("GET", "/v1/auth/me", NULL, NULL);
}

Test(api_encode, merges_extra_last_and_over_the_struct)
{
    irisx_value_t *extra = json("{'message':'newer','priority':7}");
    irisx_value_t *query = json("{'from':'+1','flags':['a b','c']}");

    cr_assert_eq(ENCODE("sms.send", sms_send, .from_ = "1", .to = "2", .message = "old", .extra = extra), 0);
    request_is("POST", "/v1/sms/send", NULL, "{\"from\":\"1\",\"to\":\"2\",\"message\":\"newer\",\"priority\":7}");
    cr_assert_eq(
        ENCODE("sms.send", sms_send, .from_ = "1", .to = "2", .extra = extra), 0, "it can fill what is required");
    cr_assert_eq(ENCODE("sms.list", sms_list, .status = "sent", .extra = query), 0);
    request_is("GET", "/v1/sms", "status=sent&from=%2B1&flags=a%20b&flags=c", NULL);
    irisx_value_free(query);
    irisx_value_free(extra);
}

Test(api_encode, names_what_is_missing_or_of_the_wrong_type)
{
    cr_assert_eq(ENCODE("sms.send", sms_send, .to = "2"), IRISX_E_INVALID);
    cr_assert_eq(e.info.code, IRISX_E_INVALID);
    cr_assert_eq(e.info.domain, IRISX_DOMAIN_LOCAL);
    text_is(e.info.message, "sms.send: from: Required");
    text_is(e.info.reason, "validation");
    text_is(e.info.detail,
        "[{\"path\":\"from\",\"message\":\"Required\"},{\"path\":\"message\",\"message\":\"Required\"}]");
    cr_assert_null(r.path);
    cr_assert_eq(from_json("calls.create", "{'to':12025550199}", false), IRISX_E_INVALID);
    text_is(e.info.message, "calls.create: to: Expected string, received number");
    cr_assert_eq(from_json("calls.create", "[]", false), IRISX_E_INVALID);
    text_is(e.info.message, "calls.create: parameters must be an object");
    cr_assert_eq(from_json("sms.list", "{'limit':'ten'}", false), IRISX_E_INVALID);
    cr_assert_eq(
        from_json("sms.send", "{'from':'1','to':null,'message':'x'}", false), IRISX_E_INVALID, "required, so not null");
    cr_assert_eq(ENCODE("sms.send", sms_send, .from_ = "1", .to = "\xff", .message = "x"), IRISX_E_INVALID);
    text_is(e.info.message, "sms.send: to: Invalid utf8");
}

Test(api_encode, strict_adds_enums_limits_and_patterns)
{
    static const char *const bad[] = { "{'to':'12x'}", "{'to':'0123'}", "{'to':'+12025550199','from':''}",
        "{'to':'+12025550199','web':1}" };

    for (size_t i = 0; i < IX_COUNT(bad); i++) {
        cr_expect_eq(from_json("calls.create", bad[i], true), IRISX_E_INVALID, "%s", bad[i]);
        cr_expect_eq(from_json("calls.create", bad[i], false), 0, "%s: left to the platform", bad[i]);
    }
    cr_assert_eq(from_json("calls.list", "{'status':'busy'}", true), IRISX_E_INVALID);
    cr_assert_eq(from_json("calls.list", "{'limit':101}", true), IRISX_E_INVALID);
    text_is(e.info.message, "calls.list: limit: Number must be less than or equal to 100");
}

Test(api_encode, never_sends_a_limit_of_0)
{
    cr_assert_eq(ENCODE("calls.list", calls_list, .limit = irisx_int(0), .offset = irisx_int(0)), 0);
    request_is("GET", "/v1/calls", "offset=0", NULL);
    cr_assert_eq(from_json("sms.list", "{'limit':'0'}", false), 0);
    request_is("GET", "/v1/sms", NULL, NULL);
}

Test(api_encode, escapes_path_members_and_refuses_segments_that_would_lead_elsewhere)
{
    static const char *const bad[] = { "", ".", ".." };

    cr_assert_eq(ENCODE("calls.get", calls_get, .sid = "../a b/?#%"), 0);
    request_is("GET", "/v1/calls/..%2Fa%20b%2F%3F%23%25", NULL, NULL);
    for (size_t i = 0; i < IX_COUNT(bad); i++)
        cr_expect_eq(ENCODE("calls.get", calls_get, .sid = bad[i]), IRISX_E_INVALID, "'%s'", bad[i]);
    cr_assert_eq(ENCODE("calls.get", calls_get, .sid = NULL), IRISX_E_INVALID);
    cr_assert_eq(ENCODE("calls.get", calls_get, .sid = IRISX_NULL_TEXT), IRISX_E_INVALID);
    cr_assert_eq(from_json("sms.get", "{'id':17}", false), 0);
    request_is("GET", "/v1/sms/17", NULL, NULL);
}

Test(api_encode, the_pagers_page_replaces_the_parameters)
{
    struct ix_api_params p = {
        .fields = &(irisx_api_sms_list_params_t){ .page = irisx_int(9), .limit = irisx_int(9), .status = "sent" },
        .extra_at = offsetof(irisx_api_sms_list_params_t, extra),
        .page = { .on = true, .at = 2, .limit = 50 }
    };

    cr_assert_eq(ix_api_encode(ix_api_find("sms.list"), &p, &r, &e), 0);
    request_is("GET", "/v1/sms", "status=sent&page=2&limit=50", NULL);
    ix_http_request_clear(&r);
    p = (struct ix_api_params){ .page = { .on = true, .at = 100 } };
    cr_assert_eq(ix_api_encode(ix_api_find("calls.list"), &p, &r, &e), 0);
    request_is("GET", "/v1/calls", "offset=100", NULL);
}

Test(api_encode, a_body_beyond_the_limit_is_refused)
{
    size_t n = (size_t) 9 << 20;
    char *text = ix_alloc(n + 1);

    memset(text, 'x', n);
    cr_assert_eq(ENCODE("sms.send", sms_send, .from_ = "1", .to = "2", .message = text), IRISX_E_TOO_LARGE);
    cr_assert_eq(e.info.code, IRISX_E_TOO_LARGE);
    cr_assert_eq(ENCODE("calls.get", calls_get, .sid = text), IRISX_E_TOO_LARGE);
    ix_free(text);
}

/* ---- the fixture: what the platform's first operations do not have ----------------------- */

static int fixture(const char *id, const void *params, size_t extra_at, const char *text, bool strict)
{
    struct ix_api_set s;
    irisx_value_t *v = text != NULL ? json(text) : NULL;
    struct ix_api_params p = { .fields = params, .extra_at = extra_at, .value = v, .strict = strict };

    teardown();
    ix_api_set_fixture(&s);
    int err = ix_api_encode_in(&s, ix_api_find_in(&s, id), &p, &r, &e);
    irisx_value_free(v);
    return err;
}

#define FIXTURE(id, name, ...) \
    fixture(                   \
        id, &(irisx_api_##name##_params_t){ __VA_ARGS__ }, offsetof(irisx_api_##name##_params_t, extra), NULL, false)

Test(api_encode, every_kind_of_member_from_a_struct)
{
    const char *tags[] = { "red" };
    const char *agents[] = { "8", "9007199254740993" };
    const int64_t sizes[] = { -1, INT64_MAX };
    const irisx_api_fx_things_create_place_t place = { .city = "Bern" };
    const irisx_api_fx_things_create_parts_t big = { .kind = "big", .weight = irisx_num(0.1) };
    const irisx_api_fx_things_create_parts_t small = { .kind = "small" };
    const irisx_api_fx_things_create_parts_t *const parts[] = { &big, &small };

    cr_assert_eq(
        FIXTURE("fx.things.create", fx_things_create, .name = "n", .count = irisx_int(-3), .ratio = irisx_num(0.25),
            .on = irisx_bool(7), .owner_id = "101", .amount = "12.50", .price = "0.0075", .ref = "42",
            .note = IRISX_NULL_TEXT, .tags = { tags, 1 }, .agent_ids = { agents, 2 }, .sizes = { sizes, 2 },
            .class_ = "c", .body_html = "<b>", .place = &place, .parts = { parts, 2 }),
        0);
    request_is("POST", "/fx/things", NULL,
        "{\"name\":\"n\",\"count\":-3,\"ratio\":0.25,\"on\":true,\"owner_id\":101,\"amount\":12.50,\"price\":\"0.0075\","
        "\"ref\":\"42\",\"note\":null,\"tags\":[\"red\"],\"agent_ids\":[8,9007199254740993],\"sizes\":[-1,9223372036854775807],"
        "\"class\":\"c\",\"bodyHtml\":\"<b>\",\"place\":{\"city\":\"Bern\"},\"parts\":[{\"kind\":\"big\",\"weight\":0.1},{\"kind\":\"small\"}]}");
    cr_assert_eq(r.auth, IX_HTTP_AUTH_ADMIN);
}

Test(api_encode, every_kind_of_member_from_a_value)
{
    cr_assert_eq(fixture("fx.things.create", NULL, 0,
                     "{'name':'n','owner_id':'101','amount':12.5,'price':0.5,'ref':7,'agent_ids':['8',9],'sizes':[1],"
                     "'place':{'city':'Bern','more':[]},'parts':[{'kind':'big'}],'new':{'x':1}}",
                     false),
        0, "%s", e.info.message);
    request_is("POST", "/fx/things", NULL,
        "{\"name\":\"n\",\"owner_id\":101,\"amount\":12.5,\"price\":\"0.5\",\"ref\":\"7\",\"agent_ids\":[8,9],\"sizes\":[1],"
        "\"place\":{\"city\":\"Bern\",\"more\":[]},\"parts\":[{\"kind\":\"big\"}],\"new\":{\"x\":1}}");
}

Test(api_encode, null_and_absent_differ)
{
    cr_assert_eq(FIXTURE("fx.things.create", fx_things_create, .name = "n", .count = { 5, IRISX_OPT_NULL },
                     .ratio = { 5, IRISX_OPT_ABSENT }, .on = { 1, IRISX_OPT_NULL }),
        0);
    request_is("POST", "/fx/things", NULL, "{\"name\":\"n\",\"count\":null,\"on\":null}");
}

Test(api_encode, refuses_what_would_break_the_json)
{
    const irisx_api_fx_things_create_place_t place = { .zip = "1" };
    const char *agents[] = { "8", "8}" };

    cr_assert_eq(FIXTURE("fx.things.create", fx_things_create, .name = "n", .owner_id = "1,\"x\":2"), IRISX_E_INVALID);
    text_is(e.info.message, "fx.things.create: owner_id: Expected number, received string");
    cr_assert_eq(FIXTURE("fx.things.create", fx_things_create, .name = "n", .owner_id = "1.5"), IRISX_E_INVALID);
    cr_assert_eq(FIXTURE("fx.things.create", fx_things_create, .name = "n", .amount = "1,5"), IRISX_E_INVALID);
    cr_assert_eq(
        FIXTURE("fx.things.create", fx_things_create, .name = "n", .ratio = irisx_num((double) NAN)), IRISX_E_INVALID);
    cr_assert_eq(FIXTURE("fx.things.create", fx_things_create, .name = "n", .ratio = irisx_num((double) INFINITY)),
        IRISX_E_INVALID);
    cr_assert_eq(
        FIXTURE("fx.things.create", fx_things_create, .name = "n", .agent_ids = { agents, 2 }), IRISX_E_INVALID);
    text_is(e.info.message, "fx.things.create: agent_ids.1: Expected number, received string");
    cr_assert_eq(FIXTURE("fx.things.create", fx_things_create, .name = "n", .place = &place), IRISX_E_INVALID);
    text_is(e.info.message, "fx.things.create: place.city: Required");
}

Test(api_encode, lists_in_a_query_are_repeated_or_joined)
{
    const char *ids[] = { "1", "2,3" };

    cr_assert_eq(FIXTURE("fx.things.list", fx_things_list, .ids = { ids, 2 }, .tags = { ids, 2 },
                     .since = irisx_num(1.5), .active = irisx_bool(1)),
        0);
    request_is("GET", "/fx/things", "ids=1,2%2C3&tags=1&tags=2%2C3&since=1.5&active=true", NULL);
}

Test(api_encode, patch_without_a_body_carries_an_empty_object)
{
    cr_assert_eq(FIXTURE("fx.things.touch", fx_things_touch, .id = "7"), 0);
    request_is("PATCH", "/fx/things/7", NULL, "{}");
    cr_assert_eq(FIXTURE("fx.things.delete", fx_things_delete, .id = "7"), 0);
    request_is("DELETE", "/fx/things/7", NULL, NULL);
}

/* ---- raw requests ------------------------------------------------------------------------ */

Test(api_encode, raw_requests_go_as_they_are)
{
    irisx_value_t *v = json("{'a':1}");

    cr_assert_eq(ix_api_encode_raw("POST", "/v2/new?x=1&y=%20", v, NULL, &r, &e), 0);
    request_is("POST", "/v2/new", "x=1&y=%20", "{\"a\":1}");
    cr_assert_eq(r.retry, IX_RETRY_UNSAFE);
    teardown();
    cr_assert_eq(ix_api_encode_raw("GET", "/health", NULL, NULL, &r, &e), 0);
    request_is("GET", "/health", NULL, NULL);
    cr_assert_eq(r.retry, IX_RETRY_SAFE);
    teardown();
    cr_assert_eq(ix_api_encode_raw("PUT", "/x", NULL, NULL, &r, &e), 0);
    request_is("PUT", "/x", NULL, "{}");
    irisx_value_free(v);
}

Test(api_encode, raw_requests_that_could_go_elsewhere_are_refused)
{
    static const char *const paths[] = { "", "v1", "//evil.test/x", "/a b", "/a\r\nHost: x", "/a#b", "/\xc3\xa9",
        NULL };

    for (size_t i = 0; i < IX_COUNT(paths); i++) {
        cr_expect_eq(ix_api_encode_raw("GET", paths[i], NULL, NULL, &r, &e), IRISX_E_INVALID, "%s", paths[i]);
        teardown();
    }
    cr_assert_eq(ix_api_encode_raw("get", "/x", NULL, NULL, &r, &e), IRISX_E_INVALID);
    teardown();
    cr_assert_eq(ix_api_encode_raw(NULL, "/x", NULL, NULL, &r, &e), IRISX_E_INVALID);
}
