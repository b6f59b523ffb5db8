#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The budgets of REST: the same requests by the library, by a bare libcurl program, by Node's fetch and by Python's
requests, against nginx on loopback; the decoding of a large page; memory of a thousand operations in flight; sizes.

Programs stay warm and take turns in small portions, so that what else the machine does meets all of them; each figure is
the median of the portions' ratios. The library has no thread (zero_thread) and runs where the program waits for events;
rows with "polled" are the same with a poll() of the program's around it, rows with "threads" with the library's threads.
docs/design/cli.md explains the rows."""
import glob
import json
import os
import socket
import statistics
import subprocess
import tempfile
import threading

import demo
import lib
from rest_nginx import Nginx

HERE = os.path.dirname(os.path.abspath(__file__))
JOBS = [("get", 1), ("post", 1), ("get", 64), ("post", 64)]
REQUESTS, PORTION = 10000, 500
SLOW_PORTION = 100  # of programs that take some 500 µs a request
CONNECTIONS = "6"  # as many as the library opens to a host
LIMIT_CPU, LIMIT_RATE, LIMIT_DECODE, LIMIT_FLIGHT_MB, LIMIT_LIBRARY_KB, LIMIT_TABLES_KB = 1.10, 0.95, 2, 16, 700, 280


class Program:
    """One that takes jobs, a line each, and tells what they cost."""

    def __init__(self, command):
        self.command = command
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def job(self, verb, count, flight):
        self.process.stdin.write("%s %d %d\n" % (verb, count, flight))
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("%s ended with status %s" % (" ".join(self.command), self.process.wait()))
        answer = json.loads(line)
        return {"cpu": answer["cpu_us"] / count, "rate": count / answer["wall_us"] * 1e6}

    def end(self):
        self.process.stdin.close()
        self.process.wait(30)


def programs_for(build, nginx, proto):
    bench = os.path.join(build, "tools", "bench")
    url, ca = nginx.urls[proto], nginx.ca if proto == "h2" else "-"
    commands = {"libcurl": [bench + "/rest_bare", url, ca, "posted", CONNECTIONS],
                "ours": [bench + "/rest_ours", url, ca, "zero"],
                "polled": [bench + "/rest_ours", url, ca, "polled"],
                "threads": [bench + "/rest_ours", url, ca, "threads"]}
    if proto == "h1":
        commands["fetch"] = ["node", HERE + "/rest_fetch.mjs", url]
        commands["requests"] = ["/usr/bin/python3", HERE + "/rest_requests.py", url]
    return {name: Program(command) for name, command in commands.items()}


def measure(programs):
    """[job][program] -> {"cpu": [...], "rate": [...]}, portion by portion, the order turning."""
    result = {}
    names = list(programs)
    for verb, flight in JOBS:
        figures = {name: {"cpu": [], "rate": []} for name in names}
        for name in names:
            programs[name].job(verb, 64, flight)  # connections and caches
        for turn in range(REQUESTS // PORTION):
            for name in names[turn % len(names):] + names[:turn % len(names)]:
                one = programs[name].job(verb, SLOW_PORTION if name in ("fetch", "requests") else PORTION, flight)
                for k, v in one.items():
                    figures[name][k].append(v)
        result[(verb, flight)] = figures
        lib.say("  %-4s %2d in flight, us of CPU a request: %s" % (verb, flight, "  ".join(
            "%s %.1f" % (name, statistics.median(figures[name]["cpu"])) for name in names)))
    return result


def ratio(figures, what, over, under):
    return statistics.median(a / b for a, b in zip(figures[over][what], figures[under][what]))


def mean_ratio(result, what, over, under):
    return statistics.geometric_mean(ratio(f, what, over, under) for f in result.values())


def transfers(bench, build):
    with Nginx() as nginx:
        for proto in ("h1", "h2"):
            lib.say({"h1": "HTTP/1.1", "h2": "HTTP/2 over TLS"}[proto])
            programs = programs_for(build, nginx, proto)
            result = measure(programs)
            for p in programs.values():
                p.end()
            bench.row("cpu_per_request_%s_vs_libcurl" % proto, mean_ratio(result, "cpu", "ours", "libcurl"), "x", LIMIT_CPU)
            bench.row("requests_per_s_%s_vs_libcurl" % proto, mean_ratio(result, "rate", "ours", "libcurl"), "x", LIMIT_RATE,
                      at_least=True)
            for (verb, flight), figures in result.items():
                bench.row("cpu_%s_%s_%d_in_flight" % (proto, verb, flight), ratio(figures, "cpu", "ours", "libcurl"), "x")
            for mode in ("polled", "threads"):
                bench.row("cpu_per_request_%s_%s_vs_libcurl" % (proto, mode), mean_ratio(result, "cpu", mode, "libcurl"), "x")
                bench.row("requests_per_s_%s_%s_vs_libcurl" % (proto, mode), mean_ratio(result, "rate", mode, "libcurl"), "x")
            if proto == "h1":
                bench.row("cpu_vs_node_fetch", mean_ratio(result, "cpu", "ours", "fetch"), "x", 1)
                bench.row("cpu_vs_python_requests", mean_ratio(result, "cpu", "ours", "requests"), "x", 1)


def instructions(command, verb):
    """Instructions a request outside the kernel, by callgrind: the same on every run."""
    def count(requests):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "out")
            subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=" + out, *command],
                           input="%s 100 8\n%s %d 8\n" % (verb, verb, requests), text=True, check=True,
                           capture_output=True)
            with open(out) as f:
                return int(next(line for line in f if line.startswith(("totals:", "summary:"))).split()[1])
    return (count(600) - count(100)) / 500


def counted(bench, build):
    folder = os.path.join(build, "tools", "bench")
    with Nginx() as nginx:
        for verb in ("get", "post"):
            bare = instructions([folder + "/rest_bare", nginx.urls["h1"], "-", "posted", CONNECTIONS], verb)
            ours = instructions([folder + "/rest_ours", nginx.urls["h1"], "-", "zero"], verb)
            lib.say("  %s: %.0f instructions a request, libcurl alone %.0f" % (verb, ours, bare))
            bench.row("instructions_h1_%s_vs_libcurl" % verb, ours / bare, "x")


class Silent:
    """A server that takes connections and requests and answers nothing."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.taken = []
        threading.Thread(target=self.run, daemon=True).start()
        return "http://127.0.0.1:%d" % self.listener.getsockname()[1]

    def run(self):
        try:
            while True:
                self.taken.append(self.listener.accept()[0])
        except OSError:
            pass

    def __exit__(self, *_):
        self.listener.close()
        for s in self.taken:
            s.close()


def in_flight_mb(build):
    with Silent() as url:
        done = subprocess.run([os.path.join(build, "tools", "bench", "rest_ours"), url, "-", "zero"], text=True,
                              input="hold 1000 1000\n", capture_output=True, timeout=120, check=True)
        return json.loads(done.stdout)["private_kb"] / 1024


def tables_kb(build):
    """What the generated tables weigh: the constant sections of their object in the static archive."""
    objects = glob.glob(os.path.join(build, "src", "api", "libix_api.a.p", "**", "*tables.c.o"), recursive=True)
    if len(objects) != 1:
        raise SystemExit("the object of the API tables is not where it was: %s" % objects)
    lines = subprocess.run(["size", "-A", objects[0]], capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [line.split() for line in lines if line.startswith((".rodata", ".data"))]
    return sum(int(row[1]) for row in rows) / 1024


def main():
    args = lib.arguments(__doc__)
    bench = lib.Bench("rest")
    targets = ["tools/bench/" + name for name in ("rest_bare", "rest_ours", "rest_decode")]
    subprocess.run(["ninja", "-C", args.build, *targets], check=True, stdout=subprocess.DEVNULL)
    transfers(bench, args.build)
    lib.say("instructions, by callgrind")
    counted(bench, args.build)
    lib.say("a page of 1000 calls")
    page = json.loads(subprocess.run([os.path.join(args.build, "tools", "bench", "rest_decode")], check=True,
                                     capture_output=True, text=True).stdout)
    bench.row("decode_page_vs_jansson", page["ratio"], "x", LIMIT_DECODE)
    bench.row("mb_for_1000_in_flight", in_flight_mb(args.build), "MB", LIMIT_FLIGHT_MB)
    bench.row("library_kb", demo.stripped_kb(args.build), "kB", LIMIT_LIBRARY_KB)
    bench.row("api_tables_kb", tables_kb(args.build), "kB", LIMIT_TABLES_KB)
    bench.finish(args.json)


if __name__ == "__main__":
    main()
