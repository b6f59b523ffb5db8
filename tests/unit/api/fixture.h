/* SPDX-License-Identifier: MIT */
/* What the tests of this folder share: the fixture's tables, and JSON in one line. */
#ifndef TEST_API_FIXTURE_H
#define TEST_API_FIXTURE_H

#include <criterion/criterion.h>
#include <string.h>

#include "api/fx.h"
#include "api/tables.h"
#include "json/json.h"

void ix_api_set_fixture(struct ix_api_set *out); /* generated */

/* "{'a':1}" → a value; single quotes stand for double ones. The caller frees it. */
static inline irisx_value_t *json(const char *text)
{
    struct ix_buf b;
    irisx_value_t *v = NULL;

    ix_buf_init(&b, (size_t) 1 << 20);
    for (; *text != '\0'; text++)
        ix_buf_u8(&b, (uint8_t) (*text == '\'' ? '"' : *text));
    cr_assert_eq(ix_json_parse(ix_str_n(b.p, b.n), &v, NULL), 0, "%.*s", (int) b.n, (const char *) b.p);
    ix_buf_clear(&b);
    return v;
}

static inline void text_is(const char *have, const char *want)
{
    if (want == NULL)
        cr_expect_null(have, "%s", have);
    else
        cr_expect(have != NULL && strcmp(have, want) == 0, "\n have %s\n want %s", have, want);
}

#endif
