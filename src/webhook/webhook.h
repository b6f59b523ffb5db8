/* SPDX-License-Identifier: MIT */
/*
 * webhook: the platform's three ways of signing a delivery (contract WIRE.md section 10.1), checked and made. Pure.
 *
 *   A  X-IRISX-Signature: sha256=<hex>    over "<X-IRISX-Timestamp>.<raw body>"   unix seconds
 *   B  X-Webhook-Signature: sha256=<hex>  over "<raw body>"                       the window is taken from the body
 *   C  X-Tazzi-Signature: <hex>           over "<X-Tazzi-Timestamp>.<raw body>"   or X-IRISX-Timestamp
 */
#ifndef IX_WEBHOOK_H
#define IX_WEBHOOK_H

#include "core/core.h"
#include <irisx/value.h>

enum ix_webhook_scheme { IX_WEBHOOK_A = 0, IX_WEBHOOK_B = 1, IX_WEBHOOK_C = 2 };
#define IX_WEBHOOK_WINDOW_S 300
#define IX_WEBHOOK_EVENT_MAX 127 /* bytes of an event name that comes from a header */

struct ix_webhook_headers { /* those of one scheme; n = 0: absent */
    struct ix_str signature, timestamp, event, id;
};
/* names in the order signature, timestamp, event, id; NULL where the scheme has none. alternative: of the timestamp */
struct ix_webhook_names {
    const char *signature, *timestamp, *alternative, *event, *id;
};
const struct ix_webhook_names *ix_webhook_names(enum ix_webhook_scheme scheme);
/* from lines "Name: value"; the first of each name counts */
void ix_webhook_read_headers(enum ix_webhook_scheme scheme, struct ix_str lines, struct ix_webhook_headers *out);

struct ix_webhook_check {
    enum ix_webhook_scheme scheme;
    const struct ix_str *secrets; /* the text's bytes are the key; all are tried, whichever matches */
    size_t secret_count;
    uint32_t window_s; /* 0 = IX_WEBHOOK_WINDOW_S; to both sides */
    int64_t now_ms; /* Unix time */
};
struct ix_webhook_delivery { /* owned: ix_webhook_delivery_clear */
    char *event; /* of the signed body; of the header only where the body has none */
    char *id; /* of the signed body; where it has none, "sha256:" and the body's digest */
    int64_t timestamp_ms;
    irisx_value_t *body;
};
/*
 * 0; IRISX_E_SIGNATURE (missing or none matches), IRISX_E_EXPIRED (outside the window), IRISX_E_PROTOCOL (body is not a
 * JSON object, or has no event or time), IRISX_E_NO_MEMORY. *why: one sentence, static. The signature is checked
 * before anything of the body is looked at.
 */
int ix_webhook_verify(const struct ix_webhook_check *check, const struct ix_webhook_headers *headers, const void *body,
    size_t n, struct ix_webhook_delivery *out, const char **why);
void ix_webhook_delivery_clear(struct ix_webhook_delivery *d);

/* Sender's side: header lines ("Name: value\r\n") of one attempt. IRISX_E_INVALID: time, or event and id not one line.
 */
int ix_webhook_sign(enum ix_webhook_scheme scheme, struct ix_str secret, const char *event, const char *id,
    int64_t now_ms, const void *body, size_t n, struct ix_buf *headers);

#endif
