/* SPDX-License-Identifier: MIT */
/*
 * TURN over a byte stream (TCP, TLS): STUN messages by their length, ChannelData by theirs and padded to four bytes
 * (RFC 8656 section 12.5). What is longer than we take is passed over; what is neither ends the connection.
 */
#include "ice/turn_private.h"

void ix_turn_stream(struct ix_turn *t, const void *p, size_t n, struct ix_now now)
{
    const uint8_t *bytes = p;
    (void) now;
    if (!t->connected)
        return;
    size_t skip = IX_MIN(n, t->stream_skip);
    t->stream_skip -= skip;
    ix_buf_put(&t->stream, bytes + skip, n - skip);
    if (t->stream.err) /* more at once than ix_turn_next was asked for, or no memory */
        ix_turn_fail(t, 0, t->stream.err);
}

/* bytes of the message at the head, padding included; 0: not all of its head is there, SIZE_MAX: no such message */
static size_t whole(const struct ix_buf *b)
{
    struct ix_reader r = ix_reader(b->p, b->n);
    uint16_t type = ix_read_u16(&r);
    size_t len = ix_read_u16(&r);
    if (r.bad)
        return 0;
    if (type < 0x4000)
        return 20 + len;
    return type < 0x5000 ? 4 + (len + 3) / 4 * 4 : SIZE_MAX;
}

static void drop(struct ix_turn *t, size_t n)
{
    size_t here = IX_MIN(n, t->stream.n);
    ix_buf_consume(&t->stream, here);
    t->stream_skip += n - here;
}

bool ix_turn_next(struct ix_turn *t, struct ix_turn_data *data, struct ix_now now)
{
    *data = (struct ix_turn_data){ 0 };
    drop(t, t->stream_used);
    t->stream_used = 0;
    size_t n = whole(&t->stream);
    while (n > TURN_PACKET && n != SIZE_MAX) {
        drop(t, n);
        n = t->stream_skip ? 0 : whole(&t->stream);
    }
    if (n == SIZE_MAX)
        ix_turn_fail(t, 0, IRISX_E_PROTOCOL);
    if (!n || n > t->stream.n || !t->connected)
        return false;
    t->stream_used = n;
    (void) ix_turn_input(t, t->stream.p, n, data, now); /* what is not for us is passed over */
    if (!t->connected) /* it ended the connection: what follows it is of no concern */
        *data = (struct ix_turn_data){ 0 };
    return true;
}
