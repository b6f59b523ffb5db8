/* SPDX-License-Identifier: MIT */
/*
 * SIP messages read and written, for the phone benchmark. Usage: phone_sip parse|build ROUNDS; prints one line of JSON:
 * messages and seconds of CPU. Under callgrind (--instr-atstart=no --collect-atstart=no) only the rounds are counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <valgrind/callgrind.h>

#include "sip/sip.h"

#define TOP(line)                                                                                \
    line "\r\nVia: SIP/2.0/WSS 127.0.0.1:8066;branch=z9hG4bK6pcZm9890erpg;rport\r\n"             \
         "Max-Forwards: 69\r\nFrom: \"Agent 1000\" <sip:1000@203.0.113.7>;tag=4yj295ScSa9cD\r\n" \
         "To: <sip:4qtbdrto@89jodie2elud.invalid;transport=ws>;tag=5it8u8uibu\r\n"               \
         "Call-ID: ca10ffa4-5f67-1240-ff96-16b27b1d8361\r\n"
#define SDP                                                                                                        \
    "v=0\r\no=FreeSWITCH 1795143042 1795143043 IN IP4 203.0.113.7\r\ns=FreeSWITCH\r\n"                             \
    "c=IN IP4 203.0.113.7\r\nt=0 0\r\nm=audio 23954 RTP/SAVPF 102 0 8 103 101 13\r\na=rtpmap:102 opus/48000/2\r\n" \
    "a=fmtp:102 useinbandfec=1; maxaveragebitrate=30000; ptime=20; minptime=10\r\n"                                \
    "a=fingerprint:sha-256 33:0E:21:AE:87:FC:58:BB:F9:5E:20:DB:BC:40:D3:6C:"                                       \
    "44:61:05:9C:CF:04:77:B2:58:DB:2C:4F:7C:90:33:97\r\n"                                                          \
    "a=setup:actpass\r\na=rtcp-mux\r\na=ice-ufrag:A7c3tEPnEyj5tRja\r\na=ice-pwd:uEIgp3KrXIphsKpymoUydEzy\r\n"      \
    "a=candidate:6454737715 1 udp 2130706431 203.0.113.7 23954 typ host generation 0\r\na=ptime:20\r\n"

/* what one call and its registration bring: an INVITE, its answer, a challenge, a BYE, a NOTIFY, a 200 to REGISTER */
static const char *const messages[] = {
    TOP("INVITE sip:4qtbdrto@89jodie2elud.invalid;transport=ws SIP/2.0") "CSeq: 123029706 INVITE\r\n"
                                                                         "Contact: <sip:mod_sofia@203.0.113.7:5060>\r\nUser-Agent: FreeSWITCH\r\n"
                                                                         "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, UPDATE, REGISTER, REFER, NOTIFY, PUBLISH, SUBSCRIBE\r\n"
                                                                         "Supported: timer, path, replaces\r\nSession-Expires: 120;refresher=uac\r\nMin-SE: 120\r\n",
    TOP("SIP/2.0 200 OK") "CSeq: 2 INVITE\r\nContact: <sip:9196@203.0.113.7:5060;transport=udp>\r\n"
                          "User-Agent: FreeSWITCH\r\nAccept: application/sdp\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\n"
                          "Supported: timer, path, replaces\r\nRemote-Party-ID: \"9196\" <sip:9196@203.0.113.7>;party=calling\r\n",
    TOP("SIP/2.0 401 Unauthorized") "CSeq: 1 REGISTER\r\nUser-Agent: FreeSWITCH\r\n"
                                    "WWW-Authenticate: Digest realm=\"203.0.113.7\", nonce=\"7a1c9f26-8d7e-4b5a-9d55-2f1c6a0e9d11\", "
                                    "algorithm=MD5, qop=\"auth\"\r\n",
    TOP("BYE sip:4qtbdrto@89jodie2elud.invalid;transport=ws SIP/2.0") "CSeq: 123029710 BYE\r\n"
                                                                      "User-Agent: FreeSWITCH\r\nReason: Q.850;cause=16;text=\"NORMAL_CLEARING\"\r\n",
    TOP("NOTIFY sip:4qtbdrto@89jodie2elud.invalid;transport=ws SIP/2.0") "CSeq: 123029708 NOTIFY\r\n"
                                                                         "Event: refer;id=4\r\nSubscription-State: terminated;reason=noresource\r\n",
    TOP("SIP/2.0 200 OK") "CSeq: 2 REGISTER\r\nContact: <sip:4qtbdrto@89jodie2elud.invalid;transport=ws>"
                          ";expires=300\r\n"
                          "Date: Fri, 20 Nov 2026 10:00:00 GMT\r\nSupported: timer, path, replaces\r\n",
};
#define COUNT (sizeof messages / sizeof *messages)

static char *texts[COUNT];
static size_t lengths[COUNT];

static void prepare(void)
{
    for (size_t i = 0; i < COUNT; i++) {
        size_t room = strlen(messages[i]) + sizeof SDP + 200;
        int n;

        texts[i] = malloc(room);
        if (!texts[i])
            exit(1);
        n = i < 2 ? snprintf(texts[i], room, "%sContent-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
                        messages[i], sizeof SDP - 1, SDP)
                  : snprintf(texts[i], room, "%sContent-Length: 0\r\n\r\n", messages[i]);
        lengths[i] = (size_t) n;
    }
}

static size_t parse_round(void)
{
    static struct ix_sip_msg msg;

    for (size_t i = 0; i < COUNT; i++) {
        if (ix_sip_parse(&msg, texts[i], lengths[i], NULL)) {
            fprintf(stderr, "phone_sip: message %zu is not read\n", i);
            exit(1);
        }
    }
    return COUNT;
}

/* a request as a call sends it, with its transaction, its branch and its description: written, handed out, forgotten */
static size_t build_round(struct ix_sip_stack *s)
{
    struct ix_now now = { .mono_us = IX_S, .wall_us = 1 };
    struct ix_sip_request req = { .method = IX_SIP_INVITE,
        .uri = IX_STR("sip:9196@203.0.113.7"),
        .from = IX_STR("\"Agent 1000\" <sip:1000@203.0.113.7>"),
        .to = IX_STR("<sip:9196@203.0.113.7>"),
        .headers = IX_STR("Session-Expires: 120\r\nX-Order: 4711\r\n"),
        .content_type = IX_STR("application/sdp"),
        .body = IX_STR(SDP) };
    struct ix_sip_out out;
    ix_sip_txn txn;
    size_t sent = 0;

    for (int i = 0; i < 2; i++) {
        req.method = i ? IX_SIP_OPTIONS : IX_SIP_INVITE;
        if (ix_sip_send_request(s, 1, &req, NULL, now, &txn))
            exit(1);
        while (ix_sip_poll(s, &out))
            sent += out.kind == IX_SIP_OUT_SEND;
        ix_sip_txn_forget(s, txn, now);
    }
    while (ix_sip_poll(s, &out))
        sent += out.kind == IX_SIP_OUT_SEND;
    return sent;
}

static double cpu_seconds(void)
{
    struct timespec t;

    (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct ix_prng prng;
    struct ix_rng rng;
    struct ix_sip_stack_config config = { .agent = "irisx-bench", .max_transactions = 8 };
    struct ix_sip_transport_config transport = { .secure = true };
    struct ix_sip_stack *stack = NULL;
    unsigned long rounds = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    bool parse = argc == 3 && strcmp(argv[1], "parse") == 0;
    size_t done = 0;
    double began;

    if (!rounds) {
        fprintf(stderr, "usage: phone_sip parse|build ROUNDS\n");
        return 2;
    }
    ix_prng_seed(&prng, 4);
    rng = ix_prng_rng(&prng);
    config.rng = &rng;
    prepare();
    began = cpu_seconds();
    CALLGRIND_START_INSTRUMENTATION;
    for (unsigned long i = 0; i < rounds; i++) {
        if (!parse && i % 4 == 0) { /* transactions live on for 32 s: a fresh stack instead of waiting */
            ix_sip_stack_free(stack);
            if (ix_sip_stack_new(&config, &stack) || ix_sip_transport_opened(stack, 1, &transport))
                return 1;
        }
        CALLGRIND_TOGGLE_COLLECT;
        done += parse ? parse_round() : build_round(stack);
        CALLGRIND_TOGGLE_COLLECT;
    }
    printf("{\"messages\":%zu,\"seconds\":%.6f}\n", done, cpu_seconds() - began);
    ix_sip_stack_free(stack);
    for (size_t i = 0; i < COUNT; i++)
        free(texts[i]);
    return 0;
}
