/* SPDX-License-Identifier: MIT */
#include "tests/unit/sdp/rig.h"

static struct ix_sdp storage[3];
static char texts[3][70000];

static int parse(const char *text, int slot, const char **why)
{
    size_t n = 0;
    for (; *text; text++) {
        if (*text == '\n' && (n == 0 || texts[slot][n - 1] != '\r'))
            texts[slot][n++] = '\r';
        texts[slot][n++] = *text;
        cr_assert_lt(n + 2, sizeof texts[slot]);
    }
    return ix_sdp_parse(&storage[slot], texts[slot], n, why);
}

const struct ix_sdp *sdp_of(const char *text, int slot)
{
    const char *why = NULL;
    cr_assert_eq(parse(text, slot, &why), 0, "%s", why ? why : "?");
    return &storage[slot];
}

int sdp_parse(const char *text, const char **why)
{
    return parse(text, 2, why);
}

bool same(struct ix_str a, const char *b)
{
    return ix_str_eq(a, ix_str(b));
}

struct ix_sdp_local sdp_local(void)
{
    static uint8_t fingerprint[32];
    static struct ix_sdp_candidate candidates[2];
    struct ix_sdp_local local = { .session_id = 42,
        .version = 1,
        .ufrag = "ufrg",
        .pwd = "pwdpwdpwdpwdpwdpwdpwdpwd",
        .fingerprint_sha256 = fingerprint,
        .ssrc = 7,
        .cname = "name",
        .candidates = candidates,
        .candidate_count = 2 };
    for (size_t i = 0; i < 32; i++)
        fingerprint[i] = (uint8_t) i;
    (void) ix_addr_parse(&local.default_addr, IX_STR("192.0.2.50"), 40000);
    candidates[0] = (struct ix_sdp_candidate){ .foundation = IX_STR("1"),
        .component = 1,
        .udp = true,
        .priority = 2130706431,
        .addr = local.default_addr,
        .type = IX_STR("host") };
    candidates[1] = (struct ix_sdp_candidate){ .foundation = IX_STR("2"),
        .component = 1,
        .udp = true,
        .priority = 1694498815,
        .type = IX_STR("srflx"),
        .related = local.default_addr };
    (void) ix_addr_parse(&candidates[1].addr, IX_STR("2001:db8::1"), 50000);
    return local;
}

const char *sdp_text(struct ix_buf *b)
{
    static char text[16384];
    cr_assert_eq(b->err, 0);
    cr_assert_lt(b->n, sizeof text);
    memcpy(text, b->p, b->n);
    text[b->n] = '\0';
    ix_buf_clear(b);
    return text;
}

const char *sdp_answered(const char *offer, struct ix_sdp_local *local, struct ix_sdp_agreed *agreed)
{
    const struct ix_sdp *sdp = sdp_of(offer, 0);
    const char *why = NULL;
    struct ix_buf b;
    cr_assert_eq(ix_sdp_accept(sdp, local, agreed, &why), 0, "%s", why ? why : "?");
    ix_buf_init(&b, 16384);
    cr_assert_eq(ix_sdp_write_answer(sdp, agreed, local, &b), 0);
    return sdp_text(&b);
}
