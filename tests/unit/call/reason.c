/* SPDX-License-Identifier: MIT */
/* The one list of reasons: every SIP status, every cause of Q.850, every code has one that a user can act on. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

#include "call/call.h"

static const irisx_reason_t all[] = {
#define NUMBER(name, number, error, word, state, sentence) IRISX_REASON_##name,
    IRISX_REASON_MAP(NUMBER)
#undef NUMBER
};

Test(reason, each_one_has_a_word_a_state_of_the_platform_and_a_sentence_of_its_own)
{
    static const char *const states[] = { "in-progress", "completed", "busy", "no-answer", "cancelled", "failed" };

    for (size_t i = 0; i < IX_COUNT(all); i++) {
        const char *name = ix_reason_name(all[i]), *text = ix_reason_text(all[i]), *state = ix_reason_state(all[i]);
        bool known = false;

        cr_expect_eq(all[i], (irisx_reason_t) i, "%s has another number than its place", name);
        cr_expect(strlen(text) > 8 && !isupper((unsigned char) text[0]) && text[strlen(text) - 1] != '.', "%s", text);
        for (size_t k = 0; k < IX_COUNT(states); k++)
            known = known || !strcmp(states[k], state);
        cr_expect(known, "%s: %s", name, state);
        for (size_t k = 0; k < i; k++)
            cr_expect(strcmp(name, ix_reason_name(all[k])) && strcmp(text, ix_reason_text(all[k])), "%s twice", name);
        cr_expect(!ix_reason_code(all[i]) || strcmp(ix_error_name(ix_reason_code(all[i])), "IRISX_E_UNKNOWN"));
        /* a code says whether it went well, and so does the state */
        cr_expect(ix_reason_code(all[i]) == 0 || strcmp(state, "completed") || all[i] == IRISX_REASON_ELSEWHERE ||
                      all[i] == IRISX_REASON_CLIENT_CLOSED,
            "%s", name);
    }
    cr_expect_str_eq(ix_reason_name((irisx_reason_t) 9999), "unknown");
    cr_expect_str_eq(ix_reason_state((irisx_reason_t) 9999), "failed");
    cr_expect(*ix_reason_text((irisx_reason_t) 9999));
    cr_expect_eq(ix_reason_code((irisx_reason_t) 9999), IRISX_E_INTERNAL);
}

struct row {
    unsigned status, cause;
    irisx_reason_t why;
};

static void expect(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(ix_reason_from(rows[i].status, rows[i].cause), rows[i].why, "SIP %u, Q.850 %u: %s", rows[i].status,
            rows[i].cause, ix_reason_name(ix_reason_from(rows[i].status, rows[i].cause)));
}

Test(reason, each_status_of_rfc_3261_and_its_followers)
{
    static const struct row rows[] = { { 300, 0, IRISX_REASON_MOVED }, { 301, 0, IRISX_REASON_MOVED },
        { 302, 0, IRISX_REASON_MOVED }, { 305, 0, IRISX_REASON_MOVED }, { 380, 0, IRISX_REASON_MOVED },
        { 400, 0, IRISX_REASON_PROTOCOL }, { 401, 0, IRISX_REASON_AUTH }, { 402, 0, IRISX_REASON_REJECTED },
        { 403, 0, IRISX_REASON_FORBIDDEN }, { 404, 0, IRISX_REASON_UNKNOWN_NUMBER },
        { 405, 0, IRISX_REASON_UNSUPPORTED }, { 406, 0, IRISX_REASON_MEDIA_REFUSED }, { 407, 0, IRISX_REASON_AUTH },
        { 408, 0, IRISX_REASON_NO_ANSWER }, { 410, 0, IRISX_REASON_NUMBER_CHANGED }, { 413, 0, IRISX_REASON_PROTOCOL },
        { 414, 0, IRISX_REASON_PROTOCOL }, { 415, 0, IRISX_REASON_MEDIA_REFUSED },
        { 416, 0, IRISX_REASON_UNKNOWN_NUMBER }, { 420, 0, IRISX_REASON_UNSUPPORTED },
        { 421, 0, IRISX_REASON_UNSUPPORTED }, { 422, 0, IRISX_REASON_UNSUPPORTED }, { 423, 0, IRISX_REASON_REJECTED },
        { 428, 0, IRISX_REASON_AUTH }, { 430, 0, IRISX_REASON_NETWORK }, { 433, 0, IRISX_REASON_ANONYMOUS },
        { 436, 0, IRISX_REASON_AUTH }, { 437, 0, IRISX_REASON_AUTH }, { 438, 0, IRISX_REASON_AUTH },
        { 470, 0, IRISX_REASON_BLOCKED }, { 480, 0, IRISX_REASON_UNAVAILABLE }, { 481, 0, IRISX_REASON_LOST_AT_SERVER },
        { 482, 0, IRISX_REASON_NO_ROUTE }, { 483, 0, IRISX_REASON_NO_ROUTE },
        { 484, 0, IRISX_REASON_INCOMPLETE_NUMBER }, { 485, 0, IRISX_REASON_UNKNOWN_NUMBER },
        { 486, 0, IRISX_REASON_BUSY }, { 487, 0, IRISX_REASON_CANCELLED }, { 488, 0, IRISX_REASON_MEDIA_REFUSED },
        { 489, 0, IRISX_REASON_UNSUPPORTED }, { 491, 0, IRISX_REASON_SERVER }, { 493, 0, IRISX_REASON_MEDIA_REFUSED },
        { 494, 0, IRISX_REASON_INSECURE }, { 500, 0, IRISX_REASON_SERVER }, { 501, 0, IRISX_REASON_UNSUPPORTED },
        { 502, 0, IRISX_REASON_SERVER }, { 503, 0, IRISX_REASON_SERVER }, { 504, 0, IRISX_REASON_SERVER },
        { 505, 0, IRISX_REASON_UNSUPPORTED }, { 513, 0, IRISX_REASON_PROTOCOL }, { 580, 0, IRISX_REASON_MEDIA_REFUSED },
        { 600, 0, IRISX_REASON_BUSY }, { 603, 0, IRISX_REASON_DECLINED }, { 604, 0, IRISX_REASON_UNKNOWN_NUMBER },
        { 606, 0, IRISX_REASON_MEDIA_REFUSED }, { 607, 0, IRISX_REASON_BLOCKED }, { 608, 0, IRISX_REASON_BLOCKED },
        { 699, 0, IRISX_REASON_REJECTED } };

    expect(rows, IX_COUNT(rows));
}

Test(reason, each_cause_of_q_850_alone)
{
    static const struct row rows[] = { { 0, 0, IRISX_REASON_PEER_HANGUP }, { 0, 1, IRISX_REASON_UNKNOWN_NUMBER },
        { 0, 2, IRISX_REASON_NO_ROUTE }, { 0, 3, IRISX_REASON_NO_ROUTE }, { 0, 4, IRISX_REASON_UNKNOWN_NUMBER },
        { 0, 5, IRISX_REASON_NO_ROUTE }, { 0, 6, IRISX_REASON_NO_ROUTE }, { 0, 16, IRISX_REASON_PEER_HANGUP },
        { 0, 17, IRISX_REASON_BUSY }, { 0, 18, IRISX_REASON_NO_ANSWER }, { 0, 19, IRISX_REASON_NO_ANSWER },
        { 0, 20, IRISX_REASON_UNAVAILABLE }, { 0, 21, IRISX_REASON_DECLINED }, { 0, 22, IRISX_REASON_NUMBER_CHANGED },
        { 0, 23, IRISX_REASON_MOVED }, { 0, 24, IRISX_REASON_BLOCKED }, { 0, 25, IRISX_REASON_NO_ROUTE },
        { 0, 26, IRISX_REASON_ELSEWHERE }, { 0, 27, IRISX_REASON_UNAVAILABLE },
        { 0, 28, IRISX_REASON_INCOMPLETE_NUMBER }, { 0, 29, IRISX_REASON_UNSUPPORTED },
        { 0, 30, IRISX_REASON_PEER_HANGUP }, { 0, 31, IRISX_REASON_PEER_HANGUP }, { 0, 34, IRISX_REASON_CONGESTION },
        { 0, 38, IRISX_REASON_SERVER }, { 0, 41, IRISX_REASON_SERVER }, { 0, 42, IRISX_REASON_CONGESTION },
        { 0, 44, IRISX_REASON_CONGESTION }, { 0, 47, IRISX_REASON_CONGESTION }, { 0, 50, IRISX_REASON_FORBIDDEN },
        { 0, 52, IRISX_REASON_FORBIDDEN }, { 0, 54, IRISX_REASON_BLOCKED }, { 0, 55, IRISX_REASON_BLOCKED },
        { 0, 57, IRISX_REASON_FORBIDDEN }, { 0, 58, IRISX_REASON_CONGESTION }, { 0, 65, IRISX_REASON_UNSUPPORTED },
        { 0, 69, IRISX_REASON_UNSUPPORTED }, { 0, 79, IRISX_REASON_UNSUPPORTED }, { 0, 81, IRISX_REASON_PROTOCOL },
        { 0, 87, IRISX_REASON_FORBIDDEN }, { 0, 88, IRISX_REASON_MEDIA_REFUSED }, { 0, 91, IRISX_REASON_NO_ROUTE },
        { 0, 95, IRISX_REASON_PROTOCOL }, { 0, 96, IRISX_REASON_PROTOCOL }, { 0, 102, IRISX_REASON_SERVER_SILENT },
        { 0, 111, IRISX_REASON_PROTOCOL }, { 0, 127, IRISX_REASON_SERVER }, { 0, 128, IRISX_REASON_PEER_HANGUP },
        /* FreeSWITCH's own */
        { 0, 487, IRISX_REASON_PEER_CANCELLED }, { 0, 502, IRISX_REASON_ELSEWHERE },
        { 0, 600, IRISX_REASON_TRANSFERRED }, { 0, 601, IRISX_REASON_TRANSFERRED }, { 0, 602, IRISX_REASON_DURATION },
        { 0, 604, IRISX_REASON_MEDIA_LOST }, { 0, 605, IRISX_REASON_ELSEWHERE }, { 0, 606, IRISX_REASON_UNAVAILABLE },
        { 0, 607, IRISX_REASON_NO_ANSWER }, { 0, 609, IRISX_REASON_NO_ROUTE }, { 0, 610, IRISX_REASON_SERVER },
        { 0, 611, IRISX_REASON_UNKNOWN_NUMBER }, { 0, 9999, IRISX_REASON_PEER_HANGUP } };

    expect(rows, IX_COUNT(rows));
}

Test(reason, a_status_that_is_used_for_much_is_told_apart_by_its_cause)
{
    static const struct row rows[] = { { 480, 19, IRISX_REASON_NO_ANSWER }, { 480, 18, IRISX_REASON_NO_ANSWER },
        { 480, 20, IRISX_REASON_UNAVAILABLE }, { 480, 16, IRISX_REASON_UNAVAILABLE },
        { 480, 31, IRISX_REASON_UNAVAILABLE }, { 503, 34, IRISX_REASON_CONGESTION }, { 503, 41, IRISX_REASON_SERVER },
        { 502, 3, IRISX_REASON_NO_ROUTE }, { 500, 1, IRISX_REASON_UNKNOWN_NUMBER }, { 403, 54, IRISX_REASON_BLOCKED },
        { 403, 52, IRISX_REASON_FORBIDDEN }, { 603, 17, IRISX_REASON_BUSY }, { 603, 21, IRISX_REASON_DECLINED },
        /* others mean what they say */
        { 486, 16, IRISX_REASON_BUSY }, { 404, 41, IRISX_REASON_UNKNOWN_NUMBER }, { 487, 19, IRISX_REASON_CANCELLED },
        { 200, 17, IRISX_REASON_BUSY } };

    expect(rows, IX_COUNT(rows));
}

Test(reason, no_number_is_without_a_sentence)
{
    for (unsigned status = 0; status < 1000; status++)
        for (unsigned cause = 0; cause < 700; cause += status ? 37 : 1) {
            irisx_reason_t why = ix_reason_from(status, cause);

            cr_assert(why > IRISX_REASON_NONE && (size_t) why < IX_COUNT(all), "%u, %u", status, cause);
        }
}

Test(reason, each_code_has_a_reason_and_the_reason_has_that_code)
{
#define CODE(name, number, text)                                                                               \
    {                                                                                                          \
        irisx_reason_t why = ix_reason_of_code(IRISX_E_##name);                                                \
        int code = ix_reason_code(why);                                                                        \
        cr_expect(code == IRISX_E_##name || why == IRISX_REASON_LOCAL || why == IRISX_REASON_INSECURE, #name); \
    }
    IRISX_ERROR_MAP(CODE)
#undef CODE
    cr_expect_eq(ix_reason_of_code(0), IRISX_REASON_HANGUP);
    cr_expect_eq(ix_reason_of_code(IRISX_E_TIMEOUT), IRISX_REASON_SERVER_SILENT);
}
