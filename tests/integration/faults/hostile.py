#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A SIP server that answers garbage, junk up to 64 KiB, half messages, descriptions that cannot be used, or too much at
once: `irisx call` says so, hangs up what it began, and lives. usage: hostile.py IRISX    (TAP on stdout)"""
import random
import re
import struct

from harness import AUTH, FAILED, INTERRUPTED, NETWORK, USAGE, Suite, arguments, check, slow, wait_for
from sipserver import CONTACT, FINGERPRINT, SDP, MediaEnd, SipServer, answer, frame, sdp

suite = Suite()


def call(t, server, *options, **more):
    return t.irisx("call", "555", "--ws", server.url, "--user", "1000", "--password-file", t.secret_file("rosebud-and-more"), *options, **more)


def invited(make, **handlers):
    """A server whose answer to INVITE is what make(request) gives: one message or several, sent in one piece"""
    def on_invite(c, q):
        messages = make(q)
        c.send(*(messages if isinstance(messages, list) else [messages]))
    return SipServer(INVITE=on_invite, **handlers)


def refused(t, description, code, *patterns):
    """A 200 with this description ends the call; ACK and BYE are sent"""
    with invited(lambda q: answer(q, 200, "OK", CONTACT + SDP, description)) as server:
        p = call(t, server, "--duration", "1", "--json")
        p.expect(FAILED, *patterns)
        check(p.error()["code"] in code, p.error())
        check(server.count("ACK") >= 1 and server.count("BYE") == 1, "not hung up:", [q.first for q in server.seen])
        check(server.count("REGISTER") >= 2, "the registration was not removed")


# ---- garbage ---------------------------------------------------------------------------------------------------------------
def junk(q):
    """What no SIP server says"""
    rng, good = random.Random(4475), answer(q, 200, "OK", CONTACT)
    yield from (rng.randbytes(n).replace(b"\x80", b"") for n in (1, 2, 3, 16, 100, 4096))
    yield from (b"", b"\r\n", b"\r\n" * 1000, b"\0" * 100, b"A" * 65536, b"SIP/2.0 200 OK\r\n" * 4000, b":" * 60000)
    yield from (b"SIP/2.0 200 OK\r\n" + b"X: y\r\n" * 9000, b"SIP/2.0 200 OK\r\nVia: " + b"a," * 30000, b"INVITE sip:" + b"a" * 65000)
    yield from (b"SIP/2.0 99999999999999999999 OK\r\n\r\n", b"SIP/3.0 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n")
    yield good.replace("Content-Length: 0", "Content-Length: 99999999999").encode()
    yield good.replace("Content-Length: 0", "Content-Length: -1").encode()
    yield good.replace("CSeq:", "CSeq: 4294967296 X\r\nX-CSeq:").encode()
    yield from (good[:n].encode() for n in range(1, len(good) - 4, 23))


@suite.case("junk up to 64 KiB and cut messages between the good ones do no harm")
def junk_between(t):
    def flood(c, q, good):
        for data in junk(q):
            c.raw(frame(data, 2))  # binary: text would have to be UTF-8
            c.raw(frame(data.decode("latin-1").encode("ascii", "replace")))
        c.send(good)
    with SipServer(REGISTER=lambda c, q: flood(c, q, server.registered(q)),
                   INVITE=lambda c, q: flood(c, q, answer(q, 486, "Busy Here"))) as server:
        p = call(t, server, "--json", "--log", "trace")
        p.expect(FAILED, "busy")
        check(p.error()["status"] == 486, p.error())


@slow.case("nothing but garbage to REGISTER ends with a sentence in bounded time")
def only_garbage(t):
    with SipServer(REGISTER=lambda c, q: [c.raw(frame(data, 2)) for data in junk(q)]) as server:
        p = call(t, server, "--json")
        check(p.end(40) in (FAILED, NETWORK), p.text())
        check(p.error()["message"], p.text())


@suite.case("a message over 64 KiB closes the connection, and it is said why")
def too_large(t):
    with SipServer(REGISTER=lambda c, q: c.send("A" * 65537)) as server:
        p = call(t, server, "--json")
        p.expect(FAILED, "64 KiB")
        check(1009 in server.closes, "closed with", server.closes)


@slow.case("a text message that is not UTF-8 is no reason to fall")
def not_utf8(t):
    with SipServer(REGISTER=lambda c, q: c.raw(frame(b"\xff\xfe\xfd" * 100))) as server:
        p = call(t, server, "--json")
        check(p.end(40) in (FAILED, NETWORK), p.text())


@suite.case("control characters of a server do not reach the terminal")
def escapes(t):
    with invited(lambda q: answer(q, 603, "No\x1b[2J\x1b]0;owned\x07\x9b\b way")) as server:
        p = call(t, server)
        p.end()
        check(p.child.returncode == FAILED, p.text())
        check(not re.search("[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]", p.text()), "control characters:", repr(p.text()))


# ---- answers that go wrong -------------------------------------------------------------------------------------------------
@suite.case("a server that asks for a password for ever is told as a wrong password")
def challenge_for_ever(t):
    def challenge(c, q):
        c.send(answer(q, 401, "Unauthorized", 'WWW-Authenticate: Digest realm="x", nonce="%08x", qop="auth"\r\n' % random.getrandbits(32)))
    with SipServer(REGISTER=challenge) as server:
        call(t, server, "--json").expect(AUTH, "wrong user or password")
        check(server.count("REGISTER") <= 4, server.count("REGISTER"), "tries")


@suite.case("challenges that cannot be answered end the registration with a sentence")
def odd_challenges(t):
    for challenge in ('Digest realm="x", nonce="n", algorithm=AKAv1-MD5', "Digest", 'Basic realm="x"', 'Digest realm="' + "r" * 9000 + '", nonce="n"',
                      'Digest realm="x", nonce="n", qop="auth-int"', 'Digest realm="x\r\n y", nonce=n"'):
        with SipServer(REGISTER=lambda c, q: c.send(answer(q, 401, "No", "WWW-Authenticate: " + challenge + "\r\n"))) as server:
            p = call(t, server, "--json")
            check(p.end(30) in (AUTH, FAILED), challenge[:60], ":", p.text())
            check(p.error()["message"], p.text())


@slow.case("redirections, odd statuses and a 2xx without a dialog end the call with a sentence")
def odd_statuses(t):
    for make in (lambda q: answer(q, 302, "Moved", "Contact: <sip:elsewhere@example.com>\r\n"), lambda q: answer(q, 699, "Never"),
                 lambda q: answer(q, 500, "Oops"), lambda q: answer(q, 200, "OK").replace(";tag=hostile", ""),
                 lambda q: answer(q, 200, "OK", SDP, sdp(9))):
        with invited(make) as server:
            p = call(t, server, "--json", "--ring-timeout", "3")
            check(p.end(20) == FAILED, p.text())
            check(p.error()["message"], p.text())


@suite.case("a 180 and its 200 in one piece make one call; so do a 200 and a BYE, which end it")
def in_one_piece(t):
    media = MediaEnd()
    ok = lambda q: answer(q, 200, "OK", CONTACT + SDP, sdp(media.port))  # noqa: E731
    with invited(lambda q: [answer(q, 180, "Ringing", CONTACT), ok(q)]) as server:
        p = call(t, server, "--json", "--log", "info")
        p.line("call 1: answered")
        p.signal(2)
        p.expect(INTERRUPTED)
        check(server.count("BYE") == 1 and server.count("CANCEL") == 0, [q.first for q in server.seen])

    def bye(q):
        return ("BYE sip:1000@%s SIP/2.0\r\nVia: SIP/2.0/WS hostile.invalid;branch=z9hG4bKbye\r\nFrom: %s;tag=hostile\r\nTo: %s\r\n"
                "%s\r\nCSeq: 7 BYE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n" %
                ("h.invalid", q.value("To"), q.value("From"), q.header("Call-ID")))
    with invited(lambda q: [ok(q), bye(q)]) as server:
        p = call(t, server, "--json")
        p.expect(FAILED)
        check(server.count("BYE") == 0 and any(q.first.startswith("SIP/2.0 200") for q in server.seen), [q.first for q in server.seen])
    media.close()


@suite.case("a server that rings for ever is given up after the ring time, with CANCEL")
def rings_for_ever(t):
    def cancel(c, q):
        c.send(answer(q, 200, "OK"))
        c.send(answer(next(i for i in server.seen if i.method == "INVITE"), 487, "Request Terminated"))
    with invited(lambda q: answer(q, 180, "Ringing", CONTACT), CANCEL=cancel) as server:
        p = call(t, server, "--ring-timeout", "1", "--json")
        p.expect(FAILED)
        check(p.error()["code"] == "IRISX_E_NO_ANSWER", p.error())
        check(server.count("CANCEL") == 1, [q.first for q in server.seen])


# ---- descriptions ----------------------------------------------------------------------------------------------------------
@suite.case("a description without a fingerprint is refused and the call hung up")
def no_fingerprint(t):
    refused(t, sdp(9, fingerprint=""), ["IRISX_E_PROTOCOL", "IRISX_E_FINGERPRINT", "IRISX_E_UNSUPPORTED"], "(?i)fingerprint|DTLS")


@suite.case("descriptions that are none, cut, without ICE, audio or a known codec are refused and the call hung up")
def bad_descriptions(t):
    good = sdp(9)
    for description in ("hello", good[:40], good[:good.index("m=audio")], good.replace("m=audio", "m=video"), sdp(0),
                        good.replace("a=ice-ufrag", "a=x-ufrag"), good.replace("a=ice-pwd:hostilehostilehostilehostile", "a=ice-pwd:x"),
                        sdp(9, codec="96 VP8/90000"), good.replace(FINGERPRINT, "a=fingerprint:sha-256 zz\r\n"),
                        good.replace("sha-256", "md5"), good.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP").replace(FINGERPRINT, ""),
                        good + "a=" + "x" * 30000 + "\r\n" + "m=audio 9 X 0\r\n" * 500):
        refused(t, description, ["IRISX_E_PROTOCOL", "IRISX_E_FINGERPRINT", "IRISX_E_UNSUPPORTED", "IRISX_E_MEDIA", "IRISX_E_LIMIT", "IRISX_E_TOO_LARGE"])


@suite.case("an answer without a description is refused and the call hung up")
def no_description(t):
    with invited(lambda q: answer(q, 200, "OK", CONTACT)) as server:
        p = call(t, server, "--json")
        p.expect(FAILED, "description")
        check(server.count("BYE") == 1, [q.first for q in server.seen])


# ---- media -----------------------------------------------------------------------------------------------------------------
def rtp(sequence):
    return struct.pack(">BBHII", 0x80, 111, sequence & 65535, sequence * 960, 0xABCD) + b"\xfc" * 60


@slow.case("RTP, RTCP and junk before DTLS, and no DTLS at all, end the call without a sound heard")
def rtp_before_dtls(t):
    rng = random.Random(5764)
    noise = lambda packet: [rtp(rng.randrange(65536)), b"\x80\xc8\0\6" + b"\0" * 24, rng.randbytes(rng.randrange(1, 1400)),  # noqa: E731
                            b"\x16\xfe\xfd" + rng.randbytes(40), b"\x14" * 13, b"", b"\0\1\0\0" * 5, rng.randbytes(60000)]
    media = MediaEnd(noise)
    with invited(lambda q: answer(q, 200, "OK", CONTACT + SDP, sdp(media.port))) as server:
        p = call(t, server, "--json", "--record", t.path("heard.wav"), "--log", "debug")
        p.expect(NETWORK, "DTLS", seconds=55)
        check(p.error()["code"] == "IRISX_E_TIMEOUT", p.error())
        check(not p.count("call 1: active"), "the call became active")
        check(media.stun > 0 and media.other > 0, "the media end was not reached")
        check(server.count("BYE") == 1, [q.first for q in server.seen])
    media.close()


@slow.case("a peer whose media end is silent is told as unreachable, and the call hung up")
def no_media(t):
    media = MediaEnd()
    media.pwd = "another password than announced"
    with invited(lambda q: answer(q, 200, "OK", CONTACT + SDP, sdp(media.port))) as server:
        p = call(t, server, "--json")
        p.end(60)
        check(p.error()["code"] == "IRISX_E_MEDIA" and "firewall" in p.error()["message"], p.error())
        check(server.count("BYE") == 1, [q.first for q in server.seen])
    media.close()


# ---- requests --------------------------------------------------------------------------------------------------------------
def invite(q, n, body="", headers=""):
    return ("INVITE sip:1000@h.invalid SIP/2.0\r\nVia: SIP/2.0/WS hostile.invalid;branch=z9hG4bK%d\r\nMax-Forwards: 70\r\nFrom: <sip:mallory@x>;tag=m%d\r\n"
            "To: <sip:1000@x>\r\nCall-ID: flood-%d\r\nCSeq: 1 INVITE\r\n%s%sContent-Length: %d\r\n\r\n%s" %
            (n, n, n, CONTACT, headers, len(body), body))


@suite.case("five hundred callers at once are refused politely, and odd requests answered as the RFC says")
def flood(t):
    def registered(c, q):
        c.send(server.registered(q))
        if server.count("REGISTER") > 1:
            return
        c.send(*[invite(q, n, sdp(9), SDP) for n in range(500)])
        for method in "OPTIONS", "BYE", "REFER", "FROBNICATE", "MESSAGE":
            c.send(invite(q, 1000, "").replace("INVITE", method).replace("z9hG4bK1000", "z9hG4bK" + method))
    with SipServer(REGISTER=registered) as server:
        p = t.irisx("call", "--answer", "--ws", server.url, "--user", "1000", "--duration", "1", "--json")
        p.line("incoming")
        final = lambda: [q for q in server.seen if re.match(r"SIP/2.0 [2-6]", q.first)]  # noqa: E731
        answers = lambda what: [q.first for q in final() if what in q.value("CSeq")]  # noqa: E731
        wait_for(lambda: len(answers("INVITE")) >= 400, "answers to the callers", 40)
        wait_for(lambda: all(answers(m) for m in ("OPTIONS", "BYE", "REFER", "FROBNICATE", "MESSAGE")), "answers to the rest", 20)
        check(all("481" in a for a in answers("BYE")), answers("BYE"))
        check(all("200" in a for a in answers("OPTIONS")), answers("OPTIONS"))
        check(all(re.search("405|501", a) for a in answers("FROBNICATE")), answers("FROBNICATE"))
        p.signal(2)
        p.expect(INTERRUPTED, seconds=30)


@suite.case("wrong addresses are usage errors that tell what is right")
def wrong_urls(t):
    for url in "http://127.0.0.1/", "ws://", "127.0.0.1:5060", "ws:///x", "":
        p = t.irisx("call", "555", "--ws", url, "--user", "1000")
        check(p.end() in (USAGE, FAILED), url, p.text())
        check(re.search("wss?://|--ws", p.err), url, p.text())


# ---- the connection breaks when good-bye is due ------------------------------------------------------------------------------
@suite.case("a BYE that went down with the connection is said on the next one")
def bye_again(t):
    def on_bye(c, q):
        if server.count("BYE") == 1:
            raise EOFError
        c.send(answer(q, 200, "OK"))
    with invited(lambda q: answer(q, 200, "OK", CONTACT + SDP, sdp(9, fingerprint="")), BYE=on_bye) as server:
        call(t, server, "--duration", "1", "--json").expect(FAILED)
        byes = [q for q in server.seen if q.method == "BYE"]
        check(len(byes) == 2, "BYE was said %d times" % len(byes))
        check(byes[0].header("Via") == byes[1].header("Via"), "the second BYE is no retransmission of the first")


@suite.case("a call that rang when its connection broke rings on, and is cancelled on the next one")
def cancel_later(t):
    def on_invite(c, q):
        c.send(answer(q, 100), answer(q, 180, headers=CONTACT))
        if server.count("INVITE") == 1:
            raise EOFError

    def on_cancel(c, q):
        invite = next(r for r in server.seen if r.method == "INVITE")
        c.send(answer(q, 200, "OK"), answer(invite, 487))
    with SipServer(INVITE=on_invite, CANCEL=on_cancel) as server:
        call(t, server, "--json", "--ring-timeout", "2").expect(FAILED, "no answer|nobody answered|ring")
        server.wait("ACK")
        check(len({q.header("Via") for q in server.seen if q.method == "INVITE"}) == 1, "it was dialled anew")
        cancel, invite = (next(q for q in server.seen if q.method == m) for m in ("CANCEL", "INVITE"))
        check(cancel.header("Via") == invite.header("Via"), "CANCEL is not of the INVITE's transaction")


if __name__ == "__main__":
    arguments("irisx")
    suite.run(5)
