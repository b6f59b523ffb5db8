/* SPDX-License-Identifier: MIT */
/*
 * Pace: requests wait here instead of being refused there. What a server tells (X-RateLimit-*, 429) and what was
 * configured are kept by operation; http.h says how. Pure: time in, slots out.
 *
 *   enter -> under way -> leave        a place is taken from enter (or next) to leave, and after leave for a window
 *       \-> waits -> next -^
 */
#include "http/http.h"

#include <string.h>

#define MAX_BUCKETS 4096
#define MAX_COUNT 100000
#define MARKS 1024 /* of a sliding window; a larger limit puts several requests on one mark */
#define MS_FROM 100000000000.0 /* an epoch above is in milliseconds (1973 to 5138), below in seconds */
#define SECONDS_UNTIL 100000000.0 /* a reset below is seconds from now */
#define LONGEST (UINT64_C(7) * 24 * 3600 * IX_S) /* a told window beyond is nonsense */

struct sliding { /* configured: when the last `count` places were given back, and not more than so many at once */
    uint32_t count, per_mark;
    uint64_t window_us;
    uint64_t *marks; /* ring; the latest end of per_mark requests */
    uint32_t first, n, in_last; /* oldest, how many, requests on the newest */
};

struct ix_pace_bucket {
    struct ix_list busy; /* in pace.busy while somebody waits */
    struct ix_list waiting;
    uint32_t under_way;
    struct sliding fixed; /* count 0: none */
    /* told by the server, or known of it */
    uint32_t limit; /* 0: none */
    uint32_t remaining; /* as of the last answer; those under way may not be counted in it */
    uint64_t reset_us, window_us; /* window: of a renewing one */
    bool renewing;
    uint64_t accepted_us; /* the last one; of a renewing limit */
    uint64_t blocked_us; /* a 429 said until when */
};

struct ix_pace {
    struct ix_map *buckets;
    struct ix_list busy;
};

int ix_pace_new(uint64_t seed, struct ix_pace **out)
{
    struct ix_pace *p = ix_alloc(sizeof *p);

    if (p == NULL)
        return IRISX_E_NO_MEMORY;
    ix_list_init(&p->busy);
    p->buckets = ix_map_new(MAX_BUCKETS, seed);
    if (p->buckets == NULL) {
        ix_free(p);
        return IRISX_E_NO_MEMORY;
    }
    *out = p;
    return 0;
}

void ix_pace_free(struct ix_pace *p)
{
    size_t at = 0;
    struct ix_str key;
    void *value;

    if (p == NULL)
        return;
    while (ix_map_next(p->buckets, &at, &key, &value)) {
        struct ix_pace_bucket *b = value;
        ix_free(b->fixed.marks);
        ix_free(b);
    }
    ix_map_free(p->buckets);
    ix_free(p);
}

static struct ix_pace_bucket *bucket(struct ix_pace *p, struct ix_str key)
{
    struct ix_pace_bucket *b = ix_map_get(p->buckets, key);

    if (b != NULL)
        return b;
    b = ix_alloc(sizeof *b);
    if (b == NULL)
        return NULL;
    ix_list_init(&b->busy);
    ix_list_init(&b->waiting);
    if (ix_map_set(p->buckets, key, b) != 0) {
        ix_free(b);
        return NULL;
    }
    return b;
}

/* ---- limits that are known beforehand ---------------------------------------------------- */

static int set_sliding(struct sliding *s, uint32_t count, uint64_t window_us)
{
    uint32_t per_mark = (count + MARKS - 1) / MARKS;
    uint32_t marks = (count + per_mark - 1) / per_mark;
    uint64_t *ring = ix_alloc_array(marks, sizeof *ring);

    if (ring == NULL)
        return IRISX_E_NO_MEMORY;
    ix_free(s->marks);
    *s = (struct sliding){ .count = marks * per_mark, .per_mark = per_mark, .window_us = window_us, .marks = ring };
    if (s->count > count) /* rounded down instead of up */
        s->count -= per_mark;
    return 0;
}

int ix_pace_limit(struct ix_pace *p, struct ix_str key, uint32_t count, uint64_t window_us, bool renewing)
{
    if (count == 0 || count > MAX_COUNT || window_us == 0 || window_us > LONGEST || key.n == 0)
        return IRISX_E_INVALID;
    struct ix_pace_bucket *b = bucket(p, key);
    if (b == NULL)
        return IRISX_E_NO_MEMORY;
    if (!renewing)
        return set_sliding(&b->fixed, count, window_us);
    b->renewing = true;
    b->limit = b->remaining = count;
    b->window_us = window_us;
    return 0;
}

int ix_pace_parse(struct ix_pace *p, const char *limits)
{
    struct ix_str rest = ix_str(limits), one, key, count;
    uint32_t n, s;

    while (ix_str_cut(&rest, ' ', &one)) {
        if (one.n == 0)
            continue;
        if (!ix_str_cut(&one, '=', &key) || !ix_str_cut(&one, '/', &count) || ix_str_u32(count, MAX_COUNT, &n) != 0 ||
            ix_str_u32(one, 604800, &s) != 0)
            return IRISX_E_INVALID;
        int err = ix_pace_limit(p, key, n, s * IX_S, false);
        if (err != 0)
            return err;
    }
    return 0;
}

/* ---- may one more go? -------------------------------------------------------------------- */

static void forget_old(struct sliding *s, uint64_t now_us)
{
    uint32_t ring = s->count / s->per_mark;

    while (s->n > 0 && ix_time_add(s->marks[s->first], s->window_us) <= now_us) {
        s->first = (s->first + 1) % ring;
        s->n--;
    }
    if (s->n == 0)
        s->in_last = 0;
}

static uint32_t used(const struct sliding *s)
{
    return s->n == 0 ? 0 : (s->n - 1) * s->per_mark + s->in_last;
}

static void mark(struct sliding *s, uint64_t now_us)
{
    uint32_t ring = s->count / s->per_mark;

    if (s->n == 0 || s->in_last == s->per_mark) {
        if (s->n == ring) { /* more than allowed: entered without memory */
            s->first = (s->first + 1) % ring;
            s->n--;
        }
        s->n++;
        s->in_last = 0;
    }
    s->in_last++;
    s->marks[(s->first + s->n - 1) % ring] = now_us;
}

/* 0: now; IX_NEVER: when one of those under way has ended; else the time */
static uint64_t fixed_at(struct ix_pace_bucket *b, uint64_t now_us)
{
    struct sliding *s = &b->fixed;

    if (s->count == 0)
        return 0;
    forget_old(s, now_us);
    if (used(s) + b->under_way < s->count)
        return 0;
    return s->n > 0 ? ix_time_add(s->marks[s->first], s->window_us) : IX_NEVER;
}

static uint64_t renewing_at(struct ix_pace_bucket *b, uint64_t now_us)
{
    uint64_t idle_us = ix_time_add(b->accepted_us, b->window_us);

    if (b->accepted_us != 0 && b->under_way == 0 && now_us >= idle_us)
        b->remaining = b->limit;
    if (b->remaining > b->under_way)
        return 0;
    return b->under_way > 0 ? IX_NEVER : idle_us;
}

static uint64_t told_at(struct ix_pace_bucket *b, uint64_t now_us)
{
    if (b->limit == 0)
        return 0;
    if (b->renewing)
        return renewing_at(b, now_us);
    if (now_us >= b->reset_us) /* how much is free again is not known: one asks for all */
        return b->under_way == 0 ? 0 : IX_NEVER;
    return b->remaining > b->under_way ? 0 : b->reset_us;
}

static uint64_t bucket_at(struct ix_pace_bucket *b, uint64_t now_us)
{
    uint64_t blocked = b->blocked_us > now_us ? b->blocked_us : 0;
    uint64_t at = IX_MAX(fixed_at(b, now_us), told_at(b, now_us));

    return IX_MAX(blocked, at);
}

static uint64_t slot_at(const struct ix_pace_slot *s, uint64_t now_us)
{
    uint64_t own = bucket_at(s->own, now_us);

    return s->group != NULL ? IX_MAX(own, bucket_at(s->group, now_us)) : own;
}

uint64_t ix_pace_at(const struct ix_pace_slot *s, uint64_t now_us)
{
    uint64_t at = s->own != NULL ? slot_at(s, now_us) : 0;

    return at == IX_NEVER ? 0 : IX_MAX(at, now_us);
}

static void go(struct ix_pace_slot *s)
{
    s->under_way = true;
    s->own->under_way++;
    if (s->group != NULL)
        s->group->under_way++;
}

bool ix_pace_enter(struct ix_pace *p, const char *operation, struct ix_pace_slot *s, uint64_t now_us)
{
    struct ix_str name = ix_str(operation);
    size_t point = ix_str_find(name, '.');

    *s = (struct ix_pace_slot){ .own = bucket(p, name) };
    ix_list_init(&s->node);
    if (s->own == NULL)
        return true;
    if (point != SIZE_MAX)
        s->group = ix_map_get(p->buckets, ix_str_slice(name, 0, point));
    if (ix_list_empty(&s->own->waiting) && slot_at(s, now_us) == 0) {
        go(s);
        return true;
    }
    ix_list_append(&s->own->waiting, &s->node);
    if (!ix_list_linked(&s->own->busy))
        ix_list_append(&p->busy, &s->own->busy);
    return false;
}

static void take_out(struct ix_pace_slot *s)
{
    ix_list_remove(&s->node);
    if (ix_list_empty(&s->own->waiting))
        ix_list_remove(&s->own->busy);
}

struct ix_pace_slot *ix_pace_next(struct ix_pace *p, uint64_t now_us)
{
    IX_LIST_EACH_SAFE (node, &p->busy) {
        struct ix_pace_bucket *b = IX_CONTAINER(node, struct ix_pace_bucket, busy);
        struct ix_pace_slot *s = IX_CONTAINER(b->waiting.next, struct ix_pace_slot, node);
        if (slot_at(s, now_us) != 0)
            continue;
        take_out(s);
        go(s);
        return s;
    }
    return NULL;
}

uint64_t ix_pace_deadline(struct ix_pace *p, uint64_t now_us)
{
    uint64_t at = IX_NEVER;

    IX_LIST_EACH (node, &p->busy) {
        struct ix_pace_bucket *b = IX_CONTAINER(node, struct ix_pace_bucket, busy);
        const struct ix_pace_slot *s = IX_CONTAINER(b->waiting.next, struct ix_pace_slot, node);
        at = IX_MIN(at, IX_MAX(slot_at(s, now_us), now_us));
    }
    return at;
}

/* ---- what an answer tells ---------------------------------------------------------------- */

static bool number(struct ix_str headers, const char *name, double *out)
{
    struct ix_str s = ix_http_header(headers, name);
    double v = 0, unit = 1;
    bool point = false;

    if (s.n == 0 || s.n > 20)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        v = v * 10 + (s.p[i] - '0');
        unit *= point ? 10 : 1;
    }
    *out = v / unit;
    return true;
}

/* X-RateLimit-Reset on the monotonic clock: epoch in ms or s, or seconds from now, by magnitude */
static uint64_t reset_time(double reset, struct ix_now now)
{
    double now_s = (double) now.wall_us / 1e6;
    double left_s = reset > MS_FROM ? reset / 1000 - now_s : reset < SECONDS_UNTIL ? reset : reset - now_s;

    if (!(left_s > 0))
        return now.mono_us;
    uint64_t left_us = left_s < (double) (LONGEST / IX_S) ? (uint64_t) (left_s * 1e6) : LONGEST;
    return ix_time_add(now.mono_us, left_us);
}

static void learn(struct ix_pace_bucket *b, struct ix_str headers, struct ix_now now)
{
    double limit, remaining, reset;

    if (!number(headers, "X-RateLimit-Limit", &limit) || !number(headers, "X-RateLimit-Remaining", &remaining) ||
        limit < 1 || limit > MAX_COUNT)
        return;
    bool timed = number(headers, "X-RateLimit-Reset", &reset);
    uint64_t until = timed ? reset_time(reset, now) : 0;
    uint32_t left = (uint32_t) IX_MIN(remaining, limit);
    b->limit = (uint32_t) limit;
    if (b->renewing) { /* answers may overtake each other: the least is the latest */
        b->remaining = IX_MIN(b->remaining, left);
        return;
    }
    if (!timed) /* a limit without an end cannot be waited for: 429 will tell */
        b->limit = 0;
    bool same_window = until < ix_time_add(b->reset_us, IX_S) && b->reset_us < ix_time_add(until, IX_S);
    b->remaining = same_window ? IX_MIN(b->remaining, left) : left;
    if (!same_window || until > b->reset_us)
        b->reset_us = until;
}

static void refused(struct ix_pace_bucket *b, const struct ix_pace_answer *a, uint64_t now_us)
{
    uint64_t wait = a->retry_after_us != 0 ? a->retry_after_us : b->renewing ? b->window_us : IX_S;

    b->blocked_us = IX_MAX(b->blocked_us, ix_time_add(now_us, IX_MIN(wait, LONGEST)));
    if (b->renewing) {
        b->remaining = 0;
        b->accepted_us = IX_MAX(b->accepted_us, now_us + wait - IX_MIN(b->window_us, now_us + wait));
    }
}

static void settle(struct ix_pace_bucket *b, const struct ix_pace_answer *a, struct ix_now now, bool own)
{
    b->under_way--;
    if (b->fixed.count != 0)
        mark(&b->fixed, now.mono_us);
    if (!own)
        return;
    if (a->answered && a->status == 429) {
        refused(b, a, now.mono_us);
        return;
    }
    b->accepted_us = IX_MAX(now.mono_us, (uint64_t) 1);
    if (a->answered && ix_http_header(a->headers, "X-RateLimit-Remaining").n > 0)
        learn(b, a->headers, now);
    else if (b->remaining > 0)
        b->remaining--;
}

void ix_pace_leave(struct ix_pace *p, struct ix_pace_slot *s, const struct ix_pace_answer *a, struct ix_now now)
{
    (void) p;
    if (s->own == NULL)
        return;
    if (!s->under_way) {
        take_out(s);
    } else if (a == NULL) { /* never sent: nobody counted it */
        s->own->under_way--;
        if (s->group != NULL)
            s->group->under_way--;
    } else {
        settle(s->own, a, now, true);
        if (s->group != NULL)
            settle(s->group, a, now, false);
    }
    *s = (struct ix_pace_slot){ 0 };
}
