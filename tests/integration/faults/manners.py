#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Manners on the network: nothing is sent twice that must not be, what failed is told as it is, servers are spared and replaced.
Servers that die, stall, lie and count; the client is rest_driver.c.
usage: manners.py REST_DRIVER    (TAP on stdout)"""
import base64
import collections
import gzip
import hashlib
import json
import os
import re
import socket
import subprocess
import threading
import time

from driver import Driver
from harness import Suite, arguments, check, wait_for
from httpserver import Http2Server, HttpServer, certificate, reset, response, tls_context

suite = Suite()
ONE = json.dumps({"id": "1", "name": "x" * 20})


def ok(sock, q):
    return response(200, ONE)


# ---- nothing is sent twice -------------------------------------------------------------------------------------------------
def kill_second(kind, ending):
    """answers the first request; the second of the kind ends the connection after it was read whole"""
    def answer(sock, q):
        if q.path != "/victim":
            return response(200, ONE)
        ending(sock)
        return None
    return answer


REQUESTS = (("POST /victim {\"a\":1}", "IRISX_E_OUTCOME_UNKNOWN", 1), ("POST /victim", "IRISX_E_OUTCOME_UNKNOWN", 1),
            ("PATCH /victim {\"a\":1}", "IRISX_E_OUTCOME_UNKNOWN", 1), ("POST /victim {\"a\":\"%s\"}" % ("y" * 50000), "IRISX_E_OUTCOME_UNKNOWN", 1),
            ("DELETE /victim", "IRISX_E_NETWORK", 2), ("PUT /victim {\"a\":1}", "IRISX_E_NETWORK", 2))


@suite.case("killed between request and answer, second request of a kept connection, HTTP/1.1, with and without body: the server counts one")
def kill_between_h1(t):
    for ending in (lambda sock: None), reset:
        for line, code, times in REQUESTS:
            with HttpServer(kill_second(line, ending)) as server, Driver(t, server.url, key="k", tries=2, base=1) as d:
                d.ask("GET /first", "OK")
                before = server.connections
                d.ask(line, code)
                check(server.count(line.split()[0], "/victim") == times, line, server.count(line.split()[0], "/victim"), "times")
                check(before == 1, "it was no kept connection")


@suite.case("the same for a GET that acts: a tracked link, an unsubscription")
def kill_between_acting_get(t):
    with HttpServer(lambda sock, q: response(200, ONE) if q.path == "/first" else None) as server, Driver(t, server.url, key="k") as d:
        d.ask("tokens %s" % token(1, int(time.time())), "OK")
        for op, params in ACTING:
            d.ask("GET /first", "OK")
            before = len(server.seen)
            d.ask("op %s %s" % (op, json.dumps(params)), "IRISX_E_OUTCOME_UNKNOWN")
            check(len(server.seen) == before + 1, op, "was seen", len(server.seen) - before, "times")


ACTING = (("email_tracking.open", {"token": "abc"}), ("unsubscribe.get", {"token": "abc"}))


@suite.case("killed between request and answer, second request of a kept connection, HTTP/2, with and without body: the server counts one")
def kill_between_h2(t):
    cert, key = certificate(t.folder)
    goaway = Http2Server.frame(Http2Server.GOAWAY, 0, 0, b"\0\0\0\x03\0\0\0\0")

    def politely(sock):
        sock.sendall(goaway)
        sock.unwrap()
    for ending in (lambda sock: None), lambda sock: sock.unwrap(), politely, reset:
        for line, code, times in REQUESTS:
            def answer(server, sock, stream, n):
                return server.ok(stream, ONE.encode()) if n == 1 else ending(sock)
            with Http2Server(answer, cert, key) as server, Driver(t, server.url, key="k", ca=cert, tries=2, base=1) as d:
                d.ask("GET /first", "OK")
                check(server.connections == 1 and server.whole == 1, "no HTTP/2 connection to keep", server.connections, server.whole)
                d.ask(line, code)
                check(server.begun == 1 + times, line, "was begun", server.begun - 1, "times")


@suite.case("a DELETE whose answer was lost and that then finds nothing ended well, and says that it was repeated")
def repeated_delete(t):
    seen = []

    def answer(sock, q):
        seen.append(q.method)
        return None if len(seen) == 1 else response(404, {"error": "Contact not found"})
    with HttpServer(answer) as server, Driver(t, server.url, key="k", base=1) as d:
        check(d.ask("DELETE /v1/contacts/7", "OK")["repeated"] == 1, "not marked")
        check(d.ask("DELETE /v1/contacts/8", "IRISX_E_NOT_FOUND")["repeated"] == 0, "marked")


@suite.case("a server that closes idle connections is not asked on one that is about to be closed")
def idle(t):
    def answer(sock, q):
        sock.settimeout(3)
        return response(200, ONE, headers="Keep-Alive: timeout=3\r\n")
    with HttpServer(answer) as server, Driver(t, server.url, key="k") as d:
        for n in range(2):
            d.ask("POST /one", "OK")
        check(server.connections == 1, "not kept", server.connections)
        for n in range(2):
            d.ask("wait 2400")
            d.ask("POST /one", "OK")
        check(server.connections == 3, "an old one was used", server.connections)


@suite.case("an unsafe request goes again after 429 and after a connection that never was, not after 502 to 504 or 500")
def unsafe(t):
    for status, times in (429, 3), (500, 1), (502, 1), (503, 1), (504, 1):
        with HttpServer(lambda sock, q: response(status, {"error": "no"})) as server, Driver(t, server.url, key="k", tries=3, base=1, no_pacing=1) as d:
            d.ask("POST /x")
            check(server.count("POST") == times, status, server.count("POST"))
    with HttpServer(lambda sock, q: response(503, {"error": "no"})) as server, Driver(t, server.url, key="k", tries=3, base=1) as d:
        d.ask("GET /x", "IRISX_E_SERVER")
        check(server.count("GET") == 3, server.count("GET"))


@suite.case("an outage is not amplified: a thousand operations bring twenty more requests, not three thousand")
def budget(t):
    with HttpServer(lambda sock, q: response(503, {"error": "down"})) as server, Driver(t, server.url, key="k", base=1) as d:
        check(d.ask("par 300 GET /x")["failed"] == 300, "not all failed")
        check(300 <= len(server.seen) <= 322, len(server.seen), "requests")


# ---- keys ------------------------------------------------------------------------------------------------------------------
@suite.case("an idempotency key goes with what is unsafe, the same for all tries; auto relies on it where the server repeats it")
def keys(t):
    def told(sock, q):
        if q.path == "/lost" and server.count("POST", "/lost") < 3:
            return None
        return response(200, ONE, headers="Idempotency-Key: %s\r\n" % q.headers.get("idempotency-key", ""))
    with HttpServer(told) as server, Driver(t, server.url, key="k", base=1) as d:
        d.ask("GET /x", "OK")
        d.ask("POST /a", "OK")
        d.ask("key mine-1 POST /b", "OK")
        d.ask("POST /lost", "OK")
        keys = [q.headers.get("idempotency-key") for q in server.seen]
        check(keys[0] is None and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", keys[1]) and keys[2] == "mine-1", keys)
        check(len(keys) == 6 and keys[3] == keys[4] == keys[5] != keys[1], keys)

    def untold(sock, q):
        return None if q.path == "/lost" and server.count("POST", "/lost") == 1 else response(200, ONE)
    for mode, code, times in (1, "IRISX_E_OUTCOME_UNKNOWN", 1), (2, "OK", 2), (3, "IRISX_E_OUTCOME_UNKNOWN", 1):
        with HttpServer(untold) as server, Driver(t, server.url, key="k", base=1, idempotency=mode) as d:
            d.ask("POST /a", "OK")
            d.ask("POST /lost", code)
            check(server.count("POST", "/lost") == times, mode, server.count("POST", "/lost"))
            check(("idempotency-key" in server.seen[0].headers) == (mode != 3), mode, server.seen[0].headers)


# ---- several servers -------------------------------------------------------------------------------------------------------
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


@suite.case("another server is asked where this one is not there or says 503, by the same table; it is probed before it is used again")
def fail_over(t):
    port = free_port()
    with HttpServer(ok) as second, Driver(t, "http://127.0.0.1:%d" % port, key="k", fallback=second.url) as d:
        check(d.ask("POST /a", "OK")["ms"] < 3000, "it waited")
        d.ask("GET /b", "OK")
        check(second.count("POST") == 1 and second.count("GET") == 1, [q.path for q in second.seen])
        with HttpServer(lambda sock, q: response(200, ONE), port=port) as first:
            def back():
                d.ask("GET /c", "OK")
                return first.count("GET", "/c")
            wait_for(back, "the first server in use again", 20)
            check(first.seen[0].path == "/v1/auth/health" and not first.seen[0].headers.get("x-api-key"), "not probed first", first.seen[0].path)
    with HttpServer(lambda sock, q: None) as dying, HttpServer(ok) as second, Driver(t, dying.url, key="k", fallback=second.url) as d:
        d.ask("POST /a", "IRISX_E_OUTCOME_UNKNOWN")
        check(not second.count("POST"), "sent to another after it may have been executed")
    with HttpServer(lambda sock, q: response(503, {"error": "x"})) as busy, HttpServer(ok) as second, Driver(t, busy.url, key="k", fallback=second.url) as d:
        d.ask("GET /a", "OK")
        d.ask("PUT /a", "OK")
        check(busy.count("GET") == 1 and second.count("GET") == 1, busy.count("GET"))


# ---- what failed is told as it is ------------------------------------------------------------------------------------------
@suite.case("a connection reset at every byte of an answer is never half an answer: known for what is safe, unknown for what is not")
def every_byte(t):
    whole = response(200, ONE, headers="X-Request-Id: abc\r\n")
    at = [0]

    def answer(sock, q):
        sock.sendall(whole[:at[0]])
        if at[0] < len(whole):
            reset(sock)
            return None
        return b""
    with HttpServer(answer) as server, Driver(t, server.url, key="k", tries=1) as d:
        for at[0] in range(len(whole) + 1):
            for line, lost in ("GET /x", ("IRISX_E_NETWORK", "IRISX_E_PROTOCOL")), ("POST /x", ("IRISX_E_OUTCOME_UNKNOWN",)):
                a = d.ask(line)
                check(a["code"] == "OK" if at[0] == len(whole) else a["code"] in lost, "after", at[0], "bytes", line, a)
        check(server.count("POST") == server.count("GET") == len(whole) + 1, "sent again", server.count("POST"), server.count("GET"))


@suite.case("each phase has its limit, and the sentence says which: connection, TLS, first byte, the bytes after it; an unsafe one is unknown")
def phases(t):
    def slow_body(sock, q):
        sock.sendall(response(200, "{", length=100))
        return None if sock.recv(1) else None
    with HttpServer(lambda sock, q: None if sock.recv(1) else None) as server, Driver(t, server.url, key="k", answer=300, tries=1) as d:
        a = d.ask("GET /x", "IRISX_E_TIMEOUT")
        check("no answer" in a["message"] and "300 ms" in a["message"] and a["ms"] < 5000, a)
        d.ask("POST /x", "IRISX_E_OUTCOME_UNKNOWN")
    with HttpServer(slow_body) as server, Driver(t, server.url, key="k", idle=300, tries=1) as d:
        check("nothing more" in d.ask("GET /x", "IRISX_E_TIMEOUT")["message"], "another sentence")
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = "https://127.0.0.1:%d" % deaf.getsockname()[1]
        with Driver(t, url, key="k", tls=300, tries=1) as d:
            check("TLS" in d.ask("POST /x", "IRISX_E_TIMEOUT")["message"], "another sentence")
    with HttpServer(lambda sock, q: None if sock.recv(1) else None) as server, Driver(t, server.url, key="k", timeout=400) as d:
        check(d.ask("GET /x", "IRISX_E_TIMEOUT")["ms"] < 5000, "the whole time")
        check(d.ask("cancel 50 GET /x", "IRISX_E_CANCELLED")["ms"] < 5000, "cancelled late")


@suite.case("slow heads, drips of bytes, wrong lengths, heads without sense and bodies that are no JSON end soon, and truly told")
def malformed(t):
    deep = "[" * 100 + "]" * 100
    cases = (
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}", ("IRISX_E_NETWORK",)),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}garbage behind it", ("OK",)),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", ("OK", "IRISX_E_PROTOCOL", "IRISX_E_NETWORK")),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n", ("IRISX_E_NETWORK", "IRISX_E_PROTOCOL")),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}", ("IRISX_E_NETWORK", "IRISX_E_PROTOCOL")),
        (b"HTTP/9.9 200 OK\r\n\r\n{}", ("IRISX_E_PROTOCOL", "IRISX_E_NETWORK")),
        (b"200 OK\r\n\r\n{}", ("IRISX_E_PROTOCOL",)),
        (b"\x00\xff\x00\xff" * 50, ("IRISX_E_PROTOCOL",)),
        (b"HTTP/1.1 99999 OK\r\n\r\n", ("IRISX_E_PROTOCOL", "IRISX_E_NETWORK")),
        (b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n{}", ("OK", "IRISX_E_PROTOCOL", "IRISX_E_NETWORK")),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 30 + response(200, "{}"), ("OK", "IRISX_E_PROTOCOL", "IRISX_E_NETWORK")),
        (response(200, deep), ("IRISX_E_TOO_LARGE",)),
        (response(200, "[" * 100), ("IRISX_E_TOO_LARGE", "IRISX_E_PROTOCOL")),
        (response(200, '{"a":1,"a":2}'), ("OK", "IRISX_E_PROTOCOL")),
        (response(200, b'{"a":"\xff\xfe"}'), ("IRISX_E_PROTOCOL",)),
        (response(200, '{"a":NaN}'), ("IRISX_E_PROTOCOL",)),
        (response(200, '{"a":1e999}'), ("IRISX_E_PROTOCOL", "OK")),
        (response(200, '{"a":%s}' % ("9" * 400)), ("IRISX_E_PROTOCOL", "OK")),
        (response(200, '{"a":-99999999999999999999}'), ("IRISX_E_PROTOCOL", "OK")),
        (response(200, gzip.compress(ONE.encode()), headers="Content-Encoding: gzip\r\n"), ("OK",)),
        (response(200, gzip.compress(json.dumps([os.urandom(30).hex() for n in range(50)]).encode())[:-30], headers="Content-Encoding: gzip\r\n"), ("IRISX_E_PROTOCOL",)),
        (response(200, b"this is not gzip", headers="Content-Encoding: gzip\r\n"), ("IRISX_E_PROTOCOL",)),
        (response(200, gzip.compress(b" " * 200000000, 1), headers="Content-Encoding: gzip\r\n"), ("IRISX_E_TOO_LARGE",)),
        (response(204), ("OK",)),
    )
    row = [None]

    def answer(sock, q):
        sock.sendall(row[0])
        return None
    with HttpServer(answer) as server, Driver(t, server.url, key="k", tries=3, base=1, budget=1000) as d: # it closes after each, unsaid
        for data, codes in cases:
            row[0] = data
            a = d.ask("GET /x")
            check(a["code"] in codes, data[:80], "ended with", a)
            check(a["code"] == "OK" or a["message"], "without a sentence", a)


@suite.case("answers of a gigabyte: refused at the limit without being taken in, streamed whole with bounded memory")
def gigabyte(t):
    block, giga = b"x" * 1048576, 1 << 30

    def answer(sock, q):
        length = "" if q.path == "/unsaid" else "Content-Length: %d\r\n" % giga
        sock.sendall(("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n%sConnection: close\r\n\r\n" % length).encode())
        for n in range(giga // len(block)):
            sock.sendall(block)
        return None
    with HttpServer(answer) as server, Driver(t, server.url, key="k", tries=1) as d:
        for path in "/said", "/unsaid":
            check("larger than" in d.ask("GET " + path, "IRISX_E_TOO_LARGE")["message"], path)
        a = d.ask("data /said", "OK")
        check(a["bytes"] == giga and a["last"] == giga and a["told"] >= 2, a)
        check(a["grown_kb"] < 20000, "memory grew by", a["grown_kb"], "kB")
        a = d.ask("data /said 5000000", "IRISX_E_CANCELLED")
        check(a["bytes"] < 8000000, a)


# ---- files -----------------------------------------------------------------------------------------------------------------
@suite.case("a download that breaks goes on where it was, in the same call and in the next, and is one file at the end or none")
def download(t):
    data = os.urandom(700000)
    sha, state = hashlib.sha256(data).hexdigest(), {"break": 2}

    def answer(sock, q):
        begin = int(q.headers["range"][6:-1]) if q.headers.get("if-range") == '"v1"' else 0
        part = data[begin:]
        head = "HTTP/1.1 %s\r\nETag: \"v1\"\r\nContent-Length: %d\r\n" % ("206 Partial" if begin else "200 OK", len(part))
        head += "Content-Range: bytes %d-%d/%d\r\n" % (begin, len(data) - 1, len(data)) if begin else ""
        if begin >= len(data):
            return response(416, "", headers="Content-Range: bytes */%d\r\n" % len(data))
        state["break"] -= 1
        sock.sendall(head.encode() + b"\r\n" + (part[:200000] if state["break"] >= 0 else part))
        return None
    with HttpServer(answer) as server, Driver(t, server.url, key="k", base=1) as d:
        d.ask("save /rec %s 0 %s" % (t.path("a.wav"), sha), "OK")
        check(open(t.path("a.wav"), "rb").read() == data, "another file")
        check(os.stat(t.path("a.wav")).st_mode & 0o777 == 0o600, "mode")
        check([q.headers.get("range") is None for q in server.seen] == [True, False, False], "ranges", [q.headers for q in server.seen])
        d.ask("save /rec %s 0 %s" % (t.path("b.wav"), "0" * 64), "IRISX_E_SIGNATURE")
        check(not [n for n in os.listdir(t.folder) if n.startswith("b.wav")], "something is left", os.listdir(t.folder))
    state["break"] = 1
    with HttpServer(answer) as server, Driver(t, server.url, key="k", tries=1) as d:
        d.ask("save /rec %s 1" % t.path("c.wav"), "IRISX_E_NETWORK")
        check(not os.path.exists(t.path("c.wav")), "half a file")
        state["break"] = 0
        d.ask("save /rec %s 1 %s" % (t.path("c.wav"), sha), "OK")
        check(server.seen[1].headers.get("range") == "bytes=200000-", server.seen[1].headers)
        check(open(t.path("c.wav"), "rb").read() == data and sorted(n for n in os.listdir(t.folder) if n.startswith("c.wav")) == ["c.wav"], os.listdir(t.folder))
        d.ask("save /rec /nowhere/at/all 0", "IRISX_E_NOT_FOUND")
    with HttpServer(lambda sock, q: response(404, {"error": "Recording not found"})) as server, Driver(t, server.url, key="k") as d:
        check("Recording not found" in d.ask("save /rec %s 0" % t.path("d.wav"), "IRISX_E_NOT_FOUND")["message"], "without the server's words")
        check(not [n for n in os.listdir(t.folder) if n.startswith("d.wav")], "something is left")


@suite.case("an upload streams from its file with progress, and is sent again whole where that is allowed")
def upload(t):
    data = os.urandom(3000000)
    open(t.path("up.csv"), "wb").write(data)
    with HttpServer(ok) as server, Driver(t, server.url, key="k") as d:
        a = d.ask("upload /v1/imports %s" % t.path("up.csv"), "OK")
        q = server.seen[0]
        check(q.body == data and q.headers["content-type"] == "text/csv" and q.headers["content-length"] == str(len(data)), q.headers)
        check(a["last"] == len(data) and a["told"] >= 1, a)
        check("/none" in d.ask("upload /v1/imports /none", "IRISX_E_NOT_FOUND")["message"], "without its name")
    with HttpServer(lambda sock, q: response(429, {"error": "x"}) if len(server.seen) == 1 else response(200, ONE)) as server, \
            Driver(t, server.url, key="k", base=1) as d:
        d.ask("upload /v1/imports %s" % t.path("up.csv"), "OK")
        check([len(q.body) for q in server.seen] == [len(data)] * 2, [len(q.body) for q in server.seen])


# ---- sessions --------------------------------------------------------------------------------------------------------------
def token(n, iat=1795166288, life=86400):
    claims = base64.urlsafe_b64encode(json.dumps({"userId": "2", "iat": iat, "exp": iat + life, "n": n}).encode()).decode().rstrip("=")
    return "eyJhbGciOiJIUzI1NiJ9.%s.sig%d" % (claims, n)


def tokens(n):
    return {"success": True, "data": {"tokens": {"access_token": token(n, int(time.time())), "refresh_token": "refresh-%d" % n, "expires_in": "24h"}}}


class Platform(HttpServer):
    """knows the tokens of its last log-in or refresh; all others have expired"""

    def __init__(self, **more):
        self.n, self.refreshes, self.lock = 0, 0, threading.Lock()
        super().__init__(self.react, **more)

    def react(self, sock, q):
        body = json.loads(q.body) if q.body else {}
        if q.path == "/v1/auth/login":
            if body["email"] == "two@x.y":
                return response(200, {"success": True, "message": "Login successful", "data": {"requires_2fa": True, "pending_token": "pending-1"}})
            self.n += 1
            return response(200, tokens(self.n))
        if q.path == "/v1/auth/verify-2fa":
            self.n += 1
            return response(200, tokens(self.n)) if body == {"pending_token": "pending-1", "totp_code": "123456"} else response(401, {"error": "Invalid code"})
        if q.path == "/v1/auth/refresh":
            with self.lock:
                self.refreshes += 1
            time.sleep(0.1)
            self.n += 1
            return response(200, {"success": True, "data": {"access_token": token(self.n, int(time.time())), "expires_in": "24h"}})
        if q.path == "/admin/auth/login":
            return response(200, {"success": True, "token": token(500, int(time.time())), "admin": {"id": "1"}})
        if q.path == "/v1/usage":
            return response(401, {"error": "Unauthorized", "message": "Missing or invalid authentication token", "code": "MISSING_TENANT_ID"})
        if q.path.startswith("/v1/auth/logout"):
            return response(200, {"success": True})
        current = q.headers.get("authorization", "").endswith("sig%d" % self.n)
        return response(200, {"path": q.path}) if current or q.path.startswith("/admin") else response(401, {"error": "Token expired"})


@suite.case("two hundred calls at once with a token that has expired make one refresh, and all end well")
def single_flight(t):
    for store in False, True:
        options = {"store": "%s,refresh-0" % token(99, int(time.time()))} if store else {}
        with Platform() as server, Driver(t, server.url, timeout=50000, **options) as d:
            if not store:
                d.ask("tokens %s refresh-0" % token(99, int(time.time())), "OK")
            a = d.ask("par 200 GET /v1/calls")
            check(a.get("OK") == 200, a)
            check(server.refreshes == 1, server.refreshes, "refreshes")
            if store:
                wait_for(lambda: d.ask("metrics")["stored"].endswith("sig1"), "the new token in the store")


@suite.case("a 401 that is not about the token refreshes nothing; a token near its end is renewed before it is used")
def other_401(t):
    with Platform() as server, Driver(t, server.url) as d:
        d.ask("login a@b.c secret-pass", "OK")
        for n in range(3):
            check("MISSING_TENANT_ID" == d.ask("GET /v1/usage", "IRISX_E_AUTH")["reason"], "another reason")
        check(server.refreshes == 0, server.refreshes)
        d.ask("tokens %s refresh-9" % token(7, int(time.time()) - 86390), "OK")
        d.ask("GET /v1/calls", "OK")
        check(server.refreshes == 1 and server.count("GET", "/v1/calls") == 1, server.refreshes, server.count("GET", "/v1/calls"))


@suite.case("second factor, staff beside users, log-out, and the store is told of each change")
def sessions(t):
    with Platform() as server, Driver(t, server.url, store=",") as d:
        check(d.ask("login two@x.y secret-pass", "IRISX_E_AUTH")["reason"] == "requires_2fa", "another reason")
        d.ask("code 000000", "IRISX_E_AUTH")
        d.ask("code 123456", "OK")
        d.ask("GET /v1/calls", "OK")
        wait_for(lambda: d.ask("metrics")["stored"].endswith("sig%d" % server.n), "the token in the store")
        d.ask("admin root@x.y secret-pass", "OK")
        d.ask("op admin.tenants.list {}", "OK")
        check(server.seen[-1].headers["authorization"].endswith("sig500"), "not as staff")
        d.ask("GET /v1/calls", "OK")
        d.ask("logout 0", "OK")
        check(json.loads(server.seen[-1].body)["refresh_token"].startswith("refresh-"), server.seen[-1].body)
        wait_for(lambda: d.ask("metrics")["stored"] == "", "the store empty")
        d.ask("GET /v1/calls", "IRISX_E_AUTH")
        d.ask("logout 0", "IRISX_E_STATE")
        d.ask("code 123456", "IRISX_E_STATE")


@suite.case("no token, password, key or code stands in the log, bodies and headers shown; nor a telephone number where that is wanted")
def log(t):
    secrets = ["secret-pass", "refresh-", "sig1", "irisx_live_0123456789", "+12025550199", "%2B12025550199", "s3cr3t-sip"]
    with Platform() as server, Driver(t, server.url, key="irisx_live_0123456789", log=t.path("log"), bodies=1, phones=1) as d:
        d.ask("login a@b.c secret-pass", "OK")
        d.ask('POST /v1/x?phone=%2B12025550199&token=refresh-77 {"to":"+12025550199","sip_password":"s3cr3t-sip","name":"visible"}')
        d.ask("GET /v1/calls", "OK")
    text = open(t.path("log")).read()
    for secret in secrets:
        check(secret not in text, secret, "stands in the log:", text)
    for seen in "visible", "GET", "/v1/calls", "HTTP 200", "X-API-Key: ***":
        check(seen.lower() in text.lower(), seen, "is missing:", text)


# ---- pace ------------------------------------------------------------------------------------------------------------------
class Sliding(HttpServer):
    def __init__(self, limit, window):
        self.limit, self.window, self.accepted, self.refused, self.lock = limit, window, collections.deque(), 0, threading.Lock()
        super().__init__(self.react)

    def react(self, sock, q):
        now = time.monotonic()
        with self.lock:
            while self.accepted and self.accepted[0] <= now - self.window:
                self.accepted.popleft()
            if len(self.accepted) >= self.limit:
                self.refused += 1
                return response(429, {"error": "Too many requests", "retry_after": 1})
            self.accepted.append(now)
        return response(200, {"message": "queued", "sms": {"sid": "SM1"}})


@suite.case("a sliding limit at the server: the unpaced client sees 429, the paced one none")
def pace(t):
    params = json.dumps({"from": "+12025550100", "to": "+12025550199", "message": "x"})
    for paced in False, True:
        with Sliding(20, 1.5) as server, Driver(t, server.url, key="k", no_pacing=0 if paced else 1, limits="sms.send=20/2") as d:
            for n in range(45):
                d.send("op sms.send " + params)
            codes = [d.take()["code"] for n in range(45)]
            check((server.refused == 0) == paced, "paced" if paced else "unpaced", server.refused, "refused")
            check(not paced or set(codes) == {"OK"}, codes)
            row = d.ask("metrics")["sms.send"].split()
            check((row[4] == "0") == paced and row[0] == "45", row)


@suite.case("a limit that has no room before the operation's time is over is told at once, with its time")
def no_room(t):
    def answer(sock, q):
        return response(201, {"sid": "CA1", "status": "ringing"}, headers="X-RateLimit-Limit: 10\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: %d\r\n" %
                        (time.time() * 1000 + 60000))
    with HttpServer(answer) as server, Driver(t, server.url, key="k", timeout=5000) as d:
        d.ask('op calls.create {"to":"+12025550199"}', "OK")
        a = d.ask('op calls.create {"to":"+12025550199"}', "IRISX_E_RATE_LIMITED")
        check(a["reason"] == "paced" and 50000 < a["retry_after_ms"] <= 60000 and a["ms"] < 3000, a)
        check(server.count("POST") == 1, "it was sent")


# ---- ways through the network ----------------------------------------------------------------------------------------------
class Proxy:
    """CONNECT, absolute URIs and SOCKS5 with names; counts what goes through"""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.targets = self.listener.getsockname()[1], []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    @staticmethod
    def pump(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def join(self, sock, host, port, first=b""):
        self.targets.append("%s:%d" % (host, port))
        with socket.create_connection(("127.0.0.1", port)) as far:
            if first:
                far.sendall(first)
            threading.Thread(target=self.pump, args=(far, sock), daemon=True).start()
            self.pump(sock, far)

    def serve(self, sock):
        with sock:
            try:
                data = sock.recv(65536)
                if data[:1] == b"\x05":
                    sock.sendall(b"\x05\x00")
                    data = sock.recv(65536)
                    name = data[5:5 + data[4]].decode()
                    sock.sendall(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
                    self.join(sock, name, int.from_bytes(data[-2:], "big"))
                elif data.startswith(b"CONNECT "):
                    host, _, port = data.split()[1].decode().partition(":")
                    sock.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                    self.join(sock, host, int(port))
                else:
                    host, _, port = data.split()[1].decode()[7:].partition("/")[0].partition(":")
                    self.join(sock, host, int(port), data)
            except OSError:
                pass


@suite.case("proxies: absolute addresses, CONNECT for TLS, SOCKS5 with the name asked there, NO_PROXY, the environment where that is wanted")
def proxies(t):
    cert, key = certificate(t.folder)
    with HttpServer(ok) as plain, HttpServer(ok, tls=tls_context(cert, key)) as secure:
        for scheme, url, target in ("http", plain.url, None), ("http", secure.url, None), ("socks5h", "http://name.invalid:%d" % plain.port, "name.invalid"):
            proxy = Proxy()
            with Driver(t, url, key="k", ca=cert, proxy="%s://127.0.0.1:%d" % (scheme, proxy.port)) as d:
                d.ask("GET /x", "OK")
                d.ask("POST /x", "OK")
            check(len(proxy.targets) >= 1 and (target is None or proxy.targets[0].startswith(target)), scheme, proxy.targets)
        proxy = Proxy()
        with Driver(t, plain.url, key="k", proxy="http://127.0.0.1:%d" % proxy.port, no_proxy="example.com,127.0.0.0/8") as d:
            d.ask("GET /x", "OK")
        check(not proxy.targets, "through the proxy", proxy.targets)
        words = {"http_proxy": "http://127.0.0.1:%d" % proxy.port, "NO_PROXY": "example.com"}
        name = "http://name.invalid:%d" % plain.port
        for extra, wanted, through in ({}, 0, 0), ({}, 1, 1), ({"NO_PROXY": "name.invalid,example.com"}, 1, 0):
            proxy.targets.clear()
            with Driver(t, name, environment=dict(words, **extra), key="k", env=wanted, tries=1) as d:
                d.ask("GET /x", "OK" if through else "IRISX_E_DNS")
            check(len(proxy.targets) == through, extra, wanted, proxy.targets)


@suite.case("TLS: an authority of one's own, a certificate for the server that asks, a pinned key and a wrong one")
def tls(t):
    cert, key = certificate(t.folder)
    mine, mine_key = certificate(t.folder, "client")
    der = subprocess.run("openssl x509 -in %s -pubkey -noout | openssl pkey -pubin -outform der" % cert, shell=True, capture_output=True, check=True).stdout
    pin = "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()
    with HttpServer(ok, tls=tls_context(cert, key)) as server:
        for options, code in (dict(ca=cert), "OK"), ({}, "IRISX_E_TLS"), (dict(ca=cert, pin=pin), "OK"), \
                (dict(ca=cert, pin="sha256//" + "A" * 43 + "="), "IRISX_E_TLS"):
            with Driver(t, server.url, key="k", **options) as d:
                a = d.ask("GET /x", code)
                check(code == "OK" or a["message"], a)
    with HttpServer(ok, tls=tls_context(cert, key, client_ca=mine)) as server:
        with Driver(t, server.url, key="k", ca=cert, cert=mine, cert_key=mine_key) as d:
            d.ask("GET /x", "OK")
        with Driver(t, server.url, key="k", ca=cert, tries=1) as d:
            check(d.ask("GET /x")["code"] in ("IRISX_E_TLS", "IRISX_E_NETWORK"), "let in without a certificate")


@suite.case("HTTP/2: many requests at once share one connection")
def multiplexed(t):
    cert, key = certificate(t.folder)
    with Http2Server(lambda server, sock, stream, n: server.ok(stream, ONE.encode()), cert, key) as server, Driver(t, server.url, key="k", ca=cert) as d:
        check(d.ask("par 100 POST /x {\"a\":1}").get("OK") == 100, "not all")
        check(server.connections == 1 and server.whole == 100, server.connections, server.whole)


@suite.case("a thousand operations at once against one server: all end, and the figures tell")
def many(t):
    with HttpServer(ok) as server, Driver(t, server.url, key="k") as d:
        check(d.ask("par 1000 GET /x").get("OK") == 1000, "not all")
        check(server.connections <= 6, server.connections, "connections")
        check(d.ask("metrics")["other"].split()[0] == "1000", "not counted")
        check('irisx_rest_operations_total{operation="other"} 1000' in d.ask("text")["text"], "not in the text")


if __name__ == "__main__":
    arguments("driver")
    suite.run(4)
