/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "core/core.h"

Test(error, every_code_has_a_name_and_a_sentence)
{
    cr_assert_str_eq(ix_error_name(IRISX_E_TIMEOUT), "IRISX_E_TIMEOUT");
    cr_assert_str_eq(ix_error_text(IRISX_E_TIMEOUT), "timed out");
    cr_assert_str_eq(ix_error_name(-9999), "IRISX_E_UNKNOWN");
}
