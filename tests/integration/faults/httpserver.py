# SPDX-License-Identifier: MIT
"""A REST server of the standard library that answers what a test tells it, down to the byte."""
import json
import socket
import threading

from harness import PATIENCE


def response(status, body=b"", kind="application/json", headers="", length=None):
    body = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    return ("HTTP/1.1 %d X\r\nContent-Type: %s\r\n%sContent-Length: %d\r\n\r\n" %
            (status, kind, headers, len(body) if length is None else length)).encode() + body


class Seen:
    def __init__(self, head, body):
        lines = head.split("\r\n")
        self.method, self.path, _ = lines[0].split(" ", 2)
        self.headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        self.body = body


class HttpServer:
    """answer(connection socket, request) -> bytes to send, or None: it has dealt with the socket, which is closed then"""

    def __init__(self, answer):
        self.answer, self.seen = answer, []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
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
        try:
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
