/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: datagrams for a DTLS association. First byte: 0 server, 1 client: what follows are datagrams (16-bit
 * length, bytes) for one end, which must never be connected by them; 2: two ends talk, and each byte that follows says
 * what becomes of the next datagram on the way. Whatever arrives, both ends have the same keys or one has none.
 */
#include <string.h>
#include <time.h>

#include "dtls/dtls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DATAGRAMS_MAX = 60 };

struct end {
    struct ix_dtls *dtls;
    struct end *other; /* NULL: nobody listens */
};
static struct {
    struct ix_prng prng;
    struct ix_rng rng;
    struct ix_dtls_identity *identity;
    struct ix_dtls_worker *worker;
    struct ix_now now;
    struct ix_reader fate;
    unsigned sent;
} world;

/*
 * mbedtls asks for the time of day; standing still it makes a crash come back. Visible: the
 * shared library would not find it otherwise.
 */
time_t time(time_t *out) __attribute__((visibility("default")));

time_t time(time_t *out)
{
    if (out != NULL)
        *out = 1700000000;
    return 1700000000;
}

static void setup(void)
{
    ix_prng_seed(&world.prng, 1);
    world.rng = ix_prng_rng(&world.prng);
    if (world.identity == NULL) { /* for the life of the process */
        IX_ASSERT(ix_dtls_identity_new(&world.rng, 0, &world.identity) == 0);
        IX_ASSERT(ix_dtls_worker_new(world.identity, &world.worker) == 0);
    }
    ix_prng_seed(&world.prng, 2);
    world.now = (struct ix_now){ 10 * IX_S, 0 };
    world.sent = 0;
}

static struct ix_dtls *open_end(enum ix_dtls_role role)
{
    struct ix_dtls_config c = { .identity = world.identity, .rng = &world.rng, .role = role, .mtu = 500 };
    struct ix_dtls_fingerprint fp = { .kind = IX_SHA256, .len = 32 };
    struct ix_dtls *d = NULL;

    memcpy(fp.bytes, ix_dtls_identity_sha256(world.identity), 32);
    IX_ASSERT(ix_dtls_new(&c, &d) == 0);
    IX_ASSERT(ix_dtls_set_fingerprint(d, &fp) == 0);
    ix_dtls_start(d, 0, world.now);
    return d;
}

static void carry(struct ix_dtls *to, const uint8_t *p, size_t n)
{
    uint8_t copy[2048], fate = ix_read_u8(&world.fate); /* nothing left to say: delivered */

    if (n == 0 || n > sizeof(copy) || ++world.sent > DATAGRAMS_MAX)
        return;
    memcpy(copy, p, n);
    if (fate % 4 == 1) /* lost */
        return;
    if (fate % 4 == 2) /* a byte of it changes */
        copy[ix_read_u16(&world.fate) % n] ^= (uint8_t) (fate | 1);
    if (fate % 4 == 3) { /* cut, and whole behind it */
        ix_dtls_input(to, copy, ix_read_u16(&world.fate) % n, world.now);
    }
    ix_dtls_input(to, copy, n, world.now);
}

static void drain(struct end *e)
{
    struct ix_dtls_out out;

    while (ix_dtls_poll(e->dtls, &out)) {
        if (out.kind == IX_DTLS_OUT_SEND && e->other != NULL)
            carry(e->other->dtls, out.data, out.len);
        if (out.kind != IX_DTLS_OUT_WORK)
            continue;
        ix_dtls_work(e->dtls, world.worker);
        ix_dtls_done(e->dtls, world.now);
    }
}

static void one_end(enum ix_dtls_role role, struct ix_reader r)
{
    struct end e = { open_end(role), NULL };

    drain(&e);
    while (r.n > 2) {
        size_t n = ix_read_u16(&r);
        struct ix_reader part = ix_read_sub(&r, IX_MIN(n, r.n));
        ix_dtls_input(e.dtls, part.p, part.n, world.now);
        world.now.mono_us += 20 * IX_MS;
        drain(&e);
    }
    IX_ASSERT(ix_dtls_state(e.dtls) != IX_DTLS_CONNECTED);
    ix_dtls_free(e.dtls);
}

static void two_ends(struct ix_reader r)
{
    struct end client = { open_end(IX_DTLS_CLIENT), NULL }, server = { open_end(IX_DTLS_SERVER), &client };
    struct ix_srtp_keys a, b;

    client.other = &server;
    world.fate = r;
    for (int i = 0; i < 12; i++) {
        drain(&client);
        drain(&server);
        drain(&client);
        world.now.mono_us += (50 * IX_MS) << (i / 2);
        ix_dtls_timeout(client.dtls, world.now);
        ix_dtls_timeout(server.dtls, world.now);
    }
    if (ix_dtls_keys(client.dtls, &a) == 0 && ix_dtls_keys(server.dtls, &b) == 0)
        IX_ASSERT(memcmp(a.local, b.remote, 30) == 0 && memcmp(a.remote, b.local, 30) == 0);
    ix_dtls_free(client.dtls);
    ix_dtls_free(server.dtls);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_reader r = ix_reader(data, size);
    uint8_t mode = ix_read_u8(&r);

    setup();
    if (mode % 3 == 2)
        two_ends(r);
    else
        one_end(mode % 3 == 0 ? IX_DTLS_SERVER : IX_DTLS_CLIENT, r);
    return 0;
}
