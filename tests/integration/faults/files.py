#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Uploads and downloads: resumed, checked, whole at their place or not there; the client is rest_driver.c.
usage: files.py REST_DRIVER    (TAP on stdout)"""
import hashlib
import os

from driver import Driver
from harness import Suite, arguments, check
from httpserver import ONE, HttpServer, ok, response

suite = Suite()


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


if __name__ == "__main__":
    arguments("driver")
    suite.run(4)
