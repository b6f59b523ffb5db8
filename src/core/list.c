/* SPDX-License-Identifier: MIT */
/* Intrusive circular list. A node that is in no list is zeroed or points at itself. */
#include "core/core.h"

void ix_list_init(struct ix_list *l)
{
    l->prev = l;
    l->next = l;
}

bool ix_list_empty(const struct ix_list *l)
{
    return !ix_list_linked(l);
}

bool ix_list_linked(const struct ix_list *node)
{
    return node->next != NULL && node->next != node;
}

static void insert_between(struct ix_list *node, struct ix_list *before, struct ix_list *behind)
{
    IX_ASSERT(!ix_list_linked(node));
    node->prev = before;
    node->next = behind;
    before->next = node;
    behind->prev = node;
}

void ix_list_append(struct ix_list *l, struct ix_list *node)
{
    insert_between(node, l->prev, l);
}

void ix_list_prepend(struct ix_list *l, struct ix_list *node)
{
    insert_between(node, l, l->next);
}

void ix_list_remove(struct ix_list *node)
{
    if (!ix_list_linked(node))
        return;
    node->prev->next = node->next;
    node->next->prev = node->prev;
    ix_list_init(node);
}

struct ix_list *ix_list_pop(struct ix_list *l)
{
    if (ix_list_empty(l))
        return NULL;
    struct ix_list *first = l->next;
    ix_list_remove(first);
    return first;
}
