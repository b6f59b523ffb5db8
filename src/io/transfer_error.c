/* SPDX-License-Identifier: MIT */
/*
 * What a failed transfer means for its caller: which code, which sentence, and whether the server may have acted on it:
 * it may as soon as one byte of the request was written.
 */
#include <stdio.h>
#include <string.h>

#include "io/transfer.h"

/* libcurl counts from the moment it knows the transfer; a spare handle still has the figures of its last one */
static bool any_byte_sent(const struct ix_transfer *t)
{
    long sent = 0;

    if (t->added && t->requests > 0)
        (void) curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
    return sent > 0;
}

static bool may_be_executed(const struct ix_transfer *t)
{
    return any_byte_sent(t);
}

static void say(struct ix_transfer_result *r, int err, const char *fmt, ...) IX_PRINTF(3, 4);
static void say(struct ix_transfer_result *r, int err, const char *fmt, ...)
{
    va_list args;

    r->err = err;
    va_start(args, fmt);
    (void) vsnprintf(r->detail, sizeof r->detail, fmt, args);
    va_end(args);
}

static void not_connected(const struct ix_transfer *t, struct ix_transfer_result *r)
{
    long os_errno = 0;
    char why[160];

    (void) curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os_errno);
    if (t->tried.family == 0 || os_errno == 0) {
        say(r, IRISX_E_NETWORK, "no connection to %s:%u", t->host, t->port);
        return;
    }
    ix_connect_sentence((int) os_errno, &t->tried, why, sizeof why);
    say(r, IRISX_E_NETWORK, "%s", why);
}

static void not_trusted(const struct ix_transfer *t, int code, struct ix_transfer_result *r)
{
    const struct ix_http_client *c = t->client;

    if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
        say(r, IRISX_E_TLS, "the key of %s:%u is none of those that are pinned", t->host, t->port);
    else if (code == CURLE_SSL_CERTPROBLEM)
        say(r, IRISX_E_TLS, "the client certificate %.150s or its key cannot be used",
            c->cert_file != NULL ? c->cert_file : "");
    else if (code == CURLE_SSL_CACERT_BADFILE)
        say(r, IRISX_E_TLS, "the CA file %s cannot be used", c->ca_file != NULL ? c->ca_file : "of this system");
    else if (code == CURLE_PEER_FAILED_VERIFICATION && c->tls_refusal[0] != '\0')
        say(r, IRISX_E_TLS, "%s", c->tls_refusal);
    else if (code == CURLE_PEER_FAILED_VERIFICATION && c->tls_names[0] != '\0')
        say(r, IRISX_E_TLS, "wrong host name: the certificate is for %.120s, not for %.80s", c->tls_names, t->host);
    else
        say(r, IRISX_E_TLS, "the TLS handshake with %s:%u failed: does it speak TLS on this port?", t->host, t->port);
}

static void no_answer(const struct ix_transfer *t, const char *what, uint32_t ms, struct ix_transfer_result *r)
{
    if (!t->safe && may_be_executed(t))
        say(r, IRISX_E_OUTCOME_UNKNOWN, "no %sanswer from %s:%u within %u ms: the request may have been executed", what,
            t->host, t->port, ms);
    else
        say(r, IRISX_E_TIMEOUT, "no %sanswer from %s:%u within %u ms", what, t->host, t->port, ms);
}

static void stalled(const struct ix_transfer *t, const char *what, struct ix_transfer_result *r)
{
    if (!t->safe && may_be_executed(t))
        say(r, IRISX_E_OUTCOME_UNKNOWN, "%s:%u %s for %u ms: the request may have been executed", t->host, t->port,
            what, t->phase_ms);
    else
        say(r, IRISX_E_TIMEOUT, "%s:%u %s for %u ms", t->host, t->port, what, t->phase_ms);
}

void ix_transfer_judge_late(const struct ix_transfer *t, struct ix_transfer_result *r)
{
    bool whole = t->ends_us <= t->phase_us;
    uint32_t ms = whole ? t->timeout_ms : t->phase_ms;

    r->any_byte_sent = any_byte_sent(t);
    r->late = true;
    switch (t->phase) {
    case IX_PHASE_RESOLVE:
        say(r, IRISX_E_TIMEOUT, "the name %.180s was not resolved within %u ms", ix_transfer_looked(t), ms);
        return;
    case IX_PHASE_WAIT:
        if (!r->any_byte_sent)
            say(r, IRISX_E_TIMEOUT, "no connection to %s:%u was free within %u ms", t->host, t->port, ms);
        else
            no_answer(t, "", ms, r);
        return;
    case IX_PHASE_CONNECT:
        say(r, IRISX_E_TIMEOUT, "no connection to %s:%u within %u ms", t->host, t->port, ms);
        return;
    case IX_PHASE_TLS:
        say(r, IRISX_E_TIMEOUT, "no TLS handshake with %s:%u within %u ms: does it speak TLS on this port?", t->host,
            t->port, ms);
        return;
    case IX_PHASE_SEND:
        if (whole)
            no_answer(t, "", ms, r);
        else
            stalled(t, "took nothing of the request", r);
        return;
    case IX_PHASE_ANSWER:
        no_answer(t, "", ms, r);
        return;
    case IX_PHASE_MOVE:
        if (whole)
            no_answer(t, "whole ", ms, r);
        else
            stalled(t, "sent nothing more of its answer", r);
        return;
    }
}

/* The connection went away, or the answer is not whole. */
static void lost(const struct ix_transfer *t, const char *what, struct ix_transfer_result *r)
{
    if (!t->safe && may_be_executed(t))
        say(r, IRISX_E_OUTCOME_UNKNOWN, "%s:%u %s: the request may have been executed", t->host, t->port, what);
    else
        say(r, IRISX_E_NETWORK, "%s:%u %s", t->host, t->port, what);
}

static void not_http(const struct ix_transfer *t, struct ix_transfer_result *r)
{
    if (!t->safe && may_be_executed(t))
        say(r, IRISX_E_OUTCOME_UNKNOWN, "%s:%u sent what is not HTTP: the request may have been executed", t->host,
            t->port);
    else
        say(r, IRISX_E_PROTOCOL, "%s:%u sent what is not HTTP", t->host, t->port);
}

static void bad_encoding(const struct ix_transfer *t, struct ix_transfer_result *r)
{
    if (!t->safe && may_be_executed(t))
        say(r, IRISX_E_OUTCOME_UNKNOWN,
            "the compressed answer of %s:%u cannot be read: the request may have been "
            "executed",
            t->host, t->port);
    else
        say(r, IRISX_E_PROTOCOL, "the compressed answer of %s:%u cannot be read", t->host, t->port);
}

static bool head_too_large(const struct ix_transfer *t)
{
    long status = 0;

    (void) curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    return status != 0 && !t->head_whole && t->head.err == 0;
}

/* what libcurl calls by codes of its own */
static bool given_up(const struct ix_transfer *t, int code, struct ix_transfer_result *r)
{
    if (t->stopped && code != CURLE_OK) {
        say(r, IRISX_E_CANCELLED, "given up while bytes were still to come or to go");
        return true;
    }
    if (!t->replay_refused)
        return false;
    lost(t, "closed the connection before it answered", r);
    return true;
}

/* the proxy's own answer to CONNECT; nothing of the request went out */
static bool refused_by_proxy(const struct ix_transfer *t, int code, struct ix_transfer_result *r)
{
    long status = 0;

    if (code == CURLE_OK || t->proxy == NULL || t->requests > 0)
        return false;
    (void) curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    if (status == 407)
        say(r, IRISX_E_AUTH, "the proxy wants a user name and password (HTTP 407): http://user:password@host:port");
    else if (status >= 300)
        say(r, status < 500 ? IRISX_E_FORBIDDEN : IRISX_E_NETWORK,
            "the proxy refused the connection to %s:%u (HTTP %ld)", t->host, t->port, status);
    return status >= 300;
}

/* libcurl takes a packed stream that was cut for a whole one; JSON shows that, nothing at all does not */
static bool unpacked_to_nothing(const struct ix_transfer *t)
{
    curl_off_t packed = 0;

    if (t->answer.n > 0 || t->received > 0 || t->plain_set)
        return false;
    (void) curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &packed); /* bytes as they came */
    return packed > 2 && packed != 20; /* what an empty text is packed into: brotli, gzip */
}

static bool of_tls(int code)
{
    static const int codes[] = { CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM, CURLE_SSL_PINNEDPUBKEYNOTMATCH,
        CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CIPHER };

    for (size_t i = 0; i < IX_COUNT(codes); i++)
        if (codes[i] == code)
            return true;
    return false;
}

static void not_taken(const struct ix_transfer *t, int code, struct ix_transfer_result *r)
{
    bool ours = t->answer.err != 0 || t->head.err != 0;

    if (t->too_large || head_too_large(t))
        say(r, IRISX_E_TOO_LARGE, "the answer of %s:%u is larger than %zu bytes, or its head than 64 KiB", t->host,
            t->port, t->max_answer);
    else if (code == CURLE_WRITE_ERROR && !ours) /* bytes behind the end of a brotli stream */
        bad_encoding(t, r);
    else
        say(r, IRISX_E_NO_MEMORY, "out of memory");
}

void ix_transfer_judge(const struct ix_transfer *t, int code, struct ix_transfer_result *r)
{
    r->any_byte_sent = any_byte_sent(t);
    if (given_up(t, code, r) || refused_by_proxy(t, code, r))
        return;
    if (of_tls(code)) {
        not_trusted(t, code, r);
        return;
    }
    switch (code) {
    case CURLE_OK:
        if (!t->head_whole) /* libcurl takes a cut head for an answer */
            lost(t, "closed the connection in the middle of its answer", r);
        else if (unpacked_to_nothing(t))
            bad_encoding(t, r);
        return;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        say(r, IRISX_E_DNS, "the host name %s cannot be resolved: is it spelt right, is there a network?",
            code == CURLE_COULDNT_RESOLVE_PROXY ? "of the proxy" : t->host);
        return;
    case CURLE_COULDNT_CONNECT:
        not_connected(t, r);
        return;
    case CURLE_PROXY:
        say(r, IRISX_E_NETWORK, "the proxy refused the connection to %s:%u", t->host, t->port);
        return;
    case CURLE_OPERATION_TIMEDOUT: /* libcurl's own patience with a connection */
        ix_transfer_judge_late(t, r);
        return;
    case CURLE_SEND_FAIL_REWIND: /* libcurl wanted to send the body again, on a new connection */
        lost(t, "closed the connection before it answered", r);
        return;
    case CURLE_WRITE_ERROR:
    case CURLE_OUT_OF_MEMORY: /* also what libcurl calls a header line over 100 kB */
        not_taken(t, code, r);
        return;
    case CURLE_PARTIAL_FILE:
        lost(t, "closed the connection in the middle of its answer", r);
        return;
    case CURLE_GOT_NOTHING:
        lost(t, "closed the connection without an answer", r);
        return;
    case CURLE_BAD_CONTENT_ENCODING:
        bad_encoding(t, r);
        return;
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9, which is what bytes without a status line look like */
    case CURLE_WEIRD_SERVER_REPLY:
        not_http(t, r);
        return;
    default:
        lost(t, curl_easy_strerror((CURLcode) code), r);
        return;
    }
}
