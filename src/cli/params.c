/* SPDX-License-Identifier: MIT */
/*
 * Parameters from words: "a.b=1", "tags[]=x", "agents[].name=Ann", "body=@file", "metadata:={\"a\":1}", "note:=null".
 * What a value is follows from the contract; below members that it leaves open, from how the value looks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/contract.h"

#define FILE_LIMIT (8u * 1024 * 1024)
#define STEP_MAX 128
#define LIST_MAX 100000 /* items of a list that is given word by word: more come from a file */

/* ---- what the contract says -------------------------------------------------------------- */
static bool same_name(const char *a, const char *b) /* media_urls, media-urls and mediaUrls are the same to people */
{
    for (;; a++, b++) {
        while (*a == '_' || *a == '-')
            a++;
        while (*b == '_' || *b == '-')
            b++;
        if ((*a | 0x20) != (*b | 0x20))
            return false;
        if (!*a)
            return true;
    }
}

static const irisx_value_t *find_in(const irisx_value_t *members, const char *name)
{
    const irisx_value_t *close = NULL;

    for (size_t i = 0; i < irisx_value_count(members); i++) {
        const irisx_value_t *m = irisx_value_at(members, i);
        const char *theirs = irisx_value_get_text(m, "name", "");

        if (strcmp(theirs, name) == 0)
            return m;
        if (same_name(theirs, name))
            close = m;
    }
    return close;
}

const irisx_value_t *params_find(const irisx_value_t *operation, const char *name)
{
    return find_in(irisx_value_get(operation, "parameters"), name);
}

static bool has_members(const irisx_value_t *field)
{
    return irisx_value_count(irisx_value_get(field, "members")) > 0;
}

static int unknown(const struct params *p, const irisx_value_t *members, const char *name)
{
    struct suggest s;
    char text[256];

    suggest_begin(&s, name);
    for (size_t i = 0; i < irisx_value_count(members); i++)
        suggest_offer(&s, irisx_value_get_text(irisx_value_at(members, i), "name", ""));
    return cli_usage("%s has no parameter \"%s\"%s%s", irisx_value_get_text(p->operation, "id", "it"), name,
        suggest_text(&s, text, sizeof text),
        s.count ? "" : "; --describe lists them, NAME:=JSON sends it all the same");
}

/* ---- values ------------------------------------------------------------------------------ */
static int wants(const char *name, const char *what, const char *value)
{
    return cli_usage("%s wants %s, not \"%.60s\"", name, what, value);
}

static irisx_value_t *parsed(const char *text)
{
    irisx_value_t *v = NULL;

    return irisx_value_parse(text, strlen(text), &v, NULL) ? NULL : v;
}

static int no_json(const char *name, const irisx_value_error_t *e)
{
    bool more = strcmp(e->message, "not valid JSON") != 0;

    return cli_usage("%s: not valid JSON at line %u, column %u%s%s", name, e->line, e->column, more ? ": " : "",
        more ? e->message : "");
}

static int json_value(const char *name, const char *text, irisx_value_t **out)
{
    irisx_value_error_t e;

    return irisx_value_parse(text, strlen(text), out, &e) ? no_json(name, &e) : EXIT_OK;
}

static irisx_value_t *looks_like(const char *text) /* where the contract is open */
{
    irisx_value_t *v = parsed(text);

    return v ? v : irisx_value_new_text(text);
}

static int integer(const char *name, const char *text, irisx_value_t **out)
{
    irisx_value_t *v = parsed(text);

    if (irisx_value_type(v) != IRISX_VALUE_INT) {
        irisx_value_free(v);
        return wants(name, "a whole number", text);
    }
    *out = v;
    return EXIT_OK;
}

static int number(const char *name, const char *text, irisx_value_t **out)
{
    irisx_value_t *v = parsed(text);

    if (irisx_value_type(v) != IRISX_VALUE_INT && irisx_value_type(v) != IRISX_VALUE_NUM) {
        irisx_value_free(v);
        return wants(name, "a number", text);
    }
    *out = v;
    return EXIT_OK;
}

static int boolean(const char *name, const char *text, irisx_value_t **out)
{
    bool yes = strcmp(text, "true") == 0 || strcmp(text, "yes") == 0 || strcmp(text, "1") == 0;

    if (!yes && strcmp(text, "false") != 0 && strcmp(text, "no") != 0 && strcmp(text, "0") != 0)
        return wants(name, "true or false", text);
    *out = irisx_value_new_bool(yes);
    return EXIT_OK;
}

static int file_value(const char *name, const char *text, irisx_value_t **out)
{
    if (*text != '@' || !text[1])
        return cli_usage("%s is a file: %s=@PATH", name, name);
    if (strcmp(text, "@-") != 0 && access(text + 1, R_OK))
        return cli_usage("%s: cannot read %s: %s", name, text + 1, strerror(errno));
    if (!(*out = irisx_value_new_object()))
        return EXIT_FAILED;
    return irisx_value_set_text(*out, "path", text + 1) ? EXIT_FAILED : EXIT_OK;
}

/* One value of the type the contract names ("text", "integer" …); an item of a list without its "[]". */
static int typed(const char *type, const char *name, const char *text, irisx_value_t **out)
{
    if (strcmp(type, "integer") == 0)
        return integer(name, text, out);
    if (strcmp(type, "number") == 0)
        return number(name, text, out);
    if (strcmp(type, "boolean") == 0)
        return boolean(name, text, out);
    if (strcmp(type, "file") == 0)
        return file_value(name, text, out);
    if (strcmp(type, "object") == 0 || strcmp(type, "array") == 0) {
        irisx_value_t *v = parsed(text);
        bool object = *type == 'o';

        if (irisx_value_type(v) != (object ? IRISX_VALUE_OBJECT : IRISX_VALUE_ARRAY)) {
            irisx_value_free(v);
            return cli_usage(object ? "%s is an object: %s.MEMBER=VALUE, or %s:={…} in JSON"
                                    : "%s is a list: %s[]=VALUE for each item, or %s:=[…] in JSON",
                name, name, name);
        }
        *out = v;
        return EXIT_OK;
    }
    *out = strcmp(type, "json") == 0 ? looks_like(text) : irisx_value_new_text(text);
    return *out ? EXIT_OK : cli_usage("%s: not UTF-8", name);
}

static const char *item_type(const irisx_value_t *field, char buf[32])
{
    const char *type = irisx_value_get_text(field, "items", NULL);

    (void) snprintf(buf, 32, "%s", type ? type : "json");
    return buf;
}

static void tell_end(const char *path, const char *name)
{
    if (strcmp(path, "-") == 0 && cli_asks())
        cli_line(stderr, "%s, up to Ctrl-D:", name);
}

char *params_text(const char *name, const char *value, size_t *len)
{
    char *text;

    if (*value != '@' || value[1] == '@') {
        text = strdup(*value == '@' ? value + 1 : value);
        *len = text ? strlen(text) : 0;
        return text;
    }
    tell_end(value + 1, name);
    text = cli_read_file(value + 1, FILE_LIMIT, len);
    if (!text)
        (void) cli_usage("%s: cannot read %s (at most 8 MB)", name, value + 1);
    else if (strlen(text) != *len) {
        (void) cli_usage("%s: %s holds bytes that are no text", name, value + 1);
        free(text);
        return NULL;
    } else if (*len && text[*len - 1] == '\n')
        text[--*len] = 0;
    return text;
}

/* ---- places ------------------------------------------------------------------------------ */
struct step { /* of "agents[].name": "agents" with list set, then "name" */
    char name[STEP_MAX];
    bool list;
    size_t at; /* "[2]"; SIZE_MAX: "[]", behind the last */
};

/* "[]" or "[2]" at p; NULL: neither */
static const char *list_mark(const char *p, const char *end, struct step *out)
{
    size_t n = 1, at = 0;

    for (; p + n < end && p[n] >= '0' && p[n] <= '9' && at < LIST_MAX; n++)
        at = 10 * at + (size_t) (p[n] - '0');
    if (p + n >= end || p[n] != ']' || at >= LIST_MAX)
        return NULL;
    out->list = true;
    out->at = n == 1 ? SIZE_MAX : at;
    return p + n + 1;
}

/* The next step of the path before the "="; NULL: wrong. Returns what is behind it. A backslash makes the next
 * character one of the name. */
static const char *next_step(const char *p, const char *end, struct step *out)
{
    size_t n = 0;

    *out = (struct step){ .at = SIZE_MAX };
    for (; p < end && *p != '.' && *p != '[' && n < sizeof out->name - 1; p++) {
        p += *p == '\\' && p + 1 < end;
        out->name[n++] = *p;
    }
    if (!n || (p < end && *p == '[' && !(p = list_mark(p, end, out))))
        return NULL;
    if (p < end && *p != '.')
        return NULL;
    return p < end ? p + 1 : p;
}

/* Where the value begins: the first "=" that no backslash makes part of a name */
static const char *find_equals(const char *p)
{
    for (; *p && *p != '='; p++)
        p += *p == '\\' && p[1];
    return *p ? p : NULL;
}

/* The value that grows: getters borrow for reading, but these are our own (object and everything in it). */
static irisx_value_t *own(const irisx_value_t *v)
{
    return (irisx_value_t *) (uintptr_t) v;
}

static irisx_value_t *child(irisx_value_t *object, const char *name, bool list)
{
    irisx_value_type_t want = list ? IRISX_VALUE_ARRAY : IRISX_VALUE_OBJECT;

    if (irisx_value_type(irisx_value_get(object, name)) != want &&
        irisx_value_set_take(object, name, list ? irisx_value_new_array() : irisx_value_new_object()))
        return NULL;
    return own(irisx_value_get(object, name));
}

/* The object of a list that a member goes into: the one of that number; else the last one, or a new one if the last has
 * the member already and it is one that ends there. */
static irisx_value_t *list_object(irisx_value_t *list, const struct step *step, const char *member, bool ends)
{
    size_t n = irisx_value_count(list), at = step->at < n ? step->at : n - 1;
    const irisx_value_t *there = n && (step->at == SIZE_MAX || step->at < n) ? irisx_value_at(list, at) : NULL;
    bool taken = step->at == SIZE_MAX && ends && irisx_value_get(there, member);

    if (irisx_value_type(there) == IRISX_VALUE_OBJECT && !taken)
        return own(there);
    if ((step->at != SIZE_MAX && step->at != n) || irisx_value_add_take(list, irisx_value_new_object()))
        return NULL;
    return own(irisx_value_at(list, irisx_value_count(list) - 1));
}

struct target {
    irisx_value_t *object; /* the member goes here */
    struct step last;
    const irisx_value_t *field; /* what the contract says of it; NULL: open */
    const char *name; /* on the wire */
};

static int locate(struct params *p, const char *word, const char *end, bool any, struct target *t)
{
    const irisx_value_t *members = irisx_value_get(p->operation, "parameters");
    bool open = !p->operation;

    t->object = p->object;
    for (const char *at = word;;) {
        at = next_step(at, end, &t->last);
        if (!at)
            return cli_usage("\"%.*s\" names no parameter: a.b=1, tags[]=x, agents[].name=Ann, a name\\.with\\=signs=1",
                (int) (end - word), word);
        t->field = open ? NULL : find_in(members, t->last.name);
        if (!open && !t->field && !any)
            return unknown(p, members, t->last.name);
        t->name = t->field ? irisx_value_get_text(t->field, "name", t->last.name) : t->last.name;
        if (at >= end && at[-1] != '.')
            return EXIT_OK;
        open = open || !has_members(t->field);
        members = irisx_value_get(t->field, "members");
        t->object = child(t->object, t->name, t->last.list);
        if (t->last.list) {
            struct step next, step = t->last;
            const irisx_value_t *known;
            const char *behind = next_step(at, end, &next);

            if (!behind)
                continue; /* said at the next turn */
            known = open ? NULL : find_in(members, next.name);
            t->object = list_object(t->object, &step, known ? irisx_value_get_text(known, "name", "") : next.name,
                behind >= end && behind[-1] != '.' && !next.list);
        }
        if (!t->object)
            return cli_usage("\"%.*s\": items of a list are given in order, from [0]", (int) (end - word), word);
    }
}

/* ---- putting together -------------------------------------------------------------------- */
static int convert(const struct target *t, const char *text, bool json, irisx_value_t **out)
{
    const char *type = irisx_value_get_text(t->field, "type", "json");
    bool typed_in = strcmp(text, "@-") == 0 && irisx_value_get_bool(t->field, "secret", 0);
    char item[32];
    char *content;
    size_t n;
    int code;

    if (strcmp(type, "file") == 0 && !json)
        return file_value(t->name, text, out);
    content = typed_in ? cli_ask(t->name, true) : params_text(t->name, text, &n);
    if (!content && typed_in)
        return cli_interrupted() ? EXIT_INTERRUPTED : cli_usage("%s: nothing was typed", t->name);
    if (!content)
        return EXIT_USAGE;
    if (json)
        code = json_value(t->name, content, out);
    else
        code = typed(t->last.list ? item_type(t->field, item) : type, t->name, content, out);
    cli_wipe(content);
    return code;
}

static int put(const struct target *t, irisx_value_t *value)
{
    irisx_value_t *list;

    if (!t->last.list)
        return irisx_value_set_take(t->object, t->name, value) ? EXIT_FAILED : EXIT_OK;
    list = child(t->object, t->name, true);
    if (list && (t->last.at == SIZE_MAX || t->last.at == irisx_value_count(list)))
        return irisx_value_add_take(list, value) ? EXIT_FAILED : EXIT_OK;
    irisx_value_free(value);
    return EXIT_FAILED;
}

/* argv is seen by everyone on the machine (ps), and kept by shells */
static int refuse_secret(const struct params *p, const struct target *t, const char *value)
{
    if (p->secrets_allowed || *value == '@' || !irisx_value_get_bool(t->field, "secret", 0))
        return EXIT_OK;
    return cli_usage("%s is a secret, and others can read a command line: give %s=@FILE, or %s=@- to type it", t->name,
        t->name, t->name);
}

int params_add(struct params *p, const char *assignment)
{
    const char *equals = find_equals(assignment);
    bool json = equals && equals > assignment && equals[-1] == ':';
    const char *end = equals - (json ? 1 : 0);
    irisx_value_t *value = NULL;
    struct target t = { 0 };
    int code;

    if (!equals || end == assignment)
        return cli_usage("\"%s\" is not NAME=VALUE", assignment);
    code = locate(p, assignment, end, json, &t);
    if (!code)
        code = refuse_secret(p, &t, equals + 1);
    if (!code && !json && t.field && has_members(t.field) && !t.last.list &&
        strcmp(irisx_value_get_text(t.field, "type", ""), "array") != 0)
        json = equals[1] == '{' || equals[1] == '@';
    if (!code)
        code = convert(&t, equals + 1, json, &value);
    return code             ? code
           : put(&t, value) ? cli_usage("%s: items of a list are given in order, each once", t.name)
                            : EXIT_OK;
}

int params_word(struct params *p, const char *word)
{
    const irisx_value_t *fields = irisx_value_get(p->operation, "parameters");

    for (size_t i = 0; i < irisx_value_count(fields); i++) {
        const irisx_value_t *f = irisx_value_at(fields, i);
        const char *name = irisx_value_get_text(f, "name", "");

        if (strcmp(irisx_value_get_text(f, "in", ""), "path") == 0 && !irisx_value_get(p->object, name))
            return irisx_value_set_text(p->object, name, word) ? cli_usage("%s: not UTF-8", name) : EXIT_OK;
    }
    return cli_usage("\"%s\" is one word too many: parameters are NAME=VALUE (irisx api %s --help)", word,
        irisx_value_get_text(p->operation, "id", ""));
}

/* Members of `from` into `to`: objects into objects, the rest in place of what is there. False without memory */
static bool merge(irisx_value_t *to, const irisx_value_t *from)
{
    for (const char *k = irisx_value_next_key(from, NULL); k; k = irisx_value_next_key(from, k)) {
        const irisx_value_t *theirs = irisx_value_get(from, k), *ours = irisx_value_get(to, k);

        if (irisx_value_type(theirs) == IRISX_VALUE_OBJECT && irisx_value_type(ours) == IRISX_VALUE_OBJECT) {
            if (!merge(own(ours), theirs))
                return false;
        } else if (irisx_value_set_take(to, k, irisx_value_dup(theirs))) {
            return false;
        }
    }
    return true;
}

static int parse_data(const char *source, irisx_value_t **out)
{
    bool literal = *source == '{' || *source == '[';
    const char *path = *source == '@' ? source + 1 : source;
    size_t n = strlen(source);
    irisx_value_error_t e;
    char *text = NULL;
    int code = EXIT_OK;

    if (!literal) {
        tell_end(path, "JSON");
        text = cli_read_file(path, FILE_LIMIT, &n);
    }
    if (!literal && !text)
        return cli_interrupted() ? EXIT_INTERRUPTED : cli_usage("--data: cannot read %s (at most 8 MB)", path);
    if (irisx_value_parse(literal ? source : text, n, out, &e))
        code = no_json("--data", &e);
    cli_wipe(text);
    return code;
}

int params_data(struct params *p, const char *source)
{
    irisx_value_t *v = NULL;
    bool object = irisx_value_count(p->object) > 0, good = true;
    int code = parse_data(source, &v);

    if (code)
        return code;
    if ((p->operation || object) && irisx_value_type(v) != IRISX_VALUE_OBJECT)
        code = cli_usage("--data wants a JSON object%s", object ? ": others were given before it" : "");
    else if (object)
        good = merge(p->object, v);
    if (code || object) {
        irisx_value_free(v);
        return good ? code : cli_usage("--data: out of memory");
    }
    irisx_value_free(p->object);
    p->object = v;
    return EXIT_OK;
}
