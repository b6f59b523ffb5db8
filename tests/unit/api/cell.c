/* SPDX-License-Identifier: MIT */
#include "fixture.h"

Test(api_cell, knows_a_json_number_when_it_sees_one)
{
    static const char *const good[] = { "0", "-0", "8", "-12", "1.5", "0.0075", "1e9", "1E+2", "2.5e-3",
        "9007199254740993" };
    static const char *const bad[] = { "", "-", "01", "1.", ".5", "+1", "1e", "1e+", "0x1", "1 ", " 1", "8a", "NaN",
        "--1", "1,5" };

    for (size_t i = 0; i < IX_COUNT(good); i++)
        cr_expect(ix_api_is_number_text(ix_str(good[i])), "%s", good[i]);
    for (size_t i = 0; i < IX_COUNT(bad); i++)
        cr_expect_not(ix_api_is_number_text(ix_str(bad[i])), "%s", bad[i]);
}

Test(api_cell, a_member_that_older_headers_do_not_know_is_absent)
{
    struct ix_api_set s;
    const irisx_value_t *none = NULL;
    /* as a program built when the struct had but `name`: extra lay behind it, and there was no more */
    char *old = ix_alloc(sizeof(char *) + sizeof none);

    ix_api_set_fixture(&s);
    *(const char **) (void *) old = "x";
    memcpy(old + sizeof(char *), &none, sizeof none);
    const struct ix_api_type *t = &s.types[ix_api_find_in(&s, "fx.things.create")->params];
    struct ix_api_source from = { .fields = old, .extra_at = sizeof(char *) };
    struct ix_api_walk w = { 0 };
    for (const struct ix_api_field *f = ix_api_walk(&s, t, &w); f != NULL; f = ix_api_walk(&s, t, &w))
        cr_assert_eq(ix_api_cell(&s, &from, f, w.offset).type, w.index == 1 ? IX_CELL_TEXT : IX_CELL_ABSENT);
    cr_assert_null(ix_api_extra(&from));
    ix_free(old);
}
