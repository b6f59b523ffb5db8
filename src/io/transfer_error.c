/* SPDX-License-Identifier: MIT */
/*
 * What a failed transfer means for its caller: which code, which sentence, and whether the server may have acted on it.
 * A request with a body is only complete at the server once bytes of the body are out, so until then it was not
 * executed.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "io/internal.h"
#include "io/transfer.h"

static bool may_be_executed(const struct ix_transfer *t)
{
    long sent = 0;
    curl_off_t uploaded = 0;

    (void) curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
    (void) curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
    return t->has_body ? uploaded > 0 : sent > 0;
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

    if (code == CURLE_SSL_CACERT_BADFILE)
        say(r, IRISX_E_TLS, "the CA file %s cannot be used", c->ca_file != NULL ? c->ca_file : "of this system");
    else if (code == CURLE_PEER_FAILED_VERIFICATION && c->tls_refusal[0] != '\0')
        say(r, IRISX_E_TLS, "%s", c->tls_refusal);
    else if (code == CURLE_PEER_FAILED_VERIFICATION && c->tls_names[0] != '\0')
        say(r, IRISX_E_TLS, "wrong host name: the certificate is for %.120s, not for %.80s", c->tls_names, t->host);
    else
        say(r, IRISX_E_TLS, "the TLS handshake with %s:%u failed: does it speak TLS on this port?", t->host, t->port);
}

static void too_late(const struct ix_transfer *t, struct ix_transfer_result *r)
{
    curl_off_t connected = 0;

    (void) curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
    if (connected == 0)
        say(r, IRISX_E_TIMEOUT, "no connection to %s:%u within %u ms", t->host, t->port,
            IX_MIN(t->timeout_ms, t->connect_timeout_ms));
    else if (!t->safe && may_be_executed(t))
        say(r, IRISX_E_OUTCOME_UNKNOWN, "no answer from %s:%u within %u ms: the request may have been executed",
            t->host, t->port, t->timeout_ms);
    else
        say(r, IRISX_E_TIMEOUT, "no whole answer from %s:%u within %u ms", t->host, t->port, t->timeout_ms);
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

static bool head_too_large(const struct ix_transfer *t)
{
    long status = 0;

    (void) curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    return status != 0 && !t->head_whole && t->head.err == 0;
}

void ix_transfer_judge(const struct ix_transfer *t, int code, struct ix_transfer_result *r)
{
    long sent = 0;

    (void) curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &sent);
    r->any_byte_sent = sent > 0;
    switch (code) {
    case CURLE_OK:
        if (!t->head_whole) /* libcurl takes a cut head for an answer */
            lost(t, "closed the connection in the middle of its answer", r);
        return;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        say(r, IRISX_E_DNS, "the host name %s cannot be resolved: is it spelt right, is there a network?",
            code == CURLE_COULDNT_RESOLVE_PROXY ? "of the proxy" : t->host);
        return;
    case CURLE_COULDNT_CONNECT:
        not_connected(t, r);
        return;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CIPHER:
        not_trusted(t, code, r);
        return;
    case CURLE_OPERATION_TIMEDOUT:
        too_late(t, r);
        return;
    case CURLE_SEND_FAIL_REWIND: /* libcurl wanted to send the body again, on a new connection */
        say(r, IRISX_E_OUTCOME_UNKNOWN,
            "%s:%u closed the connection before it answered: the request may have been executed", t->host, t->port);
        return;
    case CURLE_WRITE_ERROR:
    case CURLE_OUT_OF_MEMORY: /* also what libcurl calls a header line over 100 kB */
        if (t->too_large || head_too_large(t))
            say(r, IRISX_E_TOO_LARGE, "the answer of %s:%u is larger than %zu bytes, or its head than 64 KiB", t->host,
                t->port, t->max_answer);
        else
            say(r, IRISX_E_NO_MEMORY, "out of memory");
        return;
    case CURLE_PARTIAL_FILE:
        lost(t, "closed the connection in the middle of its answer", r);
        return;
    case CURLE_GOT_NOTHING:
        lost(t, "closed the connection without an answer", r);
        return;
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9, which is what bytes without a status line look like */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
        not_http(t, r);
        return;
    default:
        lost(t, curl_easy_strerror((CURLcode) code), r);
        return;
    }
}
