/* SPDX-License-Identifier: MIT */
/* Private to src/sip: elements of an XML document, one after the other, by their names without prefix. */
#ifndef IX_SIP_XML_H
#define IX_SIP_XML_H

#include "core/core.h"

#define IX_XML_DEPTH 16 /* deeper is refused */

struct ix_xml {
    void (*open)(struct ix_xml *x, const char *name, const char **attributes); /* depth: 1 is the root */
    void (*close)(struct ix_xml *x); /* text holds what stood in it directly, trimmed */
    char text[256]; /* of the innermost element; "" if it does not fit */
    size_t text_len;
    unsigned depth;
    bool over; /* text did not fit */
    void *parser;
};
/* IRISX_E_PROTOCOL: not well-formed, a document type, or too deep; IRISX_E_NO_MEMORY. salt: random, not 0 */
int ix_xml_read(struct ix_xml *x, struct ix_str document, uint32_t salt);
const char *ix_xml_attribute(const char **attributes, const char *name); /* NULL: absent */

#endif
