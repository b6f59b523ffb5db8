/* SPDX-License-Identifier: MIT */
/*
 * Every scenario of this folder with the Nth allocation failing (STYLE.md section 4). A scenario may then go another
 * way than it tells; but nothing crashes, no rule of the nodes is broken, both phones still shut down to the last
 * timer, and not a byte is left. A scenario of M allocations runs with all N < M if that is ROUNDS or less, else with
 * ROUNDS of them, evenly spread from an offset that follows from seed and name; fewer where M is large, so that every
 * one costs the same.
 *
 *   sim_starved [--seed S] [--all] [--only SUITE/NAME [N]]
 */
#include "starved.h"

#include <setjmp.h>
#include <stdlib.h>

#include "kit.h"
#include "oom.h"

#define ROUNDS 6
#define ALLOCATIONS 20000 /* of all rounds of one scenario together, about */
#define LIVED_US (20 * IX_S) /* the same in virtual time */
#define LEAST 2

static struct starved_scenario *scenarios;
static jmp_buf away;
static struct round {
    const struct starved_scenario *scenario;
    uint64_t n;
    char why[300]; /* what was broken; empty: nothing */
    char left_at[300]; /* the assertion that did not hold; empty: the scenario ran to its end */
} now;

void starved_register(struct starved_scenario *s)
{
    s->next = scenarios;
    scenarios = s;
}

static void broken(const char *why)
{
    if (!now.why[0])
        (void) snprintf(now.why, sizeof now.why, "%s", why);
}

void starved_check(bool good, const char *what, const char *file, int line)
{
    struct sim *t;

    if (good)
        return;
    (void) snprintf(now.left_at, sizeof now.left_at, "%s:%d: %s", file, line, what);
    while ((t = sim_open_one()) != NULL) {
        const char *why = NULL;

        if (t->client && t->server)
            why = sim_end(t);
        else
            sim_free(t);
        if (why)
            broken(why);
    }
    longjmp(away, 1);
}

/* the sanitizer's report names a line; this names the run */
static void say_where(void)
{
    fprintf(stderr, "again: sim_starved --only %s/%s %llu\n", now.scenario->suite, now.scenario->name,
        (unsigned long long) now.n);
}

void __sanitizer_set_death_callback(void (*fn)(void)) __attribute__((weak));

static void run(const struct starved_scenario *s)
{
    now = (struct round){ .scenario = s, .n = now.n };
    if (!setjmp(away))
        s->run();
}

/* true: as it must be. *count: allocations of the round */
static bool round_of(const struct starved_scenario *s, uint64_t n, uint64_t *count)
{
    int injected;
    size_t left;

    now.n = n;
    oom_begin(n);
    run(s);
    *count = oom_count();
    left = oom_end(&injected);
    if (!injected && now.left_at[0])
        broken(now.left_at);
    if (left && !now.why[0])
        (void) snprintf(now.why, sizeof now.why, "%zu bytes are left", left);
    if (!now.why[0])
        return true;
    printf("# allocation %llu fails: %s%s%s\n", (unsigned long long) n, now.why, now.left_at[0] ? "; left at " : "",
        now.left_at);
    return false;
}

static uint64_t offset_of(const struct starved_scenario *s, uint64_t seed, uint64_t step)
{
    uint64_t h = seed * UINT64_C(0x9e3779b97f4a7c15);

    for (const char *p = s->name; *p; p++)
        h = (h ^ (unsigned char) *p) * UINT64_C(0x100000001b3);
    return (h >> 20) % step;
}

static bool torture(const struct starved_scenario *s, uint64_t seed, bool all)
{
    uint64_t total, rounds, step, lived, done = 0, elsewhere = 0, count;
    bool good;

    run(s); /* what is made once for the process is made here */
    sim_lived_us = 0;
    good = !now.left_at[0] && round_of(s, OOM_NONE, &total);
    if (!good) {
        printf("# without a failure: %s\n", now.left_at);
        return false;
    }
    lived = IX_MAX(sim_lived_us, (uint64_t) 1);
    rounds = IX_MIN(ALLOCATIONS / IX_MAX(total, (uint64_t) 1), LIVED_US / lived);
    rounds = total ? IX_MIN(IX_MAX(rounds, (uint64_t) LEAST), (uint64_t) ROUNDS) : 0;
    step = all || total <= rounds ? 1 : total / rounds;
    for (uint64_t n = offset_of(s, seed, step); n < total; n += step, done++) {
        good = round_of(s, n, &count) && good;
        elsewhere += now.left_at[0] != 0;
    }
    printf("# %llu of %llu allocations, %llu times otherwise than the scenario tells\n", (unsigned long long) done,
        (unsigned long long) total, (unsigned long long) elsewhere);
    return good;
}

static const struct starved_scenario *find(const char *what)
{
    for (const struct starved_scenario *s = scenarios; s; s = s->next) {
        size_t n = strlen(s->suite);

        if (!strncmp(what, s->suite, n) && what[n] == '/' && !strcmp(what + n + 1, s->name))
            return s;
    }
    fprintf(stderr, "no scenario %s\n", what);
    exit(2);
}

static int only(const char *what, const char *n, bool all)
{
    const struct starved_scenario *s = find(what);
    uint64_t count;
    bool good;

    if (!n)
        return !torture(s, 1, all);
    run(s);
    good = round_of(s, strtoull(n, NULL, 10), &count);
    printf("%s; %s\n", good ? "good" : now.why, now.left_at);
    return !good;
}

int main(int argc, char **argv)
{
    uint64_t seed = 1;
    bool all = false;
    unsigned number = 0, bad = 0;

    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(say_where);
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--all"))
            all = true;
        else if (!strcmp(argv[i], "--seed") && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--only") && i + 1 < argc)
            return only(argv[i + 1], i + 2 < argc ? argv[i + 2] : NULL, all);
        else
            return fputs("usage: sim_starved [--seed S] [--all] [--only SUITE/NAME [N]]\n", stderr), 2;
    }
    for (const struct starved_scenario *s = scenarios; s; s = s->next) {
        bool good = torture(s, seed, all);

        bad += !good;
        printf("%sok %u - %s::%s\n", good ? "" : "not ", ++number, s->suite, s->name);
        (void) fflush(stdout);
    }
    printf("1..%u\n", number);
    return bad ? 1 : 0;
}
