/* SPDX-License-Identifier: MIT */
#include "fixture.h"

static void pattern(const char *p, const char *const *good, const char *const *bad)
{
    for (; *good != NULL; good++)
        cr_expect(ix_api_pattern(ix_str(p), ix_str(*good)), "%s takes %s", p, *good);
    for (; *bad != NULL; bad++)
        cr_expect_not(ix_api_pattern(ix_str(p), ix_str(*bad)), "%s refuses %s", p, *bad);
}

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

Test(api_pattern, the_contracts_patterns)
{
    pattern("^\\+?[1-9]\\d{1,14}$", LIST("123", "12025550199", "+12025550199", "+123456789012345"),
        LIST("", "+", "1", "0123", "+0123", "+1234567890123456", "sip:x@y", "12a", "++12", "+12 "));
    pattern(
        "^\\d{4}-\\d{2}-\\d{2}$", LIST("2026-11-20"), LIST("2026-11-2", "2026-11-200", "x2026-11-20", "2026/11/20"));
    pattern("^\\d{2}:\\d{2}(:\\d{2})?$", LIST("09:27", "09:27:25"), LIST("09:27:", "09:27:2", "9:27", "09:27:25:25"));
    pattern("^\\d+$", LIST("0", "0123456789"), LIST("", "1a", "-1"));
    pattern("^#[0-9A-Fa-f]{6}$", LIST("#00ffAA"), LIST("00ffAA", "#00ffA", "#00ffAG", "#00ffAAA"));
    pattern("^[a-z0-9_-]+$", LIST("a-b_9", "-"), LIST("", "A", "a b", "a.b"));
    pattern("^(?=.*[A-Z])(?=.*[0-9])(?=.*[!@#$%^&*])", LIST("aB3$", "$3B"), LIST("", "ab3$", "aB$", "aB3"));
}

Test(api_pattern, groups_loops_and_alternatives)
{
    pattern("^(ab|cd)*e$", LIST("e", "abe", "cdabe"), LIST("", "ab", "ace", "abcd"));
    pattern("^(a|b){2,3}$", LIST("ab", "bba"), LIST("a", "abab", "abc"));
    pattern("^(?:x|)y$", LIST("y", "xy"), LIST("xxy", "x"));
    pattern("cat|dog", LIST("a cat", "dogs"), LIST("cow", ""));
    pattern("^[^a-c]\\.[\\]x]$", LIST("d.]", "z.x"), LIST("a.x", "dxx", "d.y"));
    pattern("^a{2,}$", LIST("aa", "aaaa"), LIST("a", ""));
    pattern("^(a*)*b$", LIST("b", "aab"), LIST("aac"));
    pattern("^\\w+\\s\\S\\D\\W$", LIST("ab c-!"), LIST("ab c5!", "abc"));
}

Test(api_pattern, nothing_makes_it_run_long_or_read_beyond)
{
    static const char *const odd[] = { "(", "(((", "[", "[^", "\\", "a{", "a{2", "a{,", "*", "?", "(?", "(?=", "|",
        "||", "a**", "^*", "{}", "[a-", "(a", ")", "a)b" };
    char many[2000];

    memset(many, 'a', sizeof many);
    (void) ix_api_pattern(IX_STR("^(a|a)*(a|a)*$x"), ix_str_n(many, sizeof many));
    (void) ix_api_pattern(IX_STR("^(.*)*(.*)*(.*)*y$"), ix_str_n(many, sizeof many));
    cr_assert_not(ix_api_pattern(IX_STR("^[a-z]+$"), ix_str_n(many, 0)));
    cr_assert(ix_api_pattern(IX_STR("^[a-z]+$"), ix_str_n(many, sizeof many)));
    for (size_t i = 0; i < IX_COUNT(odd); i++) {
        char *tight = ix_dup_mem(odd[i], strlen(odd[i])); /* so that the sanitizer sees an over-read */
        (void) ix_api_pattern(ix_str(tight), IX_STR("aab"));
        (void) ix_api_pattern(ix_str(tight), IX_STR(""));
        ix_free(tight);
    }
}

Test(api_pattern, formats)
{
    static const struct {
        enum ix_api_format format;
        const char *good, *bad;
    } table[] = { { IX_API_FORMAT_EMAIL, "a.b@x.test", "a@b" }, { IX_API_FORMAT_EMAIL, "a@x.co.uk", "a b@x.test" },
        { IX_API_FORMAT_EMAIL, "a@b.c", "@x.test" }, { IX_API_FORMAT_URL, "https://x.test/a?b", "x.test" },
        { IX_API_FORMAT_URL, "http://127.0.0.1:9", "http://" }, { IX_API_FORMAT_URL, "ftp://h", "http://a b" },
        { IX_API_FORMAT_UUID, "8e8200aa-0000-4000-8000-0123456789AB", "8e8200aa00004000800001234567890a" },
        { IX_API_FORMAT_DATETIME, "2026-11-20T09:27:25.486Z", "2026-11-20" },
        { IX_API_FORMAT_DATE, "2026-11-20", "20.11.2026" }, { IX_API_FORMAT_TIME, "09:27", "9h27" } };

    for (size_t i = 0; i < IX_COUNT(table); i++) {
        cr_expect(ix_api_format(table[i].format, ix_str(table[i].good)), "%s", table[i].good);
        cr_expect_not(ix_api_format(table[i].format, ix_str(table[i].bad)), "%s", table[i].bad);
    }
    cr_assert(ix_api_format(IX_API_FORMAT_NONE, IX_STR("anything")));
}

Test(api_pattern, length_is_counted_as_javascript_does)
{
    cr_assert_eq(ix_api_text_length(IX_STR("abc")), 3);
    cr_assert_eq(ix_api_text_length(IX_STR("h\xc3\xa9")), 2);
    cr_assert_eq(ix_api_text_length(IX_STR("\xf0\x9f\x98\x80")), 2);
    cr_assert_eq(ix_api_text_length(IX_STR("")), 0);
}
