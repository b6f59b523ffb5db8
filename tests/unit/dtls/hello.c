/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "dtls/internal.h"

#define BODY 100

static uint8_t body[BODY];

static void fill_body(void)
{
    for (size_t i = 0; i < BODY; i++)
        body[i] = (uint8_t) (i * 7);
}

struct part {
    uint32_t length, from, n;
    uint64_t record_seq;
    uint16_t message_seq;
    uint8_t type;
};

static void put_fragment(struct ix_buf *b, const struct part *p)
{
    ix_buf_u8(b, p->type);
    ix_buf_u24(b, p->length);
    ix_buf_u16(b, p->message_seq);
    ix_buf_u24(b, p->from);
    ix_buf_u24(b, p->n);
    for (uint32_t i = 0; i < p->n; i++)
        ix_buf_u8(b, body[(p->from + i) % BODY]);
}

static void put_record(struct ix_buf *b, const struct part *p)
{
    ix_buf_u8(b, 22);
    ix_buf_u16(b, 0xfefd);
    ix_buf_u16(b, 0);
    ix_buf_u16(b, (uint16_t) (p->record_seq >> 32));
    ix_buf_u32(b, (uint32_t) p->record_seq);
    ix_buf_u16(b, (uint16_t) (12 + p->n));
    put_fragment(b, p);
}

static enum ix_dtls_hello_result give(struct ix_dtls_hello *h, struct part p, struct ix_bytes *out)
{
    uint8_t raw[400];
    struct ix_buf b;

    fill_body();
    if (p.type == 0)
        p.type = 1;
    if (p.length == 0)
        p.length = BODY;
    ix_buf_init_fixed(&b, raw, sizeof(raw));
    put_record(&b, &p);
    return ix_dtls_hello_input(h, b.p, b.n, out);
}

static void check_whole(struct ix_bytes out, uint64_t seq)
{
    uint8_t want[13 + 12 + BODY];
    struct ix_buf b;
    struct part p = { .length = BODY, .n = BODY, .record_seq = seq, .type = 1 };

    ix_buf_init_fixed(&b, want, sizeof(want));
    put_record(&b, &p);
    cr_assert_eq(out.n, sizeof(want));
    cr_assert_arr_eq((const uint8_t *) out.p, want, sizeof(want));
}

Test(hello, an_unfragmented_one_passes_as_it_is)
{
    struct ix_dtls_hello h = { 0 };
    struct ix_bytes out;

    cr_assert_eq(give(&h, (struct part){ .n = BODY }, &out), IX_DTLS_HELLO_PASS);
    cr_assert_null(h.record);
}

Test(hello, two_halves_make_one_record_with_the_later_sequence_number)
{
    struct ix_dtls_hello h = { 0 };
    struct ix_bytes out;

    cr_assert_eq(give(&h, (struct part){ .n = 60, .record_seq = 4 }, &out), IX_DTLS_HELLO_TAKEN);
    cr_assert_eq(give(&h, (struct part){ .from = 60, .n = 40, .record_seq = 5 }, &out), IX_DTLS_HELLO_WHOLE);
    check_whole(out, 5);
    ix_dtls_hello_clear(&h);
}

Test(hello, parts_may_come_backwards_twice_and_overlapping)
{
    struct ix_dtls_hello h = { 0 };
    struct ix_bytes out;

    cr_assert_eq(give(&h, (struct part){ .from = 50, .n = 50, .record_seq = 9 }, &out), IX_DTLS_HELLO_TAKEN);
    cr_assert_eq(give(&h, (struct part){ .from = 50, .n = 50, .record_seq = 9 }, &out), IX_DTLS_HELLO_TAKEN);
    cr_assert_eq(give(&h, (struct part){ .from = 20, .n = 60, .record_seq = 8 }, &out), IX_DTLS_HELLO_TAKEN);
    cr_assert_eq(give(&h, (struct part){ .from = 0, .n = 21, .record_seq = 7 }, &out), IX_DTLS_HELLO_WHOLE);
    check_whole(out, 9);
    ix_dtls_hello_clear(&h);
}

Test(hello, a_retransmission_after_it_was_whole_is_put_together_again)
{
    struct ix_dtls_hello h = { 0 };
    struct ix_bytes out;

    for (uint64_t seq = 0; seq < 6; seq += 2) {
        cr_assert_eq(give(&h, (struct part){ .n = 60, .record_seq = seq }, &out), IX_DTLS_HELLO_TAKEN);
        cr_assert_eq(give(&h, (struct part){ .from = 60, .n = 40, .record_seq = seq + 1 }, &out), IX_DTLS_HELLO_WHOLE);
        check_whole(out, seq + 1);
    }
    ix_dtls_hello_clear(&h);
}

Test(hello, fragments_of_another_message_start_anew)
{
    struct ix_dtls_hello h = { 0 };
    struct ix_bytes out;

    cr_assert_eq(give(&h, (struct part){ .n = 60 }, &out), IX_DTLS_HELLO_TAKEN);
    cr_assert_eq(give(&h, (struct part){ .from = 60, .n = 40, .message_seq = 1 }, &out), IX_DTLS_HELLO_TAKEN);
    cr_assert_eq(give(&h, (struct part){ .from = 0, .n = 60, .message_seq = 1 }, &out), IX_DTLS_HELLO_WHOLE);
    ix_dtls_hello_clear(&h);
}

Test(hello, two_fragments_in_one_record_and_two_records_in_one_datagram_are_read)
{
    struct ix_dtls_hello h = { 0 };
    struct ix_bytes out;
    uint8_t raw[400];
    struct ix_buf b;
    struct part first = { .length = BODY, .n = 30, .type = 1 }, second = first, third = first;

    fill_body();
    second.from = 30;
    third.from = 60;
    third.n = 40;
    ix_buf_init_fixed(&b, raw, sizeof(raw));
    put_record(&b, &first);
    size_t head = b.n;
    put_fragment(&b, &second);
    raw[11] = 0;
    raw[12] = (uint8_t) (b.n - 13);
    cr_assert_gt(b.n, head);
    put_record(&b, &third);
    cr_assert_eq(ix_dtls_hello_input(&h, b.p, b.n, &out), IX_DTLS_HELLO_WHOLE);
    check_whole(out, 0);
    ix_dtls_hello_clear(&h);
}

Test(hello, other_messages_are_not_touched)
{
    struct ix_dtls_hello h = { 0 };
    struct ix_bytes out;

    cr_assert_eq(give(&h, (struct part){ .n = 60, .type = 11 }, &out), IX_DTLS_HELLO_OTHER);
    cr_assert_eq(ix_dtls_hello_input(&h, "\x17\xfe\xfd", 3, &out), IX_DTLS_HELLO_OTHER);
    cr_assert_eq(ix_dtls_hello_input(&h, "", 0, &out), IX_DTLS_HELLO_OTHER);
    cr_assert_null(h.record);
}

Test(hello, impossible_lengths_keep_nothing)
{
    struct ix_dtls_hello h = { 0 };
    struct ix_bytes out;

    (void) give(&h, (struct part){ .length = IX_DTLS_HELLO_MAX + 1, .n = 60 }, &out);
    (void) give(&h, (struct part){ .length = 0xffffff, .from = 0xfffff0, .n = 15 }, &out);
    (void) give(&h, (struct part){ .length = 50, .from = 40, .n = 20 }, &out);
    (void) give(&h, (struct part){ .length = 50, .from = 0xffffff, .n = 20 }, &out);
    cr_assert_null(h.record);
}
