/* SPDX-License-Identifier: MIT */
#include "fixture.h"

static struct ix_api_issues issues;

static size_t body(const char *id, const char *text)
{
    irisx_value_t *v = text != NULL ? json(text) : NULL;
    bool good = ix_api_validate_body(ix_api_find(id), v, &issues);

    irisx_value_free(v);
    cr_assert_eq(good, issues.total == 0);
    return issues.total;
}

static size_t result(const char *id, const char *text)
{
    irisx_value_t *v = json(text);

    (void) ix_api_validate_result(ix_api_find(id), v, &issues);
    irisx_value_free(v);
    return issues.total;
}

static void first_is(enum ix_api_issue_kind kind, const char *path)
{
    cr_expect_eq(issues.items[0].kind, kind);
    cr_expect_str_eq(issues.items[0].path, path);
}

Test(api_validate, a_right_body_passes_and_unknown_members_are_let_through)
{
    cr_assert_eq(
        body("calls.create", "{'to':'+12025550199','from':'12025550101','record':false,'metadata':{},'webhook_url':1}"),
        0);
    cr_assert_eq(body("calls.actions", "{'verb':'gather','timeout':60,'input':['dtmf']}"), 0);
    cr_assert_eq(body("calls.hangup", NULL), 0);
    cr_assert_eq(body("calls.hangup", "{'reason':'x'}"), 0);
}

Test(api_validate, what_is_wrong_is_named)
{
    cr_assert_eq(body("calls.create", "{}"), 1);
    first_is(IX_API_MISSING, "to");
    cr_assert_eq(body("calls.create", NULL), 1);
    first_is(IX_API_WRONG_TYPE, "");
    cr_assert_eq(body("calls.create", "[]"), 1);
    cr_assert_eq(body("calls.create", "{'to':'sip:x@y','record':'yes'}"), 2);
    first_is(IX_API_NO_MATCH, "to");
    cr_expect_eq(issues.items[1].kind, IX_API_WRONG_TYPE);
    cr_assert_eq(body("calls.create", "{'to':'+12025550199','from':null}"), 1, "zod's optional is not nullable");
    cr_assert_eq(body("webhooks.create", "{'url':'http://x.test','events':[],'description':null}"), 0);
    cr_assert_eq(body("webhooks.create", "{'url':'x','events':'call.completed'}"), 2);
    cr_assert_eq(body("webhooks.create", "{'url':'http://x.test','events':['a',1]}"), 1);
    first_is(IX_API_WRONG_TYPE, "events.1");
}

Test(api_validate, a_discriminated_body_is_checked_by_its_own_rows)
{
    cr_assert_eq(body("calls.actions", "{'verb':'dial','number':'+12025550199','timeout':60}"), 0);
    cr_assert_eq(
        body("calls.actions", "{'verb':'dial','number':'+12025550199','timeout':4}"), 1, "dial wants 5 to 120");
    first_is(IX_API_TOO_SMALL, "timeout");
    cr_assert_eq(body("calls.actions", "{'verb':'gather','timeout':4}"), 0, "gather wants 1 to 60");
    cr_assert_eq(body("calls.actions", "{'verb':'gather','timeout':61}"), 1);
    cr_assert_eq(body("calls.actions", "{'verb':'gather','input':['dtmf','smoke']}"), 1);
    first_is(IX_API_NOT_IN_ENUM, "input.1");
    cr_assert_eq(body("calls.actions", "{'verb':'dance'}"), 1);
    first_is(IX_API_NOT_IN_ENUM, "verb");
    cr_assert_eq(body("calls.actions", "{'text':'x'}"), 1);
    first_is(IX_API_MISSING, "verb");
    cr_assert_eq(body("calls.actions", "{'verb':7}"), 1);
}

Test(api_validate, ids_must_have_the_form_of_the_wire)
{
    struct ix_api_set s;
    struct {
        const char *body;
        size_t issues;
    } table[] = { { "{'name':'n','owner_id':8}", 0 }, { "{'name':'n','owner_id':'8'}", 1 },
        { "{'name':'n','owner_id':8.5}", 1 }, { "{'name':'n','ref':'8'}", 0 }, { "{'name':'n','ref':8}", 1 },
        { "{'name':'n','amount':1.5}", 0 }, { "{'name':'n','amount':'1.5'}", 1 },
        { "{'name':'n','agent_ids':[1,'2']}", 1 }, { "{'name':'','count':6,'tags':[]}", 3 },
        { "{'name':'12345678901','tags':['red','blue','red']}", 2 }, { "{'name':'n','class':'8e82'}", 1 },
        { "{'name':'n','class':'8e8200aa-0000-4000-8000-0123456789ab'}", 0 },
        { "{'name':'n','place':{'zip':'1234'}}", 2 }, { "{'name':'n','parts':[{'kind':'big'},{'kind':'wide'},7]}", 2 },
        { "{'name':'n','sizes':[1,1.5,'1']}", 2 }, { "{'name':'n','note':null,'meta':[1]}", 0 } };

    ix_api_set_fixture(&s);
    for (size_t i = 0; i < IX_COUNT(table); i++) {
        irisx_value_t *v = json(table[i].body);
        (void) ix_api_validate_body_in(&s, ix_api_find_in(&s, "fx.things.create"), v, &issues);
        cr_expect_eq(issues.total, table[i].issues, "%s: %zu", table[i].body, issues.total);
        irisx_value_free(v);
    }
}

Test(api_validate, more_than_it_can_hold_is_counted)
{
    cr_assert_gt(body("webhooks.create",
                     "{'url':'http://x.test','events':[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]}"),
        (size_t) IX_API_MAX_ISSUES);
    cr_assert_eq(issues.count, IX_API_MAX_ISSUES);
}

Test(api_validate, results_are_checked_leniently_as_to_form)
{
    cr_assert_eq(result("calls.create",
                     "{'sid':'CA','status':'ringing','from':'a','to':'b','initiated_at':'2026-11-20T09:27:25.486Z'}"),
        0);
    cr_assert_eq(result("calls.create", "{'status':'ringing','from':'a','to':'b','initiated_at':'x'}"), 1);
    first_is(IX_API_MISSING, "sid");
    cr_assert_eq(result("webhooks.list", "{'success':true,'data':{'webhooks':[{'id':1,'url':'u'}],'total':'2'}}"), 0);
    cr_assert_eq(result("webhooks.list", "{'success':true}"), 1);
    first_is(IX_API_MISSING, "data");
    cr_assert_eq(result("sms.get", "{'message':{'id':'1'}}"), 6);
    first_is(IX_API_MISSING, "message.direction");
}
