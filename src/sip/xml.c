/* SPDX-License-Identifier: MIT */
/*
 * XML by expat, without what can hurt: a document type stops it (no entities, nothing external), depth and text are
 * bounded, memory is ours, and so is the salt of its tables.
 */
#include <expat.h>
#include <string.h>

#include "sip/xml.h"

static void *get(size_t size)
{
    return ix_alloc(size);
}

static void *resize(void *p, size_t size)
{
    return p ? ix_realloc(p, size) : ix_alloc(size);
}

/* "namespace|name" as expat gives it */
static const char *local_name(const char *name)
{
    const char *bar = strrchr(name, '|');

    return bar ? bar + 1 : name;
}

const char *ix_xml_attribute(const char **attributes, const char *name)
{
    for (; attributes[0]; attributes += 2)
        if (!strcmp(local_name(attributes[0]), name))
            return attributes[1];
    return NULL;
}

static void clear_text(struct ix_xml *x)
{
    x->text_len = 0;
    x->text[0] = 0;
    x->over = false;
}

static void on_open(void *ctx, const char *name, const char **attributes)
{
    struct ix_xml *x = ctx;

    if (++x->depth > IX_XML_DEPTH) {
        (void) XML_StopParser(x->parser, XML_FALSE);
        return;
    }
    clear_text(x);
    x->open(x, local_name(name), attributes);
}

static void on_close(void *ctx, const char *name)
{
    struct ix_xml *x = ctx;
    struct ix_str t = ix_str_trim(ix_str_n(x->text, x->over ? 0 : x->text_len));

    (void) name;
    if (t.n)
        memmove(x->text, t.p, t.n);
    x->text[t.n] = 0;
    x->close(x);
    clear_text(x);
    x->depth--;
}

static void on_text(void *ctx, const char *text, int len)
{
    struct ix_xml *x = ctx;
    size_t n = (size_t) len;

    x->over = x->over || n >= sizeof x->text - x->text_len;
    if (x->over)
        return;
    memcpy(x->text + x->text_len, text, n);
    x->text_len += n;
}

static void on_doctype(void *ctx, const char *name, const char *system_id, const char *public_id, int internal)
{
    struct ix_xml *x = ctx;

    (void) name, (void) system_id, (void) public_id, (void) internal;
    (void) XML_StopParser(x->parser, XML_FALSE);
}

int ix_xml_read(struct ix_xml *x, struct ix_str document, uint32_t salt)
{
    static const XML_Memory_Handling_Suite memory = { get, resize, ix_free };
    XML_Parser p = XML_ParserCreate_MM(NULL, &memory, "|");
    enum XML_Error why;

    if (!p)
        return IRISX_E_NO_MEMORY;
    x->parser = p;
    x->depth = 0;
    clear_text(x);
    (void) XML_SetHashSalt(p, salt | 1);
    XML_SetUserData(p, x);
    XML_SetElementHandler(p, on_open, on_close);
    XML_SetCharacterDataHandler(p, on_text);
    XML_SetStartDoctypeDeclHandler(p, on_doctype);
    why = document.n && XML_Parse(p, document.p, (int) document.n, 1) == XML_STATUS_OK ? XML_ERROR_NONE
          : document.n                                                                 ? XML_GetErrorCode(p)
                                                                                       : XML_ERROR_SYNTAX;
    XML_ParserFree(p);
    return why == XML_ERROR_NONE ? 0 : why == XML_ERROR_NO_MEMORY ? IRISX_E_NO_MEMORY : IRISX_E_PROTOCOL;
}
