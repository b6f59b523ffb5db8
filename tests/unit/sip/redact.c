/* SPDX-License-Identifier: MIT */
/* No secret of a message reaches a log: written as what must not be found in the output. */
#include "tests/unit/sip/rig.h"

static char *redacted(const char *text)
{
    static char out[8192];
    struct ix_buf b;
    ix_buf_init(&b, sizeof out - 1);
    ix_sip_redact(&b, text, strlen(text));
    cr_assert_eq(b.err, 0);
    memcpy(out, b.p ? (const char *) b.p : "", b.n);
    out[b.n] = '\0';
    ix_buf_clear(&b);
    return out;
}

Test(redact, credentials_lose_what_is_secret_and_keep_what_helps)
{
    const char *out = redacted(
        wire("REGISTER sip:r SIP/2.0\nAuthorization: Digest username=\"1000\", realm=\"pbx\", nonce=\"SECRET1\",\n"
             " uri=\"sip:r\", response=\"SECRET2\", algorithm=MD5, cnonce=\"SECRET3\", qop=auth, nc=00000001,\n"
             "\topaque=\"SECRET4\", future=\"SECRET5\"\nContact: <sip:a@b>\n\n"));
    cr_assert_null(strstr(out, "SECRET"), "%s", out);
    cr_assert_str_eq(out,
        wire(
            "REGISTER sip:r SIP/2.0\nAuthorization: Digest username=\"1000\", realm=\"pbx\", nonce=***, uri=\"sip:r\", "
            "response=***, algorithm=MD5, cnonce=***, qop=auth, nc=00000001, opaque=***, future=***\n"
            "Contact: <sip:a@b>\n\n"));
}

Test(redact, every_way_to_write_credentials)
{
    static const char *const lines[] = { "Proxy-Authorization: Digest response=SECRET",
        "AUTHORIZATION : Digest response=\"SECRET", "authorization:Digest response = \"SECRET\"",
        "Authorization: Basic SECRET", "Authorization: Bearer SECRET", "WWW-Authenticate: Digest nonce=\"SECRET\"",
        "Proxy-Authenticate: Digest nonce=\"SEC\\\"SECRET\"", "Authentication-Info: nextnonce=\"SECRET\"",
        "Authorization: Digest", "Authorization: Digest SECRET", "Authorization: Digest realm=\"x\" SECRET",
        "Authorization: Digest realm=\"x\", SECRET, response=SECRET", "Authorization: SECRET=1 SECRET",
        "Authorization: Digest realm=\"x\\\", response=SECRET", "Authorization: Digest =SECRET" };
    for (size_t i = 0; i < IX_COUNT(lines); i++) {
        const char *out = redacted(wiref("X: y\n%s\nZ: z\n", lines[i]));
        const char *secret = strstr(out, "SECRET");
        bool scheme_only = !strncmp(lines[i], "Authorization: SECRET", 21); /* no scheme is a secret */
        cr_expect(scheme_only || !secret, "%s -> %s", lines[i], out);
        cr_expect_not_null(strstr(out, "\r\nZ: z\r\n"));
    }
}

Test(redact, sdp_keys_go_and_fingerprints_stay)
{
    const char *out = redacted(
        wire("v=0\na=ice-ufrag:A7c3\na=ice-pwd:SECRET\na=fingerprint:sha-256 33:0E\n"
             "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:SECRET\nk=base64:SECRET\na=crypto:SECRET\na=setup:active"));
    cr_assert_null(strstr(out, "SECRET"), "%s", out);
    cr_assert_not_null(strstr(out, "a=fingerprint:sha-256 33:0E"));
    cr_assert_not_null(strstr(out, "a=ice-ufrag:A7c3"));
    cr_assert_not_null(strstr(out, "a=ice-pwd:***\r\n"));
    cr_assert_not_null(strstr(out, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 ***\r\n"));
    cr_assert(strlen(out) > 14 && !strcmp(out + strlen(out) - 14, "a=setup:active"));
}

Test(redact, what_holds_no_secret_is_unchanged)
{
    const char *text = wire("SIP/2.0 200 OK\nVia: SIP/2.0/WS h;branch=z9hG4bK1\nX: folded\n value\n\nbody\n\n");
    cr_assert_str_eq(redacted(text), text);
    cr_assert_str_eq(redacted(""), "");
}
