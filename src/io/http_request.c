/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.1 requests as a server reads them: RFC 9112 sections 2 to 7. What two parsers could read differently is
 * refused (section 11.2): folded lines, blanks before the colon, length and chunks together, lengths that differ.
 */
#include <string.h>
#include <strings.h>

#include "io/internal.h"

enum { SIZE, EXTENSION, DATA, DATA_CR, DATA_LF, TRAILER, TRAILER_LF };
#define TRAILER_MAX 4096

static bool is_token_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(const char *s)
{
    const char *p = s;

    while (is_token_char(*p))
        p++;
    return p != s && *p == '\0';
}

size_t ix_http_head_end(const void *p, size_t n)
{
    const char *s = p;

    for (size_t i = 0; i + 1 < n; i++) {
        if (s[i] != '\n')
            continue;
        if (s[i + 1] == '\n')
            return i + 2;
        if (s[i + 1] == '\r' && i + 2 < n && s[i + 2] == '\n')
            return i + 3;
    }
    return 0;
}

/* Ends the line at *p with NUL and moves on; NULL when there is none. */
static char *next_line(char **p, char *end)
{
    char *line = *p;
    char *nl = line < end ? memchr(line, '\n', (size_t) (end - line)) : NULL;

    if (nl == NULL)
        return NULL;
    *p = nl + 1;
    if (nl > line && nl[-1] == '\r')
        nl--;
    *nl = '\0';
    return strlen(line) == (size_t) (nl - line) ? line : NULL; /* no NUL inside */
}

static int parse_target(struct ix_http_head *h, char *target)
{
    if (strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0) { /* section 3.2.2 */
        target = strchr(strchr(target, '/') + 2, '/');
        if (target == NULL)
            return 400;
    }
    if (target[0] != '/' && strcmp(target, "*") != 0)
        return 400;
    for (const char *c = target; *c != '\0'; c++) {
        if ((unsigned char) *c <= 0x20 || (unsigned char) *c >= 0x7f || *c == '#')
            return 400;
    }
    h->path = target;
    h->query = strchr(target, '?');
    if (h->query != NULL)
        *h->query++ = '\0';
    return 0;
}

static int parse_request_line(struct ix_http_head *h, char *line)
{
    char *target = strchr(line, ' ');
    char *version = target != NULL ? strchr(target + 1, ' ') : NULL;

    if (version == NULL)
        return 400;
    *target++ = '\0';
    *version++ = '\0';
    h->method = line;
    if (!is_token(line))
        return 400;
    if (strncmp(version, "HTTP/1.", 7) != 0 || version[7] < '0' || version[7] > '9' || version[8] != '\0')
        return strncmp(version, "HTTP/", 5) == 0 ? 505 : 400;
    h->minor = (unsigned) (version[7] - '0');
    return parse_target(h, target);
}

static int parse_field(struct ix_http_head *h, char *line)
{
    char *colon = strchr(line, ':');

    if (h->fields == IX_HEAD_FIELDS)
        return 431;
    if (colon == NULL)
        return 400;
    *colon = '\0';
    if (!is_token(line)) /* folding and blanks before the colon end here */
        return 400;
    char *value = colon + 1;
    while (*value == ' ' || *value == '\t')
        value++;
    char *end = value + strlen(value);
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        *--end = '\0';
    for (const char *c = value; *c != '\0'; c++) {
        if (((unsigned char) *c < 0x20 && *c != '\t') || *c == 0x7f)
            return 400;
    }
    h->field[h->fields].name = line;
    h->field[h->fields].value = value;
    h->fields++;
    return 0;
}

const char *ix_http_field(const struct ix_http_head *h, const char *name)
{
    for (size_t i = 0; i < h->fields; i++) {
        if (strcasecmp(h->field[i].name, name) == 0)
            return h->field[i].value;
    }
    return NULL;
}

bool ix_http_list_has(const char *list, struct ix_str token)
{
    struct ix_str rest = ix_str(list), item;

    while (ix_str_cut(&rest, ',', &item)) {
        if (ix_str_ieq(ix_str_trim(item), token))
            return true;
    }
    return false;
}

static int framing_of(struct ix_http_head *h, const char *name, const char *value)
{
    if (strcasecmp(name, "content-length") == 0) {
        uint64_t length;
        if (ix_str_u64(ix_str(value), INT64_MAX, &length) != 0 || (h->has_length && length != h->length))
            return 400;
        h->has_length = true;
        h->length = length;
    } else if (strcasecmp(name, "transfer-encoding") == 0) {
        if (h->chunked || strcasecmp(value, "chunked") != 0)
            return 501;
        h->chunked = true;
    }
    return 0;
}

static int interpret(struct ix_http_head *h)
{
    const char *connection = ix_http_field(h, "connection");
    size_t hosts = 0;

    for (size_t i = 0; i < h->fields; i++) {
        int status = framing_of(h, h->field[i].name, h->field[i].value);
        if (status != 0)
            return status;
        hosts += strcasecmp(h->field[i].name, "host") == 0;
    }
    if ((h->chunked && (h->has_length || h->minor == 0)) || hosts > 1 || (h->minor > 0 && hosts == 0))
        return 400;
    h->keep_alive = h->minor > 0 ? !ix_http_list_has(connection, IX_STR("close"))
                                 : ix_http_list_has(connection, IX_STR("keep-alive"));
    const char *expect = ix_http_field(h, "expect");
    if (expect != NULL && strcasecmp(expect, "100-continue") != 0)
        return 417;
    h->expects_continue = expect != NULL && h->minor > 0;
    h->upgrade = ix_http_list_has(connection, IX_STR("upgrade")) &&
                 ix_http_list_has(ix_http_field(h, "upgrade"), IX_STR("websocket"));
    return 0;
}

int ix_http_head_parse(struct ix_http_head *h, char *text, size_t n)
{
    char *p = text, *end = text + n;
    char *line = next_line(&p, end);

    memset(h, 0, sizeof *h);
    int status = line != NULL ? parse_request_line(h, line) : 400;
    while (status == 0) {
        line = next_line(&p, end);
        if (line == NULL)
            return 400;
        if (line[0] == '\0')
            return interpret(h);
        status = parse_field(h, line);
    }
    return status;
}

/* ---- bodies ------------------------------------------------------------------------------ */

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

static bool take_data(struct ix_http_body *b, const uint8_t **p, size_t *n, struct ix_buf *out)
{
    size_t take = (size_t) IX_MIN((uint64_t) *n, b->left);

    ix_buf_put(out, *p, take);
    *p += take;
    *n -= take;
    b->left -= take;
    return b->left == 0;
}

/* One byte between the chunks (section 7.1). */
static enum ix_http_more chunk_byte(struct ix_http_body *b, uint8_t c)
{
    int digit;

    switch (b->state) {
    case SIZE:
        digit = hex_digit(c);
        if (digit >= 0 && b->digits < 15) {
            b->left = b->left << 4 | (uint64_t) digit;
            b->digits++;
            return IX_BODY_MORE;
        }
        if (b->digits == 0 || (c != ';' && c != '\r' && c != '\n' && c != ' ' && c != '\t'))
            return IX_BODY_BAD;
        b->state = EXTENSION;
        return chunk_byte(b, c);
    case EXTENSION:
        if (c == '\n')
            b->state = b->left > 0 ? DATA : TRAILER;
        return ++b->trailer < TRAILER_MAX ? IX_BODY_MORE : IX_BODY_BAD;
    case DATA_CR:
        b->state = DATA_LF;
        if (c == '\r')
            return IX_BODY_MORE;
        return chunk_byte(b, c);
    case DATA_LF:
        b->state = SIZE;
        b->digits = 0;
        return c == '\n' ? IX_BODY_MORE : IX_BODY_BAD;
    case TRAILER: /* the start of a line */
        if (c == '\n')
            return IX_BODY_DONE;
        if (c != '\r')
            b->state = TRAILER_LF;
        return ++b->trailer < TRAILER_MAX ? IX_BODY_MORE : IX_BODY_BAD;
    default: /* TRAILER_LF: a trailer field, which is not looked at */
        if (c == '\n')
            b->state = TRAILER;
        return ++b->trailer < TRAILER_MAX ? IX_BODY_MORE : IX_BODY_BAD;
    }
}

static enum ix_http_more verdict(const struct ix_buf *out, enum ix_http_more otherwise)
{
    if (out->err == 0)
        return otherwise;
    return out->err == IRISX_E_TOO_LARGE ? IX_BODY_TOO_LARGE : IX_BODY_BAD;
}

enum ix_http_more ix_http_body_take(struct ix_http_body *b, const uint8_t **p, size_t *n, struct ix_buf *out)
{
    if (!b->chunked)
        return verdict(out, take_data(b, p, n, out) ? IX_BODY_DONE : IX_BODY_MORE);
    while (*n > 0 && out->err == 0) {
        if (b->state == DATA) {
            if (take_data(b, p, n, out))
                b->state = DATA_CR;
            continue;
        }
        enum ix_http_more more = chunk_byte(b, **p);
        (*p)++;
        (*n)--;
        if (more != IX_BODY_MORE)
            return more;
    }
    return verdict(out, IX_BODY_MORE);
}

const char *ix_http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } known[] = { { 100, "Continue" }, { 101, "Switching Protocols" }, { 200, "OK" }, { 201, "Created" },
        { 202, "Accepted" }, { 204, "No Content" }, { 301, "Moved Permanently" }, { 302, "Found" },
        { 304, "Not Modified" }, { 400, "Bad Request" }, { 401, "Unauthorized" }, { 402, "Payment Required" },
        { 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" }, { 406, "Not Acceptable" },
        { 408, "Request Timeout" }, { 409, "Conflict" }, { 410, "Gone" }, { 411, "Length Required" },
        { 413, "Content Too Large" }, { 415, "Unsupported Media Type" }, { 417, "Expectation Failed" },
        { 422, "Unprocessable Content" }, { 426, "Upgrade Required" }, { 429, "Too Many Requests" },
        { 431, "Request Header Fields Too Large" }, { 500, "Internal Server Error" }, { 501, "Not Implemented" },
        { 502, "Bad Gateway" }, { 503, "Service Unavailable" }, { 504, "Gateway Timeout" },
        { 505, "HTTP Version Not Supported" }, { 507, "Insufficient Storage" } };

    for (size_t i = 0; i < IX_COUNT(known); i++) {
        if (known[i].status == status)
            return known[i].reason;
    }
    return "Status";
}
