/* SPDX-License-Identifier: MIT */
/* Digest, server side, against our own client side and against forged input. */
#include "tests/unit/sip/rig.h"

struct pair {
    struct ix_prng prng;
    struct ix_rng rng;
    struct ix_sip_auth_server *server;
    struct ix_sip_auth *client;
    struct ix_now now;
    char headers[2048]; /* of the last request */
};

static struct pair *make_with(struct ix_sip_auth_server_config config, const char *password)
{
    static struct pair p;
    memset(&p, 0, sizeof p);
    ix_prng_seed(&p.prng, 5);
    p.rng = ix_prng_rng(&p.prng);
    p.now.mono_us = 50 * IX_S;
    config.rng = &p.rng;
    config.realm = "pbx \"x\"";
    config.max_nonces = 3;
    cr_assert_eq(ix_sip_auth_server_new(&config, &p.server), 0);
    cr_assert_eq(ix_sip_auth_new(&p.rng, IX_STR("10\\00"), ix_str(password), &p.client), 0);
    return &p;
}

static struct pair *make(bool sha256, bool no_qop, const char *password)
{
    return make_with((struct ix_sip_auth_server_config){ .sha256 = sha256, .no_qop = no_qop }, password);
}

static void end(struct pair *p)
{
    ix_sip_auth_server_free(p->server);
    ix_sip_auth_free(p->client);
}

static void challenge(struct pair *p, bool stale)
{
    struct ix_buf b;
    ix_buf_init(&b, 4096);
    cr_assert_eq(ix_sip_auth_server_challenge(p->server, &b, false, stale, p->now), 0);
    const struct ix_sip_msg *m =
        parsed(wiref("SIP/2.0 401 No\nVia: SIP/2.0/WS h;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\nTo: <sip:c@d>;tag=2\n"
                     "Call-ID: x\nCSeq: 1 REGISTER\n%.*s\n",
            (int) b.n, b.p));
    cr_assert_eq(ix_sip_auth_challenge(p->client, m, false), 0);
    ix_buf_clear(&b);
}

static const struct ix_sip_msg *request(struct pair *p, bool fresh)
{
    if (fresh) {
        struct ix_buf b;
        ix_buf_init(&b, sizeof p->headers - 1);
        ix_sip_auth_write(p->client, &b, IX_STR("REGISTER"), IX_STR("sip:pbx"), IX_STR_NONE);
        memcpy(p->headers, b.p ? (const char *) b.p : "", b.n);
        p->headers[b.n] = '\0';
        ix_buf_clear(&b);
    }
    return parsed(wiref(
        "REGISTER sip:pbx SIP/2.0\nVia: SIP/2.0/WS h;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\nTo: <sip:c@d>\nCall-ID: x\n"
        "CSeq: 1 REGISTER\n%s\n",
        p->headers));
}

static enum ix_sip_verdict check(struct pair *p, const struct ix_sip_msg *m)
{
    return ix_sip_auth_server_check(p->server, m, false, IX_STR("secret"), p->now);
}

Test(auth_server, the_right_password_passes_with_each_algorithm)
{
    for (int i = 0; i < 3; i++) {
        struct pair *p = make(i == 1, i == 2, "secret");
        struct ix_str user;
        cr_assert_eq(check(p, request(p, true)), IX_SIP_AUTH_NONE);
        challenge(p, false);
        const struct ix_sip_msg *m = request(p, true);
        cr_assert(ix_sip_auth_server_user(p->server, m, false, &user));
        cr_assert(same(user, "10\\\\00"));
        cr_assert(!ix_sip_auth_server_user(p->server, m, true, &user));
        cr_assert_eq(check(p, m), IX_SIP_AUTH_OK, "round %d", i);
        cr_assert_eq(strstr(p->headers, "SHA-256") != NULL, i == 1);
        cr_assert_eq(check(p, request(p, true)), IX_SIP_AUTH_OK); /* nc 2 */
        end(p);
    }
}

Test(auth_server, a_wrong_password_is_wrong_even_with_an_old_nonce)
{
    struct pair *p = make(false, false, "guess");
    challenge(p, false);
    cr_assert_eq(check(p, request(p, true)), IX_SIP_AUTH_WRONG);
    p->now.mono_us += 1000 * IX_S;
    cr_assert_eq(check(p, request(p, true)), IX_SIP_AUTH_WRONG);
    end(p);
}

Test(auth_server, a_replayed_request_is_stale)
{
    struct pair *p = make(false, false, "secret");
    challenge(p, false);
    cr_assert_eq(check(p, request(p, true)), IX_SIP_AUTH_OK);
    cr_assert_eq(check(p, request(p, false)), IX_SIP_AUTH_STALE);
    cr_assert_eq(check(p, request(p, true)), IX_SIP_AUTH_OK);
    end(p);
}

Test(auth_server, gaps_and_disorder_within_the_window_are_fine)
{
    struct pair *p = make(false, false, "secret");
    char held[2048];
    challenge(p, false);
    cr_assert_eq(check(p, request(p, true)), IX_SIP_AUTH_OK);
    (void) request(p, true);
    memcpy(held, p->headers, sizeof held);
    for (int i = 0; i < 70; i++) {
        cr_assert_eq(check(p, request(p, true)), IX_SIP_AUTH_OK);
        if (i != 5)
            continue;
        memcpy(p->headers, held, sizeof held);
        cr_assert_eq(check(p, request(p, false)), IX_SIP_AUTH_OK); /* late, once */
        cr_assert_eq(check(p, request(p, false)), IX_SIP_AUTH_STALE);
    }
    memcpy(p->headers, held, sizeof held);
    cr_assert_eq(check(p, request(p, false)), IX_SIP_AUTH_STALE);
    end(p);
}

Test(auth_server, the_window_has_64_places)
{
    for (int later = 63; later <= 64; later++) {
        struct pair *p = make(false, false, "secret");
        char held[2048];
        challenge(p, false);
        (void) request(p, true);
        memcpy(held, p->headers, sizeof held); /* nc 1, on its way for long */
        for (int i = 0; i < later; i++)
            cr_assert_eq(check(p, request(p, true)), IX_SIP_AUTH_OK);
        memcpy(p->headers, held, sizeof held);
        cr_assert_eq(check(p, request(p, false)), later < 64 ? IX_SIP_AUTH_OK : IX_SIP_AUTH_STALE);
        end(p);
    }
}

Test(auth_server, a_nonce_ages)
{
    struct pair *p = make(false, false, "secret");
    challenge(p, false);
    p->now.mono_us += 300 * IX_S;
    cr_assert_eq(check(p, request(p, true)), IX_SIP_AUTH_OK);
    p->now.mono_us += 1;
    cr_assert_eq(check(p, request(p, true)), IX_SIP_AUTH_STALE);
    challenge(p, true);
    cr_assert_eq(check(p, request(p, true)), IX_SIP_AUTH_OK);
    end(p);
}

Test(auth_server, a_nonce_of_somebody_else_is_stale)
{
    struct pair *p = make(false, false, "secret");
    static const char *const nonces[] = { "x", "00000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000" };
    for (size_t i = 0; i < IX_COUNT(nonces); i++) {
        const struct ix_sip_msg *m = parsed(wiref(
            "SIP/2.0 401 No\nVia: SIP/2.0/WS h;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\nTo: <sip:c@d>;tag=2\n"
            "Call-ID: x\nCSeq: 1 REGISTER\nWWW-Authenticate: Digest realm=\"pbx \\\"x\\\"\", nonce=\"%s\", qop=\"auth\"\n\n",
            nonces[i]));
        ix_sip_auth_reset(p->client);
        cr_assert_eq(ix_sip_auth_challenge(p->client, m, false), 0);
        cr_assert_eq(check(p, request(p, true)), IX_SIP_AUTH_STALE);
    }
    end(p);
}

Test(auth_server, the_memory_for_nonces_is_bounded)
{
    struct pair *p = make(false, false, "secret");
    char oldest[2048];
    challenge(p, false);
    cr_assert_eq(check(p, request(p, true)), IX_SIP_AUTH_OK);
    memcpy(oldest, p->headers, sizeof oldest);
    for (int i = 0; i < 3; i++) {
        p->now.mono_us += 1;
        ix_sip_auth_reset(p->client);
        challenge(p, false);
        cr_assert_eq(check(p, request(p, true)), IX_SIP_AUTH_OK);
    }
    /* pushed out, and so refused altogether: what it had seen is not known any more */
    memcpy(p->headers, oldest, sizeof oldest);
    cr_assert_eq(check(p, request(p, false)), IX_SIP_AUTH_STALE);
    end(p);
}

Test(auth_server, malformed_credentials_are_bad)
{
    static const char *const lines[] = { "realm=\"r\"", "realm=\"r\", username=\"u\", nonce=\"n\", uri=\"sip:pbx\"",
        "realm=\"r\", username=\"u\", nonce=\"n\", uri=\"sip:other\", response=\"0\"",
        "realm=\"r\", username=\"u\", nonce=\"n\", uri=\"sip:pbx\", response=\"0\", algorithm=SHA-256",
        "realm=\"r\", username=\"u\", nonce=\"n\", uri=\"sip:pbx\", response=\"0\", qop=auth-int, nc=00000001, cnonce=\"x\"",
        "realm=\"r\", username=\"u\", nonce=\"n\", uri=\"sip:pbx\", response=\"0\", qop=auth, nc=1, cnonce=\"x\"" };
    struct pair *p = make(false, false, "secret");
    ix_sip_auth_server_free(p->server);
    struct ix_sip_auth_server_config config = { .rng = &p->rng, .realm = "r" };
    cr_assert_eq(ix_sip_auth_server_new(&config, &p->server), 0);
    for (size_t i = 0; i < IX_COUNT(lines); i++) {
        (void) snprintf(p->headers, sizeof p->headers, "Authorization: Digest %s\n", lines[i]);
        cr_expect_eq(check(p, request(p, false)), IX_SIP_AUTH_BAD, "%s", lines[i]);
    }
    end(p);
}

Test(auth_server, every_algorithm_session_and_quality_is_understood_by_both_sides)
{
    static const char *const qops[] = { "auth", "auth-int", "auth,auth-int" };
    for (int i = 0; i < 18; i++) {
        struct pair *p = make_with(
            (struct ix_sip_auth_server_config){
                .sha256 = i % 3 == 1, .sha512_256 = i % 3 == 2, .session = i / 3 % 2 == 1, .qop = qops[i / 6] },
            "secret");
        challenge(p, false);
        for (int again = 0; again < 3; again++)
            cr_assert_eq(check(p, request(p, true)), IX_SIP_AUTH_OK, "%d, request %d: %s", i, again, p->headers);
        cr_assert_eq(check(p, request(p, false)), IX_SIP_AUTH_STALE, "replayed");
        end(p);
    }
}

Test(auth_server, a_body_that_was_changed_on_the_way_is_found_with_auth_int)
{
    struct pair *p = make_with((struct ix_sip_auth_server_config){ .sha256 = true, .qop = "auth-int" }, "secret");
    char text[4096];
    challenge(p, false);
    (void) request(p, true);
    (void) snprintf(text, sizeof text,
        "REGISTER sip:pbx SIP/2.0\nVia: SIP/2.0/WS h;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\nTo: <sip:c@d>\n"
        "Call-ID: x\nCSeq: 1 REGISTER\n%s\nbody",
        p->headers);
    cr_assert_eq(check(p, parsed(text)), IX_SIP_AUTH_WRONG);
    end(p);
}
