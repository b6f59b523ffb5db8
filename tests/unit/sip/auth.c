/* SPDX-License-Identifier: MIT */
/* Digest, client side, with the vectors of RFC 2617 section 3.5 and RFC 7616 section 3.9.1. */
#include "sip/digest.h"
#include "tests/unit/sip/rig.h"

static void expect_response(struct ix_sip_digest d, const char *expected)
{
    char out[IX_SIP_HEX];
    cr_assert_eq(ix_sip_digest_response(&d, out), 0);
    cr_assert_str_eq(out, expected);
}

Test(digest, rfc_2617_section_3_5)
{
    struct ix_sip_digest d = { .kind = IX_MD5,
        .user = IX_STR("Mufasa"),
        .realm = IX_STR("testrealm@host.com"),
        .password = IX_STR("Circle Of Life"),
        .nonce = IX_STR("dcd98b7102dd2f0e8b11d0f600bfb0c093"),
        .cnonce = IX_STR("0a4f113b"),
        .nc = IX_STR("00000001"),
        .qop = IX_STR("auth"),
        .method = IX_STR("GET"),
        .uri = IX_STR("/dir/index.html") };
    expect_response(d, "6629fae49393a05397450978507c4ef1");
    d.qop = IX_STR_NONE; /* RFC 2069 section 2.4 as corrected: the same without qop */
    expect_response(d, "670fd8c2df070c60b045671b8b24ff02");
}

Test(digest, rfc_7616_section_3_9_1)
{
    struct ix_sip_digest d = { .kind = IX_MD5,
        .user = IX_STR("Mufasa"),
        .realm = IX_STR("http-auth@example.org"),
        .password = IX_STR("Circle of Life"),
        .nonce = IX_STR("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"),
        .cnonce = IX_STR("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
        .nc = IX_STR("00000001"),
        .qop = IX_STR("auth"),
        .method = IX_STR("GET"),
        .uri = IX_STR("/dir/index.html") };
    expect_response(d, "8ca523f5e9506fed4657c9700eebdbec");
    d.kind = IX_SHA256;
    expect_response(d, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
    /* what follows was computed with OpenSSL from the same values */
    d.kind = IX_SHA512_256;
    expect_response(d, "430d05014cecc49cab6fbe03176d41a1da86cbfe24a16580e22aaad928d960d0");
    d.qop = IX_STR("auth-int");
    d.body = IX_STR("body");
    expect_response(d, "f4a77dcffe7f8d5d98ca279329559e1e5457b701639d422e8c29293d79fcfeb8");
    d.kind = IX_MD5;
    expect_response(d, "9aaa3cbaec2406853a7cb784c6813d11");
    d.qop = IX_STR("auth");
    d.session = true;
    expect_response(d, "e783283f46242139c486a698fec7211d");
    d.kind = IX_SHA256;
    expect_response(d, "2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7");
    d.kind = IX_SHA512_256;
    expect_response(d, "3f2a34f923c38b0fb26dce2fdfc2ce326c23cecf86fbb1444f3e51fbbc2cb92e");
}

static struct ix_sip_auth *make(struct ix_prng *prng, struct ix_rng *rng)
{
    struct ix_sip_auth *a;
    ix_prng_seed(prng, 3);
    *rng = ix_prng_rng(prng);
    cr_assert_eq(ix_sip_auth_new(rng, IX_STR("10\"00"), IX_STR("secret"), &a), 0);
    return a;
}

static const struct ix_sip_msg *challenge(const char *status, const char *method, const char *lines)
{
    return parsed(wiref(
        "SIP/2.0 %s\nVia: SIP/2.0/WS h;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=1\nTo: <sip:c@d>;tag=2\nCall-ID: x\nCSeq: 1 %s\n%s\n",
        status, method, lines));
}

static const char *credentials(struct ix_sip_auth *a, const char *method)
{
    static char text[4096];
    struct ix_buf b;
    ix_buf_init(&b, sizeof text - 1);
    ix_sip_auth_write(a, &b, ix_str(method), IX_STR("sip:pbx"), IX_STR("body"));
    cr_assert_eq(b.err, 0);
    memcpy(text, b.p ? (const char *) b.p : "", b.n);
    text[b.n] = '\0';
    ix_buf_clear(&b);
    return text;
}

static bool has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

#define FS "WWW-Authenticate: Digest realm=\"127.0.0.1\", nonce=\"n%d\", algorithm=MD5, qop=\"auth\"\n"

Test(auth, a_challenge_is_answered_and_the_nonce_reused_with_growing_nc)
{
    struct ix_prng prng;
    struct ix_rng rng;
    struct ix_sip_auth *a = make(&prng, &rng);
    cr_assert(!ix_sip_auth_known(a));
    cr_assert_str_eq(credentials(a, "REGISTER"), "");
    cr_assert_eq(ix_sip_auth_challenge(a,
                     challenge("401 No", "REGISTER",
                         "WWW-Authenticate: Digest realm=\"127.0.0.1\", nonce=\"n1\", "
                         "algorithm=MD5, qop=\"auth\"\n"),
                     false),
        0);
    const char *text = credentials(a, "REGISTER");
    cr_assert(ix_str_starts(ix_str(text),
        IX_STR("Authorization: Digest username=\"10\\\"00\", realm=\"127.0.0.1\", nonce=\"n1\", uri=\"sip:pbx\"")));
    cr_assert(has(text, "qop=auth, nc=00000001"));
    cr_assert(has(text, "algorithm=MD5"));
    cr_assert(!has(text, "opaque"));
    cr_assert(has(credentials(a, "REGISTER"), "nc=00000002"));
    cr_assert_str_eq(credentials(a, "BYE"), ""); /* nobody asked for it */
    ix_sip_auth_reset(a);
    cr_assert_str_eq(credentials(a, "REGISTER"), "");
    ix_sip_auth_free(a);
}

Test(auth, the_strongest_challenge_of_each_realm_is_taken)
{
    struct ix_prng prng;
    struct ix_rng rng;
    struct ix_sip_auth *a = make(&prng, &rng);
    cr_assert_eq(
        ix_sip_auth_challenge(a,
            challenge("407 No", "INVITE",
                "Proxy-Authenticate: Digest realm=\"a\", nonce=\"1\", algorithm=AKAv1-MD5, qop=\"auth\"\n"
                "Proxy-Authenticate: Basic realm=\"a\"\n"
                "Proxy-Authenticate: Digest realm=\"a\", nonce=\"2\", algorithm=MD5, qop=\"auth\"\n"
                "Proxy-Authenticate: Digest realm=\"b\", nonce=\"3\", opaque=\"\"\n"
                "Proxy-Authenticate: Digest realm=\"a\", nonce=\"4\", algorithm=SHA-256, qop=\"auth-int,auth\", opaque=\"o\\\"p\"\n"),
            false),
        0);
    const char *text = credentials(a, "INVITE");
    cr_assert(has(text, "realm=\"a\", nonce=\"4\""));
    cr_assert(has(text, "algorithm=SHA-256"));
    cr_assert(has(text, "opaque=\"o\\\"p\""));
    cr_assert(has(text, "realm=\"b\", nonce=\"3\""));
    cr_assert(has(text, "opaque=\"\""));
    cr_assert(!has(text, "nonce=\"2\""));
    const char *plain = strstr(text, "realm=\"b\"");
    cr_assert(!has(plain, "qop") && !has(plain, "nc=") && !has(plain, "algorithm"));
    ix_sip_auth_free(a);
}

Test(auth, what_we_cannot_do_is_unsupported)
{
    struct ix_prng prng;
    struct ix_rng rng;
    struct ix_sip_auth *a = make(&prng, &rng);
    static const char *const lines[] = { "", "WWW-Authenticate: Basic realm=\"x\"\n",
        "WWW-Authenticate: Digest realm=\"x\"\n", "WWW-Authenticate: Digest nonce=\"x\"\n",
        "WWW-Authenticate: Digest realm=\"x\", nonce=\"y\", qop=\"auth-conf\"\n",
        "WWW-Authenticate: Digest realm=\"x\", nonce=\"y\", algorithm=AKAv1-MD5\n",
        "WWW-Authenticate: Digest realm=\"x, nonce=y\n",
        "Proxy-Authenticate: Digest realm=\"x\", nonce=\"y\"\n" /* in a 401 */ };
    for (size_t i = 0; i < IX_COUNT(lines); i++)
        cr_expect_eq(ix_sip_auth_challenge(a, challenge("401 No", "INVITE", lines[i]), false), IRISX_E_UNSUPPORTED,
            "%s", lines[i]);
    cr_assert(!ix_sip_auth_known(a));
    ix_sip_auth_free(a);
}

Test(auth, refused_stale_and_aged_are_told_apart)
{
    struct ix_prng prng;
    struct ix_rng rng;
    struct ix_sip_auth *a = make(&prng, &rng);
    const char *first = "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", qop=\"auth\"\n";
    const char *stale = "WWW-Authenticate: Digest realm=\"r\", nonce=\"2\", qop=\"auth\", stale=TRUE\n";
    const char *second = "WWW-Authenticate: Digest realm=\"r\", nonce=\"3\", qop=\"auth\"\n";
    cr_assert_eq(ix_sip_auth_challenge(a, challenge("401 No", "REGISTER", first), false), 0);
    (void) credentials(a, "REGISTER");
    cr_assert_eq(ix_sip_auth_challenge(a, challenge("401 No", "REGISTER", second), true), IRISX_E_AUTH);
    cr_assert_eq(ix_sip_auth_challenge(a, challenge("401 No", "REGISTER", stale), true), 0);
    cr_assert(has(credentials(a, "REGISTER"), "nonce=\"2\""));
    (void) credentials(a, "REGISTER"); /* nc 2: a refresh */
    cr_assert_eq(ix_sip_auth_challenge(a, challenge("401 No", "REGISTER", second), true), 0);
    cr_assert(has(credentials(a, "REGISTER"), "nc=00000001"));
    ix_sip_auth_free(a);
}

Test(auth, a_fifth_realm_pushes_out_the_oldest)
{
    struct ix_prng prng;
    struct ix_rng rng;
    struct ix_sip_auth *a = make(&prng, &rng);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(
            ix_sip_auth_challenge(a,
                challenge("401 No", "INVITE", wiref("WWW-Authenticate: Digest realm=\"%d\", nonce=\"n\"\n", i)), false),
            0);
    const char *text = credentials(a, "INVITE");
    cr_assert(!has(text, "realm=\"0\""));
    for (int i = 1; i < 5; i++) {
        char realm[16];
        (void) snprintf(realm, sizeof realm, "realm=\"%d\"", i);
        cr_assert(has(text, realm));
    }
    ix_sip_auth_free(a);
}

static struct ix_sip_auth *challenged(struct ix_prng *prng, struct ix_rng *rng, const char *parameters)
{
    struct ix_sip_auth *a = make(prng, rng);
    cr_assert_eq(
        ix_sip_auth_challenge(a,
            challenge("401 No", "INVITE", wiref("WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", %s\n", parameters)),
            false),
        0);
    return a;
}

static const char *cnonce_of(const char *text)
{
    static char value[2][32];
    static int turn;
    const char *at = strstr(text, "cnonce=\"");
    cr_assert_not_null(at);
    turn ^= 1;
    (void) snprintf(value[turn], sizeof value[turn], "%.16s", at + 8);
    return value[turn];
}

Test(auth, requests_of_a_session_share_its_cnonce_and_others_do_not)
{
    static const char *const names[] = { "MD5", "SHA-256", "SHA-512-256" };
    for (size_t i = 0; i < IX_COUNT(names); i++) {
        for (int session = 0; session < 2; session++) {
            struct ix_prng prng;
            struct ix_rng rng;
            char parameters[64], first[32];
            (void) snprintf(
                parameters, sizeof parameters, "algorithm=%s%s, qop=auth", names[i], session ? "-sess" : "");
            struct ix_sip_auth *a = challenged(&prng, &rng, parameters);
            (void) snprintf(first, sizeof first, "%s", cnonce_of(credentials(a, "INVITE")));
            const char *text = credentials(a, "INVITE");
            cr_assert(has(text, "nc=00000002"));
            cr_assert_eq(!strcmp(first, cnonce_of(text)), session, "%s", parameters);
            ix_sip_auth_free(a);
        }
    }
}

Test(auth, integrity_is_used_only_where_nothing_else_is_offered)
{
    struct ix_prng prng;
    struct ix_rng rng;
    struct ix_sip_auth *a = challenged(&prng, &rng, "qop=\"auth-int,auth\"");
    cr_assert(has(credentials(a, "INVITE"), "qop=auth,"));
    ix_sip_auth_free(a);
    a = challenged(&prng, &rng, "qop=\"auth-int\"");
    cr_assert(has(credentials(a, "INVITE"), "qop=auth-int,"));
    ix_sip_auth_free(a);
}

Test(auth, the_longest_digest_is_the_strongest)
{
    struct ix_prng prng;
    struct ix_rng rng;
    struct ix_sip_auth *a = make(&prng, &rng);
    cr_assert_eq(ix_sip_auth_challenge(a,
                     challenge("401 No", "INVITE",
                         "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", algorithm=SHA-256, qop=auth\n"
                         "WWW-Authenticate: Digest realm=\"r\", nonce=\"2\", algorithm=SHA-512-256, qop=auth\n"
                         "WWW-Authenticate: Digest realm=\"r\", nonce=\"3\", algorithm=MD5, qop=auth\n"),
                     false),
        0);
    cr_assert(has(credentials(a, "INVITE"), "nonce=\"2\""));
    ix_sip_auth_free(a);
}
