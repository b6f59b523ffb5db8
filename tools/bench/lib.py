# SPDX-License-Identifier: MIT
"""What the benchmarks share: arguments, rows with limits, the local platform, memory of a process."""
import argparse
import json
import os
import subprocess
import sys
import tempfile


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--build", required=True, help="folder of the release build")
    parser.add_argument("--json", action="store_true", help="one line of JSON on stdout")
    return parser.parse_args()


class Bench:
    """Rows of one benchmark; a row with a limit is ok if its value is not above it (at_least: not below)."""

    def __init__(self, name):
        self.name, self.rows, self.details = name, [], []

    def row(self, name, value, unit, limit=None, at_least=False):
        good = limit is None or (value >= limit if at_least else value <= limit)
        self.rows.append({"name": name, "value": round(value, 3), "unit": unit, "limit": limit, "ok": good})

    def detail(self, name, value, unit):
        """A figure that explains a row; it has no limit and is no row."""
        self.details.append({"name": name, "value": round(value, 3), "unit": unit})

    def finish(self, as_json):
        if as_json:
            more = {"details": self.details} if self.details else {}
            print(json.dumps({"bench": self.name, "rows": self.rows, **more}, separators=(",", ":")))
        else:
            for r in self.rows + [{"limit": None, "ok": True, **d} for d in self.details]:
                limit = "" if r["limit"] is None else "limit %g %s" % (r["limit"], "ok" if r["ok"] else "EXCEEDED")
                print("%-40s %10.2f %-4s %s" % (r["name"], r["value"], r["unit"], limit))
        sys.exit(0 if self.rows and all(r["ok"] for r in self.rows) else 1)


def say(text):
    print(text, file=sys.stderr, flush=True)


class Sandbox:
    """irisx-sandbox on free loopback ports; `info` is the JSON line it prints on start."""

    def __init__(self, build, *options, stderr=subprocess.DEVNULL):
        self.folder = tempfile.TemporaryDirectory()
        program = os.path.join(build, "src", "sandbox", "irisx-sandbox")
        self.process = subprocess.Popen([program, "--port", "0", "--state", os.path.join(self.folder.name, "state.db"),
                                         *options], stdout=subprocess.PIPE, stderr=stderr, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("irisx-sandbox ended before it was ready: status %s" % self.process.wait())
        self.info = json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.folder.cleanup()


def memory_kb(pid):
    """Fields of /proc/PID/status that tell memory: RssAnon, VmRSS ..."""
    with open("/proc/%d/status" % pid) as f:
        return {k: int(v.split()[0]) for k, v in (line.split(":", 1) for line in f if line.rstrip().endswith(" kB"))}
