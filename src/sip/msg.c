/* SPDX-License-Identifier: MIT */
/*
 * Reading a message (RFC 3261 sections 7, 18.3 and 20): start line, headers in any order, folded or not, long or
 * compact, and what every message must have. Liberal in what harms nobody (LF alone, stray ';'), strict where two
 * readers could disagree. After a fault the reading goes on as far as it can, so that the request can be answered.
 */
#include "sip/scan.h"

#include <string.h>

struct parse {
    struct ix_sip_msg *msg;
    struct ix_reader in;
    const char *why;
};

static void fault(struct parse *p, unsigned status, const char *why)
{
    if (p->msg->fault)
        return;
    p->msg->fault = status;
    p->why = why;
}

bool ix_sip_is_keepalive(const void *p, size_t n)
{
    const char *c = p;
    for (size_t i = 0; i < n; i++) {
        if (c[i] != '\r' && c[i] != '\n')
            return false;
    }
    return true;
}

/* ---- start line -------------------------------------------------------------------------- */

static bool version_like(struct ix_str s)
{
    return ix_str_istarts(s, IX_STR("SIP/"));
}

/* Request-Line = Method SP Request-URI SP SIP-Version, one space each (RFC 3261 section 7.1) */
static void parse_request_line(struct parse *p, struct ix_str line)
{
    struct ix_sip_msg *msg = p->msg;
    struct ix_str uri;

    msg->request = true;
    (void) ix_str_cut(&line, ' ', &msg->method_name);
    (void) ix_str_cut(&line, ' ', &uri);
    msg->method = ix_sip_method(msg->method_name);
    if (!ix_sip_is_token(msg->method_name) || msg->method_name.n > 64)
        fault(p, 400, "no request line");
    else if (!version_like(line))
        fault(p, 400, "request line is not METHOD SP URI SP SIP/2.0");
    else if (ix_str_istarts(line, IX_STR("SIP/2.0")) && line.n != 7)
        fault(p, 400, "white space behind the request line");
    else if (!ix_str_ieq(line, IX_STR("SIP/2.0")))
        fault(p, 505, "SIP version");
    if (ix_sip_uri_parse(&msg->uri, uri))
        fault(p, 400, "Request-URI");
    else if (msg->uri.headers.n)
        fault(p, 400, "headers in the Request-URI");
}

static void parse_status_line(struct parse *p, struct ix_str line)
{
    struct ix_str version, status;
    uint32_t value = 0;

    (void) ix_str_cut(&line, ' ', &version);
    (void) ix_str_cut(&line, ' ', &status);
    p->msg->phrase = line;
    if (!ix_str_ieq(version, IX_STR("SIP/2.0")))
        fault(p, 505, "SIP version");
    if (status.n != 3 || ix_str_u32(status, 699, &value) || value < 100)
        fault(p, 400, "status code");
    p->msg->status = (uint16_t) value;
}

static void parse_start(struct parse *p)
{
    struct ix_str line = IX_STR_NONE;
    while (p->in.n && (p->in.p[0] == '\r' || p->in.p[0] == '\n')) /* RFC 3261 section 7.5 */
        (void) ix_read_u8(&p->in);
    (void) ix_read_line(&p->in, &line);
    if (version_like(line))
        parse_status_line(p, line);
    else
        parse_request_line(p, line);
}

/* ---- headers ----------------------------------------------------------------------------- */

/* the next header with its folded lines as one slice; false at the empty line or the end */
static bool next_header(struct parse *p, struct ix_str *out)
{
    struct ix_str more;
    if (!ix_read_line(&p->in, out)) {
        fault(p, 400, "no empty line behind the headers");
        return false;
    }
    while (out->n && p->in.n && (p->in.p[0] == ' ' || p->in.p[0] == '\t')) {
        (void) ix_read_line(&p->in, &more);
        out->n = (size_t) (more.p + more.n - out->p);
    }
    return out->n > 0;
}

/* RFC 3261 section 25.1 allows a NUL in one place: behind the backslash of a quoted pair */
static bool bare_nul(struct ix_str line)
{
    for (size_t i = 0; i < line.n; i++) {
        if (!line.p[i] && (!i || line.p[i - 1] != '\\'))
            return true;
    }
    return false;
}

static void add_header(struct parse *p, struct ix_str line)
{
    struct ix_sip_msg *msg = p->msg;
    struct ix_str name;

    if (bare_nul(line))
        fault(p, 400, "NUL in a header");
    if (ix_str_find(line, ':') == SIZE_MAX) {
        fault(p, 400, "header without colon");
        return;
    }
    (void) ix_str_cut(&line, ':', &name);
    name = ix_str_trim(name);
    if (!ix_sip_is_token(name)) {
        fault(p, 400, "header name");
        return;
    }
    if (msg->header_count == IX_SIP_MAX_HEADERS) {
        fault(p, 513, "too many headers");
        return;
    }
    msg->headers[msg->header_count++] =
        (struct ix_sip_header){ .id = ix_sip_header_id(name), .name = name, .value = ix_str_trim(line) };
}

/* ---- what every message has -------------------------------------------------------------- */

/* the only header of its kind; several are a fault, since readers would differ in which one they believe */
static bool single(struct parse *p, enum ix_sip_hdr id, struct ix_str *value)
{
    size_t count = 0;
    for (size_t i = 0; i < p->msg->header_count; i++) {
        if (p->msg->headers[i].id == id && !count++)
            *value = p->msg->headers[i].value;
    }
    if (count > 1)
        fault(p, 400, "a header that may stand once stands twice");
    return count > 0;
}

static void parse_party(struct parse *p, enum ix_sip_hdr id, struct ix_sip_addr *addr, struct ix_str *tag)
{
    struct ix_str value;
    if (!single(p, id, &value)) {
        fault(p, 400, id == IX_SIP_H_FROM ? "no From" : "no To");
        return;
    }
    if (ix_sip_addr_parse(addr, value) || addr->star) {
        fault(p, 400, id == IX_SIP_H_FROM ? "From" : "To");
        return;
    }
    if (ix_sip_param(addr->params, "tag", tag) && !tag->n)
        fault(p, 400, "empty tag");
    if (tag->n > IX_SIP_PIECE)
        fault(p, 400, "tag too long");
}

static void parse_cseq(struct parse *p)
{
    struct ix_sip_msg *msg = p->msg;
    struct ix_str value, number;

    if (!single(p, IX_SIP_H_CSEQ, &value)) {
        fault(p, 400, "no CSeq");
        return;
    }
    number = ix_sip_take_token(&value);
    struct ix_str method = ix_sip_take_token(&value);
    ix_sip_skip_lws(&value);
    if (ix_str_u32(number, INT32_MAX, &msg->cseq) || !method.n || value.n) { /* RFC 3261 section 8.1.1.5 */
        fault(p, 400, "CSeq");
        return;
    }
    if (!msg->request) {
        msg->method_name = method;
        msg->method = ix_sip_method(method);
    } else if (!ix_str_eq(method, msg->method_name)) {
        fault(p, 400, "CSeq names another method");
    }
}

static void parse_call_id(struct parse *p)
{
    struct ix_str value = IX_STR_NONE;
    if (!single(p, IX_SIP_H_CALL_ID, &value) || !value.n || value.n > IX_SIP_PIECE) {
        fault(p, 400, "Call-ID");
        return;
    }
    for (size_t i = 0; i < value.n; i++) {
        if ((unsigned char) value.p[i] <= ' ') {
            fault(p, 400, "Call-ID");
            return;
        }
    }
    p->msg->call_id = value;
}

static void parse_top_via(struct parse *p)
{
    struct ix_sip_values it = ix_sip_values(p->msg, IX_SIP_H_VIA);
    struct ix_str value;
    if (!ix_sip_values_next(&it, &value) || ix_sip_via_parse(&p->msg->via, value)) {
        fault(p, 400, "Via");
        return;
    }
    if (p->msg->via.branch.n > IX_SIP_PIECE || p->msg->via.host.n > IX_SIP_PIECE)
        fault(p, 400, "Via too long");
}

/* RFC 3261 section 20: the numbers that a receiver acts upon must fit their ranges */
static void check_numbers(struct parse *p)
{
    struct ix_str value;
    p->msg->max_forwards = 70;
    if (single(p, IX_SIP_H_MAX_FORWARDS, &value) && ix_str_u32(value, 255, &p->msg->max_forwards))
        fault(p, 400, "Max-Forwards");
    uint32_t seconds;
    if (single(p, IX_SIP_H_EXPIRES, &value) && ix_str_u32(value, UINT32_MAX, &seconds))
        fault(p, 400, "Expires");
}

static void check_contacts(struct parse *p)
{
    struct ix_sip_values it = ix_sip_values(p->msg, IX_SIP_H_CONTACT);
    struct ix_str value;
    struct ix_sip_addr addr;
    while (ix_sip_values_next(&it, &value)) {
        if (ix_sip_addr_parse(&addr, value))
            fault(p, 400, "Contact");
    }
}

static void parse_essentials(struct parse *p)
{
    struct ix_sip_msg *msg = p->msg;
    parse_top_via(p);
    parse_party(p, IX_SIP_H_FROM, &msg->from, &msg->from_tag);
    parse_party(p, IX_SIP_H_TO, &msg->to, &msg->to_tag);
    parse_call_id(p);
    parse_cseq(p);
    check_numbers(p);
    check_contacts(p);
    /* RFC 4475 sections 3.1.2.4, 3.1.2.6, 3.3.1: what is broken is told so, whichever header it is that broke; the
     * sender finds its transaction by Via and CSeq alone (RFC 3261 section 17.1.3) */
    msg->answerable = msg->request && ix_sip_has(msg, IX_SIP_H_VIA) && ix_sip_has(msg, IX_SIP_H_CSEQ);
}

/* RFC 3261 section 18.3, for a message-oriented transport: no length is all, a longer one is an error, less cuts */
static void parse_body(struct parse *p)
{
    struct ix_str value;
    uint32_t length;

    p->msg->body = ix_str_n(p->in.p, p->in.n);
    if (!single(p, IX_SIP_H_CONTENT_LENGTH, &value))
        return;
    if (ix_str_u32(value, UINT32_MAX, &length))
        fault(p, 400, "Content-Length");
    else if (length > p->in.n)
        fault(p, 400, "body is shorter than Content-Length");
    else
        p->msg->body.n = length;
}

int ix_sip_parse(struct ix_sip_msg *msg, const void *bytes, size_t n, const char **why)
{
    struct parse p = { .msg = msg, .in = ix_reader(bytes, IX_MIN(n, IX_SIP_MAX_MESSAGE)) };
    struct ix_str line;

    memset(msg, 0, offsetof(struct ix_sip_msg, headers));
    memset((char *) msg + offsetof(struct ix_sip_msg, header_count), 0,
        sizeof *msg - offsetof(struct ix_sip_msg, header_count));
    msg->raw = ix_str_n(bytes, n);
    if (n > IX_SIP_MAX_MESSAGE)
        fault(&p, 513, "message too large");
    parse_start(&p);
    while (next_header(&p, &line))
        add_header(&p, line);
    parse_body(&p);
    parse_essentials(&p);
    if (why)
        *why = p.why;
    if (!msg->fault)
        return 0;
    return msg->fault == 513 ? IRISX_E_TOO_LARGE : IRISX_E_PROTOCOL;
}

/* ---- access ------------------------------------------------------------------------------ */

struct ix_str ix_sip_get(const struct ix_sip_msg *msg, enum ix_sip_hdr id)
{
    for (size_t i = 0; i < msg->header_count; i++) {
        if (msg->headers[i].id == id)
            return msg->headers[i].value;
    }
    return IX_STR_NONE;
}

struct ix_str ix_sip_get_name(const struct ix_sip_msg *msg, const char *name)
{
    enum ix_sip_hdr id = ix_sip_header_id(ix_str(name));
    if (id != IX_SIP_H_OTHER)
        return ix_sip_get(msg, id);
    for (size_t i = 0; i < msg->header_count; i++) {
        if (ix_str_ieq(msg->headers[i].name, ix_str(name)))
            return msg->headers[i].value;
    }
    return IX_STR_NONE;
}

bool ix_sip_has(const struct ix_sip_msg *msg, enum ix_sip_hdr id)
{
    for (size_t i = 0; i < msg->header_count; i++) {
        if (msg->headers[i].id == id)
            return true;
    }
    return false;
}

struct ix_sip_values ix_sip_values(const struct ix_sip_msg *msg, enum ix_sip_hdr id)
{
    return (struct ix_sip_values){ .msg = msg, .id = id };
}

size_t ix_sip_element_length(struct ix_str s)
{
    bool quoted = false, bracketed = false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"' && !bracketed)
            quoted = !quoted;
        else if (!quoted && (c == '<' || c == '>'))
            bracketed = c == '<';
        else if (c == ',' && !quoted && !bracketed)
            return i;
    }
    return s.n;
}

bool ix_sip_values_next(struct ix_sip_values *it, struct ix_str *value)
{
    for (;;) {
        while (!it->rest.n) {
            while (it->index < it->msg->header_count && it->msg->headers[it->index].id != it->id)
                it->index++;
            if (it->index == it->msg->header_count)
                return false;
            it->rest = it->msg->headers[it->index++].value;
        }
        size_t n = ix_sip_element_length(it->rest);
        *value = ix_str_trim(ix_str_slice(it->rest, 0, n));
        it->rest = ix_str_slice(it->rest, n + 1, it->rest.n);
        if (value->n)
            return true;
    }
}

bool ix_sip_list_has(const struct ix_sip_msg *msg, enum ix_sip_hdr id, const char *token)
{
    struct ix_sip_values it = ix_sip_values(msg, id);
    struct ix_str value;
    while (ix_sip_values_next(&it, &value)) {
        if (ix_str_ieq(value, ix_str(token)))
            return true;
    }
    return false;
}

int ix_sip_get_addr(const struct ix_sip_msg *msg, enum ix_sip_hdr id, struct ix_sip_addr *out)
{
    struct ix_sip_values it = ix_sip_values(msg, id);
    struct ix_str value;
    return ix_sip_values_next(&it, &value) ? ix_sip_addr_parse(out, value) : IRISX_E_NOT_FOUND;
}

int ix_sip_get_u32(const struct ix_sip_msg *msg, enum ix_sip_hdr id, uint32_t *out)
{
    struct ix_str value = ix_sip_get(msg, id), number;
    if (!ix_str_cut(&value, ';', &number))
        return IRISX_E_NOT_FOUND;
    size_t comment = ix_str_find(number, '('); /* Retry-After: 18 (in a meeting) */
    return ix_str_u32(ix_str_trim(ix_str_slice(number, 0, comment)), UINT32_MAX, out);
}

bool ix_sip_content_is(const struct ix_sip_msg *msg, const char *type)
{
    struct ix_str value = ix_sip_get(msg, IX_SIP_H_CONTENT_TYPE), head;
    return ix_str_cut(&value, ';', &head) && ix_str_ieq(ix_str_trim(head), ix_str(type));
}
