/* SPDX-License-Identifier: MIT */
/*
 * Why a call ended: SIP statuses (RFC 3261 section 21 and those registered since) and causes of Q.850 (RFC 3326; those
 * above 127 are FreeSWITCH's own) as one list, <irisx/reason.h>.
 */
#include "call/private.h"

struct meaning {
    uint16_t number;
    uint8_t why;
};

static const struct meaning statuses[] = {
    { 400, IRISX_REASON_PROTOCOL }, { 401, IRISX_REASON_AUTH }, { 403, IRISX_REASON_FORBIDDEN },
    { 404, IRISX_REASON_UNKNOWN_NUMBER }, { 405, IRISX_REASON_UNSUPPORTED }, { 406, IRISX_REASON_MEDIA_REFUSED },
    { 407, IRISX_REASON_AUTH }, { 408, IRISX_REASON_NO_ANSWER }, { 410, IRISX_REASON_NUMBER_CHANGED },
    { 413, IRISX_REASON_PROTOCOL }, { 414, IRISX_REASON_PROTOCOL }, { 415, IRISX_REASON_MEDIA_REFUSED },
    { 416, IRISX_REASON_UNKNOWN_NUMBER }, { 420, IRISX_REASON_UNSUPPORTED }, { 421, IRISX_REASON_UNSUPPORTED },
    { 422, IRISX_REASON_UNSUPPORTED }, { 428, IRISX_REASON_AUTH }, /* RFC 8224: use Identity */
    { 430, IRISX_REASON_NETWORK }, /* RFC 5626: flow failed */
    { 433, IRISX_REASON_ANONYMOUS }, /* RFC 5079 */
    { 436, IRISX_REASON_AUTH }, { 437, IRISX_REASON_AUTH }, { 438, IRISX_REASON_AUTH },
    { 470, IRISX_REASON_BLOCKED }, /* RFC 5360: consent needed */
    { 480, IRISX_REASON_UNAVAILABLE }, { 481, IRISX_REASON_LOST_AT_SERVER }, { 482, IRISX_REASON_NO_ROUTE },
    { 483, IRISX_REASON_NO_ROUTE }, { 484, IRISX_REASON_INCOMPLETE_NUMBER }, { 485, IRISX_REASON_UNKNOWN_NUMBER },
    { 486, IRISX_REASON_BUSY }, { 487, IRISX_REASON_CANCELLED }, { 488, IRISX_REASON_MEDIA_REFUSED },
    { 489, IRISX_REASON_UNSUPPORTED }, { 491, IRISX_REASON_SERVER }, { 493, IRISX_REASON_MEDIA_REFUSED },
    { 494, IRISX_REASON_INSECURE }, { 501, IRISX_REASON_UNSUPPORTED }, { 503, IRISX_REASON_SERVER },
    { 504, IRISX_REASON_SERVER }, { 505, IRISX_REASON_UNSUPPORTED }, { 513, IRISX_REASON_PROTOCOL },
    { 580, IRISX_REASON_MEDIA_REFUSED }, { 600, IRISX_REASON_BUSY }, { 603, IRISX_REASON_DECLINED },
    { 604, IRISX_REASON_UNKNOWN_NUMBER }, { 606, IRISX_REASON_MEDIA_REFUSED },
    { 607, IRISX_REASON_BLOCKED }, /* RFC 8197: unwanted */
    { 608, IRISX_REASON_BLOCKED }, /* RFC 8688: rejected by the network */
};

static const struct meaning causes[] = {
    { 1, IRISX_REASON_UNKNOWN_NUMBER },
    { 2, IRISX_REASON_NO_ROUTE },
    { 3, IRISX_REASON_NO_ROUTE },
    { 4, IRISX_REASON_UNKNOWN_NUMBER },
    { 5, IRISX_REASON_NO_ROUTE },
    { 17, IRISX_REASON_BUSY },
    { 18, IRISX_REASON_NO_ANSWER },
    { 19, IRISX_REASON_NO_ANSWER },
    { 20, IRISX_REASON_UNAVAILABLE },
    { 21, IRISX_REASON_DECLINED },
    { 22, IRISX_REASON_NUMBER_CHANGED },
    { 23, IRISX_REASON_MOVED },
    { 24, IRISX_REASON_BLOCKED },
    { 25, IRISX_REASON_NO_ROUTE },
    { 26, IRISX_REASON_ELSEWHERE },
    { 27, IRISX_REASON_UNAVAILABLE },
    { 28, IRISX_REASON_INCOMPLETE_NUMBER },
    { 29, IRISX_REASON_UNSUPPORTED },
    { 38, IRISX_REASON_SERVER },
    { 41, IRISX_REASON_SERVER },
    { 54, IRISX_REASON_BLOCKED },
    { 55, IRISX_REASON_BLOCKED },
    { 58, IRISX_REASON_CONGESTION },
    { 87, IRISX_REASON_FORBIDDEN },
    { 88, IRISX_REASON_MEDIA_REFUSED },
    { 91, IRISX_REASON_NO_ROUTE },
    { 102, IRISX_REASON_SERVER_SILENT },
    { 487, IRISX_REASON_PEER_CANCELLED },
    { 502, IRISX_REASON_ELSEWHERE },
    { 600, IRISX_REASON_TRANSFERRED },
    { 601, IRISX_REASON_TRANSFERRED },
    { 602, IRISX_REASON_DURATION },
    { 604, IRISX_REASON_MEDIA_LOST },
    { 605, IRISX_REASON_ELSEWHERE },
    { 606, IRISX_REASON_UNAVAILABLE },
    { 607, IRISX_REASON_NO_ANSWER },
    { 609, IRISX_REASON_NO_ROUTE },
    { 610, IRISX_REASON_SERVER },
    { 611, IRISX_REASON_UNKNOWN_NUMBER },
};

static irisx_reason_t find(const struct meaning *list, size_t count, unsigned number)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].number == number)
            return (irisx_reason_t) list[i].why;
    return IRISX_REASON_NONE;
}

/* Q.850 table 1: the class of a cause is its bits 4 to 6 */
static irisx_reason_t from_cause(unsigned cause)
{
    static const uint8_t classes[] = { IRISX_REASON_NO_ROUTE, IRISX_REASON_PEER_HANGUP, IRISX_REASON_CONGESTION,
        IRISX_REASON_FORBIDDEN, IRISX_REASON_UNSUPPORTED, IRISX_REASON_PROTOCOL, IRISX_REASON_PROTOCOL,
        IRISX_REASON_SERVER };
    irisx_reason_t why = find(causes, IX_COUNT(causes), cause);

    if (why)
        return why;
    return cause && cause < 128 ? (irisx_reason_t) classes[cause >> 4] : IRISX_REASON_PEER_HANGUP;
}

static irisx_reason_t from_status(unsigned status)
{
    irisx_reason_t why = find(statuses, IX_COUNT(statuses), status);

    if (why)
        return why;
    return status < 400                    ? IRISX_REASON_MOVED
           : status >= 500 && status < 600 ? IRISX_REASON_SERVER
                                           : IRISX_REASON_REJECTED;
}

irisx_reason_t ix_reason_from(unsigned status, unsigned cause)
{
    irisx_reason_t why = from_cause(cause);
    bool vague = status == 480 || status == 403 || status == 603 || (status >= 500 && status < 600);

    if (status < 300 || (vague && cause && why != IRISX_REASON_PEER_HANGUP))
        return why;
    return from_status(status);
}

int ix_reason_code(irisx_reason_t why)
{
    enum { IRISX_E_OK = 0 };

    switch (why) {
#define CODE(name, number, error, word, state, sentence) \
    case IRISX_REASON_##name:                            \
        return IRISX_E_##error;
        IRISX_REASON_MAP(CODE)
#undef CODE
    }
    return IRISX_E_INTERNAL;
}

irisx_reason_t ix_reason_of_code(int code)
{
    if (code == IRISX_E_TIMEOUT)
        return IRISX_REASON_SERVER_SILENT;
    if (code == IRISX_E_CLOSED)
        return IRISX_REASON_CLIENT_CLOSED;
    if (code == IRISX_E_TLS)
        return IRISX_REASON_INSECURE;
    for (int why = IRISX_REASON_CANCELLED; why <= IRISX_REASON_REJECTED && code; why++)
        if (ix_reason_code((irisx_reason_t) why) == code)
            return (irisx_reason_t) why;
    return code ? IRISX_REASON_LOCAL : IRISX_REASON_HANGUP;
}

const char *ix_reason_name(irisx_reason_t why)
{
    switch (why) {
#define NAME(name, number, error, word, state, sentence) \
    case IRISX_REASON_##name:                            \
        return word;
        IRISX_REASON_MAP(NAME)
#undef NAME
    }
    return "unknown";
}

const char *ix_reason_text(irisx_reason_t why)
{
    switch (why) {
#define TEXT(name, number, error, word, state, sentence) \
    case IRISX_REASON_##name:                            \
        return sentence;
        IRISX_REASON_MAP(TEXT)
#undef TEXT
    }
    return "the call has ended";
}

const char *ix_reason_state(irisx_reason_t why)
{
    switch (why) {
#define STATE(name, number, error, word, state, sentence) \
    case IRISX_REASON_##name:                             \
        return state;
        IRISX_REASON_MAP(STATE)
#undef STATE
    }
    return "failed";
}
