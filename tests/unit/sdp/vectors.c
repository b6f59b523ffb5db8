/* SPDX-License-Identifier: MIT */
/* clang-format off */
#include "tests/unit/sdp/vectors.h"

#define FS_HEAD \
    "v=0\no=FreeSWITCH 1795143042 1795143043 IN IP4 127.0.0.1\ns=FreeSWITCH\nc=IN IP4 127.0.0.1\nt=0 0\n" \
    "a=msid-semantic: WMS VyPvJXP39HDrJohs5rqW7c5ZMPG64zGi\n"
#define FS_CODECS \
    "a=rtpmap:102 opus/48000/2\n" \
    "a=fmtp:102 useinbandfec=1; maxaveragebitrate=30000; maxplaybackrate=48000; ptime=20; minptime=10; maxptime=40; stereo=1\n" \
    "a=rtpmap:0 PCMU/8000\na=rtpmap:8 PCMA/8000\na=rtpmap:103 telephone-event/48000\na=rtpmap:104 CN/48000\n" \
    "a=rtpmap:101 telephone-event/8000\na=rtpmap:13 CN/8000\n"
#define FS_FINGERPRINT \
    "a=fingerprint:sha-256 33:0E:21:AE:87:FC:58:BB:F9:5E:20:DB:BC:40:D3:6C:44:61:05:9C:CF:04:77:B2:58:DB:2C:4F:7C:90:33:97\n"
#define FS_TAIL \
    FS_FINGERPRINT \
    "a=setup:actpass\na=rtcp-mux\na=rtcp:23954 IN IP4 127.0.0.1\na=ssrc:1327107996 cname:SvH5djW0VyzN5CAK\n" \
    "a=ssrc:1327107996 msid:VyPvJXP39HDrJohs5rqW7c5ZMPG64zGi a0\na=ice-ufrag:A7c3tEPnEyj5tRja\na=ice-pwd:uEIgp3KrXIphsKpymoUydEzy\n" \
    "a=candidate:6454737715 1 udp 2130706431 127.0.0.1 23954 typ host generation 0\n" \
    "a=candidate:6454737715 2 udp 2130706431 127.0.0.1 23954 typ host generation 0\na=ptime:20\n"

const char sdp_freeswitch_offer[] = FS_HEAD "m=audio 23954 RTP/SAVPF 102 0 8 103 104 101 13\n" FS_CODECS FS_TAIL;
const char sdp_freeswitch_reoffer[] = FS_HEAD "m=audio 23954 RTP/SAVPF 0 8 102 101 13 103 104\n" FS_CODECS FS_TAIL;
const char sdp_freeswitch_answer[] =
    "v=0\no=FreeSWITCH 1795146042 1795146043 IN IP4 127.0.0.1\ns=FreeSWITCH\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "a=msid-semantic: WMS 8TJWInPQZYEko8POpaBFesNIDoor5lLJ\nm=audio 20954 UDP/TLS/RTP/SAVPF 111 110 13\na=rtpmap:111 opus/48000/2\n"
    "a=fmtp:111 useinbandfec=1; minptime=10\na=rtpmap:110 telephone-event/48000\na=rtpmap:13 CN/8000\na=ptime:20\n" FS_FINGERPRINT
    "a=setup:active\na=rtcp-mux\na=rtcp:20954 IN IP4 127.0.0.1\na=ice-ufrag:TyfAT4LWDPRV2oeV\na=ice-pwd:RnLO9BfMIlWZCJ4PFPSIRLc9\n"
    "a=candidate:7752429584 1 udp 2130706431 127.0.0.1 20954 typ host generation 0\na=end-of-candidates\n"
    "a=ssrc:1459995372 cname:Ql2uKLByUy6FJAMM\n";

#define BROWSER_FINGERPRINT \
    "a=fingerprint:sha-256 D3:A1:9B:D2:DF:DA:7F:32:C1:90:91:8A:50:D2:0B:9F:ED:93:38:CB:46:96:51:26:45:EF:F2:30:E1:F3:70:36\n"
#define CHROMIUM_AUDIO \
    "c=IN IP4 0.0.0.0\na=rtcp:9 IN IP4 0.0.0.0\n" \
    "a=candidate:64745130 1 udp 2122194687 192.0.2.2 56409 typ host generation 0 network-id 1\n" \
    "a=candidate:1510613869 1 udp 2122129151 7d1e32b1-0d2c-4f4b-9a0e-8f5d4a2c1b3e.local 44323 typ host generation 0 network-id 2\n" \
    "a=candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx raddr 192.0.2.2 rport 56409 generation 0 network-cost 999\n" \
    "a=candidate:344579997 1 tcp 1518280447 192.0.2.2 9 typ host tcptype active generation 0\n" \
    "a=candidate:1 1 udp 2122262783 2001:db8::5 50000 typ host generation 0\n" \
    "a=ice-ufrag:PGrh\na=ice-pwd:fsR2Wseplzl/N8bF03To2zeX\na=ice-options:trickle\n" BROWSER_FINGERPRINT \
    "a=setup:actpass\na=mid:0\na=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\n" \
    "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\na=sendrecv\n" \
    "a=msid:f51dc3a5-859f-459c-bf9b-a676ac9d9879 8d0c\na=rtcp-mux\na=rtcp-rsize\na=rtpmap:111 opus/48000/2\na=rtcp-fb:111 transport-cc\n" \
    "a=fmtp:111 minptime=10;useinbandfec=1\na=rtpmap:63 red/48000/2\na=fmtp:63 111/111\na=rtpmap:9 G722/8000\na=rtpmap:0 PCMU/8000\n" \
    "a=rtpmap:8 PCMA/8000\na=rtpmap:13 CN/8000\na=rtpmap:110 telephone-event/48000\na=rtpmap:126 telephone-event/8000\n" \
    "a=ssrc:3735928559 cname:kdQeJ7Pcd2l5w\n"
const char sdp_chromium_offer[] =
    "v=0\no=- 392306261061119157 2 IN IP4 127.0.0.1\ns=-\nt=0 0\na=group:BUNDLE 0\na=extmap-allow-mixed\n"
    "a=msid-semantic: WMS f51dc3a5-859f-459c-bf9b-a676ac9d9879\nm=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\n" CHROMIUM_AUDIO;
const char sdp_audio_video_offer[] =
    "v=0\no=- 392306261061119157 2 IN IP4 127.0.0.1\ns=-\nt=0 0\na=group:BUNDLE v a d\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97\nc=IN IP4 0.0.0.0\na=mid:v\na=rtpmap:96 VP8/90000\na=rtcp-fb:96 nack pli\na=ice-ufrag:PGrh\n"
    "a=ice-pwd:fsR2Wseplzl/N8bF03To2zeX\na=setup:actpass\na=rtcp-mux\n" BROWSER_FINGERPRINT
    "m=audio 9 UDP/TLS/RTP/SAVPF 0 8\nc=IN IP4 0.0.0.0\na=mid:a\na=ice-ufrag:PGrh\na=ice-pwd:fsR2Wseplzl/N8bF03To2zeX\na=setup:active\n"
    "a=rtcp-mux\na=sendonly\n" BROWSER_FINGERPRINT "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\nc=IN IP4 0.0.0.0\na=mid:d\n"
    "a=sctp-port:5000\n" BROWSER_FINGERPRINT "m=audio 9 UDP/TLS/RTP/SAVPF 111\nc=IN IP4 0.0.0.0\na=rtpmap:111 opus/48000/2\n";

const char sdp_firefox_offer[] =
    "v=0\no=mozilla...THIS_IS_SDPARTA-99.0 5826231479120342163 0 IN IP4 0.0.0.0\ns=-\nt=0 0\n" BROWSER_FINGERPRINT
    "a=group:BUNDLE 0\na=ice-options:trickle\na=msid-semantic:WMS *\nm=audio 49203 UDP/TLS/RTP/SAVPF 109 9 0 8 101\nc=IN IP4 192.0.2.33\n"
    "a=candidate:0 1 UDP 2122252543 192.0.2.33 49203 typ host\na=candidate:3 1 TCP 2105524479 192.0.2.33 9 typ host tcptype active\n"
    "a=candidate:0 2 UDP 2122252542 192.0.2.33 58129 typ host\na=sendrecv\na=end-of-candidates\n"
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\na=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level\n"
    "a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1\na=fmtp:101 0-15\na=ice-pwd:4af388405d558b91f5ba6c2c48f161bf\n"
    "a=ice-ufrag:3e5b2a1c\na=mid:0\na=msid:{a5b0} {c1d2}\na=rtcp:58129 IN IP4 192.0.2.33\na=rtcp-mux\na=rtpmap:109 opus/48000/2\n"
    "a=rtpmap:9 G722/8000/1\na=rtpmap:0 PCMU/8000\na=rtpmap:8 PCMA/8000\na=rtpmap:101 telephone-event/8000/1\na=setup:actpass\n"
    "a=ssrc:3090123456 cname:{b4c9}\n";

const char sdp_session_level_offer[] =
    "v=0\no=x 1 1 IN IP6 ::1\ns= \nc=IN IP6 2001:db8::9\nt=0 0\na=ice-lite\na=ice-ufrag:abcd\na=ice-pwd:0123456789012345678901\n"
    "a=setup:passive\na=fingerprint:sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB\n" FS_FINGERPRINT
    "a=recvonly\na=rtcp-mux\nm=audio 5000 UDP/TLS/RTP/SAVPF 8\nm=audio 5002 UDP/TLS/RTP/SAVPF 0\nc=IN IP4 192.0.2.1\na=sendrecv\n"
    "a=ice-ufrag:efgh\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaa\na=setup:active\n" BROWSER_FINGERPRINT;
