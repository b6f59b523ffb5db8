/* SPDX-License-Identifier: MIT */
/*
 * Writing messages (RFC 3261 sections 7, 8.1.1, 8.2.6, 17.1.1.3). Values from outside are checked for line breaks, so
 * that no caller's text can become a header; Content-Length is always there and always right.
 */
#include "sip/stack.h"

bool ix_sip_clean(struct ix_str value)
{
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] == '\r' || value.p[i] == '\n' || value.p[i] == '\0')
            return false;
    }
    return true;
}

bool ix_sip_lines_valid(struct ix_str lines)
{
    struct ix_str line;
    if (lines.n && lines.p[lines.n - 1] != '\n')
        return false;
    while (ix_str_cut(&lines, '\n', &line)) {
        size_t colon = ix_str_find(line, ':');
        if (line.n < 2 || line.p[line.n - 1] != '\r' || !ix_sip_clean(ix_str_slice(line, 0, line.n - 1)))
            return false;
        if (colon == SIZE_MAX || !ix_sip_is_token(ix_str_slice(line, 0, colon)))
            return false;
    }
    return true;
}

static void put_clean(struct ix_buf *b, struct ix_str value)
{
    if (ix_sip_clean(value))
        ix_buf_strv(b, value);
    else if (!b->err)
        b->err = IRISX_E_INVALID;
}

void ix_sip_write_header(struct ix_buf *b, const char *name, struct ix_str value)
{
    if (!ix_sip_is_token(ix_str(name)) && !b->err)
        b->err = IRISX_E_INVALID;
    ix_buf_str(b, name);
    ix_buf_str(b, ": ");
    put_clean(b, value);
    ix_buf_str(b, "\r\n");
}

void ix_sip_copy_header(struct ix_buf *b, const char *name, struct ix_str value)
{
    ix_buf_str(b, name);
    ix_buf_str(b, ": ");
    ix_sip_unfold(b, value);
    ix_buf_str(b, "\r\n");
}

void ix_sip_write_addr(struct ix_buf *b, struct ix_str display, struct ix_str uri, struct ix_str tag)
{
    if (display.n) {
        if (!ix_sip_clean(display) && !b->err)
            b->err = IRISX_E_INVALID;
        ix_sip_quote(b, display);
        ix_buf_u8(b, ' ');
    }
    ix_buf_u8(b, '<');
    put_clean(b, uri);
    ix_buf_u8(b, '>');
    if (!tag.n)
        return;
    ix_buf_str(b, ";tag=");
    put_clean(b, tag);
}

void ix_sip_write_allow(struct ix_buf *b, const struct ix_sip_stack *s)
{
    const char *separator = "Allow: ";
    for (int i = 1; i < IX_SIP_METHODS; i++) {
        if (!(s->allow & IX_SIP_BIT(i)))
            continue;
        ix_buf_str(b, separator);
        ix_buf_str(b, ix_sip_method_name((enum ix_sip_method) i));
        separator = ", ";
    }
    ix_buf_str(b, "\r\n");
}

static void write_supported(struct ix_buf *b, const struct ix_sip_stack *s)
{
    if (s->supported[0])
        ix_sip_write_header(b, "Supported", ix_str(s->supported));
}

static void write_body(struct ix_buf *b, struct ix_str body)
{
    ix_buf_str(b, "Content-Length: ");
    ix_buf_dec(b, body.n);
    ix_buf_str(b, "\r\n\r\n");
    ix_buf_strv(b, body);
}

/* ---- requests ---------------------------------------------------------------------------- */

struct ix_str ix_sip_draft_part(const struct ix_sip_draft *draft, struct ix_sip_span span)
{
    return span.n ? ix_str_n(draft->text.p + span.at, span.n) : IX_STR_NONE;
}

static void begin(struct ix_sip_draft *draft, struct ix_sip_span *span)
{
    span->at = draft->text.n;
}

static void end(struct ix_sip_draft *draft, struct ix_sip_span *span)
{
    span->n = draft->text.n - span->at;
}

static bool needs_contact(enum ix_sip_method method)
{
    return method == IX_SIP_INVITE || method == IX_SIP_UPDATE || method == IX_SIP_SUBSCRIBE ||
           method == IX_SIP_NOTIFY || method == IX_SIP_REFER || method == IX_SIP_OPTIONS;
}

static void write_rest(
    struct ix_buf *b, const struct ix_sip_stack *s, const struct ix_sip_transport *t, const struct ix_sip_request *req)
{
    if (req->contact.n)
        ix_sip_write_header(b, "Contact", req->contact);
    else if (needs_contact(req->method))
        ix_sip_write_header(b, "Contact", ix_str(ix_sip_transport_target(t)));
    if (s->agent[0])
        ix_sip_write_header(b, "User-Agent", ix_str(s->agent));
    if (req->method == IX_SIP_INVITE)
        ix_sip_write_allow(b, s);
    if (req->method == IX_SIP_INVITE || req->method == IX_SIP_REGISTER || req->method == IX_SIP_UPDATE)
        write_supported(b, s);
    if (req->method == IX_SIP_OPTIONS)
        ix_sip_write_header(b, "Accept", IX_STR("application/sdp"));
    ix_buf_strv(b, req->headers);
    if (req->body.n)
        ix_sip_write_header(b, "Content-Type", req->content_type);
}

/* RFC 3261 section 12.2.1.1: a first route without lr is a strict router; it is written as such */
static void write_dialog_target(struct ix_sip_draft *draft, const struct ix_sip_dialog *d)
{
    struct ix_str routes = ix_str(d->routes), first;
    struct ix_sip_addr addr;
    size_t end_of_first = ix_sip_element_length(routes);
    first = ix_str_slice(routes, 0, end_of_first);
    bool strict = routes.n && !ix_sip_addr_parse(&addr, first) && !ix_sip_param(addr.uri.params, "lr", NULL);

    begin(draft, &draft->uri);
    put_clean(&draft->text, strict ? addr.uri.text : ix_str(d->target));
    end(draft, &draft->uri);
    begin(draft, &draft->route);
    if (strict) {
        ix_buf_str(&draft->text, "Route: ");
        if (end_of_first < routes.n) {
            put_clean(&draft->text, ix_str_trim(ix_str_slice(routes, end_of_first + 1, routes.n)));
            ix_buf_str(&draft->text, ", ");
        }
        ix_buf_fmt(&draft->text, "<%s>\r\n", d->target);
    } else if (routes.n) {
        ix_sip_write_header(&draft->text, "Route", routes);
    }
    end(draft, &draft->route);
}

static void write_dialog_parts(struct ix_sip_draft *draft, const struct ix_sip_dialog *d)
{
    write_dialog_target(draft, d);
    begin(draft, &draft->from);
    put_clean(&draft->text, ix_str(d->local));
    end(draft, &draft->from);
    begin(draft, &draft->to);
    put_clean(&draft->text, ix_str(d->remote));
    end(draft, &draft->to);
    begin(draft, &draft->call_id);
    put_clean(&draft->text, ix_str(d->call_id));
    end(draft, &draft->call_id);
}

static void write_token(struct ix_sip_draft *draft, const struct ix_sip_stack *s, struct ix_str given, size_t random)
{
    char token[33];
    if (given.n) {
        put_clean(&draft->text, given);
        return;
    }
    ix_rng_token(s->rng, token, random);
    ix_buf_str(&draft->text, token);
}

static void write_plain_parts(
    struct ix_sip_draft *draft, const struct ix_sip_stack *s, const struct ix_sip_request *req)
{
    begin(draft, &draft->uri);
    put_clean(&draft->text, req->uri);
    end(draft, &draft->uri);
    begin(draft, &draft->route);
    if (req->route.n)
        ix_sip_write_header(&draft->text, "Route", req->route);
    end(draft, &draft->route);
    begin(draft, &draft->from);
    put_clean(&draft->text, req->from);
    ix_buf_str(&draft->text, ";tag=");
    write_token(draft, s, req->from_tag, IX_SIP_TAG);
    end(draft, &draft->from);
    begin(draft, &draft->to);
    put_clean(&draft->text, req->to);
    end(draft, &draft->to);
    begin(draft, &draft->call_id);
    write_token(draft, s, req->call_id, 32);
    end(draft, &draft->call_id);
}

static bool request_valid(const struct ix_sip_request *req, bool in_dialog)
{
    struct ix_sip_uri uri;
    struct ix_sip_addr addr;
    if (req->method == IX_SIP_OTHER && !ix_sip_is_token(req->method_name))
        return false;
    if (!ix_sip_lines_valid(req->headers) || (req->body.n && !req->content_type.n))
        return false;
    return in_dialog || (!ix_sip_uri_parse(&uri, req->uri) && !ix_sip_addr_parse(&addr, req->from) &&
                            !ix_sip_addr_parse(&addr, req->to));
}

int ix_sip_draft_make(struct ix_sip_draft *draft, const struct ix_sip_stack *s, const struct ix_sip_transport *t,
    const struct ix_sip_request *req, const struct ix_sip_dialog *d)
{
    if (!request_valid(req, d != NULL))
        return IRISX_E_INVALID;
    ix_buf_init(&draft->text, IX_SIP_MAX_MESSAGE);
    draft->method = req->method;
    begin(draft, &draft->method_name);
    ix_buf_strv(&draft->text, req->method ? ix_str(ix_sip_method_name(req->method)) : req->method_name);
    end(draft, &draft->method_name);
    if (d)
        write_dialog_parts(draft, d);
    else
        write_plain_parts(draft, s, req);
    begin(draft, &draft->rest);
    write_rest(&draft->text, s, t, req);
    end(draft, &draft->rest);
    begin(draft, &draft->body);
    ix_buf_strv(&draft->text, req->body);
    end(draft, &draft->body);
    return draft->text.err;
}

static void write_head(struct ix_buf *b, const struct ix_sip_draft *draft, const struct ix_sip_transport *t,
    struct ix_str method, const char *branch, uint32_t cseq, struct ix_str to)
{
    ix_buf_strv(b, method);
    ix_buf_u8(b, ' ');
    ix_buf_strv(b, ix_sip_draft_part(draft, draft->uri));
    ix_buf_fmt(b, " SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=%s\r\n", t->secure ? "WSS" : "WS", t->sent_by, branch);
    ix_buf_str(b, "Max-Forwards: 70\r\n");
    ix_buf_strv(b, ix_sip_draft_part(draft, draft->route));
    ix_sip_write_header(b, "From", ix_sip_draft_part(draft, draft->from));
    ix_sip_copy_header(b, "To", to);
    ix_sip_write_header(b, "Call-ID", ix_sip_draft_part(draft, draft->call_id));
    ix_buf_fmt(b, "CSeq: %u ", cseq);
    ix_buf_strv(b, method);
    ix_buf_str(b, "\r\n");
}

void ix_sip_draft_write(struct ix_buf *b, const struct ix_sip_draft *draft, const struct ix_sip_transport *t,
    const char *branch, uint32_t cseq, struct ix_str credentials)
{
    write_head(
        b, draft, t, ix_sip_draft_part(draft, draft->method_name), branch, cseq, ix_sip_draft_part(draft, draft->to));
    ix_buf_strv(b, credentials);
    ix_buf_strv(b, ix_sip_draft_part(draft, draft->rest));
    write_body(b, ix_sip_draft_part(draft, draft->body));
}

void ix_sip_draft_write_bare(struct ix_buf *b, const struct ix_sip_draft *draft, const struct ix_sip_transport *t,
    const char *branch, uint32_t cseq, const char *method, struct ix_str to, struct ix_str headers)
{
    write_head(b, draft, t, ix_str(method), branch, cseq, to);
    ix_buf_strv(b, headers);
    write_body(b, IX_STR_NONE);
}

/* ---- responses --------------------------------------------------------------------------- */

static void copy_all(struct ix_buf *b, const struct ix_sip_msg *request, enum ix_sip_hdr id)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (request->headers[i].id == id)
            ix_sip_copy_header(b, ix_sip_header_name(id), request->headers[i].value);
    }
}

/* a faulty request may have several; a response has one */
static void copy_first(struct ix_buf *b, const struct ix_sip_msg *request, enum ix_sip_hdr id)
{
    if (ix_sip_has(request, id))
        ix_sip_copy_header(b, ix_sip_header_name(id), ix_sip_get(request, id));
}

static void write_to(struct ix_buf *b, const struct ix_sip_msg *request, struct ix_str tag)
{
    if (!ix_sip_has(request, IX_SIP_H_TO))
        return;
    ix_buf_str(b, "To: ");
    ix_sip_unfold(b, ix_sip_get(request, IX_SIP_H_TO));
    if (!request->to_tag.n && tag.n) {
        ix_buf_str(b, ";tag=");
        ix_buf_strv(b, tag);
    }
    ix_buf_str(b, "\r\n");
}

void ix_sip_response_write(struct ix_buf *b, const struct ix_sip_stack *s, const struct ix_sip_msg *request,
    const struct ix_sip_response_parts *parts)
{
    ix_buf_fmt(b, "SIP/2.0 %u ", parts->status);
    put_clean(b, parts->phrase.n ? parts->phrase : ix_str(ix_sip_status_text(parts->status)));
    ix_buf_str(b, "\r\n");
    copy_all(b, request, IX_SIP_H_VIA);
    if (parts->record_route)
        copy_all(b, request, IX_SIP_H_RECORD_ROUTE);
    copy_first(b, request, IX_SIP_H_FROM);
    write_to(b, request, parts->to_tag);
    copy_first(b, request, IX_SIP_H_CALL_ID);
    copy_first(b, request, IX_SIP_H_CSEQ);
    if (parts->contact.n)
        ix_sip_write_header(b, "Contact", parts->contact);
    if (s->agent[0])
        ix_sip_write_header(b, "Server", ix_str(s->agent));
    if (parts->capabilities) {
        ix_sip_write_allow(b, s);
        write_supported(b, s);
        if (request->method == IX_SIP_OPTIONS)
            ix_sip_write_header(b, "Accept", IX_STR("application/sdp"));
    }
    ix_buf_strv(b, parts->headers);
    if (parts->body.n)
        ix_sip_write_header(b, "Content-Type", parts->content_type);
    write_body(b, parts->body);
}
