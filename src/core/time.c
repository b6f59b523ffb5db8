/* SPDX-License-Identifier: MIT */
/* Time as numbers, and as ISO 8601 / RFC 3339 text. Nothing here asks a clock. */
#include "core/core.h"

#define US_PER_S INT64_C(1000000)
#define S_PER_DAY INT64_C(86400)

uint64_t ix_time_add(uint64_t a_us, uint64_t b_us)
{
    return a_us > IX_NEVER - b_us ? IX_NEVER : a_us + b_us;
}

/*
 * Days since 1970-01-01 of a date of the Gregorian calendar. Years begin in March, so that the leap day is the last
 * of its year and the months before it follow the rule (153 m + 2) / 5.
 */
static int64_t days_from_date(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static void date_from_days(int64_t days, int64_t *year, int *month, int *day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t m = (5 * day_of_year + 2) / 153;

    *day = (int) (day_of_year - (153 * m + 2) / 5 + 1);
    *month = (int) (m < 10 ? m + 3 : m - 9);
    *year = year_of_era + era * 400 + (*month <= 2 ? 1 : 0);
}

static void put_digits(char *out, int64_t v, size_t digits)
{
    for (size_t i = digits; i > 0; i--) {
        out[i - 1] = (char) ('0' + v % 10);
        v /= 10;
    }
}

void ix_time_iso8601(int64_t wall_us, char out[25])
{
    static const char shape[25] = "0000-00-00T00:00:00.000Z";
    const int64_t first = days_from_date(0, 1, 1) * S_PER_DAY * US_PER_S;
    const int64_t last = days_from_date(10000, 1, 1) * S_PER_DAY * US_PER_S - 1;
    int64_t year;
    int month;
    int day;

    wall_us = IX_MAX(first, IX_MIN(last, wall_us)) - first; /* the text has four digits for a year */
    int64_t seconds = wall_us / US_PER_S;
    date_from_days(seconds / S_PER_DAY + first / US_PER_S / S_PER_DAY, &year, &month, &day);
    for (size_t i = 0; i < sizeof shape; i++)
        out[i] = shape[i];
    put_digits(out, year, 4);
    put_digits(out + 5, month, 2);
    put_digits(out + 8, day, 2);
    put_digits(out + 11, seconds % S_PER_DAY / 3600, 2);
    put_digits(out + 14, seconds / 60 % 60, 2);
    put_digits(out + 17, seconds % 60, 2);
    put_digits(out + 20, wall_us % US_PER_S / 1000, 3);
}

/* n digits, a value of lo .. hi, then the character `then` (0: none) */
static int take_number(struct ix_str *s, size_t n, uint32_t lo, uint32_t hi, char then)
{
    size_t all = n + (then != '\0');
    uint32_t v = 0;

    if (s->n < all || (then != '\0' && s->p[n] != then))
        return -1;
    for (size_t i = 0; i < n; i++) {
        uint32_t digit = (uint32_t) (uint8_t) s->p[i] - '0';
        if (digit > 9)
            return -1;
        v = v * 10 + digit;
    }
    *s = ix_str_n(s->p + all, s->n - all);
    return v >= lo && v <= hi ? (int) v : -1;
}

/* ".123456789" -> 123456 us; digits beyond are cut; -1 if there is a point without a digit */
static int64_t take_fraction(struct ix_str *s)
{
    int64_t us = 0;
    int64_t unit = US_PER_S / 10;
    size_t i = 1;

    if (s->n == 0 || s->p[0] != '.')
        return 0;
    for (; i < s->n && s->p[i] >= '0' && s->p[i] <= '9'; i++) {
        us += unit * (s->p[i] - '0');
        unit /= 10;
    }
    if (i == 1)
        return -1;
    *s = ix_str_slice(*s, i, s->n);
    return us;
}

/* "Z", "+01:00", "-0530"; the offset in seconds */
static int take_zone(struct ix_str s, int *offset_s)
{
    if (ix_str_ieq(s, IX_STR("Z"))) {
        *offset_s = 0;
        return 0;
    }
    if (s.n < 5 || (s.p[0] != '+' && s.p[0] != '-'))
        return IRISX_E_PROTOCOL;
    int sign = s.p[0] == '-' ? -1 : 1;
    s = ix_str_slice(s, 1, s.n);
    int hours = take_number(&s, 2, 0, 23, s.n == 5 ? ':' : '\0');
    int minutes = take_number(&s, 2, 0, 59, '\0');
    if (hours < 0 || minutes < 0 || s.n != 0)
        return IRISX_E_PROTOCOL;
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return 0;
}

static int days_in_month(int year, int month)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

int ix_time_parse_iso8601(struct ix_str s, int64_t *wall_us)
{
    int offset_s;
    int year = take_number(&s, 4, 0, 9999, '-');
    int month = year < 0 ? -1 : take_number(&s, 2, 1, 12, '-');
    int day = month < 0 ? -1 : take_number(&s, 2, 1, (uint32_t) days_in_month(year, month), '\0');

    if (day < 0 || s.n == 0 || (s.p[0] != 'T' && s.p[0] != 't' && s.p[0] != ' '))
        return IRISX_E_PROTOCOL;
    s = ix_str_slice(s, 1, s.n);
    int hour = take_number(&s, 2, 0, 23, ':');
    int minute = hour < 0 ? -1 : take_number(&s, 2, 0, 59, ':');
    int second = minute < 0 ? -1 : take_number(&s, 2, 0, 60, '\0'); /* 60: a leap second */
    int64_t us = second < 0 ? -1 : take_fraction(&s);
    if (us < 0 || take_zone(s, &offset_s) != 0)
        return IRISX_E_PROTOCOL;
    int64_t seconds = days_from_date(year, month, day) * S_PER_DAY + hour * 3600 + minute * 60 + second - offset_s;
    *wall_us = seconds * US_PER_S + us;
    return 0;
}
