/* SPDX-License-Identifier: MIT */
/* Trees of parsed text: looking things up, copies that can be changed, the end. */
#include <stdlib.h>

#include "json/tree.h"

static int by_key(const void *a, const void *b)
{
    const struct ix_json_pair *const *x = a, *const *y = b;

    return strcmp((*x)->key, (*y)->key);
}

const char *ix_json_sort(const struct ix_json_pair *pairs, size_t count, const struct ix_json_pair **sorted)
{
    for (size_t i = 0; i < count; i++)
        sorted[i] = &pairs[i];
    qsort(sorted, count, sizeof(const struct ix_json_pair *), by_key);
    for (size_t i = 1; i < count; i++)
        if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
            return IX_MAX(sorted[i - 1]->key, sorted[i]->key);
    return NULL;
}

const struct ix_json_pair *ix_json_node_find(const struct ix_json_node *object, const char *key)
{
    const struct ix_json_pair wanted = { .key = key }, *at = &wanted, *pairs = object->u.pairs;

    if (ix_json_node_type(object) != IRISX_VALUE_OBJECT)
        return NULL;
    if ((object->mark & IX_NODE_SORTED) != 0) {
        const struct ix_json_pair *const *hit =
            bsearch(&at, pairs + object->count, object->count, sizeof(const struct ix_json_pair *), by_key);
        return hit != NULL ? *hit : NULL;
    }
    for (size_t i = 0; i < object->count; i++)
        if (strcmp(pairs[i].key, key) == 0)
            return &pairs[i];
    return NULL;
}

static irisx_value_t *dup_object(const struct ix_json_node *n)
{
    irisx_value_t *copy = irisx_value_new_object();

    for (size_t i = 0; copy != NULL && i < n->count; i++) {
        if (ix_json_add_member(copy, n->u.pairs[i].key, ix_json_node_dup(&n->u.pairs[i].value)) == 0)
            continue;
        irisx_value_free(copy);
        copy = NULL;
    }
    return copy;
}

static irisx_value_t *dup_array(const struct ix_json_node *n)
{
    irisx_value_t *copy = irisx_value_new_array();

    for (size_t i = 0; copy != NULL && i < n->count; i++) {
        if (ix_json_add_item(copy, ix_json_node_dup(&n->u.items[i])) == 0)
            continue;
        irisx_value_free(copy);
        copy = NULL;
    }
    return copy;
}

irisx_value_t *ix_json_node_dup(const struct ix_json_node *n)
{
    switch (ix_json_node_type(n)) {
    case IRISX_VALUE_OBJECT:
        return dup_object(n);
    case IRISX_VALUE_ARRAY:
        return dup_array(n);
    case IRISX_VALUE_TEXT:
        return ix_json_new_str(ix_str_n(n->u.text, n->count));
    case IRISX_VALUE_INT:
        return irisx_value_new_int(n->u.i);
    case IRISX_VALUE_NUM:
        return irisx_value_new_num(n->u.d);
    case IRISX_VALUE_BOOL:
        return irisx_value_new_bool(n->u.i != 0);
    case IRISX_VALUE_NULL:
        return irisx_value_new_null();
    case IRISX_VALUE_NONE:
        break;
    }
    return NULL;
}

void ix_json_node_free(const struct ix_json_node *n)
{
    struct ix_json_doc *doc = (struct ix_json_doc *) (uintptr_t) n;

    if ((n->mark & IX_NODE_ROOT) == 0)
        return; /* its root's */
    while (doc->blocks != NULL) {
        struct ix_json_block *next = doc->blocks->next;
        ix_free(doc->blocks);
        doc->blocks = next;
    }
    ix_free(doc);
}
