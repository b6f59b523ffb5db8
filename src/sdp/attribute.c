/* SPDX-License-Identifier: MIT */
/*
 * The attributes we act upon: codecs (RFC 8866 section 6), direction, ICE (RFC 8839), DTLS (RFC 8122, 8842, 4145),
 * rtcp-mux (RFC 5761), mid (RFC 5888), ssrc (RFC 5576).
 */
#include "sdp/internal.h"

#include <string.h>

struct ix_sdp_codec *ix_sdp_find_codec(struct ix_sdp_media *m, uint8_t payload_type)
{
    for (size_t i = 0; i < m->codec_count; i++) {
        if (m->codecs[i].payload_type == payload_type)
            return &m->codecs[i];
    }
    return NULL;
}

/* "102 rest": the codec of that payload type, NULL if the m= line does not have it */
static struct ix_sdp_codec *take_codec(struct ix_sdp_media *m, struct ix_str *value)
{
    struct ix_str number;
    uint32_t payload_type;
    if (!ix_str_cut(value, ' ', &number) || ix_str_u32(number, 127, &payload_type))
        return NULL;
    return ix_sdp_find_codec(m, (uint8_t) payload_type);
}

/* "102 opus/48000/2"; a mapping that cannot be read leaves a codec that nobody chooses */
static int read_rtpmap(struct ix_sdp_media *m, struct ix_str value, const char **why)
{
    struct ix_sdp_codec *c = take_codec(m, &value);
    struct ix_str name, clock, channels;
    uint32_t clock_hz = 0, count = 1;

    (void) why;
    if (!c)
        return 0;
    (void) ix_str_cut(&value, '/', &name);
    (void) ix_str_cut(&value, '/', &clock);
    bool valid = ix_sdp_token(name) && !ix_str_u32(clock, 1000000, &clock_hz) && clock_hz;
    if (ix_str_cut(&value, '/', &channels) && ix_str_u32(ix_str_trim(channels), 255, &count))
        valid = false;
    c->name = valid ? name : IX_STR_NONE;
    c->clock_hz = valid ? clock_hz : 0;
    c->channels = (uint8_t) (count ? count : 1);
    return 0;
}

static int read_fmtp(struct ix_sdp_media *m, struct ix_str value, const char **why)
{
    struct ix_sdp_codec *c = take_codec(m, &value);
    (void) why;
    if (c)
        c->fmtp = ix_str_trim(value);
    return 0;
}

static void read_ms(struct ix_str value, uint16_t *out)
{
    uint32_t ms;
    if (!ix_str_u32(ix_str_trim(value), 1000, &ms))
        *out = (uint16_t) ms;
}

static int read_ptime(struct ix_sdp_media *m, struct ix_str value, const char **why)
{
    (void) why;
    read_ms(value, &m->ptime);
    return 0;
}

static int read_maxptime(struct ix_sdp_media *m, struct ix_str value, const char **why)
{
    (void) why;
    read_ms(value, &m->maxptime);
    return 0;
}

static int read_mid(struct ix_sdp_media *m, struct ix_str value, const char **why)
{
    if (!ix_sdp_token(value)) {
        *why = "a=mid is malformed";
        return IRISX_E_PROTOCOL;
    }
    m->mid = value;
    return 0;
}

/* ---- ICE --------------------------------------------------------------------------------- */

static bool ice_chars(struct ix_str s, size_t least)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        /* '=', '-' and '_' are not ice-char but in use (base64 variants) and harm nobody */
        if (!alnum && c != '+' && c != '/' && c != '=' && c != '-' && c != '_')
            return false;
    }
    return s.n >= least && s.n <= 256;
}

static int read_ufrag(struct ix_sdp_media *m, struct ix_str value, const char **why)
{
    m->ice_ufrag = ix_str_trim(value);
    if (ice_chars(m->ice_ufrag, 4))
        return 0;
    *why = "a=ice-ufrag is malformed";
    return IRISX_E_PROTOCOL;
}

static int read_pwd(struct ix_sdp_media *m, struct ix_str value, const char **why)
{
    m->ice_pwd = ix_str_trim(value);
    if (ice_chars(m->ice_pwd, 22))
        return 0;
    *why = "a=ice-pwd is malformed";
    return IRISX_E_PROTOCOL;
}

static int read_ice_options(struct ix_sdp_media *m, struct ix_str value, const char **why)
{
    struct ix_str one;
    (void) why;
    while (ix_str_cut(&value, ' ', &one))
        m->trickle = m->trickle || ix_str_ieq(one, IX_STR("trickle"));
    return 0;
}

static bool read_pair(struct ix_str host, struct ix_str port, struct ix_addr *addr)
{
    uint32_t number;
    if (!ix_sdp_token(host) || ix_str_u32(port, 65535, &number))
        return false;
    if (ix_addr_parse(addr, host, (uint16_t) number))
        *addr = (struct ix_addr){ .port = (uint16_t) number };
    return true;
}

/* name value pairs behind the type: raddr, rport; others are extensions */
static void read_related(struct ix_sdp_candidate *c, struct ix_str rest)
{
    struct ix_str name, value, host = IX_STR_NONE, port = IX_STR("0");
    while (ix_str_cut(&rest, ' ', &name) && ix_str_cut(&rest, ' ', &value)) {
        if (ix_str_ieq(name, IX_STR("raddr")))
            host = value;
        else if (ix_str_ieq(name, IX_STR("rport")))
            port = value;
    }
    if (!host.n || !read_pair(host, port, &c->related) || !c->related.family)
        c->related = (struct ix_addr){ .family = 0 };
}

/* foundation component transport priority address port typ type … */
static bool parse_candidate(struct ix_sdp_candidate *c, struct ix_str s)
{
    struct ix_str field[8];
    uint32_t component, priority;
    for (size_t i = 0; i < IX_COUNT(field); i++) {
        if (!ix_str_cut(&s, ' ', &field[i]) || !field[i].n)
            return false;
    }
    if (field[0].n > 32 || ix_str_u32(field[1], 256, &component) || !component ||
        ix_str_u32(field[3], INT32_MAX, &priority) || !ix_str_eq(field[6], IX_STR("typ")) || !ix_sdp_token(field[7]))
        return false;
    *c = (struct ix_sdp_candidate){ .foundation = field[0],
        .udp = ix_str_ieq(field[2], IX_STR("udp")),
        .priority = priority,
        .host = field[4],
        .type = field[7] };
    c->component = (uint8_t) IX_MIN(component, 255);
    if (!read_pair(field[4], field[5], &c->addr))
        return false;
    read_related(c, s);
    return true;
}

/* RFC 8839 section 5.1: a candidate that cannot be read is ignored */
static int read_candidate(struct ix_sdp_media *m, struct ix_str value, const char **why)
{
    (void) why;
    if (m->candidate_count < IX_SDP_MAX_CANDIDATES && parse_candidate(&m->candidates[m->candidate_count], value))
        m->candidate_count++;
    return 0;
}

/* ---- DTLS -------------------------------------------------------------------------------- */

static int read_setup(struct ix_sdp_media *m, struct ix_str value, const char **why)
{
    static const struct {
        const char *name;
        enum ix_sdp_setup setup;
    } names[] = { { "actpass", IX_SETUP_ACTPASS }, { "active", IX_SETUP_ACTIVE }, { "passive", IX_SETUP_PASSIVE },
        { "holdconn", IX_SETUP_HOLDCONN } };
    for (size_t i = 0; i < IX_COUNT(names); i++) {
        if (ix_str_ieq(ix_str_trim(value), ix_str(names[i].name))) {
            m->setup = names[i].setup;
            return 0;
        }
    }
    *why = "a=setup is malformed";
    return IRISX_E_PROTOCOL;
}

static bool digest_kind(struct ix_str name, enum ix_digest_kind *kind)
{
    static const struct {
        const char *name;
        enum ix_digest_kind kind;
    } names[] = { { "sha-1", IX_SHA1 }, { "sha-256", IX_SHA256 }, { "sha-384", IX_SHA384 }, { "sha-512", IX_SHA512 } };
    for (size_t i = 0; i < IX_COUNT(names); i++) {
        if (ix_str_ieq(name, ix_str(names[i].name))) {
            *kind = names[i].kind;
            return true;
        }
    }
    return false;
}

/* "33:0E:…", exactly len bytes */
static bool hex_pairs(struct ix_str s, uint8_t *out, size_t len)
{
    if (s.n != 3 * len - 1)
        return false;
    for (size_t i = 0; i < len; i++) {
        if ((i && s.p[3 * i - 1] != ':') || ix_hex_decode(ix_str_slice(s, 3 * i, 3 * i + 2), out + i, 1))
            return false;
    }
    return true;
}

/* A hash we do not know is skipped, another fingerprint may serve; a broken one of a hash we know is an error. */
static int read_fingerprint(struct ix_sdp_media *m, struct ix_str value, const char **why)
{
    struct ix_sdp_fingerprint fp = { .len = 0 };
    struct ix_str name;
    (void) ix_str_cut(&value, ' ', &name);
    if (!digest_kind(name, &fp.kind) || m->fingerprint_count == IX_COUNT(m->fingerprints))
        return 0;
    fp.len = (uint8_t) ix_digest_size(fp.kind);
    if (!hex_pairs(ix_str_trim(value), fp.bytes, fp.len)) {
        *why = "a=fingerprint is malformed";
        return IRISX_E_PROTOCOL;
    }
    m->fingerprints[m->fingerprint_count++] = fp;
    return 0;
}

/* ---- the rest ---------------------------------------------------------------------------- */

static int read_ssrc(struct ix_sdp_media *m, struct ix_str value, const char **why)
{
    struct ix_str number;
    uint32_t ssrc;
    (void) why;
    if (!m->ssrc && ix_str_cut(&value, ' ', &number) && !ix_str_u32(number, UINT32_MAX, &ssrc))
        m->ssrc = ssrc;
    return 0;
}

/* attributes without a value; true if it was one */
static bool read_flag(struct ix_sdp_media *m, struct ix_str name)
{
    static const char *const directions[] = { "sendrecv", "sendonly", "recvonly", "inactive" };
    const struct {
        const char *name;
        bool *flag;
    } flags[] = { { "rtcp-mux", &m->rtcp_mux }, { "rtcp-rsize", &m->rtcp_rsize }, { "ice-lite", &m->ice_lite },
        { "end-of-candidates", &m->end_of_candidates } };
    for (size_t i = 0; i < IX_COUNT(directions); i++) {
        if (ix_str_eq(name, ix_str(directions[i]))) {
            m->direction = (enum ix_sdp_direction) i;
            return true;
        }
    }
    for (size_t i = 0; i < IX_COUNT(flags); i++) {
        if (ix_str_eq(name, ix_str(flags[i].name))) {
            *flags[i].flag = true;
            return true;
        }
    }
    return false;
}

static const struct {
    const char *name;
    int (*read)(struct ix_sdp_media *m, struct ix_str value, const char **why);
} readers[] = { { "rtpmap", read_rtpmap }, { "fmtp", read_fmtp }, { "ptime", read_ptime },
    { "maxptime", read_maxptime }, { "mid", read_mid }, { "ice-ufrag", read_ufrag }, { "ice-pwd", read_pwd },
    { "ice-options", read_ice_options }, { "candidate", read_candidate }, { "setup", read_setup },
    { "fingerprint", read_fingerprint }, { "ssrc", read_ssrc } };

int ix_sdp_attribute(struct ix_sdp_media *m, struct ix_str line, bool *inherited_fingerprints, const char **why)
{
    struct ix_str name;
    (void) ix_str_cut(&line, ':', &name);
    if (read_flag(m, ix_str_trim(name)))
        return 0;
    if (*inherited_fingerprints && ix_str_eq(name, IX_STR("fingerprint"))) {
        m->fingerprint_count = 0;
        *inherited_fingerprints = false;
    }
    for (size_t i = 0; i < IX_COUNT(readers); i++) {
        if (ix_str_eq(name, ix_str(readers[i].name)))
            return readers[i].read(m, ix_str_trim(line), why);
    }
    return 0;
}
