/* SPDX-License-Identifier: MIT */
/*
 * Bodies of event packages: dialog (RFC 4235), presence (RFC 3863, 4480), message-summary (RFC 3842 section 5).
 * README: what is tolerated of versions.
 */
#include "sip/package.h"

#include <string.h>

#include "sip/xml.h"

static const struct {
    const char *name, *accept;
} packages[] = {
    [IX_SIP_PKG_OTHER] = { "", "" },
    [IX_SIP_PKG_DIALOG] = { "dialog", "application/dialog-info+xml" },
    [IX_SIP_PKG_PRESENCE] = { "presence", "application/pidf+xml" },
    [IX_SIP_PKG_SUMMARY] = { "message-summary", "application/simple-message-summary" },
};

enum ix_sip_package ix_sip_package(struct ix_str event)
{
    struct ix_str name;

    (void) ix_str_cut(&event, ';', &name);
    for (size_t i = 1; i < IX_COUNT(packages); i++)
        if (ix_str_eq(ix_str_trim(name), ix_str(packages[i].name)))
            return (enum ix_sip_package) i;
    return IX_SIP_PKG_OTHER;
}

const char *ix_sip_package_name(enum ix_sip_package package)
{
    return packages[package].name;
}

const char *ix_sip_package_accept(enum ix_sip_package package)
{
    return packages[package].accept;
}

static const char *const lamps[] = { "unknown", "trying", "proceeding", "early", "confirmed", "terminated" };

const char *ix_sip_lamp_name(enum ix_sip_lamp state)
{
    return lamps[state];
}

void ix_sip_notice_init(struct ix_sip_notice *n, enum ix_sip_package package)
{
    memset(n, 0, sizeof *n);
    n->package = package;
}

/* what does not fit is left out: half an address is a wrong one */
static void put(char *to, size_t cap, const char *from)
{
    if (!from || ix_str_copy(to, cap, ix_str(from)))
        to[0] = 0;
}
#define PUT(to, from) put(to, sizeof(to), from)

/* ---- XML --------------------------------------------------------------------------------- */
struct reading {
    struct ix_xml xml;
    struct ix_sip_notice *n; /* being made */
    char path[4]; /* what the elements from depth 2 on are: d dialog, l local, r remote, s state, i identity, a ... */
    bool root, whole, any_open, has_version;
};

static enum ix_sip_lamp lamp_of(const char *text)
{
    for (size_t i = 1; i < IX_COUNT(lamps); i++)
        if (!strcmp(text, lamps[i]))
            return (enum ix_sip_lamp) i;
    return IX_SIP_LAMP_UNKNOWN;
}

static void dialog_opened(struct reading *r, const char **a)
{
    struct ix_sip_notice *n = r->n;
    const char *direction = ix_xml_attribute(a, "direction");
    struct ix_sip_notice_dialog *d;

    if (n->dialog_count == IX_SIP_NOTICE_DIALOGS) {
        r->path[0] = 0; /* its parts go nowhere */
        return;
    }
    d = &n->dialogs[n->dialog_count++];
    memset(d, 0, sizeof *d);
    PUT(d->id, ix_xml_attribute(a, "id"));
    PUT(d->call_id, ix_xml_attribute(a, "call-id"));
    PUT(d->local_tag, ix_xml_attribute(a, "local-tag"));
    PUT(d->remote_tag, ix_xml_attribute(a, "remote-tag"));
    d->recipient = direction && !strcmp(direction, "recipient");
}

static void root_opened(struct reading *r, const char *name, const char **a)
{
    bool dialog = r->n->package == IX_SIP_PKG_DIALOG;
    const char *version = ix_xml_attribute(a, "version"), *state = ix_xml_attribute(a, "state");

    r->root = !strcmp(name, dialog ? "dialog-info" : "presence");
    PUT(r->n->entity, ix_xml_attribute(a, "entity"));
    r->has_version = version && !ix_str_u32(ix_str(version), UINT32_MAX, &r->n->version);
    r->whole = !dialog || !state || strcmp(state, "partial") != 0;
}

/* elements that matter, by their parent and name; the letter stands for them in the path */
static const struct {
    char parent;
    const char *name;
    char letter;
} elements[] = {
    { '/', "dialog", 'd' },
    { 'd', "state", 's' },
    { 'd', "local", 'l' },
    { 'd', "remote", 'r' },
    { 'l', "identity", 'i' },
    { 'r', "identity", 'i' },
    { '/', "tuple", 't' },
    { 't', "status", 'u' },
    { 'u', "basic", 'b' },
    { 't', "note", 'n' },
    { '/', "note", 'n' },
    { '/', "person", 'p' },
    { 'p', "note", 'n' },
    { 'p', "activities", 'a' },
};

static char letter_of(char parent, const char *name)
{
    for (size_t i = 0; i < IX_COUNT(elements); i++)
        if (elements[i].parent == parent && !strcmp(elements[i].name, name))
            return elements[i].letter;
    return 0;
}

static void on_open(struct ix_xml *x, const char *name, const char **a)
{
    struct reading *r = IX_CONTAINER(x, struct reading, xml);
    size_t at = x->depth - 2; /* in the path */
    char parent;

    if (x->depth == 1) {
        root_opened(r, name, a);
        return;
    }
    if (!r->root || at >= sizeof r->path)
        return;
    parent = at ? r->path[at - 1] : '/';
    r->path[at] = letter_of(parent, name);
    if (parent == 'a' && !r->n->activity[0])
        PUT(r->n->activity, name);
    if (r->path[at] == 'd' && at == 0)
        dialog_opened(r, a);
    else if (r->path[at] == 'i' && parent == 'r')
        PUT(r->n->dialogs[r->n->dialog_count - 1].remote_name, ix_xml_attribute(a, "display"));
}

static void on_close(struct ix_xml *x)
{
    struct reading *r = IX_CONTAINER(x, struct reading, xml);
    struct ix_sip_notice *n = r->n;
    struct ix_sip_notice_dialog *d = n->dialog_count ? &n->dialogs[n->dialog_count - 1] : NULL;
    size_t at = x->depth - 2;
    char letter;

    if (x->depth < 2 || at >= sizeof r->path)
        return;
    letter = r->path[at];
    r->path[at] = 0;
    if (letter == 's')
        d->state = lamp_of(x->text);
    else if (letter == 'i' && r->path[at - 1] == 'l')
        PUT(d->local, x->text);
    else if (letter == 'i')
        PUT(d->remote, x->text);
    else if (letter == 'b')
        n->open = n->open || !strcmp(x->text, "open");
    else if (letter == 'n' && !n->note[0])
        PUT(n->note, x->text);
}

/* ---- versions ---------------------------------------------------------------------------- */
static void forget_ended(struct ix_sip_notice *n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n->dialog_count; i++)
        if (n->dialogs[i].state != IX_SIP_LAMP_TERMINATED)
            n->dialogs[kept++] = n->dialogs[i];
    n->dialog_count = kept;
}

static void change(struct ix_sip_notice *n, const struct ix_sip_notice_dialog *d)
{
    size_t i = 0;

    while (i < n->dialog_count && strcmp(n->dialogs[i].id, d->id) != 0)
        i++;
    if (i == IX_SIP_NOTICE_DIALOGS)
        return;
    n->dialogs[i] = *d;
    n->dialog_count += i == n->dialog_count;
}

static int merge(struct ix_sip_notice *n, struct ix_sip_notice *fresh, const struct reading *r)
{
    bool known = n->begun && r->has_version;
    bool gap = !r->whole && known && fresh->version != n->version + 1;

    if (!r->whole && known && fresh->version <= n->version)
        return IRISX_E_DUPLICATE;
    if (!r->whole && !n->begun)
        gap = true;
    if (!r->whole) {
        forget_ended(n);
        for (size_t i = 0; i < fresh->dialog_count; i++)
            change(n, &fresh->dialogs[i]);
        memcpy(n->entity, fresh->entity, sizeof n->entity);
        n->version = fresh->version;
    } else {
        *n = *fresh;
    }
    n->begun = r->has_version;
    return gap ? IRISX_E_AGAIN : 0;
}

static int read_xml(struct ix_sip_notice *n, struct ix_str body, uint32_t salt)
{
    struct reading r = { .xml = { .open = on_open, .close = on_close } };
    int err;

    r.n = ix_alloc(sizeof *r.n);
    if (!r.n)
        return IRISX_E_NO_MEMORY;
    r.n->package = n->package;
    err = ix_xml_read(&r.xml, body, salt);
    if (!err)
        err = r.root ? merge(n, r.n, &r) : IRISX_E_PROTOCOL;
    ix_free(r.n);
    return err;
}

/* ---- message-summary --------------------------------------------------------------------- */
/* "2/8 (0/2)": new/old (urgent new/old) */
static bool counts(struct ix_str s, struct ix_sip_notice_class *c)
{
    struct ix_str main, first;

    (void) ix_str_cut(&s, '(', &main); /* the rest is that of urgent ones, if any */
    if (!ix_str_cut(&main, '/', &first) || ix_str_u32(ix_str_trim(first), UINT32_MAX, &c->fresh) ||
        ix_str_u32(ix_str_trim(main), UINT32_MAX, &c->old))
        return false;
    if (!s.n)
        return true;
    (void) ix_str_cut(&s, ')', &main);
    return ix_str_cut(&main, '/', &first) && !ix_str_u32(ix_str_trim(first), UINT32_MAX, &c->urgent_fresh) &&
           !ix_str_u32(ix_str_trim(main), UINT32_MAX, &c->urgent_old);
}

static void summary_class(struct ix_sip_notice *n, struct ix_str name, struct ix_str value)
{
    struct ix_sip_notice_class c = { .fresh = 0 };

    if (n->class_count == IX_SIP_NOTICE_CLASSES || ix_str_copy(c.name, sizeof c.name, name) || !counts(value, &c))
        return; /* another header of the summary: optional ones mean nothing here */
    for (char *p = c.name; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char) (*p + 32);
    n->classes[n->class_count++] = c;
}

static int read_summary(struct ix_sip_notice *n, struct ix_str body)
{
    struct ix_reader r = ix_reader(body.p, body.n);
    struct ix_sip_notice fresh;
    struct ix_str line, name;
    bool said = false;

    ix_sip_notice_init(&fresh, n->package);
    while (r.n && ix_read_line(&r, &line) && ix_str_trim(line).n) {
        if (!ix_str_cut(&line, ':', &name))
            return IRISX_E_PROTOCOL;
        name = ix_str_trim(name);
        line = ix_str_trim(line);
        if (ix_str_ieq(name, IX_STR("Messages-Waiting"))) {
            said = true;
            fresh.waiting = ix_str_ieq(line, IX_STR("yes"));
        } else if (ix_str_ieq(name, IX_STR("Message-Account"))) {
            (void) ix_str_copy(fresh.entity, sizeof fresh.entity, line); /* too long: left out */
        } else {
            summary_class(&fresh, name, line);
        }
    }
    if (!said)
        return IRISX_E_PROTOCOL;
    *n = fresh;
    return 0;
}

int ix_sip_notice_read(struct ix_sip_notice *n, struct ix_str body, uint32_t salt)
{
    if (body.n > IX_SIP_NOTICE_MAX)
        return IRISX_E_TOO_LARGE;
    if (n->package == IX_SIP_PKG_SUMMARY)
        return read_summary(n, body);
    return n->package == IX_SIP_PKG_OTHER ? IRISX_E_UNSUPPORTED : read_xml(n, body, salt);
}
