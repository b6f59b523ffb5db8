#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""irisx line against the sandbox: registrations, texts both ways, busy lamps, presence, summaries, pickup and park,
fail-over, a proxy with a password, half-dead connections, the network that is back. usage: line.py IRISX SANDBOX"""
import base64
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
from harness import AUTH, INTERRUPTED, OK, USAGE, Suite, arguments, check, wait_for  # noqa: E402
from httpserver import HttpServer, response, token  # noqa: E402

suite = Suite()


class Line:
    """irisx line --json: its events, its commands."""

    def __init__(self, t, sandbox, extension, *more, ws=None, **kw):
        options = t.account(sandbox, extension)
        if ws:
            options[options.index("--ws") + 1] = ws
        self.p = t.irisx("line", *options, "--json", *more, stdin=subprocess.PIPE, **kw)

    @property
    def events(self):
        return [json.loads(line) for line in self.p.out.splitlines() if line.startswith("{")]

    def say(self, text):
        self.p.child.stdin.write((text + "\n").encode())
        self.p.child.stdin.flush()

    def saw(self, seconds=20, since=0, wanted=lambda value: True, **members):
        def there():
            return next((e for e in self.events[since:]
                         if all(e.get(k) == v for k, v in members.items()) and wanted(e.get("value") or {})), None)
        try:
            return wait_for(there, "event %s" % members, seconds)
        except Exception:
            raise AssertionError("no event %s in %s %s" % (members, self.events[since:], self.p.err))

    def ready(self, times=1, seconds=20):
        wait_for(lambda: sum(e["event"] == "line" and e["state"] == "ready" for e in self.events) >= times,
                 "line ready %d times" % times, seconds)

    def end(self):
        self.say("quit")
        self.p.expect(OK)


class Proxy:
    """HTTP CONNECT with a password; can be cut, or go deaf in one direction."""

    def __init__(self, user=None):
        self.wanted = user and "basic " + base64.b64encode(user.encode()).decode()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.asked, self.sockets, self.up, self.mute_up = [], [], True, False
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(client,), daemon=True).start()

    def one(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(4096)
            if not piece:
                return
            head += piece
        lines = head.decode().split("\r\n")
        self.asked.append(lines[0])
        auth = next((l.split(":", 1)[1].strip() for l in lines if l.lower().startswith("proxy-authorization:")), None)
        if self.wanted and (auth or "").lower() != self.wanted.lower():
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            client.close()
            return
        if not self.up:
            client.close()
            return
        host, port = lines[0].split()[1].rsplit(":", 1)
        server = socket.create_connection((host, int(port)))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        pair = (client, server)
        self.sockets += pair
        while True:
            for s in select.select(pair, [], [], 1)[0]:
                try:
                    data = s.recv(65536)
                except OSError:
                    data = b""
                if not data:
                    for x in pair:
                        x.close()
                    return
                if s is client and self.mute_up:
                    continue  # what the phone says is lost; what the server says arrives
                (server if s is client else client).sendall(data)

    def cut(self):
        self.up = False
        for s in self.sockets:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.sockets = []


@suite.case("texts go both ways; who is not there gets them later, and the summary says so")
def _(t):
    sandbox = t.sandbox()
    a = Line(t, sandbox, "1000", "--watch", "message-summary")
    b = Line(t, sandbox, "1001")
    a.ready(), b.ready()
    a.say("message 1001 Grüße an alle")
    check(b.saw(event="message")["value"]["body"] == "Grüße an alle", b.events)
    check(a.saw(event="done", command="message", to="1001")["value"]["status"] == 200, a.events)
    b.say("message 1000 back")
    check("1001" in a.saw(event="message")["value"]["from"], a.events)
    a.say("message 1002 later")
    check(a.saw(event="done", to="1002")["value"]["status"] == 202, a.events)
    a.say("message 1777 nobody")
    check(a.saw(event="done", to="1777")["error"]["code"] == "IRISX_E_NOT_FOUND", a.events)
    c = Line(t, sandbox, "1002", "--watch", "message-summary")
    check(c.saw(event="message")["value"]["body"] == "later", c.events)
    c.saw(event="watch", wanted=lambda v: v.get("waiting") is False)
    a.say("ping")
    check(a.saw(event="done", command="ping")["value"]["rtt_ms"] > 0, a.events)
    for line in (a, b, c):
        line.end()
    sandbox.line("agent 1000 registers: 200")


@suite.case("busy lamps and presence follow what happens: rings, talks, free; there, on the phone, gone")
def _(t):
    sandbox = t.sandbox()
    watcher = Line(t, sandbox, "1005", "--watch", "dialog:1001", "--watch", "presence:1001")
    lamp = lambda state: watcher.saw(  # noqa: E731
        package="dialog", wanted=lambda v: [d["state"] for d in v.get("dialogs", [])] == [state])
    watcher.saw(package="dialog", wanted=lambda v: v.get("dialogs") == [])
    watcher.saw(package="presence", wanted=lambda v: v.get("open") is False)
    callee = t.irisx("call", "--answer", *t.account(sandbox, "1001"), "--duration", "3")
    watcher.saw(package="presence", wanted=lambda v: v.get("open") is True)
    caller = t.irisx("call", "1001", *t.account(sandbox, "1000"))
    lamp("confirmed")
    shown = next(e for e in watcher.events if (e.get("value") or {}).get("dialogs"))["value"]["dialogs"][0]
    check(shown["direction"] == "in" and shown["remote"].startswith("sip:1000@"), shown)
    watcher.saw(package="presence", wanted=lambda v: v.get("note") == "On The Phone")
    callee.expect(OK)
    caller.expect(OK)
    at = len(watcher.events) - 1
    watcher.saw(package="dialog", since=max(0, at - 4), wanted=lambda v: v.get("dialogs") == [])
    watcher.saw(package="presence", since=max(0, at - 4), wanted=lambda v: v.get("open") is False)
    watcher.end()


@suite.case("pickup: **EXTENSION takes the call that rings there, and nothing where nothing rings")
def _(t):
    sandbox = t.sandbox()
    ringing = Line(t, sandbox, "1001")  # takes no calls: its phone rings on
    ringing.ready()
    watcher = Line(t, sandbox, "1005", "--watch", "dialog:1001")
    t.irisx("call", "**1001", *t.account(sandbox, "1002"), "--duration", "1").expect(4)
    caller = t.irisx("call", "1001", *t.account(sandbox, "1000"), "--duration", "2", "--json")
    watcher.saw(package="dialog", wanted=lambda v: v.get("dialogs"))
    picked = t.irisx("call", "**1001", *t.account(sandbox, "1002"), "--json")
    check(caller.expect(OK).json()["call"]["packets_received"] > 20, "the caller hears the one who picked up")
    check(picked.expect(OK).json()["call"]["packets_received"] > 20, "and is heard")
    for line in (ringing, watcher):
        line.end()


@suite.case("several servers: the next one at once; the preferred one of the list comes first")
def _(t):
    sandbox = t.sandbox()
    nobody = socket.socket()
    nobody.bind(("127.0.0.1", 0))  # not listening: refused
    line = Line(t, sandbox, "1000", "--servers", "ws://127.0.0.1:1/ws," + sandbox.ws,
                ws="ws://127.0.0.1:%d/ws" % nobody.getsockname()[1])
    line.ready(seconds=10)
    line.end()


@suite.case("through a proxy with a password; a wrong one is told in words, and never shown")
def _(t):
    sandbox = t.sandbox()
    proxy = Proxy("kiosk:s3cret-pw")
    t.secrets.append("s3cret-pw")
    env = {"IRISX_WS_PROXY": "http://kiosk:s3cret-pw@127.0.0.1:%d" % proxy.port}
    line = Line(t, sandbox, "1000", env=env)
    line.ready()
    check(proxy.asked and proxy.asked[0].startswith("CONNECT 127.0.0.1:"), proxy.asked)
    line.end()
    wrong = Line(t, sandbox, "1000", env={"IRISX_WS_PROXY": "http://kiosk:no@127.0.0.1:%d" % proxy.port})
    told = wrong.saw(event="line", state="connecting", wanted=lambda v: True, since=1)
    check("proxy 127.0.0.1 opens no way" in told["error"]["message"], told)
    wrong.end()
    t.irisx("line", *t.account(sandbox), "--proxy", "http://u:p@h:1").expect(USAGE, "IRISX_WS_PROXY")


@suite.case("a connection on which nothing of ours arrives is found within 15 s, whatever the server says")
def _(t):
    sandbox = t.sandbox()
    proxy = Proxy()
    line = Line(t, sandbox, "1000", "--watch", "dialog:1001", env={"IRISX_WS_PROXY": "http://127.0.0.1:%d" % proxy.port})
    line.ready()
    line.saw(package="dialog", wanted=lambda v: "dialogs" in v)
    proxy.mute_up = True
    since = time.monotonic()
    told = line.saw(seconds=16, event="line", state="connecting", since=3)
    check(time.monotonic() - since < 15, "found after", time.monotonic() - since)
    check("stopped answering" in told["error"]["message"], told)
    proxy.mute_up = False
    line.ready(2)
    line.end()


@suite.case("a password that the platform has changed is fetched again, once; one that it has not is the end")
def _(t):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    sandbox = t.sandbox("--port", str(port), seed=1)
    known = {"password": sandbox.passwords["1000"]}
    t.secrets += sandbox.secrets

    def answer(_sock, _request):
        return response(200, {
            "extensions": [{"extension": "1000", "name": "A", "sip_password": known["password"]}],
            "sipConfig": {"realm": sandbox.realm, "websocketUrl": "ws://127.0.0.1:%d/ws" % port, "stunServers": []}})

    with HttpServer(answer) as api:
        config = t.write("config.json", json.dumps({"profiles": {"default": {
            "api_url": api.url, "access_token": token(1, int(time.time()))}}}))
        os.chmod(config, 0o600)
        line = t.irisx("line", "--extension", "1000", "--json", stdin=subprocess.PIPE)
        line.line('"state":"ready"')
        fetched = len(api.seen)
        sandbox.close()
        sandbox = t.sandbox("--port", str(port), seed=2)  # other passwords
        known["password"] = sandbox.passwords["1000"]
        t.secrets += sandbox.secrets
        wait_for(lambda: line.count('"state":"ready"') == 2, "ready with the new password", 30)
        check(len(api.seen) == fetched + 1, "asked", len(api.seen) - fetched, "times")
        sandbox.close()
        t.sandbox("--port", str(port), seed=3)
        line.expect(AUTH, "wrong user or password")
        check(len(api.seen) == fetched + 2, "asked", len(api.seen) - fetched, "times")


@suite.case("SIGINT unregisters")
def _(t):
    sandbox = t.sandbox()
    watcher = Line(t, sandbox, "1005", "--watch", "presence:1000")
    line = Line(t, sandbox, "1000")
    line.ready()
    watcher.saw(package="presence", wanted=lambda v: v.get("open") is True)
    line.p.signal(2)
    line.p.expect(INTERRUPTED)
    n = len(watcher.events)
    watcher.saw(package="presence", since=max(0, n - 2), wanted=lambda v: v.get("open") is False)
    watcher.end()


if __name__ == "__main__":
    arguments("irisx", "sandbox")
    suite.run()
