/* SPDX-License-Identifier: MIT */
/*
 * sip: what the bodies of event packages say: dialog (RFC 4235), presence (RFC 3856, PIDF RFC 3863, activities of RFC
 * 4480), message-summary (RFC 3842). Pure. XML is read by expat without document types, so without entities.
 */
#ifndef IX_SIP_PACKAGE_H
#define IX_SIP_PACKAGE_H

#include "core/core.h"

#define IX_SIP_NOTICE_MAX 65535 /* bytes of a body */
#define IX_SIP_NOTICE_DIALOGS 16 /* of one entity; further ones are counted only */
#define IX_SIP_NOTICE_CLASSES 6 /* kinds of messages (RFC 3458) */

enum ix_sip_package { IX_SIP_PKG_OTHER = 0, IX_SIP_PKG_DIALOG = 1, IX_SIP_PKG_PRESENCE = 2, IX_SIP_PKG_SUMMARY = 3 };
enum ix_sip_package ix_sip_package(struct ix_str event); /* value of an Event header; parameters do not count */
const char *ix_sip_package_name(enum ix_sip_package package); /* "dialog"; "" for OTHER */
const char *ix_sip_package_accept(enum ix_sip_package package); /* its content type */

enum ix_sip_lamp { /* RFC 4235 section 3.7.1 */
    IX_SIP_LAMP_UNKNOWN = 0,
    IX_SIP_LAMP_TRYING = 1,
    IX_SIP_LAMP_PROCEEDING = 2,
    IX_SIP_LAMP_EARLY = 3, /* rings */
    IX_SIP_LAMP_CONFIRMED = 4,
    IX_SIP_LAMP_TERMINATED = 5
};
const char *ix_sip_lamp_name(enum ix_sip_lamp state);
struct ix_sip_notice_dialog { /* texts that do not fit are empty */
    char id[64], call_id[96], local_tag[48], remote_tag[48];
    char local[128], remote[128], remote_name[64];
    enum ix_sip_lamp state;
    bool recipient; /* the entity is called; false: it calls, or nothing is said */
};
struct ix_sip_notice {
    enum ix_sip_package package;
    char entity[128]; /* whom it is about */
    /* dialog */
    uint32_t version;
    bool begun; /* a version is known */
    size_t dialog_count;
    struct ix_sip_notice_dialog dialogs[IX_SIP_NOTICE_DIALOGS];
    /* presence */
    bool open;
    char note[128], activity[32];
    /* message-summary */
    bool waiting;
    size_t class_count;
    struct ix_sip_notice_class {
        char name[32]; /* "voice-message", in lower case */
        uint32_t fresh, old, urgent_fresh, urgent_old;
    } classes[IX_SIP_NOTICE_CLASSES];
};
void ix_sip_notice_init(struct ix_sip_notice *n, enum ix_sip_package package);
/*
 * Reads one body into what is known: a whole state replaces it, a partial one changes the dialogs it names; dialogs
 * that were told of as terminated are gone then. salt: random, for expat's tables. 0; IRISX_E_AGAIN: taken, but a
 * version in between is missing: ask for the whole; IRISX_E_DUPLICATE: older than what is known, nothing changed;
 * IRISX_E_PROTOCOL, IRISX_E_TOO_LARGE, IRISX_E_NO_MEMORY: nothing changed.
 */
int ix_sip_notice_read(struct ix_sip_notice *n, struct ix_str body, uint32_t salt);

#endif
