#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The server refuses, is not there, goes away, comes back, stays silent or shows the wrong certificate: what `irisx call`
says and does. usage: server.py IRISX SANDBOX    (TAP on stdout)"""
import socket

from harness import AUTH, FAILED, NETWORK, NOT_FOUND, OK, Suite, arguments, check, slow

suite = Suite()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@suite.case("a wrong password is told as one, with status 3")
def wrong_password(t):
    sb = suite.sandbox()
    wrong = t.secret_file("swordfish-not-it")
    p = t.irisx("call", "9196", "--ws", sb.ws, "--realm", sb.realm, "--user", "1000", "--password-file", wrong, "--json")
    p.expect(AUTH, "wrong user or password: 1000 at")
    check(p.error()["code"] == "IRISX_E_AUTH" and p.error()["status"] == 403, p.error())


@suite.case("a user the server does not know is told so")
def unknown_user(t):
    sb = suite.sandbox()
    p = t.irisx("call", "9196", "--ws", sb.ws, "--realm", sb.realm, "--user", "nobody", "--password-file", t.secret_file("swordfish"))
    p.expect(AUTH, "nobody at")


@suite.case("a number that does not exist ends with 404 and status 4")
def unknown_number(t):
    for number in "9404", "77777":
        p = t.call(suite.sandbox(), number, "--json")
        p.expect(NOT_FOUND, "does not exist: check it")
        check(p.error()["status"] == 404, p.error())


@suite.case("an extension nobody is registered at is told as not available")
def absent_extension(t):
    p = t.call(suite.sandbox(), "1009", "--json")
    p.expect(FAILED)
    check(p.error()["code"] in ("IRISX_E_UNREACHABLE", "IRISX_E_NOT_FOUND"), p.error())


@suite.case("a server that is not there is named, with status 5")
def not_there(t):
    port = free_port()
    p = t.irisx("call", "9196", "--ws", "ws://127.0.0.1:%d/ws" % port, "--user", "1000", "--password-file", t.secret_file("sesame-open"),
                "--json")
    p.expect(NETWORK, "127.0.0.1:%d" % port)
    check(p.error()["code"] == "IRISX_E_NETWORK", p.error())


@suite.case("a name that does not resolve is a DNS error, with status 5")
def no_such_name(t):
    p = t.irisx("call", "9196", "--ws", "ws://no-such-host.invalid/ws", "--user", "1000", "--password-file", t.secret_file("sesame-open"),
                "--json")
    p.expect(NETWORK, "no-such-host.invalid")
    check(p.error()["code"] == "IRISX_E_DNS", p.error())


@suite.case("a port where no WebSocket is spoken is told so")
def not_a_websocket(t):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        p = t.irisx("call", "9196", "--ws", "ws://127.0.0.1:%d/" % s.getsockname()[1], "--user", "1000", "--json")
        c, _ = s.accept()
        with c:
            c.recv(4096)
            c.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        p.expect(NETWORK, "before the WebSocket was open", seconds=30)


@suite.case("a connection that is dropped in a call is made again, the call goes on and is hung up")
def dropped(t):
    sb = t.sandbox("--fault", "drop-ws-after=2.5")  # and again 2.5 s after it is back: behind the end of the call
    p = t.call(sb, "9197", "--duration", "4", "--json", "--record", t.path("heard.wav"))
    p.line("call 1: active")
    p.line("line .*: connecting: ", start=p.at)
    p.line("line .*: ready", start=p.at)
    p.expect(OK)
    call = p.json()["call"]
    check(call["duration_ms"] > 3500 and call["packets_received"] > 150, "the sound stopped:", call)
    sb.line("9197: completed", seconds=10)


@suite.case("a server that dies in a call is told and the call ends in bounded time")
def killed(t):
    sb = t.sandbox()
    p = t.call(sb, "9197", "--duration", "5", "--json")
    p.line("call 1: active")
    sb.process.child.kill()
    p.line("line .*: connecting: ")
    status = p.end(30)
    check(status in (OK, FAILED, NETWORK), "status", status)
    check(status == OK or p.error()["message"], p.text())


@suite.case("a server that comes back finds the line registered again and a call can be taken")
def comes_back(t):
    port, state = free_port(), t.path("state.db")
    first = t.sandbox("--port", str(port), "--state", state)
    p = t.answer(first, "1001", "--duration", "1", "--json")
    first.process.child.kill()
    p.line("line .*: connecting: ")
    first.process.child.wait()
    second = t.sandbox("--port", str(port), "--state", state)
    check(second.passwords == first.passwords, "the state was not kept")
    second.line("agent 1001 registers: 200")
    t.call(second, "1001", "--duration", "3").expect(OK)
    p.expect(OK)
    check(second.close() == 0, "the platform did not end in peace")


@suite.case("a peer that never answers is given up after the ring time")
def never_answers(t):
    sb = t.sandbox("--fault", "no-answer")
    p = t.call(sb, "9196", "--ring-timeout", "1", "--json")
    p.expect(FAILED, seconds=15)
    check(p.error()["code"] in ("IRISX_E_NO_ANSWER", "IRISX_E_TIMEOUT"), p.error())


@slow.case("a peer that answers nothing at all is given up when timer B ends, after 32 s")
def timer_b(t):
    sb = t.sandbox("--fault", "no-answer")
    p = t.call(sb, "9196", "--json")
    p.end(45)
    check(p.error()["code"] in ("IRISX_E_NO_ANSWER", "IRISX_E_TIMEOUT"), p.error())


@suite.case("a certificate other than the announced one ends the call before any sound")
def bad_fingerprint(t):
    sb = t.sandbox("--fault", "bad-fingerprint")
    p = t.call(sb, "9197", "--duration", "3", "--record", t.path("heard.wav"), "--json")
    p.expect(FAILED, "certificate")
    check(p.error()["code"] == "IRISX_E_FINGERPRINT", p.error())
    check(not p.count("active"), "the call became active")
    check(sb.close() == 0, "the platform did not end in peace")


@suite.case("a description without a fingerprint is refused: no sound without encryption")
def no_fingerprint(t):
    sb = t.sandbox("--fault", "sdp-without-fingerprint")
    p = t.call(sb, "9197", "--duration", "3", "--json")
    p.expect(FAILED, "(?i)fingerprint|encrypt|DTLS")
    check(p.error()["code"] != "IRISX_E_INTERNAL", p.error())
    check(not p.count("active"), "the call became active")
    check(sb.close() == 0, "the platform did not end in peace")


if __name__ == "__main__":
    arguments("irisx", "sandbox")
    suite.run(5)
