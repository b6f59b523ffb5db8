#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The examples against the local platform. usage: examples.py BUILD_DIR    (TAP on stdout)"""
import array
import math
import os
import subprocess
import sys
import tempfile
import threading
import wave

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tools", "bench"))
import lib  # noqa: E402

RATE, TONE_HZ = 16000, 440


class Failed(Exception):
    pass


class Watch:
    """Looks at the arguments of every process of the machine, all along."""

    def __init__(self, *secrets):
        self.secrets, self.names, self.seen, self.over = [s.encode() for s in secrets], set(), set(), threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def look(self):
        while not self.over.wait(0.01):
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open("/proc/%s/cmdline" % pid, "rb") as f:
                        line = f.read()
                except OSError:
                    continue
                self.names.add(os.path.basename(line.split(b"\0")[0]).decode("utf-8", "replace"))
                if any(s in line for s in self.secrets):
                    self.seen.add(line.replace(b"\0", b" ").decode("utf-8", "replace"))


class Place:
    """A running platform, one of its agents, and a folder for files."""

    def __init__(self, build, sandbox, folder, watch):
        self.build, self.info, self.folder, self.watch = build, sandbox.info, folder, watch
        self.agent = self.info["agents"][0]

    def command(self, name, number, *more):
        return [os.path.join(self.build, "examples", name), self.info["ws_url"], self.agent["extension"], number, *more]

    def environment(self):
        return dict(os.environ, IRISX_PASSWORD=self.agent["password"], LD_LIBRARY_PATH=self.build)

    def run(self, name, number):
        return self.finish(self.command(name, number))

    def finish(self, command):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=self.environment())
        return done.returncode, done.stdout + done.stderr


def write_tone(path, seconds):
    samples = array.array("h", (int(9000 * math.sin(2 * math.pi * TONE_HZ * i / RATE)) for i in range(RATE * seconds)))
    with wave.open(path, "wb") as f:
        f.setnchannels(1)
        f.setsampwidth(2)
        f.setframerate(RATE)
        f.writeframes(samples.tobytes())


def tone_share(path):
    """Seconds of the recording, and the share of its energy that is at the tone's frequency (1 for a pure tone)."""
    with wave.open(path) as f:
        rate, samples = f.getframerate(), array.array("h", f.readframes(f.getnframes()))
    energy = sum(s * s for s in samples)
    step = 2 * math.pi * TONE_HZ / rate
    window = rate // 10
    tone = 0.0
    for at in range(0, len(samples) - window + 1, window):
        re = sum(samples[at + i] * math.cos(step * i) for i in range(window))
        im = sum(samples[at + i] * math.sin(step * i) for i in range(window))
        tone += 2 * (re * re + im * im) / window
    return len(samples) / rate, tone / energy if energy else 0


def place_call_connects(place):
    status, said = place.run("place_call", "9196")
    if status or "connected" not in said:
        raise Failed("status %d: %s" % (status, said))


def place_call_says_why_it_could_not(place):
    status, said = place.run("place_call", "9486")
    if status != 1 or "busy" not in said:
        raise Failed("status %d: %s" % (status, said))


def poll_call_hears_its_echo_without_a_thread(place):
    sent, heard = (os.path.join(place.folder, n) for n in ("sent.wav", "heard.wav"))
    write_tone(sent, 3)
    process = subprocess.Popen(place.command("poll_call", "9196", sent, heard, "3"), stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, env=place.environment())
    threads = 0
    said = []
    for line in process.stdout:  # it tells every event: a look at each is a look all along the call
        said.append(line)
        try:
            threads = max(threads, len(os.listdir("/proc/%d/task" % process.pid)))
        except FileNotFoundError:
            pass
    if process.wait(60):
        raise Failed("status %d:\n%s" % (process.returncode, "".join(said)))
    if threads != 1:
        raise Failed("%d threads were seen:\n%s" % (threads, "".join(said)))
    seconds, share = tone_share(heard)
    if seconds < 2.5 or share < 0.4:  # under sanitizers on a loaded machine some of it comes too late; silence is 0
        raise Failed("heard %.1f s, %.2f of it the tone" % (seconds, share))


def the_command_takes_the_password_from_a_file(place):
    secret = os.path.join(place.folder, "secret")
    with open(secret, "w") as f:
        f.write(place.agent["password"])
    status, said = place.finish([os.path.join(place.build, "src", "cli", "irisx"), "call", "9196", "--ws", place.info["ws_url"],
                                 "--realm", place.info["realm"], "--user", place.agent["extension"], "--password-file", secret,
                                 "--duration", "0.5"])
    if status:
        raise Failed("status %d: %s" % (status, said))


def no_process_showed_the_password_in_its_arguments(place):
    if not {"place_call", "poll_call", "irisx"} <= place.watch.names:
        raise Failed("the watch saw only %s" % sorted(place.watch.names))
    if place.watch.seen:
        raise Failed("\n".join(sorted(place.watch.seen)))


CASES = [place_call_connects, place_call_says_why_it_could_not, poll_call_hears_its_echo_without_a_thread,
         the_command_takes_the_password_from_a_file, no_process_showed_the_password_in_its_arguments]


def main():
    build, failed = os.path.abspath(sys.argv[1]), 0
    print("1..%d" % len(CASES))
    with lib.Sandbox(build) as sandbox, tempfile.TemporaryDirectory() as folder, \
            Watch(*[a["password"] for a in sandbox.info["agents"]]) as watch:
        for case in CASES:
            words = case.__name__.replace("_", " ")
            try:
                case(Place(build, sandbox, folder, watch))
                print("ok - " + words, flush=True)
            except (Failed, OSError, EOFError, wave.Error, subprocess.TimeoutExpired) as why:
                failed += 1
                print("not ok - " + words)
                print("\n".join("# " + line for line in str(why).splitlines()), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
