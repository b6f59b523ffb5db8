/* SPDX-License-Identifier: MIT */
/*
 * What of a message may go into a log or a capture. Works line by line on any bytes, well-formed or not. Of credentials
 * only parameters known to be harmless are kept; whatever else stands there, known or not, becomes "***".
 */
#include "sip/scan.h"

static const char *const kept_params[] = { "username", "realm", "uri", "algorithm", "qop", "nc", "stale", "domain",
    "charset", "userhash" };

static bool kept(struct ix_str name)
{
    for (size_t i = 0; i < IX_COUNT(kept_params); i++) {
        if (ix_str_ieq(name, ix_str(kept_params[i])))
            return true;
    }
    return false;
}

static void write_param(struct ix_buf *b, struct ix_str name, struct ix_str raw)
{
    ix_buf_strv(b, name);
    ix_buf_u8(b, '=');
    if (kept(name))
        ix_sip_unfold(b, raw);
    else
        ix_buf_str(b, "***");
}

/* "Digest name=value, name="value"": what is not of that form (another scheme, Authentication-Info) goes whole */
static void redact_credentials(struct ix_buf *b, struct ix_str value)
{
    struct ix_str scheme = ix_sip_take_token(&value);
    ix_buf_strv(b, scheme);
    ix_buf_u8(b, ' ');
    if (!ix_str_ieq(scheme, IX_STR("Digest"))) {
        ix_buf_str(b, "***");
        return;
    }
    for (bool first = true;; first = false) {
        struct ix_str name = ix_sip_take_token(&value), inner;
        if (!name.n || !ix_sip_take_char(&value, '='))
            break;
        ix_sip_skip_lws(&value);
        struct ix_str raw = value;
        if (!ix_sip_take_quoted(&value, &inner)) {
            size_t comma = ix_str_find(value, ',');
            value = comma == SIZE_MAX ? IX_STR_NONE : ix_str_slice(value, comma, value.n);
        }
        raw.n = value.n ? (size_t) (value.p - raw.p) : raw.n;
        ix_buf_str(b, first ? "" : ", ");
        write_param(b, name, raw);
        if (!ix_sip_take_char(&value, ','))
            break;
    }
    ix_sip_skip_lws(&value);
    ix_buf_str(b, value.n ? " ***" : "");
}

static bool credential_header(struct ix_str line, size_t *colon)
{
    static const char *const names[] = { "Authorization", "Proxy-Authorization", "WWW-Authenticate",
        "Proxy-Authenticate", "Authentication-Info", "Proxy-Authentication-Info" };
    *colon = ix_str_find(line, ':');
    struct ix_str name = *colon == SIZE_MAX ? IX_STR_NONE : ix_str_trim(ix_str_slice(line, 0, *colon));
    for (size_t i = 0; i < IX_COUNT(names); i++) {
        if (ix_str_ieq(name, ix_str(names[i])))
            return true;
    }
    return false;
}

/* lines whose end is secret: how much of the line may stay, SIZE_MAX for all */
static size_t public_prefix(struct ix_str line)
{
    static const char *const prefixes[] = { "a=ice-pwd:", "k=" };
    for (size_t i = 0; i < IX_COUNT(prefixes); i++) {
        if (ix_str_istarts(line, ix_str(prefixes[i])))
            return ix_str(prefixes[i]).n;
    }
    if (!ix_str_istarts(line, IX_STR("a=crypto:")))
        return SIZE_MAX;
    size_t first = ix_str_find(line, ' '); /* a=crypto:TAG SUITE inline:KEY */
    if (first == SIZE_MAX)
        return ix_str("a=crypto:").n;
    size_t second = ix_str_find(ix_str_slice(line, first + 1, line.n), ' ');
    return second == SIZE_MAX ? first + 1 : first + 1 + second + 1;
}

static void redact_line(struct ix_buf *b, struct ix_str line)
{
    size_t colon, keep = public_prefix(line);
    if (credential_header(line, &colon)) {
        ix_buf_strv(b, ix_str_slice(line, 0, colon + 1));
        ix_buf_u8(b, ' ');
        redact_credentials(b, ix_str_slice(line, colon + 1, line.n));
    } else {
        ix_buf_strv(b, ix_str_slice(line, 0, keep));
        ix_buf_str(b, keep == SIZE_MAX ? "" : "***");
    }
}

void ix_sip_redact(struct ix_buf *b, const void *p, size_t n)
{
    struct ix_reader in = ix_reader(p, n);
    struct ix_str line, more;

    while (ix_read_line(&in, &line)) {
        while (line.n && in.n && (in.p[0] == ' ' || in.p[0] == '\t')) { /* a folded header is one line here */
            (void) ix_read_line(&in, &more);
            line.n = (size_t) (more.p + more.n - line.p);
        }
        redact_line(b, line);
        const char *end = line.p + line.n, *next = (const char *) in.p;
        ix_buf_put(b, end, (size_t) (next - end)); /* the line's own end, if it has one */
    }
}
