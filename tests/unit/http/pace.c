/* SPDX-License-Identifier: MIT */
/* Pacing in virtual time, against models of the platform's limiters: a sliding log, the renewing window of calls.create
 * (contract WIRE.md section 6), a fixed window. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "http/http.h"

#define WALL INT64_C(1795166288000000)
#define OPS 700

static struct ix_pace *pace;

static void setup(void)
{
    cr_assert_eq(ix_pace_new(1, &pace), 0);
}

static void teardown(void)
{
    ix_pace_free(pace);
}

TestSuite(http_pace, .init = setup, .fini = teardown, .timeout = 60);

/* ---- a server ---------------------------------------------------------------------------- */
enum kind { SLIDING, RENEWING, FIXED };
struct server {
    enum kind kind;
    uint32_t limit, count;
    uint64_t window, window_start;
    uint64_t accepted[OPS];
    uint32_t n, refused;
    bool tells; /* headers */
    bool seconds; /* Reset in s */
};

static uint32_t in_window(const struct server *s, uint64_t now)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < s->n; i++)
        n += s->accepted[i] + s->window > now;
    return n;
}

static uint64_t oldest(const struct server *s, uint64_t now)
{
    for (uint32_t i = 0; i < s->n; i++)
        if (s->accepted[i] + s->window > now)
            return s->accepted[i];
    return now;
}

/* one request at `now`; writes the answer's headers */
static int serve(struct server *s, uint64_t now, char *headers, size_t cap)
{
    uint64_t reset = now + s->window;
    uint32_t have = s->count;

    if (s->kind == SLIDING) {
        have = in_window(s, now);
        reset = oldest(s, now) + s->window;
    } else if (s->kind == FIXED && now >= s->window_start + s->window) {
        s->window_start = now;
        have = s->count = 0;
    } else if (s->kind == RENEWING && (s->n == 0 || now >= s->accepted[s->n - 1] + s->window)) {
        have = s->count = 0;
    }
    if (s->kind == FIXED)
        reset = s->window_start + s->window;
    headers[0] = '\0';
    if (have >= s->limit) {
        s->refused++;
        return 429;
    }
    s->count++;
    cr_assert_lt(s->n, OPS);
    s->accepted[s->n++] = now;
    int64_t wall_ms = WALL / 1000 + (int64_t) (reset / 1000);
    if (s->tells)
        (void) snprintf(headers, cap,
            "X-RateLimit-Limit: %u\r\nX-RateLimit-Remaining: %u\r\nX-RateLimit-Reset: %lld\r\n", s->limit,
            s->limit - have - 1, (long long) (s->seconds ? (wall_ms + 999) / 1000 : wall_ms));
    return 200;
}

/* ---- a world: requests take out_us there and back_us back ---------------------------------- */
enum step { WAITS, FLIES, RETURNS, OVER };
struct request {
    struct ix_pace_slot slot;
    enum step step;
    uint64_t at;
    int status;
    char headers[160];
};
struct world {
    struct server server;
    struct request all[OPS];
    uint32_t count;
    struct ix_prng prng;
    bool paced;
    uint64_t now, ended;
};

static uint64_t delay(struct world *w)
{
    struct ix_rng rng = ix_prng_rng(&w->prng);

    return 1 * IX_MS + ix_rng_below(&rng, 200) * IX_MS;
}

static void depart(struct world *w, struct request *r)
{
    r->step = FLIES;
    r->at = w->now + delay(w);
}

static void arrive(struct world *w, struct request *r)
{
    if (r->step == FLIES) {
        r->status = serve(&w->server, w->now, r->headers, sizeof r->headers);
        r->step = RETURNS;
        r->at = w->now + delay(w);
        return;
    }
    const struct ix_pace_answer a = { .answered = true,
        .status = r->status,
        .headers = ix_str(r->headers),
        .retry_after_us = r->status == 429 ? 60 * IX_S : 0 };
    if (w->paced)
        ix_pace_leave(pace, &r->slot, &a, (struct ix_now){ w->now, WALL + (int64_t) w->now });
    r->step = OVER;
    w->ended = w->now;
}

static void drain(struct world *w)
{
    struct ix_pace_slot *s;

    while (w->paced && (s = ix_pace_next(pace, w->now)) != NULL)
        depart(w, IX_CONTAINER(s, struct request, slot));
}

/* all requests at once; runs until every one is over */
static void run(struct world *w, const char *operation)
{
    uint32_t turns = 0;

    ix_prng_seed(&w->prng, 7);
    w->now = w->now != 0 ? w->now : IX_S;
    for (uint32_t i = 0; i < w->count; i++) {
        struct request *r = &w->all[i];
        *r = (struct request){ .step = WAITS };
        if (!w->paced || ix_pace_enter(pace, operation, &r->slot, w->now))
            depart(w, r);
    }
    for (;;) {
        uint64_t next = w->paced ? ix_pace_deadline(pace, w->now) : IX_NEVER;
        for (uint32_t i = 0; i < w->count; i++)
            if (w->all[i].step == FLIES || w->all[i].step == RETURNS)
                next = IX_MIN(next, w->all[i].at);
        if (next == IX_NEVER)
            break;
        cr_assert_lt(turns++, 20 * OPS, "the world stands still");
        cr_assert_geq(next, w->now);
        w->now = next;
        for (uint32_t i = 0; i < w->count; i++)
            if ((w->all[i].step == FLIES || w->all[i].step == RETURNS) && w->all[i].at <= w->now)
                arrive(w, &w->all[i]);
        drain(w);
    }
    for (uint32_t i = 0; i < w->count; i++)
        cr_assert_eq(w->all[i].step, OVER, "request %u was forgotten", i);
}

static struct world world;

Test(http_pace, an_unpaced_client_is_refused_by_a_sliding_limit_of_200_a_minute_a_paced_one_never)
{
    world = (struct world){ .server = { SLIDING, .limit = 200, .window = 60 * IX_S }, .count = 650 };
    run(&world, "sms.send");
    cr_expect_gt(world.server.refused, 0);

    world = (struct world){ .server = { SLIDING, .limit = 200, .window = 60 * IX_S }, .count = 650, .paced = true };
    cr_assert_eq(ix_pace_parse(pace, "sms.send=200/60"), 0);
    run(&world, "sms.send");
    cr_expect_eq(world.server.refused, 0);
    cr_expect_lt(
        world.ended, 190 * IX_S, "and it uses what is allowed: %llu s", (unsigned long long) (world.ended / IX_S));
}

Test(http_pace, a_group_shares_one_limit)
{
    world = (struct world){ .server = { SLIDING, .limit = 200, .window = 60 * IX_S }, .count = 300, .paced = true };
    cr_assert_eq(ix_pace_parse(pace, " sms=200/60 "), 0);
    run(&world, "sms.send");
    world.count = 200;
    run(&world, "sms.send_mms");
    cr_expect_eq(world.server.refused, 0);
}

Test(http_pace, what_the_headers_tell_is_enough_in_ms_and_in_s_once_the_first_answer_is_there)
{
    for (int seconds = 0; seconds < 2; seconds++) {
        for (enum kind kind = SLIDING; kind <= FIXED; kind += 2) {
            teardown();
            setup();
            world = (struct world){ .server = { kind, .limit = 20, .window = 60 * IX_S, .tells = true,
                                        .seconds = seconds != 0 },
                .count = 1,
                .paced = true };
            run(&world, "contacts.create");
            world.count = 100;
            run(&world, "contacts.create");
            cr_expect_eq(world.server.refused, 0, "kind %d, seconds %d: %u", (int) kind, seconds, world.server.refused);
            cr_expect_lt(world.now, 420 * IX_S, "%llu", (unsigned long long) (world.now / IX_S));
        }
    }
}

Test(http_pace, calls_create_uses_what_remains_then_waits_a_whole_idle_window)
{
    world = (struct world){
        .server = { RENEWING, .limit = 10, .window = 60 * IX_S, .tells = true }, .count = 35, .paced = true
    };
    cr_assert_eq(ix_pace_limit(pace, IX_STR("calls.create"), 10, 60 * IX_S, true), 0);
    run(&world, "calls.create");
    cr_expect_eq(world.server.refused, 0);
    cr_expect_lt(
        world.ended, 185 * IX_S, "10 at once, three idle windows: %llu s", (unsigned long long) (world.ended / IX_S));
}

Test(http_pace, a_refusal_makes_the_others_of_the_operation_wait_and_no_other_operation)
{
    struct ix_pace_slot a, b, c;
    const struct ix_pace_answer refused = { .answered = true, .status = 429, .retry_after_us = 60 * IX_S };

    cr_assert(ix_pace_enter(pace, "email.send", &a, IX_S));
    ix_pace_leave(pace, &a, &refused, (struct ix_now){ 2 * IX_S, WALL });
    cr_assert_not(ix_pace_enter(pace, "email.send", &b, 2 * IX_S));
    cr_assert(ix_pace_enter(pace, "email.list", &c, 2 * IX_S));
    cr_assert_eq(ix_pace_at(&b, 2 * IX_S), 62 * IX_S);
    cr_assert_eq(ix_pace_deadline(pace, 3 * IX_S), 62 * IX_S);
    cr_assert_null(ix_pace_next(pace, 61 * IX_S));
    cr_assert_eq(ix_pace_next(pace, 62 * IX_S), &b);
    ix_pace_leave(pace, &b, NULL, (struct ix_now){ 62 * IX_S, WALL });
    ix_pace_leave(pace, &c, NULL, (struct ix_now){ 62 * IX_S, WALL });
}

Test(http_pace, order_is_kept_and_who_gives_up_waiting_is_out)
{
    struct ix_pace_slot s[4];

    cr_assert_eq(ix_pace_limit(pace, IX_STR("x.y"), 1, 10 * IX_S, false), 0);
    cr_assert(ix_pace_enter(pace, "x.y", &s[0], 1));
    for (int i = 1; i < 4; i++)
        cr_assert_not(ix_pace_enter(pace, "x.y", &s[i], 1));
    cr_assert_eq(ix_pace_deadline(pace, 1), IX_NEVER, "that depends on the first");
    ix_pace_leave(pace, &s[1], NULL, (struct ix_now){ 2, WALL });
    const struct ix_pace_answer lost = { .answered = false };
    ix_pace_leave(pace, &s[0], &lost, (struct ix_now){ 5 * IX_S, WALL });
    cr_assert_null(ix_pace_next(pace, 14 * IX_S), "what was lost may have been counted");
    cr_assert_eq(ix_pace_next(pace, 15 * IX_S), &s[2]);
    ix_pace_leave(pace, &s[2], NULL, (struct ix_now){ 15 * IX_S, WALL });
    cr_assert_eq(ix_pace_next(pace, 15 * IX_S), &s[3]);
    ix_pace_leave(pace, &s[3], NULL, (struct ix_now){ 15 * IX_S, WALL });
}

Test(http_pace, nonsense_in_headers_and_options_is_left_alone)
{
    static const char *const odd[] = { "X-RateLimit-Limit: -1\r\nX-RateLimit-Remaining: 0\r\n",
        "X-RateLimit-Limit: 0\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 99999999999999999999\r\n",
        "X-RateLimit-Limit: 99999999999\r\nX-RateLimit-Remaining: NaN\r\nX-RateLimit-Reset: soon\r\n",
        "X-RateLimit-Limit: 5\r\nX-RateLimit-Remaining: 0\r\n" };
    struct ix_pace_slot s;

    for (size_t i = 0; i < IX_COUNT(odd); i++) {
        const struct ix_pace_answer a = { .answered = true, .status = 200, .headers = ix_str(odd[i]) };
        cr_assert(ix_pace_enter(pace, "a.b", &s, IX_S));
        ix_pace_leave(pace, &s, &a, (struct ix_now){ IX_S, WALL });
        cr_assert(ix_pace_enter(pace, "a.b", &s, IX_S), "%zu", i);
        ix_pace_leave(pace, &s, NULL, (struct ix_now){ IX_S, WALL });
    }
    static const char *const bad[] = { "sms", "sms=", "sms=1", "sms=0/1", "sms=1/0", "sms=a/1", "=1/1", "sms=1/1/1" };
    for (size_t i = 0; i < IX_COUNT(bad); i++)
        cr_assert_eq(ix_pace_parse(pace, bad[i]), IRISX_E_INVALID, "%s", bad[i]);
    cr_assert_eq(ix_pace_parse(pace, NULL), 0);
}

Test(http_pace, large_limits_round_down_never_up)
{
    struct ix_pace_slot s;
    uint32_t went = 0;

    cr_assert_eq(ix_pace_parse(pace, "a.b=2500/60"), 0);
    for (uint32_t i = 0; i < 2600; i++) {
        bool now = ix_pace_enter(pace, "a.b", &s, IX_S);
        went += now;
        const struct ix_pace_answer a = { .answered = true, .status = 200 };
        ix_pace_leave(pace, &s, now ? &a : NULL, (struct ix_now){ IX_S, WALL });
    }
    cr_expect_leq(went, 2500);
    cr_expect_gt(went, 2480);
}
