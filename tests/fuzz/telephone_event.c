/* SPDX-License-Identifier: MIT */
/* Fuzz target: telephone-events. Records of 12 bytes are received packets; their bytes are digits to send, too. */
#include <stdlib.h>
#include <string.h>

#include "audio/audio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void receive(struct ix_reader *r, struct ix_tel_rx *rx, uint64_t *now_us)
{
    struct ix_frame f = { .kind = IX_FRAME_EVENT };
    struct ix_tel_press press = { 0 };
    uint8_t flags = ix_read_u8(r);
    *now_us += ix_read_u8(r) * IX_MS * 4;
    f.timestamp = ix_read_u32(r);
    f.ssrc = flags & 1;
    f.len = flags & 2 ? 4 : flags >> 6;
    ix_read_copy(r, f.payload, 4);
    bool told = ix_tel_rx_put(rx, &f, flags & 4 ? 48000 : 8000, *now_us, &press);
    told |= ix_tel_rx_idle(rx, flags & 8 ? 0 : 8000, *now_us, &press);
    if (told && ix_tel_event_of(press.digit) < 0)
        abort();
}

static void send(const char *digits, uint16_t tone_ms)
{
    struct ix_tel_tx tx = { 0 };
    (void) ix_tel_tx_queue(&tx, digits, tone_ms, tone_ms);
    for (uint32_t ts = 0, ticks = 0; ix_tel_tx_busy(&tx); ts += 960) {
        struct ix_tel_out out;
        ix_tel_tx_tick(&tx, ts, 48000, 20, &out);
        if (out.count > IX_COUNT(out.packet) || ++ticks > IX_TEL_QUEUE * 2 * 65536 / 20 + 1000)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_reader r = ix_reader(data, size);
    struct ix_tel_rx rx = { 0 };
    char digits[33] = { 0 };
    uint64_t now_us = 0;
    struct ix_reader sent = r;
    uint16_t tone_ms = ix_read_u16(&sent);
    if (sent.n > 0)
        memcpy(digits, sent.p, IX_MIN(sent.n, sizeof(digits) - 1));
    send(digits, tone_ms);
    while (!r.bad && r.n > 0)
        receive(&r, &rx, &now_us);
    return 0;
}
