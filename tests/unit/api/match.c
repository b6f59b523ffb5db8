/* SPDX-License-Identifier: MIT */
#include "fixture.h"

static struct ix_api_match m;

static void is(const char *method, const char *path, const char *id)
{
    struct ix_api_info info;

    cr_expect(ix_api_match(method, path, NULL, &m), "%s %s", method, path);
    if (m.op == NULL)
        return;
    ix_api_info(m.op, &info);
    cr_expect_str_eq(info.id, id);
}

Test(api_match, every_operation_is_found_by_its_own_path)
{
    for (size_t i = 0; i < ix_api_count(); i++) {
        struct ix_api_info info;
        ix_api_info(ix_api_at(i), &info);
        is(info.method, info.path, info.id);
    }
}

Test(api_match, members_of_the_path_are_decoded)
{
    is("GET", "/v1/calls/CA%201%2f?x=1", "calls.get");
    cr_assert_eq(m.count, 1);
    cr_assert_str_eq(m.params[0].name, "sid");
    cr_assert_str_eq(m.params[0].value, "CA 1/");
    is("POST", "/v1/webhooks/deliveries/2/retry", "webhooks.deliveries.retry");
    cr_assert_str_eq(m.params[0].name, "id");
    cr_assert_str_eq(m.params[0].value, "2");
}

Test(api_match, what_is_no_operation_is_not_found)
{
    static const char *const paths[] = { "", "//", "/v2", "/v1/call", "/v1/calls/", "/v1/calls//hangup",
        "/v1/calls/a/b", "/v1/calls/%", "/v1/calls/%2", "/v1/calls/%zz", "/v1/calls/%00", "v1/calls", "/V1/calls",
        "/v1/calls/a/" };

    for (size_t i = 0; i < IX_COUNT(paths); i++)
        cr_expect_not(ix_api_match("GET", paths[i], NULL, &m), "%s", paths[i]);
    cr_expect_not(ix_api_match("PATCH", "/v1/calls", NULL, &m));
    cr_expect_not(ix_api_match("get", "/v1/calls", NULL, &m));
    cr_assert_null(m.op);
}

Test(api_match, a_value_too_long_is_not_found)
{
    char path[400] = "/v1/calls/";

    memset(path + 10, 'x', 200);
    cr_assert_not(ix_api_match("GET", path, NULL, &m));
}

Test(api_match, a_literal_goes_before_a_parameter_and_aliases_are_known)
{
    struct ix_api_set s;

    ix_api_set_fixture(&s);
    cr_assert(ix_api_match_in(&s, "GET", "/fx/things/special", NULL, &m));
    cr_assert_eq(m.op, ix_api_find_in(&s, "fx.things.special"));
    cr_assert(ix_api_match_in(&s, "GET", "/fx/things/7", NULL, &m));
    cr_assert_eq(m.op, ix_api_find_in(&s, "fx.things.get"));
    cr_assert(ix_api_match_in(&s, "GET", "/fx/objects/7", NULL, &m));
    cr_assert_eq(m.op, ix_api_find_in(&s, "fx.things.get"));
    cr_assert_str_eq(m.params[0].name, "id");
}

static bool without_types(const struct ix_api_op *op)
{
    struct ix_api_info info;

    ix_api_info(op, &info);
    return strcmp(info.id, "webhooks.event_types.list") != 0 && strcmp(info.id, "webhooks.event_types.get") != 0;
}

Test(api_match, what_is_not_served_does_not_hide_a_parameter)
{
    struct ix_api_info info;

    cr_assert(ix_api_match("GET", "/v1/webhooks/event-types", without_types, &m));
    ix_api_info(m.op, &info);
    cr_expect_str_eq(info.id, "webhooks.get");
    cr_expect_str_eq(m.params[0].value, "event-types");
}
