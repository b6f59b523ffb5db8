#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SIGINT in each command at each stage: calls are hung up, registrations removed, the status is 130, and nothing is left.
usage: interrupt.py IRISX SANDBOX    (TAP on stdout)"""
import json
import os
import pty
import re
import signal
import subprocess
import termios
import time

from harness import INTERRUPTED, OK, Process, Programs, Suite, arguments, check, wait_for
from httpserver import HttpServer, response
from sipserver import CONTACT, SipServer, answer

suite = Suite()


def interrupted(p, seconds=12, number=signal.SIGINT):
    began = time.monotonic()
    p.signal(number)
    p.expect(INTERRUPTED, seconds=30)
    check(time.monotonic() - began < seconds, "it took", time.monotonic() - began, "s")
    return p


def unregistered(server):
    """The last REGISTER gives the binding up"""
    last = [q for q in server.seen if q.method == "REGISTER"][-1]
    check(re.search(r"(?i)expires *[:=] *0\b", "\n".join(last.lines)), "the registration was not removed:", last.lines)


@suite.case("call, before the server answers: the connection is given up")
def connecting(t):
    with SipServer(REGISTER=lambda c, q: None) as server:
        p = t.irisx("call", "555", "--ws", server.url, "--user", "1000")
        server.wait("REGISTER")
        interrupted(p)


@suite.case("call, while it rings: CANCEL goes out and the registration is removed")
def ringing(t):
    def cancel(c, q):
        c.send(answer(q, 200, "OK"))
        c.send(answer(next(i for i in server.seen if i.method == "INVITE"), 487, "Request Terminated"))
    with SipServer(INVITE=lambda c, q: c.send(answer(q, 180, "Ringing", CONTACT)), CANCEL=cancel) as server:
        p = t.irisx("call", "555", "--ws", server.url, "--user", "1000")
        p.line("call 1: ringing")
        interrupted(p)
        check(server.count("CANCEL") == 1 and server.count("BYE") == 0, [q.first for q in server.seen])
        unregistered(server)


@suite.case("call, while the platform rings for ever: the platform sees the end")
def ringing_platform(t):
    sb = t.sandbox()
    p = t.call(sb, "9408")
    p.line("call 1: ringing")
    interrupted(p)
    sb.line("9408: (canceled|cancelled|failed|no-answer|completed)", seconds=10)
    check(sb.process.count("agent 1000 registers: 200") == 2, "the registration was not removed")
    check(sb.close() == 0, "the platform did not end in peace")


@suite.case("call, while talking: BYE goes out, files are whole, the registration is removed")
def talking(t):
    sb = t.sandbox()
    p = t.call(sb, "9197", "--record", t.path("heard.wav"), "--capture", t.path("c.pcapng"), "--json")
    p.line("call 1: active")
    wait_for(lambda: os.path.exists(t.path("heard.wav")) and os.path.getsize(t.path("heard.wav")) > 10000, "some sound")
    interrupted(p)
    sb.line("9197: completed", seconds=10)
    check(sb.process.count("agent 1000 registers: 200") == 2, "the registration was not removed")
    size = os.path.getsize(t.path("heard.wav"))
    with open(t.path("heard.wav"), "rb") as f:
        head = f.read(44)
    check(int.from_bytes(head[40:44], "little") == size - 44, "the header says", int.from_bytes(head[40:44], "little"), "of", size)
    check(json.load(open(t.path("c.pcapng.call-1.json")))["events"][-1]["event"] == "ended", "the timeline has no end")
    check(sb.close() == 0, "the platform did not end in peace")


@suite.case("call --answer, while waiting, and while talking: the caller sees the end")
def answering(t):
    sb = t.sandbox()
    p = t.answer(sb, "1001")
    interrupted(p)
    check(sb.process.count("agent 1001 registers: 200") == 2, "the registration was not removed")
    p = t.answer(sb, "1002")
    caller = t.call(sb, "1002", "--json")
    p.line("call 1: active")
    caller.line("call 1: active")
    interrupted(p)
    caller.expect(OK)
    check(caller.json()["call"]["ended_by_peer"], caller.out)
    check(sb.close() == 0, "the platform did not end in peace")


@suite.case("SIGTERM is as good as SIGINT, and two of them end at once")
def others(t):
    sb = suite.sandbox()
    p = t.call(sb, "9197", extension="1003")
    p.line("call 1: active")
    interrupted(p, number=signal.SIGTERM)
    with SipServer(BYE=lambda c, q: None) as server:  # whose answer to the farewell would be waited for
        p = t.irisx("call", "--answer", "--ws", server.url, "--user", "1000")
        p.line("waits for a call")
        server.handlers["REGISTER"] = lambda c, q: None
        p.signal(signal.SIGINT)
        server.wait("REGISTER", 2)
        p.signal(signal.SIGINT)
        check(p.end(10) == INTERRUPTED, p.text())


@suite.case("a farewell that nobody answers is waited for no longer than a few seconds")
def no_farewell(t):
    with SipServer() as server:
        p = t.irisx("call", "--answer", "--ws", server.url, "--user", "1000")
        p.line("waits for a call")
        server.handlers["REGISTER"] = lambda c, q: None
        interrupted(p, seconds=8)


@suite.case("sms and login, while the platform does not answer")
def rest(t):
    with HttpServer(lambda sock, q: sock.recv(1) and None) as silent:
        key = t.secret_file("irisx_live_aaaabbbbccccdddd")
        p = t.irisx("sms", "send", "--from", "+1", "--to", "+2", "hello", "--api-url", silent.url, "--api-key-file", key)
        wait_for(lambda: silent.count("POST") == 1, "the request")
        interrupted(p)
        p = t.irisx("login", "--api-url", silent.url, "--email", "a@b.c", "--password-file", t.secret_file("hunter2-hunter2"))
        wait_for(lambda: silent.count("POST") == 2, "the request")
        interrupted(p)
        check(not os.path.exists(t.path("config.json")), "a profile was written")
        p = t.irisx("sms", "list", "--api-url", silent.url, "--api-key-file", key)
        wait_for(lambda: silent.count("GET") == 1, "the request")
        interrupted(p)


@suite.case("login, while it asks for the password: the terminal shows what is typed again")
def password_prompt(t):
    master, slave = pty.openpty()
    try:
        with HttpServer(lambda sock, q: response(500, {})) as server:
            p = t.irisx("login", "--api-url", server.url, "--email", "a@b.c", stdin=slave)
            wait_for(lambda: not termios.tcgetattr(slave)[3] & termios.ECHO, "the prompt")
            interrupted(p)
            check(termios.tcgetattr(slave)[3] & termios.ECHO, "the terminal is left silent")
            check(not server.seen, "something was sent")
    finally:
        os.close(master)
        os.close(slave)


@suite.case("webhooks listen and verify, while they wait")
def webhooks(t):
    secret = t.secret_file("0123456789abcdef")
    p = t.irisx("webhooks", "listen", "--secret-file", secret, "--store", t.path("store.db"))
    p.line("listening on")
    interrupted(p)
    p = t.irisx("webhooks", "verify", "--secret-file", secret, "--headers-file", t.write("head", ""), "--body-file", "-", stdin=subprocess.PIPE)
    wait_for(lambda: re.search(r"SigCgt:\s*[0-9a-f]*[2367abef]$", p.proc("status"), re.M), "its handler")
    interrupted(p)


@suite.case("sandbox: calls are hung up and the callers hear it")
def sandbox(t):
    p = Process(t, [Programs.irisx, "sandbox"], env={"IRISX_SANDBOX": Programs.sandbox}, secret=False)
    facts = json.loads(p.line(r"^\{", "out"))
    password = t.secret_file(facts["agents"][0]["password"])
    caller = t.irisx("call", "9197", "--ws", facts["ws_url"], "--realm", facts["realm"], "--user", "1000", "--password-file", password, "--json")
    caller.line("call 1: active")
    interrupted(p)
    check(caller.end(30) == OK and caller.json()["call"]["ended_by_peer"], caller.text())


DEMO = [  # the line after which the signal comes; what the capture must hold then: the call hung up, the binding given up
    ("starting the platform", r"\[1/9\]", ()),
    ("logging in", r"\[2/9\]", ()),
    ("opening the receiver", r"\[3/9\]", ()),
    ("registering", r"\[4/9\]", ()),
    ("the first call rings", r"call 1: ringing", ("CANCEL sip:|BYE sip:", "(?i)expires[:=] *0")),
    ("the first call talks", r"call 1: active", ("BYE sip:", "(?i)expires[:=] *0")),
    ("the echo answers", r"call 2: answered", ("CANCEL sip:|BYE sip:", "(?i)expires[:=] *0")),
    ("the echo talks", r"call 2: active", ("BYE sip:", "(?i)expires[:=] *0")),
    ("the SMS is sent", r"\[7/9\]", ("(?i)expires[:=] *0",)),
    ("webhooks are waited for", r"\[8/9\]", ("(?i)expires[:=] *0",)),
    ("false webhooks are sent", r"\[9/9\]", ("(?i)expires[:=] *0",)),
]


def children_of(pid):
    try:
        return open("/proc/%d/task/%d/children" % (pid, pid)).read().split()
    except OSError:
        return []


def demo_case(number, stage, line, wanted):
    @suite.case("demo, when %s: hung up, unregistered, and the platform it started is gone too" % stage)
    def demo(t):
        p = Process(t, [Programs.irisx, "demo", "--json", "--capture", t.path("c.pcapng")], env={"IRISX_SANDBOX": Programs.sandbox}, group=True)
        p.line(line, "err")
        children = children_of(p.pid)
        as_terminal = number in (0, 3, 9)
        if as_terminal:
            os.killpg(p.pid, signal.SIGINT)  # the platform gets it as well
        else:
            p.signal(signal.SIGTERM if number % 3 == 2 else signal.SIGINT)
        status = p.end(30)
        through = number == len(DEMO) - 1 and p.out.strip() and p.json()["ok"]  # nothing was left to interrupt
        check(status == INTERRUPTED or (through and status == OK), "exit status", status, p.text())
        check(through or not p.out.strip(), "something on stdout:", p.out)
        for child in children:
            wait_for(lambda: not os.path.exists("/proc/" + child), "the end of the platform", 10)
        text = open(t.path("c.pcapng"), "rb").read().decode("latin-1") if wanted else ""
        for pattern in () if as_terminal else wanted:  # with the platform gone there may be nobody to say it to
            check(re.search(pattern, text), "nothing like", repr(pattern), "was sent")


for number, (stage, line, wanted) in enumerate(DEMO):
    demo_case(number, stage, line, wanted)


if __name__ == "__main__":
    arguments("irisx", "sandbox")
    suite.run(5)
