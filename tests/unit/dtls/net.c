/* SPDX-License-Identifier: MIT */
#include "net.h"

#include <mbedtls/md.h>
#include <mbedtls/pk.h>
#include <mbedtls/rsa.h>
#include <mbedtls/x509_crt.h>
#include <string.h>

#define RSA_SEED 19

static struct ix_dtls_fingerprint fingerprint_of(struct ix_dtls_identity *id, enum ix_digest_kind kind)
{
    struct ix_dtls_fingerprint fp = { .kind = kind, .len = (uint8_t) ix_digest_size(kind) };
    mbedtls_x509_crt *crt = ix_dtls_identity_crt(id);
    struct ix_bytes der = { crt->raw.p, crt->raw.len };

    (void) ix_digest(kind, &der, 1, fp.bytes);
    return fp;
}

int net_expect(struct net *net, int at, enum ix_digest_kind kind)
{
    struct ix_dtls_fingerprint fp = fingerprint_of(net->identity[1 - at], kind);

    return net->ops->set_fingerprint(net->end[at], &fp);
}

static int open_end(struct net *net, const struct net_options *o, int i)
{
    int err = 0;

    if (i == 1 && o->server_identity != NULL)
        net->identity[1] = ix_dtls_identity_ref(o->server_identity);
    else
        err = ix_dtls_identity_new(&net->rng, net->now.wall_us, &net->identity[i]);
    if (err == 0)
        err = ix_dtls_worker_new(net->identity[i], &net->worker[i]);
    if (err != 0)
        return err;
    struct ix_dtls_config c = {
        .identity = net->identity[i],
        .rng = &net->rng,
        .role = i == 0 ? IX_DTLS_CLIENT : IX_DTLS_SERVER,
        .mtu = o->mtu[i],
        .timeout_ms = o->timeout_ms,
    };
    return net->ops->create(&c, &net->end[i]);
}

int net_open(struct net *net, const struct net_options *o)
{
    *net = (struct net){ .path = o->path, .work_us = o->work_us, .now = { 1000 * IX_S, INT64_C(1700000000000000) } };
    net->ops = o->ops != NULL ? o->ops : &ix_dtls_mbedtls;
    ix_prng_seed(&net->prng, o->seed);
    net->rng = ix_prng_rng(&net->prng);
    for (int i = 0; i < 2; i++) {
        int err = open_end(net, o, i);
        if (err != 0) {
            net_close(net);
            return err;
        }
    }
    for (int i = 0; i < 2; i++) {
        struct ix_dtls_fingerprint fp = fingerprint_of(net->identity[1 - i], IX_SHA256);
        if (o->wrong_fingerprint[i])
            fp.bytes[31] ^= 1;
        if (!o->no_fingerprint[i])
            (void) net->ops->set_fingerprint(net->end[i], &fp);
    }
    return 0;
}

void net_close(struct net *net)
{
    for (size_t i = 0; i < net->flying_count; i++)
        ix_free(net->flying[i].d);
    for (int i = 0; i < 2; i++) {
        if (net->ops != NULL)
            net->ops->free(net->end[i]);
        ix_dtls_worker_free(net->worker[i]);
        ix_dtls_identity_unref(net->identity[i]);
    }
    *net = (struct net){ 0 };
}

void net_put(struct net *net, int to, const void *p, size_t n, uint64_t delay_us)
{
    struct ix_dtls_queue q = { 0 };

    if (net->flying_count == NET_FLYING || ix_dtls_queue_push(&q, p, n) != 0)
        return;
    net->flying[net->flying_count++] = (struct net_packet){ net->now.mono_us + delay_us, ix_dtls_queue_pop(&q), to };
}

static void send_from(struct net *net, int from, const uint8_t *p, size_t n)
{
    net->sent[from]++;
    net->sent_bytes_max[from] = IX_MAX(net->sent_bytes_max[from], n);
    if (net->hook != NULL && !net->hook(net, from, p, n))
        return;
    if (ix_rng_below(&net->rng, 100) < net->path.loss)
        return;
    uint64_t delay = net->path.delay_us;
    if (ix_rng_below(&net->rng, 100) < net->path.reorder)
        delay += ix_rng_below(&net->rng, 30000);
    net_put(net, 1 - from, p, n, delay);
    if (ix_rng_below(&net->rng, 100) < net->path.duplicate)
        net_put(net, 1 - from, p, n, delay + ix_rng_below(&net->rng, 5000));
}

void net_drain(struct net *net, int at)
{
    struct ix_dtls_out out;

    while (net->ops->poll(net->end[at], &out)) {
        switch (out.kind) {
        case IX_DTLS_OUT_SEND:
            send_from(net, at, out.data, out.len);
            break;
        case IX_DTLS_OUT_WORK:
            net->works[at]++;
            net->ops->work(net->end[at], net->worker[at]);
            net->now.mono_us += net->work_us;
            net->ops->done(net->end[at], net->now);
            break;
        case IX_DTLS_OUT_STATE:
            net->told[at][out.state] = true;
            if (out.err != 0)
                net->err[at] = out.err;
            break;
        }
    }
}

void net_start(struct net *net)
{
    for (int i = 1; i >= 0; i--) {
        net->ops->start(net->end[i], 2 * net->path.delay_us, net->now);
        net_drain(net, i);
    }
}

static int next_arrival(const struct net *net)
{
    int best = -1;

    for (size_t i = 0; i < net->flying_count; i++) {
        if (best < 0 || net->flying[i].at_us < net->flying[best].at_us)
            best = (int) i;
    }
    return best;
}

static bool reached(const struct net *net, enum ix_dtls_state state)
{
    return net->ops->state(net->end[0]) == state && net->ops->state(net->end[1]) == state;
}

static void deliver(struct net *net, int which)
{
    struct net_packet p = net->flying[which];

    net->flying[which] = net->flying[--net->flying_count];
    net->ops->input(net->end[p.to], p.d->data, p.d->len, net->now);
    ix_free(p.d);
    net_drain(net, p.to);
}

void net_run(struct net *net, enum ix_dtls_state state, uint64_t until_us)
{
    while (!reached(net, state)) {
        int which = next_arrival(net);
        uint64_t arrival = which < 0 ? IX_NEVER : net->flying[which].at_us;
        uint64_t d0 = net->ops->deadline(net->end[0]), d1 = net->ops->deadline(net->end[1]);
        uint64_t next = IX_MIN(arrival, IX_MIN(d0, d1));
        if (next == IX_NEVER || next > until_us)
            return;
        net->now.mono_us = IX_MAX(net->now.mono_us, next);
        if (arrival == next) {
            deliver(net, which);
            continue;
        }
        int at = d0 == next ? 0 : 1;
        net->ops->timeout(net->end[at], net->now);
        net_drain(net, at);
    }
}

static int prng_fill(void *ctx, unsigned char *out, size_t n)
{
    ix_rng_fill(ctx, out, n);
    return 0;
}

/* FreeSWITCH's kind of certificate. The seed is one that finds its primes quickly. */
struct ix_dtls_identity *net_rsa4096(void)
{
    static unsigned char key_der[4096], crt_der[4096];
    struct ix_prng prng;
    struct ix_dtls_identity *id = NULL;
    mbedtls_pk_context pk;
    mbedtls_x509write_cert w;
    mbedtls_mpi serial;

    ix_prng_seed(&prng, RSA_SEED);
    struct ix_rng rng = ix_prng_rng(&prng);
    mbedtls_pk_init(&pk);
    mbedtls_mpi_init(&serial);
    mbedtls_x509write_crt_init(&w);
    (void) mbedtls_pk_setup(&pk, mbedtls_pk_info_from_type(MBEDTLS_PK_RSA));
    (void) mbedtls_rsa_gen_key(mbedtls_pk_rsa(pk), prng_fill, &rng, 4096, 65537);
    (void) mbedtls_mpi_lset(&serial, 1);
    mbedtls_x509write_crt_set_md_alg(&w, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&w, &pk);
    mbedtls_x509write_crt_set_issuer_key(&w, &pk);
    (void) mbedtls_x509write_crt_set_subject_name(&w, "CN=FreeSWITCH");
    (void) mbedtls_x509write_crt_set_issuer_name(&w, "CN=FreeSWITCH");
    (void) mbedtls_x509write_crt_set_serial(&w, &serial);
    (void) mbedtls_x509write_crt_set_validity(&w, "20200101000000", "20400101000000");
    int key_len = mbedtls_pk_write_key_der(&pk, key_der, sizeof(key_der));
    int crt_len = mbedtls_x509write_crt_der(&w, crt_der, sizeof(crt_der), prng_fill, &rng);
    if (key_len > 0 && crt_len > 0) {
        struct ix_bytes c = { crt_der + sizeof(crt_der) - crt_len, (size_t) crt_len };
        struct ix_bytes k = { key_der + sizeof(key_der) - key_len, (size_t) key_len };
        (void) ix_dtls_identity_load(c, k, &id);
    }
    mbedtls_x509write_crt_free(&w);
    mbedtls_mpi_free(&serial);
    mbedtls_pk_free(&pk);
    return id;
}
