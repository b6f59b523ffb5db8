#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Manners on the network: nothing is sent twice that must not be, what failed is told as it is, servers are spared and replaced.
Servers that die, stall, lie and count; the client is rest_driver.c.
usage: manners.py REST_DRIVER CLOCK    (TAP on stdout)"""
import collections
import email.utils
import json
import re
import socket
import threading
import time

from driver import Driver, preload
from harness import Programs, Suite, arguments, check, wait_for
from httpserver import ONE, Http2Server, HttpServer, certificate, ok, reset, response, token

suite = Suite()


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
    for status in 404, 400:  # 400 is what the platform says of contacts and lists
        seen = []

        def answer(sock, q):
            seen.append(q.method)
            return None if len(seen) == 1 else response(status, {"error": "Contact not found"})
        with HttpServer(answer) as server, Driver(t, server.url, key="k", base=1) as d:
            check(d.ask("DELETE /v1/contacts/7", "OK")["repeated"] == 1, status, "not marked")
            check(d.ask("DELETE /v1/contacts/8", "IRISX_E_NOT_FOUND")["repeated"] == 0, status, "marked")


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


@suite.case("a clock that is a year wrong does not make a limit's end a year: the server's Date counts, in the first answer too")
def wrong_clock(t):
    def answer(sock, q):
        reset = (time.time() + 1.5) * (1000 if q.path.endswith("ms") else 1)
        return response(200, {"message": "queued", "sms": {"sid": "SM1"}}, headers="Date: %s\r\nX-RateLimit-Limit: 1\r\nX-RateLimit-Remaining: 0\r\n"
                        "X-RateLimit-Reset: %d\r\n" % (email.utils.formatdate(usegmt=True), reset))
    params = json.dumps({"from": "+12025550100", "to": "+12025550199", "message": "x"})
    for days in "-400", "400":
        with HttpServer(answer) as server, Driver(t, server.url, environment=preload(Programs.clock, FAKE_CLOCK_DAYS=days), key="k", timeout=20000) as d:
            d.ask("op sms.send " + params, "OK")
            a = d.ask("op sms.send " + params, "OK")
            check(a["ms"] < 15000, days, a)


SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\n"])*",?)*)\})? (\+Inf|NaN|[0-9.eE+-]+)')


@suite.case("the figures are text that Prometheus reads: names, types once, labels, histograms that count up to their sum")
def prometheus(t):
    with HttpServer(ok) as server, Driver(t, server.url, key="k") as d:
        d.ask("par 50 GET /x")
        d.ask("op sms.list {}")
        text = d.ask("text")["text"]
    check(text.endswith("\n"), "no end of the last line")
    types, rows = {}, collections.defaultdict(dict)
    for line in text[:-1].split("\n"):
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:]
            check(name not in types and kind in ("counter", "histogram"), line)
            types[name] = kind
        elif not line.startswith("# HELP "):
            name, labels, value = SAMPLE.fullmatch(line).groups()
            base = re.sub("_(bucket|sum|count)$", "", name)
            check(types.get(name) == "counter" or types.get(base) == "histogram", line)
            labels = dict(re.findall('([a-z]+)="([^"]*)"', labels))
            key = (name, labels["operation"], labels.get("le"))
            check(key not in rows[labels["operation"]], "twice:", line)
            rows[labels["operation"]][key] = float(value)
    for operation, n in ("other", 50), ("sms.list", 1):
        row = rows[operation]
        steps = [(float(le.replace("+Inf", "inf")), v) for (name, _, le), v in row.items() if name.endswith("_bucket")]
        check(steps == sorted(steps) and all(a[1] <= b[1] for a, b in zip(steps, steps[1:])), "not counted up", steps)
        check(steps[-1] == (float("inf"), n) and row[("irisx_rest_operation_seconds_count", operation, None)] == n, operation, steps[-1])
        check(row[("irisx_rest_operations_total", operation, None)] == n, operation)


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
    arguments("driver", "clock")
    suite.run(4)
