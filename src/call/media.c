/* SPDX-License-Identifier: MIT */
/*
 * The media of one call: its description, ICE, DTLS and RTP joined by value. RFC 8829 in the parts one audio stream
 * needs, RFC 5763 (who is active), RFC 8842, RFC 7983 (what a packet is).
 *
 *   remote description -> ICE checks -> first valid pair -> DTLS -> fingerprint holds -> SRTP keys -> frames
 */
#include <stdio.h>
#include <string.h>

#include "call/private.h"

#define GAP_US (500 * IX_MS) /* a peer that sends nothing but comfort noise sends it every 400 ms (Opus DTX) */
#define SILENCE_US (1 * IX_S) /* no packet for so long: is the path still there? */

/* ---- our side ---------------------------------------------------------------------------- */
static int make_dtls(struct ix_call *c, enum ix_dtls_role role)
{
    struct ix_phone *p = c->obj.phone;
    struct ix_dtls_config config = {
        .identity = p->config.identity, .rng = p->config.rng, .log = p->config.log, .role = role
    };

    if (c->dtls && c->dtls_role == role)
        return 0;
    if (c->dtls)
        p->config.dtls->free(c->dtls); /* never started: no WORK is out */
    c->dtls = NULL;
    c->dtls_role = role;
    return p->config.dtls->create(&config, &c->dtls);
}

int ix_call_media_open(struct ix_call *c, bool offerer)
{
    struct ix_phone *p = c->obj.phone;
    struct ix_ice_config ice = { .rng = p->config.rng, .log = p->config.log, .controlling = offerer };
    struct ix_rtp_config rtp = { .rng = p->config.rng, .log = p->config.log, .cname = c->cname };
    int err = ix_ice_new(&ice, &c->ice);

    if (!err)
        err = ix_call_path_locals(c);
    if (!err)
        err = ix_rtp_new(&rtp, &c->rtp);
    if (!err)
        err = make_dtls(c, IX_DTLS_SERVER); /* an offerer may be called first; the description decides */
    if (err)
        return err;
    ix_rtp_set_tap(c->rtp, p->config.tap);
    c->offerer = offerer;
    c->session_id = ix_rng_u64(p->config.rng) >> 1;
    c->sdp_version = 1;
    return 0;
}

static void fill_local(const struct ix_call *c, struct ix_sdp_local *local, struct ix_sdp_candidate *candidates)
{
    memset(local, 0, sizeof *local);
    local->session_id = c->session_id;
    local->version = c->sdp_version;
    local->ufrag = ix_ice_ufrag(c->ice);
    local->pwd = ix_ice_pwd(c->ice);
    local->fingerprint_sha256 =
        c->obj.phone->config.identity ? ix_dtls_identity_sha256(c->obj.phone->config.identity) : NULL;
    local->ssrc = ix_rtp_ssrc(c->rtp);
    local->cname = c->cname;
    local->proto = "UDP/TLS/RTP/SAVPF";
    local->candidates = candidates;
    local->candidate_count = candidates ? ix_call_path_describe(c, candidates) : 0;
    if (local->candidate_count)
        local->default_addr = candidates[0].addr;
    local->opus = !c->no_opus;
    local->dtx = c->obj.phone->config.take_pauses;
    local->pcmu = !c->no_pcmu;
    local->pcma = !c->no_pcma;
    local->events = true;
    local->direction = c->hold ? IX_SDP_SENDONLY : IX_SDP_SENDRECV;
    local->keep = c->described ? c->agreed.codec : IX_CODEC_NONE; /* a re-offer may list its codecs in another order */
}

int ix_call_describe(struct ix_call *c, bool offer, struct ix_buf *out)
{
    struct ix_sdp_candidate candidates[IX_ICE_MAX_LOCAL];
    struct ix_sdp_local local;
    const struct ix_sdp_media *theirs = c->described ? &c->remote->media[c->agreed.media_index] : NULL;
    char mid[33], proto[33];

    fill_local(c, &local, candidates);
    if (c->described)
        local.direction = c->agreed.direction;
    if (offer) {
        c->offered = local.direction = ix_call_direction(c);
        local.setup = IX_SETUP_ACTPASS;
        local.mid = "0";
        local.bundle = true;
        return ix_sdp_write_offer(&local, out);
    }
    IX_ASSERT(theirs != NULL); /* an answer answers something */
    local.setup = c->dtls_role == IX_DTLS_CLIENT ? IX_SETUP_ACTIVE : IX_SETUP_PASSIVE;
    if (!ix_str_copy(mid, sizeof mid, theirs->mid) && theirs->mid.n)
        local.mid = mid;
    local.bundle = theirs->bundled;
    if (!ix_str_copy(proto, sizeof proto, theirs->proto))
        local.proto = proto;
    return ix_sdp_write_answer(c->remote, &c->agreed, &local, out);
}

/* ---- their side -------------------------------------------------------------------------- */
int ix_call_read(struct ix_call *c, struct ix_str body, struct ix_sdp **sdp, char **text, const char **why)
{
    struct ix_sdp *kept;
    int err;

    *text = ix_dup_mem(body.p, body.n);
    *sdp = ix_realloc(NULL, sizeof **sdp); /* not cleared: 85 kB, of which one description in twenty needs 10 */
    err = *text && *sdp ? ix_sdp_parse(*sdp, *text, body.n, why) : IRISX_E_NO_MEMORY;
    if (!err) {
        kept = ix_realloc(*sdp, ix_sdp_size(*sdp)); /* a call keeps it to its end */
        *sdp = kept ? kept : *sdp;
        return 0;
    }
    ix_free(*text);
    ix_free(*sdp);
    *text = NULL;
    *sdp = NULL;
    ix_call_note(c, "description_invalid", "%s", "");
    return err;
}

static void keep(struct ix_call *c, struct ix_sdp *sdp, char *text)
{
    ix_free(c->remote);
    ix_free(c->remote_text);
    c->remote = sdp;
    c->remote_text = text;
}

static int agree(
    struct ix_call *c, const struct ix_sdp *sdp, bool as_offer, struct ix_sdp_agreed *agreed, const char **why)
{
    struct ix_sdp_local local;

    fill_local(c, &local, NULL);
    return as_offer ? ix_sdp_accept(sdp, &local, agreed, why) : ix_sdp_read_answer(sdp, &local, agreed, why);
}

static int apply_codecs(struct ix_call *c)
{
    struct ix_rtp_payload list[4];
    size_t n = 0;
    int err;

    list[n++] =
        (struct ix_rtp_payload){ c->agreed.audio_pt, IX_FRAME_AUDIO, (uint8_t) c->agreed.codec, c->agreed.clock_hz };
    if (c->agreed.event_pt != 0xff)
        list[n++] = (struct ix_rtp_payload){ c->agreed.event_pt, IX_FRAME_EVENT, 0, c->agreed.clock_hz };
    if (c->agreed.cn_pt != 0xff)
        list[n++] = (struct ix_rtp_payload){ c->agreed.cn_pt, IX_FRAME_CN, 0, c->agreed.clock_hz };
    if (c->agreed.red_pt)
        list[n++] = (struct ix_rtp_payload){ c->agreed.red_pt, IX_FRAME_REDUNDANT, 0, c->agreed.clock_hz };
    err = ix_rtp_set_payloads(c->rtp, list, n);
    if (err)
        return err;
    ix_rtp_set_send(c->rtp, c->agreed.audio_pt, c->agreed.event_pt, c->agreed.cn_pt);
    ix_rtp_set_red(c->rtp, c->agreed.red_pt);
    c->want_codec = true;
    ix_dirty(&c->obj);
    return 0;
}

/* One that is strong enough has to be there; weak ones beside it are not looked at (RFC 8122 section 5). */
static int expect_fingerprints(struct ix_call *c, const struct ix_sdp_media *m)
{
    int err = IRISX_E_PROTOCOL;

    for (size_t i = 0; i < m->fingerprint_count; i++) {
        struct ix_dtls_fingerprint fp = { .kind = m->fingerprints[i].kind, .len = m->fingerprints[i].len };

        memcpy(fp.bytes, m->fingerprints[i].bytes, sizeof fp.bytes);
        if (!c->obj.phone->config.dtls->set_fingerprint(c->dtls, &fp))
            err = 0;
    }
    return err;
}

static enum ix_dtls_role role_for(const struct ix_sdp_media *m)
{
    return m->setup == IX_SETUP_ACTIVE ? IX_DTLS_SERVER : IX_DTLS_CLIENT;
}

int ix_call_use(struct ix_call *c, struct ix_sdp *sdp, char *text, bool as_offer, const char **why)
{
    struct ix_phone *p = c->obj.phone;
    const struct ix_sdp_media *m;
    int err;

    keep(c, sdp, text);
    err = agree(c, sdp, as_offer, &c->agreed, why);
    if (err)
        return err;
    m = &sdp->media[c->agreed.media_index];
    err = make_dtls(c, role_for(m));
    if (!err)
        err = expect_fingerprints(c, m);
    if (!err)
        err = ix_ice_set_remote(c->ice, m->ice_ufrag, m->ice_pwd, m->ice_lite);
    if (err)
        return err;
    c->described = true;
    c->report.described_us = p->now.mono_us;
    ix_call_note(c, "described", "\"codec_pt\":%u,\"candidates\":%zu,\"dtls\":\"%s\"", c->agreed.audio_pt,
        m->candidate_count, c->dtls_role == IX_DTLS_CLIENT ? "client" : "server");
    err = apply_codecs(c);
    if (err)
        return err;
    ix_call_hold_heard(c, m->direction, as_offer);
    ix_call_path_remotes(c, m);
    return ix_ice_start(c->ice, p->now);
}

static bool same_certificate(const struct ix_sdp_media *a, const struct ix_sdp_media *b)
{
    for (size_t i = 0; i < a->fingerprint_count; i++)
        for (size_t k = 0; k < b->fingerprint_count; k++) {
            const struct ix_sdp_fingerprint *x = &a->fingerprints[i], *y = &b->fingerprints[k];

            if (x->kind == y->kind && x->len == y->len && !memcmp(x->bytes, y->bytes, x->len))
                return true;
        }
    return false;
}

static bool says_the_same(const struct ix_sdp_agreed *a, const struct ix_sdp_agreed *b)
{
    return a->codec == b->codec && a->audio_pt == b->audio_pt && a->event_pt == b->event_pt && a->cn_pt == b->cn_pt &&
           a->red_pt == b->red_pt && a->direction == b->direction;
}

static void pair_found(struct ix_call *c);

/* Another certificate, or another end of the same: another DTLS association (RFC 8842 section 5). Sound goes on with
 * the keys of before until there are new ones. */
static int renew(struct ix_call *c, const struct ix_sdp_media *m)
{
    struct ix_dtls *old = c->dtls;
    int err;

    c->dtls = NULL;
    err = make_dtls(c, role_for(m));
    if (!err)
        err = expect_fingerprints(c, m);
    if (err && c->dtls)
        c->obj.phone->config.dtls->free(c->dtls);
    if (err) {
        c->dtls = old;
        return err;
    }
    c->obj.phone->config.dtls->free(old);
    c->renew = c->dtls_started = c->settled = false;
    c->renewing = true;
    ix_call_note(c, "dtls_again", "\"dtls\":\"%s\"", c->dtls_role == IX_DTLS_CLIENT ? "client" : "server");
    return 0;
}

int ix_call_update(struct ix_call *c, struct ix_sdp *sdp, char *text, bool as_offer, const char **why)
{
    const struct ix_sdp_media *old = &c->remote->media[c->agreed.media_index];
    struct ix_sdp_agreed agreed;
    const struct ix_sdp_media *m;
    bool renewed, same_path;
    int err = agree(c, sdp, as_offer, &agreed, why);

    m = err ? NULL : &sdp->media[agreed.media_index];
    renewed = !err && (c->renew || !same_certificate(m, old)); /* RFC 8842 section 3.1 */
    if (renewed && (c->working || !c->keyed))
        err = IRISX_E_STATE; /* the keys before are just being made */
    if (!err)
        err = ix_call_path_update(c, m, old, as_offer);
    if (!err && renewed)
        err = renew(c, m);
    if (err) {
        ix_free(sdp);
        ix_free(text);
        return err;
    }
    same_path = ix_str_eq(m->ice_ufrag, old->ice_ufrag);
    keep(c, sdp, text);
    if (renewed && same_path)
        pair_found(c);
    if (!says_the_same(&c->agreed, &agreed))
        c->sdp_version++;
    c->agreed = agreed;
    ix_call_hold_heard(c, m->direction, as_offer);
    return apply_codecs(c);
}

void ix_call_codec(const struct ix_call *c, struct ix_call_media *out)
{
    bool ready = c->described && c->keyed && !c->ending;
    enum ix_sdp_direction d = c->agreed.direction;

    if (!c->described)
        return;
    out->codec = c->agreed.codec;
    out->clock_hz = c->agreed.clock_hz;
    out->ptime_ms = c->agreed.ptime ? c->agreed.ptime : 20;
    out->events = c->agreed.event_pt != 0xff;
    out->cn = c->agreed.cn_pt != 0xff;
    out->fec = c->agreed.fec;
    out->dtx = c->agreed.dtx;
    out->max_bitrate = c->agreed.max_average_bitrate;
    out->send = ready && !c->hold_said && (d == IX_SDP_SENDRECV || d == IX_SDP_SENDONLY);
    out->receive = ready && (d == IX_SDP_SENDRECV || d == IX_SDP_RECVONLY);
}

/* ---- closing ----------------------------------------------------------------------------- */
void ix_call_media_close(struct ix_call *c)
{
    if (c->media_closed)
        return;
    c->media_closed = true;
    c->want_stop = !c->want_start; /* a party that was never made needs no end */
    c->want_start = c->want_codec = false;
    if (c->rtp && c->keyed)
        ix_rtp_bye(c->rtp, c->obj.phone->now);
    if (c->dtls && !c->working && c->keyed)
        c->obj.phone->config.dtls->close(c->dtls, c->obj.phone->now);
    ix_dirty(&c->obj);
}

void ix_call_media_free(struct ix_call *c)
{
    if (c->dtls)
        c->obj.phone->config.dtls->free(c->dtls);
    ix_ice_free(c->ice);
    ix_rtp_free(c->rtp);
    ix_free(c->remote);
    ix_free(c->remote_text);
}

/* ---- packets in -------------------------------------------------------------------------- */
static void settle(struct ix_call *c)
{
    struct ix_rtp_stats stats;

    if (c->settled || !c->keyed)
        return;
    ix_rtp_stats(c->rtp, &stats);
    if (!stats.packets_received)
        return;
    c->settled = true;
    c->obj.phone->config.dtls->settle(c->dtls, c->obj.phone->now);
}

void ix_call_media_input(
    struct ix_call *c, uint32_t socket, const struct ix_addr *from, const void *data, size_t n, uint64_t arrival_us)
{
    struct ix_phone *p = c->obj.phone;
    enum ix_packet_kind kind = ix_packet_kind(data, n);
    struct ix_addr local;

    if (!c->ice || c->media_closed)
        return;
    ix_dirty(&c->obj);
    if (kind == IX_PACKET_STUN || kind == IX_PACKET_DTLS) {
        ix_call_path_local(c, socket, &local);
        ix_tap_in(p, kind == IX_PACKET_STUN ? IX_TAP_STUN : IX_TAP_DTLS, c->obj.id, &local, from, data, n);
    }
    switch (kind) {
    case IX_PACKET_STUN:
        (void) ix_ice_input(c->ice, socket, from, data, n, p->now); /* not for us: nobody else's either */
        break;
    case IX_PACKET_DTLS:
        if (ix_ice_knows(c->ice, from)) /* a stranger's handshake would spoil the peer's */
            p->config.dtls->input(c->dtls, data, n, p->now); /* kept until started: the answer may be on its way */
        break;
    case IX_PACKET_RTP:
    case IX_PACKET_RTCP:
        ix_rtp_input(c->rtp, data, n, arrival_us, p->now);
        settle(c);
        c->heard_us = p->now.mono_us;
        if (!c->silence_at_us || c->silence_at_us == IX_NEVER)
            c->silence_at_us = c->heard_us + SILENCE_US;
        break;
    case IX_PACKET_TURN_CHANNEL:
    case IX_PACKET_UNKNOWN:
        break;
    }
}

void ix_phone_media_frame(struct ix_phone *p, uint32_t call, const struct ix_frame *f, struct ix_now now)
{
    struct ix_call *c = ix_call_get(p, call);

    p->now = now;
    if (!c || !c->keyed || c->media_closed)
        return;
    (void) ix_rtp_send(c->rtp, f, now); /* one frame less; rtp counts it */
    ix_dirty(&c->obj);
}

/* ---- time -------------------------------------------------------------------------------- */
/* Media that stops is the first sign of a path that is gone, long before consent runs out. A peer that is merely silent
 * costs one check. */
static void silence(struct ix_call *c, struct ix_now now)
{
    if (!c->silence_at_us || now.mono_us < c->silence_at_us)
        return;
    c->silence_at_us = ix_time_add(c->heard_us, SILENCE_US);
    if (now.mono_us < c->silence_at_us)
        return;
    c->silence_at_us = IX_NEVER; /* until something comes again */
    ix_ice_probe(c->ice, now);
}

void ix_call_media_timeout(struct ix_call *c)
{
    struct ix_now now = c->obj.phone->now;

    if (!c->ice || c->media_closed)
        return;
    silence(c, now);
    if (now.mono_us >= ix_ice_deadline(c->ice))
        ix_ice_timeout(c->ice, now);
    if (!c->working && now.mono_us >= c->obj.phone->config.dtls->deadline(c->dtls))
        c->obj.phone->config.dtls->timeout(c->dtls, now);
    if (c->keyed && now.mono_us >= ix_rtp_deadline(c->rtp))
        ix_rtp_timeout(c->rtp, now);
}

uint64_t ix_call_media_deadline(const struct ix_call *c)
{
    uint64_t at = IX_NEVER;

    if (!c->ice || !c->dtls || c->media_closed)
        return IX_NEVER;
    at = IX_MIN(at, ix_ice_deadline(c->ice));
    if (c->silence_at_us)
        at = IX_MIN(at, c->silence_at_us);
    if (!c->working)
        at = IX_MIN(at, c->obj.phone->config.dtls->deadline(c->dtls));
    if (c->keyed)
        at = IX_MIN(at, ix_rtp_deadline(c->rtp));
    return at;
}

/* ---- outputs ----------------------------------------------------------------------------- */
static void pair_found(struct ix_call *c)
{
    struct ix_phone *p = c->obj.phone;
    struct ix_ice_pair pair;

    if (c->dtls_started || !ix_ice_selected(c->ice, &pair))
        return;
    c->dtls_started = true;
    if (!c->report.ice_us)
        c->report.ice_us = p->now.mono_us;
    c->report.ice_round_trip_us = pair.round_trip_us;
    ix_call_note(c, "ice_valid", "\"local_type\":\"%s\",\"remote_type\":\"%s\",\"round_trip_ms\":%.3f",
        ix_candidate_type_name(pair.local_type), ix_candidate_type_name(pair.remote_type),
        (double) pair.round_trip_us / 1000.0);
    p->config.dtls->start(c->dtls, pair.round_trip_us, p->now);
}

static void ice_state(struct ix_call *c, enum ix_ice_state state)
{
    switch (state) {
    case IX_ICE_NEW:
    case IX_ICE_CHECKING:
        break;
    case IX_ICE_VALID:
        if (!c->renewing) /* else on the path of the new session alone */
            pair_found(c);
        break;
    case IX_ICE_CONNECTED:
        pair_found(c);
        ix_call_path_connected(c);
        ix_call_note(c, "ice_nominated", "%s", "");
        break;
    case IX_ICE_DISCONNECTED:
        ix_call_note(c, "ice_disconnected", "%s", "");
        c->path_lost_us = c->obj.phone->now.mono_us;
        ix_call_path_lost(c);
        break;
    case IX_ICE_FAILED:
        ix_call_fail(c, IRISX_E_MEDIA,
            c->report.ice_us ? "the media path to the peer was lost"
                             : "no media path to the peer: is UDP blocked by a firewall?");
        c->report.error.why = c->report.ice_us ? IRISX_REASON_MEDIA_LOST : IRISX_REASON_NO_MEDIA;
        break;
    }
}

static void keys_ready(struct ix_call *c)
{
    struct ix_phone *p = c->obj.phone;
    struct ix_srtp_keys keys;
    int err = p->config.dtls->keys(c->dtls, &keys);

    if (!err)
        err = ix_rtp_set_keys(c->rtp, keys.local, keys.remote);
    ix_wipe(&keys, sizeof keys);
    if (err) {
        ix_call_fail(c, err, "the media keys cannot be used");
        return;
    }
    c->keyed = c->want_codec = true;
    c->renewing = false;
    if (!c->report.dtls_us)
        c->report.dtls_us = p->now.mono_us;
    ix_call_note(c, "dtls_connected", "%s", "");
    if (c->state == IX_CALL_ANSWERED)
        ix_call_set_state(c, IX_CALL_ACTIVE);
}

static void dtls_state(struct ix_call *c, const struct ix_dtls_out *d)
{
    const char *what = "the DTLS handshake with the peer failed";

    switch (d->state) {
    case IX_DTLS_NEW:
    case IX_DTLS_HANDSHAKE:
    case IX_DTLS_CLOSED: /* the peer's BYE follows; without one the call goes on in silence until ICE notices */
        break;
    case IX_DTLS_CONNECTED:
        keys_ready(c);
        break;
    case IX_DTLS_FAILED:
        if (d->err == IRISX_E_FINGERPRINT)
            what = "the peer's certificate is not the one its description announced: someone may be in between";
        else if (d->err == IRISX_E_TIMEOUT)
            what = "the peer does not answer the DTLS handshake";
        ix_call_fail(c, d->err ? d->err : IRISX_E_TLS, what);
        break;
    }
}

static bool send_on_pair(struct ix_call *c, const uint8_t *data, size_t len, struct ix_phone_out *out)
{
    struct ix_ice_pair pair;

    if (!ix_ice_selected(c->ice, &pair))
        return false;
    out->kind = IX_OUT_UDP_SEND;
    out->call = c->obj.id;
    out->socket = pair.socket;
    out->to = pair.remote;
    out->data = data;
    out->len = len;
    return true;
}

static bool poll_ice(struct ix_call *c, struct ix_phone_out *out)
{
    struct ix_ice_out o;
    struct ix_addr local;

    while (ix_ice_poll(c->ice, &o)) {
        if (o.kind == IX_ICE_OUT_STATE) {
            ice_state(c, o.state);
        } else if (o.kind == IX_ICE_OUT_SELECTED) {
            c->report.ice_round_trip_us = o.pair.round_trip_us;
        } else {
            out->kind = IX_OUT_UDP_SEND;
            out->socket = o.send.socket;
            out->to = o.send.to;
            out->data = o.send.data;
            out->len = o.send.len;
            ix_call_path_local(c, o.send.socket, &local);
            ix_tap_send(c->obj.phone, out, IX_TAP_STUN, &local, &o.send.to);
            return true;
        }
    }
    return false;
}

static bool poll_dtls(struct ix_call *c, struct ix_phone_out *out)
{
    struct ix_dtls_out o;
    struct ix_ice_pair pair;

    while (!c->working && c->obj.phone->config.dtls->poll(c->dtls, &o)) {
        if (o.kind == IX_DTLS_OUT_STATE) {
            dtls_state(c, &o);
        } else if (o.kind == IX_DTLS_OUT_WORK) {
            c->working = true;
            out->kind = IX_OUT_WORK;
            out->dtls = c->dtls;
            return true;
        } else if (send_on_pair(c, o.data, o.len, out)) {
            (void) ix_ice_selected(c->ice, &pair); /* send_on_pair has just seen it */
            ix_tap_send(c->obj.phone, out, IX_TAP_DTLS, &pair.local, &pair.remote);
            return true;
        }
    }
    return false;
}

/* sound that was away and is there again is told with its length */
static void sounds(struct ix_call *c)
{
    uint64_t now = c->obj.phone->now.mono_us, before = c->sound_us;

    if (c->state < IX_CALL_ANSWERED && !c->early_heard && !c->incoming) {
        c->early_heard = true;
        ix_call_talk(c, IX_EV_EARLY_MEDIA);
    }
    c->sound_us = c->hold_said || c->held ? 0 : now;
    if (!before || !c->sound_us || now - before < GAP_US || c->ending)
        return;
    c->gap_ms = (uint32_t) IX_MIN((now - before) / IX_MS, (uint64_t) UINT32_MAX / 2);
    c->gap_why = c->path_lost_us >= before         ? IX_GAP_PATH
                 : c->away || c->away_us >= before ? IX_GAP_SIGNALLING
                                                   : IX_GAP_PEER;
    c->obj.phone->counts.gaps++;
    c->obj.phone->counts.gap_ms += c->gap_ms;
    ix_call_note(c, "gap", "\"ms\":%u,\"why\":%d", c->gap_ms, (int) c->gap_why);
    ix_call_talk(c, IX_EV_GAP);
}

static bool poll_rtp(struct ix_call *c, struct ix_phone_out *out)
{
    struct ix_rtp_out o;
    struct ix_ice_pair pair;

    while (ix_rtp_poll(c->rtp, &o)) {
        if (o.kind == IX_RTP_OUT_FRAME && !c->media_closed) {
            sounds(c);
            out->kind = IX_OUT_FRAME;
            out->frame = o.frame;
            return true;
        }
        if (o.kind == IX_RTP_OUT_TAP && ix_ice_selected(c->ice, &pair)) {
            out->kind = IX_OUT_TAP;
            out->data = o.data;
            out->len = o.len;
            out->tap.kind = IX_TAP_RTP;
            out->tap.outgoing = o.outgoing;
            out->tap.local = pair.local;
            out->tap.remote = pair.remote;
            return true;
        }
        if (o.kind == IX_RTP_OUT_SEND && send_on_pair(c, o.data, o.len, out))
            return true;
    }
    return false;
}

bool ix_call_media_poll(struct ix_call *c, struct ix_phone_out *out)
{
    if (!c->ice || !c->rtp || !c->dtls || !ix_set_get(c->obj.phone, c->set))
        return false;
    return poll_ice(c, out) || poll_dtls(c, out) || poll_rtp(c, out);
}
