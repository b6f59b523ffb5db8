/* SPDX-License-Identifier: MIT */
#include <irisx/api.h>

#include "dump.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(struct out *o, const char *fmt, ...)
{
    va_list ap;

    for (;;) {
        va_start(ap, fmt);
        int n = vsnprintf(o->text + o->n, o->room - o->n, fmt, ap);
        va_end(ap);
        cr_assert_geq(n, 0);
        if ((size_t) n < o->room - o->n) {
            o->n += (size_t) n;
            return;
        }
        o->room = o->room * 2 + (size_t) n;
        o->text = realloc(o->text, o->room);
        cr_assert_not_null(o->text);
    }
}

void dump_begin(struct out *o)
{
    put(o, "{");
}

void dump_end(struct out *o, const irisx_value_t *raw)
{
    put(o, "%s}", irisx_value_get_text(raw, "zz_new", NULL) != NULL ? "+" : "");
}

void dump_key(struct out *o, const char *name)
{
    put(o, "%s=", name);
}

void dump_end_member(struct out *o)
{
    put(o, ";");
}

void dump_open(struct out *o)
{
    put(o, "[");
}

void dump_close(struct out *o)
{
    put(o, "];");
}

void dump_text(struct out *o, const char *name, const char *text)
{
    if (text != NULL)
        put(o, "%s=<%s>;", name, text);
}

void dump_int(struct out *o, const char *name, irisx_opt_int_t v)
{
    if (v.state == IRISX_OPT_SET)
        put(o, "%s=%" PRId64 ";", name, v.value);
    else if (v.state == IRISX_OPT_NULL)
        put(o, "%s=null;", name);
}

void dump_num(struct out *o, const char *name, irisx_opt_num_t v)
{
    if (v.state == IRISX_OPT_SET)
        put(o, "%s=%.15g;", name, v.value);
    else if (v.state == IRISX_OPT_NULL)
        put(o, "%s=null;", name);
}

void dump_bool(struct out *o, const char *name, irisx_opt_bool_t v)
{
    if (v.state == IRISX_OPT_SET)
        put(o, "%s=%s;", name, v.value ? "true" : "false");
    else if (v.state == IRISX_OPT_NULL)
        put(o, "%s=null;", name);
}

void dump_json(struct out *o, const char *name, const irisx_value_t *v)
{
    char *text = v != NULL ? irisx_value_to_text(v) : NULL;

    if (text != NULL)
        put(o, "%s=%s;", name, text);
    irisx_text_free(text);
}

void dump_text_list(struct out *o, const char *name, irisx_text_list_t v)
{
    if (v.items == NULL)
        return;
    put(o, "%s=[", name);
    for (size_t i = 0; i < v.count; i++)
        put(o, "<%s>", v.items[i]);
    put(o, "];");
}

void dump_int_list(struct out *o, const char *name, irisx_int_list_t v)
{
    if (v.items == NULL)
        return;
    put(o, "%s=[", name);
    for (size_t i = 0; i < v.count; i++)
        put(o, "<%" PRId64 ">", v.items[i]);
    put(o, "];");
}

void dump_num_list(struct out *o, const char *name, irisx_num_list_t v)
{
    if (v.items == NULL)
        return;
    put(o, "%s=[", name);
    for (size_t i = 0; i < v.count; i++)
        put(o, "<%.15g>", v.items[i]);
    put(o, "];");
}

const irisx_value_t *json(struct bag *bag, const char *text)
{
    cr_assert_lt(bag->count, BAG_MAX);
    irisx_value_t **at = &bag->values[bag->count++];
    cr_assert_eq(irisx_value_parse(text, strlen(text), at, NULL), IRISX_OK);
    return *at;
}

irisx_opt_int_t null_int(void)
{
    return (irisx_opt_int_t){ 0, IRISX_OPT_NULL };
}

irisx_opt_num_t null_num(void)
{
    return (irisx_opt_num_t){ 0, IRISX_OPT_NULL };
}

irisx_opt_bool_t null_bool(void)
{
    return (irisx_opt_bool_t){ 0, IRISX_OPT_NULL };
}
