#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""irisx-sandbox from outside: its one line, its options, its end. usage: process.py BINARY"""
import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import traceback

BINARY = sys.argv[1]
WAIT_S = 60


class Sandbox:
    def __init__(self, *options, **popen):
        self.process = subprocess.Popen([BINARY, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        **{"stdin": subprocess.DEVNULL, **popen})
        line = self.process.stdout.readline()
        self.ready = json.loads(line) if line else None

    def end(self, sig=signal.SIGTERM):
        """Exit status; what was said on stderr; what else was on stdout."""
        if sig:
            self.process.send_signal(sig)
        out, err = self.process.communicate(timeout=WAIT_S)
        return self.process.returncode, err, out


def refused(*options):
    done = subprocess.run([BINARY, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=WAIT_S)
    assert done.stdout == "", done.stdout
    said = [line for line in done.stderr.splitlines() if line.startswith("irisx-sandbox: ")]
    assert len(said) == 1, done.stderr  # beside the log
    return done.returncode, said[0]


def the_ready_line_tells_all_there_is_to_know():
    box = Sandbox()
    r = box.ready
    assert r["ready"] is True and r["realm"] == "sandbox.irisx.test"
    assert r["api_url"].startswith("http://127.0.0.1:") and r["ws_url"] == r["api_url"].replace("http", "ws") + "/ws"
    assert r["user"]["email"] == "admin@sandbox.test" and len(r["user"]["password"]) >= 16
    assert r["api_key"].startswith("irisx_live_") and len(r["api_key"]) == 75
    assert [a["extension"] for a in r["agents"]] == [str(n) for n in range(1000, 1010)]
    assert len({a["password"] for a in r["agents"]}) == 10
    assert r["numbers"]["echo"] == "9196" and r["numbers"]["person"] == "+12025550123"
    status, err, out = box.end()
    assert (status, err, out) == (0, "", ""), (status, err, out)


def it_answers_http():
    box = Sandbox()
    host = box.ready["api_url"].split("//")[1]
    connection = http.client.HTTPConnection(host, timeout=WAIT_S)
    connection.request("GET", "/health")
    assert connection.getresponse().status == 200
    connection.close()
    assert box.end()[0] == 0


def sigint_ends_it_with_130_as_every_command():
    assert Sandbox().end(signal.SIGINT)[0] == 130


def the_end_of_stdin_ends_it():
    box = Sandbox("--exit-with-stdin", stdin=subprocess.PIPE)
    box.process.stdin.close()
    box.process.stdin = None
    assert box.end(None)[0] == 0


def one_seed_gives_the_same_credentials_and_another_others():
    boxes = [Sandbox("--seed", seed) for seed in ("7", "7", "8")]
    secrets = [(b.ready["user"], b.ready["api_key"], b.ready["agents"]) for b in boxes]
    for box in boxes:
        box.end()
    assert secrets[0] == secrets[1] and secrets[0] != secrets[2]


def a_state_file_keeps_its_credentials():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "state.db")
        first = Sandbox("--state", path)
        first.end()
        assert os.stat(path).st_mode & 0o077 == 0
        second = Sandbox("--state", path)
        second.end()
        assert first.ready["agents"] == second.ready["agents"] and first.ready["api_key"] == second.ready["api_key"]


def a_file_of_somebody_else_is_not_touched():
    with tempfile.TemporaryDirectory() as folder:
        text = os.path.join(folder, "letter.txt")
        with open(text, "w") as f:
            f.write("dear all, this is no database\n" * 50)
        status, why = refused("--state", text)
        assert status == 1 and "--state" in why, why
        other = os.path.join(folder, "other.db")
        with sqlite3.connect(other) as db:
            db.execute("CREATE TABLE songs(title TEXT)")
        status, why = refused("--state", other)
        assert status == 1 and "--state" in why, why
        with sqlite3.connect(other) as db:
            assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("songs",)]


def bad_options_are_2_with_one_line():
    for options in (["--port", "70000"], ["--seed", "x"], ["--listen", "nowhere"], ["--fault", "gremlins"],
                    ["--fault", "drop-ws-after=0"], ["--fault", "drop-ws-after"], ["--as", "imagined"],
                    ["--log", "loud"], ["--state", ""], ["surplus"], ["--tls-cert", "a.pem"],
                    ["--listen", "0.0.0.0"], ["--nonsense"]):
        status, why = refused(*options)
        assert status == 2, (options, status, why)


def a_port_that_is_taken_is_told():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        status, why = refused("--port", str(s.getsockname()[1]))
    assert status == 1 and "--port" in why, why


def a_certificate_that_is_none_is_told():
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as f:
        f.write("not a certificate\n")
        f.flush()
        done = subprocess.run([BINARY, "--tls-cert", f.name, "--tls-key", f.name], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=WAIT_S)
    assert done.returncode == 1 and "--tls-cert" in done.stderr and done.stdout == "", done.stderr


def with_a_certificate_it_serves_https_and_wss():
    with tempfile.TemporaryDirectory() as folder:
        cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                        "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        box = Sandbox("--tls-cert", cert, "--tls-key", key)
        assert box.ready["api_url"].startswith("https://") and box.ready["ws_url"].startswith("wss://")
        import ssl
        context = ssl.create_default_context(cafile=cert)
        connection = http.client.HTTPSConnection(box.ready["api_url"].split("//")[1], timeout=WAIT_S, context=context)
        connection.request("GET", "/health")
        assert connection.getresponse().status == 200
        connection.close()
        assert box.end()[0] == 0


def version_and_help_go_to_stdout():
    for option in ("--version", "--help"):
        done = subprocess.run([BINARY, option], capture_output=True, text=True, timeout=WAIT_S)
        assert done.returncode == 0 and done.stdout and not done.stderr


def main():
    tests = [f for name, f in list(globals().items()) if callable(f) and f.__module__ == "__main__"
             and name not in ("main", "refused", "Sandbox")]
    print("1..%d" % len(tests))
    failed = 0
    for test in tests:
        try:
            test()
            print("ok", test.__name__, flush=True)
        except Exception:
            failed += 1
            print("not ok", test.__name__, flush=True)
            print("# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
