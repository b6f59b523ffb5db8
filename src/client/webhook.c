/* SPDX-License-Identifier: MIT */
/* One webhook delivery checked for the application. */
#include <string.h>

#include "client/private.h"
#include "webhook/webhook.h"

#define MAX_SECRETS 16

irisx_error_t irisx_webhook_verify(const irisx_webhook_check_t *check, const char *headers, const void *body,
    size_t body_len, irisx_webhook_delivery_t *delivery_out)
{
    struct ix_str secrets[MAX_SECRETS];
    struct ix_webhook_delivery d;
    struct ix_webhook_headers h;
    struct ix_webhook_check c;
    irisx_webhook_check_t o;
    int err;

    if (!check || !headers || (!body && body_len))
        return IRISX_E_INVALID;
    err = ix_options_read(&o, sizeof o, check);
    if (err || !o.secrets || !o.secrets_count || o.secrets_count > MAX_SECRETS || o.scheme > IRISX_WEBHOOK_DOCUMENTED)
        return IRISX_E_INVALID;
    for (size_t i = 0; i < o.secrets_count; i++)
        secrets[i] = ix_str(o.secrets[i]);
    c = (struct ix_webhook_check){ .scheme = (enum ix_webhook_scheme) o.scheme,
        .secrets = secrets,
        .secret_count = o.secrets_count,
        .window_s = o.window_s,
        .now_ms = o.now_ms ? o.now_ms : ix_clock_now().wall_us / 1000 };
    ix_webhook_read_headers(c.scheme, ix_str(headers), &h);
    err = ix_webhook_verify(&c, &h, body ? body : "", body_len, delivery_out ? &d : NULL, NULL);
    if (!err && delivery_out)
        *delivery_out = (irisx_webhook_delivery_t){
            .event = d.event, .event_id = d.id, .timestamp_ms = d.timestamp_ms, .body = d.body
        };
    return (irisx_error_t) err;
}

void irisx_webhook_delivery_clear(irisx_webhook_delivery_t *delivery)
{
    if (!delivery)
        return;
    ix_free(delivery->event);
    ix_free(delivery->event_id);
    irisx_value_free(delivery->body);
    memset(delivery, 0, sizeof *delivery);
}

irisx_error_t irisx_webhook_sign(irisx_webhook_scheme_t scheme, const char *secret, const char *event,
    const char *event_id, int64_t timestamp_ms, const void *body, size_t body_len, char **headers_out)
{
    struct ix_buf headers;
    int err;

    if (!secret || !*secret || !event || !event_id || (!body && body_len) || !headers_out ||
        scheme > IRISX_WEBHOOK_DOCUMENTED)
        return IRISX_E_INVALID;
    ix_buf_init(&headers, 4096);
    err = ix_webhook_sign((enum ix_webhook_scheme) scheme, ix_str(secret), event, event_id,
        timestamp_ms ? timestamp_ms : ix_clock_now().wall_us / 1000, body ? body : "", body_len, &headers);
    if (err) {
        ix_buf_clear(&headers);
        return (irisx_error_t) err;
    }
    *headers_out = ix_buf_take(&headers);
    return *headers_out ? IRISX_OK : IRISX_E_NO_MEMORY;
}
