/* SPDX-License-Identifier: MIT */
/*
 * Every operation of the contract, once through its typed function and once by its id, against a recording server: the
 * request compared byte for byte with what the contract says, the answer read back member by member; then as the
 * deployed platform answers: ids as numbers, decimals as numbers, nulls, missing members, unknown ones. The cases come
 * from tests/support/api_cases.py, which reads the OpenAPI files.
 */
#include "typed.h"

#include <irisx/rest.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catcher.h"

#define KEY "irisx_live_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
/* {"iat":1795166288,"exp":4102444800} */
#define TOKEN "eyJh.eyJpYXQiOjE3OTUxNjYyODgsImV4cCI6NDEwMjQ0NDgwMH0.aaa"
#define STAFF "eyJh.eyJpYXQiOjE3OTUxNjYyODgsImV4cCI6NDEwMjQ0NDgwMH0.staff"
#define WAIT_MS 20000

static struct catcher *server;
static irisx_client_t *client;
static irisx_value_t **cases;
static size_t case_count;
static unsigned wrong, requests;
static const char *server_host;
static char differences[8192]; /* the first of them */

/* ---- what differs ------------------------------------------------------------------------ */
static void differs(const irisx_value_t *k, const char *how, const char *what, const char *want, const char *have)
{
    size_t n = strlen(differences);

    wrong++;
    (void) snprintf(differences + n, sizeof differences - n, "\n%s %s: %s\n   want %.400s\n   have %.400s",
        irisx_value_get_text(k, "id", "?"), how, what, want, have != NULL ? have : "(none)"); /* full: enough of them */
}

static void same(const irisx_value_t *k, const char *how, const char *what, const char *want, const char *have)
{
    if (have == NULL || strcmp(want, have) != 0)
        differs(k, how, what, want, have);
}

/* ---- the request ------------------------------------------------------------------------- */
static size_t base64(const char *text, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = 0;
    unsigned bits = 0, held = 0;

    for (; *text != '\0' && *text != '='; text++) {
        bits = bits << 6 | (unsigned) (strchr(digits, *text) - digits);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[n++] = (char) (bits >> held & 0xFF);
        }
    }
    out[n] = '\0';
    return n;
}

/* the template has BOUNDARY where the boundary stands */
static size_t with_boundary(char **text, size_t n, const char *boundary)
{
    size_t len = strlen(boundary), used = 0;
    char *out = malloc(n + 1 + 64 * len);

    for (size_t i = 0; i < n;) {
        if (n - i >= 8 && memcmp(*text + i, "BOUNDARY", 8) == 0) {
            memcpy(out + used, boundary, len);
            used += len;
            i += 8;
        } else {
            out[used++] = (*text)[i++];
        }
    }
    out[used] = '\0';
    free(*text);
    *text = out;
    return used;
}

static void check_body(const irisx_value_t *k, const char *how, const irisx_value_t *want, const struct caught *have)
{
    const char *coded = irisx_value_get_text(want, "body", NULL), *type = irisx_value_get_text(want, "type", NULL);
    char *text = malloc(coded != NULL ? strlen(coded) + 1 : 1), *sent = catcher_header(have, "Content-Type");
    size_t n = coded != NULL ? base64(coded, text) : 0;
    const char *boundary = sent != NULL ? strstr(sent, "boundary=") : NULL;

    if (type != NULL && strcmp(type, "multipart/form-data") == 0) {
        if (boundary == NULL || strncmp(sent, type, strlen(type)) != 0)
            differs(k, how, "Content-Type", type, sent);
        else
            n = with_boundary(&text, n, boundary + 9);
    } else if (type != NULL) {
        same(k, how, "Content-Type", type, sent);
    } else if (sent != NULL) {
        differs(k, how, "Content-Type", "(none)", sent);
    }
    if (n != have->body_len || memcmp(text, have->body, n) != 0)
        differs(k, how, "body", n > 0 ? text : "(none)", have->body_len > 0 ? have->body : NULL);
    free(text);
    free(sent);
}

/* ---- headers: each that is expected once, and no other ---------------------------------- */
#define HEADERS_MAX 24
struct wanted {
    const char *name, *value; /* NULL: any */
    bool seen;
};

static void want(struct wanted *all, size_t *n, const char *name, const char *value)
{
    cr_assert_lt(*n, HEADERS_MAX);
    all[(*n)++] = (struct wanted){ name, value, false };
}

/* Where either will do both go: the platform as deployed takes a key nowhere (WIRE.md 4.1). */
static void want_credential(struct wanted *all, size_t *n, const char *auth)
{
    if (strcmp(auth, "key") == 0 || strcmp(auth, "key_or_jwt") == 0)
        want(all, n, "X-API-Key", KEY);
    if (strcmp(auth, "key") != 0 && strcmp(auth, "none") != 0)
        want(all, n, "Authorization", strcmp(auth, "admin") == 0 ? "Bearer " STAFF : "Bearer " TOKEN);
}

static void one_header(
    const irisx_value_t *k, const char *how, const char *line, size_t len, struct wanted *all, size_t n)
{
    char text[4096];

    (void) snprintf(text, sizeof text, "%.*s", (int) len, line);
    char *value = strstr(text, ": ");
    if (value != NULL)
        *value = '\0';
    for (size_t i = 0; value != NULL && i < n; i++) {
        if (all[i].seen || strcasecmp(all[i].name, text) != 0)
            continue;
        all[i].seen = true;
        if (all[i].value != NULL)
            same(k, how, all[i].name, all[i].value, value + 2);
        return;
    }
    differs(k, how, "headers", "(nothing but what is expected)", text);
}

static void compare_headers(
    const irisx_value_t *k, const char *how, const struct caught *have, struct wanted *all, size_t n)
{
    for (const char *line = strstr(have->head, "\r\n") + 2; *line != '\r' && *line != '\0';
         line = strstr(line, "\r\n") + 2)
        one_header(k, how, line, strcspn(line, "\r"), all, n);
    for (size_t i = 0; i < n; i++)
        if (!all[i].seen)
            differs(k, how, "headers", all[i].name, NULL);
}

/* the body and its type are looked at by check_body; a key goes with what cannot be repeated, and only with that */
static void check_headers(
    const irisx_value_t *k, const char *how, const irisx_value_t *expected, const struct caught *have)
{
    const irisx_value_t *own = irisx_value_get(expected, "headers");
    struct wanted all[HEADERS_MAX];
    size_t n = 0;
    char length[24], agent[64];

    (void) snprintf(agent, sizeof agent, "libirisx-client/%s", irisx_version());
    want(all, &n, "Host", server_host);
    want(all, &n, "User-Agent", agent);
    if (strcmp(irisx_value_get_text(k, "accept", ""), "application/json") == 0) /* bytes are wanted as they are */
        want(all, &n, "Accept-Encoding", "gzip, br");
    want(all, &n, "Accept", irisx_value_get_text(k, "accept", ""));
    for (const char *name = irisx_value_next_key(own, NULL); name != NULL; name = irisx_value_next_key(own, name))
        want(all, &n, name, irisx_value_get_text(own, name, ""));
    want_credential(all, &n, irisx_value_get_text(k, "auth", ""));
    if (strcmp(irisx_value_get_text(k, "retry", ""), "unsafe") == 0)
        want(all, &n, "Idempotency-Key", NULL);
    if (irisx_value_get_text(expected, "type", NULL) != NULL) {
        (void) snprintf(length, sizeof length, "%zu", have->body_len);
        want(all, &n, "Content-Type", NULL);
        want(all, &n, "Content-Length", length);
    }
    compare_headers(k, how, have, all, n);
}

static void check_request(const irisx_value_t *k, const char *how, const char *mode)
{
    const irisx_value_t *expected = irisx_value_get(irisx_value_get(k, "requests"), mode);
    struct caught have = catcher_last(server);
    char line[16384];
    char *sent = strndup(have.head, strcspn(have.head, "\r"));

    (void) snprintf(line, sizeof line, "%s %s HTTP/1.1", irisx_value_get_text(k, "method", ""),
        irisx_value_get_text(expected, "target", ""));
    same(k, how, "request line", line, sent);
    free(sent);
    check_body(k, how, expected, &have);
    check_headers(k, how, expected, &have);
    if (have.count != requests + 1)
        differs(k, how, "requests", "one", have.count > requests ? "several" : "none");
    requests = have.count;
}

/* ---- the answer -------------------------------------------------------------------------- */
static void set_answer(const irisx_value_t *k, const irisx_value_t *answer)
{
    int status = (int) irisx_value_get_int(k, "status", 200);
    const char *body = irisx_value_get_text(answer, "body", "");

    catcher_set(server, &(struct answer){ .status = status,
                            .media = irisx_value_get_text(k, "media", ""),
                            .location = status >= 300 ? "https://elsewhere.test/x?a=1" : NULL,
                            .body = body,
                            .len = strlen(body) });
}

static void check_content(const irisx_value_t *k, const char *how, const irisx_value_t *answer, const irisx_op_t *op)
{
    const irisx_api_content_t *c = irisx_api_content(op);

    if (c == NULL) {
        differs(k, how, "content", "some", NULL);
        return;
    }
    same(k, how, "bytes", irisx_value_get_text(answer, "body", ""), c->data);
    same(k, how, "content type", irisx_value_get_text(k, "media", ""), c->content_type);
    if (irisx_value_get_int(k, "status", 0) >= 300)
        same(k, how, "location", "https://elsewhere.test/x?a=1", c->location);
    if (c->status != irisx_value_get_int(k, "status", 0))
        differs(k, how, "status", "that of the contract", "another");
}

/* ends as it should; true if there is a result to look at */
static bool ended(const irisx_value_t *k, const char *how, const irisx_value_t *answer, irisx_op_t *op)
{
    irisx_error_t err = irisx_op_wait(op, WAIT_MS);
    const irisx_error_info_t *e = irisx_op_error(op);
    const char *reason = irisx_value_get_text(answer, "reason", NULL);

    if (err != IRISX_OK && reason != NULL) {
        same(k, how, "reason", reason, e->reason);
        return false;
    }
    if (err != IRISX_OK)
        differs(k, how, "outcome", "well", e != NULL ? e->message : "no end");
    return err == IRISX_OK;
}

/* ---- one operation ----------------------------------------------------------------------- */
static int by_number(const void *a, const void *b)
{
    const struct typed *x = a, *y = b;

    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return x->variant < y->variant ? -1 : x->variant > y->variant;
}

static const struct typed *typed_of(uint32_t number, uint32_t variant)
{
    const struct {
        const struct typed *rows;
        size_t count;
    } parts[] = { { typed_0, typed_0_count }, { typed_1, typed_1_count }, { typed_2, typed_2_count },
        { typed_3, typed_3_count } };
    const struct typed wanted = { .number = number, .variant = variant };

    for (size_t i = 0; i < 4; i++) {
        const struct typed *t = bsearch(&wanted, parts[i].rows, parts[i].count, sizeof *t, by_number);
        if (t != NULL)
            return t;
    }
    cr_assert_fail("operation %u has no typed function", (unsigned) number);
    return NULL;
}

static enum mode mode_of(const char *name)
{
    return strcmp(name, "full") == 0 ? MODE_FULL : strcmp(name, "null") == 0 ? MODE_NULL : MODE_REQUIRED;
}

static void one_typed(const irisx_value_t *k, const irisx_value_t *answer)
{
    const struct typed *t =
        typed_of((uint32_t) irisx_value_get_int(k, "number", 0), (uint32_t) irisx_value_get_int(k, "variant", 0));
    const char *mode = irisx_value_get_text(answer, "mode", ""), *how = irisx_value_get_text(answer, "variant", "");
    struct bag bag = { .count = 0 };
    struct out out = { .text = calloc(1, 4096), .room = 4096 };
    irisx_op_t *op = NULL;

    set_answer(k, answer);
    irisx_error_t err = t->send(client, mode_of(mode), &bag, &op);
    cr_assert_eq(err, IRISX_OK, "%s: %s", irisx_value_get_text(k, "id", ""), irisx_error_name(err));
    bool well = ended(k, how, answer, op);
    check_request(k, how, mode);
    if (well && irisx_value_get_bool(k, "content", 0))
        check_content(k, how, answer, op);
    else if (well && t->read(op, &out))
        same(k, how, "result", irisx_value_get_text(answer, "read", ""), out.text);
    else if (well)
        differs(k, how, "result", "some", NULL);
    for (size_t i = 0; i < bag.count; i++)
        irisx_value_free(bag.values[i]);
    free(out.text);
    irisx_op_unref(op);
}

static void one_dynamic(const irisx_value_t *k)
{
    static const irisx_upload_t upload = { .data = "raw \0 bytes", .len = 11 };
    const irisx_value_t *answer = irisx_value_at(irisx_value_get(k, "answers"), 0);
    irisx_api_options_t o = IRISX_API_OPTIONS_INIT;
    irisx_value_t *want = NULL;
    irisx_op_t *op = NULL;

    o.upload = irisx_value_get_bool(k, "raw", 0) ? &upload : NULL;
    set_answer(k, answer);
    irisx_error_t err =
        irisx_api_call_text(client, irisx_value_get_text(k, "id", ""), irisx_value_get_text(k, "dynamic", ""), &o, &op);
    cr_assert_eq(err, IRISX_OK, "%s: %s", irisx_value_get_text(k, "id", ""), irisx_error_name(err));
    bool well = ended(k, "dynamic", answer, op);
    check_request(k, "dynamic", "full");
    if (well && irisx_value_get_bool(k, "content", 0)) {
        check_content(k, "dynamic", answer, op);
    } else if (well) {
        const char *body = irisx_value_get_text(answer, "body", "");
        cr_assert_eq(irisx_value_parse(body, strlen(body), &want, NULL), IRISX_OK);
        if (!irisx_value_equal(want, irisx_op_value(op)))
            differs(k, "dynamic", "answer", body, "something else");
    }
    irisx_value_free(want);
    irisx_op_unref(op);
}

/* ---- all of them ------------------------------------------------------------------------- */
static void load(void)
{
    const char *path = getenv("API_CASES");
    FILE *f = path != NULL ? fopen(path, "r") : NULL;
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    cr_assert_not_null(f, "API_CASES names the cases");
    while ((n = getline(&line, &room, f)) > 0) {
        cases = realloc(cases, (case_count + 1) * sizeof *cases);
        cr_assert_eq(irisx_value_parse(line, (size_t) n, &cases[case_count], NULL), IRISX_OK);
        case_count++;
    }
    free(line);
    (void) fclose(f);
}

static void staff(void)
{
    static const char body[] = "{\"success\":true,\"token\":\"" STAFF "\",\"admin\":{\"id\":\"1\"}}";
    irisx_op_t *op = NULL;

    catcher_set(server, &(struct answer){ 200, "application/json", NULL, body, sizeof body - 1 });
    cr_assert_eq(irisx_client_login_admin(client, "staff@irisx.test", "PASSWORD", &op), IRISX_OK);
    cr_assert_eq(irisx_op_wait(op, WAIT_MS), IRISX_OK, "%s", irisx_op_error(op)->message);
    irisx_op_unref(op);
    requests = catcher_last(server).count;
}

static void begin(void)
{
    irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;
    static char url[64];

    load();
    server = catcher_start(url);
    server_host = url + strlen("http://");
    o.api_url = url;
    o.api_key = KEY;
    o.event_queue_limit = 16; /* nobody pulls: ops are waited for */
    cr_assert_eq(irisx_client_new(&o, &client), IRISX_OK);
    cr_assert_eq(irisx_client_set_tokens(client, TOKEN, NULL), IRISX_OK);
    staff();
}

static void end(void)
{
    (void) irisx_client_close(client, 0);
    irisx_client_unref(client);
    catcher_stop(server);
    for (size_t i = 0; i < case_count; i++)
        irisx_value_free(cases[i]);
    free(cases);
}

TestSuite(operations, .init = begin, .fini = end, .timeout = 120);

Test(operations, the_contract_has_all_of_them)
{
    cr_assert_geq(case_count, 1615 + 9); /* one of them has ten bodies */
}

Test(operations, typed_requests_and_results_are_what_the_contract_says)
{
    for (size_t i = 0; i < case_count; i++)
        one_typed(cases[i], irisx_value_at(irisx_value_get(cases[i], "answers"), 0));
    cr_assert_eq(wrong, 0, "%u differences:%s", wrong, differences);
}

Test(operations, dynamic_requests_are_the_same_bytes)
{
    for (size_t i = 0; i < case_count; i++)
        one_dynamic(cases[i]);
    cr_assert_eq(wrong, 0, "%u differences:%s", wrong, differences);
}

Test(operations, answers_of_the_deployed_platform_are_read_all_the_same)
{
    for (size_t i = 0; i < case_count; i++) {
        const irisx_value_t *answers = irisx_value_get(cases[i], "answers");
        for (size_t a = 1; a < irisx_value_count(answers); a++)
            one_typed(cases[i], irisx_value_at(answers, a));
    }
    cr_assert_eq(wrong, 0, "%u differences:%s", wrong, differences);
}
