/* SPDX-License-Identifier: MIT */
/* What was found, what it means together, and the report. */
#include <string.h>

#include "client/preflight.h"

static const struct {
    const char *code;
    enum pf_status severity;
    const char *text, *fix;
} reasons[] = {
#define PF_ROW(name, code, severity, text, fix) { code, severity, text, fix },
    PF_REASON_LIST(PF_ROW)
#undef PF_ROW
};
static const char *const statuses[] = { "skip", "ok", "warn", "fail" };

struct ix_wait ix_pf_wait(const struct preflight *p, uint32_t ms)
{
    return (
        struct ix_wait){ .until_us = IX_MIN(p->until_us, ix_clock_now().mono_us + ms * IX_MS), .stop = &p->op->done };
}

struct pf_check *ix_pf_check_new(struct preflight *p, const char *name, const char *target)
{
    struct pf_check *c = NULL;

    pthread_mutex_lock(&p->lock);
    if (p->check_count < PF_CHECKS) {
        c = &p->checks[p->check_count++];
        c->name = name;
        ix_text_put(c->target, sizeof c->target, target);
        ix_buf_init(&c->more, 2048);
    }
    pthread_mutex_unlock(&p->lock);
    return c;
}

void ix_pf_check_end(struct preflight *p, struct pf_check *c, enum pf_status status, uint64_t began_us)
{
    if (!c)
        return;
    pthread_mutex_lock(&p->lock);
    c->status = IX_MAX(c->status, status);
    c->ms = (uint32_t) ((ix_clock_now().mono_us - began_us) / 1000);
    pthread_mutex_unlock(&p->lock);
}

void ix_pf_reason_add(struct preflight *p, struct pf_check *c, enum pf_reason code)
{
    pthread_mutex_lock(&p->lock);
    if (p->reason_count < PF_REASONS) {
        p->reasons[p->reason_count].code = code;
        p->reasons[p->reason_count].severity = reasons[code].severity;
        ix_text_put(p->reasons[p->reason_count++].about, sizeof p->reasons->about, c ? c->target : "");
    }
    if (c)
        c->status = IX_MAX(c->status, reasons[code].severity);
    pthread_mutex_unlock(&p->lock);
}

bool ix_pf_has(struct preflight *p, enum pf_reason code)
{
    bool has = false;

    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < p->reason_count; i++)
        has = has || p->reasons[i].code == code;
    pthread_mutex_unlock(&p->lock);
    return has;
}

void ix_pf_more_text(struct pf_check *c, const char *key, const char *value)
{
    char clean[256];

    if (!c)
        return;
    ix_text_put(clean, sizeof clean, value);
    ix_buf_fmt(&c->more, ",\"%s\":", key);
    ix_buf_json_str(&c->more, ix_str(clean));
}

void ix_pf_more_number(struct pf_check *c, const char *key, double value)
{
    if (c)
        ix_buf_fmt(&c->more, ",\"%s\":%.1f", key, value);
}

/* A certificate that is out of date by a clock that is out of date has nothing wrong with it. */
static void blame_the_clock(struct preflight *p)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->reason_count; i++) {
        enum pf_reason code = p->reasons[i].code;

        if (code != PF_CERTIFICATE_EXPIRED && code != PF_CERTIFICATE_NOT_YET_VALID)
            p->reasons[kept++] = p->reasons[i];
    }
    p->reason_count = kept;
}

/* While a call has gone well, what was found on the way to it is a drawback and no failure; and without a relay it went
 * over UDP. */
static void call_went_well(struct preflight *p)
{
    for (size_t i = 0; i < p->reason_count; i++) {
        if (p->reasons[i].code == PF_DNS_WRONG)
            p->reasons[i].severity = PF_WARN;
        if (p->reasons[i].code == PF_UDP_BLOCKED && !p->relay_works)
            p->reasons[i].code = PF_STUN_NO_ANSWER;
    }
}

void ix_pf_settle(struct preflight *p)
{
    struct pf_check *clock;
    bool echo_good = false;

    if (p->clock_known) {
        clock = ix_pf_check_new(p, "clock", "this machine");
        ix_pf_more_number(clock, "off_s", (double) p->clock_off_s);
        ix_pf_check_end(p, clock, PF_OK, ix_clock_now().mono_us);
        if (p->clock_off_s > 300 || p->clock_off_s < -300) {
            ix_pf_reason_add(p, clock, PF_CLOCK_WRONG);
            blame_the_clock(p);
        }
    }
    for (size_t i = 0; i < p->check_count; i++)
        if (strcmp(p->checks[i].name, "echo_call") == 0)
            echo_good = p->checks[i].status == PF_OK || p->checks[i].status == PF_WARN;
    if (echo_good)
        call_went_well(p);
    else if (p->udp_tried && !p->udp_works && !p->relay_works)
        ix_pf_reason_add(p, NULL, PF_NO_RELAY);
}

/* ---- the report -------------------------------------------------------------------------- */
static void put_reason(struct ix_buf *b, const struct preflight *p, size_t i)
{
    enum pf_reason code = p->reasons[i].code;

    ix_buf_fmt(b, "%s{\"code\":\"%s\",\"severity\":\"%s\",\"about\":", i ? "," : "", reasons[code].code,
        statuses[p->reasons[i].severity]);
    ix_buf_json_str(b, ix_str(p->reasons[i].about));
    ix_buf_str(b, ",\"text\":");
    ix_buf_json_str(b, ix_str(reasons[code].text));
    ix_buf_str(b, ",\"fix\":");
    ix_buf_json_str(b, ix_str(reasons[code].fix));
    ix_buf_str(b, "}");
}

static void put_check(struct ix_buf *b, const struct pf_check *c, bool first)
{
    ix_buf_fmt(b, "%s{\"check\":\"%s\",\"target\":", first ? "" : ",", c->name);
    ix_buf_json_str(b, ix_str(c->target));
    ix_buf_fmt(b, ",\"status\":\"%s\",\"ms\":%u", statuses[c->status], c->ms);
    ix_buf_put(b, c->more.p, c->more.err ? 0 : c->more.n);
    ix_buf_str(b, "}");
}

int ix_pf_report(struct preflight *p, irisx_value_t **out)
{
    enum pf_status worst = PF_OK;
    struct ix_buf b;
    int err;

    ix_buf_init(&b, 256 * 1024);
    for (size_t i = 0; i < p->reason_count; i++)
        worst = IX_MAX(worst, p->reasons[i].severity);
    ix_buf_fmt(&b, "{\"verdict\":\"%s\",\"duration_ms\":%u,\"reasons\":[",
        worst == PF_FAIL   ? "bad"
        : worst == PF_WARN ? "limited"
                           : "good",
        (unsigned) ((ix_clock_now().mono_us - p->began_us) / 1000));
    for (size_t i = 0; i < p->reason_count; i++)
        put_reason(&b, p, i);
    ix_buf_str(&b, "],\"checks\":[");
    for (size_t i = 0; i < p->check_count; i++)
        put_check(&b, &p->checks[i], i == 0);
    ix_buf_str(&b, "]}");
    err = b.err ? b.err : irisx_value_parse((const char *) b.p, b.n, out, NULL);
    ix_buf_clear(&b);
    return err;
}

irisx_preflight_verdict_t irisx_preflight_verdict(const irisx_value_t *report)
{
    const char *verdict = irisx_value_text(irisx_value_get(report, "verdict"), "");

    return strcmp(verdict, "good") == 0      ? IRISX_PREFLIGHT_GOOD
           : strcmp(verdict, "limited") == 0 ? IRISX_PREFLIGHT_LIMITED
           : strcmp(verdict, "bad") == 0     ? IRISX_PREFLIGHT_BAD
                                             : IRISX_PREFLIGHT_UNKNOWN;
}
