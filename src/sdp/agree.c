/* SPDX-License-Identifier: MIT */
/* What two descriptions have in common (RFC 3264 sections 6 and 7, RFC 7587 section 7, RFC 4733 section 7.1.1). */
#include "sdp/internal.h"

#include <string.h>

enum ix_codec_id ix_sdp_codec_id(const struct ix_sdp_codec *c)
{
    if (ix_str_ieq(c->name, IX_STR("opus")) && c->clock_hz == 48000 && c->channels == 2)
        return IX_CODEC_OPUS;
    if (ix_str_ieq(c->name, IX_STR("PCMU")) && c->clock_hz == 8000 && c->channels == 1)
        return IX_CODEC_PCMU;
    if (ix_str_ieq(c->name, IX_STR("PCMA")) && c->clock_hz == 8000 && c->channels == 1)
        return IX_CODEC_PCMA;
    return IX_CODEC_NONE;
}

static bool nothing_named(const struct ix_sdp_local *local)
{
    return !local->opus && !local->pcmu && !local->pcma && !local->events;
}

bool ix_sdp_wanted(const struct ix_sdp_local *local, enum ix_codec_id codec)
{
    switch (codec) {
    case IX_CODEC_OPUS:
        return local->opus || nothing_named(local);
    case IX_CODEC_PCMU:
        return local->pcmu || nothing_named(local);
    case IX_CODEC_PCMA:
        return local->pcma || nothing_named(local);
    case IX_CODEC_NONE:
        break;
    }
    return false;
}

bool ix_sdp_events_wanted(const struct ix_sdp_local *local)
{
    return local->events || nothing_named(local);
}

/* ---- direction (RFC 3264 section 6.1) ---------------------------------------------------- */

static bool sends(enum ix_sdp_direction d)
{
    return d == IX_SDP_SENDRECV || d == IX_SDP_SENDONLY;
}

static bool receives(enum ix_sdp_direction d)
{
    return d == IX_SDP_SENDRECV || d == IX_SDP_RECVONLY;
}

static enum ix_sdp_direction common_direction(enum ix_sdp_direction ours, enum ix_sdp_direction theirs)
{
    bool out = sends(ours) && receives(theirs), in = receives(ours) && sends(theirs);
    if (out && in)
        return IX_SDP_SENDRECV;
    return out ? IX_SDP_SENDONLY : in ? IX_SDP_RECVONLY : IX_SDP_INACTIVE;
}

/* ---- codecs ------------------------------------------------------------------------------ */

static const struct ix_sdp_codec *first_codec(const struct ix_sdp_media *m, const struct ix_sdp_local *local)
{
    const struct ix_sdp_codec *first = NULL;
    for (size_t i = 0; i < m->codec_count; i++) {
        enum ix_codec_id id = ix_sdp_codec_id(&m->codecs[i]);
        if (!id || !ix_sdp_wanted(local, id))
            continue;
        if (local->keep && id == local->keep)
            return &m->codecs[i];
        first = first ? first : &m->codecs[i];
    }
    return first;
}

static uint8_t companion(const struct ix_sdp_media *m, const char *name, uint32_t clock_hz)
{
    for (size_t i = 0; i < m->codec_count; i++) {
        if (ix_str_ieq(m->codecs[i].name, ix_str(name)) && m->codecs[i].clock_hz == clock_hz)
            return m->codecs[i].payload_type;
    }
    return IX_SDP_NO_PT;
}

/* RFC 2198 section 5: its fmtp lists the payload types of the blocks, which must be the codec's */
static uint8_t redundancy(const struct ix_sdp_media *m, const struct ix_sdp_codec *codec)
{
    uint8_t pt = companion(m, "red", codec->clock_hz);
    for (size_t i = 0; pt != IX_SDP_NO_PT && i < m->codec_count; i++) {
        struct ix_str list = m->codecs[i].fmtp, head;
        uint32_t first;
        if (m->codecs[i].payload_type == pt)
            return ix_str_cut(&list, '/', &head) && !ix_str_u32(head, 127, &first) && first == codec->payload_type ? pt
                                                                                                                   : 0;
    }
    return 0;
}

static bool flag_set(struct ix_str fmtp, const char *key)
{
    struct ix_str value;
    return ix_sdp_fmtp(fmtp, key, &value) && ix_str_eq(value, IX_STR("1"));
}

static void describe(struct ix_sdp_agreed *out, const struct ix_sdp_media *m, const struct ix_sdp_codec *c,
    const struct ix_sdp_local *local)
{
    struct ix_str value;
    memset(out, 0, sizeof *out);
    out->codec = ix_sdp_codec_id(c);
    out->audio_pt = c->payload_type;
    out->clock_hz = c->clock_hz;
    out->remote_codec = *c;
    out->event_pt = ix_sdp_events_wanted(local) ? companion(m, "telephone-event", c->clock_hz) : IX_SDP_NO_PT;
    /* RFC 3389 section 1 is for codecs without a discontinuous mode of their own; Opus has one */
    out->cn_pt = out->codec == IX_CODEC_OPUS ? IX_SDP_NO_PT : companion(m, "CN", c->clock_hz);
    out->ptime = m->ptime ? m->ptime : 20;
    out->direction = common_direction(local->direction, m->direction);
    out->fec = flag_set(c->fmtp, "useinbandfec");
    out->dtx = flag_set(c->fmtp, "usedtx");
    if (!ix_sdp_fmtp(c->fmtp, "maxaveragebitrate", &value) || ix_str_u32(value, 510000, &out->max_average_bitrate))
        out->max_average_bitrate = 0;
}

/* ---- what a secure stream needs ---------------------------------------------------------- */

static bool strong_fingerprint(const struct ix_sdp_media *m)
{
    for (size_t i = 0; i < m->fingerprint_count; i++) {
        if (m->fingerprints[i].kind != IX_SHA1)
            return true;
    }
    return false;
}

static int check_secure(const struct ix_sdp_media *m, const char **why)
{
    if (!m->fingerprint_count)
        *why = "it has no DTLS fingerprint: the peer does not speak DTLS-SRTP";
    else if (!strong_fingerprint(m))
        *why = "its only DTLS fingerprint is SHA-1, which is not accepted";
    else if (!m->ice_ufrag.n || !m->ice_pwd.n)
        *why = "it has no ICE credentials";
    else
        return 0;
    return IRISX_E_PROTOCOL;
}

static bool is_rtp_audio(const struct ix_sdp_media *m)
{
    return ix_str_eq(m->type, IX_STR("audio")) && ix_str_find(m->proto, '/') != SIZE_MAX;
}

int ix_sdp_accept(
    const struct ix_sdp *offer, const struct ix_sdp_local *local, struct ix_sdp_agreed *out, const char **why)
{
    const char *text = "it offers no audio";
    int err = IRISX_E_UNSUPPORTED;

    for (size_t i = 0; i < offer->media_count; i++) {
        const struct ix_sdp_media *m = &offer->media[i];
        if (!is_rtp_audio(m) || !m->port)
            continue;
        const struct ix_sdp_codec *c = first_codec(m, local);
        text = "it offers no codec we have (Opus, PCMU, PCMA)";
        if (!c)
            continue;
        err = check_secure(m, &text);
        if (err)
            break;
        describe(out, m, c, local);
        out->red_pt = redundancy(m, c);
        out->media_index = i;
        return 0;
    }
    if (why)
        *why = text;
    return err;
}

int ix_sdp_read_answer(
    const struct ix_sdp *answer, const struct ix_sdp_local *local, struct ix_sdp_agreed *out, const char **why)
{
    const struct ix_sdp_media *m = &answer->media[0];
    const struct ix_sdp_codec *c = NULL;
    const char *text = NULL;
    int err = IRISX_E_PROTOCOL;

    if (answer->media_count != 1 || !is_rtp_audio(m)) {
        text = "it does not answer the one audio stream that was offered";
    } else if (!m->port) {
        text = "it refuses the audio stream";
        err = IRISX_E_UNSUPPORTED;
    } else if ((c = first_codec(m, local)) == NULL) {
        text = "it names no codec that was offered";
        err = IRISX_E_UNSUPPORTED;
    } else if (m->setup == IX_SETUP_ACTPASS || m->setup == IX_SETUP_HOLDCONN) {
        text = "its a=setup is not an answer";
    } else {
        err = check_secure(m, &text);
    }
    if (err) {
        if (why)
            *why = text;
        return err;
    }
    describe(out, m, c, local);
    return 0;
}
