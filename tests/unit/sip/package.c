/* SPDX-License-Identifier: MIT */
/* Bodies of event packages: dialog-info (RFC 4235), PIDF (RFC 3863), message summaries (RFC 3842). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "sip/package.h"

static struct ix_sip_notice n;

static int read_as(enum ix_sip_package package, const char *body)
{
    ix_sip_notice_init(&n, package);
    return ix_sip_notice_read(&n, ix_str(body), 1);
}

Test(package, names_are_those_of_the_rfcs)
{
    cr_assert_eq(ix_sip_package(IX_STR("dialog;id=7")), IX_SIP_PKG_DIALOG);
    cr_assert_eq(ix_sip_package(IX_STR(" message-summary ")), IX_SIP_PKG_SUMMARY);
    cr_assert_eq(ix_sip_package(IX_STR("presence.winfo")), IX_SIP_PKG_OTHER);
    cr_assert_str_eq(ix_sip_package_accept(IX_SIP_PKG_PRESENCE), "application/pidf+xml");
}

Test(package, the_example_of_rfc_4235_is_read_whole)
{
    cr_assert_eq(
        read_as(IX_SIP_PKG_DIALOG,
            "<?xml version=\"1.0\"?>\n<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"1\" "
            "state=\"full\" entity=\"sip:bob@example.com\">\n <dialog id=\"as7d900as8\" call-id=\"a84b4c76e66710\" "
            "local-tag=\"1928301774\" remote-tag=\"456887766\" direction=\"initiator\">\n  <state event=\"x\" "
            "code=\"200\"> confirmed </state>\n  <duration>274</duration>\n  <local>\n   <identity "
            "display=\"Bob\">sip:bob@example.com</identity>\n   <target uri=\"sip:bob@pc33.example.com\"/>\n  "
            "</local>\n  <remote>\n   <identity display=\"Al &amp; Ice\">sip:alice@example.com</identity>\n  "
            "</remote>\n </dialog>\n</dialog-info>"),
        0);
    cr_assert_str_eq(n.entity, "sip:bob@example.com");
    cr_assert_eq(n.dialog_count, 1);
    cr_assert_str_eq(n.dialogs[0].id, "as7d900as8");
    cr_assert_str_eq(n.dialogs[0].call_id, "a84b4c76e66710");
    cr_assert_str_eq(n.dialogs[0].local_tag, "1928301774");
    cr_assert_str_eq(n.dialogs[0].remote_tag, "456887766");
    cr_assert_str_eq(n.dialogs[0].local, "sip:bob@example.com");
    cr_assert_str_eq(n.dialogs[0].remote, "sip:alice@example.com");
    cr_assert_str_eq(n.dialogs[0].remote_name, "Al & Ice");
    cr_assert_eq(n.dialogs[0].state, IX_SIP_LAMP_CONFIRMED);
    cr_assert(!n.dialogs[0].recipient);
}

Test(package, more_dialogs_than_there_is_room_for_are_passed_over)
{
    static char text[8192];
    int at = snprintf(text, sizeof text, "<dialog-info version='0' state='full' entity='sip:q@x'>");

    for (int i = 0; i < 40; i++)
        at += snprintf(text + at, sizeof text - (size_t) at, "<dialog id='%d'><state>early</state></dialog>", i);
    (void) snprintf(text + at, sizeof text - (size_t) at, "</dialog-info>");
    cr_assert_eq(read_as(IX_SIP_PKG_DIALOG, text), 0);
    cr_assert_eq(n.dialog_count, IX_SIP_NOTICE_DIALOGS);
    cr_assert_str_eq(n.dialogs[IX_SIP_NOTICE_DIALOGS - 1].id, "15");
}

Test(package, presence_is_open_if_any_way_is_and_says_what_they_do)
{
    cr_assert_eq(
        read_as(IX_SIP_PKG_PRESENCE,
            "<presence xmlns='urn:ietf:params:xml:ns:pidf' xmlns:dm='urn:ietf:params:xml:ns:pidf:data-model' "
            "xmlns:rpid='urn:ietf:params:xml:ns:pidf:rpid' entity='sip:1001@pbx.test'><tuple id='a'><status>"
            "<basic>closed</basic></status></tuple><tuple id='b'><status><basic>open</basic></status><note>"
            "On The Phone</note></tuple><dm:person id='p'><rpid:activities><rpid:on-the-phone/></rpid:activities>"
            "<dm:note>other</dm:note></dm:person></presence>"),
        0);
    cr_assert(n.open);
    cr_assert_str_eq(n.note, "On The Phone");
    cr_assert_str_eq(n.activity, "on-the-phone");
    cr_assert_eq(read_as(IX_SIP_PKG_PRESENCE, "<presence entity='sip:x@y'/>"), 0);
    cr_assert(!n.open);
}

Test(package, a_document_type_and_its_entities_are_refused)
{
    static char deep[4096];
    size_t at = 0;

    cr_assert_eq(read_as(IX_SIP_PKG_PRESENCE,
                     "<!DOCTYPE presence [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><presence entity='&b;'/>"),
        IRISX_E_PROTOCOL);
    cr_assert_eq(
        read_as(IX_SIP_PKG_PRESENCE, "<!DOCTYPE presence SYSTEM \"file:///etc/passwd\"><presence/>"), IRISX_E_PROTOCOL);
    for (int i = 0; i < 100; i++)
        at += (size_t) snprintf(deep + at, sizeof deep - at, "<presence>");
    cr_assert_eq(read_as(IX_SIP_PKG_PRESENCE, deep), IRISX_E_PROTOCOL);
    cr_assert_eq(read_as(IX_SIP_PKG_DIALOG, "<presence/>"), IRISX_E_PROTOCOL);
    cr_assert_eq(read_as(IX_SIP_PKG_DIALOG, "not xml"), IRISX_E_PROTOCOL);
    cr_assert_eq(read_as(IX_SIP_PKG_DIALOG, ""), IRISX_E_PROTOCOL);
}

Test(package, what_does_not_fit_is_left_out_not_cut)
{
    static char text[2048], name[400];

    memset(name, 'a', sizeof name - 1);
    (void) snprintf(text, sizeof text,
        "<dialog-info version='0' state='full' entity='sip:q@x'><dialog id='%s'><remote><identity>sip:%s</identity>"
        "</remote></dialog></dialog-info>",
        name, name);
    cr_assert_eq(read_as(IX_SIP_PKG_DIALOG, text), 0);
    cr_assert_str_eq(n.dialogs[0].id, "");
    cr_assert_str_eq(n.dialogs[0].remote, "");
}

Test(package, versions_are_merged)
{
    ix_sip_notice_init(&n, IX_SIP_PKG_DIALOG);
#define DOC(version, state, rest) \
    IX_STR("<dialog-info version='" version "' state='" state "' entity='sip:x@y'>" rest "</dialog-info>")
    cr_assert_eq(ix_sip_notice_read(&n, DOC("0", "partial", "<dialog id='z'><state>early</state></dialog>"), 1),
        IRISX_E_AGAIN, "nothing was known before");
    cr_assert_eq(ix_sip_notice_read(&n, DOC("3", "full", "<dialog id='a'><state>early</state></dialog>"), 1), 0);
    cr_assert_eq(n.dialog_count, 1);
    cr_assert_eq(ix_sip_notice_read(&n, DOC("3", "partial", "<dialog id='b'/>"), 1), IRISX_E_DUPLICATE);
    cr_assert_eq(
        ix_sip_notice_read(&n, DOC("4", "partial", "<dialog id='a'><state>terminated</state></dialog>"), 1), 0);
    cr_assert_eq(n.dialogs[0].state, IX_SIP_LAMP_TERMINATED);
    cr_assert_eq(ix_sip_notice_read(&n, DOC("6", "partial", "<dialog id='c'/>"), 1), IRISX_E_AGAIN);
    cr_assert_eq(n.dialog_count, 1);
    cr_assert_str_eq(n.dialogs[0].id, "c");
    cr_assert_eq(ix_sip_notice_read(&n, DOC("0", "full", ""), 1), 0, "a server that began anew");
    cr_assert_eq(n.dialog_count, 0);
}

Test(package, the_summaries_of_rfc_3842_are_read)
{
    cr_assert_eq(
        read_as(IX_SIP_PKG_SUMMARY,
            "Messages-Waiting: yes\r\nMessage-Account: sip:alice@vmail.example.com\r\nVoice-Message: 4/8 (1/2)\r\n"
            "fax-message : 0/1\r\nVideo-Message: x/1\r\n\r\nTo: <alice@example.com>\r\n"),
        0);
    cr_assert(n.waiting);
    cr_assert_str_eq(n.entity, "sip:alice@vmail.example.com");
    cr_assert_eq(n.class_count, 2);
    cr_assert_str_eq(n.classes[0].name, "voice-message");
    cr_assert_eq(n.classes[0].fresh, 4);
    cr_assert_eq(n.classes[0].old, 8);
    cr_assert_eq(n.classes[0].urgent_fresh, 1);
    cr_assert_eq(n.classes[0].urgent_old, 2);
    cr_assert_str_eq(n.classes[1].name, "fax-message");
    cr_assert_eq(read_as(IX_SIP_PKG_SUMMARY, "Messages-Waiting: no\n"), 0);
    cr_assert(!n.waiting);
    cr_assert_eq(read_as(IX_SIP_PKG_SUMMARY, "Voice-Message: 1/1\r\n"), IRISX_E_PROTOCOL);
    cr_assert_eq(read_as(IX_SIP_PKG_SUMMARY, ""), IRISX_E_PROTOCOL);
}
