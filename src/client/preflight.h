/* SPDX-License-Identifier: MIT */
/*
 * The inside of the preflight. One thread leads (preflight.c); what can be looked at at once is looked at by threads of
 * its own (preflight_probe.c, preflight_udp.c), each of which writes its own checks; the reasons are shared, under the
 * lock (preflight_report.c). All of them end soon after `stop` is raised or the time is over.
 */
#ifndef IX_CLIENT_PREFLIGHT_H
#define IX_CLIENT_PREFLIGHT_H

#include <irisx/preflight.h>

#include "client/private.h"
#include "io/wait.h"

#define PF_CHECKS 24
#define PF_REASONS 40

enum pf_status { PF_SKIP = 0, PF_OK = 1, PF_WARN = 2, PF_FAIL = 3 };
/* code, severity, what it means, what to do */
#define PF_REASON_LIST(X)                                                                                             \
    X(DNS_NOT_FOUND, "dns_not_found", PF_FAIL, "the name does not exist", "check the spelling of the host name")      \
    X(DNS_NO_ANSWER, "dns_no_answer", PF_FAIL, "no name server answers",                                              \
        "check the network's name servers, or use others")                                                            \
    X(DNS_AAAA_NO_ANSWER, "dns_aaaa_no_answer", PF_WARN,                                                              \
        "the name server swallows questions for IPv6 addresses (AAAA)",                                               \
        "every connection waits for it: use another name server, or have this one answer")                            \
    X(DNS_WRONG, "dns_wrong", PF_FAIL, "the name server answers for names that do not exist",                         \
        "it sends everybody to an address of its own (sign-in page, filter): sign in, or use another name server")    \
    X(TCP_REFUSED, "tcp_refused", PF_FAIL, "the server refuses the connection",                                       \
        "check host and port; the name may lead to a wrong address, or nothing listens there")                        \
    X(TCP_NO_ANSWER, "tcp_no_answer", PF_FAIL, "nothing answers at this address and port",                            \
        "a firewall drops it, or the address is wrong: allow the port, or use a server on port 443")                  \
    X(CERTIFICATE_EXPIRED, "certificate_expired", PF_FAIL, "the server's certificate has expired",                    \
        "its owner has to renew it")                                                                                  \
    X(CERTIFICATE_NOT_YET_VALID, "certificate_not_yet_valid", PF_FAIL, "the server's certificate is not valid yet",   \
        "its owner has to replace it")                                                                                \
    X(CERTIFICATE_NAME, "certificate_name", PF_FAIL, "the certificate is for another name",                           \
        "somebody else answers in the server's place, or the host name is wrong")                                     \
    X(CERTIFICATE_UNTRUSTED, "certificate_untrusted", PF_FAIL, "the certificate is not from a known authority",       \
        "if you know it, give the authority's certificate (--ca-file); else somebody reads along")                    \
    X(TLS_FAILED, "tls_failed", PF_FAIL, "TLS cannot be set up",                                                      \
        "something on the way breaks TLS, or the server does not speak it on this port")                              \
    X(CLOCK_WRONG, "clock_wrong", PF_FAIL, "this machine's clock is wrong", "set the clock (NTP)")                    \
    X(CAPTIVE_PORTAL, "captive_portal", PF_FAIL, "the network wants a sign-in first",                                 \
        "open a web page in a browser and sign in")                                                                   \
    X(API_UNEXPECTED, "api_unexpected", PF_FAIL, "what answers is not the platform's API", "check the API's URL")     \
    X(API_NO_ANSWER, "api_no_answer", PF_FAIL, "the API takes the connection and says nothing",                       \
        "a proxy holds it back, or the server is overloaded")                                                         \
    X(WEBSOCKET_REFUSED, "websocket_refused", PF_FAIL, "the server does not switch to WebSocket",                     \
        "a proxy on the way does not pass Upgrade on, or the path is wrong: use wss, or have the proxy configured")   \
    X(WEBSOCKET_BROKEN, "websocket_broken", PF_FAIL, "the answer to the WebSocket upgrade is broken",                 \
        "a proxy on the way interferes: use wss, or have the proxy configured")                                       \
    X(WEBSOCKET_NO_ANSWER, "websocket_no_answer", PF_FAIL, "the WebSocket upgrade gets no answer",                    \
        "a proxy on the way holds it back: use wss")                                                                  \
    X(SIP_NO_ANSWER, "sip_no_answer", PF_WARN, "the WebSocket opens, but SIP OPTIONS get no answer",                  \
        "check that the URL is that of the SIP server")                                                               \
    X(SIP_CREDENTIALS, "sip_credentials", PF_FAIL, "user or password are refused",                                    \
        "check both; ask the platform for new ones")                                                                  \
    X(SIP_FAILED, "sip_failed", PF_FAIL, "the registration fails", "see its message")                                 \
    X(UDP_BLOCKED, "udp_blocked", PF_WARN, "UDP does not come through in both directions",                            \
        "allow UDP to the STUN and TURN servers; calls otherwise need a relay over TCP or TLS, and sound worse")      \
    X(UDP_LOSS, "udp_loss", PF_WARN, "packets are lost",                                                              \
        "use a cable or a better wireless network; find out who fills the line")                                      \
    X(NAT_SYMMETRIC, "nat_symmetric", PF_WARN, "the NAT gives every destination another port (symmetric)",            \
        "calls to peers behind NATs need a relay (TURN); a router with endpoint-independent mapping needs none")      \
    X(STUN_NO_ANSWER, "stun_no_answer", PF_WARN, "the STUN server does not answer",                                   \
        "check its address; UDP may be blocked")                                                                      \
    X(TURN_NO_ANSWER, "turn_no_answer", PF_WARN, "the TURN server cannot be reached this way",                        \
        "allow it, or use another transport or port 443")                                                             \
    X(TURN_CREDENTIALS, "turn_credentials", PF_WARN, "the TURN server refuses user or password",                      \
        "fetch new credentials; they may have expired")                                                               \
    X(TURN_TLS, "turn_tls", PF_WARN, "the TURN server's certificate is not accepted", "see the certificate's reason") \
    X(TURN_REFUSED, "turn_refused", PF_WARN, "the TURN server gives no relay", "see its error code; it may be full")  \
    X(NO_RELAY, "no_relay", PF_FAIL, "UDP is blocked and no relay works: there is no way for sound",                  \
        "allow UDP, or provide TURN over TCP or TLS on port 443")                                                     \
    X(ECHO_FAILED, "echo_failed", PF_FAIL, "the echo call does not succeed", "see its message")                       \
    X(ECHO_SILENT, "echo_silent", PF_FAIL, "the echo call connects, but nothing comes back",                          \
        "sound is blocked one way: see UDP and relays")                                                               \
    X(HIGH_LOSS, "high_loss", PF_FAIL, "more than 10 % of the sound is lost",                                         \
        "use a cable or a better wireless network")                                                                   \
    X(SOME_LOSS, "some_loss", PF_WARN, "more than 1 % of the sound is lost",                                          \
        "use a cable or a better wireless network")                                                                   \
    X(HIGH_JITTER, "high_jitter", PF_WARN, "packets come irregularly (jitter above 50 ms)",                           \
        "use a cable; keep other traffic off the line")                                                               \
    X(HIGH_ROUND_TRIP, "high_round_trip", PF_WARN, "the way is long (round trip above 400 ms)",                       \
        "use a nearer server or relay; a VPN may be the detour")                                                      \
    X(LOW_MOS, "low_mos", PF_WARN, "the echo call sounds bad (MOS below 3.6)", "see loss, jitter and round trip")
enum pf_reason {
#define PF_ENUM(name, ...) PF_##name,
    PF_REASON_LIST(PF_ENUM) PF_REASON_COUNT
#undef PF_ENUM
};

struct pf_check {
    const char *name; /* "dns", static */
    char target[160];
    enum pf_status status;
    uint32_t ms;
    struct ix_buf more; /* further JSON members, each with a comma before it */
};
struct preflight {
    irisx_client_t *client; /* held */
    irisx_op_t *op;
    uint64_t began_us, until_us;
    char *ws_url, *user, *realm, *password, *auth_user, *ca_file, *echo;
    bool no_call, provisioned;
    struct ix_ice_servers ice;
    char api_host[256], ws_host[256];
    uint16_t api_port, ws_port;
    bool api_tls, ws_tls;
    char *ws_path;
    pthread_mutex_t lock; /* the rest */
    struct pf_check checks[PF_CHECKS];
    size_t check_count;
    struct {
        enum pf_reason code;
        enum pf_status severity;
        char about[160];
    } reasons[PF_REASONS];
    size_t reason_count;
    bool udp_works, udp_tried; /* of one thread, as the next two; read once all have ended */
    bool registered;
    atomic_bool relay_works;
    atomic_bool clock_known; /* a Date header was seen */
    int64_t clock_off_s;
};

/* preflight_report.c; any of its threads */
struct pf_check *ix_pf_check_new(struct preflight *p, const char *name, const char *target); /* NULL: no room */
void ix_pf_check_end(struct preflight *p, struct pf_check *c, enum pf_status status, uint64_t began_us);
void ix_pf_reason_add(
    struct preflight *p, struct pf_check *c, enum pf_reason code); /* makes c as bad as the reason is */
bool ix_pf_has(struct preflight *p, enum pf_reason code);
void ix_pf_more_text(struct pf_check *c, const char *key, const char *value);
void ix_pf_more_number(struct pf_check *c, const char *key, double value);
struct ix_wait ix_pf_wait(const struct preflight *p, uint32_t ms); /* so long, but not beyond the whole */
void ix_pf_settle(struct preflight *p); /* all has been looked at: what the findings mean together */
int ix_pf_report(struct preflight *p, irisx_value_t **out);

/* preflight_probe.c, preflight_udp.c: each a thread's */
void ix_pf_dns(struct preflight *p, const char *host);
bool ix_pf_resolve(struct preflight *p, const char *host, uint16_t port, const struct ix_wait *w, struct ix_addr *out);
void ix_pf_api(struct preflight *p);
void ix_pf_websocket(struct preflight *p);
void ix_pf_stun(struct preflight *p);
void ix_pf_turn(struct preflight *p, const struct ix_turn_server *server);
/* preflight_call.c */
void ix_pf_call(struct preflight *p);

#endif
