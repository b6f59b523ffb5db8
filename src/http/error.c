/* SPDX-License-Identifier: MIT */
/*
 * One error object out of thirteen shapes (contract WIRE.md section 5). `error` may be text, an object or missing,
 * `message` a sentence or missing, `details` an array of zod issues, a text or missing, and anything may stand beside.
 */
#include "http/http.h"

#include <stdio.h>
#include <string.h>

#include "json/json.h"

#define MAX_BODY ((size_t) 1 << 20) /* of an error; what is longer is not read */
#define MAX_MESSAGE 1024
#define MAX_DETAIL 16384
#define MAX_DETAILS 64

enum { OWN_MESSAGE = 0, OWN_REASON = 1, OWN_DETAIL = 2, OWN_REQUEST_ID = 3 };

void ix_http_error_clear(struct ix_http_error *e)
{
    if (e == NULL)
        return;
    for (size_t i = 0; i < IX_COUNT(e->owned); i++)
        ix_free(e->owned[i]);
    *e = (struct ix_http_error){ 0 };
}

void ix_http_error_move(struct ix_http_error *to, struct ix_http_error *from)
{
    *to = *from;
    *from = (struct ix_http_error){ 0 };
}

static const char *own(struct ix_http_error *e, size_t slot, char *text)
{
    ix_free(e->owned[slot]);
    e->owned[slot] = text;
    return text;
}

static void begin(struct ix_http_error *e, irisx_error_t code, irisx_error_domain_t domain, int status)
{
    ix_http_error_clear(e);
    e->info.code = code;
    e->info.domain = domain;
    e->info.status = status;
    e->info.message = ix_error_text(code);
}

/* Control characters become spaces; cut at the end of a character. Takes b; false without memory. */
static bool finish_message(struct ix_http_error *e, struct ix_buf *b)
{
    size_t n = IX_MIN(b->n, MAX_MESSAGE - 1);

    if (b->err == 0 && n < b->n)
        while (n > 0 && (b->p[n] & 0xc0) == 0x80)
            n--;
    for (size_t i = 0; b->err == 0 && i < n; i++)
        if (b->p[i] < 0x20 || b->p[i] == 0x7f)
            b->p[i] = ' ';
    char *text = b->err == 0 ? ix_dup_mem(b->p != NULL ? (const char *) b->p : "", n) : NULL;
    ix_buf_clear(b);
    if (text != NULL)
        e->info.message = own(e, OWN_MESSAGE, text);
    return text != NULL;
}

void ix_http_error_set(
    struct ix_http_error *e, irisx_error_t code, irisx_error_domain_t domain, const char *reason, const char *fmt, ...)
{
    struct ix_buf b;
    va_list args;
    char line[MAX_MESSAGE];

    begin(e, code, domain, 0);
    va_start(args, fmt);
    (void) vsnprintf(line, sizeof line, fmt, args); /* cut where it does not fit */
    va_end(args);
    ix_buf_init(&b, sizeof line);
    ix_buf_str(&b, line);
    (void) finish_message(e, &b); /* without memory the code's own sentence stays */
    if (reason != NULL)
        e->info.reason = own(e, OWN_REASON, ix_dup_cstr(reason));
}

void ix_http_error_reword(struct ix_http_error *e, irisx_error_t code, const char *fmt, ...)
{
    char line[MAX_MESSAGE];
    struct ix_buf b;
    va_list args;

    va_start(args, fmt);
    (void) vsnprintf(line, sizeof line, fmt, args); /* cut where it does not fit */
    va_end(args);
    ix_buf_init(&b, sizeof line);
    ix_buf_str(&b, line);
    e->info.code = code;
    if (!finish_message(e, &b)) /* without memory the code's own sentence */
        e->info.message = ix_error_text(code);
}

/* ---- the answer's members ---------------------------------------------------------------- */

static bool is_text(const irisx_value_t *v)
{
    return irisx_value_type(v) == IRISX_VALUE_TEXT && irisx_value_text(v, "")[0] != '\0';
}

/* E7: the route itself is unknown, not the thing asked for */
static bool is_unknown_route(const irisx_value_t *root)
{
    return is_text(irisx_value_get(root, "path")) && irisx_value_get(root, "code") == NULL &&
           irisx_value_get(root, "details") == NULL;
}

static bool says(const irisx_value_t *root, const char *words)
{
    return strstr(irisx_value_get_text(root, "error", ""), words) != NULL ||
           strstr(irisx_value_get_text(root, "message", ""), words) != NULL;
}

/*
 * 400 and 500 mean more than they say (WIRE.md section 5): a thing that is not there on PUT and DELETE, a name or
 * number that is taken. Where fields are named, those are what is wrong.
 */
static irisx_error_t code_of_words(const irisx_value_t *root)
{
    if (irisx_value_get(root, "details") != NULL)
        return IRISX_OK;
    if (says(root, "duplicate key value") || says(root, "already exists"))
        return IRISX_E_CONFLICT;
    return says(root, " not found") ? IRISX_E_NOT_FOUND : IRISX_OK;
}

static irisx_error_t code_of(int status, const irisx_value_t *root)
{
    irisx_error_t meant = status == 400 || status == 500 ? code_of_words(root) : IRISX_OK;

    if (meant == IRISX_E_CONFLICT || (meant != IRISX_OK && status == 400))
        return meant;
    switch (status) {
    case 401:
        return IRISX_E_AUTH;
    case 402:
    case 403:
        return IRISX_E_FORBIDDEN;
    case 404:
    case 410:
        return is_unknown_route(root) ? IRISX_E_NOT_AVAILABLE : IRISX_E_NOT_FOUND;
    case 405:
    case 501:
        return IRISX_E_NOT_AVAILABLE;
    case 408:
        return IRISX_E_TIMEOUT;
    case 409:
        return IRISX_E_CONFLICT;
    case 413:
        return IRISX_E_TOO_LARGE;
    case 429:
        return IRISX_E_RATE_LIMITED;
    default:
        break;
    }
    if (status >= 300 && status < 400)
        return IRISX_E_PROTOCOL;
    return status >= 500 ? IRISX_E_SERVER : IRISX_E_HTTP;
}

/* the zod issues, wherever they are: details, error.issues, error itself, issues */
static const irisx_value_t *issues_of(const irisx_value_t *root)
{
    const irisx_value_t *places[] = { irisx_value_get(root, "details"), ix_json_path(root, "error.issues"),
        ix_json_path(root, "error.details"), irisx_value_get(root, "error"), irisx_value_get(root, "issues"),
        irisx_value_get(root, "errors") };

    for (size_t i = 0; i < IX_COUNT(places); i++)
        if (irisx_value_type(places[i]) == IRISX_VALUE_ARRAY && irisx_value_count(places[i]) > 0)
            return places[i];
    return NULL;
}

/* ["buttons", 0, "text"] → buttons.0.text; a text is taken as it is */
static void write_path(struct ix_buf *b, const irisx_value_t *path)
{
    ix_buf_strv(b, ix_json_str(path));
    for (size_t i = 0; i < irisx_value_count(path); i++) {
        const irisx_value_t *step = irisx_value_at(path, i);
        if (i > 0)
            ix_buf_u8(b, '.');
        if (irisx_value_type(step) == IRISX_VALUE_TEXT)
            ix_buf_strv(b, ix_json_str(step));
        else if (irisx_value_type(step) == IRISX_VALUE_INT)
            ix_json_write(b, step);
    }
}

/* a member called `path` or `field`; nothing without memory or if it is too long */
static void issue_path(struct ix_buf *b, const irisx_value_t *issue)
{
    const irisx_value_t *path = irisx_value_get(issue, "path");

    write_path(b, path != NULL ? path : irisx_value_get(issue, "field"));
}

static struct ix_str issue_message(const irisx_value_t *issue)
{
    if (is_text(issue))
        return ix_json_str(issue);
    struct ix_str s = ix_json_get_str(issue, "message");
    return s.n > 0 ? s : ix_json_get_str(issue, "code");
}

static void write_detail(struct ix_buf *b, struct ix_str path, struct ix_str message)
{
    ix_buf_str(b, b->n > 1 ? ",{\"path\":" : "{\"path\":");
    ix_buf_json_str(b, path);
    ix_buf_str(b, ",\"message\":");
    ix_buf_json_str(b, message);
    ix_buf_u8(b, '}');
}

static void write_issue(struct ix_buf *b, const irisx_value_t *issue)
{
    char storage[256];
    struct ix_buf path;

    ix_buf_init_fixed(&path, storage, sizeof storage);
    issue_path(&path, issue);
    write_detail(b, path.err == 0 ? ix_str_n(path.p, path.n) : IX_STR_NONE, issue_message(issue));
}

/* E13: what stands beside the usual members; {"path":"invalid_events","message":"call.x"} for each item */
static void write_extra(struct ix_buf *b, const char *key, const irisx_value_t *v)
{
    static const char *const usual[] = { "success", "error", "message", "code", "details", "issues", "errors", "path",
        "timestamp", "retry_after", "stack", "status", "statusCode" };
    struct ix_buf text;

    for (size_t i = 0; i < IX_COUNT(usual); i++)
        if (strcmp(key, usual[i]) == 0)
            return;
    if (irisx_value_type(v) == IRISX_VALUE_ARRAY && is_text(irisx_value_at(v, 0))) {
        for (size_t i = 0; i < irisx_value_count(v) && i < MAX_DETAILS; i++)
            write_detail(b, ix_str(key), ix_json_str(irisx_value_at(v, i)));
        return;
    }
    ix_buf_init(&text, MAX_DETAIL);
    if (ix_secret_key(ix_str(key)))
        ix_buf_str(&text, "***");
    else if (irisx_value_type(v) == IRISX_VALUE_TEXT)
        ix_buf_strv(&text, ix_json_str(v));
    else
        ix_json_write(&text, v);
    if (text.err == 0)
        write_detail(b, ix_str(key), ix_str_n(text.p, text.n));
    ix_buf_clear(&text);
}

static void set_detail(struct ix_http_error *e, const irisx_value_t *root, const irisx_value_t *issues)
{
    struct ix_buf b;
    size_t extras = 0;

    ix_buf_init(&b, MAX_DETAIL);
    ix_buf_u8(&b, '[');
    for (size_t i = 0; i < irisx_value_count(issues) && i < MAX_DETAILS; i++)
        write_issue(&b, irisx_value_at(issues, i));
    if (is_text(irisx_value_get(root, "details")))
        write_detail(&b, IX_STR(""), ix_json_get_str(root, "details"));
    const char *k = irisx_value_next_key(root, NULL);
    for (; k != NULL && extras < MAX_DETAILS; k = irisx_value_next_key(root, k), extras++)
        write_extra(&b, k, irisx_value_get(root, k));
    ix_buf_u8(&b, ']');
    char *text = b.n > 2 ? ix_buf_take(&b) : NULL;
    ix_buf_clear(&b);
    if (text != NULL)
        e->info.detail = own(e, OWN_DETAIL, text);
}

/* "Validation failed: to: Required (VALIDATION_ERROR, HTTP 400)" */
static void set_message(struct ix_http_error *e, const irisx_value_t *root, const irisx_value_t *issues)
{
    struct ix_str code = ix_json_get_str(root, "code");
    struct ix_str said = ix_json_get_str(root, "error");
    struct ix_str message = ix_json_get_str(root, "message");
    struct ix_buf b;

    if (said.n == 0)
        said = ix_json_path(root, "error.message") != NULL ? ix_json_str(ix_json_path(root, "error.message"))
                                                           : IX_STR_NONE;
    if (message.n > 0 && code.n > 0)
        said = IX_STR_NONE; /* E1: error only repeats the status in words */
    ix_buf_init(&b, (size_t) 2 << 20);
    ix_buf_strv(&b, said);
    if (message.n > 0 && !ix_str_eq(message, said)) {
        ix_buf_str(&b, said.n > 0 ? ": " : "");
        ix_buf_strv(&b, message);
    }
    if (issues != NULL) {
        ix_buf_str(&b, b.n > 0 ? ": " : "");
        size_t before = b.n;
        issue_path(&b, irisx_value_at(issues, 0));
        ix_buf_str(&b, b.n > before ? ": " : "");
        ix_buf_strv(&b, issue_message(irisx_value_at(issues, 0)));
    }
    if (b.n == 0)
        ix_buf_str(&b, ix_error_text(e->info.code));
    b.n = IX_MIN(b.n, MAX_MESSAGE - 128); /* room for what follows */
    ix_buf_fmt(&b, code.n > 0 ? " (%.*s, HTTP %d)" : " (%.*sHTTP %d)", IX_FMT_STR(ix_str_slice(code, 0, 64)),
        (int) e->info.status);
    (void) finish_message(e, &b);
}

static void set_reason(struct ix_http_error *e, const irisx_value_t *root)
{
    const char *reason = irisx_value_get_text(root, "code", NULL);

    if (reason == NULL)
        reason = irisx_value_get_text(root, "error", NULL);
    if (reason == NULL)
        reason = irisx_value_text(ix_json_path(root, "error.name"), NULL);
    if (reason != NULL)
        e->info.reason = own(e, OWN_REASON, ix_str_dup(ix_str_slice(ix_str(reason), 0, MAX_MESSAGE)));
}

/* empty, HTML, or anything that is no JSON object */
static void set_unreadable(struct ix_http_error *e, const struct ix_http_response *r)
{
    struct ix_str text = ix_str_trim(r->body);
    bool html = ix_str_istarts(r->content_type, IX_STR("text/html")) ||
                ix_str_istarts(text, IX_STR("<!doctype html")) || ix_str_istarts(text, IX_STR("<html"));
    const char *what = text.n == 0 ? "with an empty answer"
                       : html      ? "with an HTML page"
                                   : "with something that is not JSON";
    struct ix_buf b;

    ix_buf_init(&b, MAX_MESSAGE);
    ix_buf_fmt(&b, "%s: the server answered HTTP %d %s", ix_error_text(e->info.code), r->status, what);
    (void) finish_message(e, &b);
}

static bool may_repeat(int status, enum ix_retry_class cls)
{
    return status == 429 || (cls != IX_RETRY_UNSAFE && status >= 502 && status <= 504);
}

void ix_http_error_from_response(struct ix_http_error *e, const struct ix_http_response *r, enum ix_retry_class cls)
{
    irisx_value_t *root = NULL;

    if (r->body.n <= MAX_BODY)
        (void) ix_json_parse(r->body, &root, NULL); /* not JSON is a shape as well */
    begin(e, code_of(r->status, root), IRISX_DOMAIN_HTTP, r->status);
    if (irisx_value_type(root) == IRISX_VALUE_OBJECT) {
        const irisx_value_t *issues = issues_of(root);
        set_message(e, root, issues);
        set_reason(e, root);
        set_detail(e, root, issues);
    } else {
        set_unreadable(e, r);
    }
    struct ix_str id = ix_http_header(r->headers, "X-Request-Id");
    if (id.n > 0)
        e->info.request_id = own(e, OWN_REQUEST_ID, ix_str_dup(ix_str_slice(id, 0, 128)));
    uint64_t after_ms = ix_http_retry_after_us(r, root) / IX_MS;
    e->info.retry_after_ms = (uint32_t) IX_MIN(after_ms, UINT32_MAX);
    e->info.retryable = may_repeat(r->status, cls) ? 1 : 0;
    irisx_value_free(root);
}

void ix_http_error_from_transfer(
    struct ix_http_error *e, int err, const char *detail, enum ix_retry_class cls, bool any_byte_sent)
{
    bool lost = err == IRISX_E_NETWORK || err == IRISX_E_OUTCOME_UNKNOWN;
    bool open_end = lost || err == IRISX_E_TIMEOUT || err == IRISX_E_PROTOCOL;
    int code = err;

    if (cls == IX_RETRY_UNSAFE && any_byte_sent && open_end)
        code = IRISX_E_OUTCOME_UNKNOWN;
    else if (err == IRISX_E_OUTCOME_UNKNOWN)
        code = IRISX_E_NETWORK;
    ix_http_error_set(e, (irisx_error_t) code, err == IRISX_E_TLS ? IRISX_DOMAIN_TLS : IRISX_DOMAIN_HTTP, NULL,
        detail != NULL && detail[0] != '\0' ? "%s: %s" : "%s%s", ix_error_text(code), detail != NULL ? detail : "");
    bool again = lost || err == IRISX_E_DNS || err == IRISX_E_TIMEOUT;
    e->info.retryable = again && (cls != IX_RETRY_UNSAFE || !any_byte_sent) ? 1 : 0;
}

bool ix_http_refused_in_body(const irisx_value_t *root)
{
    return irisx_value_get_bool(root, "success", 1) == 0;
}

int ix_http_status_meant(const struct ix_http_response *r)
{
    irisx_value_t *root = NULL;

    if (r->status != 400 || r->body.n > MAX_BODY || ix_json_parse(r->body, &root, NULL) != 0)
        return r->status;
    int meant = code_of(400, root) == IRISX_E_NOT_FOUND ? 404 : 400;
    irisx_value_free(root);
    return meant;
}
