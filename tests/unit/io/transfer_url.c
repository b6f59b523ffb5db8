/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "io/io.h"

static void leads(const char *base, const char *location, const char *want)
{
    char *to = NULL;
    int err = ix_http_url_join(base, location, &to);

    if (want == NULL) {
        cr_expect_eq(err, IRISX_E_INVALID, "%s from %s", location, base);
        return;
    }
    cr_assert_eq(err, 0, "%s from %s", location, base);
    cr_expect_str_eq(to, want);
    ix_free(to);
}

/* RFC 3986 section 5.4.1, those that http knows */
Test(transfer_url, relative_references_are_taken_from_where_the_answer_came)
{
    static const char base[] = "http://a/b/c/d;p?q";

    leads(base, "g", "http://a/b/c/g");
    leads(base, "./g", "http://a/b/c/g");
    leads(base, "/g", "http://a/g");
    leads(base, "//g", "http://g/");
    leads(base, "?y", "http://a/b/c/d;p?y");
    leads(base, "g?y#s", "http://a/b/c/g?y");
    leads(base, "../g", "http://a/b/g");
    leads(base, "../../g", "http://a/g");
    leads(base, "https://other:8443/x y", "https://other:8443/x%20y");
}

Test(transfer_url, what_http_does_not_reach_is_refused)
{
    static const char *const bad[] = { "file:///etc/passwd", "gopher://a/", "javascript:alert(1)", "http://[::1",
        "http://a:99999/", "", "http://" };

    for (size_t i = 0; i < IX_COUNT(bad); i++)
        leads("http://a/b", bad[i], NULL);
    leads("not a url", "/x", NULL);
}

Test(transfer_url, credentials_in_an_address_are_not_taken_along)
{
    leads("http://u:p@a/b", "/c", "http://a/c");
    leads("http://a/b", "http://me:secret@a/c", "http://a/c");
}

Test(transfer_url, an_origin_is_scheme_host_and_port)
{
    cr_assert(ix_http_same_origin("http://a/b", "HTTP://A:80/c?d"));
    cr_assert(ix_http_same_origin("https://a:443", "https://a/"));
    cr_assert_not(ix_http_same_origin("http://a/", "https://a/"));
    cr_assert_not(ix_http_same_origin("http://a/", "http://a:8080/"));
    cr_assert_not(ix_http_same_origin("http://a/", "http://b/"));
    cr_assert_not(ix_http_same_origin("http://a/", "http://a.b/"));
    cr_assert_not(ix_http_same_origin("http://a/", "http://a@b/"));
    cr_assert_not(ix_http_same_origin("http://a/", "nonsense"));
}
