/* SPDX-License-Identifier: MIT */
/* Options structs of older and of newer callers. */
#include <stdlib.h>

#include <string.h>

#include "kit.h"

struct known {
    size_t struct_size;
    int32_t a, b;
};

Test(options, those_of_an_older_caller_are_read_no_further_than_they_go)
{
    struct known to;
    size_t size = sizeof(size_t) + sizeof(int32_t);
    unsigned char *from = calloc(1, size); /* just this long: the sanitizer sees an over-read */

    memcpy(from, &size, sizeof size);
    from[sizeof size] = 7;
    to.b = 99;
    cr_assert_eq(ix_options_read(&to, sizeof to, from), 0);
    cr_assert_eq(to.a, 7);
    cr_assert_eq(to.b, 0, "what it does not have is the default");
    cr_assert_eq(to.struct_size, sizeof to);
    free(from);
}

Test(options, those_of_a_newer_caller_are_taken_if_they_ask_for_nothing_unknown)
{
    struct {
        struct known known;
        unsigned char more[9];
    } from = { .known = { sizeof from, 1, 2 } };
    struct known to = { 0 };

    cr_assert_eq(ix_options_read(&to, sizeof to, &from), 0);
    cr_assert(to.a == 1 && to.b == 2);
    from.more[8] = 1;
    to.a = 5;
    cr_assert_eq(ix_options_read(&to, sizeof to, &from), IRISX_E_INVALID);
    cr_assert_eq(to.a, 5, "nothing is written on failure");
}

Test(options, a_size_that_was_never_set_is_refused)
{
    struct known from = { 0 }, to;

    cr_assert_eq(ix_options_read(&to, sizeof to, &from), IRISX_E_INVALID);
    from.struct_size = sizeof(size_t) - 1;
    cr_assert_eq(ix_options_read(&to, sizeof to, &from), IRISX_E_INVALID);
}

Test(options, a_client_refuses_what_it_cannot_use)
{
    irisx_client_options_t o = IRISX_CLIENT_OPTIONS_INIT;
    irisx_client_t *made = NULL;

    o.zero_thread = 1;
    o.api_url = "ftp://127.0.0.1";
    cr_assert_eq(irisx_client_new(&o, &made), IRISX_E_INVALID);
    o.api_url = NULL;
    o.log_level = 17;
    cr_assert_eq(irisx_client_new(&o, &made), IRISX_E_INVALID);
    o.log_level = 0;
    for (const char *const *stun = (const char *const[]){ ":3478", "h:0", "h:65536", "[::1", "[::1]x", NULL }; *stun;
         stun++) {
        o.stun_server = *stun;
        cr_assert_eq(irisx_client_new(&o, &made), IRISX_E_INVALID, "%s", *stun);
    }
    o.stun_server = NULL;
    o.user_agent = "app\r\nX-API-Key: other";
    cr_assert_eq(irisx_client_new(&o, &made), IRISX_E_INVALID);
    cr_assert_null(made);
    cr_assert_eq(irisx_client_new(&o, NULL), IRISX_E_INVALID);
}

static irisx_error_t taken(const char *accept, const char *key)
{
    irisx_api_options_t o = IRISX_API_OPTIONS_INIT, *mine = NULL;

    o.accept = accept;
    o.idempotency_key = key;
    int err = ix_api_options_take(&o, &mine);
    ix_api_options_free(mine);
    return (irisx_error_t) err;
}

Test(options, what_goes_into_a_header_line_of_a_call_has_no_line_break_and_is_not_empty)
{
    static const char *const bad[] = { "", "a\r\nX-API-Key: b", "a\nb", "a\rb", "a\x7f", "a\x01" };

    cr_assert_eq(taken("text/csv; charset=utf-8", "order-17 again"), IRISX_OK);
    for (size_t i = 0; i < IX_COUNT(bad); i++) {
        cr_expect_eq(taken(bad[i], NULL), IRISX_E_INVALID, "%zu", i);
        cr_expect_eq(taken(NULL, bad[i]), IRISX_E_INVALID, "%zu", i);
    }
}
