/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "kit.h"

static const char *put(size_t cap, const char *from)
{
    static char to[64];

    memset(to, 'x', sizeof to);
    ix_text_put(to, cap, from);
    cr_assert_eq(to[cap], 'x', "written beyond its end");
    return to;
}

Test(failure, texts_of_others_are_cut_between_characters)
{
    cr_assert_str_eq(put(10, "abc"), "abc");
    cr_assert_str_eq(put(4, "abcdef"), "abc");
    cr_assert_str_eq(put(4, "ab\xc3\xa4"), "ab");
    cr_assert_str_eq(put(5, "ab\xc3\xa4"), "ab\xc3\xa4");
    cr_assert_str_eq(put(4, "\xf0\x9f\x98\x80"), "");
    cr_assert_str_eq(put(1, "a"), "");
    cr_assert_str_eq(put(8, NULL), "");
}

Test(failure, what_is_not_utf8_becomes_a_question_mark)
{
    cr_assert_str_eq(put(10, "a\xff"
                             "b"),
        "a?b");
    cr_assert_str_eq(put(10, "\xc3"), "?");
    cr_assert_str_eq(put(10, "\xed\xa0\x80"), "???", "a surrogate");
}

Test(failure, one_without_words_gets_those_of_its_code)
{
    struct failure f = { 0 };

    ix_failure_set(&f, IRISX_E_TIMEOUT, IRISX_DOMAIN_LOCAL, 0, NULL, NULL);
    cr_assert_str_eq(f.info.message, irisx_error_text(IRISX_E_TIMEOUT));
    cr_assert_null(f.info.reason);
    ix_failure_clear(&f);
    cr_assert_eq(f.info.code, IRISX_OK);
    cr_assert_str_eq(f.info.message, "");
}

Test(failure, a_copy_stands_on_its_own)
{
    struct failure a = { 0 }, b = { 0 };

    ix_failure_set(&a, IRISX_E_SERVER, IRISX_DOMAIN_HTTP, 500, "oh", "internal");
    a.detail = ix_dup_cstr("{}");
    a.info.detail = a.detail;
    ix_failure_copy(&b, &a);
    ix_failure_clear(&a);
    cr_assert_str_eq(b.info.message, "oh");
    cr_assert_str_eq(b.info.reason, "internal");
    cr_assert_str_eq(b.info.detail, "{}");
    cr_assert_eq(b.info.status, 500);
    ix_failure_clear(&b);
}
