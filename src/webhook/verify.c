/* SPDX-License-Identifier: MIT */
/* Signatures of webhook deliveries: made, and checked in constant time over the raw body. Contract WIRE.md section 10.
 */
#include "webhook/webhook.h"

static const struct ix_webhook_names names[] = {
    { "X-IRISX-Signature", "X-IRISX-Timestamp", NULL, "X-IRISX-Event", "X-IRISX-Event-ID" },
    { "X-Webhook-Signature", "X-Webhook-Timestamp", NULL, "X-Webhook-Event",
        NULL }, /* X-Webhook-ID is the endpoint's */
    { "X-Tazzi-Signature", "X-Tazzi-Timestamp", "X-IRISX-Timestamp", NULL, NULL },
};

const struct ix_webhook_names *ix_webhook_names(enum ix_webhook_scheme scheme)
{
    return &names[(size_t) scheme < IX_COUNT(names) ? scheme : IX_WEBHOOK_A];
}

static struct ix_str find(struct ix_str lines, const char *name)
{
    struct ix_reader r = ix_reader(lines.p, lines.n);
    struct ix_str line, head;

    while (name && ix_read_line(&r, &line))
        if (ix_str_cut(&line, ':', &head) && ix_str_ieq(ix_str_trim(head), ix_str(name)))
            return ix_str_trim(line);
    return IX_STR_NONE;
}

void ix_webhook_read_headers(enum ix_webhook_scheme scheme, struct ix_str lines, struct ix_webhook_headers *out)
{
    const struct ix_webhook_names *n = ix_webhook_names(scheme);

    out->signature = find(lines, n->signature);
    out->timestamp = find(lines, n->timestamp);
    if (!out->timestamp.n)
        out->timestamp = find(lines, n->alternative);
    out->event = find(lines, n->event);
    out->id = find(lines, n->id);
}

/* ---- signatures -------------------------------------------------------------------------- */
static int digest(enum ix_webhook_scheme scheme, struct ix_str secret, struct ix_str timestamp, const void *body,
    size_t n, uint8_t out[32])
{
    struct ix_bytes parts[3] = { { timestamp.p, timestamp.n }, { ".", 1 }, { body, n } };
    struct ix_bytes key = { secret.p, secret.n };

    if (scheme == IX_WEBHOOK_B)
        return ix_hmac(IX_SHA256, key, &parts[2], 1, out);
    return ix_hmac(IX_SHA256, key, parts, 3, out);
}

static int check_signature(
    const struct ix_webhook_check *check, const struct ix_webhook_headers *h, const void *body, size_t n)
{
    struct ix_str hex = h->signature;
    uint8_t given[32], made[32];
    bool match = false;
    int err = 0;

    if (ix_str_istarts(hex, IX_STR("sha256=")))
        hex = ix_str_slice(hex, 7, hex.n);
    if (ix_hex_decode(hex, given, sizeof given))
        return IRISX_E_SIGNATURE;
    for (size_t i = 0; !err && i < check->secret_count; i++) { /* all of them: which one matched stays untold by time */
        err = digest(check->scheme, check->secrets[i], h->timestamp, body, n, made);
        match |= !err && ix_equal_ct(given, made, sizeof made) && check->secrets[i].n;
    }
    ix_wipe(made, sizeof made); /* the signature that would have been right */
    return err ? err : match ? 0 : IRISX_E_SIGNATURE;
}

/* ---- time -------------------------------------------------------------------------------- */
/* unix seconds, or ISO 8601 */
static int read_time(struct ix_str text, int64_t *ms)
{
    uint64_t seconds;
    int64_t us;

    if (!ix_str_u64(text, UINT64_C(99999999999), &seconds)) {
        *ms = (int64_t) seconds * 1000;
        return 0;
    }
    if (ix_time_parse_iso8601(text, &us))
        return IRISX_E_PROTOCOL;
    *ms = us / 1000;
    return 0;
}

static int check_window(const struct ix_webhook_check *check, int64_t ms)
{
    int64_t window = (int64_t) (check->window_s ? check->window_s : IX_WEBHOOK_WINDOW_S) * 1000;

    /* ms is a date of years 0 to 9999, now_ms anything: this way round nothing overflows */
    return check->now_ms > ms + window || check->now_ms < ms - window ? IRISX_E_EXPIRED : 0;
}

/* ---- the delivery ------------------------------------------------------------------------ */
void ix_webhook_delivery_clear(struct ix_webhook_delivery *d)
{
    ix_free(d->event);
    ix_free(d->id);
    irisx_value_free(d->body);
    *d = (struct ix_webhook_delivery){ 0 };
}

/* Header text that is shown as an event's name when the signed body has none: nothing but printable ASCII */
static bool presentable(struct ix_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '!' || s.p[i] > '~')
            return false;
    return s.n > 0 && s.n <= IX_WEBHOOK_EVENT_MAX;
}

static int read_event(const irisx_value_t *body, struct ix_str header, char **out)
{
    struct ix_str name = ix_str(irisx_value_get_text(body, "event", NULL));

    if (!name.n && presentable(header))
        name = header;
    if (!name.n)
        return IRISX_E_PROTOCOL;
    *out = ix_str_dup(name);
    return *out ? 0 : IRISX_E_NO_MEMORY;
}

/*
 * The id is what replays are known by, so it comes from what is signed: with the id of the unsigned header, whoever
 * saw one delivery could have it delivered again under any other id. All attempts of one delivery have the same body.
 */
static int read_id(const irisx_value_t *value, const void *body, size_t n, char **out)
{
    struct ix_str id = ix_str(irisx_value_get_text(value, "event_id", NULL));
    struct ix_bytes all = { body, n };
    uint8_t hash[32];
    struct ix_buf b;
    int err = 0;

    if (id.n) {
        *out = ix_str_dup(id);
        return *out ? 0 : IRISX_E_NO_MEMORY;
    }
    err = ix_digest(IX_SHA256, &all, 1, hash);
    ix_buf_init(&b, 128);
    ix_buf_str(&b, "sha256:");
    ix_buf_hex(&b, hash, sizeof hash);
    *out = err ? NULL : ix_buf_take(&b);
    ix_buf_clear(&b);
    return *out ? 0 : err ? err : IRISX_E_NO_MEMORY;
}

static int read_delivery(const struct ix_webhook_check *check, const struct ix_webhook_headers *h, const void *body,
    size_t n, struct ix_webhook_delivery *d, const char **why)
{
    struct ix_str time = h->timestamp;
    int err = irisx_value_parse(body, n, &d->body, NULL);

    if (err == IRISX_E_NO_MEMORY)
        return err;
    *why = "the body is not a JSON object";
    if (err || irisx_value_type(d->body) != IRISX_VALUE_OBJECT)
        return IRISX_E_PROTOCOL;
    *why = "the delivery has no event name";
    err = read_event(d->body, h->event, &d->event);
    if (!err)
        err = read_id(d->body, body, n, &d->id);
    if (err)
        return err;
    if (check->scheme == IX_WEBHOOK_B) /* its timestamp header is not signed: the body's is what counts */
        time = ix_str(irisx_value_get_text(d->body, "timestamp", ""));
    *why = "the delivery has no time that can be read";
    err = read_time(time, &d->timestamp_ms);
    if (err)
        return err;
    *why = "the delivery is too old or from the future: is this machine's clock right?";
    return check_window(check, d->timestamp_ms);
}

int ix_webhook_verify(const struct ix_webhook_check *check, const struct ix_webhook_headers *headers, const void *body,
    size_t n, struct ix_webhook_delivery *out, const char **why)
{
    struct ix_webhook_delivery d = { 0 };
    const char *unused = NULL;
    int err;

    why = why ? why : &unused;
    *why = "the delivery is not signed: is the scheme right?";
    if (!headers->signature.n || (check->scheme != IX_WEBHOOK_B && !headers->timestamp.n))
        return IRISX_E_SIGNATURE;
    *why = "the signature does not match: is the secret right, and did a proxy change the body?";
    err = check_signature(check, headers, body, n);
    if (!err)
        err = read_delivery(check, headers, body, n, &d, why);
    if (err || !out)
        ix_webhook_delivery_clear(&d);
    if (err)
        return err;
    if (out)
        *out = d;
    return 0;
}

/* ---- the sender's side ------------------------------------------------------------------- */
#define LAST_MS INT64_C(253402300799999) /* year 9999 */

static bool one_line(const char *text)
{
    struct ix_str s = ix_str(text);

    return s.n && ix_str_find(s, '\r') == SIZE_MAX && ix_str_find(s, '\n') == SIZE_MAX;
}

int ix_webhook_sign(enum ix_webhook_scheme scheme, struct ix_str secret, const char *event, const char *id,
    int64_t now_ms, const void *body, size_t n, struct ix_buf *headers)
{
    const struct ix_webhook_names *name = ix_webhook_names(scheme);
    char time[32], iso[25];
    struct ix_buf t;
    uint8_t mac[32];
    int err;

    if (now_ms < 0 || now_ms > LAST_MS || !secret.n || !one_line(event) || !one_line(id))
        return IRISX_E_INVALID;
    ix_time_iso8601(now_ms * 1000, iso);
    ix_buf_init_fixed(&t, time, sizeof time);
    if (scheme == IX_WEBHOOK_B)
        ix_buf_str(&t, iso);
    else
        ix_buf_dec(&t, (uint64_t) (now_ms / 1000));
    err = digest(scheme, secret, ix_str_n(t.p, t.n), body, n, mac);
    if (err)
        return err;
    ix_buf_fmt(headers, "%s: %s", name->signature, scheme == IX_WEBHOOK_C ? "" : "sha256=");
    ix_buf_hex(headers, mac, sizeof mac);
    ix_buf_fmt(headers, "\r\n%s: %.*s\r\n", name->timestamp, (int) t.n, (const char *) t.p);
    if (name->event)
        ix_buf_fmt(headers, "%s: %s\r\n", name->event, event);
    if (name->id)
        ix_buf_fmt(headers, "%s: %s\r\n", name->id, id);
    return headers->err;
}
