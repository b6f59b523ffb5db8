/* SPDX-License-Identifier: MIT */
/* The demo's webhooks: a receiver, the platform's deliveries, and three that must do no harm. */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/demo.h"

#define DELIVERIES_MS 20000
#define DAY_MS 86400000

static const char *const wanted[] = { "call.initiated", "call.ringing", "call.answered", "call.completed", "sms.sent",
    "sms.delivered" };
#define WANTED (sizeof wanted / sizeof *wanted)

static void on_webhook(struct demo *d, const irisx_event_t *ev)
{
    const char *name = irisx_event_text(ev);

    d->verified++;
    for (size_t i = 0; i < WANTED; i++)
        if (strcmp(name, wanted[i]) == 0)
            d->seen |= 1u << i;
    d->completed += strcmp(name, "call.completed") == 0;
    if (!d->sample)
        d->sample = irisx_value_dup(irisx_event_value(ev));
    cli_say(&d->common, "      webhook %s: signature good", name);
}

static void on_rejected(struct demo *d, const irisx_event_t *ev)
{
    const irisx_error_info_t *e = irisx_event_error(ev);

    d->rejected++;
    d->tampered += e->code == IRISX_E_SIGNATURE;
    d->expired += e->code == IRISX_E_EXPIRED;
    d->repeated += e->code == IRISX_E_DUPLICATE;
    cli_say(&d->common, "      webhook refused: %s", e->message);
}

void demo_event(void *ctx, const irisx_event_t *ev)
{
    struct demo *d = ctx;

    switch (irisx_event_kind(ev)) {
    case IRISX_EVENT_WEBHOOK:
        on_webhook(d, ev);
        break;
    case IRISX_EVENT_WEBHOOK_REJECTED:
        on_rejected(d, ev);
        break;
    case IRISX_EVENT_CALL_STATE:
        cli_say(&d->common, "      %s", irisx_event_describe(ev));
        if (irisx_event_call(ev) == d->call && irisx_event_state(ev) == IRISX_CALL_ENDED)
            d->call_ended = true;
        break;
    case IRISX_EVENT_CALL_FILE:
    case IRISX_EVENT_WARNING:
        cli_say(&d->common, "      %s", irisx_event_describe(ev));
        break;
    default:
        break;
    }
}

/* ---- receiver and subscription ----------------------------------------------------------- */
static irisx_value_t *subscription(const struct demo *d)
{
    irisx_value_t *params = irisx_value_new_object(), *events = irisx_value_new_array();
    int bad = !params || !events;

    for (size_t i = 0; i < WANTED && !bad; i++)
        bad = irisx_value_add_text(events, wanted[i]) != IRISX_OK;
    bad = bad || irisx_value_set_text(params, "url", irisx_receiver_url(d->receiver)) != IRISX_OK;
    if (bad || irisx_value_set_take(params, "events", events)) {
        if (bad)
            irisx_value_free(events);
        irisx_value_free(params);
        return NULL;
    }
    return params;
}

static int subscribe(struct demo *d)
{
    irisx_value_t *params = subscription(d);
    irisx_op_t *op = NULL;
    irisx_error_t err = params ? irisx_api_call(d->client, "webhooks.create", params, NULL, &op) : IRISX_E_NO_MEMORY;
    int code = demo_await(d, err, op, "subscribing to webhooks");

    irisx_value_free(params);
    if (!code) {
        (void) snprintf(d->secret, sizeof d->secret, "%s",
            irisx_value_get_text(irisx_value_get(irisx_op_value(op), "webhook"), "secret", "")); /* told once, here */
        err = irisx_receiver_add_secret(d->receiver, d->secret);
        if (err)
            code = cli_fail_code(&d->common, err, "subscribing to webhooks", "the platform told no secret");
    }
    irisx_op_unref(op);
    return code;
}

int demo_receiver_open(struct demo *d)
{
    irisx_receiver_options_t o = IRISX_RECEIVER_OPTIONS_INIT;
    irisx_op_t *op = NULL;
    irisx_error_t err;
    int code;

    demo_step(d, "opening a webhook receiver and subscribing it");
    err = irisx_receiver_open(d->client, &o, &d->receiver, &op);
    code = demo_await(d, err, op, "opening the webhook receiver");
    irisx_op_unref(op);
    return code ? code : subscribe(d);
}

/* ---- deliveries -------------------------------------------------------------------------- */
int demo_webhooks_wait(struct demo *d)
{
    double deadline = cli_now_ms() + DELIVERIES_MS;

    demo_step(d, "waiting for the webhooks of two calls and the SMS");
    while (d->seen != (1u << WANTED) - 1 || d->completed < 2) {
        irisx_event_t *ev = cli_next(d->client, deadline);

        if (!ev)
            break;
        demo_event(d, ev);
        irisx_event_unref(ev);
    }
    if (cli_interrupted())
        return EXIT_INTERRUPTED;
    for (size_t i = 0; i < WANTED; i++)
        if (!(d->seen & (1u << i)))
            return cli_fail_code(&d->common, IRISX_E_TIMEOUT, "waiting for webhooks", wanted[i]);
    return d->completed < 2
               ? cli_fail_code(&d->common, IRISX_E_TIMEOUT, "waiting for webhooks", "call.completed of both calls")
               : EXIT_OK;
}

/* ---- abuse: tampered, expired, repeated -------------------------------------------------- */
static size_t swallow(char *data, size_t size, size_t count, void *ctx)
{
    (void) data;
    (void) ctx;
    return size * count;
}

static struct curl_slist *header_list(char *lines)
{
    struct curl_slist *list = curl_slist_append(NULL, "Content-Type: application/json");

    for (char *p = lines; *p;) {
        size_t n = strcspn(p, "\r\n");
        bool last = !p[n];

        p[n] = 0;
        if (n)
            list = curl_slist_append(list, p);
        p += last ? n : n + 1;
    }
    return list;
}

/* Posts a delivery as the platform would; the status, or 0. */
static long post(struct demo *d, const char *id, int64_t timestamp_ms, const char *signed_body, const char *sent_body)
{
    char *headers = NULL;
    struct curl_slist *list;
    long status = 0;
    CURL *curl;

    if (irisx_webhook_sign(IRISX_WEBHOOK_TIMESTAMPED, d->secret, "call.completed", id, timestamp_ms, signed_body,
            strlen(signed_body), &headers))
        return 0;
    curl = curl_easy_init();
    list = header_list(headers);
    if (curl && list) {
        (void) curl_easy_setopt(
            curl, CURLOPT_URL, irisx_receiver_url(d->receiver)); /* these fail only on unknown options */
        (void) curl_easy_setopt(curl, CURLOPT_PROXY, "");
        (void) curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        (void) curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 10000L);
        (void) curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
        (void) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, sent_body);
        (void) curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, swallow);
        if (curl_easy_perform(curl) == CURLE_OK)
            (void) curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    }
    curl_easy_cleanup(curl);
    curl_slist_free_all(list);
    irisx_text_free(headers);
    return status;
}

static void pull(struct demo *d, const int *counter, int wanted_count)
{
    double deadline = cli_now_ms() + 5000;

    while (*counter < wanted_count) {
        irisx_event_t *ev = cli_next(d->client, deadline);

        if (!ev)
            return;
        demo_event(d, ev);
        irisx_event_unref(ev);
    }
}

static int abuse(struct demo *d, const char *body, const char *id)
{
    char *forged = strdup(body);
    long status[3] = { 0 };
    int verified = d->verified;

    if (!forged)
        return cli_fail_code(&d->common, IRISX_E_NO_MEMORY, "sending false webhooks", NULL);
    forged[strlen(forged) - 2] ^= 1; /* one bit of one character, inside the braces */
    status[0] = post(d, id, 0, body, forged);
    pull(d, &d->tampered, 1);
    status[1] = post(d, id, (int64_t) time(NULL) * 1000 - DAY_MS, body, body);
    pull(d, &d->expired, 1);
    status[2] = post(d, id, 0, body, body);
    pull(d, &d->repeated, 1);
    free(forged);
    if (status[0] != 401 || d->tampered != 1)
        return cli_fail_code(&d->common, IRISX_E_SIGNATURE, "sending a tampered webhook", "it was not refused");
    if (status[1] != 401 || d->expired != 1)
        return cli_fail_code(&d->common, IRISX_E_EXPIRED, "sending an expired webhook", "it was not refused");
    if (status[2] != 200 || d->repeated != 1 || d->verified != verified)
        return cli_fail_code(
            &d->common, IRISX_E_DUPLICATE, "sending a repeated webhook", "it was not acknowledged, or delivered twice");
    return EXIT_OK;
}

int demo_webhooks_abuse(struct demo *d)
{
    char *body = irisx_value_to_text(d->sample);
    int code;

    demo_step(d, "sending a tampered, an expired and a repeated webhook");
    if (!body)
        return cli_fail_code(&d->common, IRISX_E_NO_MEMORY, "sending false webhooks", NULL);
    code = abuse(d, body, irisx_value_get_text(d->sample, "event_id", ""));
    irisx_text_free(body);
    return code;
}
