/* SPDX-License-Identifier: MIT */
/* Private to src/sdp: what its files share. */
#ifndef IX_SDP_INTERNAL_H
#define IX_SDP_INTERNAL_H

#include "sdp/sdp.h"

/* one a= line ("name:value" or "name") into m; 0 or IRISX_E_PROTOCOL with *why. first: no media-level fingerprint yet,
 * so that one replaces those inherited from the session */
int ix_sdp_attribute(struct ix_sdp_media *m, struct ix_str line, bool *inherited_fingerprints, const char **why);
bool ix_sdp_token(struct ix_str s); /* printable, no space, not empty, at most 64 characters */
int ix_sdp_connection(struct ix_str value, struct ix_addr *addr); /* of c= */
struct ix_sdp_codec *ix_sdp_find_codec(struct ix_sdp_media *m, uint8_t payload_type);

/* our codecs: the payload type we offer, IX_CODEC_NONE for events and comfort noise */
enum ix_codec_id ix_sdp_codec_id(const struct ix_sdp_codec *c);
bool ix_sdp_wanted(const struct ix_sdp_local *local, enum ix_codec_id codec);
bool ix_sdp_events_wanted(const struct ix_sdp_local *local);

#define IX_SDP_PT_OPUS 111
#define IX_SDP_PT_EVENT_48 110
#define IX_SDP_PT_EVENT_8 101
#define IX_SDP_PT_CN 13
#define IX_SDP_NO_PT 0xff

#endif
