/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "http/http.h"

/* header {"alg":"HS256","typ":"JWT"}; claims as in the contract: userId, tenantId, email, role, iat, exp */
#define HEADER "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
#define CLAIMS                                                                                                         \
    "eyJ1c2VySWQiOiIyIiwidGVuYW50SWQiOiIxIiwiZW1haWwiOiJhZG1pbkBleGFtcGxlLnRlc3QiLCJyb2xlIjoiYWRtaW4iLCJpYXQiOjE3OTUx" \
    "NjYyODgsImV4cCI6MTc5NTI1MjY4OH0"

Test(http_jwt, reads_when_a_token_was_issued_and_when_it_expires)
{
    struct ix_jwt_times t;

    cr_assert_eq(ix_jwt_times(IX_STR(HEADER "." CLAIMS ".c2lnbmF0dXJl"), &t), 0);
    cr_assert_eq(t.issued_s, 1795166288);
    cr_assert_eq(t.expires_s, 1795252688);
}

Test(http_jwt, refuses_what_has_no_end)
{
    static const char *const bad[] = { "", "a", "a.b", "a..c", "..", "a.!!!.c", HEADER "." HEADER ".x" /* no exp */,
        "x.e30.x" /* {} */, "x.W10.x" /* [] */, "x.eyJleHAiOiJzb29uIn0.x" /* {"exp":"soon"} */,
        "x.eyJleHAiOi0xfQ.x" /* {"exp":-1} */ };
    struct ix_jwt_times t = { 7, 7 };

    for (size_t i = 0; i < IX_COUNT(bad); i++)
        cr_expect_eq(ix_jwt_times(ix_str(bad[i]), &t), IRISX_E_PROTOCOL, "%s", bad[i]);
    cr_assert_eq(t.expires_s, 7, "the output is left alone");
}

Test(http_jwt, does_without_the_time_of_issue)
{
    struct ix_jwt_times t;

    cr_assert_eq(ix_jwt_times(IX_STR("x.eyJleHAiOjEwMH0.x"), &t), 0); /* {"exp":100} */
    cr_assert_eq(t.issued_s, 0);
    cr_assert_eq(t.expires_s, 100);
}
