# SPDX-License-Identifier: MIT
"""A REST server of the standard library that answers what a test tells it, down to the byte."""
import base64
import json
import socket
import ssl
import struct
import subprocess
import threading

from harness import PATIENCE


def response(status, body=b"", kind="application/json", headers="", length=None):
    body = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    return ("HTTP/1.1 %d X\r\nContent-Type: %s\r\n%sContent-Length: %d\r\n\r\n" %
            (status, kind, headers, len(body) if length is None else length)).encode() + body


ONE = json.dumps({"id": "1", "name": "x" * 20})


def ok(sock, q):
    return response(200, ONE)


def token(n, iat=1795166288, life=86400):
    claims = base64.urlsafe_b64encode(json.dumps({"userId": "2", "iat": iat, "exp": iat + life, "n": n}).encode()).decode().rstrip("=")
    return "eyJhbGciOiJIUzI1NiJ9.%s.sig%d" % (claims, n)


class Seen:
    def __init__(self, head, body):
        lines = head.split("\r\n")
        self.method, self.path, _ = lines[0].split(" ", 2)
        self.headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        self.body = body


class HttpServer:
    """answer(connection socket, request) -> bytes to send, or None: it has dealt with the socket, which is closed then"""

    def __init__(self, answer, tls=None, port=0):
        self.answer, self.tls, self.seen, self.connections = answer, tls, [], 0
        self.listener = socket.create_server(("127.0.0.1", port), backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.url = "%s://127.0.0.1:%d" % ("https" if tls else "http", self.port)
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def request(self, sock, data):
        while b"\r\n\r\n" not in data:
            more = sock.recv(65536)
            if not more:
                return None, b""
            data += more
        head, _, data = data.partition(b"\r\n\r\n")
        q = Seen(head.decode("latin-1"), b"")
        n = int(q.headers.get("content-length", 0))
        while len(data) < n:
            data += sock.recv(65536)
        q.body = data[:n]
        return q, data[n:]

    def serve(self, sock):
        data = b""
        sock.settimeout(PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            while True:
                q, data = self.request(sock, data)
                if not q:
                    return
                self.seen.append(q)
                answer = self.answer(sock, q)
                if answer is None:
                    return
                sock.sendall(answer)
        except OSError:
            pass
        finally:
            sock.close()

    def count(self, method, path=""):
        return sum(q.method == method and q.path.startswith(path) for q in self.seen)


def reset(sock):
    """ends the connection as a crash does"""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def certificate(folder, name="cert", ca=None):
    """a certificate for 127.0.0.1, its key beside it"""
    cert, key = "%s/%s.pem" % (folder, name), "%s/%s.key" % (folder, name)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=" + name,
                    "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-days", "2", "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


def tls_context(cert, key, protocols=(), client_ca=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    if protocols:
        context.set_alpn_protocols(list(protocols))
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return context


class Http2Server(HttpServer):
    """HTTP/2 over TLS, as much of RFC 9113 as it takes to count requests and to fail: header blocks are not decoded, a request
    is whole with END_STREAM. answer(server, sock, stream, count) -> body to send, or None: it has dealt with the socket"""
    DATA, HEADERS, RST, SETTINGS, PING, GOAWAY, WINDOW = 0, 1, 3, 4, 6, 7, 8

    def __init__(self, answer, cert, key):
        super().__init__(answer, tls_context(cert, key, ["h2"]))
        self.begun, self.whole = 0, 0

    @staticmethod
    def frame(kind, flags, stream, payload=b""):
        return struct.pack("!I", len(payload))[1:] + bytes((kind, flags)) + struct.pack("!I", stream) + payload

    def read(self, sock, n):
        data = b""
        while len(data) < n:
            more = sock.recv(n - len(data))
            if not more:
                raise OSError("ended")
            data += more
        return data

    def ok(self, stream, body, status=0x88):
        """0x88: ":status: 200" of the static table (RFC 7541 appendix A), 0x8d: 404"""
        head = bytes((status,)) + b"\x0f\x10\x10application/json"
        return self.frame(self.HEADERS, 4, stream, head) + self.frame(self.DATA, 1, stream, body)

    def serve(self, sock):
        try:
            sock.settimeout(PATIENCE)
            sock = self.tls.wrap_socket(sock, server_side=True)
            self.read(sock, 24)
            sock.sendall(self.frame(self.SETTINGS, 0, 0))
            while True:
                head = self.read(sock, 9)
                size, kind, flags, stream = struct.unpack("!I", b"\0" + head[:3])[0], head[3], head[4], struct.unpack("!I", head[5:])[0]
                self.read(sock, size)
                if kind == self.SETTINGS and not flags & 1:
                    sock.sendall(self.frame(self.SETTINGS, 1, 0))
                if kind == self.HEADERS:
                    self.begun += 1
                if kind in (self.HEADERS, self.DATA) and flags & 1:
                    self.whole += 1
                    answer = self.answer(self, sock, stream, self.whole)
                    if answer is None:
                        return
                    sock.sendall(answer)
        except OSError:
            pass
        finally:
            sock.close()
