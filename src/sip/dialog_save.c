/* SPDX-License-Identifier: MIT */
/*
 * A dialog as bytes (RFC 3261 section 12: what one is made of), so that another process can go on with it. What is read
 * back may be anything: every text is checked as if it came from the network.
 */
#include "sip/stack.h"

#define TEXT_MAX 4096
#define CSEQ_GAP 1000 /* requests that may have been sent after the save; gaps are fine (RFC 3261 section 12.2.2) */

static void put_text(struct ix_buf *out, const char *text)
{
    struct ix_str s = ix_str(text);

    ix_buf_u16(out, (uint16_t) IX_MIN(s.n, (size_t) TEXT_MAX));
    ix_buf_put(out, s.p, IX_MIN(s.n, (size_t) TEXT_MAX));
}

void ix_sip_dialog_save(const struct ix_sip_dialog *d, struct ix_buf *out)
{
    const char *const texts[] = { d->call_id, d->local_tag, d->remote_tag, d->local, d->remote, d->target, d->routes };

    for (size_t i = 0; i < IX_COUNT(texts); i++)
        put_text(out, texts[i]);
    ix_buf_u32(out, d->local_cseq);
    ix_buf_u32(out, d->remote_cseq);
    ix_buf_u8(out, d->has_remote_cseq);
}

static int take_text(struct ix_reader *r, size_t most, char **out)
{
    size_t n = ix_read_u16(r);
    const uint8_t *p = n <= most ? ix_read_bytes(r, n) : NULL;
    struct ix_str s = ix_str_n(p ? (const char *) p : "", p ? n : 0);

    if (r->bad || (n && !p) || !ix_sip_clean(s))
        return IRISX_E_FORMAT;
    *out = ix_str_dup(s);
    return *out ? 0 : IRISX_E_NO_MEMORY;
}

static bool sound(const struct ix_sip_dialog *d)
{
    struct ix_sip_addr addr;
    struct ix_sip_uri uri;
    struct ix_str rest = ix_str(d->routes);

    while (rest.n) {
        size_t n = ix_sip_element_length(rest);

        if (ix_sip_addr_parse(&addr, ix_str_trim(ix_str_slice(rest, 0, n))))
            return false;
        rest = ix_str_slice(rest, n + 1, rest.n);
    }
    return d->call_id[0] && ix_sip_is_token(ix_str(d->local_tag)) && ix_sip_is_token(ix_str(d->remote_tag)) &&
           !ix_str_starts(ix_str(d->call_id), IX_STR(" ")) && ix_str_find(ix_str(d->call_id), ' ') == SIZE_MAX &&
           !ix_sip_addr_parse(&addr, ix_str(d->local)) && !ix_sip_addr_parse(&addr, ix_str(d->remote)) &&
           !ix_sip_uri_parse(&uri, ix_str(d->target)) && d->local_cseq < INT32_MAX - CSEQ_GAP;
}

int ix_sip_dialog_restore(
    struct ix_sip_stack *s, uint32_t transport, struct ix_reader *r, void *user, struct ix_sip_dialog **out)
{
    struct ix_sip_dialog *d = ix_sip_dialog_alloc(s, transport, user);
    int err = d ? 0 : IRISX_E_NO_MEMORY;

    if (err)
        return err;
    char **const texts[] = { &d->call_id, &d->local_tag, &d->remote_tag, &d->local, &d->remote, &d->target,
        &d->routes };
    for (size_t i = 0; i < IX_COUNT(texts) && !err; i++)
        err = take_text(r, i < 3 ? IX_SIP_PIECE : TEXT_MAX, texts[i]);
    d->local_cseq = ix_read_u32(r);
    d->remote_cseq = ix_read_u32(r);
    d->has_remote_cseq = ix_read_u8(r) == 1;
    if (!err && (r->bad || !sound(d)))
        err = IRISX_E_FORMAT;
    d->local_cseq += CSEQ_GAP;
    d->state = IX_SIP_CONFIRMED;
    if (!err)
        err = ix_sip_dialog_register(d);
    if (err) {
        ix_sip_dialog_release(d);
        return err;
    }
    *out = d;
    return 0;
}
