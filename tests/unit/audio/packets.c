/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "audio/internal.h"

static struct ix_packets fresh(size_t cap, uint16_t chunks)
{
    struct ix_packets p = { 0 };
    cr_assert_eq(ix_packets_init(&p, cap, chunks), 0);
    return p;
}

static void put(struct ix_packets *p, uint64_t ts, uint16_t len)
{
    uint8_t payload[IX_FRAME_MAX];
    memset(payload, (uint8_t) ts, len);
    ix_packets_insert(p, &(struct ix_waiting){ .ts = ts, .len = len }, payload);
}

Test(packets, they_stand_in_the_order_of_their_time_and_keep_their_bytes)
{
    struct ix_packets p = fresh(8, 16);
    uint8_t bytes[IX_FRAME_MAX];
    put(&p, 30, 300);
    put(&p, 10, 1);
    put(&p, 20, 128);
    put(&p, 40, 0);
    for (uint64_t i = 0; i < 3; i++) {
        uint16_t len = p.list[i].len;
        cr_assert_eq(p.list[i].ts, 10 * (i + 1));
        ix_packets_fetch(&p, i, bytes);
        for (uint16_t k = 0; k < len; k++)
            cr_assert_eq(bytes[k], p.list[i].ts);
    }
    ix_packets_clear(&p);
}

Test(packets, room_is_what_chunks_and_places_are_left)
{
    struct ix_packets p = fresh(3, 4);
    put(&p, 1, 256);
    cr_assert(ix_packets_room(&p, 256));
    cr_assert_not(ix_packets_room(&p, 257));
    put(&p, 2, 256);
    cr_assert_not(ix_packets_room(&p, 1));
    cr_assert(ix_packets_room(&p, 0));
    ix_packets_drop(&p, 0);
    cr_assert(ix_packets_room(&p, 200));
    put(&p, 3, 1);
    put(&p, 4, 1);
    cr_assert_not(ix_packets_room(&p, 0), "three places");
    cr_assert_eq(p.list[0].ts, 2);
    ix_packets_empty(&p);
    cr_assert(p.count == 0 && ix_packets_room(&p, 512));
    ix_packets_clear(&p);
}
