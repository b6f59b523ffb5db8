/* SPDX-License-Identifier: MIT */
/* The bounded queue of datagrams: when it is full the oldest falls, as it would on the network. */
#include "dtls/internal.h"

#include <string.h>

static void append(struct ix_dtls_queue *q, struct ix_dtls_datagram *d)
{
    d->next = NULL;
    if (q->last != NULL)
        q->last->next = d;
    else
        q->first = d;
    q->last = d;
    q->count++;
    q->bytes += d->len;
    while (q->count > IX_DTLS_QUEUE_MAX || q->bytes > IX_DTLS_QUEUE_BYTES)
        ix_free(ix_dtls_queue_pop(q));
}

int ix_dtls_queue_push(struct ix_dtls_queue *q, const void *p, size_t n)
{
    if (n > IX_DTLS_DATAGRAM_MAX)
        return IRISX_E_TOO_LARGE;
    struct ix_dtls_datagram *d = ix_alloc(sizeof(*d) + n);
    if (d == NULL)
        return IRISX_E_NO_MEMORY;
    d->len = n;
    if (n > 0)
        memcpy(d->data, p, n);
    append(q, d);
    return 0;
}

struct ix_dtls_datagram *ix_dtls_queue_pop(struct ix_dtls_queue *q)
{
    struct ix_dtls_datagram *d = q->first;

    if (d == NULL)
        return NULL;
    q->first = d->next;
    if (q->first == NULL)
        q->last = NULL;
    q->count--;
    q->bytes -= d->len;
    d->next = NULL;
    return d;
}

void ix_dtls_queue_move(struct ix_dtls_queue *to, struct ix_dtls_queue *from)
{
    for (struct ix_dtls_datagram *d = ix_dtls_queue_pop(from); d != NULL; d = ix_dtls_queue_pop(from))
        append(to, d);
}

void ix_dtls_queue_clear(struct ix_dtls_queue *q)
{
    while (q->first != NULL)
        ix_free(ix_dtls_queue_pop(q));
}
