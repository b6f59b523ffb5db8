/* SPDX-License-Identifier: MIT */
/* The names of methods, headers (with their compact forms, RFC 3261 section 7.3.3) and status codes (section 21). */
#include "sip/scan.h"

static const char *const methods[IX_SIP_METHODS] = {
    [IX_SIP_OTHER] = "",
    [IX_SIP_INVITE] = "INVITE",
    [IX_SIP_ACK] = "ACK",
    [IX_SIP_CANCEL] = "CANCEL",
    [IX_SIP_BYE] = "BYE",
    [IX_SIP_OPTIONS] = "OPTIONS",
    [IX_SIP_REGISTER] = "REGISTER",
    [IX_SIP_INFO] = "INFO",
    [IX_SIP_UPDATE] = "UPDATE",
    [IX_SIP_REFER] = "REFER",
    [IX_SIP_NOTIFY] = "NOTIFY",
    [IX_SIP_SUBSCRIBE] = "SUBSCRIBE",
    [IX_SIP_MESSAGE] = "MESSAGE",
    [IX_SIP_PRACK] = "PRACK",
    [IX_SIP_PUBLISH] = "PUBLISH",
};

enum ix_sip_method ix_sip_method(struct ix_str name)
{
    for (int i = 1; i < IX_SIP_METHODS; i++) {
        if (ix_str_eq(name, ix_str(methods[i])))
            return (enum ix_sip_method) i;
    }
    return IX_SIP_OTHER;
}

const char *ix_sip_method_name(enum ix_sip_method method)
{
    return (unsigned) method < IX_SIP_METHODS ? methods[method] : "";
}

struct header_name {
    const char *name;
    char compact; /* 0 = none */
};
static const struct header_name headers[IX_SIP_H_COUNT] = {
    [IX_SIP_H_OTHER] = { "", 0 },
    [IX_SIP_H_ACCEPT] = { "Accept", 0 },
    [IX_SIP_H_ALLOW] = { "Allow", 0 },
    [IX_SIP_H_ALLOW_EVENTS] = { "Allow-Events", 'u' },
    [IX_SIP_H_AUTHENTICATION_INFO] = { "Authentication-Info", 0 },
    [IX_SIP_H_AUTHORIZATION] = { "Authorization", 0 },
    [IX_SIP_H_CALL_ID] = { "Call-ID", 'i' },
    [IX_SIP_H_CONTACT] = { "Contact", 'm' },
    [IX_SIP_H_CONTENT_DISPOSITION] = { "Content-Disposition", 0 },
    [IX_SIP_H_CONTENT_ENCODING] = { "Content-Encoding", 'e' },
    [IX_SIP_H_CONTENT_LENGTH] = { "Content-Length", 'l' },
    [IX_SIP_H_CONTENT_TYPE] = { "Content-Type", 'c' },
    [IX_SIP_H_CSEQ] = { "CSeq", 0 },
    [IX_SIP_H_DATE] = { "Date", 0 },
    [IX_SIP_H_EVENT] = { "Event", 'o' },
    [IX_SIP_H_EXPIRES] = { "Expires", 0 },
    [IX_SIP_H_FLOW_TIMER] = { "Flow-Timer", 0 },
    [IX_SIP_H_FROM] = { "From", 'f' },
    [IX_SIP_H_MAX_FORWARDS] = { "Max-Forwards", 0 },
    [IX_SIP_H_MIN_EXPIRES] = { "Min-Expires", 0 },
    [IX_SIP_H_MIN_SE] = { "Min-SE", 0 },
    [IX_SIP_H_P_ASSERTED_IDENTITY] = { "P-Asserted-Identity", 0 },
    [IX_SIP_H_PATH] = { "Path", 0 },
    [IX_SIP_H_PROXY_AUTHENTICATE] = { "Proxy-Authenticate", 0 },
    [IX_SIP_H_PROXY_AUTHORIZATION] = { "Proxy-Authorization", 0 },
    [IX_SIP_H_PROXY_REQUIRE] = { "Proxy-Require", 0 },
    [IX_SIP_H_REASON] = { "Reason", 0 },
    [IX_SIP_H_RECORD_ROUTE] = { "Record-Route", 0 },
    [IX_SIP_H_REFER_SUB] = { "Refer-Sub", 0 },
    [IX_SIP_H_REFER_TO] = { "Refer-To", 'r' },
    [IX_SIP_H_REFERRED_BY] = { "Referred-By", 'b' },
    [IX_SIP_H_REMOTE_PARTY_ID] = { "Remote-Party-ID", 0 },
    [IX_SIP_H_REPLACES] = { "Replaces", 0 },
    [IX_SIP_H_REQUIRE] = { "Require", 0 },
    [IX_SIP_H_RETRY_AFTER] = { "Retry-After", 0 },
    [IX_SIP_H_ROUTE] = { "Route", 0 },
    [IX_SIP_H_SERVER] = { "Server", 0 },
    [IX_SIP_H_SERVICE_ROUTE] = { "Service-Route", 0 },
    [IX_SIP_H_SESSION_EXPIRES] = { "Session-Expires", 'x' },
    [IX_SIP_H_SUBJECT] = { "Subject", 's' },
    [IX_SIP_H_SUBSCRIPTION_STATE] = { "Subscription-State", 0 },
    [IX_SIP_H_SUPPORTED] = { "Supported", 'k' },
    [IX_SIP_H_TO] = { "To", 't' },
    [IX_SIP_H_UNSUPPORTED] = { "Unsupported", 0 },
    [IX_SIP_H_USER_AGENT] = { "User-Agent", 0 },
    [IX_SIP_H_VIA] = { "Via", 'v' },
    [IX_SIP_H_WARNING] = { "Warning", 0 },
    [IX_SIP_H_WWW_AUTHENTICATE] = { "WWW-Authenticate", 0 },
};

const char *ix_sip_header_name(enum ix_sip_hdr id)
{
    return (unsigned) id < IX_SIP_H_COUNT ? headers[id].name : "";
}

enum ix_sip_hdr ix_sip_header_id(struct ix_str name)
{
    for (int i = 1; i < IX_SIP_H_COUNT; i++) {
        struct ix_str compact = { &headers[i].compact, headers[i].compact ? 1 : 0 };
        bool match = name.n == 1 ? ix_str_ieq(name, compact) : ix_str_ieq(name, ix_str(headers[i].name));
        if (match)
            return (enum ix_sip_hdr) i;
    }
    return IX_SIP_H_OTHER;
}

static const struct {
    unsigned status;
    const char *text;
} phrases[] = {
    { 100, "Trying" },
    { 180, "Ringing" },
    { 181, "Call Is Being Forwarded" },
    { 182, "Queued" },
    { 183, "Session Progress" },
    { 199, "Early Dialog Terminated" },
    { 200, "OK" },
    { 202, "Accepted" },
    { 204, "No Notification" },
    { 300, "Multiple Choices" },
    { 301, "Moved Permanently" },
    { 302, "Moved Temporarily" },
    { 305, "Use Proxy" },
    { 380, "Alternative Service" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 402, "Payment Required" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 406, "Not Acceptable" },
    { 407, "Proxy Authentication Required" },
    { 408, "Request Timeout" },
    { 410, "Gone" },
    { 412, "Conditional Request Failed" },
    { 413, "Request Entity Too Large" },
    { 414, "Request-URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 416, "Unsupported URI Scheme" },
    { 420, "Bad Extension" },
    { 421, "Extension Required" },
    { 422, "Session Interval Too Small" },
    { 423, "Interval Too Brief" },
    { 429, "Provide Referrer Identity" },
    { 430, "Flow Failed" },
    { 433, "Anonymity Disallowed" },
    { 439, "First Hop Lacks Outbound Support" },
    { 480, "Temporarily Unavailable" },
    { 481, "Call/Transaction Does Not Exist" },
    { 482, "Loop Detected" },
    { 483, "Too Many Hops" },
    { 484, "Address Incomplete" },
    { 485, "Ambiguous" },
    { 486, "Busy Here" },
    { 487, "Request Terminated" },
    { 488, "Not Acceptable Here" },
    { 489, "Bad Event" },
    { 491, "Request Pending" },
    { 493, "Undecipherable" },
    { 494, "Security Agreement Required" },
    { 500, "Server Internal Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Server Time-out" },
    { 505, "Version Not Supported" },
    { 513, "Message Too Large" },
    { 580, "Precondition Failure" },
    { 600, "Busy Everywhere" },
    { 603, "Decline" },
    { 604, "Does Not Exist Anywhere" },
    { 606, "Not Acceptable" },
    { 607, "Unwanted" },
};

const char *ix_sip_status_text(unsigned status)
{
    static const char *const classes[] = { "Unknown", "Progress", "Success", "Redirection", "Request Failure",
        "Server Failure", "Global Failure" };
    for (size_t i = 0; i < IX_COUNT(phrases); i++) {
        if (phrases[i].status == status)
            return phrases[i].text;
    }
    return classes[status / 100 < IX_COUNT(classes) ? status / 100 : 0];
}
