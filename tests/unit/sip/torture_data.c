/* SPDX-License-Identifier: MIT */
/* clang-format off */
#include "tests/unit/sip/torture.h"

#include <string.h>

#define V(name, text) { name, text, sizeof(text) - 1 }
#define REALLY "reallyreallyreallyreallyreallyreallyreallyreallyreallyreally"
#define VIA "Via: SIP/2.0/TCP host.example.com;branch=z9hG4bK-torture\n"
#define PARTIES "From: <sip:caller@example.net>;tag=392\nTo: <sip:user@example.com>\n"
#define REST "Call-ID: torture@192.0.2.1\nMax-Forwards: 70\n"

const struct torture torture_valid[] = {
    V("wsinv", "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\n"
               "TO :\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\n"
               "from   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\n  ;\n  tag = 98asjd8\n"
               "MaX-fOrWaRdS: 0068\nCall-ID: wsinv.ndaksdj@192.0.2.1\nContent-Length   : 6\ncseq: 0009\n  INVITE\n"
               "Via  : SIP  /   2.0\n /UDP\n    192.0.2.2;branch=390skdjuw\ns :\n"
               "NewFangledHeader:   newfangled value\n continued newfangled value\n"
               "UnknownHeaderWithUnusualValue: ;;,,;;,;\nContent-Type: application/sdp\n"
               "Route:\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\n"
               "v:  SIP  / 2.0  / TCP     spindle.example.com   ;\n  branch  =   z9hG4bK9ikj8  ,\n"
               " SIP  /    2.0   / UDP  192.168.255.111   ; branch=\n z9hG4bK30239\n"
               "m:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\n      newvalue ;\n"
               "  secondparam ; q = 0.33\n\nv=0\r\n "),
    V("intmeth", "!interesting-Method0123456789_*+`.%indeed'~ "
                 "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com "
                 "SIP/2.0\nVia: SIP/2.0/TCP host1.example.com;branch=z9hG4bK-.!%66*_+`'~\n"
                 "To: \"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f\" <sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>\n"
                 "From: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"\xd1\x80\xd0\xb0\""
                 ";tag=_token~1'+`*%!-.\nCall-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\n"
                 "CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\nMax-Forwards: 255\n"
                 "extensionHeader-!.%*+_`'~:\xef\xbb\xbf\xe5\xa4\xa7\xe5\x81\x9c\xe9\x9b\xbb\nContent-Length: 0\n\n"),
    V("esc01", "INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0\nTo: sip:%75se%72@example.com\n"
               "From: <sip:I%20have%20spaces@example.net>;tag=938\nMax-Forwards: 87\ni: esc01.239409asdfakjkn23onasd0-3234\n"
               "CSeq: 234234 INVITE\nVia: SIP/2.0/UDP host5.example.net;branch=z9hG4bKkdjuw\nC: application/sdp\n"
               "Contact:\n  <sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>\nContent-Length: 0\n\n"),
    V("escnull", "REGISTER sip:example.com SIP/2.0\nTo: sip:null-%00-null@example.com\n"
                 "From: sip:null-%00-null@example.com;tag=839923423\nMax-Forwards: 70\nCall-ID: escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd\n"
                 "CSeq: 14398234 REGISTER\nVia: SIP/2.0/UDP host5.example.com;rport;branch=z9hG4bKkdjuw\n"
                 "Contact: <sip:%00@host5.example.com>\nContact: <sip:%00%00@host5.example.com>\nL:0\n\n"),
    V("esc02", "RE%47IST%45R sip:registrar.example.com SIP/2.0\nTo: \"%Z%45\" <sip:resource@example.com>\n"
               "From: \"%Z%45\" <sip:resource@example.com>;tag=f232jadfj23\nCall-ID: esc02.asdfnqwo34rq23i34jrjasdcnl23nrlknsdf\n"
               "Via: SIP/2.0/TCP host.example.com;branch=z9hG4bK209%fzsnel234\nCSeq: 29344 RE%47IST%45R\nMax-Forwards: 70\n"
               "Contact: <sip:alias1@host1.example.com>\nC%6Fntact: <sip:alias2@host2.example.com>\n"
               "Contact: <sip:alias3@host3.example.com>\nl: 0\n\n"),
    V("lwsdisp", "OPTIONS sip:user@example.com SIP/2.0\nTo: sip:user@example.com\nFrom: caller<sip:caller@example.com>;tag=323\n"
                 "Max-Forwards: 70\nCall-ID: lwsdisp.1234abcd@funky.example.com\nCSeq: 60 OPTIONS\n"
                 "Via: SIP/2.0/UDP funky.example.com;branch=z9hG4bKkdjuw\nl: 0\n\n"),
    V("longreq", "INVITE sip:user@example.com SIP/2.0\nTo: \"I have a user name of " REALLY REALLY " extreme proportion\""
                 "<sip:user@example.com:6000;unknownparam1=verylong" REALLY REALLY REALLY REALLY ";longparam" REALLY REALLY
                 "=shortvalue;very" REALLY REALLY "LongParameterNameWithNoValue>\n"
                 "F: sip:amazinglylongcallername" REALLY REALLY "@example.net;tag=12982982982" REALLY "424"
                 ";unknownheaderparam" REALLY "name=unknowheaderparam" REALLY "value;unknownValuelessparam" REALLY "\n"
                 "Call-ID: longreq.one" REALLY REALLY "longcallid\nCSeq: 3882340 INVITE\nUnknown-" REALLY REALLY REALLY
                 "-Name: unknown-" REALLY REALLY "-value; unknown-" REALLY "-parameter-name = unknown-" REALLY "-value\n"
                 "Via: SIP/2.0/TCP sip33.example.com\nv: SIP/2.0/TCP sip32.example.com\nV: SIP/2.0/TCP sip31.example.com\n"
                 "Via: SIP/2.0/TCP sip30.example.com\nViA: SIP/2.0/TCP sip29.example.com\nVIa: SIP/2.0/TCP sip28.example.com\n"
                 "VIA: SIP/2.0/TCP sip27.example.com, SIP/2.0/TCP sip26.example.com ;  received=192.0.2.5;"
                 "branch=very" REALLY REALLY REALLY "longbranchvalue, SIP/2.0/TCP sip25.example.com\n"
                 "Via   : SIP/2.0/TCP host.example.com;received=192.0.2.5;branch=very" REALLY REALLY REALLY "longbranchvalue\n"
                 "Max-Forwards: 70\nContact: <sip:amazinglylongcallername" REALLY REALLY "@host5.example.net>\n"
                 "Content-Type: application/sdp\nl: 0\n\n"),
    V("dblreq", "REGISTER sip:example.com SIP/2.0\nTo: sip:j.user@example.com\nFrom: sip:j.user@example.com;tag=43251j3j324\n"
                "Max-Forwards: 8\nI: dblreq.0ha0isndaksdj99sdfafnl3lk233412\nContact: sip:j.user@host.example.com\nCSeq: 8 REGISTER\n"
                "Via: SIP/2.0/UDP 192.0.2.125;branch=z9hG4bKkdjuw23492\nContent-Length: 0\n\n\n"
                "INVITE sip:joe@example.com SIP/2.0\nt: sip:joe@example.com\n"),
    V("semiuri", "OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0\nTo: sip:j_user@example.com\n"
                 "From: sip:caller@example.org;tag=33242\nMax-Forwards: 3\nCall-ID: semiuri.0ha0isndaksdj\nCSeq: 8 OPTIONS\n"
                 "Accept: application/sdp, application/pkcs7-mime,\n        multipart/mixed, multipart/signed,\n"
                 "        message/sip, message/sipfrag\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKkdjuw\nl: 0\n\n"),
    V("transports", "OPTIONS sip:user@example.com SIP/2.0\nTo: sip:user@example.com\nFrom: <sip:caller@example.com>;tag=323\n"
                    "Max-Forwards: 70\nCall-ID:  transports.kijh4akdnaqjkwendsasfdj\nAccept: application/sdp\nCSeq: 60 OPTIONS\n"
                    "Via: SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw\nVia: SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf\n"
                    "Via: SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj\n"
                    "Via: SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en\nVia: SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee\n"
                    "l: 0\n\n"),
    V("mpart01", "MESSAGE sip:kumiko@example.org SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK-d87543-4dade06d0bdb11ee\n"
                 "Max-Forwards: 70\nRoute: <sip:127.0.0.1:5080>\nIdentity: r5mwreLuyDRYBi/0TiPwEsY3rEVsk/G2WxhgTV1PF7hHuL\n"
                 "Contact: <sip:fluffy@127.0.0.1:5070>\nTo: <sip:kumiko@example.org>\nFrom: <sip:fluffy@example.com>;tag=2fb0dcc9\n"
                 "Call-ID: 3d9485ad0c49859b@Zmx1ZmZ5LW1hYy0xNi5sb2NhbA..\nCSeq: 1 MESSAGE\nContent-Transfer-Encoding: binary\n"
                 "Content-Type: multipart/mixed;boundary=7a9cbec02ceef655\nDate: Sat, 15 Oct 2005 04:44:56 GMT\nUser-Agent: SIPimp.org/0.2.5\n"
                 "Content-Length: 50\n\n--7a9cbec02ceef655\r\n\r\nHel\x00lo\r\n--7a9cbec02ceef655--"),
    V("unreason", "SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe \xd1\x81\xd1\x82\xd0\xbe\n"
                  "Via: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\nCall-ID: unreason.1234ksdfak3j2erwedfsASdf\nCSeq: 35 INVITE\n"
                  "From: sip:user@example.com;tag=11141343\nTo: sip:user@example.edu;tag=2229\nContent-Length: 0\n\n"),
    V("noreason", "SIP/2.0 100 \nVia: SIP/2.0/UDP 192.0.2.105;branch=z9hG4bK2398ndaoe\nCall-ID: noreason.asndj203insdf99223ndf\n"
                  "CSeq: 35 INVITE\nFrom: <sip:user@example.com>;tag=39ansfi3\nTo: <sip:user@example.edu>;tag=902jndnke3\n"
                  "Content-Length: 0\nContact: <sip:user@host105.example.com>\n\n"),
    V("badbranch", "OPTIONS sip:user@example.com SIP/2.0\nTo: sip:user@example.com\nFrom: sip:caller@example.org;tag=33242\n"
                   "Max-Forwards: 3\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK\nAccept: application/sdp\n"
                   "Call-ID: badbranch.sadonfo23i420jv0as0derf3j3n\nCSeq: 8 OPTIONS\nl: 0\n\n"),
    V("unkscm", "OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0\n" VIA PARTIES REST "CSeq: 3923423 OPTIONS\n\n"),
    V("novelsc", "OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0\n" VIA PARTIES REST "CSeq: 3923423 OPTIONS\n\n"),
    V("unksm2", "REGISTER sip:example.com SIP/2.0\n" VIA "To: isbn:2983792873\nFrom: <http://www.example.com>;tag=3234233\n" REST
                "CSeq: 234902 REGISTER\nContact: <name:John_Smith>\n\n"),
    V("regaut01", "REGISTER sip:example.com SIP/2.0\n" VIA PARTIES REST "CSeq: 9338 REGISTER\n"
                  "Authorization: NoOneKnowsThisScheme opaque-data=here\n\n"),
    V("bcast", "SIP/2.0 200 OK\nVia: SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923\nVia: SIP/2.0/UDP 255.255.255.255;"
               "branch=z9hG4bK1saber23\nCall-ID: bcast.0384840201234ksdfak3j2erwedfsASdf\nCSeq: 35 INVITE\n"
               "From: sip:user@example.com;tag=11141343\nTo: sip:user@example.edu;tag=2229\nContent-Length: 0\n\n"),
    V("zeromf", "OPTIONS sip:user@example.com SIP/2.0\n" VIA PARTIES "Call-ID: z\nCSeq: 39234321 OPTIONS\nMax-Forwards: 0\n\n"),
    V("cparam01", "REGISTER sip:example.com SIP/2.0\n" VIA PARTIES REST "CSeq: 79 REGISTER\n"
                  "Contact: sip:+19725552222@gw1.example.net;unknownparam\n\n"),
    V("cparam02", "REGISTER sip:example.com SIP/2.0\n" VIA PARTIES REST "CSeq: 79 REGISTER\n"
                  "Contact: <sip:+19725552222@gw1.example.net;unknownparam>\n\n"),
    V("regescrt", "REGISTER sip:example.com SIP/2.0\n" VIA PARTIES REST "CSeq: 14398234 REGISTER\n"
                  "Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>\n\n"),
    V("sdp01", "INVITE sip:user@example.com SIP/2.0\n" VIA PARTIES REST "CSeq: 5 INVITE\nAccept: text/nobodyKnowsThis\n"
               "Contact: <sip:caller@host5.example.net>\nContent-Type: application/sdp\nContent-Length: 6\n\nv=0\r\n "),
    V("inv2543", "INVITE sip:UserB@example.com SIP/2.0\nVia: SIP/2.0/UDP iftgw.example.com\n"
                 "From: <sip:+13035551111@ift.client.example.net;user=phone>\nRecord-Route: <sip:UserB@example.com;maddr=ss1.example.com>\n"
                 "To: sip:+16505552222@ss1.example.net;user=phone\nCall-ID: inv2543.1717@ift.client.example.com\nCSeq: 56 INVITE\n"
                 "Content-Type: application/sdp\n\nv=0\r\n"),
    V("baddate", "INVITE sip:user@example.com SIP/2.0\n" VIA PARTIES REST "CSeq: 392 INVITE\nDate: Fri, 01 Jan 2010 16:00:00 EST\n\n"),
    V("badaspec", "OPTIONS sip:user@example.org SIP/2.0\n" VIA "From: <sip:caller@example.org>;tag=1\n"
                  "To: \"Watson, Thomas\" < sip:t.watson@example.org >\n" REST "CSeq: 8 OPTIONS\n\n"),
    V("baddn", "OPTIONS sip:t.watson@example.org SIP/2.0\n" VIA "From:    Bell, Alexander <sip:a.g.bell@example.com>;tag=43\n"
               "To:      Watson, Thomas <sip:t.watson@example.org>\n" REST "CSeq: 31 OPTIONS\n\n"),
    V("bext01", "OPTIONS sip:user@example.com SIP/2.0\n" VIA PARTIES REST "CSeq: 8 OPTIONS\n"
                "Require: nothingSupportsThis, nothingSupportsThisEither\nProxy-Require: noProxiesSupportThis\n\n"),
    V("invut", "INVITE sip:user@example.com SIP/2.0\n" VIA PARTIES REST "CSeq: 8 INVITE\nContent-Type: application/unknownformat\n"
               "Content-Length: 4\n\nabcd"),
};
const size_t torture_valid_count = IX_COUNT(torture_valid);

const char *torture_text(const char *name)
{
    for (size_t i = 0; i < torture_valid_count; i++) {
        if (!strcmp(torture_valid[i].name, name))
            return torture_valid[i].text;
    }
    return NULL;
}

const struct torture_invalid torture_invalid[] = {
    { "badinv01", "INVITE sip:user@example.com SIP/2.0\nTo: sip:j.user@example.com\nFrom: sip:caller@example.net;tag=134161461246\n"
                  "Max-Forwards: 7\nCall-ID: badinv01.0ha0isndaksdjasdf3234nas\nCSeq: 8 INVITE\n"
                  "Via: SIP/2.0/UDP 192.0.2.15;;,;,,\nContact: \"Joe\" <sip:joe@example.org>;;;;\nContent-Length: 0\n\n", 400, false },
    { "clerr", "INVITE sip:user@example.com SIP/2.0\n" VIA PARTIES REST "CSeq: 8 INVITE\nContent-Length: 9999\n\nv=0\n", 400, true },
    { "ncl", "INVITE sip:user@example.com SIP/2.0\n" VIA PARTIES REST "CSeq: 8 INVITE\nContent-Length: -999\n\nv=0\n", 400, true },
    { "scalar02 CSeq", "REGISTER sip:example.com SIP/2.0\n" VIA PARTIES REST "CSeq: 36893488147419103232 REGISTER\n\n", 400, false },
    { "scalar02 Max-Forwards", "REGISTER sip:example.com SIP/2.0\n" VIA PARTIES "Call-ID: c\nMax-Forwards: 300\nCSeq: 1 REGISTER\n\n",
      400, true },
    { "scalar02 Expires", "REGISTER sip:example.com SIP/2.0\n" VIA PARTIES REST "CSeq: 1 REGISTER\n"
                          "Expires: 10000000000000000000000000000000000\n\n", 400, true },
    { "scalarlg", "SIP/2.0 503 Service Unavailable\n" VIA PARTIES "Call-ID: c\nCSeq: 9292394834772304023312 OPTIONS\n\n", 400, false },
    { "quotbal", "INVITE sip:user@example.com SIP/2.0\n" VIA "To: \"Mr. J. User <sip:j.user@example.com>\n"
                 "From: sip:caller@example.net;tag=93334\n" REST "CSeq: 8 INVITE\n\n", 400, false },
    { "ltgtruri", "INVITE <sip:user@example.com> SIP/2.0\n" VIA PARTIES REST "CSeq: 8 INVITE\n\n", 400, true },
    { "lwsruri", "INVITE sip:user@example.com; lr SIP/2.0\n" VIA PARTIES REST "CSeq: 8 INVITE\n\n", 400, true },
    { "lwsstart", "INVITE  sip:user@example.com  SIP/2.0\n" VIA PARTIES REST "CSeq: 8 INVITE\n\n", 400, true },
    { "trws", "OPTIONS sip:remote-target@example.com SIP/2.0  \n" VIA PARTIES REST "CSeq: 8 OPTIONS\n\n", 400, true },
    { "escruri", "INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0\n" VIA PARTIES REST "CSeq: 8 INVITE\n\n", 400, true },
    { "regbadct", "REGISTER sip:example.com SIP/2.0\n" VIA PARTIES REST "CSeq: 8 REGISTER\n"
                  "Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E\n\n", 400, true },
    { "badvers", "OPTIONS sip:t.watson@example.org SIP/7.0\nVia: SIP/7.0/UDP c.example.com;branch=z9hG4bKkdjuw\n" PARTIES REST
                 "CSeq: 31 OPTIONS\n\n", 505, false },
    { "badvers, readable Via", "OPTIONS sip:t.watson@example.org SIP/7.0\n" VIA PARTIES REST "CSeq: 31 OPTIONS\n\n", 505, true },
    { "mismatch01", "OPTIONS sip:user@example.com SIP/2.0\n" VIA PARTIES REST "CSeq: 8 INVITE\n\n", 400, true },
    { "mismatch02", "NEWMETHOD sip:user@example.com SIP/2.0\n" VIA PARTIES REST "CSeq: 8 INVITE\n\n", 400, true },
    { "bigcode", "SIP/2.0 4294967301 better not break the receiver\n" VIA PARTIES "Call-ID: c\nCSeq: 353494 INVITE\n\n", 400, false },
    { "insuf", "INVITE sip:user@example.com SIP/2.0\nCSeq: 193942 INVITE\n" VIA "Content-Length: 0\n\n", 400, false },
    { "insuf, answerable but for nothing", "INVITE sip:user@example.com SIP/2.0\n" PARTIES REST "CSeq: 193942 INVITE\n\n", 400, false },
    { "multi01", "INVITE sip:user@company.com SIP/2.0\n" VIA PARTIES REST "CSeq: 5 INVITE\nMax-Forwards: 5\n"
                 "From: sip:other@example.net;tag=3413415\nTo: sip:other@example.net\nCall-ID: other\nCSeq: 59 INVITE\n\n", 400, true },
    { "mcl01", "OPTIONS sip:user@example.com SIP/2.0\n" VIA PARTIES REST "CSeq: 59 OPTIONS\nContent-Length: 13\nContent-Length: 5\n\n"
               "There's no way to know how many octets are supposed to be here.\n", 400, true },
    { "bare NUL", "OPTIONS sip:user@example.com SIP/2.0\nX: a\x01\n" VIA PARTIES REST "CSeq: 59 OPTIONS\nno colon here\n\n", 400, true },
    { "cut inside the headers", "OPTIONS sip:user@example.com SIP/2.0\n" VIA PARTIES REST "CSeq: 59 OPTIONS\n", 400, true },
    { "nothing", "x", 400, false },
    { "a line", "GET / HTTP/1.1\nHost: example.com\n\n", 400, false },
};
const size_t torture_invalid_count = IX_COUNT(torture_invalid);
