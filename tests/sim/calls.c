/* SPDX-License-Identifier: MIT */
/*
 * Seeded whole calls: everything about a call follows from its seed: the network between client and server, who dials,
 * what the called one does, who hangs up and when. What must hold for each of them is checked by the nodes
 * (phone_node.h) and at the end. A seed that fails prints its plan and its trace and runs again bit for bit (--seeds
 * N..N).
 *
 *   sim_calls [--full | --seeds FIRST..LAST] [--twice] [--plan]     1,000 seeds, or 10,000; every tenth seed runs twice
 * anyway and must give the same digest
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "kit.h"

/*
 * mbedtls asks for the time of day; standing still it makes a run repeatable. Visible: the shared library would not
 * find it otherwise.
 */
time_t time(time_t *out) __attribute__((visibility("default")));

time_t time(time_t *out)
{
    if (out != NULL)
        *out = WORLD_WALL / 1000000;
    return WORLD_WALL / 1000000;
}

enum answer { ANSWER = 0, REFUSE = 1, IGNORE = 2 }; /* what the called one does */
struct plan {
    bool real_dtls, tap, stun, incoming; /* incoming: the server dials */
    struct world_link link;
    enum world_nat_kind nat; /* 0: none */
    bool second_v4, v6, dead, loopback; /* further interfaces of the client */
    uint64_t ws_delay_us, work_delay_us, answer_us, talk_us;
    enum answer answer;
    unsigned status; /* REFUSE */
    bool early; /* 183 with a description before the answer */
    bool early_hangup; /* at hangup_us after the dial, whatever has been reached by then; else after talk_us */
    uint64_t hangup_us;
    bool caller_hangs_up;
    uint32_t ring_ms;
    bool turn; /* a relay is there as well */
    /* what happens on the way; times from the dial, 0: it does not */
    uint64_t cut_us, down_us; /* the server's connections break and are refused for a while */
    uint64_t forget_us; /* the TURN server restarts */
    uint64_t jump_us; /* the clock is set */
    int64_t jump_by_us;
};

static uint32_t below(struct ix_prng *prng, uint32_t bound)
{
    struct ix_rng rng = ix_prng_rng(prng);

    return ix_rng_below(&rng, bound);
}

static bool one_in(struct ix_prng *prng, uint32_t n)
{
    return below(prng, n) == 0;
}

static void plan_network(struct plan *p, struct ix_prng *prng)
{
    static const enum world_nat_kind nats[] = { 0, WORLD_NAT_FULL_CONE, WORLD_NAT_RESTRICTED, WORLD_NAT_PORT_RESTRICTED,
        WORLD_NAT_SYMMETRIC };

    p->link.delay_us = one_in(prng, 4) ? below(prng, 601) * IX_MS : below(prng, 301) * IX_MS;
    p->link.jitter_us = one_in(prng, 2) ? below(prng, 50) * IX_MS : 0;
    p->link.loss_ppm = one_in(prng, 3) ? 0 : one_in(prng, 8) ? below(prng, 300001) : below(prng, 200001);
    p->link.mtu = one_in(prng, 4) ? 1232 + below(prng, 241) : 0; /* what IPv6 leaves of 1280, to Ethernet's */
    p->link.duplicate_ppm = one_in(prng, 2) ? below(prng, 50001) : 0;
    p->link.reorder_ppm = one_in(prng, 2) ? below(prng, 50001) : 0;
    p->link.reorder_us = below(prng, 100) * IX_MS;
    p->nat = nats[below(prng, IX_COUNT(nats))];
    p->stun = one_in(prng, 2);
    p->second_v4 = one_in(prng, 3);
    p->v6 = one_in(prng, 3);
    p->dead = one_in(prng, 4);
    p->loopback = one_in(prng, 4);
    p->ws_delay_us = IX_MS + below(prng, 300) * IX_MS;
    p->work_delay_us = one_in(prng, 2) ? below(prng, 20001) : 0;
}

static void plan_call(struct plan *p, struct ix_prng *prng)
{
    static const unsigned statuses[] = { 486, 603, 404, 480, 500, 302 };
    uint32_t what = below(prng, 10);

    p->incoming = one_in(prng, 3);
    p->answer = what < 7 ? ANSWER : what < 9 ? REFUSE : IGNORE;
    p->status = statuses[below(prng, IX_COUNT(statuses))];
    p->answer_us = one_in(prng, 4) ? 0 : below(prng, 3000) * IX_MS;
    p->early = one_in(prng, 4);
    p->early_hangup = one_in(prng, 3);
    p->hangup_us = below(prng, 8000) * IX_MS;
    p->talk_us = below(prng, 3000) * IX_MS;
    p->caller_hangs_up = one_in(prng, 2);
    p->ring_ms = p->answer == IGNORE ? 3000 : 60000;
}

static void plan_trouble(struct plan *p, struct ix_prng *prng)
{
    p->turn = one_in(prng, 3);
    if (one_in(prng, 5)) {
        p->cut_us = 1 + below(prng, 8000) * IX_MS;
        p->down_us = below(prng, 5000) * IX_MS;
    }
    if (p->turn && one_in(prng, 3))
        p->forget_us = 1 + below(prng, 8000) * IX_MS;
    if (one_in(prng, 4)) {
        p->jump_us = 1 + below(prng, 6000) * IX_MS;
        p->jump_by_us = ((int64_t) below(prng, 200001) - 100000) * (int64_t) IX_S;
    }
}

static struct plan plan_of(uint64_t seed)
{
    struct plan p = { 0 };
    struct ix_prng prng;

    ix_prng_seed(&prng, seed * UINT64_C(0x9e3779b97f4a7c15) + 7);
    p.real_dtls = seed % 20 == 7; /* 5 % */
    p.tap = seed % 8 == 3;
    plan_network(&p, &prng);
    plan_call(&p, &prng);
    plan_trouble(&p, &prng);
    return p;
}

static void plan_print(FILE *f, uint64_t seed, const struct plan *p)
{
    static const char *const nats[] = { "none", "full cone", "restricted", "port-restricted", "symmetric" };
    static const char *const answers[] = { "answered", "refused", "ignored" };

    fprintf(f,
        "seed %" PRIu64 ": %s, %s by the %s%s, hung up by the %s %s %" PRIu64 " ms; delay %" PRIu64 "+%" PRIu64
        " ms, loss %.1f %%, MTU %u, NAT %s%s%s%s%s%s%s; cut at %" PRIu64 " for %" PRIu64 ", relay lost at %" PRIu64
        ", clock set at %" PRIu64 " by %" PRId64 " s\n",
        seed, p->real_dtls ? "mbedtls" : "double", answers[p->answer], p->incoming ? "client" : "server",
        p->early ? " after early media" : "", p->caller_hangs_up ? "caller" : "called one",
        p->early_hangup ? "after" : "having talked", (p->early_hangup ? p->hangup_us : p->talk_us) / IX_MS,
        p->link.delay_us / IX_MS, p->link.jitter_us / IX_MS, p->link.loss_ppm / 1e4, p->link.mtu, nats[p->nat],
        p->stun ? ", STUN" : "", p->second_v4 ? ", second IPv4" : "", p->v6 ? ", IPv6" : "",
        p->dead ? ", dead interface" : "", p->loopback ? ", loopback" : "", p->turn ? ", TURN" : "", p->cut_us / IX_MS,
        p->down_us / IX_MS, p->forget_us / IX_MS, p->jump_us / IX_MS, p->jump_by_us / (int64_t) IX_S);
}

/* ---- the run
 * ----------------------------------------------------------------------------------------------------------- */
struct run {
    struct sim t; /* first: sim's predicates take a run as well */
    struct plan plan;
    struct phone_node *caller, *called;
    uint32_t dialled, rings; /* calls */
    bool hung_up, talked, gave_up;
    char why[200]; /* first failure */
};

static void failed(struct run *r, const char *why)
{
    if (!r->why[0])
        (void) snprintf(r->why, sizeof r->why, "%s", why);
}

static void networks(struct run *r)
{
    const struct plan *p = &r->plan;
    struct world *w = r->t.w;
    struct world_net *inet = world_internet(w), *home = inet, *nowhere;
    struct world_nat_config nat = { .kind = p->nat }, hole = { .kind = WORLD_NAT_FULL_CONE, .link.loss_ppm = 1000000 };
    struct world_link near = { .delay_us = 5 * IX_MS };
    struct ix_addr stun;

    (void) ix_addr_parse(&nat.ip, IX_STR("198.51.100.1"), 0); /* literals */
    (void) ix_addr_parse(&hole.ip, IX_STR("198.51.100.9"), 0);
    if (p->nat)
        home = world_nat(inet, &nat);
    if (p->dead) {
        nowhere = world_nat(inet, &hole);
        phone_node_attach(r->t.client, nowhere, "10.9.0.2", &near);
    }
    phone_node_attach(r->t.client, home, p->nat ? "10.0.0.10" : "192.0.2.10", &p->link);
    if (p->second_v4)
        phone_node_attach(r->t.client, home, p->nat ? "10.0.0.11" : "192.0.2.11", &p->link);
    if (p->v6)
        phone_node_attach(r->t.client, inet, "2001:db8::10", &p->link);
    if (p->loopback)
        phone_node_attach(r->t.client, NULL, "127.0.0.1", NULL);
    phone_node_attach(r->t.server, inet, "192.0.2.20", &near);
    if (p->v6)
        phone_node_attach(r->t.server, inet, "2001:db8::20", &near);
    if (p->turn) {
        struct ix_turn_server relay = {
            .transport = IX_TURN_UDP, .username = "user", .password = "secret", .host = "turn"
        };

        r->t.turn = turn_node_new(w, inet, &(struct turn_node_options){ .ip = "203.0.113.9" });
        relay.addr = turn_node_addr(r->t.turn);
        ix_phone_set_turn(r->t.client->phone, &relay, 1);
    }
    if (!p->stun)
        return;
    r->t.stun = stun_node_new(w, inet, "192.0.2.30");
    stun = stun_node_addr(r->t.stun);
    ix_phone_set_stun(r->t.client->phone, &stun, 1);
}

static void act(void *ctx, struct ix_now now)
{
    struct run *r = ctx;
    int err = 0;

    if (r->plan.answer == ANSWER)
        err = ix_call_answer(r->called->phone, r->rings, NULL, now);
    else if (r->plan.answer == REFUSE)
        err = ix_call_reject(r->called->phone, r->rings, r->plan.status, 17, NULL, now);
    if (err && err != IRISX_E_NOT_FOUND && err != IRISX_E_STATE) /* it may be over by now */
        failed(r, "the incoming call can be neither answered nor refused");
}

static void hang_up(void *ctx, struct ix_now now)
{
    struct run *r = ctx;
    struct phone_node *n = r->plan.caller_hangs_up || !r->rings ? r->caller : r->called;

    if (r->hung_up)
        return;
    r->hung_up = true;
    (void) ix_call_hangup(n->phone, n == r->caller ? r->dialled : r->rings, 16, now); /* it may be over by now */
}

/* ---- trouble on the way ---------------------------------------------------------------------------------------- */
static void cut(void *ctx, struct ix_now now)
{
    struct run *r = ctx;

    (void) now;
    r->t.server->down = r->plan.down_us > 0;
    phone_node_cut(r->t.client);
}

static void up_again(void *ctx, struct ix_now now)
{
    struct run *r = ctx;

    (void) now;
    r->t.server->down = false;
}

static void forget(void *ctx, struct ix_now now)
{
    struct run *r = ctx;

    (void) now;
    turn_node_forget(r->t.turn);
}

static void jump(void *ctx, struct ix_now now)
{
    struct run *r = ctx;

    (void) now;
    world_set_wall(r->t.w, r->plan.jump_by_us);
}

static void trouble(struct run *r)
{
    uint64_t now = world_now(r->t.w).mono_us;
    const struct plan *p = &r->plan;

    if (p->cut_us) {
        world_at(r->t.w, now + p->cut_us, cut, r);
        world_at(r->t.w, now + p->cut_us + p->down_us, up_again, r);
    }
    if (p->forget_us)
        world_at(r->t.w, now + p->forget_us, forget, r);
    if (p->jump_us)
        world_at(r->t.w, now + p->jump_us, jump, r);
}

static int dial(struct run *r)
{
    struct ix_call_config config = { .line = r->t.line, .to = "9196", .ring_timeout_ms = r->plan.ring_ms };

    if (r->plan.incoming) {
        config.line = 0;
        config.transport = r->t.server->wires[0].transport;
        config.to = ix_sip_registrar_find(r->t.server->registrar, IX_STR("sip:1000@sim.test"), 0)->contact;
        config.from = "\"Nine\" <sip:9196@sim.test>";
    }
    return ix_call_dial(r->caller->phone, &config, world_now(r->t.w), &r->dialled);
}

static bool both_talked(const struct run *r)
{
    struct phone_watch *a = phone_node_call(r->caller, r->dialled);
    struct phone_watch *b = phone_node_call(r->called, r->rings);

    return a && b && a->frames_in >= 25 && b->frames_in >= 25;
}

/* after each step of the world: what the application does next; true: the call is over on both sides */
static bool progress(void *arg)
{
    struct run *r = arg;
    uint64_t now = world_now(r->t.w).mono_us;

    if (!r->rings && r->called->incoming) {
        r->rings = r->called->incoming;
        if (r->plan.early)
            (void) ix_call_early_media(r->called->phone, r->rings, world_now(r->t.w)); /* it may be over by now */
        world_at(r->t.w, now + r->plan.answer_us, act, r);
    }
    if (!r->talked && both_talked(r)) {
        r->talked = true;
        if (!r->plan.early_hangup)
            world_at(r->t.w, now + r->plan.talk_us, hang_up, r);
    }
    return r->caller->call_count && !phone_node_live(r->caller) && !phone_node_live(r->called);
}

#define USUAL_LOSS 200000 /* above, nothing is said about how many calls find a way */
#define BAD_PATH 50000 /* ppm lost each way: above, ICE or DTLS may give up, in rare cases */

static bool gave_up(int code)
{
    return code == IRISX_E_MEDIA || code == IRISX_E_TIMEOUT;
}

/* Known limit: a relay that restarts while DTLS runs over it, more than 0.8 s away; the handshake's 15 s may be over
 * before ICE has taken another path (seed 4901). */
static bool relay_lost_far_away(const struct plan *p)
{
    return p->forget_us && p->link.delay_us > 400 * IX_MS;
}

static bool expected(const struct run *r, int code)
{
    const struct phone_watch *other = phone_node_call((struct phone_node *) r->called, r->rings);
    const struct plan *p = &r->plan;

    if ((p->link.loss_ppm > BAD_PATH || relay_lost_far_away(p)) && (gave_up(code) || (other && gave_up(other->code))))
        return true;
    if (p->cut_us && (code == IRISX_E_NETWORK || code == IRISX_E_TIMEOUT || code == IRISX_E_NO_ANSWER ||
                         code == IRISX_E_MEDIA || code == IRISX_E_CLOSED))
        return true; /* what was being said when the connection broke was never heard */
    if (code == 0)
        return r->hung_up || p->cut_us;
    if (r->hung_up && code == IRISX_E_CANCELLED)
        return true;
    if (p->answer == REFUSE)
        return code == IRISX_E_BUSY || code == IRISX_E_DECLINED || code == IRISX_E_NOT_FOUND ||
               code == IRISX_E_UNREACHABLE || code == IRISX_E_SERVER || code == IRISX_E_NOT_AVAILABLE;
    if (p->answer == IGNORE && code == IRISX_E_NO_ANSWER)
        return true;
    return r->hung_up && code == IRISX_E_DECLINED; /* the called one hung up while it rang */
}

static void check(struct run *r)
{
    const struct phone_watch *a = phone_node_call(r->caller, r->dialled);
    bool must_talk = r->plan.answer == ANSWER && !r->plan.early_hangup;

    if (!a || a->ended != 1)
        failed(r, "the dialled call did not end once");
    else if (!expected(r, a->code))
        failed(r, ix_error_name(a->code));
    r->gave_up = must_talk && !r->talked && !r->plan.cut_us && r->plan.link.loss_ppm <= USUAL_LOSS;
    if (r->gave_up && r->plan.link.loss_ppm <= BAD_PATH && !relay_lost_far_away(&r->plan))
        failed(r, "frames did not arrive both ways");
    if ((r->called->call_count > 1 && !r->plan.cut_us) || /* after a cut a ringing call may be dialled again */
        r->caller->call_count != 1)
        failed(r, "more calls than were dialled");
}

static void run_call(struct run *r, uint64_t seed)
{
    struct sim_options o = {
        .seed = seed, .dtls = r->plan.real_dtls ? &ix_dtls_mbedtls : NULL, .tap = r->plan.tap, .bare = true
    };

    sim_open(&r->t, &o);
    r->caller = r->plan.incoming ? r->t.server : r->t.client;
    r->called = r->plan.incoming ? r->t.client : r->t.server;
    networks(r);
    r->t.client->ws_delay_us = r->t.server->ws_delay_us = r->plan.ws_delay_us;
    r->t.client->work_delay_us = r->t.server->work_delay_us = r->plan.work_delay_us;
    r->t.line = phone_node_line(r->t.client, r->t.server, "1000", "secret");
    if (world_run(r->t.w, sim_ready, &r->t, 20 * IX_S) != WORLD_DONE) {
        failed(r, "the line does not register");
        return;
    }
    if (dial(r)) {
        failed(r, "cannot dial");
        return;
    }
    trouble(r);
    if (r->plan.early_hangup)
        world_at(r->t.w, world_now(r->t.w).mono_us + r->plan.hangup_us, hang_up, r);
    if (world_run(r->t.w, progress, r, (r->plan.cut_us ? 400 : 120) * IX_S) != WORLD_DONE)
        failed(r, "the call does not end");
    else
        check(r);
}

struct outcome {
    uint64_t digest;
    bool talked, gave_up;
    int caller, called; /* codes of their ends */
};

static int end_code(struct phone_node *n, uint32_t call)
{
    const struct phone_watch *c = phone_node_call(n, call);

    return c ? c->code : 0;
}

static bool run_seed(uint64_t seed, struct outcome *out)
{
    struct run r = { .plan = plan_of(seed) };
    const char *why;

    run_call(&r, seed);
    ix_phone_shutdown(r.t.client->phone, world_now(r.t.w));
    ix_phone_shutdown(r.t.server->phone, world_now(r.t.w));
    (void) world_run(r.t.w, sim_quiet, &r.t, 40 * IX_S); /* sim_left says what is wrong */
    why = sim_left(&r.t);
    if (why)
        failed(&r, why);
    *out = (struct outcome){ .digest = world_digest(r.t.w),
        .talked = r.talked,
        .gave_up = r.gave_up,
        .caller = end_code(r.caller, r.dialled),
        .called = end_code(r.called, r.rings) };
    if (r.why[0]) {
        world_print(r.t.w);
        plan_print(stderr, seed, &r.plan);
        fprintf(stderr, "FAILED: %s\nagain: sim_calls --seeds %" PRIu64 "..%" PRIu64 "\n", r.why, seed, seed);
    }
    sim_free(&r.t);
    return !r.why[0];
}

/* ---- the program
 * ---------------------------------------------------------------------------------------------------------- */
struct args {
    uint64_t first, last;
    bool twice, plan;
};

static bool read_args(struct args *a, int argc, char **argv)
{
    *a = (struct args){ .first = 1, .last = 1000 };
    for (int i = 1; i < argc; i++) {
        char *end = NULL;

        if (!strcmp(argv[i], "--twice")) {
            a->twice = true;
        } else if (!strcmp(argv[i], "--plan")) {
            a->plan = true;
        } else if (!strcmp(argv[i], "--full")) {
            a->last = 10000;
        } else if (!strcmp(argv[i], "--seeds") && i + 1 < argc) {
            a->first = strtoull(argv[++i], &end, 10);
            a->last = strncmp(end, "..", 2) ? a->first : strtoull(end + 2, NULL, 10);
        } else {
            return false;
        }
    }
    return a->first <= a->last;
}

int main(int argc, char **argv)
{
    struct args a;
    struct outcome one, two;
    uint64_t bad = 0, talks = 0, lost = 0;

    if (!read_args(&a, argc, argv)) {
        fputs("usage: sim_calls [--full | --seeds FIRST..LAST] [--twice] [--plan]\n", stderr);
        return 2;
    }
    for (uint64_t seed = a.first; seed <= a.last; seed++) {
        struct plan p = plan_of(seed);

        if (a.plan)
            plan_print(stdout, seed, &p);
        bad += !run_seed(seed, &one);
        if (a.plan && one.gave_up)
            printf("%" PRIu64 " gave up: %s, %s\n", seed, ix_error_name(one.caller), ix_error_name(one.called));
        talks += one.talked;
        lost += one.gave_up;
        if (!a.twice && seed % 10 != 7)
            continue;
        (void) run_seed(seed, &two); /* a failure has been counted */
        if (one.digest != two.digest) {
            fprintf(stderr, "FAILED: seed %" PRIu64 " does not run the same way twice\n", seed);
            bad++;
        }
    }
    printf("%" PRIu64 " calls, %" PRIu64 " with sound both ways, %" PRIu64
           " without a path through the losses, %" PRIu64 " failed\n",
        a.last - a.first + 1, talks, lost, bad);
    return bad || lost > (a.last - a.first + 1) / 50 ? 1 : 0;
}
