#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""While a call talks: commands on standard input, events on standard output, transfers that connect, and a process that
is killed and whose call another one goes on with. usage: talking.py IRISX SANDBOX    (TAP on stdout)"""
import json
import os
import signal
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "faults"))
from harness import INTERRUPTED, OK, Suite, arguments, check, read_wav, tone_share, wait_for  # noqa: E402

suite = Suite()


def talking(t, sandbox, number, *options, extension):
    """A call with --json --commands; .say(line) gives it a command."""
    p = t.call(sandbox, number, "--json", "--commands", *options, extension=extension, stdin=subprocess.PIPE)

    def say(line):
        p.child.stdin.write((line + "\n").encode())
        p.child.stdin.flush()
    p.say = say
    return p


def events(p, kind):
    found = []
    for line in p.out.split("\n"):
        if line.startswith("{"):
            value = json.loads(line)
            if value.get("event") == kind:
                found.append(value)
    return found


def active(p):
    p.line(r'"event":"call_state".*"state":4', "out")


@suite.case("commands hold, resume, mute, send digits, ask for the quality and quit; events tell")
def _(t):
    p = talking(t, suite.sandbox(), "9196", extension="1000")
    active(p)
    p.say("hold")
    p.line(r'"event":"hold".*"state":1', "out")
    p.say("resume")
    p.line(r'"event":"hold".*"state":0', "out")
    p.say("mute on")
    p.say("digits 12#")
    p.say("nonsense")
    p.line(r'"command":"nonsense","ok":false', "out")
    p.say("quality")
    p.line(r'"event":"quality"', "out")
    p.say("transfer")
    p.line(r'"command":"transfer","ok":false', "out")
    p.say("quit")
    p.expect(OK)
    last = json.loads(p.out.strip().split("\n")[-1])
    check(last["ok"] is True and last["call"]["sip_status"] == 0, last)
    ended = [e for e in events(p, "call_state") if e["state"] == 5]
    check(len(ended) == 1 and ended[0]["reason"] == "hangup", ended)


@suite.case("an attended transfer connects the two others, accepted and confirmed told apart")
def _(t):
    sandbox = suite.sandbox()
    heard = t.path("c.wav")
    b = t.answer(sandbox, "1002", "--record", heard)
    b.line("waits for a call")
    p = talking(t, sandbox, "9197", extension="1001")  # a tone of 1 kHz
    active(p)
    p.say("consult 1002")
    p.line(r'"event":"call_state","time_ms":\d+,"call":2,"state":4', "out")
    p.say("attended")
    p.line(r'"event":"transfer".*"state":1', "out")
    p.line(r'"event":"transfer".*"state":3', "out")
    p.expect(OK, seconds=30)
    wait_for(lambda: os.path.exists(heard) and os.path.getsize(heard) > 200000, "sound at the one who was consulted")
    b.signal(signal.SIGINT)
    b.expect(INTERRUPTED)
    rate, _channels, samples = read_wav(heard)
    tail = samples[-2 * rate:-rate]
    check(tone_share(tail, rate, 1000) > 0.5, "the tone is not heard:", tone_share(tail, rate, 1000))


@suite.case("a process killed in a call is followed by another one that goes on with it, with sound")
def _(t):
    sandbox = suite.sandbox()
    kept, heard = t.path("kept"), t.path("heard.wav")
    first = t.call(sandbox, "9197", "--save", kept, "--json", "--commands", extension="1003", stdin=subprocess.PIPE)
    active(first)
    wait_for(lambda: os.path.exists(kept), "the saved call")
    mode = stat.S_IMODE(os.stat(kept).st_mode)
    check(mode == 0o600, "mode", oct(mode))
    with open(kept, "rb") as f:
        bytes_kept = f.read()
    check(b"IXCL" == bytes_kept[:4] and len(bytes_kept) < 4096, len(bytes_kept))
    first.signal(signal.SIGKILL)
    first.end()
    began = time.monotonic()
    second = t.irisx("call", *t.account(sandbox, "1003"), "--resume", kept, "--record", heard, "--json", "--commands",
                     "--duration", "3", stdin=subprocess.PIPE)
    active(second)
    took = time.monotonic() - began
    second.expect(OK, seconds=30)
    check(len(events(second, "signalling")) == 1, second.out)
    rate, _channels, samples = read_wav(heard)
    check(len(samples) > 2 * rate, "too little sound:", len(samples) / rate)
    share = tone_share(samples[-rate - rate // 2:-rate // 2], rate, 1000)
    check(share > 0.5, "the tone is not heard any more:", share)
    print("# sound again %.2f s after the second process was started" % took)


@suite.case("what was saved is of no use to another account, nor when damaged")
def _(t):
    sandbox = suite.sandbox()
    kept = t.path("kept")
    first = t.call(sandbox, "9196", "--save", kept, "--json", "--commands", extension="1004", stdin=subprocess.PIPE)
    active(first)
    wait_for(lambda: os.path.exists(kept), "the saved call")
    with open(kept, "rb") as f:
        data = bytearray(f.read())
    copy = t.path("copy")
    with open(copy, "wb") as f:
        f.write(data)
    other = t.irisx("call", *t.account(sandbox, "1005"), "--resume", copy, "--json")
    check(other.end() != 0 and other.error()["code"] == "IRISX_E_INVALID", other.out)
    data[20] ^= 1
    with open(copy, "wb") as f:
        f.write(data)
    bad = t.irisx("call", *t.account(sandbox, "1005"), "--resume", copy, "--json")
    check(bad.end() != 0 and bad.error()["code"] == "IRISX_E_FORMAT", bad.out)
    first.child.stdin.write(b"quit\n")
    first.child.stdin.flush()
    first.expect(OK)
    check(not os.path.exists(kept), "the saved call outlives the call")


if __name__ == "__main__":
    arguments("irisx", "sandbox")
    suite.run(threads=2)
