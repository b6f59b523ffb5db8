/* SPDX-License-Identifier: MIT */
/*
 * json: trees of parsed text. They are never changed, so a whole one is a few blocks of memory: a copy of the text, in
 * which texts end with NUL in their place, and arrays of nodes beside it. What is built or changed is jansson's; the
 * first word of a value tells the two apart.
 */
#ifndef IX_JSON_TREE_H
#define IX_JSON_TREE_H

#include <string.h>

#include "json/json.h"

#define IX_NODE 0x4e4f0000u /* no type of jansson's; in the lowest byte an irisx_value_type_t */
#define IX_NODE_ROOT 0x100u /* the first member of a struct ix_json_doc */
#define IX_NODE_SORTED 0x200u /* behind the pairs of an object are pointers to them, in order of their keys */
#define IX_NODE_LINEAR 12 /* members of an object that are looked through one by one */

struct ix_json_node {
    uint32_t mark;
    uint32_t count; /* characters of a text, items, members */
    union {
        int64_t i; /* INT, BOOL */
        double d; /* NUM */
        const char *text;
        const struct ix_json_node *items;
        const struct ix_json_pair *pairs;
    } u;
};
struct ix_json_pair {
    const char *key;
    struct ix_json_node value;
};
struct ix_json_block {
    struct ix_json_block *next;
};
struct ix_json_doc {
    struct ix_json_node root;
    struct ix_json_block *blocks; /* beside the one that the doc is in */
};

/* NULL: jansson's, or none */
static inline const struct ix_json_node *ix_json_node(const irisx_value_t *v)
{
    uint32_t mark = 0;

    if (v != NULL)
        memcpy(&mark, v, sizeof mark);
    return (mark & 0xffff0000u) == IX_NODE ? (const void *) v : NULL;
}

static inline irisx_value_type_t ix_json_node_type(const struct ix_json_node *n)
{
    return (irisx_value_type_t) (n->mark & 0xff);
}

static inline const irisx_value_t *ix_json_node_value(const struct ix_json_node *n)
{
    return (const irisx_value_t *) (const void *) n;
}

/* tree.c */
const struct ix_json_pair *ix_json_node_find(const struct ix_json_node *object, const char *key); /* NULL: none */
/* Orders `sorted` (count pointers) by key; NULL, or the key that is there a second time, where that is. */
const char *ix_json_sort(const struct ix_json_pair *pairs, size_t count, const struct ix_json_pair **sorted);
irisx_value_t *ix_json_node_dup(const struct ix_json_node *n); /* jansson's; NULL on no memory */
void ix_json_node_free(const struct ix_json_node *n); /* the whole tree of a root; else nothing */

#endif
