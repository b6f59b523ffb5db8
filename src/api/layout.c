/* SPDX-License-Identifier: MIT */
/*
 * Where members lie in the generated structs. The tables do not say it: it follows from the kinds, in the order of the
 * members, by the rules of C. tests/unit/api/layout.c compares with what the compiler makes of the headers.
 */
#include "api/tables.h"

struct shape {
    uint8_t size, align;
};

#define OF(type)                     \
    {                                \
        sizeof(type), _Alignof(type) \
    }
static const struct shape shapes[IX_API_KIND_COUNT] = {
    [IX_API_KIND_TEXT] = OF(const char *),
    [IX_API_KIND_ID] = OF(const char *),
    [IX_API_KIND_ID_NUMBER] = OF(const char *),
    [IX_API_KIND_DECIMAL] = OF(const char *),
    [IX_API_KIND_DECIMAL_NUMBER] = OF(const char *),
    [IX_API_KIND_TIME] = OF(irisx_opt_int_t),
    [IX_API_KIND_INT] = OF(irisx_opt_int_t),
    [IX_API_KIND_NUM] = OF(irisx_opt_num_t),
    [IX_API_KIND_BOOL] = OF(irisx_opt_bool_t),
    [IX_API_KIND_TEXT_LIST] = OF(irisx_text_list_t),
    [IX_API_KIND_NUMBER_TEXT_LIST] = OF(irisx_text_list_t),
    [IX_API_KIND_INT_LIST] = OF(irisx_int_list_t),
    [IX_API_KIND_JSON] = OF(const irisx_value_t *),
    [IX_API_KIND_OBJECT] = OF(const void *),
    [IX_API_KIND_OBJECT_LIST] = OF(irisx_text_list_t), /* all lists have the same two members */
    [IX_API_KIND_NUM_LIST] = OF(irisx_num_list_t),
    [IX_API_KIND_FILE] = OF(const irisx_upload_t *),
};

static size_t up(size_t n, size_t align)
{
    return (n + align - 1) & ~(align - 1); /* a power of two */
}

struct ix_api_field ix_api_field(const struct ix_api_set *s, const struct ix_api_type *t, size_t i)
{
    size_t at = s->members[t->first + i];
    const struct ix_api_trait *trait = &s->traits[s->field_traits[at]];

    return (struct ix_api_field){ .name = s->field_names[at],
        .sub = at < s->sub_count ? s->field_subs[at] : 0,
        .kind = trait->kind,
        .flags = trait->flags };
}

const struct ix_api_field *ix_api_walk(const struct ix_api_set *s, const struct ix_api_type *t, struct ix_api_walk *w)
{
    if (w->index == t->count)
        return NULL;
    w->field = ix_api_field(s, t, w->index++);
    const struct shape *shape = &shapes[w->field.kind];
    w->offset = up(w->next, shape->align);
    w->next = w->offset + shape->size;
    w->align = IX_MAX(w->align, shape->align);
    return &w->field;
}

const struct ix_api_field *ix_api_walk_to(
    const struct ix_api_set *s, const struct ix_api_type *t, struct ix_str name, struct ix_api_walk *w)
{
    const struct ix_api_field *f = ix_api_walk(s, t, w);

    while (f != NULL && !ix_str_eq(name, ix_str(ix_api_text(s, f->name))))
        f = ix_api_walk(s, t, w);
    return f;
}

/* where the members end, rounded up for what may follow them */
static size_t end_of(const struct ix_api_set *s, const struct ix_api_type *t, size_t start, bool all)
{
    struct ix_api_walk w = { .next = start, .align = _Alignof(void *) };

    while (ix_api_walk(s, t, &w) != NULL) {
    }
    return up(w.next, all ? w.align : _Alignof(void *));
}

size_t ix_api_result_size(const struct ix_api_set *s, const struct ix_api_type *t)
{
    return end_of(s, t, sizeof(void *), true);
}

size_t ix_api_extra_at(const struct ix_api_set *s, const struct ix_api_type *t)
{
    return end_of(s, t, 0, false);
}
