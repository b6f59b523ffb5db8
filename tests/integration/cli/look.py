#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What people see: tables on terminals of several widths, colour, what the platform may not do to a terminal, secrets typed,
lists that are broken off. usage: look.py IRISX SANDBOX    (TAP on stdout)"""
import csv
import io
import json
import os
import re
import subprocess
import sys
import threading
import unicodedata

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
from harness import AUTH, FAILED, INTERRUPTED, NETWORK, OK, Process, Programs, Suite, arguments, check, wait_for  # noqa: E402
from httpserver import HttpServer, response  # noqa: E402
from terminal import Terminal, on_terminal  # noqa: E402

suite = Suite()
KEY = "irisx_live_" + "5e" * 32
NAMES = ["Größe", "日本語のテキスト、とても長い文字列です", "e\u0301 combining", "🎉 party", "line\nbreak\ttab", "z" * 200, ""]
EVIL = ["\x1b[31mred\x1b]0;title\x07", "\u009b31mC1", "x\u202etxt.exe", "\x7f\x08\x0e", "\U000e0041\u2028\ufeff"]
OURS = re.compile(r"\x1b\[(?:0|1|2|31;1)?m")  # the styles the command itself has


def row(i, name):
    return {"sid": "CA%032x" % i, "status": "completed", "direction": "outbound", "from": "+12025550101", "to": "+12025550199",
            "duration": i * 7, "initiated_at": "2026-11-20T21:30:36.627Z", "name": name, "nested": {"a": i}}


def page(names, total=None):
    rows = [row(i, n) for i, n in enumerate(names)]
    return {"calls": rows, "pagination": {"page": 1, "limit": 20, "total": total or len(rows), "pages": 1}}


def serve(value, kind="application/json", status=200):
    return HttpServer(lambda *_: response(status, value, kind))


def env(server, **more):
    return {"IRISX_API_URL": server.url, "IRISX_API_KEY": KEY, **more}


def cells(text):
    """Columns of a terminal"""
    wide = lambda c: 2 if unicodedata.east_asian_width(c) in "WF" else 1  # noqa: E731
    return sum(0 if unicodedata.combining(c) else wide(c) for c in text)


def table_of(tty):
    lines = tty.text().split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("SID"))
    return [line for line in lines[start:] if line and not line.startswith(("irisx:", "[")) and "--" not in line]


def starts(line, columns):
    """Where the columns of a heading begin"""
    return [cells(line[:m.start()]) for m in re.finditer(r"\S+", line)][:columns]


@suite.case("tables keep their columns at 120, 80 and 40 columns, with wide, combining and broken characters")
def _(t):
    with serve(page(NAMES + EVIL)) as server:
        for width, locale in ((120, "C.UTF-8"), (80, "C"), (80, "de_DE.ISO-8859-1"), (40, "C.UTF-8")):
            tty = on_terminal(t, "api", "calls.list", "--columns", "sid,name,duration,nested.a", columns=width, env=env(server, LC_ALL=locale)).end(OK)
            lines = table_of(tty)
            check(len(lines) == len(NAMES + EVIL) + 1, width, lines)
            check(all(cells(line) <= width for line in lines), width, [cells(line) for line in lines])
            ends = {cells(line.rstrip()) for line in lines}
            check(len(ends) == 1, "the last column, aligned to the right, ends at", ends, "\n".join(lines))
            second = starts(lines[0], 2)[1]
            for line in lines[1:]:
                cut, n = "", 0
                for c in line:
                    if n >= second:
                        break
                    cut, n = cut + c, n + cells(c)
                check(n == second and cut.endswith("  "), width, "the second column is elsewhere in", line)


@suite.case("the id is the last to be cut, and what does not fit is told")
def _(t):
    with serve(page(NAMES)) as server:
        for width in (120, 80, 50):
            tty = on_terminal(t, "calls", "list", columns=width, env=env(server)).end(OK)
            check(row(3, "")["sid"] in tty.text(), width, tty.text())
            hidden = re.search(r"(\d+) columns? more: --columns", tty.text())
            check(bool(hidden) == (width < 120), width, tty.text())
        out = t.irisx("calls", "list", env=env(server)).expect(OK).out
        check("2026-11-20T21:30:36.627Z" in out and "…" not in out, "something is cut in a pipe:", out)


@suite.case("times are short on a terminal, and as they came in a pipe")
def _(t):
    with serve(page(["x"])) as server:
        tty = on_terminal(t, "api", "calls.list", "--columns", "sid,initiated_at", columns=100, env=env(server)).end(OK)
        check("2026-11-20 21:30:36" in tty.text() and "627Z" not in tty.text(), tty.text())
        check("2026-11-20T21:30:36.627Z" in t.irisx("api", "calls.list", env=env(server)).expect(OK).out, "pipe")


@suite.case("up- and downloads tell how far they are, on a terminal alone")
def _(t):
    data, gate = bytes(3_000_000), threading.Event()

    def slow(sock, _q):
        sock.sendall(response(200, b"", "application/octet-stream", length=len(data)))
        sock.sendall(data[:1_200_000])
        sent = 1_200_000
        while sent < 2_900_000 and not gate.wait(0.02):  # a slow line
            sock.sendall(data[sent:sent + 5000])
            sent += 5000
        return data[sent:]

    with HttpServer(slow) as server:
        tty = on_terminal(t, "api", "GET", "/v1/file", "--output", "got.bin", env=env(server))
        tty.wait(r"received [12]\.\d MB of 3\.0 MB \(\d+ %\)")
        gate.set()
        tty.end(OK).wait("saved got.bin")
        check(os.path.getsize(t.path("got.bin")) == len(data), "size")
        p = t.irisx("api", "GET", "/v1/file", "--output", "got2.bin", env=env(server)).expect(OK)
        check("MB" not in p.text(), p.text())


@suite.case("nothing that the platform sends commands the terminal: table, card, CSV, JSON, text, errors")
def _(t):
    evil = "".join(EVIL)
    error = {"error": evil, "message": evil, "code": evil, "details": [{"path": [evil], "message": evil}]}
    for value, words, kind, status in (
            (page(EVIL), ("api", "calls.list", "--columns", "name"), "application/json", 200),
            (page(EVIL), ("api", "calls.list", "--csv"), "application/json", 200),
            (page(EVIL), ("api", "calls.list", "--json"), "application/json", 200),
            (page(EVIL), ("api", "calls.list", "--paginate", "--json"), "application/json", 200),
            (row(1, evil), ("calls", "get", "CA1"), "application/json", 200),
            ({evil: {evil: [{evil: evil}]}}, ("calls", "get", "CA1"), "application/json", 200),
            (evil, ("api", "GET", "/v1/x"), "text/plain", 200),
            (error, ("calls", "get", "CA1"), "application/json", 400),
            (error, ("calls", "get", "CA1", "--json"), "application/json", 500)):
        with serve(value, kind, status) as server:
            tty = on_terminal(t, *words, "--max-tries", "1", env=env(server)).end()
            left = OURS.sub("", tty.raw())
            bad = [c for c in left if (ord(c) < 32 and c not in "\r\n\t") or 127 <= ord(c) < 160 or c in "\u202e\u2028\ufeff\U000e0041"]
            check(not bad, words, bad, repr(left))
    with serve(page(EVIL)) as server:
        rows = t.irisx("api", "calls.list", "--json", env=env(server)).expect(OK).json()["calls"]
        check([r["name"] for r in rows] == EVIL, "JSON is the same value:", rows)


@suite.case("colour on a terminal; none with NO_COLOR, on a dumb terminal, in a pipe")
def _(t):
    with serve(page(NAMES)) as server:
        for words in (("calls", "list"), ("api", "--describe", "sms.send"), ("api", "--list", "sms"), ("--help",), ("login", "--help"), ("api", "x.y")):
            check("\x1b[1m" in on_terminal(t, *words, env=env(server)).end().raw(), "no style in", words)
            for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
                tty = on_terminal(t, *words, **({"term": value} if name == "TERM" else {}), env=env(server, **({name: value} if name != "TERM" else {})))
                check("\x1b" not in tty.end().raw(), name, words)
            check("\x1b" not in t.irisx(*words, env=env(server, TERM="xterm")).text(), "in a pipe", words)


@suite.case("a description is wrapped at blanks, whatever lines its source has")
def _(t):
    for width in (120, 80, 44):
        lines = on_terminal(t, "api", "--describe", "calls.create", columns=width).end(OK).text().split("\n")
        check(all(cells(line) <= width for line in lines), width, [line for line in lines if cells(line) > width])
        about = lines[lines.index("  POST /v1/calls") + 2:lines.index("parameters:") - 1]
        check(about and all(re.match(r"  \S", line) for line in about), about)
    pipe = t.irisx("api", "--describe", "sms.send").expect(OK).out
    check(all(line == line.rstrip() and len(line) <= 100 for line in pipe.split("\n")), "blanks at the end, or too long", pipe)


@suite.case("a secret typed for @- is not shown; what is no secret is read up to the end of the input")
def _(t):
    tokens = {"access_token": "eyJh.eyJpYXQiOjF9.a", "refresh_token": "eyJh.eyJpYXQiOjF9.b"}
    with serve({"success": True, "data": {"user": {"email": "a@b.test"}, "tokens": tokens}}) as server:
        tty = on_terminal(t, "api", "auth.login", "email=a@b.test", "password=@-", env=env(server))
        tty.wait("password: ")
        wait_for(lambda: not tty.echoes(), "a terminal that does not echo")
        tty.type("open-sesame\n")
        tty.end(OK)
        check("open-sesame" not in tty.text() and json.loads(server.seen[-1].body)["password"] == "open-sesame", server.seen[-1].body)
        tty = on_terminal(t, "api", "sms.send", "from=+12025550101", "to=+12025550199", "message=@-", env=env(server))
        tty.wait("message, up to Ctrl-D:")
        tty.type("two\nlines\n\x04")
        tty.end(OK)
        check(json.loads(server.seen[-1].body)["message"] == "two\nlines", server.seen[-1].body)


# ---- long lists -----------------------------------------------------------------------------------------------------
def pages(size, count, gate=None):
    rows = lambda n: [{"id": str(n * size + i), "body": 'a "b", c\nd' if i % 3 == 0 else "x" * 100, "more": {"list": [1, n]}} for i in range(size)]  # noqa: E731

    def answer(_socket, q):
        n = int(re.search(r"page=(\d+)", q.path).group(1)) if "page=" in q.path else 1
        if gate and n >= 3:
            gate.wait(30)
        return response(200, {"messages": rows(n) if n <= count else [], "pagination": {"page": n, "limit": size, "total": size * count, "pages": count}})
    return HttpServer(answer)


@suite.case("Ctrl-C in a long list leaves whole lines of JSON, whole records of CSV, and says so")
def _(t):
    for form in ("--json", "--csv"):
        gate = threading.Event()
        with pages(3, 50, gate) as server:
            p = t.irisx("api", "sms.list", "--paginate", form, env=env(server))
            wait_for(lambda: p.count(r"\b8\b", "out"), "the second page")
            p.signal(2)
            p.expect(INTERRUPTED, "6 items; there are more")
            gate.set()
        text = p.out + "\n"
        if form == "--json":
            check([json.loads(line)["id"] for line in text.splitlines()] == ["3", "4", "5", "6", "7", "8"], text)
        else:
            got = list(csv.reader(io.StringIO(text, newline="")))
            check(len(got) == 7 and all(len(r) == 3 for r in got), got)


@suite.case("a long list into a file tells how far it is; into a terminal, its rows do")
def _(t):
    with pages(5, 6) as server:
        shell = "\"$0\" api sms.list --paginate --csv > out.csv"
        tty = Terminal(t, ["sh", "-c", shell, Programs.irisx], env=env(server)).end(OK)
        check(re.search(r"\r\d+ items", tty.raw()) and tty.text().strip().endswith("30 items"), repr(tty.raw()))
        with open(t.path("out.csv"), newline="") as f:
            check(len(list(csv.reader(f))) == 31, "lines")
        tty = on_terminal(t, "api", "sms.list", "--paginate", "--json", env=env(server)).end(OK)
        check(len(re.findall(r"items", tty.raw())) == 1, repr(tty.raw()[-200:]))


@suite.case("memory does not grow with the list")
def _(t):
    peaks = []
    for count in (5, 120):
        with pages(400, count) as server:
            script = "import resource,subprocess,sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
            p = Process(t, [sys.executable, "-c", script, Programs.irisx, "api", "sms.list", "--paginate", "--json", "--quiet"],
                        env=env(server, ASAN_OPTIONS="quarantine_size_mb=1:malloc_context_size=0"))
            peaks.append(int(p.expect(OK).out.split()[-1]))
    check(peaks[1] < 1.25 * peaks[0] + 2000, "kB at the most, for 5 and 120 pages:", peaks)


@suite.case("CSV is RFC 4180: quotes, line breaks, nested values as JSON; the same values come back")
def _(t):
    values = ["plain", 'say "hi"', "a,b", "two\r\nlines", "=1+2", " blank ", "", "ü"]
    rows = [{"id": str(i), "body": v, "nested": {"k": [1, "x,y"]}, "none": None, "yes": True, "n": 1.5} for i, v in enumerate(values)]
    with serve({"messages": rows, "pagination": {"page": 1, "limit": 20, "total": len(rows), "pages": 1}}) as server:
        raw = subprocess.run([Programs.irisx, "api", "sms.list", "--csv"], capture_output=True, timeout=60,
                             env=dict(os.environ, IRISX_CONFIG=t.path("c.json"), **env(server))).stdout.decode()
        check(raw.startswith("id,body,nested,none,yes,n\r\n") and raw.endswith("\r\n"), repr(raw[:60]))
        got = list(csv.DictReader(io.StringIO(raw, newline="")))
        check([r["body"] for r in got] == values, got)
        check(json.loads(got[0]["nested"]) == {"k": [1, "x,y"]} and got[0]["none"] == "" and got[0]["yes"] == "true" and got[0]["n"] == "1.5", got[0])


@suite.case("an error names the request, so that others can look for it")
def _(t):
    def answer(*_):
        return response(500, {"error": "Nope"}, headers="X-Request-Id: req-4711\r\n")
    with HttpServer(answer) as server:
        p = t.irisx("calls", "get", "CA1", "--max-tries", "1", env=env(server)).expect(FAILED, "request id: req-4711")
        check("HTTP 500" in p.err, p.err)


@suite.case("output that cannot be written is a failure that is told, whatever was done")
def _(t):
    with serve(page(NAMES)) as server:
        for words in (("calls", "list"), ("calls", "list", "--json"), ("calls", "list", "--paginate", "--csv"), ("api", "--list", "--json"), ("calls", "get", "CA1")):
            done = subprocess.run([Programs.irisx, *words], stdout=open("/dev/full", "w"), stderr=subprocess.PIPE, timeout=60, text=True,
                                  env=dict(os.environ, IRISX_CONFIG=t.path("c.json"), **env(server)))
            check(done.returncode == FAILED and "standard output cannot be written" in done.stderr, words, done.returncode, done.stderr)


@suite.case("a refused credential and a limit say what to do")
def _(t):
    with HttpServer(lambda *_: response(401, {"error": "Invalid API key"})) as server:
        t.irisx("calls", "list", env=env(server)).expect(AUTH, "Invalid API key", "the credential is from: IRISX_API_KEY")
        t.irisx("calls", "list", "--api-key-file", t.secret_file("other-key"), env=env(server)).expect(AUTH, "from: --api-key-file")
        t.irisx("calls", "list", env={"IRISX_API_URL": server.url}).expect(AUTH, "irisx login, IRISX_API_KEY")
    with HttpServer(lambda *_: response(429, {"error": "Too many requests", "retry_after": 120})) as server:
        t.irisx("calls", "list", "--max-tries", "1", env=env(server)).expect(NETWORK, "wants 120 s before the next try")


@suite.case("an answer that is too large for memory goes into a file")
def _(t):
    with serve(bytes(17_000_000), "application/octet-stream") as server:
        p = t.irisx("api", "GET", "/v1/file", "--max-tries", "1", env=env(server))
        check(p.end() != OK and "--output FILE takes answers of any size" in p.err, p.err)
        t.irisx("api", "GET", "/v1/file", "--output", "f", env=env(server)).expect(OK)
        check(os.path.getsize(t.path("f")) == 17_000_000, "size")


@suite.case("an upload tells how far it is")
def _(t):
    files = [p for r in t.irisx("api", "--describe", "voice.stt.transcribe", "--json").expect(OK).json()["parameters"] if r["type"] == "file" for p in [r["name"]]]
    t.write("config.json", json.dumps({"profiles": {"default": {"access_token": "eyJh.eyJpYXQiOjE3OTUxNjYyODgsImV4cCI6NDEwMjQ0NDgwMH0.aaa"}}}))
    os.chmod(t.path("config.json"), 0o600)
    t.write("big.wav", bytes(8_000_000))
    with HttpServer(lambda *_: response(200, {"ok": True})) as server:
        tty = on_terminal(t, "api", "voice.stt.transcribe", files[0] + "=@big.wav", "provider_id=1", env={"IRISX_API_URL": server.url}).end(OK)
        check(re.search(r"sent \d+\.\d MB of 8\.0 MB \(\d+ %\)", tty.raw()), repr(tty.raw()[-300:]))
        check(len(server.seen[-1].body) > 8_000_000, len(server.seen[-1].body))


if __name__ == "__main__":
    arguments("irisx", "sandbox")
    suite.run()
