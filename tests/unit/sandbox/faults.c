/* SPDX-License-Identifier: MIT */
/* What --fault does to a finished message. */
#include <criterion/criterion.h>
#include <string.h>

#include "sandbox/internal.h"

#define OFFER \
    "INVITE sip:a SIP/2.0\r\nContent-Length: 60\r\n\r\nv=0\r\na=fingerprint:sha-256 0A:BB\r\na=setup:active\r\n"

static void describe(const struct sandbox_faults *f, const char *in, const char *expected)
{
    char text[256];

    (void) strncpy(text, in, sizeof text - 1);
    text[sizeof text - 1] = 0;
    sandbox_fault_describe(f, text, strlen(in));
    cr_expect_str_eq(text, expected);
}

Test(faults, without_a_fault_a_description_stays_as_it_is)
{
    describe(&(struct sandbox_faults){ 0 }, OFFER, OFFER);
    describe(&(struct sandbox_faults){ .no_answer = true }, OFFER, OFFER);
}

Test(faults, a_bad_fingerprint_differs_in_one_digit)
{
    struct sandbox_faults f = { .bad_fingerprint = true };

    describe(&f, "a=fingerprint:sha-256 0A:BB\r\n", "a=fingerprint:sha-256 1A:BB\r\n");
    describe(&f, "a=fingerprint:sha-256 FA:BB\r\n", "a=fingerprint:sha-256 0A:BB\r\n");
    describe(&f, "a=fingerprint:x 1\r\na=fingerprint:x 0\r\n", "a=fingerprint:x 0\r\na=fingerprint:x 1\r\n");
}

Test(faults, a_withheld_fingerprint_is_an_unknown_attribute_of_the_same_length)
{
    struct sandbox_faults f = { .no_fingerprint = true };

    describe(&f, "v=0\r\na=fingerprint:sha-256 0A\r\n", "v=0\r\na=x-concealed:sha-256 0A\r\n");
}

Test(faults, a_message_that_ends_in_the_middle_is_not_read_beyond)
{
    struct sandbox_faults f = { .bad_fingerprint = true };

    describe(&f, "a=fingerprint:", "a=fingerprint:");
    describe(&f, "a=fingerprint: ", "a=fingerprint: ");
    describe(&f, "a=finger", "a=finger");
    describe(&f, "", "");
}

static bool swallowed(bool on, const char *text)
{
    return sandbox_fault_swallows(&(struct sandbox_faults){ .no_answer = on }, text, strlen(text));
}

Test(faults, no_answer_swallows_responses_to_invite_alone)
{
    cr_expect(swallowed(true, "SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n"));
    cr_expect(swallowed(true, "SIP/2.0 100 Trying\r\nVia: x\r\ncseq: 7 INVITE\r\n\r\n"));
    cr_expect_not(swallowed(true, "SIP/2.0 200 OK\r\nCSeq: 1 REGISTER\r\n\r\n"));
    cr_expect_not(swallowed(true, "INVITE sip:a SIP/2.0\r\nCSeq: 1 INVITE\r\n\r\n"));
    cr_expect_not(swallowed(true, "SIP/2.0 200 OK\r\n\r\nCSeq: 1 INVITE\r\n"));
    cr_expect_not(swallowed(true, ""));
    cr_expect_not(swallowed(false, "SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n"));
}
