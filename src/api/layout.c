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
    return (n + align - 1) / align * align;
}

const struct ix_api_field *ix_api_walk(const struct ix_api_set *s, const struct ix_api_type *t, struct ix_api_walk *w)
{
    if (w->index == t->count)
        return NULL;
    const struct ix_api_field *f = ix_api_field(s, t, w->index++);
    const struct shape *shape = &shapes[f->kind];
    w->offset = up(w->next, shape->align);
    w->next = w->offset + shape->size;
    return f;
}

static size_t end_of(const struct ix_api_set *s, const struct ix_api_type *t, size_t start, size_t *align)
{
    struct ix_api_walk w = { .next = start };

    *align = _Alignof(void *);
    for (const struct ix_api_field *f = ix_api_walk(s, t, &w); f != NULL; f = ix_api_walk(s, t, &w))
        *align = IX_MAX(*align, shapes[f->kind].align);
    return w.next;
}

size_t ix_api_result_size(const struct ix_api_set *s, const struct ix_api_type *t)
{
    size_t align;
    size_t end = end_of(s, t, sizeof(void *), &align);

    return up(end, align);
}

size_t ix_api_extra_at(const struct ix_api_set *s, const struct ix_api_type *t)
{
    size_t align;

    return up(end_of(s, t, 0, &align), _Alignof(void *));
}
