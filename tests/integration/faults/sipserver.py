# SPDX-License-Identifier: MIT
"""A SIP-over-WebSocket server of the standard library that does what a test tells it, and no more; and the media end of
somebody who answers ICE and then misbehaves."""
import base64
import hashlib
import hmac
import re
import socket
import struct
import threading
import zlib

from harness import PATIENCE, Failed, wait_for

FINGERPRINT = "a=fingerprint:sha-256 " + ":".join("%02X" % b for b in hashlib.sha256(b"nobody").digest()) + "\r\n"


class Request:
    def __init__(self, text):
        head, _, self.body = text.partition("\r\n\r\n")
        lines = head.split("\r\n")
        self.first, self.lines = lines[0], lines[1:]
        self.method = lines[0].split(" ")[0]

    def header(self, name):
        return "\r\n".join(line for line in self.lines if line.lower().startswith(name.lower() + ":"))

    def value(self, name):
        return self.header(name).partition(":")[2].strip()


def answer(q, status, reason="Whatever", headers="", body="", tag="hostile"):
    to = q.header("To") + ("" if ";tag=" in q.header("To") or status == 100 else ";tag=" + tag)
    return ("SIP/2.0 %d %s\r\n%s\r\n%s\r\n%s\r\n%s\r\n%s\r\n%sContent-Length: %d\r\n\r\n%s" %
            (status, reason, q.header("Via"), q.header("From"), to, q.header("Call-ID"), q.header("CSeq"), headers, len(body), body))


CONTACT = "Contact: <sip:peer@127.0.0.1;transport=ws>\r\n"
SDP = "Content-Type: application/sdp\r\n"


def sdp(port, fingerprint=FINGERPRINT, ufrag="hosT", pwd="hostilehostilehostilehostile", more="", mid="0", codec="111 opus/48000/2"):
    pt, name = codec.split(" ")
    return ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-lite\r\na=group:BUNDLE %s\r\nm=audio %d UDP/TLS/RTP/SAVPF %s\r\n"
            "c=IN IP4 127.0.0.1\r\na=mid:%s\r\na=rtcp-mux\r\na=rtpmap:%s %s\r\na=ice-ufrag:%s\r\na=ice-pwd:%s\r\n"
            "a=candidate:1 1 udp 2130706431 127.0.0.1 %d typ host\r\na=end-of-candidates\r\n%sa=setup:passive\r\na=sendrecv\r\n%s" %
            (mid, port, pt, mid, pt, name, ufrag, pwd, port, fingerprint, more))


def frame(data, opcode=1, fin=True):
    data = data if isinstance(data, bytes) else data.encode()
    n = len(data)
    length = bytes([n]) if n < 126 else b"\x7e" + struct.pack(">H", n) if n < 65536 else b"\x7f" + struct.pack(">Q", n)
    return bytes([(0x80 if fin else 0) | opcode]) + length + data


class Connection:
    def __init__(self, server, sock):
        self.server, self.sock, self.buffer = server, sock, b""

    def send(self, *messages):
        """All in one piece, one frame each"""
        self.raw(b"".join(frame(m) for m in messages))

    def raw(self, data):
        self.sock.sendall(data)

    def take(self, n):
        while len(self.buffer) < n:
            more = self.sock.recv(65536)
            if not more:
                raise EOFError
            self.buffer += more
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def handshake(self):
        while b"\r\n\r\n" not in self.buffer:
            more = self.sock.recv(65536)
            if not more:
                raise EOFError
            self.buffer += more
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        key = re.search(rb"(?i)sec-websocket-key: *(\S+)", head).group(1)
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
        self.raw(("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
                  "Sec-WebSocket-Protocol: sip\r\n\r\n" % accept).encode())

    def message(self):
        """The next text message; pings are answered"""
        while True:
            first, second = self.take(2)
            n = second & 127
            if n == 126:
                n = struct.unpack(">H", self.take(2))[0]
            elif n == 127:
                n = struct.unpack(">Q", self.take(8))[0]
            mask = self.take(4) if second & 128 else b"\0\0\0\0"
            data = bytes(b ^ mask[i & 3] for i, b in enumerate(self.take(n)))
            if first & 15 == 8:
                self.close_code = struct.unpack(">H", data[:2])[0] if len(data) > 1 else 0
                self.server.closes.append(self.close_code)
                raise EOFError
            if first & 15 == 9:
                self.raw(frame(data, 10))
            elif first & 15 == 1:
                return data.decode()


class SipServer:
    """handlers: method -> fn(connection, request); REGISTER is answered 200, BYE 200, everything else not at all"""

    def __init__(self, **handlers):
        self.handlers, self.seen, self.closes, self.problems = handlers, [], [], []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "ws://127.0.0.1:%d/" % self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.listener.close()
        if self.problems and not kind:
            raise Failed("\n".join(self.problems))

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        sock.settimeout(PATIENCE)
        c = Connection(self, sock)
        try:
            c.handshake()
            while True:
                q = Request(c.message())
                self.seen.append(q)
                self.handle(c, q)
        except (EOFError, ConnectionError, socket.timeout):
            pass
        except Exception as e:  # a test that is wrong must not look like a peer that left
            self.problems.append("the server of the test failed: %r" % e)
        finally:
            sock.close()

    def handle(self, c, q):
        handler = self.handlers.get(q.method)
        if handler:
            handler(c, q)
        elif q.method == "REGISTER":
            c.send(self.registered(q))
        elif q.method == "BYE":
            c.send(answer(q, 200, "OK"))

    def registered(self, q):
        contact = q.header("Contact")
        return answer(q, 200, "OK", (contact if ";expires=" in contact else contact + ";expires=300") + "\r\n")

    def count(self, method):
        return sum(q.method == method for q in self.seen)

    def wait(self, method, count=1, seconds=20):
        wait_for(lambda: self.count(method) >= count, "%d %s" % (count, method), seconds)


# ---- media -----------------------------------------------------------------------------------------------------------------
def attribute(kind, value):
    return struct.pack(">HH", kind, len(value)) + value + b"\0" * (-len(value) % 4)


def stun_success(request, addr, pwd):
    """RFC 8489: XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY, FINGERPRINT"""
    ip = bytes(a ^ b for a, b in zip(socket.inet_aton(addr[0]), request[4:8]))
    body = attribute(0x0020, b"\0\1" + struct.pack(">H", addr[1] ^ 0x2112) + ip)
    head = lambda n: b"\x01\x01" + struct.pack(">H", n) + request[4:20]  # noqa: E731
    body += attribute(0x0008, hmac.new(pwd.encode(), head(len(body) + 24) + body, hashlib.sha1).digest())
    crc = zlib.crc32(head(len(body) + 8) + body) ^ 0x5354554E
    return head(len(body) + 8) + body + attribute(0x8028, struct.pack(">I", crc))


class MediaEnd:
    """A UDP socket that answers STUN as an ice-lite peer would; on(packet) -> packets to send back for all the rest"""

    def __init__(self, on=lambda packet: [], pwd="hostilehostilehostilehostile"):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.settimeout(PATIENCE)
        self.port, self.on, self.pwd, self.stun, self.other = self.sock.getsockname()[1], on, pwd, 0, 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        try:
            while True:
                packet, addr = self.sock.recvfrom(65536)
                if packet[:2] == b"\0\1" and packet[4:8] == b"\x21\x12\xa4\x42":
                    self.stun += 1
                    self.sock.sendto(stun_success(packet, addr, self.pwd), addr)
                else:
                    self.other += 1
                for reply in self.on(packet):
                    self.sock.sendto(reply, addr)
        except OSError:
            pass

    def close(self):
        self.sock.close()

