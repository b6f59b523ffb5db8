/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "dtls/internal.h"

Test(queue, gives_datagrams_back_in_order)
{
    struct ix_dtls_queue q = { 0 };

    cr_assert_eq(ix_dtls_queue_push(&q, "a", 1), 0);
    cr_assert_eq(ix_dtls_queue_push(&q, "bc", 2), 0);
    cr_assert_eq(q.bytes, 3);
    struct ix_dtls_datagram *d = ix_dtls_queue_pop(&q);
    cr_assert_eq(d->len, 1);
    cr_assert_eq(d->data[0], 'a');
    ix_free(d);
    d = ix_dtls_queue_pop(&q);
    cr_assert_eq(d->data[1], 'c');
    ix_free(d);
    cr_assert_null(ix_dtls_queue_pop(&q));
    cr_assert_eq(q.count, 0);
    cr_assert_eq(q.bytes, 0);
}

Test(queue, drops_the_oldest_beyond_its_number)
{
    struct ix_dtls_queue q = { 0 };

    for (unsigned i = 0; i < IX_DTLS_QUEUE_MAX + 3; i++) {
        uint8_t byte = (uint8_t) i;
        cr_assert_eq(ix_dtls_queue_push(&q, &byte, 1), 0);
    }
    cr_assert_eq(q.count, IX_DTLS_QUEUE_MAX);
    cr_assert_eq(q.first->data[0], 3);
    ix_dtls_queue_clear(&q);
    cr_assert_null(q.first);
}

Test(queue, drops_the_oldest_beyond_its_bytes)
{
    static const uint8_t big[IX_DTLS_DATAGRAM_MAX];
    struct ix_dtls_queue q = { 0 };

    for (int i = 0; i < 6; i++)
        cr_assert_eq(ix_dtls_queue_push(&q, big, sizeof(big)), 0);
    cr_assert_leq(q.bytes, IX_DTLS_QUEUE_BYTES);
    cr_assert_eq(q.count, IX_DTLS_QUEUE_BYTES / sizeof(big));
    ix_dtls_queue_clear(&q);
}

Test(queue, refuses_a_datagram_that_nothing_could_read)
{
    static const uint8_t big[IX_DTLS_DATAGRAM_MAX + 1];
    struct ix_dtls_queue q = { 0 };

    cr_assert_eq(ix_dtls_queue_push(&q, big, sizeof(big)), IRISX_E_TOO_LARGE);
    cr_assert_null(q.first);
}
