#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`--capture` and the timeline beside it: read back by tshark, and searched for secrets.
usage: capture.py IRISX SANDBOX    (TAP on stdout)"""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
from harness import OK, SPEECH, Failed, Suite, arguments, check  # noqa: E402

suite = Suite()


def captured(t, *options):
    """A call to the echo with a capture: (its path, the JSON line)"""
    path = t.path("call.pcapng")
    p = t.call(suite.sandbox(), "9196", "--play", SPEECH, "--duration", "2.5", "--capture", path, "--json", *options)
    p.expect(OK)
    return path, p.json()["call"]


def tshark(path, *options):
    done = subprocess.run(["tshark", "-r", path, *options], capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise Failed("tshark: status %d\n%s" % (done.returncode, done.stderr))
    return [line for line in done.stdout.split("\n") if line]


def fields(path, shown, *names, options=()):
    return tshark(path, *options, "-Y", shown, "-T", "fields", *[o for n in names for o in ("-e", n)])


@suite.case("tshark reads signalling, checks, handshake and sound back")
def _(t):
    path, call = captured(t)
    methods = fields(path, "sip.Method", "sip.Method")
    for method in ("REGISTER", "INVITE", "ACK", "BYE"):
        check(method in methods, "no", method, "in", methods)
    statuses = fields(path, "sip.Status-Code", "sip.Status-Code")
    check("401" in statuses and "200" in statuses, statuses)
    check(len(fields(path, "stun.type == 0x0001", "frame.number")) >= 2, "binding requests")
    check(len(fields(path, "stun.type == 0x0101", "frame.number")) >= 2, "binding answers")
    kinds = set(",".join(fields(path, "dtls.handshake.type", "dtls.handshake.type")).split(","))
    check({"1", "2", "11"} <= kinds, "hello of both and a certificate in", kinds)
    port = fields(path, "dtls.handshake.type == 1", "udp.srcport")[0]
    rtp = fields(path, "rtp && !rtcp", "rtp.ssrc", "rtp.p_type", options=("-d", "udp.port==%s,rtp" % port))
    check(len(rtp) >= call["packets_sent"], len(rtp), "of", call["packets_sent"])
    check(len(set(line.split("\t")[0] for line in rtp)) >= 2, "both directions")
    check(fields(path, "rtcp.pt == 200", "frame.number", options=("-d", "udp.port==%s,rtcp" % port)), "a sender report")


@suite.case("secrets are not in it, fingerprints are")
def _(t):
    path, _call = captured(t)
    with open(path, "rb") as f:
        data = f.read()
    check(os.stat(path).st_mode & 0o77 == 0, "others can read it")
    for secret in t.secrets:
        check(secret.encode() not in data, "a password")
    check(b"a=fingerprint:sha-256" in data, "no fingerprint")
    for line in re.findall(rb"a=ice-pwd:[^\r\n]*", data):
        check(line == b"a=ice-pwd:***", line)
    lines = re.findall(rb"(?:Proxy-)?Authorization:[^\r\n]*", data)
    check(lines, "no credentials at all")
    for line in lines:
        check(b"response=***" in line and b"nonce=***" in line, line)


@suite.case("the timeline beside it tells the call in order")
def _(t):
    path, call = captured(t)
    with open(path + ".call-1.json") as f:
        timeline = json.load(f)
    events = timeline["events"]
    names = [e["event"] for e in events]
    order = ["dialing", "invite_sent", "answered", "described", "ice_valid", "dtls_connected", "active", "first_audio", "hangup", "ended"]
    places = [names.index(n) for n in order]  # ValueError names the one that is missing
    check(places == sorted(places), names)
    times = [e["ms"] for e in events]
    check(times == sorted(times) and times[0] >= 0, times)
    check(abs(timeline["stats"]["setup_ms"] - call["setup_ms"]) < 1, timeline["stats"], call)


@suite.case("a capture that cannot be written is told before anything is sent")
def _(t):
    p = t.call(suite.sandbox(), "9196", "--capture", t.path("no/such/folder.pcapng"), "--json")
    check(p.end() != OK, "it went on")
    check(p.error()["code"] == "IRISX_E_NOT_FOUND", p.error())
    check(not p.count("registering|dialing"), "it went on")


@suite.case("neither log nor output shows a secret, at the most talkative level")
def _(t):
    sandbox = suite.sandbox()
    p = t.call(sandbox, "9196", "--duration", "1", "--log", "trace", "--json")
    p.expect(OK)  # finish() searches for the passwords
    check(p.count("^(debug|trace) ") > 10, "no log")
    check(not re.search(r"response=\"[0-9a-f]{32}|a=ice-pwd:[^*]", p.text()), "digest or ICE secrets in the log")


if __name__ == "__main__":
    arguments("irisx", "sandbox")
    suite.run()
