#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each phase of an operation has its end in time, and can be cancelled: names, connection, TLS, sending, first byte, the bytes
after it, and the waits of our own. The sentence says which; what was not sent is never "unknown". The client is rest_driver.c.
usage: deadlines.py REST_DRIVER NAMES    (TAP on stdout)"""
import os
import socket
import threading
import time

from driver import Driver, preload
from harness import Programs, Suite, arguments, check
from httpserver import ONE, Http2Server, HttpServer, certificate, ok, response, token

suite = Suite()
SOON = 8000  # ms; the limits are 300 and less, the machine may be busy


class BlackHole:
    """an address whose port takes no connection and refuses none: its queue is full"""

    def __init__(self, ip="127.0.0.1", port=0):
        self.listener = socket.socket()
        self.listener.bind((ip, port))
        self.listener.listen(0)
        self.port, self.clients = self.listener.getsockname()[1], []
        for n in range(3):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex((ip, self.port))
            self.clients.append(client)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for s in self.clients + [self.listener]:
            s.close()


def silent(sock, q):
    """reads on, says nothing, until the client goes"""
    while sock.recv(65536):
        pass


def ends(d, line, code, words):
    a = d.ask(line, code)
    check(words in a["message"] and a["ms"] < SOON, line, a)


def cancelled(d, line):
    a = d.ask("cancel 50 " + line, "IRISX_E_CANCELLED")
    check(a["ms"] < SOON, line, a)


def hosts(text):
    return preload(Programs.names, FAKE_HOSTS=text)


@suite.case("a name that nobody answers for: the limit of names, cancelled, and the program ends while the lookup still hangs")
def names(t):
    with Driver(t, "http://hang.test:1", environment=hosts("hang.test="), key="k", resolve=200, tries=1) as d:
        for method in "GET", "POST":
            ends(d, method + " /x", "IRISX_E_TIMEOUT", "the name hang.test was not resolved within 200 ms")
    with Driver(t, "http://hang.test:1", environment=hosts("hang.test="), key="k") as d:
        cancelled(d, "POST /x")
    with Driver(t, "http://hang.test:1", environment=hosts("hang.test="), key="k", timeout=250) as d:
        ends(d, "POST /x", "IRISX_E_TIMEOUT", "was not resolved within")
    with Driver(t, "http://none.test:1", environment=hosts(""), key="k", tries=1) as d:
        ends(d, "GET /x", "IRISX_E_DNS", "none.test")


@suite.case("a proxy whose name nobody answers for holds nothing up either, nor does a name that needs no proxy")
def proxy_names(t):
    with Driver(t, "http://10.1.2.3:1", environment=hosts("hang.test="), key="k", proxy="http://hang.test:3128", resolve=200, tries=1) as d:
        ends(d, "POST /x", "IRISX_E_TIMEOUT", "the name hang.test was not resolved within 200 ms")
        cancelled(d, "POST /x")
    with Driver(t, "http://hang.test:1", environment=hosts("hang.test="), key="k", proxy="http://127.0.0.1:9", no_proxy="hang.test", resolve=200, tries=1) as d:
        ends(d, "POST /x", "IRISX_E_TIMEOUT", "the name hang.test was not resolved within 200 ms")
    with Driver(t, "http://hang.test:1", environment=hosts("hang.test="), key="k", proxy="socks5://127.0.0.1:9", resolve=200, tries=1) as d:
        ends(d, "POST /x", "IRISX_E_TIMEOUT", "the name hang.test was not resolved within 200 ms")


@suite.case("a connection that nobody takes: the limit of connecting, cancelled, never unknown")
def connecting(t):
    with BlackHole() as hole:
        url = "http://127.0.0.1:%d" % hole.port
        with Driver(t, url, key="k", connect=200, tries=1) as d:
            ends(d, "POST /x", "IRISX_E_TIMEOUT", "no connection to 127.0.0.1:%d within 200 ms" % hole.port)
        with Driver(t, url, key="k", timeout=250) as d:
            ends(d, "POST /x", "IRISX_E_TIMEOUT", "no connection to")
        with Driver(t, url, key="k") as d:
            cancelled(d, "POST /x")


@suite.case("of a name with a dead address and a good one the good one is found within the limit")
def second_address(t):
    with HttpServer(ok) as server:
        for dead in True, False:
            with BlackHole("127.0.0.9", server.port if dead else 0):
                before = len(server.seen)
                with Driver(t, "http://two.test:%d" % server.port, environment=hosts("two.test=127.0.0.9,127.0.0.1"), key="k", connect=4000, tries=1) as d:
                    d.ask("POST /x", "OK")
                check(len(server.seen) == before + 1, len(server.seen))


@suite.case("a handshake that is never answered: the limit of TLS, cancelled, never unknown")
def handshake(t):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = "https://127.0.0.1:%d" % deaf.getsockname()[1]
        with Driver(t, url, key="k", tls=200, tries=1) as d:
            ends(d, "POST /x", "IRISX_E_TIMEOUT", "no TLS handshake")
        with Driver(t, url, key="k") as d:
            cancelled(d, "POST /x")


@suite.case("no first byte: its limit, the whole time, cancelled; what may have been executed is unknown")
def first_byte(t):
    with HttpServer(silent) as server:
        with Driver(t, server.url, key="k", answer=200, tries=1) as d:
            ends(d, "GET /x", "IRISX_E_TIMEOUT", "no answer from 127.0.0.1:%d within 200 ms" % server.port)
            ends(d, "POST /x", "IRISX_E_OUTCOME_UNKNOWN", "may have been executed")
        with Driver(t, server.url, key="k", timeout=250) as d:
            ends(d, "GET /x", "IRISX_E_TIMEOUT", "no answer")
            ends(d, "PUT /x", "IRISX_E_TIMEOUT", "no answer")
            ends(d, "PATCH /x", "IRISX_E_OUTCOME_UNKNOWN", "may have been executed")
        with Driver(t, server.url, key="k") as d:
            cancelled(d, "POST /x")


def drip(text):
    def answer(sock, q):
        for byte in text:
            sock.sendall(bytes((byte,)))
            time.sleep(0.03)
        return silent(sock, q)
    return answer


@suite.case("heads and bodies that drip end with the whole time, those that stand still with the limit of silence")
def dripping(t):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + b"X-More: y\r\n" * 50
    for text in head, b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b" " * 400:
        with HttpServer(drip(text)) as server:
            with Driver(t, server.url, key="k", idle=5000, timeout=2000, tries=1) as d:
                ends(d, "GET /x", "IRISX_E_TIMEOUT", "no whole answer")
                ends(d, "POST /x", "IRISX_E_OUTCOME_UNKNOWN", "may have been executed")
            with Driver(t, server.url, key="k") as d:
                cancelled(d, "POST /x")
    for text in b"HTTP/1.1 200 OK\r\nConte", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{":
        with HttpServer(drip(text)) as server, Driver(t, server.url, key="k", idle=300, tries=1) as d:
            ends(d, "GET /x", "IRISX_E_TIMEOUT", "sent nothing more of its answer for 300 ms")
            ends(d, "POST /x", "IRISX_E_OUTCOME_UNKNOWN", "may have been executed")


@suite.case("a server that takes nothing more of an upload: the limit of silence, and it may have been executed")
def upload(t):
    t.write("up.csv", os.urandom(30000000))
    gone = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as stuck:
        def hold():
            sock, _ = stuck.accept()
            gone.wait(60)
            sock.close()
        threading.Thread(target=hold, daemon=True).start()
        with Driver(t, "http://127.0.0.1:%d" % stuck.getsockname()[1], key="k", idle=400, tries=1) as d:
            ends(d, "upload /v1/imports %s" % t.path("up.csv"), "IRISX_E_OUTCOME_UNKNOWN", "took nothing of the request for 400 ms")
        gone.set()


@suite.case("waits of our own end as well: before another try, for a pace, for credentials, for room")
def waits(t):
    with HttpServer(lambda sock, q: response(429, {"error": "x"}, headers="Retry-After: 30\r\n")) as server, Driver(t, server.url, key="k", timeout=60000) as d:
        cancelled(d, "POST /x")
        check(server.count("POST") == 1, server.count("POST"))
    with HttpServer(ok) as server, Driver(t, server.url, key="k", limits="sms.send=1/50", timeout=1500) as d:
        params = '{"from":"+12025550100","to":"+12025550199","message":"x"}'
        d.ask("op sms.send " + params, "OK")
        a = d.ask("op sms.send " + params, "IRISX_E_RATE_LIMITED")
        check(a["ms"] < SOON and a["retry_after_ms"] > 30000, a)
    old = token(1, int(time.time()) - 90000)
    for given, what in (old, "without a token"), (token(1, int(time.time()) - 86390), "when its time was over"):
        for n in range(4):
            with HttpServer(silent) as server, Driver(t, server.url, timeout=300) as d:
                d.ask("tokens %s refresh-1" % given, "OK")
                ends(d, "POST /x", "IRISX_E_TIMEOUT", "")
                check(not server.count("POST", "/x"), "sent", what)
    with HttpServer(silent) as server, Driver(t, server.url) as d:
        d.ask("tokens %s refresh-1" % old, "OK")
        cancelled(d, "POST /x")
        cancelled(d, "POST /x")
        check(server.count("POST", "/v1/auth/refresh") == 1, "an exchange for each")
    splits = set()  # the second may get the first's room a moment before its own end, and then it is sent, too
    for n in range(4):
        with HttpServer(silent) as server, Driver(t, server.url, key="k", connections=1, timeout=500, tries=1) as d:
            d.send("par 2 POST /x")
            a = d.take()
            unknown, over = a.get("IRISX_E_OUTCOME_UNKNOWN", 0), a.get("IRISX_E_TIMEOUT", 0)
            check(unknown + over == 2 and unknown >= server.count("POST", "/x") > 0, "what was sent is not known to end well:", a)
            splits.add(unknown)
    check(1 in splits, "the one that had no room was said to be sent, each time")


@suite.case("many cancelled at once, sent or not: each ends as cancelled, and what comes after is served")
def many(t):
    def answer(sock, q):
        return silent(sock, q) if q.path == "/hang" else response(200, ONE)
    with HttpServer(answer) as server, Driver(t, server.url, key="k") as d:
        a = d.ask("cancelmany 300 100 POST /hang")
        check(a.get("IRISX_E_CANCELLED") == 300 and a["ms"] < SOON, a)
        d.ask("POST /x", "OK")
    cert, key = certificate(t.folder)
    hang = [True]
    with Http2Server(lambda server, sock, stream, n: b"" if hang[0] else server.ok(stream, ONE.encode()), cert, key) as server, \
            Driver(t, server.url, key="k", ca=cert) as d:
        a = d.ask("cancelmany 150 300 POST /hang")
        check(a.get("IRISX_E_CANCELLED") == 150 and a["ms"] < SOON, a)
        hang[0] = False
        d.ask("POST /x", "OK")
        check(server.connections <= 2, server.connections, "connections")


if __name__ == "__main__":
    arguments("driver", "names")
    suite.run(4)
