#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SIP written by hand over a WebSocket written by hand: what the sandbox says to peers that are not ours, and that junk
does it no harm. usage: raw.py BINARY"""
import base64
import hashlib
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import traceback

BINARY = sys.argv[1]
WAIT_S = 60
REALM = "sandbox.irisx.test"


class WebSocket:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
        self.data = b""
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sip\r\n"
                             "Sec-WebSocket-Key: %s\r\n\r\n" % key).encode())
        while b"\r\n\r\n" not in self.data:
            self.data += self.more()
        head, self.data = self.data.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 101 ") and b"Sec-WebSocket-Protocol: sip" in head, head

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        return data

    def take(self, n):
        while len(self.data) < n:
            self.data += self.more()
        out, self.data = self.data[:n], self.data[n:]
        return out

    def send(self, payload, opcode=1, fin=True):
        if isinstance(payload, str):
            payload = payload.encode()
        n, mask = len(payload), os.urandom(4)
        head = bytes([(0x80 if fin else 0) | opcode])
        if n < 126:
            head += bytes([0x80 | n])
        elif n < 65536:
            head += bytes([0x80 | 126]) + struct.pack(">H", n)
        else:
            head += bytes([0x80 | 127]) + struct.pack(">Q", n)
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def frame(self):
        a, b = self.take(2)
        n = b & 0x7f
        if n == 126:
            n, = struct.unpack(">H", self.take(2))
        elif n == 127:
            n, = struct.unpack(">Q", self.take(8))
        return a & 0x0f, self.take(n)

    def message(self):
        """The next SIP message; pings are answered on the way."""
        while True:
            opcode, payload = self.frame()
            if opcode == 9:
                self.send(payload, 10)
            elif opcode == 8:
                raise EOFError
            elif opcode in (1, 2):
                return payload.decode()

    def close(self):
        self.socket.close()


class Phone:
    """An agent made of strings."""
    def __init__(self, box, extension="1000", password=None):
        self.ws = WebSocket(box.port)
        self.user, self.cseq, self.nc, self.challenge = extension, 0, 0, None
        self.password = password or box.passwords.get(extension, "none")
        self.call_id, self.tag = os.urandom(8).hex(), os.urandom(4).hex()
        self.host = os.urandom(6).hex() + ".invalid"

    def credentials(self, method, uri, proxy, nc=None):
        c = self.challenge
        if not c:
            return ""
        self.nc = nc or self.nc + 1
        digest = lambda *parts: hashlib.md5(":".join(parts).encode()).hexdigest()
        nc_text, cnonce = "%08x" % self.nc, "abcdef"
        response = digest(digest(self.user, c["realm"], self.password), c["nonce"], nc_text, cnonce, "auth",
                          digest(method, uri))
        return ('%s: Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s", algorithm=MD5, '
                'cnonce="%s", qop=auth, nc=%s\r\n' % ("Proxy-Authorization" if proxy else "Authorization", self.user,
                                                     c["realm"], c["nonce"], uri, response, cnonce, nc_text))

    def write(self, method, uri, headers="", body="", to_tag="", cseq=None, from_user=None):
        to = "sip:%s@%s" % (self.user, REALM) if method == "REGISTER" else uri
        return ("%s %s SIP/2.0\r\nVia: SIP/2.0/WS %s;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\n"
                "From: <sip:%s@%s>;tag=%s\r\nTo: <%s>%s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n%sContent-Length: %d\r\n\r\n%s"
                % (method, uri, self.host, os.urandom(6).hex(), from_user or self.user, REALM, self.tag, to, to_tag,
                   self.call_id, cseq or self.cseq, method, headers, len(body), body))

    def final(self):
        while True:
            text = self.ws.message()
            if not re.match(r"SIP/2.0 1\d\d ", text):
                return text

    def learn(self, response):
        m = re.search(r"^(WWW|Proxy)-Authenticate: Digest (.*)$", response, re.M | re.I)
        self.challenge = dict(re.findall(r'(\w+)="?([^",\r]*)"?', m.group(2)))
        self.nc = 0
        return m.group(2)

    def request(self, method, uri, headers="", nc=None, **more):
        self.cseq += 1
        proxy = method == "INVITE"
        self.ws.send(self.write(method, uri, headers + self.credentials(method, uri, proxy, nc), **more))
        return self.final()

    def register(self, contact=None, expires="", nc=None, **more):
        contact = contact or "<sip:%s@%s;transport=ws>%s" % (self.user, self.host, expires)
        return self.request("REGISTER", "sip:" + REALM, "Contact: %s\r\n" % contact, nc, **more)

    def sign_in(self):
        self.learn(self.register())
        response = self.register()
        assert status(response) == 200, response
        return response


class Box:
    def __init__(self, *options):
        self.process = subprocess.Popen([BINARY, *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.port = int(ready["ws_url"].split(":")[2].split("/")[0])
        self.passwords = {a["extension"]: a["password"] for a in ready["agents"]}

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=WAIT_S)
        return self.process.returncode


def status(response):
    return int(response.split(" ", 2)[1])


def header(response, name):
    return re.findall(r"^%s: *(.*?)\r$" % name, response, re.M | re.I)


# ---- what FREESWITCH.md says ------------------------------------------------------------------------------------------------
def register_is_challenged_with_md5_and_qop(box):
    phone = Phone(box)
    response = phone.register()
    assert status(response) == 401
    challenge = phone.learn(response)
    assert len(header(response, "WWW-Authenticate")) == 1
    assert 'realm="%s"' % REALM in challenge and "algorithm=MD5" in challenge and 'qop="auth"' in challenge
    assert "opaque" not in challenge


def a_contact_comes_back_as_it_was_with_its_expiry(box):
    phone = Phone(box)
    phone.learn(phone.register())
    contacts = header(phone.register(expires=";expires=77"), "Contact")
    assert len(contacts) == 1 and "<sip:1000@%s;transport=ws>" % phone.host in contacts[0], contacts
    assert "expires=77" in contacts[0], contacts


def without_a_word_about_expiry_it_is_30_seconds(box):
    assert "expires=30" in header(Phone(box).sign_in(), "Contact")[0]


def all_bindings_of_a_user_are_listed_and_one_can_be_taken_back(box):
    first, second = Phone(box, "1003"), Phone(box, "1003")
    first.sign_in()
    contacts = " ".join(header(second.sign_in(), "Contact"))
    assert first.host in contacts and second.host in contacts, contacts
    contacts = " ".join(header(second.register(expires=";expires=0"), "Contact"))
    assert first.host in contacts and second.host not in contacts, contacts


def a_binding_goes_with_its_socket(box):
    first, second = Phone(box, "1004"), Phone(box, "1004")
    first.sign_in()
    second.learn(second.register())
    assert second.host in " ".join(header(second.register(expires=";expires=600"), "Contact"))
    second.ws.close()
    end = time.monotonic() + WAIT_S
    while second.host in " ".join(header(first.register(expires=";expires=600"), "Contact")):
        assert time.monotonic() < end


def a_nonce_may_be_used_again_while_nc_grows(box):
    phone = Phone(box)
    phone.sign_in()
    assert status(phone.register()) == 200
    assert status(phone.register(nc=9)) == 200, "gaps are fine"
    response = phone.register(nc=9)
    assert status(response) == 401 and "stale=true" in header(response, "WWW-Authenticate")[0].lower(), response


def a_wrong_password_and_an_unknown_user_are_403(box):
    for phone in (Phone(box, "1000", "wrong"), Phone(box, "4242", "wrong")):
        phone.learn(phone.register())
        assert status(phone.register()) == 403


def one_agent_cannot_speak_for_another(box):
    phone = Phone(box)
    phone.learn(phone.register())
    assert status(phone.register(from_user="1001")) == 403


def an_invite_is_challenged_with_407_and_refused_with_its_reason(box):
    phone = Phone(box)
    response = phone.request("INVITE", "sip:9486@" + REALM)
    assert status(response) == 407
    phone.ws.send(phone.write("ACK", "sip:9486@" + REALM, to_tag=";tag=" + header(response, "To")[0].split("tag=")[1]))
    phone.learn(response)
    response = phone.request("INVITE", "sip:9486@" + REALM)
    assert status(response) == 486, response
    assert header(response, "Reason") == ['Q.850;cause=17;text="USER_BUSY"'], response


def an_invite_without_an_offer_gets_one(box):
    phone = Phone(box)
    response = phone.request("INVITE", "sip:9196@" + REALM)
    phone.ws.send(phone.write("ACK", "sip:9196@" + REALM, to_tag=";tag=" + header(response, "To")[0].split("tag=")[1]))
    phone.learn(response)
    response = phone.request("INVITE", "sip:9196@" + REALM, "Contact: <sip:1000@%s;transport=ws>\r\n" % phone.host)
    assert status(response) == 200 and header(response, "Content-Type") == ["application/sdp"], response
    assert "a=setup:actpass" in response and "a=fingerprint:sha-256" in response
    tag = ";tag=" + header(response, "To")[0].split("tag=")[1]
    target = re.search(r"<(.*?)>", header(response, "Contact")[0]).group(1)
    phone.ws.send(phone.write("ACK", target, to_tag=tag))
    assert phone.ws.message().startswith("BYE "), "an ACK without an answer ends the call"


def options_are_answered_and_methods_nobody_knows_are_405(box):
    phone = Phone(box)
    assert status(phone.request("OPTIONS", "sip:" + REALM)) == 200
    assert status(phone.request("PUBLISH", "sip:" + REALM)) == 405


def with_sha_256_both_challenges_are_there(box):
    other = Box("--sha-256")
    response = Phone(other).register()
    assert ["SHA-256" in c for c in header(response, "WWW-Authenticate")] == [True, False], response
    assert other.end() == 0


# ---- what does no harm --------------------------------------------------------------------------------------------------------
def keep_alives_get_no_answer(box):
    phone = Phone(box)
    phone.ws.send("\r\n\r\n")
    phone.ws.send("\r\n")
    assert status(phone.register()) == 401, "the next message is the answer to ours"


def a_websocket_ping_is_answered(box):
    ws = WebSocket(box.port)
    ws.send(b"are you there", 9)
    assert ws.frame() == (10, b"are you there")


def junk_is_dropped_or_refused_and_the_connection_stays(box):
    phone = Phone(box)
    whole = phone.write("REGISTER", "sip:" + REALM, "Contact: <sip:a@b>\r\n", cseq=1)
    for junk in [b"", b"\0" * 1000, os.urandom(5000), b"A" * 65000, b"REGISTER", b"SIP/2.0 200 OK\r\n\r\n",
                 b"INVITE sip:\xff\xfe SIP/2.0\r\n\r\n", b"\r\n".join([b"X: y"] * 3000)]:
        phone.ws.send(junk, 2)  # binary, since text would have to be UTF-8
    for cut in range(0, len(whole), 7):
        phone.ws.send(whole[:cut])
    phone.cseq = 50
    phone.ws.send(phone.write("OPTIONS", "sip:" + REALM, cseq=777))
    while "CSeq: 777 OPTIONS" not in phone.ws.message():
        pass  # refusals of what was readable enough to be answered


def a_message_over_64_kib_closes_the_connection(box):
    ws = WebSocket(box.port)
    ws.send(b"B" * 70000)
    try:
        while True:
            ws.message()
    except (EOFError, ConnectionError):
        pass
    assert status(Phone(box).register()) == 401, "others are served"


def a_flood_is_cut_off_or_served_and_others_go_on(box):
    ws, text = WebSocket(box.port), Phone(box).write("OPTIONS", "sip:" + REALM, cseq=1)
    try:
        for _ in range(3000):
            ws.send(text)
    except (BrokenPipeError, ConnectionError):
        pass
    assert status(Phone(box).register()) == 401


def main():
    tests = [f for f in list(globals().values()) if callable(f) and getattr(f, "__module__", "") == "__main__"
             and getattr(f, "__code__", None) and f.__code__.co_varnames[:1] == ("box",)]
    print("1..%d" % (len(tests) + 1))
    box, failed = Box(), 0
    for test in tests:
        try:
            test(box)
            print("ok", test.__name__, flush=True)
        except Exception:
            failed += 1
            print("not ok", test.__name__, flush=True)
            print("# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
    end = box.end()
    print("ok it_ends_in_peace" if end == 0 else "not ok it_ends_in_peace # %d" % end)
    return 1 if failed or end else 0


if __name__ == "__main__":
    sys.exit(main())
