/* SPDX-License-Identifier: MIT */
/*
 * Which way a transfer goes: straight, or by a proxy. Whom the list of hosts without proxy means is decided here and
 * not by libcurl: it knows no ports, and we have to know before, since the name of who is connected to is looked up by
 * us.
 */
#include <string.h>

#include "io/transfer.h"

#define SOCKS_PORT 1080 /* libcurl's, where a proxy has none */

static struct ix_str without_brackets(struct ix_str s)
{
    return s.n > 1 && s.p[0] == '[' && s.p[s.n - 1] == ']' ? ix_str_slice(s, 1, s.n - 1) : s;
}

static bool same_net(const struct ix_addr *a, const struct ix_addr *b, uint32_t bits)
{
    size_t whole = bits / 8;
    unsigned rest = bits % 8;

    return a->family == b->family && memcmp(a->ip, b->ip, whole) == 0 &&
           (rest == 0 || (a->ip[whole] ^ b->ip[whole]) >> (8 - rest) == 0);
}

/* "10.0.0.0/8", "fd00::/8", "192.0.2.1" */
static bool is_in(struct ix_str entry, const struct ix_addr *host)
{
    struct ix_addr net;
    struct ix_str ip;
    uint32_t bits = host->family == IX_IPV6 ? 128 : 32;

    if (!ix_str_cut(&entry, '/', &ip) || ix_addr_parse(&net, without_brackets(ip), 0) != 0)
        return false;
    return (entry.n == 0 || ix_str_u32(entry, bits, &bits) == 0) && same_net(&net, host, bits);
}

/* "example.com" and ".example.com" both mean that name and those below */
static bool is_below(struct ix_str entry, struct ix_str host)
{
    if (entry.n > 0 && entry.p[0] == '.')
        entry = ix_str_slice(entry, 1, entry.n);
    if (entry.n > 0 && entry.p[entry.n - 1] == '.')
        entry.n--;
    if (entry.n == 0 || entry.n > host.n)
        return false;
    return ix_str_ieq(ix_str_slice(host, host.n - entry.n, host.n), entry) &&
           (entry.n == host.n || host.p[host.n - entry.n - 1] == '.');
}

/* cuts ":8080" off; false: it is for another port */
static bool fits_port(struct ix_str *entry, uint16_t port)
{
    size_t colon = entry->n;
    uint32_t number;

    while (colon > 0 && entry->p[colon - 1] != ':' && entry->p[colon - 1] != ']')
        colon--;
    if (colon == 0 || entry->p[colon - 1] == ']')
        return true;
    struct ix_str head = ix_str_slice(*entry, 0, colon - 1);
    if (head.n > 0 && head.p[0] != '[' && ix_str_find(head, ':') != SIZE_MAX)
        return true; /* an IPv6 address without brackets */
    if (ix_str_u32(ix_str_slice(*entry, colon, entry->n), 65535, &number) != 0)
        return true;
    *entry = head;
    return number == port;
}

bool ix_no_proxy(const char *list, const char *host, uint16_t port)
{
    struct ix_str name = without_brackets(ix_str(host)), rest = ix_str(list);
    struct ix_addr ip;
    bool literal = ix_addr_parse(&ip, name, 0) == 0;

    if (name.n > 0 && name.p[name.n - 1] == '.')
        name.n--;
    while (rest.n > 0) {
        size_t n = 0;
        while (n < rest.n && rest.p[n] != ',' && rest.p[n] != ' ' && rest.p[n] != '\t')
            n++;
        struct ix_str entry = ix_str_slice(rest, 0, n);
        rest = ix_str_slice(rest, n + 1, rest.n);
        if (ix_str_eq(entry, IX_STR("*")))
            return true;
        if (!fits_port(&entry, port))
            continue;
        if (literal ? is_in(entry, &ip) : is_below(entry, name))
            return true;
    }
    return false;
}

/* ---- proxies ----------------------------------------------------------------------------- */

int ix_proxy_set(struct ix_proxy *p, const char *url)
{
    CURLU *u;
    char *host = NULL, *port = NULL, *scheme = NULL;
    uint32_t number = SOCKS_PORT;
    int err = 0;

    p->url = ix_dup_cstr(url);
    if (url == NULL)
        return 0;
    u = curl_url();
    if (p->url == NULL || u == NULL)
        err = IRISX_E_NO_MEMORY;
    /* what cannot be read is libcurl's to refuse */
    if (err == 0 && curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK) {
        if (strcmp(scheme, "https") == 0)
            number = 443;
        if (curl_url_get(u, CURLUPART_PORT, &port, 0) == CURLUE_OK)
            (void) ix_str_u32(ix_str(port), 65535, &number); /* libcurl refuses another */
        (void) ix_str_copy(p->host, sizeof p->host, ix_str(host)); /* "": too long for a name */
        p->port = (uint16_t) number;
        p->asks_us = strcmp(scheme, "socks5") == 0 || strcmp(scheme, "socks4") == 0;
    }
    curl_free(host);
    curl_free(port);
    curl_free(scheme);
    curl_url_cleanup(u);
    return err;
}

void ix_proxy_clear(struct ix_proxy *p)
{
    if (p->url != NULL)
        ix_wipe(p->url, strlen(p->url)); /* it may have a password */
    ix_free(p->url);
    p->url = NULL;
}

const struct ix_proxy *ix_proxy_of(const struct ix_transfer *t)
{
    const struct ix_http_client *c = t->client;
    const struct ix_proxy *p = &c->proxies[t->secure];

    return p->url == NULL || ix_no_proxy(c->no_proxy, t->host, t->port) ? NULL : p;
}
