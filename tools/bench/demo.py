#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The budgets of the main job: set-up time of a call against the local platform, memory of a registered client that
does nothing, size of the library."""
import json
import os
import statistics
import subprocess
import tempfile

import lib

CALLS = 20
SETUP_LIMIT_MS = 150
PRIVATE_LIMIT_MB = 6
LIBRARY_LIMIT_KB = 700


def password_file(folder, agent):
    path = os.path.join(folder, "password")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
        f.write(agent["password"] + "\n")
    return path


def setup_times(build, platform):
    """Dial to first decoded audio, as the command tells it, of CALLS calls to the echo."""
    agent = platform["agents"][0]
    times = []
    with tempfile.TemporaryDirectory() as folder:
        command = [os.path.join(build, "src", "cli", "irisx"), "call", "9196", "--ws", platform["ws_url"], "--realm",
                   platform["realm"], "--user", agent["extension"], "--password-file", password_file(folder, agent),
                   "--duration", "0.5", "--json"]
        for _ in range(CALLS):
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            if done.returncode:
                raise SystemExit("a call failed: %s%s" % (done.stdout, done.stderr))
            times.append(json.loads(done.stdout.splitlines()[-1])["call"]["setup_ms"])
    return times


def memory_when_ready(command, text=""):
    """Memory of a program once it has said "ready" and waits for the end of its input."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdin.write(text)
    process.stdin.flush()
    if process.stdout.readline() != "ready\n":
        raise SystemExit("%s did not become ready" % command[0])
    memory = lib.memory_kb(process.pid)
    process.stdin.close()
    if process.wait(30):
        raise SystemExit("%s ended with status %d" % (command[0], process.returncode))
    return memory


def stripped_kb(build):
    library = os.path.realpath(os.path.join(build, "libirisx-client.so"))
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "lib.so")
        subprocess.run(["strip", "--strip-unneeded", "-o", out, library], check=True)
        return os.path.getsize(out) / 1024


def main():
    args = lib.arguments(__doc__)
    subprocess.run(["ninja", "-C", args.build, "tools/bench/bench_bare", "tools/bench/bench_idle"], check=True,
                   stdout=subprocess.DEVNULL)
    bench = lib.Bench("demo")
    programs = os.path.join(args.build, "tools", "bench")
    with lib.Sandbox(args.build) as sandbox:
        platform = sandbox.info
        lib.say("%d calls to the echo" % CALLS)
        times = setup_times(args.build, platform)
        bench.row("setup_to_audio_ms_p50", statistics.median(times), "ms", SETUP_LIMIT_MS)
        bench.row("setup_to_audio_ms_max", max(times), "ms")
        lib.say("memory, registered and idle")
        user = platform["user"]
        idle = memory_when_ready([os.path.join(programs, "bench_idle"), platform["api_url"], user["email"]], user["password"] + "\n")
    bare = memory_when_ready([os.path.join(programs, "bench_bare")])
    bench.row("idle_private_mb", (idle["RssAnon"] - bare["RssAnon"]) / 1024, "MB", PRIVATE_LIMIT_MB)
    bench.row("idle_rss_mb", idle["VmRSS"] / 1024, "MB")
    bench.row("bare_private_mb", bare["RssAnon"] / 1024, "MB")
    bench.row("library_kb", stripped_kb(args.build), "kB", LIBRARY_LIMIT_KB)
    bench.finish(args.json)


if __name__ == "__main__":
    main()
