/* SPDX-License-Identifier: MIT */
/*
 * Host names to addresses. The system's resolver can block for half a minute and cannot be interrupted, so it runs on
 * threads that nobody waits for: whoever cancels is done at once, and a loop can be freed while a lookup still hangs.
 *
 *   QUEUED ──▶ RUNNING ──▶ POSTED ──▶ delivered on the loop, freed
 *      │          │  └──▶ (loop stopped) STRANDED ──▶ (cancelled) freed
 *      │          └──▶ (cancelled) ABANDONED: the thread frees it
 *      └──▶ (cancelled) freed
 */
#include <netdb.h>
#include <pthread.h>
#include <string.h>
#include <uv.h>

#include "io/internal.h"

#define MAX_ADDRS 16
#define MAX_THREADS 4u /* of the process */

enum state { QUEUED, RUNNING, ABANDONED, POSTED, STRANDED };

struct ix_resolve {
    struct ix_post post;
    struct ix_resolve *next; /* queue */
    enum state state; /* pool.lock */
    struct ix_loop *loop;
    ix_resolve_fn fn; /* loop's thread; NULL: cancelled when the answer was on its way */
    void *ctx;
    char *host;
    uint16_t port;
    int err;
    struct ix_addr addrs[MAX_ADDRS];
    size_t count;
};

static struct {
    pthread_mutex_t lock;
    struct ix_resolve *first, *last;
    unsigned threads;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void free_lookup(struct ix_resolve *r)
{
    ix_free(r->host);
    ix_free(r);
}

static void deliver(void *arg)
{
    struct ix_resolve *r = arg;

    pthread_mutex_lock(&pool.lock); /* the thread that posted it has let go */
    pthread_mutex_unlock(&pool.lock);
    if (r->fn != NULL) {
        ix_loop_disown(r->loop);
        r->fn(r->ctx, r->err, r->addrs, r->count);
    }
    free_lookup(r);
}

/* ---- the threads ------------------------------------------------------------------------- */

static bool known(const struct ix_resolve *r, const struct ix_addr *a)
{
    for (size_t i = 0; i < r->count; i++) {
        if (ix_addr_same_ip(&r->addrs[i], a))
            return true;
    }
    return false;
}

static void look_up(struct ix_resolve *r)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *list = NULL;
    struct ix_addr addr;
    int e = getaddrinfo(r->host, NULL, &hints, &list);

    for (const struct addrinfo *ai = list; e == 0 && ai != NULL && r->count < MAX_ADDRS; ai = ai->ai_next) {
        if (!ix_sockaddr_read(ai->ai_addr, &addr) || known(r, &addr))
            continue;
        addr.port = r->port;
        r->addrs[r->count++] = addr;
    }
    if (list != NULL)
        freeaddrinfo(list);
    r->err = e == EAI_MEMORY ? IRISX_E_NO_MEMORY : r->count == 0 ? IRISX_E_DNS : 0;
}

static struct ix_resolve *take(void)
{
    struct ix_resolve *r = pool.first;

    if (r != NULL) {
        pool.first = r->next;
        if (pool.first == NULL)
            pool.last = NULL;
        r->state = RUNNING;
    }
    return r;
}

static void *thread_main(void *arg)
{
    struct ix_resolve *r;

    (void) arg;
    pthread_mutex_lock(&pool.lock);
    while ((r = take()) != NULL) {
        pthread_mutex_unlock(&pool.lock);
        look_up(r);
        pthread_mutex_lock(&pool.lock);
        if (r->state == ABANDONED) {
            free_lookup(r);
            continue;
        }
        /* under the lock: who cancels waits for it, so the loop is there */
        r->state = ix_loop_post_with(r->loop, &r->post, deliver, r) == 0 ? POSTED : STRANDED;
    }
    pool.threads--;
    pthread_mutex_unlock(&pool.lock);
    return NULL;
}

/* With the lock held. */
static bool start_thread(void)
{
    struct ix_signals signals;
    pthread_attr_t attr;
    pthread_t thread;

    if (pool.threads >= MAX_THREADS)
        return true;
    (void) pthread_attr_init(&attr); /* these two cannot fail with valid values */
    (void) pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    ix_signals_block(&signals, true);
    bool ok = pthread_create(&thread, &attr, thread_main, NULL) == 0;
    ix_signals_restore(&signals);
    (void) pthread_attr_destroy(&attr);
    if (ok)
        pool.threads++;
    return ok || pool.threads > 0;
}

static int enqueue(struct ix_resolve *r)
{
    int err = 0;

    pthread_mutex_lock(&pool.lock);
    if (!start_thread()) {
        err = IRISX_E_LIMIT;
    } else {
        r->state = QUEUED;
        if (pool.last != NULL)
            pool.last->next = r;
        else
            pool.first = r;
        pool.last = r;
    }
    pthread_mutex_unlock(&pool.lock);
    return err;
}

static void unqueue(struct ix_resolve *r)
{
    struct ix_resolve *before = NULL;

    for (struct ix_resolve *at = pool.first; at != r; at = at->next)
        before = at;
    if (before != NULL)
        before->next = r->next;
    else
        pool.first = r->next;
    if (pool.last == r)
        pool.last = before;
}

/* ---- the interface ----------------------------------------------------------------------- */

/* "fe80::1%eth0" and "[::1]" included */
static bool is_literal(const char *host, uint16_t port, struct ix_addr *out)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    char bare[128];
    size_t n = strlen(host);

    if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
        host++;
        n -= 2;
    }
    if (ix_str_copy(bare, sizeof bare, ix_str_n(host, n)) != 0)
        return false;
    if (uv_ip4_addr(bare, port, &v4) == 0)
        return ix_sockaddr_read((const struct sockaddr *) &v4, out);
    if (uv_ip6_addr(bare, port, &v6) == 0)
        return ix_sockaddr_read((const struct sockaddr *) &v6, out);
    return false;
}

int ix_resolve(
    struct ix_loop *loop, const char *host, uint16_t port, ix_resolve_fn fn, void *ctx, struct ix_resolve **out)
{
    struct ix_resolve *r;
    int err;

    if (host == NULL || host[0] == '\0' || fn == NULL)
        return IRISX_E_INVALID;
    r = ix_alloc(sizeof *r);
    if (r == NULL)
        return IRISX_E_NO_MEMORY;
    *r = (struct ix_resolve){ .loop = loop, .fn = fn, .ctx = ctx, .port = port, .host = ix_dup_cstr(host) };
    if (r->host == NULL) {
        err = IRISX_E_NO_MEMORY;
    } else if (is_literal(host, port, &r->addrs[0])) {
        r->count = 1;
        r->state = POSTED;
        err = ix_loop_post_with(loop, &r->post, deliver, r);
    } else {
        err = enqueue(r);
    }
    if (err != 0) {
        free_lookup(r);
        return err;
    }
    ix_loop_own(loop);
    *out = r;
    return 0;
}

void ix_resolve_cancel(struct ix_resolve *r)
{
    if (r == NULL)
        return;
    ix_loop_disown(r->loop);
    pthread_mutex_lock(&pool.lock);
    switch (r->state) {
    case QUEUED:
        unqueue(r);
        free_lookup(r);
        break;
    case STRANDED:
        free_lookup(r);
        break;
    case RUNNING:
        r->state = ABANDONED;
        break;
    case POSTED:
        r->fn = NULL; /* deliver() frees it */
        break;
    case ABANDONED:
        break;
    }
    pthread_mutex_unlock(&pool.lock);
}
