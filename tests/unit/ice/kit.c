/* SPDX-License-Identifier: MIT */
/* One agent and a peer made by hand (kit.h). */
#include "kit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct ix_addr bases[8]; /* by socket, of the agent at hand */

struct ix_addr kit_addr(const char *ip, uint16_t port)
{
    struct ix_addr a;
    cr_assert_eq(ix_addr_parse(&a, ix_str(ip), port), 0);
    return a;
}

struct ix_now kit_at(uint64_t us)
{
    return (struct ix_now){ us, 0 };
}

static void fill_zero(void *ctx, void *out, size_t len)
{
    (void) ctx;
    memset(out, 0, len);
}

void kit_init(struct kit *k, const struct ix_ice_config *config)
{
    struct ix_ice_config c = *config;
    memset(k, 0, sizeof(*k));
    ix_prng_seed(&k->prng, 1);
    k->rng = ix_prng_rng(&k->prng);
    c.rng = &k->rng;
    cr_assert_eq(ix_ice_new(&c, &k->ice), 0);
}

void kit_init_zero(struct kit *k, bool controlling)
{
    memset(k, 0, sizeof(*k));
    k->rng.fill = fill_zero;
    cr_assert_eq(ix_ice_new(&(struct ix_ice_config){ .rng = &k->rng, .controlling = controlling }, &k->ice), 0);
}

void kit_clear(struct kit *k)
{
    ix_ice_free(k->ice);
}

struct ix_addr kit_base(uint32_t socket)
{
    return bases[socket];
}

static struct ix_candidate candidate(const char *ip, uint16_t port, uint16_t preference)
{
    struct ix_candidate c = { .type = IX_CAND_HOST, .priority = ix_ice_priority(IX_CAND_HOST, preference) };
    c.addr = c.base = kit_addr(ip, port);
    cr_assert_eq(ix_str_copy(c.foundation, sizeof(c.foundation), ix_str(ip)), 0);
    return c;
}

void kit_local(struct kit *k, uint32_t socket, const char *ip, uint16_t preference)
{
    struct ix_candidate c = candidate(ip, (uint16_t) (4000 + socket), preference);
    c.socket = socket;
    bases[socket] = c.base;
    cr_assert_eq(ix_ice_add_local(k->ice, &c, kit_at(99)), 0);
}

int kit_remote(struct kit *k, const char *ip, uint16_t port, uint16_t preference, struct ix_now now)
{
    struct ix_candidate c = candidate(ip, port, preference);
    int err = ix_ice_add_remote(k->ice, &c, now);
    kit_drain(k);
    return err;
}

void kit_start(struct kit *k, struct ix_now now)
{
    cr_assert_eq(ix_ice_set_remote(k->ice, IX_STR(KIT_UFRAG), IX_STR(KIT_PWD), k->lite), 0);
    cr_assert_eq(ix_ice_start(k->ice, now), 0);
    kit_drain(k);
}

static void keep_sent(struct kit *k, const struct ix_ice_send *send)
{
    struct kit_sent *s = &k->sent[k->sent_count++ % KIT_SENT];
    cr_assert_leq(k->sent_count, KIT_SENT);
    s->socket = send->socket;
    s->to = send->to;
    s->len = send->len;
    memcpy(s->bytes, send->data, send->len);
    cr_assert_eq(ix_stun_parse(&s->msg, s->bytes, s->len), 0);
    cr_assert(s->msg.has_fingerprint);
}

void kit_drain(struct kit *k)
{
    struct ix_ice_out out;
    while (ix_ice_poll(k->ice, &out)) {
        switch (out.kind) {
        case IX_ICE_OUT_SEND:
            keep_sent(k, &out.send);
            break;
        case IX_ICE_OUT_STATE:
            k->states[k->state_count++ % IX_COUNT(k->states)] = out.state;
            break;
        case IX_ICE_OUT_SELECTED:
            k->selected[k->selected_count++ % IX_COUNT(k->selected)] = out.pair;
            break;
        }
    }
}

void kit_forget(struct kit *k)
{
    k->sent_count = k->state_count = k->selected_count = 0;
}

void kit_timeout(struct kit *k, uint64_t us)
{
    ix_ice_timeout(k->ice, kit_at(us));
    kit_drain(k);
}

uint64_t kit_run(struct kit *k, uint64_t until_us)
{
    uint64_t last = 0;
    for (uint64_t at = ix_ice_deadline(k->ice); at <= until_us; at = ix_ice_deadline(k->ice)) {
        kit_timeout(k, at);
        cr_assert_gt(ix_ice_deadline(k->ice), at, "a deadline stays due");
        last = at;
    }
    return last;
}

bool kit_ask(struct kit *k, uint32_t socket, const struct ix_addr *from, const struct kit_ask *ask, struct ix_now now)
{
    static const uint8_t transaction[12] = { 9, 9, 9 };
    uint8_t storage[256];
    uint8_t tie_breaker[8];
    uint8_t priority[4];
    char username[64];
    struct ix_buf b;
    ix_buf_init_fixed(&b, username, sizeof(username) - 1);
    ix_buf_fmt(&b, "%s:%s", ix_ice_ufrag(k->ice), KIT_UFRAG);
    username[b.n] = '\0';
    const char *name = ask->username ? ask->username : username;
    for (size_t i = 0; i < 8; i++)
        tie_breaker[i] = (uint8_t) (ask->tie_breaker >> (56 - 8 * i));
    for (size_t i = 0; i < 4; i++)
        priority[i] = (uint8_t) (ask->priority >> (24 - 8 * i));
    ix_buf_init_fixed(&b, storage, sizeof(storage));
    ix_stun_begin(&b, IX_STUN_REQUEST, IX_STUN_BINDING, transaction);
    ix_stun_attr(&b, IX_STUN_USERNAME, name, strlen(name));
    if (ask->priority)
        ix_stun_attr(&b, IX_STUN_PRIORITY, priority, 4);
    if (ask->controlling)
        ix_stun_attr(&b, IX_STUN_ICE_CONTROLLING, tie_breaker, 8);
    if (ask->controlled)
        ix_stun_attr(&b, IX_STUN_ICE_CONTROLLED, tie_breaker, 8);
    if (ask->use_candidate)
        ix_stun_attr(&b, IX_STUN_USE_CANDIDATE, NULL, 0);
    if (ask->unknown)
        ix_stun_attr(&b, ask->unknown, NULL, 0);
    cr_assert_eq(ix_stun_end(&b, ix_str(ask->password ? ask->password : ix_ice_pwd(k->ice))), 0);
    bool ours = ix_ice_input(k->ice, socket, from, storage, b.n, now);
    kit_drain(k);
    return ours;
}

static bool reply(struct kit *k, size_t i, uint32_t socket, const struct ix_addr *from, const struct ix_addr *mapped,
    uint16_t code, const char *password, struct ix_now now)
{
    uint8_t storage[256];
    struct ix_buf b;
    struct ix_addr seen = mapped ? *mapped : kit_base(k->sent[i].socket);
    const uint8_t *transaction = k->sent[i].msg.transaction;
    ix_buf_init_fixed(&b, storage, sizeof(storage));
    ix_stun_begin(&b, code ? IX_STUN_ERROR : IX_STUN_SUCCESS, IX_STUN_BINDING, transaction);
    if (code)
        ix_stun_attr_error(&b, code, "");
    else
        ix_stun_attr_addr(&b, IX_STUN_XOR_MAPPED_ADDRESS, &seen, transaction);
    cr_assert_eq(ix_stun_end(&b, ix_str(password)), 0);
    bool ours = ix_ice_input(k->ice, socket, from, storage, b.n, now);
    kit_drain(k);
    return ours;
}

bool kit_answer(struct kit *k, size_t i, const struct ix_addr *mapped, uint16_t code, struct ix_now now)
{
    struct ix_addr from = k->sent[i].to;
    cr_assert_lt(i, k->sent_count);
    cr_assert_eq(k->sent[i].msg.cls, IX_STUN_REQUEST);
    return reply(k, i, k->sent[i].socket, &from, mapped, code, KIT_PWD, now);
}

bool kit_answer_from(
    struct kit *k, size_t i, uint32_t socket, const struct ix_addr *from, const char *password, struct ix_now now)
{
    return reply(k, i, socket, from, NULL, 0, password, now);
}

bool kit_saw(const struct kit *k, enum ix_ice_state state)
{
    for (size_t i = 0; i < k->state_count && i < IX_COUNT(k->states); i++)
        if (k->states[i] == state)
            return true;
    return false;
}

size_t kit_find(const struct kit *k, const char *ip, uint16_t port, size_t n)
{
    struct ix_addr to = kit_addr(ip, port);
    for (size_t i = 0; i < k->sent_count; i++)
        if (k->sent[i].msg.cls == IX_STUN_REQUEST && ix_addr_eq(&k->sent[i].to, &to) && n-- == 0)
            return i;
    return SIZE_MAX;
}

size_t kit_requests(const struct kit *k)
{
    size_t n = 0;
    for (size_t i = 0; i < k->sent_count; i++)
        n += k->sent[i].msg.cls == IX_STUN_REQUEST;
    return n;
}
