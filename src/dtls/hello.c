/* SPDX-License-Identifier: MIT */
/*
 * Puts a ClientHello together that came in several fragments (RFC 6347 sections 4.1 and 4.2.2 to 4.2.3): mbedtls as
 * server refuses such a hello, and current browsers send it so. Fragments may come in any order, twice and
 * overlapping; one message is kept at a time, a newer one (message_seq, length) takes its place.
 *
 *   record:    type(1) version(2) epoch(2) sequence(6) length(2)
 *   handshake: msg_type(1) length(3) message_seq(2) fragment_offset(3) fragment_length(3) body
 */
#include "dtls/internal.h"

#include <string.h>

enum { RECORD_HEAD = 13, HANDSHAKE_HEAD = 12, TYPE_HANDSHAKE = 22, MSG_CLIENT_HELLO = 1, SEQUENCE_AT = 5 };

struct fragment {
    uint32_t length; /* of the whole body */
    uint16_t message_seq;
    uint32_t offset;
    uint32_t n;
    const uint8_t *p;
};

/* one record; its body is left in *body. False at the end of the datagram or where it is no ClientHello's record. */
static bool next_record(struct ix_reader *r, const uint8_t **head, struct ix_reader *body)
{
    const uint8_t *h = ix_read_bytes(r, RECORD_HEAD);

    if (h == NULL)
        return false;
    *head = h;
    *body = ix_read_sub(r, (size_t) (h[11] << 8 | h[12]));
    return !r->bad && h[0] == TYPE_HANDSHAKE && h[3] == 0 && h[4] == 0;
}

static bool next_fragment(struct ix_reader *r, struct fragment *f)
{
    uint8_t type = ix_read_u8(r);

    f->length = ix_read_u24(r);
    f->message_seq = ix_read_u16(r);
    f->offset = ix_read_u24(r);
    f->n = ix_read_u24(r);
    f->p = ix_read_bytes(r, f->n);
    if (r->bad || type != MSG_CLIENT_HELLO || f->n > f->length)
        return false;
    return f->offset <= f->length - f->n;
}

static bool begin(struct ix_dtls_hello *h, const uint8_t *record_head, const struct fragment *f)
{
    size_t message = RECORD_HEAD + HANDSHAKE_HEAD + (size_t) f->length;

    ix_dtls_hello_clear(h);
    h->record = ix_alloc(message + (f->length + 7) / 8);
    if (h->record == NULL)
        return false;
    h->have = h->record + message;
    h->length = h->missing = f->length;
    h->message_seq = f->message_seq;

    struct ix_buf b;
    ix_buf_init_fixed(&b, h->record, message);
    ix_buf_put(&b, record_head, RECORD_HEAD - 2);
    ix_buf_u16(&b, (uint16_t) (HANDSHAKE_HEAD + f->length));
    ix_buf_u8(&b, MSG_CLIENT_HELLO);
    ix_buf_u24(&b, f->length);
    ix_buf_u16(&b, f->message_seq);
    ix_buf_u24(&b, 0);
    ix_buf_u24(&b, f->length);
    return true;
}

static void add(struct ix_dtls_hello *h, const struct fragment *f)
{
    for (uint32_t i = 0; i < f->n; i++) {
        uint32_t at = f->offset + i;
        uint8_t bit = (uint8_t) (1u << (at % 8));
        if (h->have[at / 8] & bit)
            continue;
        h->have[at / 8] |= bit;
        h->record[RECORD_HEAD + HANDSHAKE_HEAD + at] = f->p[i];
        h->missing--;
    }
}

/* The assembled record takes the highest sequence number of its parts: mbedtls' replay window goes on from there. */
static void raise_sequence(struct ix_dtls_hello *h, const uint8_t *record_head)
{
    if (memcmp(record_head + SEQUENCE_AT, h->record + SEQUENCE_AT, 6) > 0)
        memcpy(h->record + SEQUENCE_AT, record_head + SEQUENCE_AT, 6);
}

static bool take(struct ix_dtls_hello *h, const uint8_t *record_head, const struct fragment *f)
{
    if (f->length == 0 || f->length > IX_DTLS_HELLO_MAX)
        return false;
    bool same = h->record != NULL && h->missing > 0 && h->length == f->length && h->message_seq == f->message_seq;
    if (!same && !begin(h, record_head, f))
        return false;
    raise_sequence(h, record_head);
    add(h, f);
    return h->missing == 0;
}

enum ix_dtls_hello_result ix_dtls_hello_input(struct ix_dtls_hello *h, const void *p, size_t n, struct ix_bytes *out)
{
    struct ix_reader r = ix_reader(p, n), body;
    const uint8_t *head;
    struct fragment f;
    enum ix_dtls_hello_result result = IX_DTLS_HELLO_OTHER;

    while (r.n > 0 && next_record(&r, &head, &body)) {
        while (body.n > 0) {
            if (!next_fragment(&body, &f))
                return result;
            if (f.n == f.length)
                return IX_DTLS_HELLO_PASS;
            result = IX_DTLS_HELLO_TAKEN;
            if (take(h, head, &f)) {
                *out = (struct ix_bytes){ h->record, RECORD_HEAD + HANDSHAKE_HEAD + (size_t) h->length };
                return IX_DTLS_HELLO_WHOLE;
            }
        }
    }
    return result;
}

void ix_dtls_hello_clear(struct ix_dtls_hello *h)
{
    ix_free(h->record);
    *h = (struct ix_dtls_hello){ 0 };
}
