/* SPDX-License-Identifier: MIT */
/* Feature codes as FreeSWITCH's own dial plan has them: pickup (**EXTENSION, *8) and park (5900, 5901 to 5999). */
#include <stdio.h>
#include <string.h>

#include "sandbox/sip.h"

#define PARK "5900"
#define Q850_NOT_SELECTED 26 /* answered elsewhere */

/* a call that rings at this extension; "": at any */
static struct sandbox_call *ringing(const struct sandbox_call *by, const char *extension)
{
    IX_LIST_EACH (node, &by->sip->calls) {
        struct sandbox_call *c = IX_CONTAINER(node, struct sandbox_call, node);

        if (c != by && !c->over && c->a && c->b && !c->b->answered && !c->b->hung_up &&
            (!*extension || !strcmp(c->target, extension)))
            return c;
    }
    return NULL;
}

static struct sandbox_call *parked(const struct sandbox_sip *s, const char *place)
{
    IX_LIST_EACH (node, &s->calls) {
        struct sandbox_call *c = IX_CONTAINER(node, struct sandbox_call, node);

        if (!c->over && c->parked[0] && !strcmp(c->parked, place))
            return c;
    }
    return NULL;
}

static bool is_place(const char *number)
{
    return strlen(number) == 4 && !strncmp(number, "59", 2) && strcmp(number, PARK) > 0 && strcmp(number, "5999") <= 0;
}

/* leg a of `by` becomes leg b of c: in the mix group of c's a, since its party is made only now */
static void take(struct sandbox_call *c, struct sandbox_call *by)
{
    struct sandbox_sip *s = c->sip;
    struct sandbox_leg *leg = by->a, *before = c->b;

    (void) ix_str_copy(c->target, sizeof c->target, ix_str(by->agent)); /* shorter than that */
    c->parked[0] = 0;
    by->a = NULL;
    leg->call = c;
    leg->group_of = c->a->id;
    c->b = leg;
    sandbox_leg_end(s, before, 480, Q850_NOT_SELECTED);
    sandbox_call_free(by);
    (void) ix_call_answer(sandbox_phone(s), leg->id, NULL, sandbox_now(s)); /* it is ending: ENDED follows */
}

bool sandbox_pickup(struct sandbox_call *by)
{
    struct sandbox_call *c;

    if (!strncmp(by->to, "**", 2))
        c = ringing(by, by->to + 2);
    else if (!strcmp(by->to, "*8"))
        c = ringing(by, "");
    else if (is_place(by->to))
        c = parked(by->sip, by->to);
    else
        return false;
    sandbox_call_initiated(by);
    if (c)
        take(c, by);
    else
        sandbox_call_over(by, 404, Q850_UNALLOCATED);
    return true;
}

bool sandbox_park(struct sandbox_call *c, struct ix_str to)
{
    char place[8];

    if (!ix_str_eq(to, IX_STR(PARK)))
        return false;
    for (unsigned n = 5901; n <= 5999; n++) {
        (void) snprintf(place, sizeof place, "%u", n); /* four digits */
        if (parked(c->sip, place))
            continue;
        memcpy(c->parked, place, sizeof c->parked);
        (void) ix_str_copy(c->target, sizeof c->target, ix_str(place)); /* fits */
        ix_log(&c->sip->sb->log, IX_LOG_INFO, "sandbox", "call %s is parked at %s", c->sid, place);
        sandbox_source(c, IX_SOURCE_TONE, (float[2]){ 330.0f, 415.0f }); /* as on hold */
        sandbox_scene_until_end(c);
        sandbox_watch_changed(c->sip);
        return true;
    }
    sandbox_call_over(c, 486, Q850_BUSY);
    return true;
}
