/* SPDX-License-Identifier: MIT */
/* Fuzz target: a delivery. First byte: scheme; header lines up to an empty line; then the body, also as if well signed.
 */
#include "webhook/webhook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct ix_str secrets[] = { { "first", 5 }, { "second", 6 } };

static void check(enum ix_webhook_scheme scheme, struct ix_str lines, const void *body, size_t n, bool genuine)
{
    struct ix_webhook_check c = { .scheme = scheme, .secrets = secrets, .secret_count = 2, .now_ms = 1795166926742 };
    struct ix_webhook_delivery d = { 0 };
    struct ix_webhook_headers h;
    const char *why = NULL;
    int err;

    ix_webhook_read_headers(scheme, lines, &h);
    err = ix_webhook_verify(&c, &h, body, n, &d, &why);
    IX_ASSERT(why != NULL && (err == 0) == (d.body != NULL));
    IX_ASSERT(err != 0 || (d.event[0] != '\0' && d.id[0] != '\0'));
    IX_ASSERT(!genuine || err != IRISX_E_SIGNATURE);
    ix_webhook_delivery_clear(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ix_reader r = ix_reader(data, size);
    enum ix_webhook_scheme scheme = (enum ix_webhook_scheme)(ix_read_u8(&r) % 3);
    const uint8_t *lines = r.p;
    struct ix_str line;
    struct ix_buf b;

    while (ix_read_line(&r, &line) && line.n > 0) {
    }
    check(scheme, ix_str_n(lines, (size_t) (r.p - lines)), r.p, r.n, false);
    ix_buf_init(&b, 4096);
    if (ix_webhook_sign(scheme, secrets[1], "e", "1", 1795166926742, r.p, r.n, &b) == 0)
        check(scheme, ix_str_n(b.p, b.n), r.p, r.n, true);
    ix_buf_clear(&b);
    return 0;
}
