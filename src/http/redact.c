/* SPDX-License-Identifier: MIT */
/* Secrets out of what is logged or shown: by the name they go under, and by the look of tokens and keys. */
#include "http/http.h"

#include <string.h>

#include "json/json.h"

#define STARS "***"
#define MAX_NAME 48

/* lower case, without '_' and '-': "X-API-Key" and "apiKey" become "xapikey" and "apikey" */
static struct ix_str plain_name(struct ix_str name, char out[MAX_NAME])
{
    size_t n = 0;

    for (size_t i = 0; i < name.n && n < MAX_NAME; i++) {
        char c = name.p[i];
        if (c == '_' || c == '-')
            continue;
        out[n++] = (char) (c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    return ix_str_n(out, n);
}

static bool ends_with(struct ix_str s, struct ix_str tail)
{
    return s.n >= tail.n && ix_str_eq(ix_str_slice(s, s.n - tail.n, s.n), tail);
}

bool ix_secret_key(struct ix_str key)
{
    static const char *const whole[] = { "key", "authorization", "proxyauthorization", "pwd", "otp", "totp", "cookie",
        "setcookie", "pin", "otpauthurl" };
    static const char *const tails[] = { "password", "passwd", "token", "secret", "secretkey", "apikey", "privatekey",
        "credential", "totpcode", "signature" };
    char buffer[MAX_NAME];

    if (key.n > MAX_NAME)
        key = ix_str_slice(key, key.n - MAX_NAME, key.n); /* what tells is at the end */
    struct ix_str name = plain_name(key, buffer);
    for (size_t i = 0; i < IX_COUNT(whole); i++)
        if (ix_str_eq(name, ix_str(whole[i])))
            return true;
    for (size_t i = 0; i < IX_COUNT(tails); i++)
        if (ends_with(name, ix_str(tails[i])))
            return true;
    return false;
}

/* an API key, a JWT, or an address with a token in its query, under whatever name */
static bool looks_secret(const char *text)
{
    if (strstr(text, "irisx_live_") != NULL || strstr(text, "token=") != NULL)
        return true;
    const char *dot = strncmp(text, "eyJ", 3) == 0 ? strchr(text, '.') : NULL;
    return dot != NULL && strchr(dot + 1, '.') != NULL;
}

static void write_redacted(struct ix_buf *out, const irisx_value_t *v);

static void write_member(struct ix_buf *out, const char *key, const irisx_value_t *v)
{
    ix_buf_json_str(out, ix_str(key));
    ix_buf_u8(out, ':');
    if (irisx_value_type(v) != IRISX_VALUE_NULL && ix_secret_key(ix_str(key)))
        ix_buf_str(out, "\"" STARS "\"");
    else
        write_redacted(out, v);
}

/* As deep as ix_json_parse allows (IX_JSON_MAX_DEPTH). */
static void write_redacted(struct ix_buf *out, const irisx_value_t *v)
{
    switch (irisx_value_type(v)) {
    case IRISX_VALUE_OBJECT:
        ix_buf_u8(out, '{');
        for (const char *k = irisx_value_next_key(v, NULL); k != NULL;) {
            write_member(out, k, irisx_value_get(v, k));
            k = irisx_value_next_key(v, k);
            if (k != NULL)
                ix_buf_u8(out, ',');
        }
        ix_buf_u8(out, '}');
        break;
    case IRISX_VALUE_ARRAY:
        ix_buf_u8(out, '[');
        for (size_t i = 0; i < irisx_value_count(v); i++) {
            if (i > 0)
                ix_buf_u8(out, ',');
            write_redacted(out, irisx_value_at(v, i));
        }
        ix_buf_u8(out, ']');
        break;
    case IRISX_VALUE_TEXT:
        if (looks_secret(irisx_value_text(v, "")))
            ix_buf_str(out, "\"" STARS "\"");
        else
            ix_json_write(out, v);
        break;
    case IRISX_VALUE_NONE:
    case IRISX_VALUE_NULL:
    case IRISX_VALUE_BOOL:
    case IRISX_VALUE_INT:
    case IRISX_VALUE_NUM:
        ix_json_write(out, v);
        break;
    }
}

void ix_redact_json(struct ix_buf *out, struct ix_str body)
{
    irisx_value_t *root;

    if (body.n == 0)
        return;
    if (ix_json_parse(body, &root, NULL) != 0) {
        ix_buf_fmt(out, "<%zu bytes>", body.n);
        return;
    }
    write_redacted(out, root);
    irisx_value_free(root);
}

/* ---- addresses ---------------------------------------------------------------------------- */

static bool secret_segment(struct ix_str segment, struct ix_str name)
{
    char text[256];

    if (name.n > 2 && name.p[0] == '{' && !ix_str_eq(name, IX_STR("{key}")) && /* of a feature flag, a setting */
        ix_secret_key(ix_str_slice(name, 1, name.n - 1)))
        return true;
    (void) ix_str_copy(text, sizeof text, ix_str_slice(segment, 0, sizeof text - 1)); /* it fits */
    return looks_secret(text);
}

/* the last part behind a '/', which is cut off; all of it where there is none */
static struct ix_str last_part(struct ix_str *s, bool *more)
{
    size_t at = s->n;

    while (at > 0 && s->p[at - 1] != '/')
        at--;
    struct ix_str part = ix_str_slice(*s, at, s->n);
    *more = at > 0;
    *s = ix_str_slice(*s, 0, at > 0 ? at - 1 : 0);
    return part;
}

/* from the end, since a base address may have a path of its own; `left` is how deep it may still go */
static void write_path(struct ix_buf *out, struct ix_str path, struct ix_str names, size_t left)
{
    bool more, named;
    struct ix_str part = last_part(&path, &more), name = last_part(&names, &named);

    if (more && left > 0)
        write_path(out, path, named ? names : IX_STR_NONE, left - 1);
    else if (more)
        ix_buf_strv(out, path);
    if (more)
        ix_buf_u8(out, '/');
    if (part.n > 0 && secret_segment(part, name))
        ix_buf_str(out, STARS);
    else
        ix_buf_strv(out, part);
}

void ix_redact_url(struct ix_buf *out, struct ix_str url, const char *template)
{
    struct ix_str path = ix_str_slice(url, 0, ix_str_find(url, '?'));
    size_t at = 0;

    for (size_t i = 2; i < path.n; i++) {
        if (path.p[i - 2] != ':' || path.p[i - 1] != '/' || path.p[i] != '/')
            continue;
        struct ix_str host = ix_str_slice(path, i + 1, path.n);
        host = ix_str_slice(host, 0, ix_str_find(host, '/'));
        size_t sign = ix_str_find(host, '@'); /* user:password@ */
        at = i + 1;
        ix_buf_strv(out, ix_str_slice(path, 0, at));
        if (sign != SIZE_MAX) {
            ix_buf_str(out, STARS "@");
            at += sign + 1;
        }
        break;
    }
    write_path(out, ix_str_slice(path, at, path.n), ix_str(template), 32);
    if (path.n == url.n)
        return;
    ix_buf_u8(out, '?');
    ix_redact_query(out, ix_str_slice(url, path.n + 1, url.n));
}

void ix_redact_headers(struct ix_buf *out, struct ix_str headers)
{
    struct ix_reader r = ix_reader(headers.p, headers.n);
    struct ix_str line;

    while (ix_read_line(&r, &line)) {
        struct ix_str name = ix_str_slice(line, 0, ix_str_find(line, ':'));
        if (name.n < line.n && ix_secret_key(ix_str_trim(name))) {
            ix_buf_strv(out, name);
            ix_buf_str(out, ": " STARS);
        } else {
            size_t begin = IX_MIN(name.n + 1, line.n);
            while (begin < line.n && line.p[begin] == ' ')
                begin++;
            ix_buf_strv(out, ix_str_slice(line, 0, begin));
            ix_redact_url(out, ix_str_slice(line, begin, line.n), NULL); /* Location, Link; what looks like a token */
        }
        ix_buf_str(out, "\r\n");
    }
}

void ix_redact_query(struct ix_buf *out, struct ix_str query)
{
    struct ix_str part;
    bool first = true;

    while (ix_str_cut(&query, '&', &part)) {
        struct ix_str name = ix_str_slice(part, 0, ix_str_find(part, '='));
        if (!first)
            ix_buf_u8(out, '&');
        first = false;
        bool hide = name.n < part.n && ix_secret_key(name);
        ix_buf_strv(out, hide ? name : part);
        if (hide)
            ix_buf_str(out, "=" STARS);
    }
}

/* ---- telephone numbers -------------------------------------------------------------------- */

static bool phone_char(char c)
{
    return (c >= '0' && c <= '9') || c == '+' || c == '-' || c == ' ' || c == '(' || c == ')' || c == '.';
}

static bool word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '%';
}

static size_t digits_in(struct ix_str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] >= '0' && s.p[i] <= '9';
    return n;
}

/* a run of such characters that stands alone; all digits but the last two become '*' */
static void write_run(struct ix_buf *out, struct ix_str run, bool alone)
{
    size_t digits = digits_in(run);
    bool phone = alone && digits >= 7 && digits <= 18;

    for (size_t i = 0; i < run.n; i++) {
        bool digit = run.p[i] >= '0' && run.p[i] <= '9';
        ix_buf_u8(out, phone && digit && digits > 2 ? '*' : (uint8_t) run.p[i]);
        digits -= digit;
    }
}

void ix_redact_phones(struct ix_buf *out, struct ix_str text)
{
    size_t at = 0;

    while (at < text.n) {
        size_t end = at;
        while (end < text.n && phone_char(text.p[end]))
            end++;
        if (end == at) {
            ix_buf_u8(out, (uint8_t) text.p[at++]);
            continue;
        }
        /* "%2B12025550199": the plus sign, escaped */
        bool escaped = at >= 3 && text.p[at - 1] == 'B' && text.p[at - 3] == '%' && text.p[at - 2] == '2';
        bool before = at == 0 || escaped || !word_char(text.p[at - 1]);
        bool after = end == text.n || !word_char(text.p[end]);
        write_run(out, ix_str_slice(text, at, end), before && after);
        at = end;
    }
}
