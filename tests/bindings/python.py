#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Python binding: built by SWIG against the limited API, then used against the local platform.
usage: python.py BUILD_DIR SANDBOX    (TAP on stdout; swig >= 4.3 in PATH, ./dev puts it there)"""
import json
import os
import subprocess
import sys
import sysconfig
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIMITED = "0x03090000"  # Python 3.9
LOCK = """
import threading
import irisx
client = irisx.open_client()
turns = 0


def wait():
    try:
        irisx.client_next_event(client, 1500)
    except irisx.Error:
        pass


waiting = threading.Thread(target=wait, daemon=True)
waiting.start()
while waiting.is_alive():
    turns += 1
print(turns)
irisx.client_close(client, 0)
"""


class Failed(Exception):
    pass


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, **more)
    if done.returncode:
        raise Failed("%s: status %d\n%s%s" % (" ".join(command), done.returncode, done.stdout, done.stderr))
    return done.stdout


class Binding:
    def __init__(self, build, sandbox, work):
        self.build, self.sandbox, self.work = build, sandbox, work
        sanitized = b"asan" in open(os.path.join(build, "libirisx-client.so"), "rb").read()
        asan = run("cc", "-print-file-name=libasan.so").strip() if sanitized else ""
        self.env = dict(os.environ, PYTHONPATH=work, LD_LIBRARY_PATH=build, LD_PRELOAD=asan,
                        ASAN_OPTIONS="detect_leaks=0")  # the interpreter itself leaks by design
        self.python = sys.executable

    def builds_without_a_warning_against_the_limited_api(self):
        wrap = os.path.join(self.work, "irisx_wrap.c")
        said = run("swig", "-python", "-Wall", "-Werror", "-I" + os.path.join(ROOT, "include"), "-outdir", self.work, "-o", wrap,
                   os.path.join(ROOT, "bindings/swig/irisx.i"))
        if said:
            raise Failed(said)
        run("cc", "-shared", "-fPIC", "-O1", "-DPy_LIMITED_API=" + LIMITED, "-I" + sysconfig.get_paths()["include"],
            "-I" + os.path.join(ROOT, "include"), wrap, "-L" + self.build, "-lirisx-client",
            "-o", os.path.join(self.work, "_irisx.abi3.so"))

    def places_a_call_and_hangs_up(self):
        said = self.example("1000", None)
        for line in ("ready", "active", "talking to sip:9196@", "ended", "client closed"):
            if line not in said:
                raise Failed("no \"%s\" in:\n%s" % (line, said))
        if len(open(os.path.join(ROOT, "examples/python/place_call.py")).readlines()) > 30:
            raise Failed("the example has grown")

    def a_failure_is_an_exception_with_its_name(self):
        try:
            said = self.example("1000", "wrong")
        except Failed as e:
            said = str(e)
        if "irisx.Error: ('IRISX_E_AUTH'" not in said:
            raise Failed(said)

    def the_interpreter_runs_while_a_call_waits(self):
        turns = int(run(self.python, "-c", LOCK, env=self.env))
        if turns < 1000:
            raise Failed("only %d turns of another thread in 1.5 s" % turns)

    def example(self, user, password):
        with subprocess.Popen([self.sandbox, "--exit-with-stdin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as platform:
            try:
                ready = json.loads(platform.stdout.readline())
                env = dict(self.env, IRISX_PASSWORD=password or ready["agents"][0]["password"])
                return run(self.python, os.path.join(ROOT, "examples/python/place_call.py"), ready["ws_url"], user, "9196",
                           ready["realm"], env=env)
            finally:
                platform.stdin.close()
                platform.wait(30)


def main():
    build, sandbox = sys.argv[1:]
    names = [n for n in vars(Binding) if not n.startswith("_") and n != "example"]
    print("1..%d" % len(names))
    with tempfile.TemporaryDirectory() as work:
        binding = Binding(os.path.abspath(build), os.path.abspath(sandbox), work)
        for number, name in enumerate(names, 1):
            try:
                getattr(binding, name)()
                print("ok %d - %s" % (number, name.replace("_", " ")))
            except (Failed, subprocess.TimeoutExpired) as e:
                print("not ok %d - %s\n# %s" % (number, name.replace("_", " "), str(e).replace("\n", "\n# ")))


main()
