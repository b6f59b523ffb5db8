# SPDX-License-Identifier: MIT
"""irisx-sandbox under test: start it, ask it, hold its answers against the contract. Nothing sleeps for a fixed time."""
import hashlib
import hmac
import http.client
import http.server
import json
import os
import re
import select
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

LIMIT = 30  # seconds for anything to become true, on a loaded machine under sanitizers
BINARY, SHAPE = sys.argv[1:3]
ISO = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


def until(what, probe):
    """The first true thing probe() gives."""
    end = time.monotonic() + LIMIT
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError("not in %d s: %s" % (LIMIT, what))
        time.sleep(0.01)


class Shape:
    """api_shape as a child: one line in, one line out."""

    def __init__(self):
        self.child = subprocess.Popen([SHAPE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def check(self, operation, body):
        self.child.stdin.write("%s %s\n" % (operation, json.dumps(body)))
        self.child.stdin.flush()
        return self.child.stdout.readline().strip()

    def close(self):
        self.child.stdin.close()
        self.child.stdout.close()
        self.child.wait(LIMIT)


class Answer:
    def __init__(self, status, headers, raw):
        self.status, self.headers, self.raw = status, headers, raw
        self.json = json.loads(raw) if raw else None


class Sandbox:
    def __init__(self, *arguments):
        self.shape = Shape()
        self.log = tempfile.TemporaryFile("a+b")  # appended to by the child, wherever we read
        self.child = subprocess.Popen([BINARY, "--exit-with-stdin", *arguments], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=self.log)
        ready, _, _ = select.select([self.child.stdout], [], [], LIMIT)
        line = self.child.stdout.readline() if ready else b""
        if not line:
            self.child.kill()
            raise AssertionError("irisx-sandbox is not ready: " + self.errors())
        self.ready = json.loads(line)
        self.host = urllib.parse.urlsplit(self.ready["api_url"]).netloc
        self.key = self.ready["api_key"]
        self.token = None

    def errors(self):
        self.log.seek(0)
        return self.log.read().decode("utf-8", "replace")

    def stop(self):
        self.shape.close()
        self.child.stdin.close()
        self.child.stdout.close()
        status = self.child.wait(LIMIT)
        said = self.errors()
        self.log.close()
        if status or "Sanitizer" in said or "runtime error" in said:
            raise AssertionError("irisx-sandbox ended with %d:\n%s" % (status, said))

    def ask(self, method, path, body=None, op=None, headers=None):
        """One request; with op a success is held against the operation's result."""
        connection = http.client.HTTPConnection(self.host, timeout=LIMIT)
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            connection.request(method, path, data, headers or {})
            reply = connection.getresponse()
            answer = Answer(reply.status, reply.headers, reply.read())
        finally:
            connection.close()
        if op:
            assert answer.status in (200, 201), "%s %s: %d %s" % (method, path, answer.status, answer.raw)
            assert answer.headers["Content-Type"] == "application/json"
            said = self.shape.check(op, answer.json)
            assert said == "ok", "%s: %s\n%s" % (op, said, answer.raw)
        return answer

    def login(self):
        """Logs in once; what with_token() sends."""
        answer = self.ask("POST", "/v1/auth/login", self.ready["user"], op="auth.login")
        self.token = answer.json["data"]["tokens"]["access_token"]
        return answer

    def with_token(self, method, path, body=None, op=None):
        if not self.token:
            self.login()
        return self.ask(method, path, body, op, {"Authorization": "Bearer " + self.token})

    def with_key(self, method, path, body=None, op=None, headers=None):
        return self.ask(method, path, body, op, {"X-API-Key": self.key, **(headers or {})})


class Case(unittest.TestCase):
    """One sandbox a class."""
    arguments = ()

    @classmethod
    def setUpClass(cls):
        cls.box = Sandbox(*cls.arguments)

    @classmethod
    def tearDownClass(cls):
        cls.box.stop()

    def refused(self, answer, status, body):
        """Exactly that error."""
        self.assertEqual((answer.status, answer.json), (status, body))


class Delivery:
    def __init__(self, path, headers, body):
        self.at, self.path, self.headers, self.raw = time.monotonic(), path, headers, body
        self.json = json.loads(body)
        self.event = self.json["event"]

    def signed_with(self, secret):
        """Scheme A, computed here."""
        text = self.headers["X-IRISX-Timestamp"].encode() + b"." + self.raw
        digest = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
        return hmac.compare_digest(self.headers["X-IRISX-Signature"], "sha256=" + digest)


class Receiver:
    """Takes deliveries; answer(n, delivery) gives the status of the n-th (from 0), or None to leave without one."""

    def __init__(self, answer=lambda n, delivery: 200, port=0):
        self.got, self.lock, self.answer = [], threading.Lock(), answer
        self.closing = threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                delivery = Delivery(self.path, self.headers, body)
                with receiver.lock:
                    number = len(receiver.got)
                    receiver.got.append(delivery)
                status = receiver.answer(number, delivery)
                if status is None:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", "0")
                if status in (301, 302):
                    self.send_header("Location", receiver.url + "/elsewhere")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = "http://127.0.0.1:%d" % self.port
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def events(self, name=None):
        with self.lock:
            return [d for d in self.got if name in (None, d.event)]

    def wait(self, count, name=None):
        return until("%d deliveries of %s, there are %s" % (count, name or "anything", [d.event for d in self.got]),
                     lambda: len(self.events(name)) >= count and self.events(name))

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(LIMIT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def main():
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:])
