/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "core/core.h"

Test(time, sums_stop_at_never)
{
    cr_assert_eq(ix_time_add(20 * IX_MS, IX_S), 1020000);
    cr_assert_eq(ix_time_add(IX_NEVER, 1), IX_NEVER);
    cr_assert_eq(ix_time_add(1, IX_NEVER), IX_NEVER);
    cr_assert_eq(ix_time_add(IX_NEVER - 5, 6), IX_NEVER);
    cr_assert_eq(ix_time_add(IX_NEVER - 5, 4), IX_NEVER - 1);
}

static const struct {
    int64_t us;
    const char *text;
} moments[] = {
    { 0, "1970-01-01T00:00:00.000Z" },
    { INT64_C(1795166845486000), "2026-11-20T09:27:25.486Z" },
    { INT64_C(951782400000000), "2000-02-29T00:00:00.000Z" },
    { INT64_C(4107542399999000), "2100-02-28T23:59:59.999Z" },
    { INT64_C(4107542400000000), "2100-03-01T00:00:00.000Z" },
    { -1000, "1969-12-31T23:59:59.999Z" },
    { INT64_C(-62167219200000000), "0000-01-01T00:00:00.000Z" },
    { INT64_C(253402300799999000), "9999-12-31T23:59:59.999Z" },
};

Test(time, iso_8601_goes_both_ways)
{
    for (size_t i = 0; i < IX_COUNT(moments); i++) {
        char text[25];
        int64_t us;
        ix_time_iso8601(moments[i].us, text);
        cr_assert_str_eq(text, moments[i].text);
        cr_assert_eq(ix_time_parse_iso8601(ix_str(moments[i].text), &us), 0, "%s", moments[i].text);
        cr_assert_eq(us, moments[i].us, "%s", moments[i].text);
    }
}

Test(time, text_is_cut_to_milliseconds_and_to_four_digits_of_year)
{
    char text[25];

    ix_time_iso8601(1999, text);
    cr_assert_str_eq(text, "1970-01-01T00:00:00.001Z");
    ix_time_iso8601(INT64_MAX, text);
    cr_assert_str_eq(text, "9999-12-31T23:59:59.999Z");
    ix_time_iso8601(INT64_MIN, text);
    cr_assert_str_eq(text, "0000-01-01T00:00:00.000Z");
}

Test(time, reads_what_other_writers_of_iso_8601_write)
{
    static const struct {
        const char *text;
        int64_t us;
    } rows[] = { { "1970-01-01T00:00:01Z", 1000000 }, { "1970-01-01t00:00:01z", 1000000 },
        { "1970-01-01 00:00:01.5+00:00", 1500000 }, { "1970-01-01T01:00:00+01:00", 0 },
        { "1969-12-31T18:30:00-0530", 0 }, { "1970-01-01T00:00:00.123456789Z", 123456 },
        { "1970-01-01T00:00:60Z", 60000000 } };

    for (size_t i = 0; i < IX_COUNT(rows); i++) {
        int64_t us;
        cr_assert_eq(ix_time_parse_iso8601(ix_str(rows[i].text), &us), 0, "%s", rows[i].text);
        cr_assert_eq(us, rows[i].us, "%s", rows[i].text);
    }
}

Test(time, refuses_what_is_no_moment)
{
    static const char *const bad[] = { "", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01T00:00Z",
        "1970-13-01T00:00:00Z", "1970-00-01T00:00:00Z", "1970-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
        "1970-04-31T00:00:00Z", "1970-01-00T00:00:00Z", "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z",
        "1970-01-01T00:00:61Z", "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00ZZ", "1970-01-01T00:00:00+1:00",
        "1970-01-01T00:00:00+24:00", "1970-01-01T00:00:00+01:60", "1970-01-01T00:00:00+01:00x", "70-01-01T00:00:00Z",
        "1970/01/01T00:00:00Z", "1970-01-01X00:00:00Z", "-970-01-01T00:00:00Z", "1970-01-01T00:00:00.12",
        "1795166845486" };
    int64_t us = 42;

    for (size_t i = 0; i < IX_COUNT(bad); i++)
        cr_assert_eq(ix_time_parse_iso8601(ix_str(bad[i]), &us), IRISX_E_PROTOCOL, "%s", bad[i]);
    cr_assert_eq(us, 42);
}
