/* SPDX-License-Identifier: MIT */
/* Signatures against deliveries of the platform that were captured (WIRE.md section 10.2), and against forgers. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "oom.h"
#include "webhook/webhook.h"
#include "json/json.h"

/* ---- the captured deliveries, byte for byte ---------------------------------------------- */
#define A_SECRET "39fe73a73dfa4b83561207a784d8dfd4c260e3848c8f26e6cb2b60c91d932944"
#define A_HEX "4d95de74401f9e40b212a6e056b46019f4f8710181967a8f48be8a868ae7420c"
#define A_TIME "1795166926"
#define A_BODY                                                                                                \
    "{\"data\":{\"test\":true,\"message\":\"This is a test webhook delivery\"},\"event\":\"call.completed\"," \
    "\"event_id\":\"test_1795166926742\",\"timestamp\":\"2026-11-20T09:28:46.742Z\"}"
#define A_HEADERS(signature)                                                                                      \
    "content-type: application/json\r\nx-irisx-event: call.completed\r\nx-irisx-event-id: test_1795166926742\r\n" \
    "x-irisx-timestamp: " A_TIME "\r\nx-irisx-signature: " signature "\r\naccept: */*\r\n"
#define A_MS INT64_C(1795166926000)

#define B_SECRET "labwebhooksecret"
/*
 * The address in the published body was replaced after the capture (it has 277 bytes, its Content-Length said 273), so
 * the captured digest is not that of this text: B_HEX was made from it with Python's hmac module.
 */
#define B_CAPTURED_HEX "b3a88a2c6f81683cc9674e5aa0502895b23b52833738f1a51181b107ce309a4b"
#define B_HEX "a823e7a565b2e08094b111ed13c076923e844200d43adc1d3b0028c4fac0fd2b"
#define B_BODY                                                                                      \
    "{\"event\":\"webhook.test\",\"event_id\":\"b2120ff7-39dd-4fa0-9a40-fb1d25786002\","            \
    "\"timestamp\":\"2026-11-20T09:22:31.816Z\",\"test\":true,"                                     \
    "\"message\":\"This is a test webhook delivery from Tazzi Admin Portal\",\"webhook_id\":\"1\"," \
    "\"webhook_name\":\"lab hook\",\"triggered_by\":\"superadmin@example.test\"}"
#define B_HEADERS                                                                \
    "x-webhook-signature: sha256=" B_HEX "\r\nx-webhook-event: webhook.test\r\n" \
    "x-webhook-id: e536ab46-da2d-4744-a2b1-19d0c541af35\r\nx-webhook-timestamp: 2026-11-20T09:22:31.816Z\r\n"
#define B_MS INT64_C(1795166551816)

static const char *why; /* of the last check */

static int check_n(enum ix_webhook_scheme scheme, const struct ix_str *secrets, size_t count, int64_t now_ms,
    const char *headers, const void *body, size_t n, struct ix_webhook_delivery *out)
{
    struct ix_webhook_check c = { .scheme = scheme, .secrets = secrets, .secret_count = count, .now_ms = now_ms };
    struct ix_webhook_headers h;

    ix_webhook_read_headers(scheme, ix_str(headers), &h);
    return ix_webhook_verify(&c, &h, body, n, out, &why);
}

static int check(enum ix_webhook_scheme scheme, const char *secret, int64_t now_ms, const char *headers,
    const char *body, struct ix_webhook_delivery *out)
{
    struct ix_str s = ix_str(secret);

    return check_n(scheme, &s, 1, now_ms, headers, body, strlen(body), out);
}

static int check_a(const char *headers, const char *body)
{
    return check(IX_WEBHOOK_A, A_SECRET, A_MS, headers, body, NULL);
}

static struct ix_str signed_headers(struct ix_buf *b, enum ix_webhook_scheme scheme, const char *secret,
    const char *event, int64_t ms, const char *body)
{
    ix_buf_init(b, 4096);
    cr_assert_eq(ix_webhook_sign(scheme, ix_str(secret), event, "header-id", ms, body, strlen(body), b), 0);
    ix_buf_u8(b, 0);
    return ix_str_n(b->p, b->n - 1);
}

/* signs body with the scheme's own sender, then checks it at now_ms */
static int round_trip(
    enum ix_webhook_scheme scheme, const char *body, int64_t signed_ms, int64_t now_ms, struct ix_webhook_delivery *out)
{
    struct ix_buf b;
    struct ix_str headers = signed_headers(&b, scheme, "k", "header.event", signed_ms, body);
    int err = check(scheme, "k", now_ms, headers.p, body, out);

    ix_buf_clear(&b);
    return err;
}

/* ---- genuine ones ------------------------------------------------------------------------ */
Test(webhook, takes_the_captured_tenant_delivery)
{
    struct ix_webhook_delivery d;

    cr_assert_eq(check(IX_WEBHOOK_A, A_SECRET, A_MS, A_HEADERS("sha256=" A_HEX), A_BODY, &d), 0, "%s", why);
    cr_expect_str_eq(d.event, "call.completed");
    cr_expect_str_eq(d.id, "test_1795166926742");
    cr_expect_eq(d.timestamp_ms, A_MS);
    cr_expect_str_eq(
        irisx_value_get_text(irisx_value_get(d.body, "data"), "message", ""), "This is a test webhook delivery");
    ix_webhook_delivery_clear(&d);
    cr_expect_null(d.body);
    ix_webhook_delivery_clear(&d); /* twice does no harm */
}

Test(webhook, takes_the_captured_admin_delivery)
{
    struct ix_webhook_delivery d;

    cr_assert_eq(check(IX_WEBHOOK_B, B_SECRET, B_MS, B_HEADERS, B_BODY, &d), 0, "%s", why);
    cr_expect_str_eq(d.event, "webhook.test");
    cr_expect_str_eq(d.id, "b2120ff7-39dd-4fa0-9a40-fb1d25786002", "X-Webhook-ID is the endpoint's, not the event's");
    cr_expect_eq(d.timestamp_ms, B_MS);
    ix_webhook_delivery_clear(&d);
}

Test(webhook, notices_the_edit_of_the_published_admin_delivery)
{
    cr_expect_eq(check(IX_WEBHOOK_B, B_SECRET, B_MS, "X-Webhook-Signature: sha256=" B_CAPTURED_HEX "\n", B_BODY, NULL),
        IRISX_E_SIGNATURE);
}

Test(webhook, takes_the_documented_scheme_with_either_timestamp_header)
{
    struct ix_str lines;
    struct ix_buf b;
    char text[512];

    lines = signed_headers(&b, IX_WEBHOOK_C, A_SECRET, "e", A_MS, A_BODY);
    cr_assert_eq(check(IX_WEBHOOK_C, A_SECRET, A_MS, lines.p, A_BODY, NULL), 0, "%s", why);
    ix_buf_clear(&b);
    /* the captured digest again: what is signed is the same as in scheme A */
    cr_assert_eq(check(IX_WEBHOOK_C, A_SECRET, A_MS, "X-Tazzi-Signature: " A_HEX "\nX-Tazzi-Timestamp: " A_TIME "\n",
                     A_BODY, NULL),
        0);
    cr_assert_eq(check(IX_WEBHOOK_C, A_SECRET, A_MS, "X-Tazzi-Signature: " A_HEX "\nX-IRISX-Timestamp: " A_TIME "\n",
                     A_BODY, NULL),
        0);
    (void) snprintf(
        text, sizeof text, "X-Tazzi-Signature: %s\nX-IRISX-Timestamp: 1\nX-Tazzi-Timestamp: %s\n", A_HEX, A_TIME);
    cr_assert_eq(check(IX_WEBHOOK_C, A_SECRET, A_MS, text, A_BODY, NULL), 0, "its own header goes first");
}

Test(webhook, takes_what_it_signed_itself_in_every_scheme)
{
    static const char body[] = "{\"event\":\"sms.sent\",\"event_id\":\"1\",\"timestamp\":\"2026-11-20T09:28:46.742Z\"}";
    struct ix_webhook_delivery d;

    for (int s = IX_WEBHOOK_A; s <= IX_WEBHOOK_C; s++) {
        cr_assert_eq(round_trip((enum ix_webhook_scheme) s, body, A_MS, A_MS, &d), 0, "scheme %d: %s", s, why);
        cr_expect_str_eq(d.event, "sms.sent");
        ix_webhook_delivery_clear(&d);
    }
}

Test(webhook, one_scheme_does_not_pass_for_another)
{
    static const char body[] = "{\"event\":\"e\",\"event_id\":\"1\",\"timestamp\":\"2026-11-20T09:28:46.742Z\"}";

    for (int s = IX_WEBHOOK_A; s <= IX_WEBHOOK_C; s++) {
        struct ix_buf b;
        struct ix_str lines = signed_headers(&b, (enum ix_webhook_scheme) s, "k", "e", A_MS, body);

        for (int as = IX_WEBHOOK_A; as <= IX_WEBHOOK_C; as++)
            cr_expect_eq(
                check((enum ix_webhook_scheme) as, "k", A_MS, lines.p, body, NULL), as == s ? 0 : IRISX_E_SIGNATURE);
        ix_buf_clear(&b);
    }
}

/* What scheme A signs is a text that scheme B would sign as well: it must not be taken as a body there. */
Test(webhook, a_signed_text_of_one_scheme_is_no_delivery_of_another)
{
    cr_expect_eq(check(IX_WEBHOOK_B, A_SECRET, A_MS, "X-Webhook-Signature: " A_HEX "\n", A_TIME "." A_BODY, NULL),
        IRISX_E_PROTOCOL);
    /* nor may the point that divides time and body be taken elsewhere */
    cr_expect_eq(check(IX_WEBHOOK_A, B_SECRET, B_MS,
                     "X-IRISX-Signature: " B_HEX "\nX-IRISX-Timestamp: {\"event\":\"webhook\n", "test\"}", NULL),
        IRISX_E_SIGNATURE);
}

/* ---- secrets ----------------------------------------------------------------------------- */
Test(webhook, any_of_several_secrets_may_match)
{
    struct ix_str secrets[] = { IX_STR("old"), IX_STR(""), IX_STR(A_SECRET), IX_STR("new") };

    for (size_t count = 0; count <= 4; count++)
        cr_expect_eq(
            check_n(IX_WEBHOOK_A, secrets, count, A_MS, A_HEADERS("sha256=" A_HEX), A_BODY, strlen(A_BODY), NULL),
            count >= 3 ? 0 : IRISX_E_SIGNATURE, "%zu secrets", count);
}

Test(webhook, during_a_rotation_both_secrets_hold_and_afterwards_the_new_one)
{
    static const char body[] = "{\"event\":\"e\",\"event_id\":\"1\"}";
    struct ix_str both[] = { IX_STR("before"), IX_STR("after") };

    for (size_t i = 0; i < 2; i++) {
        struct ix_buf b;
        struct ix_str lines = signed_headers(&b, IX_WEBHOOK_A, both[i].p, "e", A_MS, body);

        cr_expect_eq(check_n(IX_WEBHOOK_A, both, 2, A_MS, lines.p, body, strlen(body), NULL), 0);
        cr_expect_eq(
            check_n(IX_WEBHOOK_A, both + 1, 1, A_MS, lines.p, body, strlen(body), NULL), i ? 0 : IRISX_E_SIGNATURE);
        ix_buf_clear(&b);
    }
}

/* HMAC takes an empty key; a receiver that was configured with one would trust everybody. */
Test(webhook, an_empty_secret_matches_nothing)
{
    static const char body[] = "{\"event\":\"e\",\"event_id\":\"1\"}";
    struct ix_bytes parts[] = { { A_TIME ".", 11 }, { body, sizeof body - 1 } };
    struct ix_str empty = IX_STR("");
    struct ix_buf b;
    uint8_t mac[32];

    cr_assert_eq(ix_hmac(IX_SHA256, (struct ix_bytes){ "", 0 }, parts, 2, mac), 0);
    ix_buf_init(&b, 4096);
    ix_buf_str(&b, "X-IRISX-Timestamp: " A_TIME "\nX-IRISX-Signature: ");
    ix_buf_hex(&b, mac, sizeof mac);
    ix_buf_u8(&b, 0);
    cr_expect_eq(
        check_n(IX_WEBHOOK_A, &empty, 1, A_MS, (const char *) b.p, body, strlen(body), NULL), IRISX_E_SIGNATURE);
    cr_expect_eq(ix_webhook_sign(IX_WEBHOOK_A, empty, "e", "1", A_MS, body, strlen(body), &b), IRISX_E_INVALID);
    ix_buf_clear(&b);
}

Test(webhook, the_secret_is_the_text_and_not_the_bytes_it_spells)
{
    uint8_t key[32];
    struct ix_str decoded;

    cr_assert_eq(ix_hex_decode(IX_STR(A_SECRET), key, sizeof key), 0);
    decoded = ix_str_n(key, sizeof key);
    cr_expect_eq(check_n(IX_WEBHOOK_A, &decoded, 1, A_MS, A_HEADERS("sha256=" A_HEX), A_BODY, strlen(A_BODY), NULL),
        IRISX_E_SIGNATURE);
}

/* ---- the window -------------------------------------------------------------------------- */
static int at(int64_t now_ms, uint32_t window_s)
{
    struct ix_str secret = IX_STR(A_SECRET);
    struct ix_webhook_check c = {
        .scheme = IX_WEBHOOK_A, .secrets = &secret, .secret_count = 1, .window_s = window_s, .now_ms = now_ms
    };
    struct ix_webhook_headers h;

    ix_webhook_read_headers(IX_WEBHOOK_A, IX_STR(A_HEADERS(A_HEX)), &h);
    return ix_webhook_verify(&c, &h, A_BODY, strlen(A_BODY), NULL, NULL);
}

Test(webhook, the_window_reaches_to_its_last_millisecond_on_both_sides)
{
    cr_expect_eq(at(A_MS + 300000, 0), 0);
    cr_expect_eq(at(A_MS + 300001, 0), IRISX_E_EXPIRED);
    cr_expect_eq(at(A_MS - 300000, 0), 0);
    cr_expect_eq(at(A_MS - 300001, 0), IRISX_E_EXPIRED);
    cr_expect_eq(at(A_MS + 1000, 1), 0);
    cr_expect_eq(at(A_MS + 1001, 1), IRISX_E_EXPIRED);
    cr_expect_eq(at(A_MS - 1000, 1), 0);
    cr_expect_eq(at(A_MS - 1001, 1), IRISX_E_EXPIRED);
}

Test(webhook, no_clock_makes_the_window_overflow)
{
    cr_expect_eq(at(INT64_MIN, UINT32_MAX), IRISX_E_EXPIRED);
    cr_expect_eq(at(INT64_MAX, UINT32_MAX), IRISX_E_EXPIRED);
    cr_expect_eq(at(A_MS + INT64_C(4294967295000), UINT32_MAX), 0);
}

/* The header of scheme B is not signed: whoever replays a delivery writes there what he likes. */
Test(webhook, scheme_b_takes_its_time_from_the_signed_body)
{
    static const char lies[] = "X-Webhook-Signature: sha256=" B_HEX "\nX-Webhook-Timestamp: 2026-11-20T10:22:31.816Z\n";
    const int64_t later = B_MS + INT64_C(3600000);

    cr_expect_eq(check(IX_WEBHOOK_B, B_SECRET, later, lies, B_BODY, NULL), IRISX_E_EXPIRED);
    cr_expect_eq(check(IX_WEBHOOK_B, B_SECRET, B_MS, lies, B_BODY, NULL), 0, "and the header is not looked at");
    cr_expect_eq(check(IX_WEBHOOK_B, B_SECRET, B_MS + 300000, lies, B_BODY, NULL), 0);
    cr_expect_eq(check(IX_WEBHOOK_B, B_SECRET, B_MS + 300001, lies, B_BODY, NULL), IRISX_E_EXPIRED);
    cr_expect_eq(check(IX_WEBHOOK_B, B_SECRET, B_MS - 300000, lies, B_BODY, NULL), 0);
    cr_expect_eq(check(IX_WEBHOOK_B, B_SECRET, B_MS - 300001, lies, B_BODY, NULL), IRISX_E_EXPIRED);
}

Test(webhook, scheme_b_without_a_time_in_the_body_is_refused)
{
    static const char *const bodies[] = { "{\"event\":\"e\",\"event_id\":\"1\"}",
        "{\"event\":\"e\",\"event_id\":\"1\",\"timestamp\":\"\"}",
        "{\"event\":\"e\",\"event_id\":\"1\",\"timestamp\":null}",
        "{\"event\":\"e\",\"event_id\":\"1\",\"timestamp\":\"soon\"}",
        "{\"event\":\"e\",\"event_id\":\"1\",\"timestamp\":{}}" };

    for (size_t i = 0; i < IX_COUNT(bodies); i++)
        cr_expect_eq(round_trip(IX_WEBHOOK_B, bodies[i], A_MS, A_MS, NULL), IRISX_E_PROTOCOL, "%s", bodies[i]);
}

/* A time that is signed and still none: a sender's bug, refused and not taken as 1970. */
Test(webhook, a_signed_time_that_is_none_is_refused)
{
    static const char *const times[] = { "-1", "+1795166926", "0x6b0000", "1795166926.5", "179516692600000", "now",
        "2026-11-20", "1795166926 1" };
    static const char body[] = "{\"event\":\"e\",\"event_id\":\"1\"}";

    for (size_t i = 0; i < IX_COUNT(times); i++) {
        struct ix_bytes parts[] = { { times[i], strlen(times[i]) }, { ".", 1 }, { body, sizeof body - 1 } };
        struct ix_buf b;
        uint8_t mac[32];

        cr_assert_eq(ix_hmac(IX_SHA256, (struct ix_bytes){ "k", 1 }, parts, 3, mac), 0);
        ix_buf_init(&b, 4096);
        ix_buf_fmt(&b, "X-IRISX-Timestamp: %s\nX-IRISX-Signature: ", times[i]);
        ix_buf_hex(&b, mac, sizeof mac);
        ix_buf_u8(&b, 0);
        cr_expect_eq(check(IX_WEBHOOK_A, "k", A_MS, (const char *) b.p, body, NULL), IRISX_E_PROTOCOL, "%s", times[i]);
        ix_buf_clear(&b);
    }
}

/* ---- the body counts, not the headers ---------------------------------------------------- */
Test(webhook, what_the_signed_body_says_wins_over_the_headers)
{
    static const char body[] = "{\"event\":\"body.event\",\"event_id\":\"body-id\"}";
    struct ix_webhook_delivery d;

    cr_assert_eq(round_trip(IX_WEBHOOK_A, body, A_MS, A_MS, &d), 0);
    cr_expect_str_eq(d.event, "body.event");
    cr_expect_str_eq(d.id, "body-id");
    ix_webhook_delivery_clear(&d);
}

/* With the id of the header, one captured delivery could be delivered again under any number of ids. */
Test(webhook, the_id_of_a_body_without_one_is_its_digest_and_no_header)
{
    static const char body[] = "{\"event\":\"e\",\"data\":1}";
    struct ix_bytes all = { body, sizeof body - 1 };
    struct ix_webhook_delivery d[3];
    uint8_t hash[32], told[32];
    struct ix_buf b;

    ix_buf_init(&b, 4096);
    cr_assert_eq(ix_webhook_sign(IX_WEBHOOK_A, IX_STR("k"), "e", "another", A_MS, body, sizeof body - 1, &b), 0);
    ix_buf_u8(&b, 0);
    cr_assert_eq(check(IX_WEBHOOK_A, "k", A_MS, (const char *) b.p, body, &d[0]), 0);
    cr_assert_eq(round_trip(IX_WEBHOOK_A, body, A_MS + 5000, A_MS, &d[1]), 0, "a later attempt");
    cr_assert_eq(round_trip(IX_WEBHOOK_A, "{\"event\":\"e\",\"data\":2}", A_MS, A_MS, &d[2]), 0);
    cr_expect_str_eq(d[0].id, d[1].id);
    cr_expect_str_neq(d[0].id, d[2].id);
    cr_assert_eq(ix_digest(IX_SHA256, &all, 1, hash), 0);
    cr_assert(ix_str_starts(ix_str(d[0].id), IX_STR("sha256:")));
    cr_assert_eq(ix_hex_decode(ix_str(d[0].id + 7), told, sizeof told), 0);
    cr_expect_arr_eq(hash, told, sizeof hash);
    for (size_t i = 0; i < 3; i++)
        ix_webhook_delivery_clear(&d[i]);
    ix_buf_clear(&b);
}

Test(webhook, the_event_of_a_body_without_one_comes_from_a_presentable_header)
{
    static const char body[] = "{\"event_id\":\"1\",\"event\":\"\"}";
    static const char *const bad[] = { "caf\xc3\xa9", "a b", "\x01", "\xff\xfe" };
    char longest[IX_WEBHOOK_EVENT_MAX + 2];
    struct ix_webhook_delivery d;
    struct ix_buf b;

    cr_assert_eq(round_trip(IX_WEBHOOK_A, body, A_MS, A_MS, &d), 0);
    cr_expect_str_eq(d.event, "header.event");
    ix_webhook_delivery_clear(&d);
    for (size_t i = 0; i < IX_COUNT(bad); i++) {
        struct ix_str lines = signed_headers(&b, IX_WEBHOOK_A, "k", bad[i], A_MS, body);

        cr_expect_eq(check(IX_WEBHOOK_A, "k", A_MS, lines.p, body, NULL), IRISX_E_PROTOCOL, "%s", bad[i]);
        ix_buf_clear(&b);
    }
    memset(longest, 'e', sizeof longest);
    longest[sizeof longest - 1] = 0;
    cr_expect_eq(
        check(IX_WEBHOOK_A, "k", A_MS, signed_headers(&b, IX_WEBHOOK_A, "k", longest, A_MS, body).p, body, NULL),
        IRISX_E_PROTOCOL);
    ix_buf_clear(&b);
    longest[sizeof longest - 2] = 0;
    cr_expect_eq(
        check(IX_WEBHOOK_A, "k", A_MS, signed_headers(&b, IX_WEBHOOK_A, "k", longest, A_MS, body).p, body, NULL), 0);
    ix_buf_clear(&b);
    cr_expect_eq(round_trip(IX_WEBHOOK_C, body, A_MS, A_MS, NULL), IRISX_E_PROTOCOL, "scheme C has no such header");
}

/* ---- forgeries --------------------------------------------------------------------------- */
Test(webhook, a_change_of_any_byte_of_the_body_is_seen)
{
    char body[] = A_BODY;

    for (size_t i = 0; i < sizeof body - 1; i++) {
        for (int bit = 0; bit < 8; bit++) {
            body[i] = (char) (body[i] ^ (1 << bit));
            cr_assert_eq(check_n(IX_WEBHOOK_A, &(struct ix_str){ A_SECRET, 64 }, 1, A_MS, A_HEADERS("sha256=" A_HEX),
                             body, sizeof body - 1, NULL),
                IRISX_E_SIGNATURE, "byte %zu bit %d", i, bit);
            body[i] = (char) (body[i] ^ (1 << bit));
        }
    }
    for (size_t n = 0; n < sizeof body - 1; n++)
        cr_assert_eq(
            check_n(IX_WEBHOOK_A, &(struct ix_str){ A_SECRET, 64 }, 1, A_MS, A_HEADERS("sha256=" A_HEX), body, n, NULL),
            IRISX_E_SIGNATURE, "cut at %zu", n);
}

Test(webhook, a_change_of_any_byte_of_signature_or_time_is_seen)
{
    char text[] = A_HEADERS("sha256=" A_HEX);
    char *spans[] = { strstr(text, A_HEX), strstr(text, A_TIME "\r\nx-irisx-sig") };
    size_t lengths[] = { strlen(A_HEX), strlen(A_TIME) };

    for (size_t s = 0; s < 2; s++)
        for (size_t i = 0; i < lengths[s]; i++) {
            char was = spans[s][i];

            spans[s][i] = was == '7' ? '8' : '7';
            cr_assert_eq(check_a(text, A_BODY), IRISX_E_SIGNATURE, "span %zu at %zu", s, i);
            spans[s][i] = was;
        }
    cr_assert_eq(check_a(text, A_BODY), 0);
}

Test(webhook, missing_and_empty_headers_are_no_signature)
{
    static const char *const lines[] = { "", "\r\n", "x-irisx-timestamp: " A_TIME "\n",
        "x-irisx-signature: " A_HEX "\n", "x-irisx-signature:\nx-irisx-timestamp: " A_TIME "\n",
        "x-irisx-signature: " A_HEX "\nx-irisx-timestamp:  \n", "x-irisx-signature\nx-irisx-timestamp\n",
        "x-irisx-signature: sha256=\nx-irisx-timestamp: " A_TIME "\n",
        "x-tazzi-signature: " A_HEX "\nx-irisx-timestamp: " A_TIME "\n" };

    for (size_t i = 0; i < IX_COUNT(lines); i++) {
        cr_expect_eq(check_a(lines[i], A_BODY), IRISX_E_SIGNATURE, "%s", lines[i]);
        cr_expect_not_null(why);
    }
}

Test(webhook, of_a_header_that_comes_twice_the_first_counts)
{
    cr_expect_eq(check_a("x-irisx-signature: 00\n" A_HEADERS(A_HEX), A_BODY), IRISX_E_SIGNATURE);
    cr_expect_eq(check_a(A_HEADERS(A_HEX) "x-irisx-signature: 00\nx-irisx-timestamp: 1\n", A_BODY), 0);
    cr_expect_eq(check_a("x-irisx-timestamp: 1\n" A_HEADERS(A_HEX), A_BODY), IRISX_E_SIGNATURE);
}

Test(webhook, signatures_may_be_upper_case_and_with_or_without_their_prefix)
{
    static const char *const good[] = { A_HEX, "sha256=" A_HEX, "SHA256=" A_HEX, " \t sha256=" A_HEX " \t",
        "sha256=4D95DE74401F9E40B212A6E056B46019F4F8710181967A8F48BE8A868AE7420C",
        "4D95DE74401F9E40B212A6E056B46019F4F8710181967A8F48BE8A868AE7420C" };
    static const char *const bad[] = { "sha1=" A_HEX, "sha256=sha256=" A_HEX, "sha256= " A_HEX, A_HEX "00", A_HEX "0",
        "sha256=" A_HEX ",v1=" A_HEX, "\"" A_HEX "\"", "4d95",
        "zz95de74401f9e40b212a6e056b46019f4f8710181967a8f48be8a868ae7420c" };
    char text[512];

    for (size_t i = 0; i < IX_COUNT(good); i++) {
        (void) snprintf(text, sizeof text, "X-IRISX-SIGNATURE: %s\nX-Irisx-Timestamp: %s\n", good[i], A_TIME);
        cr_expect_eq(check_a(text, A_BODY), 0, "%s", good[i]);
    }
    for (size_t i = 0; i < IX_COUNT(bad); i++) {
        (void) snprintf(text, sizeof text, "X-IRISX-SIGNATURE: %s\nX-Irisx-Timestamp: %s\n", bad[i], A_TIME);
        cr_expect_eq(check_a(text, A_BODY), IRISX_E_SIGNATURE, "%s", bad[i]);
    }
}

/* ---- signed, and still no delivery ------------------------------------------------------- */
Test(webhook, signed_bodies_that_are_no_json_object_are_refused)
{
    static const char *const bodies[] = { "", " ", "null", "1", "\"event\"", "[]",
        "[{\"event\":\"e\",\"event_id\":\"1\"}]", "{\"event\":\"e\"", "{\"event\":\"e\",}",
        "{\"event\":\"e\",\"event\":\"f\"}", "{\"event\":\"\xff\"}", "{\"event\":\"e\"} {}", "event=e&event_id=1",
        "<xml/>", "{\"event\":\"a\\u0000b\"}" };

    for (size_t i = 0; i < IX_COUNT(bodies); i++)
        cr_expect_eq(round_trip(IX_WEBHOOK_A, bodies[i], A_MS, A_MS, NULL), IRISX_E_PROTOCOL, "%s", bodies[i]);
}

Test(webhook, a_body_with_a_nul_behind_it_is_refused)
{
    static const char body[] = "{\"event\":\"e\",\"event_id\":\"1\"}\0";
    struct ix_str k = IX_STR("k");
    struct ix_buf b;

    ix_buf_init(&b, 4096);
    cr_assert_eq(ix_webhook_sign(IX_WEBHOOK_A, k, "e", "1", A_MS, body, sizeof body, &b), 0);
    ix_buf_u8(&b, 0);
    cr_expect_eq(check_n(IX_WEBHOOK_A, &k, 1, A_MS, (const char *) b.p, body, sizeof body, NULL), IRISX_E_PROTOCOL);
    ix_buf_clear(&b);
}

static int nested(size_t depth)
{
    struct ix_str k = IX_STR("k");
    struct ix_buf body, b;
    int err;

    ix_buf_init(&body, 1 << 20);
    ix_buf_str(&body, "{\"event\":\"e\",\"event_id\":\"1\",\"d\":");
    for (size_t i = 0; i < depth; i++)
        ix_buf_str(&body, "[");
    for (size_t i = 0; i < depth; i++)
        ix_buf_str(&body, "]");
    ix_buf_str(&body, "}");
    ix_buf_init(&b, 4096);
    cr_assert_eq(ix_webhook_sign(IX_WEBHOOK_A, k, "e", "1", A_MS, body.p, body.n, &b), 0);
    ix_buf_u8(&b, 0);
    err = check_n(IX_WEBHOOK_A, &k, 1, A_MS, (const char *) b.p, body.p, body.n, NULL);
    ix_buf_clear(&b);
    ix_buf_clear(&body);
    return err;
}

Test(webhook, deep_bodies_are_refused_and_not_recursed_into)
{
    cr_expect_eq(nested(IX_JSON_MAX_DEPTH - 1), 0);
    cr_expect_eq(nested(IX_JSON_MAX_DEPTH), IRISX_E_PROTOCOL);
    cr_expect_eq(nested(400000), IRISX_E_PROTOCOL);
}

Test(webhook, a_body_of_a_mebibyte_is_taken_and_its_last_byte_is_signed)
{
    const size_t size = (size_t) 1 << 20;
    struct ix_webhook_delivery d;
    struct ix_str k = IX_STR("k");
    struct ix_buf body, b;

    ix_buf_init(&body, size);
    ix_buf_str(&body, "{\"event\":\"e\",\"event_id\":\"1\",\"text\":\"");
    while (body.n < size - 2)
        ix_buf_u8(&body, 'x');
    ix_buf_str(&body, "\"}");
    cr_assert_eq(body.n, size);
    ix_buf_init(&b, 4096);
    cr_assert_eq(ix_webhook_sign(IX_WEBHOOK_A, k, "e", "1", A_MS, body.p, body.n, &b), 0);
    ix_buf_u8(&b, 0);
    cr_assert_eq(check_n(IX_WEBHOOK_A, &k, 1, A_MS, (const char *) b.p, body.p, body.n, &d), 0);
    cr_expect_eq(strlen(irisx_value_get_text(d.body, "text", "")), size - 38);
    ix_webhook_delivery_clear(&d);
    body.p[size - 3] = 'y';
    cr_expect_eq(check_n(IX_WEBHOOK_A, &k, 1, A_MS, (const char *) b.p, body.p, body.n, NULL), IRISX_E_SIGNATURE);
    ix_buf_clear(&b);
    ix_buf_clear(&body);
}

/* The outcome is written on success only. */
Test(webhook, a_refused_delivery_leaves_the_output_alone)
{
    struct ix_webhook_delivery d = { .timestamp_ms = 7 };

    cr_assert_eq(check(IX_WEBHOOK_A, A_SECRET, A_MS + 300001, A_HEADERS(A_HEX), A_BODY, &d), IRISX_E_EXPIRED);
    cr_expect_eq(d.timestamp_ms, 7);
    cr_expect_null(d.body);
}

/* ---- the sender's side ------------------------------------------------------------------- */
Test(webhook, signs_the_captured_delivery_as_the_platform_did)
{
    struct ix_buf b;

    ix_buf_init(&b, 4096);
    cr_assert_eq(ix_webhook_sign(IX_WEBHOOK_A, IX_STR(A_SECRET), "call.completed", "test_1795166926742", A_MS + 742,
                     A_BODY, strlen(A_BODY), &b),
        0);
    ix_buf_u8(&b, 0);
    cr_expect_str_eq((const char *) b.p,
        "X-IRISX-Signature: sha256=" A_HEX "\r\nX-IRISX-Timestamp: " A_TIME
        "\r\nX-IRISX-Event: call.completed\r\nX-IRISX-Event-ID: test_1795166926742\r\n");
    ix_buf_reset(&b);
    cr_assert_eq(
        ix_webhook_sign(IX_WEBHOOK_B, IX_STR(B_SECRET), "webhook.test", "x", B_MS, B_BODY, strlen(B_BODY), &b), 0);
    ix_buf_u8(&b, 0);
    cr_expect_str_eq((const char *) b.p,
        "X-Webhook-Signature: sha256=" B_HEX
        "\r\nX-Webhook-Timestamp: 2026-11-20T09:22:31.816Z\r\nX-Webhook-Event: webhook.test\r\n");
    ix_buf_clear(&b);
}

Test(webhook, does_not_sign_what_would_break_the_headers)
{
    struct ix_buf b;

    ix_buf_init(&b, 4096);
    cr_expect_eq(ix_webhook_sign(IX_WEBHOOK_A, IX_STR("k"), "a\r\nX-Evil: 1", "1", A_MS, "{}", 2, &b), IRISX_E_INVALID);
    cr_expect_eq(ix_webhook_sign(IX_WEBHOOK_A, IX_STR("k"), "a", "1\n", A_MS, "{}", 2, &b), IRISX_E_INVALID);
    cr_expect_eq(ix_webhook_sign(IX_WEBHOOK_A, IX_STR("k"), "a", "1", -1, "{}", 2, &b), IRISX_E_INVALID);
    cr_expect_eq(ix_webhook_sign(IX_WEBHOOK_A, IX_STR("k"), "a", "1", INT64_MAX, "{}", 2, &b), IRISX_E_INVALID);
    cr_expect_eq(b.n, 0);
    ix_buf_clear(&b);
}

/* ---- out of memory ----------------------------------------------------------------------- */
static int with_and_without_id(void *arg)
{
    static const char *const bodies[] = { A_BODY, "{\"event\":\"e\",\"list\":[1,2,{\"a\":\"b\"}]}" };
    struct ix_str k = IX_STR("k");
    int err = 0;

    (void) arg;
    for (size_t i = 0; !err && i < IX_COUNT(bodies); i++) {
        struct ix_webhook_delivery d = { 0 };
        struct ix_buf b;

        ix_buf_init(&b, 4096);
        err = ix_webhook_sign(IX_WEBHOOK_A, k, "e", "1", A_MS, bodies[i], strlen(bodies[i]), &b);
        ix_buf_u8(&b, 0);
        err = err ? err : b.err;
        if (!err)
            err = check_n(IX_WEBHOOK_A, &k, 1, A_MS, (const char *) b.p, bodies[i], strlen(bodies[i]), &d);
        ix_webhook_delivery_clear(&d);
        ix_buf_clear(&b);
    }
    return err;
}

Test(webhook, survives_any_failed_allocation)
{
    cr_assert_eq(oom_run(with_and_without_id, NULL), 0);
}
