/* SPDX-License-Identifier: MIT */
/* Private to src/sip: the lexical pieces of RFC 3261 section 25 that several parsers share. */
#ifndef IX_SIP_SCAN_H
#define IX_SIP_SCAN_H

#include "sip/sip.h"

#define IX_SIP_PIECE 512 /* longest branch, tag, Call-ID, host taken from a peer */

bool ix_sip_token_char(char c);
bool ix_sip_lws_char(char c); /* SP, HTAB and, of folded lines, CR and LF */
bool ix_sip_is_token(struct ix_str s); /* not empty, all token characters */
void ix_sip_skip_lws(struct ix_str *s);
bool ix_sip_take_char(struct ix_str *s, char c); /* LWS, then c */
struct ix_str ix_sip_take_token(struct ix_str *s); /* LWS, then a token; n = 0 if there is none */
/* s begins with '"': inner text without the quotes; false if it does not end */
bool ix_sip_take_quoted(struct ix_str *s, struct ix_str *inner);
/* host[:port] with LWS around the colon; the host IPv6 in brackets or a name */
int ix_sip_take_hostport(struct ix_str *s, struct ix_str *host, bool *ipv6, uint16_t *port);
/* ";a=b;c" with or without the leading ';': every parameter well-formed */
bool ix_sip_params_valid(struct ix_str params);
/* copies s with each run of CR, LF and what surrounds it turned into one space */
void ix_sip_unfold(struct ix_buf *b, struct ix_str s);

/* length of the first list element: up to a comma outside quotes and <> */
size_t ix_sip_element_length(struct ix_str s);
enum ix_sip_hdr ix_sip_header_id(struct ix_str name); /* long or compact form, any case */
/* "Name: " and the value with its folds undone; for values taken from another message */
void ix_sip_copy_header(struct ix_buf *b, const char *name, struct ix_str value);

#endif
