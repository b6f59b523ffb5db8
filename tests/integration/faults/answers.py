#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What failed is told as it is: answers that are slow, cut, wrong, packed, endless or no HTTP at all, through the real client
(rest_driver.c).
usage: answers.py REST_DRIVER    (TAP on stdout)"""
import base64
import gzip
import json
import os
import socket

from driver import Driver
from harness import Suite, arguments, check
from httpserver import ONE, HttpServer, reset, response

suite = Suite()


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
        (response(200, deep), ("OK",)),
        (response(200, "[" * 129 + "]" * 129), ("IRISX_E_TOO_LARGE",)),
        (response(200, "[" * 100000 + "]" * 100000), ("IRISX_E_TOO_LARGE",)),
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


# made by node's zlib.brotliCompressSync of ONE, and of 200 MB of spaces
BROTLI = base64.b64decode("GyoA+J0Htg1y/UD7EYjJXJYiaXsVg5cgLGSl09eCSLKMQLIBB7T4NRCjpg==")
BROTLI_BOMB = base64.b64decode("y///P/glQOKxQCD3/o///3/wSwDEYRGA7v0f////4JcAiMMCAN37P/7//8EvARCHBQC693/8//+DXwIgDgsAdO//+P//B78EQBwWAOje//H//w9+"
                               "CYA4LADQvf/j//8f/BIAcVgAoHv/x///P/glAOKwAED3/o///3/wSwDEYQGA7v0f////4JcAiMMCAN37P/7//8EvARCHBQC693/8//+DXwIgDgsAdO//+P//"
                               "B78EQBwWAOje//H//w9+CYA4LADQvf/j//8f/BIAcVgAoHv/x///P/glAOKwAED3/o///3/wSwDEYQGA7v0f////4JcAiMMCAN37P/7//8EvARCHBQC693/8"
                               "//+DXwIgDgsAdO//+P//B78EQBwWAOje//H//w9+CYA4LADQvf/L/+A1/BIAcVgAoJu7Bg==")
GZIP = gzip.compress(ONE.encode())


@suite.case("gzip and brotli are asked for and undone; cut at any byte, damaged, of another kind or a bomb they are never half an answer")
def packed(t):
    row = [None, None, 200]

    def answer(sock, q):
        return response(row[2], row[1], headers="Content-Encoding: %s\r\n" % row[0] if row[0] else "")
    with HttpServer(answer) as server, Driver(t, server.url, key="k", tries=1) as d:
        for row[0], row[1] in ("gzip", GZIP), ("br", BROTLI), ("x-gzip", GZIP), ("identity", ONE), ("GZIP", GZIP):
            a = d.ask("GET /x", "OK")
            check(json.loads(a["value"]) == json.loads(ONE), row[0], a)
        check(server.seen[0].headers["accept-encoding"] == "gzip, br", server.seen[0].headers)
        for row[0], whole in ("gzip", GZIP), ("br", BROTLI):
            for n in range(1, len(whole)):
                row[1] = whole[:n]
                a = d.ask("GET /x")
                whole_all_the_same = a["code"] == "OK" and json.loads(a.get("value") or "0") == json.loads(ONE)
                check(a["code"] == "IRISX_E_PROTOCOL" or whole_all_the_same or n < 3 or n == 20, row[0], "cut after", n, a)
            for n in range(len(whole)):
                row[1] = whole[:n] + bytes((whole[n] ^ 0x55,)) + whole[n + 1:]
                a = d.ask("GET /x")
                check(a["code"] in ("IRISX_E_PROTOCOL", "OK", "IRISX_E_TOO_LARGE"), row[0], "damaged at", n, a)
        for row[0], row[1], codes in ("br", GZIP, ("IRISX_E_PROTOCOL",)), ("gzip", BROTLI, ("IRISX_E_PROTOCOL",)), ("gzip", ONE, ("IRISX_E_PROTOCOL",)), \
                ("br", BROTLI_BOMB, ("IRISX_E_TOO_LARGE",)), ("gzip", gzip.compress(b" " * 200000000, 1), ("IRISX_E_TOO_LARGE",)), \
                ("gzip, gzip, gzip, gzip, gzip, gzip, gzip, gzip", GZIP, ("IRISX_E_PROTOCOL",)), ("sdch", b"\x01\x02", ("IRISX_E_PROTOCOL",)), \
                ("br", BROTLI + b"more", ("OK", "IRISX_E_PROTOCOL")), ("gzip", GZIP + b"more", ("OK", "IRISX_E_PROTOCOL")):
            a = d.ask("GET /x")
            check(a["code"] in codes, row[0], len(row[1]), a)
        row[0], row[1] = "gzip", GZIP[:-12]
        check(d.ask("POST /x")["code"] in ("IRISX_E_OUTCOME_UNKNOWN", "IRISX_E_PROTOCOL"), "a POST")
        row[0], row[1], row[2] = "gzip", gzip.compress(json.dumps({"error": "Call not found", "code": "CALL_NOT_FOUND"}).encode()), 404
        check(d.ask("GET /x", "IRISX_E_NOT_FOUND")["reason"] == "CALL_NOT_FOUND", "an error that was packed")
        before = len(server.seen)
        d.ask("data /x")
        check("accept-encoding" not in server.seen[before].headers, "bytes to be kept as they are were asked for packed")


@suite.case("a chunked answer reset at every byte, and one with trailers that lie")
def chunked(t):
    parts = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (ONE[:7].encode(), ONE[7:20].encode(), ONE[20:].encode()))
    whole = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + parts + b"0\r\n\r\n"
    at = [0]

    def answer(sock, q):
        sock.sendall(whole[:at[0]])
        return reset(sock) if at[0] < len(whole) else b""
    with HttpServer(answer) as server, Driver(t, server.url, key="k", tries=1) as d:
        for at[0] in range(0, len(whole) + 1):
            for line, lost in ("GET /x", ("IRISX_E_NETWORK", "IRISX_E_PROTOCOL")), ("POST /x", ("IRISX_E_OUTCOME_UNKNOWN",)):
                a = d.ask(line)
                check(a["code"] == "OK" if at[0] == len(whole) else a["code"] in lost, "after", at[0], "of", len(whole), line, a)
    lies = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-RateLimit-Remaining\r\n\r\n" + parts + \
        b"0\r\nX-RateLimit-Limit: 1\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 99999\r\nKeep-Alive: timeout=3600\r\n\r\n"
    with HttpServer(lambda sock, q: lies) as server, Driver(t, server.url, key="k", timeout=5000) as d:
        for n in range(2):
            d.ask("op sms.list {}", "OK")


@suite.case("a head without end, and interim answers without end, are refused or end in time, with bounded memory")
def endless_heads(t):
    def answer(sock, q):
        unit = b"X-More: %s\r\n" % (b"y" * 1000) if q.path == "/head" else b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        sock.sendall(b"HTTP/1.1 200 OK\r\n" if q.path == "/head" else b"")
        while True:
            sock.sendall(unit * 100)
    with HttpServer(answer) as server, Driver(t, server.url, key="k", timeout=1500, tries=1) as d:
        d.ask("GET /head", "IRISX_E_TOO_LARGE")
        a = d.ask("GET /interim")
        check(a["code"] in ("IRISX_E_TIMEOUT", "IRISX_E_TOO_LARGE", "IRISX_E_NETWORK"), a)


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


if __name__ == "__main__":
    arguments("driver")
    suite.run(4)
