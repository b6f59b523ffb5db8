/* SPDX-License-Identifier: MIT */
/*
 * An answered call as bytes, and a call made of them in another process: the dialog and what the user sees, never a
 * key, a password or a counter of media. Going on always means a re-INVITE with new ICE and new keys. The bytes may be
 * anything:
 *
 *   "IXCL" | version u8 | 3 zero bytes | length of the rest u32 | CRC-32 of the rest u32 | the rest
 *   the rest: saved at, runs out at (0: never; both wall clock, us) u64 | flags u8 | session seconds u32 | texts |
 * dialog
 */
#include "call/private.h"

#define VERSION 1
#define HEAD 16
#define REST_MAX 32768
#define RESUME_US (60 * IX_S) /* then it is given up */

enum { FLAG_INCOMING = 1, FLAG_HOLD = 2, FLAG_OURS = 4, FLAG_UPDATE = 8, FLAG_ANONYMOUS = 16 };

static void put_text(struct ix_buf *b, const char *text)
{
    struct ix_str s = ix_str(text);

    ix_buf_u16(b, (uint16_t) IX_MIN(s.n, (size_t) 1024));
    ix_buf_put(b, s.p, IX_MIN(s.n, (size_t) 1024));
}

static void write_rest(const struct ix_call *c, const struct ix_line *l, struct ix_buf *b)
{
    struct ix_now now = c->obj.phone->now;
    bool expires = c->session.interval_s && c->session.expire_us > now.mono_us;

    ix_buf_u64(b, (uint64_t) now.wall_us);
    ix_buf_u64(b, expires ? (uint64_t) now.wall_us + (c->session.expire_us - now.mono_us) : 0);
    ix_buf_u8(b,
        (uint8_t) ((c->incoming ? FLAG_INCOMING : 0) | (c->hold ? FLAG_HOLD : 0) | (c->session.ours ? FLAG_OURS : 0) |
                   (c->peer_update ? FLAG_UPDATE : 0) | (c->anonymous ? FLAG_ANONYMOUS : 0)));
    ix_buf_u32(b, c->session.interval_s);
    put_text(b, l ? l->aor : "");
    put_text(b, c->peer_uri);
    put_text(b, c->peer_name);
    ix_sip_dialog_save(c->dialog, b);
}

int ix_call_save(const struct ix_phone *p, uint32_t call, struct ix_buf *out)
{
    const struct ix_call *c = ix_call_get(p, call);
    struct ix_buf rest;
    int err;

    if (!c)
        return IRISX_E_NOT_FOUND;
    if (c->ending || !c->report.answered_us || !c->dialog || !c->line)
        return IRISX_E_STATE;
    ix_buf_init(&rest, REST_MAX);
    write_rest(c, ix_line_get(p, c->line), &rest);
    ix_buf_str(out, "IXCL");
    ix_buf_u32(out, VERSION << 24);
    ix_buf_u32(out, (uint32_t) rest.n);
    ix_buf_u32(out, ix_crc32(rest.p, rest.n));
    ix_buf_put(out, rest.p, rest.n);
    err = rest.err ? rest.err : out->err;
    ix_buf_clear(&rest);
    return err;
}

/* ---- back ---------------------------------------------------------------------------------- */
static int open_envelope(const void *data, size_t n, struct ix_reader *rest)
{
    struct ix_reader r = ix_reader(data, n);
    const uint8_t *magic = ix_read_bytes(&r, 4);
    uint32_t version = ix_read_u32(&r), len = ix_read_u32(&r), crc = ix_read_u32(&r);

    if (r.bad || !ix_str_eq(ix_str_n((const char *) magic, 4), IX_STR("IXCL")) || version & 0xffffff)
        return IRISX_E_FORMAT;
    if (version >> 24 > VERSION)
        return IRISX_E_UNSUPPORTED;
    if (version >> 24 != VERSION || len > REST_MAX || len != n - HEAD ||
        ix_crc32((const uint8_t *) data + HEAD, len) != crc)
        return IRISX_E_FORMAT;
    *rest = ix_read_sub(&r, len);
    return 0;
}

static int take_text(struct ix_reader *r, char **out)
{
    size_t n = ix_read_u16(r);
    const uint8_t *p = n <= 1024 ? ix_read_bytes(r, n) : NULL;

    if (r->bad || (n && !p))
        return IRISX_E_FORMAT;
    *out = ix_str_dup(ix_str_n(p ? (const char *) p : "", p ? n : 0));
    for (size_t i = 0; *out && i < n; i++)
        if (!(*out)[i] || (*out)[i] == '\r' || (*out)[i] == '\n')
            return IRISX_E_FORMAT;
    return *out ? 0 : IRISX_E_NO_MEMORY;
}

static int read_rest(struct ix_call *c, const struct ix_line *l, struct ix_reader *r)
{
    struct ix_phone *p = c->obj.phone;
    uint64_t ends;
    char *aor = NULL;
    uint32_t interval_s;
    uint8_t flags;
    int err;

    (void) ix_read_u64(r);
    ends = ix_read_u64(r);
    flags = ix_read_u8(r);
    interval_s = ix_read_u32(r);
    c->session.interval_s = IX_MIN(interval_s, UINT32_C(86400));
    err = take_text(r, &aor);
    if (!err && !ix_str_eq(ix_str(aor), ix_str(l->aor)))
        err = IRISX_E_INVALID;
    ix_free(aor);
    if (!err)
        err = take_text(r, &c->peer_uri);
    if (!err)
        err = take_text(r, &c->peer_name);
    if (!err && ends && ends <= (uint64_t) p->now.wall_us)
        err = IRISX_E_EXPIRED;
    if (!err)
        err = ix_sip_dialog_restore(p->stack, c->transport, r, c, &c->dialog);
    c->incoming = c->report.incoming = flags & FLAG_INCOMING;
    c->hold = flags & FLAG_HOLD;
    c->peer_update = flags & FLAG_UPDATE;
    c->anonymous = flags & FLAG_ANONYMOUS;
    c->session.ours = flags & FLAG_OURS;
    if (ends) /* the re-INVITE refreshes it, or it is over */
        c->session.expire_us = ix_time_add(p->now.mono_us, IX_MIN(ends - (uint64_t) p->now.wall_us, 86400 * IX_S));
    return err;
}

int ix_call_resume(struct ix_phone *p, const struct ix_call_config *config, const void *data, size_t n,
    struct ix_now now, uint32_t *call_out)
{
    struct ix_line *l = ix_line_get(p, config->line);
    struct ix_reader rest;
    struct ix_call *c;
    struct ix_set *s;
    int err = open_envelope(data, n, &rest);

    p->now = now;
    if (err)
        return err;
    if (!l || l->closing)
        return IRISX_E_STATE;
    err = ix_call_new(p, false, &c);
    if (err)
        return err;
    c->line = config->line;
    c->transport = l->transport;
    c->user_data = config->user_data;
    c->no_opus = config->no_opus;
    c->no_pcmu = config->no_pcmu;
    c->no_pcma = config->no_pcma;
    c->duration_us = config->max_duration_ms * IX_MS;
    err = read_rest(c, l, &rest);
    s = err ? NULL : ix_set_take(p, c->obj.id);
    if (!s) {
        ix_call_free(c);
        return err ? err : IRISX_E_NO_MEMORY;
    }
    c->set = s->obj.id;
    c->resuming = true;
    *call_out = c->obj.id;
    ix_call_set_state(c, IX_CALL_ANSWERED);
    c->ring_at_us = now.mono_us + RESUME_US;
    ix_call_resume_now(c);
    ix_set_spare(p);
    return 0;
}

void ix_call_resume_now(struct ix_call *c)
{
    struct ix_phone *p = c->obj.phone;
    const struct ix_line *l = ix_line_get(p, c->line);
    const struct ix_set *s = ix_set_get(p, c->set);
    struct ix_sip_request req = { .method = IX_SIP_INVITE, .content_type = IX_STR("application/sdp") };
    char storage[96];
    struct ix_buf lines;
    int err;

    if (c->ending || c->refresh || !l || l->state != IX_LINE_READY || !s || s->state != IX_SET_READY || !c->dialog)
        return;
    c->transport = l->transport;
    ix_sip_dialog_set_transport(c->dialog, l->transport);
    err = c->ice ? 0 : ix_call_media_open(c, true);
    ix_buf_init_fixed(&lines, storage, sizeof storage);
    ix_session_offer(c, false, &lines);
    ix_buf_reset(&p->scratch);
    if (!err)
        err = ix_call_describe(c, true, &p->scratch);
    req.auth = l->auth;
    req.headers = ix_str_n(lines.p, lines.n);
    req.body = ix_str_n(p->scratch.p, p->scratch.n);
    if (!err)
        err = ix_sip_dialog_request(c->dialog, &req, c, p->now, &c->refresh);
    if (err)
        ix_call_fail(
            c, err, err == IRISX_E_MEDIA ? "no network interface is up: check the connection" : ix_error_text(err));
    else
        ix_call_note(c, "resumed", "%s", "");
}
