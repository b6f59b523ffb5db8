/* SPDX-License-Identifier: MIT */
/*
 * STUN and TURN servers as applications and the platform name them: JSON in the shape of WebRTC's iceServers (W3C
 * RTCIceServer), URIs of RFC 7064 and RFC 7065. What cannot be used (turns over UDP, unknown schemes) is passed over.
 */
#include <string.h>

#include "client/private.h"

#define STUN_PORT 3478 /* RFC 7064 section 3.2 */
#define TURNS_PORT 5349

/* "host", "host:port", "[::1]:port" */
static bool read_host(struct ix_str s, char *host, size_t cap, uint16_t *port)
{
    struct ix_str name = s, number = IX_STR_NONE;
    uint32_t value = *port;
    size_t colon = ix_str_find(s, ':');

    if (s.n && s.p[0] == '[') {
        size_t end = ix_str_find(s, ']');

        if (end == SIZE_MAX)
            return false;
        name = ix_str_slice(s, 1, end);
        number = ix_str_slice(s, end + 1, s.n);
    } else if (colon != SIZE_MAX) {
        name = ix_str_slice(s, 0, colon);
        number = ix_str_slice(s, colon, s.n);
    }
    if (number.n && (number.p[0] != ':' || ix_str_u32(ix_str_slice(number, 1, number.n), 65535, &value) || !value))
        return false;
    *port = (uint16_t) value;
    return name.n && !ix_str_copy(host, cap, name);
}

int ix_ice_server_name(const char *text, char *host, size_t cap, uint16_t *port)
{
    *port = STUN_PORT;
    return read_host(ix_str(text), host, cap, port) ? 0 : IRISX_E_INVALID;
}

static bool read_uri(struct ix_str uri, struct ix_turn_server *out, bool *stun)
{
    struct ix_str scheme, place;
    bool tls;

    if (!ix_str_cut(&uri, ':', &scheme) || !ix_str_cut(&uri, '?', &place))
        return false;
    *stun = ix_str_ieq(scheme, IX_STR("stun"));
    tls = ix_str_ieq(scheme, IX_STR("turns"));
    if (!*stun && !tls && !ix_str_ieq(scheme, IX_STR("turn")))
        return false;
    out->transport = tls ? IX_TURN_TLS : IX_TURN_UDP;
    if (ix_str_ieq(uri, IX_STR("transport=tcp")))
        out->transport = tls ? IX_TURN_TLS : IX_TURN_TCP;
    else if (uri.n && (tls || !ix_str_ieq(uri, IX_STR("transport=udp"))))
        return false; /* DTLS to the server */
    out->addr.port = tls ? TURNS_PORT : STUN_PORT;
    return read_host(place, out->host, sizeof out->host, &out->addr.port);
}

static void read_one(struct ix_ice_servers *s, const irisx_value_t *entry, const char *uri)
{
    struct ix_turn_server server = { .transport = IX_TURN_UDP };
    bool stun = false;

    if (!read_uri(ix_str(uri), &server, &stun))
        return;
    if (stun && !s->stun[0]) {
        (void) ix_str_copy(s->stun, sizeof s->stun, ix_str(server.host)); /* of the same size */
        s->stun_port = server.addr.port;
    }
    if (stun || s->turn_count == IX_COUNT(s->turn) ||
        ix_str_copy(server.username, sizeof server.username,
            ix_str(irisx_value_text(irisx_value_get(entry, "username"), ""))) ||
        ix_str_copy(server.password, sizeof server.password,
            ix_str(irisx_value_text(irisx_value_get(entry, "credential"), ""))))
        return;
    s->turn[s->turn_count++] = server;
    ix_wipe(&server, sizeof server);
}

void ix_ice_servers_read(struct ix_ice_servers *s, const irisx_value_t *list)
{
    for (size_t i = 0; i < irisx_value_count(list); i++) {
        const irisx_value_t *entry = irisx_value_at(list, i);
        const irisx_value_t *urls = irisx_value_get(entry, "urls");

        if (!urls)
            urls = irisx_value_get(entry, "url"); /* the name before 2016 */
        if (!entry || irisx_value_type(entry) == IRISX_VALUE_TEXT)
            read_one(s, NULL, irisx_value_text(entry, ""));
        else if (irisx_value_type(urls) == IRISX_VALUE_TEXT)
            read_one(s, entry, irisx_value_text(urls, ""));
        for (size_t k = 0; urls && k < irisx_value_count(urls); k++)
            read_one(s, entry, irisx_value_text(irisx_value_at(urls, k), ""));
    }
}

static int parse(const char *json, irisx_value_t **out)
{
    int err = irisx_value_parse(json, strlen(json), out, NULL);

    if (!err && irisx_value_type(*out) != IRISX_VALUE_ARRAY)
        err = IRISX_E_INVALID;
    if (err)
        irisx_value_free(*out);
    return err;
}

int ix_ice_servers_check(const char *json)
{
    irisx_value_t *list = NULL;
    int err = json ? parse(json, &list) : 0;

    if (err == IRISX_E_PROTOCOL)
        err = IRISX_E_INVALID;

    if (json && !err)
        irisx_value_free(list);
    return err;
}

void ix_ice_servers_apply(irisx_client_t *c, const struct ix_ice_servers *s)
{
    if (s->stun[0] && !c->o.stun_server)
        (void) ix_engine_set_stun(c->engine, s->stun, s->stun_port); /* calls go on without */
    ix_engine_set_turn(c->engine, s->turn, s->turn_count);
}

int ix_ice_servers_use(irisx_client_t *c, const char *json)
{
    struct ix_ice_servers *s = ix_alloc(sizeof *s);
    irisx_value_t *list = NULL;
    int err = s ? parse(json, &list) : IRISX_E_NO_MEMORY;

    if (!err) {
        ix_ice_servers_read(s, list);
        ix_ice_servers_apply(c, s);
        irisx_value_free(list);
    }
    if (s)
        ix_wipe(s, sizeof *s);
    ix_free(s);
    return err;
}

static void changed(void *arg)
{
    irisx_client_t *c = arg;

    ix_engine_network_changed(c->engine);
    ix_client_release(c);
}

irisx_error_t irisx_client_network_changed(irisx_client_t *client)
{
    irisx_error_t err;

    if (!client)
        return IRISX_E_INVALID;
    err = ix_call_post(client, changed, ix_client_hold(client));
    if (err)
        ix_client_release(client);
    return err;
}
