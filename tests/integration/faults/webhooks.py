#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The webhook receiver against deliveries that are false, too large, of the wrong type, slow, too many, or come when the
disk is full or nobody looks. usage: webhooks.py IRISX QUIET_APP    (TAP on stdout)"""
import hashlib
import hmac
import json
import os
import re
import resource
import socket
import subprocess
import threading
import time

from harness import FAILED, INTERRUPTED, NETWORK, OK, USAGE, Process, Programs, Suite, arguments, check, slow, wait_for
import urllib.parse

suite = Suite()
SECRET = "39fe73a73dfa4b83561207a784d8dfd4c260e3848c8f26e6cb2b60c91d932944"


class Receiver:
    def __init__(self, t, *options, json_lines=True, **more):
        secret = t.secret_file(SECRET)
        self.process = t.irisx("webhooks", "listen", "--secret-file", secret, *(["--json"] if json_lines else []), *options, **more)
        self.at(self.process.line("listening on ", "err"))

    def at(self, line):
        url = urllib.parse.urlparse(re.search(r"https?://\S+", line).group(0))
        self.addr, self.path = (url.hostname, url.port), url.path

    def events(self):
        return [e for e in map(json.loads, filter(None, self.process.out.split("\n"))) if "event" in e]

    def wait(self, condition, what):
        return wait_for(lambda: [e for e in self.events() if condition(e)], what)

    def stop(self):
        self.process.signal(2)
        self.process.expect(INTERRUPTED, seconds=20)


def body_of(event_id, size=0):
    return json.dumps({"data": {"fill": "x" * size}, "event": "call.completed", "event_id": event_id, "timestamp": "2026-11-20T09:28:46.742Z"}).encode()


def signed(body, event_id, age=0, secret=SECRET):
    at = str(int(time.time()) - age)
    return {"Content-Type": "application/json", "X-IRISX-Event": "call.completed", "X-IRISX-Event-ID": event_id, "X-IRISX-Timestamp": at,
            "X-IRISX-Signature": "sha256=" + hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()}


def exchange(addr, data, seconds=45):
    """Sends it and reads to the end of the first answer: (status, text)"""
    with socket.create_connection(addr, timeout=seconds) as s:
        try:
            s.sendall(data)
        except ConnectionError:
            pass  # refused before all was sent: the answer is there
        return read_answer(s)


def read_answer(s):
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            more = s.recv(65536)
            if not more:
                break
            data += more
    except ConnectionError:
        pass
    m = re.match(rb"HTTP/1\.1 (\d+)", data)
    return (int(m.group(1)) if m else 0), data.decode("latin-1")


def post(addr, body, headers, method="POST", path="/hook", length=None):
    head = "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n" % (
        method, path, "".join("%s: %s\r\n" % h for h in headers.items()), len(body) if length is None else length)
    return exchange(addr, head.encode() + body)[0]


def deliver(addr, event_id, size=0, **more):
    body = body_of(event_id, size)
    return post(addr, body, signed(body, event_id, **more))


@suite.case("a good delivery is printed once and acknowledged; repeated it is acknowledged and not printed")
def good(t):
    r = Receiver(t)
    check(deliver(r.addr, "evt_1") == 200 and deliver(r.addr, "evt_1") == 200, "not acknowledged")
    r.wait(lambda e: e.get("error") == "IRISX_E_DUPLICATE", "the repetition")
    check(sum(e["verified"] for e in r.events()) == 1, r.events())
    check(r.addr[0] == "127.0.0.1", "it listens at", r.addr)
    r.stop()


@suite.case("what is known is still known after a new start with the same store")
def restart(t):
    for n, verified in (1, 1), (2, 0):
        r = Receiver(t, "--store", t.path("store.db"))
        check(deliver(r.addr, "evt_kept") == 200, "not acknowledged")
        r.wait(lambda e: True, "an event")
        check(sum(e["verified"] for e in r.events()) == verified, n, r.events())
        r.stop()


@suite.case("false signatures, changed bodies, late and early ones are refused with 401")
def refused(t):
    r = Receiver(t, "--log", "trace")
    body = body_of("evt_2")
    check(deliver(r.addr, "evt_2", secret="another secret") == 401, "another secret")
    check(post(r.addr, body.replace(b"completed", b"forgotten"), signed(body, "evt_2")) == 401, "changed body")
    check(deliver(r.addr, "evt_2", age=301) == 401 and deliver(r.addr, "evt_2", age=-301) == 401, "outside the window")
    check(deliver(r.addr, "evt_2", age=290) == 200, "inside the window")
    r.wait(lambda e: e["verified"], "the good one")
    errors = [e.get("error") for e in r.events()]
    check(errors.count("IRISX_E_SIGNATURE") == 2 and errors.count("IRISX_E_EXPIRED") == 2, errors)
    r.stop()


@suite.case("each missing header, and no body, is refused with 4xx")
def missing(t):
    r = Receiver(t)
    body = body_of("evt_3")
    for name in "X-IRISX-Timestamp", "X-IRISX-Signature":
        headers = signed(body, "evt_3")
        del headers[name]
        check(post(r.addr, body, headers) in (400, 401), name)
    for name, value in ("X-IRISX-Signature", "sha256=zz"), ("X-IRISX-Signature", ""), ("X-IRISX-Timestamp", "soon"), ("X-IRISX-Timestamp", "9" * 40):
        check(post(r.addr, body, {**signed(body, "evt_3"), name: value}) in (400, 401), name, value)
    check(post(r.addr, b"", signed(b"", "evt_3")) in (400, 401), "no body")
    check(post(r.addr, b"not JSON", signed(b"not JSON", "evt_3")) in (400, 401), "no JSON")
    check(not any(e["verified"] for e in r.events()), r.events())
    r.stop()


@suite.case("a wrong content type is refused with 415, a wrong method with 405, a wrong path with 404")
def wrong_type(t):
    r = Receiver(t, "--path", "/hook")
    body = body_of("evt_4")
    for kind in "text/plain", "application/jsonp", "application/x-www-form-urlencoded", "":
        check(post(r.addr, body, {**signed(body, "evt_4"), "Content-Type": kind}) == 415, kind)
    check(post(r.addr, body, {**signed(body, "evt_4"), "Content-Type": "application/json; charset=utf-8"}) == 200, "with charset")
    check(post(r.addr, body, signed(body, "evt_4"), method="PUT") == 405, "PUT")
    check(post(r.addr, body, signed(body, "evt_4"), path="/other") == 404 and post(r.addr, body, signed(body, "evt_4"), path="/hooks") == 404, "path")
    r.stop()


@suite.case("a body over 1 MiB is refused with 413, one below is taken")
def too_large(t):
    r = Receiver(t)
    check(deliver(r.addr, "evt_5", size=1024 * 1024) == 413, "over the limit")
    body = body_of("evt_5")
    check(post(r.addr, body, signed(body, "evt_5"), length=10 ** 12) == 413, "announced")
    check(deliver(r.addr, "evt_6", size=1024 * 1024 - 300) == 200, "below the limit")
    r.wait(lambda e: e["verified"], "the good one")
    r.stop()


@slow.case("senders that are slow with their head or body are cut off, others served meanwhile")
def slow(t):
    r = Receiver(t)
    body = body_of("evt_7")
    slow_head, slow_body = socket.create_connection(r.addr, timeout=60), socket.create_connection(r.addr, timeout=60)
    began = time.monotonic()
    slow_head.sendall(b"POST /hook HTTP/1.1\r\nHost:")
    slow_body.sendall(b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
    check(deliver(r.addr, "evt_7") == 200, "others are not served")
    head, _ = read_answer(slow_head)
    check(head in (0, 408) and 5 < time.monotonic() - began < 25, "head:", head, time.monotonic() - began)
    status, _ = read_answer(slow_body)
    check(status in (0, 408) and 20 < time.monotonic() - began < 45, "body:", status, time.monotonic() - began)
    check(body and deliver(r.addr, "evt_8") == 200, "not served afterwards")
    slow_head.close()
    slow_body.close()
    r.stop()


@suite.case("the 65th connection is refused, the 64 stay, and room comes back")
def too_many(t):
    r = Receiver(t)
    held = [socket.create_connection(r.addr, timeout=20) for _ in range(64)]
    head = b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    for s in held:
        s.sendall(head)
    def refused_one():
        with socket.create_connection(r.addr, timeout=20) as s:
            status, _ = read_answer(s)
            return status in (0, 503)
    check(refused_one(), "the 65th was let in")
    body = body_of("evt_9")
    lines = "".join("%s: %s\r\n" % h for h in signed(body, "evt_9").items() if h[0] != "Content-Type")
    held[5].sendall((lines + "Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body)).encode() + body)
    check(read_answer(held[5])[0] == 200, "one of the 64 was not served")
    held[5].close()
    wait_for(lambda: deliver(r.addr, "evt_10") == 200, "room for another", 20)
    for s in held:
        s.close()
    r.stop()


@suite.case("with a full disk a delivery is refused with 5xx and told; with room again it is taken")
def disk_full(t):
    folder, mounted, limit = t.path("disk"), False, None
    os.mkdir(folder)
    if os.geteuid() == 0:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", folder], capture_output=True).returncode == 0
    if not mounted:
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (256 * 1024, resource.RLIM_INFINITY))  # noqa: E731
    try:
        r = Receiver(t, "--store", os.path.join(folder, "store.db"), prepare=limit)
        check(deliver(r.addr, "evt_small") == 200, "not acknowledged")
        statuses = [deliver(r.addr, "evt_%d" % n, size=60000) for n in range(8)]
        check(set(statuses) <= {200, 503, 507} and statuses[-1] in (503, 507), statuses)
        r.wait(lambda e: e.get("error") in ("IRISX_E_DISK_FULL", "IRISX_E_IO"), "the event that tells it")
        if mounted:
            check(statuses[-1] == 507, statuses)
            subprocess.run(["mount", "-o", "remount,size=16m", folder], check=True)
        else:
            resource.prlimit(r.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        check(deliver(r.addr, "evt_7", size=60000) == 200, "the refused one is not taken when it comes again")
        r.wait(lambda e: e["verified"] and e["body"]["event_id"] == "evt_7", "its event")
        check(sum(e["verified"] for e in r.events()) == 1 + statuses.count(200) + 1, "events for what was acknowledged")
        r.stop()
    finally:
        if mounted:
            for p in t.processes:
                p.stop()
            subprocess.run(["umount", folder], check=True)


@suite.case("an application that never looks: what was acknowledged is there when it does, the rest was asked to come again")
def never_looks(t):
    p = Process(t, [Programs.quiet_app, t.secret_file(SECRET), "50"], stdin=subprocess.PIPE)
    url = urllib.parse.urlparse(p.line("listening on ", "out").split()[-1])
    addr, statuses, lock = (url.hostname, url.port), [], threading.Lock()
    def sender(k):
        for n in range(30):
            status = deliver(addr, "evt_%d_%d" % (k, n))
            with lock:
                statuses.append(status)
    threads = [threading.Thread(target=sender, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(set(statuses) == {200, 503}, set(statuses))
    check(all(deliver(addr, "evt_false_%d" % n, secret="false") in (401, 503) for n in range(30)), "false ones")
    p.child.stdin.write(b"look\n")
    p.child.stdin.flush()
    found = json.loads(p.line(r"^\{", "out"))
    check(found["webhooks"] == statuses.count(200), found, "but acknowledged", statuses.count(200))
    check(deliver(addr, "evt_after") == 200, "it does not recover")
    p.child.stdin.close()
    p.expect(OK)


@suite.case("a port that is taken, an address that is none, and a certificate that is none are told")
def cannot_listen(t):
    secret = t.secret_file(SECRET)
    with socket.create_server(("127.0.0.1", 0)) as s:
        t.irisx("webhooks", "listen", "--secret-file", secret, "--listen", "127.0.0.1:%d" % s.getsockname()[1], "--json").expect(
            FAILED, "port free")
    t.irisx("webhooks", "listen", "--secret-file", secret, "--listen", "here", "--json").expect(USAGE, "HOST:PORT")
    t.irisx("webhooks", "listen", "--secret-file", t.path("none")).expect(USAGE, "secret-file")
    cert = t.write("cert.pem", "nothing")
    p = t.irisx("webhooks", "listen", "--secret-file", secret, "--tls-cert", cert, "--tls-key", cert, "--json")
    check(p.end() in (FAILED, NETWORK), p.text())
    p = t.irisx("webhooks", "listen", "--secret-file", secret, "--store", "/nonexistent/store.db", "--json")
    check(p.end() != OK and "store" in p.error()["message"], p.text())


@suite.case("webhooks verify says yes to the contract's vector, and no with a reason to everything else")
def verify(t):
    body = (b'{"data":{"test":true,"message":"This is a test webhook delivery"},"event":"call.completed","event_id":"test_1795166926742",'
            b'"timestamp":"2026-11-20T09:28:46.742Z"}')
    head = ("X-IRISX-Event: call.completed\nX-IRISX-Event-ID: test_1795166926742\nX-IRISX-Timestamp: 1795166926\n"
            "X-IRISX-Signature: sha256=4d95de74401f9e40b212a6e056b46019f4f8710181967a8f48be8a868ae7420c\n")
    secret = t.secret_file(SECRET)
    def run(body, head, *more):
        return t.irisx("webhooks", "verify", "--secret-file", secret, "--headers-file", t.write("head", head), "--body-file", t.write("body", body),
                       "--json", *more)
    p = run(body, head, "--now", "1795166930").expect(OK)
    check(p.json()["event_id"] == "test_1795166926742", p.out)
    check(run(body + b" ", head, "--now", "1795166930").expect(FAILED, "does not match").error()["code"] == "IRISX_E_SIGNATURE", "changed")
    check(run(body, head, "--now", "1795167500").expect(FAILED, "--window").error()["code"] == "IRISX_E_EXPIRED", "late")
    run(body, head, "--now", "yesterday").expect(USAGE, "--now")
    run(body, head, "--scheme", "Z").expect(USAGE, "--scheme")
    p = run(body, "", "--now", "1795166930")
    check(p.end() == FAILED and p.error()["message"], p.text())


if __name__ == "__main__":
    arguments("irisx", "quiet_app")
    suite.run(5)
