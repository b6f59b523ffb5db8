/* SPDX-License-Identifier: MIT */
/*
 * WebSocket frames as a server reads and writes them: RFC 6455 sections 5.2 to 5.5, 4.2.2 (the accept key), 8.1
 * (UTF-8).
 *
 *   0                   1                   2                   3
 *   +-+-+-+-+-------+-+-------------+-------------------------------+
 *   |F|R|R|R| opcode|M| Payload len |    Extended payload length    |
 *   |I|S|S|S|  (4)  |A|     (7)     |             (16/64)           |
 *   +-+-+-+-+-------+-+-------------+-------------------------------+
 */
#include <string.h>

#include "io/internal.h"

#define CODE_PROTOCOL 1002
#define CODE_NOT_UTF8 1007
#define CODE_TOO_LARGE 1009
#define CODE_OURS 1011
#define MASK_BYTES 4

void ix_ws_parser_init(struct ix_ws_parser *p)
{
    memset(p, 0, sizeof *p);
    ix_buf_init(&p->message, IX_WS_MESSAGE_MAX);
}

void ix_ws_parser_clear(struct ix_ws_parser *p)
{
    ix_buf_clear(&p->message);
}

static bool is_control(uint8_t opcode)
{
    return (opcode & 8) != 0;
}

/* Bytes of the head as far as the first two tell. */
static size_t head_size(const struct ix_ws_parser *w)
{
    if (w->head_n < 2)
        return 2;
    unsigned len = w->head[1] & 0x7fu;
    return 2u + (len == 126 ? 2u : len == 127 ? 8u : 0u) + MASK_BYTES;
}

static uint16_t check_opcode(const struct ix_ws_parser *w, uint64_t len)
{
    if (is_control(w->opcode))
        return w->opcode <= IX_WS_OP_PONG && w->fin && len <= sizeof w->control ? 0 : CODE_PROTOCOL;
    if (w->opcode > IX_WS_BINARY || (w->opcode == IX_WS_CONT) != (w->message_opcode != 0))
        return CODE_PROTOCOL;
    return w->message.n + len > IX_WS_MESSAGE_MAX ? CODE_TOO_LARGE : 0;
}

static uint16_t begin_frame(struct ix_ws_parser *w)
{
    struct ix_reader r = ix_reader(w->head + 2, w->head_n - 2);
    uint64_t len = w->head[1] & 0x7fu;

    w->fin = (w->head[0] & 0x80) != 0;
    w->opcode = w->head[0] & 0x0f;
    if (len == 126)
        len = ix_read_u16(&r);
    else if (len == 127)
        len = ix_read_u64(&r);
    ix_read_copy(&r, w->mask, MASK_BYTES);
    uint16_t code = len > INT64_MAX ? CODE_PROTOCOL : check_opcode(w, len);
    if (code == 0 && !is_control(w->opcode) && w->opcode != IX_WS_CONT)
        w->message_opcode = w->opcode;
    w->len = len;
    w->at = 0;
    return code;
}

/* Another byte of the head is there. */
static uint16_t check_head(struct ix_ws_parser *w)
{
    if (w->head_n == 2 && ((w->head[0] & 0x70) != 0 || (w->head[1] & 0x80) == 0))
        return CODE_PROTOCOL; /* an extension nobody agreed on; a client that does not mask (section 5.1) */
    return w->head_n == head_size(w) ? begin_frame(w) : 0;
}

static void take_payload(struct ix_ws_parser *w, const uint8_t **p, size_t *n)
{
    size_t take = (size_t) IX_MIN((uint64_t) *n, w->len - w->at);
    uint8_t *to = w->control + w->at;

    if (take == 0)
        return;
    if (!is_control(w->opcode)) {
        if (ix_buf_reserve(&w->message, take) != 0)
            return;
        to = w->message.p + w->message.n;
        w->message.n += take;
    }
    for (size_t i = 0; i < take; i++)
        to[i] = (*p)[i] ^ w->mask[(w->at + i) % MASK_BYTES];
    w->at += take;
    *p += take;
    *n -= take;
}

static bool finish_frame(struct ix_ws_parser *w, struct ix_ws_item *item, uint16_t *code)
{
    w->head_n = 0;
    if (is_control(w->opcode)) {
        *item = (struct ix_ws_item){ w->opcode, w->control, (size_t) w->len };
        return true;
    }
    if (!w->fin)
        return false;
    *item = (struct ix_ws_item){ w->message_opcode, w->message.p, w->message.n };
    w->message_opcode = 0;
    w->handed = true;
    if (item->opcode != IX_WS_TEXT || ix_utf8_valid(item->data, item->len))
        return true;
    *code = CODE_NOT_UTF8;
    return false;
}

bool ix_ws_parse(struct ix_ws_parser *w, const uint8_t **p, size_t *n, struct ix_ws_item *item, uint16_t *close_code)
{
    *close_code = 0;
    if (w->handed) {
        ix_buf_reset(&w->message);
        w->handed = false;
    }
    for (;;) {
        while (w->head_n < head_size(w)) {
            if (*n == 0)
                return false;
            w->head[w->head_n++] = **p;
            (*p)++;
            (*n)--;
            *close_code = check_head(w);
            if (*close_code != 0)
                return false;
        }
        take_payload(w, p, n);
        if (w->message.err != 0) {
            *close_code = CODE_OURS;
            return false;
        }
        if (w->at < w->len)
            return false;
        if (finish_frame(w, item, close_code))
            return true;
        if (*close_code != 0)
            return false;
    }
}

void ix_ws_frame_head(struct ix_buf *b, enum ix_ws_opcode opcode, size_t len)
{
    ix_buf_u8(b, (uint8_t) (0x80u | opcode));
    if (len < 126) {
        ix_buf_u8(b, (uint8_t) len);
    } else if (len <= UINT16_MAX) {
        ix_buf_u8(b, 126);
        ix_buf_u16(b, (uint16_t) len);
    } else {
        ix_buf_u8(b, 127);
        ix_buf_u64(b, len);
    }
}

void ix_ws_accept_key(struct ix_str key, char out[29])
{
    const struct ix_str guid = IX_STR("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    const struct ix_bytes parts[] = { { key.p, key.n }, { guid.p, guid.n } };
    uint8_t digest[IX_DIGEST_MAX];
    struct ix_buf b;

    (void) ix_digest(IX_SHA1, parts, 2, digest); /* fails on unknown kinds only */
    ix_buf_init_fixed(&b, out, 28);
    ix_base64_encode(&b, digest, 20);
    out[b.n] = '\0';
}
