/* SPDX-License-Identifier: MIT */
/*
 * Real calls through the public API, for the phone benchmark. Usage:
 *   phone_dial WS_URL REALM USER NUMBER serial CALLS        one after the other, each ended once its sound was heard
 *   phone_dial WS_URL REALM USER NUMBER rate PER_S SECONDS  begun at a steady rate, each talks for two seconds
 * The password is the first line of the input. Prints one line of JSON: phases of each call in milliseconds, how many
 * were set up, and the CPU time of the call loop's longest turn: what its thread used between two waits of its
 * epoll, which this program sees because it stands in front of libc's.
 */
#include <dlfcn.h>
#include <irisx/irisx.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#define TALK_MS 2000
#define MAX_CALLS 4096

/* ---- turns of the call loop ----------------------------------------------------------------- */
static atomic_ullong longest_ns, turns;
static atomic_bool watching; /* the line is ready: what happens now happens while calls owe audio */
static _Thread_local uint64_t turn_began_ns;
static _Thread_local int is_call_loop; /* 0 not looked yet, 1 yes, -1 no */

static uint64_t nanoseconds(clockid_t clock)
{
    struct timespec t;

    (void) clock_gettime(clock, &t);
    return (uint64_t) t.tv_sec * 1000000000U + (uint64_t) t.tv_nsec;
}

static void turn_ends(void)
{
    char name[32] = "";
    uint64_t spent;

    if (is_call_loop == 0) {
        (void) pthread_getname_np(pthread_self(), name, sizeof name);
        if (strncmp(name, "irisx-", 6) == 0) /* its maker names it soon after it was started */
            is_call_loop = strcmp(name + 6, "call") == 0 ? 1 : -1;
    }
    if (is_call_loop != 1 || turn_began_ns == 0)
        return;
    spent = nanoseconds(CLOCK_THREAD_CPUTIME_ID) - turn_began_ns;
    if (!atomic_load(&watching))
        return;
    atomic_fetch_add(&turns, 1);
    if (spent > atomic_load(&longest_ns)) /* one thread writes */
        atomic_store(&longest_ns, spent);
}

static void turn_begins(void)
{
    if (is_call_loop == 1)
        turn_began_ns = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
}

typedef int (*pwait_fn)(int, struct epoll_event *, int, int, const sigset_t *);
__attribute__((visibility("default"))) int epoll_pwait(
    int fd, struct epoll_event *events, int max, int timeout, const sigset_t *mask)
{
    static _Atomic(pwait_fn) real;
    pwait_fn fn = atomic_load(&real);
    int n;

    if (!fn) {
        fn = (pwait_fn) dlsym(RTLD_NEXT, "epoll_pwait");
        atomic_store(&real, fn);
    }
    turn_ends();
    n = fn(fd, events, max, timeout, mask);
    turn_begins();
    return n;
}

__attribute__((visibility("default"))) int epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
    return epoll_pwait(fd, events, max, timeout, NULL);
}

/* ---- calls ---------------------------------------------------------------------------------- */
enum stage { DIALLING, TALKING, ENDING, OVER };
struct one {
    enum stage stage;
    irisx_call_t *call;
    irisx_op_t *op; /* of the dial, then of the end */
    uint64_t end_ns; /* TALKING: hang up at */
};
static struct one calls[MAX_CALLS];
static size_t begun, heard, failed;
static char failure[256]; /* the first one */
static irisx_line_t *line;
static const char *number;
static unsigned talk_ms;

static void fails(struct one *c, const char *why)
{
    failed++;
    if (!failure[0])
        (void) snprintf(failure, sizeof failure, "%s", why);
    c->stage = OVER;
    irisx_op_unref(c->op);
    irisx_call_unref(c->call);
}

static void begin_call(void)
{
    irisx_call_options_t options = IRISX_CALL_OPTIONS_INIT;
    struct one *c = &calls[begun++];
    irisx_error_t err;

    options.to = number;
    err = irisx_call_dial(line, &options, &c->call, &c->op);
    if (err)
        fails(c, irisx_error_text(err));
}

static void talk_begins(struct one *c)
{
    const irisx_error_info_t *e = irisx_op_error(c->op);

    if (e->code != IRISX_OK) {
        fails(c, e->message ? e->message : irisx_error_text(e->code));
        return;
    }
    irisx_op_unref(c->op);
    c->op = NULL;
    c->end_ns = nanoseconds(CLOCK_MONOTONIC) + talk_ms * UINT64_C(1000000);
    c->stage = TALKING;
}

static void hang_up(struct one *c)
{
    irisx_error_t err = irisx_call_hangup(c->call, &c->op);

    c->stage = ENDING;
    if (err)
        fails(c, irisx_error_text(err));
}

/* the figures of an ended call are final */
static void ended(struct one *c)
{
    irisx_call_stats_t s = { .struct_size = sizeof s };

    if (irisx_call_stats(c->call, &s) != IRISX_OK || s.setup_ms <= 0) {
        fails(c, "the call was set up, but nothing was heard");
        return;
    }
    printf("%s[%.3f,%.3f,%.3f,%.3f,%.3f]", heard++ ? "," : "", s.setup_ms, s.signalling_ms, s.ice_ms, s.dtls_ms,
        s.first_audio_ms);
    c->stage = OVER;
    irisx_op_unref(c->op);
    irisx_call_unref(c->call);
}

/* what is due of the calls under way; true: all are over */
static bool tend(void)
{
    uint64_t now = nanoseconds(CLOCK_MONOTONIC);
    bool all = true;

    for (size_t i = 0; i < begun; i++) {
        struct one *c = &calls[i];

        if (c->stage == DIALLING && irisx_op_done(c->op))
            talk_begins(c);
        if (c->stage == TALKING && now >= c->end_ns)
            hang_up(c);
        if (c->stage == ENDING && irisx_op_done(c->op))
            ended(c);
        all = all && c->stage == OVER;
    }
    return all;
}

static void wait_ms(unsigned ms)
{
    (void) nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000L }, NULL);
}

static void serial(size_t count)
{
    talk_ms = 150; /* ACTIVE comes with the keys: what is heard comes some packets later */
    for (size_t i = 0; i < count && i < MAX_CALLS; i++) {
        begin_call();
        while (!tend())
            wait_ms(1);
        wait_ms(30); /* sockets for the next one are gathered */
    }
}

static void rate(unsigned per_s, unsigned seconds)
{
    uint64_t start = nanoseconds(CLOCK_MONOTONIC), step = 1000000000U / per_s;
    size_t count = (size_t) per_s * seconds;

    talk_ms = TALK_MS;
    while (begun < count && begun < MAX_CALLS) {
        if (nanoseconds(CLOCK_MONOTONIC) >= start + begun * step)
            begin_call();
        (void) tend();
        wait_ms(1);
    }
    while (!tend() && nanoseconds(CLOCK_MONOTONIC) < start + (seconds + 60) * UINT64_C(1000000000))
        wait_ms(2);
}

static void no_event(irisx_client_t *client, const irisx_event_t *event, void *user)
{
    (void) client, (void) event, (void) user;
}

int main(int argc, char **argv)
{
    irisx_client_options_t options = IRISX_CLIENT_OPTIONS_INIT;
    irisx_line_options_t account = IRISX_LINE_OPTIONS_INIT;
    irisx_client_t *client = NULL;
    irisx_op_t *op = NULL;
    char password[128] = "";
    irisx_error_t err;

    if (argc < 7 || !fgets(password, sizeof password, stdin)) {
        fprintf(stderr, "usage: phone_dial WS_URL REALM USER NUMBER serial CALLS | rate PER_S SECONDS <password\n");
        return 2;
    }
    password[strcspn(password, "\n")] = '\0';
    account.ws_url = argv[1], account.realm = argv[2], account.user = argv[3], account.password = password;
    number = argv[4];
    options.max_calls = 512;
    options.on_event = no_event;
    err = irisx_client_new(&options, &client);
    if (!err)
        err = irisx_line_open(client, &account, &line, &op);
    if (!err)
        err = irisx_op_wait(op, 10000);
    irisx_op_unref(op);
    if (err) {
        fprintf(stderr, "phone_dial: %s\n", irisx_error_text(err));
        return 1;
    }
    (void) nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL); /* the spare sockets are gathered */
    atomic_store(&watching, true);
    printf("{\"calls\":[");
    if (strcmp(argv[5], "serial") == 0)
        serial(strtoul(argv[6], NULL, 10));
    else if (argc > 7)
        rate((unsigned) strtoul(argv[6], NULL, 10), (unsigned) strtoul(argv[7], NULL, 10));
    atomic_store(&watching, false);
    printf("],\"begun\":%zu,\"heard\":%zu,\"failed\":%zu,\"failure\":\"%s\",\"turn_cpu_us_max\":%.1f,\"turns\":%llu}\n",
        begun, heard, failed, failure, (double) atomic_load(&longest_ns) / 1000.0,
        (unsigned long long) atomic_load(&turns));
    (void) irisx_client_close(client, 0);
    irisx_line_unref(line);
    irisx_client_unref(client);
    return failed ? 1 : 0;
}
