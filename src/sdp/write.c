/* SPDX-License-Identifier: MIT */
/* Writing offers and answers (RFC 3264, RFC 8829 sections 5.2 and 5.3 where they apply to one audio stream). */
#include "sdp/internal.h"

static const char *const directions[] = { "sendrecv", "sendonly", "recvonly", "inactive" };
static const char *const setups[] = { "", "actpass", "active", "passive", "holdconn" };

static const char *family(const struct ix_addr *a)
{
    return a->family == IX_IPV6 ? "IP6" : "IP4";
}

static void ip_text(const struct ix_addr *a, char out[IX_ADDR_TEXT])
{
    if (a->family)
        ix_addr_ip_text(a, out);
    else
        (void) ix_str_copy(out, IX_ADDR_TEXT, IX_STR("0.0.0.0"));
}

static void write_session(struct ix_buf *b, const struct ix_sdp_local *local)
{
    char ip[IX_ADDR_TEXT];
    ip_text(&local->default_addr, ip);
    ix_buf_fmt(b, "v=0\r\no=- %llu %u IN %s %s\r\ns=-\r\nt=0 0\r\n", (unsigned long long) local->session_id,
        local->version, family(&local->default_addr), ip);
}

static void write_candidate(struct ix_buf *b, const struct ix_sdp_candidate *c)
{
    char ip[IX_ADDR_TEXT];
    ip_text(&c->addr, ip);
    ix_buf_str(b, "a=candidate:");
    ix_buf_strv(b, c->foundation);
    ix_buf_fmt(b, " %u %s %u ", c->component ? c->component : 1u, c->udp ? "udp" : "tcp", c->priority);
    if (c->host.n && !c->addr.family)
        ix_buf_strv(b, c->host);
    else
        ix_buf_str(b, ip);
    ix_buf_fmt(b, " %u typ ", c->addr.port);
    ix_buf_strv(b, c->type);
    if (c->related.family) {
        ip_text(&c->related, ip);
        ix_buf_fmt(b, " raddr %s rport %u", ip, c->related.port);
    }
    ix_buf_str(b, "\r\n");
}

static void write_transport(struct ix_buf *b, const struct ix_sdp_local *local, enum ix_sdp_setup setup)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < local->candidate_count; i++)
        write_candidate(b, &local->candidates[i]);
    ix_buf_fmt(
        b, "a=end-of-candidates\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=ice-options:ice2\r\n", local->ufrag, local->pwd);
    ix_buf_str(b, "a=fingerprint:sha-256 ");
    for (size_t i = 0; i < 32; i++) {
        ix_buf_str(b, i ? ":" : "");
        ix_buf_u8(b, (uint8_t) digits[local->fingerprint_sha256[i] >> 4]);
        ix_buf_u8(b, (uint8_t) digits[local->fingerprint_sha256[i] & 15]);
    }
    ix_buf_fmt(b, "\r\na=setup:%s\r\n", setups[setup]);
}

static void write_stream(
    struct ix_buf *b, const struct ix_sdp_local *local, enum ix_sdp_direction direction, bool rtcp_mux)
{
    if (local->mid)
        ix_buf_fmt(b, "a=mid:%s\r\n", local->mid);
    ix_buf_fmt(b, "a=%s\r\n", directions[direction]);
    if (rtcp_mux)
        ix_buf_str(b, "a=rtcp-mux\r\n");
}

static void write_tail(struct ix_buf *b, const struct ix_sdp_local *local)
{
    ix_buf_fmt(b, "a=ptime:%u\r\n", local->ptime ? local->ptime : 20u);
    if (!local->cname)
        return;
    ix_buf_fmt(b, "a=msid:%s audio\r\n", local->cname);
    if (local->ssrc)
        ix_buf_fmt(b, "a=ssrc:%u cname:%s\r\n", local->ssrc, local->cname);
}

static void write_codec(
    struct ix_buf *b, uint8_t payload_type, enum ix_codec_id codec, const struct ix_sdp_local *local)
{
    switch (codec) {
    case IX_CODEC_OPUS:
        ix_buf_fmt(b, "a=rtpmap:%u opus/48000/2\r\na=fmtp:%u minptime=10;useinbandfec=1", payload_type, payload_type);
        if (local->opus_max_bitrate)
            ix_buf_fmt(b, ";maxaveragebitrate=%u", local->opus_max_bitrate);
        ix_buf_str(b, local->dtx ? ";usedtx=1\r\n" : "\r\n");
        break;
    case IX_CODEC_PCMU:
        ix_buf_fmt(b, "a=rtpmap:%u PCMU/8000\r\n", payload_type);
        break;
    case IX_CODEC_PCMA:
        ix_buf_fmt(b, "a=rtpmap:%u PCMA/8000\r\n", payload_type);
        break;
    case IX_CODEC_NONE:
        break;
    }
}

static void write_event(struct ix_buf *b, uint8_t payload_type, uint32_t clock_hz)
{
    ix_buf_fmt(b, "a=rtpmap:%u telephone-event/%u\r\na=fmtp:%u 0-15\r\n", payload_type, clock_hz, payload_type);
}

static void write_media_line(struct ix_buf *b, const struct ix_sdp_local *local, struct ix_str proto)
{
    ix_buf_fmt(b, "m=audio %u ", local->default_addr.port ? local->default_addr.port : 9u);
    ix_buf_strv(b, proto);
}

static void write_connection(struct ix_buf *b, const struct ix_addr *addr)
{
    char ip[IX_ADDR_TEXT];
    ip_text(addr, ip);
    ix_buf_fmt(b, "c=IN %s %s\r\n", family(addr), ip);
}

static bool local_complete(const struct ix_sdp_local *local)
{
    return local->ufrag && local->pwd && local->fingerprint_sha256;
}

/* ---- offer ------------------------------------------------------------------------------- */

struct offered {
    enum ix_codec_id codec;
    uint8_t payload_type;
};
static const struct offered offered[] = { { IX_CODEC_OPUS, IX_SDP_PT_OPUS }, { IX_CODEC_PCMU, 0 },
    { IX_CODEC_PCMA, 8 } };

static bool narrow(const struct ix_sdp_local *local)
{
    return ix_sdp_wanted(local, IX_CODEC_PCMU) || ix_sdp_wanted(local, IX_CODEC_PCMA);
}

static void write_offered_formats(struct ix_buf *b, const struct ix_sdp_local *local)
{
    bool events = ix_sdp_events_wanted(local);
    for (size_t i = 0; i < IX_COUNT(offered); i++) {
        if (ix_sdp_wanted(local, offered[i].codec))
            ix_buf_fmt(b, " %u", offered[i].payload_type);
    }
    if (narrow(local))
        ix_buf_fmt(b, " %d", IX_SDP_PT_CN);
    if (events && ix_sdp_wanted(local, IX_CODEC_OPUS))
        ix_buf_fmt(b, " %d", IX_SDP_PT_EVENT_48);
    if (events && narrow(local))
        ix_buf_fmt(b, " %d", IX_SDP_PT_EVENT_8);
    ix_buf_str(b, "\r\n");
}

static void write_offered_codecs(struct ix_buf *b, const struct ix_sdp_local *local)
{
    bool events = ix_sdp_events_wanted(local);
    for (size_t i = 0; i < IX_COUNT(offered); i++) {
        if (ix_sdp_wanted(local, offered[i].codec))
            write_codec(b, offered[i].payload_type, offered[i].codec, local);
    }
    if (narrow(local))
        ix_buf_fmt(b, "a=rtpmap:%d CN/8000\r\n", IX_SDP_PT_CN);
    if (events && ix_sdp_wanted(local, IX_CODEC_OPUS))
        write_event(b, IX_SDP_PT_EVENT_48, 48000);
    if (events && narrow(local))
        write_event(b, IX_SDP_PT_EVENT_8, 8000);
}

int ix_sdp_write_offer(const struct ix_sdp_local *local, struct ix_buf *out)
{
    if (!local_complete(local) || (!ix_sdp_wanted(local, IX_CODEC_OPUS) && !narrow(local)))
        return IRISX_E_INVALID;
    write_session(out, local);
    if (local->bundle && local->mid)
        ix_buf_fmt(out, "a=group:BUNDLE %s\r\n", local->mid);
    write_media_line(out, local, ix_str(local->proto ? local->proto : "UDP/TLS/RTP/SAVPF"));
    write_offered_formats(out, local);
    write_connection(out, &local->default_addr);
    write_transport(out, local, local->setup ? local->setup : IX_SETUP_ACTPASS);
    write_stream(out, local, local->direction, true);
    write_offered_codecs(out, local);
    write_tail(out, local);
    return out->err;
}

/* ---- answer ------------------------------------------------------------------------------ */

/* RFC 3264 section 6: refused, in its place, with a format so that the line is whole */
static void write_refused(struct ix_buf *b, const struct ix_sdp_media *m)
{
    struct ix_str formats = m->formats, first;
    (void) ix_str_cut(&formats, ' ', &first);
    ix_buf_str(b, "m=");
    ix_buf_strv(b, m->type);
    ix_buf_str(b, " 0 ");
    ix_buf_strv(b, m->proto);
    ix_buf_u8(b, ' ');
    ix_buf_strv(b, first.n ? first : IX_STR("0"));
    ix_buf_str(b, "\r\nc=IN IP4 0.0.0.0\r\n");
    if (m->mid.n) {
        ix_buf_str(b, "a=mid:");
        ix_buf_strv(b, m->mid);
        ix_buf_str(b, "\r\n");
    }
    ix_buf_str(b, "a=inactive\r\n");
}

/* RFC 5763 section 5, RFC 8842 section 5.3: who opens the association; active is preferred */
static enum ix_sdp_setup answer_setup(enum ix_sdp_setup theirs, enum ix_sdp_setup ours)
{
    if (theirs == IX_SETUP_ACTIVE)
        return IX_SETUP_PASSIVE;
    if (theirs == IX_SETUP_PASSIVE)
        return IX_SETUP_ACTIVE;
    return ours == IX_SETUP_PASSIVE ? IX_SETUP_PASSIVE : IX_SETUP_ACTIVE;
}

static void write_agreed_formats(struct ix_buf *b, const struct ix_sdp_agreed *agreed)
{
    ix_buf_fmt(b, " %u", agreed->audio_pt);
    if (agreed->event_pt != IX_SDP_NO_PT)
        ix_buf_fmt(b, " %u", agreed->event_pt);
    if (agreed->cn_pt != IX_SDP_NO_PT)
        ix_buf_fmt(b, " %u", agreed->cn_pt);
    if (agreed->red_pt)
        ix_buf_fmt(b, " %u", agreed->red_pt);
    ix_buf_str(b, "\r\n");
}

static void write_accepted(struct ix_buf *b, const struct ix_sdp_media *m, const struct ix_sdp_agreed *agreed,
    const struct ix_sdp_local *local)
{
    write_media_line(b, local, local->proto ? ix_str(local->proto) : m->proto);
    write_agreed_formats(b, agreed);
    write_connection(b, &local->default_addr);
    write_transport(b, local, answer_setup(m->setup, local->setup));
    write_stream(b, local, agreed->direction, m->rtcp_mux);
    write_codec(b, agreed->audio_pt, agreed->codec, local);
    if (agreed->event_pt != IX_SDP_NO_PT)
        write_event(b, agreed->event_pt, agreed->clock_hz);
    if (agreed->cn_pt != IX_SDP_NO_PT)
        ix_buf_fmt(b, "a=rtpmap:%u CN/%u\r\n", agreed->cn_pt, agreed->clock_hz);
    if (agreed->red_pt)
        ix_buf_fmt(b, "a=rtpmap:%u red/%u%s\r\na=fmtp:%u %u/%u\r\n", agreed->red_pt, agreed->clock_hz,
            agreed->codec == IX_CODEC_OPUS ? "/2" : "", agreed->red_pt, agreed->audio_pt, agreed->audio_pt);
    write_tail(b, local);
}

int ix_sdp_write_answer(const struct ix_sdp *offer, const struct ix_sdp_agreed *agreed,
    const struct ix_sdp_local *local, struct ix_buf *out)
{
    if (!local_complete(local) || agreed->media_index >= offer->media_count)
        return IRISX_E_INVALID;
    write_session(out, local);
    if (local->bundle && local->mid)
        ix_buf_fmt(out, "a=group:BUNDLE %s\r\n", local->mid);
    for (size_t i = 0; i < offer->media_count; i++) {
        if (i == agreed->media_index)
            write_accepted(out, &offer->media[i], agreed, local);
        else
            write_refused(out, &offer->media[i]);
    }
    return out->err;
}
