/* SPDX-License-Identifier: MIT */
/* URLs of redirects (RFC 3986 section 5), by libcurl's own parser, so that what is compared is what is asked. */
#include <string.h>

#include "io/transfer.h"

static bool is_http(CURLU *u)
{
    char *scheme = NULL;
    bool well = curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);

    curl_free(scheme);
    return well;
}

int ix_http_url_join(const char *base, const char *location, char **out)
{
    CURLU *u = curl_url();
    char *text = NULL;
    int err = u == NULL ? IRISX_E_NO_MEMORY : IRISX_E_INVALID;

    if (u != NULL && *location != '\0' && curl_url_set(u, CURLUPART_URL, base, 0) == CURLUE_OK &&
        curl_url_set(u, CURLUPART_URL, location, CURLU_URLENCODE | CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
        is_http(u) && curl_url_set(u, CURLUPART_USER, NULL, 0) == CURLUE_OK &&
        curl_url_set(u, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK &&
        curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_URL, &text, 0) == CURLUE_OK) {
        *out = ix_dup_cstr(text);
        err = *out != NULL ? 0 : IRISX_E_NO_MEMORY;
    }
    curl_free(text);
    curl_url_cleanup(u);
    return err;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part, unsigned flags)
{
    char *x = NULL, *y = NULL;
    bool same = curl_url_get(a, part, &x, flags) == CURLUE_OK && curl_url_get(b, part, &y, flags) == CURLUE_OK &&
                ix_str_ieq(ix_str(x), ix_str(y));

    curl_free(x);
    curl_free(y);
    return same;
}

bool ix_http_same_origin(const char *a, const char *b)
{
    CURLU *x = curl_url(), *y = curl_url();
    bool same = x != NULL && y != NULL && curl_url_set(x, CURLUPART_URL, a, 0) == CURLUE_OK &&
                curl_url_set(y, CURLUPART_URL, b, 0) == CURLUE_OK && same_part(x, y, CURLUPART_SCHEME, 0) &&
                same_part(x, y, CURLUPART_HOST, 0) && same_part(x, y, CURLUPART_PORT, CURLU_DEFAULT_PORT);

    curl_url_cleanup(x);
    curl_url_cleanup(y);
    return same;
}
