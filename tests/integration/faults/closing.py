#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A client that is closed while its WebSocket is open, being opened, or its peer says nothing: it ends in time and leaks nothing
(the sanitizer watches). The client is line_app.c. usage: closing.py LINE_APP    (TAP on stdout)"""
import socket
import threading

from harness import Process, Programs, Suite, arguments, check
from sipserver import SipServer

suite = Suite()


def run(t, url, wait_ms, close_ms, zero):
    p = Process(t, [Programs.line_app, url, str(wait_ms), str(close_ms), str(zero)])
    check(p.end(20) == 0, "ended with", p.child.returncode, p.text())
    return p.out


class Mute:
    """takes connections, reads, and says what it is told to at first, then nothing"""

    def __init__(self, first=b""):
        self.first, self.listener, self.kept = first, socket.create_server(("127.0.0.1", 0)), []
        self.url = "ws://127.0.0.1:%d/" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.kept.append(sock)
            sock.sendall(self.first)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for sock in self.kept:
            sock.close()


@suite.case("registered, then the server says nothing more, not even that it closes")
def silent(t):
    hold = threading.Event()
    for zero in 0, 1:
        for close_ms in 1, 300:
            with SipServer() as server:
                registered = server.handle

                def handle(c, q):
                    registered(c, q)
                    hold.wait(20)
                server.handle = handle
                out = run(t, server.url, 8000, close_ms, zero)
                check(out.startswith("IRISX_OK"), out)
    hold.set()


@suite.case("a REGISTER that is never answered")
def unanswered(t):
    for zero in 0, 1:
        for close_ms in 1, 300:
            with SipServer(REGISTER=lambda c, q: None) as server:
                run(t, server.url, 300, close_ms, zero)


@suite.case("an upgrade that is never answered, or in half")
def upgrade(t):
    for zero in 0, 1:
        for first in b"", b"HTTP/1.1 101 Switching Protocols\r\nUpgr":
            for wait_ms in 0, 200:
                with Mute(first) as server:
                    run(t, server.url, wait_ms, 1, zero)
                with Mute(first) as server:
                    run(t, server.url.replace("ws:", "wss:"), wait_ms, 1, zero)


if __name__ == "__main__":
    arguments("line_app")
    suite.run(4)
