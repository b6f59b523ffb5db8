/* SPDX-License-Identifier: MIT */
/* What the tables say about operations, as values. */
#include "fixture.h"

static struct ix_api_set s;

static irisx_value_t *describe(const char *id)
{
    ix_api_set_fixture(&s);
    return ix_api_describe_in(&s, ix_api_find_in(&s, id));
}

static const irisx_value_t *named(const irisx_value_t *list, const char *name)
{
    for (size_t i = 0; i < irisx_value_count(list); i++)
        if (strcmp(irisx_value_get_text(irisx_value_at(list, i), "name", ""), name) == 0)
            return irisx_value_at(list, i);
    cr_assert_fail("no member %s", name);
    return NULL;
}

static void says(const irisx_value_t *v, const char *text)
{
    irisx_value_t *want = json(text);
    char *have = irisx_value_to_text(v);

    cr_expect(irisx_value_equal(v, want), "\n have %s\n want %s", have, text);
    irisx_text_free(have);
    irisx_value_free(want);
}

Test(api_describe, lists_every_operation)
{
    irisx_value_t *list = ix_api_operations();
    struct ix_api_info info;

    cr_assert_eq(irisx_value_count(list), ix_api_count());
    for (size_t i = 0; i < ix_api_count(); i++) {
        ix_api_info(ix_api_at(i), &info);
        cr_assert_str_eq(irisx_value_get_text(irisx_value_at(list, i), "id", ""), info.id);
        cr_assert_str_eq(irisx_value_get_text(irisx_value_at(list, i), "path", ""), info.path);
    }
    irisx_value_free(list);
}

Test(api_describe, an_operation_in_a_list)
{
    ix_api_set_fixture(&s);
    irisx_value_t *list = ix_api_operations_in(&s);
    const irisx_value_t *v = NULL;

    for (size_t i = 0; i < irisx_value_count(list); i++)
        if (strcmp(irisx_value_get_text(irisx_value_at(list, i), "id", ""), "fx.things.get") == 0)
            v = irisx_value_at(list, i);
    cr_assert_eq(irisx_value_get_int(v, "number", 0), IRISX_API_FX_THINGS_GET);
    cr_assert_str_eq(irisx_value_get_text(v, "method", ""), "GET");
    cr_assert_str_eq(irisx_value_get_text(v, "path", ""), "/fx/things/{id}");
    cr_assert_str_eq(irisx_value_get_text(v, "group", ""), "fx");
    cr_assert_str_eq(irisx_value_get_text(v, "family", ""), "platform");
    cr_assert_str_eq(irisx_value_get_text(v, "availability", ""), "mounted");
    says(irisx_value_get(v, "aliases"), "['/fx/objects/{id}']");
    irisx_value_free(list);
}

Test(api_describe, parameters_with_what_checking_knows)
{
    irisx_value_t *v = describe("fx.things.create");
    const irisx_value_t *p = irisx_value_get(v, "parameters");

    says(named(p, "name"), "{'name':'name','in':'body','type':'string','required':true,'minimum':1.0,'maximum':10.0}");
    says(named(p, "owner_id"), "{'name':'owner_id','in':'body','type':'id','required':false}");
    says(named(p, "amount"), "{'name':'amount','in':'body','type':'decimal','required':false}");
    says(named(p, "note"), "{'name':'note','in':'body','type':'string','required':false,'nullable':true}");
    says(named(p, "class"), "{'name':'class','in':'body','type':'string','required':false,'format':'uuid'}");
    says(named(p, "weights"), "{'name':'weights','in':'body','type':'array','items':'number','required':false}");
    says(named(p, "tags"),
        "{'name':'tags','in':'body','type':'array','items':'string','required':false,'minimum':1.0,'maximum':2.0,"
        "'enum':['red','blue']}");
    const irisx_value_t *parts = named(p, "parts");
    says(named(irisx_value_get(parts, "members"), "kind"),
        "{'name':'kind','type':'string','required':true,'enum':['big','small']}");
    says(irisx_value_get(v, "auth"), "'admin'");
    says(irisx_value_get(v, "retry"), "'unsafe'");
    says(irisx_value_get(v, "body"), "'json'");
    says(irisx_value_get(v, "status"), "201");
    says(irisx_value_get(v, "paging"), "null");
    irisx_value_free(v);
}

Test(api_describe, answers_pages_and_what_to_use_instead)
{
    irisx_value_t *v = describe("fx.things.list");
    irisx_value_t *gone = describe("fx.gone");
    irisx_value_t *raw = describe("fx.raw");
    const irisx_value_t *things = named(irisx_value_get(v, "result"), "things");

    says(irisx_value_get(v, "paging"), "'P4'");
    says(irisx_value_get(v, "items"), "'data.things'");
    says(named(irisx_value_get(things, "members"), "made_at"), "{'name':'made_at','type':'datetime','nullable':true}");
    says(irisx_value_get(gone, "instead"), "'fx.things.list'");
    says(irisx_value_get(raw, "answer"), "'content'");
    says(irisx_value_get(raw, "body"), "'raw'");
    says(irisx_value_get(raw, "result"), "[]");
    irisx_value_free(v);
    irisx_value_free(gone);
    irisx_value_free(raw);
}

Test(api_describe, what_is_left_out_is_known_what_never_was_is_not)
{
    static const uint32_t out[] = { 1, 0 };
    uint32_t hashes[2] = { out[0], ix_api_id_hash("admin.tenants.get") };

    ix_api_set_fixture(&s);
    s.left_out = hashes;
    s.left_out_count = 2;
    cr_assert_eq(ix_api_missing_in(&s, "admin.tenants.get"), IRISX_E_UNSUPPORTED);
    cr_assert_eq(ix_api_missing_in(&s, "admin.tenants.dance"), IRISX_E_INVALID);
    cr_assert_eq(ix_api_missing_in(&s, NULL), IRISX_E_INVALID);
    cr_assert_eq(ix_api_missing_number(0), IRISX_E_INVALID);
    cr_assert_eq(ix_api_missing_number(65000), IRISX_E_INVALID);
}
