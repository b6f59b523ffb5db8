#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Uploads and downloads: resumed, checked, whole at their place or not there; the client is rest_driver.c.
usage: files.py REST_DRIVER    (TAP on stdout)"""
import hashlib
import os
import signal

from driver import Driver
from harness import Suite, arguments, check, wait_for
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


DATA = os.urandom(300000)
SHA = hashlib.sha256(DATA).hexdigest()


def broken(head, body):
    """a first answer that ends after 100,000 bytes, tagged v1"""
    return ("HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n" % (head, len(body))).encode() + body[:100000]


def ranged(begin, end, total, tag, body):
    return response(206, body, "audio/wav", "%sContent-Range: bytes %s-%s/%s\r\n" % (tag, begin, end, total))


@suite.case("what a server makes of a range: ignored, refused, another file, a piece, another piece, asked for by nobody")
def ranges(t):
    new, v1, v2 = os.urandom(250000), 'ETag: "v1"\r\n', 'ETag: "v2"\r\n'
    rest, last = DATA[100000:], len(DATA) - 1
    cases = (
        ("ignored: all of it again", lambda q: response(200, DATA, "audio/wav", v1), "OK", DATA),
        ("changed: all of the new one", lambda q: response(200, new, "audio/wav", v2), "OK", new),
        ("refused, since it changed", lambda q: response(416, "", headers="Content-Range: bytes */250000\r\n") if "range" in q.headers
         else response(200, new, "audio/wav", v2), "OK", new),
        ("the rest", lambda q: ranged(100000, last, len(DATA), v1, rest), "OK", DATA),
        ("the rest, untagged, of unknown length", lambda q: ranged(100000, last, "*", "", rest), "OK", DATA),
        ("If-Range ignored: the rest of another file", lambda q: ranged(100000, 249999, 250000, v2, new[100000:]) if "range" in q.headers
         else response(200, new, "audio/wav", v2), "OK", new),
        ("a piece of the rest", lambda q: ranged(100000, 199999, len(DATA), v1, rest[:100000]), "IRISX_E_PROTOCOL", None),
        ("another place", lambda q: ranged(50000, last, len(DATA), v1, DATA[50000:]), "IRISX_E_PROTOCOL", None),
        ("no place", lambda q: response(206, rest, "audio/wav", v1), "IRISX_E_PROTOCOL", None),
        ("nonsense", lambda q: ranged("x", -1, 2**70, v1, rest), "IRISX_E_PROTOCOL", None))
    for what, then, code, whole in cases:
        for resume in 0, 1:
            def answer(sock, q):
                if len(server.seen) == 1:
                    sock.sendall(broken(v1, DATA))
                    return None
                return then(q)
            with HttpServer(answer) as server, Driver(t, server.url, key="k", base=1) as d:
                d.ask("save /rec %s %d" % (t.path("f"), resume), code)
                check(server.seen[1].headers.get("range") == "bytes=100000-" and server.seen[1].headers.get("if-range") == '"v1"', what, server.seen[1].headers)
            have = open(t.path("f"), "rb").read() if os.path.exists(t.path("f")) else None
            check(have == whole, what, "gave another file" if have else "gave no file")
            for name in "f", "f.part", "f.part.tag":
                if os.path.exists(t.path(name)):
                    os.unlink(t.path(name))
    with HttpServer(lambda sock, q: ranged(0, 9, 1000, v1, b"0123456789")) as server, Driver(t, server.url, key="k", tries=1) as d:
        d.ask("save /rec %s 0" % t.path("f"), "IRISX_E_PROTOCOL")
        d.ask("data /rec", "IRISX_E_PROTOCOL")
        check(os.listdir(t.folder) == [], os.listdir(t.folder))


@suite.case("bytes given to a function are given once: a try that breaks goes on, or says that it cannot")
def data_once(t):
    for head, then, code in ('ETag: "v1"\r\n', lambda: ranged(100000, len(DATA) - 1, len(DATA), 'ETag: "v1"\r\n', DATA[100000:]), "OK"), \
            ('ETag: "v1"\r\n', lambda: response(200, DATA, "audio/wav", 'ETag: "v1"\r\n'), "OK"), \
            ('ETag: "v1"\r\n', lambda: response(200, DATA, "audio/wav", 'ETag: "v2"\r\n'), "IRISX_E_CONFLICT"), \
            ('ETag: "v1"\r\n', lambda: ranged(100000, len(DATA) - 1, len(DATA), 'ETag: "v2"\r\n', DATA[100000:]), "IRISX_E_CONFLICT"), \
            ("", lambda: response(200, DATA), "IRISX_E_NETWORK"):
        def answer(sock, q):
            if len(server.seen) == 1:
                sock.sendall(broken(head, DATA))
                return None
            return then()
        with HttpServer(answer) as server, Driver(t, server.url, key="k", base=1) as d:
            a = d.ask("data /rec", code)
            check(a["bytes"] == (len(DATA) if code == "OK" else 100000), code, a)


@suite.case("cancelled, refused for its size, or killed: what was at the place is still there, and nothing else but after a kill")
def left_alone(t):
    def answer(sock, q):
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n" + DATA)
        return None if sock.recv(1) else None
    t.write("f", "old")
    with HttpServer(answer) as server:
        with Driver(t, server.url, key="k") as d:
            d.ask("cancelsave 200 /rec %s" % t.path("f"), "IRISX_E_CANCELLED")
            check(open(t.path("f")).read() == "old" and os.listdir(t.folder) == ["f"], os.listdir(t.folder))
        d = Driver(t, server.url, key="k")
        d.send("save /rec %s 0" % t.path("f"))
        wait_for(lambda: [n for n in os.listdir(t.folder) if n.endswith(".part") and os.stat(t.path(n)).st_size > 100000], "bytes on the disk")
        os.kill(d.process.pid, signal.SIGKILL)
        d.process.child.wait()
        check(open(t.path("f")).read() == "old", "another file after a kill")
    with HttpServer(ok) as server, Driver(t, server.url, key="k") as d:
        for place in "/dev/null", t.folder:
            check("regular" in d.ask("save /rec %s 0" % place, "IRISX_E_FORMAT")["message"], place)
        os.mkfifo(t.path("pipe"))
        check("regular" in d.ask("upload /v1/imports %s" % t.path("pipe"), "IRISX_E_FORMAT")["message"], "a pipe")
        check(not server.seen, "asked for nothing")


def in_namespace(argv):
    """a file system of one megabyte at ./disk, seen by the program alone; without root in a user namespace"""
    script = 'mount -t tmpfs -o size=1m none disk && exec "$@"'
    return ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--user", "--map-root-user"]) + ["sh", "-c", script, "sh"] + argv


@suite.case("a disk without room ends it, says so, and leaves what was there")
def disk_full(t):
    os.mkdir(t.path("disk"))
    big = DATA * 10
    with HttpServer(lambda sock, q: response(200, big, "audio/wav")) as server:
        with Driver(t, server.url, wrap=in_namespace, key="k", tries=1) as d:
            a = d.ask("save /rec %s 0" % t.path("disk/f"), "IRISX_E_DISK_FULL")
            check("disk/f" in a["message"], a)
            d.ask("save /rec %s 0" % t.path("small"), "OK")
            a = d.ask("save /rec %s 1" % t.path("disk/f"), "IRISX_E_DISK_FULL")


@suite.case("an upload that becomes shorter while it is sent ends, says so, and is not taken for lost")
def shrinking(t):
    path = t.write("up.csv", os.urandom(40000000))

    def answer(sock, q):
        return response(200, ONE)

    class Slow(HttpServer):
        def request(self, sock, data):
            sock.recv(100000)
            os.truncate(path, 1000000)
            return super().request(sock, b"POST / HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n")
    with Slow(answer) as server, Driver(t, server.url, key="k", tries=1) as d:
        check("became shorter" in d.ask("upload /v1/imports %s" % path, "IRISX_E_IO")["message"], "another sentence")


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
