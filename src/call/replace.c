/* SPDX-License-Identifier: MIT */
/*
 * An INVITE that names a dialog of ours: Replaces (RFC 3891: it takes that call's place, without ringing) and Join (RFC
 * 3911: it wants to be heard in it, which is for the application to decide).
 */
#include "call/private.h"

static struct ix_call *call_of(const struct ix_call *c, struct ix_str value)
{
    struct ix_sip_dialog *d = ix_sip_dialog_find_replaces(c->obj.phone->stack, value);
    struct ix_object *o = d ? ix_sip_dialog_user(d) : NULL;
    struct ix_call *named = o && o->kind == IX_OBJ_CALL ? IX_CONTAINER(o, struct ix_call, obj) : NULL;

    return named && named != c && named->line == c->line ? named : NULL;
}

/* RFC 3891 section 3 */
static unsigned replaces(struct ix_call *c, struct ix_str value)
{
    struct ix_call *old = call_of(c, value);

    if (!old || (!old->report.answered_us && old->incoming))
        return 481;
    if (old->ending)
        return 603;
    if (old->report.answered_us && ix_sip_param(value, "early-only", NULL))
        return 486;
    c->replaces = old->obj.id;
    c->auto_at_us = c->obj.phone->now.mono_us;
    ix_call_note(c, "replaces", "\"call\":%u", old->obj.id);
    return 0;
}

/* RFC 3911 section 4 */
static unsigned joins(struct ix_call *c, struct ix_str value)
{
    struct ix_call *other = call_of(c, value);

    if (!other || !other->report.answered_us)
        return 481;
    if (other->ending)
        return 603;
    c->joins = other->obj.id;
    ix_call_note(c, "joins", "\"call\":%u", other->obj.id);
    return 0;
}

unsigned ix_call_takes_place(struct ix_call *c, const struct ix_sip_msg *msg)
{
    struct ix_sip_values more = ix_sip_values(msg, IX_SIP_H_REPLACES);
    struct ix_str value = ix_sip_get(msg, IX_SIP_H_REPLACES), join = ix_sip_get_name(msg, "Join"), one;
    unsigned count = 0;

    while (ix_sip_values_next(&more, &one))
        count++;
    if (count > 1 || (value.n && join.n))
        return 400;
    return value.n ? replaces(c, value) : join.n ? joins(c, join) : 0;
}

void ix_call_took_place(struct ix_call *c)
{
    struct ix_call *old = c->replaces ? ix_call_get(c->obj.phone, c->replaces) : NULL;

    if (!old || old->ending)
        return;
    ix_error_why(&old->report.error, IRISX_REASON_REPLACED);
    ix_call_farewell(old, 16);
}

uint32_t ix_call_find(const struct ix_phone *p, struct ix_str replaces)
{
    struct ix_sip_dialog *d = ix_sip_dialog_find_replaces(p->stack, replaces);
    const struct ix_object *o = d ? ix_sip_dialog_user(d) : NULL;

    return o && o->kind == IX_OBJ_CALL ? o->id : 0;
}

uint32_t ix_call_joins(const struct ix_phone *p, uint32_t call)
{
    const struct ix_call *c = ix_call_get(p, call);

    return c ? c->joins : 0;
}

uint32_t ix_call_replaces(const struct ix_phone *p, uint32_t call)
{
    const struct ix_call *c = ix_call_get(p, call);

    return c ? c->replaces : 0;
}
