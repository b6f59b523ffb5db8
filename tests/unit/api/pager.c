/* SPDX-License-Identifier: MIT */
/* Pages in the ten styles of the contract (WIRE.md section 7). */
#include "fixture.h"

static struct ix_api_set s;
static struct ix_api_pager p;

static void begin(const char *id, uint64_t first, uint64_t limit)
{
    ix_api_set_fixture(&s);
    cr_assert_eq(ix_api_pager_init(&p, ix_api_find_in(&s, id), first, limit), 0);
}

static void asks(bool on, uint64_t at, uint64_t limit)
{
    struct ix_api_page page = ix_api_pager_page(&p);

    cr_expect_eq(page.on, on);
    cr_expect_eq(page.at, at, "%zu", (size_t) page.at);
    cr_expect_eq(page.limit, limit);
}

static void feed(const char *answer, bool done)
{
    irisx_value_t *v = json(answer);

    ix_api_pager_feed_in(&s, &p, v);
    irisx_value_free(v);
    cr_expect_eq(p.done, done, "%s", answer);
}

Test(api_pager, P1_offset_with_a_flag)
{
    begin("fx.p1", 0, 2);
    asks(true, 0, 2);
    feed("{'things':[1,2],'pagination':{'total':3,'limit':2,'offset':0,'has_more':true}}", false);
    asks(true, 2, 2);
    feed("{'things':[3],'pagination':{'total':3,'limit':2,'offset':2,'has_more':false}}", true);
    cr_assert_eq(p.seen, 3);
    cr_assert_eq(p.pages, 2);
}

Test(api_pager, an_empty_page_ends_it_whatever_the_flag_says)
{
    begin("fx.p1", 0, 0);
    asks(true, 0, 0);
    feed("{'things':[],'pagination':{'total':10,'has_more':true}}", true);
}

Test(api_pager, P2_offset_with_a_total)
{
    begin("fx.p2", 4, 2);
    asks(true, 4, 2);
    feed("{'things':[1,2],'pagination':{'total':7,'limit':2,'offset':4}}", false);
    asks(true, 6, 2);
    feed("{'things':[3],'pagination':{'total':7,'limit':2,'offset':6}}", true);
}

Test(api_pager, P3_page_of_pages)
{
    begin("fx.p3", 0, 2);
    asks(true, 1, 2);
    feed("{'things':[1,2],'pagination':{'page':1,'limit':2,'total':5,'pages':3}}", false);
    asks(true, 2, 2);
    feed("{'things':[3,4],'pagination':{'page':2,'limit':2,'total':'5','pages':'3'}}", false);
    feed("{'things':[5],'pagination':{'page':3,'limit':2,'total':5,'pages':3}}", true);
}

Test(api_pager, P4_inside_data)
{
    begin("fx.things.list", 2, 0);
    asks(true, 2, 0);
    feed("{'success':true,'data':{'things':[1,2],'pagination':{'page':2,'limit':2,'total':7,'totalPages':4}}}", false);
    feed("{'success':true,'data':{'things':[1,2],'pagination':{'page':3,'limit':2,'total':7,'totalPages':3}}}", true);
}

Test(api_pager, P5_flat_page_and_P6_flat_offset)
{
    begin("fx.p5", 0, 2);
    feed("{'things':[1,2],'total':3,'page':1,'limit':2}", false);
    asks(true, 2, 2);
    feed("{'things':[3],'total':3,'page':2,'limit':2}", true);
    begin("fx.p6", 0, 2);
    feed("{'things':[1,2],'total':3,'limit':2,'offset':0}", false);
    asks(true, 2, 2);
    feed("{'things':[3],'total':3,'limit':2,'offset':2}", true);
}

Test(api_pager, P7_hasMore_and_P8_total_pages)
{
    begin("fx.p7", 0, 20);
    feed("{'things':[1],'total':0,'pagination':{'limit':20,'offset':0,'hasMore':true}}", false);
    feed("{'things':[1],'total':0,'pagination':{'limit':20,'offset':1,'hasMore':false}}", true);
    begin("fx.p8", 0, 20);
    asks(true, 1, 20);
    feed("{'things':[1],'pagination':{'total_pages':2}}", false);
    feed("{'things':[1],'pagination':{'total_pages':2}}", true);
}

Test(api_pager, P9_and_P10_come_all_at_once)
{
    begin("fx.p9", 0, 10);
    asks(false, 0, 0);
    feed("{'things':[1,2],'total':2}", true);
    begin("fx.p10", 0, 10);
    asks(false, 0, 0);
    feed("[1,2,3]", true);
    cr_assert_eq(p.seen, 3);
}

Test(api_pager, an_answer_without_a_list_or_figures_ends_it_at_last)
{
    begin("fx.p3", 0, 0);
    feed("{'things':[1]}", false);
    feed("{'things':[2],'pagination':null}", false);
    feed("{'error':'x'}", true);
    begin("fx.p1", 0, 0);
    feed("[]", true);
}

Test(api_pager, only_lists_have_pages)
{
    struct ix_api_pager q;

    cr_assert_eq(ix_api_pager_init(&q, ix_api_find("calls.get"), 0, 0), IRISX_E_INVALID);
    cr_assert_eq(ix_api_pager_init(&q, ix_api_find("sms.list"), 0, 0), 0);
}

Test(api_pager, finds_the_items_of_an_answer)
{
    irisx_value_t *v = json("{'success':true,'data':{'webhooks':[1,2],'total':2}}");

    cr_assert_eq(irisx_value_count(ix_api_items(ix_api_find("webhooks.list"), v)), 2);
    cr_assert_null(ix_api_items(ix_api_find("sms.list"), v));
    irisx_value_free(v);
}
