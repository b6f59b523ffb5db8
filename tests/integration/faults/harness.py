# SPDX-License-Identifier: MIT
"""What the scripts of tests/integration/faults and tests/integration/cli share: cases in threads, TAP in order, processes
that are watched line by line and ended by their pid, the local platform, speech files.

Nothing sleeps for a fixed time: every wait is for a line, an exit or a condition, with a deadline. Whatever a process of
ours writes is searched for sanitizer reports, and whatever `irisx` shows (output, arguments) for the secrets it was given.
"""
import array
import concurrent.futures
import json
import math
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import wave

SANITIZER = re.compile(r"ERROR: AddressSanitizer|ERROR: LeakSanitizer|runtime error:|AddressSanitizer:DEADLYSIGNAL|: bug: ")
SPEECH = "/usr/share/asterisk/sounds/en_US_f_Allison/demo-congrats.wav"
OK, FAILED, USAGE, AUTH, NOT_FOUND, NETWORK, UNKNOWN, INTERRUPTED = 0, 1, 2, 3, 4, 5, 6, 130
PATIENCE = 60.0  # a condition that is not there by then never comes


class Failed(Exception):
    pass


def check(condition, *what):
    if not condition:
        raise Failed(" ".join(str(w) for w in what))


def wait_for(condition, what, seconds=PATIENCE):
    """The first true value of condition(); polls, since what it asks for makes no sound."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        check(time.monotonic() < deadline, "waited in vain for", what)
        time.sleep(0.01)


# ---- programs under test ---------------------------------------------------------------------------------------------------
class Programs:
    clock = names = irisx = sandbox = similarity = poll_call = quiet_app = driver = None


def arguments(*names):
    """Reads the paths of the programs from the command line, in this order."""
    check(len(sys.argv) == len(names) + 1, "usage:", sys.argv[0], *names)
    for name, path in zip(names, sys.argv[1:]):
        setattr(Programs, name, os.path.abspath(path))


class Process:
    """A child whose lines are kept and can be waited for."""

    def __init__(self, case, argv, env=None, stdin=None, secret=True, group=False, prepare=None):
        self.case, self.argv, self.watched = case, argv, secret
        self.lines, self.changed = [], threading.Condition()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("IRISX_")}
        environment.update(IRISX_CONFIG=os.path.join(case.folder, "config.json"), **(env or {}))
        self.child = subprocess.Popen(argv, stdin=stdin or subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      env=environment, cwd=case.folder, start_new_session=group, preexec_fn=prepare)
        self.pid = self.child.pid
        self.cmdline = self.proc("cmdline")
        self.readers = [threading.Thread(target=self.read, args=(s, n), daemon=True)
                        for s, n in ((self.child.stdout, "out"), (self.child.stderr, "err"))]
        for reader in self.readers:
            reader.start()
        case.processes.append(self)

    def proc(self, name):
        try:
            with open("/proc/%d/%s" % (self.child.pid, name), "rb") as f:
                return f.read().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            return ""

    def read(self, stream, name):
        for line in stream:
            with self.changed:
                self.lines.append((name, line.decode("utf-8", "replace").rstrip("\n")))
                self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def text(self, name=None):
        with self.changed:
            return "\n".join(line for n, line in self.lines if name in (None, n))

    @property
    def out(self):
        return self.text("out")

    @property
    def err(self):
        return self.text("err")

    def find(self, pattern, name, start=0):
        for i, (n, line) in enumerate(self.lines[start:], start):
            if name in (None, n) and re.search(pattern, line):
                return i
        return -1

    def line(self, pattern, name=None, seconds=PATIENCE, start=0):
        """The first line that matches, waited for; its index is kept in .at"""
        deadline = time.monotonic() + seconds
        with self.changed:
            while True:
                i = self.find(pattern, name, start)
                if i >= 0:
                    self.at = i
                    return self.lines[i][1]
                left = deadline - time.monotonic()
                ended = self.child.poll() is not None and not any(r.is_alive() for r in self.readers)
                check(left > 0 and not ended, "no line", repr(pattern), "from", " ".join(self.argv[:3]), "which said:\n" +
                      "\n".join(line for _, line in self.lines))
                self.changed.wait(min(left, 0.2))

    def count(self, pattern, name=None):
        with self.changed:
            return sum(1 for n, line in self.lines if name in (None, n) and re.search(pattern, line))

    def signal(self, number):
        self.child.send_signal(number)

    def end(self, seconds=PATIENCE):
        """Waits for the exit; its status, 128 + n for signal n"""
        try:
            status = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed("%s does not end; it said:\n%s" % (" ".join(self.argv[:3]), self.text()))
        for reader in self.readers:
            reader.join(10)
        return status if status >= 0 else 128 - status

    def expect(self, status, *patterns, seconds=PATIENCE):
        got = self.end(seconds)
        check(got == status, "exit status", got, "instead of", status, "of", " ".join(self.argv[:4]), "which said:\n" + self.text())
        for pattern in patterns:
            check(re.search(pattern, self.text()), "nothing like", repr(pattern), "in:\n" + self.text())
        return self

    def json(self):
        """The one line on stdout"""
        lines = [line for line in self.out.split("\n") if line]
        check(len(lines) == 1, "one line of JSON was expected, not:\n" + self.out)
        return json.loads(lines[0])

    def error(self):
        value = self.json()
        check(value.get("ok") is False and value["error"]["code"].startswith("IRISX_E_"), "no error object:", value)
        return value["error"]

    def stop(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        for reader in self.readers:
            reader.join(10)
        if self.child.stdin:
            self.child.stdin.close()
        for stream, reader in zip((self.child.stdout, self.child.stderr), self.readers):
            if not reader.is_alive():
                stream.close()


class Sandbox:
    """The local platform; shared ones belong to a Suite, others to a case."""

    def __init__(self, case, *options, seed=None, log="info"):
        argv = [Programs.sandbox, "--exit-with-stdin", "--log", log]
        if seed is not None:
            argv += ["--seed", str(seed)]
        self.process = Process(case, argv + list(options), stdin=subprocess.PIPE, secret=False)
        self.facts = json.loads(self.process.line(r"^\{", "out"))
        self.ws, self.api, self.realm = self.facts["ws_url"], self.facts["api_url"], self.facts["realm"]
        self.passwords = {a["extension"]: a["password"] for a in self.facts["agents"]}
        self.secrets = [a["password"] for a in self.facts["agents"]] + [self.facts["api_key"], self.facts["user"]["password"]]

    def line(self, pattern, **more):
        return self.process.line(pattern, "err", **more)

    def close(self):
        """Ends it in peace: nothing may be left over"""
        self.process.child.stdin.close()
        return self.process.end()


class Case:
    """One test with a folder and processes of its own."""

    def __init__(self, suite, name):
        self.suite, self.name, self.processes, self.secrets = suite, name, [], []
        self.folder = tempfile.mkdtemp(prefix="irisx-case-")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        return self.path(name)

    def secret_file(self, secret, name=None):
        self.secrets.append(secret)
        return self.write(name or "secret-%d" % len(self.secrets), secret + "\n")

    def sandbox(self, *options, **more):
        return Sandbox(self, *options, **more)

    def irisx(self, *argv, **more):
        return Process(self, [Programs.irisx] + [str(a) for a in argv], **more)

    def account(self, sandbox, extension="1000"):
        """The options of an agent's line"""
        self.secrets += sandbox.secrets
        return ["--ws", sandbox.ws, "--realm", sandbox.realm, "--user", extension,
                "--password-file", self.secret_file(sandbox.passwords[extension])]

    def call(self, sandbox, number, *options, extension="1000", **more):
        return self.irisx("call", number, *self.account(sandbox, extension), *options, **more)

    def answer(self, sandbox, extension, *options, **more):
        p = self.irisx("call", "--answer", *self.account(sandbox, extension), *options, **more)
        p.line("waits for a call")
        return p

    def finish(self):
        for p in self.processes:
            p.stop()
        for p in self.processes:
            text = p.text()
            check(not SANITIZER.search(text), "the sanitizer speaks in", " ".join(p.argv[:3]), ":\n" + text)
            for secret in self.secrets if p.watched else []:
                check(secret not in text, "a secret is shown by", " ".join(p.argv[:4]), ":", secret)
                check(secret not in p.cmdline, "a secret is an argument of", p.argv[0])


class Suite:
    def __init__(self):
        self.cases, self.shared = [], None

    def case(self, sentence):
        def add(fn):
            self.cases.append((sentence, fn))
            return fn
        return add

    def sandbox(self):
        """One platform for all the cases that do it no harm"""
        with self.lock:
            if not self.shared:
                self.shared = Sandbox(self.frame, seed=7)
            return self.shared

    def one(self, item):
        sentence, fn = item
        case, began, problem = Case(self, sentence), time.monotonic(), None
        try:
            try:
                fn(case)
            finally:
                case.finish()
        except Failed as e:
            problem = str(e)
        except Exception:
            problem = traceback.format_exc()
        if problem:
            problem += "\n--- all output ---\n" + "\n".join("$ %s\n%s" % (" ".join(p.argv), p.text()[-6000:]) for p in case.processes)
        shutil.rmtree(case.folder, ignore_errors=True)
        return problem, time.monotonic() - began

    def run(self, threads=4):
        chosen = [c for c in self.cases if not os.environ.get("CASE") or re.search(os.environ["CASE"], c[0])]
        self.lock, self.frame, bad = threading.Lock(), Case(self, "frame"), 0
        print("1..%d" % len(chosen), flush=True)
        with concurrent.futures.ThreadPoolExecutor(threads) as pool:
            for n, ((sentence, _), (problem, took)) in enumerate(zip(chosen, pool.map(self.one, chosen)), 1):
                print("%sok %d - %s # %.1f s" % ("not " if problem else "", n, sentence, took), flush=True)
                for line in (problem or "").split("\n") if problem else []:
                    print("#   " + line, flush=True)
                bad += bool(problem)
        try:
            if self.shared:
                check(self.shared.close() == 0, "the shared platform did not end in peace:\n" + self.shared.process.text())
            self.frame.finish()
        except Failed as e:
            print("not ok %d - the shared platform\n#   %s" % (len(chosen) + 1, str(e).replace("\n", "\n#   ")))
            bad += 1
        shutil.rmtree(self.frame.folder, ignore_errors=True)
        sys.exit(1 if bad else 0)


slow = Suite()  # cases that wait for a time limit of 10 s and more: patience.py runs those of all scripts side by side


# ---- sound -----------------------------------------------------------------------------------------------------------------
def speech(seconds, start=0.0):
    """Real speech as 16-bit mono at its own rate: (rate, samples)"""
    with wave.open(SPEECH) as w:
        rate = w.getframerate()
        w.setpos(int(start * rate))
        samples = array.array("h", w.readframes(int(seconds * rate)))
    return rate, samples


def write_wav(path, rate, samples, bits=16, channels=1):
    """samples: mono; other channels are copies"""
    if bits == 16:
        data = b"".join(struct.pack("<h", s) * channels for s in samples)
    else:
        data = b"".join(struct.pack("<i", s << 8)[:3] * channels for s in samples)
    with wave.open(path, "wb") as w:
        w.setnchannels(channels)
        w.setsampwidth(bits // 8)
        w.setframerate(rate)
        w.writeframes(data)
    return path


def resample(samples, rate, to):
    """Linear: good enough to be recognised"""
    out = array.array("h")
    for i in range(int(len(samples) * to / rate) - 1):
        at = i * rate / to
        k = int(at)
        f = at - k
        out.append(int(samples[k] * (1 - f) + samples[min(k + 1, len(samples) - 1)] * f))
    return out


def read_wav(path):
    with wave.open(path) as w:
        check(w.getsampwidth() == 2, path, "has not 16 bits")
        return w.getframerate(), w.getnchannels(), array.array("h", w.readframes(w.getnframes()))


def tone_share(samples, rate, hz):
    """How much of the energy is at hz, 0 to 1 (Goertzel over the whole)"""
    w = 2 * math.pi * hz / rate
    re_, im = sum(s * math.cos(w * i) for i, s in enumerate(samples)), sum(s * math.sin(w * i) for i, s in enumerate(samples))
    energy = sum(s * s for s in samples)
    return 0 if not energy else 2 * (re_ * re_ + im * im) / (len(samples) * energy)


def level(samples):
    return math.sqrt(sum(s * s for s in samples) / max(1, len(samples)))


def starved(call, duration_s):
    """The machine gave the call too little time: what was said in it says nothing about the product. One packet each 20 ms"""
    return call["packets_sent"] < 0.97 * duration_s * 50 or call["packets_received"] < 0.95 * call["packets_sent"] - 10


def disturbed(call, duration_s):
    """Starved, or a tick of ours came so late that the peer had to make up a frame, or what the peer sent so late that we had
    to: on a line without a network between there is nobody but the machine who could have done that"""
    heard = call["concealed_ms"] - call["silent_concealed_ms"]
    return (starved(call, duration_s) or call["tick_late_max_ms"] > 10 or heard > 0 or call["inserted_ms"] + call["removed_ms"] > 0)


def undisturbed(attempt, tries=6):
    """attempt(n) makes a call and returns (its figures, seconds of sound); again while the machine was too busy for it. The
    figures of the last one, and whether it was left in peace"""
    for n in range(tries):
        call, seconds = attempt(n)
        if not disturbed(call, seconds):
            return call, True
    return call, False


def similarity(sent, heard, milliseconds=0):
    """What irisx_audio_similarity says of two files"""
    done = subprocess.run([Programs.similarity, sent, heard, str(milliseconds)], capture_output=True, text=True, timeout=60)
    check(done.returncode == 0, "similarity of", sent, heard, ":", done.stdout, done.stderr)
    return float(done.stdout)
