/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "core/core.h"

struct item {
    int id;
    struct ix_list link;
};

static int order(struct ix_list *l)
{
    int n = 0;

    IX_LIST_EACH (it, l)
        n = n * 10 + IX_CONTAINER(it, struct item, link)->id;
    return n;
}

Test(list, keeps_the_order_of_both_ends)
{
    struct ix_list l;
    struct item a = { .id = 1 };
    struct item b = { .id = 2 };
    struct item c = { .id = 3 };

    ix_list_init(&l);
    cr_assert(ix_list_empty(&l));
    ix_list_append(&l, &b.link);
    ix_list_append(&l, &c.link);
    ix_list_prepend(&l, &a.link);
    cr_assert_eq(order(&l), 123);
    cr_assert(ix_list_linked(&b.link));
    ix_list_remove(&b.link);
    ix_list_remove(&b.link);
    cr_assert_not(ix_list_linked(&b.link));
    cr_assert_eq(order(&l), 13);
    cr_assert_eq(ix_list_pop(&l), &a.link);
    cr_assert_eq(ix_list_pop(&l), &c.link);
    cr_assert_null(ix_list_pop(&l));
}

Test(list, a_zeroed_node_is_in_no_list_and_can_be_removed)
{
    struct item a = { 0 };

    cr_assert_not(ix_list_linked(&a.link));
    ix_list_remove(&a.link);
    cr_assert_not(ix_list_linked(&a.link));
}

Test(list, the_safe_walk_survives_removals)
{
    struct ix_list l;
    struct item items[5];

    ix_list_init(&l);
    for (int i = 0; i < 5; i++) {
        items[i] = (struct item){ .id = i + 1 };
        ix_list_append(&l, &items[i].link);
    }
    IX_LIST_EACH_SAFE (it, &l) {
        if (IX_CONTAINER(it, struct item, link)->id % 2 == 1)
            ix_list_remove(it);
    }
    cr_assert_eq(order(&l), 24);
}
