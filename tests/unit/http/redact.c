/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "http/http.h"

static struct ix_buf out;

static void setup(void)
{
    ix_buf_init(&out, 65536);
}

static void teardown(void)
{
    ix_buf_clear(&out);
}

TestSuite(http_redact, .init = setup, .fini = teardown);

static void gives(const char *want)
{
    cr_assert_eq(out.err, 0);
    cr_assert(ix_str_eq(ix_str_n(out.p, out.n), ix_str(want)), "%.*s", (int) out.n, (const char *) out.p);
    ix_buf_reset(&out);
}

Test(http_redact, knows_the_names_that_secrets_go_under)
{
    static const char *const secret[] = { "password", "current_password", "token", "access_token", "refresh_token",
        "pending_token", "session_token", "dev_reset_token", "sip_password", "sipPassword", "secret", "client_secret",
        "secret_key", "secretKey", "key", "api_key", "apiKey", "X-API-Key", "Authorization", "authorization",
        "Set-Cookie", "totp_code", "totp", "otpauth_url", "credential", "X-IRISX-Signature" };
    static const char *const open[] = { "id", "to", "from", "message", "name", "key_prefix", "tokens_used", "keyword",
        "status", "sid", "finish_on_key", "" };

    for (size_t i = 0; i < IX_COUNT(secret); i++)
        cr_expect(ix_secret_key(ix_str(secret[i])), "%s", secret[i]);
    for (size_t i = 0; i < IX_COUNT(open); i++)
        cr_expect_not(ix_secret_key(ix_str(open[i])), "%s", open[i]);
}

Test(http_redact, takes_secrets_out_of_json_at_any_depth)
{
    ix_redact_json(&out, IX_STR("{\"email\":\"a@b.test\",\"password\":\"hunter2\"}"));
    gives("{\"email\":\"a@b.test\",\"password\":\"***\"}");
    ix_redact_json(&out, IX_STR("{\"extensions\":[{\"extension\":\"1001\",\"sip_password\":\"pw-1001\",\"n\":1.5}]}"));
    gives("{\"extensions\":[{\"extension\":\"1001\",\"sip_password\":\"***\",\"n\":1.5}]}");
    ix_redact_json(&out, IX_STR("{\"secret\":{\"deep\":[1,2]},\"token\":null,\"key\":7}"));
    gives("{\"secret\":\"***\",\"token\":null,\"key\":\"***\"}");
    ix_redact_json(&out, IX_STR("{\"pass\\u0077ord\":\"x\"}"));
    gives("{\"password\":\"***\"}");
}

Test(http_redact, takes_out_what_looks_like_a_key_or_token_under_any_name)
{
    ix_redact_json(&out,
        IX_STR(
            "[\"irisx_live_3bd1ed7df\",\"eyJhbGci.eyJleHAi.c2ln\",\"/v1/streaming/ws?token=abc\",\"eyJust text.\"]"));
    gives("[\"***\",\"***\",\"***\",\"eyJust text.\"]");
    ix_redact_json(&out, IX_STR("[\"your key is irisx_live_0123\"]"));
    gives("[\"***\"]");
}

Test(http_redact, shows_only_the_length_of_what_is_not_json)
{
    ix_redact_json(&out, IX_STR("password=hunter2"));
    gives("<16 bytes>");
    ix_redact_json(&out, IX_STR("{\"password\":\"hunt"));
    gives("<17 bytes>");
    ix_redact_json(&out, IX_STR(""));
    gives("");
}

Test(http_redact, takes_secrets_out_of_header_lines)
{
    ix_redact_headers(&out, IX_STR("Accept: */*\r\nAuthorization: Bearer abc\r\nx-api-key:irisx_live_1\r\n"));
    gives("Accept: */*\r\nAuthorization: ***\r\nx-api-key: ***\r\n");
}

Test(http_redact, takes_tokens_out_of_the_addresses_in_header_lines)
{
    ix_redact_headers(
        &out, IX_STR("Location: https://u:p@cdn.test/v1/a%20b?expires=1&signature=abc&x=y\r\nX-Note: eyJh.eyJi.sig\r\n"
                     "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nLink: </v1/x?token=abc>; rel=\"next\"\r\nEmpty:\r\n"));
    gives("Location: https://***@cdn.test/v1/a%20b?expires=1&signature=***&x=y\r\nX-Note: ***\r\n"
          "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nLink: </v1/x?token=***\r\nEmpty:\r\n");
}

static void shows(const char *url, const char *template, const char *want)
{
    ix_redact_url(&out, ix_str(url), template);
    gives(want);
}

Test(http_redact, takes_tokens_out_of_paths_by_the_name_they_have_in_the_template_or_by_their_look)
{
    shows(
        "http://h:1/base/v1/unsubscribe/abc?x=1", "/v1/unsubscribe/{token}", "http://h:1/base/v1/unsubscribe/***?x=1");
    shows("/v1/social/webhook/telegram/77:AAA", "/v1/social/webhook/telegram/{bot_token}",
        "/v1/social/webhook/telegram/***");
    shows("/admin/feature-flags/dark", "/admin/feature-flags/{key}", "/admin/feature-flags/dark");
    shows("/v1/calls/CA1/legs", "/v1/calls/{sid}/legs", "/v1/calls/CA1/legs");
    shows("/v1/x/irisx_live_1/eyJa.b.c/y", NULL, "/v1/x/***/***/y");
    shows("https://me:secret@h", NULL, "https://***@h");
    shows("https://h/a@b/c", NULL, "https://h/a@b/c");
    shows("", NULL, "");
    shows("////?", "", "////?");
}

Test(http_redact, takes_secrets_out_of_a_query)
{
    ix_redact_query(&out, IX_STR("a=1&token=abc&limit=2&key=&password"));
    gives("a=1&token=***&limit=2&key=***&password");
}

static void phones(const char *text, const char *expected)
{
    struct ix_buf b;

    ix_buf_init(&b, 4096);
    ix_redact_phones(&b, ix_str(text));
    char *have = ix_buf_take(&b);
    cr_expect_str_eq(have, expected);
    ix_free(have);
}

Test(http_redact, telephone_numbers_keep_two_digits)
{
    phones("{\"to\":\"+12025550199\",\"from\":\"12025550101\"}", "{\"to\":\"+*********99\",\"from\":\"*********01\"}");
    phones("GET /v1/contacts?phone=%2B12025550199&limit=50", "GET /v1/contacts?phone=%2B*********99&limit=50");
    phones("\"(202) 555-0199\"", "\"(***) ***-**99\"");
    phones("{\"id\":\"101\",\"sid\":\"CA78d873861fb19a5aa2a5f77732e94ebf\"}",
        "{\"id\":\"101\",\"sid\":\"CA78d873861fb19a5aa2a5f77732e94ebf\"}");
    phones("", "");
}
