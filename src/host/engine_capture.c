/* SPDX-License-Identifier: MIT */
/*
 * The capture: SIP, STUN, DTLS and decrypted RTP/RTCP as pcapng, secrets redacted unless told otherwise. A WebSocket
 * message is written as one UDP datagram to port 5060, since that is how readers know SIP; its comment names the truth.
 */
#include <stdio.h>

#include "host/engine_private.h"

#define SIP_PORT 5060 /* RFC 3261 section 19.1.2 */

int ix_engine_capture_open(struct ix_engine *e)
{
    int err;

    if (!e->o.capture_file)
        return 0;
    err = ix_spool_open(e->host, e->o.capture_file, 0600, &e->spool);
    if (err)
        return err;
    ix_buf_reset(&e->capture);
    ix_pcapng_header(&e->capture, e->agent ? e->agent : "irisx");
    ix_spool_write(e->spool, e->capture.p, e->capture.n);
    return e->capture.err;
}

static void write_packet(
    struct ix_engine *e, const struct ix_phone_out *out, const void *data, size_t n, const char *comment)
{
    struct ix_addr local = out->tap.local, remote = out->tap.remote;

    if (out->tap.kind == IX_TAP_SIP)
        remote.port = local.port = SIP_PORT;
    ix_buf_reset(&e->capture);
    ix_pcapng_udp(&e->capture, ix_loop_now(e->loop).wall_us, out->tap.outgoing ? &local : &remote,
        out->tap.outgoing ? &remote : &local, data, n, comment);
    if (!e->capture.err)
        ix_spool_write(e->spool, e->capture.p, e->capture.n);
}

void ix_engine_capture(struct ix_engine *e, const struct ix_phone_out *out)
{
    char comment[2 * IX_ADDR_TEXT + 48], local[IX_ADDR_TEXT], remote[IX_ADDR_TEXT];

    if (!e->spool)
        return;
    if (out->tap.kind == IX_TAP_RTP) {
        write_packet(e, out, out->data, out->len,
            out->tap.outgoing ? "sent as SRTP, in clear here" : "received as SRTP, decrypted here");
        return;
    }
    if (out->tap.kind != IX_TAP_SIP) {
        write_packet(e, out, out->data, out->len, NULL);
        return;
    }
    ix_addr_text(&out->tap.local, local);
    ix_addr_text(&out->tap.remote, remote);
    (void) snprintf(comment, sizeof comment, "WebSocket %s %s %s", local, out->tap.outgoing ? "->" : "<-", remote);
    if (e->o.capture_secrets) {
        write_packet(e, out, out->data, out->len, comment);
        return;
    }
    ix_buf_reset(&e->redacted);
    ix_sip_redact(&e->redacted, out->data, out->len);
    if (!e->redacted.err)
        write_packet(e, out, e->redacted.p, e->redacted.n, comment);
}

void ix_engine_capture_close(struct ix_engine *e)
{
    if (e->spool)
        ix_spool_close(e->spool, NULL, NULL);
    e->spool = NULL;
}
