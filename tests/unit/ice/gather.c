/* SPDX-License-Identifier: MIT */
/* Gathering: what is asked when, what answers count, and in which order candidates stand. */
#include <criterion/criterion.h>
#include <string.h>

#include "ice/ice.h"

static struct ix_prng prng;
static struct ix_rng rng;
static struct ix_gather *g;
static struct sent {
    uint32_t socket;
    struct ix_addr to;
    uint8_t bytes[64];
    size_t len;
} sent[64];
static size_t sent_count;

static struct ix_addr addr(const char *ip, uint16_t port)
{
    struct ix_addr a;
    cr_assert_eq(ix_addr_parse(&a, ix_str(ip), port), 0);
    return a;
}

static struct ix_now at(uint64_t us)
{
    return (struct ix_now){ us, 0 };
}

static void begin(uint32_t timeout_ms, uint32_t refresh_ms)
{
    ix_prng_seed(&prng, 1);
    rng = ix_prng_rng(&prng);
    sent_count = 0;
    cr_assert_eq(ix_gather_new(
                     &(struct ix_gather_config){ .rng = &rng, .timeout_ms = timeout_ms, .refresh_ms = refresh_ms }, &g),
        0);
}

static void add_socket(uint32_t id, const char *ip, uint16_t preference)
{
    struct ix_addr a = addr(ip, (uint16_t) (4000 + id));
    cr_assert_eq(ix_gather_add_socket(g, id, &a, preference), 0);
}

static void add_server(const char *ip)
{
    struct ix_addr a = addr(ip, 3478);
    cr_assert_eq(ix_gather_add_server(g, &a), 0);
}

static void drain(void)
{
    struct ix_ice_send s;
    while (ix_gather_poll(g, &s)) {
        cr_assert_lt(sent_count, IX_COUNT(sent));
        struct sent *keep = &sent[sent_count++];
        keep->socket = s.socket;
        keep->to = s.to;
        keep->len = s.len;
        memcpy(keep->bytes, s.data, s.len);
    }
}

static void timeout(uint64_t us)
{
    ix_gather_timeout(g, at(us));
    drain();
}

static void start(uint64_t us)
{
    ix_gather_start(g, at(us));
    drain();
}

static bool reply_from(size_t i, uint32_t socket, const struct ix_addr *from, const struct ix_addr *mapped, uint64_t us)
{
    uint8_t storage[128];
    struct ix_buf b;
    struct ix_stun_msg m;
    cr_assert_eq(ix_stun_parse(&m, sent[i].bytes, sent[i].len), 0);
    ix_buf_init_fixed(&b, storage, sizeof(storage));
    ix_stun_begin(&b, mapped ? IX_STUN_SUCCESS : IX_STUN_ERROR, IX_STUN_BINDING, m.transaction);
    if (mapped)
        ix_stun_attr_addr(&b, IX_STUN_XOR_MAPPED_ADDRESS, mapped, m.transaction);
    else
        ix_stun_attr_error(&b, 500, "");
    cr_assert_eq(ix_stun_end(&b, IX_STR_NONE), 0);
    bool ours = ix_gather_input(g, socket, from, storage, b.n, at(us));
    drain();
    return ours;
}

static bool reply(size_t i, const char *ip, uint16_t port, uint64_t us)
{
    struct ix_addr mapped = addr(ip, port);
    return reply_from(i, sent[i].socket, &sent[i].to, &mapped, us);
}

static void expect(size_t i, enum ix_candidate_type type, const char *ip, uint16_t port)
{
    size_t n;
    const struct ix_candidate *c = ix_gather_candidates(g, &n);
    struct ix_addr want = addr(ip, port);
    cr_assert_lt(i, n);
    cr_expect_eq(c[i].type, type, "candidate %zu", i);
    cr_expect(ix_addr_eq(&c[i].addr, &want), "candidate %zu", i);
}

static size_t count(void)
{
    size_t n;
    (void) ix_gather_candidates(g, &n);
    return n;
}

Test(gather, without_servers_it_is_done_at_once)
{
    begin(0, 0);
    add_socket(1, "192.0.2.1", 10);
    cr_assert_not(ix_gather_done(g));
    start(99);
    cr_assert(ix_gather_done(g));
    cr_assert_eq(ix_gather_deadline(g), IX_NEVER);
    cr_assert_eq(count(), 1);
    ix_gather_free(g);
}

Test(gather, candidates_stand_in_order_of_preference_with_loopback_last)
{
    begin(0, 0);
    add_socket(1, "127.0.0.1", 0);
    add_socket(2, "2001:db8::1", 10);
    add_socket(3, "10.0.0.2", 20);
    add_server("198.51.100.9");
    start(99);
    cr_assert_eq(sent_count, 1, "IPv6 and loopback do not reach this server");
    cr_assert_eq(sent[0].socket, 3);
    cr_assert(reply(0, "203.0.113.5", 9000, 100));
    cr_assert(ix_gather_done(g));
    cr_assert_eq(count(), 4);
    expect(0, IX_CAND_HOST, "10.0.0.2", 4003);
    expect(1, IX_CAND_HOST, "2001:db8::1", 4002);
    expect(2, IX_CAND_SRFLX, "203.0.113.5", 9000);
    expect(3, IX_CAND_HOST, "127.0.0.1", 4001);
    size_t n;
    const struct ix_candidate *c = ix_gather_candidates(g, &n);
    struct ix_addr base = addr("10.0.0.2", 4003);
    cr_assert(ix_addr_eq(&c[2].base, &base));
    cr_assert_eq(c[2].socket, 3);
    cr_assert_str_neq(c[0].foundation, c[2].foundation);
    ix_gather_free(g);
}

Test(gather, priorities_are_unique_even_if_preferences_are_not)
{
    begin(0, 0);
    for (uint32_t i = 0; i < 8; i++)
        add_socket(i, "192.0.2.1", 65535);
    start(99);
    size_t n;
    const struct ix_candidate *c = ix_gather_candidates(g, &n);
    cr_assert_eq(n, 8);
    for (size_t i = 1; i < n; i++)
        cr_assert_lt(c[i].priority, c[i - 1].priority);
    ix_gather_free(g);
}

Test(gather, a_question_is_repeated_at_100_300_and_700_ms_until_the_timeout)
{
    begin(1000, 0);
    add_socket(1, "10.0.0.2", 10);
    add_server("198.51.100.9");
    start(99);
    static const uint64_t want[] = { 100, 300, 700 };
    for (size_t i = 0; i < IX_COUNT(want); i++) {
        cr_assert_eq(ix_gather_deadline(g), 99 + want[i] * IX_MS);
        timeout(98 + want[i] * IX_MS);
        cr_assert_eq(sent_count, i + 1);
        timeout(99 + want[i] * IX_MS);
        cr_assert_eq(sent_count, i + 2);
        cr_assert_arr_eq(sent[i + 1].bytes, sent[0].bytes, sent[0].len);
    }
    cr_assert_eq(ix_gather_deadline(g), 99 + 1000 * IX_MS);
    cr_assert_not(ix_gather_done(g));
    timeout(99 + 1000 * IX_MS);
    cr_assert(ix_gather_done(g));
    cr_assert_eq(count(), 1);
    cr_assert(reply(0, "203.0.113.5", 9000, 99 + 1100 * IX_MS), "late is better than never");
    cr_assert_eq(count(), 2);
    ix_gather_free(g);
}

Test(gather, a_server_that_never_answers_is_left_in_peace)
{
    begin(0, 0);
    add_socket(1, "10.0.0.2", 10);
    add_server("198.51.100.9");
    start(99);
    for (int i = 0; i < 100 && ix_gather_deadline(g) != IX_NEVER; i++)
        timeout(ix_gather_deadline(g));
    cr_assert_eq(ix_gather_deadline(g), IX_NEVER);
    cr_assert_eq(sent_count, 7);
    ix_gather_free(g);
}

Test(gather, only_the_server_asked_may_answer)
{
    begin(0, 0);
    add_socket(1, "10.0.0.2", 10);
    add_socket(2, "10.0.0.3", 9);
    add_server("198.51.100.9");
    start(99);
    struct ix_addr other = addr("198.51.100.8", 3478);
    struct ix_addr mapped = addr("203.0.113.5", 9000);
    struct ix_addr v6 = addr("2001:db8::5", 9000);
    struct ix_addr nowhere = addr("0.0.0.0", 9000);
    cr_assert_not(reply_from(0, 1, &other, &mapped, 100));
    cr_assert_not(reply_from(0, 2, &sent[0].to, &mapped, 100));
    cr_assert(reply_from(0, 1, &sent[0].to, &v6, 100), "ours, but of no use");
    cr_assert(reply_from(0, 1, &sent[0].to, &nowhere, 100));
    cr_assert_eq(count(), 2);
    cr_assert(reply(0, "203.0.113.5", 9000, 101));
    cr_assert_not(reply(0, "203.0.113.6", 9000, 102), "once");
    cr_assert_eq(count(), 3);
    ix_gather_free(g);
}

Test(gather, an_error_ends_the_question)
{
    begin(0, 0);
    add_socket(1, "10.0.0.2", 10);
    add_server("198.51.100.9");
    start(99);
    cr_assert(reply_from(0, 1, &sent[0].to, NULL, 100));
    cr_assert(ix_gather_done(g));
    cr_assert_eq(ix_gather_deadline(g), IX_NEVER);
    ix_gather_free(g);
}

Test(gather, equal_addresses_make_one_candidate)
{
    begin(0, 0);
    add_socket(1, "192.0.2.1", 10);
    add_server("198.51.100.9");
    add_server("198.51.100.8");
    start(99);
    timeout(99 + 5 * IX_MS);
    cr_assert_eq(sent_count, 2, "the second question 5 ms after the first");
    cr_assert(reply(0, "192.0.2.1", 4001, 99 + 6 * IX_MS));
    cr_assert_eq(count(), 1, "no NAT");
    cr_assert(reply(1, "203.0.113.5", 9000, 99 + 7 * IX_MS));
    cr_assert(ix_gather_done(g));
    cr_assert_eq(count(), 2);
    ix_gather_free(g);
}

Test(gather, bindings_are_kept_and_a_new_mapping_replaces_the_old)
{
    begin(0, 0);
    add_socket(1, "10.0.0.2", 10);
    add_server("198.51.100.9");
    add_server("198.51.100.8");
    start(99);
    timeout(99 + 5 * IX_MS);
    cr_assert(reply(0, "203.0.113.5", 9000, 6 * IX_MS));
    cr_assert(reply(1, "203.0.113.5", 9000, 7 * IX_MS));
    cr_assert_eq(ix_gather_deadline(g), 20 * IX_S + 6 * IX_MS);
    sent_count = 0;
    timeout(20 * IX_S + 6 * IX_MS);
    cr_assert_eq(sent_count, 1);
    cr_assert(reply(0, "203.0.113.5", 9777, 21 * IX_S));
    cr_assert_eq(count(), 2);
    expect(1, IX_CAND_SRFLX, "203.0.113.5", 9777);
    ix_gather_free(g);
}

Test(gather, a_refresh_without_answer_keeps_what_was_known)
{
    begin(0, 1000);
    add_socket(1, "10.0.0.2", 10);
    add_server("198.51.100.9");
    start(99);
    cr_assert(reply(0, "203.0.113.5", 9000, 100));
    for (int i = 0; i < 8; i++)
        timeout(ix_gather_deadline(g));
    cr_assert_eq(count(), 2);
    cr_assert(ix_gather_done(g));
    cr_assert_neq(ix_gather_deadline(g), IX_NEVER);
    ix_gather_free(g);
}

Test(gather, refreshing_can_be_switched_off)
{
    begin(0, UINT32_MAX);
    add_socket(1, "10.0.0.2", 10);
    add_server("198.51.100.9");
    start(99);
    cr_assert(reply(0, "203.0.113.5", 9000, 100));
    cr_assert_eq(ix_gather_deadline(g), IX_NEVER);
    ix_gather_free(g);
}

Test(gather, limits_and_wrong_arguments_are_refused)
{
    struct ix_addr a = addr("192.0.2.1", 4000);
    struct ix_addr wildcard = addr("0.0.0.0", 4000);
    begin(0, 0);
    cr_assert_eq(ix_gather_add_socket(g, 0, &wildcard, 1), IRISX_E_INVALID);
    cr_assert_eq(ix_gather_add_server(g, &wildcard), IRISX_E_INVALID);
    for (uint32_t i = 0; i < IX_GATHER_MAX_SOCKETS; i++)
        cr_assert_eq(ix_gather_add_socket(g, i, &a, 1), 0);
    cr_assert_eq(ix_gather_add_socket(g, 0, &a, 1), IRISX_E_INVALID);
    cr_assert_eq(ix_gather_add_socket(g, 99, &a, 1), IRISX_E_LIMIT);
    for (uint32_t i = 0; i < IX_GATHER_MAX_SERVERS; i++)
        cr_assert_eq(ix_gather_add_server(g, &a), 0);
    cr_assert_eq(ix_gather_add_server(g, &a), IRISX_E_LIMIT);
    start(99);
    cr_assert_eq(ix_gather_add_server(g, &a), IRISX_E_STATE);
    cr_assert_eq(ix_gather_add_socket(g, 98, &a, 1), IRISX_E_STATE);
    ix_gather_free(g);
    ix_gather_free(NULL);
}
