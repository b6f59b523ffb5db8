/* SPDX-License-Identifier: MIT */
#include "fixture.h"

Test(api_find, finds_every_operation_by_id_and_by_number)
{
    char before[IX_API_ID_MAX] = "";

    cr_assert_gt(ix_api_count(), 1500);
    for (size_t i = 0; i < ix_api_count(); i++) {
        struct ix_api_info info;
        const struct ix_api_op *op = ix_api_at(i);
        ix_api_info(op, &info);
        cr_assert_eq(ix_api_find(info.id), op);
        cr_assert_eq(ix_api_find_number(info.number), op);
        cr_assert_lt(strcmp(before, info.id), 0, "in order of their ids");
        memcpy(before, info.id, sizeof before);
    }
    cr_assert_null(ix_api_at(ix_api_count()));
}

Test(api_find, does_not_find_what_is_not_there)
{
    static const char *const none[] = { "", "calls", "calls.", "calls.creat", "calls.create2", "zzz", "CALLS.CREATE" };

    for (size_t i = 0; i < IX_COUNT(none); i++)
        cr_assert_null(ix_api_find(none[i]), "%s", none[i]);
    cr_assert_null(ix_api_find(NULL));
    cr_assert_null(ix_api_find_number(0));
    cr_assert_null(ix_api_find_number(65535));
    cr_assert_null(ix_api_find_number(UINT32_MAX));
}

Test(api_find, tells_what_an_operation_is)
{
    struct ix_api_info i;

    ix_api_info(ix_api_find("calls.actions"), &i);
    cr_assert_str_eq(i.method, "POST");
    cr_assert_str_eq(i.path, "/v1/calls/{sid}/actions");
    cr_assert_str_eq(i.group, "calls");
    cr_assert_eq(i.auth, IX_HTTP_AUTH_KEY_OR_JWT);
    cr_assert_eq(i.retry, IX_RETRY_UNSAFE);
    cr_assert_eq(i.paging, IX_API_PAGE_NONE);
    cr_assert_eq(i.status, 200);
    ix_api_info(ix_api_find("webhooks.deliveries.list"), &i);
    cr_assert_eq(i.availability, IX_API_UNMOUNTED);
    cr_assert_eq(i.paging, IX_API_PAGE_P2);
    ix_api_info(ix_api_find("webhooks.create"), &i);
    cr_assert_eq(i.status, 201);
}

Test(api_find, the_numbers_in_the_headers_are_those_of_the_tables)
{
    struct ix_api_set s;

    ix_api_set_fixture(&s);
    cr_assert_eq(ix_api_find_number_in(&s, IRISX_API_FX_THINGS_CREATE), ix_api_find_in(&s, "fx.things.create"));
    cr_assert_eq(ix_api_find_number_in(&s, IRISX_API_FX_P10), ix_api_find_in(&s, "fx.p10"));
}
