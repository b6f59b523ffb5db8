#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""HTTP/2 that ends badly: streams refused, reset, given back by GOAWAY, cut at every byte. Requests are counted at the server;
the client is rest_driver.c. usage: http2.py REST_DRIVER    (TAP on stdout)"""
import struct

from driver import Driver
from harness import Suite, arguments, check
from httpserver import ONE, Http2Server, certificate

suite = Suite()
REFUSED, INTERNAL, ENHANCE = 7, 2, 11


def rst(stream, code):
    return Http2Server.frame(Http2Server.RST, 0, stream, struct.pack("!I", code))


def goaway(last, code=0):
    return Http2Server.frame(Http2Server.GOAWAY, 0, 0, struct.pack("!II", last, code))


def whole(server, stream):
    return server.ok(stream, ONE.encode())


@suite.case("a stream that is refused: what is safe goes again, what is not is never sent twice, on a fresh connection and a kept one")
def refused(t):
    cert, key = certificate(t.folder)
    for kept in 0, 1:
        for line, code, times in ("GET /x", "OK", 2), ("POST /x {\"a\":1}", "IRISX_E_OUTCOME_UNKNOWN", 1), ("POST /x", "IRISX_E_OUTCOME_UNKNOWN", 1), \
                ("PUT /x {\"a\":1}", "OK", 2):
            def answer(server, sock, stream, n):
                return rst(stream, REFUSED) if n == 1 + kept else whole(server, stream)
            with Http2Server(answer, cert, key) as server, Driver(t, server.url, key="k", ca=cert, base=1) as d:
                for n in range(kept):
                    d.ask("GET /first", "OK")
                d.ask(line, code)
                check(server.whole == kept + times, line, "was seen", server.whole - kept, "times")


@suite.case("a GOAWAY that leaves a request out, or comes before its answer: never sent twice; an answer that still comes counts")
def going_away(t):
    cert, key = certificate(t.folder)
    for line, code, times in ("POST /x {\"a\":1}", "IRISX_E_OUTCOME_UNKNOWN", 1), ("POST /x", "IRISX_E_OUTCOME_UNKNOWN", 1), ("GET /x", "OK", 2):
        def left_out(server, sock, stream, n):
            if n != 2:
                return whole(server, stream)
            sock.sendall(goaway(1))  # the first stream was the last one
            return None
        with Http2Server(left_out, cert, key) as server, Driver(t, server.url, key="k", ca=cert, base=1) as d:
            d.ask("GET /first", "OK")
            a = d.ask(line, code)
            check(server.whole == 1 + times, line, "was seen", server.whole - 1, "times")
            check(code == "OK" or "may have been executed" in a["message"], a)

    def drained(server, sock, stream, n):
        return goaway(stream) + whole(server, stream)
    with Http2Server(drained, cert, key) as server, Driver(t, server.url, key="k", ca=cert, base=1) as d:
        for n in range(4):
            d.ask("POST /x {\"a\":1}", "OK")
        check(server.whole == 4 and server.connections >= 2, server.whole, server.connections)


@suite.case("a stream that is reset: known for what is safe, unknown for what is not, before and within its answer")
def reset_stream(t):
    cert, key = certificate(t.folder)
    head = b"\x88\x0f\x10\x10application/json"
    for part in b"", Http2Server.frame(Http2Server.HEADERS, 4, 1, head), \
            Http2Server.frame(Http2Server.HEADERS, 4, 1, head) + Http2Server.frame(Http2Server.DATA, 0, 1, b"{\"a\":"):
        for line, code in ("GET /x", "IRISX_E_NETWORK"), ("POST /x", "IRISX_E_OUTCOME_UNKNOWN"), ("DELETE /x", "IRISX_E_NETWORK"):
            with Http2Server(lambda server, sock, stream, n: part + rst(stream, INTERNAL), cert, key) as server, \
                    Driver(t, server.url, key="k", ca=cert, tries=1) as d:
                d.ask(line, code)
                check(server.whole == 1, line, server.whole)
    many = [0]

    def flood(server, sock, stream, n):
        many[0] += 1
        return rst(stream, ENHANCE) * 500
    with Http2Server(flood, cert, key) as server, Driver(t, server.url, key="k", ca=cert, tries=1) as d:
        d.ask("POST /x", "IRISX_E_OUTCOME_UNKNOWN")
        check(many[0] == 1, many)


@suite.case("a connection that ends at every byte of an answer is never half an answer")
def every_byte(t):
    cert, key = certificate(t.folder)
    at = [0]

    def answer(server, sock, stream, n):
        data = whole(server, stream)
        sock.sendall(data[:at[0]])
        return data[at[0]:] if at[0] >= len(data) else None
    with Http2Server(answer, cert, key) as server, Driver(t, server.url, key="k", ca=cert, tries=1) as d:
        size = len(whole(server, 1))
        for at[0] in range(0, size + 1):
            for line, lost in ("GET /x", ("IRISX_E_NETWORK", "IRISX_E_PROTOCOL")), ("POST /x", ("IRISX_E_OUTCOME_UNKNOWN",)):
                a = d.ask(line)
                check(a["code"] == "OK" if at[0] == size else a["code"] in lost, "after", at[0], "of", size, "bytes", line, a)
        check(server.whole == 2 * (size + 1), "sent again", server.whole)


@suite.case("what is not HTTP/2 after all, frames without sense, and a head without end are told and not waited for")
def nonsense(t):
    cert, key = certificate(t.folder)
    frame = Http2Server.frame
    for data in (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", frame(Http2Server.DATA, 1, 1, b"{}"), frame(Http2Server.HEADERS, 4, 1, b"\xff" * 40),
                 frame(Http2Server.HEADERS, 4, 1, b"\x80"), frame(Http2Server.SETTINGS, 0, 0, b"xyz"), frame(Http2Server.WINDOW, 0, 0, b"\0\0\0\0"),
                 frame(Http2Server.HEADERS, 0, 1, b"\x88") + frame(9, 0, 1, b"\x00\x01a\x03abc") * 60000, b"\xff" * 1000):
        with Http2Server(lambda server, sock, stream, n: data + b"", cert, key) as server, Driver(t, server.url, key="k", ca=cert, tries=1, timeout=9000) as d:
            a = d.ask("GET /x")
            check(a["code"] in ("IRISX_E_NETWORK", "IRISX_E_PROTOCOL", "IRISX_E_TOO_LARGE") and a["message"] and a["ms"] < 8000, data[:40], a)
            d.ask("POST /x", "IRISX_E_TOO_LARGE" if a["code"] == "IRISX_E_TOO_LARGE" else "IRISX_E_OUTCOME_UNKNOWN")


if __name__ == "__main__":
    arguments("driver")
    suite.run(4)
