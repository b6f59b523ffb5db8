/* SPDX-License-Identifier: MIT */
/*
 * Reading a session description (RFC 8866). Session-level attributes become the start of every media section, so that
 * nobody above has to look in two places. What we do not know is skipped; what we act upon must be right.
 */
#include "sdp/internal.h"

#include <string.h>

struct parse {
    struct ix_sdp *sdp;
    struct ix_sdp_media session; /* attributes above the first m= */
    struct ix_sdp_media *media; /* section at hand, NULL above the first */
    bool version_seen, inherited_fingerprints;
    const char *why;
};

static int fail(struct parse *p, const char *why)
{
    p->why = why;
    return IRISX_E_PROTOCOL;
}

bool ix_sdp_token(struct ix_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char) s.p[i] <= ' ' || s.p[i] == 0x7f)
            return false;
    }
    return s.n > 0 && s.n <= 64;
}

/* RFC 8866 section 5.7; a multicast suffix is cut, a host name gives family 0 */
int ix_sdp_connection(struct ix_str value, struct ix_addr *addr)
{
    struct ix_str net, family, host, literal;
    uint16_t port = addr->port;
    if (!ix_str_cut(&value, ' ', &net) || !ix_str_eq(net, IX_STR("IN")) || !ix_str_cut(&value, ' ', &family) ||
        !ix_str_cut(&value, ' ', &host) || value.n || !ix_str_cut(&host, '/', &literal) || !ix_sdp_token(literal))
        return IRISX_E_PROTOCOL;
    if (!ix_str_eq(family, IX_STR("IP4")) && !ix_str_eq(family, IX_STR("IP6")))
        return IRISX_E_PROTOCOL;
    if (ix_addr_parse(addr, literal, port))
        *addr = (struct ix_addr){ .port = port };
    return 0;
}

static int parse_origin(struct parse *p, struct ix_str value)
{
    struct ix_sdp *sdp = p->sdp;
    if (!ix_str_cut(&value, ' ', &sdp->origin_user) || !ix_str_cut(&value, ' ', &sdp->origin_id) ||
        !ix_str_cut(&value, ' ', &sdp->origin_version) || !value.n)
        return fail(p, "the o= line is malformed");
    return 0;
}

/* ---- m= ---------------------------------------------------------------------------------- */

static const struct {
    uint8_t payload_type;
    const char *name;
} static_types[] = { { 0, "PCMU" }, { 8, "PCMA" }, { 13, "CN" } }; /* RFC 3551 section 6, those we use; all 8000 Hz */

static void add_format(struct ix_sdp_media *m, uint8_t payload_type)
{
    if (m->codec_count == IX_SDP_MAX_CODECS || ix_sdp_find_codec(m, payload_type))
        return;
    struct ix_sdp_codec *c = &m->codecs[m->codec_count++];
    *c = (struct ix_sdp_codec){ .payload_type = payload_type, .channels = 1 };
    for (size_t i = 0; i < IX_COUNT(static_types); i++) {
        if (static_types[i].payload_type != payload_type)
            continue;
        c->name = ix_str(static_types[i].name);
        c->clock_hz = 8000;
    }
}

static int parse_formats(struct parse *p, struct ix_sdp_media *m)
{
    struct ix_str rest = m->formats, one;
    uint32_t payload_type;
    if (!ix_str_eq(m->type, IX_STR("audio")))
        return 0;
    while (ix_str_cut(&rest, ' ', &one)) {
        if (!one.n)
            continue;
        if (ix_str_u32(one, 127, &payload_type))
            return fail(p, "an m= line names a payload type that is none");
        add_format(m, (uint8_t) payload_type);
    }
    return 0;
}

/* m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8 */
static int parse_media_line(struct parse *p, struct ix_str value)
{
    struct ix_sdp *sdp = p->sdp;
    struct ix_str port, number, proto, type;
    uint32_t n;

    if (!ix_str_cut(&value, ' ', &type) || !ix_str_cut(&value, ' ', &port) || !ix_str_cut(&value, ' ', &proto) ||
        !value.n)
        return fail(p, "an m= line is malformed");
    if (!ix_sdp_token(type) || !ix_sdp_token(proto) || !ix_str_cut(&port, '/', &number) ||
        ix_str_u32(number, 65535, &n))
        return fail(p, "an m= line is malformed");
    if (sdp->media_total++ >= IX_SDP_MAX_MEDIA)
        return 0;
    p->media = &sdp->media[sdp->media_count++];
    *p->media = p->session;
    p->media->type = type;
    p->media->port = (uint16_t) n;
    p->media->proto = proto;
    p->media->formats = value;
    p->media->connection.port = (uint16_t) n;
    p->inherited_fingerprints = true;
    return parse_formats(p, p->media);
}

/* ---- lines ------------------------------------------------------------------------------- */

static int parse_attribute(struct parse *p, struct ix_str value)
{
    if (!p->media && ix_str_starts(value, IX_STR("group:BUNDLE"))) {
        p->sdp->group_bundle = ix_str_trim(ix_str_slice(value, 12, value.n));
        return 0;
    }
    if (p->sdp->media_total > IX_SDP_MAX_MEDIA)
        return 0;
    return ix_sdp_attribute(p->media ? p->media : &p->session, value, &p->inherited_fingerprints, &p->why);
}

static int parse_line(struct parse *p, struct ix_str line)
{
    struct ix_str value = ix_str_slice(line, 2, line.n);
    if (line.n < 2 || line.p[1] != '=' || line.p[0] < 'a' || line.p[0] > 'z')
        return fail(p, "a line is not of the form x=...");
    if (!p->version_seen && line.p[0] != 'v')
        return fail(p, "it does not begin with v=0");
    switch (line.p[0]) {
    case 'v':
        p->version_seen = true;
        return ix_str_eq(value, IX_STR("0")) ? 0 : fail(p, "it does not begin with v=0");
    case 'o':
        return parse_origin(p, value);
    case 'c':
        if (p->sdp->media_total > IX_SDP_MAX_MEDIA)
            return 0;
        return ix_sdp_connection(value, p->media ? &p->media->connection : &p->session.connection)
                   ? fail(p, "a c= line is malformed")
                   : 0;
    case 'm':
        return parse_media_line(p, value);
    case 'a':
        return parse_attribute(p, value);
    default:
        return 0;
    }
}

static bool has_control(struct ix_str line)
{
    for (size_t i = 0; i < line.n; i++) {
        if ((unsigned char) line.p[i] < ' ' && line.p[i] != '\t')
            return true;
    }
    return false;
}

static void mark_bundled(struct ix_sdp *sdp)
{
    for (size_t i = 0; i < sdp->media_count; i++) {
        struct ix_str mids = sdp->group_bundle, one;
        while (sdp->media[i].mid.n && ix_str_cut(&mids, ' ', &one))
            sdp->media[i].bundled = sdp->media[i].bundled || ix_str_eq(one, sdp->media[i].mid);
    }
}

static int parse_all(struct parse *p, struct ix_reader in)
{
    struct ix_str line;
    int err = 0;
    while (!err && ix_read_line(&in, &line)) {
        if (!line.n)
            continue;
        err = has_control(line) ? fail(p, "a line holds control characters") : parse_line(p, line);
    }
    if (err)
        return err;
    if (!p->version_seen)
        return fail(p, "it is empty");
    if (p->sdp->media_total > IX_SDP_MAX_MEDIA) {
        p->why = "it has too many m= lines";
        return IRISX_E_TOO_LARGE;
    }
    mark_bundled(p->sdp);
    return 0;
}

int ix_sdp_parse(struct ix_sdp *sdp, const void *bytes, size_t n, const char **why)
{
    struct parse p = { .sdp = sdp };
    memset(sdp, 0, offsetof(struct ix_sdp, media)); /* sections are cleared as they are made */
    int err = parse_all(&p, ix_reader(bytes, n));
    if (why)
        *why = p.why;
    return err;
}

size_t ix_sdp_size(const struct ix_sdp *sdp)
{
    return offsetof(struct ix_sdp, media) + IX_MAX(sdp->media_count, 1) * sizeof *sdp->media;
}

/* ---- fmtp -------------------------------------------------------------------------------- */

bool ix_sdp_fmtp(struct ix_str fmtp, const char *key, struct ix_str *value)
{
    struct ix_str one, name;
    while (ix_str_cut(&fmtp, ';', &one)) {
        one = ix_str_trim(one);
        if (!ix_str_cut(&one, '=', &name) || !ix_str_ieq(ix_str_trim(name), ix_str(key)))
            continue;
        *value = ix_str_trim(one);
        return true;
    }
    return false;
}
