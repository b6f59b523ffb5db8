/* SPDX-License-Identifier: MIT */
/*
 * The engine: who is here, when which slot ticks, and what goes out. Nothing here allocates after ix_media_new().
 * Order of what poll gives: frames, then events, then statistics, then parties released, so that RELEASED is the last
 * word of a party.
 */
#include "media/engine.h"

#include <string.h>

#define CATCH_UP 3 /* ticks that are made up for at most when the call comes late */
#define FRAME_BYTES_PER_PARTY 512
#define EVENT_BYTES_PER_PARTY 512
#define RING_BYTES_MIN 8192

/* ---- making ------------------------------------------------------------------------------ */
static int make_parts(struct ix_media *m)
{
    size_t size = 8;
    while (size < 2 * m->max_parties)
        size *= 2;
    m->table_mask = size - 1;
    m->table = ix_alloc_array(size, sizeof(struct ix_party *));
    m->groups = ix_alloc_array(m->max_parties, sizeof(*m->groups));
    m->frames = ix_ring_new(RING_BYTES_MIN + m->max_parties * FRAME_BYTES_PER_PARTY);
    m->events = ix_ring_new(RING_BYTES_MIN + m->max_parties * EVENT_BYTES_PER_PARTY);
    return m->table && m->groups && m->frames && m->events ? 0 : IRISX_E_NO_MEMORY;
}

int ix_media_new(const struct ix_log *log, size_t max_parties, struct ix_media **out)
{
    if (max_parties == 0 || max_parties > 65536)
        return IRISX_E_INVALID;
    struct ix_media *m = ix_alloc(sizeof(*m));
    if (!m)
        return IRISX_E_NO_MEMORY;
    m->log = log;
    m->max_parties = max_parties;
    int err = make_parts(m);
    if (err) {
        ix_media_free(m);
        return err;
    }
    ix_list_init(&m->free_groups);
    ix_list_init(&m->stats_due);
    ix_list_init(&m->released);
    for (size_t i = 0; i < max_parties; i++) {
        ix_list_init(&m->groups[i].members);
        ix_list_append(&m->free_groups, &m->groups[i].node);
    }
    for (size_t i = 0; i < IX_TICK_SLOTS; i++) {
        ix_list_init(&m->slots[i].groups);
        m->slots[i].next_us = IX_NEVER;
    }
    *out = m;
    return 0;
}

static void let_go(struct ix_media *m)
{
    for (size_t i = 0; m->table && i <= m->table_mask; i++)
        if (m->table[i])
            m->table[i]->engine = NULL;
    struct ix_list *node;
    while (m->released.next && (node = ix_list_pop(&m->released)) != NULL)
        IX_CONTAINER(node, struct ix_party, in_released)->engine = NULL;
}

void ix_media_free(struct ix_media *m)
{
    if (!m)
        return;
    let_go(m);
    ix_ring_free(m->frames);
    ix_ring_free(m->events);
    ix_free(m->groups);
    ix_free(m->table);
    ix_free(m);
}

/* ---- who is here ------------------------------------------------------------------------- */
static size_t home(const struct ix_media *m, uint32_t id)
{
    return (size_t) (id * UINT32_C(2654435761)) & m->table_mask;
}

static size_t place(const struct ix_media *m, uint32_t id)
{
    size_t at = home(m, id);
    while (m->table[at] && m->table[at]->id != id)
        at = (at + 1) & m->table_mask;
    return at;
}

struct ix_party *ix_media_find(const struct ix_media *m, uint32_t id)
{
    return m->table[place(m, id)];
}

bool ix_media_enter(struct ix_media *m, struct ix_party *p)
{
    size_t at = place(m, p->id);
    if (m->parties == m->max_parties || m->table[at])
        return false;
    m->table[at] = p;
    m->parties++;
    return true;
}

/* closes the hole, so that every id is found from its home on */
void ix_media_leave(struct ix_media *m, struct ix_party *p)
{
    size_t hole = place(m, p->id);
    size_t at = hole;
    for (;;) {
        at = (at + 1) & m->table_mask;
        if (!m->table[at])
            break;
        size_t from_home = (at - home(m, m->table[at]->id)) & m->table_mask;
        if (from_home >= ((at - hole) & m->table_mask)) {
            m->table[hole] = m->table[at];
            hole = at;
        }
    }
    m->table[hole] = NULL;
    m->parties--;
}

/* ---- in ---------------------------------------------------------------------------------- */
void ix_media_frame(struct ix_media *m, uint32_t party_id, const struct ix_frame *f, struct ix_now now)
{
    struct ix_party *p = ix_media_find(m, party_id);
    if (!p) {
        m->totals.unknown++;
        return;
    }
    ix_party_frame(m, p, f, now);
}

/* ---- time -------------------------------------------------------------------------------- */
static void slot_skip(struct ix_media *m, struct slot *s, uint64_t ticks)
{
    IX_LIST_EACH (it, &s->groups) {
        ix_group_skip(m, IX_CONTAINER(it, struct group, node), ticks);
        m->totals.ticks_skipped += ticks;
    }
    s->next_us += ticks * IX_TICK_US;
}

static void slot_tick(struct ix_media *m, struct slot *s, struct ix_now now)
{
    IX_LIST_EACH (it, &s->groups) {
        ix_group_tick(m, IX_CONTAINER(it, struct group, node), s->next_us, now);
        m->totals.ticks++;
    }
    s->next_us += IX_TICK_US;
}

void ix_media_tick(struct ix_media *m, struct ix_now now)
{
    for (size_t i = 0; i < IX_TICK_SLOTS; i++) {
        struct slot *s = &m->slots[i];
        if (now.mono_us < s->next_us)
            continue;
        uint64_t due = (now.mono_us - s->next_us) / IX_TICK_US + 1;
        if (due > CATCH_UP)
            slot_skip(m, s, due - CATCH_UP);
        for (uint64_t k = IX_MIN(due, (uint64_t) CATCH_UP); k > 0; k--)
            slot_tick(m, s, now);
    }
}

uint64_t ix_media_deadline(const struct ix_media *m)
{
    uint64_t at = IX_NEVER;
    for (size_t i = 0; i < IX_TICK_SLOTS; i++)
        at = IX_MIN(at, m->slots[i].next_us);
    return at;
}

/* ---- out --------------------------------------------------------------------------------- */
struct ix_frame *ix_media_begin_frame(struct ix_media *m)
{
    m->scratch.frame = (struct ix_frame){ .payload_type = 0xff };
    return &m->scratch.frame;
}

void ix_media_send_frame(struct ix_media *m, uint32_t party_id)
{
    m->scratch.party_id = party_id;
    size_t head = offsetof(struct out_frame, frame) + IX_FRAME_HEAD;
    if (!ix_ring_put(m->frames, &m->scratch, head, m->scratch.frame.payload, m->scratch.frame.len))
        m->totals.out_refused++;
}

void ix_media_tell(struct ix_media *m, const struct ix_media_event *ev)
{
    /* statistics do not come this way: what is told here is small */
    size_t n = offsetof(struct ix_media_event, u) + 2 * sizeof(void *);
    if (!ix_ring_put(m->events, ev, n, NULL, 0))
        m->totals.out_refused++;
}

static bool take_frame(struct ix_media *m, struct ix_media_out *out)
{
    size_t n;
    const void *record = ix_ring_peek(m->frames, &n);
    if (!record)
        return false;
    memcpy(&m->given, record, n);
    ix_ring_drop(m->frames);
    *out = (struct ix_media_out){ .kind = IX_MEDIA_OUT_FRAME, .party_id = m->given.party_id, .frame = &m->given.frame };
    return true;
}

static bool take_event(struct ix_media *m)
{
    size_t n;
    const void *record = ix_ring_peek(m->events, &n);
    if (!record)
        return false;
    m->event = (struct ix_media_event){ 0 };
    memcpy(&m->event, record, n);
    ix_ring_drop(m->events);
    return true;
}

/* the latest figures, made when they are asked for */
static bool take_stats(struct ix_media *m)
{
    struct ix_list *node = ix_list_pop(&m->stats_due);
    if (!node)
        return false;
    struct ix_party *p = IX_CONTAINER(node, struct ix_party, in_stats);
    m->event = (struct ix_media_event){ .kind = IX_MEDIA_EV_STATS, .party_id = p->id };
    ix_stats_fill(p, &m->event.u.stats);
    return true;
}

static bool take_released(struct ix_media *m)
{
    struct ix_list *node = ix_list_pop(&m->released);
    if (!node)
        return false;
    struct ix_party *p = IX_CONTAINER(node, struct ix_party, in_released);
    p->engine = NULL;
    m->event = (struct ix_media_event){ .kind = IX_MEDIA_EV_RELEASED, .party_id = p->id, .u.party = p };
    return true;
}

bool ix_media_poll(struct ix_media *m, struct ix_media_out *out)
{
    if (take_frame(m, out))
        return true;
    if (!take_event(m) && !take_stats(m) && !take_released(m))
        return false;
    *out = (struct ix_media_out){ .kind = IX_MEDIA_OUT_EVENT, .party_id = m->event.party_id, .event = &m->event };
    return true;
}

void ix_media_totals(const struct ix_media *m, struct ix_media_totals *out)
{
    *out = m->totals;
}
