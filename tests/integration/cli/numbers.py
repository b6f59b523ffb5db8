#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The agreed numbers as `irisx call` meets them. usage: numbers.py IRISX SANDBOX    (TAP on stdout)"""
import itertools
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
from harness import FAILED, NOT_FOUND, OK, SPEECH, Suite, arguments, check  # noqa: E402

suite = Suite()
extensions, taking = itertools.cycle(range(1000, 1010)), threading.Lock()  # one is free again long before its turn


def call(t, number, *options):
    with taking:
        extension = str(next(extensions))
    return t.call(suite.sandbox(), number, "--json", *options, extension=extension)


def refused(t, number, status, code, sip, *options):
    p = call(t, number, *options)
    p.expect(status)
    error = p.error()
    check(error["code"] == code and error.get("status") == sip, error)


@suite.case("busy")
def _(t):
    refused(t, "9486", FAILED, "IRISX_E_BUSY", 486)


@suite.case("unknown")
def _(t):
    refused(t, "9404", NOT_FOUND, "IRISX_E_NOT_FOUND", 404)


@suite.case("an agent who is not registered")
def _(t):
    refused(t, "1009", FAILED, "IRISX_E_UNREACHABLE", 480)


@suite.case("no answer within --ring-timeout")
def _(t):
    p = call(t, "9408", "--ring-timeout", "1.5")
    p.expect(FAILED, "ringing")
    check(p.error()["code"] == "IRISX_E_NO_ANSWER", p.error())


@suite.case("the other side hangs up after five seconds")
def _(t):
    p = call(t, "9198")
    p.expect(OK)
    value = p.json()["call"]
    check(4000 < value["duration_ms"] < 9000 and value["ended_by_peer"], value)


@suite.case("a person rings, answers and talks")
def _(t):
    p = call(t, "+12025550123", "--duration", "2")
    p.expect(OK, "ringing", "answered", "active")
    check(p.json()["call"]["packets_received"] > 50, p.json())


@suite.case("digits reach the menu, which says goodbye")
def _(t):
    p = call(t, "9500", "--digits", "1234")
    p.expect(OK)
    check(p.json()["call"]["ended_by_peer"], p.json())


@suite.case("what was recorded is played back")
def _(t):
    p = call(t, "9199", "--play", SPEECH)
    p.expect(OK)
    check(p.json()["call"]["duration_ms"] > 8000, p.json())


@suite.case("a page with the curves of the call is written, and one that cannot be is told before anything is dialled")
def _(t):
    page = t.path("call.html")
    p = call(t, "9196", "--play", SPEECH, "--duration", "3.5", "--report", page)
    p.expect(OK)
    text = open(page).read()
    check(text.startswith("<!doctype html>") and text.rstrip().endswith("</html>"), text[:200])
    check("http" not in text and "<script" not in text, "it is not self-contained")
    for curve in "MOS", "Delay of the jitter buffer", "Lost packets", "Concealed", "Jitter", "Level heard", "Level said":
        check("<h2>" + curve in text, "no curve of", curve)
    check(min(line.count(",") for line in text.split("\n") if line.startswith("<polyline")) >= 3, "not a point a second")
    check(os.stat(page).st_mode & 0o77 == 0, "others can read it")
    p = t.call(suite.sandbox(), "9196", "--json", "--report", "/nonexistent/call.html")
    p.expect(FAILED, "report")
    check(not p.count("dialing|answered"), "it was dialled all the same")


@suite.case("G.711 both ways")
def _(t):
    for codec in ("PCMU", "PCMA"):
        p = call(t, "9197", "--duration", "1", "--codecs", codec)
        p.expect(OK)
        check(p.json()["call"]["codec"] == codec, p.json())


if __name__ == "__main__":
    arguments("irisx", "sandbox")
    suite.run(threads=3)
