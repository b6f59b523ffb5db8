/* SPDX-License-Identifier: MIT */
/*
 * Registrar, server side (RFC 3261 section 10.3, RFC 5626 section 6 for instance and reg-id): the bindings of each
 * address of record. A REGISTER is applied whole or not at all.
 */
#include "sip/scan.h"

struct aor;
struct binding {
    struct ix_list node; /* in its aor, newest first; or in the list of a REGISTER under way */
    struct ix_timer timer;
    struct ix_sip_binding shown;
    struct aor *aor;
    char *contact, *params, *user_agent, *call_id;
    uint32_t cseq, seconds;
};
struct aor {
    char *name;
    struct ix_list bindings;
    size_t count;
};
struct ix_sip_registrar {
    struct ix_sip_registrar_config config;
    struct ix_map *aors;
    struct ix_heap heap;
    size_t count;
};

int ix_sip_registrar_new(const struct ix_sip_registrar_config *config, struct ix_sip_registrar **out)
{
    struct ix_sip_registrar *r = ix_alloc(sizeof *r);
    if (!r)
        return IRISX_E_NO_MEMORY;
    r->config = *config;
    r->config.max_bindings = config->max_bindings ? config->max_bindings : 1024;
    r->config.default_expires = config->default_expires ? config->default_expires : 30;
    r->config.min_expires = config->min_expires ? config->min_expires : 1;
    r->config.max_expires = config->max_expires ? config->max_expires : 100000;
    ix_heap_init(&r->heap);
    r->aors = ix_map_new(r->config.max_bindings + 1, 0); /* keys are accounts of ours, not a stranger's choice */
    if (!r->aors) {
        ix_free(r);
        return IRISX_E_NO_MEMORY;
    }
    *out = r;
    return 0;
}

static void binding_free(struct ix_sip_registrar *r, struct binding *b)
{
    ix_list_remove(&b->node);
    ix_heap_remove(&r->heap, &b->timer);
    ix_free(b->contact);
    ix_free(b->params);
    ix_free(b->user_agent);
    ix_free(b->call_id);
    ix_free(b);
}

static void unbind(struct ix_sip_registrar *r, struct binding *b)
{
    b->aor->count--;
    r->count--;
    binding_free(r, b);
}

static void drop_if_empty(struct ix_sip_registrar *r, struct aor *a)
{
    if (!a || a->count)
        return;
    (void) ix_map_remove(r->aors, ix_str(a->name));
    ix_free(a->name);
    ix_free(a);
}

static void unbind_all(struct ix_sip_registrar *r, struct aor *a)
{
    while (!ix_list_empty(&a->bindings))
        unbind(r, IX_CONTAINER(a->bindings.next, struct binding, node));
}

void ix_sip_registrar_free(struct ix_sip_registrar *r)
{
    struct ix_str key;
    void *value;
    if (!r)
        return;
    for (size_t at = 0; ix_map_next(r->aors, &at, &key, &value);) {
        unbind_all(r, value);
        drop_if_empty(r, value);
    }
    ix_map_free(r->aors);
    ix_heap_clear(&r->heap);
    ix_free(r);
}

static struct aor *find_aor(const struct ix_sip_registrar *r, struct ix_str name)
{
    return ix_map_get(r->aors, name);
}

static int make_aor(struct ix_sip_registrar *r, struct ix_str name, struct aor **out)
{
    struct aor *a = find_aor(r, name);
    if (a) {
        *out = a;
        return 0;
    }
    a = ix_alloc(sizeof *a);
    if (!a)
        return IRISX_E_NO_MEMORY;
    ix_list_init(&a->bindings);
    a->name = ix_str_dup(name);
    int err = a->name ? ix_map_set(r->aors, name, a) : IRISX_E_NO_MEMORY;
    if (err) {
        ix_free(a->name);
        ix_free(a);
        return err;
    }
    *out = a;
    return 0;
}

/* ---- one Contact of a REGISTER ----------------------------------------------------------- */

/* its parameters but expires and q */
static char *kept_params(struct ix_str params)
{
    struct ix_str name, value;
    struct ix_buf b;
    ix_buf_init(&b, 1024);
    while (ix_sip_param_next(&params, &name, &value)) {
        if (ix_str_ieq(name, IX_STR("expires")) || ix_str_ieq(name, IX_STR("q")))
            continue;
        ix_buf_str(&b, b.n ? ";" : "");
        ix_buf_strv(&b, name);
        if (!value.n)
            continue;
        ix_buf_u8(&b, '=');
        if (ix_sip_is_token(value))
            ix_buf_strv(&b, value);
        else
            ix_buf_fmt(&b, "\"%.*s\"", IX_FMT_STR(value));
    }
    return ix_buf_take(&b);
}

static bool seconds_of(
    const struct ix_sip_registrar *r, const struct ix_sip_msg *msg, const struct ix_sip_addr *addr, uint32_t *seconds)
{
    struct ix_str text;
    *seconds = r->config.default_expires;
    (void) ix_sip_get_u32(msg, IX_SIP_H_EXPIRES, seconds);
    if (ix_sip_param(addr->params, "expires", &text) && ix_str_u32(text, UINT32_MAX, seconds))
        *seconds = 3600; /* RFC 3261 section 10.2.1.1: malformed */
    if (*seconds && *seconds < r->config.min_expires)
        return false;
    *seconds = IX_MIN(*seconds, r->config.max_expires);
    return true;
}

static int make_binding(struct ix_sip_registrar *r, const struct ix_sip_msg *msg, const struct ix_sip_addr *addr,
    uint32_t transport, uint32_t seconds, struct ix_now now, struct ix_list *fresh)
{
    struct binding *b = ix_alloc(sizeof *b);
    if (!b)
        return IRISX_E_NO_MEMORY;
    b->contact = ix_str_dup(addr->uri.text);
    b->params = kept_params(addr->params);
    b->user_agent = ix_str_dup(ix_sip_get(msg, IX_SIP_H_USER_AGENT));
    b->call_id = ix_str_dup(msg->call_id);
    b->cseq = msg->cseq;
    b->seconds = seconds;
    b->shown = (struct ix_sip_binding){ .contact = b->contact,
        .params = b->params,
        .user_agent = b->user_agent,
        .transport = transport,
        .expires_us = ix_time_add(now.mono_us, seconds * IX_S) };
    ix_list_append(fresh, &b->node);
    if (!b->contact || !b->params || !b->user_agent || !b->call_id)
        return IRISX_E_NO_MEMORY;
    return ix_heap_set(&r->heap, &b->timer, b->shown.expires_us);
}

/* ---- REGISTER ---------------------------------------------------------------------------- */

static bool same_binding(const struct binding *a, const struct binding *b)
{
    struct ix_sip_uri x, y;
    struct ix_str i, j, m, n;
    struct ix_str p = ix_str(a->params), q = ix_str(b->params);
    if (ix_sip_param(p, "+sip.instance", &i) && ix_sip_param(q, "+sip.instance", &j) && ix_sip_param(p, "reg-id", &m) &&
        ix_sip_param(q, "reg-id", &n) && ix_str_eq(i, j) && ix_str_eq(m, n))
        return true;
    return !ix_sip_uri_parse(&x, ix_str(a->contact)) && !ix_sip_uri_parse(&y, ix_str(b->contact)) &&
           ix_sip_uri_eq(&x, &y);
}

static struct binding *find_same(const struct aor *a, const struct binding *like)
{
    IX_LIST_EACH (node, &a->bindings) {
        struct binding *b = IX_CONTAINER(node, struct binding, node);
        if (same_binding(b, like))
            return b;
    }
    return NULL;
}

/* reads every Contact into `fresh`; 0 or the status to refuse with */
static unsigned read_contacts(struct ix_sip_registrar *r, const struct ix_sip_msg *msg, uint32_t transport,
    struct ix_now now, struct ix_list *fresh, struct ix_buf *headers)
{
    struct ix_sip_values it = ix_sip_values(msg, IX_SIP_H_CONTACT);
    struct ix_str value;
    size_t count = 0;
    while (ix_sip_values_next(&it, &value)) {
        struct ix_sip_addr addr;
        uint32_t seconds;
        if (ix_sip_addr_parse(&addr, value) || addr.star || ++count > IX_SIP_BINDINGS_PER_AOR)
            return 400;
        if (!seconds_of(r, msg, &addr, &seconds)) {
            ix_buf_fmt(headers, "Min-Expires: %u\r\n", r->config.min_expires);
            return 423;
        }
        if (make_binding(r, msg, &addr, transport, seconds, now, fresh))
            return 500;
    }
    return 0;
}

/* RFC 3261 section 10.3 item 7: an older request of the same call changes nothing; and nothing beyond the limits */
static unsigned check_contacts(const struct ix_sip_registrar *r, const struct aor *a, struct ix_list *fresh)
{
    size_t added = 0;
    IX_LIST_EACH (node, fresh) {
        const struct binding *b = IX_CONTAINER(node, struct binding, node), *old = find_same(a, b);
        if (old && ix_str_eq(ix_str(old->call_id), ix_str(b->call_id)) && b->cseq <= old->cseq)
            return 500;
        added += !old && b->seconds;
    }
    return a->count + added > IX_SIP_BINDINGS_PER_AOR || r->count + added > r->config.max_bindings ? 503 : 0;
}

static void apply_contacts(struct ix_sip_registrar *r, struct aor *a, struct ix_list *fresh)
{
    struct ix_list *node;
    while ((node = ix_list_pop(fresh)) != NULL) {
        struct binding *b = IX_CONTAINER(node, struct binding, node), *old;
        while ((old = find_same(a, b)) != NULL)
            unbind(r, old);
        if (!b->seconds) {
            binding_free(r, b);
            continue;
        }
        b->aor = a;
        a->count++;
        r->count++;
        ix_list_prepend(&a->bindings, &b->node);
    }
}

static void free_fresh(struct ix_sip_registrar *r, struct ix_list *fresh)
{
    while (!ix_list_empty(fresh))
        binding_free(r, IX_CONTAINER(fresh->next, struct binding, node));
}

static void write_bindings(const struct aor *a, struct ix_buf *headers, struct ix_now now)
{
    IX_LIST_EACH (node, &a->bindings) {
        const struct binding *b = IX_CONTAINER(node, struct binding, node);
        uint64_t at = b->shown.expires_us, left = at > now.mono_us ? at - now.mono_us : 0;
        ix_buf_fmt(headers, "Contact: <%s>;expires=%u", b->contact, (unsigned) ((left + IX_S - 1) / IX_S));
        if (b->params[0])
            ix_buf_fmt(headers, ";%s", b->params);
        ix_buf_str(headers, "\r\n");
    }
}

/* Contact: * stands alone and with Expires: 0 (RFC 3261 section 10.3 item 6) */
static bool star_valid(const struct ix_sip_msg *msg)
{
    struct ix_sip_values it = ix_sip_values(msg, IX_SIP_H_CONTACT);
    struct ix_str value;
    uint32_t seconds;
    size_t count = 0;
    while (ix_sip_values_next(&it, &value))
        count++;
    return count == 1 && !ix_sip_get_u32(msg, IX_SIP_H_EXPIRES, &seconds) && !seconds;
}

static unsigned update(struct ix_sip_registrar *r, struct aor *a, const struct ix_sip_msg *msg, uint32_t transport,
    struct ix_now now, struct ix_buf *headers)
{
    struct ix_list fresh;
    ix_list_init(&fresh);
    unsigned status = read_contacts(r, msg, transport, now, &fresh, headers);
    if (!status)
        status = check_contacts(r, a, &fresh);
    if (status)
        free_fresh(r, &fresh);
    else
        apply_contacts(r, a, &fresh);
    return status;
}

unsigned ix_sip_registrar_register(struct ix_sip_registrar *r, struct ix_str aor, const struct ix_sip_msg *msg,
    uint32_t transport, struct ix_now now, struct ix_buf *headers)
{
    struct ix_sip_addr first;
    struct aor *a;
    unsigned status = 0;

    ix_sip_registrar_timeout(r, now);
    if (msg->to.uri.scheme != IX_SIP_SCHEME_SIP && msg->to.uri.scheme != IX_SIP_SCHEME_SIPS)
        return 400; /* RFC 3261 section 10.3 item 5, RFC 4475 section 3.3.4 */
    if (make_aor(r, aor, &a))
        return 503;
    if (!ix_sip_get_addr(msg, IX_SIP_H_CONTACT, &first) && first.star) {
        if (star_valid(msg))
            unbind_all(r, a);
        else
            status = 400;
    } else {
        status = update(r, a, msg, transport, now, headers);
    }
    if (!status)
        write_bindings(a, headers, now);
    drop_if_empty(r, a);
    return status ? status : headers->err ? 500 : 200;
}

/* ---- reading, ageing --------------------------------------------------------------------- */

const struct ix_sip_binding *ix_sip_registrar_find(const struct ix_sip_registrar *r, struct ix_str aor, size_t at)
{
    const struct aor *a = find_aor(r, aor);
    if (!a)
        return NULL;
    IX_LIST_EACH (node, &a->bindings) {
        if (!at--)
            return &IX_CONTAINER(node, struct binding, node)->shown;
    }
    return NULL;
}

void ix_sip_registrar_transport_closed(struct ix_sip_registrar *r, uint32_t transport)
{
    struct ix_str key;
    void *value;
    for (size_t at = 0; ix_map_next(r->aors, &at, &key, &value);) {
        struct aor *a = value;
        IX_LIST_EACH_SAFE (node, &a->bindings) {
            struct binding *b = IX_CONTAINER(node, struct binding, node);
            if (b->shown.transport == transport)
                unbind(r, b);
        }
        drop_if_empty(r, a);
    }
}

void ix_sip_registrar_timeout(struct ix_sip_registrar *r, struct ix_now now)
{
    struct ix_timer *timer;
    while ((timer = ix_heap_due(&r->heap, now.mono_us)) != NULL) {
        struct binding *b = IX_CONTAINER(timer, struct binding, timer);
        struct aor *a = b->aor;
        unbind(r, b);
        drop_if_empty(r, a);
    }
}

uint64_t ix_sip_registrar_deadline(const struct ix_sip_registrar *r)
{
    return ix_heap_deadline(&r->heap);
}

size_t ix_sip_registrar_count(const struct ix_sip_registrar *r)
{
    return r->count;
}
