#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What failed is told as it is: answers that are slow, cut, wrong, packed, endless or no HTTP at all, through the real client
(rest_driver.c).
usage: answers.py REST_DRIVER    (TAP on stdout)"""
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
