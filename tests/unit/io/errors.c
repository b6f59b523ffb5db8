/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>

#include "io/internal.h"

Test(errors, a_system_error_becomes_the_code_a_caller_can_act_on)
{
    cr_assert_eq(ix_err_of_errno(0), 0);
    cr_assert_eq(ix_err_of_errno(ENOSPC), IRISX_E_DISK_FULL);
    cr_assert_eq(ix_err_of_errno(ENOENT), IRISX_E_NOT_FOUND);
    cr_assert_eq(ix_err_of_errno(ECONNREFUSED), IRISX_E_NETWORK);
    cr_assert_eq(ix_err_of_uv(-ECONNREFUSED), IRISX_E_NETWORK);
    cr_assert_eq(ix_err_of_uv(-3008), IRISX_E_DNS); /* UV_EAI_NONAME */
}

Test(errors, a_refused_connection_is_told_with_its_address)
{
    struct ix_addr to;
    char text[128];
    cr_assert_eq(ix_addr_parse(&to, IX_STR("127.0.0.1"), 8066), 0);
    ix_connect_sentence(ECONNREFUSED, &to, text, sizeof text);
    cr_assert_str_eq(text, "connection refused by 127.0.0.1:8066: is the server running there?");
}
