/* SPDX-License-Identifier: MIT */
/*
 * Mix groups. Each party hears what all others say and sends its own source with it; a party alone does not mix at all.
 * A group is wideband as soon as one member speaks Opus; a group of G.711 alone runs at 8 kHz.
 */
#include "media/engine.h"

#define LATE_US (5 * IX_MS) /* a tick so late is one the machine was too busy for */
#define JOIN_GAP_US (IX_TICK_US / 2) /* a party that changes slots is not run twice within half a tick */

/* ---- where and when ---------------------------------------------------------------------- */
static uint64_t first_due(size_t slot, uint64_t now_us)
{
    uint64_t at = now_us / IX_TICK_US * IX_TICK_US + slot * (IX_TICK_US / IX_TICK_SLOTS);
    return at < now_us ? at + IX_TICK_US : at;
}

/* the slot with the fewest parties; of several the one that comes next */
static size_t best_slot(const struct ix_media *m, uint64_t now_us)
{
    size_t best = 0;
    for (size_t i = 1; i < IX_TICK_SLOTS; i++) {
        const struct slot *s = &m->slots[i], *b = &m->slots[best];
        bool sooner = first_due(i, now_us) < first_due(best, now_us);
        if (s->parties < b->parties || (s->parties == b->parties && sooner))
            best = i;
    }
    return best;
}

struct group *ix_group_new(struct ix_media *m, struct ix_now now)
{
    struct ix_list *node = ix_list_pop(&m->free_groups);
    IX_ASSERT(node); /* as many groups as parties */
    struct group *g = IX_CONTAINER(node, struct group, node);
    g->count = 0;
    g->rate_hz = MIX_NARROW_HZ;
    g->slot = (unsigned) best_slot(m, now.mono_us);
    struct slot *s = &m->slots[g->slot];
    if (ix_list_empty(&s->groups))
        s->next_us = first_due(g->slot, now.mono_us);
    ix_list_append(&s->groups, &g->node);
    return g;
}

void ix_group_add(struct ix_media *m, struct group *g, struct ix_party *p)
{
    ix_list_append(&g->members, &p->in_group);
    p->group = g;
    g->count++;
    m->slots[g->slot].parties++;
    ix_group_retune(g);
}

void ix_group_remove(struct ix_media *m, struct ix_party *p)
{
    struct group *g = p->group;
    struct slot *s = &m->slots[g->slot];
    ix_list_remove(&p->in_group);
    p->group = NULL;
    g->count--;
    s->parties--;
    if (g->count > 0) {
        ix_group_retune(g);
        return;
    }
    ix_list_remove(&g->node);
    ix_list_append(&m->free_groups, &g->node);
    if (ix_list_empty(&s->groups))
        s->next_us = IX_NEVER;
}

static bool needs_wide(const struct ix_party *p)
{
    return p->codec.codec == IX_CODEC_OPUS;
}

void ix_group_retune(struct group *g)
{
    uint32_t rate_hz = MIX_NARROW_HZ;
    IX_LIST_EACH (it, &g->members)
        if (needs_wide(IX_CONTAINER(it, struct ix_party, in_group)))
            rate_hz = MIX_WIDE_HZ;
    g->rate_hz = rate_hz;
    IX_LIST_EACH (it, &g->members)
        ix_party_tune(IX_CONTAINER(it, struct ix_party, in_group), rate_hz);
}

/* ---- a tick ------------------------------------------------------------------------------ */
static void hear_all(struct ix_media *m, struct group *g, uint64_t due_us, struct ix_now now)
{
    IX_LIST_EACH (it, &g->members) {
        struct ix_party *p = IX_CONTAINER(it, struct ix_party, in_group);
        p->present = p->last_due_us == 0 || due_us >= p->last_due_us + JOIN_GAP_US;
        if (!p->present)
            continue;
        p->last_due_us = due_us;
        uint64_t late = now.mono_us - due_us;
        p->stats.ticks_late += late > LATE_US;
        p->stats.tick_late_max_us = IX_MAX(p->stats.tick_late_max_us, late);
        ix_party_hear(m, p, due_us, now);
    }
}

static const int32_t *mix_all(struct ix_media *m, const struct group *g)
{
    if (g->count < 2)
        return NULL;
    size_t n = g->rate_hz / TICKS_PER_S;
    for (size_t i = 0; i < n; i++)
        m->mix[i] = 0;
    IX_LIST_EACH (it, &g->members) {
        const struct ix_party *p = IX_CONTAINER(it, struct ix_party, in_group);
        for (size_t i = 0; p->present && i < n; i++)
            m->mix[i] += ix_party_voice(p, i);
    }
    return m->mix;
}

void ix_group_tick(struct ix_media *m, struct group *g, uint64_t due_us, struct ix_now now)
{
    hear_all(m, g, due_us, now);
    const int32_t *mix = mix_all(m, g);
    IX_LIST_EACH (it, &g->members) {
        struct ix_party *p = IX_CONTAINER(it, struct ix_party, in_group);
        if (!p->present)
            continue;
        ix_party_say(m, p, mix);
        ix_stats_tick(m, p);
    }
}

/* The time line goes on without them: timestamps, recordings and sources alike. */
void ix_group_skip(struct ix_media *m, struct group *g, uint64_t ticks)
{
    IX_LIST_EACH (it, &g->members) {
        struct ix_party *p = IX_CONTAINER(it, struct ix_party, in_group);
        if (p->encoder_ready)
            p->ts += (uint32_t) (ticks * (p->codec.clock_hz / TICKS_PER_S));
        p->marker = true;
        p->gathered_n = 0;
        p->stats.ticks_skipped += ticks;
        ix_feed_skip(m, p, ticks);
        ix_drain_skip(p, &p->sink, ticks);
        ix_drain_skip(p, &p->record_received, ticks);
        ix_drain_skip(p, &p->record_sent, ticks);
    }
}
